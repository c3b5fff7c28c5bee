"""Random views of samples, as a step of a round sees them: in arrays, made wherever there is time for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.input_shape import reduced_side
from segstudio.engine.augment import Augmentation, augment
from segstudio.engine.guidance import simulated
from segstudio.engine.sample import Mask, Pixels, Sample
from segstudio.engine.sampling import look_at


@dataclass(frozen=True, slots=True)
class Look:
    """What a step sees: ``batch`` views, each at ``scale`` of its sample or, where one is set, through a ``window``.

    A window's side is in px of the sample; early in a round it is smaller by ``reduction``, not coarser, since what is
    small would vanish.
    """

    batch: int
    scale: float
    window: int | None
    reduction: float


@dataclass(frozen=True, slots=True)
class Order:
    """The batch of that ``number`` in a round: views of ``samples``, given by their places in the list of all."""

    number: int
    samples: tuple[int, ...]
    look: Look


class Views(NamedTuple):
    """``pixels`` (B, h, w, 3) uint8, ``masks`` (B, h, w) uint16, ``guidance`` (B, h, w, 3) uint8, drawn clicks."""

    pixels: NDArray[np.uint8]
    masks: NDArray[np.uint16]
    guidance: NDArray[np.uint8]

    @classmethod
    def empty(cls, batch: int, height: int, width: int, memory: memoryview | None = None) -> Views:
        """Room for so many views, in ``memory`` if that is given, which ``size`` says how much of is taken."""
        shape = (batch, height, width)
        if memory is None:
            return cls(np.empty((*shape, 3), np.uint8), np.empty(shape, np.uint16), np.empty((*shape, 3), np.uint8))
        # The masks first: they are of two bytes and lie on even places.
        ends = np.cumsum([2 * batch * height * width, 3 * batch * height * width, 3 * batch * height * width])
        masks = np.frombuffer(memory[: ends[0]], np.uint16).reshape(shape)
        pixels, guidance = (
            np.frombuffer(memory[ends[part] : ends[part + 1]], np.uint8).reshape(*shape, 3) for part in (0, 1)
        )
        return cls(pixels, masks, guidance)

    @staticmethod
    def size(batch: int, height: int, width: int) -> int:
        """Bytes that so many views take."""
        return 8 * batch * height * width

    def fill(self, views: Sequence[tuple[Pixels, Mask]], guidance: Sequence[NDArray[np.uint8] | None]) -> Views:
        """Take in equally large ``views`` and what is told of each, if anything; returns itself."""
        for index, ((pixels, mask), told) in enumerate(zip(views, guidance, strict=True)):
            self.pixels[index], self.masks[index] = pixels, mask
            self.guidance[index] = 0 if told is None else told
        return self


class ViewMaker:
    """Makes views of ``samples``. They follow from the ``seed`` and the order alone, wherever they are made.

    ``upright`` and ``class_count`` are those of the round.
    """

    def __init__(self, samples: Sequence[Sample], seed: int, class_count: int, upright: bool) -> None:
        self.samples = samples
        self.seed = seed
        self.class_count = class_count
        self.upright = upright
        self._how = Augmentation(upright=upright)

    def canvas(self, order: Order) -> tuple[int, int]:
        """(h, w) of the views of ``order``: they hold its largest sample, or a window's worth of each."""
        look = order.look
        h, w = self._extent(order)
        if self._whole(order):
            return reduced_side(h, look.scale * look.reduction), reduced_side(w, look.scale * look.reduction)
        assert look.window is not None
        return (
            reduced_side(min(h, look.window), look.reduction),
            reduced_side(min(w, look.window), look.reduction),
        )

    def make(self, order: Order, into: Views | None = None) -> Views:
        """The views of ``order``, in ``into`` if that is given, which has their shape."""
        look, canvas = order.look, self.canvas(order)
        # From 1 on: the sampler's numbers are those of the seed alone, which are the same as those of the seed and 0.
        rng = np.random.default_rng([self.seed, 1 + order.number])
        chosen = [self.samples[place] for place in order.samples]
        if self._whole(order):
            views = [augment(s, canvas, look.scale * look.reduction, self._how, rng) for s in chosen]
        else:
            views = [augment(s, canvas, 1.0, self._how, rng, look_at(s, rng)) for s in chosen]
        # Every other view; from a generator of its own, so that the views are what they would be without clicks.
        rng = np.random.default_rng([self.seed, order.number, 1])
        told = [
            simulated(mask, self.class_count, rng) if (order.number * look.batch + index) % 2 == 0 else None
            for index, (_, mask) in enumerate(views)
        ]
        return (Views.empty(len(views), *canvas) if into is None else into).fill(views, told)

    def _whole(self, order: Order) -> bool:
        return order.look.window is None or max(self._extent(order)) <= order.look.window

    def _extent(self, order: Order) -> tuple[int, int]:
        shapes = [self.samples[place].mask.shape for place in order.samples]
        return max(h for h, _ in shapes), max(w for _, w in shapes)
