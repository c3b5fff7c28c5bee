"""What a tool is: plain methods that the pointer drives, in image pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from segstudio.app.document import Document
from segstudio.domain.geometry import Rect


@dataclass(frozen=True, slots=True)
class PointerEvent:
    """A press, move or release. ``x``, ``y`` are image pixels, (0, 0) the upper left corner; ``pressure`` 0 to 1."""

    x: float
    y: float
    button: Literal["left", "right"] = "left"
    shift: bool = False
    ctrl: bool = False
    pressure: float = 1.0


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool works on during one gesture."""

    document: Document
    segment_id: int
    locked: tuple[int, ...]
    radius: float


class Tool(Protocol):
    """One way to correct. A gesture is a press, moves and a release; each returns the rectangle to repaint."""

    hint: str

    def edit_name(self, event: PointerEvent) -> str:
        """The name of the step that a gesture starting with ``event`` makes; "" if it makes none."""

    def press(self, context: ToolContext, event: PointerEvent) -> Rect:
        """Start a gesture."""

    def move(self, context: ToolContext, event: PointerEvent) -> Rect:
        """Go on with it."""

    def release(self, context: ToolContext, event: PointerEvent) -> Rect:
        """End it."""
