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
        """See ``MaskSource``; each pixel of a mask that is enlarged takes the id of the one that it lies in."""
        if read_size(self.files[0]) != self.stored:
            return self.source.read(size, orientation)
        found = self.source.read(self.stored, orientation)
        ids = cv2.resize(found.ids, size, interpolation=cv2.INTER_NEAREST_EXACT)
        return FoundMask(np.asarray(ids, np.uint16), found.segments, found.oddities)
