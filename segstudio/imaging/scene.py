"""Rooms and places behind a made-up person: a floor in perspective, a wall, things standing about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segstudio.imaging.cv import cv2
from segstudio.imaging.figure import Lamp
from segstudio.imaging.noise import Field, Shape, fractal, smooth_noise, smoothstep


@dataclass(frozen=True)
class Scene:
    """``picture`` is (H, W, 3) float32; ``horizon`` the row where the floor would end far away; ``shadow`` 0 to 1."""

    picture: Field
    lamp: Lamp
    horizon: float
    shadow: float


def draw_scene(rng: np.random.Generator, shape: Shape) -> Scene:
    """One of five places, drawn by ``rng``: lab, wooden hall, photo studio, street, park."""
    makers: tuple[Callable[[np.random.Generator, Shape], Scene], ...] = (_lab, _hall, _studio, _street, _park)
    return makers[int(rng.choice(len(makers), p=(0.28, 0.22, 0.2, 0.15, 0.15)))](rng, shape)


def _floor_grid(shape: Shape, horizon: float) -> tuple[Field, Field]:
    """Where on the floor each pixel lies: (across, away), in camera heights; nonsense above the horizon."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = np.float32(height) / np.maximum(y - np.float32(horizon), 1.0)
    return (x - width / 2) / np.float32(height) * away, away


def _lay(picture: Field, floor: Field, edge: float) -> None:
    """Put ``floor`` below the row ``edge``."""
    rows = np.arange(picture.shape[0], dtype=np.float32)
    below = np.clip(rows - np.float32(edge), 0, 1)[:, None, None]
    picture += below * (floor - picture)


def _box(
    picture: Field,
    corner: tuple[float, float],
    size: tuple[float, float],
    colour: tuple[float, float, float],
    soft: float,
) -> None:
    """A plain rectangle; ``corner`` and ``size`` in parts of the picture, ``soft`` edge in pixels."""
    height, width = picture.shape[:2]
    plane = np.zeros((height, width), np.float32)
    x0, y0 = round(corner[0] * width), round(corner[1] * height)
    cv2.rectangle(plane, (x0, y0), (x0 + round(size[0] * width), y0 + round(size[1] * height)), 1.0, -1)
    plane = cv2.GaussianBlur(plane, (0, 0), max(soft, 0.3))
    picture += plane[..., None] * (np.array(colour, np.float32) - picture)


def _colour(rng: np.random.Generator, low: float, high: float, tint: float = 0.08) -> tuple[float, float, float]:
    grey = rng.uniform(low, high)
    red, green, blue = np.clip(grey * (1 + rng.normal(0, tint, 3)), 0, 1.2)
    return float(red), float(green), float(blue)


def _tone(colour: Field, factor: float) -> tuple[float, float, float]:
    red, green, blue = (min(1.0, float(channel) * factor) for channel in colour)
    return red, green, blue


def _lamp(rng: np.random.Generator, key: float, fill: float, warm: float) -> Lamp:
    side = rng.choice((-1.0, 1.0)) * rng.uniform(0.35, 0.9)
    tint = np.array((1 + warm, 1.0, 1 - warm))
    return Lamp(
        np.array((side, -rng.uniform(0.5, 1.0), rng.uniform(0.45, 0.9))),
        (key * tint).astype(np.float32),
        (fill * np.array((0.96, 1.0, 1.06))).astype(np.float32),
        (fill * 0.55 * tint).astype(np.float32),
    )


def _lab(rng: np.random.Generator, shape: Shape) -> Scene:
    """A dim room for motion capture: carpet, strip lights, bright screens, chairs and stands."""
    height, width = shape
    edge = height * rng.uniform(0.58, 0.66)
    horizon = edge - height * 0.14
    wall = np.array(_colour(rng, 0.08, 0.34, 0.05), np.float32)
    picture = (
        np.ones((*shape, 3), np.float32)
        * wall
        * (1 + np.float32(0.12) * fractal(rng, shape, height * 0.3, 3))[..., None]
    )
    for k in range(int(rng.integers(2, 6))):
        x, y = rng.uniform(-0.05, 0.95), 0.03 + 0.05 * k + rng.uniform(0, 0.03)
        slope, length = rng.uniform(-0.05, 0.05), rng.uniform(0.05, 0.16)
        strip = np.zeros(shape, np.float32)
        ends = [(round(px * width), round(py * height)) for px, py in ((x, y), (x + length, y + slope))]
        cv2.line(strip, ends[0], ends[1], 1.0, max(1, round(height * rng.uniform(0.006, 0.014))))
        glow = cv2.GaussianBlur(strip, (0, 0), height * 0.035)
        picture += (cv2.GaussianBlur(strip, (0, 0), 1.2) * 1.3 + glow * 0.7)[..., None] * np.array(
            (0.95, 1, 1.03), np.float32
        )
    for _ in range(int(rng.integers(1, 4))):
        w, h = rng.uniform(0.10, 0.26), rng.uniform(0.16, 0.30)
        x = rng.uniform(-0.05, 0.95)
        _box(picture, (x - 0.005, 0.54 - h - 0.007), (w + 0.01, h + 0.014), (0.05, 0.05, 0.06), 1.0)
        _box(picture, (x, 0.54 - h), (w, h), _colour(rng, 0.45, 0.95, 0.04), 1.2)
    _furnish(rng, picture, edge / height)
    across, away = _floor_grid(shape, horizon)
    carpet = rng.uniform(0.28, 0.46) * (
        1 + 0.05 * fractal(rng, shape, height * 0.2, 3) + 0.11 * rng.standard_normal(shape, np.float32)
    )
    floor = (carpet * np.clip(1.25 - 0.12 * away, 0.35, 1.2))[..., None] * np.array((0.95, 1.0, 1.04), np.float32)
    for offset in rng.uniform(-1.6, 1.6, int(rng.integers(1, 4))):
        line = np.abs(across - offset - rng.uniform(-0.15, 0.15) * away)
        floor *= (1 - 0.75 * smoothstep(-line, -0.022, -0.012))[..., None]
    for far in rng.uniform(1.6, 4.5, 2):
        floor *= (1 - 0.75 * smoothstep(-np.abs(away - far - 0.12 * across), -0.06, -0.03))[..., None]
    _lay(picture, floor.astype(np.float32), edge)
    return Scene(picture, _lamp(rng, rng.uniform(0.65, 0.9), rng.uniform(0.38, 0.5), 0.01), horizon, 0.45)


def _furnish(rng: np.random.Generator, picture: Field, edge: float) -> None:
    """Sofas, cupboards and thin stands along the wall, down to the floor's edge."""
    for _ in range(int(rng.integers(2, 6))):
        x, w, h = rng.uniform(-0.05, 0.95), rng.uniform(0.05, 0.16), rng.uniform(0.08, 0.2)
        colour = _colour(rng, 0.08, 0.45, 0.22)
        darker = tuple(c * 0.6 for c in colour)
        _box(picture, (x, edge - h), (w, h + 0.01), (darker[0], darker[1], darker[2]), 1.2)
        _box(picture, (x + 0.004, edge - h), (w - 0.008, h * rng.uniform(0.3, 0.6)), colour, 1.2)
    for _ in range(int(rng.integers(0, 3))):
        x = rng.uniform(0.02, 0.98)
        _box(picture, (x, edge - rng.uniform(0.2, 0.34)), (0.005, 0.36), _colour(rng, 0.04, 0.3), 0.7)


def _hall(rng: np.random.Generator, shape: Shape) -> Scene:
    """A dance or fighting hall: planks or mats, a light wall with windows or mirrors and a rail."""
    height = shape[0]
    edge = height * rng.uniform(0.58, 0.68)
    horizon = edge - height * rng.uniform(0.08, 0.16)
    wall = np.array(_colour(rng, 0.45, 0.8, 0.07), np.float32)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    picture = np.ones((*shape, 3), np.float32) * wall * (1.08 - 0.25 * y)[..., None]
    picture *= (1 + np.float32(0.03) * fractal(rng, shape, height * 0.25, 4))[..., None]
    count, glass = int(rng.integers(2, 6)), rng.random() < 0.5
    pitch = 1.0 / count
    for k in range(count):
        tone = _colour(rng, 0.85, 1.05, 0.03) if glass else _colour(rng, 0.4, 0.6, 0.05)
        x, w, top, h = (k + 0.14) * pitch, 0.72 * pitch, 0.08, 0.36
        _box(picture, (x - 0.008, top - 0.012), (w + 0.016, h + 0.024), _tone(wall, 0.5), 1.0)
        _box(picture, (x, top), (w, h), tone, 1.2)
        if glass:
            _box(picture, (x + w / 2 - 0.003, top), (0.006, h), _tone(wall, 0.7), 0.8)
            _box(picture, (x, top + h * 0.5), (w, 0.008), _tone(wall, 0.7), 0.8)
    if rng.random() < 0.6:
        _box(picture, (-0.1, edge / height - 0.17), (1.2, 0.014), (0.42, 0.27, 0.16), 1.0)
    _box(picture, (-0.1, edge / height - 0.03), (1.2, 0.04), _tone(wall, 0.55), 0.8)
    across, away = _floor_grid(shape, horizon)
    if rng.random() < 0.65:
        board = np.floor(across / 0.16)
        tone = 0.5 + 0.5 * np.sin(board * 12.9898 + np.floor(away / 1.9 + board * 0.37) * 78.233)
        seam = smoothstep(-np.abs(across / 0.16 - board - 0.5), -0.5, -0.46)
        base = np.array((0.62, 0.42, 0.25), np.float32) * np.float32(rng.uniform(0.8, 1.15))
        grainy = 1 + 0.05 * fractal(rng, shape, height * 0.05, 3)
        floor = base * ((0.86 + 0.22 * tone) * (0.72 + 0.28 * seam) * grainy)[..., None]
    else:
        mats = (np.floor(across / 0.9) + np.floor(away / 0.9)) % 2
        one, two = np.array(_colour(rng, 0.25, 0.6, 0.35)), np.array(_colour(rng, 0.25, 0.6, 0.35))
        floor = np.where(mats[..., None] > 0, one, two) * (1 + 0.02 * rng.standard_normal(shape, np.float32))[..., None]
    gloss = np.float32(rng.uniform(0.05, 0.3)) * np.clip(picture[::-1], 0, 1)
    floor = (floor * (1 - 0.05 * np.clip(away - 1, 0, 6))[..., None] + gloss * 0.7).astype(np.float32)
    _lay(picture, cv2.GaussianBlur(floor, (0, 0), 0.8), edge)
    return Scene(picture, _lamp(rng, rng.uniform(0.55, 0.75), rng.uniform(0.42, 0.55), 0.03), horizon, 0.4)


def _studio(rng: np.random.Generator, shape: Shape) -> Scene:
    """A paper backdrop that runs into the floor, with a spot of light on it."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    paper = np.array(_colour(rng, 0.28, 0.85, 0.16), np.float32)
    spot_x, spot_y = width * rng.uniform(0.3, 0.7), height * rng.uniform(0.25, 0.5)
    spot = np.exp(-(((x - spot_x) / (0.55 * width)) ** 2 + ((y - spot_y) / (0.6 * height)) ** 2))
    bend = smoothstep(y / np.float32(height), 0.62, 0.86)
    light = 0.55 + 0.55 * spot + 0.10 * bend - 0.12 * np.exp(-(((y / height - 0.70) / 0.06) ** 2))
    light = light * (1 + 0.015 * fractal(rng, shape, height * 0.15, 4))
    picture = (paper * light[..., None]).astype(np.float32)
    return Scene(picture, _lamp(rng, rng.uniform(0.6, 0.8), rng.uniform(0.35, 0.5), 0.02), height * 0.45, 0.5)


def _street(rng: np.random.Generator, shape: Shape) -> Scene:
    """A house front across a paved square, out of focus."""
    height = shape[0]
    edge = height * rng.uniform(0.58, 0.68)
    horizon = edge - height * rng.uniform(0.06, 0.12)
    wall = np.array(_colour(rng, 0.6, 0.9, 0.06), np.float32)
    picture = np.ones((*shape, 3), np.float32) * wall
    bricks = 1 + 0.05 * fractal(rng, shape, height * 0.02, 2) + 0.05 * fractal(rng, shape, height * 0.4, 3)
    picture *= bricks[..., None].astype(np.float32)
    columns, rows = int(rng.integers(4, 8)), 2
    for row in range(rows):
        for column in range(columns):
            x, y, w, h = (column + 0.2) / columns, 0.03 + row * 0.29, 0.55 / columns, 0.21
            _box(
                picture,
                (x - 0.009, y - 0.014),
                (w + 0.018, h + 0.028),
                _tone(wall, 1.25),
                0.8,
            )
            _box(picture, (x, y), (w, h), _colour(rng, 0.1, 0.4, 0.05), 0.8)
            _box(picture, (x + w / 2 - 0.002, y), (0.005, h), _tone(wall, 1.2), 0.6)
    _box(picture, (-0.1, edge / height - 0.05), (1.2, 0.06), _tone(wall, 0.6), 1.0)
    picture = cv2.GaussianBlur(picture, (0, 0), height * rng.uniform(0.003, 0.009))
    across, away = _floor_grid(shape, horizon)
    slab = np.minimum(np.abs(across / 0.45 - np.round(across / 0.45)), np.abs(away / 0.45 - np.round(away / 0.45)))
    tone = np.sin(np.floor(across / 0.45 + 0.5) * 12.9 + np.floor(away / 0.45 + 0.5) * 78.2)
    paving = rng.uniform(0.52, 0.74) * (1 + 0.05 * tone + 0.03 * fractal(rng, shape, height * 0.03, 3, 0.7))
    paving = paving * (0.82 + 0.18 * smoothstep(slab.astype(np.float32), 0.01, 0.035 + 0.004 * float(away.min())))
    _lay(picture, (paving[..., None] * np.array((1.03, 1.0, 0.96))).astype(np.float32), edge)
    return Scene(picture, _lamp(rng, rng.uniform(0.7, 0.95), rng.uniform(0.4, 0.5), 0.05), horizon, 0.6)


def _park(rng: np.random.Generator, shape: Shape) -> Scene:
    """Grass before trees and sky, out of focus."""
    height, width = shape
    edge = height * rng.uniform(0.56, 0.66)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    sky = np.array((0.50, 0.68, 0.92), np.float32) + (y * np.float32(0.6))[..., None] * np.array(
        (0.5, 0.35, 0.1), np.float32
    )
    clouds = smoothstep(fractal(rng, shape, height * 0.35, 5, 0.55), -0.1, 1.6)[..., None]
    picture = (sky + clouds * (np.float32(0.97) - sky)).astype(np.float32) * np.ones((*shape, 1), np.float32)
    for depth in range(3):
        line = height * (0.30 + 0.09 * depth) + height * 0.05 * fractal(rng, (3, width), width * 0.16, 6, 0.55)[1]
        trees = smoothstep((np.arange(height, dtype=np.float32)[:, None] - line[None]).astype(np.float32), 0, 3.0)
        leaves = np.exp(0.24 * fractal(rng, shape, height * 0.07, 5, 0.7))
        green = np.array((0.33, 0.42, 0.24), np.float32) * np.float32(0.55 + 0.2 * (2 - depth)) + np.float32(
            0.08 * (2 - depth)
        )
        green = green * np.exp(rng.normal(0, 0.04, 3)).astype(np.float32)
        picture += trees[..., None] * (green * leaves[..., None].astype(np.float32) - picture)
    picture = cv2.GaussianBlur(picture, (0, 0), height * rng.uniform(0.005, 0.012))
    blades = 0.09 * smooth_noise(rng, shape, 2.2) + 0.08 * fractal(rng, shape, height * 0.03, 4, 0.7)
    patches = 0.10 * fractal(rng, shape, height * 0.25, 3)
    grass = np.array((0.42, 0.50, 0.27), np.float32) * np.float32(rng.uniform(0.85, 1.15))
    floor = grass * np.exp(blades + patches)[..., None]
    near = (np.arange(height, dtype=np.float32) - edge)[:, None, None] / np.float32(height)
    floor = floor * (1.12 - 0.5 * near)
    _lay(picture, floor.astype(np.float32), edge)
    return Scene(picture, _lamp(rng, rng.uniform(0.75, 0.95), rng.uniform(0.38, 0.5), 0.05), edge - height * 0.05, 0.55)
