"""Reports on many images, behind the window: read on the store thread, measured and written on a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.contents import LESIONS, MM_PER_PX
from segstudio.app.loader import give_way
from segstudio.app.measures import is_lesion_project, measured_segments
from segstudio.app.ports import Scheduler
from segstudio.app.report import (
    ApprovalsByTrail,
    MakeWriters,
    Reported,
    ReportHead,
    ReportWriter,
    Stored,
    begin_report,
    read_stored,
    report_image,
)
from segstudio.app.saver import SaveStatus
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.domain.calibration import Calibration
from segstudio.domain.counting import counted
from segstudio.domain.errors import UserError
from segstudio.domain.segments import ClassSpec, Segment, SegmentTable, as_called
from segstudio.store.paths import readable
from segstudio.store.project_db import Project

T = TypeVar("T")

log = logging.getLogger(__name__)

KEY = "report"
"""The key of messages about reports."""


@dataclass(eq=False)
class _Run:
    """One report under way."""

    waiting: list[tuple[int, int]]
    identifiers: bool
    lesions: bool
    total: int
    make: MakeWriters
    segments: tuple[Segment, ...]
    """Those of the time when it was begun: a report measures the same of all its images."""
    writers: Sequence[ReportWriter] = ()
    approvals: ApprovalsByTrail = field(default_factory=ApprovalsByTrail)
    scales: Mapping[int, Calibration] = field(default_factory=dict)
    scale: float | None = None
    problems: int = 0
    cancelled: bool = False


class Reporting:
    """One report at a time; ends with a sentence. Main thread only."""

    def __init__(
        self,
        scheduler: Scheduler,
        store: StoreThread,
        catalog: Catalog,
        table: Callable[[], SegmentTable],
        classes: Callable[[], tuple[ClassSpec, ...]],
        lesions: Callable[[], bool],
        announce: Callable[[Changes], None],
        save_status: Callable[[], SaveStatus],
    ) -> None:
        self._scheduler, self._store, self._catalog = scheduler, store, catalog
        self._save_status = save_status
        self._table, self._classes, self._lesions, self._announce = table, classes, lesions, announce
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tools-report", initializer=give_way)
        self._run: _Run | None = None

    @property
    def busy(self) -> bool:
        """True until the report is written, or given up."""
        return self._run is not None

    @property
    def progress(self) -> tuple[int, int]:
        """How many images are done, and of how many; (0, 0) while there is nothing to do."""
        run = self._run
        return (0, 0) if run is None else (run.total - len(run.waiting), run.total)

    def start(self, image_ids: Sequence[int], identifiers: bool, make: MakeWriters) -> None:
        """Report on images of the project; names of files, groups and the project are left out but for ``identifiers``.

        ``make`` and what it makes are called on the thread that measures.
        """
        if self.busy:
            return
        numbers = {record.id: number for number, record in enumerate(self._catalog.records, start=1)}
        waiting = [(id_, numbers[id_]) for id_ in image_ids if id_ in numbers]
        if not waiting:
            self._say("There is no image to report on.")
            return
        if self._unsaved:
            self._announce(Changes(message=Message(self._unsaved, "trouble", key=KEY)))
            return
        segments = measured_segments(self._table(), self._classes())
        self._run = run = _Run(waiting, identifiers, self._lesions(), len(waiting), make, segments)

        def begin(project: Project) -> ReportHead:
            run.scales = project.scales.load()
            run.scale = project.settings.get_number(MM_PER_PX)
            return begin_report(project, run.total, identifiers, len(segments))

        def begun(head: ReportHead) -> None:
            self._do(run, lambda: make(head), lambda writers: self._begun(run, writers))

        self._store.run(begin, begun, lambda error: self._fail(run, error))
        self._announce(Changes(measures=True))

    @property
    def _unsaved(self) -> str:
        """The sentence for a project that is behind what the window shows, else "": measured is what is saved."""
        status = self._save_status()
        if status.state != "failed":
            return ""
        return f"No report was written, because your last changes are not saved yet. {status.sentence}"

    def cancel(self) -> None:
        """Give the report up; nothing of it stays."""
        if self._run is not None:
            self._run.cancelled = True

    def close(self) -> None:
        """Give up; returns when the thread is gone."""
        run, self._run = self._run, None
        if run is not None:
            run.cancelled = True
            self._thread.submit(_abandon, run)
        self._thread.shutdown()

    def _begun(self, run: _Run, writers: Sequence[ReportWriter]) -> None:
        run.writers = writers
        self._next(run)

    def _next(self, run: _Run) -> None:
        if run.cancelled:
            self._do(run, lambda: _abandon(run), lambda _: self._end(run, "The report was given up."))
            return
        if self._unsaved:
            self._fail(run, UserError(self._unsaved))
            return
        if not run.waiting:
            self._do(run, lambda: _finish(run), lambda _: self._end(run, _closing(run), _written(run)))
            return
        image_id, number = run.waiting[0]
        veiled = self._catalog.veils(self._catalog.record(image_id))
        self._store.run(
            lambda project: read_stored(
                project, image_id, number, run.approvals.now(project), run.scales, run.scale, veiled
            ),
            lambda stored: self._measure(run, stored),
            lambda error: self._fail(run, error),
        )

    def _measure(self, run: _Run, stored: Stored) -> None:
        def compute() -> Reported:
            image = report_image(stored, run.segments, run.lesions, run.identifiers)
            for writer in run.writers:
                writer.add(image)
            return image

        def done(image: Reported) -> None:
            run.waiting.pop(0)
            run.problems += bool(image.problem)
            self._announce(Changes(measures=True))
            self._next(run)

        self._do(run, compute, done)

    def _do(self, run: _Run, call: Callable[[], T], done: Callable[[T], None]) -> None:
        """Make ``call`` on the thread, then ``done`` here, unless the session was closed in between."""
        if self._run is not run:
            return

        def finished() -> None:
            if self._run is run:
                error = future.exception()
                if error is None:
                    done(future.result())
                else:
                    self._fail(run, error)

        future = self._thread.submit(call)
        future.add_done_callback(lambda _: self._scheduler.post(finished))

    def _fail(self, run: _Run, error: BaseException) -> None:
        if self._run is run:
            self._thread.submit(_abandon, run)
            self._run = None
            self._announce(Changes(measures=True, message=Message(in_words(error), "trouble", key=KEY)))

    def _end(self, run: _Run, sentence: str, place: Path | None = None) -> None:
        self._run = None
        self._announce(Changes(measures=True))
        self._say(sentence, place)

    def _say(self, sentence: str, place: Path | None = None) -> None:
        self._announce(Changes(message=Message(sentence, key=KEY, place=place)))


def report_project(
    project: Project, identifiers: bool, make: MakeWriters, tell: Callable[[int, int], None] = lambda _done, _all: None
) -> tuple[int, int]:
    """Report on all images of an open project at once; returns how many there were, and how many of them could not be
    measured. ``tell`` is told how many are done, and of how many. Raises ``UserError`` where it can't be written."""
    records, table = project.images.list_images(), project.segment_table()
    made = project.classes()
    classes = as_called(made, table)
    segments = measured_segments(table, classes)
    kept = project.settings.get_setting(LESIONS)
    lesions = is_lesion_project((*made, *classes)) if kept is None else bool(kept)
    run = _Run([], identifiers, lesions, len(records), make, segments)
    scales, scale = project.scales.load(), project.settings.get_number(MM_PER_PX)
    approvals = run.approvals.now(project)
    run.writers = make(begin_report(project, len(records), identifiers, len(segments)))
    try:
        for number, record in enumerate(records, start=1):
            image = report_image(
                read_stored(project, record.id, number, approvals, scales, scale), segments, run.lesions, identifiers
            )
            run.problems += bool(image.problem)
            for writer in run.writers:
                writer.add(image)
            tell(number, len(records))
        _finish(run)
    except BaseException:
        _abandon(run)
        raise
    return len(records), run.problems


def _finish(run: _Run) -> None:
    for writer in run.writers:
        writer.finish()


def _abandon(run: _Run) -> None:
    for writer in run.writers:
        writer.abandon()


def _closing(run: _Run) -> str:
    where = dict.fromkeys(readable(str(writer.path.parent)) for writer in run.writers)
    said = f"The report on {counted(run.total, 'image')} is written to {' and '.join(where)}"
    if run.problems:
        return f"{said}; {run.problems} of them could not be measured, which it says."
    return f"{said}."


def _written(run: _Run) -> Path:
    """What to look at: the one file, or the folder of several."""
    return run.writers[0].path if len(run.writers) == 1 else run.writers[0].path.parent
