"""An export: which masks go where, in which format. What takes a ``Project`` runs on the store thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.app.export_before import Before
from segstudio.app.export_claim import check_still_free, write_own
from segstudio.app.opening import misfit, other_picture
from segstudio.app.round_writer import class_ids, stored_mask
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.segments import ClassSpec, SegmentTable
from segstudio.formats.export_formats import PLAIN
from segstudio.formats.mask_formats import Encoded, Entry, MaskFormat, MaskToWrite
from segstudio.formats.own_names import folded, own_stems
from segstudio.formats.png import mask_bytes
from segstudio.formats.writing import write_whole
from segstudio.imaging.reader import read_orientation, read_size
from segstudio.store.images import is_one_file, same_file
from segstudio.store.project_db import Project


def exportable(records: list[ImageRecord], only_approved: bool) -> list[ImageRecord]:
    """Images that have a mask to export; those that were rejected have none."""
    wanted = (ImageState.APPROVED,) if only_approved else tuple(s for s in ImageState if s is not ImageState.NEW)
    return [record for record in records if record.state in wanted and record.width and record.rejected is None]


def export_stems(images: Sequence[Path]) -> list[str]:
    """What the mask of each image is called: as ``own_stems`` has it, so that it finds back to its image.

    Those that even their folders don't tell apart are numbered, and ``pairs`` pairs them with nothing. Give all
    images, also where some are not exported: a name must not be that of another.
    """
    own = own_stems(images)
    taken = {folded(stem) for stem in own if stem is not None}
    stems = []
    for image, stem in zip(images, own, strict=True):
        unique, number = stem or image.stem, 1
        while stem is None and folded(unique) in taken:
            number += 1
            unique = f"{image.stem}_{number}"
        taken.add(folded(unique))
        stems.append(unique)
    return stems


def export_paths(folder: Path, images: Sequence[Path]) -> list[Path]:
    """Where the mask of each image goes, as PNG; see ``export_stems``."""
    return [folder / f"{stem}.png" for stem in export_stems(images)]


def write_beside(
    path: Path, mask: NDArray[np.uint16], image: Path, classes: tuple[ClassSpec, ...], marked: bool = False
) -> None:
    """Write what ``bytes_beside`` makes. Raises ``UserError`` as it does, and if it cannot be written."""
    write_whole(path, bytes_beside(path, mask, image, classes, marked))


def bytes_beside(
    path: Path, mask: NDArray[np.uint16], image: Path, classes: tuple[ClassSpec, ...], marked: bool = False
) -> bytes:
    """The file of a mask of class ids for ``path``, lined up with ``image`` as stored; see ``mask_bytes``.

    Raises ``UserError`` if it would take the place of the image itself.
    """
    if is_one_file(image, path):
        raise UserError(f"{path} is the image itself and was left alone. Choose another folder for the masks.")
    return mask_bytes(mask, read_orientation(image), classes, marked)


@dataclass(frozen=True)
class Outgoing:
    """An image whose mask is to be written; see ``MaskToWrite``. ``from_version`` as for ``Written``."""

    record: ImageRecord
    stem: str
    file_name: str
    from_version: bool = False


@dataclass(frozen=True)
class ExportPlan:
    """What to export and where to; ``refused`` has a sentence for each image that is left out.

    ``identifiers`` says that what tells who an image is of may go along, ``only_approved`` that masks that nobody
    vouches for may not.
    """

    folder: Path
    format: MaskFormat
    outgoing: tuple[Outgoing, ...]
    refused: tuple[str, ...]
    identifiers: bool = False
    only_approved: bool = False

    @property
    def files(self) -> list[Path]:
        """All files that will be written."""
        own = (self.format.file_of(one.stem) for one in self.outgoing)
        return [self.folder / name for name in (*self.format.shared, *own) if name is not None]


def plan_export(
    folder: Path,
    records: Sequence[ImageRecord],
    only_approved: bool,
    format_: MaskFormat = PLAIN,
    veils: Callable[[ImageRecord], bool] = lambda _record: False,
    identifiers: bool = False,
) -> ExportPlan:
    """Look at what there is to export; nothing is written.

    Images that it ``veils``, whose reader may not see the model's mask yet, are refused.
    """
    stems = export_stems([record.path for record in records])
    names = _file_names([record.path for record in records])
    of_image = {r.id: Outgoing(r, stem, name) for r, stem, name in zip(records, stems, names, strict=True)}
    own = {same_file(path) for record in records for path in (record.path, record.truth) if path is not None}
    outgoing, refused = [], []
    for record in exportable(list(records), only_approved):
        if veils(record):
            refused.append(f"{record.name} was left out: its mask is to be drawn before the model's is seen.")
            continue
        file = format_.file_of(of_image[record.id].stem)
        if file is not None and same_file(folder / file) in own:
            where = folder / file
            refused.append(f"{where} is a file of the project and was left alone. Choose another folder for the masks.")
        else:
            outgoing.append(of_image[record.id])
    return ExportPlan(folder, format_, tuple(outgoing), tuple(refused), identifiers, only_approved)


def masks_words(count: int) -> str:
    """So many masks."""
    return f"{count:,} mask{'' if count == 1 else 's'}"


def not_approved_words(outgoing: Sequence[Outgoing]) -> str:
    """How many of the masks nobody vouches for, to follow the number of all; "" for none."""
    count = sum(one.record.state is not ImageState.APPROVED for one in outgoing)
    return f", {count:,} of them not approved" if count else ""


def left_over_words(count: int) -> str:
    """A sentence to follow another, on files of earlier exports in the same folder; "" for none."""
    if not count:
        return ""
    files = "1 file of an earlier export is" if count == 1 else f"{count:,} files of earlier exports are"
    return f" {files} still in that folder."


def export_one(
    project: Project, plan: ExportPlan, one: Outgoing, table: SegmentTable, classes: tuple[ClassSpec, ...]
) -> tuple[Entry, Outgoing]:
    """Write one mask, lined up with the image's file as stored, and remember it; gives the image as it was written.

    Raises ``UserError`` as ``mask_of`` and ``put_one`` do.
    """
    one, mask = mask_of(project, plan, one)
    return put_one(project, plan, one, encoded(plan, one, mask, table, classes))


def mask_of(project: Project, plan: ExportPlan, one: Outgoing) -> tuple[Outgoing, NDArray[np.uint16]]:
    """The image as it is now, and its mask: (height, width) uint16 segment ids.

    Raises ``UserError`` if the image was worked on since it was planned and may not go along any more, or can't be
    read.
    """
    record = _as_it_is_now(project, one.record, plan.only_approved)
    wrong = misfit(record, read_size(record.path)) or other_picture(record)
    if wrong:
        raise UserError(wrong)
    mask = stored_mask(project, record, vouched_only=False)
    return replace(one, record=record, from_version=record.id in project.versions.stood_in), mask


def encoded(
    plan: ExportPlan, one: Outgoing, mask: NDArray[np.uint16], table: SegmentTable, classes: tuple[ClassSpec, ...]
) -> Encoded:
    """What the format makes of a mask of segment ids; on any thread but the store's, where strokes wait.

    Half a second where an image has 100 megapixels.
    """
    image = one.record.path
    to_write = MaskToWrite(
        one.record.id, one.stem, one.file_name, class_ids(mask, table), read_orientation(image), image
    )
    return plan.format.encode(to_write, classes)


def put_one(
    project: Project, plan: ExportPlan, one: Outgoing, made: Encoded, before: Before | None = None
) -> tuple[Entry, Outgoing]:
    """Write what was made of a mask; ``before`` keeps what was in its place.

    Raises ``UserError`` if it cannot be written, something else came to its place, or the image may not go along any
    more.
    """
    _as_it_is_now(project, one.record, plan.only_approved)
    file = plan.format.file_of(one.stem)
    contents = {} if file is None or made.content is None else {file: made.content}
    check_still_free(project, plan.folder, contents)
    if before is not None:
        before.keep(contents)
    write_own(project, plan.folder, contents)
    return made.entry, one


def _as_it_is_now(project: Project, planned: ImageRecord, only_approved: bool) -> ImageRecord:
    """The image whose mask is written now: strokes are saved while others are."""
    try:
        record = project.images.image(planned.id)
    except KeyError as error:
        raise UserError(f"{planned.name} was taken out of the project meanwhile and was left out.") from error
    if record.rejected is not None:
        raise UserError(f"{record.name} was rejected meanwhile and was left out.")
    if not exportable([record], only_approved):
        still = "is no longer approved" if only_approved else "has no mask any more"
        raise UserError(f"{record.name} was changed meanwhile, {still}, and was left out. Approve it and export again.")
    return record


def _file_names(paths: Sequence[Path]) -> list[str]:
    """What files call the images: their names, with the folders below the one that holds all of them."""
    try:
        root = os.path.commonpath([path.parent for path in paths])
    except ValueError:  # no image, or images on several drives
        return [path.name for path in paths]
    return [path.relative_to(root).as_posix() for path in paths]
