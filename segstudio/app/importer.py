"""Data sets that come into the open project, and go again if that was wrong. Main thread only."""

from __future__ import annotations

from collections.abc import Callable

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.import_runner import ImportProgress, ImportResult, ImportRunner
from segstudio.app.importing import ImportPlan, said_of
from segstudio.app.ports import Scheduler
from segstudio.app.saver import Saver
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.counting import counted
from segstudio.domain.groups import Membership
from segstudio.store.imports import ImportRecord
from segstudio.store.project_db import Project

UNDO = "Undo import"


class Importer:
    """Every method returns at once; what came of it is announced.

    ``on_added`` is called when rows have come, ``finish`` to end what a hand is doing, and ``leave`` before the images
    with these ids go: nothing may be shown or asked of them any more. ``may_go`` is False while a round is being put
    together, which names its images.
    """

    def __init__(
        self,
        *,
        scheduler: Scheduler,
        store: StoreThread,
        saver: Saver,
        catalog: Catalog,
        announce: Callable[[Changes], None],
        on_added: Callable[[], None],
        finish: Callable[[], None],
        leave: Callable[[frozenset[int]], None],
        may_go: Callable[[], bool],
    ) -> None:
        self._store, self._saver, self._catalog = store, saver, catalog
        self._announce, self._on_added, self._leave, self._may_go = announce, on_added, leave, may_go
        self._finish = finish
        self._runner = ImportRunner(
            scheduler, store, lambda: announce(Changes(importing=True)), catalog.sides, catalog.expect
        )
        self._latest: ImportRecord | None = None
        self._undoing = False

    def start(self) -> None:
        """Find out whether there is an import to undo."""
        self._store.run(_undoable, self._found)

    @property
    def progress(self) -> ImportProgress | None:
        """How far the import is that is under way; None without one."""
        return self._runner.progress

    @property
    def cancelling(self) -> bool:
        """True from ``cancel`` until nothing of the import is left."""
        return self._runner.cancelling

    def run(self, plan: ImportPlan) -> None:
        """Take a data set in, behind the images that there are."""
        if self._runner.progress is None:
            self._runner.start(plan, self._done, self._failed)

    def cancel(self) -> None:
        """Give up what is under way; nothing of it stays."""
        self._runner.cancel()

    @property
    def can_undo(self) -> bool:
        """Whether there is an import of which nothing was worked on yet, as far as this window knows."""
        return self._latest is not None and not self._undoing and self._runner.progress is None

    @property
    def undo_words(self) -> str:
        """What undoing takes away."""
        return UNDO if self._latest is None else f"{UNDO} of {counted(self._latest.images, 'image')}"

    def undo(self) -> None:
        """Take the latest import away, unless somebody has worked on an image of it."""
        latest = self._latest
        if latest is None or not self.can_undo:
            return
        if not self._may_go():
            self._say("The import can be undone when the model has begun to learn: it is just given its images.")
            return
        self._undoing = True
        # What is drawn and not in the mask yet counts, and so does a stroke of a moment ago.
        self._finish()
        self._saver.retry()
        self._store.run(
            lambda project: None if project.imports.is_worked_on(latest.id) else project.imports.image_ids(latest.id),
            lambda ids: self._refuse() if ids is None else self._take_away(latest, frozenset(ids)),
            self._undo_failed,
        )

    def close(self) -> None:
        """Give up what is under way; returns when it is gone."""
        self._runner.close()

    # ---- within -----------------------------------------------------------------------------------------------

    def _done(self, result: ImportResult) -> None:
        if result.cancelled:
            self._catalog.expect(())
            self._say("The import was cancelled. Nothing of it was kept.")
            return
        if not result.images:
            self._say(said_of(result.troubles) or "The project has all of these images already.")
            return
        self._store.run(
            lambda project: (project.images.list_images(), _undoable(project)),
            lambda found: self._show(result, *found),
        )

    def _show(self, result: ImportResult, records: list[ImageRecord], latest: ImportRecord | None) -> None:
        self._latest = latest
        self._catalog.extend(records)
        self._announce(Changes(image_list=True, importing=True))
        parts = [f"{counted(result.images, 'image')} imported"]
        parts += [f"{counted(result.approved, 'mask')} approved"] if result.approved else []
        parts += [f"{result.known:,} were here already"] if result.known else []
        sentence = f"{', '.join(parts)}."
        trouble = said_of(result.troubles)
        self._announce(
            Changes(
                message=Message(
                    f"{sentence} {trouble}".strip(),
                    "trouble" if trouble else "info",
                    UNDO,
                    self.undo,
                    key="import",
                    holds=lambda: self._latest is not None and self._latest.id == result.import_id,
                )
            )
        )
        self._on_added()

    def _failed(self, error: Exception) -> None:
        self._catalog.expect(())
        sentence = f"Nothing was imported. {in_words(error)}"
        self._announce(Changes(message=Message(sentence, "trouble", key="import")))

    def _take_away(self, latest: ImportRecord, ids: frozenset[int]) -> None:
        # Off the list before they go, so that nobody can begin to work on what will not be there.
        order = [record.id for record in self._catalog.records]
        gone = self._catalog.remove(ids)
        self._leave(ids)
        self._announce(Changes(image_list=True))

        def undo(project: Project) -> tuple[bool, list[Membership]]:
            return project.imports.undo(latest.id), project.learned.departed()

        def undone(result: tuple[bool, list[Membership]]) -> None:
            done, self._catalog.departed = result
            self._undoing = False
            if done:
                self._latest = None
                images = counted(len(ids), "image")
                self._say(f"The import was undone: {images} left the list. Their files are untouched.")
                self._store.run(_undoable, self._found)
            else:
                self._put_back(gone, order)
                self._refuse()

        def failed(error: Exception) -> None:
            self._put_back(gone, order)
            self._undo_failed(error)

        self._store.run(undo, undone, failed)

    def _put_back(self, gone: list[ImageRecord], order: list[int]) -> None:
        """Show again what stays, as the project has it by now."""
        ids = {record.id for record in gone}

        def show(records: list[ImageRecord]) -> None:
            self._catalog.put_back(records, order)
            self._announce(Changes(image_list=True))

        self._store.run(
            lambda project: [record for record in project.images.list_images() if record.id in ids],
            show,
            lambda _error: show(gone),
        )

    def _refuse(self) -> None:
        self._undoing, self._latest = False, None
        self._say("The import stays: somebody has worked on an image of it since.")

    def _undo_failed(self, error: Exception) -> None:
        self._undoing = False
        self._announce(Changes(importing=True, message=Message(in_words(error), "trouble", key="import")))

    def _found(self, latest: ImportRecord | None) -> None:
        self._latest = latest
        self._announce(Changes(importing=True))

    def _say(self, sentence: str) -> None:
        self._announce(Changes(importing=True, message=Message(sentence, key="import")))


def _undoable(project: Project) -> ImportRecord | None:
    """The latest import, if nobody has worked on it; it is the only one that is offered."""
    latest = project.imports.latest()
    return None if latest is None or project.imports.is_worked_on(latest.id) else latest
