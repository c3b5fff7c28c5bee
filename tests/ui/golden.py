"""Pictures of widgets that somebody looked at, to compare with.

After a change that is meant, renew them with ``SEGSTUDIO_RENEW_GOLDENS=1`` and look at each before it is kept.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from segstudio.imaging.cv import cv2

GOLDENS = Path(__file__).parent / "goldens"
RENEW = "SEGSTUDIO_RENEW_GOLDENS"
TOLERANCE = 24
"""How far a channel may be off where two builds of a library round, or smooth a line, differently."""
SHARE = 0.01
"""Of the pixels, how many may be off further."""


def grabbed(widget: QWidget, rect: QRect) -> np.ndarray:
    """What a part of a widget shows: (h, w, 3) uint8 RGB."""
    image = widget.grab(rect).toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def assert_golden(name: str, shot: np.ndarray) -> None:
    """``shot`` looks as the picture ``name`` does."""
    file = GOLDENS / f"{name}.png"
    if os.environ.get(RENEW):
        cv2.imwrite(str(file), shot[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    assert file.stat().st_size <= 60_000
    golden = cv2.imread(str(file))[..., ::-1].astype(int)
    assert golden.shape == shot.shape
    off = np.abs(golden - shot).max(axis=2) > TOLERANCE
    assert off.mean() <= SHARE
