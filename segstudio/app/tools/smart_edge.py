"""The smart edge: a line that keeps to the border between clicks on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from segstudio.app.tools.base import Line, PointerEvent, Preview, ToolContext
from segstudio.app.tools.corners import FINE
from segstudio.app.tools.outline import Outline, Way, thinned
from segstudio.app.tools.settings import ToolSettings
from segstudio.app.tools.shapes import DOES, Area, ShapeTool, distance
from segstudio.app.tools.steps import TakenBack
from segstudio.domain.brush import Point
from segstudio.domain.geometry import Rect
from segstudio.domain.livewire import LiveWire
from segstudio.domain.shapes import polygon


@dataclass(frozen=True)
class _Click:
    """An anchor that was clicked; ``straight`` if the line goes there regardless of any border."""

    point: Point
    straight: bool


_Anchor = tuple[_Click, Way | None]
"""An anchor and the way to it, None where that was not known yet."""


class SmartEdgeTool(ShapeTool):
    """A click sets an anchor; a double click, or one on the first anchor, goes back to it and is done.

    The paths from an anchor take a moment to compute. What is clicked meanwhile waits in line, so that nobody has to
    wait for them.
    """

    title = "Smart edge"

    def __init__(self) -> None:
        super().__init__()
        self.noun = "smart edge"
        self.clear()

    def hint(self, settings: ToolSettings) -> str:
        """What the next click does."""
        if self._first is None:
            return f"Click on a border to {self.beginning(settings)} · straight: Shift"
        if not self.complete:
            return "Follow the border and click · straight: Shift+click · Backspace takes one back · Esc drops"
        return f"Double click, Enter or a click on the first anchor {DOES[self._effect]} · Backspace takes one back"

    def clear(self) -> None:
        """Forget all anchors."""
        super().clear()
        self._outline = Outline()
        self._waiting: list[_Click] = []
        self._taken_back: TakenBack[_Anchor] = TakenBack()
        self._closing = False
        self._start: LiveWire | None = None
        self._wire: LiveWire | None = None
        self._asked: Point | None = None
        self._pointer: Point | None = None
        self._straight = False
        self._ending = False
        self._held: int | None = None
        self._fine = 0.0
        self._size = (1, 1)

    @property
    def owes(self) -> bool:
        """The way round, or back, is not known yet."""
        return self.complete and (bool(self._waiting) or self._start is None)

    # ---- gestures ---------------------------------------------------------------------------------------------

    def conclude(self, context: ToolContext) -> None:
        """The next shape, or another segment, comes while this one is still being closed: do it now."""
        if self._closing:
            self._advance(context, at_once=True)

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Set an anchor, or see that the end is meant."""
        if self._first is None:
            # The second click of a double click on the first anchor, which the first has closed: not a new beginning.
            if event.clicks > 1:
                return
            self._first = event
            self._size = (context.document.height, context.document.width)
        self._follow(event)
        self._ending = self.complete and (event.clicks > 1 or self._held == 0)
        if not self._ending and event.clicks == 1:
            self._taken_back.forget()
            self._waiting.append(_Click(self._middle(event.point), event.shift))
            self._advance(context)
        self._show(context)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """Close, if that was meant."""
        if self._ending:
            self._ending = False
            self.commit(context)

    def hover(self, context: ToolContext, event: PointerEvent) -> None:
        """The line follows the border to the pointer."""
        if self._first is not None:
            self._follow(event)
            self._show(context)

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """The anchor is set; the line goes on from it."""
        self.hover(context, event)

    def commit(self, context: ToolContext) -> None:
        """Go back to the first anchor and put what is enclosed into the mask, as soon as the way is known."""
        if self._first is not None and self.complete:
            self._closing = True
            self._advance(context)
            self._show(context)

    def leave(self, context: ToolContext) -> None:
        """Commit at once; what encloses nothing is dropped."""
        if self.complete:
            self._closing = True
            self._advance(context, at_once=True)
        self.clear()

    def refresh(self, context: ToolContext) -> None:
        """Show what would change now."""
        self._show(context)

    def step_back(self, context: ToolContext) -> bool:
        """Take the last anchor back."""
        if self._closing:
            self._closing = False
        elif self._waiting:
            self._taken_back.keep((self._waiting.pop(), None))
        else:
            self._take_off()
        self._ending = False
        if not (self._outline.corners or self._waiting):
            self.clear()
        self._advance(context)
        self._show(context)
        return True

    @property
    def ahead(self) -> bool:
        """Whether an anchor that was taken back can come again."""
        return bool(self._taken_back)

    def step_forward(self, context: ToolContext) -> None:
        """Set the anchor again that was taken back last."""
        if (anchor := self._taken_back.again()) is not None:
            click, way = anchor
            if way is None:
                self._waiting.append(click)
            else:
                self._outline, self._wire = self._outline.added(click.point, way), None
            self._advance(context)
            self._show(context)

    def _take_off(self) -> None:
        """Take the last anchor off the line."""
        *_, last = corners = self._outline.corners
        way = self._outline.ways[-2] if len(corners) > 1 else ()
        self._taken_back.keep((_Click(last, straight=True), way))
        self._outline, self._wire = self._outline.removed(len(corners) - 1), None

    # ---- along the border -------------------------------------------------------------------------------------

    def _advance(self, context: ToolContext, at_once: bool = False) -> None:
        """Do what waits, as far as the paths for it are there; ask for those that are not, or make them ``at_once``."""
        while True:
            needed = self._do_next(context)
            if needed is None:
                return
            if not at_once:
                self._ask(context, needed)
                return
            self._take(LiveWire.at(context.document.pixels, needed))

    def _do_next(self, context: ToolContext) -> Point | None:
        """Do what waits; the anchor whose paths are lacking, None if nothing is."""
        while self._waiting:
            click, corners = self._waiting[0], self._outline.corners
            if corners and not click.straight and self._wire is None:
                return corners[-1]
            way = _between(self._wire, click.point) if self._wire is not None and not click.straight else ()
            self._outline = self._outline.added(click.point, way)
            self._wire = None
            self._waiting.pop(0)
        corners = self._outline.corners
        if self._closing:
            if self._start is None:
                return corners[0]
            self._close(context)
            return None
        # For the pointer, which will ask next.
        return corners[-1] if corners and self._wire is None else None

    def _close(self, context: ToolContext) -> None:
        self._closing = False
        open_outline = self._outline
        self._outline = self._closed()
        if self.area(*self._size)[1].any():
            super().commit(context)
        else:
            self._outline = open_outline

    def _closed(self) -> Outline:
        """The outline with the way from the last anchor back to the first, as the first sees it."""
        assert self._start is not None
        back = _between(self._start, self._outline.corners[-1])
        return self._outline.shut(tuple(reversed(back)))

    def _ask(self, context: ToolContext, anchor: Point) -> None:
        if self._asked == anchor:
            return
        self._asked = anchor
        pixels = context.document.pixels

        def done(context: ToolContext, wire: LiveWire) -> None:
            self._asked = None
            self._take(wire)
            self._advance(context)
            self._show(context)

        context.later(lambda: LiveWire.at(pixels, anchor), done)

    def _take(self, wire: LiveWire) -> None:
        corners = self._outline.corners
        if corners and wire.anchor == corners[0]:
            self._start = wire
        if corners and wire.anchor == corners[-1]:
            self._wire = wire

    def _middle(self, point: Point) -> Point:
        """The centre of the pixel of the image that is under ``point``, or nearest to it."""
        height, width = self._size
        column = min(max(math.floor(point[0]), 0), width - 1)
        row = min(max(math.floor(point[1]), 0), height - 1)
        return column + 0.5, row + 0.5

    def _follow(self, event: PointerEvent) -> None:
        self._pointer = self._middle(event.point)
        self._straight = event.shift
        self._fine = event.slack * FINE
        first = self._outline.corners[0] if self.complete and self._outline.corners else None
        self._held = 0 if first is not None and distance(first, event.point) <= event.slack else None

    # ---- what it says -----------------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """As long as it is there: closed, it is in the mask."""
        return True

    @property
    def complete(self) -> bool:
        """From two anchors on: the way back need not be the way there."""
        return len(self._outline.corners) + len(self._waiting) > 1

    def area(self, height: int, width: int) -> Area:
        """What the line goes round; along the rim of the image, all of its last pixels."""
        return polygon([_to_rim(point, height, width) for point in self._outline.path], height, width, winding=True)

    def extent(self) -> Rect:
        """The box of the line."""
        return self._outline.extent.expand(1)

    def drawing(self) -> Preview:
        """The line, its anchors, and where it would go on; dashed and straight where that is not known yet."""
        corners = self._outline.corners + tuple(click.point for click in self._waiting)
        lines = [Line(tuple(thinned(self._outline.path, self._fine)), closed=self._outline.closed)]
        if not self._outline.closed:
            lines += self._going_on()
        return Preview(lines=tuple(line for line in lines if len(line.points) > 1), handles=corners, held=self._held)

    def _going_on(self) -> list[Line]:
        last = self._outline.corners[-1:]
        waiting = tuple(click.point for click in self._waiting)
        tip = (self._pointer,) if self._pointer is not None and not self._closing else ()
        if self._wire is not None and tip and not waiting and not self._straight:
            way = (*last, *_between(self._wire, tip[0]), *tip)
            return [Line(tuple(thinned(way, self._fine)))]
        return [Line((*last, *waiting, *tip), dashed=True)]

    def _show(self, context: ToolContext) -> None:
        """On the first anchor, show what a click would close."""
        if self._held == 0 and self._start is not None and not self._waiting and self._first is not None:
            open_outline = self._outline
            self._outline = self._closed()
            self.show(context, in_motion=True)
            self._outline = open_outline
        else:
            self.show(context, filled=False)


def _between(wire: LiveWire, point: Point) -> Way:
    """The way from the wire's anchor to ``point``, without the two."""
    return tuple(wire.path_to(point)[1:-1])


def _to_rim(point: Point, height: int, width: int) -> Point:
    """A pixel's centre, moved to the rim of the image if the pixel lies on it."""
    x, y = point
    x = 0.0 if x < 1 else float(width) if x > width - 1 else x
    y = 0.0 if y < 1 else float(height) if y > height - 1 else y
    return x, y
