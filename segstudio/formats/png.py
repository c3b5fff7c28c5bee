"""Masks as image files that other programs read: written as PNG, read from nearly anything.

Masks are written as the image file stores its pixels, not turned upright: programs that read mask and image side by
side look at pixels and ignore EXIF.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from segstudio.domain.errors import UserError
from segstudio.domain.segments import BACKGROUND, ClassSpec, looked_up, void_ids
from segstudio.formats.lining_up import check_size, lined_up
from segstudio.formats.survey import is_soft_white
from segstudio.formats.writing import write_whole
from segstudio.imaging.label_values import BY_VALUE, MOST_ID, VOID, count_pages, digest, shows_white
from segstudio.imaging.orientation import UPRIGHT, from_stored, to_stored
from segstudio.imaging.reader import MAX_PIXELS, read_array, read_orientation, read_size

ClassIds = NDArray[np.uint16]

_MOST_COLOURS, _MOST_OF = 64, 0.9
"""So many colours make up nearly all that stands out in a mask, however blurred its edges; in a photograph more."""

_LOOKED_AT = 2**20
"""Pixels, or up to four times as many, that tell a mask from a photograph."""

_DARK, _LIGHT, _MIDDLING, _LEAST_SEEN = 32, 224, 0.6, 0.1
"""In a grey mask most of what isn't dark is light, since soft edges are thin."""

_STRAY = 0.01
"""Share of what a mask says that may be of no class: the pixels along smoothed edges."""

_NAMED = 5

_WHITE = 65535
"""White of 16 bits, which no id has."""

_HAS_VOID = "segstudio-void"
"""The key of a text in a grey PNG file of class ids, in which ``VOID`` is where nobody judged."""

_MARK = "segstudio"
"""The key of a text in a PNG file that holds a digest of its pixels."""


def write_mask(
    path: Path, class_ids: ClassIds, orientation: int, classes: Sequence[ClassSpec], marked: bool = False
) -> None:
    """Write what ``mask_bytes`` makes, beside and renamed. Raises ``UserError`` where ``path`` can't be written."""
    write_whole(path, mask_bytes(class_ids, orientation, classes, marked))


def mask_bytes(class_ids: ClassIds, orientation: int, classes: Sequence[ClassSpec], marked: bool = False) -> bytes:
    """A PNG of the upright class ids (H, W) uint16 of one image, turned to the image's stored ``orientation``.

    One class: 8-bit grey, 0 and 255. Several: a palette PNG whose index is the class id, in the classes' colours, 8
    bits, which says that only the index counts: colours may be changed between two exports, or shared by two classes;
    16-bit grey ids where one is above 255. If ``marked``, ``is_unchanged`` knows the file again.
    """
    stored = to_stored(class_ids, orientation)
    content, about = io.BytesIO(), PngImagePlugin.PngInfo()
    if len(classes) <= 1:
        own = classes[0].id if classes else 1
        image = Image.fromarray((stored == own).view(np.uint8) * np.uint8(255))
    elif max(spec.id for spec in classes) > 255:
        image = Image.fromarray(stored)
    else:
        known = np.zeros(65536, np.uint8)
        palette = np.zeros((256, 3), np.uint8)
        for spec in classes:
            known[spec.id], palette[spec.id] = spec.id, spec.color
        image = Image.fromarray(looked_up(known, stored))
        image.putpalette(palette.tobytes())
        about.add_text(BY_VALUE, digest(palette))
    if marked:
        about.add_text(_MARK, _digest(image))
    image.save(content, "PNG", pnginfo=about)
    return content.getvalue()


def write_truth(
    path: Path, class_ids: ClassIds, orientation: int, classes: Sequence[ClassSpec], void: NDArray[np.bool_]
) -> None:
    """Like ``write_mask``, of a mask to compare with: ``read_mask`` knows where (H, W) ``void`` that nobody judged.

    Of more classes than leave ``VOID`` free that is background. Raises ``UserError`` as it does.
    """
    if not void.any() or max((spec.id for spec in classes), default=0) >= VOID:
        write_mask(path, class_ids, orientation, classes)
        return
    content, about = io.BytesIO(), PngImagePlugin.PngInfo()
    about.add_text(_HAS_VOID, str(VOID))
    stored = to_stored(np.where(void, VOID, class_ids).astype(np.uint8), orientation)
    Image.fromarray(stored).save(content, "PNG", pnginfo=about)
    write_whole(path, content.getvalue())


def _has_void(path: Path) -> bool:
    """Whether ``write_truth`` wrote a file with places that nobody judged. Never raises."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return image.mode == "L" and _HAS_VOID in image.info
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def is_unchanged(path: Path) -> bool:
    """Whether a file is a mask that ``write_mask`` marked, and nobody has painted on it since. Never raises."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            if image.width * image.height > MAX_PIXELS:
                return False
            image.load()
            return image.info.get(_MARK) == _digest(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def _digest(image: Image.Image) -> str:
    """Of what its pixels say; colours of a palette don't count."""
    return hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest()


def read_mask(
    path: Path, size: tuple[int, int], orientation: int, classes: Sequence[ClassSpec], not_judged: int = BACKGROUND
) -> ClassIds:
    """Class ids (H, W) uint16, upright, of the mask of an image with this upright ``size`` (width, height).

    Alpha is never the mask. With one class, whatever isn't black belongs to it; greys up to 255 count from 128 on,
    those up to 65535 from 32768 on, as smoothed outlines need. With several, values are class ids, palette indices are,
    and RGB is matched against the colours of ``classes``; void (255) becomes the class that is not judged, if there is
    one, else ``not_judged``. A few stray pixels that are no class (smoothed edges) become background; more are refused.
    With one class, 255 is void only if the mask has 1 beside it and nothing else, or ``write_truth`` wrote it.

    Raises ``UserError`` for a file that can't be read, another size (see ``read_upright``), a photograph, values that
    are no class.
    """
    array = read_upright(path, size, orientation)
    if _has_void(path):
        return np.where(array == VOID, np.uint16(not_judged), array.astype(np.uint16))
    if len(classes) <= 1:
        check_no_photograph(array, path.name)
        own_id = classes[0].id if classes else 1
        flat = flattened(array)
        if not_judged and says_void(flat):
            return np.where(flat == VOID, not_judged, np.where(flat == 1, own_id, BACKGROUND)).astype(np.uint16)
        return np.asarray(np.where(is_foreground(array), own_id, BACKGROUND), np.uint16)
    return _class_ids(path, array, classes, not_judged)


def read_upright(path: Path, size: tuple[int, int], orientation: int, by_colour: bool = False) -> NDArray[Any]:
    """What a mask file holds, as ``read_array`` has it but upright, for an image with this upright ``size``.

    A mask that carries its own EXIF orientation is turned by it; else one of the image's stored size is turned by the
    image's ``orientation``. (Where both readings fit, it is taken as stored: that is what programs write.)

    Raises ``UserError`` for a file that can't be read, is of another size, or has several pages.
    """
    pages = count_pages(path)
    if pages > 1:
        raise UserError(
            f"“{path.name}” has {pages} pages, and nobody can tell which of them is the mask, so it was not read. "
            "Save the page that is meant, or all of them as one picture, and use that."
        )
    own = read_orientation(path)
    # Before there is room made for its pixels: a small file may declare many.
    check_size(read_size(path), size, path.name, orientation if own == UPRIGHT else UPRIGHT)
    array, own = read_array(path, by_colour)
    if own == UPRIGHT:
        return lined_up(array, size, orientation, path.name)
    return from_stored(array, own)


def read_values(path: Path) -> NDArray[Any]:
    """What a mask file holds, as ``read_array`` has it but upright: (H, W), also of grey kept as RGB, else (H, W, 3).

    Black and white of a few bits comes as 0 and 255. Raises ``UserError`` for a file that can't be read, and for a
    photograph.
    """
    array, own = read_array(path)
    check_no_photograph(array, path.name)
    return flattened(from_stored(as_white(path, array), own))


def read_ids(path: Path) -> tuple[ClassIds, bool]:
    """What a mask file says on its own: ids (H, W) uint16, upright, and whether it is plainly black and white.

    Black and white (8-bit that reaches above 127, 16-bit up to 65535, up to 255 with soft edges or nothing but 0 and
    255, 1-bit, or a coloured picture) comes as 0 and 1; everything else as the ids that it holds. Raises ``UserError``
    as ``read_values``.
    """
    return as_ids(read_values(path))


def as_ids(array: NDArray[Any]) -> tuple[ClassIds, bool]:
    """What ``read_ids`` makes of an array as ``read_array`` has it."""
    flat = _flatten(array) if array.ndim == 3 else array
    if flat is None or flat.dtype.kind in "bf" or _reaches_white(flat) or _is_only(flat, VOID) or is_soft_white(flat):
        return is_foreground(array).astype(np.uint16), True
    return np.clip(flat, 0, 65535).astype(np.uint16), False


def as_white(path: Path, array: NDArray[Any]) -> NDArray[Any]:
    """``array`` as ``read_array`` has it, with 255 for the white of a file that has black and white in a few bits."""
    return array if shows_white(path, array) is None else np.where(array > 0, np.uint8(255), np.uint8(0))


def is_foreground(array: NDArray[Any]) -> NDArray[np.bool_]:
    """(H, W) bool of a mask of one class, from (H, W) or (H, W, 3) of any type; see ``read_mask``."""
    grey = array.max(axis=2) if array.ndim == 3 else array
    if grey.dtype == np.bool_:
        return grey
    if grey.dtype.kind == "f":
        return np.asarray(np.nan_to_num(grey) > 0.5 * max(float(np.nan_to_num(grey).max(initial=0)), 1e-9), np.bool_)
    if says_void(grey):
        return np.asarray(grey == 1, np.bool_)
    if _reaches_white(grey):
        return np.asarray(grey > np.iinfo(grey.dtype).max // 2, np.bool_)
    return np.asarray(grey > (MOST_ID if is_soft_white(grey) else 0), np.bool_)


def _reaches_white(grey: NDArray[Any]) -> bool:
    """Whether a mask (H, W) of whole numbers is black and white with soft edges: no id is as high as it goes."""
    highest = int(grey.max(initial=0))
    return highest > MOST_ID if grey.dtype == np.uint8 else grey.dtype == np.uint16 and highest == _WHITE


def _is_only(grey: NDArray[Any], value: int) -> bool:
    """Whether a mask (H, W) has one value beside 0, this one."""
    return bool(((grey == 0) | (grey == value)).all()) and bool(grey.any())


def says_void(array: NDArray[Any]) -> bool:
    """Whether a mask (H, W) of one class has 1 where that is and 255 where nobody judges; a few stray 1 are strays."""
    if array.dtype.kind not in "iu" or array.ndim != 2:
        return False
    objects, void = int(np.count_nonzero(array == 1)), int(np.count_nonzero(array == VOID))
    return objects > _STRAY * void > 0 and objects + void == int(np.count_nonzero(array))


def check_no_photograph(array: NDArray[Any], name: str) -> None:
    """Raise ``UserError`` if (H, W) or (H, W, 3) of any type, of a file called ``name``, is a picture and no mask.

    A photograph and somebody cut out of one have hundreds of colours. Only 8 bits are looked at: of more, any number
    may be ids.
    """
    if array.dtype != np.uint8 or array.size == 0:
        return
    # Of a large one a grid of pixels tells as much.
    step = 1 + math.isqrt(array.shape[0] * array.shape[1] // _LOOKED_AT)
    some = array[::step, ::step]
    flat = flattened(some)
    if _has_many_colours(flat) if flat.ndim == 3 else _is_middling(flat):
        raise UserError(
            f"“{name}” is a picture with many shades, not a mask, so it was not read. Masks are black and white, or "
            "have one colour for each class."
        )


def _has_many_colours(array: NDArray[np.uint8]) -> bool:
    """Whether (H, W, 3) has more colours, of eight neighbouring shades each, than a mask with blurred edges."""
    shades = array.astype(np.int64) >> 3
    counts = np.sort(np.bincount((shades[..., 0] << 10 | shades[..., 1] << 5 | shades[..., 2]).ravel()))[::-1]
    others = counts[1:]
    return bool(others[:_MOST_COLOURS].sum() < _MOST_OF * others.sum())


def _is_middling(grey: NDArray[np.uint8]) -> bool:
    """Whether most of what isn't dark in (H, W) is of many shades that aren't light; low values alone are ids."""
    counts = np.bincount(grey.ravel(), minlength=256)
    few = int(np.count_nonzero(counts)) <= _MOST_COLOURS or not counts[128:].any()
    middle, seen = int(counts[_DARK:_LIGHT].sum()), int(counts[_DARK:].sum())
    return not few and middle > max(_MIDDLING * seen, _LEAST_SEEN * grey.size)


def flattened(array: NDArray[Any]) -> NDArray[Any]:
    """(H, W) of a grey picture kept as RGB; any other as it is."""
    flat = _flatten(array) if array.ndim == 3 else None
    return array if flat is None else flat


def _flatten(array: NDArray[Any]) -> NDArray[Any] | None:
    """(H, W) of a grey picture kept as RGB; None for a coloured one."""
    grey = (array[..., 0] == array[..., 1]) & (array[..., 1] == array[..., 2])
    return np.ascontiguousarray(array[..., 0]) if grey.all() else None


def _class_ids(path: Path, array: NDArray[Any], classes: Sequence[ClassSpec], not_judged: int) -> ClassIds:
    known = {spec.id for spec in classes}
    if array.ndim == 3:
        colours = {spec.color: spec.id for spec in classes}
        packed = (array.astype(np.uint32) * np.array((65536, 256, 1), np.uint32)).sum(axis=2)
        ids = np.zeros(packed.shape, np.uint16)
        for (red, green, blue), class_id in colours.items():
            ids[packed == red * 65536 + green * 256 + blue] = class_id
        flat = _flatten(array)
        if ids.any() or flat is None:
            if too_many((ids == BACKGROUND) & (packed != 0), packed != 0):
                raise _no_class(path, "colours")
            return ids
        array = flat
    if array.dtype.kind == "f":
        array = np.nan_to_num(array)
    ids = np.where(np.isin(array, sorted(known)), array, BACKGROUND).astype(np.uint16)
    said = array != BACKGROUND
    strange = said & (ids == BACKGROUND)
    if ids.any():
        strange &= array != VOID
        ids[(ids == BACKGROUND) & (array == VOID)] = next(iter(void_ids(classes)), not_judged)
    if too_many(strange, said):
        named = ", ".join(str(value) for value in np.unique(array[strange])[:_NAMED])
        raise _no_class(path, f"values ({named})")
    return ids


def too_many(strange: NDArray[np.bool_], said: NDArray[np.bool_]) -> bool:
    """Whether pixels that are no class are more than strays among those that say something."""
    return int(strange.sum()) > _STRAY * int(said.sum())


def _no_class(path: Path, what: str) -> UserError:
    return UserError(
        f"Some {what} in the mask “{path.name}” are none of this project's classes, so it was not read. "
        "Set up the classes that the masks were made with, or choose other masks."
    )
