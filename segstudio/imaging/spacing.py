"""How large a pixel is by what the image's own file says."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any, TypeGuard

log = logging.getLogger(__name__)

_MAGIC_AT, _MAGIC = 128, b"DICM"

_SAME = 0.01
"""How unlike height and width of a pixel may be to count as a square."""

_SHARED = "SharedFunctionalGroupsSequence"
"""Where files of many frames have what is true of all of them."""

# On the patient first; what a film scanner or a detector says is of the film or the detector.
_TAGS = ("PixelSpacing", "NominalScannedPixelSpacing", "ImagerPixelSpacing")


def read_sides(path: Path) -> tuple[float, float] | None:
    """(height, width) of a pixel in millimetres, by a DICOM file's Pixel Spacing (0028,0030) or the next best it has.

    None for every other kind of file (what PNG, JPEG and TIFF say of it is about printing), and where the file has none
    or can't be read. As it stands there: see ``as_square``. Reads no pixels.
    """
    try:
        with open(path, "rb") as file:
            if file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] != _MAGIC:
                return None
        from pydicom import dcmread

        header = dcmread(path, stop_before_pixels=True, specific_tags=[*_TAGS, _SHARED])
        shared = (header.get(_SHARED) or [{}])[0]
        measures = (shared.get("PixelMeasuresSequence") or [{}])[0]
        for said in (measures.get("PixelSpacing"), *map(header.get, _TAGS)):
            sizes = [float(value) for value in said or ()]
            if len(sizes) == 2:
                return sizes[0], sizes[1]
    except OSError:
        return None
    except Exception:
        # A damaged header may fail in many ways, and the image is of use without its scale.
        log.exception("the size of a pixel in %s could not be read", path)
    return None


def told_aspect(header: Any) -> tuple[float, float] | None:
    """(height, width) of a pixel in no unit, by Pixel Aspect Ratio (0028,0034) of a DICOM ``header``.

    It stands where pixels are not square and nobody knows how large they are. None where there is none.
    """
    try:
        sides = [float(value) for value in header.get("PixelAspectRatio") or ()]
    except Exception:
        log.exception("the shape of a pixel could not be read")
        return None
    return (sides[0], sides[1]) if len(sides) == 2 else None


def as_square(sides: tuple[float, float] | None) -> float | None:
    """Millimetres a pixel where its ``sides`` make it a square; None otherwise: no one number would be true of it."""
    return sides[1] if _are_sizes(sides) and not is_oblong(sides) else None


def is_oblong(sides: tuple[float, float] | None) -> bool:
    """Whether a pixel of these ``sides`` is no square, so that no length in px is true, whatever the scale."""
    return _are_sizes(sides) and abs(sides[0] - sides[1]) > _SAME * sides[1]


def _are_sizes(sides: tuple[float, float] | None) -> TypeGuard[tuple[float, float]]:
    return sides is not None and all(math.isfinite(side) and side > 0 for side in sides)
