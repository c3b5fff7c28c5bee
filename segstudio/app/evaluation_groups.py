"""By what the summary of an evaluation goes: what a table, a data set or a project says of its images."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.domain.annotation import ImageRecord
from segstudio.domain.errors import UserError
from segstudio.domain.groups import PATIENT
from segstudio.formats.attributes import MOST_VALUES, Attributes, grouping_names, key_of, read_attributes

OWN_GROUP = "Sequence or patient"
"""What an image's group is called beside its attributes."""

_ASKED_FIRST = re.compile(r"diagnos|sequence|patient", re.IGNORECASE)


@dataclass(frozen=True)
class Grouping:
    """Which attributes of images the summary goes by: all that ``attributes`` has for grouping, or those in ``by``."""

    attributes: Attributes
    by: tuple[str, ...]

    @classmethod
    def of(cls, table: Path, by: Sequence[str] = ()) -> Grouping:
        """From a CSV. Raises ``UserError`` if it can't be read or lacks a column of ``by``."""
        attributes = read_attributes(table)
        columns = _names_in(attributes)
        for name in by:
            if name not in columns:
                raise UserError(f"“{table.name}” has no column “{name}”. It has: {', '.join(columns)}.")
        return cls(attributes, tuple(by) or tuple(grouping_names(attributes)))

    @classmethod
    def of_data_set(cls, attributes: Attributes, by: Sequence[str] = ()) -> Grouping:
        """By what a data set says of its images. Raises ``UserError`` if that is nothing of what ``by`` names."""
        known = _names_in(attributes)
        for name in by:
            if name not in known:
                there = ", ".join(known) or "nothing"
                raise UserError(f"Nothing called “{name}” is known of these images. Known is: {there}.")
        return cls(attributes, tuple(by) or tuple(grouping_names(attributes)))

    def groups(self, image: Path) -> dict[str, str]:
        """The values of one image."""
        cells = self.attributes.get(key_of(image), {})
        return {name: cells.get(name, "") for name in self.by}


NO_GROUPING = Grouping({}, ())


@dataclass(frozen=True)
class ProjectGroups:
    """What a project knows of its images: ``values`` by the id of a row; ``names`` is what puts them into groups."""

    values: Mapping[int, Mapping[str, str]]
    names: tuple[str, ...]

    @classmethod
    def of(cls, records: Sequence[ImageRecord], attributes: Mapping[int, Mapping[str, str]]) -> ProjectGroups:
        """From the rows and the attributes of images by id; the video or patient of an image counts as one."""
        values = {record.id: dict(attributes.get(record.origin, {})) for record in records}
        names = grouping_names(values)
        own = _group_names(records)
        for id_, name in own.items():
            values[id_].setdefault(OWN_GROUP, name)
        same = any(
            _splits_alike([(cells.get(name, ""), own.get(id_, "")) for id_, cells in values.items()]) for name in names
        )
        return cls(values, (*names, *([OWN_GROUP] if own and not same else [])))

    @property
    def usual(self) -> tuple[str, ...]:
        """Those that most people ask for first."""
        asked = tuple(name for name in self.names if _ASKED_FIRST.search(name))
        return asked or self.names[:1]

    def of_images(
        self, records: Sequence[ImageRecord], by: Sequence[str], table: Grouping = NO_GROUPING
    ) -> dict[int, dict[str, str]]:
        """By row the values of what ``by`` names, and of what ``table`` says; of a name that both have, the table's."""
        return {
            record.id: {
                **{name: self.values.get(record.id, {}).get(name, "") for name in by},
                **table.groups(record.path),
            }
            for record in records
        }

    def chosen(self, by: Sequence[str], table: Path | None) -> tuple[tuple[str, ...], Grouping]:
        """What ``by`` names, apart: what the project knows, and what a table has; all that groups where it names none.

        Raises ``UserError`` for a table that can't be read, and for a name that neither has.
        """
        read = {} if table is None else read_attributes(table)
        columns = _names_in(read)
        known = _names_in(self.values)
        if not by:
            return self.names, Grouping(read, tuple(grouping_names(read)))
        for name in by:
            if name not in columns and name not in known:
                there = ", ".join([*columns, *known]) or "nothing"
                raise UserError(f"Nothing called “{name}” is known of the images of this project. Known is: {there}.")
        own = [name for name in by if name not in columns]
        return tuple(own), Grouping(read, tuple(name for name in by if name in columns))


def _names_in(values: Mapping[Any, Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for cells in values.values() for name in cells))


def _group_names(records: Sequence[ImageRecord]) -> dict[int, str]:
    """What to call the video or patient that an image is of, by its id; empty where that sums nothing up."""
    whole = {record.id: record.group.partition("|")[0].removeprefix(PATIENT) for record in records if record.group}
    groups = set(whole.values())
    if not 2 <= len(groups) <= MOST_VALUES:
        return {}
    names = _short_names(groups)
    return {id_: names[group] for id_, group in whole.items()}


def _short_names(groups: Collection[str]) -> dict[str, str]:
    """The ends of their paths, with as many folders as tell all of them apart."""
    parts = {group: group.split("/") for group in groups}
    for depth in range(1, max(map(len, parts.values())) + 1):
        names = {group: "/".join(folders[-depth:]) for group, folders in parts.items()}
        if len(set(names.values())) == len(names):
            break
    return names


def _splits_alike(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether two groupings of the same images are one: each value of either goes with one of the other."""
    together = set(pairs)
    return len(together) == len({one for one, _ in together}) == len({other for _, other in together})
