"""Magic wand: press on a colour, drag for more or less of it, let go to take it."""

from __future__ import annotations

import math
from typing import ClassVar

from segstudio.app.tools.asking import Latest
from segstudio.app.tools.base import NO_PREVIEW, PointerEvent, Preview, Tool, ToolContext
from segstudio.app.tools.growing import Region
from segstudio.app.tools.settings import LIMITS, Effect, ToolSettings
from segstudio.domain.brush import Point
from segstudio.domain.patch import Patch
from segstudio.domain.wand import Wand

AT_ONCE_PIXELS = 1 << 17
"""Images of up to so many pixels are worked on before the event returns."""

TOLERANCE_A_SLACK = 2.0
"""By how much the tolerance changes with each ``PointerEvent.slack`` of way: the same on the screen at any zoom."""

_STEP = 0.5
_NAMES: dict[Effect, str] = {
    "paint": "Wand",
    "erase": "Erase with wand",
    "restore": "Bring the model's mask back",
}


class _Pick:
    """A colour that was picked, and what is known of it. The wand is made where it is first needed."""

    def __init__(self, context: ToolContext, event: PointerEvent) -> None:
        self.origin: Point = event.point
        self.slack = max(event.slack, 1e-3)
        self.effect = context.effect(event)
        self.at_once = context.document.width * context.document.height <= AT_ONCE_PIXELS
        self.tolerance = context.settings.tolerance
        self.drag = 0.0
        self.released = False
        self.found: Region | None = None
        self.found_for: tuple[float, bool, float] | None = None
        self._pixels = context.document.pixels
        self._wand: Wand | None = None

    def region(self, tolerance: float, contiguous: bool, smoothing: float) -> Region:
        """What is like the colour; any thread may ask."""
        if self._wand is None:
            self._wand = Wand(self._pixels, self.origin)
        return self._wand.region(tolerance, contiguous, smoothing)


class WandTool(Tool):
    """Press, drag, release are one step; what it would take is shown all the while."""

    title = "Magic wand"
    options: ClassVar[tuple[str, ...]] = ("tolerance", "contiguous", "smoothing", "effect", "paint_over")

    def __init__(self) -> None:
        self._question: Latest[Region] = Latest()
        self._pick: _Pick | None = None
        self._preview = NO_PREVIEW

    def hint(self, settings: ToolSettings) -> str:
        """How to take a region."""
        if self._pick is not None:
            return "Drag right or up for more, left or down for less · let go to take it · Esc drops it"
        what = {"paint": "Fill", "erase": "Erase", "restore": "Bring the model's mask back in"}[settings.effect]
        other = "fill" if settings.effect == "erase" else "erase"
        return f"{what} what has the same colour: press on it, drag for more or less · {other}: right button"

    @property
    def busy(self) -> bool:
        """True from the press until what was picked is in the mask."""
        return self._pick is not None

    @property
    def owes(self) -> bool:
        """Picked, and not found yet."""
        return self.busy and self._question.waiting

    @property
    def preview(self) -> Preview:
        """The region, and the tolerance it was found with."""
        return self._preview

    def conclude(self, context: ToolContext) -> None:
        """Take what was picked before."""
        self._finish_now(context)

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Pick the colour."""
        document = context.document
        column, row = math.floor(event.x), math.floor(event.y)
        if 0 <= column < document.width and 0 <= row < document.height:
            self._pick = _Pick(context, event)
            self._seek(context)

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """More to the right and up, less to the left and down."""
        pick = self._pick
        if pick is not None and not pick.released:
            way = ((event.x - pick.origin[0]) - (event.y - pick.origin[1])) / pick.slack
            # A hand that trembles while it clicks doesn't drag.
            way = math.copysign(max(abs(way) - 0.5, 0.0), way)
            pick.drag = way * TOLERANCE_A_SLACK
            self._seek(context)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """Take the region, now or as soon as it is found."""
        if self._pick is not None:
            self.move(context, event)
            self._pick.released = True
            self._take_if_found(context)

    def commit(self, context: ToolContext) -> None:
        """Take the region."""
        self._finish_now(context)

    def leave(self, context: ToolContext) -> None:
        """What was picked counts, whatever comes next."""
        self._finish_now(context)

    def abandon(self, context: ToolContext) -> None:
        """Take nothing."""
        self._question.forget()
        self._pick = None
        self._preview = NO_PREVIEW

    def refresh(self, context: ToolContext) -> None:
        """Look again, as things are set now."""
        self._seek(context)

    # ---- within -----------------------------------------------------------------------------------------------

    def _seek(self, context: ToolContext) -> None:
        """Show what there is, and ask for what there should be."""
        pick, settings = self._pick, context.settings
        assert pick is not None
        low, high = LIMITS["tolerance"]
        tolerance = min(max(round((settings.tolerance + pick.drag) / _STEP) * _STEP, low), high)
        wanted = (tolerance, settings.contiguous, settings.smoothing)
        pick.tolerance = tolerance
        if wanted != pick.found_for:
            pick.found_for = wanted
            self._question.ask(context, lambda: pick.region(*wanted), self._found, here=pick.at_once)
        self._show(context)

    def _found(self, context: ToolContext, region: Region) -> None:
        if self._pick is not None:
            self._pick.found = region
            self._take_if_found(context)
            self._show(context)

    def _show(self, context: ToolContext) -> None:
        pick = self._pick
        if pick is None:
            return
        patch = None if pick.found is None else context.allowed(Patch(*pick.found, context.value(pick.effect)))
        self._preview = Preview(patch, caption=f"tolerance {pick.tolerance:g}")

    def _finish_now(self, context: ToolContext) -> None:
        if self._pick is not None:
            self._pick.released = True
            self._question.answer_now(context)
            self._take_if_found(context)

    def _take_if_found(self, context: ToolContext) -> None:
        pick = self._pick
        if pick is None or not pick.released or self._question.waiting or pick.found is None:
            return
        patch = Patch(*pick.found, context.value(pick.effect))
        self._pick = None
        self._preview = NO_PREVIEW
        context.paint(_NAMES[pick.effect], patch)
