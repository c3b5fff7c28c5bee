"""The outline of a shape while it is drawn and changed."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from segstudio.app.tools.shapes import nearest
from segstudio.domain.brush import Point
from segstudio.domain.geometry import EMPTY, Rect
from segstudio.imaging.cv import cv2

Way = tuple[Point, ...]


@dataclass(frozen=True)
class Outline:
    """Corners that a hand holds, and ways between them.

    ``ways[i]`` are the points that the outline goes through between corner ``i`` and the next, none if it goes
    straight; the last way leads back to the first corner. What is changed goes straight.
    """

    corners: tuple[Point, ...] = ()
    ways: tuple[Way, ...] = ()
    closed: bool = False

    @property
    def path(self) -> tuple[Point, ...]:
        """All of its points in order."""
        return tuple(point for corner, way in zip(self.corners, self.ways, strict=True) for point in (corner, *way))

    @property
    def extent(self) -> Rect:
        """The box of whole pixels that holds it."""
        if not self.corners:
            return EMPTY
        points = np.asarray(self.path, np.float64)
        (x0, y0), (x1, y1) = points.min(0), points.max(0)
        return Rect(math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))

    def added(self, corner: Point, way: Way = ()) -> Outline:
        """With one more corner at the end, reached by ``way``."""
        ways = (*self.ways[:-1], way, ()) if self.ways else ((),)
        return replace(self, corners=(*self.corners, corner), ways=ways)

    def shut(self, way: Way = ()) -> Outline:
        """Closed, by ``way`` from the last corner to the first."""
        return replace(self, ways=(*self.ways[:-1], way), closed=True)

    def moved(self, index: int, corner: Point) -> Outline:
        """With a corner elsewhere."""
        ways = list(self.ways)
        ways[index - 1] = ways[index] = ()
        return replace(self, corners=(*self.corners[:index], corner, *self.corners[index + 1 :]), ways=tuple(ways))

    def removed(self, index: int) -> Outline:
        """Without a corner; open if fewer than three are left."""
        corners = self.corners[:index] + self.corners[index + 1 :]
        ways = list(self.ways)
        ways[index - 1] = ()
        del ways[index]
        return Outline(corners, tuple(ways), self.closed and len(corners) > 2)

    def shifted(self, dx: float, dy: float) -> Outline:
        """All of it elsewhere."""
        ways = tuple(tuple((x + dx, y + dy) for x, y in way) for way in self.ways)
        return replace(self, corners=tuple((x + dx, y + dy) for x, y in self.corners), ways=ways)

    def corner_at(self, point: Point, slack: float) -> int | None:
        """The corner that a hand at ``point`` means."""
        return nearest(self.corners, point, slack)

    def on_line(self, point: Point, slack: float) -> bool:
        """Whether a hand at ``point`` means the line between two corners of the closed outline."""
        return bool(self.corners) and self._nearest_on_line(point)[2] <= slack

    def parted(self, point: Point) -> tuple[Outline, int]:
        """With a corner where the closed outline comes nearest to ``point``, and its number."""
        step, corner, _ = self._nearest_on_line(point)
        starts = list(accumulate((len(way) + 1 for way in self.ways), initial=0))
        index = bisect_right(starts, step) - 1
        way, step = self.ways[index], step - starts[index]
        corners = (*self.corners[: index + 1], corner, *self.corners[index + 1 :])
        ways = (*self.ways[:index], way[:step], way[step:], *self.ways[index + 1 :])
        return replace(self, corners=corners, ways=ways), index + 1

    def holds(self, point: Point) -> bool:
        """Whether the closed outline goes round ``point``."""
        starts, ends = self._pieces()
        x, y = point
        down = starts[:, 1] <= y
        crossed = np.flatnonzero(down != (ends[:, 1] <= y))
        (x0, y0), (x1, y1) = starts[crossed].T, ends[crossed].T
        left = x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x
        return bool(np.where(down[crossed], 1, -1)[left].sum() != 0)

    def _pieces(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        points = np.asarray(self.path, np.float64).reshape(-1, 2)
        return points, np.roll(points, -1, 0)

    def _nearest_on_line(self, point: Point) -> tuple[int, Point, float]:
        """The number of the straight piece that comes nearest to ``point``, where, and how near."""
        starts, ends = self._pieces()
        along = ends - starts
        length = np.maximum((along * along).sum(1), 1e-12)
        part = np.clip(((np.asarray(point) - starts) * along).sum(1) / length, 0, 1)
        near = starts + part[:, None] * along
        away = np.hypot(*(near - np.asarray(point)).T)
        step = int(away.argmin())
        return step, (float(near[step, 0]), float(near[step, 1])), float(away[step])


def drawn(path: Sequence[Point], tolerance: float) -> Outline:
    """The closed outline whose path is ``path``, held where it would else stray over ``tolerance`` px from straight."""
    # Compared as the thinning sees them; of two points in the same place either will do.
    places = [tuple(place) for place in np.asarray(path, np.float32).tolist()]
    corners: list[Point] = []
    ways: list[Way] = []
    step = 0
    for kept in thinned(path, tolerance):
        stop = places.index(kept, step)
        if corners:
            ways.append(tuple(path[step:stop]))
        corners.append(path[stop])
        step = stop + 1
    return Outline(tuple(corners), (*ways, tuple(path[step:])), closed=True)


def thinned(path: Sequence[Point], tolerance: float) -> list[Point]:
    """Those points of ``path``, from the first to the last, between which it goes straight within ``tolerance`` px.

    In single precision. Douglas and Peucker, "Algorithms for the reduction of the number of points", 1973.
    """
    points = np.asarray(path, np.float32).reshape(-1, 1, 2)
    kept = cv2.approxPolyDP(points, tolerance, False) if len(points) > 2 else points
    return [(x, y) for x, y in kept[:, 0].tolist()]
