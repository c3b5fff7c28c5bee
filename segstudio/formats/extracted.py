"""What readers have in common whose images are parts of files: no images beside them, and masks that go by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segstudio.domain.errors import UserError
from segstudio.formats.class_maps import with_meaning
from segstudio.formats.dataset import Dataset
from segstudio.formats.pairs import match, spare_masks, without_mask
from segstudio.imaging.find import find_images


def has_images(folder: Path, masks: Path | None) -> bool:
    """Whether there are plain images in ``folder`` outside of ``masks``; True where it can't be listed."""
    try:
        images = find_images(folder)
    except UserError:
        return True
    if masks is None:
        return bool(images)
    inside = masks.resolve()
    return not all(path.resolve().is_relative_to(inside) for path in images)


def with_masks(found: Dataset, folder: Path, masks: Path | None) -> Dataset:
    """The same images, each with the mask in ``masks`` that is called like the file that an import makes of it.

    So masks that were exported from a project come back to it; see ``match`` for those that may be of another image.
    Raises ``UserError`` where ``masks`` can't be listed.
    """
    if masks is None:
        return found
    mask_files = find_images(masks)
    # As if each lay where the file lies that it is a part of.
    written = [each.image if each.pixels is None else each.image.with_name(each.pixels.name) for each in found.images]
    pairs = match(written, folder, mask_files, masks)
    files = [each.mask for each in pairs if each.mask is not None]
    meaning, sources = with_meaning(files, folder, masks)
    read = dict(zip(files, sources, strict=True))
    images = tuple(
        replace(each, mask=None if pair.mask is None else read[pair.mask])
        for each, pair in zip(found.images, pairs, strict=True)
    )
    notes = (*found.notes, *meaning.notes, *without_mask(pairs), *spare_masks(pairs, mask_files))
    return replace(found, images=images, classes=meaning.classes, notes=notes)
