"""Clicks that say what belongs to an object and what does not, and how a network is told of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect, union_all
from segstudio.domain.input_shape import input_shape
from segstudio.imaging.cv import cv2

RADIUS = 4
"""Radius in px, at the size that the network sees, of the disk that stands for a click.

Disks of a fixed size teach faster than maps of distances (Sofiiuk et al., "Reviving iterative training with mask
guidance for interactive segmentation", ICIP 2022).
"""

LONGER_SIDE = 256
"""Longer side in px at which a network sees a crop; it answers in a fifth of a second on one core."""

_CONTEXT = 0.4
_LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Click:
    """A place (``x``, ``y``) in px, pixel centres at halves, that ``adds`` to the mask or takes away from it."""

    x: float
    y: float
    adds: bool

    def lies_in(self, rect: Rect) -> bool:
        """Whether it is inside."""
        return rect.x0 <= self.x < rect.x1 and rect.y0 <= self.y < rect.y1


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of an image, ``rect``, and the (h, w) at which a network sees it."""

    rect: Rect
    shape: tuple[int, int]

    @classmethod
    def of(cls, rect: Rect, longer_side: int = LONGER_SIDE) -> Crop:
        """As a network takes it."""
        return cls(rect, input_shape(rect.width, rect.height, longer_side))

    def pixels(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What (h, w, 3) uint8 the network sees of ``image`` (H, W, 3)."""
        h, w = self.shape
        how = cv2.INTER_AREA if h < self.rect.height else cv2.INTER_LINEAR
        seen: NDArray[np.uint8] = cv2.resize(image[self.rect.slices], (w, h), interpolation=how)
        return seen

    def mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """``mask``, which is that of ``rect`` alone, as (h, w) bool."""
        h, w = self.shape
        how = cv2.INTER_AREA if h < self.rect.height else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(mask.astype(np.float32), (w, h), interpolation=how) > 0.5)

    def click(self, click: Click) -> Click:
        """The same place in the network's pixels."""
        (h, w), rect = self.shape, self.rect
        return Click((click.x - rect.x0) * w / rect.width, (click.y - rect.y0) * h / rect.height, click.adds)


def drawn(mask: NDArray[np.bool_], clicks: Iterable[Click]) -> NDArray[np.uint8]:
    """What a network is told: (h, w, 3) uint8, 0 or 255.

    The channels are a disk where each of ``clicks`` adds, one where it takes away, and ``mask`` (h, w) as it is now.
    Clicks outside are left out, as far as their disks are outside.
    """
    disks = [np.zeros(mask.shape, np.uint8), np.zeros(mask.shape, np.uint8)]
    for click in clicks:
        cv2.circle(disks[0 if click.adds else 1], (int(click.x), int(click.y)), RADIUS, 255, -1)
    return np.dstack([*disks, np.where(mask, np.uint8(255), np.uint8(0))])


def crop_around(bounds: Rect, mask: Rect, clicks: Iterable[Click]) -> Rect:
    """The part of an image (``bounds``) that a network looks at to mend a mask; of the image's proportions.

    It holds the rectangle of the mask (empty if there is none yet) and the clicks, with the surroundings that are
    needed to tell an object from what is beside it. Without a mask nothing tells how large the object is: all of it.
    """
    if mask.is_empty:
        return bounds
    places = [Rect(int(click.x), int(click.y), int(click.x) + 1, int(click.y) + 1) for click in clicks]
    box = union_all([mask, *places]).intersect(bounds)
    share = (1 + 2 * _CONTEXT) * max(box.width / bounds.width, box.height / bounds.height)
    share = min(max(share, _LEAST_SHARE), 1.0)
    x0, x1 = _span(box.x0, box.x1, math.ceil(share * bounds.width), bounds.width)
    y0, y1 = _span(box.y0, box.y1, math.ceil(share * bounds.height), bounds.height)
    return Rect(x0, y0, x1, y1)


def _span(first: int, last: int, length: int, whole: int) -> tuple[int, int]:
    """``length`` px around the middle of ``first`` to ``last``, inside 0 to ``whole``."""
    start = min(max((first + last - length) // 2, 0), whole - length)
    return start, start + length
