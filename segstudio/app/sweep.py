"""The strokes of a simulated hand: over what is wrong, with the brush and from the end that pay best."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.brush import Point, stroke_segment
from segstudio.domain.geometry import Rect
from segstudio.domain.regions import bounds
from segstudio.imaging.cv import cv2

FIND_SECONDS = 0.2
TRAVEL_PX_PER_SECOND = 800.0
PAINT_PX_PER_SECOND = 400.0
CHECK_SECONDS = 0.2

SIZES = (2.0, 3.0, 5.0, 8.0, 12.0, 18.0, 27.0, 40.0, 60.0, 90.0, 135.0)
"""Brush radii in px that a person would choose from."""

LONGEST_STROKE = 60
"""Corners after which a hand lifts."""

_SIZES_TRIED = 5
_NEARBY = 24

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Stroke:
    """What to paint: class id, brush radius in px, and the way of its centre."""

    value: int
    radius: float
    points: tuple[Point, ...]

    @property
    def length(self) -> float:
        """Way painted, in px."""
        return sum(math.dist(a, b) for a, b in self.legs())

    def legs(self) -> Iterator[tuple[Point, Point]]:
        """From where to where it goes; a dab goes nowhere."""
        yield from zip(self.points[:-1] or self.points, self.points[1:] or self.points, strict=True)

    def painted(self, mask: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """``mask`` with it."""
        mask = mask.copy()
        for start, end in self.legs():
            rect, covered = stroke_segment(start, end, self.radius, *mask.shape)
            mask[rect.slices][covered] = self.value
        return mask

    def seconds(self, cursor: Point) -> float:
        """What it takes a person whose pointer is at ``cursor``."""
        travel = math.dist(cursor, self.points[0]) / TRAVEL_PX_PER_SECOND
        return FIND_SECONDS + travel + self.length / PAINT_PX_PER_SECOND + CHECK_SECONDS


def best_stroke(region: Bools, room: NDArray[np.float32], value: int, cursor: Point) -> Stroke:
    """The stroke that covers most of ``region`` a second.

    A brush may be as large as the ``room`` in px where its centre is. Of the brushes that fit somewhere the larger ones
    are tried, from the pointer's side and from both ends: a large one covers more, a smaller one gets along a bend.
    """
    fitting = [size for size in SIZES if size <= float(room[region].max())][-_SIZES_TRIED:]
    near = _around(region, fitting[-1] if fitting else SIZES[0])
    region, room, cursor = region[near.slices], room[near.slices], (cursor[0] - near.x0, cursor[1] - near.y0)
    tried = []
    # Where the region is too thin for any, the smallest is led along it.
    for radius in fitting or SIZES[:1]:
        centres = room >= radius if fitting else region
        for start in dict.fromkeys((cursor, *_ends(region, cursor))):
            tried.append(Stroke(value, radius, _way(region, centres, radius, start)))
    best = max(tried, key=lambda stroke: _covered(stroke, region) / stroke.seconds(cursor))
    return replace(best, points=tuple((x + near.x0, y + near.y0) for x, y in best.points))


def nearest_pixel(mask: Bools, point: Point, within: float = math.inf) -> Point | None:
    """The centre of the pixel of ``mask`` nearest to ``point``; None if none is ``within`` px."""
    reach = min(within, _NEARBY)
    while True:
        found = _nearest_in(mask, point, reach)
        if found is not None or reach >= min(within, 2 * math.hypot(*mask.shape) + math.hypot(*point)):
            return found
        reach = min(within, 4 * reach)


def _nearest_in(mask: Bools, point: Point, reach: float) -> Point | None:
    side = math.ceil(reach) + 1
    x0, y0 = max(0, math.floor(point[0]) - side), max(0, math.floor(point[1]) - side)
    part = mask[y0 : max(0, math.floor(point[1]) + side + 1), x0 : max(0, math.floor(point[0]) + side + 1)]
    rows, columns = np.nonzero(part)
    if len(rows) == 0:
        return None
    xs, ys = columns + (x0 + 0.5), rows + (y0 + 0.5)
    squared = (xs - point[0]) ** 2 + (ys - point[1]) ** 2
    best = int(squared.argmin())
    return (float(xs[best]), float(ys[best])) if squared[best] <= reach * reach else None


def _around(region: Bools, radius: float) -> Rect:
    """Where a brush of ``radius`` px can be that touches ``region``, with a pixel to spare."""
    rect, more = bounds(region), math.ceil(radius) + 1
    return Rect(rect.x0 - more, rect.y0 - more, rect.x1 + more, rect.y1 + more).clip(*region.shape)


def _ends(region: Bools, cursor: Point) -> tuple[Point, Point]:
    """The pixel of ``region`` farthest from ``cursor``'s side, and the one farthest from that."""
    first = nearest_pixel(region, cursor)
    assert first is not None
    one = _farthest(region, first)
    return one, _farthest(region, one)


def _farthest(region: Bools, point: Point) -> Point:
    rows, columns = np.nonzero(region)
    farthest = int(((columns + 0.5 - point[0]) ** 2 + (rows + 0.5 - point[1]) ** 2).argmax())
    return float(columns[farthest]) + 0.5, float(rows[farthest]) + 0.5


def _way(region: Bools, centres: Bools, radius: float, start: Point) -> tuple[Point, ...]:
    """The way of a brush over ``region`` whose middle stays in ``centres``, from the pixel nearest to ``start`` on."""
    # What only a smaller brush gets to is another stroke's.
    left = region & (_distance_to(centres) <= radius)
    points: list[Point] = []
    while len(points) < LONGEST_STROKE:
        target = nearest_pixel(left, points[-1] if points else start)
        centre = None if target is None else nearest_pixel(centres, target, within=radius)
        if target is None or centre is None or (points and not _is_clear(centres, points[-1], centre)):
            break
        rect, covered = stroke_segment(points[-1] if points else centre, centre, radius, *region.shape)
        left[rect.slices] &= ~covered
        left[math.floor(target[1]), math.floor(target[0])] = False
        points.append(centre)
    assert points, "a brush that fits somewhere in a region reaches something of it"
    return tuple(points)


def _distance_to(mask: Bools) -> NDArray[np.float32]:
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def _covered(stroke: Stroke, region: Bools) -> int:
    """How many pixels of ``region`` it paints."""
    blank = np.full(region.shape, 0 if stroke.value else 1, np.uint16)
    return int((region & (stroke.painted(blank) == stroke.value)).sum())


def _is_clear(centres: Bools, start: Point, end: Point) -> bool:
    """Whether the straight way stays where the brush fits."""
    steps = max(2, math.ceil(math.dist(start, end)))
    xs = np.linspace(start[0], end[0], steps).astype(int)
    ys = np.linspace(start[1], end[1], steps).astype(int)
    return bool(centres[ys, xs].all())
