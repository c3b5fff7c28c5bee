"""What lies over the canvas keeps mouse and pen to itself: nothing is painted beneath it, where nobody would see it."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from segstudio.app.changes import Message
from segstudio.ui.banner import Banner
from segstudio.ui.proposal_bar import ProposalBar
from tests.ui.conftest import WindowRig

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True)
NONE = Qt.KeyboardModifier.NoModifier
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


def tap(widget: QWidget, place: QPoint) -> bool:
    """A tap with a pen; whether somebody took it, else Qt makes a click of the mouse of it."""
    stylus = QPointingDevice(
        "pen",
        78,
        QInputDevice.DeviceType.Stylus,
        QPointingDevice.PointerType.Pen,
        QInputDevice.Capability.Pressure,
        1,
        2,
    )
    at = QPointF(place)
    taken = False
    for kind, pressure, held in (
        (QEvent.Type.TabletPress, 0.5, LEFT),
        (QEvent.Type.TabletRelease, 0.0, Qt.MouseButton.NoButton),
    ):
        event = QTabletEvent(
            kind, stylus, at, QPointF(widget.mapToGlobal(at)), pressure, 0, 0, 0, 0, 0, NONE, LEFT, held
        )
        event.ignore()  # as the window system hands it in
        QApplication.sendEvent(widget, event)
        taken = taken or event.isAccepted()
    return taken


def banner_of(rig: WindowRig) -> Banner:
    rig.window.show_message(Message("Copied “lesion”. Ctrl+V pastes it, here or on another image."))
    rig.wait(rig.window.canvas_banner.isVisible)
    return rig.window.canvas_banner


def test_a_message_over_a_narrow_canvas_leaves_its_sentence_room_and_has_what_to_do_below(rig):
    banner, said = rig.window.canvas_banner, "The model has learned more. Shift+U renews its part of this mask."
    tops = {}
    rig.new_project()
    for width in (1280, 832):
        rig.window.resize(width, 600)
        rig.settle()
        banner.show_message(Message(said, action="Go back to round 2", on_action=lambda: None))
        QApplication.processEvents()
        assert banner.rect().contains(banner.action.geometry())
        assert banner.sentence.height() >= banner.sentence.heightForWidth(banner.sentence.width())
        tops[width] = banner.action.y() - banner.sentence.geometry().bottom()
    assert rig.canvas.width() < 300
    assert banner.sentence.width() > 130
    assert tops[1280] < 0 < tops[832]
    banner.show_message(Message("Saved."))
    assert banner.height() == 40


def test_a_long_sentence_right_after_a_short_one_is_whole(rig):
    banner = rig.window.canvas_banner
    rig.new_project()
    rig.window.resize(1350, 720)
    rig.settle()
    banner.show_message(Message("Exporting the model…"))
    QApplication.processEvents()
    for folder in ("/home/ann", "/home/ann/studies", "/home/ann/studies/body masks of the second year"):
        banner.show_message(Message(f"The model was written to {folder}/model.safetensors, its card beside it."))
        QApplication.processEvents()
        assert banner.sentence.height() >= banner.sentence.heightForWidth(banner.sentence.width())


def proposal_of(rig: WindowRig) -> ProposalBar:
    rig.drag(((30, 30), (50, 30)))
    rig.session.clipboard.copy()
    rig.session.clipboard.paste()
    rig.wait(rig.window.proposal_bar.isVisible)
    return rig.window.proposal_bar


@pytest.mark.parametrize("button", [LEFT, RIGHT])
def test_a_click_on_a_message_paints_nothing_beneath_it(rig, button):
    rig.new_project()
    banner, before = banner_of(rig), rig.mask()
    middle = banner.height() // 2
    for widget, place in (
        (banner, QPoint(3, middle)),
        (banner._glyph, banner._glyph.rect().center()),
    ):
        QTest.mouseClick(widget, button, NONE, place)
    # The right button asks for a menu there, and its coming up is the menu's.
    QTest.mousePress(banner.sentence, button, NONE, QPoint(10, 5))
    assert not rig.editor.in_gesture
    QTest.mouseRelease(banner.sentence, button, NONE, QPoint(10, 5))
    assert (rig.mask() == before).all()
    assert rig.editor.undo_name == ""


def test_a_message_does_not_go_from_under_the_pointer(rig):
    """Else a click that is on its way to its button paints a dot on the mask."""
    rig.new_project()
    banner = banner_of(rig)
    QTest.mouseMove(banner.dismiss)
    rig.wait(banner.underMouse)
    banner._timer.timeout.emit()
    assert banner.isVisible()
    QTest.mouseMove(rig.canvas, QPoint(rig.canvas.width() // 2, rig.canvas.height() - 5))
    rig.wait(lambda: not banner.underMouse())
    assert banner._timer.isActive(), "it goes later"
    banner._timer.timeout.emit()
    assert not banner.isVisible()


def test_a_click_beside_the_buttons_of_a_proposal_takes_no_hold_of_it(rig):
    rig.new_project()
    bar = proposal_of(rig)
    QTest.mousePress(bar, LEFT, NONE, QPoint(2, bar.height() // 2))
    assert not rig.editor.in_gesture
    QTest.mouseRelease(bar, LEFT, NONE, QPoint(2, bar.height() // 2))
    bar.apply_button.setEnabled(False)
    QTest.mousePress(bar.apply_button, LEFT, NONE, bar.apply_button.rect().center())
    assert not rig.editor.in_gesture
    QTest.mouseRelease(bar.apply_button, LEFT, NONE, bar.apply_button.rect().center())


@pytest.mark.parametrize("what", ["dismiss", "apply", "navigator"])
def test_a_pen_presses_what_lies_over_the_canvas_and_paints_nothing_beneath_it(rig, what):
    rig.new_project()
    widget: QWidget
    if what == "dismiss":
        widget = banner_of(rig).dismiss
    elif what == "apply":
        widget = proposal_of(rig).apply_button
    else:
        rig.canvas.zoom_to(30.0)
        widget = rig.canvas.navigator
        rig.wait(widget.isVisible)
    steps = len(rig.session.document.history.done)
    assert not tap(widget, widget.rect().center())
    assert not rig.editor.in_gesture
    assert len(rig.session.document.history.done) == steps


def test_a_pen_presses_the_button_that_finds_a_file_that_is_gone(rig):
    session = rig.new_project()
    session.records[1].path.unlink()
    rig.open(1)
    button = rig.canvas.failure_note.relocate
    rig.wait(button.isVisible)
    assert not tap(button, button.rect().center())
