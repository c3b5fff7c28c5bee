"""Integer rectangles in image pixels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Rect(NamedTuple):
    """A half-open rectangle of pixels: columns ``x0 <= x < x1``, rows ``y0 <= y < y1``.

    A tuple, since some fifty of them are made at every move of a brush, and a tuple is made the fastest.
    """

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Number of columns, never negative."""
        return max(0, self.x1 - self.x0)

    @property
    def height(self) -> int:
        """Number of rows, never negative."""
        return max(0, self.y1 - self.y0)

    @property
    def is_empty(self) -> bool:
        """True where no pixel is inside."""
        return self.x1 <= self.x0 or self.y1 <= self.y0

    @property
    def slices(self) -> tuple[slice, slice]:
        """``(rows, columns)`` to index an array with; nothing where the rectangle is empty."""
        # Clipped from outside, x1 can be negative while x0 is 0, and an array counts that from its far end.
        return slice(self.y0, max(self.y0, self.y1)), slice(self.x0, max(self.x0, self.x1))

    def intersect(self, other: Rect) -> Rect:
        """The pixels in both; may be empty."""
        # Written out, since a brush asks for twenty at every move, and calls are most of what that takes.
        x0, y0, x1, y1 = self
        left, top, right, bottom = other
        return Rect(
            left if left > x0 else x0,
            top if top > y0 else y0,
            right if right < x1 else x1,
            bottom if bottom < y1 else y1,
        )

    def clip(self, height: int, width: int) -> Rect:
        """The part inside an image of ``height`` x ``width`` pixels."""
        return self.intersect(Rect(0, 0, width, height))

    def union(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both; an empty one adds nothing."""
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        return Rect(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    def without(self, other: Rect) -> list[Rect]:
        """The pixels that are not in ``other``, as at most four rectangles; above, below, left, right."""
        if other.x0 <= self.x0 and other.y0 <= self.y0 and self.x1 <= other.x1 and self.y1 <= other.y1:
            return []
        both = self.intersect(other)
        if both.is_empty:
            return [] if self.is_empty else [self]
        parts = (
            Rect(self.x0, self.y0, self.x1, both.y0),
            Rect(self.x0, both.y1, self.x1, self.y1),
            Rect(self.x0, both.y0, both.x0, both.y1),
            Rect(both.x1, both.y0, self.x1, both.y1),
        )
        return [part for part in parts if not part.is_empty]

    def moved(self, x: int, y: int) -> Rect:
        """``x`` px further to the right and ``y`` px further down."""
        return Rect(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y)

    def expand(self, margin: int) -> Rect:
        """Grown by ``margin`` pixels on every side."""
        return Rect(self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin)


EMPTY = Rect(0, 0, 0, 0)


def union_all(rects: Iterable[Rect]) -> Rect:
    """The smallest rectangle that holds all; ``EMPTY`` for none."""
    result = EMPTY
    for rect in rects:
        result = result.union(rect)
    return result
