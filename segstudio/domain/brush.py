"""What a round or square brush covers."""

from __future__ import annotations

import math
from functools import lru_cache

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

_NEVER = 1e9
"""Farther right than any pixel."""

_WIDEST, _STEP = 1024, 64
"""Up to how many columns spans are looked up, in tables whose widths are so far apart."""


def stroke_segment(
    start: Point, end: Point, radius: float, height: int, width: int, square: bool = False
) -> tuple[Rect, NDArray[np.bool_]]:
    """The pixels that a brush covers on its way from ``start`` to ``end``.

    The brush is a disk of ``radius`` px, or with ``square`` an upright square of that half side. A pixel is covered if
    its centre is in the brush, rim included, anywhere on the way, or if ``end`` lies in it, so that the smallest brush
    still paints what is under the cursor. Returns the rectangle inside an image of ``height`` x ``width`` px and a bool
    array of its shape; both are empty outside the image. Raises ``ValueError`` for a point that is no number or
    farther than 1e9 px away.
    """
    (x0, y0), (x1, y1) = start, end
    if not abs(x0) + abs(y0) + abs(x1) + abs(y1) < _NEVER:
        raise ValueError("a stroke goes from a point to a point, not to NaN or beyond every image")
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
    covered = fill_rows(rect, left, right, x0)
    column, row = math.floor(x1) - rect.x0, math.floor(y1) - rect.y0
    if 0 <= row < rect.height and 0 <= column < rect.width:
        covered[row, column] = True
    return rect, covered


def fill_rows(rect: Rect, left: NDArray[np.float64], right: NDArray[np.float64], x: float = 0.0) -> NDArray[np.bool_]:
    """The pixels of ``rect`` whose centre lies between ``left`` and ``right``, both included, of its row.

    ``left`` and ``right`` are (rect.height,) float64 in image pixels from ``x`` on; a row where ``left`` is the greater
    has none. Returns (rect.height, rect.width) bool.
    """
    # How many columns lie before the span, and before its end; to whole numbers numpy rounds towards zero.
    first = np.ceil(left - (0.5 + rect.x0 - x + _RIM)).astype(np.intp)
    stop = (right - (rect.x0 - x - 0.5 - _RIM)).astype(np.intp)
    np.maximum(first, stop, out=stop)
    width = rect.width
    if width > _WIDEST:
        return _compared(first, stop, width)
    # Copying rows of a table takes a fifth of the time that comparing takes.
    table = _beginnings(-(-width // _STEP) * _STEP)
    inside: NDArray[np.bool_] = table.take(stop, axis=0, mode="clip")
    inside ^= table.take(first, axis=0, mode="clip")
    return inside[:, :width]


def _compared(first: NDArray[np.intp], stop: NDArray[np.intp], width: int) -> NDArray[np.bool_]:
    # The narrower the numbers, the more of them are compared at once.
    kind: type[np.int16 | np.int32] = np.int16 if width < 2**15 else np.int32
    columns = np.arange(width)[None, :].astype(kind)
    inside: NDArray[np.bool_] = columns >= np.clip(first, 0, width)[:, None].astype(kind)
    inside &= columns < np.clip(stop, 0, width)[:, None].astype(kind)
    return inside


@lru_cache(maxsize=8)
def _beginnings(width: int) -> NDArray[np.bool_]:
    """(width + 1, width): in row ``n`` the first ``n`` columns."""
    return np.tri(width + 1, width, -1, dtype=np.bool_)


Span = tuple[NDArray[np.float64], NDArray[np.float64]]


def _round_span(rows: NDArray[np.float64], dx: float, dy: float, radius: float) -> Span:
    """Where a disk that goes from (0, 0) to (``dx``, ``dy``) begins and ends in each row.

    Where it never is, the end is left of the beginning.
    It sweeps the convex hull of the disks at both ends: their rims, and the two lines that touch both. ``rows`` lie one
    apart. Written for few calls, since a call takes longer than what it does for so few numbers.
    """
    left, right = np.full(len(rows), _NEVER), np.full(len(rows), -_NEVER)
    at_start = _from_to(rows, -radius - _RIM, radius + _RIM)
    half = _half_chord(rows[at_start], radius)
    left[at_start], right[at_start] = -half, half
    at_end = _from_to(rows, dy - radius - _RIM, dy + radius + _RIM)
    half = _half_chord(rows[at_end] - dy, radius)
    np.minimum(left[at_end], dx - half, out=left[at_end])
    np.maximum(right[at_end], dx + half, out=right[at_end])
    if abs(dy) >= _LEVEL:
        slope, far = dx / dy, radius / math.hypot(dx, dy)
        # From the middle of either disk to where the line on the left touches it; on the right it is the other way.
        across, down = -abs(dy) * far, math.copysign(dx, dx * dy) * far
        touched = _from_to(rows, down + min(0.0, dy), down + max(0.0, dy))
        left[touched] = rows[touched] * slope + (across - down * slope)
        touched = _from_to(rows, min(0.0, dy) - down, max(0.0, dy) - down)
        right[touched] = rows[touched] * slope - (across - down * slope)
    return left, right


def _from_to(rows: NDArray[np.float64], low: float, high: float) -> slice:
    """Which of ``rows``, one apart, lie between two, both included."""
    start = max(0, math.ceil(low - rows[0]))
    return slice(start, max(start, math.floor(high - rows[0]) + 1))


def _half_chord(rows: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Half of what a disk's rim cuts off of lines so far from its middle, at most a rounding error beyond the rim."""
    half: NDArray[np.float64] = radius * radius - rows * rows
    return np.sqrt(np.maximum(half, 0, out=half), out=half)


def _square_span(rows: NDArray[np.float64], dx: float, dy: float, radius: float) -> Span:
    """Where a square that goes from (0, 0) to (``dx``, ``dy``) begins and ends in each row, as for a disk."""
    first, last, reached = _part_of_way(rows, dy, radius)
    left = np.minimum(first * dx, last * dx) - radius
    right = np.maximum(first * dx, last * dx) + radius
    return np.where(reached, left, _NEVER), np.where(reached, right, -_NEVER)


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
