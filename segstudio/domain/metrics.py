"""How well two masks agree: Dice, intersection over union, and the 95 % Hausdorff distance."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.packing import is_uniform
from segstudio.domain.plane import TILE, UNSET, Plane
from segstudio.imaging.cv import cv2

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scores:
    """Agreement of one pair of masks: ``dice`` and ``iou`` in 0..1, ``hd95`` in pixels (0 is best)."""

    dice: float
    iou: float
    hd95: float


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
    _, one, other = _counts(pred, truth)
    if not one and not other:
        return 0.0
    if not one or not other:
        return math.hypot(*pred.shape)
    rows, columns = _bounds(pred | truth)
    a, b = _outline(pred[rows, columns]), _outline(truth[rows, columns])
    pooled = np.concatenate([_distance_to(b)[a], _distance_to(a)[b]])
    return float(np.percentile(pooled, 95))


def score_pair(pred: Mask, truth: Mask) -> Scores:
    """All scores of one pair of (H, W) bool masks; about 10 ms for 768 x 576. ``ValueError`` for different shapes."""
    return Scores(dice(pred, truth), iou(pred, truth), hd95(pred, truth))


def summary(scores: Sequence[Scores]) -> Summary:
    """Mean, median and the mean of the worst tenth. Raises ``ValueError`` for no scores at all."""
    if not scores:
        raise ValueError("there is nothing to sum up")
    table = np.array([(s.dice, s.iou, s.hd95) for s in scores], np.float64)
    worst = math.ceil(len(scores) / 10)
    # Best first would be descending for Dice and IoU and ascending for the distance.
    order = np.sort(table * (1, 1, -1), axis=0) * (1, 1, -1)
    return Summary(len(scores), _row(table, np.mean), _row(table, np.median), _row(order[:worst], np.mean))


def mean_of(scores: Sequence[Scores]) -> Scores:
    """The plain mean, measure by measure. Raises ``ValueError`` for none."""
    return summary(scores).mean


def _row(table: NDArray[np.float64], reduce: Callable[..., NDArray[np.float64]]) -> Scores:
    values = reduce(table, axis=0)
    return Scores(float(values[0]), float(values[1]), float(values[2]))


def _counts(pred: Mask, truth: Mask) -> tuple[int, int, int]:
    if pred.shape != truth.shape or pred.ndim != 2:
        raise ValueError(f"masks of shapes {pred.shape} and {truth.shape} can't be compared")
    return int(np.count_nonzero(pred & truth)), int(np.count_nonzero(pred)), int(np.count_nonzero(truth))


def _bounds(mask: Mask) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _outline(mask: Mask) -> Mask:
    core = np.zeros_like(mask)
    core[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return mask & ~core


def _distance_to(outline: Mask) -> NDArray[np.float32]:
    away: NDArray[np.float32] = cv2.distanceTransform((~outline).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return away
