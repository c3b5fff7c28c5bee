"""What readers have in common whose images are parts of files: no images beside them, and masks that go by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segstudio.domain.errors import UserError
from segstudio.formats.class_maps import with_meaning
from segstudio.formats.dataset import Dataset, FoundImage
from segstudio.formats.pairs import Pair, bare_stem, plain_stem, without_mask
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

    So masks that were exported from a project come back to it. Raises ``UserError`` where ``masks`` can't be listed.
    """
    if masks is None:
        return found
    by_name: dict[str, Path] = {}
    for path in find_images(masks):
        by_name.setdefault(bare_stem(path), path)
        by_name[plain_stem(path)] = path
    pairs = [Pair(each.image, _mask_of(each, by_name)) for each in found.images]
    files = [each.mask for each in pairs if each.mask is not None]
    meaning, sources = with_meaning(files, folder, masks)
    read = dict(zip(files, sources, strict=True))
    images = tuple(
        replace(each, mask=None if pair.mask is None else read[pair.mask])
        for each, pair in zip(found.images, pairs, strict=True)
    )
    return replace(
        found, images=images, classes=meaning.classes, notes=(*found.notes, *meaning.notes, *without_mask(pairs))
    )


def _mask_of(found: FoundImage, by_name: dict[str, Path]) -> Path | None:
    return None if found.pixels is None else by_name.get(plain_stem(Path(found.pixels.name)))
