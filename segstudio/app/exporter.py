"""Writes masks out, one image at a time, so that strokes are saved in between; they are encoded beside the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.export_attributes import Known, begin_export, finish_export
from segstudio.app.export_before import Before, sweep
from segstudio.app.export_claim import note_cancelled
from segstudio.app.exporting import (
    ExportPlan,
    Outgoing,
    encoded,
    left_over_words,
    mask_of,
    masks_words,
    not_approved_words,
    plan_export,
    put_one,
)
from segstudio.app.round_writer import from_version_words
from segstudio.app.saver import SaveStatus
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.domain.counting import counted
from segstudio.domain.errors import UserError
from segstudio.domain.segments import ClassSpec, SegmentTable, as_called
from segstudio.formats.export_formats import PLAIN
from segstudio.formats.mask_formats import Encoded, Entry, MaskFormat
from segstudio.store.project_db import Project

_UNDER_WAY = "export_under_way"
"""The setting of a project that names the folder of an export that has not ended."""


class Exporter:
    """One export at a time; ends with a sentence."""

    def __init__(
        self,
        store: StoreThread,
        catalog: Catalog,
        table: Callable[[], SegmentTable],
        classes: Callable[[], tuple[ClassSpec, ...]],
        announce: Callable[[Changes], None],
        save_status: Callable[[], SaveStatus],
        settle: Callable[[], None],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._table = table
        self._classes = classes
        self._announce = announce
        self._save_status = save_status
        self._settle = settle
        self._plan = ExportPlan(Path(), PLAIN, (), ())
        self._waiting: list[Outgoing] = []
        self._entries: list[Entry] = []
        self._written: list[Outgoing] = []
        self._known: Known = {}
        self._troubles: list[str] = []
        self._before: Before | None = None
        self.progress = ""
        self.cancelling = False
        """True from ``cancel`` until all is as it was before the export."""

    def start(self) -> None:
        """Say which export the project was closed in, or the program ended in: its folder lacks masks."""

        def unfinished(project: Project) -> str:
            sweep(project)
            return str(project.settings.get_setting(_UNDER_WAY) or "")

        def tell(folder: str) -> None:
            if folder and not self.busy:
                self._store.run(_forget)
                sentence = (
                    f"The export to {folder} was not finished when the project was closed, so masks may be missing "
                    "there. Export again."
                )
                self._announce(Changes(message=Message(sentence, "trouble", key="export")))

        self._store.run(unfinished, tell)

    @property
    def busy(self) -> bool:
        """True until the last mask is written."""
        return bool(self.progress)

    def export_masks(
        self, folder: Path, only_approved: bool, format_: MaskFormat = PLAIN, identifiers: bool = False
    ) -> None:
        """Write the mask of each image into ``folder``, and what the format has to say of all of them.

        What is known of the images goes along, who they are of only with ``identifiers``.
        """
        if self.busy:
            return
        self._settle()
        if self._lacks_changes:
            self._say_unsaved("Nothing was exported, because your last changes are not saved yet.")
            return
        records, veils = tuple(self._catalog.records), self._catalog.veils
        veiled = frozenset(record.id for record in records if veils(record))
        self._plan = ExportPlan(folder, format_, (), (), identifiers, only_approved)
        self._waiting, self._troubles, self._entries, self._written = [], [], [], []
        self.progress = "Exporting"
        self._announce(Changes(saving=True))

        def begin(project: Project) -> tuple[ExportPlan, Known, Before | None]:
            # Here, since thousands of names take longer than a window may stand still.
            plan = plan_export(folder, records, only_approved, format_, lambda one: one.id in veiled, identifiers)
            if not plan.outgoing and not plan.refused:
                return plan, {}, None
            before = Before(project, plan.folder)
            known = begin_export(project, plan)
            project.settings.set_setting(_UNDER_WAY, str(plan.folder))
            return plan, known, before

        self._store.run(begin, self._begun, self._refuse)

    def cancel(self) -> None:
        """Give the export up: what it has written goes, and what it has replaced comes back."""
        if self.busy:
            self.cancelling = True
            self.progress = "Cancelling the export…"
            self._announce(Changes(saving=True))

    @property
    def _named(self) -> tuple[ClassSpec, ...]:
        return as_called(self._classes(), self._table())

    @property
    def _total(self) -> int:
        return len(self._plan.outgoing) + len(self._plan.refused)

    def _begun(self, begun: tuple[ExportPlan, Known, Before | None]) -> None:
        self._plan, self._known, self._before = plan, _, before = begun
        self._waiting, self._troubles = list(plan.outgoing), list(plan.refused)
        if before is None:
            self.progress, self.cancelling = "", False
            what = "approved yet" if plan.only_approved else "there to export yet"
            self._announce(Changes(message=Message(f"No mask is {what}.", key="export")))
            return
        self._next()

    def _refuse(self, error: Exception) -> None:
        self.progress, self.cancelling = "", False
        self._announce(Changes(message=Message(in_words(error), "trouble", key="export")))

    @property
    def _lacks_changes(self) -> bool:
        """Whether the project is behind what the window shows, so that its masks are not the ones that were drawn."""
        return self._save_status().state == "failed"

    def _say_unsaved(self, sentence: str) -> None:
        sentence = f"{sentence} {self._save_status().sentence}"
        self._announce(Changes(message=Message(sentence, "trouble", key="export")))

    def _next(self) -> None:
        if self.cancelling:
            self._take_back()
            return
        if self._lacks_changes:
            self._end()
            self._say_unsaved(
                f"The export to {self._plan.folder} was stopped, because your last changes could not be saved: what it "
                "has written may lack them. Export again once they are saved."
            )
            return
        if not self._waiting:
            self._finish()
            return
        self.progress = f"Exporting {self._total - len(self._waiting) + 1} of {self._total}"
        self._announce(Changes(saving=True))
        one, table, classes, plan = self._waiting.pop(0), self._table(), self._named, self._plan
        before = self._before

        def written(made: tuple[Entry, Outgoing]) -> None:
            self._entries.append(made[0])
            self._written.append(made[1])
            self._next()

        def failed(error: Exception) -> None:
            self._troubles.append(in_words(error))
            self._next()

        def encode(read: tuple[Outgoing, NDArray[np.uint16]]) -> None:
            now, mask = read
            self._store.beside(lambda: encoded(plan, now, mask, table, classes), lambda made: put(now, made), failed)

        def put(now: Outgoing, made: Encoded) -> None:
            self._store.run(lambda project: put_one(project, plan, now, made, before), written, failed)

        self._store.run(lambda project: mask_of(project, plan, one), encode, failed)

    def _finish(self) -> None:
        """What is about all images comes last; without any of them there is nothing to say."""
        plan, entries, written, known = self._plan, self._entries, self._written, self._known
        classes, before = self._named, self._before

        def end(message: Message) -> None:
            if self.cancelling:
                self._take_back()
                return
            self._end()
            self._announce(Changes(message=message))

        if not entries:
            end(self._closing_message())
            return

        self._store.run(
            lambda project: finish_export(project, plan, entries, classes, written, known, before),
            lambda left: end(self._closing_message(left)),
            lambda error: end(Message(in_words(error), "trouble", key="export")),
        )

    def _take_back(self) -> None:
        folder, before = self._plan.folder, self._before
        assert before is not None

        def take_back(project: Project) -> bool:
            more = before.bring_back(project)
            if not more:
                # Last: a disk that is too full for this must not keep files from coming back.
                try:
                    note_cancelled(project, folder)
                except UserError as error:
                    before.unknown = error
            return more

        def tell(more: bool) -> None:
            if more:
                self._take_back()
                return
            self._end()
            self._announce(Changes(message=_cancelled_message(folder, before)))

        def fail(error: Exception) -> None:
            self._end()
            self._refuse(error)

        self._store.run(take_back, tell, fail)

    def _end(self) -> None:
        before = self._before
        self.progress, self.cancelling, self._before = "", False, None
        self._entries, self._written, self._known = [], [], {}

        def forget(project: Project) -> None:
            _forget(project)
            if before is not None:
                before.forget(project)

        self._store.run(forget)

    def _closing_message(self, left: int = 0) -> Message:
        """``left`` files of earlier exports are in the folder, too: whoever passes it on should know."""
        loose = not_approved_words(self._written)
        done = f"{masks_words(self._total - len(self._troubles))} exported to {self._plan.folder}{loose}"
        after = from_version_words(sum(one.from_version for one in self._written)) + left_over_words(left)
        if self._troubles:
            sentence = f"{done}; {len(self._troubles)} could not be: {self._troubles[0]}"
            return Message(sentence + after, "trouble", key="export", place=self._plan.folder)
        return Message(f"{done}.{after}", key="export", place=self._plan.folder)


def _cancelled_message(folder: Path, before: Before) -> Message:
    done, left = f"The export to {folder} was cancelled.", before.failed
    if left:
        back = f"{counted(left, 'file')} could not be made as before, or changed meanwhile: look at the folder."
    else:
        back = "The folder is as it was before."
    if before.unknown is not None:
        return Message(f"{done} {back} The project could not note that: {before.unknown}", "trouble", key="export")
    return Message(f"{done} {back}", "trouble" if left else "info", key="export")


def _forget(project: Project) -> None:
    project.settings.set_setting(_UNDER_WAY, None)
