"""What a folder that the user points at holds, without asking."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from segstudio.domain.errors import UserError
from segstudio.formats import ph2
from segstudio.formats.folder import FoundImage, match, pair
from segstudio.imaging.find import find_images

Layout = Literal["ph2", "folder"]

_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "photos", "frames", "input", "inputs")
_MASK_FOLDERS = (
    "masks", "mask", "labels", "label", "segmentations", "segmentation", "annotations", "groundtruth",
    "ground_truth", "ground truth", "gt", "seg",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """Images in natural order, each with its mask or None; ``notes`` are sentences to show beside them."""

    layout: Layout
    images: list[FoundImage]
    notes: list[str] = field(default_factory=list)


def find_images_and_masks(folder: Path, masks: Path | None = None) -> Found:
    """Look through ``folder``, and ``masks`` if that is where the masks are.

    Known: PH2's layout; ``images`` and ``masks`` (or words like them) as subfolders; masks beside their images with an
    ending such as ``_mask``; any other tree of images. No file is opened. Raises ``UserError`` where a folder can't be
    listed or holds no image.
    """
    if masks is None and ph2.recognises(folder):
        images = ph2.find(folder)
        return Found("ph2", images, _notes(images, [], any_mask_wanted=True))
    notes: list[str] = []
    images_dir = folder
    if masks is None:
        inner = _named(folder, _IMAGE_FOLDERS)
        if inner:
            images_dir = inner[0]
            masks = _mask_folder(folder, notes)
    if masks is None:
        images = pair(images_dir)
        mask_files: list[Path] = []
    else:
        mask_files = find_images(masks)
        listed = [found.image for found in pair(images_dir, masks)]
        images = match(listed, images_dir, mask_files, masks)
    if not images:
        raise UserError(
            f"There are no images in “{images_dir.name or images_dir}”. "
            "Choose a folder with PNG, JPEG, BMP, TIFF or WebP files in it."
        )
    return Found("folder", images, notes + _notes(images, mask_files, any_mask_wanted=masks is not None))


def _named(folder: Path, names: tuple[str, ...]) -> list[Path]:
    """Subfolders with one of ``names``, the likeliest name first."""
    try:
        with os.scandir(folder) as entries:
            children = {entry.name.casefold(): Path(entry.path) for entry in entries if entry.is_dir()}
    except OSError:
        return []
    return [children[name] for name in names if name in children]


def _mask_folder(folder: Path, notes: list[str]) -> Path | None:
    exact = _named(folder, _MASK_FOLDERS)
    if exact:
        return exact[0]
    with os.scandir(folder) as entries:
        similar = sorted(
            Path(entry.path)
            for entry in entries
            if entry.is_dir() and entry.name.casefold().startswith(("mask", "label", "segm", "annot", "ground"))
        )
    if len(similar) > 1:
        names = ", ".join(f"“{path.name}”" for path in similar)
        notes.append(f"There are several folders that may hold masks ({names}): choose the one to use.")
    return similar[0] if len(similar) == 1 else None


def _notes(images: list[FoundImage], mask_files: list[Path], *, any_mask_wanted: bool) -> list[str]:
    notes = []
    without = sum(found.mask is None for found in images)
    if any_mask_wanted and without:
        notes.append(
            "None of the images has a mask."
            if without == len(images)
            else f"{without} of {len(images)} images have no mask."
        )
    spare = set(mask_files) - {found.mask for found in images}
    if spare:
        examples = ", ".join(f"“{path.name}”" for path in sorted(spare)[:3])
        notes.append(f"{len(spare)} of {len(mask_files)} masks fit no image, for example {examples}.")
    return notes
