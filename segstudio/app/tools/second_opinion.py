"""What another model says of an image, shown until it is taken or dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.app.tools.base import ToolContext
from segstudio.app.tools.foreign import ForeignMask
from segstudio.app.tools.settings import ToolSettings
from segstudio.domain.errors import UserError
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.plane import UNSET
from segstudio.domain.regions import bounds
from segstudio.domain.segments import BACKGROUND

Opinion = NDArray[np.bool_] | UserError


class SecondOpinion(ForeignMask):
    """``look`` is called off the main thread: (height, width) bool, True where ``segment_id`` should be, or why not.

    ``failed`` is told why there is nothing to show; then the proposal is over.
    """

    step: ClassVar[str] = "Second opinion"

    def __init__(self, look: Callable[[], Opinion], segment_id: int, failed: Callable[[UserError], None]) -> None:
        super().__init__("Second opinion", lambda _how: None)
        self._look: Callable[[], Opinion] | None = look
        self._segment_id = segment_id
        self._failed = failed
        self._member: NDArray[np.bool_] | None = None

    def hint(self, settings: ToolSettings) -> str:
        """How to take it and how to drop it."""
        if self._member is None:
            return "Second opinion: MediaPipe looks at the image… · Esc drops it"
        return "Second opinion, by MediaPipe: Enter or U applies it · Esc or painting drops it"

    @property
    def undecided(self) -> str:
        """What is shown until it is taken or dropped."""
        return "" if self._member is None else super().undecided

    def refresh(self, context: ToolContext) -> None:
        """Look, the first time; then show what of it would be painted."""
        if self._look is not None:
            look, self._look = self._look, None
            context.later(look, self._hear)
        super().refresh(context)

    def commit(self, context: ToolContext) -> None:
        """Paint it, as one step; not before it is there."""
        if self._member is not None:
            super().commit(context)

    def patch(self, document: Document) -> Patch:
        """What it would change."""
        return NOTHING if self._member is None else agreed(document, self._member, self._segment_id)

    def _hear(self, context: ToolContext, said: Opinion) -> None:
        if isinstance(said, UserError):
            self.abandon(context)
            self._failed(said)
            return
        self._member = said
        super().refresh(context)


def agreed(document: Document, member: NDArray[np.bool_], segment_id: int) -> Patch:
    """The segment where ``member`` is True, background where it was and is not.

    What a person painted stays, and so do other segments.
    """
    shown = document.shown(document.bounds)
    own = shown == segment_id
    where = own | (member & (shown == BACKGROUND))
    where &= document.correction.to_array() == UNSET
    rect = bounds(where)
    if rect.is_empty:
        return NOTHING
    ids = np.where(member, np.uint16(segment_id), np.uint16(BACKGROUND))
    return Patch(rect, where[rect.slices], ids[rect.slices])
