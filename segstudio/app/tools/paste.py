"""Pixels of segments that hang over the mask until they are taken: dragged, flipped, scaled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.app.tools.base import NO_PREVIEW, Cursor, PointerEvent, Preview, Tool, ToolAction, ToolContext
from segstudio.app.tools.settings import ToolSettings
from segstudio.domain.brush import Point
from segstudio.domain.geometry import EMPTY, Rect, union_all
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.plane import Plane, tile_rect
from segstudio.domain.segments import BACKGROUND
from segstudio.imaging.cv import cv2

FLIP_ACROSS_KEY = "Shift+F"
FLIP_DOWN_KEY = "Ctrl+Shift+F"


@dataclass(frozen=True, eq=False)
class Piece:
    """Pixels of segments that were lifted off a mask.

    ``ids`` is (rect.height, rect.width) uint16, background where there are none; ``rect`` is where they lay in an
    image of ``size`` (width, height), ``segment_ids`` those that have pixels in it.
    """

    rect: Rect
    ids: NDArray[np.uint16]
    size: tuple[int, int]
    segment_ids: frozenset[int]

    @property
    def middle(self) -> Point:
        """The middle of ``rect``."""
        return (self.rect.x0 + self.rect.x1) / 2, (self.rect.y0 + self.rect.y1) / 2

    @property
    def place(self) -> Patch:
        """Background where it lay."""
        return Patch(self.rect, self.ids != BACKGROUND, BACKGROUND)

    def only(self, segment_ids: set[int]) -> Piece:
        """Without the pixels of other segments."""
        kept = np.zeros(65536, np.bool_)
        kept[list(segment_ids)] = True
        ids = np.where(kept[self.ids], self.ids, np.uint16(BACKGROUND))
        return Piece(self.rect, ids, self.size, self.segment_ids & segment_ids)


class PasteProposal(Tool):
    """A piece over an image of ``size`` (width, height); what is background in it changes nothing.

    It lies where it lay before. On an image of another size that is the same place in proportion, and the piece is
    not scaled unless that is asked for, which it can be where width and height have the same ratio. ``lifted`` becomes
    background when the piece is taken: the place that it was moved away from.
    """

    cursor: ClassVar[Cursor] = "move"

    def __init__(
        self,
        piece: Piece,
        size: tuple[int, int],
        *,
        name: str = "Paste",
        lifted: Patch = NOTHING,
        across: bool = False,
        down: bool = False,
    ) -> None:
        self._piece = piece
        self._size = size
        self.title = self._name = name
        self._lifted = lifted
        self._below: tuple[Plane | None] | None = None
        self._across, self._down, self._scaled = across, down, False
        self._middle: Point = (piece.middle[0] * size[0] / piece.size[0], piece.middle[1] * size[1] / piece.size[1])
        self._grip: Point | None = None
        self._preview = NO_PREVIEW
        self._shown = True
        self._lay()

    def hint(self, settings: ToolSettings) -> str:
        """How to move, flip, take and drop it; first what is unusual about it."""
        note = ""
        if self._piece.size != self._size:
            how = "scaled to this image" if self._scaled else "not scaled"
            note = f" (of {self._piece.size[0]} x {self._piece.size[1]} px, {how})"
        return f"{self._name}{note}: drag or arrow keys move · {FLIP_ACROSS_KEY} flips · Enter applies · Esc drops"

    @property
    def busy(self) -> bool:
        """True until it is taken or dropped."""
        return self._shown

    @property
    def undecided(self) -> str:
        """What is shown until it is taken or dropped."""
        return "What is pasted" if self._shown else ""

    @property
    def preview(self) -> Preview:
        """What would be painted."""
        return self._preview

    @property
    def actions(self) -> tuple[ToolAction, ...]:
        """Flip it both ways, and scale it where that fits."""
        flips = (
            ToolAction("Flip left-right", FLIP_ACROSS_KEY, self.flip_across),
            ToolAction("Flip top-bottom", FLIP_DOWN_KEY, self.flip_down),
        )
        if not self._fits:
            return flips
        return *flips, ToolAction("Original size" if self._scaled else "Scale to this image", "", self.scale)

    def flip_across(self, context: ToolContext) -> None:
        """Left becomes right."""
        self._across = not self._across
        self._lay()
        self.refresh(context)

    def flip_down(self, context: ToolContext) -> None:
        """Top becomes bottom."""
        self._down = not self._down
        self._lay()
        self.refresh(context)

    def scale(self, context: ToolContext) -> None:
        """As large as in proportion to the image, or as it was; each pixel takes the nearest one's segment."""
        self._scaled = not self._scaled
        self._lay()
        self.refresh(context)

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Take hold of it, wherever the pointer is."""
        self._grip = event.x - self._middle[0], event.y - self._middle[1]

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """Drag it; while it is held all of it is shown, also over locked segments."""
        if self._grip is None:
            return
        self._bring(event.x - self._grip[0], event.y - self._grip[1])
        self._preview = Preview(self._patch())

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """Let go of it."""
        self.move(context, event)
        self._grip = None
        self.refresh(context)

    def nudge(self, context: ToolContext, dx: int, dy: int) -> bool:
        """Move it by pixels; while a hand holds it, it follows that alone."""
        if self._grip is None:
            self._bring(self._middle[0] + dx, self._middle[1] + dy)
            self.refresh(context)
        return True

    def commit(self, context: ToolContext) -> None:
        """Paint it, as one step."""
        patch = self._allowed(context)
        if not patch.is_empty:
            context.paint(self._name, patch, spare=False)
        self.abandon(context)

    def abandon(self, context: ToolContext) -> None:
        """Drop it."""
        self._shown, self._grip, self._preview = False, None, NO_PREVIEW

    def refresh(self, context: ToolContext) -> None:
        """Show what of it would be painted."""
        if self._shown:
            self._lift_anew(context)
        if self._shown:
            self._preview = Preview(self._allowed(context))

    # ---- within -----------------------------------------------------------------------------------------------

    @property
    def _fits(self) -> bool:
        """True where the image has another size, and the same shape but for a rounded pixel."""
        (width, height), (own_width, own_height) = self._size, self._piece.size
        return self._piece.size != self._size and abs(own_height * width / own_width - height) < 1

    def _allowed(self, context: ToolContext) -> Patch:
        """What of it would be painted. What moves away from its place may do so whatever may be painted over."""
        patch = self._patch()
        allowed = context.allowed(patch)
        if self._lifted.is_empty:
            return allowed
        own = list(self._piece.segment_ids - set(context.locked))
        where = allowed.where | (patch.where & np.isin(context.document.shown(patch.rect), own))
        return Patch(patch.rect, where, patch.ids)

    def _lift_anew(self, context: ToolContext) -> None:
        """Where another prediction came, what moves away is what the mask shows now."""
        below, self._below = self._below, (context.document.prediction,)
        if self._lifted.is_empty or below is None or below[0] is self._below[0]:
            return
        before, piece = self._piece.middle, lift(context.document, set(self._piece.segment_ids))
        if piece is None:
            self.abandon(context)
            return
        self._piece, self._lifted = piece, piece.place
        self._bring(self._middle[0] + piece.middle[0] - before[0], self._middle[1] + piece.middle[1] - before[1])
        self._lay()

    def _bring(self, x: float, y: float) -> None:
        """Its middle stays on the image, so that it can't get lost outside."""
        self._middle = min(max(x, 0.0), float(self._size[0])), min(max(y, 0.0), float(self._size[1]))

    def _lay(self) -> None:
        ids = self._piece.ids
        if self._scaled:
            factor = self._size[0] / self._piece.size[0]
            height, width = (max(1, round(side * factor)) for side in ids.shape)
            ids = np.asarray(cv2.resize(ids, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), np.uint16)
        self._ids = ids[:: -1 if self._down else 1, :: -1 if self._across else 1]
        self._where = self._ids != BACKGROUND

    def _patch(self) -> Patch:
        height, width = self._ids.shape
        # Halves always go the same way: by one pixel to the side is one pixel, also from between two.
        x, y = (math.floor(middle - side / 2 + 0.5) for middle, side in zip(self._middle, (width, height), strict=True))
        lying = Rect(x, y, x + width, y + height)
        inside = lying.clip(self._size[1], self._size[0])
        if inside.is_empty:
            return self._lifted
        own = Rect(inside.x0 - x, inside.y0 - y, inside.x1 - x, inside.y1 - y).slices
        patch = Patch(inside, self._where[own], self._ids[own])
        return patch if self._lifted.rect.is_empty else _over(self._lifted, patch)


def lift(document: Document, segment_ids: set[int]) -> Piece | None:
    """The pixels of these segments as the mask shows them; None if it shows none. Looks at no tile without paint."""
    wanted = np.zeros(65536, np.bool_)
    wanted[list(segment_ids - {BACKGROUND})] = True
    seen = np.zeros(65536, np.bool_)
    parts: list[tuple[Rect, NDArray[np.uint16]]] = []
    for tile in _painted_tiles(document):
        ids = document.shown(tile)
        alike = ids.min() == ids.max()  # as most tiles within a large segment are: no need to look at each pixel
        where = np.full(ids.shape, wanted[ids[0, 0]]) if alike else wanted[ids]
        own = _box(where)
        if not own.is_empty:
            ids[~where] = BACKGROUND
            seen[ids[0, 0] if alike else ids] = True
            part = Rect(tile.x0 + own.x0, tile.y0 + own.y0, tile.x0 + own.x1, tile.y0 + own.y1)
            parts.append((part, ids[own.slices]))
    if not parts:
        return None
    rect = union_all(part for part, _ in parts)
    lifted = np.full((rect.height, rect.width), BACKGROUND, np.uint16)
    for part, ids in parts:
        lifted[part.y0 - rect.y0 : part.y1 - rect.y0, part.x0 - rect.x0 : part.x1 - rect.x0] = ids
    held = frozenset(int(id_) for id_ in np.flatnonzero(seen)) - {BACKGROUND}
    return Piece(rect, lifted, (document.width, document.height), held)


def _painted_tiles(document: Document) -> list[Rect]:
    keys = set(document.correction.snapshot())
    if document.prediction is not None:
        keys |= set(document.prediction.snapshot())
    return [tile_rect(key).intersect(document.bounds) for key in sorted(keys)]


def _box(where: NDArray[np.bool_]) -> Rect:
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not len(rows):
        return EMPTY
    return Rect(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _over(below: Patch, above: Patch) -> Patch:
    rect = below.rect.union(above.rect)
    where = np.zeros((rect.height, rect.width), np.bool_)
    ids = np.full(where.shape, BACKGROUND, np.uint16)
    for patch in (below, above):
        own = Rect(
            patch.rect.x0 - rect.x0, patch.rect.y0 - rect.y0, patch.rect.x1 - rect.x0, patch.rect.y1 - rect.y0
        ).slices
        where[own] |= patch.where
        np.copyto(ids[own], np.asarray(patch.ids, np.uint16), where=patch.where)
    return Patch(rect, where, ids)
