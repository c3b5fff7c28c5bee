"""A segment's border, moved in or out to where the model is surer, or less sure, of itself."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.regions import Mask, bounds
from segstudio.imaging.cv import cv2

MOST_STEPS = 8
"""So many steps lead from where the model draws the border to the farthest that it can be moved, either way."""

# The probability of a step is that of this logit, so that steps grow finer where the model grows surer.
_LOGIT = 0.5


def sure_from(steps: int) -> float:
    """The probability from which on the model's word stands, ``steps`` away from its border: above 0.5, below 1."""
    return 1 / (1 + math.exp(-_LOGIT * steps))


def sure_at(confidence: NDArray[np.uint8], shape: tuple[int, ...], sure: float) -> Mask:
    """Where the model is sure of what it said with a probability of ``sure`` at least: (H, W) of ``shape``.

    ``confidence`` is the probability of what it said, (h, w) uint8, 255 for certain, stretched over the image.
    """
    stretched = cv2.resize(confidence, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(stretched >= round(sure * 255))


def hanging_on(mask: Mask, candidates: Mask) -> Mask:
    """What of ``candidates`` hangs together with ``mask`` by sides, through candidates; both (H, W) bool."""
    found = np.zeros_like(mask)
    rect = bounds(candidates).expand(1).clip(*mask.shape)
    if rect.is_empty:
        return found
    mask, candidates = mask[rect.slices], candidates[rect.slices]
    _, labels = cv2.connectedComponents((mask | candidates).astype(np.uint8), connectivity=4)
    reached = np.zeros(int(labels.max(initial=0)) + 1, np.bool_)
    reached[labels[mask]] = True
    found[rect.slices] = candidates & reached[labels]
    return found


def _distance_to(mask: Mask) -> NDArray[np.float32]:
    distance: NDArray[np.float32] = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance


def nearer(candidates: Mask, near: Mask, far: Mask) -> Mask:
    """What of ``candidates`` is no farther from ``near`` than from ``far``; all (H, W) bool."""
    if not far.any() or not candidates.any():
        return candidates
    return candidates & (_distance_to(near) <= _distance_to(far))


def beyond_border(
    mask: Mask, own: Mask, others: Mask, painted: Mask, confidence: NDArray[np.uint8], steps: int
) -> Mask:
    """What a segment wins (``steps`` above 0) or loses (below) where its border is moved so far by the model's doubt.

    ``mask`` is where the segment is shown, ``own`` where the model said so, ``others`` where other segments are shown,
    ``painted`` where a person painted, who is not doubted; all (H, W) bool. ``confidence`` is as in ``sure_at``. Doubt
    that does not reach the border from outside, or from inside, moves nothing: no hole comes into the segment, and no
    new part beside it. Nor does doubt that lies behind what a person painted or took away, since it belongs to a border
    that is no more: it would be a thread around that, or a groove. What more steps change holds what fewer do.
    """
    if not steps:
        return np.zeros_like(mask)
    unsure = ~painted & ~sure_at(confidence, mask.shape, sure_from(abs(steps)))
    if steps < 0:
        return hanging_on(~mask, nearer(unsure & mask, ~mask, painted & mask))
    won = unsure & ~mask & ~own & ~others
    # The doubt at the border of another segment is that one's.
    return hanging_on(mask, nearer(won, mask, others | ((painted | own) & ~mask)))
