"""Brush and eraser: a disk that is dragged."""

from __future__ import annotations

from segstudio.app.tools.base import PointerEvent, ToolContext
from segstudio.domain.brush import Point, stroke_segment
from segstudio.domain.geometry import Rect
from segstudio.domain.segments import BACKGROUND


class BrushTool:
    """Paints the active segment; the right button, or Ctrl, does the opposite. The eraser is its mirror image."""

    def __init__(self, erases: bool = False) -> None:
        self._erases = erases
        self._last: Point | None = None
        self._erasing = erases
        self.hint = (
            "Erase: drag · paint: right button · size: [ ]"
            if erases
            else "Paint: drag · erase: right button · size: [ ]"
        )

    def edit_name(self, event: PointerEvent) -> str:
        """ "Paint" or "Erase"."""
        return "Erase" if self._inverts(event) else "Paint"

    def press(self, context: ToolContext, event: PointerEvent) -> Rect:
        """Paint a disk."""
        self._erasing = self._inverts(event)
        self._last = (event.x, event.y)
        return self._paint(context, self._last)

    def move(self, context: ToolContext, event: PointerEvent) -> Rect:
        """Paint what the disk sweeps on its way here."""
        return self._paint(context, (event.x, event.y))

    def release(self, context: ToolContext, event: PointerEvent) -> Rect:
        """Paint the last bit of the way."""
        return self._paint(context, (event.x, event.y))

    def _paint(self, context: ToolContext, end: Point) -> Rect:
        document = context.document
        rect, covered = stroke_segment(self._last or end, end, context.radius, document.height, document.width)
        self._last = end
        segment = BACKGROUND if self._erasing else context.segment_id
        return document.write(rect, covered, segment, context.locked)

    def _inverts(self, event: PointerEvent) -> bool:
        return self._erases != (event.button == "right" or event.ctrl)
