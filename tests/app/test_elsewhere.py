"""Whoever reads a score is told what the model may know from elsewhere."""

from __future__ import annotations

import pytest

from segstudio.app.elsewhere import elsewhere_words
from segstudio.domain.rounds import RoundRecord, RoundStatus

LEARNED_HERE = RoundRecord(1, RoundStatus.FINISHED, 0.0, 4, seconds=9.0, loss=0.1, weights="rounds/0001/weights")
TAKEN_IN = RoundRecord(2, RoundStatus.FINISHED, 0.0, 4, weights="rounds/0002/weights")


@pytest.mark.parametrize(
    ("records", "starter", "said"),
    [
        ((), False, ()),
        ((LEARNED_HERE,), False, ()),
        ((LEARNED_HERE,), True, ("starter model",)),
        ((LEARNED_HERE, TAKEN_IN), False, ("was imported",)),
        ((TAKEN_IN,), True, ("starter model", "was imported")),
    ],
)
def test_models_from_elsewhere_are_named(records, starter, said):
    words = elsewhere_words(records, starter=starter)
    assert all(part in words for part in said)
    assert bool(words) == bool(said)
    assert "too good" in words or not said
