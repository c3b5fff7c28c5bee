import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.domain.metrics import (
    Scores,
    corrected_dice,
    dice,
    hd95,
    iou,
    mean_dice,
    mean_of,
    score_pair,
    summary,
)
from segstudio.domain.plane import UNSET, Plane

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
masks = shapes.flatmap(lambda shape: hnp.arrays(np.bool_, shape))
pairs = shapes.flatmap(lambda shape: st.tuples(hnp.arrays(np.bool_, shape), hnp.arrays(np.bool_, shape)))


def pixels_of(mask: np.ndarray) -> set[tuple[int, int]]:
    return {(int(y), int(x)) for y, x in zip(*np.nonzero(mask), strict=True)}


def slow_outline(mask: np.ndarray) -> list[tuple[int, int]]:
    inside = pixels_of(mask)
    around = ((0, 1), (1, 0), (0, -1), (-1, 0))
    return [(y, x) for y, x in inside if any((y + dy, x + dx) not in inside for dy, dx in around)]


def slow_hd95(pred: np.ndarray, truth: np.ndarray) -> float:
    a, b = slow_outline(pred), slow_outline(truth)
    distances = [min(math.dist(p, q) for q in b) for p in a] + [min(math.dist(p, q) for q in a) for p in b]
    return float(np.percentile(distances, 95))


@given(pairs)
def test_overlap_is_what_sets_say(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = (pixels_of(mask) for mask in pair)
    assert dice(*pair) == pytest.approx(2 * len(a & b) / (len(a) + len(b)) if a or b else 1)
    assert iou(*pair) == pytest.approx(len(a & b) / len(a | b) if a or b else 1)


@settings(deadline=None)
@given(pairs)
def test_hd95_is_what_the_slow_definition_says(pair: tuple[np.ndarray, np.ndarray]) -> None:
    if pair[0].any() and pair[1].any():
        assert hd95(*pair) == pytest.approx(slow_hd95(*pair), abs=1e-4)
    assert hd95(*pair) == pytest.approx(hd95(pair[1], pair[0]))


@given(masks)
def test_a_mask_agrees_with_itself(mask: np.ndarray) -> None:
    assert score_pair(mask, mask) == Scores(1, 1, 0)


def test_empty_masks() -> None:
    empty, full = np.zeros((3, 4), bool), np.ones((3, 4), bool)
    assert score_pair(empty, empty) == Scores(1, 1, 0)
    assert score_pair(empty, full) == Scores(0, 0, 5)
    assert score_pair(full, empty) == Scores(0, 0, 5)


def test_a_shifted_square() -> None:
    a, b = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    a[10:20, 10:20] = True
    b[10:20, 13:23] = True
    score = score_pair(a, b)
    assert score.dice == pytest.approx(0.7)
    assert score.iou == pytest.approx(70 / 130)
    assert score.hd95 == pytest.approx(3)


@pytest.mark.parametrize("function", [dice, iou, hd95])
@pytest.mark.parametrize("shape", [(3, 5), (5, 3, 1)])
def test_other_shapes_are_refused(function, shape: tuple[int, ...]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="can't be compared"):
        function(np.zeros((5, 3), bool), np.zeros(shape, bool))


def test_summary() -> None:
    scores = [Scores(k / 20, k / 40, 20.0 - k) for k in range(1, 21)]
    total = summary(scores[::-1])
    assert total.count == 20
    assert total.mean == Scores(pytest.approx(0.525), pytest.approx(0.2625), pytest.approx(9.5))  # type: ignore[arg-type]
    assert total.median.dice == pytest.approx(0.525)
    assert total.worst_tenth == Scores(pytest.approx(0.075), pytest.approx(0.0375), pytest.approx(18.5))  # type: ignore[arg-type]
    assert mean_of(scores[:1]) == scores[0]


def test_the_worst_tenth_of_a_few_is_the_worst_one() -> None:
    total = summary([Scores(0.9, 0.8, 2), Scores(0.5, 0.4, 1)])
    assert total.worst_tenth == Scores(0.5, 0.4, 2)


def test_what_is_not_judged_counts_for_nothing() -> None:
    truth = np.array([[1, 1, 0, 3, 3]], np.uint16)
    pred = np.array([[1, 0, 3, 2, 1]], np.uint16)
    assert mean_dice(pred, truth, void=[3]) == pytest.approx(2 / 3)
    assert mean_dice(truth, truth, void=[1, 3]) == 1
    below, over = Plane.from_array(pred), Plane.from_array(np.where(truth == pred, UNSET, truth).astype(np.uint16))
    assert corrected_dice(below, over, void=[3]) == pytest.approx(2 / 3)
    assert corrected_dice(below, over) == pytest.approx(mean_dice(pred, truth))


def test_nothing_to_sum_up() -> None:
    with pytest.raises(ValueError, match="nothing"):
        summary([])
