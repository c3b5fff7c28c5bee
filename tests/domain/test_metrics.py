import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segstudio.domain.metrics import (
    BOUNDARY_TOLERANCE,
    Scores,
    boundary_f1,
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


def slow_boundary_f1(pred: np.ndarray, truth: np.ndarray, reach: float) -> float:
    a, b = slow_outline(pred), slow_outline(truth)
    precision = sum(min(math.dist(p, q) for q in b) <= reach for p in a) / len(a)
    recall = sum(min(math.dist(p, q) for q in a) <= reach for p in b) / len(b)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@settings(deadline=None)
@given(pairs, st.sampled_from([0.0, 0.05, 0.15, 0.4]))
def test_boundary_f1_is_what_the_slow_definition_says(pair: tuple[np.ndarray, np.ndarray], share: float) -> None:
    reach = share * math.hypot(*pair[0].shape)
    if pair[0].any() and pair[1].any() and abs(reach**2 - round(reach**2)) > 1e-3:
        assert boundary_f1(*pair, share) == pytest.approx(slow_boundary_f1(*pair, reach))
    assert boundary_f1(*pair, share) == pytest.approx(boundary_f1(pair[1], pair[0], share))


@settings(deadline=None)
@given(pairs)
def test_isic_counts_the_iou_from_65_hundredths_on(pair: tuple[np.ndarray, np.ndarray]) -> None:
    scores = score_pair(*pair)
    assert scores.iou == pytest.approx(iou(*pair))
    assert scores.dice == pytest.approx(dice(*pair))
    assert scores.isic == (scores.iou if scores.iou >= 0.65 else 0)


@given(pairs, st.integers(0, 5), st.integers(0, 5))
def test_where_in_the_picture_masks_lie_changes_no_overlap(
    pair: tuple[np.ndarray, np.ndarray], down: int, across: int
) -> None:
    moved = [np.pad(mask, ((down + 1, 3), (across + 1, 2))) for mask in pair]
    inner = [np.pad(mask, 1) for mask in pair]
    assert score_pair(*moved).dice == score_pair(*inner).dice
    if pair[0].any() and pair[1].any():
        assert hd95(*moved) == hd95(*inner)


@given(masks)
def test_a_mask_agrees_with_itself(mask: np.ndarray) -> None:
    assert score_pair(mask, mask) == Scores(1, 1, 0, 1, 1)


def test_empty_masks() -> None:
    empty, full = np.zeros((3, 4), bool), np.ones((3, 4), bool)
    assert score_pair(empty, empty) == Scores(1, 1, 0, 1, 1)
    assert score_pair(empty, full) == Scores(0, 0, 5, 0, 0)
    assert score_pair(full, empty) == Scores(0, 0, 5, 0, 0)


def test_the_whole_frame_has_the_frame_for_an_outline() -> None:
    full, less = np.ones((60, 80), bool), np.ones((60, 80), bool)
    less[:, :8] = False
    scores = score_pair(full, less)
    assert scores.dice == pytest.approx(2 * 72 / (80 + 72))
    assert scores.hd95 == 8
    # 3 of the four sides agree, and the tolerance is 0.75 px here.
    assert scores.boundary_f1 == pytest.approx(slow_boundary_f1(full, less, BOUNDARY_TOLERANCE * 100))


def test_outlines_far_apart_agree_nowhere() -> None:
    one, other = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    one[:4, :4], other[30:, 30:] = True, True
    assert score_pair(one, other).boundary_f1 == 0


def test_a_shifted_square() -> None:
    a, b = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    a[10:20, 10:20] = True
    b[10:20, 13:23] = True
    score = score_pair(a, b)
    assert score.dice == pytest.approx(0.7)
    assert score.iou == pytest.approx(70 / 130)
    assert score.hd95 == pytest.approx(3)


@pytest.mark.parametrize("function", [dice, iou, hd95, boundary_f1])
@pytest.mark.parametrize("shape", [(3, 5), (5, 3, 1)])
def test_other_shapes_are_refused(function, shape: tuple[int, ...]) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="can't be compared"):
        function(np.zeros((5, 3), bool), np.zeros(shape, bool))


def test_summary() -> None:
    scores = [Scores(k / 20, k / 40, 20.0 - k, k / 80, k / 100) for k in range(1, 21)]
    total = summary(scores[::-1])
    assert total.count == 20
    assert astuple(total.mean) == pytest.approx((0.525, 0.2625, 9.5, 0.13125, 0.105))
    assert total.median.dice == pytest.approx(0.525)
    assert astuple(total.worst_tenth) == pytest.approx((0.075, 0.0375, 18.5, 0.01875, 0.015))
    assert mean_of(scores[:1]) == scores[0]


def test_the_worst_tenth_of_a_few_is_the_worst_one() -> None:
    total = summary([Scores(0.9, 0.8, 2, 0.3, 0.8), Scores(0.5, 0.4, 1, 0.6, 0)])
    assert total.worst_tenth == Scores(0.5, 0.4, 2, 0.3, 0)


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
