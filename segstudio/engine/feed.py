"""What the steps of a round are fed with: random views of the samples, for an accelerator made ahead of their step."""

from __future__ import annotations

import logging
from collections import deque

import numpy as np
from numpy.typing import NDArray

from segstudio.engine.batch import Batch
from segstudio.engine.device import Device, keep_card_away, let_card_fetch, usable_cores
from segstudio.engine.makers import Makers, Ticket
from segstudio.engine.sample import Sample
from segstudio.engine.sampling import Sampler
from segstudio.engine.views import Look, Order, ViewMaker
from segstudio.protocol.round_folder import RoundRequest

_log = logging.getLogger(__name__)

# One makes some 200 views of 512 px a second, which is what a large card learns from.
_MOST_MAKERS = 3


class Feed:
    """Gives the batches of a round one after the other.

    A batch follows from its number and the look alone, whenever and wherever it is made: a round on the CPU, where
    making batches ahead would take the core that learns, can be repeated bit for bit.
    """

    def __init__(self, request: RoundRequest, train: list[Sample], device: Device) -> None:
        settings = request.settings
        self._maker = ViewMaker(train, settings.seed, len(request.classes), settings.upright)
        self._sampler = Sampler(train, np.random.default_rng(settings.seed))
        self._places = {id(sample): place for place, sample in enumerate(train)}
        self._ahead = device.kind != "cpu"
        self._fetches = device.torch.type == "cuda"
        self._fetched_from: NDArray[np.uint8] | None = None
        self._makers: Makers | None = None
        self._coming: deque[Ticket] = deque()
        self._number = 0

    def begin(self) -> None:
        """Get ready for the first batch: what an accelerator's views are made by takes a moment to start."""
        if not self._ahead or self._makers is not None:
            return
        try:
            self._makers = Makers(self._maker, min(_MOST_MAKERS, max(1, usable_cores() - 2)))
        except OSError:
            _log.warning("views are made where they are needed", exc_info=True)

    def next(self, look: Look) -> Batch:
        """The next batch, which has to be on its device before the one after it is asked for.

        What was ordered for another look is made anew, of the same samples.
        """
        if self._makers is None:
            return self._made_here(self._order(look))
        if self._coming and self._coming[0].order.look != look:
            self._call_off(self._makers)
        while len(self._coming) < max(1, self._makers.ahead):
            self._coming.append(self._makers.give(self._order(look)))
        self._let_fetch(self._makers)
        ticket = self._coming.popleft()
        views = self._makers.take(ticket)
        return self._made_here(ticket.order) if views is None else Batch.of(views)

    def close(self) -> None:
        """Make no more."""
        self._coming.clear()
        makers, self._makers = self._makers, None
        fetched_from, self._fetched_from = self._fetched_from, None
        try:
            if fetched_from is not None:
                keep_card_away(fetched_from)
        finally:
            del fetched_from
            if makers is not None:
                makers.close()

    def _let_fetch(self, makers: Makers) -> None:
        if self._fetches and makers.memory is not None:
            self._fetches = False
            memory = np.frombuffer(makers.memory, np.uint8)
            self._fetched_from = memory if let_card_fetch(memory) else None

    def _order(self, look: Look) -> Order:
        drawn = self._sampler.draw(look.batch)
        order = Order(self._number, tuple(self._places[id(sample)] for sample in drawn), look)
        self._number += 1
        return order

    def _call_off(self, makers: Makers) -> None:
        self._number = self._coming[0].order.number
        places = [place for ticket in self._coming for place in ticket.order.samples]
        self._sampler.put_back([self._maker.samples[place] for place in places])
        for ticket in self._coming:
            makers.call_off(ticket)
        self._coming.clear()

    def _made_here(self, order: Order) -> Batch:
        return Batch.of(self._maker.make(order))
