"""Any folder of images: masks in a folder beside them, masks among them, or no masks at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from segstudio.domain.errors import UserError
from segstudio.formats.dataset import Dataset, FoundImage
from segstudio.formats.file_mask import FileMask
from segstudio.formats.pairs import Pair, match, pair, spare_masks, without_mask
from segstudio.formats.side_by_side import Beside, find_beside
from segstudio.imaging.find import find_images, has_images, is_folder, path_key

LAYOUT = "folder"

_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "jpegimages", "photos", "frames", "input", "inputs")
_MASK_FOLDERS = (
    "masks", "mask", "labels", "label", "segmentations", "segmentation", "annotations", "groundtruth",
    "ground_truth", "ground truth", "gt", "seg",
)  # fmt: skip


def recognises(folder: Path, masks: Path | None = None) -> bool:
    """True: what no other module knows is taken for images as they lie there."""
    return True


def find(folder: Path, masks: Path | None = None) -> Dataset:
    """``images`` and ``masks`` (or words like them) as subfolders, masks beside their images, or any tree of images.

    Parts of a data set, as ``train`` and ``val``, may each have these of their own: see ``side_by_side``. A folder that
    is called as masks are, and has masks of images beside it, is not taken for images.

    No file is opened. Raises ``UserError`` where a folder can't be listed or holds no image.
    """
    pairs, notes = find_pairs(folder, masks)
    images = tuple(FoundImage(each.image, None if each.mask is None else FileMask(each.mask)) for each in pairs)
    return Dataset(LAYOUT, images, notes=tuple(notes))


def find_pairs(folder: Path, masks: Path | None = None) -> tuple[list[Pair], list[str]]:
    """Images with the files of their masks, and what is odd about that; see ``find``."""
    notes: list[str] = []
    images_dir = folder
    inner = _named(folder, _IMAGE_FOLDERS)
    if inner:
        images_dir = inner[0]
        masks = _mask_folder(folder, notes) if masks is None else masks
    elif masks is None:
        images_dir, masks = _beside_masks(folder)
        split = find_beside(folder) if masks is None else []
        if split:
            return _of_parts(folder, split)
    if masks is None:
        images = pair(images_dir)
        listed = {found.image for found in images}
        mask_files = [path for path in find_images(images_dir) if path not in listed]
    else:
        images = pair(images_dir, masks)
        listed = {found.image for found in images}
        mask_files = [path for path in find_images(masks) if path not in listed]
    if not images:
        raise UserError(
            f"There are no images in “{images_dir.name or images_dir}”. "
            "Choose a folder with PNG, JPEG, BMP, TIFF or WebP files in it."
        )
    return images, notes + _notes(images, mask_files, any_mask_wanted=masks is not None or bool(mask_files))


def _of_parts(folder: Path, parts: Sequence[Beside]) -> tuple[list[Pair], list[str]]:
    """The images of all parts with their masks, and those that lie elsewhere in ``folder``."""
    places = [path for part in parts for path in (part.images, part.masks)]
    elsewhere = [each for each in pair(folder) if not any(each.image.is_relative_to(place) for place in places)]
    images = sorted(
        (each for pairs in (elsewhere, *(part.pairs for part in parts)) for each in pairs),
        key=lambda each: path_key(each.image, folder),
    )
    return images, _notes(images, [path for part in parts for path in part.mask_files], any_mask_wanted=True)


def _named(folder: Path, names: tuple[str, ...]) -> list[Path]:
    """Subfolders with one of ``names``, the likeliest name first."""
    try:
        with os.scandir(folder) as entries:
            children = {entry.name.casefold(): Path(entry.path) for entry in entries if is_folder(entry)}
    except OSError:
        return []
    return [children[name] for name in names if name in children]


def _beside_masks(folder: Path) -> tuple[Path, Path | None]:
    """Where the images are, and a subfolder that is called as masks are, if it has masks of images outside of it."""
    named = mask_folders(folder)
    if len(named) != 1 or named[0].name.casefold() not in _MASK_FOLDERS:
        return folder, None
    images = [each.image for each in pair(folder, named[0])]
    tops = {image.relative_to(folder).parts[0] for image in images}
    # Below a folder of their own they may lie in the same subfolders as their masks.
    only = folder / tops.pop() if len(tops) == 1 else folder
    base = only if os.path.isdir(only) else folder
    pairs = match(images, base, find_images(named[0]), named[0])
    return (base, named[0]) if any(each.mask for each in pairs) else (folder, None)


def _mask_folder(folder: Path, notes: list[str]) -> Path | None:
    similar = mask_folders(folder)
    if len(similar) > 1:
        names = ", ".join(f"“{path.name}”" for path in similar)
        notes.append(f"There are several folders that may hold masks ({names}): choose the one to use.")
    return similar[0] if len(similar) == 1 else None


def has_image_folder(folder: Path) -> bool:
    """Whether a subfolder is called as images are."""
    return bool(_named(folder, _IMAGE_FOLDERS))


def is_mask_folder(name: str) -> bool:
    """Whether a folder of this name may hold masks."""
    folded = name.casefold()
    return folded in _MASK_FOLDERS or folded.startswith(("mask", "label", "segm", "annot", "ground"))


def mask_folders(folder: Path) -> list[Path]:
    """The subfolder that is called as masks are; or else all whose names begin so. Those without images don't count."""
    exact = [path for path in _named(folder, _MASK_FOLDERS) if has_images(path)]
    if exact:
        return exact[:1]
    try:
        with os.scandir(folder) as entries:
            alike = sorted(Path(entry.path) for entry in entries if is_folder(entry) and is_mask_folder(entry.name))
    except OSError:
        return []
    return [path for path in alike if has_images(path)]


def _notes(images: list[Pair], mask_files: list[Path], *, any_mask_wanted: bool) -> list[str]:
    return (without_mask(images) if any_mask_wanted else []) + spare_masks(images, mask_files)
