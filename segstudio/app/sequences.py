"""The images of a project as frames of videos: which one comes before which."""

from __future__ import annotations

from pathlib import Path

from segstudio.app.catalog import Catalog
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.frames import Frame, parse_frame, previous_frame

_AROUND = 60
"""Frames of a sequence on each side from which its usual step is told."""


class Sequences:
    """Looks names up once each: a project may hold ten thousand frames, and stepping through them must not wait."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._frames: dict[Path, Frame | None] = {}

    def before(self, record: ImageRecord) -> ImageRecord | None:
        """The frame right before this one; None if it is no frame, or the first, or too much is left out between."""
        frame = self.frame(record)
        if frame is None:
            return None
        numbered = self._sequence(frame.sequence)
        earlier = [number for number in sorted(numbered) if number < frame.number][-_AROUND:]
        later = [number for number in sorted(numbered) if number > frame.number][:_AROUND]
        names = {_name(numbered[number]): numbered[number] for number in (*earlier, *later)}
        name = previous_frame([*names, _name(record)], _name(record))
        return None if name is None else names[name]

    def worked_on_before(self, record: ImageRecord) -> ImageRecord | None:
        """The nearest earlier frame whose mask a person approved or painted on, and did not reject."""
        frame, last = self.frame(record), self.before(record)
        if frame is None or last is None or _worked_on(last):
            return last
        numbered = self._sequence(frame.sequence)
        numbers = [number for number, other in numbered.items() if number < frame.number and _worked_on(other)]
        return numbered[max(numbers)] if numbers else None

    def frame(self, record: ImageRecord) -> Frame | None:
        """Its place in a video; None for a single picture."""
        if record.path not in self._frames:
            self._frames[record.path] = parse_frame(_name(record))
        return self._frames[record.path]

    def _sequence(self, sequence: str) -> dict[int, ImageRecord]:
        """Its frames that can be read, by number."""
        found: dict[int, ImageRecord] = {}
        for record in self._catalog.records:
            # A plain look at the name first: few images of a large project are of this sequence.
            if record.problem is None and _name(record).startswith(sequence):
                frame = self.frame(record)
                if frame is not None and frame.sequence == sequence:
                    found.setdefault(frame.number, record)
        return found


def _name(record: ImageRecord) -> str:
    return record.path.as_posix()


def _worked_on(record: ImageRecord) -> bool:
    return record.rejected is None and (record.touched or record.state is ImageState.APPROVED)
