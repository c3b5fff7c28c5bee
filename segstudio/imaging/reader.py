"""Image files in, upright 8-bit RGB out.

PNG, JPEG, BMP, TIFF and WebP of any kind that Pillow or OpenCV knows, told apart by content and not by name. Files are
opened for reading only. Whatever is wrong with one is a ``UserError`` that names it and says what to do.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from segstudio.domain.errors import UserError
from segstudio.imaging.cv import cv2
from segstudio.imaging.deep import clear_on_white, deep_colour, deep_grey
from segstudio.imaging.display import percentile_window, shown_range, to_8bit
from segstudio.imaging.find import SUFFIXES, find_images, natural_key
from segstudio.imaging.label_values import label_values
from segstudio.imaging.orientation import UPRIGHT, clean, from_stored, to_stored, turned_size
from segstudio.imaging.profile import Profile, profile_of
from segstudio.imaging.window import Window, window_in

__all__ = [
    "SUFFIXES",
    "ImageData",
    "find_images",
    "fingerprint",
    "from_stored",
    "natural_key",
    "read_array",
    "read_image",
    "read_orientation",
    "read_size",
    "read_thumbnail",
    "to_stored",
]

MAX_PIXELS = 250_000_000
"""The most pixels that a file may declare: 250 megapixels are 750 MB as RGB."""

# Pillow's own limit warns at a third of ours and is one number for the whole process; `_header` applies ours.
Image.MAX_IMAGE_PIXELS = None

# "JPEG" opens MPO too, the several-pictures kind that phones and stereo cameras write.
_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "TIFF", "WEBP")
_KNOWN = "PNG, JPEG, BMP, TIFF or WebP"
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"RIFF")
_PNG_SIGNATURE = _SIGNATURES[0]
_WIDTH_TAG, _HEIGHT_TAG, _BITS_TAG, _ORIENTATION_TAG, _SAMPLES_TAG = 256, 257, 258, 274, 277
_STRIP_ROWS, _LARGE_PIXELS = 256, 8_000_000
_PNG_END = 12
_DAMAGED = (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, OverflowError, EOFError)

# Pillow warns of odd metadata, in English and on a console nobody sees; the pixels don't depend on it. Not
# catch_warnings: it needs a lock, and one read that hangs on a lost network drive would then hang them all.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@dataclass(frozen=True, eq=False)
class ImageData:
    """One image, ready to show.

    ``pixels`` is (H, W, 3) uint8 RGB, upright and C-contiguous. ``orientation`` is the EXIF value 1 to 8 found in the
    file and ``stored_size`` its (width, height) before turning. ``bit_depth`` is bits a channel in the file: 1, 8,
    16 or 32. ``deep`` holds the file's own values, upright, where it has 16 bits: (H, W) uint16 for grey, (H, W, 3)
    RGB for colour, as sRGB, on white where it is transparent; None for all others. More is brighter, whatever a TIFF
    means by 0. ``window`` is the one that the file says it is to be shown by, see ``window``, or, where parts of
    grey are transparent, that of the others.
    """

    pixels: NDArray[np.uint8]
    orientation: int = UPRIGHT
    stored_size: tuple[int, int] = (0, 0)
    bit_depth: int = 8
    deep: NDArray[np.uint16] | None = None
    window: Window | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) upright."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True)
class _Header:
    orientation: int
    stored_size: tuple[int, int]
    bit_depth: int
    channels: int


def read_image(path: Path) -> ImageData:
    """The image in a file, upright.

    Transparent parts are shown on white; colours are sRGB, by the file's ``profile``. Grey of more than 8 bits is shown
    by the window that the file names, or the one between its 0.5th and 99.5th percentile. Raises ``UserError`` for a
    file that is missing, may not be read, is empty, cut short, damaged, no image, or declares more than ``MAX_PIXELS``.
    """
    with _opened(path) as (image, header, file):
        image.load()
        upright = UPRIGHT if image.format == "TIFF" else header.orientation  # Pillow turns TIFF, and only TIFF, itself
        if header.bit_depth == 16 and header.channels > 1:
            deep = _as_srgb(deep_colour(image, file, header.orientation), image)
            if deep is not None:
                return ImageData(to_8bit(deep, (0, 65535)), header.orientation, header.stored_size, 16, deep)
        if image.mode.startswith("I;16"):
            stored, window = clear_on_white(deep_grey(image, header.bit_depth), image, window_in(image.info))
            grey = from_stored(stored, upright)
            shown = to_8bit(grey, shown_range(grey, window))
            return ImageData(_grey_to_rgb(shown), header.orientation, header.stored_size, 16, grey, window)
        pixels = from_stored(_to_rgb(image), upright)
    return ImageData(pixels, header.orientation, header.stored_size, header.bit_depth)


def _as_srgb(deep: NDArray[np.uint16] | None, image: Image.Image) -> NDArray[np.uint16] | None:
    """Colours of 16 bits by the image's profile; None where that can be told of 8 bits only."""
    profile = None if deep is None else profile_of(image)
    return deep if deep is None or profile is None else profile.deep_to_srgb(deep)


def read_array(path: Path, by_colour: bool = False) -> tuple[NDArray[Any], int]:
    """What a label file holds, as stored and unscaled, with its EXIF orientation.

    (H, W) of bool, uint8 (of a palette the indices, unless ``by_colour``), uint16, int32 or float32; or (H, W, 3) uint8
    or uint16 RGB: alpha is dropped. See ``label_values``. Raises ``UserError`` like ``read_image``, and where
    all that the file shows is in its alpha.
    """
    with _opened(path) as (image, header, file):
        image.load()
        if header.bit_depth == 16 and header.channels > 1:
            deep = deep_colour(image, file, header.orientation, on_white=False)
            if deep is not None:
                return to_stored(deep, header.orientation), header.orientation
        if image.mode in ("LA", "La"):
            array = _without_alpha(np.array(image.convert("LA")), path)[..., 0]
        elif image.mode in ("1", "L", "P", "PA", "I", "F"):
            array = label_values(image, header.bit_depth, by_colour)
        elif image.mode.startswith("I;16"):
            array = np.array(image).astype(np.uint16)
        else:
            # Straight from RGBA: pixels under full transparency keep the colour that they were given.
            array = np.array(image.convert("RGBA" if image.mode in ("RGBA", "RGBa") else "RGB"))
            array = _without_alpha(array, path) if array.shape[2] == 4 else array
        if image.format == "TIFF":
            array = to_stored(array, header.orientation)
        return np.ascontiguousarray(array), header.orientation


def _without_alpha(pixels: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """(H, W, C) without its last channel. Raises ``UserError`` where that is all that shows anything."""
    alpha, colours = pixels[..., -1], pixels[..., :-1]
    if alpha.size and (alpha != alpha[0, 0]).any() and (colours == colours[0, 0]).all():
        raise UserError(
            f"Only transparency shows a shape in “{path.name}”. Save it as black and white, without transparency."
        )
    return colours


def read_size(path: Path) -> tuple[int, int]:
    """Upright (width, height), from the header alone. Raises ``UserError`` like ``read_image``.

    A file that is cut short or damaged further on passes here and fails in ``read_image``.
    """
    with _opened(path) as (_, header, _file):
        return turned_size(header.stored_size, header.orientation)


def read_orientation(path: Path) -> int:
    """EXIF orientation 1 to 8, from the header alone. Raises ``UserError`` like ``read_image``."""
    with _opened(path) as (_, header, _file):
        return header.orientation


def read_thumbnail(path: Path, size: int) -> NDArray[np.uint8]:
    """The image, upright, shrunk so that its longer side is at most ``size``: (h, w, 3) uint8 RGB, C-contiguous.

    Smaller images come as they are. A JPEG is decoded at an eighth to a half of its size where that is enough. Raises
    ``UserError`` like ``read_image``.
    """
    with _opened(path) as (image, header, file):
        # The decoder's own halving aliases a little: give it twice the size and shrink the rest properly.
        image.draft("RGB", (2 * size, 2 * size))
        pixels = None
        if header.bit_depth <= 8 and image.format != "TIFF":
            stored = _large_png(image, header, file)
            if stored is None:
                image.load()
                stored = _to_rgb(image)
            pixels = from_stored(stored, header.orientation)
    if pixels is None:
        pixels = read_image(path).pixels
    height, width = pixels.shape[:2]
    scale = size / max(height, width)
    if scale < 1:
        shape = max(1, round(width * scale)), max(1, round(height * scale))
        pixels = np.ascontiguousarray(cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA))
    return pixels


def _large_png(image: Image.Image, header: _Header, file: IO[bytes]) -> NDArray[np.uint8] | None:
    """(H, W, 3) uint8 as stored, of a large opaque PNG; None for anything else, and where it is not whole.

    Pillow asks for a PNG's pixels in pieces of some kilobytes and needs Python's lock for each, so a thumbnail that is
    made beside a stroke would slow it. OpenCV takes the lock twice.
    """
    large = header.stored_size[0] * header.stored_size[1] >= _LARGE_PIXELS
    if image.format != "PNG" or not large or image.mode not in ("L", "P", "RGB") or "transparency" in image.info:
        return None
    if profile_of(image) is not None:
        return None
    here = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(here)
    if b"IEND" not in content[-_PNG_END:]:
        return None
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    return cast("NDArray[np.uint8] | None", cv2.imdecode(np.frombuffer(content, np.uint8), flags))


def fingerprint(path: Path) -> str:
    """SHA-256 of the file's content, 64 hex digits; reads in pieces. Raises ``UserError`` where it can't be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _cannot_open(path, error) from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Image.Image, _Header, IO[bytes]]]:
    """Open a file and read its header; everything that can go wrong, also in the block, becomes a ``UserError``."""
    try:
        file = open(path, "rb")  # noqa: SIM115  # closed below; opening fails in other words than reading
        start = file.read(132)
    except OSError as error:
        raise _cannot_open(path, error) from error
    with file:
        if not start:
            raise UserError(f"“{path.name}” is empty (0 bytes). Copy the image again from where it came from.")
        try:
            file.seek(0)
            with Image.open(file, formats=_FORMATS) as image:
                header = _header(image, start, file)
                _check_size(path, header.stored_size)
                yield image, header, file
        except UserError:
            raise
        except MemoryError as error:
            raise UserError(
                f"There isn't enough memory to open “{path.name}”. "
                "Close other programs, or save the image at a smaller size and use that."
            ) from error
        except _DAMAGED as error:
            raise _why(path, start, error) from error


def _header(image: Image.Image, start: bytes, file: IO[bytes]) -> _Header:
    stored_size = image.size
    bits, channels = {"1": 1, "F": 32, "I": 32}.get(image.mode, 16 if image.mode.startswith("I;16") else 8), 1
    tags = getattr(image, "tag_v2", None) if image.format == "TIFF" else None
    if tags is not None:
        stored_size = (int(tags[_WIDTH_TAG]), int(tags[_HEIGHT_TAG]))
        declared = tags.get(_BITS_TAG, (1,))
        bits, channels = int(declared[0] if isinstance(declared, tuple) else declared), int(tags.get(_SAMPLES_TAG, 1))
        return _Header(clean(tags.get(_ORIENTATION_TAG)), stored_size, bits, channels)
    if start.startswith(_PNG_SIGNATURE):
        bits, channels = start[24], {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(start[25], 1)
        if "exif" not in image.info:
            late = _png_exif(file)
            if late:
                image.info["exif"] = late
    try:
        # Not image.getexif(): for PNG that decodes all pixels first, to look for what _png_exif finds at once.
        orientation = clean(Image.Image.getexif(image).get(_ORIENTATION_TAG))
    except _DAMAGED:
        orientation = UPRIGHT
    return _Header(orientation, stored_size, bits, channels)


def _png_exif(file: IO[bytes]) -> bytes:
    """The content of a PNG's eXIf chunk, which may stand behind the pixels; leaves the file where it was."""
    here = file.tell()
    try:
        file.seek(len(_PNG_SIGNATURE))
        while len(head := file.read(8)) == 8:
            length = int.from_bytes(head[:4], "big")
            if head[4:] == b"eXIf":
                return b"Exif\0\0" + file.read(length)
            file.seek(length + 4, 1)
        return b""
    finally:
        file.seek(here)


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 of a loaded image of any mode but 16-bit grey; transparency on white."""
    if image.mode in ("I", "F"):
        values = np.asarray(image)
        return _grey_to_rgb(to_8bit(values, percentile_window(values)))
    profile = profile_of(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        lowest, highest = rgba.getchannel("A").getextrema()
        # Wholly transparent is a broken export, not an empty picture: show the colours that are there.
        if lowest == 255 or highest == 0:
            return _rgb_of(rgba, profile)
        return _rgb_of(Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba), profile)
    return _rgb_of(image, profile)


def _rgb_of(image: Image.Image, profile: Profile | None) -> NDArray[np.uint8]:
    """The colours of an image, (H, W, 3) uint8, by its ``profile`` sRGB, alpha dropped.

    In strips: in one go, copies on the way would hold a large image three times over.
    """
    width, height = image.size
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP_ROWS):
        bottom = min(top + _STRIP_ROWS, height)
        strip = image.crop((0, top, width, bottom))
        pixels[top:bottom] = np.asarray(strip.convert("RGB") if profile is None else profile.to_srgb(strip))
    return pixels


def _grey_to_rgb(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[..., None], 3, axis=2)


def _check_size(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise UserError(
            f"“{path.name}” declares a size of {width} × {height} pixels: the file is damaged. Copy it again."
        )
    if width * height > MAX_PIXELS:
        raise UserError(
            f"“{path.name}” declares {width} × {height} pixels, more than the {MAX_PIXELS // 1_000_000} megapixels "
            "that can be opened. Crop or shrink it in another program first."
        )


def _why(path: Path, start: bytes, error: BaseException) -> UserError:
    """What a failure of the decoder means to the user."""
    if isinstance(error, OSError) and error.errno is not None:
        return _cannot_open(path, error)
    text = str(error).lower()
    if any(word in text for word in ("truncated", "not enough", "unexpected end", "buffer is smaller", "eof")):
        return UserError(
            f"“{path.name}” is cut short: the end of the file is missing. Copy it again from where it came from."
        )
    if start[128:132] == b"DICM":
        return UserError(f"“{path.name}” is a DICOM file, which can't be opened yet. Export it as PNG or TIFF first.")
    if not start.startswith(_SIGNATURES):
        return UserError(f"“{path.name}” is not an image that can be opened. Save it as {_KNOWN} and use that.")
    if isinstance(error, UnidentifiedImageError):
        return UserError(
            f"“{path.name}” begins like an image but its header is damaged or of an unusual kind. "
            f"Copy it again, or save it as {_KNOWN} in another program."
        )
    return UserError(
        f"“{path.name}” is damaged and can't be decoded. Copy it again from where it came from, "
        "or save it anew in another program."
    )


def _cannot_open(path: Path, error: OSError) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError(
            f"“{path.name}” is no longer at {path.parent}. "
            "Put it back, or connect the drive or network folder it is on."
        )
    if isinstance(error, IsADirectoryError):
        return UserError(f"“{path.name}” is a folder, not an image. Choose the files inside it.")
    if isinstance(error, PermissionError):
        return UserError(f"You may not read “{path.name}”. Ask its owner for permission to read {path}.")
    return UserError(
        f"“{path.name}” can't be read ({error.strerror or error}). "
        "Check that its drive or network folder is connected, then try again."
    )
