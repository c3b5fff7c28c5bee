"""Evened light and halved levels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.geometry import Rect
from segstudio.imaging.contrast import LocalContrast
from segstudio.imaging.display import NEUTRAL, Tone, shown_range, tone_table
from segstudio.imaging.mips import SMALLEST, Mips, halved

HEIGHT, WIDTH = 300, 400


def skin_under_uneven_light() -> np.ndarray:
    across = np.linspace(230, 70, WIDTH)[None, :, None] * np.ones((HEIGHT, 1, 3))
    across[:, ::40] -= 20  # hairs, one pixel wide
    return across.astype(np.uint8)


def test_local_contrast_evens_light_out_and_keeps_hairs() -> None:
    image = skin_under_uneven_light()
    shown = LocalContrast.of(image).apply(image, Rect(0, 0, WIDTH, HEIGHT), HEIGHT, WIDTH).astype(int)
    assert np.ptp(shown[150, 20:380:40, 0]) < 0.7 * np.ptp(image[150, 20:380:40, 0].astype(int))
    assert (shown[150, 20:380:40, 0] - shown[150, 40:400:40, 0]).min() >= 20


def test_local_contrast_of_a_part_is_that_part_of_the_whole() -> None:
    image = skin_under_uneven_light()
    evened = LocalContrast.of(image[::2, ::2])
    whole = evened.apply(image, Rect(0, 0, WIDTH, HEIGHT), HEIGHT, WIDTH)
    part = Rect(33, 70, 290, 201)
    assert np.array_equal(evened.apply(image[part.slices], part, HEIGHT, WIDTH), whole[part.slices])


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([np.uint8, np.uint16]), st.booleans())
def test_a_halved_image_holds_means_of_four(height: int, width: int, dtype: type, colour: bool) -> None:
    shape = (height, width, 3) if colour else (height, width)
    image = np.random.default_rng(height * 41 + width).integers(0, 250, shape).astype(dtype)
    even = np.pad(image, [(0, height % 2), (0, width % 2)] + [(0, 0)] * colour, mode="edge").astype(float)
    means = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
    half = halved(image)
    assert half.dtype == dtype
    assert half.shape == means.shape
    assert np.abs(half - means).max() <= 0.5 + 1e-9


def test_levels_made_beforehand_are_those_made_on_demand() -> None:
    image = np.random.default_rng(0).integers(0, 255, (1100, 2100, 3)).astype(np.uint8)
    made, lazy = Mips(image).make(), Mips(image)
    assert lazy.nbytes == 0
    assert made.nbytes <= 0.35 * image.nbytes
    before = made.nbytes
    for step in (1, 2, 4, 8):
        assert np.array_equal(made.at(step), lazy.at(step))
        assert made.at(step).shape[:2] == (-(-1100 // step), -(-2100 // step))
    assert made.nbytes == before
    assert max(made.at(16).shape) <= SMALLEST
    assert np.array_equal(made.part(4, Rect(-5, 3, 20, 9)), made.at(4)[3:9, :20])


def test_a_neutral_tone_changes_nothing() -> None:
    assert NEUTRAL.is_neutral
    assert np.array_equal(tone_table(NEUTRAL, 0, 255, 256), np.arange(256))


@given(st.floats(-1, 2), st.floats(-1, 2), st.floats(0.1, 10))
def test_a_tone_never_turns_dark_into_light(black: float, white: float, gamma: float) -> None:
    table = tone_table(Tone(black, white, gamma), 0, 255, 256).astype(int)
    assert (np.diff(table) >= 0).all()
    if white - black > 0.1 and black > 0 and white < 1:
        assert (table[0], table[255]) == (0, 255)


def test_gamma_above_one_lifts_the_darks() -> None:
    assert tone_table(Tone(gamma=2.0), 0, 255, 256)[64] > 120


@pytest.mark.parametrize("shape", [(40, 50), (40, 50, 3)])
def test_zero_to_one_is_what_the_untouched_image_shows(shape: tuple[int, ...]) -> None:
    deep = np.random.default_rng(3).integers(1000, 3000, shape).astype(np.uint16)
    low, high = shown_range(deep)
    if len(shape) == 3:
        assert (low, high) == (0, 65535)
    else:
        assert 1000 <= low < high <= 3000
