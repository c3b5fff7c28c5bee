"""Icons of tools that the icon family lacks, drawn in its manner: round lines of two on a field of 32."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

_FIELD = 32.0
_LINE = 2.0
_SIDES = (16, 18, 20, 24, 32, 36, 40, 48, 64)


def drawn_icon(name: str, color: str, disabled: str) -> QIcon:
    """The icon ``name`` of ``DRAWN`` in two colours. ``KeyError`` for any other."""
    draw = DRAWN[name]
    made = QIcon()
    for mode, shade in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, disabled)):
        for side in _SIDES:
            made.addPixmap(_pixmap(draw, side, shade), mode)
    return made


def _pixmap(draw: Callable[[QPainter], None], side: int, color: str) -> QPixmap:
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(side / _FIELD, side / _FIELD)
    pen = QPen(QColor(color), _LINE)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    draw(painter)
    painter.end()
    return pixmap


def _ellipse(painter: QPainter) -> None:
    painter.drawEllipse(QRectF(4, 8, 24, 16))


def _lasso(painter: QPainter) -> None:
    painter.drawEllipse(QRectF(4, 5, 24, 15))
    tail = QPainterPath(QPointF(9, 19))
    tail.cubicTo(QPointF(6, 21), QPointF(7, 25), QPointF(10, 24))
    tail.cubicTo(QPointF(12, 23), QPointF(11, 20), QPointF(8.5, 21.5))
    tail.moveTo(QPointF(10, 24))
    tail.cubicTo(QPointF(11, 26), QPointF(10.5, 28), QPointF(9, 29))
    painter.drawPath(tail)


def _snap(painter: QPainter) -> None:
    """A round brush of which only one side of an edge is full."""
    ring = QRectF(5, 5, 22, 22)
    painter.drawEllipse(ring)
    side = QPainterPath()
    side.moveTo(QPointF(17, 5))
    side.cubicTo(QPointF(11, 11), QPointF(22, 17), QPointF(14, 27))
    side.arcTo(ring, -100, 185)
    side.closeSubpath()
    painter.fillPath(side, painter.pen().color())


def _nudge(painter: QPainter) -> None:
    """A border that bulges before an arrow."""
    border = QPainterPath(QPointF(14, 4))
    border.cubicTo(QPointF(14, 10), QPointF(24, 9), QPointF(24, 16))
    border.cubicTo(QPointF(24, 23), QPointF(14, 22), QPointF(14, 28))
    painter.drawPath(border)
    painter.drawLine(QPointF(4, 16), QPointF(18, 16))
    painter.drawPolyline(QPolygonF([QPointF(14, 12), QPointF(18, 16), QPointF(14, 20)]))


def _border_point(painter: QPainter) -> None:
    """A border that comes to a point, dashed where it was."""
    border = QPainterPath(QPointF(9, 4))
    border.cubicTo(QPointF(10, 11), QPointF(22, 9), QPointF(22, 16))
    border.cubicTo(QPointF(22, 23), QPointF(10, 21), QPointF(9, 28))
    painter.drawPath(border)
    for top in (7.0, 14.5, 22.0):
        painter.drawLine(QPointF(9, top), QPointF(9, top + 3))
    painter.setBrush(painter.pen().color())
    painter.drawEllipse(QPointF(22, 16), 3.2, 3.2)


def _grabcut(painter: QPainter) -> None:
    """Corners of a box round a blob."""
    for turn in range(4):
        painter.save()
        painter.translate(16, 16)
        painter.rotate(90 * turn)
        painter.drawPolyline(QPolygonF([QPointF(-11, -5), QPointF(-11, -11), QPointF(-5, -11)]))
        painter.restore()
    blob = QPainterPath(QPointF(11, 16))
    blob.cubicTo(QPointF(10, 10), QPointF(18, 9), QPointF(20, 12))
    blob.cubicTo(QPointF(23, 16), QPointF(21, 22), QPointF(16, 21))
    blob.cubicTo(QPointF(12, 21), QPointF(11.5, 19), QPointF(11, 16))
    painter.fillPath(blob, painter.pen().color())


def _superpixels(painter: QPainter) -> None:
    """Three cells that touch, one of them taken."""
    reach = 6.6
    step = reach * math.sqrt(3) / 2
    for middle, full in (
        (QPointF(16 - step, 11), False),
        (QPointF(16 + step, 11), True),
        (QPointF(16, 11 + 1.5 * reach), False),
    ):
        turns = [math.radians(60 * corner + 30) for corner in range(6)]
        cell = QPolygonF([middle + QPointF(reach * math.cos(turn), reach * math.sin(turn)) for turn in turns])
        painter.setBrush(painter.pen().color() if full else Qt.BrushStyle.NoBrush)
        painter.drawPolygon(cell)


def _click(painter: QPainter) -> None:
    """A pointer below a plus."""
    painter.drawPolygon(
        QPolygonF([QPointF(6, 9), QPointF(24, 16), QPointF(16.5, 18.5), QPointF(14, 26)]),
    )
    painter.drawLine(QPointF(19, 8), QPointF(28, 8))
    painter.drawLine(QPointF(23.5, 3.5), QPointF(23.5, 12.5))


DRAWN: dict[str, Callable[[QPainter], None]] = {
    "ellipse": _ellipse,
    "lasso": _lasso,
    "snap": _snap,
    "nudge": _nudge,
    "border-point": _border_point,
    "grabcut": _grabcut,
    "superpixels": _superpixels,
    "click": _click,
}
"""What draws each, on a field of 32 by 32."""
