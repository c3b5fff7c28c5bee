"""Masks as 16-bit grey PNG, the form in which they travel between processes and rest in a project."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2


def encode_mask(mask: NDArray[np.uint16]) -> bytes:
    """A (height, width) uint16 array as PNG bytes, lossless."""
    done, buffer = cv2.imencode(".png", mask, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError("the mask could not be encoded")
    return bytes(buffer.tobytes())


def decode_mask(png: bytes) -> NDArray[np.uint16]:
    """The (height, width) uint16 array in PNG bytes. Raises ``ValueError`` if they hold no 16-bit grey PNG."""
    mask = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
    if mask is None or mask.ndim != 2 or mask.dtype != np.uint16:
        raise ValueError("not a 16-bit grey PNG")
    return np.asarray(mask, np.uint16)
