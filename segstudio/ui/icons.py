"""Icons of one family (Phosphor) at one size, the state glyphs, and the program's own icon."""

from __future__ import annotations

import math

import qtawesome
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from segstudio.domain.review import Standing
from segstudio.ui.drawn_icons import DRAWN, drawn_icon
from segstudio.ui.theme import Tokens


def icon(name: str, tokens: Tokens, color: str = "") -> QIcon:
    """The Phosphor icon ``name``, or ours in its manner, in the text's colour unless another is given."""
    if name in DRAWN:
        return drawn_icon(name, color or tokens.text, tokens.faint)
    made: QIcon = qtawesome.icon(
        f"ph.{name}", color=color or tokens.text, color_disabled=tokens.faint, color_on=color or tokens.text
    )
    return made


def paint_state(painter: QPainter, rect: QRectF, state: Standing, tokens: Tokens) -> None:
    """A glyph told by its shape as well as by its colour: ring, half disc, disc, tick, flag, two ticks, cross."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    side = min(rect.width(), rect.height())
    box = QRectF(0, 0, side - 3, side - 3)
    box.moveCenter(rect.center())
    match state:
        case Standing.APPROVED:
            _stroke(painter, tokens.good, _tick(box))
        case Standing.ADJUDICATED:
            _stroke(painter, tokens.good, _tick(box.adjusted(-1.5, -2, -2, -2)), _tick(box.adjusted(2, 2, 1.5, 2)))
        case Standing.REJECTED:
            inner = box.adjusted(1, 1, -1, -1)
            cross = QPainterPath(inner.topLeft())
            cross.lineTo(inner.bottomRight())
            cross.moveTo(inner.topRight())
            cross.lineTo(inner.bottomLeft())
            _stroke(painter, tokens.bad, cross)
        case Standing.NEEDS_SECOND:
            _flag(painter, box, QColor(tokens.accent))
        case _:
            _disc(painter, box, state, tokens)
    painter.restore()


def _tick(box: QRectF) -> QPainterPath:
    tick = QPainterPath(QPointF(box.left(), box.center().y() + box.height() * 0.08))
    tick.lineTo(box.left() + box.width() * 0.36, box.bottom() - box.height() * 0.12)
    tick.lineTo(box.right(), box.top() + box.height() * 0.14)
    return tick


def _stroke(painter: QPainter, color: str, *paths: QPainterPath) -> None:
    pen = QPen(QColor(color), 2.0)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    for path in paths:
        painter.drawPath(path)


def _flag(painter: QPainter, box: QRectF, color: QColor) -> None:
    left = box.left() + 2
    painter.setPen(QPen(color, 1.6))
    painter.drawLine(QPointF(left, box.top()), QPointF(left, box.bottom()))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    flag = QPainterPath(QPointF(left, box.top()))
    flag.lineTo(box.right(), box.top() + box.height() * 0.3)
    flag.lineTo(left, box.top() + box.height() * 0.6)
    painter.drawPath(flag)


def _disc(painter: QPainter, box: QRectF, state: Standing, tokens: Tokens) -> None:
    names = {Standing.PREDICTED: tokens.predicted, Standing.IN_PROGRESS: tokens.warn}
    color = QColor(names.get(state, tokens.faint))
    painter.setPen(QPen(color, 1.5))
    painter.setBrush(color if state is Standing.IN_PROGRESS else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(box)
    if state is Standing.PREDICTED:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPie(box, 90 * 16, 180 * 16)


def paint_problem(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
    """The glyph of an image that can't be shown: a triangle with a stroke in it."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(QColor(tokens.bad), 1.5)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    box = rect.adjusted(1.5, 2, -1.5, -2)
    outline = QPainterPath(QPointF(box.center().x(), box.top()))
    outline.lineTo(box.right(), box.bottom())
    outline.lineTo(box.left(), box.bottom())
    outline.closeSubpath()
    painter.drawPath(outline)
    middle = box.center().x()
    painter.drawLine(
        QPointF(middle, box.top() + box.height() * 0.42), QPointF(middle, box.bottom() - box.height() * 0.3)
    )
    painter.restore()


def app_icon() -> QIcon:
    """A lesion half outlined: what the program is about, drawn rather than loaded."""
    made = QIcon()
    for side in (16, 24, 32, 48, 64, 128, 256):
        made.addPixmap(_app_pixmap(side))
    return made


def _app_pixmap(side: int) -> QPixmap:
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(side / 64, side / 64)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#1b2430"))
    painter.drawRoundedRect(QRectF(2, 2, 60, 60), 14, 14)
    blob = QPainterPath()
    for step in range(121):
        turn = step / 120 * 2 * math.pi
        reach = 17 + 2.6 * math.sin(3 * turn + 0.6) + 1.6 * math.sin(5 * turn)
        point = QPointF(32 + reach * math.cos(turn), 32 + reach * math.sin(turn))
        if step == 0:
            blob.moveTo(point)
        else:
            blob.lineTo(point)
    painter.setBrush(QColor(86, 180, 233, 110))
    painter.setPen(QPen(QColor("#8ed0f5"), 4))
    painter.drawPath(blob)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#f2f4f6"))
    painter.drawEllipse(QPointF(47, 20), 6, 6)
    painter.end()
    return pixmap
