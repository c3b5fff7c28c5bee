"""What of a network's answer to a click goes into the mask: the change at the click, and nothing far away."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.clicks import RADIUS, Click
from segstudio.domain.geometry import Rect
from segstudio.domain.regions import bounds, connected
from segstudio.imaging.cv import cv2

Bools = NDArray[np.bool_]

_HALF = 127.5
_CROSS = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
# How far a click carries where the network holds the opposite: shares of the way to the nearest pixel that is right.
_CARRY = 0.5
_LEAST_CARRY = 1.5 * RADIUS
_MOST_CARRY = 0.12


def change_at(
    click: Click, before: Iterable[Click], small: Bools, probability: NDArray[np.uint8], mask: Bools
) -> tuple[Rect, Bools]:
    """What ``click`` changes of ``mask`` (H, W) to what it says: a rectangle and (h, w) bool in it.

    ``probability`` (h', w') uint8 is the network's answer, 255 where the object certainly is, and ``small`` (h', w')
    the mask that it was shown. The clicks are in its pixels, (0, 0) its corner. A click that adds takes nothing away,
    and the other way round. Only what hangs together with the click by more than a thread changes; the click's own
    place always does, and the places of the clicks ``before`` that said the opposite never do.
    """
    h, w = probability.shape
    column, row = min(max(int(click.x), 0), w - 1), min(max(int(click.y), 0), h - 1)
    score = (probability.astype(np.float32) - _HALF) * (1 if click.adds else -1)
    score = _heeding(score, small == click.adds, column, row)
    for other in before:
        if other.adds != click.adds:
            cv2.circle(score, (int(other.x), int(other.y)), RADIUS // 2, -_HALF, -1)
    region = _region((score > 0) & (small != click.adds), column, row)
    rect, change = _enlarged(score, region, mask.shape)
    across, down = mask.shape[1] / w, mask.shape[0] / h
    spot = np.zeros(change.shape, np.uint8)
    at = (int(click.x * across) - rect.x0, int(click.y * down) - rect.y0)
    cv2.circle(spot, at, int(max(across, down)), 1, -1)
    return rect, (change | spot.astype(np.bool_)) & (mask[rect.slices] != click.adds)


def _heeding(score: NDArray[np.float32], right: Bools, column: int, row: int) -> NDArray[np.float32]:
    """``score`` such that it is positive at the click: where it is not, it is raised there and around."""
    lacking = _HALF / 4 - score[row, column]
    if lacking <= 0:
        return score
    h, w = score.shape
    carry = _MOST_CARRY * min(h, w)
    if right.any():
        away = cv2.distanceTransform((~right).view(np.uint8), cv2.DIST_L2, 3)[row, column]
        carry = min(carry, max(_CARRY * float(away), _LEAST_CARRY))
    ys, xs = np.ogrid[:h, :w]
    hill = np.exp(-((xs - column) ** 2 + (ys - row) ** 2) / np.float32(2 * carry * carry))
    raised: NDArray[np.float32] = (score + np.float32(lacking) * hill).astype(np.float32)
    return raised


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
