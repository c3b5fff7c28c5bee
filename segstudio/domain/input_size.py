"""At which size a network sees the images of a project, and whether it sees them whole or in pieces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.regions import bounds
from segstudio.imaging.cv import cv2

STEP = 32
"""Networks halve an image five times, so sizes are multiples of this."""

LEAST_PX = 6.0
"""A structure that is thinner than this where the network sees it is soon lost: the finest features are of 2 px."""

LEAST_WIDTH_PX, GOOD_WIDTH_PX = 30.0, 36.0
"""Shapes narrower than the first where the network sees them lose limbs and corners; then they get the second.

A lesion of PH2 is 48 px wide at 256, a person of CCP 24: there 17 of CCP taught an IoU of 0.88, and 0.90 at 384.
"""

_FARTHER_OFF = 7 / 8
"""Share of the size that was learned at, at which what has width to spare is seen best: more of it is seen at once.

On three splits of PH2 the worst tenth of 40 unseen cases rose by 0.026, the mean Dice by 0.003; people, who have no
width to spare, lost 0.001 of IoU at 320 instead of 352 px.
"""

Pieces = Literal["automatic", "on", "off"]
Reason = Literal["usual", "small_images", "structures", "shapes", "pieces", "chosen", "starter"]

_LOOKED_AT = 1024
_SMALLEST_TENTH = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """Longer sides in px: the ``usual`` one, the largest at which images are seen ``whole``, and in ``pieces``."""

    usual: int
    whole: int
    pieces: int


# A step of eight images at 256 px takes one core of 2023 some 0.7 s, at 384 px 2.25 times as long: more leaves a round
# of a minute too few steps. An image of 1024 px is 20 pieces of 256, several seconds for a mask. An accelerator is ten
# times as fast or more, and its memory holds eight images of 768 px.
LIMITS = {"cpu": Limits(256, 384, 1024), "accelerator": Limits(512, 768, 2048)}


@dataclass(frozen=True, slots=True)
class ImageMeasure:
    """What matters of one image: its longer side in px, and of each class in it, as shares of that side:

    how thick it is, and how wide: its area by half of its outline, in which limbs and notches tell.
    """

    longer_side: int
    structures: tuple[float, ...]
    widths: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class InputSize:
    """``longer_side`` of an image in px as the network sees it; ``window`` is the side of its pieces, None if whole.

    ``smallest`` is the share of the longer side that the small structures have; None where nobody knows.
    """

    longer_side: int
    window: int | None
    reason: Reason
    smallest: float | None = None


def measure_image(class_ids: NDArray[np.uint16], leave_out: Sequence[int] = ()) -> ImageMeasure:
    """Measure an approved mask (H, W) uint16 of class ids, as large as its image.

    The thickness of an object is the diameter of the largest disc in it, that of a class such that half of its area
    lies in objects at least as thick: so a few specks beside a lesion do not make it a small structure. Classes in
    ``leave_out`` do not count.
    """
    longer = max(class_ids.shape)
    scale = min(1.0, _LOOKED_AT / max(class_ids.shape))
    if scale < 1:
        size = (round(class_ids.shape[1] * scale), round(class_ids.shape[0] * scale))
        class_ids = np.asarray(cv2.resize(class_ids, size, interpolation=cv2.INTER_NEAREST), np.uint16)
    present = [int(value) for value in np.unique(class_ids) if value and int(value) not in leave_out]
    side = max(class_ids.shape)
    members = [class_ids == value for value in present]
    return ImageMeasure(
        longer,
        tuple(_thickness(member) / side for member in members),
        tuple(_width(member) / side for member in members),
    )


def farther_off(side: int) -> int:
    """A longer side in px that is a little less than ``side``."""
    return max(STEP, STEP * round(_FARTHER_OFF * side / STEP))


def size_to_ask_at(side: int, class_ids: Sequence[NDArray[np.uint16]], leave_out: Sequence[int] = ()) -> int:
    """The longer side in px at which to ask a network that learned whole images at ``side``, from ``class_ids``.

    These are masks (h, w) as the network saw them; classes in ``leave_out`` do not count. It is a little less than
    ``side`` if the median shape then still has ``GOOD_WIDTH_PX``, else ``side``.
    """
    less = farther_off(side)
    widths = [
        _width(ids == value) / max(ids.shape) for ids in class_ids for value in np.unique(ids) if value not in leave_out
    ]
    return less if widths and float(np.median(widths)) * less >= GOOD_WIDTH_PX else side


def _thickness(member: NDArray[np.bool_]) -> float:
    """In px: half of the area lies in objects at least as thick."""
    box = bounds(member).slices
    # What touches the frame goes on behind it.
    inside = np.pad(member[box], 1)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    away = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    radii = np.zeros(count)
    np.maximum.at(radii, labels[inside], away[inside])
    order = np.argsort(radii[1:])[::-1]
    areas = np.cumsum(stats[1:, cv2.CC_STAT_AREA][order])
    middle = order[int(np.searchsorted(areas, areas[-1] / 2))]
    return float(2 * radii[1 + middle] - 1)


def _width(member: NDArray[np.bool_]) -> float:
    """In px: the area by half of the outline, holes' included."""
    outlines, _ = cv2.findContours(member.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    around = sum(cv2.arcLength(outline, True) for outline in outlines)
    return 2 * float(np.count_nonzero(member)) / max(around, 1.0)


def choose_input_size(
    measures: Sequence[ImageMeasure], device: str, size: int | None = None, pieces: Pieces = "automatic"
) -> InputSize:
    """The size for images like ``measures`` on ``device`` ("cpu", "cuda", "mps"), as far as the user leaves it open.

    Of what is small the thinnest tenth has to keep ``LEAST_PX``. If the usual size is too coarse for that, a larger one
    is taken as long as the device bears it; beyond, images are seen in pieces. No image is enlarged for it. If the
    median shape is narrower than ``LEAST_WIDTH_PX``, it gets ``GOOD_WIDTH_PX``, as far as images can be seen whole.
    """
    limits = LIMITS["cpu" if device == "cpu" else "accelerator"]
    native = _up(float(np.median([m.longer_side for m in measures]))) if measures else math.inf
    structures = [share for measure in measures for share in measure.structures]
    smallest = float(np.percentile(structures, _SMALLEST_TENTH)) if structures else None
    if size is not None:
        in_pieces = size > limits.usual and (pieces == "on" or (pieces == "automatic" and size > limits.whole))
        return InputSize(size, limits.usual if in_pieces else None, "chosen", smallest)
    usual = int(min(limits.usual, native))
    needed = usual if smallest is None else int(min(max(usual, _up(LEAST_PX / smallest)), native))
    if pieces == "on":
        finest = int(min(max(needed, 2 * limits.usual), native, limits.pieces))
        return InputSize(finest, limits.usual if finest > limits.usual else None, "pieces", smallest)
    if needed <= limits.whole or pieces == "off":
        whole = int(min(max(needed, _detailed(measures, usual)), native, limits.whole))
        reason: Reason = "small_images" if usual < limits.usual else "usual"
        if whole > usual:
            reason = "structures" if needed > usual else "shapes"
        return InputSize(whole, None, reason, smallest)
    return InputSize(min(needed, limits.pieces), limits.usual, "pieces", smallest)


def _detailed(measures: Sequence[ImageMeasure], usual: int) -> int:
    widths = [share for measure in measures for share in measure.widths]
    width = float(np.median(widths)) if widths else math.inf
    return usual if width * usual >= LEAST_WIDTH_PX else max(usual, _up(GOOD_WIDTH_PX / width))


def _up(side: float) -> int:
    return max(2 * STEP, STEP * math.ceil(side / STEP))
