import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from segstudio.domain.evaluation import MEASURES, Scored, Side, differences, lines, score_masks, worst_first
from segstudio.domain.metrics import Scores, dice

shapes = st.tuples(st.integers(1, 7), st.integers(1, 7))
ids = shapes.flatmap(lambda shape: st.tuples(*[hnp.arrays(np.uint16, shape, elements=st.integers(0, 3))] * 2))
values = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=30)


def scored(name: str, *dices: float, groups: dict[str, str] | None = None, classes: int = 1) -> Scored:
    sides = []
    for value in dices:
        scores = Scores(value, value / 2, 10 * (1 - value), value, value)
        sides.append(Side(scores, dict.fromkeys(range(1, classes + 1), scores)))
    return Scored(name, tuple(sides), groups or {})


@given(ids)
def test_classes_are_those_that_either_holds_and_the_total_is_their_mean(pair: tuple[np.ndarray, np.ndarray]) -> None:
    mask, truth = pair
    (side,) = score_masks(truth, [mask])
    assert set(side.classes) == (set(np.unique(mask)) | set(np.unique(truth))) - {0}
    for number, found in side.classes.items():
        assert found.dice == pytest.approx(dice(mask == number, truth == number))
    expected = np.mean([found.dice for found in side.classes.values()]) if side.classes else 1
    assert side.total.dice == pytest.approx(expected)


def test_sides_do_not_mind_each_other() -> None:
    truth, one, other = (np.full((4, 4), number, np.uint16) for number in (1, 1, 2))
    good, bad = score_masks(truth, [one, other])
    assert (good.total.dice, set(good.classes)) == (1, {1})
    assert (bad.total.dice, set(bad.classes)) == (0, {1, 2})


def test_lines_of_all_of_classes_and_of_groups() -> None:
    cases = [
        scored("a", 0.9, groups={"diagnosis": "naevus"}, classes=2),
        scored("b", 0.5, groups={"diagnosis": "melanoma"}, classes=2),
        scored("c", 0.7, groups={"diagnosis": "naevus"}),
        scored("d", 0.3, groups={}),
    ]
    found = lines(cases, 0, {1: "skin"})
    assert [(line.kind, line.attribute, line.name, line.count) for line in found] == [
        ("all", "", "All images", 4),
        ("class", "", "skin", 4),
        ("class", "", "Class 2", 2),
        ("group", "diagnosis", "melanoma", 1),
        ("group", "diagnosis", "naevus", 2),
        ("group", "diagnosis", "unknown", 1),
    ]
    total = found[0].measures["dice"]
    assert (total.mean, total.median, total.worst_tenth) == pytest.approx((0.6, 0.6, 0.3))
    assert total.interval is not None
    assert total.interval.low < 0.6 < total.interval.high
    assert found[0].measures["hd95"].worst_tenth == pytest.approx(7)
    assert found[3].measures["dice"].interval is None
    assert found[4].measures["dice"].mean == pytest.approx(0.8)


def test_what_is_called_unknown_and_what_nothing_is_said_of_are_one_group() -> None:
    values = ("unknown", "", "x-ray", "unknown")
    cases = [scored(str(number), 0.5, groups={"site": value}) for number, value in enumerate(values)]
    groups = [(line.name, line.count) for line in lines([*cases, scored("none", 0.5)], 0, {}) if line.kind == "group"]
    assert groups == [("x-ray", 1), ("unknown", 4)]


def test_one_class_is_no_line_of_its_own() -> None:
    assert [line.kind for line in lines([scored("a", 0.9), scored("b", 0.8)], 0, {1: "lesion"})] == ["all"]


def test_of_no_images_nothing_can_be_said() -> None:
    with pytest.raises(ValueError, match="nothing"):
        lines([], 0, {})


@given(values)
def test_differences_are_those_of_a_paired_t_test(pairs: list[tuple[float, float]]) -> None:
    found = {one.measure.name: one for one in differences([scored(str(k), *pair) for k, pair in enumerate(pairs)])}
    changes = np.array([after - before for before, after in pairs])
    change = found["dice"].change
    assert change is not None
    assert change.mean == pytest.approx(changes.mean(), abs=1e-12)
    half = stats.t.ppf(0.975, len(pairs) - 1) * changes.std(ddof=1) / math.sqrt(len(pairs))
    assert change.low == pytest.approx(max(-1, changes.mean() - half), rel=1e-3, abs=1e-4)
    assert found["dice"].better == (changes >= 0.0005).sum()
    assert found["dice"].worse == (changes <= -0.0005).sum()
    # A distance that falls is a gain.
    distance = found["hd95"].change
    assert distance is not None
    assert distance.mean == pytest.approx(-10 * changes.mean(), abs=1e-9)
    assert found["hd95"].better == (10 * changes >= 0.05).sum()


def test_what_chance_may_do_is_told_from_what_it_does_not() -> None:
    clear = differences([scored(str(k), 0.5, 0.6 + k / 100) for k in range(6)])[0]
    assert clear.certain
    assert (clear.better, clear.worse, clear.count) == (6, 0, 6)
    assert not differences([scored("a", 0.5, 0.9), scored("b", 0.9, 0.5)])[0].certain
    one = differences([scored("a", 0.5, 0.9)])[0]
    assert one.change is None
    assert not one.certain


def test_the_worst_come_first_by_any_measure() -> None:
    cases = [scored("b", 0.5, 0.9), scored("a", 0.5, 0.1), scored("c", 0.2, 0.8)]
    assert worst_first(cases) == [2, 1, 0]
    assert worst_first(cases, MEASURES[-1]) == [2, 1, 0]
    assert worst_first(cases, side=1) == [1, 2, 0]
    assert worst_first(cases, side=None) == [1, 0, 2], "where the second side lost most"
    assert worst_first(cases, MEASURES[-1], side=None) == [1, 0, 2]
    assert worst_first([scored("b", 0.5), scored("a", 0.1)], side=None) == [1, 0], "one side lost nothing"


def test_measures_say_what_they_are() -> None:
    by_name = {measure.name: measure for measure in MEASURES}
    scores = Scores(0.91234, 0.8, 12.34, 0.7, 0.6)
    assert by_name["dice"].words(by_name["dice"].of(scores)) == "0.912"
    assert by_name["hd95"].words(by_name["hd95"].of(scores)) == "12.3"
    assert [measure.name for measure in MEASURES if not measure.more_is_better] == ["hd95"]
