"""Move border: a soft disk pushes and pulls the border of the segment in hand."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from segstudio.app.document import Document, frozen
from segstudio.app.tools.base import Cursor, PointerEvent, Tool, ToolContext
from segstudio.app.tools.settings import ToolSettings
from segstudio.domain.brush import Point
from segstudio.domain.geometry import Rect
from segstudio.domain.nudge import Nudge
from segstudio.domain.patch import Patch
from segstudio.domain.segments import BACKGROUND

_NAME = "Move border"


class NudgeTool(Tool):
    """What the border leaves is background; what it covers and leaves again within one gesture is as it was before."""

    title = "Move border"
    options: ClassVar[tuple[str, ...]] = ("radius", "paint_over")
    cursor: ClassVar[Cursor] = "ring"

    def __init__(self) -> None:
        self._push: _Push | None = None

    def hint(self, settings: ToolSettings) -> str:
        """How to push."""
        return "Push the border: drag out from inside, or in from outside · size: [ ]"

    def erases(self, settings: ToolSettings, inverted: bool) -> bool:
        """It moves what is there, with whatever button."""
        return False

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Put the disk down. A locked segment's border doesn't move."""
        self._push = None if context.segment_id in context.locked else _Push(context, event)

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """Take the border along."""
        if self._push is not None:
            self._push.to(context, event.point)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """Lift the disk."""
        self.move(context, event)
        self._push = None

    def abandon(self, context: ToolContext) -> None:
        """Lift the disk; the mask is as it was before."""
        self._push = None


class _Push:
    """One gesture on one segment, and the mask as it was before."""

    def __init__(self, context: ToolContext, event: PointerEvent) -> None:
        self._before: Document = frozen(context.document)
        self._segment_id = context.segment_id
        self._locked = context.locked
        self._paint_over = context.settings.paint_over
        self._at: Point = event.point
        self._nudge = Nudge(self._had, context.document.height, context.document.width, context.settings.radius)

    def to(self, context: ToolContext, point: Point) -> None:
        """Take the disk to ``point``."""
        rect, inside = self._nudge.move(self._at, point)
        self._at = point
        if rect.is_empty:
            return
        changes = inside != (context.document.shown(rect) == self._segment_id)
        if not changes.any():
            return
        before = self._before.correction.read(rect)
        outside = np.where(self._had(rect), np.uint16(BACKGROUND), before)
        ids = np.where(inside, np.uint16(self._segment_id), outside)
        # By the mask of before: what this gesture covered it may leave again, whatever may be painted over.
        where = self._before.allowed(Patch(rect, changes, ids), self._locked, self._paint_over)
        context.paint(_NAME, Patch(rect, where, ids), spare=False)

    def _had(self, rect: Rect) -> np.ndarray:
        found: np.ndarray = self._before.shown(rect) == self._segment_id
        return found
