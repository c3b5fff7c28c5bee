"""A round magnifier beside the pointer: the pixels under it as squares, with their mask."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from segstudio.domain.geometry import Rect
from segstudio.ui.canvas.cursor import DARK, LIGHT, Mark
from segstudio.ui.canvas.renderer import Renderer, Surface
from segstudio.ui.canvas.view import CRISP_FROM, View

MAGNIFIED = 4.0
RADIUS = 84
"""Logical pixels."""

_DISTANCE = 30
"""Logical pixels from the pointer to the glass, so that it never covers what is worked on."""

_MARGIN = 4


class Loupe:
    """What one renderer of its own draws round one point of the image."""

    def __init__(self, renderer: Renderer) -> None:
        self.renderer = renderer

    @staticmethod
    def scale(scale: float) -> float:
        """Device pixels an image pixel under the glass: 4 times the view's, and enough for squares."""
        return max(CRISP_FROM, MAGNIFIED * scale)

    @staticmethod
    def place(pointer: QPointF, area: QRect) -> QPointF:
        """The middle of the glass for a pointer in ``area``: up and right of it, or where there is room."""
        away = (RADIUS + _DISTANCE) * math.sqrt(0.5)
        least = RADIUS + _MARGIN
        right, below = (max(least, place + away) for place in (pointer.x(), pointer.y()))
        x = right if right + least < area.right() else pointer.x() - away
        y = pointer.y() - away if pointer.y() - away - least > area.top() else below
        return QPointF(x, y)

    @staticmethod
    def bounds(middle: QPointF) -> QRect:
        """What to repaint for a glass at ``middle``."""
        reach = RADIUS + _MARGIN
        return QRectF(middle.x() - reach, middle.y() - reach, 2 * reach, 2 * reach).toAlignedRect()

    def paint(
        self,
        painter: QPainter,
        middle: QPointF,
        point: tuple[float, float],
        scale: float,
        ground: QColor,
        mask: bool,
        mark: Mark | None,
    ) -> None:
        """Draw it with the image point ``point`` in its middle; ``scale`` and ``mark`` are the view's."""
        ratio = painter.device().devicePixelRatioF()
        shown = self.scale(scale)
        side = round(2 * RADIUS * ratio)
        corner = QPointF(round((middle.x() - RADIUS) * ratio) / ratio, round((middle.y() - RADIUS) * ratio) / ratio)
        view = View(shown, side / 2 - point[0] * shown, side / 2 - point[1] * shown).snapped()
        glass = QPainterPath()
        glass.addEllipse(QRectF(corner.x(), corner.y(), 2 * RADIUS, 2 * RADIUS))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipPath(glass, Qt.ClipOperation.IntersectClip)
        painter.fillPath(glass, ground)
        painter.translate(corner)
        painter.scale(1 / ratio, 1 / ratio)
        self.renderer.paint(painter, view, Rect(0, 0, side, side), Surface(side, side, ratio), mask)
        magnified = shown / scale * ratio
        self._paint_pixel(painter, view, point, None if mark is None else replace(mark, radius=mark.radius * magnified))
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((DARK, 4.0), (LIGHT, 1.6)):
            painter.setPen(QPen(color, width))
            painter.drawPath(glass)

    @staticmethod
    def _paint_pixel(painter: QPainter, view: View, point: tuple[float, float], mark: Mark | None) -> None:
        x, y = view.to_screen(math.floor(point[0]), math.floor(point[1]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, out in ((DARK, 1.0), (LIGHT, 0.0)):
            painter.setPen(QPen(color, 1.0))
            painter.drawRect(QRectF(x - out, y - out, view.scale + 2 * out, view.scale + 2 * out))
        if mark is not None:
            replace(mark, center=QPointF(*view.to_screen(*point))).paint(painter)
