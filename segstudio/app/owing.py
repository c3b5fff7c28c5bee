"""What a hand has asked for of an image that was left while it was being computed: it is put there when it is known."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from segstudio.app.answers import Answers
from segstudio.app.changes import Changes, Message
from segstudio.app.document import Document, frozen
from segstudio.app.tools import Tool, ToolContext
from segstudio.domain.patch import Patch

log = logging.getLogger(__name__)

NOT_LEFT = "What was shown could not be put into the mask. What you painted before is kept."

Painted = list[tuple[str, Patch, bool]]
"""What a tool has painted: ``name``, ``patch`` and ``spare`` of each call of ``ToolContext.paint``."""


@dataclass(eq=False)
class _Owed:
    """``context`` is as it was when the image was left; ``then`` waits for what is computed to be in the mask."""

    context: ToolContext
    painted: Future[Painted]
    then: list[Callable[[], None]] = field(default_factory=list)

    @property
    def document(self) -> Document:
        return self.context.document


class Owing:
    """The tool goes along with its image, so that nobody waits for it. Main thread only.

    ``land`` is called when what was owed to a document has been painted on it, or could not be computed. Whatever is
    about to change such a document, or to read all masks, calls ``settle`` first.
    """

    def __init__(self, answers: Answers, land: Callable[[Document], None], announce: Callable[[Changes], None]) -> None:
        self._answers = answers
        self._land = land
        self._announce = announce
        self._owed: list[_Owed] = []

    def take(self, tool: Tool, context: ToolContext) -> None:
        """``tool`` leaves ``context.document`` on another thread; whoever calls has it in hand no longer."""
        painted: Painted = []

        def leave() -> Painted:
            # What is painted on the document meanwhile waits for this, but a prediction may come.
            tool.leave(replace(context, document=still, paint=paint))
            return painted

        def paint(name: str, patch: Patch, spare: bool = True) -> None:
            painted.append((name, patch, spare))

        still = frozen(context.document)
        self._answers.forget()
        owed = _Owed(context, self._answers.keep(leave, lambda: self._settle(owed)))
        self._owed.append(owed)

    def settle(self, document: Document | None = None) -> None:
        """Wait for what is owed, to one document or to all, and put it where it belongs."""
        for owed in list(self._owed):
            if document is None or owed.document is document:
                self._settle(owed)

    def owes(self, document: Document) -> bool:
        """Whether something will be painted on it that is not there yet."""
        return any(owed.document is document for owed in self._owed)

    def after(self, image_id: int, call: Callable[[], None]) -> None:
        """Make ``call`` as soon as nothing is owed to an image: at once, where nothing is."""
        owed = [one for one in self._owed if one.document.image_id == image_id]
        if owed:
            owed[-1].then.append(call)
        else:
            call()

    def _settle(self, owed: _Owed) -> None:
        if owed not in self._owed:
            return
        self._owed.remove(owed)
        try:
            for painted in owed.painted.result():
                owed.context.paint(*painted)
        except Exception:
            log.exception("a tool could not be left")
            self._announce(Changes(message=Message(NOT_LEFT, "trouble", key="tool")))
        finally:
            # Whatever failed: what was painted before that is kept.
            self._land(owed.document)
            for call in owed.then:
                call()
