"""Clicks as they are made up for training."""

import numpy as np
import pytest

from segstudio.engine import guidance
from segstudio.engine.guidance import damaged, one_part, place, simulated
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import IGNORE


def ellipse(height: int = 96, width: int = 128, value: int = 1) -> np.ndarray:
    ys, xs = np.mgrid[:height, :width]
    return np.where(((xs - 64) / 30) ** 2 + ((ys - 45) / 22) ** 2 < 1, value, 0).astype(np.int64)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_a_simulated_click_lies_where_it_tells_the_truth() -> None:
    mask = ellipse()
    rng = np.random.default_rng(0)
    counts = set()
    for _ in range(200):
        adds, takes, shown = np.moveaxis(simulated(mask, 1, rng) > 0, 2, 0)
        for disks, value in ((adds, True), (takes, False)):
            rows, columns = np.nonzero(disks)
            if len(rows) and len(rows) < 60:  # one disk: its middle is the click
                assert (mask[int(rows.mean()), int(columns.mean())] == 1) == value
        counts.add((bool(adds.any()), bool(takes.any()), bool(shown.any())))
    # With nothing in the mask there is nothing to take away: the last click adds.
    assert len(counts) == 7
    assert (False, True, False) not in counts


@pytest.mark.parametrize("times", [3, 4])
def test_a_click_on_a_large_image_lies_where_it_tells_the_truth(times: int) -> None:
    mask = np.kron(ellipse(), np.ones((times, times), np.int64))
    rng, met = np.random.default_rng(0), set()
    for _ in range(40):
        told = np.moveaxis(simulated(mask, 1, rng), 2, 0)
        for disks, value in zip(told[:2], (True, False), strict=True):
            count, _, _, middles = cv2.connectedComponentsWithStats(disks)
            if count == 2:
                column, row = middles[1]
                assert (mask[int(row), int(column)] == 1) == value
                met.add((value, bool(row > mask.shape[0] / 2), bool(column > mask.shape[1] / 2)))
    assert len(met) == 8, "anywhere in the image"


def test_nothing_is_made_up_where_nobody_vouched() -> None:
    mask = ellipse()
    mask[:, 60:] = IGNORE
    rng = np.random.default_rng(1)
    for _ in range(100):
        told = simulated(mask, 1, rng)
        assert not told[:, 60 + 6 :].any()
    assert not simulated(np.full((64, 64), IGNORE, np.int64), 2, rng).any()


def test_of_several_classes_one_is_meant() -> None:
    mask = np.zeros((96, 128), np.int64)
    mask[10:40, 10:50], mask[50:90, 60:120] = 1, 2
    rng = np.random.default_rng(2)
    met = set()
    for _ in range(60):
        shown = simulated(mask, 3, rng)[..., 2] > 0
        if shown.any():
            met.add(max((1, 2), key=lambda number: (shown & (mask == number)).sum()))
    assert met == {1, 2}


def test_errors_are_small_and_large_and_the_mask_is_still_of_the_object() -> None:
    truth = ellipse() == 1
    rng = np.random.default_rng(3)
    overlaps = sorted(iou(damaged(truth, rng), truth) for _ in range(60))
    assert overlaps[0] < 0.6
    assert overlaps[-1] > 0.9
    assert overlaps[30] > 0.5


def test_a_large_error_is_clicked_more_often_and_seldom_at_its_rim() -> None:
    mask = np.zeros((64, 64), bool)
    mask[4:44, 4:44] = mask[55:60, 55:60] = True
    rng = np.random.default_rng(4)
    assert sum(one_part(mask, rng)[10, 10] for _ in range(50)) > 40
    places = np.array([place(mask, rng) for _ in range(300)])
    large = places[(places < 44).all(axis=1)]
    depth = np.minimum(large - 3, 44 - large).min(axis=1)
    assert (depth <= 2).mean() < 0.1
    assert large.std(axis=0).min() > 4, "not always at the middle"
    assert place(np.zeros((5, 5), bool), rng) is None
    assert not one_part(np.zeros((5, 5), bool), rng).any()


@pytest.mark.parametrize(("height", "width"), [(256, 320), (384, 512), (768, 1024)])
def test_the_mask_that_is_to_be_mended_lies_on_the_truth_at_any_size(
    height: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guidance, "damaged", lambda truth, rng: truth)
    monkeypatch.setattr(guidance, "_FROM_NOTHING", 0)
    monkeypatch.setattr(guidance, "_ABSENT", 0)
    rng, shifts = np.random.default_rng(0), []
    for _ in range(60):
        mask = np.zeros((height, width), np.uint16)
        x0, y0 = int(rng.integers(0, width // 2)), int(rng.integers(0, height // 2))
        x1, y1 = int(rng.integers(x0 + 40, width)), int(rng.integers(y0 + 40, height))
        mask[y0:y1, x0:x1] = 1
        shown = simulated(mask, 1, rng)[..., 2] > 0
        shifts.append([a.mean() - b.mean() for a, b in zip(np.nonzero(shown), np.nonzero(mask), strict=True)])
    assert np.abs(np.mean(shifts, axis=0)).max() < 0.2
