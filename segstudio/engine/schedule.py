"""How many steps a round takes, and how fast it learns at each."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from segstudio.domain.input_size import LIMITS
from segstudio.domain.rounds import SCORE_NEEDS

BATCH, LARGE_BATCH = 4, 8
GUARD_NEEDS = 4
"""With fewer held-out images, chance alone decides which weights score better."""
_MANY_IMAGES = 48
REDUCED_SCALE = 0.625
REDUCED_SHARE = 0.6
_FIRST_STEPS, _LEAST_STEPS = 120, 220
_MORE_STEPS, _STEPS_PER_IMAGE, _MOST_IMAGES = 40, 18, 60
_FEW_IMAGES = 12
# Starting the process, scores and the first mask take some seconds of the minute, too.
_FIRST_SHARE = 0.8
_ANEW_FROM = 24
_WARM_UP = 0.15
_FINAL_RATE = 0.01
_MEASURED_STEPS = 8
_PACE_MEMORY = 0.9
# A plan is cut only when it would overrun by more than this, so that noise in the clock does not change a round.
_TOLERANCE = 1.1
_LEAST_SHARE = 0.5


class Known(Enum):
    """What a round goes on from."""

    NOTHING = "ImageNet's weights"
    STARTER = "a starter"
    ROUND = "a round before"


@dataclass(frozen=True, slots=True)
class Rates:
    """Peak learning rates of the fresh and of the pretrained parameters."""

    fresh: float
    pretrained: float


FIRST_ROUND = Rates(fresh=2e-3, pretrained=4e-4)
LATER_ROUND = Rates(fresh=1e-3, pretrained=3e-4)


def planned_steps(images: int, warm: bool, device: str) -> int:
    """Steps of a round on ``images`` training images, fewer for the first, which somebody waits for.

    Each image is seen some seventy times. It depends on nothing that varies from run to run, so that a round can be
    repeated bit for bit. An accelerator does twice as many of twice as many views in less time.
    """
    least, more = (_LEAST_STEPS, _MORE_STEPS) if warm else (_FIRST_STEPS, 0)
    steps = max(least, more + _STEPS_PER_IMAGE * min(images, _MOST_IMAGES))
    return steps if device == "cpu" else 2 * steps


def planned_scorings(windows: Sequence[int]) -> list[float]:
    """Shares (0 to 1) of a round at which to score; the more there is to look at, the less often.

    ``windows`` says in how many each held-out image is seen.
    """
    if len(windows) < SCORE_NEEDS:
        return []
    if len(windows) < GUARD_NEEDS:
        return [1.0]
    count = sum(windows)
    return [0.55, 0.7, 0.85, 1.0] if count <= 16 else [0.7, 0.85, 1.0] if count <= 24 else [1.0]


def planned_batch(device: str, images: int) -> int:
    """Views a step of a round on ``images`` training images.

    Of few images many steps teach more than many views. From 48 on twice as many views pay, and nobody waits for such a
    round. An accelerator is hardly slower with twice as many: much of a step is telling it what to do.
    """
    return BATCH if device == "cpu" and images < _MANY_IMAGES else LARGE_BATCH


def outgrown(known: int, images: int) -> bool:
    """Whether a round on ``images`` training images, of which the last one knew ``known``, should begin anew.

    Weights settle in what the first few images showed, and go on from there however many follow. So it is done at 24
    images and whenever they have doubled. On 26 of PH2 a split whose first images were unlike the rest came to a mean
    Dice of 0.934 in 570 steps and 0.918 in 508, instead of 0.903 in 440; another to 0.928 in 570 instead of 0.932.
    """
    return _doublings(images) > _doublings(known)


def _doublings(images: int) -> int:
    return 0 if images < _ANEW_FROM else 1 + int(math.log2(images / _ANEW_FROM))


def most_seconds(images: int, seconds: float, side: int, device: str, known: Known) -> float:
    """How long the steps of a round on ``images`` training images may take where a few may take ``seconds``.

    Before the first of all there is no mask, so it ends sooner. Nobody waits for one that goes on from a ``ROUND``:
    where more than usual is seen at once, ``side`` px, it takes the longer. On 17 of CCP at 384 px all steps that are
    planned came to an IoU of 0.909, those in the time of 256 px to 0.902.
    """
    usual = LIMITS["cpu" if device == "cpu" else "accelerator"].usual
    larger = max(1.0, (side / usual) ** 2) if known is Known.ROUND else 1.0
    least = _FIRST_SHARE if known is Known.NOTHING else 1.0
    return seconds * larger * max(least, images / _FEW_IMAGES)


def one_cycle(fraction: float) -> float:
    """Share of the peak learning rate at ``fraction`` (0 to 1) of the round (Smith & Topin, "Super-Convergence")."""
    if fraction < _WARM_UP:
        return 0.1 + 0.9 * fraction / _WARM_UP
    cosine = 0.5 * (1 + math.cos(math.pi * (fraction - _WARM_UP) / (1 - _WARM_UP)))
    return _FINAL_RATE + (1 - _FINAL_RATE) * cosine


class StepBudget:
    """Counts steps and the time spent in them, and cuts the plan where it would take longer than ``seconds``.

    Each step is a new estimate from the pace of the last ten, so a busy moment does not cost the rest of a round. Half
    of the plan is done however slow the computer is: what ten steps have taught is a worse mask than none. Where a
    round is repeated, ``cuts`` are those of the first time, and the clock changes nothing.

    The first steps see the images reduced, which teaches the outlines in less than half the time; the last see
    them at full input size (progressive resizing: Tan & Le, "EfficientNetV2", ICML 2021).
    """

    def __init__(self, steps: int, seconds: float, cuts: Sequence[tuple[int, int]] = ()) -> None:
        self.steps = self._planned = max(1, steps)
        self.cuts = [(0, self.steps)]
        """After which step how many were planned, at first and wherever that changed."""
        # Of another plan they say nothing, as where a folder's request was changed by hand.
        self._repeated = dict(cuts) if cuts and cuts[0] == self.cuts[0] else None
        self.step = 0
        self.fraction = 0.0
        """How much of the plan is done, 0 to 1; it never falls."""
        self.spent = 0.0
        self._seconds = seconds
        self._cycle_began = 0
        self._started = 0.0
        self._timed = 0.0
        self._timed_cost = 0.0

    @property
    def cycle(self) -> float:
        """How much of the present cycle of the learning rate is done, 0 to 1."""
        begun = self._cycle_began / self.steps
        return max(0.0, (self.fraction - begun) / (1 - begun)) if begun < 1 else 1.0

    @property
    def scale(self) -> float:
        """The scale at which the next step sees the images, at most 1."""
        return REDUCED_SCALE if self.cycle < REDUCED_SHARE else 1.0

    @property
    def seconds_left(self) -> float | None:
        """Time that the steps to come will take, None before the first."""
        return self._time_for(self.steps) if self.step else None

    def begin_cycle(self) -> None:
        """Let the learning rate rise and fall once more, and the images grow, over the steps that are left."""
        self._cycle_began = self.step

    def begin_step(self) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def end_step(self) -> None:
        """Stop the clock, count the step, and cut the plan if need be."""
        passed = time.monotonic() - self._started
        # The first step also sets up the kernels and says little of the pace.
        if self.step == 1:
            self._timed = self._timed_cost = 0.0
        self._timed = _PACE_MEMORY * self._timed + passed
        self._timed_cost = _PACE_MEMORY * self._timed_cost + self.scale**2
        self.spent += passed
        self.step += 1
        before = self.steps
        self.steps = self._in_time() if self._repeated is None else self._repeated.get(self.step, before)
        if self.steps != before:
            self.cuts.append((self.step, self.steps))
        self.fraction = max(self.fraction, self.step / self.steps)

    def _in_time(self) -> int:
        """How many steps to plan for now."""
        steps = max(self._planned, self.step)
        if self.step >= _MEASURED_STEPS and self.spent + self._time_for(steps) > _TOLERANCE * self._seconds:
            least = max(self.step, math.ceil(_LEAST_SHARE * self._planned))
            while steps > least and self.spent + self._time_for(steps) > self._seconds:
                steps -= 1
        return steps

    def _time_for(self, steps: int) -> float:
        """Seconds from here to the end of a plan of ``steps``."""
        reduced = max(0.0, self._cycle_began + REDUCED_SHARE * (steps - self._cycle_began) - self.step)
        cost = reduced * REDUCED_SCALE**2 + (steps - self.step - reduced)
        return cost * self._timed / self._timed_cost
