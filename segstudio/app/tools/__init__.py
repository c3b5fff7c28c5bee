"""The tools by name; none knows of any toolkit."""

from segstudio.app.tools.base import PointerEvent, Tool, ToolContext
from segstudio.app.tools.brush import BrushTool
from segstudio.app.tools.pan import PanTool

__all__ = ["BrushTool", "PanTool", "PointerEvent", "Tool", "ToolContext", "make_tools"]


def make_tools() -> dict[str, Tool]:
    """A fresh set of tools by name."""
    return {"brush": BrushTool(), "eraser": BrushTool(erases=True), "pan": PanTool()}
