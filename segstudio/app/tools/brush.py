"""Brush, eraser and the brush that brings the model's mask back: a disk or a square that is dragged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from segstudio.app.tools.base import Cursor, PointerEvent, Tool, ToolContext
from segstudio.app.tools.settings import Effect, ToolSettings
from segstudio.domain.brush import Point, stroke_segment
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import Patch
from segstudio.domain.segments import BACKGROUND

LIGHTEST = 0.2
"""Share of the brush's radius that the lightest touch of a pen paints with."""

Swept = tuple[Rect, NDArray[np.bool_]]
"""A rectangle of the image and which of its pixels the brush changes."""

_TITLES = {"paint": "Brush", "erase": "Eraser", "restore": "Model brush"}
_HINTS = {
    "paint": "Paint: drag · erase: right button · straight: Shift+click · size: [ ]",
    "erase": "Erase: drag · paint: right button · straight: Shift+click · size: [ ]",
    "restore": "Back to what the model saw: drag · paint: right button · straight: Shift+click · size: [ ]",
}


class BrushTool(Tool):
    """The right button, or Ctrl, does the opposite of brush and eraser. Shift goes straight from the last point."""

    options: ClassVar[tuple[str, ...]] = ("radius", "square", "pressure", "paint_over")
    cursor: ClassVar[Cursor] = "ring"
    names: ClassVar[dict[Effect, str]] = {
        "paint": "Paint",
        "erase": "Erase",
        "restore": "Bring the model's mask back",
    }

    def __init__(self, effect: Effect = "paint") -> None:
        self._effect = effect
        self._doing = effect
        self._value = BACKGROUND
        self._last: Point | None = None
        self._ended: tuple[int, Point] | None = None
        self.title = _TITLES[effect]

    def hint(self, settings: ToolSettings) -> str:
        """How to paint."""
        return _HINTS[self._effect]

    def erases(self, settings: ToolSettings, inverted: bool) -> bool:
        """The eraser does, and a brush that is turned into one."""
        return self._does(inverted) == "erase"

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Paint one dab, or straight from where the last stroke on this image ended."""
        self._doing = self._does(event.inverts)
        # Of all of the stroke: the key of the next segment may come before the button is up.
        self._value = context.value(self._doing)
        straight = event.shift and self._ended is not None and self._ended[0] == context.document.image_id
        self._last = self._ended[1] if straight and self._ended is not None else event.point
        self._paint(context, event)

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """Paint what the brush sweeps on its way here."""
        self._paint(context, event)

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """Paint the last bit of the way."""
        # A pen that is lifted has no pressure left; what was painted on the way is all there is.
        if event.pressure > 0:
            self._paint(context, event)
        self._ended = (context.document.image_id, event.point)

    def swept(self, context: ToolContext, start: Point, event: PointerEvent) -> Iterable[Swept]:
        """What the brush changes on its way from ``start``."""
        document, settings = context.document, context.settings
        radius = pressed(settings, event)
        yield stroke_segment(start, event.point, radius, document.height, document.width, square=settings.square)

    def _does(self, inverted: bool) -> Effect:
        if not inverted:
            return self._effect
        return "erase" if self._effect == "paint" else "paint"

    def _paint(self, context: ToolContext, event: PointerEvent) -> None:
        start = self._last or event.point
        self._last = event.point
        for rect, covered in self.swept(context, start, event):
            context.paint(self.names[self._doing], Patch(rect, covered, self._value))


def pressed(settings: ToolSettings, event: PointerEvent) -> float:
    """The brush's radius in px under the pen's pressure."""
    if not settings.pressure:
        return settings.radius
    return settings.radius * (LIGHTEST + (1 - LIGHTEST) * min(max(event.pressure, 0.0), 1.0))
