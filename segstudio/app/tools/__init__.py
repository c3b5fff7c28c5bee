"""The tools by name; none knows of any toolkit."""

from segstudio.app.tools.base import NO_PREVIEW, Line, PointerEvent, Preview, Question, Tool, ToolAction, ToolContext
from segstudio.app.tools.border_point import BorderPointTool
from segstudio.app.tools.box import BoxTool
from segstudio.app.tools.brush import BrushTool
from segstudio.app.tools.bucket import BucketTool
from segstudio.app.tools.click import ClickTool
from segstudio.app.tools.grabcut import GrabCutTool
from segstudio.app.tools.lasso import LassoTool
from segstudio.app.tools.nudge import NudgeTool
from segstudio.app.tools.pan import PanTool
from segstudio.app.tools.polygon import PolygonTool
from segstudio.app.tools.settings import ToolSettings
from segstudio.app.tools.smart_edge import SmartEdgeTool
from segstudio.app.tools.snap import SnapBrush
from segstudio.app.tools.superpixels import SuperpixelTool
from segstudio.app.tools.wand import WandTool

__all__ = [
    "NO_PREVIEW",
    "BrushTool",
    "Line",
    "PanTool",
    "PointerEvent",
    "Preview",
    "Question",
    "Tool",
    "ToolAction",
    "ToolContext",
    "ToolSettings",
    "make_tools",
]


def make_tools() -> dict[str, Tool]:
    """A fresh set of tools by name."""
    return {
        "brush": BrushTool("paint"),
        "eraser": BrushTool("erase"),
        "restore": BrushTool("restore"),
        "snap": SnapBrush(),
        "nudge": NudgeTool(),
        "border_point": BorderPointTool(),
        "polygon": PolygonTool(),
        "lasso": LassoTool(),
        "rectangle": BoxTool("rectangle"),
        "ellipse": BoxTool("ellipse"),
        "smart_edge": SmartEdgeTool(),
        "wand": WandTool(),
        "grabcut": GrabCutTool(),
        "superpixels": SuperpixelTool(),
        "bucket": BucketTool(),
        "click": ClickTool(),
        "pan": PanTool(),
    }
