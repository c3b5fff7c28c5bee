"""The window by which a PNG of 16 bits is to be shown, in the file itself.

A PNG text chunk of our own: other programs pass over it, and the pixels stay the values that they are.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping
from typing import Any

Window = tuple[float, float]
"""(black, white), black below white, in the file's values."""

_KEY = "segstudio:window"
_BEHIND_HEADER = 33
"""Bytes of the signature and the first chunk, IHDR."""


def with_window(png: bytes, window: Window | None) -> bytes:
    """The PNG with a window in it, or as it is without one."""
    if window is None:
        return png
    body = b"tEXt" + f"{_KEY}\0{window[0]!r} {window[1]!r}".encode("ascii")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_BEHIND_HEADER] + chunk + png[_BEHIND_HEADER:]


def window_in(info: Mapping[Any, Any]) -> Window | None:
    """The window in what Pillow knows of a file; None where there is none, or none that makes sense."""
    try:
        black, white = (float(part) for part in str(info.get(_KEY, "")).split())
    except ValueError:
        return None
    return (black, white) if math.isfinite(black) and math.isfinite(white) and black < white else None
