"""How learning stands, in figures and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from segstudio.domain.counting import counted
from segstudio.domain.rounds import SCORE_NEEDS, RoundRecord
from segstudio.protocol.messages import Progress

Phase = Literal["idle", "starting", "preparing", "training", "scoring", "saving", "cancelling"]

_PHASE_WORDS: dict[Phase, str] = {
    "starting": "starting",
    "preparing": "getting ready",
    "scoring": "scoring",
    "saving": "saving the model",
    "cancelling": "stopping",
}


_CLEARLY = 0.015
"""What a held-out Dice falls by where it is no chance: rounds of one network stay within 0.01."""


@dataclass(frozen=True, slots=True)
class TrainingStatus:
    """What the training dock shows. ``missing``: approvals until a round starts by itself."""

    phase: Phase = "idle"
    round: int = 0
    fraction: float = 0.0
    seconds_left: float | None = None
    loss: float | None = None
    held_out_dice: float | None = None
    held_out_count: int = 0
    device: str = ""
    missing: int = 0
    predicting: int = 0

    @property
    def headline(self) -> str:
        """What is going on, in a few words."""
        if self.phase == "idle":
            if self.predicting:
                return f"Refreshing {counted(self.predicting, 'mask')}"
            return f"Next round after {self.missing} more approved" if self.missing else "Ready to learn"
        words = f"{100 * self.fraction:.0f} %" if self.phase == "training" else _PHASE_WORDS[self.phase]
        return f"Round {self.round} · {words}" if self.round else words.capitalize()

    @property
    def line(self) -> str:
        """All of it in one line."""
        return f"{self.headline} · {self.score}" if self.round else self.headline

    @property
    def score(self) -> str:
        """The held-out Dice and on how many images it stands, or that there is none yet."""
        if self.held_out_dice is None:
            return "held-out Dice not yet"
        return f"held-out Dice {self.held_out_dice:.2f} on {counted(self.held_out_count, 'image')}"

    def using(self, record: RoundRecord) -> TrainingStatus:
        """With the score of the round in use."""
        return replace(
            self, round=record.number, held_out_dice=record.held_out_dice, held_out_count=record.held_out_count
        )

    def during(self, number: int, progress: Progress | None) -> TrainingStatus:
        """With how far the round under way has come."""
        status = replace(self, round=number)
        if progress is None:
            return status
        status = replace(status, fraction=progress.fraction, seconds_left=progress.seconds_left, loss=progress.loss)
        # The score of an unfinished model comes and goes; it is shown only where there is no other yet.
        if status.held_out_dice is None and progress.held_out_dice is not None:
            status = replace(status, held_out_dice=progress.held_out_dice, held_out_count=progress.held_out_count)
        return status


def less_words(now: int, now_scores: Mapping[int, float], before: int, before_scores: Mapping[int, float]) -> str:
    """A sentence where round ``now`` finds clearly less than ``before`` on the images that both were scored on, or "".

    So it may be with another network, which begins with nothing and is taken into use because somebody asked for it.
    Scores are held-out Dice by image id.
    """
    both = now_scores.keys() & before_scores.keys()
    if len(both) < SCORE_NEEDS:
        return ""
    less, more = (sum(scores[i] for i in both) / len(both) for scores in (now_scores, before_scores))
    if more - less <= _CLEARLY:
        return ""
    alike = now_scores.keys() == before_scores.keys()
    where = "" if alike else f" on the {len(both)} images that both were scored on"
    return (
        f"Round {now} finds less than round {before} did: held-out Dice {less:.2f} instead of {more:.2f}{where}. You "
        "can go back to it under Model, Rounds."
    )
