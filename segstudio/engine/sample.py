"""One image as a round learns from it. Without torch: what makes views of samples need not wait for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Sample:
    """One image ready to learn from: ``pixels`` (h, w, 3) uint8 RGB, ``mask`` (h, w) uint16, both at input size.

    ``full_mask`` is the mask as it was written, kept for held-out images only, which are scored at that size. A
    ``fresh`` one was not in the round before, or not with this mask; an ``added`` one was not in it at all.
    """

    image_id: int
    pixels: Pixels
    mask: Mask
    full_mask: Mask | None
    fresh: bool = False
    added: bool = False
