"""A drawn video: a textured disk that moves over a textured ground, frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.imaging.cv import cv2

SIZE = (160, 120)
RADIUS = 24
STEP = 4


def disk(frame: int, size: tuple[int, int] = SIZE) -> NDArray[np.bool_]:
    """Where the disk is, (height, width) bool."""
    ys, xs = np.mgrid[: size[1], : size[0]]
    inside: NDArray[np.bool_] = np.hypot(xs - 50 - STEP * frame, ys - 60) < RADIUS
    return inside


def frame_pixels(frame: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """One frame, (height, width, 3) uint8."""
    width, height = size
    rng = np.random.default_rng(3)
    ground = cv2.GaussianBlur(rng.integers(0, 110, (height, width)).astype(np.uint8), (0, 0), 1.5)
    cloth = cv2.GaussianBlur(rng.integers(120, 255, (height, width)).astype(np.uint8), (0, 0), 1.5)
    inside = disk(frame, size)
    grey = np.where(inside, np.roll(cloth, STEP * frame, axis=1), ground)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def write_frames(folder: Path, count: int, name: str = "walk_{:05d}", size: tuple[int, int] = SIZE) -> list[Path]:
    """``count`` PNG frames, numbered from 1."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for frame in range(1, count + 1):
        path = folder / f"{name.format(frame)}.png"
        Image.fromarray(frame_pixels(frame, size)).save(path)
        paths.append(path)
    return paths


def write_video(path: Path, count: int = 12, rate: float = 10.0) -> Path:
    """A film of ``count`` frames at ``path``, an ``.avi``, without loss."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"FFV1"), rate, SIZE)
    assert writer.isOpened()
    for frame in range(1, count + 1):
        writer.write(frame_pixels(frame))
    writer.release()
    return path
