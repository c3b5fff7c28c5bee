"""The parts of a session that are about who reads, put together."""

from __future__ import annotations

from collections.abc import Callable

from segstudio.app.adjudication import Adjudication
from segstudio.app.agreements import Agreements
from segstudio.app.audit_log import AuditLog
from segstudio.app.background import Background
from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes
from segstudio.app.contents import Contents
from segstudio.app.document import Document
from segstudio.app.editor import Editor
from segstudio.app.ports import Scheduler
from segstudio.app.review import Review
from segstudio.app.saver import Saver
from segstudio.app.store_thread import StoreThread
from segstudio.domain.segments import ClassSpec, SegmentTable


class Reviewing:
    """Made by a session, whose parts these are."""

    def __init__(
        self,
        contents: Contents,
        *,
        scheduler: Scheduler,
        store: StoreThread,
        saver: Saver,
        catalog: Catalog,
        editor: Editor,
        audit: AuditLog,
        document: Callable[[], Document | None],
        table: Callable[[], SegmentTable],
        classes: Callable[[], tuple[ClassSpec, ...]],
        announce: Callable[[Changes], None],
        open_image: Callable[[int], None],
    ) -> None:
        self._catalog = catalog
        # One thread each: computing a consensus must not make the comparison of all pairs be given up.
        self._backgrounds = Background(scheduler), Background(scheduler)
        self.review = Review(
            contents, store=store, saver=saver, catalog=catalog, editor=editor, document=document, table=table,
            classes=classes, audit=audit, announce=announce,
        )  # fmt: skip
        self.adjudication = Adjudication(
            reader=contents.reader, store=store, saver=saver, catalog=catalog, editor=editor,
            background=self._backgrounds[0], audit=audit, classes=classes, announce=announce, open_image=open_image,
        )  # fmt: skip
        self.agreements = Agreements(store, audit, catalog, self._backgrounds[1], classes, announce)
        self.review.decides = self.adjudication.decides

    def follow(self, document: Document | None) -> None:
        """Another image is on the canvas."""
        self.review.note_shown()
        self.adjudication.follow(document)

    def go_on(self) -> bool:
        """A decision was made: compare the next most disputed pair that is undecided; False if none is."""
        result = self.agreements.result
        self.adjudication.end()
        for pair in () if result is None else result.pairs:
            if not self._catalog.record(pair.image_id).adjudicator:
                self.adjudication.begin(pair.image_id)
                return True
        return False

    def close(self) -> None:
        """End; returns when the threads are gone."""
        for background in self._backgrounds:
            background.close()
