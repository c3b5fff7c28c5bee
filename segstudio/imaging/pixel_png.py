"""Pixels as a PNG file that every part of the program can read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2


def encode_pixels(pixels: NDArray[Any]) -> bytes:
    """(H, W, 3) uint8 RGB, or (H, W) uint8 or uint16 grey, as PNG bytes, lossless and quick.

    Raises ``ValueError`` for anything else.
    """
    grey = pixels.ndim == 2 and pixels.dtype in (np.uint8, np.uint16)
    if not grey and not (pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8):
        raise ValueError(f"pixels of shape {pixels.shape} and type {pixels.dtype} are no image")
    own = np.ascontiguousarray(pixels if grey else pixels[..., ::-1])
    done, buffer = cv2.imencode(".png", own, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError("the pixels could not be encoded as PNG")
    return bytes(buffer.tobytes())
