"""Shapes with a real mouse and real keys."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication

from segstudio.domain.shapes import polygon
from tests.ui.golden import assert_golden, grabbed

Key, LEFT, RIGHT = Qt.Key, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
SIZE = (96, 64)
CORNERS = [(20, 10), (70, 15), (60, 50), (30, 45)]


@pytest.fixture
def shaped(rig):
    rig.new_project(classes=("one", "two"), size=SIZE)
    rig.canvas.zoom_fit()
    rig.canvas.zoom_to(4.0)
    return rig


def click(rig, x, y, button=LEFT, modifier=Qt.KeyboardModifier.NoModifier):
    rig.qtbot.mouseMove(rig.canvas, rig.at(x, y))
    rig.qtbot.mousePress(rig.canvas, button, modifier, rig.at(x, y))
    rig.qtbot.mouseRelease(rig.canvas, button, modifier, rig.at(x, y))


def double_click(rig, x, y):
    click(rig, x, y)
    rig.qtbot.mouseDClick(rig.canvas, LEFT, pos=rig.at(x, y))
    rig.qtbot.mouseRelease(rig.canvas, LEFT, pos=rig.at(x, y))


def answered(rig):
    rig.wait(lambda: not rig.editor.computing)


def covered(points):
    """What a polygon through the middles of pixels covers."""
    mask = np.zeros(SIZE[::-1], bool)
    rect, where = polygon([(x + 0.5, y + 0.5) for x, y in points], *mask.shape)
    mask[rect.slices] = where
    return mask


def close(one, other):
    """Alike but for the rounding of places to the screen's pixels."""
    return (one ^ other).sum() < 0.01 * (one | other).sum()


def picture(rig):
    rig.canvas.follow_pointer(None)
    QApplication.processEvents()
    corner, end = rig.canvas.to_widget(0, 0).toPoint(), rig.canvas.to_widget(*SIZE).toPoint()
    return grabbed(rig.canvas, QRect(corner, end - QPoint(1, 1)))


def test_a_polygon_is_clicked_and_double_clicked(shaped):
    shaped.key(Key.Key_P)
    assert shaped.editor.tool_name == "polygon"
    for corner in CORNERS[:-1]:
        click(shaped, *corner)
    shaped.qtbot.mouseMove(shaped.canvas, shaped.at(35, 42))
    assert_golden("polygon_open", picture(shaped))
    double_click(shaped, *CORNERS[-1])
    assert not shaped.editor.busy
    assert shaped.editor.undo_name == "Fill polygon"
    assert close(shaped.mask() == 1, covered(CORNERS))
    shaped.key(Key.Key_Z, CTRL)
    assert not shaped.mask().any()
    for corner in CORNERS[:3]:
        click(shaped, *corner, RIGHT)
    shaped.key(Key.Key_Escape)
    assert not shaped.editor.busy


def test_a_closed_polygon_is_changed_and_taken_with_return(shaped):
    shaped.key(Key.Key_P)
    for corner in [*CORNERS, CORNERS[0]]:
        click(shaped, *corner)
    assert "right click removes" in shaped.editor.tool_hint
    shaped.drag([CORNERS[2], (65, 52), (70, 54)])
    shaped.drag([(45, 12.5), (45, 7.5)])
    shaped.qtbot.mouseMove(shaped.canvas, shaped.at(70, 54))
    assert shaped.editor.preview.held == 3
    assert_golden("polygon_closed", picture(shaped))
    click(shaped, *CORNERS[1], RIGHT)
    assert not shaped.mask().any()
    shaped.key(Key.Key_Return)
    assert close(shaped.mask() == 1, covered([CORNERS[0], (45, 7.5), (70, 54), CORNERS[3]]))
    assert shaped.editor.undo_name == "Fill polygon"


def test_backspace_takes_corners_back(shaped):
    shaped.key(Key.Key_P)
    for corner in CORNERS:
        click(shaped, *corner)
    shaped.key(Key.Key_Backspace)
    assert len(shaped.editor.preview.handles) == 3
    shaped.key(Key.Key_Z, CTRL)
    assert len(shaped.editor.preview.handles) == 2
    click(shaped, *CORNERS[2])
    shaped.key(Key.Key_B)
    assert close(shaped.mask() == 1, covered(CORNERS[:3]))


def test_a_lasso_fills_as_it_is_let_go_and_the_right_button_erases(shaped):
    turn = np.linspace(0, 6.2, 40)
    path = [(45 + 20 * np.cos(t), 30 + 18 * np.sin(t)) for t in turn]
    shaped.key(Key.Key_L)
    shaped.drag(path, release=False)
    assert_golden("lasso", picture(shaped))
    shaped.qtbot.mouseRelease(shaped.canvas, LEFT, pos=shaped.at(*path[-1]))
    assert not shaped.editor.busy
    assert close(shaped.mask() == 1, covered(path))
    shaped.drag([(40, 25), (50, 25), (50, 35), (40, 35)], RIGHT)
    assert shaped.editor.undo_name == "Erase lasso"
    assert not shaped.mask()[26:34, 41:49].any()


def test_a_lasso_waits_for_shift(shaped):
    shaped.key(Key.Key_L)
    turn = np.linspace(0, 6.2, 40)
    path = [(45 + 20 * np.cos(t), 30 + 18 * np.sin(t)) for t in turn]
    shaped.drag(path, release=False)
    shaped.qtbot.mouseRelease(shaped.canvas, LEFT, SHIFT, shaped.at(*path[-1]))
    assert shaped.editor.busy
    assert 5 <= len(shaped.editor.preview.handles) <= 30
    assert_golden("lasso_waiting", picture(shaped))
    double_click(shaped, 45, 30)
    assert close(shaped.mask() == 1, covered(path))


@pytest.mark.parametrize(("name", "key"), [("rectangle", Key.Key_R), ("ellipse", Key.Key_O)])
def test_boxes_follow_each_other_without_a_key(shaped, name, key):
    shaped.key(key)
    assert shaped.editor.tool_name == name
    shaped.drag([(20, 10), (40, 30), (70, 49)], release=False)
    assert shaped.editor.preview.caption == "50 × 39 px"
    shaped.qtbot.mouseRelease(shaped.canvas, LEFT, pos=shaped.at(70, 49))
    shaped.qtbot.mouseMove(shaped.canvas, shaped.at(70, 30))
    assert_golden(name, picture(shaped))
    shaped.drag([(2, 2), (8, 8)])
    assert shaped.editor.undo_name == "what is shown"
    assert shaped.mask()[30, 45] == 1
    shaped.key(Key.Key_Escape)
    assert not shaped.mask()[:9, :9].any()
    shaped.drag([(80, 55), (70, 45), (45, 30)], RIGHT)
    shaped.key(Key.Key_Return)
    assert shaped.editor.undo_name == f"Erase {name}"
    assert shaped.mask()[40, 55] == 0


def test_the_smart_edge_finds_its_way_round(shaped):
    bright = shaped.editor.document.pixels.mean(axis=2) > 110
    ys, xs = np.nonzero(bright)
    x, y = int(xs.mean()), int(ys.mean())
    shaped.key(Key.Key_S)
    assert shaped.editor.tool_name == "smart_edge"
    on_border = [(x, ys.min()), (xs.max(), y), (x, ys.max())]
    for point in on_border:
        click(shaped, *point)
    answered(shaped)
    shaped.qtbot.mouseMove(shaped.canvas, shaped.at(xs.min(), y))
    assert_golden("smart_edge", picture(shaped))
    double_click(shaped, xs.min(), y)
    shaped.wait(lambda: not shaped.editor.busy)
    found = shaped.mask() == 1
    assert (found & bright).sum() / (found | bright).sum() > 0.9
    assert shaped.editor.undo_name == "Fill smart edge"
    shaped.key(Key.Key_Z, CTRL)
    click(shaped, *on_border[0])
    click(shaped, *on_border[1])
    shaped.key(Key.Key_Escape)
    answered(shaped)
    assert not shaped.mask().any()
    assert not shaped.editor.busy
