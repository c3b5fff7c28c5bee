"""Regions whose measures are known."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2

Mask = NDArray[np.bool_]


def ellipse(major: float, minor: float, angle: float = 0.0, x: float = 0.0, y: float = 0.0, side: int = 0) -> Mask:
    """Half axes and angle (from the x axis towards y); ``x``, ``y`` is how far it is off the middle of the picture."""
    side = side or math.ceil(2 * major) + 24
    down, right = np.mgrid[:side, :side] + 0.5 - side / 2
    u, v = right - x, down - y
    along, across = u * math.cos(angle) + v * math.sin(angle), v * math.cos(angle) - u * math.sin(angle)
    return (along / major) ** 2 + (across / minor) ** 2 <= 1


def disc(radius: float, x: float = 0.0, y: float = 0.0, side: int = 0) -> Mask:
    return ellipse(radius, radius, 0, x, y, side)


def square(side: float, angle: float = 0.0, around: int = 0) -> Mask:
    around = around or math.ceil(side * 1.5) + 16
    down, right = np.mgrid[:around, :around] + 0.5 - around / 2
    u = right * math.cos(angle) + down * math.sin(angle)
    v = down * math.cos(angle) - right * math.sin(angle)
    return (np.abs(u) < side / 2) & (np.abs(v) < side / 2)


def snowflake(side: int, steps: int) -> Mask:
    """Koch's, whose border has the dimension log 4 / log 3."""
    points = np.exp(1j * (np.array([90, -30, 210]) * math.pi / 180))
    for _ in range(steps):
        there = np.roll(points, -1) - points
        peak = points + there / 3 + there / 3 * np.exp(1j * math.pi / 3)
        points = np.stack([points, points + there / 3, peak, points + 2 * there / 3], axis=1).ravel()
    corners = np.stack([points.real, points.imag], axis=1) * side * 0.45 + side / 2
    picture = np.zeros((side, side), np.uint8)
    cv2.fillPoly(picture, [np.rint(corners).astype(np.int32)], 1)
    return picture > 0


def paint(mask: Mask, inside: tuple[int, int, int], outside: tuple[int, int, int]) -> NDArray[np.uint8]:
    """An image of two colours."""
    return np.where(mask[..., None], np.uint8(inside), np.uint8(outside))
