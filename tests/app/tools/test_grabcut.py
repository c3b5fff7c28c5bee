"""Box and scribble: what is proposed is what the parts find, and only Enter takes it."""

import threading

import numpy as np
import pytest

from segstudio.app.tools import PointerEvent, cutting, grabcut
from segstudio.domain.geometry import Rect
from segstudio.domain.grabcut import refine_box
from segstudio.domain.plane import UNSET
from tests.helpers.masks import answered, click, lock, no_step, one_step, painted, put, reloaded

BOX = ((4.0, 8.0), (45.0, 49.0))
"""Round the bright disk of the first image."""


@pytest.fixture
def boxed(rig):
    rig.new_project(count=2, classes=("one", "two"))
    rig.session.editor.set_tool("grabcut")
    return rig


def drag(rig, *points, **more):
    editor = rig.session.editor
    editor.press(PointerEvent(*points[0], **more))
    for point in points[1:]:
        editor.move(PointerEvent(*point, **more))
    editor.release(PointerEvent(*points[-1], **more))


def proposed(rig):
    patch = rig.session.editor.preview.patch
    inside = np.zeros(rig.mask().shape, bool)
    inside[patch.rect.slices] = patch.where & (patch.values == 1)
    return inside


def object_of(rig):
    """The bright disk of the test's image."""
    return rig.session.editor.document.pixels.mean(axis=2) > 110


def boxed_object(rig):
    ys, xs = np.nonzero(object_of(rig))
    return (xs.min() - 5.0, ys.min() - 5.0), (xs.max() + 6.0, ys.max() + 6.0)


def test_a_box_proposes_what_the_domain_finds_and_enter_takes_it(boxed):
    editor = boxed.session.editor
    put(boxed, np.full((64, 96), UNSET))
    with one_step(boxed, "Box and scribble"):
        drag(boxed, *BOX)
        assert editor.preview.caption
        answered(boxed)
        assert not editor.preview.caption
        expected = np.zeros((64, 96), bool)
        rect, mask = refine_box(editor.document.pixels, Rect(4, 8, 45, 49))
        expected[rect.slices] = mask
        assert np.array_equal(proposed(boxed), expected)
        assert not (painted(boxed) == 1).any()
        editor.commit()
    assert np.array_equal(painted(boxed) == 1, expected)
    assert np.array_equal(reloaded(boxed) == 1, expected)


def test_the_object_in_the_box_is_found(boxed):
    bright = object_of(boxed)
    drag(boxed, *boxed_object(boxed))
    answered(boxed)
    found = proposed(boxed)
    assert (found & bright).sum() > 0.9 * (found | bright).sum()


def test_a_box_replaces_the_parts_of_the_segment_that_it_holds(boxed):
    editor = boxed.session.editor
    ids = np.zeros((64, 96), np.uint16)
    ids[9:12, 5:8] = 1
    ids[28:31, 1:7] = 1
    ids[45:48, 40:43] = 2
    put(boxed, ids)
    drag(boxed, *BOX)
    answered(boxed)
    found = proposed(boxed)
    editor.commit()
    expected = ids.copy()
    expected[9:12, 5:8] = 0
    expected[found] = 1
    assert np.array_equal(painted(boxed), expected)
    assert not painted(boxed)[9:12, 5:8].any()
    assert (painted(boxed)[28:31, 1:7] == 1).all()


def test_effects_locks_and_paint_over(boxed):
    editor = boxed.session.editor
    ids = np.full((64, 96), 2, np.uint16)
    ids[:, :24] = 0
    drag(boxed, *BOX)
    answered(boxed)
    found = proposed(boxed)
    editor.abandon()
    put(boxed, ids)
    lock(boxed, 2)
    drag(boxed, *BOX)
    answered(boxed)
    editor.commit()
    assert np.array_equal(painted(boxed), np.where(found & (ids != 2), 1, ids))
    put(boxed, ids)
    editor.change_settings(paint_over=2)
    drag(boxed, *BOX)
    answered(boxed)
    editor.commit()
    assert np.array_equal(painted(boxed), np.where(found & (ids == 2), 1, ids))
    editor.change_settings(paint_over=None, effect="erase")
    put(boxed, ids)
    with one_step(boxed, "Erase with box"):
        drag(boxed, *BOX)
        answered(boxed)
        editor.commit()
    assert np.array_equal(painted(boxed), np.where(found, 0, ids))


def test_scribbles_correct_the_proposal_and_are_taken_back_one_by_one(boxed):
    editor = boxed.session.editor
    drag(boxed, *BOX)
    answered(boxed)
    first = proposed(boxed)
    ys, xs = np.nonzero(~first[9:48, 5:44])
    add = (float(xs[0] + 5.5), float(ys[0] + 9.5))
    drag(boxed, add, slack=4.0)
    answered(boxed)
    second = proposed(boxed)
    assert second[int(add[1]), int(add[0])]
    ys, xs = np.nonzero(second)
    cut = (float(xs[len(xs) // 2] + 0.5), float(ys[len(ys) // 2] + 0.5))
    drag(boxed, cut, button="right")
    answered(boxed)
    assert not proposed(boxed)[int(cut[1]), int(cut[0])]
    editor.undo()
    assert np.array_equal(proposed(boxed), second)
    editor.step_back()
    assert np.array_equal(proposed(boxed), first)
    editor.redo()
    answered(boxed)
    assert np.array_equal(proposed(boxed), second), "the scribble again"
    editor.undo()
    with no_step(boxed):
        editor.undo()


def test_without_a_box_scribbles_correct_the_mask(boxed):
    editor = boxed.session.editor
    bright = object_of(boxed)
    ys, xs = np.nonzero(bright)
    middle = int(xs.mean())
    half = bright & (np.arange(96) < middle)
    put(boxed, half.astype(np.uint16))
    row = int(ys.mean())
    with one_step(boxed, "Box and scribble"):
        drag(boxed, (middle - 4.0, row + 0.5), (xs.max() - 3.0, row + 0.5))
        answered(boxed)
        assert editor.busy
        editor.commit()
    found = painted(boxed) == 1
    assert (found & bright).sum() > 0.8 * (found | bright).sum()
    put(boxed, (bright | (np.indices(bright.shape)[0] > 58)).astype(np.uint16))
    with one_step(boxed, "Box and scribble"):
        drag(boxed, (xs.mean(), row + 0.5), button="right")
        answered(boxed)
        editor.commit()
    assert painted(boxed)[row, int(xs.mean())] == 0


def test_a_second_scribble_that_comes_before_the_first_is_answered_does_not_drop_it(boxed, monkeypatch):
    editor = boxed.session.editor
    ids = np.zeros((64, 96), np.uint16)
    ids[20:50, 20:70] = 1
    put(boxed, ids)
    go, find = threading.Event(), cutting.find_of_mask
    monkeypatch.setattr(grabcut, "find_of_mask", lambda *given: (go.wait(10), find(*given))[1])
    with one_step(boxed, "Box and scribble"):
        drag(boxed, (28, 30), (28, 40), button="right", slack=2.0)
        drag(boxed, (62, 30), (62, 40), button="right", slack=2.0)
        go.set()
        answered(boxed)
        assert len(editor.preview.lines) == 2
        editor.commit()
    assert boxed.mask()[35, 28] == boxed.mask()[35, 62] == 0


def test_a_scribble_on_nothing_and_a_click_ask_for_nothing(boxed):
    with no_step(boxed):
        drag(boxed, (5, 5), (10, 10), button="right")
        answered(boxed)
    with no_step(boxed):
        click(boxed, 40, 30)
    with no_step(boxed):
        drag(boxed, (-30, -30), (-3, -3))
        answered(boxed)


def test_escape_another_tool_and_another_image_drop_the_proposal(boxed):
    editor, session = boxed.session.editor, boxed.session
    first = session.current_id
    for leave in (editor.abandon, lambda: editor.set_tool("brush"), lambda: boxed.show(session.records[1].id)):
        editor.set_tool("grabcut")
        boxed.show(first)
        with no_step(boxed):
            drag(boxed, *BOX)
            leave()
            answered(boxed)
            boxed.show(first)
        with no_step(boxed):
            editor.set_tool("grabcut")
            drag(boxed, *BOX)
            answered(boxed)
            leave()
            boxed.show(first)
    editor.set_tool("grabcut")
    with no_step(boxed):
        editor.press(PointerEvent(*BOX[0]))
        editor.move(PointerEvent(*BOX[1]))
        editor.abandon()


def test_a_press_beside_the_proposal_begins_another_box(boxed):
    editor = boxed.session.editor
    drag(boxed, (30, 10), (60, 40))
    answered(boxed)
    drag(boxed, (80, 60), (70, 45))
    answered(boxed)
    assert editor.preview.patch.rect == Rect(70, 45, 80, 60)


def test_taken_before_it_is_found_it_is_applied_when_it_is(boxed, monkeypatch):
    editor = boxed.session.editor
    go = threading.Event()
    monkeypatch.setattr(cutting, "refine_box", lambda *given: (go.wait(10), refine_box(*given))[1])
    with one_step(boxed, "Box and scribble"):
        drag(boxed, *BOX)
        editor.commit()
        assert editor.busy
        go.set()
        boxed.wait(lambda: not editor.busy)
    editor.undo()
    with one_step(boxed, "Box and scribble"):
        drag(boxed, *BOX)
        editor.commit()
        editor.set_tool("brush")


def test_what_was_taken_before_it_is_found_is_of_the_segment_that_was_in_hand(boxed):
    editor = boxed.session.editor
    drag(boxed, *BOX)
    editor.commit()
    editor.set_active_segment(2)
    answered(boxed)
    assert set(np.unique(boxed.mask())) == {0, 1}


def test_another_segment_shows_at_once(boxed):
    editor = boxed.session.editor
    drag(boxed, *BOX)
    editor.set_active_segment(2)
    answered(boxed)
    assert set(np.unique(editor.preview.patch.values[editor.preview.patch.where])) == {2}
    editor.commit()
    assert set(np.unique(painted(boxed))) >= {2}


@pytest.mark.parametrize("most", [400, 100])
def test_in_a_large_box_the_border_is_off_by_little(boxed, monkeypatch, most):
    bright = object_of(boxed)
    monkeypatch.setattr(cutting, "MOST_PIXELS", most)
    corners = boxed_object(boxed)
    drag(boxed, *corners)
    answered(boxed)
    found = proposed(boxed)
    assert (found & bright).sum() > 0.6 * (found | bright).sum()
    drag(boxed, (corners[0][0] + 2, corners[0][1] + 2), (corners[0][0] + 8, corners[0][1] + 2))
    answered(boxed)
    assert proposed(boxed)[int(corners[0][1]) + 2, int(corners[0][0]) + 5]


def test_a_press_beside_what_was_scribbled_on_puts_it_into_the_mask_as_a_step_of_its_own(boxed):
    editor = boxed.session.editor
    drag(boxed, (30, 10), (60, 40))
    answered(boxed)
    drag(boxed, (40, 20), (45, 25))
    answered(boxed)
    shown = editor.preview.patch
    expected = np.zeros_like(boxed.mask())
    np.copyto(expected[shown.rect.slices], np.asarray(shown.values, np.uint16), where=shown.where)
    with one_step(boxed, "Box and scribble"):
        editor.press(PointerEvent(80, 60))
        editor.move(PointerEvent(70, 45))
        editor.abandon()
    assert np.array_equal(boxed.mask(), expected)


def test_what_was_scribbled_on_the_mask_stays_with_its_segment_when_another_is_taken_in_hand(boxed):
    editor = boxed.session.editor
    bright = object_of(boxed)
    ys, xs = np.nonzero(bright)
    middle, row = int(xs.mean()), ys.mean() + 0.5
    put(boxed, (bright & (np.arange(96) < middle)).astype(np.uint16))
    drag(boxed, (middle - 4.0, row), (xs.max() - 3.0, row))
    answered(boxed)
    shown = editor.preview.patch
    expected = boxed.mask()
    np.copyto(expected[shown.rect.slices], np.asarray(shown.values, np.uint16), where=shown.where)
    editor.set_active_segment(1)
    assert editor.busy, "it is in hand already"
    with one_step(boxed, "Box and scribble"):
        editor.set_active_segment(2)
        answered(boxed)
    assert np.array_equal(boxed.mask(), expected)


def test_another_segment_in_the_midst_of_a_scribble_drops_nothing(boxed):
    editor = boxed.session.editor
    bright = object_of(boxed)
    ys, xs = np.nonzero(bright)
    middle, row = int(xs.mean()), ys.mean() + 0.5
    put(boxed, (bright & (np.arange(96) < middle)).astype(np.uint16))
    drag(boxed, (middle - 4.0, row), (xs.max() - 3.0, row))
    answered(boxed)
    with one_step(boxed, "Box and scribble"):
        editor.press(PointerEvent(middle - 4.0, row - 4))
        editor.set_active_segment(2)
        editor.release(PointerEvent(middle + 4.0, row - 4))
        answered(boxed)
        editor.commit()
    found = boxed.mask() == 1
    assert (found & bright).sum() > 0.8 * (found | bright).sum()
    assert not (boxed.mask() == 2).any()


def test_scribbles_on_the_models_mask_outlive_a_new_mask_that_is_nothing_there(boxed):
    session, editor = boxed.session, boxed.session.editor
    boxed.hold_rounds = True

    def learn(number, side):
        folder = boxed.folder / str(side)
        folder.mkdir()
        session.predictor.use(number, folder / "weights")
        boxed.wait(lambda: session.document.prediction_round == number)
        boxed.settle()
        answered(boxed)

    learn(1, 30)
    drag(boxed, (35, 35), (60, 35))
    answered(boxed)
    shown = editor.preview.patch
    learn(2, 1)
    expected = boxed.mask()
    np.copyto(expected[shown.rect.slices], np.asarray(shown.values, np.uint16), where=shown.where)
    with one_step(boxed, "Box and scribble"):
        editor.commit()
    assert np.array_equal(boxed.mask(), expected)
