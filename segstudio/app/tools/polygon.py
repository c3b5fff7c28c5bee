"""The polygon: corner by corner."""

from __future__ import annotations

from dataclasses import replace

from segstudio.app.tools.base import Line, PointerEvent, Preview, ToolContext
from segstudio.app.tools.corners import CornerTool
from segstudio.app.tools.settings import ToolSettings
from segstudio.app.tools.shapes import DOES


class PolygonTool(CornerTool):
    """A click adds a corner. A double click puts the polygon into the mask, a click on the first corner closes it.

    Closed, it waits to be changed. A polygon that the right button began goes on with either button.
    """

    title = "Polygon"
    noun = "polygon"

    def hint(self, settings: ToolSettings) -> str:
        """What the next click does."""
        if self._outline.closed:
            return self.closed_hint(settings)
        if self._first is None:
            return f"Click corners to {self.beginning(settings)}"
        if not self.complete:
            return "Click the next corner · Backspace takes one back · Esc drops"
        return f"Double click or Enter {DOES[self._effect]} · click the first corner to close and adjust · Esc drops"

    @property
    def open(self) -> bool:
        """Until its first corner is clicked."""
        return not self._outline.closed

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Add a corner, or take hold of one."""
        self.begin(event)
        if self._outline.closed:
            self.grab(event)
        else:
            self._grow(event)
        self.show(context, in_motion=True, filled=self._outline.closed)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """A click on the first corner closes the polygon; the second of a double click puts it into the mask."""
        self.drag(event)
        if not self._outline.closed and self._grip == 0 and not self._dragged and self.complete:
            self._outline = self._outline.shut()
        super().release(context, event)

    def hover(self, context: ToolContext, event: PointerEvent) -> None:
        """The rubber line follows; on the first corner, what would be closed is shown."""
        if self._outline.closed:
            super().hover(context, event)
        elif self._first is not None:
            self._pointer = event.point
            self._held = self._outline.corner_at(event.point, event.slack)
            self.show(context, in_motion=True, filled=self._held == 0 and self.complete)

    def drawing(self) -> Preview:
        """Outline and corners and, while it is open, where the next side and the last would run."""
        preview = super().drawing()
        corners = self._outline.corners
        if self._outline.closed or self._pointer is None or not corners or self._grip is not None:
            return preview
        tip = corners[self._held] if self._held is not None else self._pointer
        rubber = (corners[-1], tip, corners[0]) if len(corners) > 1 else (corners[-1], tip)
        return replace(preview, lines=(*preview.lines, Line(rubber, dashed=True)))

    def _grow(self, event: PointerEvent) -> None:
        assert self._first is not None
        corner = self._outline.corner_at(event.point, event.slack)
        begun_right = self._first.button == "right"
        if event.clicks > 1 and self._outline.corners and (event.button == "left" or begun_right):
            self._ending = True
        elif event.button == "right" and corner is not None and not (begun_right and corner == 0):
            self._outline = self._outline.removed(corner)
        elif event.button == "left" or begun_right:
            if corner is None:
                self._outline = self._outline.added(event.point)
                corner = len(self._outline.corners) - 1
            self._grip = corner
