"""The tool in hand, and what the window was told of it."""

from __future__ import annotations

from collections.abc import Callable

from segstudio.app.changes import Changes
from segstudio.app.tools import NO_PREVIEW, Tool, ToolSettings, make_tools


class Hand:
    """Holds one tool of each kind, of which one is in hand, and a proposal that may have taken its place."""

    def __init__(self, announce: Callable[[Changes], None]) -> None:
        self._announce = announce
        self._tools: dict[str, Tool] = make_tools()
        self._proposal: Tool | None = None
        self._shown, self._hint = NO_PREVIEW, ""
        self.name = "brush"

    @property
    def tool(self) -> Tool:
        """The tool in hand, or the proposal that is shown."""
        return self._proposal or self._tools[self.name]

    @property
    def pointed(self) -> Tool:
        """The tool that the pointer drives: not a proposal that gives way to the one in hand."""
        return self._tools[self.name] if self.tool.gives_way else self.tool

    @property
    def proposing(self) -> bool:
        """True while a proposal is shown."""
        return self._proposal is not None

    def knows(self, name: str) -> None:
        """``KeyError`` for an unknown name."""
        self._tools[name]

    def propose(self, tool: Tool) -> None:
        """Let a proposal take the place of the tool in hand."""
        self._proposal = tool

    def part(self) -> None:
        """What is in hand goes elsewhere, along with its image: another takes its place, of a proposal none."""
        if self._proposal is None:
            self._tools[self.name] = make_tools()[self.name]

    def drop_proposal(self, settings: ToolSettings) -> None:
        """The tool has its place again; nothing if there is no proposal."""
        if self._proposal is not None:
            self._proposal = None
            self.show(settings)
            self._announce(Changes(tool=True))

    def show(self, settings: ToolSettings) -> None:
        """Tell the window, if the tool shows or says something else than it did."""
        preview, hint = self.tool.preview, self.tool.hint(settings)
        if preview is not self._shown:
            self._shown = preview
            self._announce(Changes(preview=True))
        if hint != self._hint:
            self._hint = hint
            self._announce(Changes(tool=True))
