"""What the border of a lesion is like: how ragged, and how abruptly the colour changes across it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.brush import Point
from segstudio.domain.lab import Lab
from segstudio.domain.regions import Mask, bounds
from segstudio.imaging.cv import cv2

SECTORS = 8

_PARTS = (8, 16, 32, 64, 128)
"""Into how many boxes the longer side of a region's largest piece is cut to count those with a border in them."""

_SMALLEST = 2.0
"""Smaller boxes, in px, would count pixels."""


def fractal_dimension(mask: Mask) -> float:
    """Box-counting dimension of the border of a (h, w) bool mask that is not empty: 1 if smooth, towards 2 if ragged.

    The slope of log(boxes with border in them) over log(1 / side of a box), by least squares (Mandelbrot 1982; of
    lesions: Claridge et al., "Shape analysis for classification of malignant melanoma", J. Biomedical Engineering 14,
    1992). Boxes are an 8th to a 128th of the longer side of its largest piece, so that neither the size of the picture
    nor what lies between pieces makes a difference, and 2 px at least. Counted from each corner and averaged, so that
    turning and mirroring make none. 1 where the region is too small for two sizes of boxes, and at least.
    """
    inside = mask[bounds(mask).slices].astype(np.uint8)
    core = cv2.erode(inside, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    rows, columns = np.nonzero(inside & ~core & 1)
    height, width = inside.shape
    longest = _longest_side(inside)
    sides = [longest / parts for parts in _PARTS if longest / parts >= _SMALLEST]
    if len(sides) < 2:
        return 1.0
    corners = [(x, y) for x in (columns, width - 1 - columns) for y in (rows, height - 1 - rows)]
    counts = [np.mean([_boxes(x, y, side) for x, y in corners]) for side in sides]
    # Specks beside it fill as many boxes of any size, which is the dimension of points and not of a border.
    return max(1.0, float(np.polyfit(-np.log(sides), np.log(counts), 1)[0]))


def _longest_side(inside: NDArray[np.uint8]) -> int:
    """Of the boxes round the pieces of a (h, w) mask that is not empty, in px."""
    pieces = cv2.connectedComponentsWithStats(inside, connectivity=8)[2][1:]
    return int(pieces[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max())


@dataclass(frozen=True, slots=True)
class Bands:
    """What lies beside a border: just inside it, just outside it, and what is certainly none of the lesion.

    Each is (h, w) bool.
    """

    inner: Mask
    outer: Mask
    beyond: Mask


def bands(mask: Mask, width: float) -> Bands:
    """The two bands ``width`` px wide along the border of ``mask``, and what is outside of both."""
    depth, away = _depth(mask), _depth(~mask)
    return Bands(mask & (depth <= width), ~mask & (away <= width), away > width)


def abruptness(beside: Bands, lab: Lab, centroid: Point, angle: float) -> tuple[float | None, ...]:
    """How much the colour changes across a border, in eight sectors: Delta E of 1976 between the two bands.

    A border that fades over more than the bands' width comes out low, one that is cut off high. After the border
    criterion of dermoscopy's ABCD rule, which asks in how many of eight sectors the pattern ends abruptly (Stolz et al.
    1994); here it is measured, not judged. Sectors begin at the axis at ``angle`` and go round clockwise on the screen.
    None where a band is empty, as where the image ends.
    """
    inner, outer = (_means(lab, band, centroid, angle) for band in (beside.inner, beside.outer))
    away = np.sqrt(((inner - outer) ** 2).sum(axis=1))
    return tuple(None if math.isnan(value) else float(value) for value in away)


def _boxes(x: NDArray[np.int64], y: NDArray[np.int64], side: float) -> int:
    column, row = np.floor((x + 0.5) / side).astype(np.int64), np.floor((y + 0.5) / side).astype(np.int64)
    return len(np.unique(row * (column.max() + 1) + column))


def _depth(mask: Mask) -> NDArray[np.float32]:
    """How far the middles of a mask's pixels are from the nearest pixel outside it; the frame is no border."""
    depth: NDArray[np.float32] = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return depth


def _means(lab: Lab, band: Mask, centroid: Point, angle: float) -> NDArray[np.float64]:
    """Mean colour by sector, (8, 3); NaN where a sector is empty."""
    rows, columns = np.nonzero(band)
    turn = np.arctan2(rows + 0.5 - centroid[1], columns + 0.5 - centroid[0]) - angle
    which = np.floor(turn / (2 * math.pi / SECTORS)).astype(np.int64) % SECTORS
    count = np.bincount(which, minlength=SECTORS).astype(np.float64)
    count[count == 0] = np.nan
    values = lab[rows, columns]
    return np.stack([np.bincount(which, values[:, axis], SECTORS) / count for axis in range(3)], axis=1)
