"""Local contrast: slow changes of light evened out, what is faint lifted, hairs left as they are.

After Wallis (1976), "An approach to the space variant restoration and enhancement of images": every neighbourhood is
brought towards one mean and one deviation. Both are measured at a scale wider than hairs and vary smoothly, so that
neither hairs nor the borders of blocks leave halos.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect
from segstudio.imaging.cv import cv2

MAP_SIDE = 384
"""Longer side, in px, of the picture on which light is measured."""

_SPREAD = 1 / 16
"""Standard deviation of the neighbourhood as a share of the longer side."""

_DEVIATION = 44.0
_LOWEST_GAIN, _HIGHEST_GAIN = 0.9, 2.5
_FLATTENED = 0.6


@dataclass(frozen=True, eq=False)
class LocalContrast:
    """A lightness v becomes ``gain`` * v + ``offset``; both are small float32 maps over the whole image.

    Colours keep their distance from grey, or what is lifted would glow.
    """

    gain: NDArray[np.float32]
    offset: NDArray[np.float32]

    @classmethod
    def of(cls, small: NDArray[np.uint8]) -> LocalContrast:
        """Measured on a reduced copy of an image, (h, w, 3) uint8 BGR."""
        grey = cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_BGR2GRAY)
        # Without hairs, dark ones and light: measured with them, skin beside them would pale.
        grey = cv2.medianBlur(cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)), 5).astype(np.float32)
        sigma = max(1.0, max(grey.shape) * _SPREAD)
        mean = cv2.GaussianBlur(grey, (0, 0), sigma)
        variance = cv2.GaussianBlur(grey * grey, (0, 0), sigma) - mean * mean
        gain = np.clip(_DEVIATION / (np.sqrt(np.maximum(variance, 0)) + 1.0), _LOWEST_GAIN, _HIGHEST_GAIN)
        gain = cv2.GaussianBlur(gain.astype(np.float32), (0, 0), sigma / 2)
        middle = mean + _FLATTENED * (np.float32(grey.mean()) - mean)
        return cls(gain, middle - gain * mean)

    def apply(self, pixels: NDArray[np.uint8], rect: Rect, height: int, width: int) -> NDArray[np.uint8]:
        """The pixels of ``rect``, (h, w, 3) uint8 BGR, of the image drawn ``height`` x ``width`` large."""
        ys = _positions(rect.y0, rect.y1, self.gain.shape[0] / height)
        xs = _positions(rect.x0, rect.x1, self.gain.shape[1] / width)
        gain, offset = (_between(_between(part, ys, 0), xs, 1) for part in (self.gain, self.offset))
        grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_BGR2GRAY)
        gain -= 1
        gain *= grey
        gain += offset
        shown = pixels + gain.astype(np.int16)[..., None]
        return np.asarray(np.clip(shown, 0, 255, out=shown), np.uint8)


def _positions(start: int, stop: int, scale: float) -> NDArray[np.float32]:
    return ((np.arange(start, stop) + 0.5) * scale - 0.5).astype(np.float32)


def _between(part: NDArray[Any], at: NDArray[np.float32], axis: int) -> NDArray[Any]:
    last = part.shape[axis] - 1
    at = np.clip(at, 0, last)
    low = np.minimum(at.astype(np.intp), max(0, last - 1))
    share = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
    near, far = part.take(low, axis), part.take(np.minimum(low + 1, last), axis)
    far -= near
    far *= share
    near += far
    return near
