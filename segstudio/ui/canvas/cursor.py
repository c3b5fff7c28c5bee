"""The brush's ring: a light line in a dark one, so that it reads on any image."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPen

_SMALLEST = 2.5
"""Logical pixels of radius below which a ring can't be seen; a small cross is drawn then."""


def ring_bounds(center: QPointF, radius: float) -> QRect:
    """What to repaint for a ring, in logical pixels."""
    reach = math.ceil(max(radius, 6.0)) + 3
    return QRect(math.floor(center.x()) - reach, math.floor(center.y()) - reach, 2 * reach + 2, 2 * reach + 2)


def paint_ring(painter: QPainter, center: QPointF, radius: float, erasing: bool) -> None:
    """Draw the ring of a brush of ``radius`` logical pixels; dashed for the eraser."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if radius < _SMALLEST:
        for width, color in ((3.0, QColor(0, 0, 0, 150)), (1.0, QColor(255, 255, 255, 230))):
            painter.setPen(QPen(color, width))
            painter.drawLine(center - QPointF(5, 0), center - QPointF(2, 0))
            painter.drawLine(center + QPointF(2, 0), center + QPointF(5, 0))
            painter.drawLine(center - QPointF(0, 5), center - QPointF(0, 2))
            painter.drawLine(center + QPointF(0, 2), center + QPointF(0, 5))
        return
    painter.setPen(QPen(QColor(0, 0, 0, 150), 2.6))
    painter.drawEllipse(center, radius, radius)
    pen = QPen(QColor(255, 255, 255, 230), 1.2)
    if erasing:
        pen.setDashPattern([4.0, 3.0])
    painter.setPen(pen)
    painter.drawEllipse(center, radius, radius)
