"""Files whose colours are not sRGB, and say so."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from segstudio.imaging import deep_profile, reader
from segstudio.imaging.cv import cv2
from segstudio.imaging.reader import read_array, read_image, read_thumbnail
from tests.imaging.images import colours

DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def _numbers(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def profile(colorants: tuple[tuple[float, ...], ...], gamma: float) -> bytes:
    """An ICC profile of version 2 with these primaries, as X, Y and Z, and one curve."""
    curve = b"curv" + struct.pack(">IIHH", 0, 1, round(gamma * 256), 0)
    xyz = [b"XYZ " + bytes(4) + _numbers(*each) for each in (*colorants, (0.9642, 1, 0.8249))]
    name = b"desc" + struct.pack(">II", 0, 5) + b"test\0" + bytes(78)
    tags = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt"), xyz, strict=True))
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve, b"desc": name, b"cprt": b"text" + bytes(8)}
    at, table, content = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for key, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += key + struct.pack(">II", at + len(content), len(value))
        content += padded
    head = struct.pack(">I4sI", at + len(content), b"lcms", 0x02400000) + b"mntrRGB XYZ " + bytes(12) + b"acsp"
    return head.ljust(68, b"\0") + _numbers(0.9642, 1, 0.8249) + bytes(48) + table + content


def expected(pixels: np.ndarray, colorants: tuple[tuple[float, ...], ...], gamma: float) -> np.ndarray:
    """The same by hand: to XYZ under D50 by the profile, and on to sRGB by the standard's matrix."""
    srgb = np.array([[0.4360, 0.2225, 0.0139], [0.3851, 0.7169, 0.0971], [0.1431, 0.0606, 0.7139]])
    light = (pixels / 255.0) ** gamma @ np.array(colorants) @ np.linalg.inv(srgb)
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("colorants", [DISPLAY_P3, ADOBE_RGB])
def test_colours_are_those_that_the_profile_says(tmp_path: Path, suffix: str, colorants: tuple) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(colours()).save(path, icc_profile=profile(colorants, 2.2), lossless=True)
    pixels = read_image(path).pixels
    assert np.abs(pixels - expected(colours(), colorants, 2.2)).max() < 4
    assert np.abs(pixels.astype(int) - colours()).max() > 10
    np.testing.assert_array_equal(read_thumbnail(path, 90), pixels)
    # What a label says is a number.
    np.testing.assert_array_equal(read_array(path)[0], colours())


@pytest.mark.parametrize("content", [b"no profile", profile(DISPLAY_P3, 2.2)[:250], None])
def test_a_profile_that_is_broken_or_sRGBs_own_changes_no_pixel(tmp_path: Path, content: bytes | None) -> None:
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "a.png"
    Image.fromarray(colours()).save(path, icc_profile=own if content is None else content)
    np.testing.assert_array_equal(read_image(path).pixels, colours())


def test_a_profile_of_other_colours_than_the_file_has_is_passed_over(tmp_path: Path) -> None:
    for mode in ("L", "CMYK"):
        image = Image.fromarray(colours()).convert(mode)
        image.save(tmp_path / "plain.tif")
        image.save(tmp_path / "named.tif", icc_profile=profile(ADOBE_RGB, 2.2))
        plain, named = (read_image(tmp_path / f"{name}.tif").pixels for name in ("plain", "named"))
        np.testing.assert_array_equal(named, plain)


def test_transparency_stays_white_and_palettes_go_by_the_profile(tmp_path: Path) -> None:
    clear = np.dstack([colours(), np.full(colours().shape[:2], 255, np.uint8)])
    clear[:, :8, 3] = 0
    path = tmp_path / "a.png"
    Image.fromarray(clear).save(path, icc_profile=profile(ADOBE_RGB, 2.2))
    pixels = read_image(path).pixels
    assert (pixels[:, :8] >= 254).all()
    assert np.abs(pixels[:, 8:] - expected(colours(), ADOBE_RGB, 2.2)[:, 8:]).max() < 4
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 200, 120, 90])
    palette.save(path, icc_profile=profile(ADOBE_RGB, 2.2))
    assert np.abs(read_image(path).pixels - expected(np.array([200, 120, 90]), ADOBE_RGB, 2.2)).max() < 4


def test_thumbnails_of_large_pngs_go_by_the_profile_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(colours(60, 90)).save(path, icc_profile=profile(ADOBE_RGB, 2.2))
    reference = read_thumbnail(path, 45)
    monkeypatch.setattr(reader, "_LARGE_PIXELS", 1)
    np.testing.assert_array_equal(read_thumbnail(path, 45), reference)


def deep_colours() -> np.ndarray:
    """Colours whose 16 bits are more than 8 can say."""
    fine = np.arange(colours().size, dtype=np.uint16).reshape(colours().shape) % 257
    return colours().astype(np.uint16) * 256 + np.minimum(fine, 255)


def written(path: Path, pixels: np.ndarray, content: bytes) -> Path:
    """A file of 16 bits a colour, with a profile."""
    if path.suffix == ".tif":
        assert cv2.imwrite(str(path), pixels[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 1])
        return with_tiff_profile(path, content)
    png = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
    body = b"iCCPname\0\0" + zlib.compress(content)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(png[:33] + chunk + png[33:])
    return path


def with_tiff_profile(path: Path, content: bytes) -> Path:
    """The same little-endian TIFF file with tag 34675: its table of tags, written anew at the end."""
    data = path.read_bytes()
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    rows = [data[at + 2 + 12 * n : at + 14 + 12 * n] for n in range(count)]
    data += bytes(len(data) % 2) + content
    where = len(data) - len(content)
    rows.append(struct.pack("<HHII", 34675, 7, len(content), where))
    rows.sort(key=lambda row: struct.unpack_from("<H", row)[0])
    data += bytes(len(data) % 2)
    table = struct.pack("<H", len(rows)) + b"".join(rows) + bytes(4)
    path.write_bytes(data[:4] + struct.pack("<I", len(data)) + data[8:] + table)
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("colorants", [DISPLAY_P3, ADOBE_RGB])
def test_colours_of_16_bits_are_those_that_the_profile_says(tmp_path: Path, suffix: str, colorants: tuple) -> None:
    path = written(tmp_path / f"a{suffix}", deep_colours(), profile(colorants, 2.2))
    said = read_image(path)
    right = expected(deep_colours() / 257, colorants, 2.2)
    assert said.deep is not None
    assert said.bit_depth == 16
    assert np.abs(said.deep / 257 - right).max() < 0.6
    assert np.abs(said.pixels - right).max() < 1.1
    assert np.abs(right - deep_colours() / 257).max() > 10
    np.testing.assert_array_equal(read_thumbnail(path, 90), said.pixels)
    np.testing.assert_array_equal(read_array(path)[0], deep_colours())


def test_a_profile_of_tables_costs_the_16_bits_and_not_the_colours(tmp_path: Path) -> None:
    content = profile(ADOBE_RGB, 2.2)
    shallow = tmp_path / "8.png"
    Image.fromarray(np.uint8(deep_colours() >> 8)).save(shallow, icc_profile=content)
    path = written(tmp_path / "a.png", deep_colours(), content)
    deep_profile.shaper_of.cache_clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deep_profile, "_TABLES", (b"rXYZ",))
        said = read_image(path)
    deep_profile.shaper_of.cache_clear()
    assert (said.deep, said.bit_depth) == (None, 16)
    np.testing.assert_array_equal(said.pixels, read_image(shallow).pixels)


def test_a_profile_of_sRGB_leaves_16_bits_as_they_are(tmp_path: Path) -> None:
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    said = read_image(written(tmp_path / "a.png", deep_colours(), own))
    np.testing.assert_array_equal(said.deep, deep_colours())
    shaper = deep_profile.shaper_of(own)  # its curve is parametric
    assert shaper is not None
    assert np.abs(shaper.to_srgb(deep_colours()).astype(int) - deep_colours()).max() < 40
    assert deep_profile.shaper_of(own[:300]) is None
