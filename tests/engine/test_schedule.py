from collections.abc import Callable

import pytest

from segstudio.engine import schedule
from segstudio.engine.schedule import (
    BATCH,
    LARGE_BATCH,
    Known,
    StepBudget,
    most_seconds,
    one_cycle,
    planned_batch,
    planned_steps,
)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(schedule, "time", clock)
    return clock


def _run(budget: StepBudget, clock: Clock, seconds: float) -> None:
    """Steps that take ``seconds`` at full size, and less where the images are reduced."""
    while budget.step < budget.steps:
        budget.begin_step()
        clock.now += seconds * budget.scale**2
        budget.end_step()


def test_more_images_get_more_steps_up_to_a_limit() -> None:
    steps = [planned_steps(count, warm=False, device="cpu") for count in range(1, 200)]
    assert steps == sorted(steps)
    assert steps[-1] == steps[-100]
    assert steps[-1] > steps[0]
    assert planned_steps(3, warm=False, device="cpu") < planned_steps(3, warm=True, device="cpu")
    assert planned_steps(9, warm=True, device="mps") == 2 * planned_steps(9, warm=True, device="cpu")


def test_of_many_images_more_are_seen_a_step() -> None:
    assert [planned_batch("cpu", count) for count in (1, 47, 48, 200)] == [BATCH, BATCH, LARGE_BATCH, LARGE_BATCH]
    assert planned_batch("cuda", 1) == LARGE_BATCH


def test_a_round_on_many_images_may_take_longer() -> None:
    assert most_seconds(1, 60.0, 256, "cpu", Known.STARTER) == most_seconds(12, 60.0, 256, "cpu", Known.ROUND) == 60.0
    assert most_seconds(48, 60.0, 128, "cpu", Known.ROUND) == 240.0


def test_a_later_round_that_sees_more_at_once_may_take_longer() -> None:
    assert most_seconds(3, 60.0, 384, "cpu", Known.ROUND) == pytest.approx(2.25 * 60)
    assert most_seconds(3, 60.0, 384, "cpu", Known.STARTER) == 60.0, "somebody waits for it"
    assert most_seconds(3, 60.0, 384, "cpu", Known.NOTHING) == 48.0, "nothing is there before it"
    assert most_seconds(24, 60.0, 384, "cpu", Known.NOTHING) == 120.0, "its images were brought, not painted"
    assert most_seconds(3, 60.0, 512, "cuda", Known.ROUND) == 60.0, "that is as usual"
    assert most_seconds(24, 60.0, 768, "cuda", Known.ROUND) == pytest.approx(2.25 * 120)


def test_rate_rises_then_falls_to_almost_nothing() -> None:
    rates = [one_cycle(step / 100) for step in range(101)]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(1.0)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < 0.02


def test_a_plan_that_fits_is_kept(clock: Clock) -> None:
    budget = StepBudget(50, seconds=60.0)
    _run(budget, clock, 1.0)
    assert budget.step == budget.steps == 50
    assert budget.spent == pytest.approx(clock.now)


def test_a_plan_that_does_not_fit_is_cut_to_the_seconds(clock: Clock) -> None:
    budget = StepBudget(140, seconds=60.0)
    _run(budget, clock, 1.0)
    assert 70 < budget.step < 140
    assert 55 <= clock.now <= 67


def test_half_of_a_plan_is_done_however_slow_the_computer_is(clock: Clock) -> None:
    budget = StepBudget(101, seconds=60.0)
    _run(budget, clock, 10.0)
    assert budget.step == budget.steps == 51
    assert budget.fraction == 1.0


def test_a_busy_moment_does_not_cost_the_rest_of_the_round(clock: Clock) -> None:
    budget = StepBudget(100, seconds=70.0)
    fractions = []
    for _ in range(12):
        budget.begin_step()
        clock.now += 2.0 * budget.scale**2
        budget.end_step()
        fractions.append(budget.fraction)
    assert budget.steps < 100
    while budget.step < budget.steps:
        budget.begin_step()
        clock.now += 0.5 * budget.scale**2
        budget.end_step()
        fractions.append(budget.fraction)
    assert budget.step == 100
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_time_between_steps_does_not_count(clock: Clock) -> None:
    budget = StepBudget(10, seconds=60.0)
    while budget.step < budget.steps:
        clock.now += 100.0
        budget.begin_step()
        clock.now += 1.0
        budget.end_step()
    assert budget.step == 10
    assert budget.spent == pytest.approx(10.0)


def test_seconds_left_counts_reduced_steps_as_cheaper(clock: Clock) -> None:
    budget = StepBudget(100, seconds=1000.0)
    assert budget.seconds_left is None
    for _ in range(10):
        budget.begin_step()
        clock.now += budget.scale**2
        budget.end_step()
    begun, expected = clock.now, budget.seconds_left
    _run(budget, clock, 1.0)
    assert expected == pytest.approx(clock.now - begun, rel=0.03)


def test_images_are_reduced_first_and_whole_at_the_end(clock: Clock) -> None:
    budget = StepBudget(10, seconds=60.0)
    scales = []
    while budget.step < budget.steps:
        scales.append(budget.scale)
        budget.begin_step()
        budget.end_step()
    assert scales == sorted(scales)
    assert scales[0] < 1.0
    assert scales[-1] == 1.0


def test_a_round_that_is_repeated_is_cut_as_the_first_time_whatever_the_clock_says(clock: Clock) -> None:
    first = StepBudget(140, seconds=60.0)
    fractions, rates = _fractions(first, clock, lambda step: 2.0 if 20 < step < 60 else 0.9)
    assert len(first.cuts) > 2
    again = StepBudget(140, seconds=60.0, cuts=first.cuts)
    assert _fractions(again, clock, lambda _: 0.1) == (fractions, rates)
    assert again.cuts == first.cuts
    uncut = StepBudget(30, seconds=1.0, cuts=[(0, 30)])
    _run(uncut, clock, 5.0)
    assert uncut.step == 30
    other = StepBudget(30, seconds=1.0, cuts=first.cuts)
    _run(other, clock, 5.0)
    assert other.step == 15, "what another plan was cut to says nothing of this one"


def _fractions(budget: StepBudget, clock: Clock, pace: Callable[[int], float]) -> tuple[list[float], list[float]]:
    """How much is done and at what scale the images are seen, after each step, to the end."""
    fractions, scales = [], []
    while budget.step < budget.steps:
        budget.begin_step()
        clock.now += pace(budget.step) * budget.scale**2
        budget.end_step()
        fractions.append(budget.fraction)
        scales.append(budget.scale)
    return fractions, scales
