"""How large a pixel of an image is, and who says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Source = Literal["ruler", "dicom", "project", "none"]
"""A ruler drawn on the image, the image's file, the project's dermatoscope, nobody."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Millimetres a pixel, of square pixels; None where nobody says, and then lengths stay in pixels."""

    mm_per_px: float | None
    source: Source


UNCALIBRATED = Calibration(None, "none")


def size_of_pixel(mm_per_px: float) -> float:
    """``mm_per_px`` if it can be the size of a pixel; raises ``ValueError`` unless it is finite and above 0."""
    if not (math.isfinite(mm_per_px) and mm_per_px > 0):
        raise ValueError(f"{mm_per_px} is no size of a pixel")
    return mm_per_px
