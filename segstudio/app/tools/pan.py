"""The hand: moves the view, which is the canvas's own business, and changes nothing."""

from __future__ import annotations

from typing import ClassVar

from segstudio.app.tools.base import Cursor, Tool
from segstudio.app.tools.settings import ToolSettings


class PanTool(Tool):
    """Makes no edit."""

    title = "Hand"
    cursor: ClassVar[Cursor] = "hand"

    def hint(self, settings: ToolSettings) -> str:
        """How to move about."""
        return "Move the image: drag · zoom: wheel"
