"""MADS, as Kaggle has it for full-body segmentation: frames of martial arts, dancing and sports with a person's mask.

``images/`` and ``masks/`` with ``HipHop_HipHop1_C0_00180.png`` (action, sequence, camera, frame) and ``df.csv``, which
lists them. The masks are RGBA with an alpha of 255 everywhere, so alpha says nothing; their edges are smoothed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from segstudio.domain.counting import counted, those
from segstudio.domain.errors import UserError
from segstudio.formats.dataset import Dataset, FoundClass, FoundImage, inside
from segstudio.formats.file_mask import FileMask
from segstudio.formats.pairs import match, without_mask
from segstudio.formats.tables import read_csv
from segstudio.imaging.find import find_images, is_folder, natural_key

LAYOUT = "MADS"
TABLE = "df.csv"

_NAME = re.compile(r"(?P<action>[A-Za-z]+)_(?P<sequence>[A-Za-z0-9]+)_C(?P<camera>\d+)_(?P<frame>\d+)")
_DEPTH = 2
_LOOKED_AT = 20


def recognises(folder: Path, masks: Path | None = None) -> bool:
    """True for a folder, or one that holds it one or two levels down, whose ``images`` are named as MADS names them."""
    return masks is None and _root(folder) is not None


def find(folder: Path, masks: Path | None = None) -> Dataset:
    """All frames, in the order of videos and cameras, with their masks or without."""
    root = _root(folder)
    if root is None:
        raise UserError(
            f"There are no frames of MADS in “{folder.name or folder}”. Choose the folder that holds images."
        )
    listed = find_images(root / "images")
    frames = sorted((path for path in listed if _NAME.fullmatch(path.stem)), key=_order)
    mask_files = find_images(root / "masks") if os.path.isdir(root / "masks") else []
    pairs = match(frames, root / "images", mask_files, root / "masks")
    images = tuple(
        FoundImage(
            pair.image,
            None if pair.mask is None else FileMask(pair.mask, binary=True),
            attributes=_attributes(pair.image),
        )
        for pair in pairs
    )
    notes = without_mask(pairs) + _of_table(root, {path.name for path in frames})
    others = len(listed) - len(frames)
    if others:
        are = those(others, "image", ("is", "are"))
        notes.append(f"{are} not named as MADS names frames and {'is' if others == 1 else 'are'} left out.")
    classes = (FoundClass(1, "person"),) if mask_files else ()
    return Dataset(LAYOUT, images, classes, tuple(notes), upright=True)


def _root(folder: Path) -> Path | None:
    level = [folder]
    for _ in range(_DEPTH + 1):
        for candidate in level:
            names = _listed(candidate / "images")[:_LOOKED_AT]
            if names and all(_NAME.fullmatch(Path(name).stem) for name in names):
                return candidate
        level = [folder for parent in level for folder in _folders(parent)]
    return None


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError:
        return []


def _folders(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:
            return sorted(Path(one.path) for one in entries if not one.name.startswith(".") and is_folder(one))
    except OSError:
        return []


def _order(path: Path) -> tuple[object, ...]:
    parts = _parts(path)
    return natural_key(parts["action"]), natural_key(parts["sequence"]), int(parts["camera"]), int(parts["frame"])


def _parts(path: Path) -> dict[str, str]:
    found = _NAME.fullmatch(path.stem)
    return {} if found is None else found.groupdict()


def _attributes(path: Path) -> dict[str, str]:
    return {name.capitalize(): value for name, value in _parts(path).items()}


def _of_table(root: Path, there: set[str]) -> list[str]:
    """What is to be said of ``df.csv``; it names files, none of which is opened."""
    file = root / TABLE
    if not os.path.isfile(file):
        return []
    try:
        rows = read_csv(file)
    except UserError as error:
        return [str(error)]
    named, outside = set(), 0
    for row in rows:
        name = row.get("images", "")
        try:
            inside(root, name)
        except UserError:
            outside += 1
            continue
        named.add(PurePosixPath(name.replace("\\", "/")).name)
    absent, unlisted = len(named - {""} - there), len(there - named)
    missing = f"{absent:,} of the {counted(len(named), 'frame')} that {TABLE} lists"
    notes = [f"{missing} {'is' if absent == 1 else 'are'} not in this folder."] if absent else []
    if unlisted:
        listed = those(unlisted, "frame", (f"is not listed in {TABLE}; it is", f"are not listed in {TABLE}; they are"))
        notes.append(f"{listed} taken all the same.")
    left_out = f"{counted(outside, 'file')} outside this folder; {'it is' if outside == 1 else 'they are'} left out."
    return notes + ([f"{TABLE} names {left_out}"] if outside else [])
