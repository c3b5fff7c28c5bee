"""What a round or square brush covers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import EMPTY, Rect

Point = tuple[float, float]
"""(x, y) in image pixels; the centre of the pixel in column 3, row 5 is (3.5, 5.5)."""

# A centre that lies this close to the rim, in px, is covered: rounding must not decide what a brush of a whole radius
# on a pixel's centre looks like, and it must look the same wherever it is.
_RIM = 1e-9

# A way that is flatter than this, in px, is level: dividing by so little would overflow.
_LEVEL = 1e-6


def stroke_segment(
    start: Point, end: Point, radius: float, height: int, width: int, square: bool = False
) -> tuple[Rect, NDArray[np.bool_]]:
    """The pixels that a brush covers on its way from ``start`` to ``end``.

    The brush is a disk of ``radius`` px, or with ``square`` an upright square of that half side. A pixel is covered if
    its centre is in the brush, rim included, anywhere on the way, or if ``end`` lies in it, so that the smallest brush
    still paints what is under the cursor. Returns the rectangle inside an image of ``height`` x ``width`` px and a bool
    array of its shape; both are empty outside the image. Raises ``ValueError`` for a point that is no number.
    """
    (x0, y0), (x1, y1) = start, end
    if not math.isfinite(x0 + y0 + x1 + y1):
        raise ValueError("a stroke goes from a point to a point, not to NaN or infinity")
    rect = Rect(
        math.floor(min(x0, x1) - radius),
        math.floor(min(y0, y1) - radius),
        math.floor(max(x0, x1) + radius) + 1,
        math.floor(max(y0, y1) + radius) + 1,
    ).clip(height, width)
    if rect.is_empty:
        return EMPTY, np.zeros((0, 0), np.bool_)
    rows = np.arange(rect.y0, rect.y1, dtype=np.float64) + (0.5 - y0)
    span = _square_span if square else _round_span
    left, right = span(rows, x1 - x0, y1 - y0, radius)
    covered = fill_rows(rect, left + x0, right + x0)
    column, row = math.floor(x1) - rect.x0, math.floor(y1) - rect.y0
    if 0 <= row < rect.height and 0 <= column < rect.width:
        covered[row, column] = True
    return rect, covered


def fill_rows(rect: Rect, left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The pixels of ``rect`` whose centre lies between ``left`` and ``right``, both included, of its row.

    ``left`` and ``right`` are (rect.height,) float64 in image pixels; a row where ``left`` is the greater has none.
    Returns (rect.height, rect.width) bool.
    """
    # The narrower the numbers, the more of them are compared at once.
    kind: type[np.int16 | np.int32] = np.int16 if rect.width < np.iinfo(np.int16).max else np.int32
    first = _between(0, np.ceil(left - (0.5 + rect.x0 + _RIM)), rect.width)
    stop = _between(0, np.floor(right - (0.5 + rect.x0 - _RIM)) + 1, rect.width)
    columns = np.arange(rect.width)[None, :].astype(kind)
    inside: NDArray[np.bool_] = columns >= first[:, None].astype(kind)
    inside &= columns < stop[:, None].astype(kind)
    return inside


Span = tuple[NDArray[np.float64], NDArray[np.float64]]


def _round_span(rows: NDArray[np.float64], dx: float, dy: float, radius: float) -> Span:
    """Where a disk that goes from (0, 0) to (``dx``, ``dy``) begins and ends in each row; inf, -inf where it never is.

    The left rim at ``t`` of the way is ``t dx - sqrt(radius**2 - (row - t dy)**2)``, convex in ``t``. It is smallest
    where the way is the rim's tangent or, if that is not in the row, as near to there as the row lets it be.
    """
    first, last, reached = _part_of_way(rows, dy, radius)
    if abs(dy) < _LEVEL:
        leftmost, rightmost = (last, first) if dx < 0 else (first, last)
    else:
        tangent = radius * math.copysign(dx, dx * dy) / math.hypot(dx, dy)
        leftmost = _between(first, (rows - tangent) / dy, last)
        rightmost = _between(first, (rows + tangent) / dy, last)
    left = leftmost * dx - np.sqrt(np.maximum(radius * radius - (rows - leftmost * dy) ** 2, 0))
    right = rightmost * dx + np.sqrt(np.maximum(radius * radius - (rows - rightmost * dy) ** 2, 0))
    return np.where(reached, left, np.inf), np.where(reached, right, -np.inf)


def _square_span(rows: NDArray[np.float64], dx: float, dy: float, radius: float) -> Span:
    """Where a square that goes from (0, 0) to (``dx``, ``dy``) begins and ends in each row; inf, -inf if nowhere."""
    first, last, reached = _part_of_way(rows, dy, radius)
    left = np.minimum(first * dx, last * dx) - radius
    right = np.maximum(first * dx, last * dx) + radius
    return np.where(reached, left, np.inf), np.where(reached, right, -np.inf)


def _part_of_way(
    rows: NDArray[np.float64], dy: float, radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """From where to where on the way, in 0..1, a row is at most ``radius`` above or below it; and if it ever is."""
    reached = (rows >= min(0, dy) - radius - _RIM) & (rows <= max(0, dy) + radius + _RIM)
    if abs(dy) < _LEVEL:
        return np.zeros_like(rows), np.ones_like(rows), reached
    above, below = (rows - radius) / dy, (rows + radius) / dy
    return _between(0, np.minimum(above, below), 1), _between(0, np.maximum(above, below), 1), reached


_Bound = NDArray[np.float64] | float


def _between(low: _Bound, values: NDArray[np.float64], high: _Bound) -> NDArray[np.float64]:
    """As ``np.clip``, in half the time for so few values."""
    held: NDArray[np.float64] = np.minimum(np.maximum(values, low), high)
    return held
