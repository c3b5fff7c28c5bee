"""An image with the outlines of masks on it, to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2

Color = tuple[int, int, int]

TRUTH: Color = (86, 180, 233)
"""Sky blue, of Okabe and Ito's colours, which are told apart by the colour-blind too."""

SIDES: tuple[Color, ...] = ((230, 159, 0), (204, 121, 167))
"""Orange and pink: the masks that are judged."""

_RIM = (12, 14, 16)
_LINES_ACROSS = 400
"""How many lines of an outline lie side by side on the longer side of an image."""

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


def drawn_on(pixels: NDArray[np.uint8], ids: NDArray[np.uint16], colors: Mapping[int, Color]) -> NDArray[np.uint8]:
    """A copy of ``pixels`` (H, W, 3) uint8 RGB with the border of each class of ``ids`` (H, W) in its colour.

    Nothing else is changed. The line lies within its class, with a dark rim round it, and is so thick that it is seen
    where the whole of the image is shown on a screen.
    """
    thick = max(1, round(max(ids.shape) / _LINES_ACROSS))
    line, rim = (cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * r + 1,) * 2) for r in (thick, -(-thick // 2)))
    outline = _outline(ids, line)
    picture = pixels.copy()
    picture[cv2.dilate(outline, rim) > 0] = _RIM
    for class_id, color in colors.items():
        picture[(outline > 0) & (ids == class_id)] = color
    return picture


def _outline(ids: NDArray[np.uint16], near: NDArray[np.uint8] = _CROSS) -> NDArray[np.uint8]:
    """(h, w) uint8, 1 on the pixels of a class that have another one, or the frame, as ``near`` as this."""
    reach = near.shape[0] // 2
    wide = cv2.copyMakeBorder(ids, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    inside = (slice(reach, -reach), slice(reach, -reach))
    least, most = cv2.erode(wide, near)[inside], cv2.dilate(wide, near)[inside]
    return np.asarray((ids > 0) & ((least != ids) | (most != ids)), np.uint8)
