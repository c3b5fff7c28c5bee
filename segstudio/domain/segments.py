"""Classes of a project and the segments that its masks are made of."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

BACKGROUND = 0
"""Segment id and class id of whatever is no class."""

Color = tuple[int, int, int]

Value = TypeVar("Value", bound=np.generic)

_STRIP = 64
"""Rows that are looked up at once."""

# Okabe & Ito (2008), "Color Universal Design": eight colours told apart with the common kinds of colour
# blindness. Sky blue leads: it is the one that reads on skin, and no first class is red or green.
OKABE_ITO: tuple[Color, ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (204, 121, 167),
    (240, 228, 66),
    (0, 114, 178),
    (0, 158, 115),
    (213, 94, 0),
)

# Each as far in CIELAB as can be from those before, from grey, white, black and skin; none dark, pale or dull.
_MORE_COLORS: tuple[Color, ...] = (
    (0, 0, 255), (0, 255, 0), (255, 0, 225), (60, 105, 255), (255, 0, 90), (75, 165, 0), (90, 90, 0), (0, 255, 150),
    (135, 30, 150), (135, 60, 45), (195, 240, 150), (90, 240, 240), (255, 60, 165), (255, 0, 0), (240, 135, 255),
    (150, 30, 225), (165, 240, 0), (165, 0, 75), (165, 165, 255), (255, 135, 120), (15, 105, 15), (165, 0, 15),
    (105, 60, 120), (180, 165, 75), (30, 90, 60),
)  # fmt: skip

CLASS_COLORS = OKABE_ITO + _MORE_COLORS
"""In the order in which classes take them: the first can be told apart by most eyes, the others by their hatches."""

_STEPS = (0, 51, 102, 153, 204, 255)


def class_color(class_id: int) -> Color:
    """The usual colour of a class, numbered from 1: no two of the first 200 have one, nor has any that of void."""
    return _colors()[(class_id - 1) % len(_colors())]


@functools.cache
def _colors() -> tuple[Color, ...]:
    """``CLASS_COLORS``, and each after them as far in RGB as can be from those before, from grey, white and black."""
    others = np.array([rgb for rgb in itertools.product(_STEPS, repeat=3) if len(set(rgb)) > 1], np.int32)
    taken = np.array([*CLASS_COLORS, VOID_COLOR, (0, 0, 0), (255, 255, 255)], np.int32)
    apart = ((others[:, None] - taken[None]) ** 2).sum(axis=2).min(axis=1)
    chosen = list(CLASS_COLORS)
    while apart.any():
        red, green, blue = (int(value) for value in others[apart.argmax()])
        chosen.append((red, green, blue))
        apart = np.minimum(apart, ((others - (red, green, blue)) ** 2).sum(axis=1))
    return tuple(chosen)


@dataclass(frozen=True, slots=True)
class ClassSpec:
    """What a pixel can be.

    ``id`` counts from 1 (0 is the background) and is what networks and exports speak of. A ``stuff`` class has
    one segment in an image; every object of a ``thing`` class has its own. A ``void`` class is painted and exported
    like a stuff class and not judged: nothing is learned, predicted or scored where it is.
    """

    id: int
    name: str
    color: Color
    kind: Literal["stuff", "thing", "void"] = "stuff"


VOID_COLOR: Color = (128, 128, 128)
"""What is not judged takes no colour from the classes that are."""


def make_classes(names: Iterable[str], void: Container[str] = ()) -> tuple[ClassSpec, ...]:
    """Classes numbered from 1, each in its ``class_color``; blank names are skipped.

    Those whose name is in ``void`` are not judged, the others are stuff.
    """
    cleaned = [name.strip() for name in names if name.strip()]
    return tuple(
        ClassSpec(index, name, VOID_COLOR, "void") if name in void else ClassSpec(index, name, class_color(index))
        for index, name in enumerate(cleaned, start=1)
    )


def void_ids(classes: Iterable[ClassSpec]) -> tuple[int, ...]:
    """The ids of the classes that are not judged, in order."""
    return tuple(sorted(spec.id for spec in classes if spec.kind == "void"))


@dataclass(frozen=True, slots=True)
class Segment:
    """One row of the segment table. ``opacity`` is 0 to 1 and multiplies the overlay's own."""

    id: int
    class_id: int
    instance: int
    name: str
    color: Color
    locked: bool = False
    hidden: bool = False
    opacity: float = 1.0


class SegmentTable:
    """Segment id -> ``Segment``; never changed, only replaced, so a history can hold the one before."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Iterable[Segment]) -> None:
        self._rows = {row.id: row for row in rows}

    @classmethod
    def for_classes(cls, classes: Iterable[ClassSpec]) -> SegmentTable:
        """One segment a class, with the class's own id, name and colour."""
        return cls(Segment(c.id, c.id, 0, c.name, c.color) for c in classes)

    def __iter__(self) -> Iterator[Segment]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, segment_id: object) -> bool:
        return segment_id in self._rows

    def __getitem__(self, segment_id: int) -> Segment:
        return self._rows[segment_id]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SegmentTable) and self._rows == other._rows

    __hash__ = None  # type: ignore[assignment]  # compared by value, used as no key

    def with_segment(self, segment: Segment) -> SegmentTable:
        """A table in which ``segment`` takes the place of the row with its id, or comes last."""
        return SegmentTable({**self._rows, segment.id: segment}.values())

    def changed(self, segment_id: int, **fields: object) -> SegmentTable:
        """A table in which the fields of one row are replaced; ``KeyError`` for an unknown id."""
        return self.with_segment(replace(self._rows[segment_id], **fields))  # type: ignore[arg-type]

    def locked_ids(self) -> tuple[int, ...]:
        """Ids that no tool may overwrite."""
        return tuple(row.id for row in self if row.locked)

    def class_lut(self) -> NDArray[np.uint16]:
        """Look-up table, uint16 of 65536, from segment id to class id; unknown ids become background."""
        lut = np.zeros(65536, np.uint16)
        for row in self:
            lut[row.id] = row.class_id
        return lut


def as_called(classes: Iterable[ClassSpec], table: SegmentTable) -> tuple[ClassSpec, ...]:
    """The classes by the names and colours that their segments have now: those are what a person sees and changes.

    An older program let two segments have one name: such classes go by the names that they were made with, or masks
    would find back to the wrong one.
    """
    made = tuple(classes)
    segments = Counter(segment.class_id for segment in table)
    alone = {segment.class_id: segment for segment in table if segments[segment.class_id] == 1}
    called: list[str] = []
    now = [alone[spec.id].name if spec.id in alone else spec.name for spec in made]
    while now != called:
        called, times = now, Counter(name.casefold() for name in now)
        now = [spec.name if times[name.casefold()] > 1 else name for spec, name in zip(made, called, strict=True)]
    colors = [alone[spec.id].color if spec.id in alone else spec.color for spec in made]
    return tuple(replace(spec, name=name, color=color) for spec, name, color in zip(made, called, colors, strict=True))


def looked_up(table: NDArray[Value], ids: NDArray[np.uint16]) -> NDArray[Value]:
    """What ``table``, (65536,), has for each of ``ids``, (height, width)."""
    found = np.empty(ids.shape, table.dtype)
    for top in range(0, len(ids), _STRIP):
        strip = slice(top, top + _STRIP)
        # No id is clipped; said so, it takes a quarter of the time. In strips, since it takes eight bytes a pixel.
        np.take(table, ids[strip], mode="clip", out=found[strip])
    return found
