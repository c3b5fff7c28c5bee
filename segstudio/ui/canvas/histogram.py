"""How often each brightness occurs in an image, with handles for what is drawn black and white."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from segstudio.ui.theme import Theme

BINS = 128
_SAMPLES = 200_000
_HEIGHT = 72
_HANDLE = 5.0
_FOOT = 8
_CURVE_POINTS = 65


def histogram(values: NDArray[Any], low: float, high: float) -> NDArray[np.float64]:
    """Heights, 0 to 1, of ``BINS`` bins between two values, of (h, w) or (h, w, 3) pixels; thinned out first.

    Heights are square roots of counts, so that a dark frame does not flatten all the rest.
    """
    step = max(1, round((values.shape[0] * values.shape[1] / _SAMPLES) ** 0.5))
    sample = values[::step, ::step].astype(np.float32)
    grey = sample if sample.ndim == 2 else sample.mean(axis=2)
    counts, _ = np.histogram(grey, BINS, (low, high))
    heights = np.sqrt(counts.astype(np.float64))
    return heights / max(1.0, float(heights.max()))


class Histogram(QWidget):
    """``moved`` says which handle was dragged, "black" or "white", and to which value."""

    moved = Signal(str, float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._heights: NDArray[np.float64] = np.zeros(BINS)
        self._low, self._high = 0.0, 255.0
        self._black, self._white, self._gamma = 0.0, 255.0, 1.0
        self._held = ""
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName("How often each brightness occurs; what is drawn black and white")
        self.setToolTip("Drag what is drawn black, and what white")
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        theme.changed.connect(self.update)

    def show_heights(self, heights: NDArray[np.float64], low: float, high: float) -> None:
        """Another image: heights of bins between two values."""
        self._heights, self._low, self._high = heights, low, high
        self.update()

    def show_handles(self, black: float, white: float, gamma: float) -> None:
        """What is drawn black and white, and how the line between them is bent."""
        self._black, self._white, self._gamma = black, white, gamma
        self.update()

    def place(self, value: float) -> float:
        """Where a value stands, in logical pixels from the left."""
        room = self.width() - 2 * _HANDLE
        return _HANDLE + room * (value - self._low) / (self._high - self._low)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A filled curve on a dark field, two handles at its foot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        foot = self.height() - _FOOT
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.setBrush(self._theme.color("field"))
        painter.drawRect(QRectF(_HANDLE - 0.5, 0.5, self.width() - 2 * _HANDLE + 1, foot))
        curve = [QPointF(self.place(self._low), foot)]
        for number, height in enumerate(self._heights):
            middle = self._low + (number + 0.5) / BINS * (self._high - self._low)
            curve.append(QPointF(self.place(middle), foot - height * (foot - 6)))
        curve.append(QPointF(self.place(self._high), foot))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("faint"))
        painter.drawPolygon(QPolygonF(curve))
        painter.setPen(QPen(self._theme.color("accent"), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(self._tone_curve(foot))
        for value, fill in ((self._black, "canvas"), (self._white, "raised")):
            x = self.place(value)
            painter.setPen(QPen(self._theme.color("text"), 1))
            painter.setBrush(self._theme.color(fill))
            corners = (
                QPointF(x, foot),
                QPointF(x - _HANDLE + 0.5, foot + _FOOT - 1),
                QPointF(x + _HANDLE - 0.5, foot + _FOOT - 1),
            )
            painter.drawPolygon(QPolygonF(corners))
        painter.end()

    def _tone_curve(self, foot: float) -> QPolygonF:
        """How bright each value is drawn."""
        black, white = self.place(self._black), self.place(self._white)
        shares = np.linspace(0.0, 1.0, _CURVE_POINTS)
        heights = (foot - 1) * shares ** (1.0 / self._gamma)
        return QPolygonF([QPointF(black + (white - black) * x, foot - y) for x, y in zip(shares, heights, strict=True)])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the nearer handle."""
        x = event.position().x()
        black, white = abs(x - self.place(self._black)), abs(x - self.place(self._white))
        self._held = "black" if black < white or (black == white and x < self.place(self._black)) else "white"
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it."""
        if self._held:
            share = (event.position().x() - _HANDLE) / max(1.0, self.width() - 2 * _HANDLE)
            self.moved.emit(self._held, self._low + min(1.0, max(0.0, share)) * (self._high - self._low))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._held = ""
