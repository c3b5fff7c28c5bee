"""Superpixels: click or drag takes whole parts of a mosaic that keeps to the image's edges."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.app.tools.base import NO_PREVIEW, PointerEvent, Preview, Tool, ToolContext
from segstudio.app.tools.settings import ToolSettings
from segstudio.domain.brush import Point
from segstudio.domain.patch import Patch
from segstudio.domain.segments import BACKGROUND
from segstudio.imaging.superpixels import Superpixels, superpixels

MOST_BYTES = 160 * 2**20
"""Weight above which the mosaics of images seen before are let go, oldest first."""

_NAMES = {"add": "Add superpixels", "remove": "Remove superpixels", "erase": "Erase superpixels"}
_WORKING = Preview(caption="finding superpixels…")

_Key = tuple[int, str, tuple[int, ...], int]
"""Of an image, the file that was read of it, its shape and a scale: another file may take the place of the first."""


@dataclass(frozen=True, eq=False)
class Mosaic:
    """The superpixels of one image at one scale, and the same as something to show."""

    cells: NDArray[np.uint16]
    parts: Superpixels
    preview: Preview

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], scale: int) -> Mosaic:
        """Of (H, W, 3) uint8; takes up to seconds."""
        # There are some thousands at most: half the memory will do.
        cells = superpixels(pixels, scale).astype(np.uint16)
        return cls(cells, Superpixels(cells), Preview(cells=cells))

    def under(self, start: Point, end: Point) -> list[int]:
        """The superpixels below a straight way, in no order; what is outside the image has none."""
        steps = max(1, math.ceil(math.dist(start, end)))
        columns = np.floor(np.linspace(start[0], end[0], steps + 1)).astype(np.intp)
        rows = np.floor(np.linspace(start[1], end[1], steps + 1)).astype(np.intp)
        height, width = self.cells.shape
        inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        found: list[int] = np.unique(self.cells[rows[inside], columns[inside]]).tolist()
        return found


class SuperpixelTool(Tool):
    """The first superpixel of a gesture decides: where it is mostly the segment in hand already, that is removed."""

    title = "Superpixels"
    options: ClassVar[tuple[str, ...]] = ("scale", "paint_over")

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Mosaic] = OrderedDict()
        self._lock = Lock()
        self._mosaic: Mosaic | None = None
        self._waiting = False
        self._doing: Literal["add", "remove", "erase"] = "add"
        self._done: set[int] = set()
        self._segment_id = BACKGROUND
        self._last: Point | None = None

    def hint(self, settings: ToolSettings) -> str:
        """What a click does."""
        if self._waiting:
            return "Finding superpixels…"
        return "Add or remove superpixels: click or drag · erase: right button · finer, coarser: [ ]"

    def erases(self, settings: ToolSettings, inverted: bool) -> bool:
        """The first superpixel decides."""
        return False

    @property
    def preview(self) -> Preview:
        """The lines between the superpixels."""
        if self._waiting:
            return _WORKING
        return NO_PREVIEW if self._mosaic is None else self._mosaic.preview

    def take(self, context: ToolContext) -> None:
        """Show the superpixels of this image at this scale, found now if they were not before."""
        document, scale = context.document, context.settings.scale
        key: _Key = (document.image_id, document.fingerprint, document.pixels.shape, scale)
        self._mosaic = self._find(key)
        self._waiting = self._mosaic is None
        if self._waiting:
            context.later(lambda: self._make(key, document), self._hear)

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Decide by the superpixel under the pointer, and change it. Before they are seen a press means nothing."""
        self._last = None
        if self._mosaic is None:
            return
        self._segment_id = context.segment_id
        first = self._mosaic.parts.label_at(event.x, event.y)
        if event.inverts:
            self._doing = "erase"
        else:
            self._doing = "remove" if first is not None and self._is_taken(context, self._mosaic, first) else "add"
        self._done = set()
        self._last = event.point
        self.move(context, event)

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """Change what was reached."""
        mosaic, start = self._mosaic, self._last
        if mosaic is None or start is None:
            return
        self._last = event.point
        for label in mosaic.under(start, event.point):
            if label not in self._done:
                self._done.add(label)
                self._change(context, mosaic, label)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """End the way."""
        self.move(context, event)
        self._last = None

    def abandon(self, context: ToolContext) -> None:
        """End the way; nothing else is ever waiting."""
        self._last = None
        self._waiting = False

    # ---- within -----------------------------------------------------------------------------------------------

    def _change(self, context: ToolContext, mosaic: Mosaic, label: int) -> None:
        rect, mask = mosaic.parts.mask_of(label)
        if self._doing == "remove":
            mask = mask & (context.document.shown(rect) == self._segment_id)
        value = self._segment_id if self._doing == "add" else BACKGROUND
        context.paint(_NAMES[self._doing], Patch(rect, mask, value))

    def _is_taken(self, context: ToolContext, mosaic: Mosaic, label: int) -> bool:
        rect, mask = mosaic.parts.mask_of(label)
        ours = mask & (context.document.shown(rect) == self._segment_id)
        return bool(2 * np.count_nonzero(ours) > np.count_nonzero(mask))

    def _hear(self, context: ToolContext, mosaic: Mosaic) -> None:
        self._mosaic = mosaic
        self._waiting = False

    def _find(self, key: _Key) -> Mosaic | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _make(self, key: _Key, document: Document) -> Mosaic:
        """On the thread. What is found is kept even if nobody waits for it any more."""
        found = self._find(key) or Mosaic.of(document.pixels, key[3])
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > 1 and sum(mosaic.cells.nbytes for mosaic in self._kept.values()) > MOST_BYTES:
                self._kept.popitem(last=False)
        return found
