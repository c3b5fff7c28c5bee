"""Lines and handles of what a tool shows and has not put into the mask, the same width at any zoom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter, QPen, QPolygonF

from segstudio.app.tools import Line, Preview
from segstudio.ui.canvas.cursor import DARK, LIGHT

_HANDLE = 3.5
_HELD = 5.5
_MARGIN = 8
_CAPTION_AT = QPointF(18, 26)
_CAPTION_PAD = 5.0
_CAPTION_BACK = QColor(20, 20, 20, 215)

ToWidget = Callable[[float, float], QPointF]


@dataclass(frozen=True, eq=False)
class PreviewDrawing:
    """A preview in logical pixels of the canvas, for one view."""

    lines: tuple[tuple[Line, QPolygonF], ...]
    handles: tuple[QPointF, ...]
    held: int | None
    caption: str
    caption_at: QPointF
    bounds: QRect

    @classmethod
    def of(cls, preview: Preview, to_widget: ToWidget, pointer: QPointF | None) -> PreviewDrawing | None:
        """The drawing of ``preview``; None where there is nothing to draw but a patch."""
        caption = preview.caption if pointer is not None else ""
        if not (preview.lines or preview.handles or caption):
            return None
        lines = tuple((line, QPolygonF([to_widget(*point) for point in line.points])) for line in preview.lines)
        handles = tuple(to_widget(*point) for point in preview.handles)
        at = (pointer or QPointF()) + _CAPTION_AT
        box = QRectF()
        for _, polygon in lines:
            box = box.united(polygon.boundingRect().adjusted(0, 0, 1, 1))
        for handle in handles:
            box = box.united(QRectF(handle, handle).adjusted(-1, -1, 1, 1))
        if caption:
            box = box.united(_caption_box(caption, at))
        bounds = box.toAlignedRect().adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)
        return cls(lines, handles, preview.held, caption, at, bounds)

    def paint(self, painter: QPainter) -> None:
        """Draw it: dark under light, so that it reads on any image."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for line, polygon in self.lines:
            for pen in _pens(line.dashed):
                painter.setPen(pen)
                if line.closed:
                    painter.drawPolygon(polygon)
                else:
                    painter.drawPolyline(polygon)
        for index, handle in enumerate(self.handles):
            radius = _HELD if index == self.held else _HANDLE
            painter.setPen(QPen(QColor(0, 0, 0, 200), 1.4))
            painter.setBrush(LIGHT)
            painter.drawEllipse(handle, radius, radius)
        if self.caption:
            box = _caption_box(self.caption, self.caption_at)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_CAPTION_BACK)
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(LIGHT)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.caption)


def _pens(dashed: bool) -> Sequence[QPen]:
    under, over = QPen(DARK, 2.8), QPen(LIGHT, 1.3)
    if dashed:
        over.setDashPattern([4.0, 3.0])
    for pen in (under, over):
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return under, over


def _caption_box(caption: str, at: QPointF) -> QRectF:
    size = QFontMetricsF(QGuiApplication.font()).size(Qt.TextFlag.TextSingleLine, caption)
    return QRectF(at.x(), at.y(), size.width() + 2 * _CAPTION_PAD, size.height() + 2 * _CAPTION_PAD - 4)
