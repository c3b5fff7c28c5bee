"""What polygon and lasso share: a closed outline whose corners can be dragged, added and taken away."""

from __future__ import annotations

from segstudio.app.tools.base import Line, PointerEvent, Preview, ToolContext
from segstudio.app.tools.outline import Outline, thinned
from segstudio.app.tools.settings import ToolSettings
from segstudio.app.tools.shapes import DOES, Area, ShapeTool, distance
from segstudio.app.tools.steps import Steps
from segstudio.domain.brush import Point
from segstudio.domain.geometry import Rect
from segstudio.domain.shapes import polygon

FINE = 1 / 14
"""Of the slack, how far what is shown of a long line may lie from it: half a pixel of the screen."""

_STILL = 0.5
"""Of the slack, how far a press may stray and still be a click."""


class CornerTool(ShapeTool):
    """Holds an outline. What each gesture did to it can be taken back, one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.clear()

    def clear(self) -> None:
        """Forget the outline."""
        super().clear()
        self._outline = Outline()
        self._steps: Steps[Outline] = Steps()
        self._pointer: Point | None = None
        self._fine = 0.0
        self._held: int | None = None
        self.let_go()

    def let_go(self) -> None:
        """End the gesture."""
        self._before: Outline | None = None
        self._from: Point = (0.0, 0.0)
        self._grip: int | None = None
        self._carried = False
        self._dragged = False
        self._ending = False

    # ---- gestures ---------------------------------------------------------------------------------------------

    def settle(self, context: ToolContext, event: PointerEvent) -> None:
        """A press beside a closed outline begins the next one; this one goes into the mask first."""
        outline = self._outline
        if outline.closed and not (
            outline.corner_at(event.point, event.slack) is not None
            or outline.on_line(event.point, event.slack)
            or outline.holds(event.point)
        ):
            self.commit(context)

    def begin(self, event: PointerEvent) -> None:
        """A gesture begins; the first one decides between filling and erasing."""
        self.let_go()
        self._first = self._first or event
        self._before = self._outline
        self._from = self._pointer = event.point
        self._fine = event.slack * FINE

    def grab(self, event: PointerEvent) -> None:
        """Take hold of the closed outline: a corner, a new one on its line, or all of it; the right button removes."""
        corner = self._outline.corner_at(event.point, event.slack)
        if event.clicks > 1:
            self._ending = True
        elif event.button == "right":
            if corner is not None:
                self._outline = self._outline.removed(corner)
        elif corner is not None:
            self._grip = corner
        elif self._outline.on_line(event.point, event.slack):
            self._outline, self._grip = self._outline.parted(event.point)
        else:
            self._carried = True

    def drag(self, event: PointerEvent) -> bool:
        """Take along what is held; False while the pointer has not really moved."""
        self._pointer = event.point
        dx, dy = event.x - self._from[0], event.y - self._from[1]
        self._dragged = self._dragged or distance(event.point, self._from) > event.slack * _STILL
        if not self._dragged:
            return False
        if self._grip is not None:
            x, y = self._outline.corners[self._grip]
            self._outline = self._outline.moved(self._grip, (x + dx, y + dy))
        elif self._carried:
            self._outline = self._outline.shifted(dx, dy)
        self._from = event.point
        return True

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """Take along what is held."""
        if self._first is not None and self.drag(event):
            self.show(context, in_motion=True, filled=self._outline.closed)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """Let go; the second click of a double click puts the outline into the mask."""
        if self._first is None:
            return
        self.drag(event)
        ending = self._ending
        self.keep()
        if ending:
            self.commit(context)
            # Clicked twice beside the last shape, to be done with it: that begins no other.
            if len(self._outline.corners) == 1:
                self.clear()
        self.show(context, filled=self._outline.closed)

    def keep(self) -> None:
        """The gesture is over: what it did can be taken back."""
        if self._before is not None and self._before != self._outline:
            self._steps.note(self._before)
        self.let_go()
        if not self._outline.corners:
            self.clear()

    def hover(self, context: ToolContext, event: PointerEvent) -> None:
        """Light the corner up that a press would take."""
        held = self._outline.corner_at(event.point, event.slack)
        if held != self._held:
            self._held = held
            self.redraw()

    def step_back(self, context: ToolContext) -> bool:
        """Take back what the last gesture did to the outline."""
        return self._turn_to(context, self._steps.back(self._outline))

    @property
    def ahead(self) -> bool:
        """Whether anything that was taken back can come again."""
        return bool(self._steps.taken_back)

    def step_forward(self, context: ToolContext) -> None:
        """Do again to the outline what was taken back last."""
        self._turn_to(context, self._steps.forward(self._outline))

    def nudge(self, context: ToolContext, dx: int, dy: int) -> bool:
        """Move all of it, if it is closed; while a hand holds it, it follows that alone."""
        if self._first is None or not self._outline.closed:
            return False
        if self._before is None:
            self._steps.note(self._outline)
            self._outline = self._outline.shifted(dx, dy)
            self.show(context)
        return True

    def _turn_to(self, context: ToolContext, outline: Outline | None) -> bool:
        if outline is None:
            return False
        self.let_go()
        self._outline = outline
        self._held = None
        if not outline.corners:
            self.clear()
        self.show(context, filled=outline.closed)
        return True

    def refresh(self, context: ToolContext) -> None:
        """Show what would change now."""
        self.show(context, filled=self._outline.closed)

    # ---- what it says -----------------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """From three points on."""
        return len(self._outline.path) > 2

    def area(self, height: int, width: int) -> Area:
        """What the outline goes round."""
        return polygon(self._outline.path, height, width, winding=True)

    def extent(self) -> Rect:
        """The outline's box."""
        return self._outline.extent

    def drawing(self) -> Preview:
        """Outline and corners."""
        outline, path = self._outline, self._outline.path
        shown = path if len(path) == len(outline.corners) else tuple(thinned(path, self._fine))
        held = self._grip if self._grip is not None else self._held
        lines = (Line(shown, closed=outline.closed),) if len(shown) > 1 else ()
        return Preview(lines=lines, handles=outline.corners, held=held)

    def closed_hint(self, settings: ToolSettings) -> str:
        """What can be done with a closed outline."""
        return f"Enter {DOES[self._effect]} · drag corners, border or inside · right click removes a corner · Esc drops"
