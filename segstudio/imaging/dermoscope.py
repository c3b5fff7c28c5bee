"""What lies over a lesion in pictures of other dermoscopes: hair, rulers, gel bubbles, ink, dark corners.

The masks stay: a lesion below a hair is still the lesion. All take and return (H, W, 3) uint8 RGB.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.camera import Picture, as_taken_elsewhere, shades_of_grey
from segstudio.imaging.cv import cv2
from segstudio.imaging.noise import bezier

_SUBPIXEL = 4  # bits of fraction in the places that OpenCV draws at


def as_other_dermoscopes(picture: Picture, rng: np.random.Generator) -> Picture:
    """What may lie over the skin, then what the camera does to it, by chance."""
    overlays = ((0.4, grow_hairs), (0.12, lay_ruler), (0.2, blow_bubbles), (0.06, draw_ink), (0.05, stick_patch))
    for chance, lay in overlays:
        if rng.random() < chance:
            picture = lay(picture, rng)
    if rng.random() < 0.25:
        picture = shades_of_grey(picture)
    picture = as_taken_elsewhere(picture, rng)
    if rng.random() < 0.35:
        picture = darken_corners(picture, rng)
    return picture


def grow_hairs(picture: Picture, rng: np.random.Generator) -> Picture:
    """Curved hairs, dark or fair, single ones or many that run one way."""
    height, width = picture.shape[:2]
    picture = picture.copy()
    base = np.array((60, 42, 34)) * rng.uniform(0.2, 1.3) if rng.random() < 0.85 else np.array((215, 195, 165))
    way, spread = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 1.5)
    for _ in range(int(rng.integers(2, 26))):
        angle = way + rng.normal(0, spread)
        length = rng.uniform(0.2, 0.9) * width
        start = rng.uniform((-0.1, -0.1), (1.1, 1.1)) * (width, height)
        end = start + length * np.array((math.cos(angle), math.sin(angle)))
        bends = rng.normal(0, 0.14 * length, (2, 2))
        points = np.stack([start, (2 * start + end) / 3 + bends[0], (start + 2 * end) / 3 + bends[1], end])
        curve = bezier(points, 20)
        colour = tuple(float(c) for c in np.clip(base * rng.uniform(0.75, 1.25), 0, 255))
        drawn = np.round(curve * (1 << _SUBPIXEL)).astype(np.int32)
        thickness = 2 if rng.random() < 0.25 else 1
        cv2.polylines(picture, [drawn], False, colour, thickness, cv2.LINE_AA, _SUBPIXEL)
    return picture


def lay_ruler(picture: Picture, rng: np.random.Generator) -> Picture:
    """Marks of a scale along a line, longer at every fifth."""
    height, width = picture.shape[:2]
    picture = picture.copy()
    colour = (20, 20, 25) if rng.random() < 0.8 else (235, 235, 235)
    angle = rng.choice((0, math.pi / 2)) + rng.normal(0, 0.08)
    along = np.array((math.cos(angle), math.sin(angle)))
    across = np.array((-along[1], along[0]))
    edge = rng.uniform(0.02, 0.2) if rng.random() < 0.7 else rng.uniform(0.2, 0.8)
    start = np.array((0.0, edge * height)) if abs(along[0]) > 0.5 else np.array((edge * width, 0.0))
    step, long = rng.uniform(5, 14), rng.uniform(5, 12)
    for number in range(int(max(height, width) / step)):
        place = start + along * step * number
        reach = long if number % 5 == 0 else 0.55 * long
        ends = np.round(np.stack([place, place + across * reach]) * (1 << _SUBPIXEL)).astype(np.int32)
        cv2.polylines(picture, [ends], False, colour, 1, cv2.LINE_AA, _SUBPIXEL)
    return picture


def blow_bubbles(picture: Picture, rng: np.random.Generator) -> Picture:
    """Bubbles in the gel: a bright rim, a highlight."""
    height, width = picture.shape[:2]
    light = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 14))):
        radius = int(rng.integers(2, max(3, width // 14)))
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        rim = rng.uniform(0.1, 0.5)
        cv2.circle(light, centre, radius, rim, 1, cv2.LINE_AA)
        glint = (centre[0] - radius // 3, centre[1] - radius // 3)
        cv2.circle(light, glint, max(1, radius // 5), rng.uniform(0.4, 1.0), -1, cv2.LINE_AA)
    light = cv2.GaussianBlur(light, (0, 0), 0.6)[..., None]
    return np.asarray(picture + (255 - picture.astype(np.float32)) * np.clip(light, 0, 1), np.uint8)


def draw_ink(picture: Picture, rng: np.random.Generator) -> Picture:
    """Strokes of a surgeon's marker near the edge."""
    height, width = picture.shape[:2]
    ink = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        centre = (int(rng.choice((0.08, 0.92)) * width), int(rng.uniform(0.1, 0.9) * height))
        axes = (int(rng.uniform(0.05, 0.15) * width), int(rng.uniform(0.1, 0.4) * height))
        first = rng.uniform(0, 360)
        cv2.ellipse(ink, centre, axes, 0, first, first + rng.uniform(40, 140), 1.0, int(rng.integers(2, 7)))
    ink = cv2.GaussianBlur(ink, (0, 0), 1.0)[..., None] * rng.uniform(0.4, 0.9)
    colour = np.array((70, 60, 140) if rng.random() < 0.7 else (40, 80, 150), np.float32)
    return np.asarray(picture * (1 - ink) + colour * ink, np.uint8)


def stick_patch(picture: Picture, rng: np.random.Generator) -> Picture:
    """A coloured round sticker that reaches in from the edge."""
    height, width = picture.shape[:2]
    picture = picture.copy()
    radius = int(rng.uniform(0.1, 0.25) * width)
    side = (rng.choice((-0.3, 1.3)) * radius) % (width + 1)
    centre = (int(side), int(rng.uniform(0, 1) * height))
    colours = ((235, 150, 30), (60, 150, 70), (40, 90, 170), (230, 210, 40), (200, 40, 50))
    cv2.circle(picture, centre, radius, colours[int(rng.integers(len(colours)))], -1, cv2.LINE_AA)
    return picture


def darken_corners(picture: Picture, rng: np.random.Generator) -> Picture:
    """The round field of view of a lens: corners dim, or black with a soft border."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    y *= np.float32(height / width)
    far = np.hypot(x - rng.normal(0, 0.05), y - rng.normal(0, 0.05))
    if rng.random() < 0.5:
        light = 1 - rng.uniform(0.2, 0.8) * np.clip(far - 0.3, 0, 1) ** 2 * 1.5
    else:
        edge, soft = rng.uniform(0.82, 1.12), rng.uniform(0.005, 0.1)
        light = np.clip((edge - far) / soft, rng.uniform(0, 0.06), 1)
    shaded: NDArray[np.uint8] = np.clip(picture * light[..., None], 0, 255).astype(np.uint8)
    return shaded
