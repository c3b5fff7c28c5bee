"""Tiles in little memory: one value throughout takes two bytes, and what rests is kept as runs of equal values."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.tiles import TILE, Tile, TileChange, TileKey

_PIXELS = TILE * TILE
_MANY_RUNS = _PIXELS // 16


@dataclass(frozen=True, eq=False)
class PackedTile:
    """A tile as runs along its rows: where each starts, and its value; with too many of them, deflated instead."""

    starts: NDArray[np.uint16]
    values: NDArray[np.uint16]
    deflated: bytes = b""

    @classmethod
    def of(cls, tile: Tile) -> PackedTile:
        """``tile`` packed."""
        flat = tile.reshape(-1)
        starts = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        if len(starts) > _MANY_RUNS:
            nothing = np.zeros(0, np.uint16)
            return cls(nothing, nothing, zlib.compress(tile.tobytes(), level=1))
        return cls(starts.astype(np.uint16), flat[np.concatenate(([0], starts))])

    def unpacked(self) -> Tile:
        """The tile, read-only."""
        if self.deflated:
            return np.frombuffer(zlib.decompress(self.deflated), np.uint16).reshape(TILE, TILE)
        edges = np.concatenate(([0], self.starts.astype(np.intp), [_PIXELS]))
        tile: Tile = np.repeat(self.values, np.diff(edges)).reshape(TILE, TILE)
        tile.flags.writeable = False
        return tile


Held = Tile | PackedTile | None


class HeldTiles(Mapping[TileKey, TileChange]):
    """Tiles before and after an edit; ``pack`` makes them small. Another thread may read while that happens."""

    def __init__(self, tiles: Mapping[TileKey, TileChange]) -> None:
        self._held: Mapping[TileKey, tuple[Held, Held]] = tiles

    def pack(self) -> None:
        """Keep the tiles packed from now on; each is unpacked when it is asked for."""
        # Put in place as a whole: a reader sees all of one or all of the other.
        self._held = {key: (_packed(before), _packed(after)) for key, (before, after) in self._held.items()}

    def __getitem__(self, key: TileKey) -> TileChange:
        before, after = self._held[key]
        return _unpacked(before), _unpacked(after)

    def __iter__(self) -> Iterator[TileKey]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def weight_before(self) -> int:
        """Bytes of the tiles before, unpacked; those of one value weigh nothing."""
        held = self._held
        return sum(0 if before is None else weight(before) for before, _ in held.values())


@cache
def uniform_tile(value: int) -> Tile:
    """The one read-only tile that is all ``value``."""
    return np.broadcast_to(np.asarray(value, np.uint16), (TILE, TILE))


def is_uniform(tile: Tile) -> bool:
    """True for what ``uniform_tile`` returns; other tiles of one value are not recognised."""
    return tile.strides == (0, 0)


def compact(tile: Tile) -> Tile:
    """The same tile, as the one that all tiles of its value share if it is of one value."""
    first = tile.item(0)
    if is_uniform(tile) or tile.item(-1) != first or not (tile == first).all():
        return tile
    return uniform_tile(first)


def weight(tile: Tile | PackedTile) -> int:
    """Bytes that a tile takes unpacked; none for a uniform one."""
    return 2 * _PIXELS if isinstance(tile, PackedTile) or not is_uniform(tile) else 0


def _packed(tile: Held) -> Held:
    if tile is None or isinstance(tile, PackedTile) or is_uniform(tile):
        return tile
    return PackedTile.of(tile)


def _unpacked(tile: Held) -> Tile | None:
    return tile.unpacked() if isinstance(tile, PackedTile) else tile
