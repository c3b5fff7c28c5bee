"""What a tool works on during one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segstudio.app.answers import Answers
from segstudio.app.document import Document
from segstudio.app.tools import Question, Tool, ToolContext, ToolSettings
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import Patch
from segstudio.domain.segments import SegmentTable

Done = Callable[[ToolContext, Any], None]


class Contexts:
    """Makes them.

    ``repaint`` hears of each part of a document that was painted on, ``hear`` of each answer with the tool and the
    document that it is for, ``failed`` of a sentence where there is none.
    """

    def __init__(
        self,
        answers: Answers,
        repaint: Callable[[Document, Rect], None],
        hear: Callable[[Tool, Document, Done, Any], None],
        failed: Callable[[str], None],
    ) -> None:
        self._answers = answers
        self._repaint = repaint
        self._hear = hear
        self._failed = failed

    def of(
        self, document: Document, tool: Tool, segment_id: int, table: SegmentTable, settings: ToolSettings
    ) -> ToolContext:
        """What ``tool`` works on now."""

        def paint(name: str, patch: Patch, spare: bool = True) -> None:
            if not document.editing:
                document.begin_edit(name)
            only_over = settings.paint_over if spare else None
            self._repaint(document, document.apply(patch, locked if spare else (), only_over))

        def answer(done: Done) -> Callable[[Any], None]:
            return lambda result: self._hear(tool, document, done, result)

        def later(compute: Callable[[], Any], done: Done) -> None:
            self._answers.compute(compute, answer(done), self._failed)

        def ask(question: Question, done: Done) -> None:
            self._answers.ask(question, table[question.segment_id].class_id, answer(done), self._failed)

        locked, model = table.locked_ids(), ask if self._answers.learned else None
        return ToolContext(document, segment_id, locked, settings, paint, later, model)
