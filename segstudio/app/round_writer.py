"""Writes a round's folder: exactly what humans vouched for, and nothing else."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.counting import those
from segstudio.domain.errors import DamagedError, UserError
from segstudio.domain.input_size import ImageMeasure, measure_image
from segstudio.domain.plane import UNSET, Plane
from segstudio.domain.segments import SegmentTable, looked_up
from segstudio.imaging.mask_png import encode_mask
from segstudio.protocol.round_folder import IGNORE, MASKS, TrainingImage
from segstudio.store.project_db import Project

_NAMED = 3
"""Images that a sentence names."""


class LostMaskError(UserError):
    """The mask of one image is damaged in the project, and nothing there tells what it was; the others are whole."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The mask of {name} is damaged in the project, so it was left out. If you have a backup of the project's "
            "folder, look there for it."
        )
        self.name = name


def stored_mask(project: Project, record: ImageRecord, vouched_only: bool) -> NDArray[np.uint16]:
    """The mask of an image as the project holds it, (height, width) uint16 segment ids.

    With ``vouched_only`` pixels that no human vouched for are ``UNSET``: all that were not painted, unless the image
    is approved. Otherwise they show the prediction, or background without one. Where what was painted is damaged it is
    put together from its edits, or it is the approved version; raises ``LostMaskError`` where neither can be had.
    """
    try:
        return _stored_mask(project, record, vouched_only)
    except DamagedError as error:
        with contextlib.suppress(DamagedError):
            if project.salvage.mend_correction(record.id):
                return _stored_mask(project, record, vouched_only)
        raise LostMaskError(record.name) from error


def _stored_mask(project: Project, record: ImageRecord, vouched_only: bool) -> NDArray[np.uint16]:
    if not vouched_only or record.state is ImageState.APPROVED:
        return project.versions.shown(record.id)
    correction = Plane(record.height, record.width)
    correction.put_tiles(project.masks.load_correction(record.id))
    return correction.to_array()


def class_ids(segments: NDArray[np.uint16], table: SegmentTable, void: Sequence[int] = ()) -> NDArray[np.uint16]:
    """Segment ids to class ids, (height, width) uint16; ``UNSET`` and classes in ``void`` become ``IGNORE``."""
    lut = table.class_lut()
    lut[np.isin(lut, list(void))] = IGNORE
    lut[UNSET] = IGNORE
    return looked_up(lut, segments)


def from_version_words(count: int) -> str:
    """A sentence to follow another, on approved masks that are damaged; "" for none."""
    if not count:
        return ""
    return f" {those(count, 'mask', ('is', 'are'))} damaged in the project, so the approved version was taken."


def left_out_words(names: Sequence[str]) -> str:
    """A sentence to follow another, on images whose masks are lost; "" for none."""
    if not names:
        return ""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    went, masks = ("was", "its mask is") if len(names) == 1 else ("were", "their masks are")
    which = ", ".join(names[:_NAMED]) + more
    return f" {which} {went} left out, since {masks} damaged in the project: if you have a backup of it, look there."


def out_of_reach_words(count: int) -> str:
    """A sentence to follow another, on approved images whose files can't be read; "" for none."""
    if not count:
        return ""
    it = "it" if count == 1 else "them"
    left_out = those(count, "approved image", ("is", "are"))
    return f" {left_out} left out, since the image file is gone or can't be read: find {it}, then train again."


@dataclass(frozen=True, slots=True)
class Written:
    """An image of a round, and what of its size matters; None unless it is approved and trained on.

    ``from_version`` says that its mask is damaged, so that the approved version was taken.
    """

    image: TrainingImage
    measure: ImageMeasure | None
    from_version: bool = False


def write_training_image(
    project: Project,
    folder: Path,
    record: ImageRecord,
    table: SegmentTable,
    parent: Path | None = None,
    void: Sequence[int] = (),
) -> Written:
    """Write one image's mask into a round's folder; ``parent`` is that of the round it goes on from.

    Nobody vouches for classes in ``void``.
    """
    mask = class_ids(stored_mask(project, record, vouched_only=True), table, void)
    path = folder / MASKS / f"{record.id}.png"
    path.parent.mkdir(exist_ok=True)
    content = encode_mask(mask)
    path.write_bytes(content)
    role = "held_out" if record.held_out else "train"
    fresh, added = (False, False) if parent is None else _news(parent / MASKS / path.name, content)
    made_on = record.fingerprint, record.perceptual
    mask_file = f"{MASKS}/{record.id}.png"
    image = TrainingImage(record.id, str(record.path), mask_file, role, fresh, added, *made_on)  # type: ignore[arg-type]
    whole = record.state is ImageState.APPROVED and role == "train"
    measure = measure_image(mask, leave_out=(IGNORE,)) if whole else None
    return Written(image, measure, record.id in project.versions.stood_in)


def write_if_of_use(
    project: Project,
    folder: Path,
    record: ImageRecord,
    table: SegmentTable,
    parent: Path | None,
    void: tuple[int, ...],
) -> Written | None:
    """Write one image as ``write_training_image`` does.

    None for one that is of no use: never opened, rejected meanwhile, or held out and not approved as stored. Of one
    that is held out all has to be vouched for, or a score would be of what somebody happened to paint.
    """
    if record.width == 0:
        return None
    # The window knows first what is held out: its approval may still wait to be saved.
    stored = replace(project.images.image(record.id), held_out=record.held_out)
    if stored.rejected is not None or (stored.held_out and stored.state is not ImageState.APPROVED):
        return None
    return write_training_image(project, folder, stored, table, parent, void)


def _news(mask: Path, content: bytes) -> tuple[bool, bool]:
    """Whether a round before was given not just this mask, and whether it was given none of this image.

    Nobody can tell any more where its masks were deleted.
    """
    try:
        return mask.read_bytes() != content, False
    except OSError:
        added = os.path.isdir(mask.parent)
        return added, added
