"""The smart edge: from an anchor to the cursor, the path that keeps to the border it was begun on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.brush import Point
from segstudio.domain.geometry import Rect
from segstudio.domain.lab import to_lab
from segstudio.imaging.cv import cv2

REACH = 208
"""So far from the anchor, in px in x and y, a path is exact to the pixel."""

FAR_REACH = 832
"""So far it keeps to edges of a reduced copy; beyond, it is a straight line."""

_FAR_FACTOR = 4

# Found on borders of skin lesions and of people in photographs: a wider blur helps the first and harms the others.
_BLUR = 3.0
_NEIGHBOURHOOD = 60
_VALUE_SPREAD = 0.7
_ZERO_CROSSING = 10.0
_WEIGHTS = (0.2, 0.2, 0.6)

_Scissors = Any


@dataclass(frozen=True, eq=False)
class LiveWire:
    """Cheapest paths along edges from ``anchor``, ready made; nothing in it changes, so any thread may ask it.

    Intelligent scissors (Mortensen and Barrett 1995). The colours are first projected on the axis along which they
    vary most around the anchor, and, as in their training on the fly, a path is cheap where the gradient is as strong
    and the value on that axis as near as at the anchor: a soft border is then told from hair and texture.
    """

    anchor: Point
    _maps: tuple[_Map, ...]

    @classmethod
    def at(cls, pixels: NDArray[np.uint8], point: Point) -> LiveWire:
        """The paths from ``point`` in ``pixels``, (H, W, 3) uint8 RGB; about 100 ms.

        The anchor is the centre of the pixel that holds the point. Raises ``ValueError`` outside the image.
        """
        height, width = pixels.shape[:2]
        column, row = math.floor(point[0]), math.floor(point[1])
        if not (0 <= column < width and 0 <= row < height):
            raise ValueError(f"({point[0]}, {point[1]}) is outside an image of {width} x {height} px")
        here = Rect(column, row, column + 1, row + 1)
        near = here.expand(REACH).clip(height, width)
        maps = [_Map.of(pixels, near, 1, column, row)]
        far = here.expand(FAR_REACH).clip(height, width)
        far = Rect(far.x0, far.y0, far.x1 - far.width % _FAR_FACTOR, far.y1 - far.height % _FAR_FACTOR)
        if (far.width > near.width or far.height > near.height) and far.intersect(here) == here:
            maps.append(_Map.of(pixels, far, _FAR_FACTOR, column, row))
        return cls((column + 0.5, row + 0.5), tuple(maps))

    def path_to(self, point: Point) -> list[Point]:
        """Centres of pixels from the anchor to the pixel that holds ``point``, both included; well below 5 ms.

        Neighbours up to ``REACH`` from the anchor, points some pixels apart up to ``FAR_REACH``; just the two ends
        where the point is farther away or outside the image.
        """
        column, row = math.floor(point[0]), math.floor(point[1])
        end = (column + 0.5, row + 0.5)
        for each in self._maps:
            if each.rect.x0 <= column < each.rect.x1 and each.rect.y0 <= row < each.rect.y1:
                between = each.path(column, row)[1:-1]
                return [self.anchor, *between, end] if end != self.anchor else [end]
        return [self.anchor, end]


@dataclass(frozen=True, eq=False)
class _Map:
    """The paths in ``rect`` of the image, in cells of ``factor`` px."""

    rect: Rect
    factor: int
    scissors: _Scissors

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], rect: Rect, factor: int, column: int, row: int) -> _Map:
        crop = np.ascontiguousarray(pixels[rect.slices])
        if factor > 1:
            size = (rect.width // factor, rect.height // factor)
            crop = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
        source = ((column - rect.x0) // factor, (row - rect.y0) // factor)
        scissors = cv2.segmentation.IntelligentScissorsMB()
        scissors.setWeights(*_WEIGHTS)
        scissors.setEdgeFeatureZeroCrossingParameters(_ZERO_CROSSING)
        values, cost = _features(crop, *source, factor)
        scissors.applyImageFeatures(None, None, cost, values)
        scissors.buildMap(source)
        return cls(rect, factor, scissors)

    def path(self, column: int, row: int) -> list[Point]:
        target = ((column - self.rect.x0) // self.factor, (row - self.rect.y0) // self.factor)
        cells = self.scissors.getContour(target).reshape(-1, 2)
        # The centre of a cell, moved to that of the pixel to its lower right where the cell has no middle one.
        points = cells * self.factor + (self.rect.x0, self.rect.y0) + (self.factor // 2 + 0.5)
        return [(float(x), float(y)) for x, y in points]


def _features(
    crop: NDArray[np.uint8], column: int, row: int, factor: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """What edges are looked for in, uint8, and the cost of each pixel in 0..1, float32, as seen from one of them."""
    lab = to_lab(crop)
    reach = max(4, _NEIGHBOURHOOD // factor)
    around = lab[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1].reshape(-1, 3)
    mean = around.mean(axis=0, dtype=np.float64)
    centred = around - mean
    spread, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    deviation = math.sqrt(max(float(spread[-1]), 1e-6))
    axis = axes[:, -1] / deviation
    # In deviations from the mean of the neighbourhood, so that all that follows is the same for pale and dark images.
    projection = np.append(axis, -float(axis @ mean)).astype(np.float32)[None]
    values = cv2.transform(lab, projection)
    blur = max(_BLUR / factor, 0.8)
    values = cv2.GaussianBlur(values, (0, 0), blur)
    slope = cv2.magnitude(cv2.Sobel(values, cv2.CV_32F, 1, 0), cv2.Sobel(values, cv2.CV_32F, 0, 1))
    at_anchor = slope[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3].max()
    weak = 1 - np.minimum(slope / max(float(at_anchor), 1e-3), 1)
    unlike = 1 - np.exp(-(((values - values[row, column]) / _VALUE_SPREAD) ** 2))
    visible = np.clip(128 + values * 40, 0, 255).astype(np.uint8)
    return visible, (0.5 * weak + 0.5 * unlike).astype(np.float32)
