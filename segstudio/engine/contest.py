"""Which weights a round leaves: its own, the last ones, or both as an ensemble."""

from __future__ import annotations

from collections.abc import Callable

from segstudio.domain.round_scores import compare
from segstudio.engine.scoring import Scored, Tensors

# A round that goes on from other weights ends early once so many scorings in a row found nothing better.
_MOST_FRUITLESS = 2
# Halfway up the rate is high and the images are reduced, so weights that will end well may look a little worse.
_GUARD_MARGIN = 0.03

SAME = 0.01
"""Half a dozen held-out images can't tell less of Dice than this."""


class Contest:
    """Compares what a round learns with the weights before it, by the Dice on the held-out images.

    Where the images can't tell which of two networks is better, both are asked from then on: they seldom fail on the
    same image (snapshot ensembles: Huang et al., ICLR 2017). That is where ``shares`` is True. Of 13 rounds on 20 to 80
    lesions of PH2 the mean Dice on unseen cases was 0.943 so instead of 0.941, and the worst tenth 0.846 instead of
    0.827: much of it in one round whose network had come out badly (0.65), which 8 held-out images did not show.
    """

    def __init__(self, goes_on: bool, shares: bool) -> None:
        self._goes_on = goes_on
        self._shares = shares
        self.last: Scored | None = None
        """The weights of the round before, once they compete."""
        self.best: Scored | None = None
        """What a round that can't go on goes back to."""
        self._learned: Scored | None = None
        self._judged = False
        self._fruitless = 0

    def enter_last(self, last: Scored) -> None:
        """Let the weights of the round before compete."""
        self.last = last
        if self._goes_on:
            self.best = last

    def enter(self, learned: Scored, late: bool) -> bool:
        """Let what the round has learned so far compete; whether it was wrong to go on from the last weights.

        It is ``late`` when the rate is low: before, the best is yet to come, and what finds nothing better does not
        count.
        """
        if self._learned is None or learned.dice >= self._learned.dice:
            self._learned = learned
        first, self._judged = not self._judged, True
        if self.best is None or learned.dice >= self.best.dice:
            self.best, self._fruitless = learned, 0
        elif first and self.last is not None and learned.dice < self.last.dice - _GUARD_MARGIN:
            # Weights from halfway up the rate are no member of anything.
            self._learned = None
            return True
        elif self._goes_on and late:
            self._fruitless += 1
        return False

    @property
    def is_over(self) -> bool:
        """Whether nothing better is to be expected."""
        return self._fruitless >= _MOST_FRUITLESS

    def accepted(self, score: Callable[[Tensors, Tensors], Scored]) -> Scored | None:
        """What the round leaves, None if nothing was scored; ``score`` scores two networks as an ensemble.

        What began anew on more images may score a little less than the last weights: of two models that can't be told
        apart, the one taught by more is right.
        """
        if self.last is None or self._learned is None:
            return self.best or self.last
        if self._shares and _cannot_tell(self.last, self._learned):
            both = score(self._learned.tensors, self.last.tensors)
            if both.dice >= max(self._learned.dice, self.last.dice) - SAME:
                return both
        if self._goes_on:
            return self.best
        return self._learned if self._learned.dice >= self.last.dice - SAME else self.last


def _cannot_tell(last: Scored, learned: Scored) -> bool:
    """Whether the 95 % interval of what changed, image by image, holds no change."""
    change = compare(last.per_image, learned.per_image).change
    return change is None or change.low <= 0 <= change.high
