"""What one reader may see of a project's images: the one place where it is decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from segstudio.domain.annotation import ImageRecord
from segstudio.domain.review import ReviewSettings, is_chosen, reads_apart
from segstudio.store.project_db import Project
from segstudio.store.readings import Pair

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


def read_rows(project: Project, reader: str | None, settings: ReviewSettings) -> Rows:
    """The rows that ``reader`` works on, made where they were missing; on the store thread.

    None is nobody: for the command line, which reads the images themselves.
    """
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


def with_second(record: ImageRecord, settings: ReviewSettings, done: Collection[int]) -> ImageRecord:
    """The record with what is known of its second reading; ``done`` are the images that two have read."""
    if not is_chosen(record.origin, settings.second_share, "second reader"):
        return replace(record, second="")
    return replace(record, second="done" if record.origin in done else "wanted")


def _second_reader(pairs: Mapping[int, Pair], image_id: int) -> str | None:
    return pairs[image_id].second.reader if image_id in pairs else None


def _as_row(own: ImageRecord, image: ImageRecord) -> ImageRecord:
    """A reader's own row, in the place of the image: what the image is comes from it, what was done on it does not."""
    return replace(
        own,
        position=image.position,
        path=image.path,
        name=image.name,
        truth=image.truth,
        problem=image.problem,
        group=image.group,
    )
