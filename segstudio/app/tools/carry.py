"""The mask of an earlier frame, moved to where things are now: shown until it is taken or dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.app.tools.foreign import Ending, ForeignMask
from segstudio.app.tools.settings import ToolSettings
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.plane import UNSET
from segstudio.domain.segments import BACKGROUND


class CarryProposal(ForeignMask):
    """``ids`` is (height, width) uint16 of the image on the canvas; ``name`` is the frame that they come from."""

    step: ClassVar[str] = "Carry over"

    def __init__(self, ids: NDArray[np.uint16], name: str, ended: Callable[[Ending], None]) -> None:
        super().__init__(f"Carried over from {name}", ended)
        self._ids = ids
        self._name = name

    def hint(self, settings: ToolSettings) -> str:
        """How to take it and how to drop it."""
        return f"The mask of {self._name}, carried over: Enter or J applies it · Esc or painting drops it"

    @property
    def undecided(self) -> str:
        """What is shown until it is taken or dropped."""
        return "The carried mask" if self.busy else ""

    def patch(self, document: Document) -> Patch:
        """What it would change."""
        return carried(document, self._ids)


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
