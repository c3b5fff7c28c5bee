"""The canvas: mouse, pen, wheel and its own keys, translated into gestures and views."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPointingDevice, QTabletEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.app.tools import PointerEvent
from segstudio.app.tools.base import Cursor
from segstudio.ui.canvas.cursor import Mark
from segstudio.ui.canvas.gestures import PenTaps
from segstudio.ui.canvas.holds import HeldKeys, LentTool
from segstudio.ui.canvas.preview import PreviewDrawing
from segstudio.ui.canvas.seeing import Seeing
from segstudio.ui.canvas.seen_view import SeenView
from segstudio.ui.theme import Theme

_SIZE_A_NOTCH = 1.12

_STEP = 0.125
"""How much of the view a key moves the image by."""

_SLACK = 7.0
"""Logical pixels that a hand may be off and still have meant a point."""

_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Down: (0, 1)}
_FAR = 10
"""Pixels of the image that an arrow key moves what is shown with Shift; without, it is one."""

_NO_MODIFIER = Qt.KeyboardModifier.NoModifier

_SHAPES: dict[Cursor, Qt.CursorShape] = {
    "ring": Qt.CursorShape.BlankCursor,
    "cross": Qt.CursorShape.CrossCursor,
    "hand": Qt.CursorShape.OpenHandCursor,
    "move": Qt.CursorShape.SizeAllCursor,
}

_BUTTONS: dict[Qt.MouseButton, Literal["left", "right"]] = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.RightButton: "right",
}


class Canvas(SeenView):
    """The image view with tools: the pointer on it, and what they show that is not in the mask yet."""

    def __init__(self, theme: Theme, seeing: Seeing, parent: QWidget | None = None) -> None:
        super().__init__(theme, seeing, parent)
        self.panning = False
        self.held = HeldKeys(self)
        self._lent = LentTool()
        self._taps = PenTaps()
        self._pan_from = QPointF()
        self._painting: Literal["left", "right"] | None = None
        self._inverting = False
        self._drawn: PreviewDrawing | None = None
        self._shown_mark: Mark | None = None
        self._marked = QRect()
        self._shape = self.cursor().shape()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view_changed.connect(self._follow_preview)
        # The ring is as large as the zoom makes it: where it is drawn now is where it must be wiped away later.
        self.view_changed.connect(self.update_mark)

    def set_session(self, session: Session | None) -> None:
        """Show another project, or none."""
        self.held.release_all()
        super().set_session(session)

    def apply(self, changes: Changes) -> None:
        """Repaint what ``changes`` says."""
        super().apply(changes)
        if self.session is not None and (changes.preview or changes.document):
            self._follow_preview()
        if changes.tool:
            self.update_cursor()
        if changes.tool or changes.history:
            self.update_mark()

    def _follow_document(self) -> None:
        super()._follow_document()
        self.update_mark()

    # ---- mouse and pen ----------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start a stroke, or move the image."""
        self._press(event.position(), event.button(), event.modifiers(), 1.0)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second of two quick dabs is a dab."""
        self._press(event.position(), event.button(), event.modifiers(), 1.0, clicks=2)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with either, as long as a button is down."""
        if (self.panning or self._painting is not None) and event.buttons() == Qt.MouseButton.NoButton:
            self.let_go()
        self._move(event.position(), event.modifiers(), 1.0)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End either."""
        self._release(event.position(), event.button(), event.modifiers(), 1.0)

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A pen; its other end erases, and two quick taps are a double click."""
        button = event.button()
        if event.pointerType() == QPointingDevice.PointerType.Eraser and button == Qt.MouseButton.LeftButton:
            button = Qt.MouseButton.RightButton
        if event.type() == QEvent.Type.TabletPress:
            clicks = self._taps.count(event, button)
            self._press(event.position(), button, event.modifiers(), event.pressure(), clicks)
        elif event.type() == QEvent.Type.TabletMove:
            self._move(event.position(), event.modifiers(), event.pressure())
        elif event.type() == QEvent.Type.TabletRelease:
            self._release(event.position(), button, event.modifiers(), event.pressure())
        event.accept()

    def let_go(self) -> None:
        """A button that comes up over a dialog is not heard of: what it did ends where the pointer was last."""
        self.panning, self._painting = False, None
        if self.session is not None:
            self.session.editor.finish_gesture()
            self._lent.settle(self.session.editor)
        self.update_mark()
        self.update_cursor()

    def _press(
        self,
        position: QPointF,
        button: Qt.MouseButton,
        modifiers: Qt.KeyboardModifier,
        pressure: float,
        clicks: int = 1,
    ) -> None:
        session = self.session
        self._follow_modifiers(modifiers)
        if session is None or self.panning or self._painting is not None:
            return
        hand = self._hand
        if button == Qt.MouseButton.MiddleButton or (hand and button == Qt.MouseButton.LeftButton):
            self.panning = True
            self._pan_from = position
            self.update_mark()
            self.update_cursor()
        elif button in _BUTTONS and not hand and self.ready:
            self._painting = _BUTTONS[button]
            self._lent.note_use()
            session.editor.press(self._event(position, modifiers, pressure, clicks))
            self.follow_pointer(position)

    def _move(self, position: QPointF, modifiers: Qt.KeyboardModifier, pressure: float) -> None:
        session = self.session
        self._follow_modifiers(modifiers)
        if self.panning:
            moved = position - self._pan_from
            self._pan_from = position
            self.pan(moved.x(), moved.y())
        elif session is not None and self.ready:
            session.editor.move(self._event(position, modifiers, pressure))
        self.follow_pointer(position)

    def _release(
        self, position: QPointF, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float
    ) -> None:
        session = self.session
        self._follow_modifiers(modifiers)
        if self.panning and button in (Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton):
            self.panning = False
        elif self._painting is not None and _BUTTONS.get(button) == self._painting:
            if session is not None:
                session.editor.release(self._event(position, modifiers, pressure))
                self._lent.settle(session.editor)
            self._painting = None
        self.follow_pointer(position)

    def _event(
        self, position: QPointF, modifiers: Qt.KeyboardModifier, pressure: float, clicks: int = 1
    ) -> PointerEvent:
        x, y = self.to_image(position)
        return PointerEvent(
            x,
            y,
            self._painting or "left",
            shift=_holds(modifiers, Qt.KeyboardModifier.ShiftModifier),
            ctrl=_holds(modifiers, Qt.KeyboardModifier.ControlModifier),
            pressure=pressure,
            slack=_SLACK * self.devicePixelRatioF() / self.view.scale,
            clicks=clicks,
        )

    # ---- what tools show --------------------------------------------------------------------------------------

    def paint_over(self, painter: QPainter, part: QRect) -> None:
        """Grid, lines, handles, the pointer's mark and the loupe, over image and mask."""
        super().paint_over(painter, part)
        if self._drawn is not None and not self.bare:
            self._drawn.paint(painter)
        if self._shown_mark is not None:
            self._shown_mark.paint(painter)
        self.paint_loupe(painter)

    def follow_pointer(self, position: QPointF | None) -> None:
        """The pointer is at a logical position, or elsewhere."""
        super().follow_pointer(position)
        if self._drawn is not None and self._drawn.caption:
            self._follow_preview()
        self.update_mark()
        self.update_cursor()

    def update_mark(self) -> None:
        """Repaint where the pointer's mark was and where it is."""
        mark = self.mark
        bounds = QRect() if mark is None else mark.bounds
        for part in (self._marked, bounds):
            self.update(part)
        self._shown_mark, self._marked = mark, bounds

    def update_cursor(self) -> None:
        """A hand, cross hairs, nothing (the ring is the cursor), or where no stroke is accepted an arrow, which waits
        while an image is on its way."""
        session = self.session
        if self.panning:
            shape = Qt.CursorShape.ClosedHandCursor
        elif session is not None and self._hand:
            shape = Qt.CursorShape.OpenHandCursor
        elif session is not None and self.ready:
            shape = _SHAPES[session.editor.pointed.cursor]
        elif session is not None and session.loading_id is not None:
            shape = Qt.CursorShape.BusyCursor
        else:
            shape = Qt.CursorShape.ArrowCursor
        if shape is not self._shape:
            self._shape = shape
            self.setCursor(shape)

    @property
    def _hand(self) -> bool:
        """Whether a press takes hold of the image, in place of what the tool does."""
        session = self.session
        hand = session is not None and session.editor.pointed.cursor == "hand"
        return hand or (self._painting is None and self.held.is_down(Qt.Key.Key_Space))

    @property
    def mark(self) -> Mark | None:
        """The brush's ring at the pointer, if it has one."""
        session = self.session
        if self.pointer is None or not self.ready or session is None or self.panning:
            return None
        editor = session.editor
        if editor.pointed.cursor != "ring" or self._hand:
            return None
        radius = editor.pointed.ring_radius(editor.settings) * self.view.scale / self.devicePixelRatioF()
        square = editor.settings.square and "square" in editor.pointed.options
        return Mark(self.pointer, radius, editor.erases(self._inverting), square)

    def _follow_modifiers(self, modifiers: Qt.KeyboardModifier) -> None:
        """With Ctrl a brush does the opposite, and its mark says so before the press."""
        inverting = _holds(modifiers, Qt.KeyboardModifier.ControlModifier)
        if inverting != self._inverting:
            self._inverting = inverting
            self.update_mark()
            self.follow_glass()

    def _follow_preview(self) -> None:
        """Show what the tool in hand shows."""
        if self._drawn is not None:
            self.update(self._drawn.bounds)
        self._drawn, patch, cells = None, None, None
        if self.session is not None and self.ready:
            preview = self.session.editor.preview
            patch, cells = preview.patch, preview.cells
            self._drawn = PreviewDrawing.of(preview, self.to_widget, self.pointer)
        if self._drawn is not None:
            self.update(self._drawn.bounds)
        self.set_patch(patch)
        self.set_cells(cells)

    # ---- wheel and keys ---------------------------------------------------------------------------------------

    def turn_wheel(self, notches: float) -> bool:
        """The size of the brush, or of what the tool has instead."""
        if self.session is not None:
            self.session.editor.resize(_SIZE_A_NOTCH**notches)
        return True

    def lend_tool(self, name: str) -> None:
        """Take a tool in hand while a key is held."""
        if self.session is not None:
            self._lent.lend(self.session.editor, name)

    def note_let_go(self) -> None:
        """How long that key was held is told now: what the program does next may take a while."""
        self._lent.note_let_go()

    def return_tool(self) -> None:
        """That key came up."""
        if self.session is not None:
            self._lent.give_back(self.session.editor, self._painting is not None)

    def wants(self, event: QKeyEvent) -> bool:
        """Keys that are held are no shortcuts."""
        return self.held.wants(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that are held, and arrows, which move a shape or what is pasted, or go through the images."""
        session = self.session
        if self.held.press(event):
            self.update_cursor()
            self.update_mark()
        elif event.key() == Qt.Key.Key_Control:
            self._follow_modifiers(Qt.KeyboardModifier.ControlModifier)
        elif event.key() == Qt.Key.Key_Escape and session is not None:
            session.editor.abandon()
            self._painting = None
            self._lent.settle(session.editor)
            self.update_mark()
            self.update_cursor()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and session is not None and session.editor.busy:
            session.editor.commit()
        elif event.key() == Qt.Key.Key_Backspace and session is not None:
            session.editor.step_back()
        elif event.key() == Qt.Key.Key_Delete and session is not None and self.ready:
            # Held to take one point of an outline back after the other, it stops there.
            if session.editor.busy or not event.isAutoRepeat():
                session.clipboard.erase()
        elif event.key() in _ARROWS:
            self._on_arrow(
                *_ARROWS[Qt.Key(event.key())], far=_holds(event.modifiers(), Qt.KeyboardModifier.ShiftModifier)
            )
        else:
            super().keyPressEvent(event)

    def _on_arrow(self, across: int, down: int, far: bool) -> None:
        """Move what is shown and not applied; else look further on, if ``far``, or go to another image."""
        session = self.session
        pixels = _FAR if far else 1
        if session is None or session.editor.nudge(across * pixels, down * pixels):
            return
        if not far:
            session.step(across + down)
        elif not self.fits and self._painting is None:
            # There is nothing further on where all of the image is shown.
            self.pan(-across * self.width() * _STEP, -down * self.height() * _STEP)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """A key that was held came up."""
        if event.key() == Qt.Key.Key_Control:
            self._follow_modifiers(Qt.KeyboardModifier.NoModifier)
        elif not self.held.release(event):
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Keys that are let go elsewhere are not heard of: they come up now."""
        self.held.release_all()
        self._follow_modifiers(Qt.KeyboardModifier.NoModifier)
        super().focusOutEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Take the keyboard, for the keys that are held, unless somebody is typing."""
        if not isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._follow_modifiers(event.modifiers())
        self.follow_pointer(event.position())
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """What a tool shows where the pointer is goes with it."""
        if self.session is not None:
            self.session.editor.point_away()
        super().leaveEvent(event)


def _holds(modifiers: Qt.KeyboardModifier, key: Qt.KeyboardModifier) -> bool:
    # Mostly none is, and to see that takes a tenth of what taking them apart does.
    return modifiers is not _NO_MODIFIER and bool(modifiers & key)
