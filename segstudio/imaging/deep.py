"""The pixels of files with 16 bits a channel, of which Pillow keeps 8 or tells half."""

from __future__ import annotations

from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.imaging.cv import cv2
from segstudio.imaging.display import percentile_window
from segstudio.imaging.orientation import from_stored
from segstudio.imaging.window import Window

Deep = NDArray[np.uint16]

_MOST = 65535
_MEANING_TAG, _PLANES_TAG = 262, 284
_WHITE_IS_ZERO = 0
_STRIP_ROWS = 256


def deep_grey(image: Image.Image, bits: int) -> Deep:
    """(H, W) uint16 of a loaded image of mode I;16, as stored, but that more is always brighter.

    A TIFF may say that 0 is white. Pillow heeds that where a pixel has ``bits`` of 8 and fewer, and not where it has
    more.
    """
    values = np.array(image).astype(np.uint16)
    tags: Any = getattr(image, "tag_v2", None) or {}
    return ((1 << bits) - 1) - values if tags.get(_MEANING_TAG) == _WHITE_IS_ZERO else values


def clear_on_white(grey: Deep, image: Image.Image, window: Window | None) -> tuple[Deep, Window | None]:
    """``grey`` as ``deep_grey`` has it with white where the one value is that a PNG calls transparent, and its window.

    Where the file names no window, it is one of what is left: so much white would turn all of it dark.
    """
    key = image.info.get("transparency")
    clear = grey == key if image.format == "PNG" and isinstance(key, int) else np.zeros((1, 1), np.bool_)
    if not clear.any() or clear.all():
        # Wholly transparent is a broken export, as for 8 bits.
        return grey, window
    return np.where(clear, np.uint16(_MOST), grey), window or percentile_window(grey[~clear])


def deep_colour(image: Image.Image, file: IO[bytes], orientation: int, on_white: bool = True) -> Deep | None:
    """16-bit colour of a loaded ``image``, upright, (H, W, 3); None where OpenCV can't read it rightly, or sees 8 bits.

    What is transparent is laid on white if ``on_white``, else its colours are those that the file has there. Pillow
    reads such files with 8 bits only. It has decoded this one before, which has told us that it is whole.
    """
    file.seek(0)
    try:
        decoded = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if decoded is None or decoded.dtype != np.uint16 or decoded.ndim != 3:
        return None
    stored = _as_stored(image, decoded[..., 2::-1], orientation)
    if stored is None:
        return None
    rgb, turned = stored
    alpha = _alpha(image, decoded) if on_white else None
    if alpha is not None and alpha.any():
        # Wholly transparent is a broken export, as for 8 bits.
        rgb = _laid_on_white(rgb, alpha)
    return from_stored(rgb, orientation) if turned else np.ascontiguousarray(rgb)


def _as_stored(image: Image.Image, rgb: Deep, orientation: int) -> tuple[Deep, bool] | None:
    """``rgb`` as OpenCV has it, and whether it is still to be turned; None where Pillow sees another picture."""
    if image.format != "TIFF":
        return rgb, True
    # OpenCV turns some TIFF orientations and others not, and jumbles separate planes: go by what Pillow has seen.
    seen = np.asarray(image.convert("RGB"))
    for turned in (False, True):
        candidate = from_stored(rgb, orientation) if turned else rgb
        if candidate.shape == seen.shape and np.abs((candidate >> 8).astype(np.int16) - seen).mean() < 1:
            return rgb, turned
    if cast("Any", image).tag_v2.get(_PLANES_TAG) == 2:
        raise ValueError("Pillow jumbles separate planes, too, unless they are compressed")
    return None


def _alpha(image: Image.Image, decoded: Deep) -> Deep | None:
    """(H, W) uint16 of what OpenCV ``decoded``, 65535 is opaque; None where the file has no transparency."""
    key = image.info.get("transparency")
    if image.format == "PNG" and isinstance(key, tuple) and len(key) == 3:
        clear = (decoded[..., 2::-1] == np.array(key, np.uint16)).all(axis=2)
        return np.where(clear, np.uint16(0), np.uint16(_MOST))
    return decoded[..., 3] if decoded.shape[2] == 4 and image.mode in ("RGBA", "LA") else None


def _laid_on_white(rgb: Deep, alpha: Deep) -> Deep:
    """``rgb`` (H, W, 3), as far as ``alpha`` (H, W) lets it be seen, on white. In strips, to save memory."""
    result = np.empty(rgb.shape, np.uint16)
    for top in range(0, len(rgb), _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS)
        share = alpha[rows, :, None] / np.float32(_MOST)
        result[rows] = np.rint(_MOST - (_MOST - rgb[rows].astype(np.float32)) * share)
    return result
