"""Giving an image back to the model: what was painted goes, as one step that undo takes back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segstudio.app.changes import Changes, Message
from segstudio.app.document import Document
from segstudio.app.editor import Editor
from segstudio.domain.patch import Patch
from segstudio.domain.plane import UNSET, tile_rect


class Reset:
    """Of all the image or of one segment. Main thread only."""

    def __init__(self, editor: Editor, announce: Callable[[Changes], None]) -> None:
        self._editor = editor
        self._announce = announce

    def image(self) -> None:
        """Take back all that was painted on this image, but for locked segments."""
        document = self._editor.document
        if document is None:
            return
        approved = document.approved
        name = "Clear mask" if document.prediction is None else "Reset image"
        if self._reset(document, name, lambda patch: patch.where):
            kept = "" if document.correction.is_blank else ", but for locked segments"
            now = "empty" if document.prediction is None else "the model's"
            lost = " It is no longer approved." if approved else ""
            self._say(document, f"What you painted was taken back{kept}: the mask is {now} again.{lost}")

    def segment(self) -> None:
        """Take back what was painted where the mask shows the segment in hand, and where the model saw it."""
        document, segment_id = self._editor.document, self._editor.active_segment
        if document is None or segment_id not in self._editor.table:
            return

        def concerned(patch: Patch) -> NDArray[np.bool_]:
            there: NDArray[np.bool_] = document.shown(patch.rect) == segment_id
            if document.prediction is not None:
                there |= document.prediction.read(patch.rect) == segment_id
            return patch.where & there

        approved = document.approved
        name = self._editor.table[segment_id].name
        if self._reset(document, f"Reset {name}", concerned):
            lost = " The mask is no longer approved." if approved else ""
            self._say(document, f"What you painted of “{name}” was taken back.{lost}")

    def _reset(self, document: Document, name: str, concerned: Callable[[Patch], NDArray[np.bool_]]) -> bool:
        """Whether there was anything to take back."""
        self._editor.finish()
        before = document.history.done[-1:]
        patches = [Patch(patch.rect, concerned(patch), UNSET) for patch in _painted(document)]
        # What the tools may paint over is about tools; this is about all that was painted.
        self._editor.apply(name, *(patch for patch in patches if not patch.is_empty), over_any=True)
        if document.history.done[-1:] != before:
            return True
        sentence = "Nothing was painted here that could be taken back."
        self._announce(Changes(message=Message(sentence, key="reset")))
        return False

    def _say(self, document: Document, sentence: str) -> None:
        self._announce(Changes(message=undoable(self._editor, document, sentence, "reset")))


def undoable(editor: Editor, document: Document, sentence: str, key: str) -> Message:
    """A message about the step that was just made, which offers to undo it for as long as it is the last one."""
    edit = document.history.done[-1]

    def holds() -> bool:
        return editor.document is document and document.history.done[-1:] == [edit]

    def undo() -> None:
        if holds():
            editor.undo()

    return Message(sentence, action="Undo", on_action=undo, key=key, holds=holds)


def _painted(document: Document) -> list[Patch]:
    """What was painted, tile by tile, as patches that take it back."""
    patches = []
    for key in sorted(document.correction.snapshot()):
        rect = tile_rect(key).intersect(document.bounds)
        patches.append(Patch(rect, document.correction.read(rect) != UNSET, UNSET))
    return patches
