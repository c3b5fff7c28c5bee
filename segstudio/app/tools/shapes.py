"""Shapes that a hand draws: they are shown, and can be changed, until they are put into the mask."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from segstudio.app.tools.base import NO_PREVIEW, PointerEvent, Preview, Tool, ToolContext
from segstudio.app.tools.settings import Effect, ToolSettings
from segstudio.domain.brush import Point
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import Patch

Area = tuple[Rect, NDArray[np.bool_]]
"""A rectangle inside the image and which of its pixels are meant."""

LARGEST_IN_MOTION = 4_000_000
"""Pixels of a shape's box above which only its outline is shown while it is dragged."""

DOES: dict[Effect, str] = {"paint": "fills", "erase": "erases", "restore": "restores"}
"""What putting a shape into the mask does, in a word."""

_NAMES: dict[Effect, str] = {
    "paint": "Fill {}",
    "erase": "Erase {}",
    "restore": "Bring the model's mask back",
}
_BEGINNINGS: dict[Effect, str] = {
    "paint": "fill · erase: right button",
    "erase": "erase · paint: right button",
    "restore": "bring the model's mask back · erase: right button",
}


class ShapeTool(Tool, ABC):
    """An area that waits for ``commit``. The button of the first press decides between what is set and its opposite.

    Going elsewhere commits: what a hand drew is not lost.
    """

    options: ClassVar[tuple[str, ...]] = ("effect", "paint_over")
    noun: str

    def __init__(self) -> None:
        self._first: PointerEvent | None = None
        self._effect: Effect = "paint"
        self._patch: Patch | None = None
        self._preview = NO_PREVIEW

    @property
    def busy(self) -> bool:
        """True from the first press until the shape is in the mask or dropped."""
        return self._first is not None

    @property
    def preview(self) -> Preview:
        """The shape."""
        return self._preview

    @property
    def undecided(self) -> str:
        """An outline that is open, so that nobody has seen yet what it would fill."""
        return f"The open {self.noun}" if self._first is not None and self.complete and self.open else ""

    @property
    def missed(self) -> str:
        """Nothing: what a hand drew goes into the mask."""
        return ""

    def commit(self, context: ToolContext) -> None:
        """Put the shape into the mask, if there is enough of it to enclose anything."""
        if self._first is None or not self.complete:
            return
        effect = context.effect(self._first)
        rect, where = self.area(context.document.height, context.document.width)
        if where.any():
            context.paint(_NAMES[effect].format(self.noun), Patch(rect, where, context.value(effect)))
        self.clear()

    def abandon(self, context: ToolContext) -> None:
        """Drop the shape."""
        self.clear()

    def leave(self, context: ToolContext) -> None:
        """Commit; what encloses nothing is dropped."""
        self.commit(context)
        self.clear()

    def refresh(self, context: ToolContext) -> None:
        """Show what would change now."""
        self.show(context)

    # ---- what a shape says ------------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether there is enough of it to enclose anything."""
        return True

    @property
    def open(self) -> bool:
        """Whether it is shown as a line alone, since it is not round anything yet."""
        return False

    @abstractmethod
    def area(self, height: int, width: int) -> Area:
        """What it covers of an image of ``height`` x ``width`` px."""

    @abstractmethod
    def extent(self) -> Rect:
        """The box that holds it, which may reach out of the image."""

    @abstractmethod
    def drawing(self) -> Preview:
        """Its lines and handles."""

    def clear(self) -> None:
        """Forget it."""
        self._first = None
        self._patch = None
        self._preview = NO_PREVIEW

    # ---- showing ----------------------------------------------------------------------------------------------

    def show(self, context: ToolContext, in_motion: bool = False, filled: bool = True) -> None:
        """Show it as it is now, with the pixels that it would change if it is ``filled``."""
        if self._first is None:
            self.clear()
            return
        self._effect = context.effect(self._first)
        self._patch = self._change(context, in_motion) if filled else None
        self.redraw()

    def redraw(self) -> None:
        """Show other lines and handles round the same pixels."""
        self._preview = replace(self.drawing(), patch=self._patch)

    def beginning(self, settings: ToolSettings) -> str:
        """What the first press is for and what the right button does instead."""
        return _BEGINNINGS[settings.effect]

    def _change(self, context: ToolContext, in_motion: bool) -> Patch | None:
        document = context.document
        box = self.extent().intersect(document.bounds)
        if box.is_empty or (in_motion and box.width * box.height > LARGEST_IN_MOTION):
            return None
        rect, where = self.area(document.height, document.width)
        if rect.is_empty:
            return None
        return context.allowed(Patch(rect, where, context.value(self._effect)))


def distance(a: Point, b: Point) -> float:
    """In px."""
    return math.hypot(a[0] - b[0], a[1] - b[1])


def nearest(points: tuple[Point, ...], at: Point, reach: float) -> int | None:
    """Which of ``points`` is nearest to ``at`` and at most ``reach`` px away, the later of two; None for none."""
    found, best = None, reach
    for index, point in enumerate(points):
        away = distance(point, at)
        if away <= best:
            found, best = index, away
    return found
