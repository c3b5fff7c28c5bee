"""Keeps predictions fresh: the visible image first, its neighbours next, the rest behind.

A request is only sent when the worker is about to be free, so what is asked for is always what is wanted now.
"""

from __future__ import annotations

import base64
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from segstudio.app.catalog import Catalog, is_open
from segstudio.app.worker_link import WorkerLink
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.queue import Insight
from segstudio.protocol.messages import Failed, FromWorker, Notice, Predict, Predicted
from segstudio.protocol.round_folder import PREDICTIONS

IN_FLIGHT = 2
"""Requests at the worker at a time: one in work, one so that it never waits."""

MAX_TRIES = 2
"""Times one image may take the worker down with it before it is left alone."""

MAX_LOSSES = 5
"""Workers that may end one after the other, no mask between them, before no more are started for masks."""

log = logging.getLogger(__name__)


class Finish(NamedTuple):
    """What a person chose of how masks are finished: see ``protocol.messages.Predict``."""

    thresholds: tuple[float | None, ...] = ()
    one_region: tuple[bool | None, ...] = ()
    colours: bool | None = None


AS_LEARNED = Finish()


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request at the worker; ``change`` counts how often the finish had been changed before."""

    image_id: int
    round: int
    change: int
    asked: bool


@dataclass(frozen=True, slots=True)
class MaskFiles:
    """Where the worker put a mask, and how sure the model is of it; None where it was not asked.

    ``insight`` is what it makes of the whole image; ``fingerprint`` and ``perceptual`` are of the file that it read.
    """

    mask: Path
    confidence: Path | None = None
    insight: Insight | None = None
    fingerprint: str = ""
    perceptual: int | None = None

    def remove(self) -> None:
        """Nobody needs them any more; what can't be removed stays."""
        for file in (self.mask, self.confidence):
            if file is not None:
                with suppress(OSError):
                    file.unlink()


class Predictor:
    """Asks the worker for masks with the weights last accepted, and hands each to ``on_mask``.

    ``on_mask(image_id, round_number, files, asked)`` is called on the main thread. Images that are approved or were
    painted on are left alone; the latter can be asked for by ``request``, and ``asked`` says so. Of approved images
    in ``unplaced(round)`` the insight alone is wanted, after all masks. ``around(current)`` is the order.
    """

    around: Callable[[int | None], Iterator[int]]
    unplaced: Callable[[int], set[int]]

    def __init__(
        self,
        link: WorkerLink,
        catalog: Catalog,
        current: Callable[[], int | None],
        on_mask: Callable[[int, int, MaskFiles, bool], None],
        on_change: Callable[[], None],
        on_notice: Callable[[str], None] = lambda _: None,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._link = link
        self._catalog = catalog
        self._current = current
        self._on_mask = on_mask
        self._on_change = on_change
        self._on_notice = on_notice
        self._on_failure = on_failure
        self._round = 0
        self._weights: Path | None = None
        self._waiting: set[int] = set()
        self._unplaced: set[int] = set()
        self.around, self.unplaced = catalog.around, lambda _round: set()
        self._asked: set[int] = set()
        self._sent: dict[int, _Sent] = {}
        self._outdated: set[int] = set()
        self._change = 0
        self._tries: Counter[int] = Counter()
        self._losses = 0
        self._given_up: set[int] = set()
        self._told: set[str] = set()
        self.finish: Callable[[], Finish] = lambda: AS_LEARNED
        link.on_message.append(self._hear)
        link.on_lost.append(self._lose)

    @property
    def remaining(self) -> int:
        """Images still waiting for a mask."""
        return len(self._waiting) + sum(sent.image_id not in self._unplaced for sent in self._sent.values())

    @property
    def at_worker(self) -> bool:
        """True while the worker has requests in hand."""
        return bool(self._sent)

    def gave_up(self, image_id: int) -> bool:
        """Whether these weights will give the image no mask, because it can't be read or the worker can't do it."""
        return image_id in self._given_up

    @property
    def round(self) -> int:
        """Round of the weights in use, 0 for a starter model and without any."""
        return self._round

    @property
    def ready(self) -> bool:
        """Whether there is a model to predict with."""
        return self._weights is not None

    @property
    def weights(self) -> Path | None:
        """The weights in use, None without any."""
        return self._weights

    def use(self, round_number: int, weights: Path, renew: bool = False) -> None:
        """Predict with these weights from now on; every mask they could better is made anew.

        With ``renew`` so are those that another file with this number has made.
        """
        self._round, self._weights = round_number, weights
        self._tries.clear()
        self._given_up.clear()
        self._told.clear()
        self._losses = 0
        if renew:
            self.renew()
        else:
            self.refresh()

    def stop(self) -> None:
        """Predict with nothing any more; the masks that were made stay."""
        self._round, self._weights = 0, None
        self._waiting.clear()
        self._asked.clear()
        self._unplaced.clear()
        self._on_change()

    def refresh(self) -> None:
        """Ask for every mask that is out of date."""
        if self._weights is not None:
            self._unplaced = self.unplaced(self._round)
            self._waiting = {record.id for record in self._catalog.records if self._is_stale(record)}
            self._on_change()
            self._dispatch()

    def renew(self) -> None:
        """Make every mask anew that nobody approved or painted on, with the same weights but another finish."""
        self._change += 1
        self._outdated = {record.id for record in self._catalog.records}
        self.refresh()

    def request(self, image_id: int) -> None:
        """Ask for one mask although the image was painted on."""
        if self._weights is not None:
            self._losses = 0
            self._asked.add(image_id)
            self._waiting.add(image_id)
            self._on_change()
            self._dispatch()

    def is_requested(self, image_id: int) -> bool:
        """Whether the mask that was asked for by ``request`` is still to come."""
        if image_id in self._asked and image_id in self._waiting:
            return True
        return any(sent.asked and sent.image_id == image_id for sent in self._sent.values())

    def withdraw(self, image_id: int) -> None:
        """Ask no longer for what was asked for by ``request``; a mask on its way is one that nobody asked for."""
        self._asked.discard(image_id)
        for job, sent in self._sent.items():
            if sent.image_id == image_id:
                self._sent[job] = replace(sent, asked=False)
        if image_id in self._waiting and not self._is_stale(self._catalog.record(image_id)):
            self._waiting.discard(image_id)
        self._on_change()

    def want(self, image_id: int) -> None:
        """What a person did on the image is gone: it gets a mask of the weights in use, if it has none."""
        if self._weights is not None and self._is_stale(self._catalog.record(image_id)):
            self._waiting.add(image_id)
            self._on_change()
            self._dispatch()

    def try_again(self) -> None:
        """Ask anew for all that was given up: the disk has room now, say."""
        if self._weights is not None:
            self.use(self._round, self._weights)

    def look_again(self) -> None:
        """Ask anew for the image on the canvas, if it was given up for a reason that the worker survived."""
        image_id = self._current()
        if image_id in self._given_up and not self._tries[image_id] and self._losses < MAX_LOSSES:
            self.want(image_id)

    def pause(self) -> None:
        """Ask for nothing more; what is under way still arrives."""
        self._waiting.clear()
        self._unplaced.clear()

    def _is_stale(self, record: ImageRecord) -> bool:
        # What the model learned from the first reader must not reach the second.
        if not is_open(record) or record.reading_of is not None:
            return False
        if record.id in self._asked:
            return True
        return not record.touched and (record.prediction_round != self._round or record.id in self._outdated)

    def _dispatch(self) -> None:
        while self._weights is not None and self._waiting and len(self._sent) < IN_FLIGHT:
            image_id = next((id_ for id_ in self.around(self._current()) if id_ in self._waiting), None)
            if image_id is None:
                self._waiting.clear()
                break
            self._waiting.discard(image_id)
            record = self._catalog.record(image_id)
            stale, asked = self._is_stale(record), image_id in self._asked
            self._asked.discard(image_id)
            wanted = (image_id, self._round, self._change)
            sent_like_it = [j for j, s in self._sent.items() if (s.image_id, s.round, s.change) == wanted]
            if not stale:
                continue
            if sent_like_it:
                job = sent_like_it[0]
                self._sent[job] = replace(self._sent[job], asked=asked or self._sent[job].asked)
                continue
            self._send(record, self._weights, asked)
        self._place()

    def _place(self) -> None:
        """Ask for insights of approved images when no mask is wanted any more."""
        while self._weights is not None and not self._waiting and len(self._sent) < IN_FLIGHT:
            under_way = {sent.image_id for sent in self._sent.values()}
            image_id = next((id_ for id_ in self._unplaced if id_ not in under_way), None)
            if image_id is None:
                return
            self._send(self._catalog.record(image_id), self._weights, False)

    def _send(self, record: ImageRecord, weights: Path, asked: bool) -> None:
        job = self._link.new_job()
        output = weights.parent / PREDICTIONS / f"{record.id}.{job}.png"
        confidence = output.with_suffix(".confidence.png")
        try:
            # Not its parents: a folder in the place of a project that was moved would keep it from being put back.
            output.parent.mkdir(exist_ok=True)
        except OSError:
            log.exception("there is no place for masks")
            self._waiting.add(record.id)
            self._unplaced.clear()
            self._give_up()
            return
        self._given_up.discard(record.id)
        self._tries[record.id] += 1
        self._sent[job] = _Sent(record.id, self._round, self._change, asked)
        files = (str(record.path), str(weights), str(output), str(confidence))
        how = self.finish()
        self._link.send(Predict(job, record.id, *files, list(how.thresholds), list(how.one_region), how.colours))

    def _give_up(self) -> None:
        self._given_up |= self._waiting
        self._waiting.clear()
        self._asked.clear()
        self._on_change()

    def _hear(self, message: FromWorker) -> None:
        if isinstance(message, Predicted) and message.job in self._sent:
            sent = self._sent.pop(message.job)
            if sent.change == self._change:
                self._outdated.discard(sent.image_id)
            self._losses = 0
            self._unplaced.discard(sent.image_id)
            confidence = None if message.confidence is None else Path(message.confidence)
            self._tries.pop(sent.image_id, None)
            made_on = message.fingerprint, message.perceptual
            files = MaskFiles(Path(message.output), confidence, _insight(message, sent.round), *made_on)
            self._on_mask(sent.image_id, sent.round, files, sent.asked)
        elif isinstance(message, Failed) and message.job in self._sent:
            image_id = self._sent.pop(message.job).image_id
            self._unplaced.discard(image_id)
            self._given_up.add(image_id)
            self._tries.pop(image_id, None)
            log.error("no mask for image %d: %s\n%s", image_id, message.sentence, message.detail)
            if image_id == self._current() and message.sentence not in self._told:
                # Its file can be read, since it is on the canvas: it is the weights, the memory or the disk.
                self._told.add(message.sentence)
                self._on_failure(message.sentence)
        else:
            if isinstance(message, Notice) and message.job in self._sent:
                self._on_notice(message.sentence)
            return
        self._on_change()
        self._dispatch()

    def _lose(self, _words: str) -> None:
        if not self._sent:
            return
        self._unplaced -= {sent.image_id for sent in self._sent.values()}
        again = {s.image_id: s.asked for s in self._sent.values() if self._tries[s.image_id] < MAX_TRIES}
        self._given_up |= {s.image_id for s in self._sent.values()} - again.keys()
        self._sent.clear()
        self._losses += 1
        if self._losses >= MAX_LOSSES:
            log.error("no more masks are asked for: the worker ended %d times over", self._losses)
            self._waiting |= again.keys()
            self._give_up()
            return
        self._waiting |= again.keys()
        self._asked |= {image_id for image_id, asked in again.items() if asked}
        self._on_change()
        self._dispatch()


def _insight(message: Predicted, round_number: int) -> Insight:
    """What came with a mask. Raises ``ValueError`` for what no worker of this version sends."""
    vector = None
    if message.embedding is not None:
        vector = np.frombuffer(base64.b64decode(message.embedding, validate=True), "<f2").astype(np.float16, copy=False)
    return Insight(round_number, message.uncertainty, vector)
