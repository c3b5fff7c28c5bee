"""Folders of images with folders of their masks beside them, further down: how data sets that are split come.

``train/images`` with ``train/masks``, ``train`` with ``trainannot`` or ``train_labels``, ``images_train`` with
``masks_train``, each as often as there are parts.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from segstudio.formats.pairs import Pair, match
from segstudio.imaging.find import PROJECT_SUFFIX, find_images, has_images, is_folder

_DEPTH = 3
_MASKS = r"(?:masks?|labels?|segs?|segmentations?|annot|annotations?|ground[ _\-]?truths?|gt)"
_IMAGES = r"(?:images?|imgs?|jpegimages|photos|frames|inputs?)"
_OF_MASKS = re.compile(rf"(?:{_MASKS}[ _.\-]+)?(.*?)(?:[ _.\-]*{_MASKS})?")
_OF_IMAGES = re.compile(rf"(?:{_IMAGES}[ _.\-]+)?(.*?)(?:[ _.\-]*{_IMAGES})?")


@dataclass(frozen=True)
class Beside:
    """A folder of images, the folder of their masks, and what belongs together."""

    images: Path
    masks: Path
    pairs: tuple[Pair, ...]
    mask_files: tuple[Path, ...]


def find_beside(folder: Path, depth: int = _DEPTH) -> list[Beside]:
    """All such folders in ``folder`` and below; [] where there are none. Opens no file.

    Those that are called alike but for ``images`` and ``masks`` belong together by these names; any others only if an
    image in one has a mask in the other. Raises ``UserError`` where one of them can't be listed.
    """
    children = _folders(folder)
    found = [beside for images, masks, sure in _alike(children) if (beside := _beside(images, masks, sure)) is not None]
    taken = {path for beside in found for path in (beside.images, beside.masks)}
    if depth > 1:
        for child in children:
            found += [] if child in taken else find_beside(child, depth - 1)
    return found


def _alike(children: list[Path]) -> Iterator[tuple[Path, Path, bool]]:
    """Folders of images and of masks whose names are the same but for these words, and whether both words are there."""
    masks: dict[str, list[Path]] = defaultdict(list)
    images: dict[str, list[tuple[Path, bool]]] = defaultdict(list)
    for path in children:
        name = path.name.casefold()
        without = _without(_OF_MASKS, name)
        if without != name:
            masks[without].append(path)
        else:
            plain = _without(_OF_IMAGES, name)
            images[plain].append((path, plain != name))
    for name, folders in masks.items():
        # Of several nobody knows which are meant.
        if len(folders) == 1 and len(images[name]) == 1:
            path, sure = images[name][0]
            yield path, folders[0], sure


def _without(words: re.Pattern[str], name: str) -> str:
    """``name`` without the word in front of it or behind it; "" where it is nothing else."""
    found = words.fullmatch(name)
    return name if found is None else found[1]


def _beside(images: Path, masks: Path, sure: bool) -> Beside | None:
    if not (has_images(images) and has_images(masks)):
        return None
    mask_files = find_images(masks)
    pairs = match(find_images(images), images, mask_files, masks)
    return Beside(images, masks, tuple(pairs), tuple(mask_files)) if sure or any(each.mask for each in pairs) else None


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            named = [entry for entry in entries if not entry.name.startswith(".") and is_folder(entry)]
    except OSError:
        return []
    return sorted(Path(entry.path) for entry in named if not entry.name.lower().endswith(PROJECT_SUFFIX))
