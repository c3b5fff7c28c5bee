"""Folders of masks beside each of which a list says what the values mean: all of them in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.formats.class_lists import find_class_list
from segstudio.formats.class_maps import Meaning, with_meaning
from segstudio.formats.compare import NOT_JUDGED, Ids, check_sizes, without
from segstudio.formats.dataset import MaskSource
from segstudio.formats.value_masks import ValueMask
from segstudio.imaging.orientation import UPRIGHT
from segstudio.imaging.reader import read_size

_VOID_VALUE = 65534
"""What 255 is read as where the list does not name it: nobody judges there. No class of a list has so high a number."""


@dataclass(frozen=True, eq=False)
class NamedTogether:
    """Masks of several folders by the names of their classes: ``classes`` has these by the number that ``read`` gives.

    ``note`` is a sentence or two about where the names come from and what is not judged.
    """

    classes: Mapping[int, str]
    note: str
    masks: Mapping[Path, tuple[MaskSource, NDArray[np.uint16]]]

    def read(self, truth_path: Path, paths: Sequence[Path]) -> tuple[Ids, ...]:
        """The truth and other masks of one image, (H, W) uint16 each: 0 where the truth has what nobody judges.

        Raises ``UserError`` for a file that can't be read or has values that its list does not name, and for different
        sizes.
        """
        check_sizes(truth_path, paths)
        truth, *others = (self._one(path) for path in (truth_path, *paths))
        return tuple(without((truth, *others), [NOT_JUDGED]))

    def _one(self, path: Path) -> Ids:
        source, table = self.masks[path]
        named: Ids = table[source.read(read_size(path), UPRIGHT).class_ids()]
        return named


def named_together(folders: Sequence[tuple[Path, Sequence[Path]]], void: int | None = None) -> NamedTogether | None:
    """The masks of ``folders``, each a folder and files in it, those of the truth first; ``void`` is a value of theirs.

    None unless a list of classes lies in or above every folder and names what is in its masks, ``void`` included.
    Raises ``UserError`` for a list that makes no sense.
    """
    lists = [find_class_list(folder, folder.parent) for folder, _ in folders]
    if not all(lists):
        return None
    read = [with_meaning(masks, folder, folder) for folder, masks in folders]
    if not all(meaning.values or meaning.colours for meaning, _ in read):
        return None
    truth = read[0][0]
    if void is not None and void not in (truth.values or {}):
        return None
    left_out = {each.id for each in truth.classes if each.kind == "void"}
    left_out |= set() if void is None or truth.values is None else {truth.values[void]}
    numbers = {each.name.casefold(): NOT_JUDGED for each in truth.classes if each.id in left_out}
    classes: dict[int, str] = {}
    for each in (each for meaning, _ in read for each in meaning.classes if each.kind != "void" or each.id in left_out):
        if each.name.casefold() not in numbers:
            classes[len(classes) + 1] = each.name
            numbers[each.name.casefold()] = len(classes)
    masks = {
        path: (replace(source, void=source.void or _VOID_VALUE) if isinstance(source, ValueMask) else source, table)
        for (_, paths), (meaning, sources) in zip(folders, read, strict=True)
        for table in [_table(meaning, numbers)]
        for path, source in zip(paths, sources, strict=True)
    }
    named = " and ".join(f"“{name}”" for name in dict.fromkeys(path.name for path in lists if path is not None))
    unjudged = [each.name for each in truth.classes if each.id in left_out]
    note = f"Classes go by their names in {named}."
    if unjudged:
        note += f" Where the true masks are “{unjudged[0]}”, nothing is judged."
    return NamedTogether(classes, note, masks)


def _table(meaning: Meaning, numbers: Mapping[str, int]) -> NDArray[np.uint16]:
    """(65536,) from a folder's own class ids to ``numbers``; what is not judged in this folder alone says nothing."""
    table = np.zeros(65536, np.uint16)
    table[_VOID_VALUE] = NOT_JUDGED
    for each in meaning.classes:
        table[each.id] = numbers.get(each.name.casefold(), 0)
    return table
