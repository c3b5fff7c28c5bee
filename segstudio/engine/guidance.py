"""Clicks as they would be made on a training sample, so that one network learns both to predict and to be mended.

Half of the samples of a step come with guidance, as in DeepEdit (Diaz-Pinto et al., "DeepEdit: Deep Editable Learning
for Interactive Segmentation of 3D Medical Images", MICCAI DALI 2022); the other half learn what predicting needs.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.domain.clicks import Click, drawn
from segstudio.engine.network import GUIDANCE_CHANNELS
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import IGNORE

Bools = NDArray[np.bool_]

_ABSENT = 0.05
_FROM_NOTHING = 0.4
_LEAST_AREA = 20
_MOST_CLICKS = 4
# How far the border of a mask that is to be mended strays: shares of the radius of a disk of the object's area.
_STRAYS = (0.08, 0.9)
# How coarse its errors are: the border is bent by a grid of so many random numbers a side.
_GRIDS = (2, 7)
# A person clicks well inside of what is wrong, seldom at its very middle: the chance of a place grows with its
# distance from the border of the error, to this power.
_INWARD = 1.5


class ClickSimulator:
    """Makes guidance for the samples of a step, from a generator of its own: the views stay what they were."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 1])
        self._turn = 0

    def guide(self, masks: NDArray[np.int64], class_count: int) -> torch.Tensor:
        """Float32 (B, 3, h, w) in [0, 1] for ``masks`` (B, h, w) of class ids or IGNORE; zero for every other one."""
        guidance = np.zeros((len(masks), *masks.shape[1:], GUIDANCE_CHANNELS), np.uint8)
        for index, mask in enumerate(masks):
            self._turn += 1
            if self._turn % 2:
                guidance[index] = simulated(mask, class_count, self._rng)
        return to_guidance(guidance)


def to_guidance(drawn_clicks: NDArray[np.uint8]) -> torch.Tensor:
    """What ``domain.clicks.drawn`` made, as (B, h, w, 3) uint8, for a network: float32 (B, 3, h, w) in [0, 1]."""
    return torch.from_numpy(drawn_clicks).permute(0, 3, 1, 2).float().div_(255.0)


def simulated(mask: NDArray[np.int64], class_count: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Clicks and a mask to be mended, for one class of ``mask`` (h, w): (h, w, 3) uint8 as ``drawn`` makes it.

    The mask is empty, or the truth with plausible errors. The last click lies in an error, the ones before it lie
    where they were heeded. Nothing is made up where nobody vouched (IGNORE).
    """
    vouched = mask != IGNORE
    truth = mask == _drawn_class(mask, class_count, rng)
    if rng.random() < _FROM_NOTHING or truth.sum() < _LEAST_AREA:
        shown = np.zeros_like(truth)
    else:
        shown = damaged(truth, rng) & vouched
    clicks: list[Click] = []
    count = int(rng.integers(0, _MOST_CLICKS + 1))
    for _ in range(count - 1):
        adds = bool(rng.random() < 0.5)
        right = (shown & truth if adds else near(truth | shown) & ~shown & ~truth) & vouched
        clicks += _click(right, adds, rng)
    if count:
        wrong = (shown != truth) & vouched
        adds = bool(rng.random() < (truth & wrong).sum() / max(1, wrong.sum()))
        clicks += _click(one_part(wrong & (truth == adds), rng), adds, rng)
    return drawn(shown, clicks)


def _drawn_class(mask: NDArray[np.int64], class_count: int, rng: np.random.Generator) -> int:
    present = [number for number in range(1, class_count + 1) if (mask == number).sum() >= _LEAST_AREA]
    if not present or rng.random() < _ABSENT:
        return int(rng.integers(1, class_count + 1))
    return int(rng.choice(present))


def damaged(truth: Bools, rng: np.random.Generator) -> Bools:
    """``truth`` (h, w) with a border that strays, here and there by much: parts are missing, others too many."""
    h, w = truth.shape
    radius = math.sqrt(truth.sum() / math.pi)
    low, high = _STRAYS
    strays = radius * math.exp(rng.uniform(math.log(low), math.log(high)))
    side = int(rng.integers(*_GRIDS))
    noise = cv2.resize(rng.normal(0, 1, (side, side)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    inside = cv2.distanceTransform(truth.view(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~truth).view(np.uint8), cv2.DIST_L2, 3)
    bent: Bools = inside - outside + strays * noise > 0
    return bent


def near(mask: Bools) -> Bools:
    """``mask`` (h, w) and what lies within a tenth of the image's height of it."""
    reach = max(1, mask.shape[0] // 10)
    return np.asarray(cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3) <= reach)


def one_part(mask: Bools, rng: np.random.Generator) -> Bools:
    """One of the connected parts of ``mask``, a large one more likely; none of none."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros_like(mask)
    areas = stats[1:, cv2.CC_STAT_AREA].astype(np.float64)
    chosen: Bools = labels == 1 + rng.choice(count - 1, p=areas / areas.sum())
    return chosen


def place(mask: Bools, rng: np.random.Generator, inward: float = _INWARD) -> tuple[int, int] | None:
    """Where in ``mask`` (h, w) a person would click: (column, row), rather inside than at its border; None of none."""
    depth = cv2.distanceTransform(np.pad(mask, 1).view(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return None
    weight = depth[rows, columns].astype(np.float64) ** inward
    index = rng.choice(len(rows), p=weight / weight.sum())
    return int(columns[index]), int(rows[index])


def _click(mask: Bools, adds: bool, rng: np.random.Generator) -> list[Click]:
    at = place(mask, rng)
    return [] if at is None else [Click(at[0] + 0.5, at[1] + 0.5, adds)]
