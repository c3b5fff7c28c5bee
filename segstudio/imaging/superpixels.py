"""Superpixels: a picture as a mosaic of small parts that keep to its edges."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import EMPTY, Rect
from segstudio.imaging.cv import cv2

COUNTS = (2400, 800, 250)
"""About how many superpixels an image has at scale 0 (fine), 1 and 2 (coarse)."""

_LARGEST_COPY = 1_000_000
_COMPACTNESS = 12.0
_BLUR = 1.0
_ROUNDS = 5

Labels = NDArray[np.int32]


def superpixels(pixels: NDArray[np.uint8], scale: int) -> Labels:
    """The superpixel that each pixel of (H, W, 3) uint8 RGB belongs to: (H, W) int32, from 0.

    SLIC (Achanta et al. 2012) in CIELAB on a copy of at most a megapixel, slightly blurred; enlarged again, the
    borders are rounded. Takes up to a second or two: not for the thread that paints. Raises ``ValueError`` for a
    scale other than 0, 1, 2.
    """
    if scale not in range(len(COUNTS)):
        raise ValueError(f"there is no scale {scale}")
    # Imported here, since it takes longer than all else that the window loads.
    from skimage.segmentation import slic

    height, width = pixels.shape[:2]
    shrink = min(1.0, math.sqrt(_LARGEST_COPY / (height * width)))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    small = pixels if shrink == 1.0 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    found = slic(
        small,
        n_segments=COUNTS[scale],
        compactness=_COMPACTNESS,
        max_num_iter=_ROUNDS,
        sigma=_BLUR,
        convert2lab=True,
        start_label=0,
        channel_axis=-1,
    )
    return _enlarged(found.astype(np.uint16), height, width).astype(np.int32)


class Superpixels:
    """Superpixels ready to be asked for: which is here, where is it, where do they meet."""

    def __init__(self, labels: NDArray[np.integer]) -> None:
        """Take (H, W) ``labels`` from 0 and find the rectangle around each."""
        self._labels = labels
        self._boxes = _boxes(labels)

    @property
    def count(self) -> int:
        """One more than the highest label."""
        return len(self._boxes)

    def label_at(self, x: float, y: float) -> int | None:
        """The superpixel at a point in image pixels; None outside the image."""
        column, row = math.floor(x), math.floor(y)
        if not (0 <= row < self._labels.shape[0] and 0 <= column < self._labels.shape[1]):
            return None
        return int(self._labels[row, column])

    def mask_of(self, label: int) -> tuple[Rect, NDArray[np.bool_]]:
        """The rectangle around a superpixel and its pixels in there; both empty for a label that no pixel has."""
        rect = self._boxes[label] if 0 <= label < len(self._boxes) else EMPTY
        return rect, self._labels[rect.slices] == label

    def boundaries(self, rect: Rect) -> NDArray[np.bool_]:
        """The pixels of ``rect``, which lies inside the image, whose right or lower neighbour is another superpixel."""
        wide = Rect(rect.x0, rect.y0, rect.x1 + 1, rect.y1 + 1).clip(*self._labels.shape)
        part = self._labels[wide.slices]
        border = np.zeros((rect.height, rect.width), np.bool_)
        below = part[1:, : rect.width] != part[:-1, : rect.width]
        beside = part[: rect.height, 1:] != part[: rect.height, :-1]
        border[: below.shape[0]] |= below[: rect.height]
        border[:, : beside.shape[1]] |= beside[:, : rect.width]
        return border


def _enlarged(labels: NDArray[np.uint16], height: int, width: int) -> NDArray[np.uint16]:
    """``labels`` at a larger size. A median over labels is one of them, and where two meet it is the majority."""
    while labels.shape != (height, width):
        rows, columns = min(2 * labels.shape[0], height), min(2 * labels.shape[1], width)
        labels = cv2.resize(labels, (columns, rows), interpolation=cv2.INTER_NEAREST_EXACT)
        labels = cv2.medianBlur(labels, 5)
    return labels


def _boxes(labels: NDArray[np.integer]) -> list[Rect]:
    if labels.size == 0:
        return []
    # Over runs of one label within a row, which are few, instead of over pixels.
    starts = np.ones(labels.shape, np.bool_)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=starts[:, 1:])
    rows, first = np.nonzero(starts)
    last = np.append(first[1:], 0)
    last[np.append(rows[1:] != rows[:-1], True)] = labels.shape[1]
    label = labels[rows, first]
    count = int(label.max()) + 1
    x0, y0 = np.full(count, labels.shape[1]), np.full(count, labels.shape[0])
    x1, y1 = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.minimum.at(x0, label, first)
    np.minimum.at(y0, label, rows)
    np.maximum.at(x1, label, last)
    np.maximum.at(y1, label, rows + 1)
    return [Rect(*map(int, box)) if box[2] else EMPTY for box in zip(x0, y0, x1, y1, strict=True)]
