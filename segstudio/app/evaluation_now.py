"""A project's model as it is now, judged by approved images that it has not learned from."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from segstudio.app.evaluation import Cancelled, Plan, Progress
from segstudio.app.evaluation_models import Foretell
from segstudio.app.evaluation_plans import APPROVED_SIDES, Ask, project_case
from segstudio.app.round_writer import class_ids, stored_mask
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.evaluation import Ids
from segstudio.domain.rounds import STARTER_ROUND
from segstudio.domain.segments import ClassSpec, SegmentTable, void_ids
from segstudio.formats.compare import without
from segstudio.imaging.mask_png import decode_mask
from segstudio.store.project_db import Project

NOTHING_NEW = "The model has learned from every approved image, so none is left to judge it by. Approve a few more."


def not_learned_from(records: Sequence[ImageRecord], in_use: int) -> list[ImageRecord]:
    """Approved images that the model of round ``in_use`` has not learned from: those held out; of a starter, all."""
    approved = (record for record in records if record.state is ImageState.APPROVED and record.problem is None)
    return [record for record in approved if in_use == STARTER_ROUND or record.held_out]


def now_plan(
    ask: Ask[Ids],
    records: Sequence[ImageRecord],
    classes: tuple[ClassSpec, ...],
    table: SegmentTable,
    weights: Path,
    foretell: Foretell,
    *,
    groups: Mapping[int, Mapping[str, str]],
    numbers: Mapping[int, int],
    progress: Progress = lambda _done, _total: None,
    cancelled: Cancelled = lambda: False,
) -> Plan:
    """What ``weights`` say of ``records``, which ``foretell`` asks first, against their approved masks.

    ``ask``, ``groups`` and ``numbers`` are as for ``project_plan``. Raises ``UserError`` if there are no records or the
    worker ends, ``Stopped`` if cancelled. The plan's ``close`` removes the masks that were made.
    """
    if not records:
        raise UserError(NOTHING_NEW)
    folder = Path(tempfile.mkdtemp(prefix="segstudio-"))
    try:
        answers = foretell(weights, [record.path for record in records], folder, progress, cancelled)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    void = void_ids(classes)
    cases = tuple(
        project_case(record, _reads(ask, record, answers[record.path], table, void), groups, numbers)
        for record in records
    )
    named = {spec.id: spec.name for spec in classes}
    return Plan(*APPROVED_SIDES, cases, named, close=lambda: shutil.rmtree(folder, True))


def _reads(
    ask: Ask[Ids], record: ImageRecord, answer: Path | UserError, table: SegmentTable, void: Sequence[int]
) -> Callable[[], tuple[Ids, ...]]:
    def approved_mask(project: Project) -> Ids:
        return class_ids(stored_mask(project, record, vouched_only=False), table)

    def read() -> tuple[Ids, ...]:
        if isinstance(answer, UserError):
            raise answer
        approved, said = ask(approved_mask), decode_mask(answer.read_bytes())
        if approved.shape != said.shape:
            raise UserError(f"{record.name} is not of the size any more that its mask was made for.")
        return tuple(without((approved, said), void))

    return read
