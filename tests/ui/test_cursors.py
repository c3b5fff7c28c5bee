"""What the pointer looks like with each tool in hand, and what brushes leave, as pictures."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from segstudio.app.tools import make_tools
from tests.ui.golden import assert_golden, grabbed

SHAPES = {
    "ring": Qt.CursorShape.BlankCursor,
    "cross": Qt.CursorShape.CrossCursor,
    "hand": Qt.CursorShape.OpenHandCursor,
}
RINGS = [name for name, tool in make_tools().items() if tool.cursor == "ring"]


def picture(rig):
    """The whole image at 400 %, with the pointer where it is."""
    QApplication.processEvents()
    corner, end = rig.canvas.to_widget(0, 0).toPoint(), rig.canvas.to_widget(96, 64).toPoint()
    return grabbed(rig.canvas, QRect(corner, end - QPoint(1, 1)))


@pytest.fixture
def close(rig):
    rig.new_project(classes=("one", "two"))
    rig.canvas.zoom_fit()
    rig.canvas.zoom_to(4.0)
    rig.editor.change_settings(radius=9, span=9)
    return rig


@pytest.mark.parametrize("name", list(make_tools()))
def test_each_tool_has_its_pointer(close, name):
    close.editor.set_tool(name)
    close.qtbot.mouseMove(close.canvas, close.at(50, 30))
    close.wait(lambda: close.canvas.cursor().shape() == SHAPES[close.editor.tool.cursor])
    assert (close.canvas.mark is not None) == (name in RINGS)


@pytest.mark.parametrize("square", [False, True])
@pytest.mark.parametrize("name", RINGS)
def test_a_brush_shows_its_ring_and_what_it_left(close, name, square):
    if square and "square" not in make_tools()[name].options:
        pytest.skip("this brush is always round")
    close.editor.change_settings(square=square)
    close.drag([(30, 20), (60, 40)])
    close.editor.set_tool(name)
    close.drag([(45, 30), (60, 22)])
    close.canvas.follow_pointer(close.at(64, 20).toPointF())
    assert_golden(f"tool_{name}{'_square' if square else ''}", picture(close))


def test_a_brush_too_small_for_a_ring_shows_a_cross(close):
    close.editor.change_settings(radius=0.5)
    close.canvas.follow_pointer(close.at(50, 30).toPointF())
    assert_golden("tool_smallest", picture(close))


def test_the_bucket_leaves_a_filled_region(close):
    close.drag([(30, 20), (60, 40)])
    close.editor.set_active_segment(2)
    close.editor.set_tool("bucket")
    close.drag([(45, 30)])
    close.wait(lambda: not close.editor.computing)
    close.canvas.follow_pointer(None)
    assert_golden("tool_bucket", picture(close))


def test_space_shows_a_hand_and_no_ring_but_not_within_a_stroke(close):
    rig, canvas = close, close.canvas
    canvas.follow_pointer(rig.at(40, 30).toPointF())
    ring, repainted = canvas.mark.bounds, Repainted(canvas)
    rig.qtbot.keyPress(canvas, Qt.Key.Key_Space)
    QApplication.processEvents()
    assert canvas.mark is None
    assert canvas.cursor().shape() == SHAPES["hand"]
    assert (QRegion(ring) - repainted.region).isEmpty()
    rig.let_go(Qt.Key.Key_Space)
    assert canvas.mark is not None
    assert canvas.cursor().shape() == SHAPES["ring"]
    rig.drag([(40, 30), (50, 30)], release=False)
    rig.qtbot.keyPress(canvas, Qt.Key.Key_Space)
    assert canvas.mark is not None
    rig.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=rig.at(50, 30))
    assert canvas.mark is None
    rig.let_go(Qt.Key.Key_Space)


@pytest.mark.parametrize(
    ("name", "dashed", "with_ctrl"),
    [
        ("brush", False, True),
        ("snap", False, True),
        ("eraser", True, False),
        ("restore", False, False),
        ("nudge", False, False),
    ],
)
def test_ctrl_shows_before_the_press_what_it_makes_of_a_brush(close, name, dashed, with_ctrl):
    rig, canvas = close, close.canvas
    rig.editor.set_tool(name)
    canvas.follow_pointer(rig.at(40, 30).toPointF())
    QApplication.processEvents()
    ring, repainted = canvas.mark.bounds, Repainted(canvas)
    assert canvas.mark.erasing == dashed
    rig.qtbot.keyPress(canvas, Qt.Key.Key_Control)
    QApplication.processEvents()
    assert canvas.mark.erasing == with_ctrl
    assert (QRegion(ring) - repainted.region).isEmpty()
    rig.qtbot.keyRelease(canvas, Qt.Key.Key_Control, Qt.KeyboardModifier.ControlModifier)
    assert canvas.mark.erasing == dashed


def test_ctrl_that_is_let_go_elsewhere_is_up(close):
    canvas = close.canvas
    canvas.follow_pointer(close.at(40, 30).toPointF())
    close.qtbot.keyPress(canvas, Qt.Key.Key_Control)
    assert canvas.mark.erasing
    close.window.images.setFocus()
    canvas.clearFocus()
    assert not canvas.mark.erasing


class Repainted(QObject):
    """What of a widget was painted."""

    def __init__(self, widget):
        super().__init__(widget)
        self.region = QRegion()
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            self.region = self.region.united(event.region())
        return False


@pytest.mark.parametrize("elsewhere", [(90, 60), None])
def test_a_ring_that_grew_with_the_zoom_is_wiped_away_whole(close, elsewhere):
    rig, canvas = close, close.canvas
    canvas.follow_pointer(rig.at(40, 30).toPointF())
    canvas.zoom_to(8.0)
    QApplication.processEvents()
    ring, repainted = canvas.mark.bounds, Repainted(canvas)
    canvas.follow_pointer(None if elsewhere is None else rig.at(*elsewhere).toPointF())
    QApplication.processEvents()
    assert (QRegion(ring.intersected(canvas.rect())) - repainted.region).isEmpty()


def test_the_ring_is_the_right_one_whatever_happens_while_the_pointer_rests(close):
    canvas, editor = close.canvas, close.editor
    close.drag([(40, 30), (50, 30)])
    close.drag([(40, 30), (50, 30)], Qt.MouseButton.RightButton, release=False)
    happens = {
        "given up": lambda: close.key(Qt.Key.Key_Escape),
        "inverted": lambda: QTest.keyPress(canvas, Qt.Key.Key_Control),
        "no longer": lambda: QTest.keyRelease(canvas, Qt.Key.Key_Control),
        "taken back": editor.undo,
        "zoomed": lambda: canvas.zoom_to(6.0),
        "another tool": lambda: editor.set_tool("eraser"),
        "larger": lambda: editor.change_settings(radius=12),
        "another image": lambda: close.open(1),
        "no pointer": lambda: QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave)),
    }
    seen = []
    for what, happen in happens.items():
        happen()
        QApplication.processEvents()
        shown = canvas.grab().toImage()
        canvas.update_mark()
        assert canvas.grab().toImage() == shown, what
        seen.append(shown)
    assert all(one != other for one, other in itertools.pairwise(seen))
