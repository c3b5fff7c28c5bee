import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from segstudio.domain.metrics import corrected_dice, dice, mean_dice
from segstudio.domain.plane import UNSET, Plane
from segstudio.domain.round_scores import best_rounds, compare, mean_interval, spare_rounds

scores = st.lists(st.floats(0, 1), min_size=2, max_size=60)


@given(scores)
def test_the_interval_is_students_cut_off_at_what_a_dice_can_be(values: list[float]) -> None:
    found = mean_interval(values)
    assert found is not None
    assert found.count == len(values)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-12)
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    assert found.low == pytest.approx(max(0, found.mean - half), rel=1e-3, abs=1e-4)
    assert found.high == pytest.approx(min(1, found.mean + half), rel=1e-3, abs=1e-4)


def test_one_image_says_nothing_of_how_sure_its_score_is() -> None:
    assert mean_interval([0.9]) is None
    assert mean_interval([]) is None


def test_the_interval_holds_the_true_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        found = mean_interval(rng.normal(0.5, 0.05, 6))
        assert found is not None
        held += found.low <= 0.5 <= found.high
    assert 0.93 < held / 2000 < 0.97


def test_two_rounds_are_compared_on_what_both_were_scored_on() -> None:
    found = compare({1: 0.5, 2: 0.9, 3: 0.7, 4: 0.8}, {1: 0.7, 2: 0.8, 3: 0.7001, 9: 0.1})
    assert [(image.image_id, round(image.change, 4)) for image in found.images] == [(2, -0.1), (3, 0.0001), (1, 0.2)]
    assert (found.better, found.worse) == (1, 1)
    assert found.before is not None
    assert found.after is not None
    assert found.change is not None
    assert found.before.mean == pytest.approx(0.7)
    assert found.change.mean == pytest.approx(found.after.mean - found.before.mean)
    assert found.change.low < 0 < found.change.high


def test_rounds_without_a_common_image_cannot_be_compared() -> None:
    found = compare({1: 0.5}, {2: 0.5})
    assert found.images == ()
    assert found.change is None


def test_the_best_round_is_one_that_none_surpasses_on_the_same_images() -> None:
    assert best_rounds({}) == best_rounds({1: {4: 0.9, 5: 0.9}}) == {}, "of one there is no best"
    alike = {1: {4: 0.9, 5: 0.7}, 2: {4: 0.8, 5: 0.8}, 3: {4: 0.7, 5: 0.7}}
    assert best_rounds(alike) == {2: [1, 3]}, "of equals the latest"
    # The third image, which came later, is hard: the mean fell, and yet the second round is better.
    later = {1: {4: 0.8, 5: 0.8}, 2: {4: 0.9, 5: 0.9, 6: 0.1}}
    assert best_rounds(later) == {2: [1]}
    # Of nothing in common, and of one image, nobody can tell.
    apart = {1: {4: 0.9, 5: 0.9}, 2: {5: 0.8, 6: 0.8}, 3: {7: 0.5, 8: 0.5}}
    assert best_rounds(apart) == {}
    assert best_rounds({**apart, 4: {7: 0.6, 8: 0.4, 9: 1.0}}) == {4: [3]}


@given(st.lists(st.dictionaries(st.integers(1, 6), st.integers(0, 4), max_size=6), max_size=6))
def test_the_best_of_many_rounds_are_those_that_win_each_comparison(rounds: list[dict[int, int]]) -> None:
    scores = {number: {i: d / 4 for i, d in found.items()} for number, found in enumerate(rounds, start=1)}
    expected = {}
    for number, own in scores.items():
        compared = [n for n, found in scores.items() if n != number and len(own.keys() & found.keys()) >= 2]
        more = {n: sum(own[i] - scores[n][i] for i in own.keys() & scores[n].keys()) for n in compared}
        if compared and all(more[n] > 0 or (more[n] == 0 and n < number) for n in compared):
            expected[number] = compared
    assert best_rounds(scores) == expected


def test_of_equals_the_latest_is_the_best_however_their_sums_are_rounded() -> None:
    assert list(best_rounds({1: {4: 0.8, 5: 0.8}, 2: {4: 0.9, 5: 0.7}})) == [2]
    assert list(best_rounds({1: {4: 0.9, 5: 0.7}, 2: {4: 0.8, 5: 0.8}})) == [2]


def test_the_best_of_three_hundred_rounds_is_found_before_anybody_waits() -> None:
    rng = np.random.default_rng(0)
    scores = {n: dict(enumerate(rng.random(7 * n).tolist())) for n in range(1, 301)}
    started = time.perf_counter()
    best_rounds(scores)
    assert time.perf_counter() - started < 1.0


def test_what_is_spared_is_surpassed_by_a_round_that_is_kept() -> None:
    alike = {1: 0.7, 2: 0.9, 3: 0.8, 4: 0.6, 5: 0.75}
    scores = {number: {4: dice, 5: dice} for number, dice in alike.items()}
    assert spare_rounds(scores, [4, 5]) == [1, 3]
    # The mean of the first is the highest only because its images are easy.
    easy = {1: {4: 0.9, 5: 0.9}, 2: {4: 0.95, 5: 0.95, 6: 0.1}, 3: {7: 0.2, 8: 0.2}, 4: {}}
    assert spare_rounds(easy, [2]) == [1], "of the others nobody can tell"
    assert spare_rounds(easy, [9]) == []


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.sampled_from([(40, 60), (256, 256), (300, 530)]))
def test_the_dice_of_a_correction_is_that_of_the_masks(seed: int, classes: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    below = np.kron(rng.integers(0, classes + 1, (2, 2)), np.ones((300, 300), int))[: shape[0], : shape[1]]
    over = np.full(shape, UNSET, np.uint16)
    y, x = rng.integers(0, shape[0]), rng.integers(0, shape[1])
    over[y : y + 30, x : x + 30] = rng.integers(0, classes + 1)
    mask = np.where(over == UNSET, below, over).astype(np.uint16)
    expected = mean_dice(below.astype(np.uint16), mask)
    found = corrected_dice(Plane.from_array(below.astype(np.uint16), 0), Plane.from_array(over))
    assert found == pytest.approx(expected)


def test_a_mask_that_was_right_needed_no_correction() -> None:
    blank = Plane(50, 50)
    assert corrected_dice(Plane(50, 50, 0), blank) == 1.0
    assert corrected_dice(Plane(50, 50, 1), blank) == 1.0
    painted = Plane(50, 50)
    painted.write(painted.bounds, 0)
    assert corrected_dice(Plane(50, 50, 1), painted) == 0.0
    with pytest.raises(ValueError, match="can't be compared"):
        corrected_dice(Plane(50, 51, 0), blank)


def test_the_mean_dice_counts_each_id_alike() -> None:
    one = np.zeros((10, 10), np.uint16)
    one[:5] = 1
    one[5:6] = 2
    other = one.copy()
    other[5:7] = 2
    assert mean_dice(one, other) == pytest.approx((1.0 + dice(one == 2, other == 2)) / 2)
    assert mean_dice(one * 0, one * 0) == 1.0
