"""Masks as 16-bit grey PNG, the form in which they travel between processes and rest in a project.

How sure the model is of a mask goes the same ways as an 8-bit grey PNG. What a hand waits for travels as text.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.imaging.cv import cv2
from segstudio.imaging.reader import MAX_PIXELS

_START, _SIZE_ENDS = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 24
"""How every PNG file begins, and where the size ends that comes next: 4 bytes of width, 4 of height."""


def encode_mask(mask: NDArray[np.uint16]) -> bytes:
    """A (height, width) uint16 array as PNG bytes, lossless."""
    return _encode(mask)


def decode_mask(png: bytes, most: int = MAX_PIXELS) -> NDArray[np.uint16]:
    """The (height, width) uint16 array in PNG bytes.

    Raises ``ValueError`` if they hold no 16-bit grey PNG, or one that declares more than ``most`` pixels: a few
    kilobytes may do so, and there would be no memory left for the others.
    """
    mask = _decode(png, most)
    if mask is None or mask.ndim != 2 or mask.dtype != np.uint16:
        raise ValueError("not a 16-bit grey PNG")
    return np.asarray(mask, np.uint16)


def encode_confidence(confidence: NDArray[np.uint8]) -> bytes:
    """A (h, w) uint8 array as PNG bytes, lossless."""
    return _encode(confidence)


def decode_confidence(png: bytes, most: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """The (h, w) uint8 array in PNG bytes. Raises ``ValueError`` like ``decode_mask``, if they hold no 8-bit one."""
    confidence = _decode(png, most)
    if confidence is None or confidence.ndim != 2 or confidence.dtype != np.uint8:
        raise ValueError("not an 8-bit grey PNG")
    return np.asarray(confidence, np.uint8)


def to_text(values: NDArray[np.uint8]) -> str:
    """A (h, w) or (h, w, 3) uint8 array as text that fits into a message, lossless."""
    return base64.b64encode(_encode(values)).decode("ascii")


def from_text(text: str, channels: int) -> NDArray[np.uint8]:
    """The (h, w) or (h, w, 3) uint8 array in ``text``; 1 or 3 ``channels``. Raises ``ValueError`` if it holds none."""
    try:
        values = _decode(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise ValueError("not an image as text") from error
    if values is None or values.dtype != np.uint8 or values.shape[2:] != ((3,) if channels == 3 else ()):
        raise ValueError(f"not an image of {channels} channels as text")
    return np.asarray(values, np.uint8)


def _encode(values: NDArray[np.uint16] | NDArray[np.uint8]) -> bytes:
    done, buffer = cv2.imencode(".png", values, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError("the values could not be encoded as PNG")
    return bytes(buffer.tobytes())


def _decode(png: bytes, most: int = MAX_PIXELS) -> NDArray[Any] | None:
    start = png[:_SIZE_ENDS]
    if len(start) < _SIZE_ENDS or not start.startswith(_START):
        return None
    width, height = int.from_bytes(start[-8:-4], "big"), int.from_bytes(start[-4:], "big")
    if width * height > most:
        return None
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
