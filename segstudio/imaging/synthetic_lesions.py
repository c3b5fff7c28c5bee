"""Made-up dermoscopy: pictures of skin lesions with their exact masks, to try the program on without any data.

Skin and pigment are mixed as light is absorbed: a skin's colour times exp(-density x absorption of the pigment), so
that browns, blacks and dark skins come out of the same few numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2
from segstudio.imaging.noise import (
    Field,
    Shape,
    bezier,
    cells,
    fractal,
    grain,
    signed_distance,
    smooth_noise,
    smoothstep,
)

_REFERENCE = 576.0
# Reflectance of skins, fair to dark, with how often each is drawn.
_SKINS = np.array(
    [
        (0.94, 0.80, 0.76),
        (0.95, 0.85, 0.73),
        (0.90, 0.76, 0.75),
        (0.90, 0.70, 0.50),
        (0.78, 0.57, 0.42),
        (0.62, 0.45, 0.34),
        (0.46, 0.33, 0.26),
    ],
    np.float32,
)
_SKIN_WEIGHTS = (0.22, 0.20, 0.14, 0.14, 0.12, 0.10, 0.08)
# How strongly pigments absorb red, green and blue.
_LIGHT_BROWN = np.array((0.27, 0.62, 1.02), np.float32)
_BROWN = np.array((0.52, 0.88, 1.12), np.float32)
_DARK = np.array((0.86, 1.02, 1.05), np.float32)
_BLOOD = np.array((0.06, 0.50, 0.42), np.float32)
_VEIL = np.array((0.47, 0.49, 0.57), np.float32)


def lesion(seed: int, size: tuple[int, int] = (768, 576)) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """One made-up dermoscopy picture and its mask; the same for the same arguments.

    ``size`` is (width, height). Returns (H, W, 3) uint8 RGB and (H, W) bool, True on the lesion: one piece without
    holes, by the outline that the pigment was grown from, whatever hair or glare lies over it.
    """
    rng = np.random.default_rng((seed, 0x1E5109))
    width, height = size
    shape = (height, width)
    unit = min(height, width * 0.75) / _REFERENCE
    mask, depth = _outline(rng, shape)
    skin = _SKINS[rng.choice(len(_SKINS), p=_SKIN_WEIGHTS)]
    fair = float(skin.mean())
    reflectance = _skin(rng, shape, unit, skin)
    density = _pigment(rng, shape, unit, depth, fair)
    picture = reflectance * np.exp(-density)
    if rng.random() < 0.4:
        _lay_veil(rng, picture, depth, fair)
    _grow_hairs(rng, picture, unit, fair)
    if rng.random() < 0.22:
        _print_ruler(rng, picture, unit)
    light = _light(rng, shape, unit)
    picture *= light[..., None]
    _shine(rng, picture, light, unit)
    return _expose(rng, picture, unit), mask


def _outline(rng: np.random.Generator, shape: Shape) -> tuple[NDArray[np.bool_], Field]:
    """The mask, and the signed distance to its outline."""
    height, width = shape
    radius = min(height, width) * (rng.uniform(0.40, 0.52) if rng.random() < 0.1 else rng.triangular(0.15, 0.25, 0.40))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x -= np.float32(width * rng.uniform(0.43, 0.57))
    y -= np.float32(height * rng.uniform(0.43, 0.57))
    wobble = radius * rng.uniform(0.07, 0.19)
    x += np.float32(wobble) * fractal(rng, shape, radius * 1.1, 3)
    y += np.float32(wobble) * fractal(rng, shape, radius * 1.1, 3)
    field = _ellipse(rng, x, y, radius)
    if rng.random() < 0.35:
        angle, far = rng.uniform(0, 2 * np.pi), radius * rng.uniform(0.6, 0.9)
        lobe = _ellipse(rng, x - far * np.cos(angle), y - far * np.sin(angle), radius * rng.uniform(0.4, 0.65))
        field = np.maximum(field, lobe)
    field += np.float32(radius * rng.uniform(0.02, 0.075)) * fractal(rng, shape, radius * 0.42, 3, 0.42)
    plane = cv2.GaussianBlur((field > 0).astype(np.float32), (0, 0), max(0.8, height / 190)) > 0.5
    _, labels, stats, _ = cv2.connectedComponentsWithStats(plane.astype(np.uint8), connectivity=4)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    piece = (labels == largest).astype(np.uint8)
    contours, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    mask = cv2.drawContours(np.zeros_like(piece), contours, -1, 1, cv2.FILLED).astype(bool)
    return mask, signed_distance(mask)


def _ellipse(rng: np.random.Generator, x: Field, y: Field, radius: float) -> Field:
    stretch, angle = rng.uniform(1.0, 1.22), rng.uniform(0, np.pi)
    u = (x * np.cos(angle) + y * np.sin(angle)) / np.float32(stretch)
    v = (y * np.cos(angle) - x * np.sin(angle)) * np.float32(stretch)
    field: Field = (np.float32(radius) - np.hypot(u, v)).astype(np.float32)
    return field


def _skin(rng: np.random.Generator, shape: Shape, unit: float, tone: Field) -> Field:
    """(H, W, 3) reflectance of bare skin: tone, flushes, creases, pores, freckles and fine veins."""
    flush = rng.uniform(0.02, 0.11) * float(tone.mean()) * fractal(rng, shape, 230 * unit, 3, 0.4)
    mottle = rng.uniform(0.02, 0.06) * fractal(rng, shape, 34 * unit, 4, 0.65)
    creases = np.exp(-((cells(rng, shape, rng.uniform(13, 24) * unit)[0] / np.float32(1.5 * unit)) ** 2))
    creases *= np.float32(rng.uniform(0.03, 0.11)) * smoothstep(fractal(rng, shape, 120 * unit, 2), -1.2, 1.0)
    fine = np.float32(rng.uniform(0.015, 0.04)) * fractal(rng, shape, 5 * unit, 2, 0.8)
    freckles = smoothstep(fractal(rng, shape, rng.uniform(14, 26) * unit, 3, 0.35), 1.7, 4.2)
    freckles *= np.float32(rng.uniform(0, 0.4))
    veins = np.abs(smooth_noise(rng, shape, 46 * unit) + np.float32(0.3) * smooth_noise(rng, shape, 16 * unit))
    veins = np.exp(-((veins / np.float32(0.05)) ** 2)) * smoothstep(smooth_noise(rng, shape, 100 * unit), 0.3, 1.6)
    melanin = mottle + creases + fine + freckles
    blood = flush + veins * np.float32(rng.uniform(0, 0.14))
    return np.asarray(tone * np.exp(-melanin[..., None] * _BROWN - blood[..., None] * _BLOOD), np.float32)


def _pigment(rng: np.random.Generator, shape: Shape, unit: float, depth: Field, fair: float) -> Field:
    """(H, W, 3) optical density of the lesion."""
    reach = np.float32(max(float(depth.max()), 1.0))
    soft = np.float32(rng.uniform(4, 17) * unit)
    ragged = depth + soft * np.float32(0.5) * fractal(rng, shape, 13 * unit, 3, 0.6)
    cover = 1 / (1 + np.exp(-np.clip(ragged / soft * 2.2, -30, 30)))
    inner = smoothstep(depth / reach, 0.0, rng.uniform(0.4, 0.9))
    profile = 1 + np.float32(rng.uniform(-0.25, 0.9)) * (inner - np.float32(0.4))
    blotches = np.exp(np.float32(rng.uniform(0.10, 0.36)) * fractal(rng, shape, float(reach) * 0.55, 5, 0.6))
    strength = np.exp(rng.uniform(np.log(0.38), np.log(1.75))) * (1.0 if fair > 0.6 else 1.25)
    amount = np.float32(strength) * cover * profile * blotches * _structure(rng, shape, unit, depth, reach)
    # Deep pigment looks dark and grey, shallow pigment light and brown.
    deep = smoothstep(
        inner * np.float32(rng.uniform(0.1, 1.3)) + np.float32(0.3) * fractal(rng, shape, float(reach) * 0.7, 4, 0.6),
        0.4,
        1.5,
    )
    base = _LIGHT_BROWN + np.float32(rng.uniform(0, 1)) * (_BROWN - _LIGHT_BROWN)
    spectrum = base + deep[..., None] * (_DARK - base)
    blush = np.float32(rng.uniform(0, 0.5)) * cover * smoothstep(fractal(rng, shape, float(reach) * 0.8, 2), -0.2, 1.5)
    halo = np.float32(rng.uniform(0, 0.3)) * np.exp(-((np.minimum(depth, 0) / np.float32(38 * unit)) ** 2))
    return np.asarray(amount[..., None] * spectrum + (blush + halo)[..., None] * _BLOOD, np.float32)


def _structure(rng: np.random.Generator, shape: Shape, unit: float, depth: Field, reach: np.float32) -> Field:
    """(H, W) factor about 1: pigment network, globules, streaks at the rim, dots; or nearly nothing."""
    factor = np.ones(shape, np.float32)
    kind = rng.choice(["network", "globules", "streaks", "even"], p=[0.45, 0.25, 0.12, 0.18])
    patch = smoothstep(fractal(rng, shape, float(reach) * 0.6, 2), -1.3, 0.6)
    if kind in ("network", "streaks"):
        walls, _ = cells(rng, shape, rng.uniform(9, 15) * unit)
        lines = np.exp(-((walls / np.float32(rng.uniform(1.5, 2.5) * unit)) ** 2))
        rim = 1 - np.float32(0.6) * smoothstep(depth / reach, 0.3, 0.9)
        factor += (lines - np.float32(0.38)) * np.float32(rng.uniform(0.35, 1.0)) * patch * rim
    if kind == "globules":
        spacing = rng.uniform(11, 21) * unit
        _, middle = cells(rng, shape, spacing, 0.5)
        size = np.float32(0.36 * spacing) * (1 + np.float32(0.28) * smooth_noise(rng, shape, 1.5 * spacing))
        globules = 1 - smoothstep(middle / np.maximum(size, 1), 0.45, 1.35)
        factor += np.float32(rng.uniform(0.4, 1.0)) * patch * (globules - np.float32(0.35))
    if kind == "streaks":
        angle = _angles(depth)
        rays = np.sin(angle * rng.integers(24, 44) + 2.2 * fractal(rng, shape, 60 * unit, 3))
        factor += np.float32(0.4) * rays.astype(np.float32) * np.exp(-((depth / np.float32(24 * unit)) ** 2))
    dots = smoothstep(smooth_noise(rng, shape, 7 * unit), rng.uniform(1.9, 2.6), 3.0)
    factor += dots * np.float32(rng.uniform(0.2, 1.1))
    return np.asarray(np.maximum(factor, np.float32(0.15)), np.float32)


def _angles(depth: Field) -> Field:
    """(H, W) direction of every pixel as seen from the middle of the lesion."""
    rows, columns = np.nonzero(depth > 0)
    y, x = np.mgrid[0 : depth.shape[0], 0 : depth.shape[1]].astype(np.float32)
    return np.asarray(np.arctan2(y - np.float32(rows.mean()), x - np.float32(columns.mean())), np.float32)


def _lay_veil(rng: np.random.Generator, picture: Field, depth: Field, fair: float) -> None:
    """A blue-grey or whitish film over a part of the lesion."""
    shape = depth.shape
    reach = max(float(depth.max()), 1.0)
    where = smoothstep(fractal(rng, (shape[0], shape[1]), reach * 0.7, 3), rng.uniform(-0.2, 0.7), 1.9)
    where *= smoothstep(depth / np.float32(reach), 0.1, 0.7) * np.float32(rng.uniform(0.3, 0.75))
    colour = _VEIL * np.float32(rng.uniform(0.65, 1.2) * (0.5 + 0.5 * fair))
    picture += where[..., None] * (colour - picture)


def _grow_hairs(rng: np.random.Generator, picture: Field, unit: float, fair: float) -> None:
    """Curved hairs, each with a faint shadow and a lit side, drawn at double size."""
    count = int(rng.choice((0, int(rng.integers(2, 9)), int(rng.integers(10, 26))), p=(0.25, 0.5, 0.25)))
    if count == 0:
        return
    height, width = picture.shape[:2]
    cover = np.zeros((2 * height, 2 * width), np.uint8)
    flow, curl = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.75)
    thick = rng.uniform(1.1, 2.6) * unit
    for _ in range(count):
        _draw_hair(rng, cover, flow + rng.normal(0, 0.55), curl, thick * rng.uniform(0.6, 1.3))
    soft = cv2.resize(cover, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    colour = np.array((0.20, 0.13, 0.10), np.float32) * np.float32(rng.uniform(0.4, 1.5) if fair > 0.5 else 0.5)
    shift = np.array([[1, 0, 2.5 * unit], [0, 1, 3.0 * unit]], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(soft, shift, (width, height)), (0, 0), 2.2 * unit)
    picture *= (1 - np.float32(0.22) * shadow)[..., None]
    lit = np.clip(soft - cv2.warpAffine(soft, shift / 3 + np.eye(2, 3) * (2 / 3), (width, height)), 0, 1)
    opacity = np.float32(rng.uniform(0.75, 0.97)) * soft[..., None]
    picture += opacity * (colour + np.float32(0.25) * lit[..., None] - picture)


def _draw_hair(rng: np.random.Generator, cover: NDArray[np.uint8], angle: float, curl: float, thick: float) -> None:
    height, width = cover.shape
    length = rng.uniform(0.25, 1.1) * height
    start = np.array((rng.uniform(-0.1, 1.1) * width, rng.uniform(-0.1, 1.1) * height))
    turn = angle + np.cumsum(rng.normal(0, curl, 3))
    steps = np.stack([np.cos(turn), np.sin(turn)], 1) * length / 3
    points = bezier(np.vstack([start, start + np.cumsum(steps, 0)]), 48)
    half = thick * np.clip(1.15 - np.linspace(0, 1, 48) ** 2, 0.25, 1)[:, None]
    along = np.gradient(points, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.hypot(*along.T), 1e-6)[:, None]
    ribbon = np.vstack([points + half * across, (points - half * across)[::-1]])
    cv2.fillPoly(cover, [np.round(ribbon * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)


def _print_ruler(rng: np.random.Generator, picture: Field, unit: float) -> None:
    """Millimetre ticks of a contact plate along the lower or left edge."""
    height, width = picture.shape[:2]
    ink = np.zeros((2 * height, 2 * width), np.uint8)
    step, upright = rng.uniform(22, 34) * unit, rng.random() < 0.4
    base = (0.06 * width if upright else 0.93 * height) * 2
    span = height if upright else width
    for index in range(int(0.64 * span / step)):
        along = 2 * (0.18 * span + index * step)
        tick = 2 * unit * (26 if index % 10 == 0 else 18 if index % 5 == 0 else 11)
        a, b = ((base, along), (base + tick, along)) if upright else ((along, base), (along, base - tick))
        ends = [tuple(round(v * 16) for v in end) for end in (a, b)]
        cv2.line(ink, ends[0], ends[1], 255, max(1, round(3 * unit)), cv2.LINE_AA, 4)
        if index % 10 == 0 and not upright:
            place = (round(along - 9 * unit), round(base - tick - 10 * unit))
            cv2.putText(
                ink,
                str(index // 10),
                place,
                cv2.FONT_HERSHEY_SIMPLEX,
                1.1 * unit,
                255,
                max(1, round(3 * unit)),
                cv2.LINE_AA,
            )
    soft = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    picture *= (1 - np.float32(0.82) * cv2.GaussianBlur(soft, (0, 0), 0.7))[..., None]


def _light(rng: np.random.Generator, shape: Shape, unit: float) -> Field:
    """(H, W) brightness: the lamp's falloff, and in most pictures the round black rim of the instrument."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x = (x - np.float32(width * rng.uniform(0.44, 0.56))) / np.float32(width)
    y = (y - np.float32(height * rng.uniform(0.44, 0.56))) / np.float32(width)
    radius = np.hypot(x, y)
    light = np.float32(rng.uniform(0.98, 1.12)) - np.float32(rng.uniform(0.15, 0.6)) * radius**2
    light += np.float32(rng.uniform(-0.1, 0.1)) * x + np.float32(rng.uniform(-0.1, 0.1)) * y
    if rng.random() < 0.65:
        edge = rng.uniform(0.47, 0.58)
        light *= 1 - np.float32(0.93) * smoothstep(radius, edge - rng.uniform(0.03, 0.09), edge + 0.02)
    return np.asarray(light, np.float32)


def _shine(rng: np.random.Generator, picture: Field, light: Field, unit: float) -> None:
    """What the lamp leaves on contact gel: crinkled glints in patches, and bubbles."""
    shape = (picture.shape[0], picture.shape[1])
    glints = np.zeros(shape, np.float32)
    if rng.random() < 0.6:
        ridges = np.abs(smooth_noise(rng, shape, 13 * unit) + np.float32(0.5) * smooth_noise(rng, shape, 5 * unit))
        patch = smoothstep(fractal(rng, shape, 90 * unit, 3), 0.9, 2.2)
        spark = smoothstep(smooth_noise(rng, shape, 6 * unit), 0.5, 1.5)
        glints += np.exp(-((ridges / np.float32(0.1)) ** 2)) * patch * spark * np.float32(rng.uniform(0.2, 0.6))
    for _ in range(int(rng.choice((0, int(rng.integers(1, 7)))))):
        centre = tuple(int(rng.uniform(0.1, 0.9) * side * 16) for side in (shape[1], shape[0]))
        size, turn = rng.uniform(3, 15) * unit, rng.uniform(0, 360)
        ring = np.zeros(shape, np.float32)
        radius = round(size * 16)
        cv2.circle(ring, centre, radius, 0.25, max(1, round(1.4 * unit)), cv2.LINE_8, 4)
        cv2.ellipse(
            ring, (centre[0], centre[1]), (radius, radius), turn, 0, 80, 0.9, max(1, round(2 * unit)), cv2.LINE_8, 4
        )
        cv2.ellipse(
            ring, (centre[0], centre[1]), (radius, radius), turn, 190, 240, 0.6, max(1, round(2 * unit)), cv2.LINE_8, 4
        )
        glints += cv2.GaussianBlur(ring, (0, 0), 0.9 * unit) * np.float32(rng.uniform(0.5, 1))
    glints *= np.clip(light, 0, 1)
    picture += glints[..., None] * (np.float32(1.0) - np.clip(picture, 0, 1))


def _expose(rng: np.random.Generator, picture: Field, unit: float) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: the camera's white balance, black level, lens blur and noise."""
    balance = np.exp(rng.normal(0, 0.025, 3)).astype(np.float32)
    picture = cv2.GaussianBlur(picture * balance, (0, 0), max(0.35, rng.uniform(0.5, 0.95) * unit))
    picture = np.float32(0.035) + picture * np.float32(rng.uniform(0.94, 1.02))
    shape = (picture.shape[0], picture.shape[1])
    noise = np.float32(rng.uniform(0.004, 0.011))
    picture += (noise * grain(rng, shape, 0.6))[..., None]
    picture += noise * np.float32(0.6) * rng.standard_normal(picture.shape, np.float32)
    return np.asarray(np.clip(picture * 255 + np.float32(0.5), 0, 255), np.uint8)
