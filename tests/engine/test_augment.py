import numpy as np
import pytest

from segstudio.engine.augment import Augmentation, _random_warp, _warped, augment
from segstudio.engine.sample import Sample
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import IGNORE

PLAIN_COLOURS = {"brightness": 0.0, "contrast": 1.0, "tint": 1.0, "gamma": 1.0}


def _sample() -> Sample:
    """Bright exactly where the mask is 1, with no symmetry."""
    mask = np.zeros((96, 128), np.uint16)
    mask[20:60, 30:110] = 1
    mask[60:80, 30:50] = 1
    return Sample(0, np.repeat((mask * 255).astype(np.uint8)[..., None], 3, axis=2), mask, None)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("upright", [False, True])
def test_image_and_mask_go_through_the_same_warp(seed: int, upright: bool) -> None:
    how = Augmentation(upright=upright, **PLAIN_COLOURS)
    pixels, mask = augment(_sample(), (128, 128), 1.0, how, np.random.default_rng(seed))
    vouched = mask != IGNORE
    assert vouched.mean() > 0.3
    assert ((pixels[..., 0] > 127) == (mask == 1))[vouched].mean() > 0.985


def test_only_class_ids_of_the_mask_and_ignore_appear() -> None:
    seen = set()
    for seed in range(20):
        _, mask = augment(_sample(), (96, 128), 1.0, Augmentation(), np.random.default_rng(seed))
        seen |= set(np.unique(mask).tolist())
    assert seen == {0, 1, IGNORE}


def test_upright_keeps_what_is_up() -> None:
    """A bright upper half stays up in every view where ``upright``, and does not otherwise."""
    mask = np.zeros((96, 128), np.uint16)
    mask[:48] = 1
    sample = Sample(0, np.repeat((mask * 255).astype(np.uint8)[..., None], 3, axis=2), mask, None)

    def kept_up(upright: bool) -> list[bool]:
        how = Augmentation(upright=upright, **PLAIN_COLOURS)
        views = (augment(sample, (96, 128), 1.0, how, np.random.default_rng(seed))[0] for seed in range(30))
        return [bool(view[:16].mean() > view[-16:].mean()) for view in views]

    assert all(kept_up(upright=True))
    assert 5 < sum(kept_up(upright=False)) < 25


def test_both_mirrorings_occur_and_zoom_follows_the_scale() -> None:
    how = Augmentation(upright=True, upright_degrees=0, upright_zoom=1, stretch=1, shift=0, **PLAIN_COLOURS)
    sample = _sample()
    views = [augment(sample, (96, 128), 1.0, how, np.random.default_rng(seed))[1] for seed in range(12)]
    mirrored = [np.array_equal(view, sample.mask[:, ::-1]) for view in views]
    same = [np.array_equal(view, sample.mask) for view in views]
    assert any(mirrored)
    assert any(same)
    assert all(m or s for m, s in zip(mirrored, same, strict=True))
    half = augment(sample, (96, 128), 0.5, how, np.random.default_rng(0))[1]
    assert (half == 1).sum() == pytest.approx((sample.mask == 1).sum() / 4, rel=0.1)


def test_colours_change_and_stay_in_range() -> None:
    grey = Sample(0, np.full((64, 64, 3), 128, np.uint8), np.zeros((64, 64), np.uint16), None)
    levels = {
        tuple(augment(grey, (64, 64), 1.0, Augmentation(), np.random.default_rng(seed))[0][32, 32]) for seed in range(9)
    }
    assert len(levels) == 9
    assert all(60 < channel < 200 for level in levels for channel in level)


def test_a_lesion_is_seen_much_smaller_and_much_larger_but_a_person_is_not() -> None:
    def extremes(upright: bool) -> float:
        areas = [
            (
                augment(_sample(), (96, 128), 1.0, Augmentation(upright=upright), np.random.default_rng(seed))[1] == 1
            ).sum()
            for seed in range(60)
        ]
        return float(max(areas) / max(1, min(areas)))

    assert extremes(upright=False) > 6
    assert extremes(upright=True) < 5


@pytest.mark.parametrize("seed", range(40))
def test_what_lies_outside_is_mirrored_however_far_the_view_reaches(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(20, 200, 2))
    noise = cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3), dtype=np.uint8), (0, 0), 1.5)
    canvas = tuple(32 * int(side) for side in rng.integers(2, 8, 2))
    middle = (rng.uniform(0, width), rng.uniform(0, height))
    matrix = _random_warp(middle, canvas, float(np.exp(rng.uniform(-2, 1.5))), Augmentation(), rng)
    size = (canvas[1], canvas[0])
    expected = cv2.warpAffine(noise, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    assert np.abs(_warped(noise, matrix, size).astype(int) - expected).max() <= 1
