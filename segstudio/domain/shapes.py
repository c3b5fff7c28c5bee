"""What a polygon, a rectangle and an ellipse cover, and their outlines."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.brush import Point, fill_rows
from segstudio.domain.geometry import EMPTY, Rect

# How far, in px, a straight piece of an ellipse's outline may lie from the curve.
_SAG = 0.05


def polygon(points: Sequence[Point], height: int, width: int, winding: bool = False) -> tuple[Rect, NDArray[np.bool_]]:
    """The pixels inside the closed polygon of ``points``, which may cross itself.

    A pixel is inside if a ray from its centre crosses the outline an odd number of times (even-odd rule, as in Foley,
    van Dam et al., "Computer Graphics", 2nd ed., 3.6). Of the centres on the outline itself, those on left and upper
    sides are inside and those on right and lower sides are not, so that neighbours share no pixel and leave none out;
    crossings are reckoned in double precision, so "on" means within about 1e-9 px. With ``winding``, what the outline
    goes round twice the same way is inside too (nonzero rule): a hand that closes a circle often overshoots. Fewer than
    three points hold nothing. Returns the rectangle inside an image of ``height`` x ``width`` px and a bool array of
    its shape; both are empty outside the image.
    """
    corners = np.asarray(points, np.float64).reshape(-1, 2)
    rect = _centres_between(*corners.min(0), *corners.max(0)).clip(height, width) if len(corners) > 2 else EMPTY
    if rect.is_empty:
        return EMPTY, np.zeros((0, 0), np.bool_)
    rows, columns, down = _crossings(corners, rect)
    places, which = np.unique(rows * (rect.width + 1) + columns, return_inverse=True)
    # An outline leaves every row again, so the count is 0 where a row begins.
    turns = np.cumsum(np.bincount(which, np.where(down, 1, -1), len(places))).astype(np.int64)
    covered = turns != 0 if winding else turns % 2 != 0
    rows, columns = np.divmod(places[np.diff(covered, prepend=False)], rect.width + 1)
    ends = rows * rect.width + columns
    inside = np.zeros((rect.height, rect.width), np.bool_)
    flat = inside.reshape(-1)
    for first, stop in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
        flat[first:stop] = True
    return rect, inside


def rectangle(a: Point, b: Point, height: int, width: int) -> tuple[Rect, NDArray[np.bool_]]:
    """The pixels whose centre lies in the rectangle with opposite corners ``a`` and ``b``.

    Its left and upper sides belong to it, as those of a polygon. Returns the rectangle inside an image of ``height`` x
    ``width`` px and a bool array of its shape, all True; both are empty outside the image.
    """
    rect = _box(a, b, height, width)
    return rect, np.ones((rect.height, rect.width), np.bool_)


def ellipse(a: Point, b: Point, height: int, width: int) -> tuple[Rect, NDArray[np.bool_]]:
    """The pixels whose centre lies in the ellipse inscribed in the box with opposite corners ``a`` and ``b``.

    Returns the rectangle inside an image of ``height`` x ``width`` px and a bool array of its shape; both are empty
    outside the image.
    """
    rect = _box(a, b, height, width)
    if rect.is_empty:
        return rect, np.zeros((0, 0), np.bool_)
    x, y, rx, ry = _axes(a, b)
    # A centre in the rectangle is in the box, so neither half axis is 0 here.
    up = (np.arange(rect.y0, rect.y1, dtype=np.float64) + 0.5 - y) / ry
    half = rx * np.sqrt(np.maximum(1 - up * up, 0))
    return rect, fill_rows(rect, x - half, x + half)


def rectangle_points(a: Point, b: Point) -> list[Point]:
    """The four corners of the rectangle with opposite corners ``a`` and ``b``, clockwise on the screen from ``a``."""
    (x0, y0), (x1, y1) = a, b
    between = ((x1, y0), (x0, y1)) if (x1 - x0) * (y1 - y0) >= 0 else ((x0, y1), (x1, y0))
    return [a, between[0], b, between[1]]


def ellipse_points(a: Point, b: Point) -> list[Point]:
    """Points of the ellipse inscribed in the box a-b, clockwise on the screen from its rightmost.

    There are so many, 16 at least, that the straight lines between them stay within a twentieth of a px of the curve.
    """
    x, y, rx, ry = _axes(a, b)
    longest = max(rx, ry)
    count = 16
    if longest > _SAG:
        count = max(count, math.ceil(math.pi / math.acos(1 - _SAG / longest)))
    angles = (2 * math.pi * step / count for step in range(count))
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


def squared(a: Point, b: Point) -> Point:
    """``b`` moved away from ``a`` so that the box between them is a square with the box's longer side."""
    (x0, y0), (x1, y1) = a, b
    side = max(abs(x1 - x0), abs(y1 - y0))
    return x0 + (side if x1 >= x0 else -side), y0 + (side if y1 >= y0 else -side)


def _crossings(
    corners: NDArray[np.float64], rect: Rect
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Row and column in ``rect`` of the first pixel right of each crossing of an outline with a row of centres.

    And whether the outline goes down there. ``corners`` is (n, 2) float64. A column of ``rect.width`` stands for all
    that is further right, 0 for all left.
    """
    starts, ends = corners, np.roll(corners, -1, 0)
    down = starts[:, 1] <= ends[:, 1]
    upper = np.where(down[:, None], starts, ends)
    lower = np.where(down[:, None], ends, starts)
    first = np.clip(np.ceil(upper[:, 1] - 0.5), rect.y0, rect.y1).astype(np.int64)
    count = np.clip(np.ceil(lower[:, 1] - 0.5), rect.y0, rect.y1).astype(np.int64) - first
    edge = np.repeat(np.arange(len(corners)), count)
    rows = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    # Only edges that cross a row get here, so their height isn't 0.
    part = (rows + 0.5 - upper[edge, 1]) / (lower[edge, 1] - upper[edge, 1])
    x = upper[edge, 0] + part * (lower[edge, 0] - upper[edge, 0])
    columns = np.clip(np.ceil(x - 0.5) - rect.x0, 0, rect.width).astype(np.int64)
    return rows - rect.y0, columns, down[edge]


def _axes(a: Point, b: Point) -> tuple[float, float, float, float]:
    """Centre (x, y) and half axes in x and y of the ellipse inscribed in the box a-b."""
    (x0, y0), (x1, y1) = a, b
    return (x0 + x1) / 2, (y0 + y1) / 2, abs(x1 - x0) / 2, abs(y1 - y0) / 2


def _box(a: Point, b: Point, height: int, width: int) -> Rect:
    """The pixels inside the image whose centre lies in the box a-b; ``EMPTY`` for none."""
    (x0, y0), (x1, y1) = a, b
    rect = _centres_between(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)).clip(height, width)
    return EMPTY if rect.is_empty else rect


def _centres_between(x0: float, y0: float, x1: float, y1: float) -> Rect:
    """The pixels whose centre (x, y) has x0 <= x < x1 and y0 <= y < y1."""
    return Rect(math.ceil(x0 - 0.5), math.ceil(y0 - 0.5), math.ceil(x1 - 0.5), math.ceil(y1 - 0.5))
