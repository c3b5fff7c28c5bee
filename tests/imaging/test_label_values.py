"""Label files whose pixels say something else than a viewer shows."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.imaging.label_values import read_palette
from segstudio.imaging.reader import read_array, read_image

IDS = np.array([[0, 1, 2, 3, 0], [3, 3, 1, 0, 2]], np.uint8)


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


@pytest.mark.parametrize("bits", [2, 4])
def test_grey_of_few_bits_keeps_its_numbers(tmp_path: Path, bits: int) -> None:
    (tmp_path / "a.png").write_bytes(packed_png(IDS, bits))
    np.testing.assert_array_equal(read_array(tmp_path / "a.png")[0], IDS)
    assert read_image(tmp_path / "a.png").pixels.max() == 3 * 255 // ((1 << bits) - 1)


@pytest.mark.parametrize("suffix", ["bmp", "png", "tif"])
def test_a_bitmap_whose_first_colour_is_white_is_read_as_it_looks(tmp_path: Path, suffix: str) -> None:
    image = Image.fromarray(np.uint8(IDS == 0), "P")
    image.putpalette([255, 255, 255, 0, 0, 0])
    image.save(tmp_path / f"a.{suffix}")
    expected = np.where(IDS == 0, 0, 255)
    np.testing.assert_array_equal(read_array(tmp_path / f"a.{suffix}")[0], expected)
    np.testing.assert_array_equal(read_image(tmp_path / f"a.{suffix}").pixels[..., 0], expected)


def test_other_palettes_count_by_their_indices_unless_colours_are_asked_for(tmp_path: Path) -> None:
    image = Image.fromarray(IDS, "P")
    image.putpalette([9, 9, 9, 255, 0, 0, 0, 255, 0, 255, 255, 255])
    image.save(tmp_path / "a.png", transparency=1)
    np.testing.assert_array_equal(read_array(tmp_path / "a.png")[0], IDS)
    palette = read_palette(tmp_path / "a.png")
    assert palette is not None
    np.testing.assert_array_equal(read_array(tmp_path / "a.png", by_colour=True)[0], palette[IDS])


def test_what_has_no_palette_has_none(tmp_path: Path) -> None:
    Image.fromarray(IDS).save(tmp_path / "grey.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert [read_palette(tmp_path / f"{name}.png") for name in ("grey", "broken", "absent")] == [None] * 3
