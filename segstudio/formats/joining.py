"""Several data sets as one. A class goes by its name: each of them may number its classes in an order of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from segstudio.formats.dataset import Dataset, FoundClass, FoundImage, FoundMask, MaskSource, of_classes
from segstudio.formats.folder import LAYOUT

_NONE = 65535
"""What is of no class that a data set names; no class has this number."""


@dataclass(frozen=True, eq=False)
class RenumberedMask:
    """A mask whose classes have other ``numbers`` here than in its own data set, by which they are listed."""

    source: MaskSource
    numbers: Mapping[int, int]

    @property
    def files(self) -> Sequence[Path]:
        """Those of the mask."""
        return self.source.files

    def of_classes(self, wanted: Collection[int]) -> MaskSource:
        """See ``Overlapping``."""
        own = [number for number, here in self.numbers.items() if here in wanted]
        return replace(self, source=of_classes(self.source, own))

    def read(self, size: tuple[int, int], orientation: int) -> FoundMask:
        """See ``MaskSource``; objects of a class are one."""
        found = self.source.read(size, orientation)
        lut = np.full(65536, _NONE, np.uint16)
        lut[0] = 0
        for own, here in self.numbers.items():
            lut[own] = here
        return FoundMask(lut[found.class_ids()], oddities=found.oddities)


def joined(parts: Sequence[Dataset]) -> Dataset:
    """The images of several data sets, one behind the other, with their notes.

    Classes are known where all that have masks name theirs, or one alone has masks.
    """
    if len(parts) == 1:
        return parts[0]
    masked = [part for part in parts if part.with_mask]
    classes: tuple[FoundClass, ...] = ()
    if len(masked) == 1:
        classes = masked[0].classes
    elif masked and all(part.names_classes for part in masked):
        classes = _together(masked)
    numbers = {known.name: known.id for known in classes} if len(masked) > 1 else {}
    return Dataset(
        LAYOUT,
        tuple(found for part in parts for found in _renumbered(part, numbers)),
        classes,
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        skipped=tuple(skipped for part in parts for skipped in part.skipped),
        upright=bool(parts) and all(part.upright for part in parts),
    )


def _together(parts: Sequence[Dataset]) -> tuple[FoundClass, ...]:
    """The classes of all, each name once, numbered from 1."""
    by_name: dict[str, FoundClass] = {}
    for known in (known for part in parts for known in part.classes):
        by_name.setdefault(known.name, known)
    return tuple(replace(known, id=number) for number, known in enumerate(by_name.values(), start=1))


def _renumbered(part: Dataset, numbers: Mapping[str, int]) -> Sequence[FoundImage]:
    """The images of ``part``, with the classes of their masks as ``numbers`` has them by name."""
    own = {known.id: numbers[known.name] for known in part.classes if known.name in numbers}
    if all(number == here for number, here in own.items()):
        return part.images
    return [
        found if found.mask is None else replace(found, mask=RenumberedMask(found.mask, own)) for found in part.images
    ]
