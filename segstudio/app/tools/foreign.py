"""A whole mask that comes from elsewhere: shown until it is taken or dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from segstudio.app.document import Document
from segstudio.app.tools.base import NO_PREVIEW, Preview, Tool, ToolContext
from segstudio.domain.patch import Patch

Ending = Literal["taken", "dropped", "left"]


class ForeignMask(Tool):
    """Nothing of it is in the mask before it is taken, and the pointer stays with the tool in hand: its first press
    drops the proposal and paints as if it had never been there. ``ended`` is told how it ended."""

    gives_way: ClassVar[bool] = True
    step: ClassVar[str]

    def __init__(self, title: str, ended: Callable[[Ending], None]) -> None:
        self.title = title
        self._ended = ended
        self._preview = NO_PREVIEW
        self._shown = True

    def patch(self, document: Document) -> Patch:
        """What it would change."""
        raise NotImplementedError

    @property
    def busy(self) -> bool:
        """True until it is taken or dropped."""
        return self._shown

    @property
    def undecided(self) -> str:
        """What is shown until it is taken or dropped."""
        return f"“{self.title}”" if self._shown else ""

    @property
    def missed(self) -> str:
        """Nothing: it was offered, and whoever paints or goes on says no."""
        return ""

    @property
    def preview(self) -> Preview:
        """What would be painted."""
        return self._preview

    def commit(self, context: ToolContext) -> None:
        """Paint it, as one step."""
        context.paint(self.step, self.patch(context.document))
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
            self._preview = Preview(context.allowed(self.patch(context.document)))

    def _end(self, how: Ending) -> None:
        if self._shown:
            self._shown, self._preview = False, NO_PREVIEW
            self._ended(how)
