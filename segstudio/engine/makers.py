"""Processes that make views beside the one that learns from them, for an accelerator that would wait for them.

Threads would not do: what tells an accelerator what to do next needs Python's lock hundreds of times a step, and each
time would wait until a thread that makes views lets go of it. Samples and views lie in shared memory, so that only
orders and answers pass through pipes. A maker ends when its pipe does, however the process at the other end ended.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import multiprocessing
import shutil
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np

from segstudio.engine.sample import Sample
from segstudio.engine.views import Look, Order, ViewMaker, Views
from segstudio.imaging.cv import cv2

_log = logging.getLogger(__name__)

_SLOTS = 2
# Where Linux keeps shared memory, which is as large as half of the memory, in a container often far less.
_LINUX = Path("/dev", "shm")
# Memory that others may want meanwhile is left to them.
_LEAST_SHARE_LEFT = 0.5
_PATIENCE_SECONDS = 2.0
# A batch takes a tenth of a second: who says nothing for so long has been stopped, or hangs.
_MOST_SECONDS = 30.0


@dataclass(slots=True, eq=False)
class _Maker:
    process: BaseProcess
    pipe: Connection
    first_slot: int
    given: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """For an ``order`` that was given; nobody makes it where ``maker`` is None."""

    order: Order
    maker: _Maker | None
    number: int
    slot: int


class Makers:
    """``count`` processes that make what ``maker`` would make.

    Raises ``OSError`` if the computer does not let them, or has no room for what is shared with them.
    """

    def __init__(self, maker: ViewMaker, count: int) -> None:
        self._maker = maker
        self._numbers = itertools.count()
        self._slots: SharedMemory | None = None
        self._slot_size = 0
        self._samples = _shared(sum(_sample_size(sample.mask.shape) for sample in maker.samples))
        self._makers: list[_Maker] = []
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            for sample, place in zip(_samples_in(self._samples, _shapes(maker.samples)), maker.samples, strict=True):
                sample.pixels[...], sample.mask[...] = place.pixels, place.mask
            # A fork would take over an accelerator that only one process can talk to.
            context = multiprocessing.get_context("spawn")
            for index in range(count):
                ours, theirs = context.Pipe()
                like = (maker.seed, maker.class_count, maker.upright)
                process = context.Process(
                    target=_serve,
                    args=(theirs, self._samples.name, _shapes(maker.samples), like),
                    name=f"views-{index}",
                    daemon=True,
                )
                process.start()
                theirs.close()
                self._makers.append(_Maker(process, ours, index * _SLOTS))
            undo.pop_all()

    @property
    def ahead(self) -> int:
        """How many orders they can have at a time."""
        return _SLOTS * len(self._makers)

    @property
    def memory(self) -> memoryview | None:
        """In which the views lie; None before the first order."""
        return None if self._slots is None else _bytes(self._slots, 0)

    def give(self, order: Order) -> Ticket:
        """Have ``order`` made. At most ``ahead`` of them are waited for at a time."""
        number = next(self._numbers)
        size = Views.size(len(order.samples), *self._maker.canvas(order))
        if self._slots is None:
            # All views of a round are at most as large as those of its first look, of the largest samples.
            self._slot_size = self._largest(order)
            try:
                self._slots = _shared(_SLOTS * len(self._makers) * self._slot_size)
            except OSError:
                _log.warning("no room to share views in; they are made where they are needed", exc_info=True)
                self._makers_end()
        free = [maker for maker in self._makers if maker.waiting < _SLOTS]
        if self._slots is None or not free or size > self._slot_size:
            return Ticket(order, None, number, 0)
        maker = min(free, key=lambda maker: maker.waiting)
        slot = maker.first_slot + maker.given % _SLOTS
        try:
            maker.pipe.send((number, order, self._slots.name, slot * self._slot_size))
        except OSError:
            self._lost(maker)
            return Ticket(order, None, number, 0)
        maker.given += 1
        maker.waiting += 1
        return Ticket(order, maker, number, slot)

    def call_off(self, ticket: Ticket) -> None:
        """Nobody will ask for the views of ``ticket``."""
        if ticket.maker is not None:
            ticket.maker.waiting -= 1

    def take(self, ticket: Ticket) -> Views | None:
        """The views of ``ticket``, which stay until the next order is given; None if they could not be made."""
        maker = ticket.maker
        if maker is None:
            return None
        maker.waiting -= 1
        said = None
        try:
            number = -1
            # What was called off is answered, too.
            while number != ticket.number:
                if not maker.pipe.poll(_MOST_SECONDS):
                    raise TimeoutError("no answer")
                number, said = maker.pipe.recv()
        except (OSError, EOFError):
            self._lost(maker)
            return None
        if said is not None:
            _log.error("views could not be made: %s", said)
            return None
        assert self._slots is not None
        memory = _bytes(self._slots, ticket.slot * self._slot_size)
        return Views.empty(len(ticket.order.samples), *self._maker.canvas(ticket.order), memory)

    def close(self) -> None:
        """End the processes and free what was shared. Nothing that was taken may be read any more."""
        self._makers_end()
        for block in (self._samples, self._slots):
            if block is not None:
                # Views that somebody still holds keep the memory; its name goes all the same.
                with contextlib.suppress(BufferError):
                    block.close()
                block.unlink()
        self._slots = None

    def _largest(self, order: Order) -> int:
        """Bytes of views as large as ``order``'s could be, of whichever samples."""
        shapes = [sample.mask.shape for sample in self._maker.samples]
        tallest = max(range(len(shapes)), key=lambda place: shapes[place][0])
        widest = max(range(len(shapes)), key=lambda place: shapes[place][1])
        full = Order(0, (tallest, widest), Look(order.look.batch, 1.0, order.look.window, 1.0))
        return Views.size(len(order.samples), *self._maker.canvas(full))

    def _lost(self, maker: _Maker) -> None:
        if maker in self._makers:
            _log.warning(
                "%s is gone or does not answer; its views are made elsewhere", maker.process.name, exc_info=True
            )
            self._makers.remove(maker)
            _end(maker)

    def _makers_end(self) -> None:
        makers, self._makers = self._makers, []
        for maker in makers:
            maker.pipe.close()
        for maker in makers:
            _end(maker)


def _end(maker: _Maker) -> None:
    """Wait until a maker whose pipe has ended is gone, or make it go."""
    maker.pipe.close()
    maker.process.join(_PATIENCE_SECONDS)
    if maker.process.exitcode is None:
        maker.process.kill()
        maker.process.join()


def _serve(pipe: Connection, samples_name: str, shapes: Sequence[tuple[int, int]], like: tuple[int, int, bool]) -> None:
    """Make what comes through ``pipe`` until that ends."""
    # Ctrl-C in a terminal reaches every process; this one goes when the one that it works for does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    samples = SharedMemory(samples_name)
    slots: SharedMemory | None = None
    maker = ViewMaker(_samples_in(samples, shapes), *like)
    with contextlib.suppress(EOFError, OSError):
        while True:
            number, order, slots_name, offset = pipe.recv()
            said = None
            try:
                if slots is None:
                    slots = SharedMemory(slots_name)
                maker.make(order, Views.empty(len(order.samples), *maker.canvas(order), _bytes(slots, offset)))
            except Exception:
                said = traceback.format_exc()
            pipe.send((number, said))
    maker.samples = ()
    for block in (samples, slots):
        if block is not None:
            with contextlib.suppress(BufferError):
                block.close()


def _shapes(samples: Sequence[Sample]) -> list[tuple[int, int]]:
    return [(sample.mask.shape[0], sample.mask.shape[1]) for sample in samples]


def _sample_size(shape: tuple[int, ...]) -> int:
    """Bytes that a sample takes, an even number."""
    return 6 * shape[0] * shape[1]


def _samples_in(block: SharedMemory, shapes: Sequence[tuple[int, int]]) -> list[Sample]:
    """Samples whose arrays lie in ``block``, one after the other."""
    samples, begin = [], 0
    for number, (h, w) in enumerate(shapes):
        memory = _bytes(block, begin)
        mask = np.frombuffer(memory[: 2 * h * w], np.uint16).reshape(h, w)
        pixels = np.frombuffer(memory[2 * h * w : 5 * h * w], np.uint8).reshape(h, w, 3)
        samples.append(Sample(number, pixels, mask, None))
        begin += _sample_size((h, w))
    return samples


def _bytes(block: SharedMemory, begin: int) -> memoryview:
    """Those of ``block`` from ``begin`` on."""
    assert block.buf is not None
    return block.buf[begin:]


def _shared(size: int) -> SharedMemory:
    """So many bytes for several processes. Raises ``OSError`` if there is no room for them."""
    # Linux promises more than there is; who writes beyond is killed.
    if sys.platform == "linux" and size > (1 - _LEAST_SHARE_LEFT) * shutil.disk_usage(_LINUX).free:
        raise OSError(f"no room for {size} bytes of shared memory")
    return SharedMemory(create=True, size=size)
