"""Random views of a sample: one affine warp and one look-up table a channel, both in OpenCV."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.engine.sample import Mask, Pixels, Sample
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import IGNORE


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far views stray: degrees, factors around 1, shares of the size, shares of full brightness.

    ``zoom`` is wide: the first few images may all show small objects, and then large ones must be learned from these.
    ``upright`` keeps what is up: mirrored left to right only and turned little, for photographs of people and scenes.
    """

    upright: bool = False
    upright_degrees: float = 15.0
    zoom: float = 1.9
    upright_zoom: float = 1.3
    stretch: float = 1.12
    shift: float = 0.08
    brightness: float = 0.12
    contrast: float = 1.25
    tint: float = 1.12
    gamma: float = 1.25


def augment(
    sample: Sample,
    canvas: tuple[int, int],
    scale: float,
    how: Augmentation,
    rng: np.random.Generator,
    centre: tuple[float, float] | None = None,
) -> tuple[Pixels, Mask]:
    """One random view of ``sample``, ``scale`` times as large, on a ``canvas`` (h, w).

    Returns pixels (h, w, 3) uint8 and mask (h, w) uint16. What is at ``centre`` (x, y), by default the sample's own, is
    near the middle of the canvas.

    Image and mask go through the same warp. Outside the image the pixels are mirrored and nobody vouches.
    """
    middle = ((sample.mask.shape[1] - 1) / 2, (sample.mask.shape[0] - 1) / 2)
    matrix = _random_warp(centre or middle, canvas, scale, how, rng)
    size = (canvas[1], canvas[0])
    pixels = _warped(sample.pixels, matrix, size)
    mask = cv2.warpAffine(
        sample.mask, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=IGNORE
    )
    return cv2.LUT(pixels, _random_colours(how, rng)), np.asarray(mask, np.uint16)


def fit(sample: Sample, canvas: tuple[int, int], rng: np.random.Generator) -> float:
    """A scale between that at which all of ``sample`` is on the canvas and that at which it fills it."""
    ratios = [canvas[axis] / sample.mask.shape[axis] for axis in (0, 1)]
    contain, cover = min(ratios), min(max(ratios), 1.5 * min(ratios))
    return float(contain * (cover / contain) ** rng.random())


def _warped(pixels: Pixels, matrix: NDArray[np.float64], size: tuple[int, int]) -> Pixels:
    """``pixels`` (H, W, 3) through ``matrix``, mirrored outside, (h, w, 3) where ``size`` is (w, h).

    OpenCV is five times as fast with four channels and without a mirror, so the frame that it needs is made before.
    """
    inverse = cv2.invertAffineTransform(matrix)
    corners = inverse @ np.array([[0, size[0], 0, size[0]], [0, 0, size[1], size[1]], [1, 1, 1, 1]], np.float64)
    (left, right, x0, x1), (top, bottom, y0, y1) = (
        _span(along.min(), along.max(), side)
        for along, side in zip(corners, (pixels.shape[1], pixels.shape[0]), strict=True)
    )
    part = cv2.cvtColor(pixels[y0:y1, x0:x1], cv2.COLOR_RGB2RGBA)
    framed = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_REFLECT_101)
    moved = matrix.copy()
    moved[:, 2] -= matrix[:, :2] @ (left - x0, top - y0)
    warped = cv2.warpAffine(framed, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB))


def _span(least: float, most: float, side: int) -> tuple[int, int, int, int]:
    """What of a ``side`` in px is needed to see ``least`` to ``most``, with some to spare.

    Returns how much is to be mirrored before it and after it, and where what is needed begins and ends.
    """
    first, end = math.floor(least) - 1, math.ceil(most) + 1
    before, after = max(0, -first), max(0, end - side)
    begin = max(0, min(first, side - after - 2))
    return before, after, begin, min(side, max(end, before + 2))


def _random_warp(
    middle: tuple[float, float], canvas: tuple[int, int], scale: float, how: Augmentation, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The 2 x 3 matrix from sample to canvas pixels: centre on centre, flipped, turned, zoomed, stretched, shifted."""
    angle = rng.uniform(-how.upright_degrees, how.upright_degrees) if how.upright else rng.uniform(-180.0, 180.0)
    zoom = scale * _around_one(how.upright_zoom if how.upright else how.zoom, rng)
    stretch = _around_one(how.stretch, rng)
    mirror = rng.choice((-1.0, 1.0))
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    turn = np.array([[cos, -sin], [sin, cos]]) @ np.diag([mirror * zoom * stretch, zoom / stretch])
    shift = rng.uniform(-how.shift, how.shift, 2) * (canvas[1], canvas[0])
    centre = np.array(middle)
    target = np.array([canvas[1] - 1, canvas[0] - 1]) / 2 + shift
    return np.column_stack([turn, target - turn @ centre])


def _random_colours(how: Augmentation, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A look-up table (1, 256, 3) uint8: gamma, contrast, tint and brightness."""
    level = (np.arange(256) / 255.0)[:, None] ** _around_one(how.gamma, rng)
    level = (level - 0.5) * _around_one(how.contrast, rng) + 0.5 + rng.uniform(-how.brightness, how.brightness)
    level = level * np.array([_around_one(how.tint, rng) for _ in range(3)])
    return np.asarray(np.clip(level * 255.0, 0, 255), np.uint8)[None]


def _around_one(most: float, rng: np.random.Generator) -> float:
    """A factor between 1 / ``most`` and ``most``, as likely below 1 as above."""
    return math.exp(rng.uniform(-1.0, 1.0) * math.log(most))
