"""How much a lesion differs from its mirror image, in shape and in colour, about both of its principal axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.brush import Point
from segstudio.domain.lab import Lab
from segstudio.domain.regions import Mask
from segstudio.imaging.cv import cv2

_REACH = 96
"""Pixels from the middle of the turned picture to its edge, where the outermost pixel of the lesion comes to lie."""

SHAPE_SCALE, COLOR_SCALE = 0.25, 14.0
"""What, of either alone, makes experts call a lesion asymmetric about an axis: see ``Asymmetry.strength``."""


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """About one axis.

    ``shape`` is 0 where the mask is its own mirror image, 1 where it has nothing in common with it: 1 - Dice, that is
    the area without a counterpart over the whole (Stoecker, Li and Moss, "Automatic detection of asymmetry in skin
    tumors", Computerized Medical Imaging and Graphics 16, 1992). ``color`` is the mean CIELAB difference (Delta E of
    1976) between pixels and their counterparts, where both are in the mask; None where no pixel has one.
    """

    shape: float
    color: float | None

    @property
    def strength(self) -> float:
        """Both together, 1 where experts begin to call an axis asymmetric; the weights were fitted to PH2's labels."""
        return self.shape / SHAPE_SCALE + (self.color or 0.0) / COLOR_SCALE


def asymmetry(mask: Mask, lab: Lab, centroid: Point, angle: float) -> tuple[Asymmetry, Asymmetry]:
    """About the axis through ``centroid`` at ``angle``, as of ``measure.Axes``, and about the one across it.

    ``mask`` is (h, w) bool and not empty, ``lab`` of its size, smoothed against hairs.
    """
    turned, colors = _turned(mask, lab, centroid, angle)
    return _about(turned, colors, 0), _about(turned, colors, 1)


def asymmetric_axes(both: tuple[Asymmetry, Asymmetry]) -> int:
    """About how many of the two axes a lesion is asymmetric, 0 to 2, as dermoscopy counts it (Stolz et al. 1994)."""
    return sum(one.strength >= 1 for one in both)


def _about(mask: Mask, lab: Lab, across: int) -> Asymmetry:
    both = mask & np.flip(mask, across)
    area, common = int(np.count_nonzero(mask)), int(np.count_nonzero(both))
    if common == 0:
        return Asymmetry(1.0, None)
    difference = lab[both] - np.flip(lab, across)[both]
    return Asymmetry(1 - common / area, float(np.sqrt((difference * difference).sum(axis=1)).mean()))


def _turned(mask: Mask, lab: Lab, centroid: Point, angle: float) -> tuple[Mask, NDArray[np.float32]]:
    """Mask and colours with ``centroid`` in the very middle and the axis level, at one size for all lesions."""
    x, y = centroid[0] - 0.5, centroid[1] - 0.5
    rows, columns = np.nonzero(mask)
    scale = max(float(np.hypot(columns - x, rows - y).max()), 1.0) / _REACH
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    place = np.array([[cos, -sin, x - (cos - sin) * _REACH], [sin, cos, y - (sin + cos) * _REACH]])
    side = 2 * _REACH + 1
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(mask.astype(np.float32), place, (side, side), flags=how) >= 0.5
    colors: Lab = cv2.warpAffine(lab, place, (side, side), flags=how, borderMode=cv2.BORDER_REPLICATE)
    turned[_REACH, _REACH] |= not turned.any()
    return turned, colors
