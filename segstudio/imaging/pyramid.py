"""Smaller and smaller copies of an image or a mask, so that a canvas zoomed out touches few pixels.

Level 0 is the array given, not a copy. Each next level has half the width and height, rounded up, until the longer side
is at most ``SMALLEST``.
"""

from __future__ import annotations

import itertools
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import EMPTY, Rect
from segstudio.imaging.cv import cv2

Label = TypeVar("Label", bound=np.generic)

SMALLEST = 512


def mip(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Half of an image (H, W, 3) uint8: the mean of each 2 x 2 pixels, a last odd row or column counted twice."""
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = cv2.copyMakeBorder(pixels, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    half = cv2.resize(pixels, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(half)


def mip_labels(labels: NDArray[Label]) -> NDArray[Label]:
    """Half of a plane (H, W) of ids: the highest id of each 2 x 2, so that a stroke a pixel wide stays visible."""
    rows = np.maximum(labels[::2], labels[np.minimum(np.arange(1, labels.shape[0] + 1, 2), labels.shape[0] - 1)])
    columns = np.minimum(np.arange(1, labels.shape[1] + 1, 2), labels.shape[1] - 1)
    half: NDArray[Label] = np.maximum(rows[:, ::2], rows[:, columns])
    return half


def image_levels(pixels: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """All levels of an image (H, W, 3) uint8; the first is ``pixels`` itself."""
    levels = [pixels]
    while max(levels[-1].shape[:2]) > SMALLEST:
        levels.append(mip(levels[-1]))
    return levels


def label_levels(labels: NDArray[Label]) -> list[NDArray[Label]]:
    """All levels of a plane (H, W) of ids; the first is ``labels`` itself."""
    levels = [labels]
    while max(levels[-1].shape) > SMALLEST:
        levels.append(mip_labels(levels[-1]))
    return levels


def update(levels: list[NDArray[Label]], rect: Rect) -> list[Rect]:
    """After a change inside ``rect`` of ``levels[0]``, bring the smaller ones up to date, in place.

    Returns the rectangle that changed at each level, level 0 included; all empty where ``rect`` lies outside.
    """
    dirty = rect.clip(*levels[0].shape[:2])
    rects = [dirty]
    for big, small in itertools.pairwise(levels):
        if dirty.is_empty:
            rects.append(EMPTY)  # halving an empty rectangle could round it up to a pixel
            continue
        dirty = Rect(dirty.x0 // 2, dirty.y0 // 2, (dirty.x1 + 1) // 2, (dirty.y1 + 1) // 2)
        dirty = dirty.clip(*small.shape[:2])
        source = Rect(2 * dirty.x0, 2 * dirty.y0, 2 * dirty.x1, 2 * dirty.y1).clip(*big.shape[:2])
        small[dirty.slices] = mip_labels(big[source.slices])
        rects.append(dirty)
    return rects
