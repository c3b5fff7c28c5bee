"""Smart click: the model that learns in this project mends the mask where it is clicked."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.app.tools.base import NO_PREVIEW, Line, PointerEvent, Preview, Question, Tool, ToolContext
from segstudio.app.tools.growing import showing
from segstudio.app.tools.settings import ToolSettings
from segstudio.domain.clicks import Click, Crop
from segstudio.domain.geometry import Rect
from segstudio.domain.mending import Mending, says
from segstudio.domain.patch import Patch
from segstudio.domain.segments import BACKGROUND
from segstudio.imaging.exposure import exposure_gain

ADDS, TAKES = "Smart click", "Erase with smart click"
"""The names of its steps."""

_REMEMBERED = 20
_ARM = 1.2
"""Half the length of the strokes of a mark, in ``PointerEvent.slack``: the same on the screen at any zoom."""


@dataclass(frozen=True)
class _Waiting:
    """A click that is not answered yet, on a segment, and the ``arm`` of its mark in px."""

    click: Click
    segment_id: int
    arm: float


class ClickTool(Tool):
    """Each click is a step of its own. One that is not answered yet shows as a mark; Esc drops it.

    The model is told of the clicks before, as far as the mask still says what they said.
    """

    title = "Smart click"
    options: ClassVar[tuple[str, ...]] = ("paint_over",)
    asks_model: ClassVar[bool] = True

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._asked: Mending | None = None
        self._answer: NDArray[np.uint8] | None = None
        self._down = False
        self._learned = True
        self._document: Document | None = None
        self._clicks: dict[int, deque[Click]] = {}
        self._seen: tuple[Rect, NDArray[np.uint8]] | None = None
        self._gain = 1.0
        self._preview = NO_PREVIEW

    def hint(self, settings: ToolSettings) -> str:
        """How to click."""
        if self._document is not None and self._document.veiled:
            return "Draw your own mask first, then Shift+D shows the model's and smart clicks work"
        if self._document is not None and self._document.apart:
            return "Smart clicks are off for who reads second: the model may have learned from the other reading"
        if not self._learned:
            return "Smart clicks work once the model has learned a first round: approve a few images, or press T"
        return "Click on what is missing · right click on what is too much · the model finds how far it reaches"

    def erases(self, settings: ToolSettings, inverted: bool) -> bool:
        """A click adds, whatever the tools that fill do."""
        return False

    @property
    def busy(self) -> bool:
        """True while a click waits for its answer."""
        return bool(self._waiting)

    @property
    def undecided(self) -> str:
        """A click that is not answered."""
        return "Your last click" if self._waiting else ""

    @property
    def way_out(self) -> str:
        """It takes a moment."""
        return "the model is about to answer it, or Esc drops it. Then approve."

    @property
    def preview(self) -> Preview:
        """The marks of the clicks that wait."""
        return self._preview

    # ---- gestures ---------------------------------------------------------------------------------------------

    def take(self, context: ToolContext) -> None:
        """Another image has other clicks, and there may be a model now."""
        self._follow(context)

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Mark the place; it is asked for when the button comes up, so that Esc still takes it back."""
        self._follow(context)
        self._down = True
        document = context.document
        column, row = math.floor(event.x), math.floor(event.y)
        if context.ask is None or not (0 <= column < document.width and 0 <= row < document.height):
            return
        here = int(document.shown(Rect(column, row, column + 1, row + 1))[0, 0])
        adds = not event.inverts and context.segment_id != BACKGROUND
        # What is too much may be another segment than the one in hand.
        segment_id = context.segment_id if adds or here == BACKGROUND else here
        if segment_id != BACKGROUND:
            self._waiting.append(_Waiting(Click(event.x, event.y, adds), segment_id, _ARM * event.slack))
            self._show()

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """Ask the model, after what came in between has gone into the mask."""
        self._down = False
        answer, self._answer = self._answer, None
        if answer is not None:
            self._put(context, answer)
        self._ask_next(context)

    def abandon(self, context: ToolContext) -> None:
        """Drop the clicks that wait."""
        self._waiting.clear()
        self._asked = self._answer = None
        self._down = False
        self._show()

    def step_back(self, context: ToolContext) -> bool:
        """Drop the last click."""
        if len(self._waiting) < 2:
            return False
        self._waiting.pop()
        self._show()
        return True

    # ---- within -----------------------------------------------------------------------------------------------

    def _follow(self, context: ToolContext) -> None:
        self._learned = context.ask is not None
        if self._document is not context.document:
            self._document = context.document
            self._clicks.clear()
            self._seen = None
            self._gain = 1.0 if self._document is None else exposure_gain(self._document.pixels)

    def _ask_next(self, context: ToolContext) -> None:
        """Ask for the click that has waited longest; one that says what the mask says already needs no answer."""
        while self._waiting and self._asked is None and context.ask is not None:
            waiting = self._waiting[0]
            shown = showing(context.document, context.document.bounds, waiting.segment_id)
            if says(shown, waiting.click):
                self._done(waiting)
                continue
            known = [click for click in self._clicks.get(waiting.segment_id, ()) if says(shown, click)]
            self._asked = asked = Mending.begin(shown, known, waiting.click)
            pixels = self._pixels(context.document, asked.crop)
            question = Question(pixels, asked.guidance, waiting.segment_id, self._gain)
            context.ask(question, partial(self._hear, asked))
        self._show()

    def _pixels(self, document: Document, crop: Crop) -> NDArray[np.uint8]:
        """What the network sees; the same for clicks in the same crop."""
        if self._seen is None or self._seen[0] != crop.rect:
            self._seen = (crop.rect, crop.pixels(document.pixels))
        return self._seen[1]

    def _hear(self, asked: Mending, context: ToolContext, answer: NDArray[np.uint8]) -> None:
        if self._asked is not asked:
            return
        if self._down:
            # The step would become one with that of the click which is being made.
            self._answer = answer
            return
        self._put(context, answer)
        self._ask_next(context)

    def _put(self, context: ToolContext, answer: NDArray[np.uint8]) -> None:
        asked, self._asked = self._asked, None
        assert asked is not None
        waiting = self._waiting[0]
        mask = showing(context.document, asked.crop.rect, waiting.segment_id)
        rect, where = asked.change(answer, self._pixels(context.document, asked.crop), mask)
        self._done(waiting)
        adds = waiting.click.adds
        context.paint(ADDS if adds else TAKES, Patch(rect, where, waiting.segment_id if adds else BACKGROUND))

    def _done(self, waiting: _Waiting) -> None:
        self._waiting.popleft()
        self._clicks.setdefault(waiting.segment_id, deque(maxlen=_REMEMBERED)).append(waiting.click)

    def _show(self) -> None:
        if self._waiting or self._preview is not NO_PREVIEW:
            lines = tuple(line for waiting in self._waiting for line in _mark(waiting))
            self._preview = Preview(lines=lines) if lines else NO_PREVIEW


def _mark(waiting: _Waiting) -> tuple[Line, ...]:
    """A plus or a minus."""
    x, y, arm = waiting.click.x, waiting.click.y, waiting.arm
    across = Line(((x - arm, y), (x + arm, y)))
    return (across, Line(((x, y - arm), (x, y + arm)))) if waiting.click.adds else (across,)
