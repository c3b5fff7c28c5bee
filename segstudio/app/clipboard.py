"""Copying segments from one image to another, cutting, erasing and flipping them. Main thread only."""

from __future__ import annotations

from collections.abc import Callable

from segstudio.app.changes import Changes, Message
from segstudio.app.document import Document
from segstudio.app.editor import Editor
from segstudio.app.resetting import undoable
from segstudio.app.tools.paste import PasteProposal, Piece, lift
from segstudio.domain.segments import Segment, SegmentTable


class Clipboard:
    """What was copied in this session; another project has other segments and never sees it."""

    def __init__(self, editor: Editor, announce: Callable[[Changes], None]) -> None:
        self._editor = editor
        self._announce = announce
        self._piece: Piece | None = None
        self._classes: dict[int, int] = {}

    @property
    def is_empty(self) -> bool:
        """True until something was copied."""
        return self._piece is None

    def copy(self) -> None:
        """Copy what the mask shows of the segment in hand."""
        segment_id = self._editor.active_segment
        if segment_id in self._editor.table:
            self._take({segment_id}, f"“{self._editor.table[segment_id].name}”")

    def copy_all(self) -> None:
        """Copy what the mask shows of all segments that are not hidden."""
        self._take({segment.id for segment in self._editor.table if not segment.hidden}, "any segment")

    def cut(self) -> None:
        """Copy what the mask shows of the segment in hand, and erase it there as one step."""
        if (taken := self._take_out("Cut")) is not None:
            document, piece, name, lost = taken
            self._keep(piece)
            self._say_undoable(document, f"Cut “{name}”.{lost} Ctrl+V pastes it, here or on another image.", "copy")

    def erase(self) -> None:
        """Erase what the mask shows of the segment in hand, as one step; of what is shown, only its last point."""
        if self._editor.in_gesture:
            return
        if self._editor.busy:
            self._editor.step_back()
        elif (taken := self._take_out("Erase segment")) is not None:
            document, _, name, lost = taken
            self._say_undoable(document, f"Erased “{name}” from this mask.{lost}", "reset")

    def paste(self) -> None:
        """Propose what was copied on the image that is on the canvas."""
        document, piece = self._editor.document, self._piece
        if document is None:
            return
        if piece is None:
            self._say("Nothing was copied yet. Copy a segment first (Ctrl+C).")
            return
        still = {id_ for id_, class_id in self._classes.items() if _holds(self._editor.table, id_, class_id)}
        if len(still) < len(self._classes):
            piece = piece.only(still)
        if piece.ids.any():
            self._editor.propose(PasteProposal(piece, (document.width, document.height)))
        else:
            self._say("The segments that were copied are no longer in this project. Copy others.")

    def flip(self, *, across: bool) -> None:
        """Flip what is being pasted left-right (``across``) or top-bottom; otherwise propose it of the segment in hand.

        The segment is flipped where it lies, and where it was and is no longer becomes background.
        """
        tool = self._editor.tool
        if isinstance(tool, PasteProposal):
            self._editor.act(tool.actions[0 if across else 1])
            return
        document, segment_id = self._editor.document, self._editor.active_segment
        if document is None or segment_id not in self._editor.table:
            return
        if self._is_kept(self._editor.table[segment_id], "flipped"):
            return
        self._editor.finish()
        piece = lift(document, {segment_id})
        if piece is None:
            self._say(f"This mask shows nothing of “{self._editor.table[segment_id].name}” to flip.")
            return
        size = (document.width, document.height)
        self._editor.propose(
            PasteProposal(piece, size, name="Flip", lifted=piece.place, across=across, down=not across)
        )

    def _take(self, segment_ids: set[int], what: str) -> None:
        document = self._editor.document
        if document is None:
            return
        piece = lift(document, segment_ids)
        if piece is None:
            self._say(f"This mask shows nothing of {what} to copy.")
            return
        copied = self._keep(piece)
        names = f"“{copied[0].name}”" if len(copied) == 1 else f"{len(copied)} segments"
        pronoun = "it" if len(copied) == 1 else "them"
        self._say(f"Copied {names}. Ctrl+V pastes {pronoun}, here or on another image.")

    def _keep(self, piece: Piece) -> list[Segment]:
        """Have it pasted from now on; the segments in it."""
        self._piece = piece
        copied = [segment for segment in self._editor.table if segment.id in piece.segment_ids]
        self._classes = {segment.id: segment.class_id for segment in copied}
        self._announce(Changes(tool=True))
        return copied

    def _take_out(self, step: str) -> tuple[Document, Piece, str, str] | None:
        """Erase what the mask shows of the segment in hand: where, what, its name, and what is to be said of it.

        None where that may not be, or there is nothing, which is then said.
        """
        document, segment_id = self._editor.document, self._editor.active_segment
        if document is None or segment_id not in self._editor.table:
            return None
        segment = self._editor.table[segment_id]
        if self._is_kept(segment, "taken away"):
            return None
        self._editor.finish()
        piece = lift(document, {segment_id})
        if piece is None:
            self._say(f"This mask shows nothing of “{segment.name}” that could be taken away.")
            return None
        lost = " The mask is no longer approved." if document.approved else ""
        # What the tools may paint over is about tools; this is about all of the segment.
        self._editor.apply(step, piece.place, over_any=True)
        return document, piece, segment.name, lost

    def _is_kept(self, segment: Segment, done: str) -> bool:
        """Whether it is to stay where it is, or can't be seen there; that is then said."""
        if segment.locked or segment.hidden:
            why, remedy = ("locked", "Unlock") if segment.locked else ("hidden", "Show")
            self._say(f"“{segment.name}” is {why}, so nothing of it was {done}. {remedy} it first.")
        return segment.locked or segment.hidden

    def _say_undoable(self, document: Document, sentence: str, key: str) -> None:
        self._announce(Changes(message=undoable(self._editor, document, sentence, key)))

    def _say(self, sentence: str) -> None:
        self._announce(Changes(message=Message(sentence, key="copy")))


def _holds(table: SegmentTable, segment_id: int, class_id: int) -> bool:
    return segment_id in table and table[segment_id].class_id == class_id
