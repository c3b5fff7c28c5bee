"""The images of an open project, in order, as the main thread knows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.groups import Kinship


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

    def holds_out(self, record: ImageRecord) -> bool:
        """Whether an image that is approved now is held out for ever, with all that belong to it."""
        return Kinship(self._records).decide(record)

    def to_train_on(self) -> list[ImageRecord]:
        """Rows whose masks a round may read: approved ones, and painted ones that are not held out.

        An image that is held out, by itself or with its group, is of use once its whole mask is vouched for.
        """
        kinship = Kinship(self._records)
        return [
            record
            for record in self._records
            if record.problem is None
            and (record.state is ImageState.APPROVED or (record.touched and not kinship.side(record)))
        ]

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
