"""What a tool would change: pixels and the segment ids that they would get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import EMPTY, Rect


@dataclass(frozen=True, eq=False)
class Patch:
    """A change that can be shown before it is made.

    ``where`` is (rect.height, rect.width) bool, the pixels that change; ``ids`` is one segment id for all of them, or
    uint16 of the same shape (``UNSET`` brings the model's mask back). ``rect`` lies inside the image.
    """

    rect: Rect
    where: NDArray[np.bool_]
    ids: NDArray[np.uint16] | int

    @property
    def is_empty(self) -> bool:
        """True if no pixel changes."""
        return self.rect.is_empty or not self.where.any()

    @property
    def values(self) -> NDArray[np.uint16]:
        """``ids`` as uint16 of ``where``'s shape."""
        if isinstance(self.ids, int):
            return np.full(self.where.shape, self.ids, np.uint16)
        return self.ids

    def part(self, rect: Rect) -> Patch:
        """The part of the patch inside ``rect``; its arrays are views."""
        inside = self.rect.intersect(rect)
        if inside.is_empty:
            return NOTHING
        rows = slice(inside.y0 - self.rect.y0, inside.y1 - self.rect.y0)
        columns = slice(inside.x0 - self.rect.x0, inside.x1 - self.rect.x0)
        ids = self.ids if isinstance(self.ids, int) else self.ids[rows, columns]
        return Patch(inside, self.where[rows, columns], ids)


NOTHING = Patch(EMPTY, np.zeros((0, 0), np.bool_), 0)
"""A patch that changes no pixel."""
