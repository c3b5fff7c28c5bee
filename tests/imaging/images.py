"""Images to read back, made on the spot."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NAMES = (
    "plain",
    "with space",
    "[brackets] (round) {curly}",
    "Hautläsion Ü ß",
    "ภาพผิวหนัง",
    "皮肤病变图像",
    "100% #1 & 'quoted'",
    "two.dots.v2",
)


def colours(height: int = 24, width: int = 36) -> NDArray[np.uint8]:
    """(H, W, 3) without any symmetry, smooth enough for JPEG."""
    y, x = np.mgrid[0:height, 0:width]
    planes = (x * 255 / width, y * 255 / height, (x + 2 * y) * 255 / (width + 2 * height))
    return np.stack(planes, axis=2).astype(np.uint8)


def declared_png(path: Path, width: int, height: int, bits: int = 8, kind: int = 2) -> Path:
    """A PNG of a few bytes that says it has this many pixels, of the ``kind`` 0 (grey) or 2 (RGB)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def with_orientation(path: Path, stored: NDArray[np.uint8], orientation: int) -> Path:
    """``stored`` saved with an EXIF orientation."""
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(stored).save(path, exif=exif, quality=95)
    return path


def packed_png(values: np.ndarray, bits: int) -> bytes:
    """A grey PNG of 1, 2 or 4 bits, which Pillow does not write."""
    rows = b""
    for row in values:
        text = "".join(f"{value:0{bits}b}" for value in row)
        text += "0" * (-len(text) % 8)
        rows += b"\0" + int(text, 2).to_bytes(len(text) // 8, "big")

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
