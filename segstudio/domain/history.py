"""Undo and redo of one image: named edits, counted in bytes with a floor of steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from segstudio.domain.geometry import Rect, union_all
from segstudio.domain.packing import HeldTiles
from segstudio.domain.plane import tile_rect, where_true
from segstudio.domain.tiles import UNSET, Tile, TileChange, TileKey

MIN_STEPS = 200
"""Edits that are kept whatever they weigh."""

FRESH_STEPS = 4
"""Newest edits that are kept unpacked, to be undone at once."""

MAX_BYTES = 256 * 2**20
"""Weight above which edits beyond ``MIN_STEPS`` are let go, oldest first."""


@dataclass(frozen=True, eq=False)
class Edit:
    """One step that a person would name: the tiles of the correction plane that it changed, before and after."""

    name: str
    tiles: Mapping[TileKey, TileChange]

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiles", HeldTiles(self.tiles))

    @property
    def before(self) -> dict[TileKey, Tile | None]:
        """The tiles to put back on undo."""
        return {key: change[0] for key, change in self.tiles.items()}

    @property
    def after(self) -> dict[TileKey, Tile | None]:
        """The tiles to put back on redo."""
        return {key: change[1] for key, change in self.tiles.items()}

    @property
    def nbytes(self) -> int:
        """Bytes of the tiles that only this edit keeps alive, as an upper bound: those before it.

        Tiles of one value weigh nothing, and packing changes no weight: it is the same whoever reads it when.
        """
        return self._held.weight_before()

    @property
    def extent(self) -> tuple[int, Rect]:
        """How many pixels of the correction it changed, and the smallest rectangle that holds them."""
        pixels, rects = 0, []
        for key, (before, after) in self.tiles.items():
            differs = np.not_equal(UNSET if before is None else before, UNSET if after is None else after)
            pixels += int(np.count_nonzero(differs))
            rects.append(where_true(differs, tile_rect(key)))
        return pixels, union_all(rects)

    def pack(self) -> None:
        """Take as little memory as can be; the tiles are unpacked when they are asked for."""
        self._held.pack()

    @property
    def _held(self) -> HeldTiles:
        assert isinstance(self.tiles, HeldTiles)
        return self.tiles


@dataclass
class History:
    """Edits done and undone, each list in the order in which the edits were made (or undone).

    ``mark`` remembers one state of the mask: that after so many edits done. It is None without one, or once no undo
    and no redo leads back to it.
    """

    done: list[Edit] = field(default_factory=list)
    undone: list[Edit] = field(default_factory=list)
    mark: int | None = None

    @property
    def at_mark(self) -> bool:
        """Whether the mask is as it was when the mark was set."""
        return self.mark == len(self.done)

    def set_mark(self) -> None:
        """Remember the state of now, in place of another."""
        self.mark = len(self.done)

    def forget_mark(self) -> None:
        """Remember no state any more."""
        self.mark = None

    def push(self, edit: Edit) -> None:
        """Record an edit that was just made; what had been undone can no longer be redone."""
        if self.mark is not None and self.mark > len(self.done):
            self.mark = None
        self.done.append(edit)
        self.undone.clear()
        if len(self.done) > FRESH_STEPS:
            self.done[-FRESH_STEPS - 1].pack()
        self._trim()

    @property
    def last(self) -> Edit | None:
        """The edit that ``undo`` would take back; None for none."""
        return self.done[-1] if self.done else None

    @property
    def undo_name(self) -> str:
        """What ``undo`` would take back; "" for nothing."""
        return self.done[-1].name if self.done else ""

    @property
    def redo_name(self) -> str:
        """What ``redo`` would make again; "" for nothing."""
        return self.undone[-1].name if self.undone else ""

    def undo(self) -> Edit | None:
        """The edit to take back, moved to ``undone``; None if there is none."""
        if not self.done:
            return None
        self.undone.append(self.done.pop())
        return self.undone[-1]

    def redo(self) -> Edit | None:
        """The edit to make again, moved to ``done``; None if there is none."""
        if not self.undone:
            return None
        self.done.append(self.undone.pop())
        return self.done[-1]

    def _trim(self) -> None:
        surplus = kept_from(edit.nbytes for edit in reversed(self.done))
        if surplus is not None:
            gone = len(self.done) - surplus
            del self.done[:gone]
            self.mark = self.mark - gone if self.mark is not None and self.mark > gone else None


def kept_from(weights_newest_first: Iterable[int]) -> int | None:
    """How many edits to keep, counted from the newest; None for all."""
    total = 0
    for index, weight in enumerate(weights_newest_first):
        total += weight
        if total > MAX_BYTES and index >= MIN_STEPS:
            return index
    return None
