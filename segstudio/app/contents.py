"""What a project holds when it is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segstudio.app.model_choice import KeptModel
from segstudio.app.reading_rows import SHOWN_BEFORE, read_rows, read_settings
from segstudio.app.starters import NO_STARTER, KeptStarter
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.calibration import Calibration
from segstudio.domain.groups import Membership
from segstudio.domain.queue import ORDERS, Order
from segstudio.domain.review import ReviewSettings
from segstudio.domain.rounds import RoundRecord
from segstudio.domain.segments import ClassSpec, SegmentTable
from segstudio.store.project_db import Project

MM_PER_PX = "mm_per_px"
"""The setting of a project that says how large a pixel is."""

LESIONS = "lesion_measures"
"""The setting of a project that says whether segments are measured as lesions; without it their names tell."""

ORDER = "order"
"""The setting of a project that says which image comes after the one that was approved."""


@dataclass(frozen=True)
class Contents:
    """What a project holds when it is opened."""

    folder: Path
    name: str
    classes: tuple[ClassSpec, ...]
    table: SegmentTable
    records: list[ImageRecord]
    rounds: list[RoundRecord]
    weights: tuple[int, Path] | None
    last_image: int | None
    upright: bool
    model: KeptModel
    mm_per_px: float | None = None
    order: Order = "list"
    scales: Mapping[int, Calibration] = field(default_factory=dict)
    lesion_measures: bool | None = None
    starter: KeptStarter = NO_STARTER
    hidden: list[ImageRecord] = field(default_factory=list)
    review: ReviewSettings = field(default_factory=ReviewSettings)
    reader: str = ""
    readers: list[str] = field(default_factory=list)
    unveiled: set[int] = field(default_factory=set)
    left_import: bool = False
    departed: Sequence[Membership] = ()

    @property
    def in_use(self) -> int | None:
        """The round of the weights."""
        return None if self.weights is None else self.weights[0]


def read_contents(project: Project, reader: str | None = None) -> Contents:
    """Read all of it that ``reader`` may see, in one call; on the store thread. None is nobody in particular."""
    review = read_settings(project)
    rows = read_rows(project, reader, review)
    return Contents(
        project.folder,
        project.name,
        project.classes(),
        project.segment_table(),
        rows.seen,
        project.rounds.list_rounds(),
        project.rounds.weights_in_use(),
        project.settings.get_setting("last_image"),
        bool(project.settings.get_setting("upright", False)),
        KeptModel.of(project),
        project.settings.get_setting(MM_PER_PX),
        _order(project.settings.get_setting(ORDER)),
        project.scales.load(),
        project.settings.get_setting(LESIONS),
        KeptStarter.of(project),
        hidden=rows.hidden,
        review=review,
        reader=reader or "",
        readers=project.readings.readers(),
        left_import=project.left_import,
        departed=project.learned.departed(),
        unveiled=project.readings.unveiled() | set(project.settings.get_setting(SHOWN_BEFORE, [])),
    )


def _order(kept: object) -> Order:
    """What a newer program kept may be unknown here: then it is the list's."""
    return next((order for order in ORDERS if order == kept), "list")
