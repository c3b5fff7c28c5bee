"""The tool in hand and what it does to the open document."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from segstudio.app.answers import Answers
from segstudio.app.changes import Changes, Message
from segstudio.app.contexts import Contexts, Done
from segstudio.app.document import Document
from segstudio.app.hand import Hand
from segstudio.app.owing import NOT_LEFT, Owing
from segstudio.app.tools import PointerEvent, Preview, Tool, ToolAction, ToolContext, ToolSettings
from segstudio.app.tools.settings import size_among
from segstudio.domain.geometry import EMPTY, Rect
from segstudio.domain.patch import Patch
from segstudio.domain.segments import BACKGROUND, SegmentTable
from segstudio.store.project_db import Project

log = logging.getLogger(__name__)

_DROPPED = "was not in the mask yet and was dropped, because you went on. Do it again if you want it."

Write = Callable[[Project], object]
Save = Callable[[Document, Write], None]


class Editor:
    """Turns what pointer and keys do into named edits, each handed to ``save`` the moment it is made.

    A tool may show something that is not in the mask yet (``busy``); ``commit`` puts it there and ``abandon`` drops
    it. A proposal is a tool for one use: it takes the place of the tool in hand until it was taken or dropped.
    """

    def __init__(
        self, announce: Callable[[Changes], None], save: Save, answers: Answers, settings: ToolSettings | None = None
    ) -> None:
        self._announce, self._save, self._answers = announce, save, answers
        self._contexts = Contexts(answers, self._repaint, self._hear, self._fail)
        self.owing = Owing(answers, self._close_step, announce)
        self._hand = Hand(announce)
        self._pressed: PointerEvent | None = None
        self._last_event: PointerEvent | None = None
        self.settings = settings or ToolSettings()
        self.active_segment = 1
        self.document: Document | None = None
        self.table = SegmentTable(())

    # ---- what is in hand --------------------------------------------------------------------------------------

    @property
    def tool(self) -> Tool:
        """The tool in hand, or the proposal that is shown."""
        return self._hand.tool

    @property
    def tool_name(self) -> str:
        """What the tool in hand is called, also below a proposal."""
        return self._hand.name

    @property
    def pointed(self) -> Tool:
        """The tool that the pointer drives: not a proposal that gives way to the one in hand."""
        return self._hand.pointed

    @property
    def proposing(self) -> bool:
        """True while a proposal is shown."""
        return self._hand.proposing

    @property
    def tool_hint(self) -> str:
        """What the tool does, for the status bar."""
        return self.tool.hint(self.settings)

    @property
    def preview(self) -> Preview:
        """What the tool shows that is not in the mask."""
        return self.tool.preview

    @property
    def busy(self) -> bool:
        """True while something waits for ``commit`` or ``abandon``."""
        return self.tool.busy

    @property
    def computing(self) -> bool:
        """True while a tool is waiting for an answer."""
        return self._answers.busy

    @property
    def in_gesture(self) -> bool:
        """True from press to release."""
        return self._pressed is not None

    def erases(self, inverting: bool = False) -> bool:
        """Whether the cursor should say that this gesture erases, or a press would that inverts the tool or not."""
        inverted = inverting if self._pressed is None else self._pressed.inverts
        return self.pointed.erases(self.settings, inverted) or self.active_segment == BACKGROUND

    @property
    def undo_name(self) -> str:
        """What undo would take back; "" for nothing."""
        if self.busy or self.document is None:
            return "what is shown" if self.busy else ""
        return "what is still computed" if self.owing.owes(self.document) else self.document.history.undo_name

    @property
    def redo_name(self) -> str:
        """What redo would make again; "" for nothing, as where a newer step is still computed."""
        if self.busy and not self.proposing:
            return "what was taken back" if self.tool.ahead else ""
        return "" if self.document is None or self.owing.owes(self.document) else self.document.history.redo_name

    def set_tool(self, name: str) -> None:
        """Take another tool in hand; finishes what is under way. ``KeyError`` for an unknown name."""
        self._hand.knows(name)
        self.finish()
        self._answers.forget()
        self._hand.name = name
        self._take()
        self._announce(Changes(tool=True))

    def propose(self, tool: Tool) -> None:
        """Show a proposal in place of the tool in hand; without a document, nothing."""
        self.finish()
        self._answers.forget()
        if self.document is not None:
            self._hand.propose(tool)
            self._use(tool.refresh)
            self._announce(Changes(tool=True, preview=True))

    def set_document(self, document: Document | None) -> None:
        """Work on another document, or none; what is under way on the one before is left to it."""
        self.leave_image()
        self._answers.forget()
        self.document = document
        self._take()

    def change_settings(self, **values: Any) -> None:
        """Set the tools otherwise. ``TypeError`` for an unknown setting."""
        self.settings = self.settings.changed(**values)
        self.refresh()
        self._announce(Changes(tool=True))

    def resize(self, factor: float) -> None:
        """Make the brush larger or smaller, or whatever the tool in hand has instead: superpixels, a tolerance."""
        if name := size_among(self.pointed.options_for(self.settings)):
            self.change_settings(**{name: self.settings.resized(name, factor)})

    def set_active_segment(self, segment_id: int) -> None:
        """What the tools paint from now on; what was let go of is of the one before. ``KeyError`` for an unknown id."""
        self.table[segment_id]
        if not self.in_gesture and segment_id != self.active_segment:
            self._end(self.tool.conclude)
        self.active_segment = segment_id
        self.refresh()
        self._announce(Changes(tool=True))

    def refresh(self) -> None:
        """Something that a shown proposal was made from has changed: the mask, a setting, a lock."""
        if self.busy:
            self._use(self.tool.refresh)
            self._drop_ended()
        elif self._pressed is None:
            self._use(self.tool.take)

    # ---- gestures ---------------------------------------------------------------------------------------------

    def press(self, event: PointerEvent) -> None:
        """Start a gesture; without a document, nothing."""
        self.finish_gesture()
        if self.document is not None and self.pointed.cursor != "hand":
            self.owing.settle(self.document)
            if self.tool.gives_way:
                self.finish()
            # What this press ends is a step of its own: Esc in the gesture that now begins must not take it along.
            shown = self.busy
            self._end(lambda context: self.tool.settle(context, event))
            self._drop_ended(shown)
            self._pressed = self._last_event = event
            self._use(lambda context: self.tool.press(context, event))

    def move(self, event: PointerEvent) -> None:
        """Go on with a gesture, or hover if there is none."""
        if self._pressed is None:
            self._use(lambda context: self.tool.hover(context, event))
        else:
            self._last_event = event
            self._use(lambda context: self.tool.move(context, event))

    def point_away(self) -> None:
        """The pointer is elsewhere; a gesture goes on until its button comes up."""
        if self._pressed is None:
            self._use(self.tool.unhover)

    def release(self, event: PointerEvent) -> None:
        """End a gesture, if there is one: what it painted is one named step, saved at once."""
        if self._pressed is not None:
            self._pressed = None
            self._use(lambda context: self.tool.release(context, event))

    def finish_gesture(self) -> None:
        """End a gesture where the pointer was last, as if the button had been released there."""
        if self._pressed is not None and self._last_event is not None:
            self.release(self._last_event)

    def finish(self) -> None:
        """End the gesture, and leave what is shown: what a hand drew goes into the mask, a proposal is dropped."""
        self.finish_gesture()
        if self.document is not None:
            self.owing.settle(self.document)
        self._finish()

    def leave_image(self) -> None:
        """As ``finish``, but waits for nothing: what a hand drew and is computed still goes into the mask by itself."""
        self.finish_gesture()
        if self.document is not None and self.tool.owes:
            self.owing.take(self.tool, self._context(self.document))
            self._hand.part()
            self._hand.drop_proposal(self.settings)
            self._use(self.tool.take)
        self._finish()

    def _finish(self) -> None:
        # A tool that shows nothing yet, but waits, goes on waiting: it may stay in hand.
        if self.busy or self.proposing:
            self._answers.forget()
            dropped = self.tool.missed
            self._end(self.tool.leave)
            self._hand.drop_proposal(self.settings)
            if dropped:
                self._announce(Changes(message=Message(f"{dropped} {_DROPPED}", key="undecided")))

    def commit(self) -> None:
        """Put what is shown into the mask, as one named step."""
        self.finish_gesture()
        if self.busy:
            self._use(self.tool.commit)
            if not self.busy:
                self._hand.drop_proposal(self.settings)
                self._use(self.tool.take)

    def holds_up(self) -> bool:
        """Whether something of the mask is to be decided on, or seen, before it is approved; which is then said."""
        if words := self.tool.before_approval:
            self._announce(Changes(message=Message(words, key="undecided")))
        return bool(words)

    def act(self, action: ToolAction) -> None:
        """Do one of the tool's ``actions``; nothing if it has become another tool's."""
        self.finish_gesture()
        if action in self.tool.actions:
            self._use(action.call)
            self._announce(Changes(tool=True))

    def nudge(self, dx: int, dy: int) -> bool:
        """Move what is shown by whole pixels, right and down; False if it is nothing that can be moved so."""
        return bool(self._use(lambda context: self.tool.nudge(context, dx, dy)))

    def abandon(self) -> None:
        """Give up the gesture, and what is shown; the mask is as it was before."""
        self._give_up()
        self._use(self.tool.take)

    def step_back(self) -> None:
        """Take back the last point of what is shown, or drop all of it."""
        if self.busy and not self._use(self.tool.step_back):
            self.abandon()

    # ---- history ----------------------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take back the last step of this image; what is shown and not in the mask goes first."""
        if self.busy and not self.in_gesture:
            self.step_back()
        else:
            self._travel(Document.undo, lambda project, image_id: project.masks.save_undo(image_id))

    def redo(self) -> None:
        """Make the last undone step again, or what was taken back of a shape; a proposal that is shown goes first."""
        # Steps undone before a shape was begun wait for its end: put into the mask here, it would do away with them.
        self.finish_gesture()
        if self.busy and not self.proposing:
            self._use(self.tool.step_forward)
        else:
            self._travel(Document.redo, lambda project, image_id: project.masks.save_redo(image_id))

    def apply(self, name: str, *patches: Patch, over_any: bool = False, over_locked: bool = False) -> None:
        """Change the mask at once, as one step called ``name``; locked segments are spared, unless ``over_locked``.

        ``over_any`` paints over every other segment, whatever the tools may paint over.
        """
        self.finish()
        only_over = None if over_any else self.settings.paint_over

        def paint(context: ToolContext) -> None:
            context.document.begin_edit(name)
            for patch in patches:
                rect = context.document.apply(patch, () if over_locked else context.locked, only_over)
                self._repaint(context.document, rect)

        self._use(paint)
        self._use(self.tool.take)

    def _travel(self, go: Callable[[Document], Rect | None], write: Callable[[Project, int], object]) -> None:
        (self.abandon if self.proposing else self.finish)()
        if (document := self.document) is not None and (rect := go(document)) is not None:
            self._save(document, lambda project: write(project, document.image_id))
            self._announce(Changes(pixels=rect, history=True))
        self._use(self.tool.take)

    # ---- within -----------------------------------------------------------------------------------------------

    def _take(self) -> None:
        if self.document is not None and self.tool.asks_model:
            self._answers.get_ready()
        self._use(self.tool.take)

    def _use(self, call: Callable[[ToolContext], object]) -> object:
        """Let the tool work on the document; outside of a gesture, what it painted becomes a step at once."""
        if (document := self.document) is None:
            return None
        try:
            return call(self._context(document))
        finally:
            # Whatever becomes of the tool: what was painted before it failed is kept.
            if self._pressed is None:
                self._close_step(document)
            self._hand.show(self.settings)

    def _end(self, call: Callable[[ToolContext], object]) -> None:
        try:
            self._use(call)
        except Exception:
            log.exception("a tool could not be left")
            self._fail(NOT_LEFT)

    def _context(self, document: Document) -> ToolContext:
        return self._contexts.of(document, self.tool, self.active_segment, self.table, self.settings)

    def _hear(self, tool: Tool, document: Document, done: Done, result: Any) -> None:
        if self.tool is tool and self.document is document:
            self._use(lambda context: done(context, result))
            self._drop_ended()
            self._announce(Changes(tool=True))

    def _give_up(self) -> None:
        self._answers.forget()
        self._pressed = None
        if (document := self.document) is not None:
            self._repaint(document, document.abandon_edit())
            self._use(self.tool.abandon)
            self._hand.drop_proposal(self.settings)

    def _drop_ended(self, shown: bool = True) -> None:
        if shown and self.proposing and not self.busy:
            self._hand.drop_proposal(self.settings)
            self._use(self.tool.take)

    def _fail(self, sentence: str) -> None:
        # Not ``abandon``: a tool that asks when it is taken in hand would ask, and fail, for ever.
        self._give_up()
        self._announce(Changes(message=Message(sentence, "trouble", key="tool")))

    def _close_step(self, document: Document) -> None:
        if document.editing and (edit := document.commit_edit()) is not None:
            self._save(document, lambda project: project.masks.save_edit(document.image_id, edit))
            self._announce(Changes(history=True))

    def _repaint(self, document: Document, rect: Rect) -> None:
        if rect != EMPTY and document is self.document:
            self._announce(Changes(pixels=rect))
