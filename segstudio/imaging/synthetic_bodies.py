"""Made-up photos of people dancing and fighting, with their exact masks, to try the program on without any data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2
from segstudio.imaging.figure import Canvas, shade
from segstudio.imaging.figure_parts import Outfit, Part, body_parts
from segstudio.imaging.figure_pose import ACTIONS, Build, draw_joints
from segstudio.imaging.noise import Field, Shape, fractal, grain
from segstudio.imaging.scene import Scene, draw_scene

_OVER = 2  # the figure is drawn at twice the size, and its outline averaged


def body(
    seed: int, size: tuple[int, int] = (512, 384), action: str | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """One made-up photo of a person and its mask; the same for the same arguments.

    ``size`` is (width, height); ``action`` one of ``ACTIONS``, or drawn. Returns (H, W, 3) uint8 RGB and (H, W) bool,
    True where the person covers at least half of the pixel, hair and clothes included, the shadow not.
    """
    rng = np.random.default_rng((seed, 0xB0D1E5))
    width, height = size
    action = action or ACTIONS[int(rng.integers(len(ACTIONS)))]
    build, outfit = Build.draw(rng), Outfit.draw(rng, action)
    joints = draw_joints(rng, action, build)
    scene = draw_scene(rng, (height, width))
    parts, unit, feet = _place(rng, body_parts(rng, joints, build, outfit), (height, width), scene)
    shape = (height * _OVER, width * _OVER)
    canvas = Canvas(shape, fractal(rng, shape, 0.07 * unit, 3, 0.6))
    for part in parts:
        canvas.draw(part)
    solid = canvas.solid
    figure = shade(rng, canvas, outfit, scene.lamp, unit)
    cover = cv2.resize(solid.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    # Premultiplied, or the black around the person would darken the outline.
    figure = cv2.resize(figure * solid[..., None], (width, height), interpolation=cv2.INTER_AREA)
    picture = _cast_shadow(scene, cover, feet, height)
    picture = picture * (1 - cover[..., None]) + figure
    return _expose(rng, picture.astype(np.float32), height), cover >= 0.5


def _place(
    rng: np.random.Generator, parts: list[Part], shape: Shape, scene: Scene
) -> tuple[list[Part], float, list[tuple[float, float]]]:
    """Parts in pixels of the big canvas, standing in the picture; the height of the person there; where feet touch."""
    height, width = shape
    reach = np.array([max(part.radius_a, part.radius_b) for part in parts])[:, None]
    ends = np.stack([np.stack([part.a, part.b]) for part in parts])
    low, high = (ends.min(1) - reach).min(0), (ends.max(1) + reach).max(0)
    scale = height * rng.uniform(0.66, 0.88)
    scale = min(scale, 0.90 * height / (high[1] - low[1]), 0.92 * width / (high[0] - low[0]))
    ground = height * rng.uniform(0.90, 0.965)
    ground = max(ground, scene.horizon + 0.25 * height, 0.03 * height + scale * (high[1] - low[1]))
    room = width - scale * (high[0] - low[0])
    left = room * rng.uniform(0.12, 0.88)
    offset = np.array((left - scale * low[0], min(ground, 0.985 * height) + scale * low[1], 0.0))
    unit = scale * _OVER

    def move(place: NDArray[np.float64]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = (place * (scale, -scale, scale) + offset) * _OVER
        return moved

    placed = [
        part._replace(a=move(part.a), b=move(part.b), radius_a=part.radius_a * unit, radius_b=part.radius_b * unit)
        for part in parts
    ]
    lowest = [(float(e[0]), float(e[1])) for part in parts for e in (part.a, part.b) if e[1] < low[1] + 0.07]
    feet = [(float(x * scale + offset[0]), float(-y * scale + offset[1])) for x, y in lowest]
    return placed, unit, feet


def _cast_shadow(scene: Scene, cover: Field, feet: list[tuple[float, float]], height: int) -> Field:
    """The scene with the person's shadow: laid flat on the floor away from the lamp, darkest where the feet stand."""
    width = cover.shape[1]
    ground = max(y for _, y in feet)
    lean = np.float32(-scene.lamp.key[0] * 0.75)
    squash = np.float32(0.20)
    # A point at height h over the ground falls h * squash behind, and sideways by the lamp's lean.
    matrix = np.array([[1, -lean, lean * ground], [0, squash, ground * (1 - squash)]], np.float32)
    cast = cv2.warpAffine(cover, matrix, (width, height))
    soft = cv2.GaussianBlur(cast, (0, 0), 0.012 * height) * np.float32(scene.shadow)
    touch = np.zeros_like(cover)
    for x, y in feet:
        axes = (round(0.038 * height), round(0.011 * height))
        cv2.ellipse(touch, (round(x), round(y + 0.012 * height)), axes, 0, 0, 360, 1.0, -1)
    dark = np.maximum(soft, cv2.GaussianBlur(touch, (0, 0), 0.010 * height) * np.float32(0.72))
    return np.asarray(scene.picture * (1 - dark[..., None]), np.float32)


def _expose(rng: np.random.Generator, picture: Field, height: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: white balance, a shoulder instead of clipped lights, lens blur, vignette, camera noise."""
    shape = (picture.shape[0], picture.shape[1])
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    picture = picture * (1 - np.float32(rng.uniform(0.04, 0.16)) * (x * x + y * y))[..., None]
    picture = picture * np.exp(rng.normal(0, 0.02, 3)).astype(np.float32) * np.float32(rng.uniform(0.9, 1.08))
    picture = np.where(picture > 0.8, 0.8 + 0.2 * np.tanh((picture - 0.8) / 0.2), picture)
    picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), rng.uniform(0.45, 0.7) * height / 384)
    noise = np.float32(rng.uniform(0.004, 0.010))
    picture += (noise * grain(rng, shape, 0.5))[..., None] + noise * 0.6 * rng.standard_normal(
        picture.shape, np.float32
    )
    return np.asarray(np.clip(picture * 255 + np.float32(0.5), 0, 255), np.uint8)
