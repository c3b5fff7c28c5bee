"""An image at a half, a quarter, an eighth of its size, for looking at it from afar."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect
from segstudio.imaging.cv import cv2

SMALLEST = 256
"""Longer side, in px, of the level at which halving ends."""

_STRIP = 1024


class Mips:
    """An image, (H, W) or (H, W, 3) of uint8 or uint16, and its halved levels.

    Levels are made from the next finer one when first asked for, all of them with a third of the image's memory.
    ``make`` does so beforehand. Any threads may ask at once.
    """

    def __init__(self, pixels: NDArray[Any]) -> None:
        self._levels: list[NDArray[Any]] = [pixels]
        self._lock = threading.Lock()

    @property
    def pixels(self) -> NDArray[Any]:
        """The image itself."""
        return self._levels[0]

    @property
    def smallest(self) -> NDArray[Any]:
        """The coarsest level that there is."""
        return self._levels[-1]

    @property
    def nbytes(self) -> int:
        """Bytes of the levels that there are, without the image itself."""
        return sum(level.nbytes for level in self._levels[1:])

    def make(self) -> Mips:
        """Make every level; returns itself."""
        longer = max(self.pixels.shape[:2])
        while longer > SMALLEST:
            longer = -(-longer // 2)
            self._halve()
        return self

    def at(self, step: int) -> NDArray[Any]:
        """The level of which a pixel is the mean of ``step`` x ``step``, a power of two; sizes are rounded up."""
        with self._lock:
            while 1 << (len(self._levels) - 1) < step:
                self._halve()
        return self._levels[step.bit_length() - 1]

    def part(self, step: int, rect: Rect) -> NDArray[Any]:
        """A view of the part of a level inside ``rect``, which is clipped to it."""
        level = self.at(step)
        return level[rect.clip(level.shape[0], level.shape[1]).slices]

    def _halve(self) -> None:
        self._levels.append(halved(self._levels[-1]))


def halved(pixels: NDArray[Any]) -> NDArray[Any]:
    """An image of half the size, each pixel the mean of four; an odd last row or column counts twice."""
    height, width = pixels.shape[:2]
    out = np.empty((-(-height // 2), -(-width // 2), *pixels.shape[2:]), pixels.dtype)
    for top in range(0, height, _STRIP):
        strip = pixels[top : top + _STRIP]
        below, right = strip.shape[0] % 2, width % 2
        if below or right:
            strip = cv2.copyMakeBorder(strip, 0, below, 0, right, cv2.BORDER_REPLICATE)
        size = (strip.shape[1] // 2, strip.shape[0] // 2)
        out[top // 2 : top // 2 + size[1]] = cv2.resize(strip, size, interpolation=cv2.INTER_AREA)
    return out
