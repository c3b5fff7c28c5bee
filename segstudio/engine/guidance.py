"""Clicks as they would be made on a training sample, so that one network learns both to predict and to be mended.

Half of the samples of a step come with guidance, as in DeepEdit (Diaz-Pinto et al., "DeepEdit: Deep Editable Learning
for Interactive Segmentation of 3D Medical Images", MICCAI DALI 2022); the other half learn what predicting needs.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.clicks import Click, drawn
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
# Errors and clicks are made up among so many pixels at most, evenly spread: more would cost time and teach nothing.
_LOOKED_AT = 320 * 320


def simulated(mask: NDArray[np.integer], class_count: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Clicks and a mask to be mended, for one class of ``mask`` (h, w): (h, w, 3) uint8 as ``drawn`` makes it.

    The mask is empty, or the truth with plausible errors. The last click lies in an error, the ones before it lie
    where they were heeded. Nothing is made up where nobody vouched (IGNORE).
    """
    step = math.ceil(math.sqrt(mask.size / _LOOKED_AT))
    shown, clicks = _made_up(mask[::step, ::step], class_count, rng)
    if step > 1:
        shown = _between(shown, step, mask.shape) & (mask != IGNORE)
        clicks = [replace(click, x=(click.x - 0.5) * step + 0.5, y=(click.y - 0.5) * step + 0.5) for click in clicks]
    return drawn(shown, clicks)


def _between(shown: Bools, step: int, shape: tuple[int, ...]) -> Bools:
    """What was ``shown`` at every ``step``-th pixel, the first on, at all pixels of ``shape``.

    Resized it would stand for the middles of squares of them, and lie half a step aside of the truth.
    """
    matrix = np.array([[1 / step, 0, 0], [0, 1 / step, 0]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], shape[0])
    values = cv2.warpAffine(255 * shown.view(np.uint8), matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(values > 127)


def _made_up(mask: NDArray[np.integer], class_count: int, rng: np.random.Generator) -> tuple[Bools, list[Click]]:
    """The mask and the clicks of ``simulated``."""
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
    return shown, clicks


def _drawn_class(mask: NDArray[np.integer], class_count: int, rng: np.random.Generator) -> int:
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
    places = np.flatnonzero(mask)
    if not len(places):
        return None
    weight = depth.ravel()[places].astype(np.float64) ** inward
    row, column = divmod(int(places[rng.choice(len(places), p=weight / weight.sum())]), mask.shape[1])
    return column, row


def _click(mask: Bools, adds: bool, rng: np.random.Generator) -> list[Click]:
    at = place(mask, rng)
    return [] if at is None else [Click(at[0] + 0.5, at[1] + 0.5, adds)]
