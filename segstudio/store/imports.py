"""Data sets that were taken into the project: each is one step that can be undone until somebody works on it.

The rows of an import come in slices, so that strokes are saved in between, and are seen only once it is finished. One
that was broken off, by its user or by a killed process, is taken away again.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segstudio.domain.annotation import ImageState
from segstudio.domain.calibration import size_of_pixel
from segstudio.domain.plane import TileKey
from segstudio.store.audit import Trail
from segstudio.store.database import Database
from segstudio.store.images import Images, NewImage, add_rows
from segstudio.store.inside import is_within
from segstudio.store.learned import remember_departed
from segstudio.store.masks import put_packed
from segstudio.store.paths import PathWriter, from_db, to_db

IMPORTED = "imported"
"""Folder of the project with what imports had to write: a folder an import, by its number."""

_WORKED_ON = """SELECT 1 FROM imported JOIN images ON images.id = image_id WHERE import_id = ? AND (
    EXISTS (SELECT 1 FROM edits WHERE edits.image_id = images.id)
    OR EXISTS (SELECT 1 FROM readings WHERE readings.image_id = images.id AND kind != 'first')
    OR EXISTS (SELECT 1 FROM images AS other WHERE other.reading_of = images.id)
    OR EXISTS (SELECT 1 FROM image_scales WHERE image_scales.image_id = images.id AND source != 'dicom')
    OR images.rejected IS NOT NULL
    OR (images.state != imported.state AND NOT (images.state = 'predicted' AND imported.state = 'new')))"""


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """An import: what was imported from where, and how many images of it are in the project."""

    id: int
    layout: str
    folder: Path
    images: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """What was read of an image that is being imported; ``tiles`` are of a mask to approve, None without one.

    ``truth`` is a file to compare with, which the import wrote; ``mm_per_px`` how large its file says that a pixel is.
    """

    image_id: int
    width: int = 0
    height: int = 0
    fingerprint: str = ""
    perceptual: int | None = None
    tiles: Mapping[TileKey, bytes] | None = None
    truth: Path | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    mm_per_px: float | None = None


class Imports:
    """Methods raise ``UserError`` for a failing disk; each is one transaction."""

    def __init__(
        self, database: Database, folder: Path, images: Images, trail: Trail, approve: Callable[[int], object]
    ) -> None:
        self._database = database
        self._trail = trail
        self._approve = approve
        self._folder = folder
        self._images = images

    def begin(self, layout: str, folder: Path) -> int:
        """A new import; nothing of it is seen until ``finish``."""
        with self._database.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO imports (layout, folder) VALUES (?, ?)", (layout, to_db(str(folder)))
            )
        return int(cursor.lastrowid or 0)

    def folder_of(self, import_id: int) -> Path:
        """Where the import may write; not made yet."""
        return self._folder / IMPORTED / str(import_id)

    def add(self, import_id: int, items: Sequence[NewImage]) -> list[int | None]:
        """Rows for the images, behind all others; their ids, None for files that the project has already."""
        there = self._images.list_images()
        with self._database.writing() as connection:
            ids = add_rows(connection, self._folder, there, items)
            connection.executemany(
                "INSERT INTO imported VALUES (?, ?, 'new')", [(id_, import_id) for id_ in ids if id_ is not None]
            )
        return ids

    def put(self, arrivals: Sequence[Arrival]) -> None:
        """What was read of some of the images."""
        writer = PathWriter(self._folder)
        with self._database.writing() as connection:
            for one in arrivals:
                _put(connection, one, writer)

    def discard(self, image_ids: Sequence[int]) -> None:
        """Take images away of which nothing could be read."""
        with self._database.writing() as connection:
            connection.executemany("DELETE FROM images WHERE id = ?", [(id_,) for id_ in image_ids])

    def approve(self, held_out: Mapping[int, bool]) -> None:
        """Approve some of the images; of each it says whether it is held out. Some ten milliseconds an image."""
        approved = ImageState.APPROVED.value
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE images SET state = ?, held_out = COALESCE(held_out, ?), approved_at = 0 WHERE id = ?",
                [(approved, int(side), id_) for id_, side in held_out.items()],
            )
            for image_id in held_out:
                self._approve(image_id)

    def finish(self, import_id: int) -> None:
        """Let the images be seen."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE imported SET state = (SELECT state FROM images WHERE images.id = image_id) WHERE import_id = ?",
                (import_id,),
            )
            connection.execute("UPDATE imports SET finished = 1 WHERE id = ?", (import_id,))
            layout, folder = connection.execute(
                "SELECT layout, folder FROM imports WHERE id = ?", (import_id,)
            ).fetchone()
            images = self.image_ids(import_id)
            what = {"layout": layout, "folder": from_db(folder), "count": len(images)}
            self._trail.note("data set imported", **what, first=min(images, default=0), last=max(images, default=0))

    def image_ids(self, import_id: int) -> list[int]:
        """The images that came with it and are still there."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT image_id FROM imported WHERE import_id = ?", (import_id,)).fetchall()
        return [row[0] for row in rows]

    def latest(self) -> ImportRecord | None:
        """The import that was finished last and of which something is left."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT imports.id, layout, folder, COUNT(*) FROM imports JOIN imported ON import_id = imports.id "
                "WHERE finished GROUP BY imports.id ORDER BY imports.id DESC LIMIT 1"
            ).fetchone()
        return None if row is None else ImportRecord(row[0], row[1], Path(from_db(row[2])), row[3])

    def is_worked_on(self, import_id: int) -> bool:
        """Whether anybody painted on one of its images, approved one, or took an approval back."""
        with self._database.reading() as connection:
            return connection.execute(f"{_WORKED_ON} LIMIT 1", (import_id,)).fetchone() is not None

    def undo(self, import_id: int) -> bool:
        """Take all of a finished import away; False, and nothing is changed, if it was worked on meanwhile."""
        with self._database.writing() as connection:
            if connection.execute(f"{_WORKED_ON} LIMIT 1", (import_id,)).fetchone() is not None:
                return False
            self._trail.note("import undone", images=self.image_ids(import_id))
            _remove(connection, import_id)
        self._clear(import_id)
        return True

    def settle(self, import_id: int) -> None:
        """From now on the images of a finished import are the project's like all others: it can't be undone."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM imports WHERE id = ? AND finished", (import_id,))

    def drop(self, import_id: int) -> None:
        """Take an import away that was not finished."""
        with self._database.writing() as connection:
            # The trail tells of each approval: without a word on what became of it, the image would be missed for ever.
            if approved := self._approved(import_id):
                self._trail.note("import undone", images=approved)
            _remove(connection, import_id, "AND NOT finished")
        self._clear(import_id)

    def _approved(self, import_id: int) -> list[int]:
        """The images of an import that was not finished that are approved already."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT images.id FROM images JOIN imported ON image_id = images.id "
                "JOIN imports ON import_id = imports.id WHERE imports.id = ? AND NOT finished AND images.state = ?",
                (import_id, ImageState.APPROVED.value),
            ).fetchall()
        return [row[0] for row in rows]

    def sweep(self) -> bool:
        """Take away what a killed process left of imports; whether it left anything."""
        with self._database.reading() as connection:
            unfinished = [row[0] for row in connection.execute("SELECT id FROM imports WHERE NOT finished")]
        for import_id in unfinished:
            self.drop(import_id)
        return bool(unfinished)

    def places(self) -> Iterator[Path]:
        """Folders that imports write to and delete, as far as there are any."""
        imported = self._folder / IMPORTED
        yield imported
        yield from imported.glob("*/")

    def _clear(self, import_id: int) -> None:
        folder = self.folder_of(import_id)
        if is_within(folder, self._folder):
            shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            (self._folder / IMPORTED).rmdir()


def _put(connection: sqlite3.Connection, one: Arrival, writer: PathWriter) -> None:
    connection.execute(
        "UPDATE images SET width = ?, height = ?, fingerprint = ?, perceptual_hash = ? WHERE id = ?",
        (one.width, one.height, one.fingerprint, one.perceptual, one.image_id),
    )
    if one.tiles is not None:
        put_packed(connection, one.image_id, one.tiles)
    if one.truth is not None:
        connection.execute(
            "UPDATE images SET truth_relative_path = ?, truth_absolute_path = ? WHERE id = ?",
            (*writer.columns(one.truth), one.image_id),
        )
    if one.mm_per_px is not None:
        connection.execute(
            "INSERT OR REPLACE INTO image_scales VALUES (?, ?, 'dicom')", (one.image_id, size_of_pixel(one.mm_per_px))
        )
    connection.executemany(
        "INSERT OR REPLACE INTO attributes VALUES (?, ?, ?, ?)",
        [(one.image_id, position, name, value) for position, (name, value) in enumerate(one.attributes.items())],
    )


def _remove(connection: sqlite3.Connection, import_id: int, condition: str = "") -> None:
    owned = f"SELECT image_id FROM imported WHERE import_id = (SELECT id FROM imports WHERE id = ? {condition})"  # noqa: S608
    remember_departed(connection, [row[0] for row in connection.execute(owned, (import_id,)).fetchall()])
    connection.execute(f"DELETE FROM images WHERE id IN ({owned})", (import_id,))  # noqa: S608
    connection.execute(f"DELETE FROM imports WHERE id = ? {condition}", (import_id,))  # noqa: S608
