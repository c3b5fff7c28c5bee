"""Tiles as they rest in the database."""

from __future__ import annotations

import weakref
import zlib

import numpy as np

from segstudio.domain.tiles import UNSET, Tile


def pack(tile: Tile | None) -> bytes | None:
    """A tile, deflated; None for one without paint."""
    if tile is None or (tile == UNSET).all():
        return None
    return zlib.compress(np.ascontiguousarray(tile, "<u2").tobytes(), level=1)


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
