"""What a click changes, and what it leaves alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.domain.clicks import Click, Crop
from segstudio.domain.geometry import Rect
from segstudio.domain.mending import Mending, change_at, says

SMALL, LARGE = (64, 96), (200, 300)
CROP = Crop(Rect(0, 0, 300, 200), SMALL)


def disk(shape: tuple[int, int], x: float, y: float, radius: float) -> np.ndarray:
    """A disk whose place and radius are shares of the width."""
    ys, xs = np.mgrid[: shape[0], : shape[1]]
    return np.hypot((xs + 0.5) / shape[1] - x, (ys + 0.5) / shape[1] - y) < radius


def probability(*disks: tuple[float, float, float]) -> np.ndarray:
    said = np.zeros(SMALL, bool)
    for one in disks:
        said |= disk(SMALL, *one)
    return np.where(said, 250, 5).astype(np.uint8)


PLAIN = np.full((*SMALL, 3), 100, np.uint8)


def mended(
    mask: np.ndarray, said: np.ndarray, click: Click, before: tuple[Click, ...] = (), pixels: np.ndarray = PLAIN
) -> np.ndarray:
    told = [CROP.click(one) for one in before]
    rect, where = change_at(CROP.click(click), told, CROP.mask(mask), said, pixels, mask)
    assert rect.intersect(Rect(0, 0, 300, 200)) == rect
    assert where.shape == (rect.height, rect.width)
    after = mask.copy()
    assert (mask[rect.slices][where] != click.adds).all(), "only what is not so yet changes"
    after[rect.slices][where] = click.adds
    return after


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_from_nothing_the_object_at_the_click_is_found_and_no_other() -> None:
    said = probability((0.3, 0.3, 0.12), (0.75, 0.3, 0.12))
    after = mended(np.zeros(LARGE, bool), said, Click(90.5, 90.5, True))
    assert iou(after, disk(LARGE, 0.3, 0.3, 0.12)) > 0.93


def test_what_is_too_much_goes_where_it_is_clicked() -> None:
    mask = disk(LARGE, 0.3, 0.3, 0.12) | disk(LARGE, 0.75, 0.3, 0.12)
    after = mended(mask, probability(), Click(90.5, 90.5, False))
    assert iou(after, disk(LARGE, 0.75, 0.3, 0.12)) > 0.99


def test_a_click_that_adds_takes_nothing_away() -> None:
    mask = disk(LARGE, 0.3, 0.3, 0.15)
    after = mended(mask, probability((0.5, 0.3, 0.12)), Click(160.5, 90.5, True))
    assert (after >= mask).all()
    assert after[90, 160]
    assert iou(after, mask | disk(LARGE, 0.5, 0.3, 0.12)) > 0.93


def test_a_rim_all_round_is_not_the_change_at_a_bump() -> None:
    """The answer is a pixel larger everywhere and has a bump on the right: only the bump was asked for."""
    mask = disk(LARGE, 0.4, 0.33, 0.2)
    said = np.where(disk(SMALL, 0.4, 0.33, 0.211) | disk(SMALL, 0.63, 0.33, 0.07), 250, 5).astype(np.uint8)
    after = mended(mask, said, Click(195.5, 99.5, True))
    assert after[99, 195]
    assert not (after & ~mask)[:, :100].any()


@pytest.mark.parametrize("adds", [True, False])
def test_a_network_that_holds_the_opposite_is_overruled_near_the_click(adds: bool) -> None:
    mask = disk(LARGE, 0.3, 0.33, 0.15)
    click = Click(145.5, 99.5, True) if adds else Click(120.5, 99.5, False)
    after = mended(mask, probability((0.3, 0.33, 0.15)) if adds else np.full(SMALL, 250, np.uint8), click)
    changed = after != mask
    assert changed[99, int(click.x)]
    ys, xs = np.nonzero(changed)
    assert 4 < changed.sum() < 6000
    assert np.hypot(xs - click.x, ys - click.y).max() < 100


def test_without_any_mask_a_refusing_network_gives_a_blob() -> None:
    after = mended(np.zeros(LARGE, bool), np.zeros(SMALL, np.uint8), Click(150.5, 100.5, True))
    assert 20 < after.sum() < 6000


@pytest.mark.parametrize("adds", [True, False])
def test_where_the_network_refuses_the_picture_tells_how_far_the_click_reaches(adds: bool) -> None:
    """A patch at the side of the object is missing, or too much, and clicked in its middle."""
    whole, patch = disk(LARGE, 0.3, 0.33, 0.15), disk(LARGE, 0.45, 0.33, 0.06)
    small, missing = disk(SMALL, 0.3, 0.33, 0.15), disk(SMALL, 0.45, 0.33, 0.06)
    truth = small | missing if adds else small & ~missing
    pixels = np.where(truth[..., None], [180, 60, 60], [90, 100, 110]).astype(np.uint8)
    mask = whole & ~patch if adds else whole | patch
    said = np.full(SMALL, 5 if adds else 250, np.uint8)
    after = mended(mask, said, Click(135.5, 99.5, adds), (), pixels)
    assert iou(after != mask, patch) > 0.65


def test_a_question_is_asked_of_a_crop_and_its_answer_put_back() -> None:
    shown = disk((600, 900), 0.2, 0.2, 0.05)
    known = [Click(180.5, 180.5, True), Click(890.5, 590.5, False)]
    click = Click(260.5, 180.5, True)
    assert [says(shown, one) for one in (*known, click)] == [True, True, False]
    asked = Mending.begin(shown, known[:1], click)
    assert asked.crop.rect.width == 450
    assert len(asked.before) == 1
    told = asked.guidance > 0
    assert told[..., 0].sum() > 80
    assert np.array_equal(told[..., 2], asked.small)
    rect = asked.crop.rect
    seen = asked.crop.pixels(np.zeros((600, 900, 3), np.uint8))
    truth = disk((600, 900), 0.24, 0.2, 0.08)
    answer = np.where(asked.crop.mask(truth[rect.slices]), np.uint8(255), np.uint8(0))
    box, where = asked.change(answer, seen, shown[rect.slices])
    after = shown.copy()
    after[box.slices][where] = True
    assert iou(after, truth | shown) > 0.95


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_clicks_are_never_contradicted_and_nothing_far_away_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = disk(LARGE, rng.uniform(0, 1), rng.uniform(0, 0.66), rng.uniform(0.02, 0.4))
    said = rng.integers(0, 256, (8, 12), np.uint8).repeat(8, 0).repeat(8, 1)
    clicks: list[Click] = []
    for _ in range(4):
        x, y = float(rng.integers(0, 300)) + 0.5, float(rng.integers(0, 200)) + 0.5
        # Two opposite clicks on one spot are not both heeded.
        if any(np.hypot(x - other.x, y - other.y) < 12 for other in clicks):
            continue
        click = Click(x, y, not mask[int(y), int(x)])
        mask = mended(mask, said, click, tuple(clicks))
        clicks.append(click)
        assert all(mask[int(one.y), int(one.x)] == one.adds for one in clicks)
