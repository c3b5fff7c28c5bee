"""The wand as a tool: what is shown while it is dragged is what is taken."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.app.tools import PointerEvent, wand
from segstudio.domain.plane import UNSET
from segstudio.domain.wand import Wand
from tests.helpers.masks import (
    answered,
    blobs,
    click,
    lock,
    no_step,
    one_step,
    painted,
    put,
    reloaded,
    settled,
    with_rig,
)

columns, rows = st.integers(0, 95), st.integers(0, 63)


@pytest.fixture
def wanded(rig):
    rig.new_project(count=2, classes=("one", "two"))
    rig.session.editor.set_tool("wand")
    return rig


@pytest.fixture
def slow(monkeypatch):
    """A wand that always works in the background."""
    monkeypatch.setattr(wand, "AT_ONCE_PIXELS", 0)


def region_of(rig, point, tolerance, contiguous=True, smoothing=1.5):
    pixels = rig.session.editor.document.pixels
    inside = np.zeros(pixels.shape[:2], bool)
    rect, mask = Wand(pixels, point).region(tolerance, contiguous, smoothing)
    inside[rect.slices] = mask
    return inside


def shown(rig):
    patch = rig.session.editor.preview.patch
    inside = np.zeros(rig.mask().shape, bool)
    inside[patch.rect.slices] = patch.where
    return inside


@pytest.mark.parametrize("at_once", [1 << 17, 0])
@with_rig
@given(column=columns, row=rows, dx=st.integers(-200, 300), dy=st.integers(-200, 200), contiguous=st.booleans())
def test_what_is_dragged_to_is_taken(wanded, monkeypatch, at_once, column, row, dx, dy, contiguous):
    monkeypatch.setattr(wand, "AT_ONCE_PIXELS", at_once)
    editor = wanded.session.editor
    put(wanded, np.full((64, 96), UNSET))
    editor.change_settings(contiguous=contiguous, tolerance=20)
    start = (column + 0.5, row + 0.5)
    with one_step(wanded, "Wand"):
        editor.press(PointerEvent(*start, slack=7))
        editor.move(PointerEvent(start[0] + dx / 2, start[1], slack=7))
        editor.move(PointerEvent(start[0] + dx, start[1] + dy, slack=7))
        answered(wanded)
        tolerance = float(editor.preview.caption.removeprefix("tolerance "))
        assert np.array_equal(shown(wanded), region_of(wanded, start, tolerance, contiguous))
        editor.release(PointerEvent(start[0] + dx, start[1] + dy, slack=7))
    assert np.array_equal(painted(wanded) == 1, region_of(wanded, start, tolerance, contiguous))
    assert 1 <= tolerance <= 80
    if dx - dy > 10:
        assert tolerance > 20
    if dx - dy < -10:
        assert tolerance < 20


def test_a_click_that_trembles_takes_the_tolerance_that_is_set(wanded):
    editor = wanded.session.editor
    editor.press(PointerEvent(20, 20))
    editor.move(PointerEvent(21, 20.5))
    assert editor.preview.caption == "tolerance 12"
    editor.abandon()


def test_right_button_effects_locks_and_paint_over(wanded):
    editor = wanded.session.editor
    ids = blobs(5)
    region = region_of(wanded, (30.5, 30.5), 12)
    put(wanded, ids)
    editor.press(PointerEvent(30.5, 30.5, "right"))
    editor.release(PointerEvent(30.5, 30.5, "right"))
    assert np.array_equal(painted(wanded), np.where(region, 0, ids))
    put(wanded, ids)
    editor.change_settings(effect="restore")
    with one_step(wanded, "Bring the model's mask back"):
        click(wanded, 30.5, 30.5)
    assert np.array_equal(painted(wanded), np.where(region, UNSET, ids))
    editor.change_settings(effect="paint", paint_over=0)
    put(wanded, ids)
    click(wanded, 30.5, 30.5)
    assert np.array_equal(painted(wanded), np.where(region & (ids == 0), 1, ids))
    editor.change_settings(paint_over=None)
    put(wanded, ids)
    lock(wanded, 2)
    editor.press(PointerEvent(30.5, 30.5))
    assert np.array_equal(shown(wanded), region & (ids != 2))
    editor.release(PointerEvent(30.5, 30.5))
    assert np.array_equal(painted(wanded), np.where(region & (ids != 2), 1, ids))


def test_escape_leaves_no_trace(wanded, slow):
    editor = wanded.session.editor
    with no_step(wanded):
        editor.press(PointerEvent(20, 20))
        answered(wanded)
        assert editor.preview.patch is not None
        editor.abandon()
        editor.release(PointerEvent(20, 20))
    with no_step(wanded):
        click(wanded, 20, 20)
        editor.abandon()
        answered(wanded)
    with no_step(wanded):
        click(wanded, -20, 20)


def test_let_go_before_it_is_found_it_is_taken_when_it_is(wanded, slow):
    editor = wanded.session.editor
    with one_step(wanded, "Wand"):
        click(wanded, 20.5, 20.5)
        assert editor.busy
        settled(wanded)
    assert np.array_equal(painted(wanded) == 1, region_of(wanded, (20.5, 20.5), 12))


def test_dragged_and_let_go_before_anything_is_found_what_was_dragged_to_is_taken(wanded, slow, monkeypatch):
    go, region = threading.Event(), Wand.region
    monkeypatch.setattr(Wand, "region", lambda *given: (go.wait(10), region(*given))[1])
    editor = wanded.session.editor
    with one_step(wanded, "Wand"):
        editor.press(PointerEvent(20.5, 20.5))
        editor.move(PointerEvent(60.5, 20.5))
        tolerance = float(editor.preview.caption.removeprefix("tolerance "))
        editor.release(PointerEvent(60.5, 20.5))
        go.set()
        settled(wanded)
    expected = region_of(wanded, (20.5, 20.5), tolerance)
    assert not np.array_equal(expected, region_of(wanded, (20.5, 20.5), 12))
    assert np.array_equal(painted(wanded) == 1, expected)


def test_a_click_is_not_lost_to_what_comes_next(wanded, slow):
    editor, session = wanded.session.editor, wanded.session
    steps = len(editor.document.history.done)
    click(wanded, 20.5, 20.5)
    click(wanded, 70.5, 20.5, button="right")
    settled(wanded)
    assert [edit.name for edit in editor.document.history.done[steps:]] == ["Wand", "Erase with wand"]
    with one_step(wanded, "Wand"):
        click(wanded, 40.5, 40.5)
        editor.set_tool("brush")
    editor.set_tool("wand")
    put(wanded, np.zeros((64, 96)))
    with one_step(wanded, "Wand"):
        click(wanded, 20.5, 20.5)
        editor.commit()
    put(wanded, np.zeros((64, 96)))
    first = session.current_id
    expected = region_of(wanded, (20.5, 20.5), 12)
    editor.press(PointerEvent(20.5, 20.5))
    wanded.show(session.records[1].id)
    wanded.show(first)
    assert np.array_equal(painted(wanded) == 1, expected)
    assert np.array_equal(reloaded(wanded) == 1, expected)


def test_moves_are_not_queued_while_it_computes(wanded, slow, monkeypatch):
    """However many moves come while one region is computed, one more is, and it is the last."""
    asked, go = [], threading.Event()
    region = Wand.region

    def held(self, tolerance, contiguous, smoothing):
        asked.append(tolerance)
        assert go.wait(10)
        return region(self, tolerance, contiguous, smoothing)

    monkeypatch.setattr(Wand, "region", held)
    editor = wanded.session.editor
    editor.press(PointerEvent(20.5, 20.5))
    for x in range(60):
        editor.move(PointerEvent(20.5 + x, 20.5))
    go.set()
    answered(wanded)
    assert len(asked) == 2
    assert editor.preview.caption == f"tolerance {asked[-1]:g}"
    editor.release(PointerEvent(79.5, 20.5))
    assert not editor.busy


def test_another_segment_or_setting_shows_at_once(wanded):
    editor = wanded.session.editor
    editor.press(PointerEvent(20.5, 20.5))
    editor.set_active_segment(2)
    assert editor.preview.patch.ids == 2
    editor.change_settings(tolerance=40)
    assert editor.preview.caption == "tolerance 40"
    assert np.array_equal(shown(wanded), region_of(wanded, (20.5, 20.5), 40))
    editor.release(PointerEvent(20.5, 20.5))
    assert (painted(wanded) == 2).any()


def test_what_cannot_be_computed_is_said_and_the_next_press_is_one_of_its_own(wanded, slow, monkeypatch):
    editor, go, region = wanded.session.editor, threading.Event(), Wand.region

    def fail(*_given):
        assert go.wait(10)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(Wand, "region", fail)
    click(wanded, 20.5, 20.5)
    go.set()
    editor.press(PointerEvent(70.5, 20.5))
    assert editor.in_gesture
    wanded.wait(lambda: any("could not be put into the mask" in message.sentence for message in wanded.messages))
    monkeypatch.setattr(Wand, "region", region)
    editor.abandon()
    with one_step(wanded, "Wand"):
        click(wanded, 20.5, 20.5)
        settled(wanded)
