"""Cut, erase and nudge by the real keys."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

Key, CTRL, SHIFT = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def painted(rig):
    rig.new_project(classes=("one", "two"))
    rig.window.activateWindow()
    rig.canvas.setFocus()
    rig.editor.change_settings(radius=3)
    rig.drag([(20, 20), (50, 40)])
    return rig


def test_cut_and_paste_with_arrow_keys(painted):
    before, steps, image = painted.mask(), len(painted.editor.document.history.done), painted.session.current_id
    painted.key(Key.Key_X, CTRL)
    assert not painted.mask().any()
    assert painted.editor.tool_name == "brush", "the key that is held for superpixels was not meant"
    painted.wait(lambda: painted.window.canvas_banner.message is not None)
    assert painted.window.canvas_banner.message.sentence.startswith("Cut “one”.")
    painted.key(Key.Key_V, CTRL)
    for key, modifier in ((Key.Key_Right, SHIFT), (Key.Key_Right, None), (Key.Key_Down, None), (Key.Key_Left, None)):
        painted.key(key, modifier or NONE)
    painted.key(Key.Key_Up, SHIFT)
    painted.key(Key.Key_Return)
    assert np.array_equal(painted.mask(), np.roll(before, (-9, 10), (0, 1)))
    assert len(painted.editor.document.history.done) == steps + 2
    assert painted.session.current_id == image
    painted.key(Key.Key_Z, CTRL)
    painted.key(Key.Key_Z, CTRL)
    assert np.array_equal(painted.mask(), before)
    painted.key(Key.Key_Right)
    painted.wait(lambda: painted.session.current_id != image)


def test_delete_erases_the_segment_in_hand_and_of_an_open_outline_its_last_point(painted):
    painted.key(Key.Key_2)
    painted.drag([(70, 50)])
    before = painted.mask()
    assert set(np.unique(before)) == {0, 1, 2}
    painted.key(Key.Key_P)
    for point in ((10, 50), (20, 55), (15, 60)):
        painted.drag([point])
    painted.key(Key.Key_Delete)
    assert len(painted.editor.preview.handles) == 2
    assert np.array_equal(painted.mask(), before)
    painted.key(Key.Key_Escape)
    painted.key(Key.Key_Delete)
    assert np.array_equal(painted.mask(), np.where(before == 2, 0, before))
    painted.key(Key.Key_Z, CTRL)
    assert np.array_equal(painted.mask(), before)


def test_delete_erases_nothing_while_a_button_is_down_or_where_somebody_types(painted):
    painted.drag([(70, 50), (75, 50)], release=False)
    painted.key(Key.Key_Delete)
    assert painted.editor.in_gesture
    painted.qtbot.mouseRelease(painted.canvas, Qt.MouseButton.LeftButton, pos=painted.at(75, 50))
    before = painted.mask()
    painted.window.focus_filter()
    painted.key(Key.Key_Delete, widget=painted.window.focusWidget())
    painted.key(Key.Key_X, CTRL, widget=painted.window.focusWidget())
    assert np.array_equal(painted.mask(), before)


def test_delete_that_is_held_takes_points_back_and_stops_there(painted):
    before = painted.mask()
    painted.key(Key.Key_P)
    for point in ((10, 50), (20, 55), (15, 60)):
        painted.drag([point])
    painted.wait(lambda: not painted.window.actions_table.by_id["erase_segment"].isEnabled())
    for repeats in (False, True, True, True, True):
        event = QKeyEvent(QEvent.Type.KeyPress, Key.Key_Delete, Qt.KeyboardModifier.NoModifier, "", repeats)
        QApplication.sendEvent(painted.canvas, event)
    assert not painted.editor.busy
    assert np.array_equal(painted.mask(), before)
    painted.wait(painted.window.actions_table.by_id["erase_segment"].isEnabled)
    painted.window.actions_table.by_id["erase_segment"].trigger()
    assert not painted.mask().any()


def press_at_once(rig, *keys):
    """Keys that come in one go, as where the window was held up: nothing is redrawn in between."""
    for key, modifier in keys:
        QTest.keyClick(rig.canvas, key, modifier)


@pytest.mark.parametrize(("key", "modifier"), [(Key.Key_X, CTRL), (Key.Key_Delete, NONE), (Key.Key_Z, CTRL)])
def test_a_key_that_comes_while_another_image_is_on_its_way_changes_neither(painted, key, modifier):
    document, before = painted.session.document, painted.mask()
    painted.wait(painted.window.actions_table.by_id["undo"].isEnabled)
    press_at_once(painted, (Key.Key_N, NONE), (key, modifier))
    assert painted.session.loading_id is not None
    assert np.array_equal(document.shown(document.bounds), before)
    painted.settle()
    assert not painted.mask().any()
    painted.key(Key.Key_PageUp)
    painted.settle()
    assert np.array_equal(painted.mask(), before)


def test_undo_and_redo_are_heard_right_after_the_first_point(rig):
    rig.new_project(classes=("one", "two"))
    rig.window.activateWindow()
    rig.canvas.setFocus()
    rig.key(Key.Key_P)
    for point in ((10, 10), (40, 12), (30, 40)):
        QTest.mouseClick(rig.canvas, Qt.MouseButton.LeftButton, NONE, rig.at(*point))
    press_at_once(rig, (Key.Key_Z, CTRL), (Key.Key_Z, CTRL), (Key.Key_Y, CTRL))
    assert len(rig.editor.preview.handles) == 2


@pytest.mark.parametrize("tool", [Key.Key_R, Key.Key_O, Key.Key_P])
def test_arrow_keys_move_a_shape_and_each_is_taken_back_by_itself(painted, tool):
    painted.key(Key.Key_Delete)
    image = painted.session.current_id
    painted.key(tool)
    if tool == Key.Key_P:
        for point in ((20, 20), (50, 20), (40, 40), (20, 20)):
            painted.drag([point])
    else:
        painted.drag([(20, 20), (50, 40)])
    corners = painted.editor.preview.handles
    painted.key(Key.Key_Right, SHIFT)
    painted.key(Key.Key_Down)
    assert painted.editor.preview.handles == tuple((x + 10, y + 1) for x, y in corners)
    painted.key(Key.Key_Z, CTRL)
    assert painted.editor.preview.handles == tuple((x + 10, y) for x, y in corners)
    painted.key(Key.Key_Y, CTRL)
    shown = painted.editor.preview.patch
    painted.key(Key.Key_Return)
    expected = np.zeros_like(painted.mask())
    expected[shown.rect.slices][shown.where] = 1
    assert np.array_equal(painted.mask(), expected)
    assert painted.session.current_id == image
