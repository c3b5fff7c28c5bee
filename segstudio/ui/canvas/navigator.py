"""The whole image, small, in a corner of the view, with a frame round what is in sight."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from segstudio.domain.geometry import Rect
from segstudio.ui.canvas.cursor import DARK, LIGHT
from segstudio.ui.canvas.renderer import Renderer, Surface
from segstudio.ui.canvas.view import View
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import keep_clicks

LONGEST, HIGHEST = 184, 136
"""Logical pixels."""

_SMALLEST = 8
_FOLLOW_MS = 120
"""How late it may show what is painted: strokes come first."""


class Navigator(QWidget):
    """``look_at(x, y)`` is called with the image point that was pressed or dragged to."""

    def __init__(self, theme: Theme, parent: QWidget, look_at: Callable[[float, float], None]) -> None:
        super().__init__(parent)
        self._theme = theme
        self._look_at = look_at
        self._renderer: Renderer | None = None
        self._frame = QRectF()
        self._mask = True
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_FOLLOW_MS)
        self._late.timeout.connect(self.update)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        keep_clicks(self)
        self.setAccessibleName("The whole image; a frame is round what is in sight")
        self.hide()

    @property
    def renderer(self) -> Renderer | None:
        """What draws the image here."""
        return self._renderer

    def set_renderer(self, renderer: Renderer | None) -> None:
        """Another image, or none."""
        self._renderer = renderer
        if renderer is not None:
            self.resize(_room(renderer.width, renderer.height))
        self.update()

    def show_frame(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """The image points at the corners of what is in sight."""
        frame = QRectF(x0, y0, x1 - x0, y1 - y0)
        if frame != self._frame:
            self._frame = frame
            self.update()

    def update_late(self) -> None:
        """The mask changed; shown a little later, together with what else will have changed by then."""
        if self.isVisible() and not self._late.isActive():
            self._late.start()

    def set_mask_shown(self, shown: bool) -> None:
        """The image with or without its mask."""
        if shown != self._mask:
            self._mask = shown
            self.update()

    @property
    def frame(self) -> QRectF:
        """The frame in logical pixels of this widget."""
        renderer = self._renderer
        if renderer is None:
            return QRectF()
        across, down = self.width() / renderer.width, self.height() / renderer.height
        scaled = QRectF(
            self._frame.x() * across, self._frame.y() * down, self._frame.width() * across, self._frame.height() * down
        )
        return scaled.intersected(QRectF(self.rect())).adjusted(1.0, 1.0, -1.0, -1.0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Image, mask and frame."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("canvas"))
        if self._renderer is not None:
            ratio = self.devicePixelRatioF()
            width, height = round(self.width() * ratio), round(self.height() * ratio)
            view = View(max(width / self._renderer.width, height / self._renderer.height))
            painter.save()
            painter.scale(1 / ratio, 1 / ratio)
            self._renderer.paint(painter, view, Rect(0, 0, width, height), Surface(width, height, ratio), self._mask)
            painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, pen in ((DARK, 3.0), (LIGHT, 1.4)):
            painter.setPen(QPen(color, pen))
            painter.drawRect(self.frame)
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look there."""
        self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the frame."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Nothing more; the stroke of a tool does not begin here."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Not the place to zoom at."""
        event.accept()

    def _go(self, position: QPointF) -> None:
        if self._renderer is not None:
            x = position.x() / self.width() * self._renderer.width
            y = position.y() / self.height() * self._renderer.height
            self._look_at(min(max(x, 0), self._renderer.width), min(max(y, 0), self._renderer.height))


def _room(width: int, height: int) -> QSize:
    scale = min(LONGEST / width, HIGHEST / height)
    return QSize(max(_SMALLEST, round(width * scale)), max(_SMALLEST, round(height * scale)))
