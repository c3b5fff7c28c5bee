"""A ruler drawn on the image, along something whose length is known."""

from __future__ import annotations

import math
from collections.abc import Callable

from segstudio.app.tools.base import NO_PREVIEW, Line, PointerEvent, Preview, Tool, ToolContext
from segstudio.app.tools.settings import ToolSettings
from segstudio.domain.brush import Point


class RulerTool(Tool):
    """Paints nothing. ``drawn`` is told the length in pixels of each line that is drawn, which stays until dropped."""

    title = "Ruler"
    paints = False

    def __init__(self, drawn: Callable[[float], None]) -> None:
        self._drawn = drawn
        self._start: Point | None = None
        self._end: Point | None = None
        self._preview = NO_PREVIEW

    def hint(self, settings: ToolSettings) -> str:
        """What to draw along."""
        return "Drag along something whose length you know, from end to end · Esc ends it"

    @property
    def busy(self) -> bool:
        """True while a line is shown."""
        return self._end is not None

    @property
    def preview(self) -> Preview:
        """The line and its ends."""
        return self._preview

    @property
    def length(self) -> float:
        """Of the line, in pixels; 0 without one."""
        return 0.0 if self._start is None or self._end is None else math.dist(self._start, self._end)

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """One end."""
        self._start, self._end = event.point, None
        self._show()

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """The other end goes along."""
        self._end = event.point
        self._show()

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """The line is drawn, unless the button was hardly moved."""
        self._end = event.point
        if self.length <= event.slack:
            self.abandon(context)
        else:
            self._show()
            self._drawn(self.length)

    def commit(self, context: ToolContext) -> None:
        """Ask once more how long the line is in truth."""
        self._drawn(self.length)

    def abandon(self, context: ToolContext) -> None:
        """Without a line."""
        self._start = self._end = None
        self._show()

    def _show(self) -> None:
        if self._start is None or self._end is None:
            self._preview = NO_PREVIEW
        else:
            ends = (self._start, self._end)
            self._preview = Preview(lines=(Line(ends),), handles=ends, caption=f"{self.length:.1f} px")
