"""Colours of 16 bits as sRGB, by a profile of curves and a matrix; Pillow's own transforms know 8 bits only."""

from __future__ import annotations

import io
import logging
import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Deep = NDArray[np.uint16]

log = logging.getLogger(__name__)

_MOST = 65535
_STRIP_ROWS = 256
_TAGS_AT, _TAG_BYTES, _MOST_TAGS = 128, 12, 200
_CURVES = (b"rTRC", b"gTRC", b"bTRC")
_TABLES = (b"A2B0", b"A2B1", b"D2B0", b"D2B1")
_PARAMETERS = (1, 3, 4, 5, 7)
"""How many numbers a parametric curve of each kind has (ICC.1:2022, 10.18)."""


@dataclass(frozen=True, eq=False)
class Shaper:
    """``curves`` (3, 65536) float32 are from a value to light, ``matrix`` (3, 3) from this light to that of sRGB."""

    curves: NDArray[np.float32]
    matrix: NDArray[np.float32]

    def to_srgb(self, deep: Deep) -> Deep:
        """(H, W, 3) uint16 as sRGB; colours beyond it are clipped. In strips, to save memory."""
        result = np.empty(deep.shape, np.uint16)
        for top in range(0, len(deep), _STRIP_ROWS):
            rows = deep[top : top + _STRIP_ROWS]
            light = np.stack([self.curves[channel][rows[..., channel]] for channel in range(3)], axis=-1)
            # Roots spread the darks, of which a table by light alone would have too few.
            roots = np.sqrt(np.clip(light @ self.matrix.T, 0, 1))
            result[top : top + _STRIP_ROWS] = _table()[np.rint(roots * _MOST).astype(np.uint16)]
        return result


@lru_cache(maxsize=4)
def shaper_of(content: bytes) -> Shaper | None:
    """By the bytes of a profile; None for one of tables, one that is broken and one that is not of RGB."""
    try:
        from PIL import ImageCms

        tags = _tags(content)
        if any(key in tags for key in _TABLES):
            return None
        curves = np.stack([_curve(content[slice(*tags[key])]) for key in _CURVES])
        own = _colorants(ImageCms.ImageCmsProfile(io.BytesIO(content)))
        srgb = _colorants(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")))
        return Shaper(curves.astype(np.float32), (np.linalg.inv(srgb) @ own).astype(np.float32))
    except Exception:
        # What is wrong with a profile must not cost the image.
        log.info("a colour profile could not be used for 16 bits", exc_info=True)
        return None


@lru_cache(maxsize=1)
def _table() -> Deep:
    """(65536,) from the root of light to the value of sRGB."""
    light = (np.arange(_MOST + 1) / _MOST) ** 2
    values = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(values * _MOST), np.uint16)


def _colorants(profile: object) -> NDArray[np.float64]:
    """(3, 3): X, Y and Z, one a row, of the full red, green and blue."""
    core = getattr(profile, "profile")  # noqa: B009  # Pillow's stubs don't know it
    return np.array([core.red_colorant[0], core.green_colorant[0], core.blue_colorant[0]]).T


def _tags(content: bytes) -> dict[bytes, tuple[int, int]]:
    """Where each tag begins and ends."""
    (count,) = struct.unpack_from(">I", content, _TAGS_AT)
    places = [_TAGS_AT + 4 + _TAG_BYTES * number for number in range(min(count, _MOST_TAGS))]
    rows = [struct.unpack_from(">4sII", content, place) for place in places]
    return {key: (at, at + length) for key, at, length in rows}


def _curve(tag: bytes) -> NDArray[np.float64]:
    """(65536,) light of each value, 0 to 1. Raises ``ValueError`` for a kind that is not known."""
    x = np.arange(_MOST + 1) / _MOST
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        points = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
        if count < 2:
            return np.asarray(x ** (float(points[0]) / 256 if count else 1.0))
        return np.asarray(np.interp(x, np.linspace(0, 1, count), points / _MOST))
    if tag[:4] != b"para":
        raise ValueError("no curve")
    (kind,) = struct.unpack_from(">H", tag, 8)
    known: list[float] = (np.frombuffer(tag, ">i4", _PARAMETERS[kind], 12) / 65536).tolist()
    gamma, a, b, c, d, e, f = [*known, *[0.0] * (7 - len(known))]
    if kind == 0:
        return np.asarray(x**gamma)
    # The bend, and what is added above and below it.
    at, above, slope, below = {
        1: (-b / a, 0.0, 0.0, 0.0), 2: (-b / a, c, 0.0, c), 3: (d, 0.0, c, 0.0), 4: (d, e, c, f),
    }[kind]  # fmt: skip
    return np.asarray(np.clip(np.where(x >= at, np.maximum(a * x + b, 0) ** gamma + above, slope * x + below), 0, 1))
