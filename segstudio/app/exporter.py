"""Writes masks out, one image at a time on the store thread, so that strokes are saved in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.export_claim import claim
from segstudio.app.opening import misfit
from segstudio.app.round_writer import class_ids, stored_mask
from segstudio.app.saver import SaveStatus
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.segments import ClassSpec, SegmentTable
from segstudio.formats.png import write_mask
from segstudio.imaging.reader import read_orientation, read_size
from segstudio.store.images import same_file
from segstudio.store.project_db import Project


def exportable(records: list[ImageRecord], only_approved: bool) -> list[ImageRecord]:
    """Images that have a mask to export; those that were rejected have none."""
    wanted = (ImageState.APPROVED,) if only_approved else tuple(s for s in ImageState if s is not ImageState.NEW)
    return [record for record in records if record.state in wanted and record.width and record.rejected is None]


def export_paths(folder: Path, names: Sequence[str]) -> list[Path]:
    """Where the mask of each image goes: the image's stem, numbered where two images share it.

    Give the names of all images, also where some are not exported: a number must stand for one image for ever.
    """
    taken: set[str] = set()
    paths = []
    for name in names:
        stem, number = Path(name).stem, 1
        unique = stem
        while unique.casefold() in taken:
            number += 1
            unique = f"{stem}_{number}"
        taken.add(unique.casefold())
        paths.append(folder / f"{unique}.png")
    return paths


def write_beside(
    path: Path, mask: NDArray[np.uint16], image: Path, classes: tuple[ClassSpec, ...], marked: bool = False
) -> None:
    """Write a mask of class ids to ``path``, lined up with ``image`` as stored; ``marked`` as for ``write_mask``.

    Raises ``UserError`` if it cannot be written or would take the place of the image itself.
    """
    if image.resolve() == path.resolve():
        raise UserError(f"{path} is the image itself and was left alone. Choose another folder for the masks.")
    write_mask(path, mask, read_orientation(image), classes, marked)


def export_one(
    project: Project, record: ImageRecord, path: Path, table: SegmentTable, classes: tuple[ClassSpec, ...]
) -> None:
    """Write one mask, lined up with the image's file as stored. Raises ``UserError`` if it cannot be written."""
    wrong = misfit(record, read_size(record.path))
    if wrong:
        raise UserError(wrong)
    mask = class_ids(stored_mask(project, record, vouched_only=False), table)
    write_beside(path, mask, record.path, classes)


def targets(
    folder: Path, records: Sequence[ImageRecord], only_approved: bool
) -> tuple[list[tuple[ImageRecord, Path]], list[str]]:
    """What to export and where to; and a sentence for each mask that would take the place of a file of the project."""
    paths = dict(zip((r.id for r in records), export_paths(folder, [r.name for r in records]), strict=True))
    own = {same_file(path) for record in records for path in (record.path, record.truth) if path is not None}
    wanted, refused = [], []
    for record in exportable(list(records), only_approved):
        path = paths[record.id]
        if same_file(path) in own:
            refused.append(f"{path} is a file of the project and was left alone. Choose another folder for the masks.")
        else:
            wanted.append((record, path))
    return wanted, refused


class Exporter:
    """One export at a time; ends with a sentence."""

    def __init__(
        self,
        store: StoreThread,
        catalog: Catalog,
        table: Callable[[], SegmentTable],
        classes: tuple[ClassSpec, ...],
        announce: Callable[[Changes], None],
        save_status: Callable[[], SaveStatus],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._table = table
        self._classes = classes
        self._announce = announce
        self._save_status = save_status
        self._waiting: list[tuple[ImageRecord, Path]] = []
        self._folder = Path()
        self._total = 0
        self._troubles: list[str] = []
        self.progress = ""

    @property
    def busy(self) -> bool:
        """True until the last mask is written."""
        return bool(self.progress)

    def export_masks(self, folder: Path, only_approved: bool) -> None:
        """Write a PNG for each image into ``folder``: 0/255 for one class, indexed for several."""
        if self.busy:
            return
        if self._save_status().state == "failed":
            sentence = (
                f"Nothing was exported, because your last changes are not saved yet. {self._save_status().sentence}"
            )
            self._announce(Changes(message=Message(sentence, "trouble", key="export")))
            return
        self._waiting, self._troubles = targets(folder, self._catalog.records, only_approved)
        self._folder, self._total = folder, len(self._waiting) + len(self._troubles)
        if not self._total:
            what = "approved yet" if only_approved else "there to export yet"
            self._announce(Changes(message=Message(f"No mask is {what}.", key="export")))
            return
        self.progress = "Exporting"
        paths = [path for _, path in self._waiting]
        self._store.run(lambda project: claim(project, folder, paths), lambda _none: self._next(), self._refuse)

    def _refuse(self, error: Exception) -> None:
        self.progress = ""
        self._announce(Changes(message=Message(in_words(error), "trouble", key="export")))

    def _next(self) -> None:
        if not self._waiting:
            self.progress = ""
            self._announce(Changes(message=self._closing_message()))
            return
        self.progress = f"Exporting {self._total - len(self._waiting) + 1} of {self._total}"
        self._announce(Changes(saving=True))
        (record, path), table = self._waiting.pop(0), self._table()

        def failed(error: Exception) -> None:
            self._troubles.append(in_words(error))
            self._next()

        self._store.run(
            lambda project: export_one(project, project.images.image(record.id), path, table, self._classes),
            lambda _none: self._next(),
            failed,
        )

    def _closing_message(self) -> Message:
        done = f"{self._total - len(self._troubles)} masks exported to {self._folder}"
        if self._troubles:
            sentence = f"{done}; {len(self._troubles)} could not be: {self._troubles[0]}"
            return Message(sentence, "trouble", key="export")
        return Message(f"{done}.", key="export")
