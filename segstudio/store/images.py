"""The images of a project: where their files are and how far each has come."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.groups import Membership, patient_group, video_groups
from segstudio.store.audit import Trail
from segstudio.store.database import Database
from segstudio.store.paths import PathFinder, PathWriter, readable
from segstudio.store.patients import secret_of

_SELECT = """SELECT id, position, relative_path, absolute_path, truth_relative_path, truth_absolute_path, state, width,
    height, fingerprint, held_out, prediction_round, problem, EXISTS (SELECT 1 FROM tiles WHERE image_id = images.id),
    COALESCE(split_group, ''), perceptual_hash, reader, rejected, adjudicator, reading_of, seconds FROM images"""

_MOVE = """UPDATE images SET relative_path = ?, absolute_path = ?, problem = NULL
    WHERE COALESCE(reading_of, id) = (SELECT COALESCE(reading_of, id) FROM images WHERE id = ?)"""
"""Moves an image with every reading of it, whichever of them is named."""

_SEEN = "id NOT IN (SELECT image_id FROM imported JOIN imports ON imports.id = import_id WHERE NOT finished)"
"""Images are nobody's business as long as their import is under way."""


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image to add; ``truth`` is a mask file to compare with, never trained on.

    Images of one ``patient`` are never on both sides of the split; without one the file's name may tell of a video.
    """

    path: Path
    truth: Path | None = None
    patient: str | None = None


class Images:
    """Rows of the table of images. Methods raise ``KeyError`` for an unknown id, ``UserError`` for a failing disk.

    ``on_approved`` is called with an image's id in the transaction that approves it.
    """

    def __init__(self, database: Database, folder: Path, on_approved: Callable[[int], object]) -> None:
        self._database = database
        self._folder = folder
        self._on_approved = on_approved
        self._trail = Trail(database)

    def add_images(self, items: Sequence[NewImage]) -> list[int]:
        """Add images behind those there are, in one transaction; returns the new ids in order.

        A file that the project already has, or that comes twice, is skipped.
        """
        there = self.list_images()
        with self._database.writing() as connection:
            ids = [image_id for image_id in add_rows(connection, self._folder, there, items) if image_id is not None]
            if ids:
                self._trail.note("images added", count=len(ids), first=ids[0], last=ids[-1])
        return ids

    def list_images(self) -> list[ImageRecord]:
        """All images in order; one whose file is gone says so in ``problem``. Other readers' readings are left out."""
        finder = PathFinder(self._folder)
        query = f"{_SELECT} WHERE reading_of IS NULL AND {_SEEN} ORDER BY position, id"
        with self._database.reading() as connection:
            return [_record(row, finder) for row in connection.execute(query).fetchall()]

    def list_readings(self, reader: str) -> list[ImageRecord]:
        """The rows on which ``reader`` works beside images that another began on."""
        finder = PathFinder(self._folder)
        query = f"{_SELECT} WHERE reading_of IS NOT NULL AND reader = ?"
        with self._database.reading() as connection:
            return [_record(row, finder) for row in connection.execute(query, (reader,)).fetchall()]

    def all_rows(self) -> list[ImageRecord]:
        """The images and every reader's readings of them, by id."""
        finder = PathFinder(self._folder)
        with self._database.reading() as connection:
            return [_record(row, finder) for row in connection.execute(f"{_SELECT} ORDER BY id").fetchall()]

    def image(self, image_id: int) -> ImageRecord:
        """One image."""
        with self._database.reading() as connection:
            row = connection.execute(f"{_SELECT} WHERE id = ?", (image_id,)).fetchone()
        if row is None:
            raise KeyError(image_id)
        return _record(row, PathFinder(self._folder))

    def name_groups(self) -> None:
        """Name the groups of images that an older program added, by what their files are called now."""
        with self._database.reading() as connection:
            query = "SELECT id FROM images WHERE split_group IS NULL AND reading_of IS NULL"
            unnamed = [row[0] for row in connection.execute(query).fetchall()]
        if not unnamed:
            return
        images = self.list_images()
        groups = video_groups([_name(image.path) for image in images], [image.group for image in images])
        named = {image.id: group for image, group in zip(images, groups, strict=True)}
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE images SET split_group = ? WHERE id = ?", [(named[id_], id_) for id_ in unnamed]
            )

    def memberships(self, import_id: int = 0) -> dict[int, Membership]:
        """Of each image, by id, what its side of the split hangs on; no file is looked at.

        Images of the import that is under way are among them if it has this id.
        """
        query = (
            "SELECT id, fingerprint, COALESCE(split_group, ''), perceptual_hash, held_out FROM images "  # noqa: S608
            f"WHERE reading_of IS NULL AND ({_SEEN} OR id IN (SELECT image_id FROM imported WHERE import_id = ?)) "
            "ORDER BY position, id"
        )
        with self._database.reading() as connection:
            rows = connection.execute(query, (import_id,)).fetchall()
        return {
            id_: Membership(fingerprint, group, perceptual, None if held_out is None else bool(held_out))
            for id_, fingerprint, group, perceptual, held_out in rows
        }

    def set_size(self, image_id: int, width: int, height: int, fingerprint: str, perceptual: int | None = None) -> None:
        """Keep what reading the file found: upright pixels, the hash of its content, and that of what it shows.

        What the model said of a file that was replaced since is forgotten.
        """
        with self._database.writing() as connection:
            query = "SELECT width, height, fingerprint FROM images WHERE id = ?"
            row = connection.execute(query, (image_id,)).fetchone()
            if row is None:
                raise KeyError(image_id)
            connection.execute(
                "UPDATE images SET width = ?, height = ?, fingerprint = ?, "
                "perceptual_hash = COALESCE(?, perceptual_hash) WHERE id = ?",
                (width, height, fingerprint, perceptual, image_id),
            )
            if row[2] not in ("", fingerprint) or (row[0] and row[:2] != (width, height)):
                forget_prediction(connection, image_id)
                self._trail.note("file replaced", image_id, before=row[2], now=fingerprint)

    def set_problem(self, image_id: int, sentence: str | None) -> None:
        """Keep why the image cannot be used; None when it can."""
        self._update(image_id, "problem = ?", None if sentence is None else readable(sentence))

    def approve(self, image_id: int, held_out: bool) -> None:
        """Approve the mask as it is; ``held_out`` counts the first time only and is fixed for ever from then on.

        It is fixed of the image itself: a row of another reader is on its side, or a model that learned from the one
        would be judged by the other.
        The history that ``Masks`` loads is marked at this state, until the image is reopened or gets another
        prediction.
        """
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE images SET held_out = COALESCE(held_out, ?) "
                "WHERE id = (SELECT COALESCE(reading_of, id) FROM images WHERE id = ?)",
                (int(held_out), image_id),
            )
            self._update(
                image_id,
                "state = ?, held_out = (SELECT image.held_out FROM images image "
                "WHERE image.id = COALESCE(images.reading_of, images.id)), approved_at = "
                "(SELECT COALESCE(MAX(edits.id), 0) FROM edits WHERE edits.image_id = images.id AND NOT edits.undone)",
                ImageState.APPROVED.value,
            )
            self._on_approved(image_id)

    def set_train_only(self, image_ids: Sequence[int]) -> None:
        """Fix for ever that these images are not held out, but for those of which it is decided already."""
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE images SET held_out = COALESCE(held_out, 0) WHERE id = ?", [(id_,) for id_ in image_ids]
            )

    def reopen(self, image_id: int) -> None:
        """Take an approval back; whether the image is held out stays."""
        with self._database.writing():
            self._update(
                image_id,
                "state = CASE state WHEN ? THEN ? ELSE state END, approved_at = NULL",
                ImageState.APPROVED.value,
                ImageState.IN_PROGRESS.value,
            )
            self._trail.note("approval taken back", image_id)

    def relocate(self, image_id: int, new_path: Path) -> None:
        """Say where an image's file is now, for all who read it; everything else stays, but for its problem."""
        with self._database.writing() as connection:
            cursor = connection.execute(_MOVE, (*PathWriter(self._folder).columns(new_path), image_id))
            if cursor.rowcount == 0:
                raise KeyError(image_id)
            self._trail.note("file moved", image_id, to=str(new_path))

    def relocate_folder(self, old_parent: Path, new_parent: Path) -> int:
        """Say that a folder, with the folders in it, moved. Returns how many images were found in the new place.

        An image whose file is not in the new place stays where it was, and so does one whose file is still in the old
        one: files of one name in two folders may be two patients'. Truth masks move along likewise.
        """
        old, new = Path(os.path.abspath(old_parent)), Path(os.path.abspath(new_parent))
        finder, writer = PathFinder(self._folder), PathWriter(self._folder)
        count = 0
        images = self.list_images()
        with self._database.writing() as connection:
            for image in images:
                path = _moved(image.path, old, new, finder)
                truth = _moved(image.truth, old, new, finder)
                if path is not None:
                    count += 1
                    connection.execute(_MOVE, (*writer.columns(path), image.id))
                if truth is not None:
                    connection.execute(
                        "UPDATE images SET truth_relative_path = ?, truth_absolute_path = ? "
                        "WHERE ? IN (id, reading_of)",
                        (*writer.columns(truth), image.id),
                    )
            if count:
                self._trail.note("files moved", before=str(old), to=str(new), count=count)
        return count

    def _update(self, image_id: int, assignments: str, *values: object) -> None:
        with self._database.writing() as connection:
            cursor = connection.execute(
                f"UPDATE images SET {assignments} WHERE id = ?",  # noqa: S608  # assignments are literals of this file
                (*values, image_id),
            )
            if cursor.rowcount == 0:
                raise KeyError(image_id)


def add_rows(
    connection: sqlite3.Connection, folder: Path, there: Sequence[ImageRecord], items: Sequence[NewImage]
) -> list[int | None]:
    """Inside a transaction: rows behind those that are ``there``; the id of each item, None for files known already."""
    known = {same_file(image.path) for image in there}
    names = [_name(image.path) for image in there] + [_name(item.path) for item in items]
    groups = video_groups(names, [image.group for image in there])[len(there) :]
    writer = PathWriter(folder)
    (position,) = connection.execute("SELECT COALESCE(MAX(position) + 1, 0) FROM images").fetchone()
    ids: list[int | None] = []
    for item, video in zip(items, groups, strict=True):
        key = same_file(item.path)
        if key in known:
            ids.append(None)
            continue
        known.add(key)
        truth = (None, None) if item.truth is None else writer.columns(item.truth)
        group = video if item.patient is None else patient_group(item.patient, secret_of(connection))
        cursor = connection.execute(
            "INSERT INTO images (position, relative_path, absolute_path, truth_relative_path, "
            "truth_absolute_path, split_group) VALUES (?, ?, ?, ?, ?, ?)",
            (position, *writer.columns(item.path), *truth, group),
        )
        ids.append(int(cursor.lastrowid or 0))
        position += 1
    return ids


def work_on(connection: sqlite3.Connection, image_id: int) -> None:
    """Inside a transaction that changes an image's correction: it is in progress now, approved no longer.

    Raises ``KeyError`` for an unknown id.
    """
    cursor = connection.execute("UPDATE images SET state = ? WHERE id = ?", (ImageState.IN_PROGRESS.value, image_id))
    if cursor.rowcount == 0:
        raise KeyError(image_id)


def leave_alone_if_blank(connection: sqlite3.Connection, image_id: int) -> None:
    """Inside a transaction: an image with nothing painted on it is as it was before anybody worked on it."""
    connection.execute(
        "UPDATE images SET state = CASE WHEN prediction_round IS NULL THEN ? ELSE ? END "
        "WHERE id = ? AND NOT EXISTS (SELECT 1 FROM tiles WHERE image_id = images.id)",
        (ImageState.NEW.value, ImageState.PREDICTED.value, image_id),
    )


def forget_prediction(connection: sqlite3.Connection, image_id: int) -> None:
    """Inside a transaction: the image has no prediction any more, and is new if that was all it had."""
    connection.execute("DELETE FROM predictions WHERE image_id = ?", (image_id,))
    connection.execute("DELETE FROM insights WHERE image_id = ?", (image_id,))
    connection.execute(
        "UPDATE images SET prediction_round = NULL, approved_at = NULL, "
        "state = CASE state WHEN ? THEN ? ELSE state END WHERE id = ?",
        (ImageState.PREDICTED.value, ImageState.NEW.value, image_id),
    )


def _record(row: tuple[Any, ...], finder: PathFinder) -> ImageRecord:
    (
        id_,
        position,
        relative,
        absolute,
        truth_relative,
        truth_absolute,
        state,
        width,
        height,
        fingerprint,
        held_out,
        round_,
        problem,
        touched,
        group,
        perceptual,
        *review,
    ) = row
    reader, rejected, adjudicator, reading_of, seconds = review
    path, present = finder.find(relative, absolute)
    if not present:
        problem = f"The file is not where it was: {path}. Use Relocate to say where it is now; your work on it is kept."
    return ImageRecord(
        id=id_,
        path=path,
        name=path.name,
        position=position,
        state=ImageState(state),
        width=width,
        height=height,
        fingerprint=fingerprint,
        held_out=None if held_out is None else bool(held_out),
        truth=None if truth_absolute is None else finder.find(truth_relative, truth_absolute)[0],
        prediction_round=round_,
        touched=bool(touched),
        problem=problem,
        group=group,
        perceptual=perceptual,
        reader=reader,
        rejected=rejected,
        adjudicator=adjudicator,
        reading_of=reading_of,
        seconds=seconds,
    )


def _name(path: Path) -> str:
    """As a group is named: text, also where the path is none."""
    return readable(path.as_posix())


def same_file(path: Path) -> str:
    """What two paths have in common that name one file."""
    return os.path.normcase(os.path.abspath(path))


def is_one_file(one: Path, other: Path) -> bool:
    """Whether two paths name one file, as the disk says: letter case on a Mac and links may hide it."""
    try:
        first, second = one.stat(), other.stat()
    except OSError:  # what is not there is no file
        return False
    # Some drives number no files.
    return one.resolve() == other.resolve() or (first.st_ino != 0 and os.path.samestat(first, second))


def _moved(path: Path | None, old: Path, new: Path, finder: PathFinder) -> Path | None:
    """The file's place under ``new``; None if it was not under ``old``, is there still, or is not in the new place."""
    if path is None or not path.is_relative_to(old) or finder.exists(path):
        return None
    moved = new / path.relative_to(old)
    return moved if finder.exists(moved) else None
