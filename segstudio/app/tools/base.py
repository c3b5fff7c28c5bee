"""What a tool is: plain methods that the pointer drives, in image pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.app.tools.settings import Effect, ToolSettings
from segstudio.domain.brush import Point
from segstudio.domain.patch import Patch
from segstudio.domain.plane import UNSET
from segstudio.domain.segments import BACKGROUND

Cursor = Literal["ring", "cross", "hand", "move"]
"""What the pointer looks like: the brush's ring (a square if the brush is), cross hairs, a hand, or four arrows."""


class PointerEvent(NamedTuple):
    """A press, move or release.

    ``x``, ``y`` are image pixels, (0, 0) the upper left corner; ``pressure`` 0 to 1. ``slack`` is how many image pixels
    off a hand may be and still have meant a point: it grows as the image is zoomed out. ``clicks`` is 2 for the second
    press of a double click.
    """

    x: float
    y: float
    button: Literal["left", "right"] = "left"
    shift: bool = False
    ctrl: bool = False
    pressure: float = 1.0
    slack: float = 4.0
    clicks: int = 1

    @property
    def point(self) -> Point:
        """(x, y)."""
        return self.x, self.y

    @property
    def inverts(self) -> bool:
        """True if the opposite of the tool is meant: the right button, or Ctrl."""
        return self.button == "right" or self.ctrl


@dataclass(frozen=True, eq=False)
class Line:
    """A line over the image, in image pixels; ``dashed`` for one that only helps."""

    points: tuple[Point, ...]
    closed: bool = False
    dashed: bool = False


@dataclass(frozen=True, eq=False)
class Preview:
    """What a tool shows and has not put into the mask.

    ``patch`` is drawn as a proposal, ``lines`` and ``handles`` over it; ``held`` is the handle under the pointer.
    ``caption`` stands at the pointer. ``cells`` part the image: (height, width) integers, between unlike ones of which
    a thin line runs.
    """

    patch: Patch | None = None
    lines: tuple[Line, ...] = ()
    handles: tuple[Point, ...] = ()
    held: int | None = None
    caption: str = ""
    cells: NDArray[np.integer] | None = None

    @property
    def changes_nothing(self) -> bool:
        """True if no pixel would be another."""
        return self.patch is None or self.patch.is_empty


NO_PREVIEW = Preview()


@dataclass(frozen=True)
class ToolAction:
    """One more thing to do with what a tool shows, such as to flip it; ``key`` as Qt writes keys, "" for none.

    ``Editor.act`` calls ``call``.
    """

    label: str
    key: str
    call: Callable[[ToolContext], None]


class Paint(Protocol):
    """Changes the mask; see ``ToolContext``."""

    def __call__(self, name: str, patch: Patch, spare: bool = True) -> None:
        """Change it by ``patch``, as part of a step called ``name``."""


@dataclass(frozen=True, eq=False)
class Question:
    """What the model is asked: where a segment is in ``pixels``, heeding ``clicks``.

    Both are (h, w, 3) uint8, as ``domain.clicks.Crop.pixels`` and ``drawn`` make them; ``gain`` is the
    ``exposure_gain`` of the whole image. The answer is (h, w) uint8, 255 where the segment certainly is.
    """

    pixels: NDArray[np.uint8]
    clicks: NDArray[np.uint8]
    segment_id: int
    gain: float


class Ask(Protocol):
    """Asks the model; see ``ToolContext``."""

    def __call__(self, question: Question, done: Callable[[ToolContext, NDArray[np.uint8]], None]) -> None:
        """Call ``done(context, answer)`` later."""


@dataclass(frozen=True, eq=False)
class ToolContext:
    """What a tool works on during one call.

    ``paint(name, patch)`` changes the mask: the first call opens a step of undo of that name, which ends with the
    gesture; locked segments and those outside of ``settings.paint_over`` are spared. Without ``spare`` they are not,
    which is for taking back what the same gesture painted. ``later(compute, done)`` computes off the main thread and
    calls ``done(context, result)`` there, unless the tool was left, or asked for something later, in between. ``ask``
    has the model answer a question, likewise; it is None as long as nothing was learned.
    """

    document: Document
    segment_id: int
    locked: tuple[int, ...]
    settings: ToolSettings
    paint: Paint
    later: Callable[[Callable[[], Any], Callable[[ToolContext, Any], None]], None]
    ask: Ask | None

    def value(self, effect: Effect) -> int:
        """The id that ``effect`` writes."""
        return {"paint": self.segment_id, "erase": BACKGROUND, "restore": UNSET}[effect]

    def allowed(self, patch: Patch) -> Patch:
        """What ``paint`` would change of a patch."""
        where = self.document.allowed(patch, self.locked, self.settings.paint_over)
        return Patch(patch.rect, where, patch.ids)

    def effect(self, event: PointerEvent) -> Effect:
        """What an area tool does in a gesture that began with ``event``."""
        if not event.inverts:
            return self.settings.effect
        return "paint" if self.settings.effect == "erase" else "erase"


class Tool:
    """One way to correct; does nothing by itself.

    A gesture is a press, moves and a release. ``busy`` is True while something is shown that is not in the mask yet:
    ``commit`` puts it there, ``abandon`` drops it. ``options`` are the settings that the tool may heed; ``ring`` is
    the one that a pointer which is a ring shows, a radius in px. A proposal that ``gives_way`` leaves the pointer to
    the tool in hand, and is dropped at its first press. What a tool that never ``paints`` shows is not for the mask.
    One that ``asks_model`` needs the model at hand.
    """

    title: str
    options: ClassVar[tuple[str, ...]] = ()
    cursor: ClassVar[Cursor] = "cross"
    ring: ClassVar[str] = "radius"
    gives_way: ClassVar[bool] = False
    paints: ClassVar[bool] = True
    asks_model: ClassVar[bool] = False

    def hint(self, settings: ToolSettings) -> str:
        """What to do with it, in one line."""
        raise NotImplementedError

    def options_for(self, settings: ToolSettings) -> tuple[str, ...]:
        """The settings that it heeds as things are set."""
        return self.options

    def ring_radius(self, settings: ToolSettings) -> float:
        """Radius in image pixels of a pointer that is a ring."""
        return float(getattr(settings, self.ring))

    @property
    def busy(self) -> bool:
        """True while something waits for ``commit`` or ``abandon``."""
        return False

    @property
    def preview(self) -> Preview:
        """What to show of it."""
        return NO_PREVIEW

    @property
    def actions(self) -> tuple[ToolAction, ...]:
        """What else may be done with what is shown."""
        return ()

    def take(self, context: ToolContext) -> None:
        """It is in hand, on this document, with nothing under way: now, or again after something else came between."""

    def settle(self, context: ToolContext, event: PointerEvent) -> None:
        """A gesture that ``event`` starts comes: finish at once what is left to do of the one before."""
        self.conclude(context)

    def conclude(self, context: ToolContext) -> None:
        """Another gesture or another segment comes: do at once what was let go of or taken and waits for an answer."""

    def press(self, context: ToolContext, event: PointerEvent) -> None:
        """Start a gesture."""

    def move(self, context: ToolContext, event: PointerEvent) -> None:
        """Go on with it."""

    def release(self, context: ToolContext, event: PointerEvent) -> None:
        """End it."""

    def hover(self, context: ToolContext, event: PointerEvent) -> None:
        """The pointer moved with no button down."""

    def unhover(self, context: ToolContext) -> None:
        """The pointer left the image with no button down: what follows it alone goes."""

    def commit(self, context: ToolContext) -> None:
        """Put what is shown into the mask."""

    def abandon(self, context: ToolContext) -> None:
        """Drop what is shown."""

    def leave(self, context: ToolContext) -> None:
        """Another tool or image comes, or the window closes: keep what a hand drew, drop what a machine proposes."""
        self.abandon(context)

    @property
    def owes(self) -> bool:
        """Whether ``leave`` would keep everybody waiting for what is computed still. Then it can be left elsewhere."""
        return False

    @property
    def undecided(self) -> str:
        """What looks like the mask and would be dropped by ``leave``, as the start of a sentence; "" for nothing."""
        return ""

    @property
    def missed(self) -> str:
        """The same, where a hand has made it or asked for it: that ``leave`` drops it is worth a word."""
        return self.undecided

    @property
    def way_out(self) -> str:
        """What decides on it, as a sentence."""
        return "Enter applies it, Esc drops it. Then approve."

    @property
    def before_approval(self) -> str:
        """Why not to approve yet, as a sentence, "" for no reason: the mask would lack it, or nobody has seen it."""
        if self.undecided:
            return f"{self.undecided} is not in the mask yet: {self.way_out}"
        return "What you asked for is still being computed: look at it first, then approve." if self.owes else ""

    def step_back(self, context: ToolContext) -> bool:
        """Take back the last point of what is shown; False if there are no points to take back."""
        return False

    @property
    def ahead(self) -> bool:
        """Whether ``step_forward`` would bring anything."""
        return False

    def step_forward(self, context: ToolContext) -> None:
        """Bring the point again that ``step_back`` took back last; nothing if another came since."""

    def nudge(self, context: ToolContext, dx: int, dy: int) -> bool:
        """Move what is shown by whole pixels, right and down; False if it is nothing that can be moved so."""
        return False

    def refresh(self, context: ToolContext) -> None:
        """A setting, the segment in hand or the mask below has changed while something is shown."""

    def erases(self, settings: ToolSettings, inverted: bool) -> bool:
        """Whether the cursor should say that it erases, if a press ``inverts`` it or not."""
        return (settings.effect == "erase") != inverted
