"""Carrying a mask to the next frame: what moves, what stays, and how well it does on real videos."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.domain.flow import carry
from segstudio.domain.metrics import iou
from segstudio.imaging.cv import cv2
from tests.helpers.data import data_folder

HEIGHT, WIDTH = 160, 220


def texture(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 4)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX)


def scene(x: int, y: int) -> tuple[np.ndarray, np.ndarray]:
    """A textured disk of two halves before a textured ground that stays."""
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    inside = (xs - x) ** 2 + (ys - y) ** 2 <= 35**2
    moved = np.roll(texture(2), (y - 80, x - 80), axis=(0, 1))
    pixels = np.where(inside[..., None], moved, texture(1) // 2)
    return pixels.astype(np.uint8), np.where(inside, np.where(xs < x, 7, 500), 0).astype(np.uint16)


def test_ids_go_along_with_what_moves() -> None:
    before, ids = scene(80, 80)
    after, truth = scene(88, 76)
    carried = carry(before, ids, after)
    for one in (7, 500):
        assert iou(carried == one, truth == one) > 0.9 > iou(ids == one, truth == one)


def test_in_a_still_picture_nothing_moves() -> None:
    pixels, ids = scene(80, 80)
    carried = carry(pixels, ids, pixels)
    assert np.count_nonzero(carried != ids) < 0.01 * np.count_nonzero(ids)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 60), st.integers(1, 4))
def test_no_id_comes_up_that_was_not_there(seed: int, height: int, width: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    ids = rng.integers(1, 60_000, count).astype(np.uint16)[rng.integers(0, count, (height, width))]
    before = ids.copy()
    carried = carry(frames[0], ids, frames[1])
    assert carried.shape == ids.shape
    assert carried.dtype == np.uint16
    assert set(np.unique(carried)) <= {0, *np.unique(ids)}
    assert np.array_equal(ids, before)


def test_a_mask_of_nothing_stays_empty() -> None:
    pixels, ids = scene(80, 80)
    assert not carry(pixels, np.zeros_like(ids), pixels).any()


def test_sizes_must_be_the_same() -> None:
    pixels, ids = scene(80, 80)
    with pytest.raises(ValueError, match="one size"):
        carry(pixels, ids, pixels[:-1])
    with pytest.raises(ValueError, match="one size"):
        carry(pixels, ids[:, :-1], pixels)


@pytest.mark.parametrize("name", ["breakdance", "dance-twirl"])
def test_on_dancers_it_is_better_than_a_copy(name: str) -> None:
    folder = data_folder("davis")
    files = sorted((folder / "images").glob(f"{name}_*.jpg"))
    carried, copied = [], []
    for first, second in zip(files[::12], files[1::12], strict=False):
        pixels = [cv2.imread(str(file), cv2.IMREAD_COLOR)[:, :, ::-1].copy() for file in (first, second)]
        masks = [
            cv2.imread(str(folder / "masks" / f"{file.stem}.png"), cv2.IMREAD_GRAYSCALE) > 0 for file in (first, second)
        ]
        found = carry(pixels[0], masks[0].astype(np.uint16) * 3, pixels[1])
        carried.append(iou(found == 3, masks[1]))
        copied.append(iou(masks[0], masks[1]))
    assert np.mean(carried) > np.mean(copied) + 0.08
