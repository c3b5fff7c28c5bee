"""The open document on the screen: what is painted, at which zoom, while images come and masks get better."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QElapsedTimer, QEvent, QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLabel, QLineEdit, QWidget

from segstudio.app.changes import Changes
from segstudio.domain.geometry import Rect
from segstudio.ui.canvas.colors import OverlayColors
from segstudio.ui.canvas.failure import FailureNote
from segstudio.ui.canvas.renderer import Renderer, Surface
from segstudio.ui.canvas.view import View, fit
from segstudio.ui.theme import Theme

if TYPE_CHECKING:
    from segstudio.app.document import Document
    from segstudio.app.session import Session

FADE_MS = 150
FRAME_MS = 16
LOADING_SHOWN_AFTER_MS = 180
_MARGIN = 16
_MANY_PARTS = 8

ORIGIN_WORDS = {"none": "no mask yet", "model": "the model's mask", "mine": "your mask", "approved": "approved mask"}


class ImageView(QWidget):
    """One image with its mask.

    Everything within is in device pixels, so that 100 % is one for one on any screen.
    """

    pointer_moved = Signal(object)
    """(x, y) in image pixels, or None when the pointer has left."""
    view_changed = Signal()
    relocate_wanted = Signal(int)
    mask_shown_changed = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.session: Session | None = None
        self.document: Document | None = None
        self.renderer: Renderer | None = None
        self.view = View()
        self.mask_shown = True
        self.pointer: QPointF | None = None
        self._fits = True
        self._fade_clock = QElapsedTimer()
        self._fade_timer = QTimer(self)
        self._fade_timer.setInterval(FRAME_MS)
        self._fade_timer.timeout.connect(self._on_fade)
        self._loading_timer = QTimer(self)
        self._loading_timer.setSingleShot(True)
        self._loading_timer.setInterval(LOADING_SHOWN_AFTER_MS)
        self._loading_timer.timeout.connect(self._on_loading_slow)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 240)
        self.setAccessibleName("Image and mask")
        self.loading_note = QLabel(self)
        self.loading_note.setObjectName("banner")
        self.loading_note.setMargin(8)
        self.loading_note.hide()
        self.failure_note = FailureNote(self)
        self.failure_note.relocate.clicked.connect(self._on_relocate)
        theme.changed.connect(self.update)

    # ---- what is shown ----------------------------------------------------------------------------------------

    def set_session(self, session: Session | None) -> None:
        """Show another project, or none."""
        self.session = session
        if session is None:
            self._show(None)
        self._follow_document()

    def apply(self, changes: Changes) -> None:
        """Repaint what ``changes`` says."""
        if self.session is None:
            return
        if changes.document:
            self._follow_document()
        if changes.table and self.renderer is not None:
            self.renderer.set_colors(self._colors())
            self.update()
        if not changes.pixels.is_empty and self.renderer is not None and self.document is self.session.document:
            self._mask_changed(changes.pixels, changes.better_mask)
        if changes.history or changes.document:
            self._describe()

    def set_mask_shown(self, shown: bool) -> None:
        """Show the image with or without its mask."""
        if shown != self.mask_shown:
            self.mask_shown = shown
            self.update()
            self.mask_shown_changed.emit(shown)

    @property
    def ready(self) -> bool:
        """True when strokes are accepted: what is on the canvas is the open document."""
        session = self.session
        return (
            session is not None
            and self.document is not None
            and session.document is self.document
            and session.loading_id is None
        )

    def _colors(self) -> OverlayColors:
        assert self.session is not None
        return OverlayColors.of(self.session.table, self.session.overlay_opacity)

    def _follow_document(self) -> None:
        session = self.session
        loading = session is not None and session.loading_id is not None
        if not loading:
            self._loading_timer.stop()
            self.loading_note.hide()
            if session is not None and session.document is not self.document:
                self._show(session.document)
        elif not self._loading_timer.isActive() and not self.loading_note.isVisible():
            # An image that is there at once must not flash a notice.
            self._loading_timer.start()
        failed = session is not None and not loading and bool(session.failure)
        self.failure_note.show_sentence(session.failure if failed and session is not None else "", self._can_relocate())
        self._place_notes()
        self.update_cursor()

    def _can_relocate(self) -> bool:
        session = self.session
        if session is None or session.current_id is None:
            return False
        return not session.record(session.current_id).path.exists()

    def _show(self, document: Document | None) -> None:
        before = None if self.document is None else self.document.image_id
        self.document = document
        self._fade_timer.stop()
        self.renderer = None if document is None else Renderer(document, self._colors())
        # Another image starts whole, so that one glance takes it in; the same one read again keeps the zoom.
        if document is not None and (self._fits or before != document.image_id):
            self.zoom_fit()
        self.update()

    def _mask_changed(self, rect: Rect, better: bool) -> None:
        assert self.renderer is not None
        if better and self.isVisible():
            self.renderer.begin_fade()
            self._fade_clock.start()
            self._fade_timer.start()
            self.update()
            return
        self.renderer.mask_changed(rect)
        screen = self.renderer.repaint_rect(rect, self.view.snapped(), self._ratio)
        self.update(self._logical(screen))

    def _describe(self) -> None:
        if self.session is None or self.document is None:
            self.setAccessibleDescription("No image")
            return
        name = self.session.record(self.document.image_id).name
        self.setAccessibleDescription(f"{name}, {ORIGIN_WORDS[self.document.mask_origin]}")

    def _on_fade(self) -> None:
        if self._fade_clock.elapsed() >= FADE_MS:
            self._fade_timer.stop()
            if self.renderer is not None:
                self.renderer.end_fade()
        self.update()

    def _on_loading_slow(self) -> None:
        session = self.session
        if session is not None and session.loading_id is not None:
            self.loading_note.setText(f"Opening {session.record(session.loading_id).name}…")
            self.loading_note.adjustSize()
            self._place_notes()
            self.loading_note.show()

    def _on_relocate(self) -> None:
        if self.session is not None and self.session.current_id is not None:
            self.relocate_wanted.emit(self.session.current_id)

    # ---- zoom -------------------------------------------------------------------------------------------------

    @property
    def zoom_percent(self) -> float:
        """Device pixels an image pixel, in per cent."""
        return self.view.scale * 100

    def zoom_fit(self) -> None:
        """The whole image, as large as there is room for."""
        if self.renderer is not None:
            ratio = self._ratio
            width, height = self._device_size()
            self._set_view(fit(self.renderer.width, self.renderer.height, width, height, _MARGIN * ratio))
            self._fits = True

    def zoom_to(self, scale: float) -> None:
        """Zoom to ``scale`` at the pointer, or the middle if it is elsewhere."""
        self._zoom(self.view.at_scale(scale, *self._zoom_point()))

    def zoom_step(self, direction: int) -> None:
        """Zoom in (1) or out (-1) to the next stop."""
        self._zoom(self.view.stepped(direction, *self._zoom_point()))

    def zoom_at(self, factor: float, position: QPointF) -> None:
        """Zoom by ``factor`` with the image held at a logical position."""
        ratio = self._ratio
        self._zoom(self.view.zoomed(factor, position.x() * ratio, position.y() * ratio))

    def pan(self, dx: float, dy: float) -> None:
        """Move the image by logical pixels."""
        self._zoom(self.view.panned(dx * self._ratio, dy * self._ratio))

    def to_image(self, position: QPointF) -> tuple[float, float]:
        """The image point under a logical position."""
        return self.view.snapped().to_image(position.x() * self._ratio, position.y() * self._ratio)

    def to_widget(self, x: float, y: float) -> QPointF:
        """The logical position of an image point."""
        sx, sy = self.view.snapped().to_screen(x, y)
        return QPointF(sx / self._ratio, sy / self._ratio)

    def _zoom_point(self) -> tuple[float, float]:
        width, height = self._device_size()
        if self.pointer is None:
            return width / 2, height / 2
        return self.pointer.x() * self._ratio, self.pointer.y() * self._ratio

    def _zoom(self, view: View) -> None:
        if self.renderer is not None:
            width, height = self._device_size()
            self._set_view(view.kept_visible(self.renderer.width, self.renderer.height, width, height))
            self._fits = False

    def _set_view(self, view: View) -> None:
        self.view = view
        self.update()
        self.view_changed.emit()
        if self.pointer is not None:
            self.pointer_moved.emit(self.to_image(self.pointer))

    @property
    def _ratio(self) -> float:
        return self.devicePixelRatioF()

    def _device_size(self) -> tuple[int, int]:
        return round(self.width() * self._ratio), round(self.height() * self._ratio)

    def _logical(self, screen: Rect) -> QRect:
        ratio = self._ratio
        box = QRectF(screen.x0 / ratio, screen.y0 / ratio, screen.width / ratio, screen.height / ratio)
        return box.toAlignedRect().adjusted(-1, -1, 1, 1)

    # ---- Qt ---------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what was exposed, part by part: two small parts far from each other are no large one."""
        painter = QPainter(self)
        fade = min(1.0, self._fade_clock.elapsed() / FADE_MS) if self._fade_timer.isActive() else 1.0
        parts = list(cast(Iterable[QRect], event.region()))
        for part in parts if len(parts) <= _MANY_PARTS else [event.rect()]:
            painter.setClipRect(part)
            self._paint_part(painter, part, fade)
        painter.setClipping(False)
        self.paint_over(painter)
        painter.end()

    def _paint_part(self, painter: QPainter, part: QRect, fade: float) -> None:
        painter.fillRect(part, self._theme.color("canvas"))
        if self.renderer is None:
            return
        ratio = self._ratio
        exposed = Rect(
            math.floor(part.left() * ratio),
            math.floor(part.top() * ratio),
            math.ceil((part.right() + 1) * ratio),
            math.ceil((part.bottom() + 1) * ratio),
        )
        surface = Surface(*self._device_size(), ratio)
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        self.renderer.paint(painter, self.view.snapped(), exposed, surface, self.mask_shown, fade)
        painter.restore()

    def paint_over(self, painter: QPainter) -> None:
        """Paint what lies over image and mask, in logical pixels."""

    def follow_pointer(self, position: QPointF | None) -> None:
        """The pointer is at a logical position, or elsewhere."""
        self.pointer = position
        self.pointer_moved.emit(None if position is None else self.to_image(position))

    def update_cursor(self) -> None:
        """The arrow; with tools there is more to say."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the whole image whole, else the middle in the middle."""
        if self.renderer is not None:
            if self._fits:
                self.zoom_fit()
            elif event.oldSize().isValid():
                grown = event.size() - event.oldSize()
                self._set_view(self.view.panned(grown.width() * self._ratio / 2, grown.height() * self._ratio / 2))
        self._place_notes()
        super().resizeEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Take the keyboard, for Space, unless somebody is typing."""
        if not isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.follow_pointer(event.position())
        super().enterEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Another screen may have another pixel ratio."""
        if event.type() == QEvent.Type.DevicePixelRatioChange and self._fits:
            self.zoom_fit()
        super().changeEvent(event)

    def _place_notes(self) -> None:
        note = self.loading_note
        note.move(QPoint((self.width() - note.width()) // 2, self.height() - note.height() - 16))
        self.failure_note.setGeometry(self.rect())
