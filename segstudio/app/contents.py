"""What a project holds when it is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from segstudio.app.model_choice import KeptModel
from segstudio.app.reading_rows import read_rows, read_settings, shown_before
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

_CALLED = {MM_PER_PX: "millimetres a pixel", "upright": "images have an up and a down", "exported": "files exported"}
"""What settings are called where their own name says it badly."""


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
    damaged: str = ""
    """A sentence on what of the project's settings is damaged, "" for nothing."""

    @property
    def in_use(self) -> int | None:
        """The round of the weights."""
        return None if self.weights is None else self.weights[0]


def read_contents(project: Project, reader: str | None = None) -> Contents:
    """Read all of it that ``reader`` may see, in one call; on the store thread. None is nobody in particular."""
    review = read_settings(project)
    rows = read_rows(project, reader, review)
    contents = Contents(
        project.folder,
        project.name,
        project.classes(),
        project.segment_table(),
        rows.seen,
        project.rounds.list_rounds(),
        project.rounds.weights_in_use(),
        _whole(project.settings.get_setting("last_image")),
        bool(project.settings.get_setting("upright", False)),
        KeptModel.of(project),
        project.settings.get_number(MM_PER_PX),
        _order(project.settings.get_setting(ORDER)),
        project.scales.load(),
        None if (lesions := project.settings.get_setting(LESIONS)) is None else bool(lesions),
        KeptStarter.of(project),
        hidden=rows.hidden,
        review=review,
        reader=reader or "",
        readers=project.readings.readers(),
        left_import=project.left_import,
        departed=project.learned.departed(),
        unveiled=project.readings.unveiled() | shown_before(project),
    )
    return replace(contents, damaged=_damaged_words(project))


def _whole(kept: object) -> int | None:
    return kept if isinstance(kept, int) else None


def _damaged_words(project: Project) -> str:
    """What is damaged, and what is there in its place; "" for nothing."""
    told = [key for key, known in project.settings.damaged.items() if known]
    lost = [key for key, known in project.settings.damaged.items() if not known]
    parts = []
    if told:
        parts.append(f"{_listed(told)} as the audit trail tells")
    if lost:
        parts.append(f"{_listed(lost)} as in a new project")
    if project.colourless:
        parts.append(f"the colour of {', '.join(sorted(project.colourless))} as is usual")
    if not parts:
        return ""
    with_ = " and ".join(parts)
    return f"Settings of this project are damaged, so it is opened with {with_}: check them. No mask is lost."


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(f"“{_CALLED.get(key, key.replace('_', ' '))}”" for key in keys)


def _order(kept: object) -> Order:
    """What a newer program kept may be unknown here: then it is the list's."""
    return next((order for order in ORDERS if order == kept), "list")
