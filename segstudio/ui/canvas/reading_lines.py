"""The outlines of two readings over the image, told apart by colour and by pattern."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from segstudio.app.adjudication import Dispute

FIRST, SECOND = QColor(240, 228, 66), QColor(243, 145, 210)
"""Yellow of Okabe & Ito (2008), and their reddish purple, lighter: as light as each other, and not the mask's blue."""

DASHES = (5.0, 2.5)
_UNDER = QColor(0, 0, 0, 190)
_WIDTH, _UNDER_WIDTH = 2.0, 3.6

ToWidget = Callable[[float, float], QPointF]


def pens(first: bool) -> tuple[QPen, QPen]:
    """A dark line, and over it that of the first reading, or that of the second, which is dashed."""
    under, over = QPen(_UNDER, _UNDER_WIDTH), QPen(FIRST if first else SECOND, _WIDTH)
    if not first:
        over.setDashPattern(list(DASHES))
    for pen in (under, over):
        pen.setCosmetic(True)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return under, over


class ReadingLines:
    """Keeps the paths of the last pair, so that only painting is left when the view moves."""

    def __init__(self) -> None:
        self._dispute: Dispute | None = None
        self._paths = QPainterPath(), QPainterPath()

    def paint(self, painter: QPainter, dispute: Dispute, to_widget: ToWidget) -> None:
        """Draw both, as wide at any zoom."""
        if dispute is not self._dispute:
            self._dispute = dispute
            self._paths = _path(dispute.first_lines), _path(dispute.second_lines)
        corner, step = to_widget(0, 0), to_widget(1, 1)
        scale = step.x() - corner.x()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setTransform(QTransform(scale, 0, 0, scale, corner.x(), corner.y()), True)
        for first, path in zip((True, False), self._paths, strict=True):
            for pen in pens(first):
                painter.setPen(pen)
                painter.drawPath(path)
        painter.restore()


def _path(lines: Sequence[NDArray[np.float64]]) -> QPainterPath:
    path = QPainterPath()
    for line in lines:
        polygon = QPolygonF([QPointF(x, y) for x, y in line.tolist()])
        path.addPolygon(polygon)
        path.closeSubpath()
    return path
