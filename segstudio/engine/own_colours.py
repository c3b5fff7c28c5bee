"""What the colours of an image say about it, beside what a network says.

A network has learned what lesions look like; how dark this one is, and how red the skin round it, stands in the image
alone. What the network is sure of shows both, and by them the rest is told apart: as one learns a picture's colours
from a first cut of it and cuts again (Rother et al., "GrabCut", SIGGRAPH 2004), here by the linear discriminant of two
clouds of one shape (Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 1936).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.engine.sample import Pixels
from segstudio.imaging.cv import cv2

_SURE = 0.85
"""Probability from which a pixel shows the colours of what it is taken for: near the border it is a bit of both."""

_DARK = 20
"""Brightest channel below which a pixel is the black of a lens's mount, and neither lesion nor skin."""

_ROUNDS = 4
"""Times that colours are learned and the image is told apart by them. The second brings most of what there is."""

_BLUR = 1 / 150
"""How much is blurred, a standard deviation as a share of the longer side: hairs and pores are no colours of skin."""

_NOISE = 8.0
"""Variance of a colour that all pixels have, in grey levels squared: none is known more exactly."""

_BY_AREA = 0.6
"""How much it counts that one of both covers more of the image, where their colours are far apart."""

_MOST = 6.0
"""A colour says so much at most, as a logit."""

_CERTAIN = 50.0
"""Logits beyond which nothing is surer; networks that learn from nothing may say thousands."""

_FEWEST = 16
"""Pixels that show the colours of either side, so that there is something to learn from."""

_MOST_PIXELS = 1 << 14
"""Of a larger answer every so many pixels are learned from; all are told apart."""

Floats = NDArray[np.float64]


def heeding_colours(logits: NDArray[np.float32], pixels: Pixels, weight: float) -> NDArray[np.float32]:
    """``logits`` (h, w, 1) of an image, each changed by ``weight`` times what the pixel's colour says.

    ``pixels`` (H, W, 3) uint8 RGB are of the whole image, at any size. Nothing changes where ``weight`` is 0, where the
    network is sure of one side only, and where the image is black.
    """
    if weight == 0 or logits.shape[2] != 1:
        return logits
    colours = _colours(pixels, *logits.shape[:2])
    said, lit = logits.reshape(-1), colours.max(axis=1) >= _DARK
    step = math.ceil(len(said) / _MOST_PIXELS)
    some, some_said, some_lit = colours[::step].astype(np.float64), said[::step], lit[::step]
    split, heard = None, some_said
    for _ in range(_ROUNDS):
        found = _Split.between(some, heard, some_lit)
        if found is None:
            break
        split, heard = found, some_said + weight * found.of(some)
    if split is None:
        return logits
    return np.asarray((said + np.float32(weight) * split.of(colours) * lit).reshape(logits.shape), np.float32)


def told_apart(pixels: Pixels, mask: NDArray[np.bool_]) -> float | None:
    """How well the colours of an image tell apart what ``mask`` (h, w) is True of and what not; (H, W, 3) uint8 RGB.

    It is the mean of the shares of both that are on their own side: a half is chance, 1 faultless. None where there are
    too few pixels of either.
    """
    colours = _colours(pixels, *mask.shape)
    lit, inside = colours.max(axis=1) >= _DARK, mask.reshape(-1)
    split = _Split.between(colours.astype(np.float64), np.where(inside, _MOST, -_MOST).astype(np.float32), lit)
    if split is None:
        return None
    says = split.of(colours) > 0
    return float((says[inside & lit].mean() + (~says)[~inside & lit].mean()) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """How much more a colour is one side's than the other's: ``slope`` (3,) times the colour, and ``offset``."""

    slope: Floats
    offset: float

    @classmethod
    def between(cls, colours: Floats, said: NDArray[np.float32], lit: NDArray[np.bool_]) -> _Split | None:
        """Between what has logits above 0 and below; None if too few pixels are sure of either."""
        probability = 1 / (1 + np.exp(-said.astype(np.float64).clip(-_CERTAIN, _CERTAIN)))
        sides = [_Side.of(colours, np.where(lit & (p > _SURE), p, 0.0)) for p in (probability, 1 - probability)]
        one, other = sides
        if one is None or other is None:
            return None
        spread = (one.spread + other.spread) / 2 + _NOISE * np.eye(3)
        slope = np.asarray(np.linalg.solve(spread, one.mean - other.mean), np.float64)
        middle, apart = slope @ (one.mean + other.mean) / 2, slope @ (one.mean - other.mean)
        # Where the colours are alike they say nothing, and nor does how much there is of either.
        by_area = _BY_AREA * apart / (1 + apart) * math.log(one.area / other.area)
        return cls(slope, float(by_area - middle))

    def of(self, colours: NDArray[np.floating]) -> NDArray[np.float32]:
        """What ``colours`` (n, 3) say, as logits (n,)."""
        says = colours @ self.slope.astype(colours.dtype) + colours.dtype.type(self.offset)
        return np.clip(says, -_MOST, _MOST).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """The colours of a side: how much of the image it is, its mean (3,) and covariance (3, 3)."""

    area: float
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, colours: Floats, weights: Floats) -> _Side | None:
        if np.count_nonzero(weights) < _FEWEST:
            return None
        area = float(weights.sum())
        mean = weights @ colours / area
        apart = colours - mean
        return cls(area, mean, (weights[:, None] * apart).T @ apart / area)


def _colours(pixels: Pixels, height: int, width: int) -> NDArray[np.float32]:
    """The colours (n, 3) of an image of ``height`` x ``width`` px, without its details."""
    seen = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(seen, (0, 0), max(0.3, _BLUR * max(height, width))).reshape(-1, 3), np.float32)
