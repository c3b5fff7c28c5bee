"""Random textures that the made-up images are built of. Everything is float32 and follows from the generator given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2

Field = NDArray[np.float32]
Shape = tuple[int, int]


def smooth_noise(rng: np.random.Generator, shape: Shape, scale: float) -> Field:
    """(H, W) of mean about 0 and deviation 1, with bumps about ``scale`` pixels across."""
    height, width = shape
    side = int(np.hypot(height, width) / scale) + 5
    coarse = rng.standard_normal((side, side), np.float32)
    # The grid is laid at a random angle: straight, it shows as boxy shapes. The margin keeps its rim outside.
    angle, middle = rng.uniform(0, 2 * np.pi), (side - 1) / 2
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    x0, y0 = middle - (cos * width - sin * height) / 2, middle - (sin * width + cos * height) / 2
    matrix = np.array([[cos, -sin, x0], [sin, cos, y0]], np.float32)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    noise: Field = cv2.warpAffine(coarse, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return noise * np.float32(1.35)


def fractal(rng: np.random.Generator, shape: Shape, scale: float, octaves: int = 4, gain: float = 0.5) -> Field:
    """(H, W) of deviation about 1: bumps of ``scale`` pixels, with finer ones of ``gain`` times the height on them."""
    total = smooth_noise(rng, shape, scale)
    power, weight = 1.0, 1.0
    for _ in range(octaves - 1):
        scale, weight = scale / 2, weight * gain
        if scale < 1.5:
            break
        total += np.float32(weight) * smooth_noise(rng, shape, scale)
        power += weight * weight
    total /= np.float32(np.sqrt(power))
    return total


def grain(rng: np.random.Generator, shape: Shape, blur: float) -> Field:
    """(H, W) of camera noise with deviation 1; ``blur`` pixels is how far neighbours are alike."""
    noise = rng.standard_normal(shape, np.float32)
    if blur > 0:
        noise = cv2.GaussianBlur(noise, (0, 0), blur)
        noise /= np.float32(max(float(noise.std()), 1e-6))
    return noise


def smoothstep(values: Field, low: float, high: float) -> Field:
    """0 below ``low``, 1 above ``high``, and an S between."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    eased: Field = t * t * (3 - 2 * t)
    return eased


def cells(rng: np.random.Generator, shape: Shape, spacing: float, jitter: float = 0.42) -> tuple[Field, Field]:
    """Distances in pixels, (H, W) each: to the nearest wall and to the middle of cells ``spacing`` pixels across.

    The walls are the borders of the Voronoi cells of a shaken hexagonal lattice, bent a little.
    """
    height, width = shape
    margin = int(2 * spacing)
    grid = (height + 2 * margin, width + 2 * margin)
    rows, columns = np.arange(0, grid[0], spacing * 0.87), np.arange(0, grid[1], spacing)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    x = x + (np.arange(len(rows)) % 2)[:, None] * spacing / 2
    y, x = (a + rng.uniform(-jitter, jitter, a.shape) * spacing for a in (y, x))
    seeds = np.full(grid, 255, np.uint8)
    seeds[np.clip(y, 0, grid[0] - 1).astype(int), np.clip(x, 0, grid[1] - 1).astype(int)] = 0
    middle, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    walls = np.full(grid, 255, np.uint8)
    walls[:, 1:][labels[:, 1:] != labels[:, :-1]] = 0
    walls[1:][labels[1:] != labels[:-1]] = 0
    distance: Field = cv2.distanceTransform(walls, cv2.DIST_L2, 5)
    bend = np.float32(0.22 * spacing)
    gy, gx = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    gx += margin + bend * smooth_noise(rng, shape, spacing * 1.3)
    gy += margin + bend * smooth_noise(rng, shape, spacing * 1.3)
    return cv2.remap(distance, gx, gy, cv2.INTER_LINEAR), cv2.remap(middle, gx, gy, cv2.INTER_LINEAR)


def signed_distance(mask: NDArray[np.bool_]) -> Field:
    """(H, W) pixels to the outline, positive inside."""
    plane = mask.astype(np.uint8)
    inside: Field = cv2.distanceTransform(plane, cv2.DIST_L2, 5)
    outside: Field = cv2.distanceTransform(1 - plane, cv2.DIST_L2, 5)
    return inside - outside


def bezier(points: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """(steps, 2) points along the cubic Bezier curve of (4, 2) control points."""
    t = np.linspace(0, 1, steps)[:, None]
    p0, p1, p2, p3 = points
    curve: NDArray[np.float64] = (1 - t) ** 3 * p0 + 3 * (1 - t) ** 2 * t * p1 + 3 * (1 - t) * t**2 * p2 + t**3 * p3
    return curve
