"""The magic wand: from a click, the region of like colour."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.brush import Point
from segstudio.domain.geometry import Rect
from segstudio.domain.lab import Color, distance_from, mean_color, to_lab
from segstudio.imaging.cv import cv2

Mask = NDArray[np.bool_]

EXACT_PIXELS = 1 << 21
"""Images of up to so many pixels are worked on as they are."""

WINDOW = 1024
"""Side in px of the window around the click that is worked on pixel by pixel in a larger image."""

MOST_EXAMINED = 1 << 22
"""Border pixels of a reduced region up to which each is looked at; a region with more is of specks, not of borders."""

_SEED_REACH = 1
_LARGEST_HOLE = 16.0


class Wand:
    """Region growing in CIELAB from one click.

    Up to ``EXACT_PIXELS`` every pixel counts. In a larger image a connected region that stays inside a window of
    ``WINDOW`` px around the click is exact as well; one that leaves it, and everything alike in the whole image, comes
    from a copy reduced to at most ``EXACT_PIXELS``, and every pixel near its border is looked at at full size.
    """

    def __init__(self, pixels: NDArray[np.uint8], point: Point) -> None:
        """Measure how far the colours of ``pixels``, (H, W, 3) uint8 RGB, are from those around ``point``.

        Raises ``ValueError`` where the point is outside the image.
        """
        height, width = pixels.shape[:2]
        column, row = math.floor(point[0]), math.floor(point[1])
        if not (0 <= column < width and 0 <= row < height):
            raise ValueError(f"({point[0]}, {point[1]}) is outside an image of {width} x {height} px")
        self._whole = Rect(0, 0, width, height)
        self._column, self._row = column, row
        exact = height * width <= EXACT_PIXELS
        half = WINDOW // 2
        near = self._whole if exact else Rect(column, row, column, row).expand(half).intersect(self._whole)
        lab = to_lab(pixels[near.slices])
        color = mean_color(lab, column - near.x0, row - near.y0, _SEED_REACH)
        self._pixels, self._color = pixels, color
        self._near = _Level(near, 1, distance_from(lab, color), (column - near.x0, row - near.y0))
        self._far = None if exact else _reduced(pixels, color, column, row)

    def region(self, tolerance: float, contiguous: bool = True, smoothing: float = 1.5) -> tuple[Rect, Mask]:
        """What differs from the clicked colour by at most ``tolerance`` (delta E), as a rectangle and its pixels.

        ``contiguous`` keeps the 4-connected region that holds the click. Then holes of up to 16 times the square of
        ``smoothing`` px are closed and the border is smoothed with a Gaussian of ``smoothing`` px; at 0 the region
        stays as it was grown. The clicked pixel is always in it. At most 16 ms for a megapixel, 60 ms for 24.
        """
        level = self._near if contiguous or self._far is None else self._far
        cells, grown = level.grow(tolerance, contiguous)
        if level is not self._far and self._far is not None and _leaves(cells, level.rect, self._whole):
            level = self._far
            cells, grown = level.grow(tolerance, contiguous)
        if level.factor == 1:
            rect, mask = level.finish(cells, grown, smoothing, self._whole)
        else:
            rect, mask = self._at_full_size(level, cells, grown, tolerance, smoothing)
        mask[self._row - rect.y0, self._column - rect.x0] = True
        return rect, mask

    def _at_full_size(
        self, level: _Level, cells: Rect, grown: NDArray[np.uint8], tolerance: float, smoothing: float
    ) -> tuple[Rect, Mask]:
        """What was grown in squares of several px. A square across a border is neither: its pixels are looked at."""
        k = level.factor
        grown = _without_small_holes(grown, _LARGEST_HOLE * (max(smoothing, 0.0) / k) ** 2)
        wide = cells.expand(1 + math.ceil(smoothing / k)).clip(*level.distance.shape)
        edges = (cells.y0 - wide.y0, wide.y1 - cells.y1, cells.x0 - wide.x0, wide.x1 - cells.x1)
        region = cv2.copyMakeBorder(grown, *edges, cv2.BORDER_CONSTANT, value=0)
        across = cv2.morphologyEx(region, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        rect = level.in_image(wide).intersect(self._whole)
        mask = _full(region, k, rect)
        if 0 < np.count_nonzero(across) * k * k <= MOST_EXAMINED:
            places = np.flatnonzero(_full(across, k, rect))
            rows, columns = np.divmod(places, rect.width)
            looked_at = self._pixels[rows + rect.y0, columns + rect.x0][:, None]
            mask.reshape(-1)[places] = (distance_from(to_lab(looked_at), self._color) <= tolerance)[:, 0]
        sigma = max(smoothing, 0.0)
        if not sigma:
            return rect, mask.view(np.bool_)
        size = 2 * (math.ceil(2 * sigma) + 1) + 1
        # Replicated, the region goes on beyond the image's edge and doesn't shrink away from it.
        soft = cv2.GaussianBlur(mask * np.uint8(255), (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
        return rect, soft >= 128


def _full(cells: NDArray[np.uint8], factor: int, rect: Rect) -> NDArray[np.uint8]:
    """Squares of ``factor`` px at full size, as much of them as lies in ``rect``, whose corner is that of the first."""
    large = cv2.resize(cells, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(large[: rect.height, : rect.width])


@dataclass(frozen=True, eq=False)
class _Level:
    """Distances in ``rect`` of the image, one for each square of ``factor`` px; ``seed`` is (column, row)."""

    rect: Rect
    factor: int
    distance: NDArray[np.float32]
    seed: tuple[int, int]

    def grow(self, tolerance: float, contiguous: bool) -> tuple[Rect, NDArray[np.uint8]]:
        """The cells of like colour, 0 or 1, and the rectangle of cells that holds them; the seed is always one."""
        alike = (self.distance <= tolerance).view(np.uint8)
        column, row = self.seed
        alike[row, column] = 1
        if contiguous:
            _, _, _, (x, y, width, height) = cv2.floodFill(alike, None, self.seed, 2, flags=4)
            cells = Rect(x, y, x + width, y + height)
            return cells, (alike[cells.slices] == 2).view(np.uint8)
        x, y, width, height = cv2.boundingRect(alike)
        cells = Rect(x, y, x + width, y + height)
        return cells, np.ascontiguousarray(alike[cells.slices])

    def finish(self, cells: Rect, grown: NDArray[np.uint8], smoothing: float, whole: Rect) -> tuple[Rect, Mask]:
        """The grown pixels with small holes closed and a smooth border, clipped to ``whole``."""
        if smoothing <= 0:
            return self.in_image(cells), grown.view(np.bool_)
        grown = _without_small_holes(grown, _LARGEST_HOLE * smoothing**2)
        sigma = max(smoothing, 0.5)
        margin = math.ceil(2 * sigma) + 1
        wide = cells.expand(margin).clip(*self.distance.shape)
        edges = (cells.y0 - wide.y0, wide.y1 - cells.y1, cells.x0 - wide.x0, wide.x1 - cells.x1)
        soft = cv2.copyMakeBorder(grown * np.uint8(255), *edges, cv2.BORDER_CONSTANT, value=0)
        size = 2 * margin + 1
        # Replicated, the region goes on beyond the image's edge and doesn't shrink away from it.
        soft = cv2.GaussianBlur(soft, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
        rect = self.in_image(wide).intersect(whole)
        return rect, soft[: rect.height, : rect.width] >= 128

    def in_image(self, cells: Rect) -> Rect:
        """The pixels that ``cells`` cover."""
        x, y, k = self.rect.x0, self.rect.y0, self.factor
        return Rect(x + cells.x0 * k, y + cells.y0 * k, x + cells.x1 * k, y + cells.y1 * k)


def _reduced(pixels: NDArray[np.uint8], color: Color, column: int, row: int) -> _Level:
    height, width = pixels.shape[:2]
    factor = math.ceil(math.sqrt(height * width / EXACT_PIXELS))
    # Whole blocks, so that a cell of the copy is a square of the image; a rest at the far edges looks like the last.
    rows, columns = max(1, height // factor), max(1, width // factor)
    blocks = pixels[: rows * factor, : columns * factor]
    small = cv2.resize(blocks, (columns, rows), interpolation=cv2.INTER_AREA)
    rest = (0, math.ceil(height / factor) - rows, 0, math.ceil(width / factor) - columns)
    small = cv2.copyMakeBorder(small, *rest, cv2.BORDER_REPLICATE)
    rows, columns = small.shape[:2]
    distance = distance_from(to_lab(small), color)
    return _Level(Rect(0, 0, columns * factor, rows * factor), factor, distance, (column // factor, row // factor))


def _leaves(cells: Rect, window: Rect, whole: Rect) -> bool:
    """Whether a region of ``window``'s own pixels reaches a side of it beyond which the image goes on."""
    return (
        (cells.x0 == 0 and window.x0 > whole.x0)
        or (cells.y0 == 0 and window.y0 > whole.y0)
        or (cells.x1 == window.width and window.x1 < whole.x1)
        or (cells.y1 == window.height and window.y1 < whole.y1)
    )


def _without_small_holes(grown: NDArray[np.uint8], largest: float) -> NDArray[np.uint8]:
    """``grown``, 0 or 1, with its holes of up to ``largest`` px filled; what touches the array's edge is no hole."""
    if largest < 1:
        return grown
    # Framed with background, everything that leaves the array is one large part, and no hole.
    framed = cv2.copyMakeBorder(grown ^ 1, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    # The region is connected by sides, so what it encloses is connected by corners too.
    count, parts = cv2.connectedComponents(framed, connectivity=8)
    small = (np.bincount(parts.ravel(), minlength=count) <= largest).view(np.uint8)
    small[0] = small[parts[0, 0]] = 0
    if not small.any():
        return grown
    filled: NDArray[np.uint8] = grown | np.take(small, parts[1:-1, 1:-1])
    return filled
