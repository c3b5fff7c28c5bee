"""In which order the images of a round are learned from."""

from __future__ import annotations

import numpy as np

from segstudio.engine.data import Sample


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
