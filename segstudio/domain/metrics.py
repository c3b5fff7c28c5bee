"""How well two masks agree: Dice, intersection over union, the distance between outlines, and how much of them agrees.

Every measure is defined for empty masks: two empty ones agree in full, an empty one and another not at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.packing import is_uniform
from segstudio.domain.plane import TILE, UNSET, Plane
from segstudio.imaging.cv import cv2

Mask = NDArray[np.bool_]
Box = tuple[slice, slice]


ISIC_PASSES = 0.65
"""The IoU from which the ISIC challenge counts a lesion's mask as one (Codella et al., ISIC 2018, task 1)."""

BOUNDARY_TOLERANCE = 0.0075
"""How far outlines may be apart and still agree, as a share of the picture's diagonal (Csurka et al., BMVC 2013)."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Agreement of one pair of masks, in 0..1 (1 is best) but for ``hd95``, which is in pixels (0 is best).

    ``isic`` is the IoU as the ISIC challenge counts it: 0 below ``ISIC_PASSES``. ``boundary_f1`` is how much of both
    outlines lies near the other one.
    """

    dice: float
    iou: float
    hd95: float
    boundary_f1: float
    isic: float


_LESS_IS_BETTER = np.array([field.name == "hd95" for field in fields(Scores)])


@dataclass(frozen=True, slots=True)
class Summary:
    """Scores of many pairs. ``worst_tenth`` is the mean of the worst tenth, each measure's own, rounded up."""

    count: int
    mean: Scores
    median: Scores
    worst_tenth: Scores


def dice(pred: Mask, truth: Mask) -> float:
    """Dice (1945): twice the common area over the sum of both, of two (H, W) bool masks.

    1 where both are empty. Raises ``ValueError`` for different shapes.
    """
    common, one, other = _counts(pred, truth)
    return 2 * common / (one + other) if one + other else 1.0


def mean_dice(pred: NDArray[np.uint16], truth: NDArray[np.uint16], void: Collection[int] = ()) -> float:
    """Dice of two (H, W) uint16 masks of ids, the mean over the ids above 0 that either holds; 1 where neither does.

    Where the truth is of an id in ``void`` nothing counts, and none of these ids does anywhere. Raises ``ValueError``
    for different shapes.
    """
    if void:
        judged = ~np.isin(truth, list(void))
        pred, truth = np.where(judged, pred, 0), np.where(judged, truth, 0)
    present = [value for value in np.union1d(np.unique(pred), np.unique(truth)) if value and value not in void]
    return float(np.mean([dice(pred == value, truth == value) for value in present])) if present else 1.0


def corrected_dice(prediction: Plane, correction: Plane, void: Collection[int] = ()) -> float:
    """``mean_dice`` of a prediction against itself with a correction over it: 1 where nothing was to be corrected.

    Both planes are of one size. What it costs depends on how much was painted; ids in ``void`` are left out as there.
    Raises ``ValueError`` for two sizes.
    """
    if prediction.bounds != correction.bounds:
        raise ValueError(f"planes of {prediction.bounds} and {correction.bounds} can't be compared")
    counts = np.zeros((3, UNSET + 1), np.int64)  # in the prediction, in the mask, in both
    for row in range(math.ceil(prediction.height / TILE)):
        for column in range(math.ceil(prediction.width / TILE)):
            inside = slice(prediction.height - row * TILE), slice(prediction.width - column * TILE)
            below, over = prediction.tile((row, column))[inside], correction.tile((row, column))[inside]
            if is_uniform(over) and over.item(0) == UNSET:
                if is_uniform(below):
                    counts[:, below.item(0)] += below.size
                else:
                    found = np.bincount(below.ravel())
                    counts[:, : len(found)] += found
                continue
            mask = np.where(over == UNSET, below, over)
            if void:
                judged = ~np.isin(mask, list(void))
                below, mask = below[judged], mask[judged]
            for total, values in zip(counts, (below, mask, mask[mask == below]), strict=True):
                found = np.bincount(values.ravel())
                total[: len(found)] += found
    counts[:, [0, *void]] = 0
    one, other, common = counts
    present = one + other > 0
    return float(np.mean(2 * common[present] / (one + other)[present])) if present.any() else 1.0


def iou(pred: Mask, truth: Mask) -> float:
    """Jaccard (1912): the common area over the area of both together, of two (H, W) bool masks.

    1 where both are empty. Raises ``ValueError`` for different shapes.
    """
    common, one, other = _counts(pred, truth)
    union = one + other - common
    return common / union if union else 1.0


def hd95(pred: Mask, truth: Mask) -> float:
    """95th percentile of the distances between two outlines, in pixels, of (H, W) bool masks.

    Taken over both directions pooled (Huttenlocher 1993, with the percentile of the BraTS challenge): for each pixel
    of either outline its distance to the nearest pixel of the other. An outline is the pixels of a mask with one of
    their four neighbours outside it; the frame counts as outside. 0 where both masks are empty. Where only one is,
    there is no such distance, and the picture's diagonal stands for it, so that a mean over images stays finite and
    an empty prediction doesn't go unpunished. Raises ``ValueError`` for different shapes.
    """
    return score_pair(pred, truth).hd95


def boundary_f1(pred: Mask, truth: Mask, tolerance: float = BOUNDARY_TOLERANCE) -> float:
    """How much of two outlines agrees, 0..1, of (H, W) bool masks (Csurka et al., BMVC 2013).

    The harmonic mean of the shares of either outline that is at most ``tolerance`` times the picture's diagonal away
    from the other one; outlines are as in ``hd95``. 1 where both masks are empty, 0 where only one is. Raises
    ``ValueError`` for different shapes.
    """
    return score_pair(pred, truth, tolerance).boundary_f1


def score_pair(pred: Mask, truth: Mask, tolerance: float = BOUNDARY_TOLERANCE) -> Scores:
    """All scores of one pair of (H, W) bool masks; about 10 ms for 768 x 576. ``ValueError`` for different shapes.

    Distances are looked for in the box round both masks alone, since no outline lies outside it.
    """
    common, one, other = _counts(pred, truth)
    diagonal = math.hypot(*pred.shape)
    if not one or not other:
        return Scores(0, 0, diagonal, 0, 0) if one or other else Scores(1, 1, 0, 1, 1)
    box = _joined(_bounds(pred), _bounds(truth))
    a, b = _outline(pred[box]), _outline(truth[box])
    there, back = _distance_to(b)[a], _distance_to(a)[b]
    overlap, reach = common / (one + other - common), tolerance * diagonal
    near, far = float(np.mean(there <= reach)), float(np.mean(back <= reach))
    return Scores(
        2 * common / (one + other),
        overlap,
        float(np.percentile(np.concatenate([there, back]), 95)),
        2 * near * far / (near + far) if near + far else 0.0,
        overlap if overlap >= ISIC_PASSES else 0.0,
    )


def summary(scores: Sequence[Scores]) -> Summary:
    """Mean, median and the mean of the worst tenth. Raises ``ValueError`` for no scores at all."""
    if not scores:
        raise ValueError("there is nothing to sum up")
    table = np.array([astuple(score) for score in scores], np.float64)
    worst = math.ceil(len(scores) / 10)
    # Best first would be ascending for the distance and descending for all others.
    sign = np.where(_LESS_IS_BETTER, -1, 1)
    order = np.sort(table * sign, axis=0) * sign
    return Summary(len(scores), _row(table, np.mean), _row(table, np.median), _row(order[:worst], np.mean))


def mean_of(scores: Sequence[Scores]) -> Scores:
    """The plain mean, measure by measure. Raises ``ValueError`` for none."""
    return summary(scores).mean


def _row(table: NDArray[np.float64], reduce: Callable[..., NDArray[np.float64]]) -> Scores:
    return Scores(*map(float, reduce(table, axis=0)))


def _counts(pred: Mask, truth: Mask) -> tuple[int, int, int]:
    if pred.shape != truth.shape or pred.ndim != 2:
        raise ValueError(f"masks of shapes {pred.shape} and {truth.shape} can't be compared")
    return int(np.count_nonzero(pred & truth)), int(np.count_nonzero(pred)), int(np.count_nonzero(truth))


def _bounds(mask: Mask) -> Box:
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return slice(y, y + height), slice(x, x + width)


def _joined(one: Box, other: Box) -> Box:
    rows, columns = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True))
    return rows, columns


def _outline(mask: Mask) -> Mask:
    core = np.zeros_like(mask)
    core[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return mask & ~core


def _distance_to(outline: Mask) -> NDArray[np.float32]:
    away: NDArray[np.float32] = cv2.distanceTransform((~outline).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return away
