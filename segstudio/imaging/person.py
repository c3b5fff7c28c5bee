"""Where a person is, by MediaPipe's person segmentation (Apache-2.0), a file that does not come with this program."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.errors import UserError
from segstudio.imaging.cv import cv2

FILE = "selfie_segmentation.tflite"

_DIGEST = "8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27"
_BYTES = 249_024
_SIDE = 256


def read_person_model(path: Path) -> bytes:
    """The file's content. Raises ``UserError`` for one that can't be read, and for any other file.

    What reads it is native code that no damaged file should reach, so only the very file is taken.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_BYTES + 1)
    except OSError as error:
        raise UserError(f"“{path.name}” can't be read ({error.strerror}). Choose MediaPipe's {FILE} again.") from error
    if hashlib.sha256(content).hexdigest() != _DIGEST:
        raise UserError(
            f"“{path.name}” is not MediaPipe's {FILE} of {_BYTES:,} bytes, or is damaged, so it was not used. "
            "Choose another file."
        )
    return content


def find_person(content: bytes, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H, W) bool, True where people are in (H, W, 3) uint8 RGB ``pixels``; ``content`` is from ``read_person_model``.

    The picture is squeezed into the network's square: on photographs of whole people that is nearer to the truth than
    a border round it.
    """
    height, width = pixels.shape[:2]
    network = cv2.dnn.readNetFromTFLite(np.frombuffer(content, np.uint8))
    small = cv2.resize(pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    network.setInput(cv2.dnn.blobFromImage(small, 1 / 255, (_SIDE, _SIDE)))
    likely = np.asarray(network.forward(), np.float32).reshape(_SIDE, _SIDE)
    scaled = cv2.resize((np.clip(likely, 0, 1) * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    found: NDArray[np.bool_] = np.asarray(scaled) > 127
    return found
