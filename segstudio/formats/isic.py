"""ISIC Task 1, lesion boundaries (Codella et al., 2017 to 2019), and folders of the ISIC archive.

``ISIC_0000000.jpg`` with ``ISIC_0000000_segmentation.png``, in one folder or in two such as
``ISIC2018_Task1-2_Training_Input`` and ``ISIC2018_Task1_Training_GroundTruth``, in any letter case. Diagnoses and other
metadata are in CSV files beside them.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from segstudio.domain.counting import those
from segstudio.domain.errors import UserError
from segstudio.formats.coco_files import find_annotation_files
from segstudio.formats.dataset import Dataset, FoundClass, FoundImage, Skipped
from segstudio.formats.file_mask import FileMask
from segstudio.formats.folder import mask_folders
from segstudio.formats.pairs import Pair, without_mask
from segstudio.formats.tables import read_csv
from segstudio.imaging.find import find_images, is_folder, is_image_name

LAYOUT = "ISIC"

_IMAGE = re.compile(r"(isic_\d{5,})(?:_downsampled)?", re.IGNORECASE)
_MASK = re.compile(r"(isic_\d{5,})(?:_downsampled)?_segmentation", re.IGNORECASE)
_OTHER = re.compile(r"(isic_\d{5,})(?:_downsampled)?_(superpixels|attribute_\w+)", re.IGNORECASE)
_ID_COLUMNS = ("isic_id", "image_id", "image_name", "image", "isic id", "name")
_PATIENT_COLUMNS = ("patient_id", "lesion_id")
_LEFT_OUT = {"attribution", "copyright_license", "license"}
_DEPTH = 2
_LOOKED_AT = 50


def recognises(folder: Path, masks: Path | None = None) -> bool:
    """True where most of the first images, two levels down or less, are named as the archive names them.

    Not where there are masks that others made of such images: under the images' own names, or in JSON files.
    """
    names = [name for name, _ in zip(_names(folder, _DEPTH), range(_LOOKED_AT), strict=False)]
    own = sum(any(known.fullmatch(Path(name).stem) for known in (_IMAGE, _MASK, _OTHER)) for name in names)
    if 2 * own <= len(names):
        return False
    place = folder if masks is None else masks
    if any(_MASK.fullmatch(Path(name).stem) for name in _names(place, _DEPTH)):
        return True
    return masks is None and not mask_folders(folder) and not find_annotation_files(folder)


def find(folder: Path, masks: Path | None = None) -> Dataset:
    """All images by number, each with its mask, wherever it lies below ``folder`` or ``masks``."""
    files = find_images(folder)
    files += [] if masks is None else [path for path in find_images(masks) if path not in set(files)]
    images, segmentations = _by_id(_IMAGE, files), _by_id(_MASK, files)
    pairs = []
    for number, paths in images.items():
        own = segmentations.get(number, [])
        # All images of the archive are JPEG files; a PNG of the same number may be a mask.
        image = min(paths, key=lambda path: path.suffix.lower() == ".png")
        pairs.append(Pair(image, own[0] if len(own) == 1 else None))
    pairs.sort(key=lambda pair: _number(pair.image))
    if not pairs:
        raise UserError(
            f"There are masks but no images in “{folder.name or folder}”. Choose the folder above, which holds both."
        )
    notes = without_mask(pairs) if segmentations else []
    notes += _of_double(images, "images, of which one is taken")
    notes += _of_double(segmentations, "masks, so none is taken")
    spare = segmentations.keys() - images.keys()
    belong = "1 mask belongs" if len(spare) == 1 else f"{len(spare):,} masks belong"
    notes += [f"{belong} to no image in this folder."] if spare else []
    found = tuple(
        FoundImage(pair.image, None if pair.mask is None else FileMask(pair.mask, binary=True, one_region=True))
        for pair in pairs
    )
    classes = (FoundClass(1, "lesion"),) if segmentations else ()
    return with_metadata(Dataset(LAYOUT, found, classes, tuple(notes), tuple(_skipped(files))), folder)


def with_metadata(dataset: Dataset, folder: Path) -> Dataset:
    """``dataset`` with what CSV files in ``folder`` say of those of its images that bear the archive's numbers.

    Whoever made other masks of such images kept the tables: two pictures of one patient must not stand on both sides
    of a split. What the data set knows of an image by itself stays.
    """
    numbered = [found for found in dataset.images if _id(found.image) and not (found.patient or found.attributes)]
    if not numbered:
        return dataset
    tables, notes = _metadata(folder)
    told = {
        found.image: replace(found, patient=_patient(row), attributes=_attributes(row))
        for found in numbered
        if (row := tables.get(_id(found.image)))
    }
    images = tuple(told.get(found.image, found) for found in dataset.images)
    return replace(dataset, images=images, notes=(*notes, *dataset.notes))


def _names(folder: Path, depth: int) -> Iterator[str]:
    """Names of image files in ``folder``, then in folders in it; none where it can't be listed."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    yield from (entry.name for entry in listed if is_image_name(entry.name))
    if depth:
        for entry in listed:
            if is_folder(entry) and not entry.name.startswith("."):
                yield from _names(Path(entry.path), depth - 1)


def _by_id(known: re.Pattern[str], files: Iterable[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in files:
        match = known.fullmatch(path.stem)
        if match is not None:
            found[match[1].upper()].append(path)
    return found


def _id(path: Path) -> str:
    match = _IMAGE.fullmatch(path.stem)
    return "" if match is None else match[1].upper()


def _number(path: Path) -> tuple[int, str]:
    return int(_id(path).partition("_")[2]), str(path)


def _of_double(found: Mapping[str, list[Path]], what: str) -> list[str]:
    double = [number for number, paths in found.items() if len(paths) > 1]
    have = those(len(double), "number", ("has", "have"))
    return [f"{have} several {what}, for example {double[0]}."] if double else []


def _skipped(files: Iterable[Path]) -> Iterator[Skipped]:
    for path in files:
        other = _OTHER.fullmatch(path.stem)
        if other is not None:
            what = "superpixels" if other[2].lower() == "superpixels" else "a pattern of Task 2"
            yield Skipped(path, f"“{path.name}” shows {what}, not the lesion.")
        elif not (_IMAGE.fullmatch(path.stem) or _MASK.fullmatch(path.stem)):
            yield Skipped(path, f"“{path.name}” is not named as ISIC names images.")


def _metadata(folder: Path) -> tuple[dict[str, dict[str, str]], list[str]]:
    """By number what the CSV files in ``folder`` and the folders in it say; and which of them can't be read."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    notes = []
    for path in sorted((*folder.glob("*.csv"), *folder.glob("*/*.csv"), *folder.glob("*.CSV"))):
        try:
            rows = read_csv(path)
        except UserError as error:
            notes.append(str(error))
            continue
        columns = {name.casefold(): name for name in rows[0]} if rows else {}
        key = next((columns[name] for name in _ID_COLUMNS if name in columns), None)
        for row in rows if key is not None else ():
            match = _IMAGE.fullmatch(Path(row.pop(str(key), "")).stem)
            if match is not None:
                found[match[1].upper()].update(_one_diagnosis(row))
    return found, notes


def _one_diagnosis(row: dict[str, str]) -> dict[str, str]:
    """A row as it is; columns of 0 and 1, one of them 1, as one diagnosis (Task 3: MEL, NV, BCC ...)."""
    flags = {name: value for name, value in row.items() if name.isupper() and value in ("0", "1", "0.0", "1.0")}
    chosen = [name for name, value in flags.items() if float(value) == 1]
    if len(flags) < 3 or len(chosen) != 1:
        return row
    return {"Diagnosis": chosen[0]} | {name: value for name, value in row.items() if name not in flags}


def _patient(row: Mapping[str, str]) -> str | None:
    lowered = {name.casefold(): value for name, value in row.items()}
    return next((lowered[name] for name in _PATIENT_COLUMNS if lowered.get(name)), None)


def _attributes(row: Mapping[str, str]) -> dict[str, str]:
    return {
        name.replace("_", " ").strip().capitalize() if name.islower() else name: value
        for name, value in row.items()
        if value and name.casefold() not in _LEFT_OUT
    }
