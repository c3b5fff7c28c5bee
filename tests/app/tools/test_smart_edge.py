"""The smart edge as a tool: it keeps to the border however fast one clicks."""

import itertools
import threading

import numpy as np
import pytest

from segstudio.app.tools import PointerEvent, smart_edge
from segstudio.domain.livewire import LiveWire
from segstudio.domain.plane import UNSET
from segstudio.domain.shapes import polygon
from tests.helpers.masks import answered, blobs, click, lock, no_step, one_step, painted, put, reloaded, settled

HEIGHT, WIDTH = 64, 96
CORNERS = [(20.5, 12.5), (60.5, 14.5), (58.5, 50.5), (24.5, 46.5)]


@pytest.fixture
def edged(rig):
    rig.new_project(count=2, classes=("one", "two"))
    rig.session.editor.set_tool("smart_edge")
    return rig


@pytest.fixture
def held(monkeypatch):
    """Nothing is computed until the event is set."""
    event = threading.Event()

    class Held:
        @staticmethod
        def at(pixels, point):
            event.wait(20)
            return LiveWire.at(pixels, point)

    monkeypatch.setattr(smart_edge, "LiveWire", Held)
    yield event
    event.set()


def wired(rig, anchors, straight=()):
    """The path through ``anchors`` and back, each piece from the anchor that it was drawn from."""
    pixels = rig.session.document.pixels
    path = []
    for number, (start, end) in enumerate(itertools.pairwise(anchors)):
        path += [start] if number + 1 in straight else LiveWire.at(pixels, start).path_to(end)[:-1]
    return [*path, *reversed(LiveWire.at(pixels, anchors[0]).path_to(anchors[-1])[1:])]


def inside(path):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    rect, where = polygon(path, HEIGHT, WIDTH, winding=True)
    mask[rect.slices] = where
    return mask


def shown(rig):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    patch = rig.session.editor.preview.patch
    if patch is not None:
        mask[patch.rect.slices] = patch.where
    return mask


def clicked(rig, corners=CORNERS, wait=False, **more):
    for corner in corners:
        click(rig, *corner, **more)
        if wait:
            answered(rig)


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("end", ["Enter", "double click", "first anchor", "tool"])
def test_it_fills_what_the_wires_go_round(edged, wait, end):
    editor = edged.session.editor
    expected = inside(wired(edged, CORNERS))
    assert expected.sum() > 500
    with one_step(edged, "Fill smart edge"):
        clicked(edged, wait=wait)
        if end == "Enter":
            editor.commit()
        elif end == "double click":
            click(edged, *CORNERS[-1], clicks=2)
        elif end == "first anchor":
            click(edged, 21.5, 11.5)
            click(edged, 21.5, 11.5, clicks=2)
        else:
            editor.set_tool("brush")
            assert not editor.busy
        settled(edged)
        assert np.array_equal(painted(edged) == 1, expected)
    after = painted(edged)
    assert np.array_equal(reloaded(edged), after)


def test_no_click_is_lost_while_paths_are_computed(edged, held):
    editor = edged.session.editor
    clicked(edged)
    assert editor.preview.handles == tuple(CORNERS)
    assert editor.preview.lines[-1].dashed
    editor.move(PointerEvent(30, 30))
    assert editor.preview.lines[-1].points == (*CORNERS, (30.5, 30.5))
    click(edged, *CORNERS[-1], clicks=2)
    assert editor.busy
    held.set()
    settled(edged)
    assert np.array_equal(painted(edged) == 1, inside(wired(edged, CORNERS)))


def test_the_next_one_can_begin_while_this_one_is_being_closed(edged, held):
    clicked(edged)
    edged.session.editor.commit()
    assert edged.session.editor.busy
    held.set()
    click(edged, 80, 60)
    assert edged.session.editor.preview.handles == ((80.5, 60.5),)
    assert edged.session.editor.undo_name == "what is shown"
    edged.session.editor.abandon()
    assert edged.session.editor.undo_name == "Fill smart edge"
    assert np.array_equal(painted(edged) == 1, inside(wired(edged, CORNERS)))


def test_the_line_follows_the_border_to_the_pointer(edged):
    editor = edged.session.editor
    click(edged, 20.5, 12.5)
    answered(edged)
    editor.move(PointerEvent(70.2, 40.7, slack=0.01))
    line = editor.preview.lines[-1]
    assert not line.dashed
    path = LiveWire.at(edged.session.document.pixels, (20.5, 12.5)).path_to((70.2, 40.7))
    assert line.points[0] == path[0]
    assert line.points[-1] == path[-1]
    assert set(line.points) <= set(path)
    editor.move(PointerEvent(70.2, 40.7, shift=True))
    assert editor.preview.lines[-1].points == ((20.5, 12.5), (70.5, 40.5))


def test_shift_goes_straight(edged):
    editor = edged.session.editor
    click(edged, *CORNERS[0])
    click(edged, *CORNERS[1], shift=True)
    click(edged, *CORNERS[2])
    click(edged, *CORNERS[3], shift=True)
    editor.commit()
    settled(edged)
    assert np.array_equal(painted(edged) == 1, inside(wired(edged, CORNERS, straight=(1, 3))))


def test_on_the_first_anchor_it_shows_what_a_click_would_close(edged):
    editor = edged.session.editor
    clicked(edged, wait=True)
    editor.move(PointerEvent(21, 12))
    assert editor.preview.held == 0
    assert np.array_equal(shown(edged), inside(wired(edged, CORNERS)))
    editor.move(PointerEvent(40, 30))
    assert editor.preview.patch is None


@pytest.mark.parametrize("wait", [True, False])
def test_backspace_takes_one_anchor_after_the_other(edged, wait):
    editor = edged.session.editor
    clicked(edged, wait=wait)
    click(edged, 80, 60)
    editor.step_back()
    assert editor.preview.handles == tuple(CORNERS)
    editor.step_back()
    answered(edged)
    click(edged, *CORNERS[3])
    editor.commit()
    settled(edged)
    assert np.array_equal(painted(edged) == 1, inside(wired(edged, CORNERS)))
    editor.undo()
    clicked(edged, CORNERS[:2], wait=wait)
    editor.undo()
    editor.undo()
    assert not editor.busy
    answered(edged)
    assert not editor.busy


@pytest.mark.parametrize("wait", [True, False])
def test_redo_brings_anchors_again_with_the_way_to_them(edged, wait):
    editor = edged.session.editor
    clicked(edged, wait=wait)
    for _ in range(3):
        editor.undo()
    assert len(editor.preview.handles) == 1
    for count in (2, 3, 4):
        editor.redo()
        assert editor.preview.handles == tuple(CORNERS[:count])
    editor.redo()
    assert not edged.mask().any()
    editor.commit()
    settled(edged)
    assert np.array_equal(painted(edged) == 1, inside(wired(edged, CORNERS)))


def test_what_is_being_closed_is_of_the_segment_that_was_in_hand(edged):
    editor = edged.session.editor
    clicked(edged)
    editor.commit()
    assert editor.busy, "the ways are not known yet"
    editor.set_active_segment(2)
    settled(edged)
    assert set(np.unique(edged.mask())) == {0, 1}


def test_escape_leaves_no_trace(edged, held):
    editor = edged.session.editor
    with no_step(edged):
        clicked(edged)
        editor.abandon()
    with no_step(edged):
        clicked(edged)
        editor.commit()
        editor.abandon()
        held.set()
        answered(edged)


def test_the_right_button_erases_locks_and_paint_over_hold(edged):
    editor, ids = edged.session.editor, blobs(4)
    area = inside(wired(edged, CORNERS))
    put(edged, ids)
    with one_step(edged, "Erase smart edge"):
        clicked(edged, button="right")
        editor.commit()
        settled(edged)
    assert np.array_equal(painted(edged), np.where(area, 0, ids))
    put(edged, ids)
    lock(edged, 2)
    clicked(edged)
    editor.commit()
    settled(edged)
    assert np.array_equal(painted(edged), np.where(area & (ids != 2), 1, ids))
    put(edged, ids)
    editor.change_settings(paint_over=0, effect="restore")
    clicked(edged)
    editor.commit()
    settled(edged)
    assert np.array_equal(painted(edged), np.where(area & (ids == 0), UNSET, ids))


def test_another_image_keeps_what_was_drawn(edged, held):
    first, second = (record.id for record in edged.session.records)
    clicked(edged)
    held.set()
    edged.show(second)
    assert not edged.session.editor.busy
    edged.show(first)
    assert np.array_equal(painted(edged) == 1, inside(wired(edged, CORNERS)))


def test_one_anchor_encloses_nothing_and_goes(edged):
    with no_step(edged):
        click(edged, 30, 30)
        edged.session.editor.commit()
        assert edged.session.editor.busy
        edged.session.editor.set_tool("brush")


def test_along_the_rim_all_of_the_last_pixels_are_filled(edged):
    editor = edged.session.editor
    click(edged, 40, -5)
    for corner in ((200, -5), (200, 90), (40, 90)):
        click(edged, *corner, shift=True)
    answered(edged)
    click(edged, 40, 40, shift=True)
    editor.commit()
    settled(edged)
    assert (painted(edged)[:, 70:] == 1).all()
    assert not (painted(edged)[:, :10] == 1).any()


def test_a_way_back_that_encloses_nothing_leaves_the_anchors(edged):
    editor = edged.session.editor
    click(edged, 20, 20)
    click(edged, 20, 20)
    editor.commit()
    answered(edged)
    assert editor.busy
    assert len(editor.preview.handles) == 2
    editor.abandon()
