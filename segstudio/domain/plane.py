"""A plane of segment ids, kept in tiles that are copied on write.

A snapshot costs one small dictionary, whatever the image's size: it shares the tiles, and the plane copies a shared
tile before it first writes to it. Undo, autosave and repaint all come from comparing tile identity.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import EMPTY, Rect, union_all
from segstudio.domain.masked import put_value, put_where
from segstudio.domain.packing import compact, is_uniform, uniform_tile
from segstudio.domain.segments import BACKGROUND
from segstudio.domain.tiles import TILE, UNSET, Tile, TileChange, TileKey

__all__ = ["TILE", "UNSET", "Plane", "Tile", "TileChange", "TileKey", "mask_at", "tile_rect"]

_WHOLE = (TILE, TILE)


class Plane:
    """(height, width) uint16, initially all ``fill``; a tile that is all fill takes no memory."""

    def __init__(self, height: int, width: int, fill: int = UNSET) -> None:
        self.height = height
        self.width = width
        self.fill = fill
        self._tiles: dict[TileKey, Tile] = {}
        self._owned: set[TileKey] = set()

    @classmethod
    def from_array(cls, values: NDArray[np.uint16], fill: int = UNSET) -> Plane:
        """A plane with the values of a (height, width) uint16 array."""
        plane = cls(values.shape[0], values.shape[1], fill)
        plane.write(plane.bounds, values)
        plane._tiles = {key: compact(tile) for key, tile in plane._tiles.items() if not plane._is_fill(tile)}
        plane._owned = {key for key, tile in plane._tiles.items() if not is_uniform(tile)}
        return plane

    @property
    def bounds(self) -> Rect:
        """The whole plane."""
        return Rect(0, 0, self.width, self.height)

    @property
    def is_blank(self) -> bool:
        """True if no tile holds anything but fill."""
        return all(self._is_fill(tile) for tile in self._tiles.values())

    @property
    def is_full(self) -> bool:
        """True if no pixel is fill; looks no further than the first tile that has one."""
        return all(
            key in self._tiles and not np.any(self._tiles[key][_inside(part, key)] == self.fill)
            for key, part in _tiles_of(self.bounds)
        )

    def read(self, rect: Rect) -> NDArray[np.uint16]:
        """A copy of the pixels in ``rect``, which must lie inside."""
        out = np.full((rect.height, rect.width), self.fill, np.uint16)
        for key, part in _tiles_of(rect):
            tile = self._tiles.get(key)
            if tile is not None:
                out[_shifted(part, rect.x0, rect.y0)] = tile[_inside(part, key)]
        return out

    def sample(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint16]:
        """The pixels where ``rows`` and ``columns`` cross, as (len(rows), len(columns)); both ascend and lie inside.

        What it costs depends on how many are asked for, not on how far apart they are.
        """
        out = np.empty((len(rows), len(columns)), np.uint16)
        across = _runs(columns)
        for tile_row, down, inside_rows in _runs(rows):
            for tile_column, along, inside_columns in across:
                _pick(out[down, along], self.tile((tile_row, tile_column)), inside_rows, inside_columns)
        return out

    def tile(self, key: TileKey) -> Tile:
        """One tile, not to be written to."""
        tile = self._tiles.get(key)
        return uniform_tile(self.fill) if tile is None else tile

    def to_array(self) -> NDArray[np.uint16]:
        """A (height, width) copy of everything."""
        return self.read(self.bounds)

    def write(self, rect: Rect, values: NDArray[np.uint16] | int, where: NDArray[np.bool_] | None = None) -> None:
        """Set the pixels of ``rect`` (inside the plane) to ``values``, only ``where`` True if given.

        ``values`` and ``where`` have the shape of ``rect``; a tile where ``where`` is False throughout keeps its
        identity.
        """
        for key, part in _tiles_of(rect):
            source = _shifted(part, rect.x0, rect.y0)
            mask = None if where is None else where[source]
            if mask is not None and key not in self._owned and not mask.any():
                continue
            if isinstance(values, int) and (part.height, part.width) == _WHOLE and (mask is None or mask.all()):
                self._tiles[key] = uniform_tile(values)
                self._owned.discard(key)
                continue
            target = self._writable(key)[_inside(part, key)]
            if mask is None:
                target[...] = values if isinstance(values, int) else values[source]
            elif isinstance(values, int):
                put_value(target, values, mask)
            else:
                put_where(target, np.asarray(values[source], np.uint16), mask)

    def snapshot(self) -> dict[TileKey, Tile]:
        """The tiles as they are now; from here on they are never written to, only replaced."""
        self._owned.clear()
        return dict(self._tiles)

    def changes_since(self, snapshot: Mapping[TileKey, Tile]) -> dict[TileKey, TileChange]:
        """Tiles that differ in content from ``snapshot``, as (before, after); freezes the plane.

        Tiles that came to be of one value give their memory back.
        """
        now = self.snapshot()
        changes: dict[TileKey, TileChange] = {}
        for key in now.keys() | snapshot.keys():
            before, after = snapshot.get(key), now.get(key)
            if before is after:
                continue
            # A tile erased to all fill is None here as it is on the disk, so that a history weighs the same there.
            if after is not None:
                after = self._tiles[key] = compact(after)
            before, after = self._or_none(before), self._or_none(after)
            if not _equal(before, after):
                changes[key] = (before, after)
        return changes

    def put_tiles(self, tiles: Mapping[TileKey, Tile | None]) -> Rect:
        """Replace whole tiles, None meaning all fill; returns the rectangle in which pixels changed.

        In a plane that was blank that is all of the tiles.
        """
        blank = not self._tiles
        rects = [tile_rect(key) if blank else self._changed_by(key, tile) for key, tile in tiles.items()]
        for key, tile in tiles.items():
            self._owned.discard(key)
            if tile is None:
                self._tiles.pop(key, None)
            else:
                self._tiles[key] = tile
        return union_all(rects).clip(self.height, self.width)

    def _changed_by(self, key: TileKey, tile: Tile | None) -> Rect:
        """Where a tile differs from the one that is there."""
        now = self._tiles.get(key)
        if now is tile:
            return EMPTY
        differs = np.not_equal(self.fill if now is None else now, self.fill if tile is None else tile)
        return EMPTY if differs.ndim == 0 else where_true(differs, tile_rect(key))

    def _writable(self, key: TileKey) -> Tile:
        if key not in self._owned:
            shared = self._tiles.get(key)
            self._tiles[key] = np.full((TILE, TILE), self.fill, np.uint16) if shared is None else shared.copy()
            self._owned.add(key)
        return self._tiles[key]

    def _is_fill(self, tile: Tile) -> bool:
        return tile.item(0) == self.fill and (is_uniform(tile) or bool((tile == self.fill).all()))

    def _or_none(self, tile: Tile | None) -> Tile | None:
        return None if tile is None or self._is_fill(tile) else tile


def mask_at(
    correction: Plane, prediction: Plane | None, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.uint16]:
    """The mask where ``rows`` and ``columns`` cross: correction over prediction over 0; see ``Plane.sample``."""
    out = np.empty((len(rows), len(columns)), np.uint16)
    across = _runs(columns)
    for tile_row, down, inside_rows in _runs(rows):
        # From afar there are a thousand tiles in sight, nearly all of one value: neighbours are filled in at once.
        begun, filling = 0, None
        for tile_column, along, inside_columns in across:
            key = tile_row, tile_column
            over, below = correction.tile(key), None
            value = over.item(0) if is_uniform(over) else None
            if value is None or value == UNSET:
                below = uniform_tile(BACKGROUND) if prediction is None else prediction.tile(key)
                value = below.item(0) if value == UNSET and is_uniform(below) else None
            if value != filling:
                if filling is not None:
                    out[down, begun : along.start] = filling
                begun, filling = along.start, value
            if value is None and below is not None:
                _pick_over(out[down, along], over, below, inside_rows, inside_columns)
        if filling is not None:
            out[down, begun:] = filling
    return out


def _pick_over(target: NDArray[np.uint16], over: Tile, below: Tile, rows: _Inside, columns: _Inside) -> None:
    """Copy from a tile, and where that is unset from the one below it."""
    _pick(target, below, rows, columns)
    if not is_uniform(over):
        painted = _picked(over, rows, columns)
        put_where(target, painted, painted != UNSET)


def where_true(differs: NDArray[np.bool_], corner: Rect) -> Rect:
    """The smallest rectangle round what is True in (h, w) ``differs``, which begins at the corner of ``corner``."""
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if len(rows) == 0:
        return EMPTY
    return Rect(
        corner.x0 + int(columns[0]),
        corner.y0 + int(rows[0]),
        corner.x0 + int(columns[-1]) + 1,
        corner.y0 + int(rows[-1]) + 1,
    )


def tile_rect(key: TileKey) -> Rect:
    """The pixels of a tile; may reach beyond the image."""
    row, column = key
    return Rect(column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE)


def _tiles_of(rect: Rect) -> list[tuple[TileKey, Rect]]:
    if rect.is_empty:
        return []
    return [
        ((row, column), rect.intersect(tile_rect((row, column))))
        for row in range(rect.y0 // TILE, (rect.y1 - 1) // TILE + 1)
        for column in range(rect.x0 // TILE, (rect.x1 - 1) // TILE + 1)
    ]


_Inside = slice | NDArray[np.intp]


def _runs(indices: NDArray[np.intp]) -> list[tuple[int, slice, _Inside]]:
    """Ascending pixel indices by tile: its row or column, where in ``indices`` they stand, where in the tile."""
    # Few numbers in most cases, and then a list of them is quicker to look into than an array.
    known = indices.tolist()
    runs: list[tuple[int, slice, _Inside]] = []
    start = 0
    while start < len(known):
        tile = known[start] // TILE
        stop = bisect_left(known, (tile + 1) * TILE, start)
        inside = indices[start:stop] - tile * TILE
        low, high = known[start] - tile * TILE, known[stop - 1] - tile * TILE
        gapless = high - low + 1 == stop - start and bool((inside[1:] > inside[:-1]).all())
        runs.append((tile, slice(start, stop), slice(low, high + 1) if gapless else inside))
        start = stop
    return runs


def _pick(target: NDArray[np.uint16], tile: Tile, rows: _Inside, columns: _Inside) -> None:
    """Copy from a tile."""
    target[...] = tile.item(0) if is_uniform(tile) else _picked(tile, rows, columns)


def _picked(tile: Tile, rows: _Inside, columns: _Inside) -> Tile:
    picked = tile[rows] if isinstance(rows, slice) else tile.take(rows, axis=0)
    return picked[:, columns] if isinstance(columns, slice) else picked.take(columns, axis=1)


def _equal(one: Tile | None, other: Tile | None) -> bool:
    if one is None or other is None or (is_uniform(one) and is_uniform(other)):
        return one is other
    return np.array_equal(one, other)


def _inside(part: Rect, key: TileKey) -> tuple[slice, slice]:
    return _shifted(part, key[1] * TILE, key[0] * TILE)


def _shifted(part: Rect, x: int, y: int) -> tuple[slice, slice]:
    return slice(part.y0 - y, part.y1 - y), slice(part.x0 - x, part.x1 - x)
