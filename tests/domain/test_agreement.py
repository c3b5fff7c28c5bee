"""Agreement of two readers, against slow references."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.domain.agreement import (
    PairScores,
    agreement,
    cohen_kappa,
    limits_of_agreement,
    pair_scores,
    pixel_counts,
)

shapes = st.tuples(st.integers(1, 8), st.integers(1, 8))
pairs = shapes.flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.uint16, shape, elements=st.integers(0, 3)),
        hnp.arrays(np.uint16, shape, elements=st.integers(0, 3)),
    )
)


def slow_kappa(first, second) -> float:
    a, b = [int(v) for v in first.ravel()], [int(v) for v in second.ravel()]
    observed = sum(x == y for x, y in zip(a, b, strict=True)) / len(a)
    chance = sum(a.count(v) * b.count(v) for v in set(a)) / len(a) ** 2
    return 1.0 if chance == 1 else (observed - chance) / (1 - chance)


@given(pairs)
def test_kappa_is_that_of_the_definition(masks):
    first, second = masks
    counts = pixel_counts(first, second)
    assert sum(counts.values()) == first.size
    assert cohen_kappa(counts) == pytest.approx(slow_kappa(first, second))


def test_kappa_of_a_textbook_table():
    # Cohen (1960): both yes 20, only the first 5, only the second 10, both no 15: kappa is 0.4.
    assert cohen_kappa({(1, 1): 20, (1, 0): 5, (0, 1): 10, (0, 0): 15}) == pytest.approx(0.4)


def test_kappa_of_nothing_is_full_agreement():
    assert cohen_kappa({}) == 1.0


@given(pairs)
def test_swapping_readers_changes_the_sign_of_the_difference_alone(masks):
    one, other = pair_scores(1, *masks), pair_scores(1, *masks[::-1])
    assert (one.dice, one.hd95, one.kappa) == pytest.approx((other.dice, other.hd95, other.kappa))
    assert one.area_difference == -other.area_difference
    assert -2 <= one.area_difference <= 2


@given(pairs)
def test_dice_is_the_mean_over_segments(masks):
    first, second = masks
    values = [v for v in range(1, 4) if (first == v).any() or (second == v).any()]
    dices = []
    for value in values:
        a = {(y, x) for y, x in np.argwhere(first == value).tolist()}
        b = {(y, x) for y, x in np.argwhere(second == value).tolist()}
        dices.append(2 * len(a & b) / (len(a) + len(b)))
    expected = sum(dices) / len(dices) if dices else 1.0
    assert pair_scores(1, first, second).dice == pytest.approx(expected)


def test_what_one_reader_did_not_judge_counts_nowhere():
    first = np.array([[1, 1, 9, 0]], np.uint16)
    second = np.array([[1, 9, 1, 0]], np.uint16)
    scores = pair_scores(1, first, second, void=[9])
    assert (scores.dice, scores.hd95, scores.kappa) == (1.0, 0.0, 1.0)
    assert (scores.first_area, scores.second_area) == (1, 1)


def test_masks_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="can't be compared"):
        pair_scores(1, np.zeros((2, 2), np.uint16), np.zeros((2, 3), np.uint16))


def scores(image_id: int, dice: float, first: int = 100, second: int = 100) -> PairScores:
    return PairScores(
        image_id, dice, 1.0, dice, first, second, {(1, 1): 50, (0, 0): 50, (0, 1): round(20 * (1 - dice))}
    )


def test_the_most_disputed_come_first_with_intervals_round_the_means():
    made = agreement([scores(1, 0.9), scores(2, 0.5), scores(3, 0.8)])
    assert [pair.image_id for pair in made.pairs] == [2, 3, 1]
    assert made.dice is not None
    assert made.kappa is not None
    assert made.hd95 is not None
    assert made.dice.mean == pytest.approx(0.7333, abs=1e-3)
    assert made.dice.low < made.dice.mean < made.dice.high
    assert made.kappa.low <= made.kappa.mean <= made.kappa.high
    assert agreement(made.pairs) == made


def test_one_pair_has_no_interval():
    made = agreement([scores(1, 0.9)])
    assert (made.dice, made.hd95, made.kappa, made.area) == (None, None, None, None)


@settings(max_examples=50)
@given(st.lists(st.floats(-2, 2), min_size=2, max_size=20))
def test_limits_of_agreement_are_two_standard_deviations_away(values):
    limits = limits_of_agreement(values)
    assert limits is not None
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    assert limits.low == pytest.approx(mean - 1.959964 * spread, abs=1e-9)
    assert limits.high == pytest.approx(mean + 1.959964 * spread, abs=1e-9)


def test_area_differences_are_parts_of_the_mean():
    assert scores(1, 0.5, 90, 110).area_difference == pytest.approx(0.2)
    assert scores(1, 1.0, 0, 0).area_difference == 0.0


def test_the_interval_of_kappa_is_that_of_draws_of_whole_images():
    rng = np.random.default_rng(5)
    tables = [
        {(1, 1): int(a), (0, 0): int(b), (0, 1): int(c), (1, 0): int(d)}
        for a, b, c, d in rng.integers(10, 90, (12, 4)).tolist()
    ]
    made = agreement([PairScores(n, 0.5, 1.0, 0.5, 100, 100, table) for n, table in enumerate(tables, start=1)])
    assert made.kappa is not None
    drawn = []
    for draw in rng.integers(0, 12, (4000, 12)):
        total = {cell: sum(tables[i][cell] for i in draw) for cell in tables[0]}
        drawn.append(cohen_kappa(total))
    low, high = np.percentile(drawn, (2.5, 97.5))
    assert made.kappa.mean == pytest.approx(cohen_kappa({c: sum(t[c] for t in tables) for c in tables[0]}))
    assert (made.kappa.low, made.kappa.high) == pytest.approx((low, high), abs=0.05 * (high - low))
