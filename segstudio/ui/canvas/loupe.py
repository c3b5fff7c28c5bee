"""A round magnifier beside the pointer: the pixels under it as squares, with their mask."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

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
        magnified = shown / scale * ratio
        seen = self._seen(view, point, ratio, ground, mask, mark and replace(mark, radius=mark.radius * magnified))
        painter.drawImage(corner - QPointF(_MARGIN, _MARGIN), seen)

    def _seen(
        self, view: View, point: tuple[float, float], ratio: float, ground: QColor, mask: bool, mark: Mark | None
    ) -> QImage:
        """What is under the glass, cut out, in its rim."""
        side, margin = round(2 * RADIUS * ratio), round(_MARGIN * ratio)
        disk, rim = _glass(ratio)
        seen = QImage(disk.size(), QImage.Format.Format_ARGB32_Premultiplied)
        seen.fill(ground)
        painter = QPainter(seen)
        painter.translate(margin, margin)
        self.renderer.paint(painter, view, Rect(0, 0, side, side), Surface(side, side, ratio), mask)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_pixel(painter, view, point, mark)
        painter.resetTransform()
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        painter.drawImage(0, 0, disk)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.drawImage(0, 0, rim)
        painter.end()
        seen.setDevicePixelRatio(ratio)
        return seen

    @staticmethod
    def _paint_pixel(painter: QPainter, view: View, point: tuple[float, float], mark: Mark | None) -> None:
        x, y = view.to_screen(math.floor(point[0]), math.floor(point[1]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, out in ((DARK, 1.0), (LIGHT, 0.0)):
            painter.setPen(QPen(color, 1.0))
            painter.drawRect(QRectF(x - out, y - out, view.scale + 2 * out, view.scale + 2 * out))
        if mark is not None:
            replace(mark, center=QPointF(*view.to_screen(*point))).paint(painter)


@cache
def _glass(ratio: float) -> tuple[QImage, QImage]:
    """A disk and the rim round it, in device pixels: smooth circles take Qt longer than all that is seen in them."""
    side = round(2 * (RADIUS + _MARGIN) * ratio)
    circle = QRectF(0, 0, side, side).adjusted(*(sign * _MARGIN * ratio for sign in (1, 1, -1, -1)))
    images = []
    for fill, pens in ((QColor("black"), ()), (None, ((DARK, 4.0), (LIGHT, 1.6)))):
        image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if fill is not None:
            painter.setBrush(fill)
            painter.drawEllipse(circle)
        for color, width in pens:
            painter.setPen(QPen(color, width * ratio))
            painter.drawEllipse(circle)
        painter.end()
        images.append(image)
    return images[0], images[1]
