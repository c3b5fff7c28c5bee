"""Border point: click where the border belongs, and the border comes there as the model sees the image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from segstudio.app.document import Document, frozen
from segstudio.app.tools.asking import Latest
from segstudio.app.tools.base import NO_PREVIEW, Cursor, Line, PointerEvent, Preview, Tool, ToolContext
from segstudio.app.tools.model_border import STEPS
from segstudio.app.tools.settings import ToolSettings
from segstudio.domain.border_point import border_through, likelihood
from segstudio.domain.confidence import sampled
from segstudio.domain.geometry import Rect
from segstudio.domain.history import Edit
from segstudio.domain.outlines import outlines, runs
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.plane import UNSET, Plane, Tile, TileKey
from segstudio.domain.regions import Mask, bounds, grow
from segstudio.domain.segments import BACKGROUND

_SHORTEST = 4
"""Points of a line below which it is a corner of what changes, not a border."""

AT_ONCE_PIXELS = 1 << 17
"""As many pixels as are looked at before the event returns."""

_NAME = "Border point"

_BESIDE = 1.5
"""In px: so near to the border of now, a line says nothing new."""


@dataclass(frozen=True, eq=False)
class _Found:
    """What changes, and where the border would run then and does not now."""

    patch: Patch = NOTHING
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class _Place:
    """Where the border shall run, of which segment, and how far round it may move; None for all round."""

    column: int
    row: int
    segment_id: int
    reach: float | None


class BorderPointTool(Tool):
    """What would change is outlined under the pointer; press, drag, release are one step.

    What a person painted stays as it is. What border points changed one after the other may change again.
    """

    title = _NAME
    options: ClassVar[tuple[str, ...]] = ("span", "paint_over")
    cursor: ClassVar[Cursor] = "ring"
    ring: ClassVar[str] = "span"

    def __init__(self) -> None:
        self._question: Latest[_Found] = Latest()
        self._place: _Place | None = None
        self._document: Document | None = None
        self._down = self._released = False
        self._found = _Found()
        self._preview = NO_PREVIEW
        self._by_hand: tuple[Document, Edit | None, Plane] | None = None

    def hint(self, settings: ToolSettings) -> str:
        """What a click does, or why it does nothing."""
        document = self._document
        if document is not None and document.veiled:
            return "Draw your own mask first, then Shift+D shows the model's and border points work"
        if document is not None and document.confidence is None:
            return "Border points work where the model has a mask of the image; Move border (M) works without"
        if self._down and self._found.patch.is_empty and not self._question.waiting:
            return (
                "Nothing would move: the border is beyond the ring, which ] makes larger, another segment lies there, "
                "or you painted here"
            )
        if self._down:
            return "Drag to where the border belongs · let go to take it · Esc drops it"
        return "Click where the border belongs · all round: Shift · size: [ ]"

    def erases(self, settings: ToolSettings, inverted: bool) -> bool:
        """It moves what is there, with whatever button."""
        return False

    @property
    def busy(self) -> bool:
        """True from the press until the border has moved."""
        return self._down or self._released

    @property
    def owes(self) -> bool:
        """Placed, and not found yet."""
        return self.busy and self._question.waiting

    @property
    def preview(self) -> Preview:
        """The outline of what would change; while the button is down, that filled."""
        return self._preview

    # ---- gestures ---------------------------------------------------------------------------------------------

    def take(self, context: ToolContext) -> None:
        """Show nothing until the pointer moves, since the mask may be another; but what another reach would do."""
        place, here = self._place, context.document is self._document
        self._document = context.document
        self._forget()
        if place is not None and here and place.reach not in (None, context.settings.span):
            self._ask(context, place.column, place.row, all_round=False)

    def hover(self, context: ToolContext, event: PointerEvent) -> None:
        """Outline what a press would change."""
        if not self._released:
            self._seek(context, event)

    def unhover(self, context: ToolContext) -> None:
        """No outline where nobody points."""
        if not self._released:
            self._forget()

    def conclude(self, context: ToolContext) -> None:
        """What was asked for before counts."""
        self._finish_now(context)

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Show what would change as if it had."""
        self._down = True
        self._seek(context, event)

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """The border follows the pointer."""
        if self._down:
            self._seek(context, event)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """Take it, now or as soon as it is found."""
        if self._down:
            self._seek(context, event)
            self._down, self._released = False, True
            self._take_if_found(context)

    def commit(self, context: ToolContext) -> None:
        """Take it."""
        self._finish_now(context)

    def leave(self, context: ToolContext) -> None:
        """What was asked for counts, whatever comes next."""
        self._finish_now(context)

    def abandon(self, context: ToolContext) -> None:
        """Change nothing."""
        self._forget()

    def refresh(self, context: ToolContext) -> None:
        """Look again, as things are now."""
        if self._place is not None:
            column, row = self._place.column, self._place.row
            self._ask(context, column, row, all_round=self._place.reach is None)

    # ---- within -----------------------------------------------------------------------------------------------

    def _seek(self, context: ToolContext, event: PointerEvent) -> None:
        self._document = document = context.document
        column, row = math.floor(event.x), math.floor(event.y)
        if self._down:
            # Dragged beyond the image, the border goes to its edge.
            column, row = min(max(column, 0), document.width - 1), min(max(row, 0), document.height - 1)
        if 0 <= column < document.width and 0 <= row < document.height:
            self._ask(context, column, row, all_round=event.shift)
        else:
            self._forget()

    def _ask(self, context: ToolContext, column: int, row: int, all_round: bool) -> None:
        document = context.document
        place = _Place(column, row, context.segment_id, None if all_round else context.settings.span)
        self._place = place
        if document.prediction is None or document.confidence is None or place.segment_id == BACKGROUND:
            self._forget(keep_gesture=True)
            return
        rect = _reached(document, place)
        still, by_hand = frozen(document), self._painted_by_hand(document)
        at_once = rect.width * rect.height <= AT_ONCE_PIXELS
        self._question.ask(context, lambda: _moved(still, place, rect, by_hand), self._hear, here=at_once)

    def _painted_by_hand(self, document: Document) -> Plane:
        """The correction without the newest steps, as long as these only moved the model's border.

        It may be moved again; what was painted before stays.
        """
        done = document.history.done
        newest = done[-1] if done else None
        if self._by_hand is None or self._by_hand[0] is not document or self._by_hand[1] is not newest:
            before: dict[TileKey, Tile | None] = {}
            for edit in reversed(done):
                if edit.name not in (_NAME, *STEPS):
                    break
                before.update(edit.before)
            plane = Plane(document.height, document.width)
            plane.put_tiles(document.correction.snapshot())
            plane.put_tiles(before)
            self._by_hand = (document, newest, plane)
        return self._by_hand[2]

    def _hear(self, context: ToolContext, found: _Found) -> None:
        self._found = found
        if self._released:
            self._take_if_found(context)
        elif self._down:
            self._preview = Preview(context.allowed(found.patch))
        else:
            self._preview = Preview(lines=found.lines)

    def _take_if_found(self, context: ToolContext) -> None:
        if self._released and not self._question.waiting:
            patch = self._found.patch
            self._forget()
            if not patch.is_empty:
                context.paint(_NAME, patch)

    def _finish_now(self, context: ToolContext) -> None:
        if self.busy:
            self._down, self._released = False, True
            self._question.answer_now(context)
            self._take_if_found(context)

    def _forget(self, keep_gesture: bool = False) -> None:
        self._question.forget()
        self._found, self._preview = _Found(), NO_PREVIEW
        if not keep_gesture:
            self._down = self._released = False
            self._place = None


def _moved(document: Document, place: _Place, rect: Rect, by_hand: Plane) -> _Found:
    """What changes in ``rect`` where the border of a segment is brought to ``place``.

    Other segments stay, and so does what was painted ``by_hand``. Nothing where the model has said nothing.
    """
    if document.prediction is None or document.confidence is None:
        return _Found()
    shown, own = document.shown(rect), document.prediction.read(rect) == place.segment_id
    mask = shown == place.segment_id
    confidence = sampled(document.confidence, document.width, document.height, rect)
    point = (place.column - rect.x0, place.row - rect.y0)
    free = (by_hand.read(rect) == UNSET) & (mask | (shown == BACKGROUND))
    where = border_through(mask, free, likelihood(own, confidence), point, place.reach)
    inner = bounds(where)
    if inner.is_empty:
        return _Found()
    outward = not mask[point[1], point[0]]
    patch = Patch(
        inner.moved(rect.x0, rect.y0),
        np.ascontiguousarray(where[inner.slices]),
        place.segment_id if outward else BACKGROUND,
    )
    return _Found(patch, _new_border(patch, grow(mask if outward else ~mask, _BESIDE)[inner.slices]))


def _new_border(patch: Patch, beside: Mask) -> tuple[Line, ...]:
    """Lines along the rim of ``patch``, but not where that is ``beside`` the border of now."""
    origin = np.array([patch.rect.x0, patch.rect.y0])
    lines = []
    for line in outlines(patch.where.astype(np.uint16)):
        columns, rows = line.astype(np.intp).T
        lines += runs(line, ~beside[rows, columns])
    return tuple(Line(tuple(map(tuple, line + origin)), dashed=True) for line in lines if len(line) >= _SHORTEST)


def _reached(document: Document, place: _Place) -> Rect:
    if place.reach is None:
        return document.bounds
    here = Rect(place.column, place.row, place.column + 1, place.row + 1)
    return here.expand(math.ceil(place.reach)).intersect(document.bounds)
