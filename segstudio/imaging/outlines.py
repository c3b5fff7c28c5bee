"""An image with the outlines of masks on it, to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2

Color = tuple[int, int, int]

TRUTH: Color = (86, 180, 233)
"""Sky blue, of Okabe and Ito's colours, which are told apart by the colour-blind too."""

SIDES: tuple[Color, ...] = ((230, 159, 0), (204, 121, 167))
"""Orange and pink: the masks that are judged."""

_RIM = (12, 14, 16)
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def with_outlines(
    pixels: NDArray[np.uint8] | None, masks: Sequence[NDArray[np.uint16]], size: int, colors: Sequence[Color]
) -> NDArray[np.uint8]:
    """A picture (h, w, 3) uint8 RGB, at most ``size`` px on its longer side, with the borders of all classes.

    ``masks`` are (H, W) uint16 class ids, drawn in their order, each in its colour with a dark rim, so that it reads
    on skin and on cloth. ``pixels`` is (h, w, 3) uint8 of the same image at any size; None gives a dark ground.
    """
    height, width = masks[0].shape
    scale = min(1.0, size / max(height, width))
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    if pixels is None:
        picture: NDArray[np.uint8] = np.full((h, w, 3), 40, np.uint8)
    else:
        how = cv2.INTER_AREA if pixels.shape[1] > w else cv2.INTER_LINEAR
        picture = cv2.resize(np.ascontiguousarray(pixels), (w, h), interpolation=how).copy()
    outlines = [_outline(cv2.resize(mask, (w, h), interpolation=cv2.INTER_NEAREST_EXACT)) for mask in masks]
    for outline in outlines:
        picture[cv2.dilate(outline, _CROSS) > 0] = _RIM
    for outline, color in zip(outlines, colors, strict=True):
        picture[outline > 0] = color
    return picture


def _outline(ids: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """(h, w) uint8, 1 on the pixels of a class that have another one, or the frame, beside them."""
    wide = cv2.copyMakeBorder(ids, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    least, most = cv2.erode(wide, _CROSS)[1:-1, 1:-1], cv2.dilate(wide, _CROSS)[1:-1, 1:-1]
    return np.asarray((ids > 0) & ((least != ids) | (most != ids)), np.uint8)
