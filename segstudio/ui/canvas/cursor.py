"""The brush's mark at the pointer: a light line in a dark one, so that it reads on any image."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

DARK = QColor(0, 0, 0, 150)
LIGHT = QColor(255, 255, 255, 230)
"""The two lines of whatever is drawn over an image."""

_SMALLEST = 2.5
"""Logical pixels of radius below which a ring can't be seen; a small cross is drawn then."""


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
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.radius < _SMALLEST:
            paint_cross(painter, self.center, 5.0)
            return
        painter.setPen(QPen(DARK, 2.6))
        self._shape(painter)
        pen = QPen(LIGHT, 1.2)
        if self.erasing:
            pen.setDashPattern([4.0, 3.0])
        painter.setPen(pen)
        self._shape(painter)

    def _shape(self, painter: QPainter) -> None:
        if self.square:
            corner = QPointF(self.radius, self.radius)
            painter.drawRect(QRectF(self.center - corner, self.center + corner))
        else:
            painter.drawEllipse(self.center, self.radius, self.radius)


def paint_cross(painter: QPainter, center: QPointF, reach: float) -> None:
    """Draw a cross that leaves its very middle free."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for color, width in ((DARK, 3.0), (LIGHT, 1.4)):
        painter.setPen(QPen(color, width))
        for near, far in ((QPointF(2, 0), QPointF(reach, 0)), (QPointF(0, 2), QPointF(0, reach))):
            painter.drawLine(center - far, center - near)
            painter.drawLine(center + near, center + far)
