"""Every mask that was ever approved, whole: what an image's history shows and gives back.

A version is a 16-bit PNG of segment ids, and what the segments were called. Who approved it, when, over which
model's mask, and its digest stand in the entry of the audit trail that was written with it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.audit import Entry, mask_digest, text_digest
from segstudio.domain.errors import UserError
from segstudio.domain.segments import SegmentTable
from segstudio.imaging.mask_png import decode_mask, encode_mask
from segstudio.store.audit import Trail
from segstudio.store.database import Database, any_text, damaged
from segstudio.store.masks import Masks, most_pixels
from segstudio.store.rounds import Rounds

log = logging.getLogger(__name__)

APPROVED = "approved"
FOUND_APPROVED = "found approved"
"""What the trail calls the approval of an image that was approved before there was a trail."""

APPROVALS = (APPROVED, FOUND_APPROVED)

VERSIONS = (
    """CREATE TABLE versions (
        number INTEGER PRIMARY KEY,
        image_id INTEGER NOT NULL,
        entry INTEGER NOT NULL,
        segments TEXT NOT NULL,
        png BLOB NOT NULL
    )""",
    "CREATE INDEX versions_by_image ON versions (image_id, number)",
    """CREATE TRIGGER versions_are_not_changed BEFORE UPDATE ON versions
        BEGIN SELECT RAISE(ABORT, 'approved versions are not changed'); END""",
    """CREATE TRIGGER versions_are_not_deleted BEFORE DELETE ON versions
        BEGIN SELECT RAISE(ABORT, 'approved versions are not deleted'); END""",
)
"""The statements that make the table. No foreign key: a version outlives its image's row."""


@dataclass(frozen=True, slots=True)
class Version:
    """One approved mask of an image. ``segments`` is JSON: id, class, name and colour of each; see ``Versions``.

    ``entry`` is the number of the entry of its approval, ``nbytes`` what its mask takes on the disk.
    """

    number: int
    image_id: int
    entry: int
    segments: str
    nbytes: int


class Versions:
    """Only ever added to. Methods raise ``UserError`` for a failing disk or a damaged file."""

    def __init__(self, database: Database, masks: Masks, rounds: Rounds) -> None:
        self._database = database
        self._masks = masks
        self._rounds = rounds
        self._trail = Trail(database)
        self.stood_in: set[int] = set()
        """Images whose mask is damaged, so that ``shown`` gave their approved version last."""

    def approve(self, image_id: int, kind: str = APPROVED) -> Entry:
        """Inside the transaction that approves an image: keep its mask and note it.

        One that is the same as the version kept last is that version.
        Of an image whose size nobody knows there is nothing to keep. Raises ``KeyError`` for an unknown image.
        """
        with self._database.writing() as connection:
            round_number, fingerprint, held_out = connection.execute(
                "SELECT prediction_round, fingerprint, held_out FROM images WHERE id = ?", (image_id,)
            ).fetchone()
            mask, segments = self._masks.shown(image_id), described(self._masks.segments())
            what: dict[str, object] = {"mask": mask_digest(mask), "segments": text_digest(segments)}
            what |= {"file": fingerprint, "held_out": bool(held_out)}
            if round_number is not None:
                what |= {"round": round_number, "weights": self._rounds.digest(round_number)}
            number = self._same_as_last(image_id, what) if mask.size else None
            if number is not None or not mask.size:
                return self._trail.note(kind, image_id, **what, version=number)
            (number,) = connection.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM versions").fetchone()
            png = encode_mask(mask)
            entry = self._trail.note(kind, image_id, **what, version=number, png=hashlib.sha256(png).hexdigest())
            row = (number, image_id, entry.number, segments, png)
            connection.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?)", row)
            return entry

    def keep_missing(self, but: Collection[int] = ()) -> tuple[int, bool] | None:
        """Keep the mask of one image that was approved before versions were kept, ``but`` of none of these.

        Its id, and False where its mask could not be read, which is in the log: it stays as it is. None where no image
        is left.
        """
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT id FROM images WHERE state = 'approved' AND width > 0 "
                "AND NOT EXISTS (SELECT 1 FROM versions WHERE image_id = images.id)"
            ).fetchall()
        left = next((image_id for (image_id,) in rows if image_id not in but), None)
        if left is None:
            return None
        try:
            self.approve(left, FOUND_APPROVED)
        except (UserError, ValueError):
            log.exception("the approved mask of image %d can't be read, so no version of it is kept", left)
            return left, False
        return left, True

    def shown(self, image_id: int) -> NDArray[np.uint16]:
        """The mask of an image as ``Masks.shown`` gives it, or the version where what it is made of is damaged.

        That is where the image is approved and its version whole; ``stood_in`` names it from then on. Raises as
        ``Masks.shown`` does.
        """
        try:
            mask = self._masks.shown(image_id)
        except UserError:
            approved = self.approved(image_id)
            if approved is None:
                raise
            log.exception("the mask of image %d is damaged, so version %d is taken", image_id, approved[0])
            self.stood_in.add(image_id)
            return approved[1]
        self.stood_in.discard(image_id)
        return mask

    def approved(self, image_id: int) -> tuple[int, NDArray[np.uint16]] | None:
        """The version that an approved image stands for: its number, and its mask, (height, width) uint16 segment ids.

        None where the image is not approved, and where the version is not whole or not what was approved last.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT height, width FROM images WHERE id = ? AND state = 'approved'", (image_id,)
            ).fetchone()
        entries = [entry for entry in self._trail.entries(image_id) if entry.kind in APPROVALS]
        number = entries[-1].told.get("version") if entries else None
        if row is None or not isinstance(number, int):
            return None
        try:
            mask = self.mask(number)
        except (UserError, KeyError):
            return None
        return (number, mask) if mask.shape == row and mask_digest(mask) == entries[-1].told.get("mask") else None

    def list_versions(self, image_id: int | None = None) -> list[Version]:
        """Those of an image, or of all, oldest first."""
        query = "SELECT number, image_id, entry, CAST(segments AS TEXT), LENGTH(png) FROM versions"
        with self._database.reading() as connection, any_text(connection):
            if image_id is None:
                rows = connection.execute(f"{query} ORDER BY number").fetchall()
            else:
                rows = connection.execute(f"{query} WHERE image_id = ? ORDER BY number", (image_id,)).fetchall()
        return [Version(*row) for row in rows]

    def png_digest(self, number: int) -> str:
        """The SHA-256, hexadecimal, of a version's file as it rests. Raises ``KeyError`` for no such version."""
        return hashlib.sha256(self._png(number)).hexdigest()

    def mask(self, number: int) -> NDArray[np.uint16]:
        """(height, width) uint16 segment ids. Raises ``KeyError`` for no such version."""
        try:
            return decode_mask(self._png(number), self._most_pixels(number))
        except ValueError as error:
            raise damaged(self._database.path.parent) from error

    def _most_pixels(self, number: int) -> int:
        query = "SELECT width * height FROM images JOIN versions ON image_id = images.id WHERE number = ?"
        with self._database.reading() as connection:
            row = connection.execute(query, (number,)).fetchone()
        return most_pixels(None if row is None else row[0])

    def _png(self, number: int) -> bytes:
        with self._database.reading() as connection:
            row = connection.execute("SELECT CAST(png AS BLOB) FROM versions WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise KeyError(number)
        return bytes(row[0])

    def _same_as_last(self, image_id: int, what: dict[str, object]) -> int | None:
        """The version kept last of an image, if its mask is this one."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT number, entry FROM versions WHERE image_id = ? ORDER BY number DESC LIMIT 1", (image_id,)
            ).fetchone()
        if row is None:
            return None
        entry = self._trail.entry(row[1])
        told = {} if entry is None else entry.told
        return int(row[0]) if all(told.get(key) == what[key] for key in ("mask", "segments")) else None


def described(table: SegmentTable) -> str:
    """What the segments of a mask mean, as JSON: what changes no mask, such as opacity, is left out."""
    rows = [[s.id, s.class_id, s.instance, s.name, list(s.color)] for s in sorted(table, key=lambda s: s.id)]
    return json.dumps(rows, separators=(",", ":"))
