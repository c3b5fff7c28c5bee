"""Pictures whose pixels are no squares, drawn with square ones, and the masks that were made for them as they are.

Whatever looks at an image takes its pixels for squares: the screen, the measures, a ruler, the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.formats.dataset import FoundImage, FoundMask, MaskSource
from segstudio.imaging.cv import cv2
from segstudio.imaging.reader import MAX_PIXELS, read_size
from segstudio.imaging.spacing import is_oblong

_MOST = 16
"""How many times longer than wide a pixel may be: beyond that, or too large a picture, the file has it wrong."""

Ids = NDArray[np.uint16]

Size = tuple[int, int]
"""(width, height) in px."""


def square_size(size: Size, sides: tuple[float, float] | None) -> Size | None:
    """How large a picture of ``size`` is with square pixels as wide as the shorter of a pixel's ``sides``.

    ``sides`` are (height, width) in any unit. None where its pixels are squares, and where its file can't be believed.
    """
    if sides is None or not is_oblong(sides) or max(sides) > _MOST * min(sides):
        return None
    width, height = size
    square = round(width * sides[1] / min(sides)), round(height * sides[0] / min(sides))
    return square if square[0] * square[1] <= MAX_PIXELS else None


def squared(pixels: NDArray[Any], size: Size | None) -> NDArray[Any]:
    """A picture (H, W) or (H, W, 3) at the ``size`` that ``square_size`` gave for it; as it is where that is None."""
    return pixels if size is None else np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR))


def with_squared_mask(found: FoundImage, stored: Size, square: Size | None) -> FoundImage:
    """The same image, drawn at the size ``square`` unless that is None; its mask may be of its ``stored`` size."""
    if found.mask is None or square is None:
        return found
    return replace(found, mask=SquaredMask(found.mask, stored))


@dataclass(frozen=True, eq=False)
class SquaredMask:
    """A mask of a picture that is drawn with square pixels: of its size, or of the ``stored`` one of its file."""

    source: MaskSource
    stored: Size

    @property
    def files(self) -> Sequence[Path]:
        """Those of the mask."""
        return self.source.files

    def read(self, size: Size, orientation: int) -> FoundMask:
        """See ``MaskSource``; a mask of the stored size is enlarged."""
        if read_size(self.files[0]) != self.stored:
            return self.source.read(size, orientation)
        found = self.source.read(self.stored, orientation)
        return FoundMask(_enlarged(found.ids, size), found.segments, found.oddities)


def _enlarged(ids: Ids, size: Size) -> Ids:
    """A mask (h, w) uint16 at the ``size`` of square pixels, which is longer on one side.

    A pixel takes the id of the one that it lies in; only a border that goes along rows which were drawn apart leads
    straight from each to the next. In stairs as high as the old pixels it would come out 4 to 15 % too long.
    """
    if size[0] != ids.shape[1]:
        return np.ascontiguousarray(_enlarged(ids.T, (size[1], size[0])).T)
    row, column, below, depth = _stairs(ids)
    starts = np.searchsorted(row, np.arange(len(ids) + 1))
    large = np.empty((size[1], size[0]), np.uint16)
    places = (np.arange(size[1]) + 0.5) * (len(ids) / size[1]) - 0.5
    for line, place in zip(large, places.clip(0, len(ids) - 1), strict=True):
        above = int(place)
        here = slice(starts[above], starts[above + 1])
        passed = depth[here] <= place - above
        line[:] = ids[above]
        line[column[here][passed]] = below[here][passed]
    return large


def _stairs(ids: Ids) -> tuple[NDArray[np.intp], NDArray[np.intp], Ids, NDArray[np.float64]]:
    """Where the rows of a mask (h, w) differ from those below: (row, column, id below, depth), one entry a pixel.

    ``depth`` is how far from the middle of the one row to that of the other the border lies, 0 to 1.
    """
    row, column = np.nonzero(ids[:-1] != ids[1:])
    above, below = ids[row, column], ids[row + 1, column]
    # A stair is a run of pixels that part the same two ids.
    parted = (np.diff(row) != 0) | (np.diff(column) != 1) | (np.diff(above) != 0) | (np.diff(below) != 0)
    first = np.flatnonzero(np.concatenate([[True], parted])[: len(row)])
    length = np.diff(first, append=len(row))
    before, behind = _beside(ids, row[first], column[first] - 1), _beside(ids, row[first], column[first] + length)
    falls = (before == above[first]) & (behind == below[first])
    rises = (before == below[first]) & (behind == above[first])
    along = (np.arange(len(row)) - np.repeat(first, length) + 0.5) / np.repeat(length, length)
    depth = np.where(np.repeat(falls, length), 1 - along, np.where(np.repeat(rises, length), along, 0.5))
    return row, column, below, depth


def _beside(ids: Ids, row: NDArray[np.intp], column: NDArray[np.intp]) -> NDArray[np.int32]:
    """The id that a mask has there in ``row`` and in the row below; -1 where these differ, or there is no column."""
    inside = (column >= 0) & (column < ids.shape[1])
    column = np.where(inside, column, 0)
    both = ids[row, column].astype(np.int32)
    return np.where(inside & (both == ids[row + 1, column]), both, -1)
