"""Brush, eraser and model brush with a real mouse and real keys."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from segstudio.domain.brush import stroke_segment
from segstudio.domain.patch import Patch
from tests.ui.test_seeing import say

Key, LEFT, RIGHT = Qt.Key, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
WAY = [(30, 20), (60, 40)]


@pytest.fixture
def brushed(rig):
    rig.new_project(classes=("one", "two"))
    rig.canvas.zoom_fit()
    rig.canvas.zoom_to(4.0)
    rig.editor.change_settings(radius=6)
    return rig


def swept(rig, start, end, square=False):
    """What goes with the mouse over two image pixels."""
    mask = np.zeros((64, 96), bool)
    places = [rig.canvas.to_image(rig.at(*point).toPointF()) for point in (start, end)]
    rect, covered = stroke_segment(*places, 6, *mask.shape, square=square)
    mask[rect.slices] = covered
    return mask


def press(rig, point, button=LEFT, modifier=NONE):
    rig.qtbot.mousePress(rig.canvas, button, modifier, rig.at(*point))
    rig.qtbot.mouseRelease(rig.canvas, button, modifier, rig.at(*point))


def undo(rig):
    rig.wait(rig.window.actions_table.by_id["undo"].isEnabled)
    rig.key(Key.Key_Z, CTRL)


def fill(rig, ids):
    rig.editor.apply("Put", Patch(rig.editor.document.bounds, np.ones(ids.shape, bool), ids.astype(np.uint16)))


@pytest.mark.parametrize(
    ("key", "button", "modifier", "paints"),
    [
        (Key.Key_B, LEFT, NONE, True),
        (Key.Key_B, RIGHT, NONE, False),
        (Key.Key_B, LEFT, CTRL, False),
        (Key.Key_E, LEFT, NONE, False),
        (Key.Key_E, RIGHT, NONE, True),
        (Key.Key_E, LEFT, CTRL, True),
    ],
)
def test_each_button_of_brush_and_eraser(brushed, key, button, modifier, paints):
    before = np.tile(np.repeat([0, 2], 48), (64, 1))
    fill(brushed, before)
    brushed.key(key)
    press(brushed, (45, 30), button, modifier)
    covered = swept(brushed, (45, 30), (45, 30))
    assert np.array_equal(brushed.mask(), np.where(covered, 1 if paints else 0, before))
    assert brushed.editor.undo_name == ("Paint" if paints else "Erase")
    undo(brushed)
    assert np.array_equal(brushed.mask(), before)


@pytest.mark.parametrize("square", [False, True])
def test_shift_click_goes_straight_from_the_last_point(brushed, square):
    brushed.editor.change_settings(square=square)
    press(brushed, WAY[0])
    press(brushed, WAY[1], modifier=SHIFT)
    assert np.array_equal(brushed.mask() == 1, swept(brushed, *WAY, square))
    undo(brushed)
    assert np.array_equal(brushed.mask() == 1, swept(brushed, WAY[0], WAY[0], square))


def test_the_model_brush_brings_the_models_mask_back(brushed):
    say(brushed, (20, 20, 60, 50))
    fill(brushed, np.full((64, 96), 2))
    brushed.key(Key.Key_E, SHIFT)
    assert brushed.editor.tool_name == "restore"
    brushed.drag(WAY)
    covered = swept(brushed, *WAY)
    said = np.zeros((64, 96), int)
    said[20:50, 20:60] = 1
    restored = np.where(covered, said, 2)
    assert np.array_equal(brushed.mask(), restored)
    assert "paint: right button" in brushed.editor.tool_hint
    press(brushed, (80, 12), RIGHT)
    assert np.array_equal(brushed.mask(), np.where(swept(brushed, (80, 12), (80, 12)), 1, restored))


def test_what_is_locked_or_not_to_be_painted_over_stays(brushed):
    before = np.tile(np.repeat([0, 1, 2], 32), (64, 1))
    fill(brushed, before)
    brushed.session.change_segment(2, locked=True)
    brushed.drag([(10, 30), (90, 30)])
    covered = swept(brushed, (10, 30), (90, 30))
    assert np.array_equal(brushed.mask(), np.where(covered & (before != 2), 1, before))
    undo(brushed)
    brushed.session.change_segment(2, locked=False)
    brushed.key(Key.Key_2)
    brushed.editor.change_settings(paint_over=0)
    brushed.drag([(10, 30), (90, 30)])
    assert np.array_equal(brushed.mask(), np.where(covered & (before == 0), 2, before))


def test_escape_gives_a_stroke_up(brushed):
    brushed.drag(WAY, release=False)
    assert brushed.mask().any()
    brushed.key(Key.Key_Escape)
    brushed.qtbot.mouseRelease(brushed.canvas, LEFT, pos=brushed.at(*WAY[1]))
    assert not brushed.mask().any()
    assert brushed.editor.undo_name == ""


@pytest.mark.parametrize("name", ["brush", "snap", "superpixels"])
def test_a_stroke_is_of_one_segment_though_the_key_of_the_next_comes_before_the_button_is_up(brushed, name):
    rig = brushed
    rig.editor.set_tool(name)
    rig.wait(lambda: not rig.editor.computing)
    rig.drag([(30, 20), (60, 20)], release=False)
    rig.key(Key.Key_2)
    rig.qtbot.mouseMove(rig.canvas, rig.at(60, 40))
    rig.qtbot.mouseRelease(rig.canvas, LEFT, NONE, rig.at(40, 44))
    assert set(np.unique(rig.mask())) == {0, 1}
    assert len(rig.session.document.history.done) == 1
    rig.editor.set_tool("brush")
    rig.drag([(10, 50), (20, 50)])
    assert rig.mask()[50, 15] == 2


def test_a_key_takes_the_segment_under_the_pointer_in_hand(brushed):
    rig, editor = brushed, brushed.editor
    ids = np.zeros((64, 96), np.uint16)
    ids[:, 30:50], ids[:, 50:70] = 1, 2
    fill(rig, ids)
    taken = []
    for x in (60, 10, 40, 60):
        rig.qtbot.mouseMove(rig.canvas, rig.at(x, 30))
        rig.key(Key.Key_P, SHIFT)
        taken.append(editor.active_segment)
    assert taken == [2, 2, 1, 2], "over background, what was in hand stays"
    rig.session.change_segment(1, hidden=True)
    rig.qtbot.mouseMove(rig.canvas, rig.at(40, 30))
    rig.key(Key.Key_P, SHIFT)
    assert editor.active_segment == 2, "nobody sees it there"
    rig.session.change_segment(1, hidden=False)
    rig.canvas.set_mask_shown(False)
    rig.key(Key.Key_P, SHIFT)
    assert editor.active_segment == 2
    rig.canvas.set_mask_shown(True)
    rig.canvas.follow_pointer(rig.canvas.to_widget(-20, 30))
    rig.key(Key.Key_P, SHIFT)
    assert editor.active_segment == 2, "beside the image"
