"""What people painted, how they came to it, and what the model said."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.history import Edit, History, kept_from
from segstudio.domain.plane import UNSET, Plane, Tile, TileKey
from segstudio.domain.segments import BACKGROUND, SegmentTable
from segstudio.imaging.mask_png import decode_mask
from segstudio.imaging.reader import MAX_PIXELS
from segstudio.store.audit import Trail
from segstudio.store.database import Database, damaged
from segstudio.store.images import forget_prediction, leave_alone_if_blank, work_on
from segstudio.store.packer import Packer, pack, unpack

log = logging.getLogger(__name__)

_HARMLESS = 1 << 24

_PackedTiles = Mapping[TileKey, tuple[bytes | None, bytes | None]]


@dataclass(frozen=True, slots=True)
class StoredPrediction:
    """What the model said of an image: the round of its weights, the mask and how sure it was, both as PNG.

    ``confidence`` is None where the mask was made without. Neither has more pixels than ``most``.
    """

    round_number: int
    png: bytes
    confidence: bytes | None = None
    most: int = field(default=MAX_PIXELS, compare=False)

    def mask(self) -> NDArray[np.uint16]:
        """The mask, (height, width) uint16 segment ids. Raises ``ValueError`` for a damaged one."""
        return decode_mask(self.png, self.most)


class Masks:
    """The correction plane, the history and the prediction of each image.

    Every saving method is one transaction, on the disk when it returns. They raise ``UserError`` for a failing disk
    and ``KeyError`` for an unknown image.
    """

    def __init__(self, database: Database, segment_table: Callable[[], SegmentTable]) -> None:
        self._database = database
        self._segment_table = segment_table
        self._trail = Trail(database)
        self._packer = Packer()

    # ---- the correction and its history ------------------------------------------------------------------------

    def load_correction(self, image_id: int) -> dict[TileKey, Tile]:
        """The tiles that hold paint: (256, 256) uint16, read-only, ready for ``Plane.put_tiles``."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT tile_row, tile_column, CAST(data AS BLOB) FROM tiles WHERE image_id = ?", (image_id,)
            ).fetchall()
        if not all(isinstance(place, int) for row, column, _ in rows for place in (row, column)):
            raise damaged(self._database.path.parent)
        # Most tiles of a large mask are all of one segment: what is packed alike is unpacked once.
        unpacked = {data: self._unpack(data) for data in {data for _, _, data in rows}}
        return {(row, column): unpacked[data] for row, column, data in rows}

    def save_edit(self, image_id: int, edit: Edit, kind: str = "edit", **about: object) -> None:
        """Keep an edit: its tiles as they are after it, and the edit itself as the last one done.

        What had been undone is dropped, old edits are let go as ``History`` lets them go. The image is in progress
        from now on, also if it was approved, unless the edit took all paint away. ``kind`` is what the audit trail
        calls it, ``about`` what it says beside the extent.
        """
        # Packed before the transaction begins, so that the file is written in one go.
        packed = self._packed(edit)
        pixels, box = edit.extent
        with self._database.writing() as connection:
            ends = _ends_approval(connection, image_id)
            work_on(connection, image_id)
            edit_id = insert_edit(connection, image_id, edit, packed)
            leave_alone_if_blank(connection, image_id)
            what = {"edit": edit_id, "name": edit.name, "pixels": pixels, "box": list(box)} | ends | about
            self._trail.note(kind, image_id, **what)

    def save_undo(self, image_id: int) -> bool:
        """Take the last edit back; False if there is none."""
        return self._step(
            image_id,
            "SELECT MAX(id) FROM edits WHERE image_id = ? AND NOT undone",
            "SELECT tile_row, tile_column, before FROM edit_tiles WHERE edit_id = ?",
            undone=True,
        )

    def save_redo(self, image_id: int) -> bool:
        """Make the edit again that was taken back last; False if there is none."""
        return self._step(
            image_id,
            "SELECT MIN(id) FROM edits WHERE image_id = ? AND undone",
            "SELECT tile_row, tile_column, after FROM edit_tiles WHERE edit_id = ?",
            undone=False,
        )

    def load_history(self, image_id: int) -> History:
        """The edits done and undone, packed: what lies behind is wanted seldom, and there may be much of it.

        The mark stands at the state that was approved last, if the prediction below is still the same one. What is
        damaged is left out, with all that no other step leads to: the mask is of use without them.
        """
        with self._database.reading() as connection:
            edits = connection.execute(
                "SELECT id, name, undone FROM edits WHERE image_id = ? ORDER BY id", (image_id,)
            ).fetchall()
            rows = connection.execute(
                "SELECT edit_id, tile_row, tile_column, before, after FROM edits JOIN edit_tiles ON edit_id = edits.id "
                "WHERE image_id = ?",
                (image_id,),
            ).fetchall()
            marked = connection.execute("SELECT approved_at FROM images WHERE id = ?", (image_id,)).fetchone()
        stored: dict[int, dict[TileKey, tuple[bytes | None, bytes | None]]] = {}
        for edit_id, row, column, before, after in rows:
            stored.setdefault(edit_id, {})[row, column] = (before, after)
        made = {id_: self._packed_edit(name, stored.get(id_, {})) for id_, name, _ in edits}
        done = _until_damage(made[id_] for id_, _, undone in reversed(edits) if not undone)[::-1]
        undone_edits = _until_damage(made[id_] for id_, _, undone in edits if undone)[::-1]
        gone = sum(not undone for _, _, undone in edits) - len(done)
        places = {0: 0} | {id_: place for place, (id_, _, _) in enumerate(edits, start=1)}
        mark = None if marked is None else places.get(marked[0])
        is_near = mark is not None and gone <= mark <= gone + len(done) + len(undone_edits)
        return History(done, undone_edits, mark - gone if mark is not None and is_near else None)

    def import_mask(self, image_id: int, class_ids: NDArray[np.uint16], name: str = "Import mask") -> Edit:
        """Replace an image's whole correction by a mask of class ids, as one edit that can be undone.

        ``class_ids`` is (height, width) uint16 of the upright image: 0 is background, 65535 a pixel that nobody
        vouches for. Returns the edit for the history in memory. Raises ``UserError`` for a mask of another size
        than the image's or with a class that the project lacks.
        """
        edit = self._replacing(image_id, class_ids, name)
        self.save_edit(image_id, edit, "mask imported")
        return edit

    def start_from(self, image_id: int, class_ids: NDArray[np.uint16]) -> None:
        """Like ``import_mask``, but the mask is where the image starts: no undo goes behind it.

        Raises ``ValueError`` if somebody worked on the image before.
        """
        edit = self._replacing(image_id, class_ids, "")
        pixels, box = edit.extent
        with self._database.writing() as connection:
            if connection.execute("SELECT 1 FROM edits WHERE image_id = ?", (image_id,)).fetchone() is not None:
                raise ValueError(f"image {image_id} was worked on")
            work_on(connection, image_id)
            connection.execute("UPDATE images SET approved_at = NULL WHERE id = ?", (image_id,))
            put_tiles(connection, image_id, {key: pack(tile) for key, tile in edit.after.items()})
            self._trail.note("mask imported", image_id, pixels=pixels, box=list(box))

    def _packed(self, edit: Edit) -> _PackedTiles:
        before = {key: self._packer.pack(tile) for key, tile in edit.before.items()}
        after = {key: self._packer.pack(tile) for key, tile in edit.after.items()}
        return {key: (before[key], after[key]) for key in edit.tiles}

    def _replacing(self, image_id: int, class_ids: NDArray[np.uint16], name: str) -> Edit:
        height, width = class_ids.shape
        self._check_size(image_id, width, height)
        plane = Plane(height, width)
        plane.put_tiles(self.load_correction(image_id))
        before = plane.snapshot()
        plane.write(plane.bounds, _segment_ids(class_ids, self._segment_table()))
        return Edit(name, plane.changes_since(before))

    def segments(self) -> SegmentTable:
        """What the ids in masks mean."""
        return self._segment_table()

    def shown(self, image_id: int) -> NDArray[np.uint16]:
        """The mask of an image, correction over prediction over background: (height, width) uint16 segment ids.

        Nothing in it of an image whose size nobody knows yet. Raises ``KeyError`` for an unknown image, ``UserError``
        for a damaged one.
        """
        with self._database.reading() as connection:
            size = connection.execute("SELECT height, width FROM images WHERE id = ?", (image_id,)).fetchone()
        if size is None:
            raise KeyError(image_id)
        correction = Plane(*size)
        correction.put_tiles(self.load_correction(image_id))
        mask = correction.to_array()
        unset = mask == UNSET
        if unset.any():
            prediction = self.prediction(image_id)
            try:
                np.copyto(mask, BACKGROUND if prediction is None else prediction.mask(), where=unset)
            except ValueError as error:  # of another size, too
                raise damaged(self._database.path.parent) from error
        return mask

    # ---- the prediction ----------------------------------------------------------------------------------------

    def put_prediction(self, image_id: int, round_number: int, png: bytes, confidence: bytes | None = None) -> bool:
        """Keep what the model said: ``png`` is a 16-bit grey PNG of class ids as large as the upright image.

        ``confidence`` is an 8-bit grey PNG of any size, stretched over the image; 255 is certain. A new image becomes
        predicted. Returns False and changes nothing for an approved image: its mask is what a person saw when
        approving, and that includes the prediction under the strokes.
        """
        with self._database.writing() as connection:
            row = connection.execute("SELECT state FROM images WHERE id = ?", (image_id,)).fetchone()
            if row is None:
                raise KeyError(image_id)
            state = ImageState(row[0])
            if state is ImageState.APPROVED:
                return False
            if state is ImageState.NEW:
                state = ImageState.PREDICTED
            connection.execute(
                "INSERT OR REPLACE INTO predictions (image_id, png, confidence) VALUES (?, ?, ?)",
                (image_id, png, confidence),
            )
            # What was approved once was approved over another prediction.
            connection.execute(
                "UPDATE images SET prediction_round = ?, state = ?, approved_at = NULL WHERE id = ?",
                (round_number, state.value, image_id),
            )
        return True

    def drop_prediction(self, image_id: int) -> None:
        """Forget what the model said."""
        with self._database.writing() as connection:
            forget_prediction(connection, image_id)

    def prediction(self, image_id: int) -> StoredPrediction | None:
        """The stored prediction; None without one."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT prediction_round, CAST(png AS BLOB), CAST(confidence AS BLOB), width * height FROM predictions "
                "JOIN images ON images.id = image_id WHERE image_id = ?",
                (image_id,),
            ).fetchone()
        if row is None:
            return None
        round_number, png, confidence, pixels = row
        return StoredPrediction(round_number, png, confidence, most_pixels(pixels))

    # ---- within ------------------------------------------------------------------------------------------------

    def _step(self, image_id: int, edit_query: str, tiles_query: str, *, undone: bool) -> bool:
        with self._database.writing() as connection:
            (edit_id,) = connection.execute(edit_query, (image_id,)).fetchone()
            if edit_id is None:
                return False
            ends = _ends_approval(connection, image_id)
            work_on(connection, image_id)
            connection.execute("UPDATE edits SET undone = ? WHERE id = ?", (undone, edit_id))
            rows = connection.execute(tiles_query, (edit_id,)).fetchall()
            put_tiles(connection, image_id, {(row, column): data for row, column, data in rows})
            leave_alone_if_blank(connection, image_id)
            (name,) = connection.execute("SELECT name FROM edits WHERE id = ?", (edit_id,)).fetchone()
            self._trail.note("undo" if undone else "redo", image_id, **({"edit": edit_id, "name": name} | ends))
        return True

    def _check_size(self, image_id: int, width: int, height: int) -> None:
        with self._database.reading() as connection:
            size = connection.execute("SELECT width, height FROM images WHERE id = ?", (image_id,)).fetchone()
        if size is None:
            raise KeyError(image_id)
        if size not in ((0, 0), (width, height)):
            raise UserError(
                f"The mask is {width} x {height} pixels, its image {size[0]} x {size[1]}. Nothing was imported: "
                f"choose a mask that was made for this image."
            )

    def _packed_edit(self, name: str, stored: Mapping[TileKey, tuple[bytes | None, bytes | None]]) -> Edit | None:
        # One edit at a time: unpacked, those of a large image would not fit beside it.
        try:
            edit = Edit(name, {key: (_tile(before), _tile(after)) for key, (before, after) in stored.items()})
        except ValueError:
            log.error("the step %r can't be read", name)
            return None
        edit.pack()
        return edit

    def _unpack(self, data: bytes) -> Tile:
        try:
            return unpack(data)
        except ValueError as error:
            raise damaged(self._database.path.parent) from error


def most_pixels(pixels: int | None) -> int:
    """How many a mask that is kept may declare, of an image of so many; of one whose size nobody knows, any.

    No fewer than 16 megapixels, which harm nobody: a mask of another size is told apart from a damaged one then.
    """
    return max(pixels, _HARMLESS) if pixels else MAX_PIXELS


def _tile(data: bytes | None) -> Tile | None:
    return None if data is None else unpack(data)


def _until_damage(edits: Iterable[Edit | None]) -> list[Edit]:
    return list(takewhile(lambda edit: edit is not None, edits))  # type: ignore[arg-type]


def pack_mask(class_ids: NDArray[np.uint16], table: SegmentTable) -> dict[TileKey, bytes]:
    """The tiles of a mask of class ids, (height, width) uint16, ready for the database; on any thread.

    Raises ``UserError`` for a class that ``table`` lacks.
    """
    plane = Plane(*class_ids.shape)
    before = plane.snapshot()
    plane.write(plane.bounds, _segment_ids(class_ids, table))
    packed = {key: pack(after) for key, (_, after) in plane.changes_since(before).items()}
    return {key: data for key, data in packed.items() if data is not None}


def put_packed(connection: sqlite3.Connection, image_id: int, tiles: Mapping[TileKey, bytes]) -> None:
    """Inside a transaction: these tiles are the correction that an image starts from."""
    work_on(connection, image_id)
    put_tiles(connection, image_id, tiles)


def insert_edit(connection: sqlite3.Connection, image_id: int, edit: Edit, packed: _PackedTiles) -> int:
    """Inside a transaction: the edit is the last one done; ``packed`` are its tiles before and after. Its id."""
    connection.execute("DELETE FROM edits WHERE image_id = ? AND undone", (image_id,))
    edit_id = connection.execute(
        "INSERT INTO edits (image_id, weight, name) VALUES (?, ?, ?)", (image_id, edit.nbytes, edit.name)
    ).lastrowid
    assert edit_id is not None
    connection.executemany(
        "INSERT INTO edit_tiles VALUES (?, ?, ?, ?, ?)", [(edit_id, *key, *pair) for key, pair in packed.items()]
    )
    put_tiles(connection, image_id, {key: after for key, (_, after) in packed.items()})
    _trim(connection, image_id)
    return edit_id


def put_tiles(connection: sqlite3.Connection, image_id: int, tiles: Mapping[TileKey, bytes | None]) -> None:
    """Inside a transaction: these tiles, packed, take the place of those that were there; None for no paint."""
    connection.executemany(
        "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?)",
        [(image_id, *key, data) for key, data in tiles.items() if data is not None],
    )
    connection.executemany(
        "DELETE FROM tiles WHERE image_id = ? AND tile_row = ? AND tile_column = ?",
        [(image_id, *key) for key, data in tiles.items() if data is None],
    )


def _ends_approval(connection: sqlite3.Connection, image_id: int) -> dict[str, object]:
    """What to say of a change that takes an approval away."""
    row = connection.execute("SELECT state FROM images WHERE id = ?", (image_id,)).fetchone()
    return {"approved": False} if row == (ImageState.APPROVED.value,) else {}


def _trim(connection: sqlite3.Connection, image_id: int) -> None:
    rows = connection.execute(
        "SELECT id, weight FROM edits WHERE image_id = ? AND NOT undone ORDER BY id DESC", (image_id,)
    ).fetchall()
    kept = kept_from(_weights(rows))
    if kept is not None:
        newest = rows[kept][0]
        connection.execute("DELETE FROM edits WHERE image_id = ? AND NOT undone AND id <= ?", (image_id, newest))
        connection.execute("UPDATE images SET approved_at = NULL WHERE id = ? AND approved_at <= ?", (image_id, newest))


def _weights(rows: Iterable[tuple[int, int]]) -> Iterable[int]:
    return (weight for _, weight in rows)


def _segment_ids(class_ids: NDArray[np.uint16], table: SegmentTable) -> NDArray[np.uint16]:
    """Class ids to the ids of the classes' first segments; unset stays unset."""
    known = {UNSET: UNSET, BACKGROUND: BACKGROUND}
    for segment in table:
        known.setdefault(segment.class_id, segment.id)
    unknown = [int(value) for value in np.unique(class_ids) if int(value) not in known]
    if unknown:
        raise UserError(
            f"The mask holds class {unknown[0]}, which this project does not have. Nothing was imported: choose "
            f"another mask, or a project with its classes."
        )
    lut = np.zeros(65536, np.uint16)
    lut[list(known.keys())] = list(known.values())
    return lut[class_ids]
