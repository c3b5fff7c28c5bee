"""What a round brush covers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect

Point = tuple[float, float]
"""(x, y) in image pixels; the centre of the pixel in column 3, row 5 is (3.5, 5.5)."""


def stroke_segment(start: Point, end: Point, radius: float, height: int, width: int) -> tuple[Rect, NDArray[np.bool_]]:
    """The pixels that a disk of ``radius`` px covers on its way from ``start`` to ``end``.

    A pixel is covered if its centre is at most ``radius`` from the way, or if ``end`` lies in it, so that the
    smallest brush still paints what is under the cursor. Returns the rectangle inside an image of ``height`` x
    ``width`` px and a bool array of its shape; both are empty outside the image.
    """
    (x0, y0), (x1, y1) = start, end
    rect = Rect(
        math.floor(min(x0, x1) - radius),
        math.floor(min(y0, y1) - radius),
        math.floor(max(x0, x1) + radius) + 1,
        math.floor(max(y0, y1) + radius) + 1,
    ).clip(height, width)
    if rect.is_empty:
        return Rect(0, 0, 0, 0), np.zeros((0, 0), np.bool_)
    xs = np.arange(rect.x0, rect.x1, dtype=np.float32)[None, :] + np.float32(0.5 - x0)
    ys = np.arange(rect.y0, rect.y1, dtype=np.float32)[:, None] + np.float32(0.5 - y0)
    dx, dy = x1 - x0, y1 - y0
    length_squared = dx * dx + dy * dy
    # Below a millionth of a pixel the way is a point: dividing by so little would overflow.
    if length_squared > 1e-12:
        along = np.clip(xs * np.float32(dx / length_squared) + ys * np.float32(dy / length_squared), 0, 1)
        covered = (xs - along * np.float32(dx)) ** 2 + (ys - along * np.float32(dy)) ** 2 <= radius * radius
    else:
        covered = xs**2 + ys**2 <= radius * radius
    column, row = math.floor(x1) - rect.x0, math.floor(y1) - rect.y0
    if 0 <= row < rect.height and 0 <= column < rect.width:
        covered[row, column] = True
    return rect, covered
