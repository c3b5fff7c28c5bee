"""A border brought to a point, as the model sees the image."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.border_point import border_through, likelihood

HEIGHT, WIDTH = 60, 80
MIDDLE = 40
SLOPE = np.broadcast_to((MIDDLE - 0.5 - np.arange(WIDTH, dtype=np.float32)) / 4, (HEIGHT, WIDTH)).copy()
"""A segment left of the middle, and a model that is surer the farther away from there."""

MASK = SLOPE > 0
ALL = np.ones_like(MASK)


def test_likelihood_is_the_logit_of_what_the_model_said() -> None:
    confidence = np.array([[255, 230, 191, 128, 100, 230]], np.uint8)
    own = np.array([[True, True, True, True, True, False]])
    found = likelihood(own, confidence)[0]
    assert found[1] == pytest.approx(math.log(230 / 25), abs=1e-4)
    assert found[2] == pytest.approx(math.log(191 / 64), abs=1e-4)
    assert found[5] == -found[1]
    assert found[4] == 0, "less likely than not is no reason against it"
    assert np.isfinite(found).all()
    assert found[0] > found[1]


@pytest.mark.parametrize(("column", "reach"), [(45, 30), (52, 30), (45, None), (33, 30), (28, 25), (33, None)])
def test_the_border_runs_through_the_point(column: int, reach: float | None) -> None:
    row = 30
    changed = border_through(MASK, ALL, SLOPE, (column, row), reach)
    after = MASK ^ changed
    outward = column >= MIDDLE
    assert after[row, column] == outward
    # Beyond the point it stays: the border itself is there, not somewhere behind it.
    assert not changed[row, column + (1 if outward else -1)]
    if reach is None:
        assert (changed == changed[row]).all(), "all along"
        assert changed[row].sum() == abs(column - MIDDLE) + outward


@pytest.mark.parametrize("column", [46, 34])
def test_it_moves_less_the_farther_off_and_not_beyond_the_reach(column: int) -> None:
    changed = border_through(MASK, ALL, SLOPE, (column, 30), 20)
    depth = changed.sum(axis=1)
    assert (np.diff(depth[10:31]) >= 0).all()
    assert (depth == depth[::-1][np.r_[59, 0:59]]).all(), "as far up as down"
    rows, columns = np.nonzero(changed)
    assert np.hypot(rows - 30, columns - column).max() < 20
    assert 2 < (depth > 0).sum() < 40


def test_it_follows_what_is_as_likely() -> None:
    likely = np.full((HEIGHT, WIDTH), -4.0, np.float32)
    likely[MASK] = 4
    # A bay that the model doubts, next to a part that it does not.
    likely[20:30, MIDDLE:55] = -1
    changed = border_through(MASK, ALL, likely, (50, 25), None)
    assert changed[20:30, MIDDLE:55].all()
    assert changed.sum() == 10 * (55 - MIDDLE)
    near = border_through(MASK, ALL, likely, (48, 25), 40)
    assert near[20:30].sum() > 0.8 * near.sum()


def test_without_doubt_it_bends_all_the_same() -> None:
    sure = np.where(MASK, 6.0, -6.0).astype(np.float32)
    changed = border_through(MASK, ALL, sure, (46, 30), 20)
    assert changed[30, MIDDLE:47].all()
    assert not changed[30, 47:].any()
    depth = changed.sum(axis=1)
    assert depth.max() == 7
    assert (depth[:10] == 0).all()
    assert (depth[50:] == 0).all()


def test_only_what_is_free_changes() -> None:
    free = ALL.copy()
    free[:, 43:] = False
    changed = border_through(MASK, free, SLOPE, (48, 30), None)
    assert (np.nonzero(changed)[1] < 43).all()
    assert changed.any()


def test_nothing_changes_that_does_not_hang_together_with_the_border() -> None:
    likely = SLOPE.copy()
    likely[25:35, 70:78] = 2
    changed = border_through(MASK, ALL, likely, (44, 30), None)
    assert not changed[:, 60:].any()
    far = border_through(MASK, ALL, SLOPE, (75, 30), 10)
    assert not far.any(), "the border is beyond the reach"


@given(st.integers(0, 2**16), st.floats(3, 60), st.booleans())
def test_it_only_wins_or_only_loses(seed: int, reach: float, all_round: bool) -> None:
    rng = np.random.default_rng(seed)
    likely = np.kron(rng.normal(0, 2, (HEIGHT // 10, WIDTH // 10)), np.ones((10, 10))).astype(np.float32)
    mask, free = likely > rng.normal(0, 1), rng.random((HEIGHT, WIDTH)) < 0.9
    point = (int(rng.integers(WIDTH)), int(rng.integers(HEIGHT)))
    changed = border_through(mask, free, likely, point, None if all_round else reach)
    assert not changed[mask == ~mask[point[1], point[0]]].any()
    assert not (changed & ~free).any()


@pytest.mark.parametrize("column", [55, 63])
def test_a_point_beyond_a_sure_strip_is_reached_all_the_same(column: int) -> None:
    likely = np.where(MASK, 4.0, -1.0).astype(np.float32)
    likely[:, 46:50] = -6
    changed = border_through(MASK, ALL, likely, (column, 30), 40)
    assert changed[30, MIDDLE : column + 1].all()
    assert not changed[:, 79].any()
    flat = np.where(MASK, 4.0, np.maximum(-6.0, SLOPE * 3)).astype(np.float32)
    assert border_through(MASK, ALL, flat, (column, 30), 40)[30, MIDDLE : column + 1].all()
