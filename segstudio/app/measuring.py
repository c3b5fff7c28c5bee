"""The measures of the image on the canvas, renewed in the background. Main thread only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from segstudio.app.background import Background
from segstudio.app.changes import Changes
from segstudio.app.contents import LESIONS
from segstudio.app.document import Document, frozen
from segstudio.app.loader import give_way
from segstudio.app.measures import Measured, Picture, is_lesion_project, measure_picture, measured_segments
from segstudio.app.ports import Scheduler
from segstudio.app.scale import Scale
from segstudio.domain.segments import ClassSpec, SegmentTable
from segstudio.store.project_db import Project


@dataclass(frozen=True)
class Result:
    """What was measured of one image, by segment."""

    image_id: int
    rows: tuple[Measured, ...]

    def row(self, segment_id: int) -> Measured | None:
        """That of one segment; None if the image does not show it."""
        return next((row for row in self.rows if row.segment.id == segment_id), None)


class Measuring:
    """Measures only while somebody looks (``wanted``), and never in the way of a stroke: a copy that costs nothing is
    handed to a thread of its own, and of several wishes only the last is answered."""

    def __init__(
        self,
        lesions: bool | None,
        made: tuple[ClassSpec, ...],
        *,
        scheduler: Scheduler,
        scale: Scale,
        document: Callable[[], Document | None],
        table: Callable[[], SegmentTable],
        classes: Callable[[], tuple[ClassSpec, ...]],
        save: Callable[[Callable[[Project], object]], None],
        announce: Callable[[Changes], None],
    ) -> None:
        self.scale = scale
        self.result: Result | None = None
        self._lesions, self._made = lesions, made
        self._background = Background(scheduler, give_way)
        self._document, self._table, self._classes = document, table, classes
        self._save, self._announce = save, announce
        self._wanted: set[str] = set()
        self._failed = False

    @property
    def busy(self) -> bool:
        """True while ``result`` is about to be renewed."""
        return self._background.busy

    @property
    def failed(self) -> bool:
        """True if the last try ended in an error, which is in the log."""
        return self._failed

    @property
    def lesions(self) -> bool:
        """Whether segments are measured as lesions; unless somebody said so, by what they are or were called."""
        return is_lesion_project((*self._made, *self._classes())) if self._lesions is None else self._lesions

    def set_lesions(self, on: bool) -> None:
        """Measure segments as lesions, or not; kept in the project."""
        self._lesions = on
        self._save(lambda project: project.settings.set_setting(LESIONS, on))
        self.renew()

    def want(self, who: str, wanted: bool) -> None:
        """Somebody begins, or ceases, to look at measures."""
        before = bool(self._wanted)
        (self._wanted.add if wanted else self._wanted.discard)(who)
        if wanted and not before:
            self.renew()
        elif not self._wanted:
            self._background.forget()

    def heed(self, changes: Changes) -> None:
        """Measure anew if what changed asks for it: another image, the end of a stroke, a better mask, a segment."""
        if changes.document or changes.history or changes.better_mask or changes.table:
            self.renew()

    def renew(self) -> None:
        """Measure what is on the canvas now, if somebody looks."""
        document = self._document()
        if not self._wanted:
            return
        if document is None:
            self._background.forget()
            self._take(None)
            return
        if self.result is not None and self.result.image_id != document.image_id:
            self._take(None)
        copy, segments, lesions = frozen(document), measured_segments(self._table(), self._classes()), self.lesions

        def compute() -> Result:
            return Result(copy.image_id, measure_picture(Picture.of(copy), segments, lesions))

        self._background.ask(compute, self._take, self._fail)

    def close(self) -> None:
        """Forget what is under way; returns when the thread is gone."""
        self._background.close()

    def _take(self, result: Result | None) -> None:
        self.result, self._failed = result, False
        self._announce(Changes(measures=True))

    def _fail(self, _: Exception) -> None:
        self.result, self._failed = None, True
        self._announce(Changes(measures=True))
