"""The grid over the image: round distances, and single pixels where they are large enough to be told apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PySide6.QtCore import QLineF, QPoint, QRect
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from segstudio.ui.canvas.colors import premultiplied
from segstudio.ui.canvas.ticks import round_step, steps_between
from segstudio.ui.canvas.view import View

PIXELS_FROM = 8.0
"""Scale from which on single pixels are parted by lines."""

GRID_DISTANCE = 72.0
"""Logical pixels that lines of the grid are apart at least."""

_PIXELS = QColor(128, 128, 128, 96)
_DARK, _LIGHT = QColor(0, 0, 0, 90), QColor(255, 255, 255, 110)


def grid_step(scale: float, ratio: float, unit: float) -> float:
    """How many units of ``unit`` image pixels lie between two lines of the grid."""
    return round_step(GRID_DISTANCE * ratio / (scale * unit))


def paint_lines(
    painter: QPainter, view: View, ratio: float, part: QRect, size: tuple[int, int], unit: float | None
) -> None:
    """Draw what there is to draw within ``part``, in logical pixels, of an image of ``size`` (width, height).

    ``unit`` is how many image pixels the grid's unit spans; None for no grid.
    """
    if view.scale < PIXELS_FROM and unit is None:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.scale(1 / ratio, 1 / ratio)
    device = (part.left() * ratio, part.top() * ratio, (part.right() + 1) * ratio, (part.bottom() + 1) * ratio)
    if view.scale >= PIXELS_FROM:
        _paint_pixels(painter, _lines(view, device, size, 1.0, 0.0))
    if unit is not None:
        step = grid_step(view.scale, ratio, unit) * unit
        for color, beside in ((_DARK, 1.0), (_LIGHT, 0.0)):
            painter.setPen(QPen(color, 0))
            painter.drawLines(_lines(view, device, size, step, beside))
    painter.restore()


def _paint_pixels(painter: QPainter, lines: list[QLineF]) -> None:
    # Hundreds of lines that let something through take Qt ten times as long as pictures of them. All that stand come
    # as one picture, as high as an image pixel and with one that lies at its foot, that is drawn again and again: a
    # picture of the whole screen takes longer to make than all else that is painted.
    if not lines:
        return
    left, top = round(min(line.x1() for line in lines)), round(min(line.y1() for line in lines))
    right, bottom = round(max(line.x2() for line in lines)), round(max(line.y2() for line in lines))
    color = premultiplied((_PIXELS.red(), _PIXELS.green(), _PIXELS.blue()), _PIXELS.alpha())
    down = sorted(round(line.y1()) for line in lines if line.dx() != 0)
    edges = [top - 1, *down, bottom + 1]
    width, height = right - left + 1, max(1, *(after - before - 1 for before, after in pairwise(edges)))
    picture = np.zeros((height + 1, width), np.uint32)
    picture[:, [round(line.x1()) - left for line in lines if line.dx() == 0]] = color
    picture[-1] = color
    layout = QImage.Format.Format_ARGB32_Premultiplied
    image = QImage(picture.data, width, height + 1, 4 * width, layout)
    for before, after in pairwise(edges[:-1]):
        gap = after - before - 1
        painter.drawImage(QPoint(left, before + 1), image, QRect(0, height - gap, width, gap + 1))
    below = bottom - edges[-2]
    # A height of none would mean all of the picture.
    if below > 0:
        painter.drawImage(QPoint(left, edges[-2] + 1), image, QRect(0, 0, width, below))


def _lines(
    view: View, part: tuple[float, float, float, float], size: tuple[int, int], step: float, beside: float
) -> list[QLineF]:
    left, top = view.to_image(part[0], part[1])
    right, bottom = view.to_image(part[2], part[3])
    left, top, right, bottom = max(0.0, left), max(0.0, top), min(size[0], right), min(size[1], bottom)
    if right <= left or bottom <= top:
        return []
    x0, y0 = view.to_screen(left, top)
    x1, y1 = view.to_screen(right, bottom)
    across = [round(view.to_screen(n * step, 0)[0]) + beside for n in steps_between(left, right, step)]
    down = [round(view.to_screen(0, n * step)[1]) + beside for n in steps_between(top, bottom, step)]
    # One device pixel short: the end of a line is drawn too.
    return [QLineF(x, y0, x, y1 - 1) for x in across] + [QLineF(x0, y, x1 - 1, y) for y in down]
