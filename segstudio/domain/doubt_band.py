"""How small and how large a region may be, going by the model's doubt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.regions import Mask
from segstudio.imaging.cv import cv2

SURE = 0.75
"""The probability from which on the model's word is taken for certain."""


def doubt_band(mask: Mask, own: Mask, painted: Mask, confidence: NDArray[np.uint8]) -> tuple[Mask, Mask]:
    """The stricter and the looser mask of a segment: the model must be ``SURE`` that a pixel is in it, or may be sure
    that it is not.

    ``mask`` is where the segment is shown, ``own`` where the model said so, ``painted`` where a person did, who is not
    doubted; all (H, W) bool. ``confidence`` is the probability of what the model said, (h, w) uint8, 255 for certain,
    stretched over the image. Of several classes what is not given to the one that was chosen may be any other's, so the
    looser mask is the most that there can be. Doubt that does not hang together with the segment is left out of it.
    """
    height, width = mask.shape
    sure = cv2.resize(confidence, (width, height), interpolation=cv2.INTER_LINEAR) >= round(SURE * 255)
    stricter: Mask = mask & (painted | sure)
    wider: Mask = mask | ~(painted | own | sure)
    _, labels = cv2.connectedComponents(wider.astype(np.uint8), connectivity=4)
    reached = np.zeros(int(labels.max(initial=0)) + 1, np.bool_)
    reached[labels[mask]] = True
    return stricter, wider & reached[labels]
