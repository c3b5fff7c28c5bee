"""Small made-up rounds: dark discs on a light ground, one or two classes."""

from pathlib import Path

import numpy as np

from segstudio.engine.data import write_mask
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import MASKS, RoundRequest, TrainingImage, TrainingSettings, write_request

# Seconds enough for the busiest machine: two rounds cut short by the clock are not the same.
TINY = TrainingSettings(input_size=64, max_steps=3, seed=7, seconds=1000.0)


def disc(seed: int, width: int = 80, height: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """An image (h, w, 3) uint8 and its mask (h, w) uint16: 1 on the disc, 2 on a smaller one if there is one."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(150, 255, (height, width, 3), dtype=np.uint8)
    shape = np.zeros((height, width), np.uint8)
    centre = int(rng.integers(width // 3, width * 2 // 3)), int(rng.integers(height // 3, height * 2 // 3))
    cv2.circle(shape, centre, min(width, height) // 4, 1, -1)
    pixels[shape > 0] //= 4
    return pixels, shape.astype(np.uint16)


def write_image(path: Path, pixels: np.ndarray) -> None:
    ok, content = cv2.imencode(".png", pixels[..., ::-1])
    assert ok
    path.write_bytes(content.tobytes())


def make_round(
    folder: Path,
    train: int = 3,
    held_out: int = 0,
    settings: TrainingSettings = TINY,
    parent: Path | None = None,
    classes: tuple[str, ...] = ("disc",),
    size: tuple[int, int] = (80, 64),
) -> RoundRequest:
    """Write the images, masks and request of a round into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for index in range(train + held_out):
        pixels, mask = disc(index, *size)
        write_image(folder / f"{index}.png", pixels)
        write_mask(folder / MASKS / f"{index}.png", mask)
        role = "train" if index < train else "held_out"
        images.append(TrainingImage(index, str(folder / f"{index}.png"), f"{MASKS}/{index}.png", role))
    request = RoundRequest(1, classes, tuple(images), str(parent) if parent else None, settings)
    write_request(folder, request)
    return request
