"""PH2 (Mendonça et al., 2013): 200 dermoscopy images in a layout of their own.

``PH2 Dataset images/IMD002/IMD002_Dermoscopic_Image/IMD002.bmp`` with ``IMD002_lesion/IMD002_lesion.bmp`` as its mask
and colour regions under ``IMD002_roi``. The packed copies that people pass on have PNG or WebP in place of BMP. What
dermatologists said of the images is in ``PH2_dataset.txt`` beside the cases or above them: see ``ph2_table``.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segstudio.domain.errors import UserError
from segstudio.formats.dataset import Dataset, FoundClass, FoundImage, FoundMask, Layer, MaskSource, Skipped
from segstudio.formats.file_mask import FileMask
from segstudio.formats.pairs import Pair, without_mask
from segstudio.formats.ph2_table import TABLE, read_table
from segstudio.formats.png import is_foreground, read_upright
from segstudio.imaging.find import is_folder, is_image_name, natural_key

LAYOUT = "PH2"
LESION, COLOURS = "Lesion", "Colours within the lesion"

_CASE = re.compile(r"IMD\d+", re.IGNORECASE)
_REGION = re.compile(r"IMD\d+_R\d+_Label([1-6])", re.IGNORECASE)
_DEPTH = 2
_LESION_CLASS = FoundClass(1, "lesion")
_COLOUR_NAMES = ("white", "red", "light brown", "dark brown", "blue-grey", "black")
_COLOUR_CLASSES = (
    FoundClass(1, "lesion"),
    *(FoundClass(2 + number, name) for number, name in enumerate(_COLOUR_NAMES)),
)


@dataclass(frozen=True)
class ColourRegions:
    """The lesion, and over it the regions of one colour each; class 1 is what is of no region."""

    lesion: Path
    regions: tuple[tuple[int, Path], ...]

    @property
    def files(self) -> Sequence[Path]:
        """The lesion's mask and the regions'."""
        return (self.lesion, *(path for _, path in self.regions))

    def read(self, size: tuple[int, int], orientation: int) -> FoundMask:
        """See ``MaskSource``; of regions that overlap the later one stays."""
        ids = is_foreground(read_upright(self.lesion, size, orientation)).astype(np.uint16)
        taken = np.zeros(ids.shape, np.bool_)
        overlap = False
        for colour, path in self.regions:
            region = is_foreground(read_upright(path, size, orientation))
            overlap = overlap or bool((region & taken).any())
            taken |= region
            ids[region] = 1 + colour
        said = (f"Regions of “{self.lesion.name}” overlap; the later one was taken.",) if overlap else ()
        return FoundMask(ids, oddities=said)


def recognises(folder: Path, masks: Path | None = None) -> bool:
    """True for a folder laid out like PH2, also one or two levels above the cases. Never raises."""
    return masks is None and _root(folder) is not None


def find(folder: Path, masks: Path | None = None) -> Dataset:
    """All cases in natural order, each with its lesion mask or without; empty where ``recognises`` says no."""
    pairs, root = find_pairs(folder), _root(folder)
    table, notes = _table(folder, root)
    images = tuple(
        FoundImage(
            pair.image,
            None if pair.mask is None else FileMask(pair.mask, binary=True, one_region=True),
            attributes=table.get(pair.image.stem.upper(), {}),
        )
        for pair in pairs
    )
    notes += without_mask(pairs)
    notes += [odd for pair in pairs if pair.mask is not None and (odd := _odd_bitmap(pair.mask))]
    if table:
        there = {pair.image.stem.upper() for pair in pairs}
        absent, unknown = len(table.keys() - there), len(there - table.keys())
        notes += [f"{absent} of the {len(table)} cases in {TABLE} are not in this folder."] if absent else []
        notes += [f"{unknown} cases are not in {TABLE}; nothing is known of them."] if unknown else []
    layer, skipped = _colours(pairs)
    return Dataset(
        LAYOUT,
        images,
        (_LESION_CLASS,),
        tuple(notes),
        skipped,
        layer=LESION,
        layers=() if layer is None else (layer,),
    )


def find_pairs(folder: Path) -> list[Pair]:
    """The cases' images with the files of their lesion masks."""
    root = _root(folder)
    found = []
    for case in _cases(root) if root is not None else ():
        image = _only(case / f"{case.name}_Dermoscopic_Image", case.name)
        if image is not None:
            found.append(Pair(image, _only(case / f"{case.name}_lesion", f"{case.name}_lesion")))
    return found


def _table(folder: Path, root: Path | None) -> tuple[dict[str, dict[str, str]], list[str]]:
    """What the table says of each case, and what is to be said of the table."""
    if root is None:
        return {}, []
    file = next((place / TABLE for place in (root, root.parent, folder) if os.path.isfile(place / TABLE)), None)
    if file is None:
        return {}, [f"There is no {TABLE} beside the cases, so nothing is known of their diagnoses."]
    try:
        return read_table(file), []
    except UserError as error:
        return {}, [str(error)]


def _colours(pairs: Sequence[Pair]) -> tuple[Layer | None, tuple[Skipped, ...]]:
    """The colour regions as masks of their own, for cases that have some; and regions that are of no colour."""
    sources: list[MaskSource | None] = []
    skipped = []
    for pair in pairs:
        case = pair.image.parent.parent
        regions = []
        for path in _images_in(case / f"{case.name}_roi"):
            colour = _REGION.fullmatch(path.stem)
            if colour is None:
                skipped.append(Skipped(path, f"“{path.name}” names no colour, so this region is of no class."))
            else:
                regions.append((int(colour[1]), path))
        sources.append(ColourRegions(pair.mask, tuple(regions)) if pair.mask is not None and regions else None)
    if not any(sources):
        return None, tuple(skipped)
    return Layer(COLOURS, _COLOUR_CLASSES, tuple(sources)), tuple(skipped)


def _odd_bitmap(path: Path) -> str:
    """The sentence for a bitmap that is no bottom-up one of 1 bit, as all of PH2's should be; "" for all others."""
    if path.suffix.lower() != ".bmp":
        return ""
    try:
        with open(path, "rb") as file:
            start = file.read(30)
        height, bits = struct.unpack_from("<i", start, 22)[0], struct.unpack_from("<H", start, 28)[0]
    except (OSError, struct.error):
        return ""  # what is wrong with it is said when it is read
    odd = [f"{bits} bits a pixel"] if bits != 1 else []
    odd += ["its rows from the top"] if height < 0 else []
    return f"“{path.name}” has {' and '.join(odd)}, unlike the others; it is read all the same." if odd else ""


def _root(folder: Path) -> Path | None:
    """The folder that holds the cases: ``folder`` or one below it."""
    level = [folder]
    for _ in range(_DEPTH + 1):
        for candidate in level:
            if any(os.path.isdir(case / f"{case.name}_Dermoscopic_Image") for case in _cases(candidate)):
                return candidate
        level = [child for parent in level for child in _folders(parent) if not _CASE.fullmatch(child.name)]
    return None


def _cases(folder: Path) -> Iterator[Path]:
    cases = [child for child in _folders(folder) if _CASE.fullmatch(child.name)]
    yield from sorted(cases, key=lambda case: natural_key(case.name))


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if is_folder(entry) and not entry.name.startswith("."))
    except OSError:
        return []


def _only(folder: Path, stem: str) -> Path | None:
    """The image file named ``stem`` in ``folder``, whatever its format and letter case."""
    return next((path for path in _images_in(folder) if path.stem.casefold() == stem.casefold()), None)


def _images_in(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in sorted(os.listdir(folder)) if is_image_name(name)]
    except OSError:
        return []
