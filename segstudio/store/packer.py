"""Tiles as they rest in the database."""

from __future__ import annotations

import weakref
import zlib

import numpy as np

from segstudio.domain.packing import compact
from segstudio.domain.tiles import TILE, UNSET, Tile

_TILE_BYTES = TILE * TILE * 2


def pack(tile: Tile | None) -> bytes | None:
    """A tile, deflated; None for one without paint."""
    if tile is None or (tile == UNSET).all():
        return None
    return zlib.compress(np.ascontiguousarray(tile, "<u2").tobytes(), level=1)


def unpack(data: object) -> Tile:
    """A tile as it was before ``pack``. Raises ``ValueError`` for what is none."""
    try:
        values = zlib.decompressobj().decompress(data, _TILE_BYTES + 1)  # type: ignore[arg-type]
    except (zlib.error, TypeError) as error:  # TypeError: it is no bytes at all
        raise ValueError("no tile") from error
    if len(values) != _TILE_BYTES:
        raise ValueError("no tile")
    return compact(np.frombuffer(values, "<u2").astype(np.uint16, copy=False).reshape(TILE, TILE))


class Packer:
    """As ``pack``, and remembers what came of a tile for as long as somebody holds it.

    The tiles that an edit leaves are those that the next one finds, and deflating them is most of what saving takes.
    What was handed in must not be written to any more.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Tile], bytes | None]] = {}

    def pack(self, tile: Tile | None) -> bytes | None:
        """A tile, deflated; None for one without paint."""
        if tile is None:
            return None
        place = id(tile)
        known, packed = self._known.get(place, (None, None))
        if known is None or known() is not tile:
            packed = pack(tile)
            # Called before another tile can take the place.
            self._known[place] = weakref.ref(tile, lambda _: self._known.pop(place, None)), packed
        return packed
