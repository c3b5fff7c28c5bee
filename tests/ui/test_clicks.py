"""Smart clicks with a real mouse and real keys, the worker a fake that adds or takes a square."""

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication

from tests.ui.golden import assert_golden, grabbed

Key, RIGHT, CTRL = Qt.Key, Qt.MouseButton.RightButton, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def taught(rig):
    """Two images, the first approved; there is a model since the first round."""
    rig.new_project(classes=("one", "two"))
    for _ in range(3):
        rig.drag([(30, 30), (50, 40)])
        rig.key(Key.Key_A)
        rig.settle()
    rig.wait(lambda: rig.session.document is not None and rig.session.document.prediction_round == 1)
    rig.settle()
    rig.canvas.zoom_fit()
    rig.canvas.zoom_to(4.0)
    return rig


def picture(rig):
    rig.canvas.follow_pointer(None)
    QApplication.processEvents()
    corner, end = rig.canvas.to_widget(0, 0).toPoint(), rig.canvas.to_widget(96, 64).toPoint()
    return grabbed(rig.canvas, QRect(corner, end - rig.at(1, 1) + rig.at(0, 0)))


def answered(rig):
    rig.wait(lambda: not rig.editor.busy and not rig.editor.computing)


def test_click_and_right_click(taught):
    taught.key(Key.Key_Q)
    assert taught.editor.tool_name == "click"
    taught.wait(lambda: "missing" in taught.window.status.hint.text())
    before = taught.mask()
    taught.drag([(60, 40)])
    answered(taught)
    assert before[40, 60] == 0
    assert taught.mask()[40, 60] == 1
    assert taught.editor.undo_name == "Smart click"
    taught.drag([(60, 40)], RIGHT)
    answered(taught)
    assert taught.mask()[40, 60] == 0
    taught.key(Key.Key_Z, CTRL)
    taught.key(Key.Key_Z, CTRL)
    assert (taught.mask() == before).all()


def test_marks_are_shown_until_the_answers_come_and_esc_drops_them(taught):
    worker = taught.workers[0]
    worker.holds_clicks = True
    taught.key(Key.Key_Q)
    taught.drag([(60, 40)])
    taught.drag([(30, 50)])
    taught.drag([(3, 3)], RIGHT)
    assert len(taught.editor.preview.lines) == 5
    assert_golden("click_marks", picture(taught))
    taught.key(Key.Key_Backspace)
    assert len(taught.editor.preview.lines) == 4
    before = taught.mask()
    taught.key(Key.Key_Escape)
    assert not taught.editor.busy
    worker.mend(worker.held_clicks[0])
    worker.holds_clicks = False
    taught.drag([(80, 20)])
    answered(taught)
    assert taught.mask()[20, 80] == 1
    assert (taught.mask()[30:] == before[30:]).all(), "the answer to a click that was dropped is dropped"


def test_without_a_model_the_status_bar_says_when_it_works(rig):
    rig.new_project()
    rig.key(Key.Key_Q)
    rig.wait(lambda: "first round" in rig.window.status.hint.text())
    rig.drag([(30, 30)])
    assert not rig.mask().any()
    assert not rig.editor.busy
