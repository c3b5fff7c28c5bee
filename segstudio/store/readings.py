"""Who read which image, what was rejected, and the masks that readers vouched for, each whole."""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from segstudio.domain.errors import UserError
from segstudio.domain.segments import SegmentTable
from segstudio.store.audit import Trail
from segstudio.store.database import Database

READING_KEPT = "reading kept"
"""What the audit trail calls it; its entry holds the digest of the mask as it rests here."""

log = logging.getLogger(__name__)

Kind = Literal["first", "second", "unaided", "adjudicated"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One mask as a reader vouched for it.

    ``row_id`` is the row that was worked on, ``image_id`` the image itself. ``read_at`` is seconds since the epoch,
    ``seconds`` the time that it took. ``model_dice`` is its Dice against the model's mask, None where that was not
    compared.
    """

    row_id: int
    image_id: int
    kind: Kind
    reader: str
    read_at: float
    seconds: float
    model_dice: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two readings of one image that counts for both: neither reader knew of the other's."""

    first: Reading
    second: Reading


_SELECT = "SELECT row_id, image_id, kind, reader, read_at, seconds, model_dice FROM readings"

_VALID = (
    "kind IN ('first', 'second') "
    "AND (sealed OR EXISTS (SELECT 1 FROM images WHERE images.id = row_id AND state = 'approved' AND rejected IS NULL))"
)
"""One of two readings counts while its row is approved as it was, or once it was looked at beside the other."""


class Readings:
    """Methods raise ``KeyError`` for an unknown image and ``UserError`` for a failing disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._trail = Trail(database)
        self._kept: dict[tuple[int | None, str], object] = {}
        self._kept_until = 0  # the entry of the trail that was read last

    # ---- who works on what ------------------------------------------------------------------------------------

    def readers(self) -> list[str]:
        """Everybody who ever read here, by name."""
        query = "SELECT reader FROM images UNION SELECT reader FROM readings UNION SELECT adjudicator FROM images"
        with self._database.reading() as connection:
            return sorted((row[0] for row in connection.execute(query) if row[0]), key=str.casefold)

    def set_reader(self, row_id: int, reader: str) -> None:
        """Keep who works on an image; "" for nobody."""
        self._update(row_id, "reader = ?", reader)

    def set_adjudicator(self, image_id: int, reader: str) -> None:
        """Keep who decided between two readings of an image."""
        self._update(image_id, "adjudicator = ?", reader)

    def reject(self, row_id: int, reason: str | None) -> None:
        """Keep why an image is not to be used; None where it is."""
        self._update(row_id, "rejected = ?", reason)

    def add_seconds(self, row_id: int, seconds: float) -> None:
        """Count time that was spent on an image; nothing happens for one that is gone."""
        with self._database.writing() as connection:
            connection.execute("UPDATE images SET seconds = seconds + ? WHERE id = ?", (seconds, row_id))

    def open_rows(self, image_ids: Sequence[int], reader: str, with_model: bool) -> None:
        """Make ``reader`` a row beside each image, unless there is one already: clean, as if nobody had begun.

        ``with_model`` gives it the model's mask that the image has now.
        """
        with self._database.writing() as connection:
            for image_id in image_ids:
                _open_row(connection, image_id, reader, with_model)

    # ---- masks that were vouched for ---------------------------------------------------------------------------

    def put(self, reading: Reading, png: bytes, table: SegmentTable) -> None:
        """Keep a mask (a 16-bit grey PNG of segment ids) with its segments.

        It takes the place of an earlier one of its row and kind, unless that is sealed.
        """
        with self._database.writing() as connection:
            kept = connection.execute(
                "INSERT INTO readings (row_id, image_id, kind, reader, read_at, seconds, model_dice, png, segments) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (row_id, kind) DO UPDATE SET reader = excluded.reader, "
                "read_at = excluded.read_at, seconds = excluded.seconds, model_dice = excluded.model_dice, "
                "png = excluded.png, segments = excluded.segments WHERE NOT sealed",
                (
                    reading.row_id, reading.image_id, reading.kind, reading.reader, reading.read_at, reading.seconds,
                    reading.model_dice, png, _segments(table),
                ),
            )  # fmt: skip
            if kept.rowcount:
                digest = hashlib.sha256(png).hexdigest()
                self._trail.note(READING_KEPT, reading.row_id, reading=reading.kind, reader=reading.reader, png=digest)

    def mask(self, row_id: int, kind: Kind) -> bytes:
        """The mask of a reading as PNG."""
        with self._database.reading() as connection:
            query = "SELECT CAST(png AS BLOB) FROM readings WHERE row_id = ? AND kind = ?"
            row = connection.execute(query, (row_id, kind)).fetchone()
        if row is None:
            raise KeyError((row_id, kind))
        return bytes(row[0])

    def whole_mask(self, row_id: int, kind: Kind) -> bytes:
        """The mask of a reading as PNG, just as it was kept; where it was damaged since, from its approved version.

        Raises ``UserError`` where that is gone or damaged, too.
        """
        png = self.mask(row_id, kind)
        digest = self._digest(row_id, kind)
        if digest in (None, hashlib.sha256(png).hexdigest()):
            return png
        with self._database.reading() as connection:
            query = "SELECT CAST(png AS BLOB) FROM versions WHERE image_id = ?"
            for (version,) in connection.execute(query, (row_id,)):
                if hashlib.sha256(version).hexdigest() == digest:
                    log.error("the %s reading of row %d is damaged, so its version is taken", kind, row_id)
                    return bytes(version)
        raise UserError(
            f"The {kind} reading of this image is damaged, and no approved version holds it. Nothing was changed: put "
            "a backup of the project in its place, or have the image read again."
        )

    def _digest(self, row_id: int, kind: Kind) -> object:
        """What the trail says that a reading was when it was kept; None if it doesn't.

        The trail is read once, and then what has come since: it has no index, and two readings an image are asked for.
        """
        last = self._trail.last
        if last > self._kept_until:
            for entry in self._trail.entries_of(READING_KEPT, self._kept_until):
                self._kept[entry.image_id, str(entry.told.get("reading"))] = entry.told.get("png")
            self._kept_until = last
        return self._kept.get((row_id, kind))

    def list_readings(self) -> list[Reading]:
        """All of them, in the order of time."""
        return self._select(f"{_SELECT} ORDER BY read_at, row_id, kind")

    def pairs(self) -> dict[int, Pair]:
        """Images that two readers have read, by id; of several second readings the one who was first.

        One that was looked at stays, and who was first does not hang on clocks, which may be set back.
        """
        firsts: dict[int, Reading] = {}
        seconds: dict[int, Reading] = {}
        for reading in self._select(f"{_SELECT} WHERE {_VALID} ORDER BY sealed DESC, rowid"):
            (firsts if reading.kind == "first" else seconds).setdefault(reading.image_id, reading)
        return {id_: Pair(firsts[id_], seconds[id_]) for id_ in firsts.keys() & seconds.keys()}

    def unaided(self) -> list[Reading]:
        """Masks that were drawn before the model's was shown, in the order of time."""
        return self._select(f"{_SELECT} WHERE kind = 'unaided' ORDER BY read_at")

    def unveiled(self) -> set[int]:
        """Rows whose reader has drawn a mask and has seen the model's since."""
        return {reading.row_id for reading in self.unaided()}

    def seal(self, image_ids: Sequence[int]) -> None:
        """These pairs have been looked at: what is approved from now on is not blind, and changes no reading."""
        with self._database.writing() as connection:
            connection.executemany(
                f"UPDATE readings SET sealed = 1 WHERE image_id = ? AND {_VALID}",  # noqa: S608  # a literal above
                [(image_id,) for image_id in image_ids],
            )

    # ---- within -----------------------------------------------------------------------------------------------

    def _select(self, query: str) -> list[Reading]:
        with self._database.reading() as connection:
            return [Reading(*row) for row in connection.execute(query)]

    def _update(self, row_id: int, assignment: str, value: object) -> None:
        with self._database.writing() as connection:
            cursor = connection.execute(
                f"UPDATE images SET {assignment} WHERE id = ?",  # noqa: S608  # assignments are literals of this file
                (value, row_id),
            )
            if cursor.rowcount == 0:
                raise KeyError(row_id)


def _open_row(connection: sqlite3.Connection, image_id: int, reader: str, with_model: bool) -> None:
    made = connection.execute(
        "INSERT INTO images (position, relative_path, absolute_path, truth_relative_path, truth_absolute_path, width, "
        "height, fingerprint, split_group, perceptual_hash, problem, reading_of, reader) "
        "SELECT position, relative_path, absolute_path, truth_relative_path, truth_absolute_path, width, height, "
        "fingerprint, split_group, perceptual_hash, problem, id, ? FROM images "
        "WHERE id = ? AND reading_of IS NULL ON CONFLICT DO NOTHING",
        (reader, image_id),
    )
    if made.rowcount == 0 or not with_model:
        return
    row_id = made.lastrowid
    copied = connection.execute(
        "INSERT INTO predictions (image_id, png, confidence) SELECT ?, png, confidence FROM predictions "
        "WHERE image_id = ?",
        (row_id, image_id),
    )
    if copied.rowcount:
        connection.execute(
            "UPDATE images SET state = 'predicted', "
            "prediction_round = (SELECT prediction_round FROM images WHERE id = ?) WHERE id = ?",
            (image_id, row_id),
        )


def _segments(table: SegmentTable) -> str:
    rows = [
        {"id": s.id, "class_id": s.class_id, "instance": s.instance, "name": s.name, "color": list(s.color)}
        for s in table
    ]
    return json.dumps(rows)
