"""How large a region is and what shape it has, in pixels.

A pixel is a square of side 1 and counts as a whole; points are (x, y) with (0, 0) at the upper left corner of the
image, so that the middle of the first pixel is (0.5, 0.5). The border of a region runs between the middles of the
pixels in it and those beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.brush import Point
from segstudio.domain.regions import Mask, bounds
from segstudio.imaging.cv import cv2

# Vossepoel and Smeulders (1982): steps along a row or column, diagonal steps, changes between the two.
_STRAIGHT, _DIAGONAL, _CORNER = 0.980, 1.406, -0.091


@dataclass(frozen=True, slots=True)
class Span:
    """A straight line across a region, from ``start`` to ``end``, and its length in pixels."""

    length: float
    start: Point
    end: Point


@dataclass(frozen=True, slots=True)
class Axes:
    """The ellipse with a region's second moments: half axes in pixels, the longer first.

    ``angle`` is that of the longer one in radians, from the x axis towards y (clockwise on the screen), in
    -pi/2 < angle <= pi/2. Of a disc or a square any angle is right.
    """

    major: float
    minor: float
    angle: float


@dataclass(frozen=True, slots=True)
class Shape:
    """What is measured of one region; lengths in pixels, areas in square pixels.

    ``frame`` says that the region reaches the image's edge: then it may go on outside, and sizes are the least that it
    can have. ``parts`` counts the pieces that do not hang together, by sides or corners.
    """

    area: float
    perimeter: float
    equivalent_diameter: float
    max_diameter: Span
    min_diameter: Span
    centroid: Point
    axes: Axes
    compactness: float
    solidity: float
    eccentricity: float
    parts: int
    frame: bool


def measure_shape(mask: Mask) -> Shape | None:
    """Everything at once of a (h, w) bool mask; None of an empty one. About 4 ms for a lesion of 300 x 300 px."""
    box = bounds(mask)
    if box.is_empty:
        return None
    inside = mask[box.slices]
    hull = _hull(inside)
    corner = np.array([box.x0, box.y0], np.float64)
    area = float(np.count_nonzero(inside))
    length = perimeter(inside)
    (x, y), axes = moments(inside)
    height, width = mask.shape
    return Shape(
        area=area,
        perimeter=length,
        equivalent_diameter=equivalent_diameter(area),
        max_diameter=_max_span(hull + corner),
        min_diameter=_min_span(hull + corner),
        centroid=(x + box.x0, y + box.y0),
        axes=axes,
        compactness=compactness(area, length),
        solidity=min(1.0, area / _polygon_area(hull)),
        eccentricity=eccentricity(axes),
        parts=cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)[0] - 1,
        frame=box.x0 == 0 or box.y0 == 0 or box.x1 == width or box.y1 == height,
    )


def equivalent_diameter(area: float) -> float:
    """The diameter of the disc with this area: sqrt(4 A / pi). Not negative."""
    return math.sqrt(4 * area / math.pi)


def compactness(area: float, length: float) -> float:
    """P^2 / (4 pi A), the isoperimetric quotient turned over (Osserman 1978): 1 for a disc, more for all else.

    ``area`` is above 0. Of a region of a few pixels it can come out a little below 1.
    """
    return length * length / (4 * math.pi * area)


def eccentricity(axes: Axes) -> float:
    """sqrt(1 - (minor / major)^2) of the ellipse with the same second moments: 0 for a disc, towards 1 for a line."""
    return math.sqrt(max(0.0, 1 - (axes.minor / axes.major) ** 2))


def perimeter(mask: Mask) -> float:
    """The length of a region's border, of its holes too, in pixels; 0 of an empty (h, w) bool mask.

    Counting the pixels of a border falls short, by 10 % in the mean and up to 29 %; counting their sides exceeds, by
    27 % and up to 41 %; and no resolution helps. This is the corner count estimator of Vossepoel and Smeulders ("Vector
    code probability and metrication error in the representation of straight lines of finite length", Computer Graphics
    and Image Processing 20, 1982), whose steps are weighed so that straight borders of any direction come out right in
    the mean; single directions are off by 2 % at most. Its chain runs through the middles of pixels, half a pixel
    inside the border, or outside of a hole, so that by Steiner's formula pi is added for an outline and taken off for a
    hole.
    """
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    outlines, tree = cv2.findContours(padded, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    total = 0.0
    for index, outline in enumerate(outlines):
        is_hole = tree[0, index, 3] >= 0
        total += _chain_length(outline.reshape(-1, 2)) + (-math.pi if is_hole else math.pi)
    return total


def moments(mask: Mask) -> tuple[Point, Axes]:
    """Centroid (x, y) and axes of a (h, w) bool mask that is not empty.

    From the central moments of second order (Hu 1962), to which each pixel, being a square and no point, adds 1/12.
    """
    found = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    area = found["m00"]
    x, y = found["m10"] / area, found["m01"] / area
    xx, yy, xy = found["mu20"] / area + 1 / 12, found["mu02"] / area + 1 / 12, found["mu11"] / area
    middle, spread = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    axes = Axes(
        2 * math.sqrt(middle + spread),
        2 * math.sqrt(max(middle - spread, 0.0)),
        0.5 * math.atan2(2 * xy, xx - yy),
    )
    return (x + 0.5, y + 0.5), axes


def _chain_length(points: NDArray[np.int32]) -> float:
    if len(points) < 2:
        return 0.0
    steps = np.abs(np.diff(points, axis=0, append=points[:1]))
    diagonal = steps.sum(axis=1) == 2
    count = int(np.count_nonzero(diagonal))
    corners = int(np.count_nonzero(diagonal != np.roll(diagonal, 1)))
    return _STRAIGHT * (len(points) - count) + _DIAGONAL * count + _CORNER * corners


def _hull(mask: Mask) -> NDArray[np.float64]:
    """Corners (n, 2) of the convex hull of a region's border, as the middles of the sides that part pixels from others.

    The corners of pixels lie outside the true border and their middles inside; these lie on both sides of it.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    across, down = mask[rows], mask[:, columns]
    left, right = across.argmax(axis=1), mask.shape[1] - across[:, ::-1].argmax(axis=1)
    top, bottom = down.argmax(axis=0), mask.shape[0] - down[::-1].argmax(axis=0)
    # In half pixels, so that the hull is reckoned in whole numbers.
    x = np.concatenate([2 * left, 2 * right, 2 * columns + 1, 2 * columns + 1])
    y = np.concatenate([2 * rows + 1, 2 * rows + 1, 2 * top, 2 * bottom])
    hull: NDArray[np.int32] = cv2.convexHull(np.stack([x, y], axis=1).astype(np.int32))
    return hull.reshape(-1, 2) / 2


def _polygon_area(corners: NDArray[np.float64]) -> float:
    x, y = corners.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _max_span(hull: NDArray[np.float64]) -> Span:
    """The largest Feret diameter: the longest distance of two points of the border."""
    away = np.hypot(*(hull[:, None] - hull[None]).transpose(2, 0, 1))
    one, other = np.unravel_index(int(away.argmax()), away.shape)
    return Span(float(away[one, other]), _point(hull[one]), _point(hull[other]))


def _min_span(hull: NDArray[np.float64]) -> Span:
    """The smallest Feret diameter: the narrowest gap between parallels that the region fits through.

    One of the two lies along a side of the hull (Freeman and Shapira 1975); the line runs from the corner opposite
    straight to that side.
    """
    along = np.roll(hull, -1, axis=0) - hull
    along /= np.hypot(along[:, 0], along[:, 1])[:, None]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    away = np.abs((hull[None] - hull[:, None]) @ normal[:, :, None])[:, :, 0]
    side = int(away.max(axis=1).argmin())
    corner = int(away[side].argmax())
    point = hull[corner]
    foot = hull[side] + along[side] * np.dot(point - hull[side], along[side])
    return Span(float(away[side, corner]), _point(point), _point(foot))


def _point(values: NDArray[np.float64]) -> Point:
    return float(values[0]), float(values[1])


def outlines(mask: Mask) -> list[NDArray[np.float32]]:
    """The borders of a (h, w) bool mask and of its holes, to be drawn: (n, 2) float32 points through border pixels.

    With as few corners as keep within three quarters of a pixel.
    """
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    simple = (cv2.approxPolyDP(points, 0.75, True) for points in found)
    return [points.reshape(-1, 2).astype(np.float32) + np.float32(0.5) for points in simple]
