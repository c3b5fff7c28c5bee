"""What a round leaves: what it learned, what was before, or both."""

import math

import pytest

from segstudio.engine.contest import SAME, Contest
from segstudio.engine.scoring import Scored

NEW, OLD = {"new": None}, {"old": None}


def _scored(weights: dict[str, None], *per_image: float) -> Scored:
    return Scored(weights, sum(per_image) / len(per_image), dict(enumerate(per_image)), 64)


def _accepted(
    last: Scored | None, learned: list[Scored], both: float, goes_on: bool = True, shares: bool = True
) -> Scored | None:
    contest = Contest(goes_on, shares)
    if last is not None:
        contest.enter_last(last)
    for scored in learned:
        contest.enter(scored, late=True)
    return contest.accepted(lambda new, old: Scored(new, both, {}, 64, old))


LAST = _scored(OLD, 0.8, 0.9, 0.9, 1.0)
UNCLEAR = _scored(NEW, 0.84, 0.94, 0.84, 0.96)  # 0.005 worse, in two of four images


@pytest.mark.parametrize("goes_on", [True, False])
@pytest.mark.parametrize("learned", [UNCLEAR, _scored(NEW, 0.84, 0.94, 0.94, 0.96), _scored(NEW, 0.8, 0.9, 0.9, 1.0)])
@pytest.mark.parametrize("both", [0.92, 0.915])
def test_both_are_asked_where_the_images_cannot_tell_which_is_better(
    learned: Scored, both: float, goes_on: bool
) -> None:
    worse = _scored(NEW, 0.2, 0.2, 0.2, 0.2)
    found = _accepted(LAST, [worse, learned, worse], both, goes_on)
    assert found is not None
    assert (found.tensors, found.earlier, found.dice) == (NEW, OLD, both)


@pytest.mark.parametrize("goes_on", [True, False])
@pytest.mark.parametrize(("change", "left"), [(0.02, NEW), (-0.02, OLD), (-0.5, OLD)])
def test_who_is_clearly_better_is_asked_alone(change: float, left: dict[str, None], goes_on: bool) -> None:
    learned = _scored(NEW, *(dice + change for dice in LAST.per_image.values()))
    found = _accepted(LAST, [learned], 0.99, goes_on)
    assert found is not None
    assert found.tensors == left
    assert found.earlier is None


@pytest.mark.parametrize(("goes_on", "left"), [(True, OLD), (False, NEW)])
@pytest.mark.parametrize("both", [0.9 - 1.1 * SAME, math.nan])
def test_two_that_are_worse_together_stay_apart(both: float, goes_on: bool, left: dict[str, None]) -> None:
    """Of two models that can't be told apart, what began anew was taught by more images."""
    found = _accepted(LAST, [UNCLEAR], both, goes_on)
    assert found is not None
    assert found.tensors == left
    assert found.earlier is None


@pytest.mark.parametrize(("goes_on", "left"), [(True, OLD), (False, NEW)])
def test_where_mirror_images_are_too_few_to_share_there_is_no_ensemble(goes_on: bool, left: dict[str, None]) -> None:
    found = _accepted(LAST, [UNCLEAR], 0.99, goes_on, shares=False)
    assert found is not None
    assert found.tensors == left
    assert found.earlier is None


def test_without_anything_to_compare_with_there_is_no_ensemble() -> None:
    found = _accepted(None, [_scored(NEW, dice) for dice in (0.5, 0.7, 0.6)], 0.99)
    assert found is not None
    assert (found.dice, found.earlier) == (0.7, None)
    last = _accepted(LAST, [], 0.99)
    assert last is not None
    assert last.tensors == OLD
    assert _accepted(None, [], 0.99) is None


def test_a_round_is_over_after_two_late_scorings_in_a_row_that_found_nothing_better() -> None:
    contest = Contest(goes_on=True, shares=True)
    contest.enter_last(Scored(OLD, 0.8, {}, 64))
    over = []
    for dice, late in [(0.79, False), (0.79, False), (0.79, True), (0.81, True), (0.8, True), (0.8, True)]:
        assert contest.enter(Scored(NEW, dice, {}, 64), late) is False
        over.append(contest.is_over)
    assert over == [False, False, False, False, False, True]


@pytest.mark.parametrize(("goes_on", "first", "wrong"), [(True, 0.75, True), (True, 0.78, False), (False, 0.5, False)])
def test_the_first_scoring_tells_whether_it_was_wrong_to_go_on(goes_on: bool, first: float, wrong: bool) -> None:
    contest = Contest(goes_on, shares=True)
    contest.enter_last(Scored(OLD, 0.8, {}, 64))
    assert contest.enter(Scored(NEW, first, {}, 64), late=False) is wrong
    assert contest.enter(Scored(NEW, 0.1, {}, 64), late=False) is False, "it is asked once"


def test_what_was_wrong_to_go_on_from_is_no_member_of_an_ensemble() -> None:
    contest = Contest(goes_on=True, shares=True)
    contest.enter_last(LAST)
    assert contest.enter(_scored({"wrong": None}, 0.9, 0.6, 0.9, 1.0), late=False)
    contest.enter(_scored(NEW, 0.5, 0.9, 0.9, 0.9), late=False)
    found = contest.accepted(lambda new, old: Scored(new, 0.95, {}, 64, old))
    assert found is not None
    assert (found.tensors, found.earlier) == (NEW, OLD)
