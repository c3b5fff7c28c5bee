"""The second look: where it is worth taking, and that the mask gets better by it and by nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.geometry import Rect
from segstudio.domain.input_shape import input_shape
from segstudio.domain.metrics import iou
from segstudio.engine.checkpoint import WeightsHeader, save_checkpoint
from segstudio.engine.device import Device
from segstudio.engine.models import build_network
from segstudio.engine.network import SegmentationNetwork
from segstudio.engine.predict import Predictor
from segstudio.engine.second_look import SecondLook, averaged, fitting_side, joined, lies, likeliest, near
from segstudio.imaging.cv import cv2

CPU = Device("cpu", "test")
NETWORK = "unet-efficientnet-lite0"


class _Bright(SegmentationNetwork):
    """Finds what is bright, as sharply as the size allows at which it sees the image."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, int]] = []
        self.views: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append((x.shape[2], x.shape[3]))
        self.views.append(x)
        return 8 * x.mean(dim=1, keepdim=True)


def star(height: int, width: int, reach: int) -> np.ndarray:
    """A thin bright star, (h, w) bool, left of the middle."""
    drawn = np.zeros((height, width), np.uint8)
    for angle in np.linspace(0, np.pi, 5)[:-1]:
        way = (round(reach * np.cos(angle)), round(reach * np.sin(angle)))
        middle = (width // 3, height // 2)
        cv2.line(drawn, (middle[0] - way[0], middle[1] - way[1]), (middle[0] + way[0], middle[1] + way[1]), 1, 5)
    return drawn > 0


def predictor(folder: Path, look: SecondLook, upright: bool = True) -> tuple[Predictor, _Bright]:
    header = WeightsHeader(NETWORK, ("one",), 128, upright=upright, second_look=look)
    save_checkpoint(folder / "w.safetensors", header, build_network(NETWORK, 1).state_dict())
    made, network = Predictor(folder / "w.safetensors", CPU), _Bright()
    made._members = [network]
    return made, network


@pytest.mark.parametrize(("height", "width"), [(600, 800), (900, 500)])
def test_what_is_small_is_drawn_finer(tmp_path: Path, height: int, width: int) -> None:
    truth = star(height, width, 60)
    pixels = np.repeat(np.where(truth, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    scores, sizes = [], []
    for close_up in (False, True):
        asked, network = predictor(tmp_path, SecondLook(close_up=close_up))
        said = asked.predict(pixels)
        assert said.mask.shape == truth.shape
        assert said.confidence.shape[0] * width == pytest.approx(said.confidence.shape[1] * height, rel=0.15)
        scores.append(iou(said.mask > 0, truth))
        sizes.append(len(network.seen))
    assert sizes[0] == 1 < sizes[1]
    assert [max(sides) for sides in network.seen] == [128] + (sizes[1] - 1) * [160]
    assert scores[1] > scores[0] + 0.1


@pytest.mark.parametrize(("height", "width", "looks"), [(60, 50, 3), (60, 46, 3), (60, 40, 2), (40, 60, 3)])
def test_who_does_not_stand_is_seen_upside_down_too(tmp_path: Path, height: int, width: int, looks: int) -> None:
    pixels = np.zeros((600, 800, 3), np.uint8)
    pixels[200 : 200 + 3 * height, 300 : 300 + 3 * width] = 255
    asked, network = predictor(tmp_path, SecondLook(close_up=True))
    found = asked.predict(pixels).mask > 0
    assert len(network.views) == looks
    assert iou(found, pixels[..., 0] > 0) > 0.9
    if looks == 3:
        assert torch.equal(network.views[1].flip(2), network.views[2])


def test_people_side_by_side_stand_each() -> None:
    found = np.zeros((60, 80), bool)
    found[10:50, 5:25] = found[12:50, 40:60] = True
    assert not lies(found, 600, 800)
    assert lies(found, 300, 800)
    assert not lies(np.zeros((60, 80), bool), 600, 800)


def test_both_ways_up_count_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = predictor(tmp_path, SecondLook(close_up=True))
    said = iter([3.0, 1.0])
    monkeypatch.setattr(asked, "_answer", lambda pixels, *_: np.full((*pixels.shape[:2], 1), next(said), np.float32))
    pixels = np.zeros((20, 30, 3), np.uint8)
    assert np.all(asked._close_up(pixels, either_way_up=True, between_windows=lambda: None) == 2.0)


def test_what_fills_the_image_or_is_not_there_is_looked_at_once(tmp_path: Path) -> None:
    for truth in (star(600, 600, 290), np.zeros((600, 800), bool)):
        pixels = np.repeat(np.where(truth, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
        asked, network = predictor(tmp_path, SecondLook(close_up=True))
        asked.predict(pixels)
        assert len(network.seen) == 1


@given(st.integers(0, 60), st.integers(0, 40), st.integers(1, 20), st.integers(1, 20))
def test_all_that_was_found_is_seen_with_room_around_it(x: int, y: int, width: int, height: int) -> None:
    found = np.zeros((64, 96), bool)
    found[y : y + height, x : x + width] = True
    part = near(found, 640, 960)
    if part is not None:
        room = 1.5 * max(min(width, 96 - x), min(height, 64 - y))
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
        assert joined(0 * said, said, part, height, width).max() == pytest.approx(0.65)


def test_outside_the_part_nothing_changes_and_inside_it_the_nearer_look_counts_more() -> None:
    whole = np.full((30, 40, 2), -1.0, np.float32)
    part = np.full((40, 40, 2), 2.0, np.float32)
    made = joined(whole, part, Rect(100, 50, 200, 150), 300, 400)
    assert made.shape == (120, 160, 2)
    expected = np.full((120, 160, 2), -1.0, np.float32)
    expected[20:60, 40:80] = 0.35 * -1 + 0.65 * 2
    assert made == pytest.approx(expected)


def test_a_tiny_part_of_a_large_photograph_does_not_make_it_huge() -> None:
    made = joined(np.zeros((30, 40, 1), np.float32), np.ones((64, 64, 1), np.float32), Rect(0, 0, 20, 20), 3000, 4000)
    assert made.shape == (960, 1280, 1)
    assert made.sum() / 0.65 == pytest.approx(6 * 6, abs=13)


@pytest.mark.parametrize(("reach", "side"), [(280, 160), (150, 160), (100, 256), (40, 352)])
def test_all_of_the_image_is_looked_at_again_so_that_what_was_found_fits(tmp_path: Path, reach: int, side: int) -> None:
    truth = star(600, 600, reach)
    pixels = np.repeat(np.where(truth, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    asked, network = predictor(tmp_path, SecondLook(fitted=80), upright=False)
    said = asked.predict(pixels)
    assert network.seen == [(128, 128), (side, side)]
    assert iou(said.mask > 0, truth) > 0.4
    # Upside down in between, and back.
    assert iou(said.mask[::-1] > 0, truth) < iou(said.mask > 0, truth)


def test_where_a_first_look_found_nothing_the_second_goes_nearer_to_what_is_likeliest(tmp_path: Path) -> None:
    pixels = np.zeros((600, 600, 3), np.uint8)
    pixels[278:284, 185:191] = 200  # half of four pixels of the first look, three by three of the second
    once, _ = predictor(tmp_path, SecondLook(), upright=False)
    assert not once.predict(pixels).mask.any()
    twice, network = predictor(tmp_path, SecondLook(fitted=80), upright=False)
    found = twice.predict(pixels).mask > 0
    assert network.seen == [(128, 128), (352, 352)]
    assert found[281, 188]
    assert found.sum() < 60
    # Where nothing is likelier than all the rest, it may be large, and is looked at from farther off.
    assert not twice.predict(np.zeros((600, 600, 3), np.uint8)).mask.any()
    assert network.seen[2:] == [(128, 128), (160, 160)]


def test_what_is_likeliest_is_so_in_any_class() -> None:
    logits = np.zeros((4, 5, 3), np.float32)
    logits[..., 0] = 6
    logits[1, 2, 1], logits[3, 4, 2], logits[0, 0, 2] = 5, 4, 2
    assert np.argwhere(likeliest(logits)).tolist() == [[1, 2], [3, 4]]
    assert np.argwhere(likeliest(np.asarray([[[-9.0], [-6.5], [-5.0]]], np.float32))).tolist() == [[0, 1], [0, 2]]


def test_where_memory_ran_out_the_second_look_is_smaller_too(tmp_path: Path) -> None:
    asked, network = predictor(tmp_path, SecondLook(fitted=40), upright=False)
    asked._careful._means = replace(asked._careful._means, side=64)
    asked.predict(np.full((600, 600, 3), 255, np.uint8))
    assert network.seen == [(64, 64), (64, 64)]


@given(st.integers(1, 200), st.integers(1, 160), st.integers(20, 300))
def test_a_fitting_side_is_one_that_networks_take(width: int, height: int, side: int) -> None:
    found = np.zeros((160, 200), bool)
    assert fitting_side(found, side) == 160
    found[:height, :width] = True
    fitting = fitting_side(found, side)
    assert fitting % 32 == 0
    assert 160 <= fitting <= 352
    exact = side * 200 / max(width, height)
    assert fitting == pytest.approx(min(max(exact, 160), 352), abs=16)


def test_the_second_of_two_looks_counts_more_at_the_size_of_the_larger() -> None:
    small, large = np.full((3, 4, 2), 1.0, np.float32), np.full((6, 8, 2), 4.0, np.float32)
    for first, second, mean in ((small, large, 2.95), (large, small, 2.05)):
        made = averaged(first, second)
        assert made.shape == (6, 8, 2)
        assert np.allclose(made, mean)


def _places(rect: Rect, side: int) -> np.ndarray:
    """(h, w, 2) float32: where in the image, as x and y, each of a network's pixels lies that sees ``rect`` of it."""
    h, w = input_shape(rect.width, rect.height, side)
    x, y = rect.x0 + (np.arange(w) + 0.5) * rect.width / w, rect.y0 + (np.arange(h) + 0.5) * rect.height / h
    return np.stack(np.broadcast_arrays(x[None], y[:, None]), axis=2).astype(np.float32)


@given(st.integers(0, 10_000))
def test_what_is_seen_from_nearer_lies_to_the_pixel_where_it_was_seen(seed: int) -> None:
    random = np.random.default_rng(seed)
    height, width = (int(side) for side in random.integers(400, 4000, 2))
    x, y = int(random.integers(0, width // 2)), int(random.integers(0, height // 2))
    rect = Rect(x, y, x + int(random.integers(100, width // 2)), y + int(random.integers(100, height // 2)))
    whole = Rect(0, 0, width, height)
    both = joined(_places(whole, 512), _places(rect, 666), rect, height, width)
    along, down = both.shape[1] / width, both.shape[0] / height
    inner = (
        slice(int(rect.y0 * down) + 3, int(rect.y1 * down) - 3),
        slice(int(rect.x0 * along) + 3, int(rect.x1 * along) - 3),
    )
    columns, rows = np.meshgrid((np.arange(both.shape[1]) + 0.5) / along, (np.arange(both.shape[0]) + 0.5) / down)
    assert np.abs(both[inner] - np.stack([columns, rows], axis=2)[inner]).max(initial=0) < 0.1


@pytest.mark.parametrize("look", [SecondLook(close_up=True), SecondLook(fitted=128)])
@pytest.mark.parametrize(("height", "width", "looks"), [(3, 2000, 1), (2000, 3, 1), (99, 200, 1), (100, 200, 2)])
def test_a_strip_is_looked_at_once(tmp_path: Path, look: SecondLook, height: int, width: int, looks: int) -> None:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: -(-height // 4), : -(-width // 4)] = 255
    asked, network = predictor(tmp_path, look)
    once, _ = predictor(tmp_path, SecondLook())
    mask = asked.predict(pixels).mask
    assert len(network.seen) == looks + (look.close_up and looks == 2)
    assert mask.any()
    assert (looks == 2) != np.array_equal(mask, once.predict(pixels).mask)
