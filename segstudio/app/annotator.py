"""A simulated hand with a brush and clicks: what it would do next, and how long that takes a person.

Time model: 200 ms to find an error, 800 px/s to travel to it, 400 px/s to paint, 200 ms to check each stroke, 1 s to
approve an image; 300 ms until a smart click is answered, 200 ms to take one back. The hand uses of the truth only what
an eye sees in the image: which way an error goes, and where the border runs to within the tolerance. What is wrong it
sweeps along with a brush that fits (``sweep``). Where it is quicker it clicks: where the border belongs, or on what is
wrong. What a click at the border would change is outlined before: it compares a few places, and takes 200 ms where none
is worth it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.app.sweep import (
    CHECK_SECONDS,
    FIND_SECONDS,
    PAINT_PX_PER_SECOND,
    TRAVEL_PX_PER_SECOND,
    Stroke,
    best_stroke,
    nearest_pixel,
)
from segstudio.domain.brush import Point
from segstudio.domain.regions import bounds
from segstudio.imaging.cv import cv2

APPROVE_SECONDS = 1.0
ANSWER_SECONDS = 0.3
UNDO_SECONDS = 0.2

SMALLEST_ERROR = 20
"""Wrong regions of up to so many pixels are let be."""

PATIENCE = 2
"""Clicks in vain after which an image is done by brush."""

LOOKS = 3
"""Looks in vain at what a click at the border would change, after which nobody looks any more."""

_DEPTHS = (1.0, 0.85, 0.6)
"""Where in what is wrong the border may be tried: so far from where it is now, by rank of the pixels."""

_A_REGION = FIND_SECONDS + CHECK_SECONDS + 0.1
"""Seconds that a wrong region takes besides painting it: to find it, to get there, to check it."""

_MIDDLE = 0.7
"""A click goes no nearer to the rim of an error than this share of the farthest that one can be from it."""


@dataclass(frozen=True)
class Aim:
    """A smart click: the class id of what is missing there, 0 for what is too much; ``area`` of the error in px."""

    value: int
    point: Point
    area: int

    def seconds(self, cursor: Point) -> float:
        """What it takes a person whose pointer is at ``cursor``."""
        return FIND_SECONDS + math.dist(cursor, self.point) / TRAVEL_PX_PER_SECOND + ANSWER_SECONDS + CHECK_SECONDS


class Annotator:
    """Corrects towards ``truth``, (height, width) uint16 class ids, until what is left lies within the tolerance.

    ``tolerance`` is a share of the image's diagonal.
    """

    def __init__(self, truth: NDArray[np.uint16], tolerance: float) -> None:
        self._truth = truth
        self.tolerance_px = tolerance * math.hypot(*truth.shape)
        self._off_border = _distance_to_border(truth) > self.tolerance_px
        # A hand that aims at the border stays on its near side by half of what it may be off.
        self._room = {
            int(value): _room(truth == value, self.tolerance_px / 2) for value in np.unique(truth).astype(int)
        }
        self._in_vain: list[Point] = []
        self._looked: list[Point] = []

    def next_stroke(self, shown: NDArray[np.uint16], cursor: Point) -> Stroke | None:
        """The stroke to make on a mask that shows ``shown``; None if it is good enough.

        The nearest wrong region comes first. ``cursor`` is where the pointer is.
        """
        region = _nearest_region(self._wrong(shown), cursor)
        if region is None:
            return None
        value = self._value_of(region)
        return best_stroke(region & (self._truth == value), self._room[value], value, cursor)

    def next_click(self, shown: NDArray[np.uint16], cursor: Point) -> Aim | None:
        """The click to make instead of ``next_stroke``; None where that is as quick, or where clicks were in vain."""
        region = _nearest_region(self._wrong(shown), cursor)
        if region is None or len(self._in_vain) >= PATIENCE:
            return None
        if any(region[math.floor(y), math.floor(x)] for x, y in self._in_vain):
            return None
        value = self._value_of(region)
        member = region & (self._truth == value)
        depth = cv2.distanceTransform(np.pad(member, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[
            1:-1, 1:-1
        ]
        point = nearest_pixel(depth >= _MIDDLE * float(depth.max()), cursor)
        assert point is not None
        aim = Aim(value, point, int(member.sum()))
        return aim if aim.seconds(cursor) < self._painting_seconds(member, value, cursor) else None

    def border_points(self, shown: NDArray[np.uint16], cursor: Point) -> list[Point]:
        """Pixels in the nearest wrong region at which to look what the border would do if it came there.

        There are none where a look was in vain, or where looks have been in vain too often.
        """
        region = _nearest_region(self._wrong(shown), cursor)
        if region is None or len(self._looked) >= LOOKS:
            return []
        if any(region[math.floor(y), math.floor(x)] for x, y in self._looked):
            return []
        rows, columns = np.nonzero(region)
        # Away from where the border is now: the value shown ends there.
        here = shown == shown[rows[0], columns[0]]
        away = cv2.distanceTransform(np.pad(here, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        order = np.argsort(away[rows, columns])
        ranks = [order[int(depth * (len(order) - 1))] for depth in _DEPTHS]
        return [(float(columns[rank]) + 0.5, float(rows[rank]) + 0.5) for rank in ranks]

    def is_better(self, before: NDArray[np.uint16], after: NDArray[np.uint16]) -> bool:
        """Whether less is wrong."""
        return int(self._wrong(after).sum()) < int(self._wrong(before).sum())

    def saw_in_vain(self, point: Point) -> None:
        """Remember that there was nothing to be won at ``point``."""
        self._looked.append(point)

    def seconds_left(self, shown: NDArray[np.uint16]) -> float:
        """About what it takes to paint all that is wrong."""
        labels, large = _large_regions(self._wrong(shown))
        seconds = 0.0
        for label in large:
            region = labels == label
            part = np.pad(region[bounds(region).slices], 1).astype(np.uint8)
            depth = max(2.0, float(cv2.distanceTransform(part, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max()))
            way = float(np.count_nonzero(region)) / (2 * depth)
            seconds += _A_REGION + way / PAINT_PX_PER_SECOND
        return seconds

    def is_mended(self, aim: Aim, before: NDArray[np.uint16], after: NDArray[np.uint16]) -> bool:
        """Whether a click made of ``before`` something better; if not, the hand takes it back and remembers that."""
        won = int(self._wrong(before).sum()) - int(self._wrong(after).sum())
        if 2 * won < aim.area:
            self._in_vain.append(aim.point)
            return False
        return True

    def _wrong(self, shown: NDArray[np.uint16]) -> NDArray[np.bool_]:
        wrong: NDArray[np.bool_] = (shown != self._truth) & self._off_border
        return wrong

    def _value_of(self, region: NDArray[np.bool_]) -> int:
        values, counts = np.unique(self._truth[region], return_counts=True)
        return int(values[counts.argmax()])

    def _painting_seconds(self, member: NDArray[np.bool_], value: int, cursor: Point) -> float:
        """About what it takes to paint all of ``member``: an eye sees how long it is, not each stroke."""
        stroke = best_stroke(member, self._room[value], value, cursor)
        length = max(stroke.length, float(member.sum()) / (2 * stroke.radius))
        strokes = max(1.0, length / max(stroke.length, 2 * stroke.radius))
        travel = math.dist(cursor, stroke.points[0]) / TRAVEL_PX_PER_SECOND
        return travel + length / PAINT_PX_PER_SECOND + strokes * (FIND_SECONDS + CHECK_SECONDS)


def _distance_to_border(truth: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Distance in px of each pixel from the nearest pixel of another class; infinite where there is one class."""
    distance = np.full(truth.shape, np.inf, np.float32)
    values = np.unique(truth)
    if len(values) == 1:
        return distance
    for value in values:
        mask = truth == value
        distance[mask] = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[mask]
    return distance


def _room(mask: NDArray[np.bool_], slack: float) -> NDArray[np.float32]:
    """How far each pixel is from where this class must not be painted, with ``slack`` px over the border."""
    allowed = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= slack
    if allowed.all():
        return np.full(mask.shape, np.inf, np.float32)
    return np.asarray(
        cv2.distanceTransform(allowed.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), dtype=np.float32
    )


def _large_regions(wrong: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[int]]:
    """The regions of ``wrong`` by label, and which of them are not let be."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8), connectivity=8)
    return labels, [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] > SMALLEST_ERROR]


def _nearest_region(wrong: NDArray[np.bool_], cursor: Point) -> NDArray[np.bool_] | None:
    labels, large = _large_regions(wrong)
    if not large:
        return None
    nearest = nearest_pixel(np.isin(labels, large), cursor)
    assert nearest is not None
    return np.asarray(labels == labels[math.floor(nearest[1]), math.floor(nearest[0])], np.bool_)
