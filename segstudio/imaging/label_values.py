"""What the pixels of a label file say: its own numbers, not what a viewer makes of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

VOID = 255
"""What many data sets write beside low class ids where nobody knows."""

MOST_ID = 127
"""Of 8 bits: what reaches further, but for a void, is read as black and white."""

Palette = NDArray[np.uint8]
"""(n, 3) RGB: the colour of each index."""

BY_VALUE = "segstudio-classes"
"""The key of a text in a PNG file whose palette only shows its values: a class keeps its value, not its colour.
It holds the ``digest`` of that palette, since programs that sort palettes anew keep texts."""

_WITH_PALETTE = ("PNG", "BMP", "DIB", "TIFF")
_MOST_PAGES = 1000
_TROUBLE = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, OverflowError, EOFError)


def label_values(image: Image.Image, bits: int, by_colour: bool = False) -> NDArray[Any]:
    """(H, W) of what a loaded grey, float or palette image holds, of ``bits`` a value in the file.

    Grey of 2 and 4 bits keeps its numbers, which Pillow spreads over 255 to show them. Of a palette the indices count;
    if ``by_colour``, its colours do, (H, W, 3) uint8, and grey comes as it is shown. A palette of greys that does not
    begin with black is a picture in grey, as inverted bitmaps are, and comes as grey.
    """
    if image.mode in ("P", "PA"):
        if by_colour:
            return np.array(image.convert("RGBA").convert("RGB"))
        if _is_inverted(_palette_of(image)):
            return np.array(image.convert("RGBA").convert("RGB"))[..., 0]
        return np.array(image) if image.mode == "P" else np.array(image)[..., 0]
    array = np.array(image)
    return array // (255 // ((1 << bits) - 1)) if image.mode == "L" and bits in (2, 4) and not by_colour else array


def read_palette(path: Path, by_value: bool = False) -> Palette | None:
    """The palette of a file whose indices are what ``label_values`` gives; None for all others. Never raises.

    Palettes of nothing but greys say no more than the indices, so they are none; those of ``BY_VALUE`` say less, and
    come only if asked for.
    """
    try:
        with Image.open(path, formats=_WITH_PALETTE) as image:
            palette = _palette_of(image) if image.mode in ("P", "PA") else None
            said = image.info.get(BY_VALUE)
    except _TROUBLE:
        return None
    if palette is None or _is_grey(palette):
        return None
    return palette if by_value or said != digest(palette) else None


def digest(palette: Palette) -> str:
    """What ``BY_VALUE`` says of a palette."""
    return hashlib.blake2b(palette.tobytes(), digest_size=16).hexdigest()


def shows_white(path: Path, values: NDArray[Any]) -> int | None:
    """The number that is white where a label file of a few greys shows nothing but black and white; None otherwise.

    ``values`` are its own, as ``label_values`` has them. Programs write black and white as 0 and 3 of 2 bits, as 0 and
    15 of 4, or as the ends of a palette of greys, and no single class means that. Numbers from 128 on and 1 are no
    riddle, so they are not looked into. Never raises.
    """
    if values.dtype != np.uint8 or values.ndim != 2:
        return None
    most = int(values.max(initial=0))
    if not 1 < most <= MOST_ID or np.any((values != 0) & (values != most)):
        return None
    try:
        with Image.open(path, formats=_WITH_PALETTE) as image:
            return most if _is_white(image, most) else None
    except _TROUBLE:
        return None


def _is_white(image: Image.Image, value: int) -> bool:
    if image.mode in ("P", "PA"):
        palette = _palette_of(image)
        return _is_grey(palette) and value < len(palette) and not palette[0].any() and bool(palette[value].min() == 255)
    said = cast("Any", image).tile[0].args
    raw = str(said if isinstance(said, str) else said[0])
    return any(raw.startswith(f"L;{bits}") and value == (1 << bits) - 1 for bits in (2, 4))


def count_pages(path: Path) -> int:
    """How many pictures of the first one's size a TIFF file holds; 1 for all others. Never raises."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        return 1
    try:
        with Image.open(path, formats=("TIFF",)) as image:
            size, pages = image.size, 1
            for page in range(1, min(getattr(image, "n_frames", 1), _MOST_PAGES)):
                image.seek(page)
                pages += image.size == size
    except _TROUBLE:
        return 1
    return pages


def _palette_of(image: Image.Image) -> Palette:
    return np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)


def _is_grey(palette: Palette) -> bool:
    return bool((palette == palette[:, :1]).all())


def _is_inverted(palette: Palette) -> bool:
    """Label files begin with their background, so only pictures have greys of which another than the first is black."""
    return _is_grey(palette) and len(palette) > 1 and bool(palette[0].any()) and not palette.any(axis=1).all()
