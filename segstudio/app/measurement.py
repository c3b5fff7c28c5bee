"""The parts of a session that measure, put together."""

from __future__ import annotations

from collections.abc import Callable

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes
from segstudio.app.contents import Contents
from segstudio.app.document import Document
from segstudio.app.measuring import Measuring
from segstudio.app.ports import Scheduler
from segstudio.app.reporting import Reporting
from segstudio.app.saver import Saver
from segstudio.app.scale import Scale
from segstudio.app.store_thread import StoreThread
from segstudio.app.visits import Visits
from segstudio.domain.segments import ClassSpec, SegmentTable


class Measurement:
    """Made by a session, whose parts these are."""

    def __init__(
        self,
        contents: Contents,
        *,
        scheduler: Scheduler,
        store: StoreThread,
        saver: Saver,
        catalog: Catalog,
        scale: Scale,
        document: Callable[[], Document | None],
        table: Callable[[], SegmentTable],
        classes: Callable[[], tuple[ClassSpec, ...]],
        announce: Callable[[Changes], None],
    ) -> None:
        self.measuring = measuring = Measuring(
            contents.lesion_measures, contents.classes, scheduler=scheduler, scale=scale, document=document,
            table=table, classes=classes, save=saver.save, announce=announce,
        )  # fmt: skip
        self.reporting = Reporting(
            scheduler, store, catalog, table, classes, lambda: measuring.lesions, announce, lambda: saver.status
        )
        self.visits = Visits(scheduler, store, catalog, table, classes, lambda: measuring.lesions)

    def close(self) -> None:
        """End; returns when the threads are gone."""
        self.measuring.close()
        self.reporting.close()
        self.visits.close()
