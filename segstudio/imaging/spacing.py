"""How large a pixel is by what the image's own file says."""

from __future__ import annotations

import logging
import math
from pathlib import Path

log = logging.getLogger(__name__)

_MAGIC_AT, _MAGIC = 128, b"DICM"

_SAME = 0.01
"""How unlike height and width of a pixel may be to count as a square."""

# On the patient first; what a film scanner or a detector says is of the film or the detector.
_TAGS = ("PixelSpacing", "NominalScannedPixelSpacing", "ImagerPixelSpacing")


def read_spacing(path: Path) -> float | None:
    """Millimetres a pixel by a DICOM file's Pixel Spacing (0028,0030), or the next best that it has.

    None for every other kind of file (what PNG, JPEG and TIFF say of it is about printing), where the file has none or
    can't be read, and where pixels are not square: no single number would be true of them. Reads no pixels.
    """
    try:
        with open(path, "rb") as file:
            if file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] != _MAGIC:
                return None
        from pydicom import dcmread

        header = dcmread(path, stop_before_pixels=True, specific_tags=list(_TAGS))
        for tag in _TAGS:
            sizes = [float(value) for value in header.get(tag) or ()]
            if len(sizes) == 2:
                return _square(*sizes)
    except OSError:
        return None
    except Exception:
        # A damaged header may fail in many ways, and the image is of use without its scale.
        log.exception("the size of a pixel in %s could not be read", path)
    return None


def _square(height: float, width: float) -> float | None:
    fits = all(math.isfinite(side) and side > 0 for side in (height, width))
    return width if fits and abs(height - width) <= _SAME * width else None
