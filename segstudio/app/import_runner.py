"""An import under way: files are read on threads of its own, and written in slices between the strokes."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from segstudio.app.importing import Begun, ImportPlan, Incoming, Read, begin, decide, put, slices
from segstudio.app.loader import give_way
from segstudio.app.ports import Scheduler
from segstudio.app.store_thread import StoreThread
from segstudio.domain.errors import UserError
from segstudio.domain.groups import Membership

log = logging.getLogger(__name__)

T = TypeVar("T")

READING = 0.7
"""Share of an import's time that reading takes where masks are approved."""

LANES = min(4, os.cpu_count() or 1)
"""Slices that are read at a time."""


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: images that were read, of all, and 0 to 1 of the whole work, which goes on after them."""

    done: int
    total: int
    fraction: float


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What came of an import: new images, how many of them approved, how many were there before, and trouble."""

    import_id: int
    layout: str
    folder: Path
    images: int
    approved: int
    known: int
    troubles: tuple[str, ...] = ()
    cancelled: bool = False


@dataclass(eq=False)
class _Run:
    """One import; ``stop`` is seen by the threads that read."""

    plan: ImportPlan
    done: Callable[[ImportResult], None]
    failed: Callable[[Exception], None]
    stop: threading.Event = field(default_factory=threading.Event)
    begun: Begun | None = None
    waiting: deque[tuple[Incoming, ...]] = field(default_factory=deque)
    lanes: int = 0
    arrived: int = 0
    lost: int = 0
    approved: list[int] = field(default_factory=list)
    settled: int = 0
    troubles: list[str] = field(default_factory=list)


class ImportRunner:
    """One import at a time. Main thread only; ``on_change`` is called at every step of its progress.

    ``sides`` says which images the window knows to be held out or not, by id, also where that waits to be saved;
    ``on_decided`` is told of all that is about to be seen, with the sides that were decided.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        store: StoreThread,
        on_change: Callable[[], None],
        sides: Callable[[], Mapping[int, bool]] = dict,
        on_decided: Callable[[Sequence[Membership]], None] = lambda _coming: None,
    ) -> None:
        self._scheduler = scheduler
        self._store = store
        self._on_change, self._sides, self._on_decided = on_change, sides, on_decided
        self._pool = ThreadPoolExecutor(LANES, thread_name_prefix="import", initializer=give_way)
        self._run: _Run | None = None
        self._closed = False

    @property
    def progress(self) -> ImportProgress | None:
        """How far it is; None while nothing is imported."""
        run = self._run
        if run is None:
            return None
        total = len(run.begun.incoming) if run.begun else len(run.plan.images)
        share = 1.0 if run.plan.masks_as != "approved" else READING
        settled = run.settled / len(run.approved) if run.approved else 0.0
        return ImportProgress(run.arrived, total, share * run.arrived / max(total, 1) + (1 - share) * settled)

    def start(
        self, plan: ImportPlan, done: Callable[[ImportResult], None], failed: Callable[[Exception], None]
    ) -> None:
        """Begin, unless an import is under way; ``done`` or ``failed`` is called at its end, on the main thread.

        Where it fails or is cancelled, nothing of it is left.
        """
        if self._run is not None:
            return
        self._run = run = _Run(plan, done, failed)
        self._on_change()
        self._store.run(lambda project: begin(project, plan), lambda begun: self._begun(run, begun), self._failing(run))

    def cancel(self) -> None:
        """Give it up and take away what has come."""
        if self._run is not None:
            self._run.stop.set()
            self._on_change()

    @property
    def cancelling(self) -> bool:
        """True from ``cancel`` until all of it is gone."""
        return self._run is not None and self._run.stop.is_set()

    def close(self) -> None:
        """Give up what is under way; returns when nothing is read any more and nothing of it is left."""
        self._closed = True
        run = self._run
        if run is not None:
            run.stop.set()
        self._pool.shutdown(cancel_futures=True)
        try:  # also where none is under way: a full disk may have kept one that failed from being taken away
            self._store.ask(lambda project: project.imports.sweep())
        except UserError as error:  # the next opening takes away what is left
            log.warning("an import was not taken away: %s", error)

    # ---- the life of an import --------------------------------------------------------------------------------

    def _begun(self, run: _Run, begun: Begun) -> None:
        run.begun = begun
        run.waiting.extend(slices(begun))
        self._on_change()
        run.lanes = max(1, min(LANES, len(run.waiting)))
        for _ in range(run.lanes):
            self._next(run, begun)

    def _next(self, run: _Run, begun: Begun) -> None:
        """Read the next slice and write it; the last lane to find none ends the import."""
        if self._closed:
            return
        if run.waiting and not run.stop.is_set():
            slice_ = run.waiting.popleft()
            self._work(
                run,
                lambda: begun.reader.read(slice_, lambda: not run.stop.is_set()),
                lambda read: self._store.run(
                    lambda project: put(project, read), lambda _none: self._put(run, begun, read), self._failing(run)
                ),
            )
            return
        run.lanes -= 1
        if run.lanes == 0:
            self._close_in(run, begun)

    def _put(self, run: _Run, begun: Begun, read: Read) -> None:
        run.arrived += len(read.arrivals) + len(read.lost)
        run.lost += len(read.lost)
        run.approved += read.approved
        run.troubles += read.troubles
        self._on_change()
        self._next(run, begun)

    def _close_in(self, run: _Run, begun: Begun) -> None:
        if run.stop.is_set():
            self._drop(run, begun.import_id, lambda: run.done(self._result(run, begun, cancelled=True)))
            return
        self._store.run(
            lambda project: (project.images.memberships(begun.import_id), project.learned.departed()),
            lambda found: self._decide(run, begun, *found),
            self._failing(run),
        )

    def _decide(
        self, run: _Run, begun: Begun, members: Mapping[int, Membership], departed: Sequence[Membership]
    ) -> None:
        """Of a group all is on one side, also where somebody approves one of it in the window meanwhile."""
        approved, known = run.approved, _with_sides(members, self._sides())

        def decided(slices_: list[dict[int, bool]]) -> None:
            if _with_sides(known, self._sides()) != known:
                self._decide(run, begun, known, departed)
                return
            all_of_it = _with_sides(known, {id_: side for sides in slices_ for id_, side in sides.items()})
            self._on_decided([all_of_it[one.image_id] for one in begun.incoming if one.image_id in all_of_it])
            self._approve(run, begun, deque(slices_))

        self._work(run, lambda: decide(known, approved, departed), decided)

    def _approve(self, run: _Run, begun: Begun, sides: deque[dict[int, bool]]) -> None:
        """Approve a slice at a time, too, and let all be seen at the end."""
        if self._closed:
            return
        self._on_change()
        if run.stop.is_set():
            self._drop(run, begun.import_id, lambda: run.done(self._result(run, begun, cancelled=True)))
        elif sides:
            slice_ = sides.popleft()
            run.settled += len(slice_)
            self._store.run(
                lambda project: project.imports.approve(slice_),
                lambda _none: self._approve(run, begun, sides),
                self._failing(run),
            )
        else:
            self._store.run(
                lambda project: project.imports.finish(begun.import_id),
                lambda _none: self._end(run, lambda: run.done(self._result(run, begun))),
                self._failing(run),
            )

    def _result(self, run: _Run, begun: Begun, cancelled: bool = False) -> ImportResult:
        images = 0 if cancelled else len(begun.incoming) - run.lost
        plan = run.plan
        return ImportResult(
            begun.import_id, plan.layout, plan.folder, images, len(run.approved), begun.known, tuple(run.troubles),
            cancelled,
        )  # fmt: skip

    def _failing(self, run: _Run) -> Callable[[Exception], None]:
        def failed(error: Exception) -> None:
            if self._run is not run:
                return  # another lane has said so
            run.stop.set()
            if run.begun is None:
                self._end(run, lambda: run.failed(error))
            else:
                self._drop(run, run.begun.import_id, lambda: run.failed(error))

        return failed

    def _drop(self, run: _Run, import_id: int, then: Callable[[], None]) -> None:
        self._store.run(
            lambda project: project.imports.drop(import_id),
            lambda _none: self._end(run, then),
            # What could not be taken away now is taken away when the project is opened the next time.
            lambda _error: self._end(run, then),
        )

    def _end(self, run: _Run, then: Callable[[], None]) -> None:
        if self._run is run:
            self._run = None
            self._on_change()
            then()

    def _work(self, run: _Run, call: Callable[[], T], done: Callable[[T], object]) -> None:
        """Make ``call`` on a thread that reads, then ``done`` on the main thread."""

        def finished(future: Future[T]) -> None:
            if not future.cancelled():
                self._scheduler.post(lambda: self._worked(run, future, done))

        self._pool.submit(call).add_done_callback(finished)

    def _worked(self, run: _Run, future: Future[T], done: Callable[[T], object]) -> None:
        if self._closed or self._run is not run:
            return
        error = future.exception()
        if error is None:
            done(future.result())
        else:
            self._failing(run)(error if isinstance(error, Exception) else RuntimeError(repr(error)))


def _with_sides(members: Mapping[int, Membership], sides: Mapping[int, bool]) -> dict[int, Membership]:
    """``members`` with the sides that are known of them; what is decided stays."""
    return {
        id_: replace(one, held_out=sides[id_]) if one.held_out is None and id_ in sides else one
        for id_, one in members.items()
    }
