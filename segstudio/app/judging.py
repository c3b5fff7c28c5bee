"""What a pixel can be in this project, and which of it nobody judges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from segstudio.app.changes import Changes, Message
from segstudio.domain.segments import ClassSpec, SegmentTable, as_called
from segstudio.store.project_db import Project


class Judging:
    """The classes of an open project, in order."""

    def __init__(
        self,
        classes: tuple[ClassSpec, ...],
        table: Callable[[], SegmentTable],
        save: Callable[[Callable[[Project], object]], None],
        announce: Callable[[Changes], None],
    ) -> None:
        self.classes = classes
        """As models know them, which keep the names that the project was made with."""
        self._table = table
        self._save = save
        self._announce = announce

    @property
    def called(self) -> tuple[ClassSpec, ...]:
        """The classes by the names that a person sees and data sets use."""
        return as_called(self.classes, self._table())

    def may_call(self, segment_id: int, name: str) -> bool:
        """Whether a segment may have this name; says why not.

        Masks that were exported find back to their classes by name, whatever its case: of two that are called alike one
        would have the other's.
        """
        if all(row.id == segment_id or row.name.casefold() != name.casefold() for row in self._table()):
            return True
        sentence = f"Another segment is called “{name}” already, so this one keeps its name. Choose another one."
        self._announce(Changes(table=True, message=Message(sentence, key="name")))
        return False

    def judged(self, class_id: int) -> bool:
        """Whether a class is learned, predicted and scored; ``KeyError`` for an unknown id."""
        return self._class(class_id).kind != "void"

    def set_judged(self, class_id: int, judged: bool) -> None:
        """Say so; it counts from the next round. One class at least stays judged."""
        spec = as_called([self._class(class_id)], self._table())[0]
        if judged == (spec.kind != "void"):
            return
        changed = tuple(replace(c, kind="stuff" if judged else "void") if c.id == class_id else c for c in self.classes)
        if all(c.kind == "void" for c in changed):
            sentence = (
                f"{spec.name} is the only class that is judged, so it stays: without one there is nothing to learn."
            )
            self._announce(Changes(message=Message(sentence, key="judged")))
            return
        self.classes = changed
        self._save(lambda project: project.save_classes(changed))
        words = "is judged again" if judged else "is not judged: the model neither learns nor predicts it"
        self._announce(
            Changes(table=True, message=Message(f"{spec.name} {words}, from the next round on.", key="judged"))
        )

    def _class(self, class_id: int) -> ClassSpec:
        for spec in self.classes:
            if spec.id == class_id:
                return spec
        raise KeyError(class_id)
