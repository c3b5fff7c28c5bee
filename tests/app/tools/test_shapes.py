"""Polygon, lasso, rectangle and ellipse as tools: what is drawn is filled, and can be changed until it is."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.app.tools import PointerEvent, shapes
from segstudio.domain.plane import UNSET
from tests.helpers.masks import blobs, click, lock, no_step, one_step, painted, put, reloaded, with_rig

HEIGHT, WIDTH = 64, 96
SHAPES = ("polygon", "lasso", "rectangle", "ellipse")
places = st.tuples(st.integers(-160, 1700), st.integers(-160, 1180)).map(lambda p: (p[0] / 16, p[1] / 16))
FAR = {"slack": 0.01}


@pytest.fixture
def shaped(rig):
    rig.new_project(count=2, classes=("one", "two"))
    return rig


def turns(x, y, points):
    count = 0
    for (x0, y0), (x1, y1) in itertools.pairwise([*points, points[0]]):
        if (y0 <= y) != (y1 <= y) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x:
            count += 1 if y0 <= y else -1
    return count


def inside(points):
    return np.array([[turns(x + 0.5, y + 0.5, points) != 0 for x in range(WIDTH)] for y in range(HEIGHT)])


def on_outline(points):
    """The pixels whose centre rounding may put on either side."""
    ys, xs = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    near = np.zeros((HEIGHT, WIDTH), bool)
    for (x0, y0), (x1, y1) in itertools.pairwise([*points, points[0]]):
        dx, dy = x1 - x0, y1 - y0
        part = np.clip(((xs - x0) * dx + (ys - y0) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        near |= np.hypot(xs - x0 - part * dx, ys - y0 - part * dy) < 1e-6
    return near


def assert_covers(mask, points):
    assert not ((mask != inside(points)) & ~on_outline(points)).any()


def boxed(name, a, b):
    (x0, x1), (y0, y1) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    ys, xs = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    if name == "rectangle":
        return (x0 <= xs) & (xs < x1) & (y0 <= ys) & (ys < y1)
    if x0 == x1 or y0 == y1:
        return np.zeros((HEIGHT, WIDTH), bool)
    across, down = 2 * xs - (x0 + x1), 2 * ys - (y0 + y1)
    return (across * (y1 - y0)) ** 2 + (down * (x1 - x0)) ** 2 <= ((x1 - x0) * (y1 - y0)) ** 2


def whole(point):
    return tuple(float(np.ceil(place - 0.5)) for place in point)


def dragged(rig, *points, button="left", shift=False, slack=7.0, release=True):
    editor = rig.session.editor
    editor.press(PointerEvent(*points[0], button, slack=slack))
    for point in points[1:]:
        editor.move(PointerEvent(*point, button, shift=shift, slack=slack))
    if release:
        editor.release(PointerEvent(*points[-1], button, shift=shift, slack=slack))


def double_click(rig, x, y, **more):
    click(rig, x, y, **more)
    click(rig, x, y, clicks=2, **more)


def shown(rig):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    patch = rig.session.editor.preview.patch
    if patch is not None:
        mask[patch.rect.slices] = patch.where
    return mask


def draw(rig, name, button="left"):
    """A shape of the kind ``name`` that waits; what it covers."""
    editor = rig.session.editor
    editor.set_tool(name)
    if name == "polygon":
        corners = [(20.2, 10.1), (60.7, 14.3), (50.3, 50.6), (30.1, 40.2)]
        for corner in corners:
            click(rig, *corner, button=button)
        click(rig, *corners[0], button=button)
        return inside(corners)
    if name == "lasso":
        path = [(20.2, 10.1), (60.7, 14.3), (50.3, 50.6), (30.1, 40.2), (26.0, 25.0)]
        dragged(rig, *path, button=button, shift=True)
        return inside(path)
    dragged(rig, (20.2, 10.1), (40.0, 30.0), (60.3, 44.8), button=button)
    return boxed(name, (20, 10), (60, 45))


# ---- what is covered --------------------------------------------------------------------------------------------


@with_rig
@given(
    points=st.lists(places, min_size=3, max_size=7, unique=True), ending=st.sampled_from(["Enter", "double", "tool"])
)
def test_a_polygon_covers_what_its_corners_go_round(shaped, points, ending):
    editor = shaped.session.editor
    editor.set_tool("polygon")
    put(shaped, np.full((HEIGHT, WIDTH), UNSET))
    for point in points[:-1]:
        click(shaped, *point, **FAR)
    assert editor.busy
    assert not (painted(shaped) == 1).any()
    if ending == "double":
        double_click(shaped, *points[-1], **FAR)
    else:
        click(shaped, *points[-1], **FAR)
        editor.commit() if ending == "Enter" else editor.set_tool("brush")
    assert not editor.busy
    assert_covers(painted(shaped) == 1, points)


@with_rig
@given(points=st.lists(places, min_size=4, max_size=30, unique=True), waits=st.booleans())
def test_a_lasso_covers_what_it_was_drawn_round(shaped, points, waits):
    editor = shaped.session.editor
    editor.set_tool("lasso")
    put(shaped, np.full((HEIGHT, WIDTH), UNSET))
    dragged(shaped, *points, shift=waits, slack=0.2)
    assert editor.busy == waits
    if waits:
        assert_covers(shown(shaped), points)
        editor.commit()
    assert_covers(painted(shaped) == 1, points)


@pytest.mark.parametrize("name", ["rectangle", "ellipse"])
@with_rig
@given(a=places, b=places, regular=st.booleans())
def test_a_box_covers_the_whole_pixels_between_press_and_release(shaped, name, a, b, regular):
    editor = shaped.session.editor
    editor.set_tool(name)
    put(shaped, np.full((HEIGHT, WIDTH), UNSET))
    dragged(shaped, a, b, shift=regular, slack=0.01)
    start, end = whole(a), whole(b)
    if regular:
        side = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
        end = tuple(p + side if q >= p else p - side for p, q in zip(start, end, strict=True))
    expected = boxed(name, start, end)
    assert np.array_equal(shown(shaped), expected)
    editor.commit()
    assert np.array_equal(painted(shaped) == 1, expected)


def test_a_circle_that_overshoots_has_no_hole(shaped):
    shaped.session.editor.set_tool("lasso")
    around = [(48 + 20 * np.cos(turn), 32 + 20 * np.sin(turn)) for turn in np.linspace(0, 6.28, 60)]
    overshot = [(48 + 17 * np.cos(turn), 32 + 17 * np.sin(turn)) for turn in np.linspace(0.1, 0.9, 9)]
    dragged(shaped, *around, *overshot)
    assert (painted(shaped)[16:48, 44:52] == 1).all()
    assert painted(shaped)[36, 63] == 1, "where it went round twice"


# ---- what every shape owes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
def test_one_step_undone_redone_and_on_the_disk(shaped, name):
    expected = draw(shaped, name)
    assert np.array_equal(shown(shaped), expected)
    with one_step(shaped, f"Fill {name}"):
        shaped.session.editor.commit()
    assert np.array_equal(painted(shaped) == 1, expected)
    after = painted(shaped)
    assert np.array_equal(reloaded(shaped), after)


@pytest.mark.parametrize("name", SHAPES)
def test_escape_leaves_no_trace_at_any_time(shaped, name):
    editor = shaped.session.editor
    with no_step(shaped):
        draw(shaped, name)
        editor.abandon()
    with no_step(shaped):
        dragged(shaped, (10, 10), (40, 12), (50, 40), release=False)
        editor.abandon()
        editor.move(PointerEvent(60, 60))
        editor.release(PointerEvent(60, 60))
    with no_step(shaped):
        draw(shaped, name)
        dragged(shaped, (20.2, 10.1), (25, 20), release=False)
        editor.abandon()


@pytest.mark.parametrize("name", SHAPES)
def test_effects_locks_paint_over_and_the_right_button(shaped, name):
    editor, ids = shaped.session.editor, blobs(4)
    put(shaped, ids)
    area = draw(shaped, name, "right")
    with one_step(shaped, f"Erase {name}"):
        editor.commit()
    assert np.array_equal(painted(shaped), np.where(area, 0, ids))
    put(shaped, ids)
    lock(shaped, 2)
    draw(shaped, name)
    assert np.array_equal(shown(shaped), area & (ids != 2))
    editor.commit()
    assert np.array_equal(painted(shaped), np.where(area & (ids != 2), 1, ids))
    put(shaped, ids)
    editor.change_settings(paint_over=0)
    draw(shaped, name)
    assert np.array_equal(shown(shaped), area & (ids == 0))
    editor.commit()
    assert np.array_equal(painted(shaped), np.where(area & (ids == 0), 1, ids))
    editor.change_settings(paint_over=None)
    put(shaped, ids)
    draw(shaped, name)
    editor.change_settings(effect="restore")
    assert (editor.preview.patch.values == UNSET).all()
    with one_step(shaped, "Bring the model's mask back"):
        editor.commit()
    assert np.array_equal(painted(shaped), np.where(area, UNSET, ids))
    put(shaped, ids)
    editor.change_settings(effect="erase")
    draw(shaped, name, "right")
    editor.set_active_segment(2)
    editor.commit()
    assert np.array_equal(painted(shaped), np.where(area, 2, ids))


@pytest.mark.parametrize("name", SHAPES)
def test_what_a_hand_drew_is_kept_when_it_goes_elsewhere(shaped, name):
    session = shaped.session
    area = draw(shaped, name)
    with one_step(shaped, f"Fill {name}"):
        session.editor.set_tool("brush")
    put(shaped, np.full((HEIGHT, WIDTH), UNSET))
    draw(shaped, name)
    first, second = (record.id for record in session.records)
    shaped.show(second)
    assert not session.editor.busy
    shaped.show(first)
    assert np.array_equal(painted(shaped) == 1, area)


@pytest.mark.parametrize("name", SHAPES)
def test_a_press_beside_it_is_a_step_of_its_own_and_begins_the_next(shaped, name):
    editor = shaped.session.editor
    area = draw(shaped, name)
    with one_step(shaped, f"Fill {name}"):
        editor.press(PointerEvent(80, 55))
        editor.move(PointerEvent(90, 60))
        assert editor.busy
        editor.abandon()
    assert np.array_equal(painted(shaped) == 1, area)


@pytest.mark.parametrize("name", SHAPES)
def test_dragged_inside_it_goes_elsewhere_and_comes_back(shaped, name):
    editor = shaped.session.editor
    area = draw(shaped, name)
    dragged(shaped, (41, 27), (45, 30), (51, 31))
    assert np.array_equal(shown(shaped), np.roll(area, (4, 10), (0, 1)))
    dragged(shaped, (51, 31), (41, 27))
    assert np.array_equal(shown(shaped), area)
    double_click(shaped, 41, 27)
    assert not editor.busy
    assert np.array_equal(painted(shaped) == 1, area)


@pytest.mark.parametrize("name", SHAPES)
def test_a_large_shape_shows_only_its_outline_while_it_is_dragged(shaped, name, monkeypatch):
    monkeypatch.setattr(shapes, "LARGEST_IN_MOTION", 100)
    editor = shaped.session.editor
    area = draw(shaped, name)
    dragged(shaped, (41, 27), (45, 30), release=False)
    assert editor.preview.patch is None
    assert editor.preview.lines
    editor.release(PointerEvent(41, 27))
    assert np.array_equal(shown(shaped), area)


@pytest.mark.parametrize("name", SHAPES)
def test_a_click_or_nothing_enclosed_makes_no_step(shaped, name):
    editor = shaped.session.editor
    editor.set_tool(name)
    with no_step(shaped):
        dragged(shaped, (30, 30), (30.5, 31), (31, 30), (30, 30))
        editor.commit()
        editor.set_tool("brush")
    editor.set_tool(name)
    with no_step(shaped):
        for point in ((-30, -30), (-20, -30), (-20, -20)) if name == "polygon" else ():
            click(shaped, *point)
        if name != "polygon":
            dragged(shaped, (-30, -30), (-10, -30), (-10, -10))
        editor.commit()


# ---- changing a polygon -----------------------------------------------------------------------------------------

CORNERS = [(20.0, 10.0), (60.0, 10.0), (60.0, 50.0), (20.0, 50.0)]


@pytest.fixture
def square(shaped):
    """An open polygon of four corners."""
    shaped.session.editor.set_tool("polygon")
    for corner in CORNERS:
        click(shaped, *corner)
    return shaped


def corners(rig):
    return list(rig.session.editor.preview.handles)


def test_corners_are_dragged_while_it_is_open_and_closed(square):
    dragged(square, (61, 49), (66, 54))
    assert corners(square) == [CORNERS[0], CORNERS[1], (65.0, 55.0), CORNERS[3]]
    assert square.session.editor.preview.patch is None
    click(square, 21, 9)
    assert "Enter" in square.session.editor.tool_hint
    dragged(square, (19, 51), (15, 51))
    moved = [CORNERS[0], CORNERS[1], (65.0, 55.0), (16.0, 50.0)]
    assert corners(square) == moved
    assert np.array_equal(shown(square), inside(moved))


def test_a_side_gives_a_corner_and_the_right_button_takes_one(square):
    click(square, *CORNERS[0])
    dragged(square, (40, 12), (40, 2))
    expected = [CORNERS[0], (40.0, 0.0), *CORNERS[1:]]
    assert corners(square) == expected
    assert np.array_equal(shown(square), inside(expected))
    click(square, 60, 10, button="right")
    expected = [CORNERS[0], (40.0, 0.0), *CORNERS[2:]]
    assert corners(square) == expected
    click(square, 41, 1, button="right")
    click(square, 61, 50, button="right")
    assert len(corners(square)) == 2, "open again"
    assert square.session.editor.preview.patch is None
    with no_step(square):
        square.session.editor.set_tool("brush")


def test_backspace_and_undo_take_the_last_change_back(square):
    editor = square.session.editor
    click(square, *CORNERS[0])
    dragged(square, (60, 50), (70, 60))
    editor.step_back()
    assert np.array_equal(shown(square), inside(CORNERS))
    editor.undo()
    assert editor.preview.patch is None
    editor.step_back()
    assert corners(square) == CORNERS[:3]
    for _ in range(3):
        assert editor.busy
        editor.undo()
    assert not editor.busy
    assert not editor.document.history.done


def test_the_rubber_line_follows_and_the_first_corner_shows_what_would_be_closed(square):
    editor = square.session.editor
    editor.move(PointerEvent(10, 30))
    outline, rubber = editor.preview.lines
    assert outline.points == tuple(CORNERS)
    assert rubber.dashed
    assert rubber.points == (CORNERS[-1], (10, 30), CORNERS[0])
    assert editor.preview.patch is None
    editor.move(PointerEvent(19, 11))
    assert editor.preview.held == 0
    assert np.array_equal(shown(square), inside(CORNERS))
    editor.move(PointerEvent(10, 30))
    assert editor.preview.held is None
    assert editor.preview.patch is None


def test_too_few_corners_wait_for_more(shaped):
    editor = shaped.session.editor
    editor.set_tool("polygon")
    click(shaped, 10, 10)
    click(shaped, 50, 10)
    editor.commit()
    assert editor.busy
    click(shaped, 50, 10, clicks=2)
    assert len(corners(shaped)) == 2
    double_click(shaped, 50, 50)
    assert editor.undo_name == "Fill polygon"


def test_a_double_click_beside_it_is_an_end_and_no_beginning(square):
    editor = square.session.editor
    click(square, *CORNERS[0])
    double_click(square, 85, 55)
    assert not editor.busy
    assert np.array_equal(painted(square) == 1, inside(CORNERS))


def test_what_the_right_button_began_goes_on_with_it(shaped):
    editor = shaped.session.editor
    put(shaped, np.ones((HEIGHT, WIDTH)))
    editor.set_tool("polygon")
    for corner in CORNERS:
        click(shaped, *corner, button="right")
    click(shaped, 61, 51, button="right")
    assert len(corners(shaped)) == 3
    click(shaped, 60, 50, button="right")
    dragged(shaped, (60, 50), (64, 54))
    double_click(shaped, 30, 60, button="right")
    assert editor.undo_name == "Erase polygon"
    assert np.array_equal(painted(shaped) == 0, inside([*CORNERS[:2], CORNERS[3], (64.0, 54.0), (30.0, 60.0)]))


# ---- changing a lasso and a box ---------------------------------------------------------------------------------


def blob(count=120):
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    reach = 22 + 3 * np.sin(3 * turn)
    return [(float(x), float(y)) for x, y in zip(48 + reach * np.cos(turn), 32 + reach * np.sin(turn), strict=True)]


def test_a_lasso_is_held_by_few_handles_and_changes_only_where_one_is_dragged(shaped):
    editor = shaped.session.editor
    editor.set_tool("lasso")
    path = blob()
    dragged(shaped, *path, shift=True, slack=4)
    before = shown(shaped)
    assert np.array_equal(before, inside(path))
    handles = corners(shaped)
    assert 6 <= len(handles) <= 30
    number = 4
    x, y = handles[number]
    dragged(shaped, (x, y), (x + 8, y + 6), slack=4)
    changed = np.argwhere(shown(shaped) != before)
    nearby = [handles[number - 1], handles[number + 1], (x, y), (x + 8, y + 6)]
    assert len(changed) > 10
    low, high = np.min(nearby, 0)[::-1], np.max(nearby, 0)[::-1]
    assert (changed >= low - 3).all()
    assert (changed <= high + 3).all()
    editor.step_back()
    assert np.array_equal(shown(shaped), before)
    editor.step_back()
    assert not editor.busy


def test_every_handle_of_a_box_moves_its_sides(shaped):
    editor = shaped.session.editor
    editor.set_tool("rectangle")
    sides = [(0, 1), (1,), (1, 2), (2,), (2, 3), (3,), (0, 3), (0,)]
    for number, moving in enumerate(sides):
        dragged(shaped, (20, 10), (60, 50))
        start = corners(shaped)[number]
        dragged(shaped, start, (start[0] + 3.2, start[1] + 5.9))
        box = [20, 10, 60, 50]
        for side in moving:
            box[side] += 6 if side % 2 else 3
        assert np.array_equal(shown(shaped), boxed("rectangle", box[:2], box[2:]))
        editor.abandon()


def test_a_box_can_be_turned_inside_out_and_says_its_size(shaped):
    editor = shaped.session.editor
    editor.set_tool("rectangle")
    dragged(shaped, (20, 10), (30, 30), (60, 50), release=False)
    assert editor.preview.caption == "40 × 40 px"
    editor.release(PointerEvent(60, 50))
    assert editor.preview.caption == ""
    dragged(shaped, (60, 50), (10, 5))
    assert np.array_equal(shown(shaped), boxed("rectangle", (10, 5), (20, 10)))
    dragged(shaped, (20, 10), (40, 12), shift=True)
    assert np.array_equal(shown(shaped), boxed("rectangle", (10, 5), (40, 35)))
    editor.move(PointerEvent(10.5, 4.5))
    assert editor.preview.held == 0
    editor.move(PointerEvent(80, 60))
    assert editor.preview.held is None


def test_one_after_the_other_needs_no_key(shaped):
    editor = shaped.session.editor
    editor.set_tool("rectangle")
    for x in (5, 35, 65):
        dragged(shaped, (x, 10), (x + 20, 40))
    editor.set_tool("brush")
    assert [edit.name for edit in editor.document.history.done] == ["Fill rectangle"] * 3
    assert (painted(shaped) == 1).sum() == 3 * 20 * 30


# ---- redo while a shape is shown --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
def test_redo_does_not_fill_a_shape_that_is_shown_and_keeps_what_was_undone(shaped, name):
    editor = shaped.session.editor
    shaped.stroke((80, 50), (84, 50))
    editor.undo()
    draw(shaped, name)
    assert editor.redo_name == ""
    editor.redo()
    assert editor.busy
    assert not shaped.mask().any()
    editor.abandon()
    assert editor.redo_name == "Paint"
    editor.redo()
    assert painted(shaped)[50, 82] == 1


def test_redo_brings_corners_again_that_were_taken_back(shaped):
    editor = shaped.session.editor
    draw(shaped, "polygon")
    dragged(shaped, (20.2, 10.1), (25, 20))
    states = [editor.preview.handles]
    for _ in range(4):
        editor.undo()
        states.append(editor.preview.handles)
    assert [len(handles) for handles in states] == [4, 4, 4, 3, 2]
    assert editor.redo_name == "what was taken back"
    for handles in states[3::-1]:
        editor.redo()
        assert editor.preview.handles == handles
    assert editor.redo_name == ""
    editor.undo()
    dragged(shaped, (60.7, 14.3), (70, 20))
    assert editor.redo_name == "", "what was done since counts"
    editor.commit()
    assert shaped.mask().any()


@pytest.mark.parametrize("name", ["rectangle", "ellipse"])
def test_what_was_done_to_a_box_is_taken_back_gesture_by_gesture(shaped, name):
    editor = shaped.session.editor
    editor.set_tool(name)
    dragged(shaped, (20, 10), (60, 40))
    states = [editor.preview.handles]
    for way in (((60, 40), (70, 50)), ((45, 30), (50, 33)), ((25, 13), (30, 20))):
        dragged(shaped, *way)
        states.append(editor.preview.handles)
    assert len(set(states)) == 4
    dragged(shaped, (60, 40), (60, 40))
    for handles in states[2::-1]:
        editor.undo()
        assert editor.preview.handles == handles
    for handles in states[1:]:
        editor.redo()
        assert editor.preview.handles == handles
    editor.redo()
    assert editor.preview.handles == states[-1]
    for _ in range(4):
        editor.undo()
    assert not editor.busy
    assert not shaped.mask().any()
