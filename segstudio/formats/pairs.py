"""Pairs of images and masks: which mask belongs to which image, by name."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.imaging.find import find_images

_ENDING = re.compile(
    r"[ _.\-]+\(?(masks?|seg|segs|segm|segmentations?|labels?|labelled|gt|ground[ _\-]?truth|lesion|annotations?|"
    r"pred|preds|predictions?|matte|person)\)?$"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """An image file and, if there is one, the file of its mask."""

    image: Path
    mask: Path | None = None


def plain_stem(path: Path) -> str:
    """The name without its ending, in one spelling of accents (macOS has another) and one letter case."""
    return unicodedata.normalize("NFC", path.stem).casefold()


def bare_stem(path: Path) -> str:
    """``plain_stem`` without what marks a mask: ``_mask``, ``-gt``, `` segmentation``, ``_lesion`` ..."""
    stem = plain_stem(path)
    bare = _ENDING.sub("", stem)
    return bare or stem


def is_mask_name(path: Path) -> bool:
    """True where the name says that this is a mask."""
    return bare_stem(path) != plain_stem(path)


def pair(images_dir: Path, masks_dir: Path | None = None) -> list[Pair]:
    """Every image in ``images_dir`` and below, with its mask from ``masks_dir``, in natural order.

    A mask has its image's stem, with or without an ending such as ``_mask``, in any format. Where several would do,
    the one in the same subfolder is taken, and otherwise none: better no mask than another image's. Without
    ``masks_dir``, masks are the files that lie beside their image under its name with such an ending; they are not
    listed as images. Raises ``UserError`` where a folder can't be listed.
    """
    files = find_images(images_dir)
    if masks_dir is None or masks_dir.resolve() == images_dir.resolve():
        return _beside(files)
    inside = masks_dir.resolve()
    images = [path for path in files if not path.resolve().is_relative_to(inside)]
    return match(images, images_dir, find_images(masks_dir), masks_dir)


def match(images: Iterable[Path], images_dir: Path, masks: Iterable[Path], masks_dir: Path) -> list[Pair]:
    """Pair files that are listed already; see ``pair``."""
    images = list(images)
    masks = list(masks)
    exact, loose = _Index(masks, masks_dir, plain_stem), _Index(masks, masks_dir, bare_stem)
    twins = _Index(images, images_dir, plain_stem)
    found = []
    for image in images:
        folder, stem = _folder(image, images_dir), plain_stem(image)
        alone = len(twins.by_stem[stem]) == 1
        found.append(Pair(image, exact.get(folder, stem, alone) or loose.get(folder, stem, alone)))
    return found


class _Index:
    """Files by stem, and by subfolder and stem."""

    def __init__(self, files: Iterable[Path], root: Path, stem: Callable[[Path], str]) -> None:
        self.by_stem: dict[str, list[Path]] = defaultdict(list)
        self.by_place: dict[tuple[str, str], list[Path]] = defaultdict(list)
        for file in files:
            self.by_stem[stem(file)].append(file)
            self.by_place[_folder(file, root), stem(file)].append(file)

    def get(self, folder: str, stem: str, anywhere: bool) -> Path | None:
        """The one file for ``stem``: in ``folder``, else anywhere if its image is the only one of that name."""
        here = self.by_place.get((folder, stem), [])
        if here:
            return here[0] if len(here) == 1 else None
        all_over = self.by_stem.get(stem, [])
        return all_over[0] if anywhere and len(all_over) == 1 else None


def _folder(path: Path, root: Path) -> str:
    return unicodedata.normalize("NFC", path.relative_to(root).parent.as_posix()).casefold()


def _beside(files: list[Path]) -> list[Pair]:
    """Images and their masks out of one pile."""
    images = {(path.parent, plain_stem(path)) for path in files}
    masks = {path for path in files if is_mask_name(path) and (path.parent, bare_stem(path)) in images}
    by_image: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in sorted(masks):
        by_image[path.parent, bare_stem(path)].append(path)
    found = []
    for path in files:
        if path not in masks:
            own = by_image.get((path.parent, plain_stem(path)), [])
            found.append(Pair(path, own[0] if len(own) == 1 else None))
    return found


def without_mask(pairs: Sequence[Pair]) -> list[str]:
    """The sentence for images that have no mask; none where all have one."""
    without = sum(found.mask is None for found in pairs)
    if not without:
        return []
    return [
        "None of the images has a mask." if without == len(pairs) else f"{without} of {len(pairs)} images have no mask."
    ]
