"""Cleaning up: what would change is shown while the settings are tried, and taken with one key."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from segstudio.app.document import Document, frozen
from segstudio.app.tools.asking import Latest
from segstudio.app.tools.base import NO_PREVIEW, PointerEvent, Preview, Tool, ToolContext
from segstudio.app.tools.settings import Operation, ToolSettings
from segstudio.domain.clean_up import clean_up
from segstudio.domain.geometry import EMPTY, Rect
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.plane import TILE
from segstudio.domain.regions import bounds
from segstudio.domain.segments import BACKGROUND

TITLES: dict[Operation, str] = {
    "fill_holes": "Fill holes",
    "keep_largest": "Keep largest part",
    "remove_specks": "Remove specks",
    "grow": "Grow",
    "shrink": "Shrink",
    "smooth": "Smooth border",
}
"""What the steps are called."""

_AMOUNTS = {"remove_specks": ("speck_area",), "grow": ("reach",), "shrink": ("reach",), "smooth": ("reach",)}

# The Gaussian that smooths looks this many times its radius far.
_REACHES = 4


class CleanUpProposal(Tool):
    """Does ``settings.operation`` to the segment in hand, or to every segment; a proposal, for ``Editor.propose``."""

    options: ClassVar[tuple[str, ...]] = ("operation", "reach", "speck_area", "every_segment", "paint_over")

    def __init__(self) -> None:
        self.title = "Clean up"
        self._question: Latest[Patch] = Latest()
        self._operation: Operation = "fill_holes"
        self._wanted: tuple[ToolSettings, int] | None = None
        self._found: Patch | None = None
        self._preview = Preview()
        self._taken = False
        self._ended = False

    def hint(self, settings: ToolSettings) -> str:
        """What would change, and the keys."""
        if self._found is None:
            return f"{self.title}: looking at the mask… · Enter applies it when it is there · Esc drops it"
        patch = self._preview.patch
        if patch is not None and not patch.is_empty:
            count = np.count_nonzero(patch.where)
            return f"{self.title}: {count:,} px change · Enter applies · Esc drops".replace(",", "\N{NO-BREAK SPACE}")
        if not self._found.is_empty:
            return f"{self.title}: what would change is locked, or not to be painted over · Esc drops"
        return f"{_nothing(settings)} · Esc drops"

    def options_for(self, settings: ToolSettings) -> tuple[str, ...]:
        """The operation and how much of it."""
        return ("operation", *_AMOUNTS.get(settings.operation, ()), "every_segment", "paint_over")

    @property
    def busy(self) -> bool:
        """True until it was taken or dropped."""
        return not self._ended

    @property
    def owes(self) -> bool:
        """Taken, and not found yet."""
        return self._taken and self._question.waiting

    @property
    def undecided(self) -> str:
        """What would change, unless it is nothing or was taken."""
        nothing = self._ended or self._taken or (self._found is not None and self._preview.changes_nothing)
        return "" if nothing else f"“{self.title}”"

    @property
    def preview(self) -> Preview:
        """What would change."""
        return self._preview

    def refresh(self, context: ToolContext) -> None:
        """Look again, as things are set now; what was taken stays what it was when it was taken."""
        if self._wanted is None or not self._taken:
            self._wanted = context.settings, context.segment_id
        (settings, segment_id), locked = self._wanted, context.locked
        self._operation = settings.operation
        self.title = TITLES[settings.operation]
        still = frozen(context.document)
        self._question.ask(context, lambda: changes(still, settings, segment_id, locked), self._hear)

    def settle(self, context: ToolContext, event: PointerEvent) -> None:
        """Apply what was taken: the gesture is for the tool in hand, and no step may come into the midst of it."""
        if self._taken:
            self._question.answer_now(context)

    def commit(self, context: ToolContext) -> None:
        """Apply it, now or when it is there."""
        self._taken = True
        self._take_if_found(context)

    def leave(self, context: ToolContext) -> None:
        """What was taken is applied, the rest is dropped."""
        if self._taken:
            self._question.answer_now(context)
        self.abandon(context)

    def abandon(self, context: ToolContext) -> None:
        """Change nothing."""
        self._question.forget()
        self._preview = NO_PREVIEW
        self._ended = True

    def _hear(self, context: ToolContext, patch: Patch) -> None:
        self._found = patch
        self._preview = Preview(context.allowed(patch))
        self._take_if_found(context)

    def _take_if_found(self, context: ToolContext) -> None:
        if self._taken and self._found is not None and not self._question.waiting and not self._ended:
            self._ended = True
            self._preview = NO_PREVIEW
            context.paint(TITLES[self._operation], self._found)


def changes(document: Document, settings: ToolSettings, segment_id: int, locked: tuple[int, ...]) -> Patch:
    """What the clean-up that is set would change; reads the mask where the segments are and no further."""
    box, present = _extent(document, None if settings.every_segment else segment_id)
    if box.is_empty:
        return NOTHING
    border = settings.operation in ("grow", "shrink", "smooth")
    margin = math.ceil(_REACHES * settings.reach) + 2 if border else 2
    rect = box.expand(margin).intersect(document.bounds)
    amount = settings.speck_area if settings.operation == "remove_specks" else settings.reach
    patch = clean_up(document.shown(rect), settings.operation, amount, present, locked)
    if patch.rect.is_empty:
        return NOTHING
    return Patch(patch.rect.moved(rect.x0, rect.y0), patch.where, patch.ids)


def _extent(document: Document, segment_id: int | None) -> tuple[Rect, list[int]]:
    """Where one segment is, or every one, and which."""
    box, present = EMPTY, np.zeros(65536, np.bool_)
    for y in range(0, document.height, TILE):
        strip = Rect(0, y, document.width, min(y + TILE, document.height))
        ids = document.shown(strip)
        member = ids != BACKGROUND if segment_id is None else ids == segment_id
        own = bounds(member)
        if not own.is_empty:
            box = box.union(Rect(own.x0, own.y0 + y, own.x1, own.y1 + y))
            present[ids[own.slices]] = True
    present[BACKGROUND] = False
    if segment_id is not None:
        return box, [segment_id]
    return box, np.flatnonzero(present).tolist()


def _nothing(settings: ToolSettings) -> str:
    many = settings.every_segment
    whose = "any segment" if many else "the segment in hand"
    return {
        "fill_holes": f"Nothing to fill: no hole in {whose}",
        "keep_largest": f"Nothing to remove: {'no segment' if many else whose} has "
        f"{'more than one part' if many else 'only one part, or none'}",
        "remove_specks": f"Nothing to remove: no speck of {whose} below {settings.speck_area} px",
        "grow": f"Nothing to grow: no background beside {whose}",
        "shrink": f"Nothing to shrink: {whose} has no border here",
        "smooth": f"Nothing to smooth: the border of {whose} is as it would be at {settings.reach:g} px",
    }[settings.operation]
