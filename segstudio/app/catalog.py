"""The images of an open project, in order, as the main thread knows them."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import Path

from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.groups import Kinship, Membership
from segstudio.domain.review import Standing, standing


def is_open(record: ImageRecord) -> bool:
    """Whether somebody should still work on the image."""
    return record.state is not ImageState.APPROVED and record.problem is None and record.rejected is None


def _is_approved(record: ImageRecord) -> bool:
    return record.state is ImageState.APPROVED and record.rejected is None


class Catalog:
    """Records by id and by place, as the one who reads may see them. ``replace`` is the only change to a row.

    What is not in ``records`` is not shown anywhere. ``hidden`` are images on which another reader has begun: in their
    place stands a row of the reader's own, while rounds learn from the image itself.
    """

    def __init__(self, records: Iterable[ImageRecord], hidden: Iterable[ImageRecord] = ()) -> None:
        self._records = list(records)
        self._index = {record.id: index for index, record in enumerate(self._records)}
        self._hidden = {record.id: record for record in hidden}
        self._gone: dict[int, ImageRecord] = {}
        self._coming: Sequence[Membership] = ()
        self.departed: Sequence[Membership] = ()
        """Images that the project no longer has, though a model learned from them."""
        self._approved: list[ImageRecord] | None = None
        self._vouched_for: list[ImageRecord] | None = None
        self._titles: dict[Path, tuple[str, str]] | None = None
        self.veils: Callable[[ImageRecord], bool] = lambda _record: False
        """Whether the model's mask of a row is hidden from its reader until they have drawn one."""
        self._counts = Counter(standing(record) for record in self._records)

    @property
    def counts(self) -> Counter[Standing]:
        """How many rows have come how far; asking costs nothing."""
        return +self._counts

    @property
    def records(self) -> Sequence[ImageRecord]:
        """All rows, in order."""
        return self._records

    @property
    def all_rows(self) -> list[ImageRecord]:
        """The rows and the hidden images: for what is true of the file, not for showing."""
        return [*self._records, *self._hidden.values()]

    @property
    def originals(self) -> list[ImageRecord]:
        """The images themselves, in order, the hidden ones too: for learning, not for showing."""
        return [self.original(record) for record in self._records]

    def original(self, record: ImageRecord) -> ImageRecord:
        """The image itself that a row is a reading of."""
        return record if record.reading_of is None else self.record(record.reading_of)

    def record(self, image_id: int) -> ImageRecord:
        """One row, or a hidden image by its id, also one that was removed: news of it may be on its way.

        ``KeyError`` for an unknown id.
        """
        aside = self._hidden.get(image_id) or self._gone.get(image_id)
        return self._records[self._index[image_id]] if aside is None else aside

    def title(self, record: ImageRecord, short: bool = False) -> str:
        """What a row is called: its file's name, with folders in front where others are called so but for the ending.

        ``short`` leaves the ending away where nothing hangs on it.
        """
        if self._titles is None:  # asked for at every row that is painted
            self._titles = _titles(_namesakes(self.all_rows))
        whole, without_ending = self._titles.get(record.path) or (record.name, record.path.stem)
        return without_ending if short else whole

    def is_hidden(self, image_id: int) -> bool:
        """Whether nothing of the image itself may be shown to the one who reads."""
        return image_id in self._hidden

    def uncover(self, image_id: int) -> None:
        """Put a hidden image in the place of the reader's own row."""
        place = next(i for i, record in enumerate(self._records) if record.reading_of == image_id)
        own, image = self._records[place], self._hidden.pop(image_id)
        del self._index[own.id]
        # It may be on the canvas still, or on its way to the disk.
        self._gone[own.id] = own
        self._records[place], self._index[image_id] = image, place
        self._count(own, image)
        self._forget()

    def __contains__(self, image_id: object) -> bool:
        return image_id in self._index

    def replace(self, record: ImageRecord) -> None:
        """Put ``record`` in the place of the row, or of the hidden image, with its id; not of one that was removed."""
        if record.id in self._hidden:
            self._hidden[record.id] = record
        elif record.id not in self._gone:
            place = self._index[record.id]
            self._count(self._records[place], record)
            if record.path != self._records[place].path:
                self._titles = None
            self._records[place] = record
        self._forget()

    def _forget(self) -> None:
        self._approved = self._vouched_for = None

    def _count(self, before: ImageRecord, after: ImageRecord) -> None:
        self._counts[standing(before)] -= 1
        self._counts[standing(after)] += 1

    def extend(self, records: Iterable[ImageRecord]) -> int:
        """Append the rows of ``records`` that are not here yet; returns how many."""
        new = [record for record in records if record.id not in self._index and record.id not in self._hidden]
        for record in new:
            self._gone.pop(record.id, None)
        self._index.update({record.id: index for index, record in enumerate(new, start=len(self._records))})
        self._titles = None
        self._coming = ()
        self._records.extend(new)
        self._counts.update(standing(record) for record in new)
        self._forget()
        return len(new)

    def put_back(self, records: Iterable[ImageRecord], order: Sequence[int]) -> None:
        """Take rows in again that were removed; ``order`` has the ids of all rows as they were before."""
        self.extend(records)
        places = {image_id: place for place, image_id in enumerate(order)}
        # What has come since stays behind.
        self._records.sort(key=lambda record: places.get(record.id, len(places)))
        self._index = {record.id: index for index, record in enumerate(self._records)}
        self._forget()

    def remove(self, image_ids: Container[int]) -> list[ImageRecord]:
        """Take rows away; returns them."""
        gone = [record for record in self._records if record.id in image_ids]
        self._titles = None
        self._gone.update({record.id: record for record in gone})
        self._records = [record for record in self._records if record.id not in self._gone]
        self._index = {record.id: index for index, record in enumerate(self._records)}
        self._counts.subtract(standing(record) for record in gone)
        self._forget()
        return gone

    @property
    def approved(self) -> list[ImageRecord]:
        """Rows whose mask is approved."""
        if self._approved is None:  # asked for at every turn, of twenty thousand rows perhaps
            self._approved = [record for record in self._records if _is_approved(record)]
        return self._approved

    @property
    def vouched_for(self) -> list[ImageRecord]:
        """Images whose own mask is approved, whoever may see that."""
        if self._vouched_for is None:
            self._vouched_for = [record for record in self.originals if _is_approved(record)]
        return self._vouched_for

    def holds_out(self, record: ImageRecord) -> bool:
        """Whether an image that is approved now is held out for ever, with all that belong to it."""
        return self._kinship().decide(self.original(record))

    def _kinship(self) -> Kinship:
        return Kinship([*self.originals, *self._coming], self.departed)

    def expect(self, coming: Sequence[Membership]) -> None:
        """An import is about to be seen, whose sides are decided: it is kin to what is approved before it is here."""
        self._coming = coming

    def sides(self) -> dict[int, bool]:
        """Of each image by its id whether it is held out, where that is decided."""
        return {record.id: record.held_out for record in self.originals if record.held_out is not None}

    def to_train_on(self) -> list[ImageRecord]:
        """Images whose masks a round may read: approved ones, and painted ones that are not held out.

        An image that is held out, by itself or with its group, is of use once its whole mask is vouched for. One that
        was rejected is of none.
        """
        originals = self.originals
        kinship = self._kinship()
        return [
            record
            for record in originals
            if record.problem is None
            and record.rejected is None
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
            if is_open(record) and record.id != image_id:
                return record.id
        return None

    def done_words(self) -> str:
        """Why there is no other image to go to, as a sentence."""
        waiting = [record for record in self._records if is_open(record)]
        if waiting:
            return f"Only {waiting[0].name} is left to do."
        approved = sum(r.state is ImageState.APPROVED and r.rejected is None for r in self._records)
        rejected = sum(record.rejected is not None for record in self._records)
        unreadable = len(self._records) - approved - rejected
        if not rejected and not unreadable:
            return "Every image is approved."
        parts = [f"{approved:,} approved"]
        parts += [f"{rejected:,} rejected"] if rejected else []
        parts += [f"{unreadable:,} can't be read"] if unreadable else []
        return f"Nothing is left to do: {', '.join(parts)}."

    def around(self, image_id: int | None) -> Iterator[int]:
        """Ids as a user at ``image_id`` will want them: itself, what follows and precedes, outwards."""
        start = 0 if image_id is None else self._index[image_id]
        for distance in range(len(self._records)):
            for place in {start + distance: None, start - distance: None}:
                if 0 <= place < len(self._records):
                    yield self._records[place].id


def _namesakes(records: Iterable[ImageRecord]) -> set[Path]:
    """The paths of rows that may share a stem; by their names, since making thousands of paths into keys takes long."""
    alike: dict[str, list[ImageRecord]] = defaultdict(list)
    for record in records:
        alike[os.path.splitext(record.name)[0].casefold()].append(record)
    return {record.path for rows in alike.values() if len(rows) > 1 for record in rows}


def _titles(paths: Iterable[Path]) -> dict[Path, tuple[str, str]]:
    """Of paths whose stems others of them have: from where their folders differ, and without ending if that will do."""
    namesakes: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        namesakes[path.stem.casefold()].append(path)
    titles: dict[Path, tuple[str, str]] = {}
    for alike in namesakes.values():
        if len(alike) > 1:
            places = Counter(path.parent for path in alike)
            for path, title in zip(alike, _apart(alike), strict=True):
                titles[path] = (title, title.removesuffix(path.suffix) if places[path.parent] == 1 else title)
    return titles


def _apart(paths: Sequence[Path]) -> list[str]:
    try:
        common = os.path.commonpath([path.parent for path in paths])
    except ValueError:  # on several drives
        return [str(path) for path in paths]
    return [os.path.relpath(path, common) for path in paths]
