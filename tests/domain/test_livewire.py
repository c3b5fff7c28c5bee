"""The smart edge: it keeps to a border, its ends are where they were asked for, and it helps on real photographs."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.domain.livewire import FAR_REACH, REACH, LiveWire
from segstudio.imaging.cv import cv2
from tests.helpers.data import data_folder


def disk_image(size: int, radius: float, center: tuple[float, float]) -> np.ndarray:
    ys, xs = np.mgrid[:size, :size] + 0.5
    away = np.hypot(xs - center[0], ys - center[1]) - radius
    # A border some pixels wide, as a lesion's.
    share = 1 / (1 + np.exp(away / 1.5))
    image = share[..., None] * np.array([110, 70, 60.0]) + (1 - share[..., None]) * np.array([220, 170, 150.0])
    noise = np.random.default_rng(2).normal(0, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def on_circle(center: tuple[float, float], radius: float, degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle)


def off_circle(path: list[tuple[float, float]], center: tuple[float, float], radius: float) -> float:
    return float(np.mean([abs(math.dist(point, center) - radius) for point in path]))


def test_the_path_follows_a_round_border() -> None:
    center, radius = (100.0, 95.0), 60.0
    wire = LiveWire.at(disk_image(200, radius, center), on_circle(center, radius, 10))
    path = wire.path_to(on_circle(center, radius, 100))
    assert off_circle(path, center, radius) < 1.5
    assert all(max(abs(a[0] - b[0]), abs(a[1] - b[1])) == 1 for a, b in itertools.pairwise(path))


def test_beyond_the_fine_window_the_path_still_follows() -> None:
    center, radius = (600.0, 600.0), 400.0
    wire = LiveWire.at(disk_image(1200, radius, center), on_circle(center, radius, 180))
    end = on_circle(center, radius, 250)
    assert math.dist(wire.anchor, end) > REACH * math.sqrt(2)
    assert off_circle(wire.path_to(end), center, radius) < 5
    straight = [tuple(np.array(wire.anchor) + share * (np.array(end) - wire.anchor)) for share in np.linspace(0, 1, 50)]
    assert off_circle(straight, center, radius) > 30


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.data(), st.sampled_from(["even", "noise"]))
def test_both_ends_are_the_pixels_that_were_asked_for(height: int, width: int, data: st.DataObject, kind: str) -> None:
    pixels = np.full((height, width, 3), 130, np.uint8)
    if kind == "noise":
        pixels = np.random.default_rng(height * width).integers(0, 256, pixels.shape, dtype=np.uint8)
    x, y = data.draw(st.floats(0, width, exclude_max=True)), data.draw(st.floats(0, height, exclude_max=True))
    u, v = data.draw(st.floats(-3, width + 3)), data.draw(st.floats(-3, height + 3))
    wire = LiveWire.at(pixels, (x, y))
    path = wire.path_to((u, v))
    assert path[0] == wire.anchor == (math.floor(x) + 0.5, math.floor(y) + 0.5)
    assert path[-1] == (math.floor(u) + 0.5, math.floor(v) + 0.5)
    inside = [(a, b) for a, b in path[:-1] if 0 <= a < width and 0 <= b < height]
    assert len(inside) == len(path) - 1


def test_far_away_the_path_is_a_straight_line() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (30, 2 * FAR_REACH, 3), dtype=np.uint8)
    wire = LiveWire.at(pixels, (20.0, 15.0))
    assert wire.path_to((20 + FAR_REACH + 30.0, 15.0)) == [(20.5, 15.5), (20 + FAR_REACH + 30.5, 15.5)]


def test_an_anchor_beside_the_image_is_refused() -> None:
    with pytest.raises(ValueError, match="outside an image"):
        LiveWire.at(np.zeros((5, 6, 3), np.uint8), (2.0, 5.0))


def read_case(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    name = folder.stem
    pixels = cv2.imread(str(folder), cv2.IMREAD_COLOR)[:, :, ::-1].copy()
    mask = cv2.imread(str(folder.parents[1] / "masks_person" / f"{name}.png"), cv2.IMREAD_GRAYSCALE) > 0
    return pixels, mask


def test_around_people_the_path_is_nearer_to_the_border_than_a_straight_line() -> None:
    rng = np.random.default_rng(0)
    wires, lines = [], []
    for file in sorted((data_folder("ccp") / "images").iterdir())[:60:10]:
        pixels, mask = read_case(file)
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        outline = max(contours, key=len)[:, 0]
        off = np.ones(mask.shape, np.uint8)
        off[outline[:, 1], outline[:, 0]] = 0
        away = cv2.distanceTransform(off, cv2.DIST_L2, 5)
        for first in rng.integers(0, len(outline), 3):
            start, end = outline[first] + 0.5, outline[(first + 150) % len(outline)] + 0.5
            path = np.array(LiveWire.at(pixels, tuple(start)).path_to(tuple(end)))
            line = start + np.linspace(0, 1, len(path))[:, None] * (end - start)
            for points, results in ((path, wires), (line, lines)):
                column, row = np.floor(points).astype(int).T
                results.append(float(away[row, column].mean()))
    assert np.mean(wires) < 0.8 * np.mean(lines)
