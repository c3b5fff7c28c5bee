"""Colours as people see them: CIELAB (CIE 1976), where a distance says how different two colours look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2

Lab = NDArray[np.float32]
"""(H, W, 3) float32: lightness 0..100, then a and b, for the D65 white point."""

Color = tuple[float, float, float]
"""One colour in CIELAB."""


def to_lab(pixels: NDArray[np.uint8]) -> Lab:
    """(H, W, 3) uint8 sRGB as CIELAB of the same shape; about 10 ms a megapixel."""
    scaled = np.multiply(pixels, np.float32(1 / 255), dtype=np.float32)
    lab: Lab = cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB)
    return lab


def distance_from(lab: Lab, color: Color) -> NDArray[np.float32]:
    """Delta E of 1976, the Euclidean distance of each colour of ``lab`` from ``color``: (H, W) float32."""
    difference = cv2.subtract(lab, (*color, 0.0))
    cv2.multiply(difference, difference, dst=difference)
    distance: NDArray[np.float32] = cv2.sqrt(cv2.transform(difference, np.ones((1, 3), np.float32)))
    return distance


def mean_color(lab: Lab, column: int, row: int, reach: int) -> Color:
    """The mean over the square of ``2 * reach + 1`` px around a pixel, as far as it lies inside ``lab``."""
    around = lab[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    lightness, a, b = around.reshape(-1, 3).mean(axis=0, dtype=np.float64)
    return float(lightness), float(a), float(b)
