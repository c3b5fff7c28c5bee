"""The second look from nearer: where it is worth taking, and that the mask gets finer by it and by nothing else."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.geometry import Rect
from segstudio.domain.metrics import iou
from segstudio.engine.checkpoint import WeightsHeader, save_checkpoint
from segstudio.engine.close_up import joined, near
from segstudio.engine.device import Device
from segstudio.engine.models import build_network
from segstudio.engine.network import SegmentationNetwork
from segstudio.engine.predict import Predictor
from segstudio.imaging.cv import cv2

CPU = Device("cpu", "test")
NETWORK = "unet-efficientnet-lite0"


class _Bright(SegmentationNetwork):
    """Finds what is bright, as sharply as the size allows at which it sees the image."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, int]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append((x.shape[2], x.shape[3]))
        return 8 * x.mean(dim=1, keepdim=True)


def star(height: int, width: int, reach: int) -> np.ndarray:
    """A thin bright star, (h, w) bool, left of the middle."""
    drawn = np.zeros((height, width), np.uint8)
    for angle in np.linspace(0, np.pi, 5)[:-1]:
        way = (round(reach * np.cos(angle)), round(reach * np.sin(angle)))
        middle = (width // 3, height // 2)
        cv2.line(drawn, (middle[0] - way[0], middle[1] - way[1]), (middle[0] + way[0], middle[1] + way[1]), 1, 5)
    return drawn > 0


def predictor(folder: Path, close_up: bool) -> tuple[Predictor, _Bright]:
    header = WeightsHeader(NETWORK, ("one",), 128, upright=True, close_up=close_up)
    save_checkpoint(folder / "w.safetensors", header, build_network(NETWORK, 1).state_dict())
    made, network = Predictor(folder / "w.safetensors", CPU), _Bright()
    made._careful.network = made._network = network
    return made, network


@pytest.mark.parametrize(("height", "width"), [(600, 800), (900, 500)])
def test_what_is_small_is_drawn_finer(tmp_path: Path, height: int, width: int) -> None:
    truth = star(height, width, 60)
    pixels = np.repeat(np.where(truth, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    scores, sizes = [], []
    for close_up in (False, True):
        asked, network = predictor(tmp_path, close_up)
        said = asked.predict(pixels)
        assert said.mask.shape == truth.shape
        assert said.confidence.shape[0] * width == pytest.approx(said.confidence.shape[1] * height, rel=0.15)
        scores.append(iou(said.mask > 0, truth))
        sizes.append(len(network.seen))
    assert sizes == [1, 2]
    assert scores[1] > scores[0] + 0.1


def test_what_fills_the_image_or_is_not_there_is_looked_at_once(tmp_path: Path) -> None:
    for truth in (star(600, 600, 290), np.zeros((600, 800), bool)):
        pixels = np.repeat(np.where(truth, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
        asked, network = predictor(tmp_path, True)
        asked.predict(pixels)
        assert len(network.seen) == 1


@given(st.integers(0, 60), st.integers(0, 40), st.integers(1, 20), st.integers(1, 20))
def test_all_that_was_found_is_seen_with_room_around_it(x: int, y: int, width: int, height: int) -> None:
    found = np.zeros((64, 96), bool)
    found[y : y + height, x : x + width] = True
    part = near(found, 640, 960)
    if part is not None:
        room = 2 * max(min(width, 96 - x), min(height, 64 - y))
        assert part.x0 <= max(0, 10 * x - room + 1)
        assert part.y0 <= max(0, 10 * y - room + 1)
        assert part.x1 >= min(960, 10 * (x + width) + room - 1)
        assert part.y1 >= min(640, 10 * (y + height) + room - 1)
        assert max(part.width, part.height) <= 720


@given(st.integers(0, 63), st.integers(0, 63), st.integers(1, 40), st.integers(1, 40))
def test_of_an_image_smaller_than_what_the_network_sees_no_part_is_empty(
    x: int, y: int, height: int, width: int
) -> None:
    found = np.zeros((64, 64), bool)
    found[y, x] = True
    part = near(found, height, width)
    if part is not None:
        said = np.ones((64, 64, 1), np.float32)
        assert joined(0 * said, said, part, height, width).max() == 0.5


def test_outside_the_part_nothing_changes_and_inside_it_both_looks_count() -> None:
    whole = np.full((30, 40, 2), -1.0, np.float32)
    part = np.full((40, 40, 2), 2.0, np.float32)
    made = joined(whole, part, Rect(100, 50, 200, 150), 300, 400)
    assert made.shape == (120, 160, 2)
    expected = np.full((120, 160, 2), -1.0, np.float32)
    expected[20:60, 40:80] = 0.5
    assert np.array_equal(made, expected)


def test_a_tiny_part_of_a_large_photograph_does_not_make_it_huge() -> None:
    made = joined(np.zeros((30, 40, 1), np.float32), np.ones((64, 64, 1), np.float32), Rect(0, 0, 20, 20), 3000, 4000)
    assert made.shape == (960, 1280, 1)
    assert 2 * made.sum() == pytest.approx(6 * 6, abs=13)
