"""Bucket: a click changes the whole connected region of one segment."""

from __future__ import annotations

import math
from typing import ClassVar

from segstudio.app.document import frozen
from segstudio.app.tools.asking import Latest
from segstudio.app.tools.base import NO_PREVIEW, PointerEvent, Preview, Tool, ToolContext
from segstudio.app.tools.growing import Region, region_at
from segstudio.app.tools.settings import Effect, ToolSettings
from segstudio.domain.patch import Patch

AT_ONCE = 512
"""Reach in px around the click up to which a region is filled before the click returns."""

_NAMES: dict[Effect, str] = {
    "paint": "Fill region",
    "erase": "Erase region",
    "restore": "Bring the model's mask back",
}
_WORKING = Preview(caption="filling…")


class BucketTool(Tool):
    """Fills the region under the pointer; a very large one a moment later, with nothing of the click lost."""

    title = "Bucket"
    options: ClassVar[tuple[str, ...]] = ("effect", "paint_over")

    def __init__(self) -> None:
        self._question: Latest[Region | None] = Latest()

    def hint(self, settings: ToolSettings) -> str:
        """How to fill."""
        what = {"paint": "Fill", "erase": "Erase", "restore": "Bring the model's mask back in"}[settings.effect]
        other = "fill" if settings.effect == "erase" else "erase"
        return f"{what} a region: click in it · {other} it: right button"

    @property
    def busy(self) -> bool:
        """True while a region is being looked for."""
        return self._question.waiting

    @property
    def owes(self) -> bool:
        """Clicked, and not found yet."""
        return self.busy

    @property
    def preview(self) -> Preview:
        """That it is at work."""
        return _WORKING if self.busy else NO_PREVIEW

    def conclude(self, context: ToolContext) -> None:
        """Fill what was clicked before."""
        self._question.answer_now(context)

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Fill the region below the pointer, or begin to."""
        document = context.document
        column, row = math.floor(event.x), math.floor(event.y)
        if not (0 <= column < document.width and 0 <= row < document.height):
            return
        effect = context.effect(event)
        value = context.value(effect)

        def fill(now: ToolContext, region: Region | None) -> None:
            if region is not None:
                now.paint(_NAMES[effect], Patch(*region, value))

        near = region_at(document, column, row, AT_ONCE)
        if near is not None:
            fill(context, near)
            return
        still = frozen(document)
        self._question.ask(context, lambda: region_at(still, column, row), fill)

    def commit(self, context: ToolContext) -> None:
        """Do not go on before it is filled."""
        self._question.answer_now(context)

    def leave(self, context: ToolContext) -> None:
        """A click counts, whatever comes next."""
        self._question.answer_now(context)

    def abandon(self, context: ToolContext) -> None:
        """Fill nothing."""
        self._question.forget()
