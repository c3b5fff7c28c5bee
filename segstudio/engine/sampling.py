"""In which order the images of a round are learned from."""

from __future__ import annotations

import numpy as np

from segstudio.engine.sample import Sample
from segstudio.protocol.round_folder import IGNORE


class Sampler:
    """Draws samples pass by pass, each pass in a new order.

    In a pass every sample comes once, so that none is forgotten, and a fresh one twice.
    """

    def __init__(self, samples: list[Sample], rng: np.random.Generator) -> None:
        self._pass = samples + [sample for sample in samples if sample.fresh]
        self._rng = rng
        self._waiting: list[Sample] = []

    def draw(self, count: int) -> list[Sample]:
        """The next ``count`` samples; a small set is gone through several times."""
        while len(self._waiting) < count:
            self._waiting += [self._pass[index] for index in self._rng.permutation(len(self._pass))]
        drawn, self._waiting = self._waiting[:count], self._waiting[count:]
        return drawn

    def put_back(self, samples: list[Sample]) -> None:
        """Let ``samples``, drawn and not learned from, be drawn next."""
        self._waiting = samples + self._waiting


def look_at(sample: Sample, rng: np.random.Generator) -> tuple[float, float]:
    """Where to look in a sample of which only a part is seen: (x, y) of a random pixel of a random class.

    Background is one of them. So small structures are seen as often as large ones, and what nobody vouched for is seen
    only around what somebody did.
    """
    counts = np.bincount(sample.mask.ravel())
    counts[IGNORE:] = 0
    classes = np.flatnonzero(counts)
    if not len(classes):
        return (sample.mask.shape[1] - 1) / 2, (sample.mask.shape[0] - 1) / 2
    places = np.flatnonzero(sample.mask == rng.choice(classes))
    row, column = divmod(int(rng.choice(places)), sample.mask.shape[1])
    return float(column), float(row)
