"""The images of an open project, in order, as the main thread knows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.rounds import holds_out


class Catalog:
    """Records by id and by place. ``replace`` is the only change to a row."""

    def __init__(self, records: Iterable[ImageRecord]) -> None:
        self._records = list(records)
        self._index = {record.id: index for index, record in enumerate(self._records)}

    @property
    def records(self) -> Sequence[ImageRecord]:
        """All rows, in order."""
        return self._records

    def record(self, image_id: int) -> ImageRecord:
        """One row; ``KeyError`` for an unknown id."""
        return self._records[self._index[image_id]]

    def __contains__(self, image_id: object) -> bool:
        return image_id in self._index

    def replace(self, record: ImageRecord) -> None:
        """Put ``record`` in the place of the row with its id."""
        self._records[self._index[record.id]] = record

    def extend(self, records: Iterable[ImageRecord]) -> int:
        """Append the rows of ``records`` that are not here yet; returns how many."""
        new = [record for record in records if record.id not in self._index]
        self._index.update({record.id: index for index, record in enumerate(new, start=len(self._records))})
        self._records.extend(new)
        return len(new)

    @property
    def approved(self) -> list[ImageRecord]:
        """Rows whose mask is approved."""
        return [record for record in self._records if record.state is ImageState.APPROVED]

    def held_out_counts(self) -> tuple[int, int]:
        """(images of which it is decided whether they are held out, of these held out)."""
        ever = [record.held_out for record in self._records if record.held_out is not None]
        return len(ever), sum(ever)

    def holds_out(self, record: ImageRecord) -> bool:
        """Whether an image that is approved now is held out for ever; a copy of a file goes where the file went."""
        if record.held_out is not None:
            return record.held_out
        for other in self._records:
            if other.held_out is not None and other.fingerprint == record.fingerprint:
                return other.held_out
        return holds_out(record.fingerprint, *self.held_out_counts())

    def step(self, image_id: int | None, by: int) -> int | None:
        """The id ``by`` rows further on, stopping at the ends; None without images."""
        if not self._records:
            return None
        if image_id is None:
            return self._records[0].id
        place = min(max(self._index[image_id] + by, 0), len(self._records) - 1)
        return self._records[place].id

    def next_unapproved(self, image_id: int | None) -> int | None:
        """The nearest row after ``image_id`` that can be worked on, going round; None if all are done."""
        start = -1 if image_id is None else self._index[image_id]
        for offset in range(1, len(self._records) + 1):
            record = self._records[(start + offset) % len(self._records)]
            if record.state is not ImageState.APPROVED and record.problem is None and record.id != image_id:
                return record.id
        return None

    def around(self, image_id: int | None) -> Iterator[int]:
        """Ids as a user at ``image_id`` will want them: itself, what follows and precedes, outwards."""
        start = 0 if image_id is None else self._index[image_id]
        for distance in range(len(self._records)):
            for place in {start + distance: None, start - distance: None}:
                if 0 <= place < len(self._records):
                    yield self._records[place].id
