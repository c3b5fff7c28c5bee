"""One mask made of several readings of an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2

Ids = NDArray[np.uint16]

_LIKELY = 0.5


def staple(readings: Sequence[Ids]) -> Ids:
    """STAPLE (Warfield, Zou and Wells 2004) of (H, W) uint16 masks of segment ids, segment by segment.

    It weighs each reading by how well it agrees with what is estimated to be true, and estimates that anew. A pixel
    gets the segment that is most probable there, 0 where none reaches a half. Two readings alone can't tell it which
    of them is right: what both have in common, or all of one, is the usual outcome. Raises ``ValueError`` for masks of
    different shapes or none at all.
    """
    # Loads slowly and is wanted seldom.
    import SimpleITK as sitk

    def probable(halves: list[NDArray[np.bool_]]) -> NDArray[np.float64]:
        if all(np.array_equal(half, halves[0]) for half in halves):
            return halves[0].astype(np.float64)  # nothing to weigh: the estimate would have no spread
        images = [sitk.GetImageFromArray(half.astype(np.uint8)) for half in halves]
        return np.asarray(sitk.GetArrayFromImage(sitk.STAPLE(images, 1.0)), np.float64)  # type: ignore[no-untyped-call]

    return _most_likely(readings, probable, _LIKELY)


def between(readings: Sequence[Ids]) -> Ids:
    """The outline half-way between those of (H, W) uint16 masks of segment ids, segment by segment.

    It runs where the mean of the signed distances to the outlines is 0 (shape-based averaging, Rohlfing and Maurer
    2007, after Raya and Udupa 1990). Raises ``ValueError`` for masks of different shapes or none at all.
    """

    def inwards(halves: list[NDArray[np.bool_]]) -> NDArray[np.float64]:
        return np.asarray(np.mean([_signed_distance(half) for half in halves], axis=0), np.float64)

    return _most_likely(readings, inwards, 0.0)


def _most_likely(
    readings: Sequence[Ids], likelihood: Callable[[list[NDArray[np.bool_]]], NDArray[np.float64]], least: float
) -> Ids:
    if not readings or any(reading.shape != readings[0].shape or reading.ndim != 2 for reading in readings):
        raise ValueError("a consensus needs masks of one shape")
    best = np.full(readings[0].shape, -np.inf)
    made = np.zeros(readings[0].shape, np.uint16)
    for value in sorted({int(v) for reading in readings for v in np.unique(reading)} - {0}):
        likely = likelihood([reading == value for reading in readings])
        better = (likely >= least) & (likely > best)
        best[better], made[better] = likely[better], value
    return made


def _signed_distance(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Pixels to the outline, above 0 inside; as far away as can be where there is none."""
    if mask.all() or not mask.any():
        return np.full(mask.shape, float(np.hypot(*mask.shape)) * (1 if mask.any() else -1))
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.where(mask, inside - 0.5, 0.5 - outside), np.float64)
