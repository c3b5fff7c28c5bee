"""A soft disk that pushes and pulls the border of a segment."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.brush import Point
from segstudio.domain.geometry import EMPTY, Rect
from segstudio.domain.regions import Mask
from segstudio.imaging.cv import cv2

Field = NDArray[np.float32]

Key = tuple[int, int]
"""(row, column) of a piece, counted in pieces."""

# Side, in px, of the pieces in which what was touched is kept.
_PIECE = 128

# Of the radius, how far the disk goes in one step. At a third nothing is folded over, and fewer steps wear off less.
_STEP = 1 / 3

# Of the radius, how far a step may pass from the way, which may be bent; the disk is the smaller by a little more.
_BEND = 0.03
_DISK = 0.95

# In px: how much further than the disk's way reading between pixels may look.
_MARGIN = 4


class Nudge:
    """One gesture, from press to release, on the membership of one segment.

    Started inside the segment the disk pushes its border outward, started outside it pushes it inward; drawn away from
    the border it pulls. The plane moves along with the disk, wholly under the centre and less and less towards the rim,
    by (1 - (d / rim)**2)**2, so that nothing beyond ``radius`` px of the way ever changes.

    What is kept is not the mask, which would wear off each time it is moved, but for every pixel how far its content
    has come. The mask is then read once, from how it was at first: many small moves do what one large does, and where
    nothing moved the mask is exactly what it was. Back along the same way, which is at most three radii long, the
    border is within 2 px of where it was; what was carried further has been pressed together more than pixels can hold.
    A move costs what its disk costs, whatever the image's size; in far drags also the strip of mask carried along.

    ``read`` gives (rect.height, rect.width) bool, whether the segment has each pixel of a rectangle inside the image of
    ``height`` x ``width`` px, and is asked once for each piece of the image, before ``move`` speaks of a change there.
    ``radius`` is in px; below 0.5 the disk is too small to move anything.
    """

    def __init__(self, read: Callable[[Rect], Mask], height: int, width: int, radius: float) -> None:
        self._read = read
        self._height, self._width = height, width
        self._radius = radius
        self._first: dict[Key, Mask] = {}
        self._offsets: dict[Key, Field] = {}
        # The way from where the offsets were kept last to where the disk is, thinned out.
        self._way: list[Point] = []
        self._at: Point | None = None
        self._last = EMPTY

    def move(self, start: Point, end: Point) -> tuple[Rect, Mask]:
        """Take the disk from ``start`` to ``end``, in image pixels.

        Returns the rectangle in which anything may have changed, inside the image, and for its pixels whether the
        segment has them now; both are empty where nothing is in reach. ``start`` is the last ``end``, or where the disk
        was set down again.
        """
        if self._radius < 0.5:
            return EMPTY, np.zeros((0, 0), np.bool_)
        touched = self._last
        if start != self._at or self._is_bent(end):
            if self._at is not None and self._way:
                self._keep(*self._stepped(self._way[0], self._at))
            self._way = [start]
        self._at = end
        limit = _STEP * self._radius
        while (length := math.dist(self._way[0], end)) > limit:
            (x0, y0), (x1, y1) = self._way[0], end
            after = x0 + (x1 - x0) * limit / length, y0 + (y1 - y0) * limit / length
            reached, offsets = self._stepped(self._way[0], after)
            self._keep(reached, offsets)
            touched = touched.union(reached)
            self._way = [after]
        if math.dist(self._way[-1], end) > _BEND * self._radius / 4:
            self._way.append(end)
        # The rest is too short to keep: it is reckoned anew until it is a step.
        self._last, offsets = self._stepped(self._way[0], end)
        touched = touched.union(self._last).clip(self._height, self._width)
        return self._inside(touched, self._last, offsets)

    def _is_bent(self, end: Point) -> bool:
        """Whether the way on to ``end`` can't be taken as straight."""
        (x0, y0), (x1, y1) = self._way[0], end
        length = math.dist(self._way[0], end)
        most = _BEND * self._radius
        if length == 0:
            return any(math.dist(self._way[0], point) > most for point in self._way)
        return any(abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) > most * length for x, y in self._way)

    def _stepped(self, start: Point, end: Point) -> tuple[Rect, Field]:
        """What the disk reaches on its way, and the (2, h, w) offsets that its pixels then have."""
        rect = self._reached(start, end)
        window = rect.expand(_MARGIN)
        old = self._offsets_in(window)
        back_x, back_y = self._way_back(rect, start, end)
        columns, rows = _grid(rect)
        x, y = (columns - np.float32(window.x0)) + back_x, (rows - np.float32(window.y0)) + back_y
        back_x += _between(old[0], x, y, cv2.INTER_CUBIC)
        back_y += _between(old[1], x, y, cv2.INTER_CUBIC)
        return rect, np.stack([back_x, back_y])

    def _way_back(self, rect: Rect, start: Point, end: Point) -> tuple[Field, Field]:
        """How far (x, y) each pixel's content is to be fetched from: the midpoint rule, backward in time."""
        half_x, half_y = np.float32((end[0] - start[0]) / 2), np.float32((end[1] - start[1]) / 2)
        columns, rows = _grid(rect)
        x, y = columns + np.float32(0.5 - end[0]), rows + np.float32(0.5 - end[1])
        # Halfway back the disk's centre was halfway back too.
        stays = 1 - self._weight(x, y)
        weight = self._weight(x + stays * half_x, y + stays * half_y)
        return weight * (-2 * half_x), weight * (-2 * half_y)

    def _weight(self, x: Field, y: Field) -> Field:
        """How much of the disk's motion its plane takes part in at (x, y) from its centre."""
        part: Field = np.maximum(1 - (x * x + y * y) * np.float32(1 / (_DISK * self._radius) ** 2), np.float32(0))
        return part * part

    def _inside(self, rect: Rect, last: Rect, offsets: Field) -> tuple[Rect, Mask]:
        """The mask in ``rect``, with the ``offsets`` of ``last``, which aren't kept."""
        if rect.is_empty:
            return EMPTY, np.zeros((0, 0), np.bool_)
        both = self._offsets_in(rect)
        common = last.intersect(rect)
        if not common.is_empty:
            both[:, *_from(rect, common)] = offsets[:, *_from(last, common)]
        offset_x, offset_y = both
        columns, rows = _grid(rect)
        # Beyond the frame it goes on as at the frame.
        x = np.clip(columns + offset_x, 0, self._width - 1)
        y = np.clip(rows + offset_y, 0, self._height - 1)
        source = Rect(math.floor(x.min()), math.floor(y.min()), math.floor(x.max()) + 2, math.floor(y.max()) + 2)
        # What is about to change is read as well, for later it can't be.
        source = source.clip(self._height, self._width).union(rect)
        first = self._first_in(source).astype(np.float32)
        inside: Mask = _between(first, x - np.float32(source.x0), y - np.float32(source.y0), cv2.INTER_LINEAR) >= 0.5
        return rect, inside

    def _reached(self, start: Point, end: Point) -> Rect:
        """The pixels that the disk's way may have in it, outside the image too: what is pushed out can come back."""
        (x0, y0), (x1, y1) = start, end
        return Rect(
            math.floor(min(x0, x1) - self._radius),
            math.floor(min(y0, y1) - self._radius),
            math.floor(max(x0, x1) + self._radius) + 1,
            math.floor(max(y0, y1) + self._radius) + 1,
        )

    def _offsets_in(self, rect: Rect) -> Field:
        """(2, h, w): where, as (x, y) from each pixel of ``rect``, its content was at first."""
        both = np.zeros((2, rect.height, rect.width), np.float32)
        for key, part in _pieces(rect):
            piece = self._offsets.get(key)
            if piece is not None:
                both[:, *_from(rect, part)] = piece[:, *_from(_piece(key), part)]
        return both

    def _keep(self, rect: Rect, offsets: Field) -> None:
        for key, part in _pieces(rect):
            piece = self._offsets.setdefault(key, np.zeros((2, _PIECE, _PIECE), np.float32))
            piece[:, *_from(_piece(key), part)] = offsets[:, *_from(rect, part)]

    def _first_in(self, rect: Rect) -> Mask:
        """The segment's membership as it was at first."""
        first = np.zeros((rect.height, rect.width), np.bool_)
        for key, part in _pieces(rect):
            piece = self._first.get(key)
            if piece is None:
                piece = self._first[key] = self._read(_piece(key).clip(self._height, self._width)).copy()
            first[_from(rect, part)] = piece[_from(_piece(key), part)]
        return first


def _grid(rect: Rect) -> tuple[Field, Field]:
    """Columns (1, w) and rows (h, 1) of a rectangle's pixels."""
    columns = np.arange(rect.x0, rect.x1, dtype=np.float32)[None, :]
    return columns, np.arange(rect.y0, rect.y1, dtype=np.float32)[:, None]


def _between(values: Field, x: Field, y: Field, how: int) -> Field:
    """``values`` at columns ``x`` and rows ``y``; the border's go on beyond it."""
    found: Field = cv2.remap(values, x, y, how, borderMode=cv2.BORDER_REPLICATE)
    return found


def _pieces(rect: Rect) -> Iterator[tuple[Key, Rect]]:
    """Every piece that ``rect`` has a part in, and that part."""
    for row in range(rect.y0 // _PIECE, (rect.y1 - 1) // _PIECE + 1):
        for column in range(rect.x0 // _PIECE, (rect.x1 - 1) // _PIECE + 1):
            yield (row, column), _piece((row, column)).intersect(rect)


def _piece(key: Key) -> Rect:
    row, column = key
    return Rect(column * _PIECE, row * _PIECE, (column + 1) * _PIECE, (row + 1) * _PIECE)


def _from(whole: Rect, part: Rect) -> tuple[slice, slice]:
    """Where ``part`` lies in an array of ``whole``'s pixels."""
    return slice(part.y0 - whole.y0, part.y1 - whole.y0), slice(part.x0 - whole.x0, part.x1 - whole.x0)
