"""The brush's mark at the pointer: a light line in a dark one, so that it reads on any image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

DARK = QColor(0, 0, 0, 150)
LIGHT = QColor(255, 255, 255, 230)
"""The two lines of whatever is drawn over an image."""

_SMALLEST = 2.5
"""Logical pixels of radius below which a ring can't be seen; a small cross is drawn then."""

_LARGEST_KEPT = 600.0
"""Logical pixels of radius up to which a mark's picture is kept; it takes 6 MB at a ratio of 1."""


@dataclass(frozen=True)
class Mark:
    """Where the brush is, in logical pixels; dashed for an eraser."""

    center: QPointF
    radius: float
    erasing: bool
    square: bool = False

    @property
    def bounds(self) -> QRect:
        """What to repaint for it."""
        reach = math.ceil(max(self.radius, 6.0)) + 3
        x, y = math.floor(self.center.x()), math.floor(self.center.y())
        return QRect(x - reach, y - reach, 2 * reach + 2, 2 * reach + 2)

    def paint(self, painter: QPainter) -> None:
        """Draw it."""
        if self.radius < _SMALLEST:
            paint_cross(painter, self.center, 5.0)
        elif self.radius > _LARGEST_KEPT:
            _draw(painter, self.center, self.radius, self.erasing, self.square)
        else:
            ratio, reach = painter.device().devicePixelRatioF(), _reach(self.radius)
            # On a whole device pixel, so that the picture is copied and not drawn anew.
            x, y = (round((at - reach) * ratio) / ratio for at in (self.center.x(), self.center.y()))
            painter.drawImage(QPointF(x, y), _picture(self.radius, self.erasing, self.square, ratio))


def _reach(radius: float) -> int:
    return math.ceil(radius) + 3


@lru_cache(maxsize=4)
def _picture(radius: float, erasing: bool, square: bool, ratio: float) -> QImage:
    """The mark by itself: drawing its smooth line takes longer than all else that a stroke's move paints."""
    side = math.ceil(2 * _reach(radius) * ratio)
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(0)
    painter = QPainter(image)
    _draw(painter, QPointF(1, 1) * _reach(radius), radius, erasing, square)
    painter.end()
    return image


def _draw(painter: QPainter, center: QPointF, radius: float, erasing: bool, square: bool) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    line = QPen(LIGHT, 1.2)
    if erasing:
        line.setDashPattern([4.0, 3.0])
    corner = QPointF(radius, radius)
    for pen in (QPen(DARK, 2.6), line):
        painter.setPen(pen)
        if square:
            painter.drawRect(QRectF(center - corner, center + corner))
        else:
            painter.drawEllipse(center, radius, radius)


def paint_cross(painter: QPainter, center: QPointF, reach: float) -> None:
    """Draw a cross that leaves its very middle free."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for color, width in ((DARK, 3.0), (LIGHT, 1.4)):
        painter.setPen(QPen(color, width))
        for near, far in ((QPointF(2, 0), QPointF(reach, 0)), (QPointF(0, 2), QPointF(0, reach))):
            painter.drawLine(center - far, center - near)
            painter.drawLine(center + near, center + far)
