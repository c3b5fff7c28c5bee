"""Rulers at the edges of the canvas, in pixels or millimetres."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QWidget

from segstudio.ui.canvas.seen_view import SeenView
from segstudio.ui.canvas.ticks import number_text, round_step, steps_between
from segstudio.ui.theme import TEXT_SMALL, Theme, ui_font

THICKNESS = 22
_BETWEEN_NUMBERS = 64.0
_PARTS = 5
_LONG, _SHORT = 8, 4


class Ruler(QWidget):
    """One edge of a view; a mark goes along with the pointer."""

    def __init__(self, theme: Theme, over: SeenView, orientation: Qt.Orientation) -> None:
        super().__init__()
        self._theme = theme
        self._over = over
        self._across = orientation == Qt.Orientation.Horizontal
        self._mark: float | None = None
        self._face: QPixmap | None = None
        self.setFont(ui_font(TEXT_SMALL))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Ruler above the image" if self._across else "Ruler beside the image")
        if self._across:
            self.setFixedHeight(THICKNESS)
        else:
            self.setFixedWidth(THICKNESS)
        theme.changed.connect(self.renew)
        over.view_changed.connect(self.renew)
        over.pointer_moved.connect(self._on_pointer)

    @property
    def unit(self) -> float:
        """Image pixels that its unit spans."""
        session = self._over.session
        return self._over.seeing.unit(None if session is None else session.scale.mm_per_px)

    def numbers(self) -> list[tuple[float, str]]:
        """What stands on it: logical positions and numbers."""
        step, start, stop = self._span()
        return [(self._place(n * step), number_text(n * step, step)) for n in steps_between(start, stop, step)]

    def renew(self) -> None:
        """Other numbers, or another look."""
        self._face = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another length."""
        super().resizeEvent(event)
        self.renew()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Strokes, numbers and the pointer's mark."""
        # Strokes and numbers are kept: the pointer moves far more often than they do.
        face = self._face = self._face or self._painted()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, face)
        if self._mark is not None:
            painter.setPen(QPen(self._theme.color("accent"), 1))
            self._stroke(painter, self._mark, THICKNESS)
        painter.end()

    def _painted(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        face = QPixmap(self.size() * ratio)
        face.setDevicePixelRatio(ratio)
        face.fill(self._theme.color("panel"))
        if self._over.picture_size is not None:
            painter = QPainter(face)
            painter.setFont(self.font())
            self._paint_scale(painter)
            painter.end()
        return face

    def _paint_scale(self, painter: QPainter) -> None:
        step, start, stop = self._span()
        painter.setPen(QPen(self._theme.color("faint"), 1))
        for n in steps_between(start, stop, step / _PARTS):
            length = _LONG if n % _PARTS == 0 else _SHORT
            self._stroke(painter, self._place(n * step / _PARTS), length)
        painter.setPen(self._theme.color("muted"))
        for place, text in self.numbers():
            if self._across:
                painter.drawText(QRectF(place + 3, 0, _BETWEEN_NUMBERS, 13), Qt.AlignmentFlag.AlignVCenter, text)
            else:
                painter.save()
                painter.translate(0, place - 3)
                painter.rotate(-90)
                painter.drawText(QRectF(0, 0, _BETWEEN_NUMBERS, 13), Qt.AlignmentFlag.AlignVCenter, text)
                painter.restore()

    def _stroke(self, painter: QPainter, place: float, length: int) -> None:
        at = round(place)
        if self._across:
            painter.drawLine(at, THICKNESS - length, at, THICKNESS)
        else:
            painter.drawLine(THICKNESS - length, at, THICKNESS, at)

    def _span(self) -> tuple[float, float, float]:
        """Units from number to number, and where the ruler begins and ends."""
        start = self._over.to_image(QPointF(0, 0))
        stop = self._over.to_image(QPointF(self.width(), self.height()))
        axis = 0 if self._across else 1
        step = round_step(_BETWEEN_NUMBERS * self._over.devicePixelRatioF() / (self._over.view.scale * self.unit))
        return step, start[axis] / self.unit, stop[axis] / self.unit

    def _place(self, value: float) -> float:
        place = self._over.to_widget(value * self.unit, value * self.unit)
        return place.x() if self._across else place.y()

    def _on_pointer(self, point: tuple[float, float] | None) -> None:
        if not self.isVisible():
            self._mark = None
            return
        place = None if point is None else self._over.to_widget(*point)
        before, self._mark = self._mark, None if place is None else place.x() if self._across else place.y()
        for at in (before, self._mark):
            if at is not None:
                near = round(at) - 2
                self.update(near, 0, 5, THICKNESS) if self._across else self.update(0, near, THICKNESS, 5)
