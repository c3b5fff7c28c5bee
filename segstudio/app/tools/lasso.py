"""The lasso: round an area in one go."""

from __future__ import annotations

from dataclasses import replace

from segstudio.app.tools.base import Line, PointerEvent, Preview, ToolContext
from segstudio.app.tools.corners import CornerTool
from segstudio.app.tools.outline import Outline, drawn
from segstudio.app.tools.settings import ToolSettings

_FEW = 0.3
"""Of the slack, how far what is drawn may stray between two handles from the straight line."""


class LassoTool(CornerTool):
    """What was drawn round is in the mask as the button comes up; with Shift it waits to be changed."""

    title = "Lasso"
    noun = "lasso"

    def __init__(self) -> None:
        super().__init__()
        self._drawing = False

    def hint(self, settings: ToolSettings) -> str:
        """How to draw, or to change what was drawn."""
        if self._outline.closed:
            return self.closed_hint(settings)
        return f"Drag round an area to {self.beginning(settings)} · let go with Shift to adjust it first"

    def clear(self) -> None:
        """Forget the outline."""
        super().clear()
        self._drawing = False

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Begin to draw, or take hold of what was drawn."""
        self.begin(event)
        if self._outline.closed:
            self.grab(event)
        else:
            self._drawing = True
            self._outline = Outline((event.point,), ((),))
        self.show(context, in_motion=True)

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """Draw on, or take along what is held."""
        if not self._drawing:
            super().move(context, event)
        elif self._draw(event):
            self.show(context, in_motion=True)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """What was drawn goes into the mask, or with Shift waits."""
        if not self._drawing:
            super().release(context, event)
            return
        self._draw(event)
        self._drawing = False
        if not self._dragged:
            self.clear()
        elif not (event.shift and self.complete):
            self.leave(context)
        else:
            self._wait(context, event)

    def drawing(self) -> Preview:
        """Outline and handles; while it is drawn, the line and how it would be closed."""
        preview = super().drawing()
        if not self._drawing:
            return preview
        path = self._outline.path
        return replace(preview, lines=(*preview.lines, Line((path[-1], path[0]), dashed=True)), handles=(), held=None)

    def _draw(self, event: PointerEvent) -> bool:
        (start,), (way,) = self._outline.corners, self._outline.ways
        if event.point == (way[-1] if way else start):
            return False
        self._outline = Outline((start,), ((*way, event.point),))
        return self.drag(event)

    def _wait(self, context: ToolContext, event: PointerEvent) -> None:
        self._outline = drawn(self._outline.path, event.slack * _FEW)
        self.keep()
        self.show(context)
