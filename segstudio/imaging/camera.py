"""What cameras do to pictures: casts, exposure, blur, grain, compression. For training that is to bear other cameras.

All take and return (H, W, 3) uint8 RGB, and draw how much from a generator.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2

Picture = NDArray[np.uint8]


def change_colours(picture: Picture, rng: np.random.Generator, strength: float = 1.0) -> Picture:
    """Another white balance, saturation and exposure, sometimes grey or by another sensor's colour matrix."""
    values = picture.astype(np.float32) / 255
    gains = np.exp(rng.normal(0, 0.12 * strength, 3)).astype(np.float32)
    matrix = np.diag(gains) @ saturation(math.exp(rng.normal(0, 0.3 * strength)))
    if rng.random() < 0.3:
        matrix = matrix @ (np.eye(3) + rng.normal(0, 0.08 * strength, (3, 3)))
    if rng.random() < 0.06:
        matrix = matrix @ saturation(0.0)
    values = cv2.transform(values, matrix.astype(np.float32))
    values *= math.exp(rng.normal(0, 0.18 * strength))
    return _bytes(np.power(np.clip(values, 0, 1), math.exp(rng.normal(0, 0.18 * strength))))


def saturation(amount: float) -> NDArray[np.float64]:
    """The 3 x 3 matrix that brings colours nearer to grey (below 1) or away from it."""
    luminance = np.tile(np.array([0.299, 0.587, 0.114]), (3, 1))
    return amount * np.eye(3) + (1 - amount) * luminance


def shades_of_grey(picture: Picture, power: float = 6.0) -> Picture:
    """The picture under white light, as colour constancy guesses it (Finlayson & Trezzi, CIC 2004)."""
    values = picture.astype(np.float32)
    light = np.power(np.power(values, power).mean(axis=(0, 1)), 1 / power)
    light = np.maximum(light / max(float(np.linalg.norm(light)), 1e-6) * math.sqrt(3), 0.1)
    return _bytes(values / 255 / light)


def light_unevenly(picture: Picture, rng: np.random.Generator) -> Picture:
    """Light that falls off towards one side."""
    height, width = picture.shape[:2]
    angle, amount = rng.uniform(0, 2 * math.pi), rng.uniform(0.05, 0.35)
    across = np.linspace(-1, 1, width, dtype=np.float32)[None] * math.cos(angle)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * math.sin(angle)
    return _bytes(picture.astype(np.float32) / 255 * (1 + np.float32(amount) * (across + down))[..., None])


def change_focus(picture: Picture, rng: np.random.Generator) -> Picture:
    """Out of focus, moved while it was taken, or sharpened too much."""
    kind = rng.integers(3)
    if kind == 0:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 2.0)), np.uint8)
    if kind == 1:
        length = int(rng.integers(2, 4)) * 2 + 1
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, math.pi)
        reach = length // 2
        far = (round(reach + reach * math.cos(angle)), round(reach + reach * math.sin(angle)))
        cv2.line(kernel, (2 * reach - far[0], 2 * reach - far[1]), far, 1.0, 1)
        return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)
    soft = cv2.GaussianBlur(picture, (0, 0), 1.5)
    amount = rng.uniform(0.3, 1.2)
    return np.asarray(cv2.addWeighted(picture, 1 + amount, soft, -amount, 0), np.uint8)


def add_grain(picture: Picture, rng: np.random.Generator) -> Picture:
    """The noise of a sensor in little light."""
    noise = rng.standard_normal(picture.shape, np.float32) * np.float32(rng.uniform(2, 12))
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


def coarsen(picture: Picture, rng: np.random.Generator) -> Picture:
    """Taken with fewer pixels, or from far away, and enlarged."""
    height, width = picture.shape[:2]
    scale = rng.uniform(0.25, 0.7)
    few = cv2.resize(picture, (round(scale * width), round(scale * height)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def compress(picture: Picture, rng: np.random.Generator) -> Picture:
    """Saved as JPEG and opened again."""
    quality = int(rng.integers(25, 92))
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def as_taken_elsewhere(picture: Picture, rng: np.random.Generator, strength: float = 1.0) -> Picture:
    """Some of the above, by chance."""
    if rng.random() < 0.85:
        picture = change_colours(picture, rng, strength)
    for chance, change in ((0.25, light_unevenly), (0.3, change_focus), (0.2, add_grain), (0.3, compress)):
        if rng.random() < chance:
            picture = change(picture, rng)
    return picture


def _bytes(values: NDArray[np.floating[Any]]) -> Picture:
    return np.asarray(np.clip(values * 255 + 0.5, 0, 255), np.uint8)
