"""Which class of the project a class of a data set is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from segstudio.app.starters import are_unlike
from segstudio.domain.errors import UserError
from segstudio.domain.segments import BACKGROUND, ClassSpec
from segstudio.formats.dataset import ClassIds, Dataset, FoundClass, FoundMask

MasksAs = Literal["none", "compare", "approved"]

ClassMapping = Mapping[int, int]
"""The data set's class ids to the project's; 0 leaves a class out."""

_STRAY = 0.01
"""Share of what a mask says that may be of no class, as along smoothed edges; of more, the classes are others."""


def suggest_mapping(found: Sequence[FoundClass], own: Sequence[ClassSpec]) -> dict[int, int]:
    """The likeliest mapping: by name; what has no name by its number; a single class to a single class, unless their
    names speak of different things.

    What is not judged there is not judged here, if the project has a class for it. What is left is left out.
    """
    by_name = {spec.name.casefold(): spec.id for spec in own}
    # Some lists tell Car and car apart.
    exactly = {spec.name: spec.id for spec in own}
    ids = {spec.id for spec in own}
    ours = [spec for spec in own if spec.kind != "void"]
    void = next((spec.id for spec in own if spec.kind == "void"), BACKGROUND)
    judged = [known for known in found if known.kind != "void"]
    alone = BACKGROUND
    if len(judged) == 1 and len(ours) == 1:
        (only,) = ours
        alone = BACKGROUND if are_unlike(judged[0].name, only.name) else only.id
    mapping = {}
    for known in found:
        # Judged here or not: our own masks with a palette hold both, and tell no names.
        number = known.id if not known.name and known.id in ids else BACKGROUND
        fallback = void if known.kind == "void" else (alone or number)
        called = by_name.get(known.name.casefold(), fallback) if known.name else fallback
        mapping[known.id] = exactly.get(known.name, called)
    return mapping


def mapping_for_new(found: Sequence[FoundClass], own: Sequence[ClassSpec]) -> dict[int, int] | None:
    """The mapping to a new project's classes, which may be called otherwise; None where each number stays what it is.

    By name; where a name was changed in its place, by place. Without names by number, but for what is not judged, which
    is no number that somebody counted on. Raises ``UserError`` where no class of ``found`` is one of the project's: its
    masks would come in empty.
    """
    if not all(known.name for known in found):
        return _by_number(found, own)
    if not found:
        return None
    mapping = suggest_mapping(found, own)
    if len(found) == len(own):
        taken = set(mapping.values())
        for known, spec in zip(found, own, strict=True):
            if mapping[known.id] == BACKGROUND and spec.id not in taken and known.kind != "void":
                mapping[known.id] = spec.id
    if not any(mapping.values()):
        theirs, ours = (", ".join(each.name for each in names) for names in (found, own))
        raise UserError(
            f"The masks show other classes ({theirs}) than the project is to have ({ours}). Name the project's classes "
            "as the masks' are, or make it without masks."
        )
    return mapping


def unjudged(found: Sequence[FoundClass]) -> tuple[int, ...]:
    """The numbers of a data set's classes that nobody judges there."""
    return tuple(known.id for known in found if known.kind == "void")


def _by_number(found: Sequence[FoundClass], own: Sequence[ClassSpec]) -> dict[int, int] | None:
    """A number that the project lacks is in no mapping, so that a mask with it is refused and not cut down."""
    not_judged = unjudged(found)
    if not not_judged:
        return None
    void = next((spec.id for spec in own if spec.kind == "void"), BACKGROUND)
    ids = {spec.id for spec in own if spec.kind != "void"}
    mapping = {known.id: known.id for known in found if known.kind != "void" and known.id in ids}
    return mapping | dict.fromkeys(not_judged, void)


def left_out_words(found: Dataset, mapping: ClassMapping, masks_as: MasksAs) -> list[str]:
    """What becomes of places that nobody judged and that are nothing of their own here; in masks that are only to
    compare with they count neither way, so nothing is to be said."""
    lost = [f"“{known.name}”" for known in found.classes if known.kind == "void" and not mapping.get(known.id, 1)]
    if masks_as != "approved" or not found.with_mask or not lost:
        return []
    return [f"{' and '.join(lost)} left out is background here, which the model learns, though nobody judged it."]


def map_classes(mask: FoundMask, mapping: ClassMapping, name: str) -> ClassIds:
    """(H, W) uint16 of the project's class ids.

    Raises ``UserError``, with the mask's ``name``, where more than a few pixels are of no class in ``mapping``.
    """
    ids = mask.class_ids()
    lut = np.zeros(65536, np.uint16)
    known = np.zeros(65536, np.bool_)
    for own, project in mapping.items():
        lut[own], known[own] = project, True
    counts = np.bincount(ids.reshape(-1), minlength=65536)
    counts[BACKGROUND] = 0
    strange = np.where(known, 0, counts)
    if int(strange.sum()) > _STRAY * int(counts.sum()):
        named = ", ".join(str(value) for value in np.flatnonzero(strange)[:5])
        raise UserError(
            f"Some values ({named}) in the mask “{name}” are none of the data set's classes, so it was not read. "
            "Check that it belongs to this data set."
        )
    return lut[ids]
