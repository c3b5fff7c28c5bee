"""The audit trail of an open project, as the main thread knows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from segstudio.app.audit_check import MaskCheck, Report, as_csv
from segstudio.app.background import Background
from segstudio.app.document import Document
from segstudio.app.ports import Scheduler
from segstudio.app.saver import Saver
from segstudio.app.store_thread import StoreThread
from segstudio.domain.audit import Entry, Finding, Head, verify
from segstudio.formats.writing import write_whole
from segstudio.store.project_db import Project

Failed = Callable[[Exception], None]


class AuditLog:
    """Main thread only. What changes masks, rounds and settings writes its own entries in its own transactions.

    A change that is kept by a call to the store writes its entry there, in the same ``Project.transaction``, by
    ``Project.audit.note``. ``note`` here is for what changes nothing in the database by itself.
    """

    def __init__(self, store: StoreThread, saver: Saver, scheduler: Scheduler) -> None:
        self._store = store
        self._saver = saver
        self._background = Background(scheduler)
        self._shown: set[tuple[int, int]] = set()
        self._check: _Check | None = None
        self._complete = False
        self._waiting: Callable[[], None] | None = None

    # ---- what is written --------------------------------------------------------------------------------------

    def note(self, kind: str, image_id: int | None = None, **what: object) -> None:
        """Write an entry behind all that was handed to the saver before; ``what`` are JSON values."""
        self._saver.save(lambda project: project.audit.note(kind, image_id, **what), image_id)

    def save(self, write: Callable[[Project], object], kind: str, image_id: int | None = None, **what: object) -> None:
        """Hand a write to the saver together with the entry that tells of it: both are kept, or neither is."""

        def both(project: Project) -> None:
            with project.transaction():
                write(project)
                project.audit.note(kind, image_id, **what)

        self._saver.save(both, image_id)

    def keep_missing(self, but: frozenset[int] = frozenset()) -> None:
        """Keep the masks of images that were approved before versions were kept: one by one, so that nobody waits."""

        def on(kept: tuple[int, bool] | None) -> None:
            if kept is not None:
                self.keep_missing(but if kept[1] else but | {kept[0]})
                return
            self._complete = True
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                waiting()

        self._store.run(lambda project: project.versions.keep_missing(but), on)

    def set_reader(self, name: str) -> None:
        """Entries of what is done from now on say that it was ``name``; what waits to be saved was another's."""

        def write(project: Project) -> None:
            with project.transaction():
                project.audit.author = name
                project.audit.note("reader", name=name)

        self._saver.save(write)

    def note_shown(self, document: Document | None) -> None:
        """A person sees the model's mask of an image, which is noted once for each round's."""
        if document is None or document.prediction_round is None:
            return
        image_id, number = document.image_id, document.prediction_round
        if (image_id, number) in self._shown:
            return
        self._shown.add((image_id, number))

        def write(project: Project) -> None:
            project.audit.note("model's mask shown", image_id, round=number, weights=project.rounds.digest(number))

        self._store.run(write)

    # ---- what is read -----------------------------------------------------------------------------------------

    def ask_head(self, done: Callable[[Head], None]) -> None:
        """Give ``done`` the head of the trail, with all that was done until now in it. For reports and exports."""
        self._store.run(lambda project: project.audit.head() or Head(), done)

    def read(self, after: int, done: Callable[[list[Entry]], None]) -> None:
        """Give ``done`` the entries behind number ``after``."""
        self._store.run(lambda project: project.audit.entries(after=after), done)

    def check(self, done: Callable[[Report], None], progress: Callable[[float], None], failed: Failed) -> None:
        """Verify all of it, off the main thread and with strokes saved in between; a later call takes its place.

        ``progress`` hears of the share that is done, 0 to 1. It waits until old approvals are kept: before, the trail
        knows nothing of them.
        """
        self.stop_check()
        if not self._complete:
            self._waiting = lambda: self.check(done, progress, failed)
            return
        self._check = _Check(self._store, self._background, done, progress, failed)

    def stop_check(self) -> None:
        """Nobody waits for it any more."""
        self._background.forget()
        self._waiting = None
        if self._check is not None:
            self._check.stopped = True
            self._check = None

    def export(self, file: Path, entries: Sequence[Entry], done: Callable[[], None], failed: Failed) -> None:
        """Write entries as CSV."""

        def write(project: Project) -> None:
            names = {record.id: record.name for record in project.images.all_rows()}
            write_whole(file, as_csv(entries, names))

        self._store.run(write, lambda _none: done(), failed)

    def close(self) -> None:
        """Returns when nothing is verified any more."""
        self.stop_check()
        self._background.close()


class _Check:
    """One verification on its way: the chain on a thread of its own, the masks one a call to the store."""

    def __init__(
        self,
        store: StoreThread,
        background: Background,
        done: Callable[[Report], None],
        progress: Callable[[float], None],
        failed: Failed,
    ) -> None:
        self.stopped = False
        self._store, self._background = store, background
        self._done, self._progress, self._failed = done, progress, failed
        self._taken = 0
        self._findings: list[Finding] = []
        store.run(_read, self._verify, failed)

    def _verify(self, found: tuple[list[Entry], Head | None, MaskCheck]) -> None:
        if self.stopped:
            return
        self._entries, self._head, self._masks = found
        self._steps = self._masks.steps()
        self._background.ask(lambda: verify(found[0], found[1]), self._go_on, self._failed)

    def _go_on(self, findings: list[Finding] | None) -> None:
        if self.stopped:
            return
        if findings is None:
            self._done(Report(len(self._entries), self._head or Head(), self._masks.masks, tuple(self._findings)))
            return
        self._findings += findings
        self._progress(self._taken / (self._masks.count + 1))
        self._taken += 1
        self._store.run(lambda _project: next(self._steps, None), self._go_on, self._failed)


def _read(project: Project) -> tuple[list[Entry], Head | None, MaskCheck]:
    entries = project.audit.entries()
    return entries, project.audit.head(), MaskCheck(project, entries)
