"""PH2 (Mendonça et al., 2013): 200 dermoscopy images in a layout of their own.

``PH2 Dataset images/IMD002/IMD002_Dermoscopic_Image/IMD002.bmp`` with ``IMD002_lesion/IMD002_lesion.bmp`` as its mask
and colour regions under ``IMD002_roi``. The packed copies that people pass on have PNG or WebP in place of BMP.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from segstudio.formats.dataset import Dataset, FoundClass, FoundImage
from segstudio.formats.file_mask import FileMask
from segstudio.formats.pairs import Pair, without_mask
from segstudio.imaging.find import is_image_name, natural_key

LAYOUT = "PH2"

_CASE = re.compile(r"IMD\d+", re.IGNORECASE)
_DEPTH = 2
_LESION = FoundClass(1, "lesion")


def recognises(folder: Path, masks: Path | None = None) -> bool:
    """True for a folder laid out like PH2, also one or two levels above the cases. Never raises."""
    return masks is None and _root(folder) is not None


def find(folder: Path, masks: Path | None = None) -> Dataset:
    """All cases in natural order, each with its lesion mask or without; empty where ``recognises`` says no."""
    pairs = find_pairs(folder)
    images = tuple(
        FoundImage(pair.image, None if pair.mask is None else FileMask(pair.mask, binary=True)) for pair in pairs
    )
    return Dataset(LAYOUT, images, (_LESION,), tuple(without_mask(pairs)))


def find_pairs(folder: Path) -> list[Pair]:
    """The cases' images with the files of their lesion masks."""
    root = _root(folder)
    found = []
    for case in _cases(root) if root is not None else ():
        image = _only(case / f"{case.name}_Dermoscopic_Image", case.name)
        if image is not None:
            found.append(Pair(image, _only(case / f"{case.name}_lesion", f"{case.name}_lesion")))
    return found


def _root(folder: Path) -> Path | None:
    """The folder that holds the cases: ``folder`` or one below it."""
    level = [folder]
    for _ in range(_DEPTH + 1):
        for candidate in level:
            if any((case / f"{case.name}_Dermoscopic_Image").is_dir() for case in _cases(candidate)):
                return candidate
        level = [child for parent in level for child in _folders(parent) if not _CASE.fullmatch(child.name)]
    return None


def _cases(folder: Path) -> Iterator[Path]:
    cases = [child for child in _folders(folder) if _CASE.fullmatch(child.name)]
    yield from sorted(cases, key=lambda case: natural_key(case.name))


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return []


def _only(folder: Path, stem: str) -> Path | None:
    """The image file named ``stem`` in ``folder``, whatever its format and letter case."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    for name in names:
        if is_image_name(name) and Path(name).stem.casefold() == stem.casefold():
            return folder / name
    return None
