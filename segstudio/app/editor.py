"""The tool in hand and what it does to the open document."""

from __future__ import annotations

from collections.abc import Callable

from segstudio.app.changes import Changes
from segstudio.app.document import Document
from segstudio.app.tools import PointerEvent, Tool, ToolContext, make_tools
from segstudio.domain.geometry import EMPTY, Rect
from segstudio.domain.history import Edit
from segstudio.domain.segments import SegmentTable
from segstudio.store.project_db import Project

MIN_RADIUS, MAX_RADIUS = 0.5, 500.0

Write = Callable[[Project], object]


class Editor:
    """Turns pointer gestures into named edits, each handed to ``save`` the moment it is made."""

    def __init__(self, announce: Callable[[Changes], None], save: Callable[[int, Write], None]) -> None:
        self._announce = announce
        self._save = save
        self._tools: dict[str, Tool] = make_tools()
        self._gesture: ToolContext | None = None
        self._last_event: PointerEvent | None = None
        self.tool_name = "brush"
        self.brush_radius = 12.0
        self.active_segment = 1
        self.document: Document | None = None
        self.table = SegmentTable(())

    @property
    def tool(self) -> Tool:
        """The tool in hand."""
        return self._tools[self.tool_name]

    @property
    def tool_hint(self) -> str:
        """What the tool does, for the status bar."""
        return self.tool.hint

    @property
    def in_gesture(self) -> bool:
        """True from press to release."""
        return self._gesture is not None

    @property
    def undo_name(self) -> str:
        """What undo would take back; "" for nothing."""
        done = self.document.history.done if self.document else []
        return done[-1].name if done else ""

    @property
    def redo_name(self) -> str:
        """What redo would make again; "" for nothing."""
        undone = self.document.history.undone if self.document else []
        return undone[-1].name if undone else ""

    def set_tool(self, name: str) -> None:
        """Take another tool in hand; ends a gesture under way. ``KeyError`` for an unknown name."""
        self._tools[name]
        self.finish_gesture()
        self.tool_name = name
        self._announce(Changes(tool=True))

    def set_brush_radius(self, px: float) -> None:
        """Radius in image pixels, kept within 0.5 and 500."""
        self.brush_radius = min(max(px, MIN_RADIUS), MAX_RADIUS)
        self._announce(Changes(tool=True))

    def set_active_segment(self, segment_id: int) -> None:
        """What the brush paints from now on. ``KeyError`` for an unknown id."""
        self.table[segment_id]
        self.active_segment = segment_id
        self._announce(Changes(tool=True))

    def press(self, event: PointerEvent) -> None:
        """Start a gesture; without a document, nothing."""
        self.finish_gesture()
        name = self.tool.edit_name(event)
        if self.document is None or not name:
            return
        self._gesture = ToolContext(self.document, self.active_segment, self.table.locked_ids(), self.brush_radius)
        self._last_event = event
        self.document.begin_edit(name)
        self._repaint(self.tool.press(self._gesture, event))

    def move(self, event: PointerEvent) -> None:
        """Go on with a gesture, if there is one."""
        if self._gesture is not None:
            self._last_event = event
            self._repaint(self.tool.move(self._gesture, event))

    def release(self, event: PointerEvent) -> None:
        """End a gesture, if there is one: one named step, saved at once."""
        if self._gesture is not None:
            gesture, self._gesture = self._gesture, None
            try:
                self._repaint(self.tool.release(gesture, event))
            finally:
                # Whatever becomes of the last bit of the way: what was painted before it is kept.
                edit = gesture.document.commit_edit()
                if edit is not None:
                    self._record(gesture.document, edit)

    def finish_gesture(self) -> None:
        """End a gesture where the pointer was last, as if the button had been released there."""
        if self._gesture is not None and self._last_event is not None:
            self.release(self._last_event)

    def abandon_stroke(self) -> None:
        """Give up the gesture under way; the mask is as it was before it."""
        if self._gesture is not None:
            document, self._gesture = self._gesture.document, None
            self._repaint(document.abandon_edit())

    def undo(self) -> None:
        """Take back the last step of this image."""
        self._travel(Document.undo, lambda project, image_id: project.masks.save_undo(image_id))

    def redo(self) -> None:
        """Make the last undone step again."""
        self._travel(Document.redo, lambda project, image_id: project.masks.save_redo(image_id))

    def _travel(self, go: Callable[[Document], Rect | None], write: Callable[[Project, int], object]) -> None:
        self.finish_gesture()
        if self.document is None:
            return
        image_id = self.document.image_id
        rect = go(self.document)
        if rect is not None:
            self._save(image_id, lambda project: write(project, image_id))
            self._announce(Changes(pixels=rect, history=True))

    def _record(self, document: Document, edit: Edit) -> None:
        image_id = document.image_id
        self._save(image_id, lambda project: project.masks.save_edit(image_id, edit))
        self._announce(Changes(history=True))

    def _repaint(self, rect: Rect) -> None:
        if rect != EMPTY:
            self._announce(Changes(pixels=rect))
