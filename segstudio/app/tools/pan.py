"""The hand: moves the view, which is the canvas's own business, and changes nothing."""

from __future__ import annotations

from segstudio.app.tools.base import PointerEvent, ToolContext
from segstudio.domain.geometry import EMPTY, Rect


class PanTool:
    """Makes no edit."""

    hint = "Move the image: drag · zoom: wheel"

    def edit_name(self, event: PointerEvent) -> str:
        """No step."""
        return ""

    def press(self, context: ToolContext, event: PointerEvent) -> Rect:
        """Nothing to repaint."""
        return EMPTY

    def move(self, context: ToolContext, event: PointerEvent) -> Rect:
        """Nothing to repaint."""
        return EMPTY

    def release(self, context: ToolContext, event: PointerEvent) -> Rect:
        """Nothing to repaint."""
        return EMPTY
