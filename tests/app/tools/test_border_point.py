"""Border points in the editor: outlined under the pointer, shown while the button is down, taken by letting go."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.app.tools import PointerEvent
from segstudio.app.tools.border_point import AT_ONCE_PIXELS
from segstudio.domain.patch import Patch
from segstudio.domain.plane import UNSET, Plane
from segstudio.domain.segments import BACKGROUND
from tests.helpers.masks import answered, click, lock, no_step, one_step, painted, reloaded, settled

WIDTH, HEIGHT = 96, 64
MIDDLE = 48


@pytest.fixture
def said(rig):
    """A project whose model put segment 1 left of the middle, and is surer the farther away from there."""
    rig.new_project(classes=("one", "two"))
    document = rig.session.document
    assert (document.width, document.height) == (WIDTH, HEIGHT)
    logit = np.broadcast_to((MIDDLE - 0.5 - np.arange(WIDTH)) / 4, (HEIGHT, WIDTH))
    probability = 1 / (1 + np.exp(-logit))
    sure = np.rint(255 * np.maximum(probability, 1 - probability)).astype(np.uint8)
    document.set_prediction(Plane.from_array((probability >= 0.5).astype(np.uint16), 0), 1, sure)
    rig.session.editor.set_tool("border_point")
    return rig


def _edges(rig) -> np.ndarray:
    """How many columns show the segment, by row, in the mask itself."""
    return (rig.mask() == 1).sum(axis=1)


def _all_round(rig, column: int) -> None:
    click(rig, column + 0.5, 32.5, shift=True)
    settled(rig)


@pytest.mark.parametrize(("column", "after"), [(51, 52), (48, 49), (40, 40), (47, 47)])
def test_all_round_the_border_goes_where_the_click_was(said, column, after):
    with one_step(said, "Border point"):
        _all_round(said, column)
    assert (_edges(said) == after).all()
    assert np.array_equal(reloaded(said), painted(said))
    assert (painted(said) != UNSET).sum() == HEIGHT * abs(after - MIDDLE), "what did not move is still the model's"


def test_near_by_it_moves_within_the_ring(said):
    editor = said.session.editor
    editor.change_settings(span=20)
    assert editor.tool.ring_radius(editor.settings) == 20
    with one_step(said, "Border point"):
        click(said, 53.5, 32.5)
    edges = _edges(said)
    assert edges[32] == 54
    assert edges.max() == 54
    assert (edges[:12] == MIDDLE).all()
    assert (edges[53:] == MIDDLE).all()
    assert MIDDLE < edges[26] < 54


def test_where_another_segment_lies_it_is_said_that_this_is_why_nothing_moves(said):
    """As in a street scene, where each pixel is of some class."""
    document, editor = said.session.document, said.session.editor
    below = np.where(np.arange(WIDTH) < MIDDLE, 1, 2) * np.ones((HEIGHT, 1), np.int64)
    document.set_prediction(Plane.from_array(below.astype(np.uint16), 0), 1, document.confidence)
    with no_step(said):
        editor.press(PointerEvent(52.5, 32.5))
        answered(said)
        assert "another segment lies there" in editor.tool_hint
        editor.release(PointerEvent(52.5, 32.5))


def test_hovering_outlines_and_changes_nothing(said):
    editor = said.session.editor
    with no_step(said):
        editor.move(PointerEvent(53.5, 32.5))
        answered(said)
        assert editor.preview.patch is None
        (line,) = editor.preview.lines
        assert line.dashed
        assert max(x for x, _ in line.points) == 53.5
        assert min(x for x, _ in line.points) > MIDDLE + 1, "where the border is now there is a line already"
        assert not line.closed
        assert not editor.busy, "an outline holds up no approval and no undo"
        editor.move(PointerEvent(-5, 32.5))
        assert not editor.preview.lines, "outside the image there is nothing to show"
        editor.move(PointerEvent(53.5, 32.5))
        answered(said)
        assert editor.preview.lines
        editor.point_away()
        assert not editor.preview.lines, "nor where nobody points"
        editor.move(PointerEvent(53.5, 32.5))
        editor.set_tool("brush")
    assert not editor.preview.lines


def test_another_reach_is_outlined_at_once_and_another_tool_leaves_nothing_behind(said):
    editor = said.session.editor
    editor.change_settings(span=30)
    editor.move(PointerEvent(53.5, 32.5))
    (wide,) = editor.preview.lines
    editor.resize(0.5)
    (narrow,) = editor.preview.lines
    assert len(narrow.points) < len(wide.points)
    editor.set_tool("brush")
    editor.set_tool("border_point")
    assert not editor.preview.lines
    editor.move(PointerEvent(53.5, 32.5, shift=True))
    editor.resize(2)
    assert not editor.preview.lines, "all round there is no reach"


def test_a_drag_shows_and_esc_drops_it(said):
    editor = said.session.editor
    with no_step(said):
        editor.press(PointerEvent(53.5, 32.5))
        assert editor.preview.patch.where.any()
        assert (_edges(said) == MIDDLE).all()
        editor.move(PointerEvent(44.5, 32.5))
        assert editor.preview.patch.ids == BACKGROUND
        editor.abandon()
        editor.release(PointerEvent(44.5, 32.5))
    assert not editor.busy
    with one_step(said, "Border point"):
        editor.press(PointerEvent(53.5, 32.5))
        editor.move(PointerEvent(44.5, 32.5))
        editor.release(PointerEvent(44.5, 32.5))
    assert _edges(said)[32] == 44


def test_dragged_beyond_the_image_the_border_goes_to_its_edge(said):
    editor = said.session.editor
    editor.change_settings(span=60)
    with one_step(said, "Border point"):
        editor.press(PointerEvent(60.5, 32.5))
        editor.move(PointerEvent(200, 32.5))
        editor.release(PointerEvent(200, 32.5))
    assert said.mask()[32].all()


def test_points_one_after_the_other_may_take_each_other_back(said):
    _all_round(said, 55)
    _all_round(said, 51)
    assert (_edges(said) == 51).all()
    _all_round(said, 40)
    _all_round(said, 44)
    assert (_edges(said) == 45).all()
    said.session.editor.undo()
    assert (_edges(said) == 40).all()


def test_what_a_hand_painted_before_stays(said):
    said.session.editor.set_tool("brush")
    said.stroke((60, 10), (60, 12))
    hand = painted(said)
    said.session.editor.set_tool("border_point")
    _all_round(said, 66)
    _all_round(said, 44)
    mask = said.mask()
    assert np.array_equal(painted(said)[hand != UNSET], hand[hand != UNSET])
    assert (mask[40] == 1).sum() == 44


def test_a_stroke_in_between_makes_the_points_before_it_a_hands_work(said):
    _all_round(said, 55)
    said.session.editor.set_tool("eraser")
    said.session.editor.change_settings(radius=2)
    click(said, 60, 60)
    said.session.editor.set_tool("border_point")
    with no_step(said):
        _all_round(said, 51)
    said.session.editor.press(PointerEvent(51.5, 32.5, shift=True))
    answered(said)
    assert "you painted here" in said.session.editor.tool_hint


def test_other_segments_and_locked_ones_stay(said):
    editor = said.session.editor
    document = said.session.document
    where = np.ones((8, 20), bool)
    editor.apply("Put", Patch(document.bounds.__class__(50, 4, 70, 12), where, 2), over_any=True)
    editor.set_active_segment(1)
    _all_round(said, 60)
    assert (said.mask()[4:12, 50:70] == 2).all()
    assert (_edges(said)[20:] == 61).all()
    lock(said, 1)
    with no_step(said):
        _all_round(said, 40)


def test_without_the_models_mask_it_says_so(rig):
    rig.new_project()
    editor = rig.session.editor
    editor.set_tool("border_point")
    with no_step(rig):
        click(rig, 40, 30)
        settled(rig)
    assert "where the model has a mask" in editor.tool_hint


def test_a_large_image_is_looked_at_beside_and_the_click_counts(said, monkeypatch):
    monkeypatch.setattr("segstudio.app.tools.border_point.AT_ONCE_PIXELS", 0)
    assert AT_ONCE_PIXELS > 0
    editor = said.session.editor
    with one_step(said, "Border point"):
        editor.press(PointerEvent(53.5, 32.5))
        editor.release(PointerEvent(53.5, 32.5))
        assert editor.busy
        settled(said)
    assert _edges(said)[32] == 54
    with one_step(said, "Border point"):
        editor.press(PointerEvent(40.5, 32.5))
        editor.release(PointerEvent(40.5, 32.5))
        # Whatever comes next, the click counts.
        editor.set_tool("brush")
    assert _edges(said)[32] == 40


def test_approval_waits_until_the_click_is_seen_and_holds_it(said, monkeypatch):
    monkeypatch.setattr("segstudio.app.tools.border_point.AT_ONCE_PIXELS", 0)
    session, editor = said.session, said.session.editor
    first = session.document
    editor.press(PointerEvent(53.5, 32.5))
    editor.release(PointerEvent(53.5, 32.5))
    session.approve()
    assert session.records[0].state.name != "APPROVED"
    said.wait(lambda: not editor.busy)
    session.approve()
    said.wait(lambda: session.records[0].state.name == "APPROVED")
    assert (first.shown(first.bounds) == 1)[32].sum() == 54


def test_an_image_that_comes_back_is_looked_at_anew(said):
    session = said.session
    first = session.document
    _all_round(said, 55)
    for index in (1, 0):
        before = session.document
        session.open_image(session.records[index].id)
        said.wait(lambda before=before: session.document is not before and session.loading_id is None)
    again = session.document
    assert again.image_id == first.image_id
    assert again is not first
    again.set_prediction(first.prediction, 1, first.confidence)
    # As where its pixels had been let go of meanwhile.
    again.pixels = again.pixels.copy()
    _all_round(said, 51)
    assert (_edges(said) == 51).all()
