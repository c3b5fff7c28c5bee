"""A made-up person, drawn: rounded limbs with a depth and a normal at every pixel, clothed and lit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2
from segstudio.imaging.figure_parts import BOTTOM, HAIR, SKIN, TOP, Outfit, Part
from segstudio.imaging.figure_pose import Vector
from segstudio.imaging.noise import Field, Shape, fractal, grain, smooth_noise

_FAR = np.float32(-1e6)


@dataclass
class Canvas:
    """Depth towards us, normal (x, y) and material at every pixel of (H, W); depth is ``_FAR`` where nothing is."""

    shape: Shape
    crumple: Field
    depth: Field = field(init=False)
    normal: Field = field(init=False)
    material: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self.depth = np.full(self.shape, _FAR, np.float32)
        self.normal = np.zeros((*self.shape, 2), np.float32)
        self.material = np.zeros(self.shape, np.uint8)

    @property
    def solid(self) -> NDArray[np.bool_]:
        """(H, W), True where the person is."""
        drawn: NDArray[np.bool_] = self.depth > _FAR / 2
        return drawn

    def draw(self, part: Part) -> None:
        """Add a piece whose places are (x, y, z) in pixels, y down."""
        a, b = part.a.astype(np.float32), part.b.astype(np.float32)
        reach = max(part.radius_a, part.radius_b) * (1.15 + part.bulge) + 2
        low = np.maximum(np.floor(np.minimum(a, b)[:2] - reach).astype(int), 0)
        high = np.minimum(np.ceil(np.maximum(a, b)[:2] + reach).astype(int) + 1, self.shape[::-1])
        if (low >= high).any():
            return
        area = (slice(low[1], high[1]), slice(low[0], high[0]))
        y, x = np.ogrid[low[1] : high[1], low[0] : high[0]]
        dx, dy = x.astype(np.float32) - a[0], y.astype(np.float32) - a[1]
        axis = b - a
        flat = float(axis[0] ** 2 + axis[1] ** 2)
        place = (dx * axis[0] + dy * axis[1]) / np.float32(max(flat, 1e-3))
        t = np.clip(place, 0, 1)
        if not part.capped:
            self._stamp(
                part, area, t, dx - t * axis[0], dy - t * axis[1], a[2] + t * axis[2], np.abs(place - 0.5) <= 0.5
            )
            return
        for along in (t, np.zeros_like(t), np.ones_like(t)) if abs(axis[2]) ** 2 > flat else (t,):
            self._stamp(part, area, along, dx - along * axis[0], dy - along * axis[1], a[2] + along * axis[2])

    def _stamp(
        self,
        part: Part,
        area: tuple[slice, slice],
        t: Field,
        dx: Field,
        dy: Field,
        z: Field,
        within: NDArray[np.bool_] | None = None,
    ) -> None:
        radius = part.radius_a + t * np.float32(part.radius_b - part.radius_a)
        if part.bulge:
            # Muscles swell nearer to the trunk.
            radius = radius * (1 + np.float32(part.bulge) * np.sin(np.pi * t**0.7))
        if part.loose:
            radius = radius * (1 + np.float32(0.035 * part.loose) * self.crumple[area])
        square = radius * radius - dx * dx - dy * dy
        rise = np.sqrt(np.maximum(square, 0))
        front = z + rise
        old = self.depth[area]
        wins = (square > 0) & (front > old)
        if within is not None:
            wins &= within
        if not wins.any():
            return
        old[wins] = front[wins]
        self.material[area][wins] = part.material
        normal = self.normal[area]
        normal[..., 0][wins] = (dx / radius)[wins]
        normal[..., 1][wins] = (dy / radius)[wins]


@dataclass(frozen=True)
class Lamp:
    """Where light comes from: ``key`` points to the lamp (x right, y down, z to us); colours (3,)."""

    key: Vector
    key_colour: NDArray[np.float32]
    sky_colour: NDArray[np.float32]
    ground_colour: NDArray[np.float32]


def shade(rng: np.random.Generator, canvas: Canvas, outfit: Outfit, lamp: Lamp, unit: float) -> Field:
    """(H, W, 3) colour of the person on ``canvas``, lit; ``unit`` is the person's height in pixels."""
    solid = canvas.solid
    weight = solid.astype(np.float32)
    fabric = np.isin(canvas.material, (TOP, BOTTOM)).astype(np.float32)
    sigma = 0.004 * unit
    share = cv2.GaussianBlur(weight, (0, 0), sigma) + np.float32(1e-4)
    normal = cv2.GaussianBlur(canvas.normal * weight[..., None], (0, 0), sigma) / share[..., None]
    normal = np.float32(0.35) * canvas.normal + np.float32(0.65) * normal
    folds = _folds(rng, canvas.shape, unit)
    hair = (canvas.material == HAIR).astype(np.float32)
    strands = smooth_noise(rng, canvas.shape, 0.007 * unit) * np.float32(0.5)
    relief = cv2.GaussianBlur(folds.astype(np.float32), (0, 0), 0.004 * unit) * fabric * np.float32(0.0042 * unit)
    relief = relief + strands * hair * np.float32(0.0013 * unit)
    gy, gx = np.gradient(relief)
    nx, ny = normal[..., 0] - gx, normal[..., 1] - gy
    nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0.03))
    size = np.sqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = nx / size, ny / size, nz / size
    key = lamp.key / np.linalg.norm(lamp.key)
    facing = (nx * key[0] + ny * key[1] + nz * key[2]).astype(np.float32)
    lit = np.clip(facing * 0.85 + 0.15, 0, 1) * _unshadowed(canvas.depth, key, unit)
    near = np.where(solid, canvas.depth, 0)
    around = cv2.GaussianBlur(near, (0, 0), 0.028 * unit) / (cv2.GaussianBlur(weight, (0, 0), 0.028 * unit) + 1e-4)
    open_sky = np.clip(1 - np.maximum(around - near, 0) / (0.11 * unit), 0.45, 1)
    sky = ((1 - ny) / 2)[..., None]
    ambient = (sky * lamp.sky_colour + (1 - sky) * lamp.ground_colour) * open_sky[..., None]
    albedo = outfit.colours[canvas.material]
    albedo = albedo * (1 + np.float32(0.04) * fractal(rng, canvas.shape, 0.03 * unit, 3)[..., None])
    albedo = albedo * (1 + np.float32(0.05) * grain(rng, canvas.shape, 1.0)[..., None] * fabric[..., None])
    skin = (canvas.material == SKIN)[..., None]
    albedo = np.where(skin, albedo ** np.array((0.94, 1.0, 1.04), np.float32), albedo)
    light = lit[..., None] * lamp.key_colour + ambient
    half = key + np.array((0, 0, 1.0))
    half /= np.linalg.norm(half)
    gloss = np.clip(nx * half[0] + ny * half[1] + nz * half[2], 0, 1) ** 24
    shine = np.array((0.10, 0.02, 0.02, 0.22, 0.1, 0.28, 0.08, 0.6, 0.2), np.float32)[canvas.material]
    rim = np.clip(1 - nz, 0, 1) ** 3 * np.float32(0.18) * (0.4 + 0.6 * sky[..., 0])
    colour = albedo * light + (gloss * shine * lit)[..., None] * lamp.key_colour + rim[..., None] * lamp.sky_colour
    return np.asarray(colour, np.float32)


def _folds(rng: np.random.Generator, shape: Shape, unit: float) -> Field:
    """(H, W) height of creases in cloth: soft dents, and ridges that mostly hang down."""
    height, width = shape
    hanging = smooth_noise(rng, (height // 3 + 1, width), 0.026 * unit) + 0.3 * smooth_noise(
        rng, (height // 3 + 1, width), 0.06 * unit
    )
    ridges = np.abs(cv2.resize(hanging, (width, height), interpolation=cv2.INTER_CUBIC))
    folds: Field = (0.55 * fractal(rng, shape, 0.075 * unit, 2, 0.4) - 0.55 * ridges).astype(np.float32)
    return folds


def _unshadowed(depth: Field, key: Vector, unit: float) -> Field:
    """1 where the lamp reaches, less where a nearer piece is in its way: the picture's own depth, looked along."""
    height, width = depth.shape
    blocked = np.zeros(depth.shape, np.float32)
    flat = np.hypot(key[0], key[1])
    for step in (0.015, 0.025, 0.04, 0.06, 0.085, 0.115, 0.15):
        far = step * unit
        matrix = np.array([[1, 0, -key[0] / flat * far], [0, 1, -key[1] / flat * far]], np.float32)
        moved = cv2.warpAffine(depth, matrix, (width, height), flags=cv2.INTER_NEAREST, borderValue=float(_FAR))
        ray = depth + np.float32(far * key[2] / flat + 0.012 * unit)
        # Only what is near: a limb in front of everything would black out the whole trunk.
        blocked = np.maximum(blocked, ((moved > ray) & (moved < ray + np.float32(0.22 * unit))).astype(np.float32))
    free: Field = 1 - np.float32(0.62) * cv2.GaussianBlur(blocked, (0, 0), 0.006 * unit)
    return free
