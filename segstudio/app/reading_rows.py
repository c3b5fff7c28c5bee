"""What one reader may see of a project's images: the one place where it is decided."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from segstudio.app.round_writer import stored_mask
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.review import ReviewSettings, is_chosen, is_unowned, reads_apart
from segstudio.imaging.mask_png import encode_mask
from segstudio.store.project_db import Project
from segstudio.store.readings import Pair, Reading

REVIEW = "review"
"""The setting of a project that says how it is reviewed."""

SHOWN_BEFORE = "shown_before"
"""The setting of a project that names rows on which work had begun before the model's mask was first to be hidden."""


@dataclass(frozen=True)
class Rows:
    """``seen`` are the reader's rows in order; ``hidden`` the images that some of them are readings of."""

    seen: list[ImageRecord]
    hidden: list[ImageRecord]


def read_settings(project: Project) -> ReviewSettings:
    """How the project is reviewed; on the store thread."""
    return ReviewSettings.from_kept(project.settings.get_setting(REVIEW))


def shown_before(project: Project) -> set[int]:
    """The rows that ``SHOWN_BEFORE`` names; on the store thread."""
    kept = project.settings.get_setting(SHOWN_BEFORE, [])
    return {row_id for row_id in kept if isinstance(row_id, int)} if isinstance(kept, list) else set()


def read_rows(project: Project, reader: str | None, settings: ReviewSettings) -> Rows:
    """The rows that ``reader`` works on, made where they were missing; on the store thread.

    None is nobody: for the command line, which reads the images themselves.
    """
    if reader is not None:
        claim_unowned(project, reader, settings)
    images = project.images.list_images()
    if reader is None or not settings.second_share:
        return Rows(images, [])
    pairs = project.readings.pairs()
    apart = [r.id for r in images if reads_apart(r, reader, settings, _second_reader(pairs, r.id))]
    project.readings.open_rows(apart, reader, settings.second_sees_model)
    own = {row.origin: row for row in project.images.list_readings(reader)}
    hidden = set(apart)
    seen = [_as_row(own[r.id], r) if r.id in hidden else r for r in images]
    return Rows(
        [with_second(record, settings, pairs) for record in seen],
        [with_second(record, settings, pairs) for record in images if record.id in hidden],
    )


def claim_unowned(project: Project, reader: str, settings: ReviewSettings) -> None:
    """Make ``reader`` the first of images that two read and that somebody began on whose name was not kept.

    They were approved before readers had names, or came in as approved. On the store thread.
    """
    if not reader or not settings.second_share:
        return
    unowned = [r.id for r in project.images.list_images() if is_unowned(r, settings)]
    if unowned:
        with project.transaction():
            for row_id in unowned:
                project.readings.set_reader(row_id, reader)
            project.audit.note("readings without a name claimed", count=len(unowned), reader=reader)


def lacking_first(project: Project, settings: ReviewSettings) -> list[ImageRecord]:
    """Approved images that two read of which the first reading is not kept: they were approved before two were to
    read them. On the store thread."""
    if not settings.second_share:
        return []
    kept = {reading.row_id for reading in project.readings.list_readings() if reading.kind == "first"}
    return [
        r
        for r in project.images.list_images()
        if r.state is ImageState.APPROVED
        and r.reader
        and not r.adjudicator
        and r.width
        and r.id not in kept
        and is_chosen(r.id, settings.second_share, "second reader")
    ]


def keep_first(project: Project, row_id: int) -> None:
    """Keep the first reading of an image as it is approved now; on the store thread."""
    record = project.images.image(row_id)
    if record.state is ImageState.APPROVED:
        mask = stored_mask(project, record, vouched_only=False)
        reading = Reading(record.id, record.id, "first", record.reader, time.time(), record.seconds)
        project.readings.put(reading, encode_mask(mask), project.segment_table())


def with_second(record: ImageRecord, settings: ReviewSettings, done: Collection[int]) -> ImageRecord:
    """The record with what is known of its second reading; ``done`` are the images that two have read."""
    if not is_chosen(record.origin, settings.second_share, "second reader"):
        return replace(record, second="")
    return replace(record, second="done" if record.origin in done else "wanted")


def _second_reader(pairs: Mapping[int, Pair], image_id: int) -> str | None:
    return pairs[image_id].second.reader if image_id in pairs else None


def _as_row(own: ImageRecord, image: ImageRecord) -> ImageRecord:
    """A reader's own row, in the place of the image: what the image is comes from it, what was done on it does not.

    An older program may have put an approved row on another side than its image.
    """
    known = own.held_out is not None and image.held_out is not None
    return replace(
        own,
        position=image.position,
        path=image.path,
        name=image.name,
        truth=image.truth,
        problem=image.problem,
        group=image.group,
        held_out=image.held_out if known else own.held_out,
    )
