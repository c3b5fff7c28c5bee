"""When a round starts, how it goes, what becomes of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.ports import Scheduler
from segstudio.app.round_book import RoundBook
from segstudio.app.round_status import Phase, TrainingStatus, less_words
from segstudio.app.round_writer import (
    LostMaskError,
    Written,
    from_version_words,
    left_out_words,
    out_of_reach_words,
    write_if_of_use,
)
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.app.worker_link import WorkerLink
from segstudio.domain.input_size import ImageMeasure
from segstudio.domain.rounds import RoundRecord, RoundStatus, approvals_missing
from segstudio.domain.segments import ClassSpec, SegmentTable, void_ids
from segstudio.protocol.messages import Cancel, Cancelled, Failed, Finished, FromWorker, Notice, Progress, Train
from segstudio.protocol.round_folder import (
    WEIGHTS,
    RoundRequest,
    RoundResult,
    TrainingImage,
    TrainingSettings,
    write_request,
)
from segstudio.store.project_db import Project

CANCEL_GRACE = 5.0
"""Seconds after which a worker that does not give a round up is ended."""

log = logging.getLogger(__name__)


@dataclass
class _Round:
    record: RoundRecord
    folder: Path
    job: int
    waiting: list[int]
    classes: tuple[ClassSpec, ...]
    images: list[TrainingImage] = field(default_factory=list)
    measures: list[ImageMeasure] = field(default_factory=list)
    from_versions: int = 0
    left_out: list[str] = field(default_factory=list)
    last_progress: Progress | None = None
    sent: bool = False
    lost: bool = False
    begun: float = field(default_factory=time.monotonic)


class RoundRunner:
    """One round at a time. ``on_weights`` is called with the round's number and weights when one ends well.

    ``settings`` says how to train on images with these measures.
    """

    def __init__(
        self,
        *,
        scheduler: Scheduler,
        store: StoreThread,
        link: WorkerLink,
        catalog: Catalog,
        classes: Callable[[], tuple[ClassSpec, ...]],
        table: Callable[[], SegmentTable],
        book: RoundBook,
        settings: Callable[[Sequence[ImageMeasure]], TrainingSettings],
        announce: Callable[[Changes], None],
        on_weights: Callable[[int, Path], None],
    ) -> None:
        self._scheduler = scheduler
        self._store = store
        self._link = link
        self._catalog = catalog
        self._classes = classes
        self._table = table
        self._settings = settings
        self._announce = announce
        self._on_weights = on_weights
        self._round: _Round | None = None
        self._phase: Phase = "idle"
        self._latest: Path | None = None
        self.base: Path | None = None
        """The weights that a round falls back to: the starter's."""
        self._tried: int | None = None
        self._thrifty = False
        self.book = book
        self.automatic = True
        self.predicting: Callable[[], int] = lambda: 0
        self.held_up: Callable[[], bool] = lambda: False
        """Whether other weights are just coming into use: a round that began now would go on from the wrong ones."""
        link.on_message.append(self._hear)
        link.on_lost.append(self._lose)

    # ---- seen from outside ------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """True from ``start`` to the round's end."""
        return self._phase != "idle"

    @property
    def at_worker(self) -> bool:
        """True while the worker has the round in hand."""
        return self._round is not None and self._round.sent

    @property
    def records(self) -> list[RoundRecord]:
        """All rounds, oldest first."""
        return self.book.records

    @property
    def missing(self) -> int:
        """Approvals until a round starts by itself.

        They count from the last round that ended well. One that was stopped or failed is not tried again at once, but
        it is when the project is opened the next time.
        """
        finished = [record.approved for record in self.records if record.status is RoundStatus.FINISHED]
        tried = [approved for approved in (*finished[-1:], self._tried) if approved is not None]
        return approvals_missing(len(self._catalog.vouched_for), max(tried, default=None))

    @property
    def status(self) -> TrainingStatus:
        """As shown to the user."""
        ready = self._link.ready
        status = TrainingStatus(
            phase=self._phase,
            device=ready.device_name if ready else "",
            missing=self.missing,
            predicting=self.predicting(),
        )
        if self.book.used is not None:
            status = status.using(self.book.used)
        if self._round is not None:
            status = status.during(self._round.record.number, self._round.last_progress)
        return status

    @property
    def _out_of_reach(self) -> str:
        return out_of_reach_words(sum(record.problem is not None for record in self._catalog.vouched_for))

    def use_weights(self, weights: Path | None) -> None:
        """Start the next round from these weights."""
        self._latest = weights

    def start_if_due(self) -> None:
        """Start a round if there is enough new work for one."""
        if self.automatic and not self.busy and not self.held_up() and self.missing == 0:
            self.start()

    def start(self) -> None:
        """Start a round with all that was approved or painted; a sentence says so where there is nothing yet."""
        if self.busy:
            return
        if self.held_up():
            self._say("Another model is just being taken into use. Start the round when it is.", "info")
            return
        usable = self._catalog.to_train_on()
        if not any(not record.held_out for record in usable):
            why = self._out_of_reach or " Approve a few images first."
            self._say(f"There is nothing to learn from yet.{why}", "info")
            return
        self._set_phase("starting")
        self._tried = approved = len(self._catalog.vouched_for)
        undecided = [record for record in usable if record.held_out is None]
        for record in undecided:
            # What is trained on before it is approved can't be held out afterwards: the score would be of no worth.
            self._catalog.replace(replace(record, held_out=False))
        train_only = [record.id for record in undecided]
        self._store.run(
            lambda project: _begin(project, approved, train_only),
            lambda begun: self._prepare(*begun, [record.id for record in usable]),
            self._could_not_begin,
        )

    def cancel(self) -> None:
        """Give the round up; the masks and the weights so far stay."""
        if self._phase in ("idle", "cancelling"):
            return
        self._set_phase("cancelling")
        if self._round is None or not self._round.sent:
            return
        job = self._round.job
        self._link.send(Cancel(job))
        self._scheduler.call_later(CANCEL_GRACE, lambda: self._kill_if_still(job))

    # ---- the life of a round ----------------------------------------------------------------------------------

    def _could_not_begin(self, error: Exception) -> None:
        self._set_phase("idle")
        self._announce(Changes(message=Message(in_words(error), "trouble", "Try again", self.start, key="round")))

    def _prepare(self, record: RoundRecord, folder: Path, usable: list[int]) -> None:
        self.book.add(record)
        self._round = _Round(record, folder, self._link.new_job(), usable, self._classes())
        if self._phase == "starting":
            self._set_phase("preparing")
        self._write_next()

    def _write_next(self) -> None:
        """One image a call, so that a stroke is never saved later than one mask takes to write."""
        this = self._round
        if this is None:
            return
        if self._phase == "cancelling":
            self._end(RoundStatus.CANCELLED, sentence="Stopped before it began.")
        elif this.waiting:
            record, table = self._catalog.record(this.waiting.pop(0)), self._table()
            parent = None if self._latest is None else self._latest.parent
            self._store.run(
                lambda project: write_if_of_use(project, this.folder, record, table, parent, void_ids(this.classes)),
                lambda written: self._wrote(this, written),
                lambda error: self._could_not_write(this, error),
            )
        elif this.left_out and not any(image.role == "train" for image in this.images):
            self._fail(f"There is nothing left to learn from.{left_out_words(this.left_out)}")
        else:
            settings = self._settings(this.measures)
            request = RoundRequest(
                round=this.record.number,
                classes=tuple(c.name for c in this.classes),
                images=tuple(this.images),
                parent_weights=None if self._latest is None else str(self._latest),
                base_weights=None if self.base is None else str(self.base),
                settings=replace(settings, seed=settings.seed + this.record.number, thrifty=self._thrifty),
                things=tuple(c.id for c in this.classes if c.kind == "thing"),
                void=void_ids(this.classes),
            )
            self._store.run(
                lambda project: _request(project, this.folder, request),
                lambda _none: self._send(this),
                lambda error: self._could_not_prepare(this, error),
            )

    def _could_not_write(self, this: _Round, error: Exception) -> None:
        """One image whose mask is lost holds up no round of the others."""
        if self._round is this and isinstance(error, LostMaskError):
            this.left_out.append(error.name)
            self._write_next()
        else:
            self._could_not_prepare(this, error)

    def _could_not_prepare(self, this: _Round, error: Exception) -> None:
        if self._round is this:
            self._fail(in_words(error))

    def _wrote(self, this: _Round, written: Written | None) -> None:
        if self._round is not this:
            return
        if written is not None:
            this.images.append(written.image)
            this.measures += [written.measure] if written.measure is not None else []
            this.from_versions += written.from_version
        self._write_next()

    def _send(self, this: _Round) -> None:
        if self._round is not this:
            return
        if self._phase == "cancelling":
            self._end(RoundStatus.CANCELLED, sentence="Stopped before it began.")
            return
        words = f"{from_version_words(this.from_versions)}{left_out_words(this.left_out)}{self._out_of_reach}"
        if words:
            self._say(f"This round is begun.{words}", "trouble" if this.left_out else "info")
        this.sent = True
        self._link.send(Train(this.job, str(this.folder)))

    def _hear(self, message: FromWorker) -> None:
        this = self._round
        if this is None or getattr(message, "job", None) != this.job:
            return
        if isinstance(message, Progress):
            this.last_progress = message
            if self._phase != "cancelling":
                self._phase = message.phase
            self._announce(Changes(training=True))
        elif isinstance(message, Notice):
            self._say(message.sentence, "info")
        elif isinstance(message, Finished):
            self._end(RoundStatus.FINISHED, finished=message)
        elif isinstance(message, Cancelled):
            self._end(RoundStatus.CANCELLED, sentence="Stopped.")
        elif isinstance(message, Failed):
            log.error("round %d failed: %s\n%s", this.record.number, message.sentence, message.detail)
            self._fail(message.sentence)

    def _lose(self, words: str) -> None:
        this = self._round
        if this is None or not this.sent or this.lost:
            return  # a round still being written gets another worker
        this.lost = True
        self._store.run(
            lambda project: project.rounds.whole_result(this.record.number),
            lambda result: self._lost(this, words, result),
            lambda _error: self._lost(this, words, None),
        )

    def _lost(self, this: _Round, words: str, result: RoundResult | None) -> None:
        """The worker is gone; ``result`` is what it left with whole weights, if it had only not said so yet."""
        if self._round is not this:
            return
        if self._phase == "cancelling":
            self._end(RoundStatus.CANCELLED, sentence="Stopped.")
            return
        if result is not None:
            score = result.held_out_dice, result.held_out_count
            self._end(RoundStatus.FINISHED, finished=Finished(this.job, result.seconds, result.loss, *score))
            return
        reason, tried = _reason(words), self._thrifty
        self._thrifty = tried or reason == _KILLED
        more = " The next try takes less memory, with smaller images." if self._thrifty and not tried else ""
        self._fail(
            f"Learning stopped unexpectedly ({reason}). Your masks are safe; the last good model stays in use.{more}"
        )

    def _fail(self, sentence: str) -> None:
        self._end(RoundStatus.FAILED, sentence=sentence)
        self._announce(Changes(message=Message(sentence, "trouble", "Try again", self.start, key="round")))

    def _end(self, status: RoundStatus, finished: Finished | None = None, sentence: str = "") -> None:
        this, self._round = self._round, None
        assert this is not None
        # Not by the time of day, which may be set while a round goes on.
        passed = time.monotonic() - this.begun
        ended = replace(this.record, status=status, seconds=passed, sentence=sentence)
        if finished is not None:
            ended = replace(
                ended,
                seconds=finished.seconds,
                loss=finished.loss,
                held_out_dice=finished.held_out_dice,
                held_out_count=finished.held_out_count,
                weights=f"rounds/{this.folder.name}/{WEIGHTS}",
            )
        before = self.book.used
        self.book.end(ended, lambda: self._say_if_less(ended, before))
        self._set_phase("idle")
        if finished is not None:
            self._latest = this.folder / WEIGHTS
            self._on_weights(ended.number, self._latest)
            self.start_if_due()

    def _say_if_less(self, now: RoundRecord, before: RoundRecord | None) -> None:
        if before is not None and self.book.are_alike(now.number, before.number):
            scores = self.book.scores
            less = less_words(now.number, scores(now.number), before.number, scores(before.number))
            if less:
                self._say(less, "info")

    def _kill_if_still(self, job: int) -> None:
        if self._round is not None and self._round.job == job and self._phase == "cancelling":
            self._link.kill("it did not stop when asked to")

    def _set_phase(self, phase: Phase) -> None:
        self._phase = phase
        self._announce(Changes(training=True))

    def _say(self, sentence: str, kind: Literal["info", "trouble"]) -> None:
        self._announce(Changes(message=Message(sentence, kind, key="round")))


_KILLED = "the system ended it, perhaps because memory ran out"


def _reason(words: str) -> str:
    """A worker's last words, as far as they mean something to a person."""
    lines = words.splitlines()
    if lines[:1] == ["exit code -9"]:
        return _KILLED
    return lines[-1] if lines else "no reason given"


def _begin(project: Project, approved: int, train_only: list[int]) -> tuple[RoundRecord, Path]:
    """A new round and its folder; from now on the images of ``train_only`` are never held out."""
    project.images.set_train_only(train_only)
    record = project.rounds.begin_round(approved, time.time())
    return record, project.rounds.round_folder(record.number)


def _request(project: Project, folder: Path, request: RoundRequest) -> None:
    """Hand the round its request, and keep which images it learns from: it must never be judged by them."""
    before = None if request.parent_weights is None else Path(request.parent_weights).parent
    rounds = [record.number for record in project.rounds.list_rounds()]
    parent = next((number for number in rounds if project.rounds.round_folder(number) == before), None)
    project.learned.note(request.round, parent, [image.image_id for image in request.images if image.role == "train"])
    write_request(folder, request)
