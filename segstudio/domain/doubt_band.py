"""How small and how large a region may be, going by the model's doubt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.model_border import hanging_on, nearer, sure_at
from segstudio.domain.regions import Mask

SURE = 0.75
"""The probability from which on the model's word is taken for certain."""


def doubt_band(mask: Mask, own: Mask, painted: Mask, confidence: NDArray[np.uint8]) -> tuple[Mask, Mask]:
    """The stricter and the looser mask of a segment: the model must be ``SURE`` that a pixel is in it, or may be sure
    that it is not.

    ``mask`` is where the segment is shown, ``own`` where the model said so, ``painted`` where a person did, who is not
    doubted; all (H, W) bool. ``confidence`` is the probability of what the model said, (h, w) uint8, 255 for certain,
    stretched over the image. Of several classes what is not given to the one that was chosen may be any other's, so the
    looser mask is the most that there can be. Doubt that does not hang together with the segment is left out of it,
    and so is doubt that lies behind what a person painted or took away: it is that of a border that is no more.
    """
    sure = sure_at(confidence, mask.shape, SURE)
    taken_away = (painted | own) & ~mask
    stricter = mask & ~nearer(mask & ~(painted | sure), ~mask, painted & mask)
    return stricter, mask | hanging_on(mask, nearer(~(mask | painted | own | sure), mask, taken_away))
