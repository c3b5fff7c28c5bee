"""How sure the model is, looked up in a map that is coarser than its image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect
from segstudio.imaging.cv import cv2

_CERTAIN = 255
_EVEN = 128
"""The confidence of a class that is as likely wrong as right."""

_DOUBT = np.rint(np.arange(_CERTAIN, -1, -1) * _CERTAIN / (_CERTAIN - _EVEN)).clip(0, _CERTAIN).astype(np.uint8)
"""Doubt by confidence."""


def probability_at(confidence: NDArray[np.uint8], width: int, height: int, x: int, y: int) -> float:
    """Probability (0 to 1) of the class that the model chose at the pixel (``x``, ``y``).

    ``confidence`` is (h, w) uint8, 255 for certain, stretched over an image of ``width`` x ``height`` px; between its
    values it is bilinear.
    """
    return float(sampled(confidence, width, height, Rect(x, y, x + 1, y + 1), 1)[0, 0]) / _CERTAIN


def doubt(confidence: NDArray[np.uint8], width: int, height: int, rect: Rect, step: int = 1) -> NDArray[np.uint8]:
    """How unsure the model is in ``rect`` at every ``step``-th pixel: 0 is sure, 255 as likely wrong as right.

    Of two classes no more doubt is possible; of several, less than even odds count no more. ``confidence`` as for
    ``probability_at``. Returns (rows, columns) uint8, the first pixel being the upper left one of ``rect``.
    """
    return sampled(cv2.LUT(confidence, _DOUBT), width, height, rect, step)


def sampled(values: NDArray[Any], width: int, height: int, rect: Rect, step: int = 1) -> NDArray[Any]:
    """What of ``values`` (h, w), stretched over an image of ``width`` x ``height`` px, lies in ``rect``.

    As ``cv2.resize`` enlarges them, at every ``step``-th pixel, the first being the upper left one of ``rect``.
    """
    columns, rows = len(range(rect.x0, rect.x1, step)), len(range(rect.y0, rect.y1, step))
    if not columns or not rows:
        return np.zeros((rows, columns), values.dtype)
    across, down = values.shape[1] / width, values.shape[0] / height
    place = np.array(
        [[across * step, 0, (rect.x0 + 0.5) * across - 0.5], [0, down * step, (rect.y0 + 0.5) * down - 0.5]]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    sampled: NDArray[Any] = cv2.warpAffine(values, place, (columns, rows), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return sampled
