"""What the steps of a round are fed with: random views of the samples, on an accelerator made ahead of their step."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from segstudio.domain.input_shape import reduced_side
from segstudio.engine.augment import Augmentation, augment
from segstudio.engine.batch import Batch
from segstudio.engine.device import Device, usable_cores
from segstudio.engine.guidance import simulated
from segstudio.engine.sample import Sample
from segstudio.engine.sampling import Sampler, look_at
from segstudio.protocol.round_folder import RoundRequest

# An accelerator is done with a step sooner than one core with the views of the next. More threads would only wait for
# each other, and for the one that gives the accelerator its work.
_MOST_THREADS = 4
_AHEAD = 6


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
class _Order:
    number: int
    samples: tuple[Sample, ...]
    look: Look


class Feed:
    """Gives the batches of a round one after the other.

    A batch follows from its number and the look alone, whenever and in whichever thread it is made: a round on the CPU,
    where making batches ahead would take the core that learns, can be repeated bit for bit.
    """

    def __init__(self, request: RoundRequest, train: list[Sample], device: Device) -> None:
        self._seed = request.settings.seed
        self._class_count = len(request.classes)
        self._how = Augmentation(upright=request.settings.upright)
        self._sampler = Sampler(train, np.random.default_rng(self._seed))
        self._pinned = device.torch.type == "cuda"
        threads = min(_MOST_THREADS, max(1, usable_cores() - 2))
        self._pool = None if device.kind == "cpu" else ThreadPoolExecutor(threads, "feed")
        self._coming: deque[tuple[_Order, Future[Batch]]] = deque()
        self._number = 0

    def next(self, look: Look) -> Batch:
        """The next batch. What was made ahead of it for another look is made anew, of the same samples."""
        if self._pool is None:
            return self._make(self._order(look))
        if self._coming and self._coming[0][0].look != look:
            self._call_off()
        while len(self._coming) < _AHEAD:
            order = self._order(look)
            self._coming.append((order, self._pool.submit(self._make, order)))
        batch = self._coming[0][1].result()
        self._coming.popleft()
        return batch

    def close(self) -> None:
        """Make no more."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _order(self, look: Look) -> _Order:
        order = _Order(self._number, tuple(self._sampler.draw(look.batch)), look)
        self._number += 1
        return order

    def _call_off(self) -> None:
        self._number = self._coming[0][0].number
        self._sampler.put_back([sample for order, _ in self._coming for sample in order.samples])
        for _, future in self._coming:
            future.cancel()
        self._coming.clear()

    def _make(self, order: _Order) -> Batch:
        """The canvas holds the largest sample, or a window's worth of each."""
        # From 1 on: the sampler's numbers are those of the seed alone, which are the same as those of the seed and 0.
        look, rng = order.look, np.random.default_rng([self._seed, 1 + order.number])
        h, w = (max(sample.mask.shape[axis] for sample in order.samples) for axis in (0, 1))
        if look.window is None or max(h, w) <= look.window:
            scale = look.scale * look.reduction
            canvas = (reduced_side(h, scale), reduced_side(w, scale))
            views = [augment(sample, canvas, scale, self._how, rng) for sample in order.samples]
        else:
            canvas = (
                reduced_side(min(h, look.window), look.reduction),
                reduced_side(min(w, look.window), look.reduction),
            )
            views = [augment(s, canvas, 1.0, self._how, rng, look_at(s, rng)) for s in order.samples]
        # Every other view; from a generator of its own, so that the views are what they would be without clicks.
        rng = np.random.default_rng([self._seed, order.number, 1])
        told = [
            simulated(mask, self._class_count, rng) if (order.number * look.batch + index) % 2 == 0 else None
            for index, (_, mask) in enumerate(views)
        ]
        return Batch.of(views, told, self._pinned)
