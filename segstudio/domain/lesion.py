"""The measures of dermoscopy's ABCD rule. They measure and do not diagnose: no score is made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.asymmetry import Asymmetry, asymmetric_axes, asymmetry
from segstudio.domain.border import abruptness, bands, fractal_dimension
from segstudio.domain.geometry import Rect
from segstudio.domain.lab import to_lab
from segstudio.domain.lesion_colors import color_shares, present
from segstudio.domain.measure import Shape
from segstudio.domain.regions import Mask, bounds
from segstudio.imaging.cv import cv2

_WORKED_ON = 192.0
"""Equivalent diameter, in px, that colours are looked at with at most: what is finer is hair and noise."""

_AROUND, _BAND, _SMOOTH = 0.25, 0.06, 0.01
"""What is looked at around a lesion, the bands beside its border, and the smoothing; parts of its diameter."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """Asymmetry about the longer and the shorter principal axis, the border, and the shares of six colours.

    See ``asymmetry``, ``border`` and ``lesion_colors`` for what each is.
    """

    asymmetry: tuple[Asymmetry, Asymmetry]
    fractal_dimension: float
    abruptness: tuple[float | None, ...]
    color_shares: tuple[float, ...]

    @property
    def asymmetric_axes(self) -> int:
        """0, 1 or 2."""
        return asymmetric_axes(self.asymmetry)

    @property
    def colors(self) -> tuple[str, ...]:
        """Which of the six are there."""
        return present(self.color_shares)


class Closeup:
    """A region of an image and its surroundings, small, smoothed and in CIELAB, for the region and others much like it.

    That is most of the work, so it is done once for a mask and for what its doubt makes of it.
    """

    def __init__(self, pixels: NDArray[np.uint8], mask: Mask, shape: Shape) -> None:
        self._pixels = pixels
        diameter = shape.equivalent_diameter
        box = bounds(mask)
        reach = round(_AROUND * diameter) + 2
        self._rect = Rect(box.x0 - reach, box.y0 - reach, box.x1 + reach, box.y1 + reach).clip(*mask.shape)
        scale = min(1.0, _WORKED_ON / diameter)
        width, height = self._rect.width, self._rect.height
        self._size = max(1, round(width * scale)), max(1, round(height * scale))
        self._band = max(1.5, _BAND * diameter * scale)
        seen = np.ascontiguousarray(pixels[self._rect.slices])
        if scale < 1:
            seen = cv2.resize(seen, self._size, interpolation=cv2.INTER_AREA)
        self._lab = cv2.GaussianBlur(to_lab(seen), (0, 0), max(0.3, _SMOOTH * diameter * scale))

    def measure(self, mask: Mask, shape: Shape) -> Lesion:
        """Of ``mask``, (H, W) bool of the whole image; ``shape`` is ``measure_shape`` of it."""
        if bounds(mask).intersect(self._rect) != bounds(mask):
            return measure_lesion(self._pixels, mask, shape)
        rect, lab = self._rect, self._lab
        inside = _shrunk(mask[rect.slices], self._size)
        across, down = self._size[0] / rect.width, self._size[1] / rect.height
        middle = (shape.centroid[0] - rect.x0) * across, (shape.centroid[1] - rect.y0) * down
        beside = bands(inside, self._band)
        return Lesion(
            asymmetry=asymmetry(inside, lab, middle, shape.axes.angle),
            fractal_dimension=fractal_dimension(mask),
            abruptness=abruptness(beside, lab, middle, shape.axes.angle),
            color_shares=color_shares(lab, inside, beside.beyond),
        )


def measure_lesion(pixels: NDArray[np.uint8], mask: Mask, shape: Shape) -> Lesion:
    """Of the region ``mask``, (H, W) bool, of an image, (H, W, 3) uint8 sRGB; ``shape`` is ``measure_shape`` of it.

    About 20 ms, hardly depending on the image's size.
    """
    return Closeup(pixels, mask, shape).measure(mask, shape)


def _shrunk(mask: Mask, size: tuple[int, int]) -> Mask:
    if mask.shape == size[::-1]:
        return mask
    covered = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    inside: Mask = covered >= min(0.5, float(covered.max()))
    return inside
