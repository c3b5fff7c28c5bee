"""The mask of an earlier frame, moved to where things are now: shown until it is taken or dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.app.tools.base import NO_PREVIEW, Preview, Tool, ToolContext
from segstudio.app.tools.settings import ToolSettings
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.plane import UNSET
from segstudio.domain.segments import BACKGROUND

Ending = Literal["taken", "dropped", "left"]


class CarryProposal(Tool):
    """``ids`` is (height, width) uint16 of the image on the canvas; ``name`` is the frame that they come from.

    Nothing of it is in the mask before it is taken, and the pointer stays with the tool in hand: its first press
    drops the proposal and paints as if it had never been there.
    """

    gives_way: ClassVar[bool] = True

    def __init__(self, ids: NDArray[np.uint16], name: str, ended: Callable[[Ending], None]) -> None:
        self._ids = ids
        self._name = name
        self.title = f"Carried over from {name}"
        self._ended = ended
        self._preview = NO_PREVIEW
        self._shown = True

    def hint(self, settings: ToolSettings) -> str:
        """How to take it and how to drop it."""
        return f"The mask of {self._name}, carried over: Enter or J applies it · Esc or painting drops it"

    @property
    def busy(self) -> bool:
        """True until it is taken or dropped."""
        return self._shown

    @property
    def undecided(self) -> str:
        """What is shown until it is taken or dropped."""
        return "The carried mask" if self._shown else ""

    @property
    def preview(self) -> Preview:
        """What would be painted."""
        return self._preview

    def commit(self, context: ToolContext) -> None:
        """Paint it, as one step."""
        context.paint("Carry over", carried(context.document, self._ids))
        self._end("taken")

    def abandon(self, context: ToolContext) -> None:
        """Drop it."""
        self._end("dropped")

    def leave(self, context: ToolContext) -> None:
        """Nobody has taken it, so it goes."""
        self._end("left")

    def refresh(self, context: ToolContext) -> None:
        """Show what of it would be painted."""
        if self._shown:
            self._preview = Preview(context.allowed(carried(context.document, self._ids)))

    def _end(self, how: Ending) -> None:
        if self._shown:
            self._shown, self._preview = False, NO_PREVIEW
            self._ended(how)


def carried(document: Document, ids: NDArray[np.uint16]) -> Patch:
    """What a carried mask, (height, width) uint16, would change.

    All of its segments, and the background where the mask shows a segment now; what a person painted on this image
    stays. Its segments are painted also where the model says the same, so that another prediction doesn't change them.
    """
    where = (ids != BACKGROUND) | (document.shown(document.bounds) != BACKGROUND)
    where &= document.correction.to_array() == UNSET
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not len(rows):
        return NOTHING
    rect = Rect(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return Patch(rect, where[rect.slices], ids[rect.slices])
