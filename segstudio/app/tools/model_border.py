"""The model's border, moved by keys to where the model is surer, or less sure: shown, and taken by going on."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from segstudio.app.document import Document, frozen
from segstudio.app.tools.asking import Latest
from segstudio.app.tools.base import NO_PREVIEW, Preview, Tool, ToolAction, ToolContext
from segstudio.app.tools.settings import ToolSettings
from segstudio.domain.model_border import MOST_STEPS, beyond_border
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.plane import UNSET
from segstudio.domain.regions import bounds
from segstudio.domain.segments import BACKGROUND

IN_KEY, OUT_KEY = ",", "."

_TITLE = "Model's border"
_STEP_IN, _STEP_OUT = f"{_TITLE} further in", f"{_TITLE} further out"

STEPS = (_STEP_IN, _STEP_OUT)
"""The names of its steps of undo."""


class ModelBorder(Tool):
    """Begins with a step out if ``by`` is above 0, else in; a proposal, for ``Editor.propose``.

    A hand asks for each step and an eye sees it, so whatever comes next takes what is shown, unlike what a machine
    proposes unasked: only Esc drops it. Nothing is taken that was not shown.
    """

    gives_way: ClassVar[bool] = True
    title = _TITLE

    def __init__(self, by: int) -> None:
        self._question: Latest[tuple[int, Patch]] = Latest()
        self._by = by
        self._steps = 0
        self._segment_id: int | None = None
        self._patch = NOTHING
        self._preview = NO_PREVIEW
        self._wins = self._taken = self._ended = False

    def hint(self, settings: ToolSettings) -> str:
        """How far it is, what changes, and the keys."""
        keys = f"{IN_KEY} {OUT_KEY} move it · Esc drops it"
        if self._question.waiting:
            return f"{self.title}: looking how sure the model is… · {keys}"
        where = self._preview.patch
        if not self._steps:
            return f"{self.title} as it was · {keys}"
        if self._patch.is_empty:
            return f"{self.title}: it stays, since the model doubts nothing there · {keys}"
        if where is None or where.is_empty:
            return f"{self.title}: what would change is locked, or not to be painted over · {keys}"
        far, px = abs(self._steps), f"{np.count_nonzero(where.where):,}".replace(",", "\N{NO-BREAK SPACE}")
        way = f"{far} step{'s' if far > 1 else ''} further {'out' if self._steps > 0 else 'in'}"
        return f"{self.title} {way}: {px} px · {keys} · going on takes it"

    @property
    def busy(self) -> bool:
        """True until it was taken or dropped."""
        return not self._ended

    @property
    def undecided(self) -> str:
        """What was asked for and is not shown yet."""
        return f"“{self.title}”" if self._question.waiting and not self._ended else ""

    @property
    def way_out(self) -> str:
        """It is shown in a moment."""
        return "It is shown in a moment. Look at it, or drop it by Esc; then approve."

    @property
    def preview(self) -> Preview:
        """What changes."""
        return self._preview

    @property
    def actions(self) -> tuple[ToolAction, ...]:
        """A step in, a step out."""
        return ToolAction("Further in", IN_KEY, self.step_in), ToolAction("Further out", OUT_KEY, self.step_out)

    def step_in(self, context: ToolContext) -> None:
        """Move it a step in."""
        self._step(context, -1)

    def step_out(self, context: ToolContext) -> None:
        """Move it a step out."""
        self._step(context, 1)

    def refresh(self, context: ToolContext) -> None:
        """Look again: the first time a step off, then as far as it is. Another segment in hand takes it."""
        if self._segment_id is None:
            self._segment_id = context.segment_id
            self._step(context, self._by)
        elif context.segment_id != self._segment_id:
            self.leave(context)
        else:
            self._step(context, 0)

    def commit(self, context: ToolContext) -> None:
        """Put it into the mask as one step, now or when it is shown."""
        self._taken = True
        if not self._question.waiting:
            self.leave(context)

    def leave(self, context: ToolContext) -> None:
        """What is shown is taken."""
        if not self._ended and not self._patch.is_empty:
            context.paint(_STEP_OUT if self._wins else _STEP_IN, self._patch)
        self.abandon(context)

    def abandon(self, context: ToolContext) -> None:
        """Change nothing."""
        self._question.forget()
        self._patch, self._preview = NOTHING, NO_PREVIEW
        self._ended = True

    def _step(self, context: ToolContext, by: int) -> None:
        if self._segment_id is None:
            return
        self._steps = min(max(self._steps + by, -MOST_STEPS), MOST_STEPS)
        steps, still, segment_id = self._steps, frozen(context.document), self._segment_id
        self._question.ask(context, lambda: moved(still, segment_id, steps, by), self._hear)

    def _hear(self, context: ToolContext, found: tuple[int, Patch]) -> None:
        # A step asked for meanwhile begins where this one was asked to go.
        if not self._question.waiting:
            self._steps = found[0]
        self._wins, self._patch = found[0] > 0, found[1]
        self._preview = Preview(context.allowed(self._patch))
        if self._taken and not self._question.waiting:
            self.leave(context)


def moved(document: Document, segment_id: int, steps: int, by: int) -> tuple[int, Patch]:
    """The border of a segment moved ``steps`` out (above 0) or in, of which ``by`` is the last.

    As many more as it takes until something changes, or on the way back none where nothing would. Returns how many
    there are and what changes. Other segments stay, and so does what a person painted.
    """
    if document.prediction is None or document.confidence is None or segment_id == BACKGROUND or not steps:
        return steps, NOTHING
    shown, confidence = document.shown(document.bounds), document.confidence
    mask, own = shown == segment_id, document.prediction.read(document.bounds) == segment_id
    others, painted = ~mask & (shown != BACKGROUND), document.correction.read(document.bounds) != UNSET
    way = 1 if steps > 0 else -1

    def found(far: int) -> Patch:
        where = beyond_border(mask, own, others, painted, confidence, way * far)
        rect = bounds(where)
        if rect.is_empty:
            return NOTHING
        ids = np.full((rect.height, rect.width), segment_id if way > 0 else BACKGROUND, np.uint16)
        return Patch(rect, where[rect.slices], ids)

    far, patch = abs(steps), found(abs(steps))
    if not patch.is_empty:
        return steps, patch
    if way != by:
        return (0, NOTHING) if by else (steps, NOTHING)
    low, high, patch = far, MOST_STEPS, found(MOST_STEPS)
    if patch.is_empty:
        return steps, NOTHING
    while high - low > 1:
        middle = (low + high) // 2
        less = found(middle)
        if less.is_empty:
            low = middle
        else:
            high, patch = middle, less
    return way * high, patch
