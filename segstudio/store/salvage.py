"""What can be had again of a mask of which the project's file lost a part."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.history import Edit
from segstudio.domain.plane import Plane, Tile, TileKey
from segstudio.store.audit import Trail
from segstudio.store.database import Database
from segstudio.store.images import forget_prediction
from segstudio.store.masks import Masks, insert_edit, put_tiles
from segstudio.store.packer import pack, unpack

TAKEN_FROM_VERSION = "approved mask taken from its version"
"""What the trail calls it when an approved mask is whole again of which a part was damaged; it is the same mask."""

TAKEN_FROM_EDITS = "damaged tiles taken from their edits"
"""What it calls it when what was painted is whole again; it is the same mask, too."""


class Salvage:
    """Each method is one transaction. They raise ``UserError`` for a failing disk."""

    def __init__(self, database: Database, masks: Masks) -> None:
        self._database = database
        self._masks = masks
        self._trail = Trail(database)

    def keep_approved(self, image_id: int, mask: NDArray[np.uint16], version: int) -> None:
        """Put the ``mask`` of an approved ``version`` into the correction, since what it was made of is damaged.

        ``mask`` is (height, width) uint16 segment ids, all of which were vouched for: the image stays approved. What is
        damaged is forgotten, so that nobody takes this mask for what the model said. One edit, that undo takes back.
        """
        whole, broken = self._tiles(image_id)
        plane = Plane(*mask.shape)
        plane.put_tiles(whole)
        before = plane.snapshot()
        plane.write(plane.bounds, mask)
        edit = Edit(f"Approved mask {version}", plane.changes_since(before))
        packed = {key: (pack(old), pack(new)) for key, (old, new) in edit.tiles.items()}
        with self._database.writing() as connection:
            put_tiles(connection, image_id, dict.fromkeys(broken))
            edit_id = insert_edit(connection, image_id, edit, packed)
            if not self._has_prediction(image_id):
                forget_prediction(connection, image_id)
            connection.execute("UPDATE images SET approved_at = ? WHERE id = ?", (edit_id, image_id))
            self._trail.note(TAKEN_FROM_VERSION, image_id, edit=edit_id, version=version)

    def mend_correction(self, image_id: int) -> bool:
        """Put damaged tiles back as the edits left them, to the pixel.

        False, and nothing changed, if one can't be, and where none is damaged.
        """
        _, broken = self._tiles(image_id)
        if not broken:
            return False
        with self._database.writing() as connection:
            found = {key: _as_edited(connection, image_id, key) for key in broken}
            if any(data is not None and _unpacked(data) is None for data in found.values()):
                return False
            put_tiles(connection, image_id, found)
            self._trail.note(TAKEN_FROM_EDITS, image_id, count=len(found))
        return True

    def _tiles(self, image_id: int) -> tuple[dict[TileKey, Tile], list[TileKey]]:
        """The tiles that can be read, and where the others are."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT tile_row, tile_column, CAST(data AS BLOB) FROM tiles WHERE image_id = ?", (image_id,)
            ).fetchall()
        read = {
            (row, column): _unpacked(data) if isinstance(row, int) and isinstance(column, int) else None
            for row, column, data in rows
        }
        whole = {key: tile for key, tile in read.items() if tile is not None}
        return whole, [key for key in read if key not in whole]

    def _has_prediction(self, image_id: int) -> bool:
        stored = self._masks.prediction(image_id)
        with suppress(ValueError):
            return stored is not None and stored.mask().size > 0
        return False


def _as_edited(connection: sqlite3.Connection, image_id: int, key: TileKey) -> bytes | None:
    """A tile as the last edit that is done left it, or as the first that was undone found it; no bytes for neither."""
    tables = "FROM edits JOIN edit_tiles ON edit_id = id WHERE image_id = ? AND tile_row = ? AND tile_column = ?"
    queries = (
        f"SELECT after {tables} AND NOT undone ORDER BY id DESC LIMIT 1",
        f"SELECT before {tables} AND undone ORDER BY id LIMIT 1",
    )
    for query in queries:
        row = connection.execute(query, (image_id, *key)).fetchone()
        if row is not None:
            (data,) = row
            return data if data is None or isinstance(data, bytes) else b""
    return b""


def _unpacked(data: object) -> Tile | None:
    try:
        return unpack(data)
    except ValueError:
        return None
