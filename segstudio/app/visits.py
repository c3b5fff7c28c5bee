"""Two images of one lesion, an earlier and a later one: both measured, and what changed. Main thread only."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.app.background import Background
from segstudio.app.catalog import Catalog
from segstudio.app.contents import MM_PER_PX
from segstudio.app.document import Document
from segstudio.app.loader import give_way
from segstudio.app.measure_words import change_words, number, unit_of
from segstudio.app.measures import Measured, Quantity, measured_segments
from segstudio.app.ports import Scheduler
from segstudio.app.report import Stored, measure_stored, read_stored
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.calibration import Calibration
from segstudio.domain.errors import UserError
from segstudio.domain.groups import PATIENT
from segstudio.domain.segments import ClassSpec, SegmentTable
from segstudio.store.project_db import Project

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, eq=False)
class Visit:
    """One of the two: what is shown of it, and what was measured."""

    name: str
    document: Document
    rows: tuple[Measured, ...]
    calibration: Calibration

    def row(self, segment_id: int) -> Measured | None:
        """What was measured of a segment; None where the image does not show it."""
        return next((row for row in self.rows if row.segment.id == segment_id), None)


@dataclass(frozen=True)
class Change:
    """One quantity at both visits, in words. ``doubtful`` says that the change is no larger than the model's doubt."""

    title: str
    earlier: str
    later: str
    difference: str
    share: str
    doubtful: bool


def likeliest_other(records: Sequence[ImageRecord], current: int) -> int:
    """The row of the likeliest other visit of the patient in row ``current``; that row itself where there is no other.

    Another image of the same patient, where an importer named one; else that whose name begins most like this one's;
    of several, the nearest.
    """
    here = records[current]

    def likeness(row: int) -> tuple[bool, bool, int, int, bool]:
        other = records[row]
        same = bool(here.group) and here.group == other.group
        alike = _alike(here.name, other.name)
        return same, not _of_two_patients(here, other), alike, -abs(row - current), row < current

    return max((row for row in range(len(records)) if row != current), key=likeness, default=current)


def doubt_about_pair(one: ImageRecord, other: ImageRecord, *, chosen: bool) -> str:
    """What speaks against two images being of one patient, as a sentence; "" for nothing.

    ``chosen`` says that a person chose them: then only what is known speaks against it.
    """
    if _of_two_patients(one, other):
        return "These are images of two patients. Choose two of one lesion."
    if chosen or one.id == other.id or (one.group and one.group == other.group) or _alike(one.name, other.name):
        return ""
    return "Nothing tells that both images are of one patient. Choose the two visits above."


def _of_two_patients(one: ImageRecord, other: ImageRecord) -> bool:
    return one.group != other.group and one.group.startswith(PATIENT) and other.group.startswith(PATIENT)


def _alike(one: str, other: str) -> int:
    """By how many words two files' names begin alike; dates and numbers count for nothing."""
    both = [[word for word in _WORD.findall(Path(name).stem.casefold()) if not word.isdigit()] for name in (one, other)]
    return next(
        (at for at, (first, second) in enumerate(zip(*both, strict=False)) if first != second), min(map(len, both))
    )


def both_scales(earlier: Visit, later: Visit) -> tuple[float | None, float | None]:
    """How large a pixel is at each visit; None for both unless both are known: only like is compared with like."""
    one, other = earlier.calibration.mm_per_px, later.calibration.mm_per_px
    return (None, None) if one is None or other is None else (one, other)


def caution(earlier: Visit, later: Visit) -> str:
    """What speaks against comparing sizes, as a sentence; "" for nothing."""
    missing = [
        which
        for which, visit in (("earlier", earlier), ("later", later))
        if visit.calibration.mm_per_px is None
    ]  # fmt: skip
    if missing:
        which = "either image" if len(missing) == 2 else f"the {missing[0]} image"
        return (
            f"No scale is set for {which}: sizes are in pixels, and a change may be one of the camera's distance "
            "and not of the lesion."
        )
    if "project" in (earlier.calibration.source, later.calibration.source):
        return "The project's scale is used: a change is true only if both were taken with the same device and zoom."
    return ""


def change(quantity: Quantity, earlier: Visit, later: Visit, segment_id: int) -> Change | None:
    """How a quantity of a segment changed; None where one of the images does not show the segment."""
    before, after = earlier.row(segment_id), later.row(segment_id)
    if before is None or after is None or quantity.key not in before.values or quantity.key not in after.values:
        return None
    scales = both_scales(earlier, later)
    (unit, by_before), (_, by_after) = (unit_of(quantity, scale) for scale in scales)
    one, other = before.values[quantity.key] * by_before, after.values[quantity.key] * by_after

    def words(value: float) -> str:
        return f"{number(value, quantity, unit)} {unit}".strip()

    # What rounds to nothing has not become less.
    sign = "−" if other < one and float(number(one - other, quantity, unit)) else "+"
    return Change(
        quantity.title,
        words(one),
        words(other),
        f"{sign}{words(abs(other - one))}",
        change_words(one, other),
        _overlap(quantity.key, before, by_before, after, by_after),
    )


def _overlap(key: str, before: Measured, by_before: float, after: Measured, by_after: float) -> bool:
    """Whether what the value may be by the model's doubt is partly the same at both visits."""
    if key not in before.low and key not in after.low:
        return False
    low, high = (side.get(key, before.values[key]) * by_before for side in (before.low, before.high))
    least, most = (side.get(key, after.values[key]) * by_after for side in (after.low, after.high))
    return low <= most and least <= high


class Visits:
    """Reads and measures two images of the open project, behind the window."""

    def __init__(
        self,
        scheduler: Scheduler,
        store: StoreThread,
        catalog: Catalog,
        table: Callable[[], SegmentTable],
        classes: Callable[[], tuple[ClassSpec, ...]],
        lesions: Callable[[], bool],
    ) -> None:
        self._background = Background(scheduler, give_way)
        self._store, self._catalog = store, catalog
        self._table, self._classes, self._lesions = table, classes, lesions
        self._asked = 0

    def look(self, earlier: int, later: int, done: Callable[[tuple[Visit, Visit] | str], None]) -> None:
        """Give ``done`` both visits, or a sentence that says why not; a later question takes this one's place."""
        self._asked += 1
        asked = self._asked
        images = [(id_, self._catalog.veils(self._catalog.record(id_))) for id_ in (earlier, later)]

        def read(project: Project) -> tuple[Stored, Stored]:
            scales, usual = project.scales.load(), project.settings.get_number(MM_PER_PX)
            one, other = (read_stored(project, id_, 0, {}, scales, usual, veiled) for id_, veiled in images)
            return one, other

        def measure(stored: tuple[Stored, Stored]) -> None:
            if asked == self._asked:
                segments, lesions = measured_segments(self._table(), self._classes()), self._lesions()

                def compute() -> tuple[Visit, Visit] | str:
                    try:
                        one, other = (_visit(half, measure_stored(half, segments, lesions)) for half in stored)
                    except UserError as error:
                        return str(error)
                    return one, other

                self._background.ask(compute, done, lambda error: done(in_words(error)))

        self._store.run(read, measure, lambda error: done(in_words(error)) if asked == self._asked else None)

    def forget(self) -> None:
        """Nobody waits any more."""
        self._asked += 1
        self._background.forget()

    def close(self) -> None:
        """Forget it; returns when the thread is gone."""
        self._asked += 1
        self._background.close()


def _visit(stored: Stored, measured: tuple[Document, tuple[Measured, ...]]) -> Visit:
    return Visit(stored.record.name, *measured, stored.calibration)
