"""The model's border, moved by its doubt."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.model_border import MOST_STEPS, beyond_border, hanging_on, sure_from
from segstudio.imaging.cv import cv2
from tests.helpers.masks import slow_connected


def _slope(width: int = 60, height: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """A segment up to the middle column, and a model that is surer the farther it is from there."""
    logit = (width / 2 - 0.5 - np.arange(width)) / 4
    probability = np.broadcast_to(1 / (1 + np.exp(-logit)), (height, width))
    mask = probability >= 0.5
    return mask, np.rint(255 * np.maximum(probability, 1 - probability)).astype(np.uint8)


NOBODY = np.zeros((20, 60), bool)


def test_a_step_is_an_even_step_of_the_logit() -> None:
    assert sure_from(0) == 0.5
    logits = [math.log(sure_from(k) / (1 - sure_from(k))) for k in range(MOST_STEPS + 1)]
    assert np.diff(logits) == pytest.approx([0.5] * MOST_STEPS)
    assert round(255 * sure_from(MOST_STEPS)) < 255, "where the model is certain, nothing moves"


@pytest.mark.parametrize("steps", range(1, MOST_STEPS))
def test_on_an_even_slope_every_step_goes_as_far_either_way(steps: int) -> None:
    mask, confidence = _slope()
    won = beyond_border(mask, mask, NOBODY, NOBODY, confidence, steps)
    lost = beyond_border(mask, mask, NOBODY, NOBODY, confidence, -steps)
    assert np.flatnonzero(won[3]).tolist() == list(range(30, 30 + 2 * steps))
    assert np.flatnonzero(lost[3]).tolist() == list(range(30 - 2 * steps, 30))
    assert not beyond_border(mask, mask, NOBODY, NOBODY, confidence, 0).any()


def test_what_a_person_painted_stays() -> None:
    mask, confidence = _slope()
    painted = NOBODY.copy()
    painted[:10] = True
    for steps in (-4, 4):
        moved = beyond_border(mask, mask, NOBODY, painted, confidence, steps)
        assert not moved[:10].any()
        assert moved[10:].any()


def test_what_the_model_said_and_a_person_took_away_does_not_come_back() -> None:
    own, confidence = _slope()
    mask = own.copy()
    mask[:, 28:] = False
    assert not beyond_border(mask, own, NOBODY, NOBODY, confidence, 1)[:, :30].any()


def test_doubt_inside_makes_no_hole_and_doubt_elsewhere_no_part() -> None:
    mask, confidence = _slope()
    confidence[5:8, 5:8] = confidence[5:8, 50:53] = 130
    assert not beyond_border(mask, mask, NOBODY, NOBODY, confidence, -2)[:, :20].any()
    assert not beyond_border(mask, mask, NOBODY, NOBODY, confidence, 2)[:, 40:].any()


def test_doubt_round_another_segment_is_that_ones() -> None:
    mask, confidence = _slope()
    others = NOBODY.copy()
    others[:, 34:40] = True
    confidence[:, 30:50] = 140
    won = beyond_border(mask, mask, others, NOBODY, confidence, 4)
    assert np.flatnonzero(won[3]).tolist() == [30, 31], "not beyond it, nor the half that is nearer to it"


def test_more_steps_hold_what_fewer_do() -> None:
    rng = np.random.default_rng(1)
    mask = cv2.GaussianBlur(rng.random((40, 60)), (0, 0), 4) > 0.5
    confidence = cv2.GaussianBlur(rng.integers(128, 256, (40, 60)).astype(np.float32), (0, 0), 2).astype(np.uint8)
    nobody = np.zeros_like(mask)
    for way in (-1, 1):
        moved = [beyond_border(mask, mask, nobody, nobody, confidence, way * far) for far in range(1, MOST_STEPS + 1)]
        assert moved[-1].any()
        assert all((less & ~more).sum() == 0 for less, more in itertools.pairwise(moved))


def test_a_coarse_answer_is_stretched() -> None:
    mask, _ = _slope()
    won = beyond_border(mask, mask, NOBODY, NOBODY, np.array([[255, 255, 140, 140, 255, 255]], np.uint8), 2)
    assert 5 <= won.any(axis=0).sum() <= 15, "half of the unsure third, blurred"


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.7), st.floats(0.2, 0.7))
def test_what_hangs_on_is_what_a_flood_from_the_mask_reaches(seed: int, many: float, more: float) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((9, 11)) < many * 0.3
    candidates = (rng.random((9, 11)) < more) & ~mask
    expected = np.zeros_like(mask)
    for y, x in zip(*np.nonzero(mask), strict=True):
        expected |= slow_connected(mask | candidates, x, y)
    assert np.array_equal(hanging_on(mask, candidates), expected & candidates)


def test_what_lies_behind_what_a_person_took_away_does_not_come_as_a_thread_around_it() -> None:
    own, confidence = _slope()
    mask, painted = own.copy(), NOBODY.copy()
    mask[5:15, 26:] = False
    painted[5:15, 26:30] = True
    won = beyond_border(mask, own, NOBODY, painted, confidence, 3)
    assert not won[7:13].any()
    assert won[:4, 30:36].all()


def test_what_lies_behind_what_a_person_painted_does_not_go_as_a_groove() -> None:
    own, confidence = _slope()
    mask, painted = own.copy(), NOBODY.copy()
    mask[5:15, :34] = painted[5:15, 30:34] = True
    lost = beyond_border(mask, own, NOBODY, painted, confidence, -3)
    assert not lost[8:12].any()
    assert lost[:2, 24:30].all()
