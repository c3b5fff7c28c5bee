"""Snap brush: paints only what is like the pixels under its middle, and so stops at borders."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from segstudio.app.tools.base import PointerEvent, ToolContext
from segstudio.app.tools.brush import BrushTool, Swept, pressed
from segstudio.app.tools.settings import Effect, ToolSettings
from segstudio.domain.brush import Point, stroke_segment
from segstudio.domain.geometry import EMPTY
from segstudio.domain.snap import similar

BUDGET_PIXELS = 60_000
"""Pixels of image that one move may look at: about 5 ms. A long way is cut into fewer pieces to keep to it."""

_BESIDES = 5_000
"""Pixels that cost as much as looking anew does by itself."""

_DAB = 0.5
"""Share of the radius after which the brush looks anew at what is under its middle."""


class SnapBrush(BrushTool):
    """A brush that looks at the image again and again on its way."""

    options: ClassVar[tuple[str, ...]] = ("radius", "likeness", "square", "pressure", "paint_over")
    names: ClassVar[dict[Effect, str]] = {
        "paint": "Paint with snap brush",
        "erase": "Erase with snap brush",
        "restore": "Bring the model's mask back",
    }

    def __init__(self) -> None:
        super().__init__("paint")
        self.title = "Snap brush"

    def hint(self, settings: ToolSettings) -> str:
        """How to paint."""
        return "Paint what is like the pixels under the middle: drag · erase: right button · size: [ ]"

    def swept(self, context: ToolContext, start: Point, event: PointerEvent) -> Iterator[Swept]:
        """What is alike under each of a few pieces of the way."""
        document, settings = context.document, context.settings
        radius = pressed(settings, event)
        for piece_start, piece_end in _pieces(start, event.point, radius):
            rect, covered = stroke_segment(
                piece_start, piece_end, radius, document.height, document.width, square=settings.square
            )
            if rect != EMPTY:
                yield rect, similar(document.pixels, rect, covered, piece_end, settings.likeness)


def _pieces(start: Point, end: Point, radius: float) -> list[tuple[Point, Point]]:
    """The way from ``start`` to ``end`` in pieces, not costlier than allowed, unless each would outreach the brush."""
    way = math.dist(start, end)
    wanted = math.ceil(way / max(_DAB * radius, 1.0))
    least = math.ceil(way / (2 * radius + 1))
    most = math.floor(BUDGET_PIXELS / ((2 * radius + 1) ** 2 + _BESIDES))
    count = max(1, least, min(wanted, most))
    xs = [start[0] + (end[0] - start[0]) * step / count for step in range(count)]
    ys = [start[1] + (end[1] - start[1]) * step / count for step in range(count)]
    return list(pairwise([*zip(xs, ys, strict=True), end]))
