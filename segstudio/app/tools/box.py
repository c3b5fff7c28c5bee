"""Rectangle and ellipse: a box that is dragged, and can be dragged on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from segstudio.app.tools.base import Line, PointerEvent, Preview, ToolContext
from segstudio.app.tools.settings import ToolSettings
from segstudio.app.tools.shapes import DOES, Area, ShapeTool, distance, nearest
from segstudio.app.tools.steps import Steps
from segstudio.domain.brush import Point
from segstudio.domain.geometry import EMPTY, Rect
from segstudio.domain.shapes import ellipse, ellipse_points, rectangle, rectangle_points, squared

Box = tuple[float, float, float, float]
"""Left, top, right and bottom side; on whole pixels, so that what is shown is what is covered."""

_STILL = 0.5
_CORNERS = (0, 2, 4, 6)
_SIDES: tuple[tuple[int, ...], ...] = ((0, 1), (1,), (1, 2), (2,), (2, 3), (3,), (0, 3), (0,))
"""Which sides each of the eight handles moves, clockwise from the upper left."""

_COVERS: dict[str, Callable[[Point, Point, int, int], Area]] = {"rectangle": rectangle, "ellipse": ellipse}


class BoxTool(ShapeTool):
    """Handles stay until Enter, a double click, or a press beside it, which begins the next one."""

    def __init__(self, kind: Literal["rectangle", "ellipse"]) -> None:
        super().__init__()
        self.title = kind.capitalize()
        self.noun = kind
        self.clear()

    def hint(self, settings: ToolSettings) -> str:
        """How to drag one, or what can be done with the one that is shown."""
        regular = "square" if self.noun == "rectangle" else "circle"
        if self._first is None:
            return f"Drag to {self.beginning(settings)} · {regular}: Shift"
        return f"Enter {DOES[self._effect]} · drag handles or inside · {regular}: Shift · drag beside for the next"

    def clear(self) -> None:
        """Forget the box."""
        super().clear()
        self._box: Box = (0.0, 0.0, 0.0, 0.0)
        self._begun = False
        self._steps: Steps[Box] = Steps()
        self._held: int | None = None
        self._let_go()

    def _let_go(self) -> None:
        self._grip: int | None = None
        self._carried = False
        self._from: Point = (0.0, 0.0)
        self._base = self._box
        self._before: Box | None = None
        self._dragged = False
        self._ending = False

    # ---- gestures ---------------------------------------------------------------------------------------------

    def settle(self, context: ToolContext, event: PointerEvent) -> None:
        """A press beside the box begins the next one; this one goes into the mask first."""
        if self._first is not None and self._handle_at(event) is None and not self._holds(event.point):
            self.commit(context)

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Begin a box, or take hold of a handle or of all of it."""
        self._let_go()
        self._from = event.point
        if self._first is None:
            self._first = event
            x, y = _whole(event.x), _whole(event.y)
            self._box = (x, y, x, y)
            self._base = (x, y, event.x, event.y)
            self._grip = 4
            return
        self._before = self._box
        self._ending = event.clicks > 1
        self._grip = self._handle_at(event)
        self._carried = self._grip is None
        self.redraw()

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """Drag what is held."""
        if self._first is None or (self._grip is None and not self._carried):
            return
        self._dragged = self._dragged or distance(event.point, self._from) > event.slack * _STILL
        if self._dragged:
            self._begun = True
            self._ending = False
            self._box = self._pulled(event)
            self.show(context, in_motion=True)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """Let go; a mere click is no box, and the second click of a double click puts the box into the mask."""
        if self._first is None:
            return
        self.move(context, event)
        ending, before = self._ending, self._before
        x0, y0, x1, y1 = self._box
        self._box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        self._let_go()
        if before is not None and before != self._box:
            self._steps.note(before)
        if not self._begun:
            self.clear()
        elif ending:
            self.commit(context)
        self._held = self._handle_at(event) if self._first is not None else None
        self.show(context)

    def hover(self, context: ToolContext, event: PointerEvent) -> None:
        """Light the handle up that a press would take."""
        held = None if self._first is None else self._handle_at(event)
        if held != self._held:
            self._held = held
            self.redraw()

    def step_back(self, context: ToolContext) -> bool:
        """Take back what the last gesture did to the box."""
        return self._turn_to(context, self._steps.back(self._box))

    @property
    def ahead(self) -> bool:
        """Whether anything that was taken back can come again."""
        return bool(self._steps.taken_back)

    def step_forward(self, context: ToolContext) -> None:
        """Do again to the box what was taken back last."""
        self._turn_to(context, self._steps.forward(self._box))

    def nudge(self, context: ToolContext, dx: int, dy: int) -> bool:
        """Move all of it; while a hand holds it, it follows that alone."""
        if self._first is None:
            return False
        if self._grip is None and not self._carried:
            self._steps.note(self._box)
            x0, y0, x1, y1 = self._box
            self._box = (x0 + dx, y0 + dy, x1 + dx, y1 + dy)
            self.show(context)
        return True

    def _turn_to(self, context: ToolContext, box: Box | None) -> bool:
        if box is None:
            return False
        self._let_go()
        self._box, self._held = box, None
        self.show(context)
        return True

    def _pulled(self, event: PointerEvent) -> Box:
        dx, dy = event.x - self._from[0], event.y - self._from[1]
        sides = list(self._base)
        if self._grip is None:
            dx, dy = _whole(dx), _whole(dy)
            return (sides[0] + dx, sides[1] + dy, sides[2] + dx, sides[3] + dy)
        for side in _SIDES[self._grip]:
            sides[side] = _whole(sides[side] + (dy if side % 2 else dx))
        if event.shift and self._grip in _CORNERS:
            across, down = (0 if self._grip in (0, 6) else 2), (1 if self._grip in (0, 2) else 3)
            fixed = sides[2 - across], sides[4 - down]
            sides[across], sides[down] = squared(fixed, (sides[across], sides[down]))
        return (sides[0], sides[1], sides[2], sides[3])

    def _handle_at(self, event: PointerEvent) -> int | None:
        x0, y0, x1, y1 = self._box
        slack = event.slack
        if self._holds(event.point):
            # A small box must leave room between its handles to be taken as a whole.
            slack = min(slack, (x1 - x0) / 4, (y1 - y0) / 4)
        return nearest(self._handles(), event.point, slack)

    def _holds(self, point: Point) -> bool:
        x0, y0, x1, y1 = self._box
        return x0 <= point[0] <= x1 and y0 <= point[1] <= y1

    # ---- what it says -----------------------------------------------------------------------------------------

    def area(self, height: int, width: int) -> Area:
        """What rectangle or ellipse cover."""
        x0, y0, x1, y1 = self._box
        return _COVERS[self.noun]((x0, y0), (x1, y1), height, width)

    def extent(self) -> Rect:
        """The box."""
        x0, y0, x1, y1 = (int(side) for side in self._box)
        return Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)) if self._begun else EMPTY

    def drawing(self) -> Preview:
        """The outline and eight handles and, while it is dragged, the size."""
        if not self._begun:
            return Preview()
        x0, y0, x1, y1 = self._box
        frame = Line(tuple(rectangle_points((x0, y0), (x1, y1))), closed=True, dashed=self.noun == "ellipse")
        curve = (Line(tuple(ellipse_points((x0, y0), (x1, y1))), closed=True),) if self.noun == "ellipse" else ()
        caption = f"{abs(x1 - x0):.0f} × {abs(y1 - y0):.0f} px" if self._dragged else ""
        held = self._grip if self._grip is not None else self._held
        return Preview(lines=(frame, *curve), handles=self._handles(), held=held, caption=caption)

    def _handles(self) -> tuple[Point, ...]:
        x0, y0, x1, y1 = self._box
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        return ((x0, y0), (x, y0), (x1, y0), (x1, y), (x1, y1), (x, y1), (x0, y1), (x0, y))


def _whole(place: float) -> float:
    """The border between two pixels that is nearest, as the middles of the pixels see it."""
    return float(math.ceil(place - 0.5))
