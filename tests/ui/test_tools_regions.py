"""Tools that find regions, with a real mouse and real keys."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from segstudio.domain.patch import Patch
from tests.ui.golden import assert_golden, grabbed

Key, RIGHT = Qt.Key, Qt.MouseButton.RightButton
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def region(rig):
    rig.new_project(classes=("one", "two"))
    return rig


def put(rig, ids):
    rig.editor.apply("Put", Patch(rig.editor.document.bounds, np.ones(ids.shape, bool), ids.astype(np.uint16)))


def answered(rig):
    rig.wait(lambda: not rig.editor.computing)


def bright(rig):
    return rig.editor.document.pixels.mean(axis=2) > 110


def middle(rig):
    ys, xs = np.nonzero(bright(rig))
    return int(xs.mean()), int(ys.mean())


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def picture(rig):
    """The canvas where the image is, in a small window and with the pointer elsewhere."""
    rig.canvas.zoom_fit()
    rig.canvas.zoom_to(4.0)
    rig.canvas.follow_pointer(None)
    QApplication.processEvents()
    corner, end = rig.canvas.to_widget(0, 0).toPoint(), rig.canvas.to_widget(96, 64).toPoint()
    return grabbed(rig.canvas, QRect(corner, end - QPoint(1, 1)))


def test_the_bucket_fills_and_the_right_button_erases(region):
    ids = np.zeros((64, 96))
    ids[10:30, 10:30] = 2
    put(region, ids)
    region.key(Key.Key_K)
    assert region.editor.tool_name == "bucket"
    region.drag([(20, 20)])
    assert (region.mask() == ids / 2).all()
    assert region.editor.undo_name == "Fill region"
    region.drag([(20, 20)], RIGHT)
    assert not region.mask().any()
    region.key(Key.Key_Z, CTRL)
    region.key(Key.Key_Z, CTRL)
    assert np.array_equal(region.mask(), ids)


def test_the_wand_is_dragged_and_let_go(region):
    region.key(Key.Key_W)
    x, y = middle(region)
    region.drag([(x, y), (x + 2, y), (x + 8, y)], release=False)
    assert not region.mask().any()
    assert region.editor.preview.caption.startswith("tolerance")
    assert float(region.editor.preview.caption.split()[1]) > 12
    assert_golden("wand", picture(region))
    region.qtbot.mouseRelease(region.canvas, Qt.MouseButton.LeftButton, pos=region.at(x + 8, y))
    answered(region)
    assert overlap(region.mask() == 1, bright(region)) > 0.9
    assert region.editor.undo_name == "Wand"
    region.key(Key.Key_Z, CTRL)
    region.drag([(x, y), (x + 8, y)], release=False)
    region.key(Key.Key_Escape)
    region.qtbot.mouseRelease(region.canvas, Qt.MouseButton.LeftButton, pos=region.at(x, y))
    assert not region.mask().any()


def test_box_scribble_enter(region):
    region.key(Key.Key_G)
    ys, xs = np.nonzero(bright(region))
    region.drag([(xs.min() - 5, ys.min() - 5), (40, 40), (xs.max() + 6, ys.max() + 6)])
    answered(region)
    assert not region.mask().any()
    assert "Enter" in region.editor.tool_hint
    assert_golden("grabcut", picture(region))
    x, y = middle(region)
    region.drag([(x - 2, y), (x + 2, y)], RIGHT)
    answered(region)
    region.key(Key.Key_Backspace)
    region.key(Key.Key_Return)
    assert overlap(region.mask() == 1, bright(region)) > 0.9
    assert region.editor.undo_name == "Box and scribble"
    region.key(Key.Key_Z, CTRL)
    region.drag([(60, 5), (90, 30)])
    region.key(Key.Key_Escape)
    answered(region)
    assert not region.mask().any()
    assert not region.editor.busy


def test_superpixels_are_shown_toggled_and_made_finer(region):
    region.editor.change_settings(scale=1)
    region.key(Key.Key_X)
    assert region.editor.tool_name == "superpixels"
    answered(region)
    cells = region.editor.preview.cells
    bare = picture(region)
    assert_golden("superpixels", bare)
    region.key(Key.Key_B)
    assert region.editor.preview.cells is None
    assert np.abs(picture(region).astype(int) - bare).max() > 30, "the lines can be seen"
    region.editor.set_tool("superpixels")
    assert region.editor.preview.cells is cells
    region.drag([(40, 30)])
    assert np.array_equal(region.mask() == 1, cells == cells[30, 40])
    region.drag([(40, 30)])
    assert not region.mask().any()
    region.key(Key.Key_BracketRight)
    answered(region)
    assert region.editor.settings.scale == 2
    at = QPointF(region.at(40, 30))
    wheel = QWheelEvent(
        at, region.canvas.mapToGlobal(at), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, CTRL,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(region.canvas, wheel)
    assert region.editor.settings.scale == 1
    answered(region)
    assert region.editor.preview.cells is cells


def test_the_snap_brush_stops_at_the_border(region):
    region.key(Key.Key_B, SHIFT)
    assert region.editor.tool_name == "snap"
    region.editor.change_settings(radius=12, likeness=30)
    x, y = middle(region)
    region.drag([(x - 6, y), (x, y), (x + 6, y)])
    found = region.mask() == 1
    assert found.sum() > 300
    assert (found & ~bright(region)).sum() < 0.1 * found.sum()
    region.drag([(x, y)], RIGHT)
    assert region.mask()[y, x] == 0


def test_the_border_is_pushed(region):
    ids = np.zeros((64, 96))
    ids[20:44, 30:60] = 1
    put(region, ids)
    region.key(Key.Key_M)
    region.editor.change_settings(radius=10)
    region.drag([(55, 32), (58, 32), (66, 32)])
    assert region.mask()[32, 62] == 1
    assert region.editor.undo_name == "Move border"
    region.key(Key.Key_Z, CTRL)
    assert np.array_equal(region.mask(), ids)


def test_cleaning_up_from_the_menu(region):
    ids = np.zeros((64, 96))
    ids[20:44, 30:60] = 1
    ids[30:34, 40:44] = 0
    ids[5:8, 80:83] = 1
    put(region, ids)
    actions = region.window.actions_table.by_id
    region.wait(actions["fill_holes"].isEnabled)
    actions["remove_specks"].trigger()
    answered(region)
    assert region.editor.tool_hint.startswith("Remove specks: 9 px change")
    assert_golden("clean_up", picture(region))
    region.editor.change_settings(speck_area=5)
    answered(region)
    assert region.editor.tool_hint.startswith("Nothing to remove")
    region.key(Key.Key_Escape)
    assert not region.editor.proposing
    actions["fill_holes"].trigger()
    answered(region)
    region.drag([(50, 30)])
    assert np.array_equal(region.mask(), ids)
    region.key(Key.Key_Return)
    assert (region.mask()[30:34, 40:44] == 1).all()
    assert region.editor.undo_name == "Fill holes"


def test_holes_and_pieces_are_cleaned_up_by_keys(region):
    ids = np.zeros((64, 96))
    ids[20:44, 30:60] = 1
    ids[30:34, 40:44] = 0
    ids[5:8, 80:83] = 1
    put(region, ids)
    region.wait(region.window.actions_table.by_id["fill_holes"].isEnabled)
    for key in (Key.Key_K, Key.Key_L):
        region.key(key, Qt.KeyboardModifier.ShiftModifier)
        answered(region)
        region.key(Key.Key_Return)
    ids[30:34, 40:44] = 1
    ids[5:8, 80:83] = 0
    assert np.array_equal(region.mask(), ids)
