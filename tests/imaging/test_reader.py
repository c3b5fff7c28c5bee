import hashlib
import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from segstudio.domain.errors import UserError
from segstudio.imaging import reader
from segstudio.imaging.cv import cv2
from segstudio.imaging.display import percentile_window
from segstudio.imaging.reader import (
    fingerprint,
    from_stored,
    read_array,
    read_image,
    read_orientation,
    read_size,
    read_thumbnail,
)
from segstudio.imaging.window import with_window
from tests.helpers.data import data_folder
from tests.imaging.images import NAMES, colours, declared_png, with_orientation


def save(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp"])
def test_lossless_formats_come_back_pixel_for_pixel(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a{suffix}", Image.fromarray(colours()), lossless=True)
    data = read_image(path)
    np.testing.assert_array_equal(data.pixels, colours())
    assert data.pixels.dtype == np.uint8
    assert data.pixels.flags.c_contiguous
    assert data.pixels.flags.writeable
    assert (data.orientation, data.stored_size, data.size, data.bit_depth, data.deep) == (
        1,
        (36, 24),
        (36, 24),
        8,
        None,
    )
    assert read_size(path) == (36, 24)


def test_jpeg_is_close(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", Image.fromarray(colours()), quality=95)
    assert np.abs(read_image(path).pixels.astype(int) - colours()).mean() < 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("deep", [False, True])
def test_any_file_name(tmp_path: Path, name: str, deep: bool) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = folder / f"{name}.png"
    pixels = colours().astype(np.uint16) * 257 if deep else colours()
    path.write_bytes(cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())
    np.testing.assert_array_equal(read_image(path).pixels, colours())
    assert read_size(path) == (36, 24)


@pytest.mark.parametrize(
    ("content", "name"), [("PNG", "a.jpg"), ("JPEG", "a.bmp"), ("BMP", "a.png"), ("WEBP", "a.tif")]
)
def test_content_decides_not_the_name(tmp_path: Path, content: str, name: str) -> None:
    path = save(tmp_path / name, Image.fromarray(colours()), format=content)
    assert np.abs(read_image(path).pixels.astype(int) - colours()).mean() < 8


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    grey = colours()[..., 0]
    pixels = read_image(save(tmp_path / "a.png", Image.fromarray(grey))).pixels
    np.testing.assert_array_equal(pixels, np.repeat(grey[..., None], 3, 2))


def test_one_bit(tmp_path: Path) -> None:
    black_white = colours()[..., 0] > 100
    path = save(tmp_path / "a.bmp", Image.fromarray(black_white))
    data = read_image(path)
    np.testing.assert_array_equal(data.pixels[..., 1], np.where(black_white, 255, 0))
    assert data.bit_depth == 1
    assert read_array(path)[0].dtype == np.bool_


def test_palette_shows_its_colours_and_labels_its_indices(tmp_path: Path) -> None:
    indices = (colours()[..., 0] // 64).astype(np.uint8)
    image = Image.fromarray(indices)
    image.putpalette([10, 20, 30, 200, 100, 50, 0, 255, 0, 1, 2, 3])
    path = save(tmp_path / "a.png", image)
    assert read_image(path).pixels[0, 0].tolist() == [10, 20, 30]
    np.testing.assert_array_equal(read_array(path)[0], indices)


def test_palette_with_transparency_is_shown_on_white(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1]], np.uint8))
    image.putpalette([10, 20, 30, 200, 100, 50])
    path = save(tmp_path / "a.png", image, transparency=b"\x00\xff")
    assert read_image(path).pixels.tolist() == [[[255, 255, 255], [200, 100, 50]]]


def test_cmyk(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", Image.new("CMYK", (5, 4), (0, 255, 255, 0)))
    red, green, blue = read_image(path).pixels[2, 2]
    assert red > 200
    assert max(green, blue) < 60


def rgba(alpha: int) -> Image.Image:
    return Image.fromarray(np.dstack([colours(), np.full(colours().shape[:2], alpha, np.uint8)]))


@pytest.mark.parametrize("alpha", [255, 0])
def test_alpha_that_says_nothing_is_dropped(tmp_path: Path, alpha: int) -> None:
    np.testing.assert_array_equal(read_image(save(tmp_path / "a.png", rgba(alpha))).pixels, colours())


def test_half_transparent_is_laid_on_white(tmp_path: Path) -> None:
    image = rgba(255)
    image.putpixel((0, 0), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 128))
    path = save(tmp_path / "a.png", image)
    pixels = read_image(path).pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert abs(int(pixels[0, 1, 0]) - 127) <= 1
    assert read_array(path)[0][0, 1].tolist() == [0, 0, 0]


def test_grey_with_alpha(tmp_path: Path) -> None:
    grey = colours()[..., 0]
    path = save(tmp_path / "a.png", Image.fromarray(np.dstack([grey, np.full_like(grey, 255)]), "LA"))
    np.testing.assert_array_equal(read_image(path).pixels[..., 2], grey)
    np.testing.assert_array_equal(read_array(path)[0], grey)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_grey_keeps_its_values_and_shows_a_window(tmp_path: Path, suffix: str) -> None:
    values = np.arange(40 * 50, dtype=np.uint16).reshape(40, 50) + 1000
    path = save(tmp_path / f"a{suffix}", Image.fromarray(values))
    data = read_image(path)
    assert data.deep is not None
    np.testing.assert_array_equal(data.deep, values)
    assert data.bit_depth == 16
    assert data.pixels.min() == 0
    assert data.pixels.max() == 255
    assert abs(float(data.pixels.mean()) - 127.5) < 2
    np.testing.assert_array_equal(read_array(path)[0], values)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colour_keeps_its_values(tmp_path: Path, suffix: str, channels: int) -> None:
    values = colours().astype(np.uint16) * 257 + 3
    stored = values if channels == 3 else np.dstack([values, np.full(values.shape[:2], 65535, np.uint16)])
    path = tmp_path / f"a{suffix}"
    order = [2, 1, 0, 3][:channels]
    path.write_bytes(cv2.imencode(suffix, np.ascontiguousarray(stored[..., order]))[1].tobytes())
    data = read_image(path)
    assert data.bit_depth == 16
    assert data.deep is not None
    np.testing.assert_array_equal(data.deep, values)
    assert np.abs(data.pixels.astype(int) - colours()).max() <= 1
    np.testing.assert_array_equal(read_array(path)[0], values)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_transparency_of_sixteen_bits_is_laid_on_white_as_that_of_eight_is(tmp_path: Path, suffix: str) -> None:
    values = colours().astype(np.uint16) * 257
    alpha = np.full(values.shape[:2], 65535, np.uint16)
    alpha[:, :10], alpha[:, 10:20] = 0, 32768
    path = tmp_path / f"a{suffix}"
    path.write_bytes(cv2.imencode(suffix, np.dstack([values[..., ::-1], alpha]))[1].tobytes())
    data = read_image(path)
    assert data.deep is not None
    assert (data.deep[:, :10] == 65535).all()
    assert (data.pixels[:, :10] == 255).all()
    half = 65535 - (65535 - values[:, 10:20].astype(float)) / 2
    np.testing.assert_allclose(data.deep[:, 10:20], half, atol=2)
    np.testing.assert_array_equal(data.deep[:, 20:], values[:, 20:])
    # What a label is tells its number, seen or not.
    np.testing.assert_array_equal(read_array(path)[0], values)


def test_sixteen_bit_colour_that_is_transparent_all_over_shows_its_colours(tmp_path: Path) -> None:
    values = colours().astype(np.uint16) * 257
    clear = np.dstack([values[..., ::-1], np.zeros(values.shape[:2], np.uint16)])
    path = tmp_path / "a.png"
    path.write_bytes(cv2.imencode(".png", clear)[1].tobytes())
    np.testing.assert_array_equal(read_image(path).deep, values)


def with_clear(png: bytes, *value: int) -> bytes:
    """The same PNG of 16 bits, which calls one grey or colour transparent."""
    chunk = b"tRNS" + struct.pack(f">{len(value)}H", *value)
    at = png.index(b"IDAT") - 4
    return png[:at] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[at:]


@pytest.mark.parametrize("window", [None, (1000.0, 9000.0)])
def test_the_one_grey_that_a_sixteen_bit_png_calls_transparent_is_white(
    tmp_path: Path, window: tuple[float, float] | None
) -> None:
    own = np.arange(40 * 50, dtype=np.uint16).reshape(40, 50) + 3000
    own[:20] = 7
    (tmp_path / "a.png").write_bytes(with_clear(with_window(cv2.imencode(".png", own)[1].tobytes(), window), 7))
    read = read_image(tmp_path / "a.png")
    assert (read.pixels[:20] == 255).all()
    assert read.window == (window or percentile_window(own[20:]))
    assert read.deep is not None
    np.testing.assert_array_equal(read.deep, np.where(own == 7, 65535, own))
    np.testing.assert_array_equal(read_array(tmp_path / "a.png")[0], own)
    np.testing.assert_array_equal(read_thumbnail(tmp_path / "a.png", 60), read.pixels)
    if window is None:
        assert read.pixels[20:].min() == 0
        assert read.pixels[20:].max() == 255


def test_sixteen_bit_grey_that_is_transparent_all_over_shows_its_greys(tmp_path: Path) -> None:
    own = np.full((4, 5), 7, np.uint16)
    (tmp_path / "a.png").write_bytes(with_clear(cv2.imencode(".png", own)[1].tobytes(), 7))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").deep, own)


def test_the_one_colour_that_a_sixteen_bit_png_calls_transparent_is_white(tmp_path: Path) -> None:
    values = np.full((8, 9, 3), 40000, np.uint16)
    values[:, :4] = (1, 2, 3)
    encoded = cv2.imencode(".png", values[..., ::-1])[1].tobytes()
    path = tmp_path / "a.png"
    path.write_bytes(with_clear(encoded, 1, 2, 3))
    data = read_image(path)
    assert (data.pixels[:, :4] == 255).all()
    np.testing.assert_array_equal(data.pixels[:, 4:], 156)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_tiff_in_which_0_is_white_is_shown_no_negative(tmp_path: Path, kind: type) -> None:
    values = np.tile(np.linspace(0, np.iinfo(kind).max, 40).astype(kind), (20, 1))
    path = save(tmp_path / "a.tif", Image.fromarray(values))
    black_is_zero = read_image(path)
    meaning = struct.pack("<HHIH", 262, 3, 1, 1)
    content = path.read_bytes()
    assert content.count(meaning) == 1
    path.write_bytes(content.replace(meaning, struct.pack("<HHIH", 262, 3, 1, 0)))
    data = read_image(path)
    np.testing.assert_array_equal(data.pixels, 255 - black_is_zero.pixels)
    assert kind == np.uint8 or np.array_equal(data.deep, 65535 - values)


def test_thirty_two_bit_float(tmp_path: Path) -> None:
    values = np.linspace(-3, 7, 400, dtype=np.float32).reshape(20, 20)
    values[0, 0] = np.nan
    data = read_image(save(tmp_path / "a.tif", Image.fromarray(values)))
    assert data.pixels[0, 1, 0] == 0
    assert data.pixels[19, 19].tolist() == [255, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_every_orientation_is_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = with_orientation(tmp_path / f"a{suffix}", colours(), orientation)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    data = read_image(path)
    np.testing.assert_array_equal(data.pixels, expected)
    assert (data.orientation, data.stored_size) == (orientation, (36, 24))
    assert read_size(path) == data.size == ((24, 36) if orientation > 4 else (36, 24))
    thumbnail = read_thumbnail(path, 12)
    assert thumbnail.shape == ((12, 8, 3) if orientation > 4 else (8, 12, 3))
    array, own = read_array(path)
    assert (array.shape, own, read_orientation(path)) == ((24, 36, 3), orientation, orientation)


def test_exif_behind_the_pixels_turns_16_bit_colour_too(tmp_path: Path) -> None:
    values = colours().astype(np.uint16) * 257
    encoded = cv2.imencode(".png", values[..., ::-1])[1].tobytes()
    chunk = b"eXIf" + b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    piece = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    path = tmp_path / "a.png"
    path.write_bytes(encoded[:-12] + piece + encoded[-12:])
    data = read_image(path)
    assert data.orientation == 6
    assert data.deep is not None
    np.testing.assert_array_equal(data.deep, np.rot90(values, -1))
    assert read_size(path) == (24, 36)
    np.testing.assert_array_equal(read_array(path)[0], values)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bit_colour_tiff_is_turned_once(tmp_path: Path, orientation: int) -> None:
    values = colours().astype(np.uint16) * 257
    # A minimal TIFF by hand: neither Pillow nor OpenCV writes 16-bit colour with an orientation.
    height, width = values.shape[:2]
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 0),
        (259, 3, 1),
        (262, 3, 2),
        (273, 4, 0),
        (274, 3, orientation),
    ]
    tags += [(277, 3, 3), (278, 4, height), (279, 4, values.nbytes)]
    extra = 8 + 2 + 12 * len(tags) + 4
    entries = b""
    for tag, kind, value in tags:
        count, value = (3, extra) if tag == 258 else (1, extra + 6 if tag == 273 else value)
        entries += struct.pack("<HHII", tag, kind, count, value)
    header = b"II*\0" + struct.pack("<IH", 8, len(tags))
    path = tmp_path / "a.tif"
    path.write_bytes(header + entries + bytes(4) + struct.pack("<HHH", 16, 16, 16) + values.astype("<u2").tobytes())
    data = read_image(path)
    assert (data.orientation, data.bit_depth, data.stored_size) == (orientation, 16, (36, 24))
    assert data.deep is not None
    np.testing.assert_array_equal(data.deep, from_stored(values, orientation))
    np.testing.assert_array_equal(read_array(path)[0], values)


@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
def test_real_photos_of_all_orientations_look_alike(shape: str) -> None:
    folder = data_folder("exif_orientation")
    reference = read_thumbnail(folder / f"{shape}_1.jpg", 64).astype(int)
    for orientation in range(9):
        path = folder / f"{shape}_{orientation}.jpg"
        data = read_image(path)
        assert data.orientation == max(orientation, 1)
        assert data.size == read_size(path) == ((1800, 1200) if shape == "Landscape" else (1200, 1800))
        assert np.abs(read_thumbnail(path, 64).astype(int) - reference).mean() < 4


def test_real_16_bit_images() -> None:
    for path in sorted(data_folder("gray16").iterdir()):
        data = read_image(path)
        assert data.bit_depth == 16
        assert data.deep is not None
        assert data.pixels.std() > 20


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "LA", "1"])
def test_thumbnails_of_large_pngs_are_those_of_small_ones(mode, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "large.png"
    Image.fromarray(colours(60, 90)).convert(mode).save(path)
    reference = read_thumbnail(path, 45)
    asked: list[bool] = []
    decode = cv2.imdecode
    monkeypatch.setattr(reader, "_LARGE_PIXELS", 1)
    monkeypatch.setattr(reader.cv2, "imdecode", lambda *a: (asked.append(True), decode(*a))[1])
    np.testing.assert_allclose(read_thumbnail(path, 45).astype(int), reference, atol=2)
    assert bool(asked) is (mode in ("L", "P", "RGB"))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match="cut short"):
        read_thumbnail(path, 45)


def test_thumbnails(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", Image.fromarray(colours(600, 900)), quality=95)
    thumbnail = read_thumbnail(path, 90)
    assert thumbnail.shape == (60, 90, 3)
    assert np.abs(thumbnail.astype(int) - colours(60, 90)).mean() < 5
    small = save(tmp_path / "a.png", Image.fromarray(colours()))
    np.testing.assert_array_equal(read_thumbnail(small, 90), colours())
    sixteen = save(tmp_path / "b.png", Image.fromarray(np.arange(10000, dtype=np.uint16).reshape(100, 100)))
    assert read_thumbnail(sixteen, 50).shape == (50, 50, 3)
    assert read_thumbnail(save(tmp_path / "line.png", Image.new("L", (900, 2))), 90).shape == (1, 90, 3)


def test_fingerprint_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"some bytes" * 100_000)
    assert fingerprint(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(UserError, match=r"gone\.png.*no longer"):
        fingerprint(tmp_path / "gone.png")


def whole(kind: str, image: Image.Image | None = None) -> bytes:
    content = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    (image or Image.fromarray(noise)).save(content, kind)
    return content.getvalue()


BROKEN = {
    "empty.png": (b"", "is empty"),
    "text.png": (b"this is no image at all, only text" * 9, "not an image"),
    "cut.png": (whole("PNG")[:3000], "cut short"),
    "cut.jpg": (whole("JPEG")[:2000], "cut short"),
    "cut.bmp": (whole("BMP")[:3000], "cut short"),
    "cut.tif": (whole("TIFF")[:3000], "cut short|damaged"),
    "cut.webp": (whole("WEBP")[:500], "cut short|damaged"),
    "head.png": (whole("PNG")[:12], "damaged"),
    "flipped.png": (whole("PNG")[:60] + b"\xff" * 60 + whole("PNG")[120:], "damaged"),
    "scan.dcm": (b"\0" * 128 + b"DICM" + b"\0" * 99, "DICOM"),
    "anim.gif": (whole("GIF"), "not an image that can be opened"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, name: str) -> None:
    content, says = BROKEN[name]
    path = tmp_path / name
    path.write_bytes(content)
    for read in (read_image, read_array, lambda p: read_thumbnail(p, 32)):
        with pytest.raises(UserError, match=says) as caught:
            read(path)
        assert name in str(caught.value)
        assert str(caught.value).endswith(".")


@pytest.mark.parametrize("deep", [np.uint16, np.uint8])
def test_truncated_at_any_length_is_never_a_crash(tmp_path: Path, deep: type) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (16, 16, 3)).astype(deep)
    content = cv2.imencode(".png", noise)[1].tobytes()
    path = tmp_path / "a.png"
    for length in range(0, len(content) - 16, 23):
        path.write_bytes(content[:length])
        with pytest.raises(UserError):
            read_image(path)


@pytest.mark.parametrize("size", [(100_000, 100_000), (2_000_000_000, 2_000_000_000), (15_812, 15_812)])
def test_hugely_declared_png_is_refused_at_once(tmp_path: Path, size: tuple[int, int]) -> None:
    path = declared_png(tmp_path / "huge.png", *size)
    for read in (read_image, read_size, read_array, lambda p: read_thumbnail(p, 64)):
        with pytest.raises(UserError, match=r"huge\.png.*megapixels.*Crop or shrink"):
            read(path)


def test_size_within_the_limit_is_read_without_a_warning(tmp_path: Path) -> None:
    # 200 megapixels: Pillow by itself would warn, and warnings fail this suite.
    assert read_size(declared_png(tmp_path / "big.png", 20_000, 10_000)) == (20_000, 10_000)
    with pytest.raises(UserError, match=r"cut short|damaged"):
        read_image(declared_png(tmp_path / "lies.png", 400, 300))


def test_no_pixels_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="damaged"):
        read_image(declared_png(tmp_path / "none.png", 0, 10))


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.png.*no longer.*Put it back"):
        read_image(tmp_path / "gone.png")
    (tmp_path / "sub.png").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        read_image(tmp_path / "sub.png")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied"), "may not read"),
        (OSError(112, "Host is down"), "Host is down.*network folder"),
        (MemoryError(), "enough memory"),
    ],
)
def test_trouble_while_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str) -> None:
    path = save(tmp_path / "a.png", Image.fromarray(colours()))

    def fail(*_: object, **__: object) -> None:
        raise error

    target = "PIL.Image.open" if isinstance(error, MemoryError) else "builtins.open"
    with monkeypatch.context() as patch:
        patch.setattr(target, fail)
        with pytest.raises(UserError, match=says):
            read_image(path)


def test_drive_that_goes_away_while_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.png", Image.fromarray(colours()))

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(reader, "_to_rgb", fail)
    with pytest.raises(UserError, match="Input/output error"):
        read_image(path)


def test_originals_are_never_touched(tmp_path: Path) -> None:
    path = with_orientation(tmp_path / "a.jpg", colours(), 6)
    before, stamp = path.read_bytes(), os.stat(path).st_mtime_ns
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        read_image(path), read_size(path), read_thumbnail(path, 20), fingerprint(path), read_array(path)
    finally:
        tmp_path.chmod(0o755)
    assert path.read_bytes() == before
    assert os.stat(path).st_mtime_ns == stamp
    assert [p.name for p in tmp_path.iterdir()] == ["a.jpg"]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning", "ignore:Possibly corrupt:UserWarning")
def test_broken_exif_means_upright(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", Image.fromarray(colours()), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09\x01")
    assert (read_image(path).orientation, read_size(path)) == (1, (36, 24))


def test_reading_on_many_threads_at_once(tmp_path: Path) -> None:
    path = with_orientation(tmp_path / "a.png", colours(), 6)
    with ThreadPoolExecutor(8) as pool:
        for data in pool.map(lambda _: read_image(path), range(64)):
            np.testing.assert_array_equal(data.pixels, np.rot90(colours(), -1))


def _planar_tiff(planes: np.ndarray) -> bytes:
    """A TIFF of 16 bits with (3, H, W) uint16 in separate planes, which neither Pillow nor OpenCV writes."""
    _, height, width = planes.shape
    size = planes[0].nbytes
    tags = 10
    behind = 8 + 2 + 12 * tags + 4
    data = behind + 6 + 12 + 12
    entries = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, behind), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 3, behind + 6), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 3, behind + 18), (284, 3, 1, 2),
    ]  # fmt: skip
    content = struct.pack("<2sHIH", b"II", 42, 8, tags) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    content += struct.pack("<I3H", 0, 16, 16, 16)
    content += struct.pack("<6I", *(data + number * size for number in range(3)), size, size, size)
    return content + planes.astype("<u2").tobytes()


def test_colours_of_16_bits_in_separate_planes_are_a_sentence_since_they_would_be_jumbled(tmp_path: Path) -> None:
    planes = np.random.default_rng(0).integers(0, 65536, (3, 12, 17)).astype(np.uint16)
    (tmp_path / "a.tif").write_bytes(_planar_tiff(planes))
    for read in (read_image, read_array):
        with pytest.raises(UserError, match="save it anew in another program"):
            read(tmp_path / "a.tif")
