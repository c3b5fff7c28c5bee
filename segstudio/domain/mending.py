"""What of a network's answer to a click goes into the mask: the change at the click, and nothing far away."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.clicks import RADIUS, Click, Crop, crop_around, drawn
from segstudio.domain.geometry import Rect
from segstudio.domain.regions import bounds, connected
from segstudio.imaging.cv import cv2

Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

_HALF = 127.5
_SMOOTHING = 1.0
_CROSS = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
# A change of fewer of the network's pixels is little more than the click itself.
_LEAST_CHANGE = 150
# What stays is so many times as deep inside as the click, and so many times as far from it as that is deep.
_DEEPER, _WIDER = 2.0, 4.0
_LEAST_REACH = 5.0 * RADIUS
# A click is held to be no deeper inside than this share of the picture's height.
_MOST_DEPTH = 0.08


@dataclass(frozen=True, eq=False)
class Mending:
    """A click on its way to the model and back; ``click`` and the clicks ``before`` are in pixels of ``small``.

    ``small`` is the mask as it was, at the size that the network sees of ``crop``.
    """

    crop: Crop
    small: Bools
    click: Click
    before: tuple[Click, ...]

    @classmethod
    def begin(cls, shown: Bools, known: Sequence[Click], click: Click) -> Mending:
        """For ``click`` on the mask ``shown`` (H, W) of a whole image, with the clicks that are ``known`` to hold."""
        height, width = shown.shape
        rect = crop_around(Rect(0, 0, width, height), bounds(shown), [*known, click])
        crop = Crop.of(rect)
        before = tuple(crop.click(one) for one in known if one.lies_in(rect))
        return cls(crop, crop.mask(shown[rect.slices]), crop.click(click), before)

    @property
    def guidance(self) -> Bytes:
        """What the network is told, as ``drawn`` makes it."""
        return drawn(self.small, (*self.before, self.click))

    def change(self, probability: Bytes, pixels: Bytes, mask: Bools) -> tuple[Rect, Bools]:
        """What the answer changes of ``mask``, the crop's as it is now: a rectangle of the image, (h, w) bool in it.

        ``pixels`` are what the network saw.
        """
        rect, where = change_at(self.click, self.before, self.small, probability, pixels, mask)
        left, top = self.crop.rect.x0, self.crop.rect.y0
        return Rect(rect.x0 + left, rect.y0 + top, rect.x1 + left, rect.y1 + top), where


def says(shown: Bools, click: Click) -> bool:
    """Whether the mask ``shown`` (H, W) already says what ``click`` does."""
    return bool(shown[math.floor(click.y), math.floor(click.x)]) == click.adds


def change_at(
    click: Click, before: Iterable[Click], small: Bools, probability: Bytes, pixels: Bytes, mask: Bools
) -> tuple[Rect, Bools]:
    """What ``click`` changes of ``mask`` (H, W) to what it says: a rectangle and (h, w) bool in it.

    ``probability`` (h', w') uint8 is the network's answer, 255 where the object certainly is, ``small`` (h', w') the
    mask that it was shown and ``pixels`` (h', w', 3) uint8 the picture, in whose pixels the clicks are.
    A click that adds takes nothing away, and the other way round. Only what hangs together with the click by more than
    a thread changes, and what is nearer to it than to any of the clicks ``before`` that said the opposite. The click's
    own place always does.
    """
    h, w = probability.shape
    column, row = min(max(int(click.x), 0), w - 1), min(max(int(click.y), 0), h - 1)
    opposite = [other for other in before if other.adds != click.adds]
    may_change = _nearer(click, opposite, h, w)
    wrong = (small != click.adds) & may_change
    score = (probability.astype(np.float32) - _HALF) * (1 if click.adds else -1)
    if (_region((score > 0) & wrong, column, row)).sum() < _LEAST_CHANGE:
        # The network holds the opposite, or yields no more than the place itself.
        around = _basin(pixels, small == click.adds, may_change, column, row).astype(np.float32)
        score = np.maximum(score, _HALF * (2 * cv2.GaussianBlur(around, (0, 0), 1.0) - 1))
    region = _region((score > 0) & wrong, column, row)
    # Steep scores, enlarged, would give the mask a border of steps.
    rect, change = _enlarged(cv2.GaussianBlur(score, (0, 0), _SMOOTHING), region, mask.shape)
    across, down = mask.shape[1] / w, mask.shape[0] / h
    spot = np.zeros(change.shape, np.uint8)
    at = (int(click.x * across) - rect.x0, int(click.y * down) - rect.y0)
    cv2.circle(spot, at, int(max(across, down)), 1, -1)
    return rect, (change | spot.astype(np.bool_)) & (mask[rect.slices] != click.adds)


def _nearer(click: Click, opposite: Sequence[Click], h: int, w: int) -> Bools:
    """Where ``click`` is nearer than any of ``opposite``: what those changed is not to be changed back far from it.

    The network may still hold what they said to be wrong.
    """
    ys, xs = np.mgrid[:h, :w] + 0.5
    away = [np.hypot(xs - one.x, ys - one.y) for one in (click, *opposite)]
    nearer: Bools = away[0] <= np.minimum.reduce(away)
    return nearer


def _basin(pixels: Bytes, right: Bools, may_change: Bools, column: int, row: int) -> Bools:
    """What of the rest of ``right`` (h, w) a person who clicks there means, as far as the picture tells.

    It floods from the click, and from what is right already, up to where colours change most on the way to what is
    surely meant to stay: much deeper inside than the click, far from it, or not in ``may_change`` (watershed: Meyer,
    "Color image segmentation", 1992).
    """
    wrong = ~right
    depth = cv2.distanceTransform(np.pad(wrong, 1, constant_values=True).view(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    h, w = wrong.shape
    own = min(float(depth[row, column]), float(h + w))
    reach = max(_WIDER * min(own, _MOST_DEPTH * min(h, w)), _LEAST_REACH)
    ys, xs = np.ogrid[:h, :w]
    away = np.hypot(xs - column, ys - row)
    markers = right.astype(np.int32)
    markers[wrong & ((depth > _DEEPER * own + RADIUS / 2) | (away > reach) | ~may_change)] = 2
    cv2.circle(markers, (column, row), RADIUS // 2, 1, -1)
    flooded: NDArray[np.int32] = cv2.watershed(np.ascontiguousarray(pixels), markers)
    basin: Bools = (flooded == 1) & wrong & may_change
    return basin


def _region(wanted: Bools, column: int, row: int) -> Bools:
    """The part of ``wanted`` at the click, and the click; what is joined to it by a thread only is another part."""
    thick = cv2.morphologyEx(wanted.view(np.uint8), cv2.MORPH_OPEN, _CROSS)
    cv2.circle(thick, (column, row), RADIUS, 1, -1)
    part = connected(thick.view(np.bool_), column, row)
    region: Bools = cv2.dilate(part.view(np.uint8), _CROSS).view(np.bool_) & wanted
    region[row, column] = True
    return region


def _enlarged(score: NDArray[np.float32], region: Bools, shape: tuple[int, ...]) -> tuple[Rect, Bools]:
    """What ``region`` stands for in a mask of ``shape``, its border as smooth as that of ``score``."""
    (height, width), (h, w) = shape, region.shape
    across, down = width / w, height / h
    x0, y0, x1, y1 = bounds(region).expand(1)
    rect = Rect(int(x0 * across), int(y0 * down), math.ceil(x1 * across), math.ceil(y1 * down)).clip(height, width)
    matrix = np.array([[1 / across, 0, (rect.x0 + 0.5) / across - 0.5], [0, 1 / down, (rect.y0 + 0.5) / down - 0.5]])
    # A pixel further, so that the border between two small pixels is drawn by the score alone.
    reach = cv2.dilate(region.view(np.uint8), _CROSS)
    fine, inside = (
        cv2.warpAffine(
            values, matrix, (rect.width, rect.height), flags=how | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        )
        for values, how in ((score, cv2.INTER_LINEAR), (reach, cv2.INTER_NEAREST))
    )
    return rect, (fine > 0) & inside.astype(np.bool_)
