"""Pairs of images and masks: which mask belongs to which image, by name."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.domain.counting import those
from segstudio.formats.own_names import folded, possible_names
from segstudio.imaging.find import find_images

_ENDING = re.compile(
    r"[ _.\-]+\(?(masks?|seg|segs|segm|segmentations?|labels?|labelled|gt|ground[ _\-]?truth|lesion|annotations?|"
    r"pred|preds|predictions?|matte|person|msk|segmented|binary)\)?$"
)
_RARE = re.compile(r"^(?:masks?|labels?|segs?|gt)[ _.\-]+(?=.)|[ _.\-]l$")
_IMAGE_WORD = re.compile(r"(?<![^ _.\-])(?:images?|imgs?)(?![^ _.\-\d])")
_MASK_WORD = re.compile(
    r"(?<![^ _.\-])(?:masks?|msk|segs?|segm|segmentations?|labels?|gt|ground[ _\-]?truth|annotations?)(?![^ _.\-\d])"
)
_TOP = "."


@dataclass(frozen=True, slots=True)
class Pair:
    """An image file and, if there is one, the file of its mask."""

    image: Path
    mask: Path | None = None


def plain_stem(path: Path) -> str:
    """The name without its ending, ``folded``."""
    return folded(path.stem)


def bare_stem(path: Path) -> str:
    """``plain_stem`` without what marks a mask: ``_mask``, ``-gt``, `` segmentation``, ``_lesion`` ..."""
    stem = plain_stem(path)
    bare = _ENDING.sub("", stem)
    return bare or stem


def rare_stem(path: Path) -> str:
    """``plain_stem`` without what marks a mask only if all are called so: ``mask_`` in front, ``_L`` behind."""
    return _RARE.sub("", plain_stem(path))


def is_mask_name(path: Path) -> bool:
    """True where the name says that this is a mask."""
    return bare_stem(path) != plain_stem(path)


def pair(images_dir: Path, masks_dir: Path | None = None) -> list[Pair]:
    """Every image in ``images_dir`` and below, with its mask from ``masks_dir``, in natural order.

    A mask has its image's stem, with or without an ending such as ``_mask``, in any format; see ``match``. Without
    ``masks_dir``, masks are the files that lie beside their image under its name with such an ending, or with ``mask``
    where that says ``image``; they are not listed as images. Raises ``UserError`` where a folder can't be listed.
    """
    files = find_images(images_dir)
    if masks_dir is None or masks_dir.resolve() == images_dir.resolve():
        return _beside(files)
    inside = masks_dir.resolve()
    images = [path for path in files if not path.resolve().is_relative_to(inside)]
    return match(images, images_dir, find_images(masks_dir), masks_dir)


def match(images: Iterable[Path], images_dir: Path, masks: Iterable[Path], masks_dir: Path) -> list[Pair]:
    """Pair files that are listed already.

    Images of one stem are told apart by the subfolder, if masks lie in the same ones, or by the names that an export
    gives their masks (``own_stems``). Where a mask may be of another image, too, there is none: better no mask than
    another image's.
    """
    images, masks = list(images), list(masks)
    found: list[Path | None] = [None] * len(images)
    stems = [plain_stem, bare_stem]
    # An L may be a left one's. Where all are called so, and none like an image, it says nothing of that.
    stems += [rare_stem] if all(rare_stem(mask) != plain_stem(mask) for mask in masks) else []
    for stem in stems:
        # What is called exactly as one image is no other's.
        taken = set(found)
        candidates = _Candidates(images, images_dir, [mask for mask in masks if mask not in taken], masks_dir, stem)
        found = [mask or candidates.of(image) for image, mask in zip(images, found, strict=True)]
    taken = set(found)
    by_word = _by_word(
        [(image, _folder(image, images_dir)) for image, mask in zip(images, found, strict=True) if mask is None],
        [(mask, _folder(mask, masks_dir)) for mask in masks if mask not in taken],
    )
    found = [mask or by_word.sure.get(image) for image, mask in zip(images, found, strict=True)]
    doubtful = _numbered_apart(masks, set(masks) - set(found))

    def sure(image: Path, mask: Path | None) -> Path | None:
        if mask is None or plain_stem(mask) != plain_stem(image):
            return mask
        return None if (mask.parent, plain_stem(mask)) in doubtful else mask

    return [Pair(image, sure(image, mask)) for image, mask in zip(images, found, strict=True)]


class _Candidates:
    """Masks by what they are called, and which of their names only one of the images can have."""

    def __init__(
        self,
        images: Sequence[Path],
        images_dir: Path,
        masks: Sequence[Path],
        masks_dir: Path,
        stem: Callable[[Path], str],
    ) -> None:
        self._images_dir = images_dir
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_place: dict[tuple[str, str], list[Path]] = defaultdict(list)
        for mask in masks:
            self._by_name[stem(mask)].append(mask)
            self._by_place[_folder(mask, masks_dir), stem(mask)].append(mask)
        names = [[name for name in possible_names(image) if name in self._by_name] for image in images]
        self._bearers = Counter(name for own in names for name in set(own))
        self._names = dict(zip(images, names, strict=True))
        self._twins: dict[str, list[str]] = defaultdict(list)
        for image in images:
            self._twins[plain_stem(image)].append(_folder(image, images_dir))

    def of(self, image: Path) -> Path | None:
        """The mask that is this image's and no other's."""
        folder, stem = _folder(image, self._images_dir), plain_stem(image)
        mine = [name for name in self._names[image] if self._bearers[name] == 1]
        if stem in mine and len(mine) > 1:
            # One is called just like the image, one like a folder and the image: of two sets, perhaps.
            return None
        sure = mine[0] if mine else None
        named = [] if sure is None else self._by_name[sure]
        # A name that tells more than the stem is no coincidence.
        if sure in (None, stem) and self._by_folder(folder, stem):
            named = self._by_place[folder, stem]
        return named[0] if len(named) == 1 else None

    def _by_folder(self, folder: str, stem: str) -> bool:
        """Whether masks lie in the subfolders that their images lie in, as far as that matters to this one.

        An export puts all of them into one folder, where the name of one may be that of an image which lies on top.
        """
        twins = self._twins[stem]
        if (folder, stem) not in self._by_place or twins.count(folder) > 1:
            return False
        if folder != _TOP:
            return True
        if len(twins) == 1:
            return self._bearers[stem] == 1
        return any((twin, stem) in self._by_place for twin in twins if twin != _TOP)


def _numbered_apart(masks: Iterable[Path], spare: Iterable[Path]) -> set[tuple[Path, str]]:
    """Folder and stem of masks beside which a ``scan_2`` is left over, by which exports told images of one name apart.

    Which image the first of them is of hangs on which images there were. Where there is a ``scan_1``, too, somebody
    else has numbered.
    """
    there = {(mask.parent, plain_stem(mask)) for mask in masks}
    second = ((mask.parent, plain_stem(mask).removesuffix("_2")) for mask in spare if mask.stem.endswith("_2"))
    return {(folder, stem) for folder, stem in second if (folder, f"{stem}_1") not in there}


@dataclass(frozen=True, slots=True)
class _ByWord:
    """Masks that are called as an image is but for one word: all of them, and those that are one image's for sure."""

    sure: dict[Path, Path]
    masks: frozenset[Path]


def _by_word(images: Iterable[tuple[Path, str]], masks: Iterable[tuple[Path, str]]) -> _ByWord:
    """What belongs together by ``img_0`` and ``mask_0``, ``0_image`` and ``0_seg``, ``image`` and ``mask``.

    Each file comes with the folder in which it must lie to belong to another.
    """
    images_of, masks_of = _without_word(images, _IMAGE_WORD), _without_word(masks, _MASK_WORD)
    both = images_of.keys() & masks_of.keys()
    of_images = frozenset(mask for place in both for mask in masks_of[place])
    # Images without a mask beside masks without an image may have been numbered from another number on.
    apart = {folder for folder, _ in images_of.keys() - both} & {folder for folder, _ in masks_of.keys() - both}
    sure = {
        images_of[place][0]: masks_of[place][0]
        for place in both
        if place[0] not in apart and len(images_of[place]) == len(masks_of[place]) == 1
    }
    return _ByWord(sure, of_images)


def _without_word(files: Iterable[tuple[Path, str]], word: re.Pattern[str]) -> dict[tuple[str, str], list[Path]]:
    """Files with ``word`` in their names, by their folder and the rest of the name."""
    found: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for path, folder in files:
        rest, times = word.subn("*", plain_stem(path))
        if times == 1:
            found[folder, rest].append(path)
    return found


def _folder(path: Path, root: Path) -> str:
    return folded(path.relative_to(root).parent.as_posix())


def _beside(files: list[Path]) -> list[Pair]:
    """Images and their masks out of one pile."""
    images = {(path.parent, plain_stem(path)) for path in files}
    masks = {path for path in files if is_mask_name(path) and (path.parent, bare_stem(path)) in images}
    by_image: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in sorted(masks):
        by_image[path.parent, bare_stem(path)].append(path)
    alike = Counter((path.parent, plain_stem(path)) for path in files if path not in masks)
    open_ones = [path for path in files if path not in masks and (path.parent, plain_stem(path)) not in by_image]
    placed = [(path, str(path.parent)) for path in open_ones]
    by_word = _by_word(placed, placed)
    found = []
    for path in files:
        if path not in masks | by_word.masks:
            place = path.parent, plain_stem(path)
            own = by_image.get(place, [])
            sure = own[0] if len(own) == 1 and alike[place] == 1 else None
            found.append(Pair(path, sure or by_word.sure.get(path)))
    return found


def without_mask(pairs: Sequence[Pair]) -> list[str]:
    """The sentence for images that have no mask; none where all have one."""
    without = sum(found.mask is None for found in pairs)
    if not without:
        return []
    if without == len(pairs):
        return ["None of the images has a mask."]
    return [f"{those(without, 'image', ('has', 'have'), len(pairs))} no mask."]


def spare_masks(pairs: Sequence[Pair], masks: Sequence[Path]) -> list[str]:
    """The sentence for those of ``masks`` that went to none of the images; none where all did."""
    spare = set(masks) - {found.mask for found in pairs}
    if not spare:
        return []
    examples = ", ".join(f"“{path.name}”" for path in sorted(spare)[:3])
    fit = those(len(spare), "mask", ("fits", "fit"), len(masks))
    return [f"{fit} no image for certain, for example {examples}."]
