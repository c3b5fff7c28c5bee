"""Masks that come from elsewhere, with real keys and a real mouse: copied, flipped, given back, carried over."""

import numpy as np
from PySide6.QtCore import Qt

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_copy_paste_drag_and_take(rig):
    session = rig.new_project(classes=("lesion", "ruler"))
    rig.drag([(20, 20), (30, 20)])
    copied = rig.mask()
    rig.key(Qt.Key.Key_C, CTRL)
    rig.wait(lambda: rig.window.canvas_banner.message is not None)
    assert "Copied" in rig.window.canvas_banner.message.sentence
    rig.key(Qt.Key.Key_N)
    rig.settle()
    rig.key(Qt.Key.Key_V, CTRL)
    assert rig.editor.proposing
    assert not rig.mask().any()
    rig.wait(lambda: rig.canvas.cursor().shape() == Qt.CursorShape.SizeAllCursor)
    rig.drag([(25, 20), (30, 25), (45, 30)])
    assert not rig.mask().any()
    rig.key(Qt.Key.Key_Return)
    assert not rig.editor.proposing
    expected = np.zeros_like(copied)
    expected[10:, 20:] = copied[:-10, :-20]
    assert np.array_equal(rig.mask(), expected)
    rig.key(Qt.Key.Key_Z, CTRL)
    assert not rig.mask().any()
    assert session.editor.redo_name == "Paste"


def test_shift_f_flips_the_piece_or_the_segment_in_hand(rig):
    rig.new_project()
    rig.drag([(20, 20), (50, 20), (50, 40)])
    before = rig.mask()
    rig.key(Qt.Key.Key_F, SHIFT)
    assert rig.editor.proposing
    rig.key(Qt.Key.Key_F, SHIFT)
    rig.key(Qt.Key.Key_Return)
    assert np.array_equal(rig.mask(), before), "flipped twice is as it was"
    rig.key(Qt.Key.Key_F, CTRL | SHIFT)
    rig.key(Qt.Key.Key_Return)
    rows, columns = np.flatnonzero(before.any(1)), np.flatnonzero(before.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    expected = np.zeros_like(before)
    expected[box] = before[box][::-1]
    assert np.array_equal(rig.mask(), expected)


def test_escape_and_another_image_drop_a_paste(rig):
    rig.new_project()
    rig.drag([(20, 20), (30, 20)])
    rig.key(Qt.Key.Key_C, CTRL | SHIFT)
    rig.key(Qt.Key.Key_N)
    rig.settle()
    rig.key(Qt.Key.Key_V, CTRL)
    rig.drag([(25, 20), (45, 30)])
    rig.key(Qt.Key.Key_Escape)
    assert not rig.editor.proposing
    rig.key(Qt.Key.Key_V, CTRL)
    rig.key(Qt.Key.Key_N)
    rig.settle()
    rig.key(Qt.Key.Key_PageUp)
    rig.settle()
    assert not rig.editor.proposing
    assert not rig.mask().any()
    assert rig.editor.undo_name == ""


def test_reset_is_in_the_menu_and_its_message_goes_with_the_image(rig):
    session = rig.new_project()
    actions = rig.window.actions_table.by_id
    assert not actions["reset_image"].isEnabled()
    rig.drag([(20, 20), (30, 20)])
    painted = rig.mask()
    rig.wait(actions["reset_image"].isEnabled)
    assert actions["reset_image"].text() == "Clear mask"
    assert not actions["reset_segment"].isEnabled()
    actions["reset_image"].trigger()
    assert not rig.mask().any()
    banner = rig.window.canvas_banner
    rig.wait(lambda: banner.message is not None and banner.message.key == "reset")
    rig.qtbot.mouseClick(banner.action, Qt.MouseButton.LeftButton)
    assert np.array_equal(rig.mask(), painted)
    rig.wait(actions["reset_image"].isEnabled)
    actions["reset_image"].trigger()
    rig.wait(lambda: banner.message is not None and banner.message.key == "reset")
    session.step(1)
    rig.settle()
    assert banner.message is None
