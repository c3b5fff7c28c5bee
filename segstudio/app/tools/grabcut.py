"""Box and scribble: a box round an object, or scribbles on it and beside it, and its border is found."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from segstudio.app.document import Document, frozen
from segstudio.app.tools.asking import Latest
from segstudio.app.tools.base import NO_PREVIEW, Line, PointerEvent, Preview, Tool, ToolContext
from segstudio.app.tools.cutting import NO_FIND, Find, find_in_box, find_of_mask, outside_of, with_scribbles
from segstudio.app.tools.settings import Effect, ToolSettings
from segstudio.app.tools.steps import TakenBack
from segstudio.domain.brush import Point
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import Patch
from segstudio.domain.segments import BACKGROUND

_NAMES: dict[Effect, str] = {
    "paint": "Box and scribble",
    "erase": "Erase with box",
    "restore": "Bring the model's mask back",
}
_WORKING = "finding the border…"

_PEN = 0.4
"""Radius of a scribble, in ``PointerEvent.slack``: the same on the screen at any zoom."""


@dataclass(frozen=True, eq=False)
class Scribble:
    """A line that was drawn to say what is certainly inside, or outside."""

    points: tuple[Point, ...]
    radius: float
    inside: bool


@dataclass(frozen=True, eq=False)
class _Asked:
    """What a hand has asked for so far: a box, or the mask as it is of one segment, and scribbles.

    In a box there will be whichever segment is in hand.
    """

    box: Rect | None
    scribbles: tuple[Scribble, ...]
    mask_of: int

    def segment_id(self, in_hand: int) -> int:
        """What it is about."""
        return self.mask_of if self.box is None else in_hand


class GrabCutTool(Tool):
    """A proposal: Enter takes it. Scribbles correct it, or without one the mask that is there."""

    title = "Box and scribble"
    options: ClassVar[tuple[str, ...]] = ("effect", "paint_over")

    def __init__(self) -> None:
        self._question: Latest[Find] = Latest()
        self._asked: _Asked | None = None
        # What was found for how many scribbles, so that one can be taken back.
        self._found: dict[int, Find] = {}
        # What the scribbles had made of a mask in whose place another came since.
        self._before: Find | None = None
        self._corner: Point | None = None
        self._opposite: Point | None = None
        self._scribble: Scribble | None = None
        self._scribbled_on = BACKGROUND
        self._taken_back: TakenBack[Scribble] = TakenBack()
        self._taken = False
        self._shown: tuple[Find, Patch] | None = None
        self._preview = NO_PREVIEW

    def hint(self, settings: ToolSettings) -> str:
        """What to do next."""
        if self._asked is not None:
            return "Drag on what is missing · right drag on what is too much · Enter takes it · Esc drops it"
        if self._corner is not None:
            return "Let go where the box holds all of it"
        return "Drag a box round it · or correct the mask: drag out of it for more, right drag on it for less"

    @property
    def busy(self) -> bool:
        """True from the first press until it was taken or dropped."""
        return self._asked is not None or self._corner is not None or self._scribble is not None

    @property
    def owes(self) -> bool:
        """Scribbled, or taken, and not found yet."""
        drawn = self._asked is not None and (self._taken or bool(self._asked.scribbles))
        return drawn and self._question.waiting

    @property
    def undecided(self) -> str:
        """What was asked for and not taken."""
        return "What the box found" if self._asked is not None and not self._taken else ""

    @property
    def missed(self) -> str:
        """What a box alone has found: scribbles on it are taken."""
        return "" if self._asked is not None and self._asked.scribbles else self.undecided

    @property
    def preview(self) -> Preview:
        """The box, the scribble and what was found."""
        return self._preview

    # ---- gestures ---------------------------------------------------------------------------------------------

    def conclude(self, context: ToolContext) -> None:
        """What was taken goes into the mask, and so do scribbles on the mask, which are about that segment alone."""
        if self._taken:
            self._question.answer_now(context)
        elif self._asked is not None and self._asked.box is None:
            self.leave(context)

    def settle(self, context: ToolContext, event: PointerEvent) -> None:
        """A press beside what is proposed ends it as going elsewhere does: what was scribbled on goes into the mask."""
        reach = self._reach()
        if self._taken:
            self._question.answer_now(context)
        elif reach is not None and not _within(event, reach):
            self.leave(context)

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Begin a scribble or, where nothing is proposed or there, a box."""
        if self._asked is not None or event.inverts or _on_segment(context, event):
            self._scribble = Scribble((event.point,), max(1.0, _PEN * event.slack), not event.inverts)
            self._scribbled_on = context.segment_id
        else:
            self._corner = self._opposite = event.point
        self._show(context)

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """Draw it."""
        if self._scribble is not None:
            self._scribble = replace(self._scribble, points=(*self._scribble.points, event.point))
        elif self._corner is not None:
            self._opposite = event.point
        self._show(context)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """Look for the border."""
        scribble, corner = self._scribble, self._corner
        self._scribble = self._corner = None
        if scribble is not None:
            self._taken_back.forget()
            self._add(context, scribble)
        elif corner is not None:
            box = _box(corner, event.point).clip(context.document.height, context.document.width)
            # A click, or a hand that slipped, asks for nothing.
            if min(box.width, box.height) >= max(3.0, event.slack / 2):
                self._asked = _Asked(box, (), context.segment_id)
                self._ask(context)
        self._show(context)

    # ---- what is proposed -------------------------------------------------------------------------------------

    def commit(self, context: ToolContext) -> None:
        """Take it, now or when it is found."""
        if self._asked is None:
            self.abandon(context)
            return
        self._taken = True
        self._take_if_found(context)

    def leave(self, context: ToolContext) -> None:
        """What was taken, or scribbled on by hand, goes into the mask; what a box alone has found is dropped."""
        if self._asked is not None and self._asked.scribbles and not self._taken:
            self._taken = True
            self._take_if_found(context)
        if self._taken:
            self._question.answer_now(context)
        self.abandon(context)

    def abandon(self, context: ToolContext) -> None:
        """Drop everything."""
        self._question.forget()
        self._asked = self._corner = self._opposite = self._scribble = None
        self._found, self._before = {}, None
        self._taken_back.forget()
        self._shown = None
        self._taken = False
        self._preview = NO_PREVIEW

    def step_back(self, context: ToolContext) -> bool:
        """Take the last scribble back."""
        asked = self._asked
        if asked is None or len(asked.scribbles) < (1 if asked.box else 2):
            return False
        self._question.forget()
        self._found.pop(len(asked.scribbles), None)
        self._before = None
        self._taken_back.keep(asked.scribbles[-1])
        self._asked = replace(asked, scribbles=asked.scribbles[:-1])
        if self._now() is None:
            self._ask(context)
        self._show(context)
        return True

    @property
    def ahead(self) -> bool:
        """Whether a scribble that was taken back can come again."""
        return bool(self._taken_back)

    def step_forward(self, context: ToolContext) -> None:
        """Scribble again what was taken back last."""
        if (scribble := self._taken_back.again()) is not None:
            self._add(context, scribble)
            self._show(context)

    def refresh(self, context: ToolContext) -> None:
        """Another segment, or other things to spare: look anew at what there is to replace."""
        if self._asked is not None:
            # An answer to how things were before is no answer.
            self._question.forget()
            self._before = (self._now() or self._before) if self._asked.box is None else None
            self._found = {}
            self._ask(context)
            self._show(context)

    # ---- within -----------------------------------------------------------------------------------------------

    def _now(self) -> Find | None:
        return None if self._asked is None else self._found.get(len(self._asked.scribbles))

    def _add(self, context: ToolContext, scribble: Scribble) -> None:
        before = self._asked or _Asked(None, (), self._scribbled_on)
        self._asked = replace(before, scribbles=(*before.scribbles, scribble))
        self._ask(context)

    def _ask(self, context: ToolContext) -> None:
        asked, found, still = self._asked, self._found, frozen(context.document)
        assert asked is not None
        segment_id = asked.segment_id(context.segment_id)
        self._question.ask(
            context,
            lambda: _find(still, segment_id, asked, found),
            lambda now, result: self._hear(now, asked, result),
        )

    def _hear(self, context: ToolContext, asked: _Asked, find: Find) -> None:
        if find is NO_FIND and self._before is not None:
            # The model's new mask is nothing there. What a hand has made of the one before is not dropped for that.
            find = self._before
        if find is NO_FIND:
            # Scribbles on no mask: there is nothing to correct.
            self.abandon(context)
            return
        self._found[len(asked.scribbles)] = find
        self._take_if_found(context)
        self._show(context)

    def _reach(self) -> Rect | None:
        """Where a press is a scribble on what was asked for; None for everywhere.

        How far scribbles on the mask reach is not known before they are answered: what comes meanwhile is one more.
        """
        find = self._found.get(max(self._found)) if self._found else None
        if find is not None:
            return find.rect
        return None if self._asked is None else self._asked.box

    def _patch(self, context: ToolContext, find: Find) -> Patch:
        effect = context.settings.effect
        if effect != "paint" and find.of_box:
            return Patch(find.rect, find.mask, context.value(effect))
        segment_id = context.segment_id if self._asked is None else self._asked.segment_id(context.segment_id)
        ids = np.where(find.mask, np.uint16(segment_id), np.uint16(BACKGROUND))
        return Patch(find.rect, find.mask | find.replaced, ids)

    def _take_if_found(self, context: ToolContext) -> None:
        find = self._now()
        if self._taken and find is not None and not self._question.waiting:
            patch = self._patch(context, find)
            name = _NAMES[context.settings.effect if find.of_box else "paint"]
            self.abandon(context)
            context.paint(name, patch)

    def _shown_patch(self, context: ToolContext, find: Find | None) -> Patch | None:
        """The same object as long as it is the same find: what is drawn anew costs."""
        if find is None:
            return None
        if self._shown is None or self._shown[0] is not find:
            self._shown = (find, context.allowed(self._patch(context, find)))
        return self._shown[1]

    def _show(self, context: ToolContext) -> None:
        lines: list[Line] = []
        if self._corner is not None and self._opposite is not None:
            lines.append(_outline(*self._corner, *self._opposite))
        elif self._asked is not None and self._asked.box is not None:
            box = self._asked.box
            lines.append(_outline(box.x0, box.y0, box.x1, box.y1))
        scribbles = self._asked.scribbles if self._asked is not None else ()
        for scribble in (*scribbles, *([self._scribble] if self._scribble else [])):
            lines.append(Line(scribble.points, dashed=not scribble.inside))
        patch = self._shown_patch(context, self._now() or (self._found[max(self._found)] if self._found else None))
        caption = _WORKING if self._question.waiting else ""
        self._preview = Preview(patch, tuple(lines), caption=caption) if self.busy else NO_PREVIEW


def _find(document: Document, segment_id: int, asked: _Asked, found: dict[int, Find]) -> Find:
    """The answer to all that was asked, from the last answer that there is; on the thread."""
    done = max((count for count in list(found) if count <= len(asked.scribbles)), default=-1)
    if done >= 0:
        find = found[done]
    elif asked.box is not None:
        find, done = find_in_box(document, segment_id, asked.box), 0
    else:
        find, done = find_of_mask(document, segment_id, asked.scribbles[0].points), 0
    if find is NO_FIND or done == len(asked.scribbles):
        return find
    strokes = [(scribble.points, scribble.radius, scribble.inside) for scribble in asked.scribbles]
    return with_scribbles(document, find, strokes)


def _on_segment(context: ToolContext, event: PointerEvent) -> bool:
    document = context.document
    column, row = math.floor(event.x), math.floor(event.y)
    if outside_of(document, column, row):
        return False
    return int(document.shown(Rect(column, row, column + 1, row + 1))[0, 0]) == context.segment_id


def _within(event: PointerEvent, rect: Rect) -> bool:
    slack = event.slack
    return rect.x0 - slack <= event.x < rect.x1 + slack and rect.y0 - slack <= event.y < rect.y1 + slack


def _box(one: Point, other: Point) -> Rect:
    (x0, y0), (x1, y1) = one, other
    return Rect(math.floor(min(x0, x1)), math.floor(min(y0, y1)), math.ceil(max(x0, x1)), math.ceil(max(y0, y1)))


def _outline(x0: float, y0: float, x1: float, y1: float) -> Line:
    return Line(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), closed=True, dashed=True)
