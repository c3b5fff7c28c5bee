"""One DICOM file (DICOM PS3): what its header says, and its pictures as pixels that a PNG can hold.

The header is looked at before anything is decoded: how many pixels it declares, and whether what they are compressed
by can be undone here.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import logging
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.domain.errors import UserError
from segstudio.formats.dicom_unfolding import DEFLATED, RUN_LENGTHS, check_runs, check_unfolds
from segstudio.formats.squaring import square_size
from segstudio.imaging.reader import MAX_PIXELS
from segstudio.imaging.spacing import as_square, is_oblong, read_sides, told_aspect
from segstudio.imaging.window import Window

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# pydicom is imported where it is used: most projects never need it, and start-up would wait for it.

# Both are about values that break the standard, as files of all makers have them; what matters is checked here. A level
# would not last: pydicom sets its own when it is imported. What it says names values, which may be a patient's.
logging.getLogger("pydicom").propagate = False
logging.getLogger("pydicom").addHandler(logging.NullHandler())
warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.")

_DEFERRED = 4096
_MOST_FRAMES = 100_000
_JPEG = "1.2.840.10008.1.2.4."
_OTHER_FORM = "or have it saved uncompressed (“Explicit VR Little Endian”)"
_PACKAGES = {
    "80": "pyjpegls", "81": "pyjpegls", "201": "pylibjpeg pylibjpeg-openjpeg", "202": "pylibjpeg pylibjpeg-openjpeg",
    "203": "pylibjpeg pylibjpeg-openjpeg", "90": "pylibjpeg pylibjpeg-openjpeg", "91": "pylibjpeg pylibjpeg-openjpeg",
}  # fmt: skip
_TROUBLE = (
    ValueError, TypeError, AttributeError, KeyError, IndexError, OSError, RuntimeError, NotImplementedError,
    OverflowError, EOFError, ArithmeticError, SyntaxError, struct.error, zlib.error,
)  # fmt: skip
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DicomHeader:
    """What matters of a file's header.

    ``windows`` are (black, white) in the values of ``read_dicom_frame``, None where the file has none: one for each
    frame, or one for all of them. Where pixels are
    not square (``oblong``), ``square`` is the (width, height) that the picture has with square ones, None if the file
    can't be right; ``mm_per_px`` is of these, None where nobody says how large they are. ``patient`` is a hash: the
    same for images of one patient, and nobody's name; a project salts it.
    """

    frames: int
    width: int
    height: int
    bits: int
    modality: str
    windows: tuple[Window | None, ...]
    mm_per_px: float | None
    patient: str | None
    described: dict[str, str]
    oblong: bool = False
    square: tuple[int, int] | None = None

    def window_of(self, index: int) -> Window | None:
        """That of frame ``index``, from 0 on."""
        return self.windows[index if len(self.windows) > 1 else 0]


def is_dicom(path: Path) -> bool:
    """Whether a file has DICOM's mark, or its ending where the mark is left out; never raises."""
    try:
        with open(path, "rb") as file:
            start = file.read(132)
    except OSError:
        return False
    return start[128:] == b"DICM" or (path.suffix.lower() in (".dcm", ".dicom") and len(start) == 132)


def read_dicom_header(path: Path) -> DicomHeader:
    """Read and check a header. Raises ``UserError``, with what to do, for a file whose pictures can't be had."""
    with _trouble(path):
        dataset = _dataset(path)
        _check_pictures(path, dataset)
        frames, width, height = _declared(path, dataset)
        _check_codec(path, dataset)
        sides = read_sides(path)
        shape = sides or told_aspect(dataset)
        square = square_size((width, height), shape)
        return DicomHeader(
            frames,
            width,
            height,
            int(dataset.BitsStored),
            str(dataset.get("Modality", "")),
            _windows(dataset, frames),
            as_square(sides) if square is None or sides is None else min(sides),
            _patient(dataset),
            _described(dataset, sides),
            is_oblong(shape),
            square,
        )
    raise AssertionError


def read_dicom_frame(path: Path, index: int) -> NDArray[Any]:
    """Frame ``index``, from 0 on: (H, W) uint8 or uint16 grey, or (H, W, 3) uint8 RGB.

    Grey keeps its stored values. Those that may be below 0 are raised by 32768; where higher ones are darker, they are
    turned round; more than 16 bits are stretched to 16 from the file's lowest to its highest. Raises ``UserError``.
    """
    from pydicom.pixels import pixel_array

    with _trouble(path):
        dataset = _dataset(path)
        _check_pictures(path, dataset)
        frames, width, height = _declared(path, dataset)
        if index >= frames:
            raise UserError(f"“{path.name}” ends before frame {index + 1}; that frame was left out.")
        _check_frame(path, dataset, index, frames, (width, height))
        bits, spare = int(dataset.BitsStored), _spare_bits(dataset)
        # Until it is asked for all of the word, pydicom takes the lower bits of it.
        dataset.BitsStored = bits + spare
        array = np.asarray(pixel_array(dataset, index=index))
        dataset.BitsStored = bits
        return _as_picture(path, dataset, array >> spare)
    raise AssertionError


def _spare_bits(dataset: Dataset) -> int:
    """How many low bits of a word are of no value, where values fill its upper ones, as old scanners wrote them."""
    allocated, spare = int(dataset.BitsAllocated), int(dataset.get("HighBit", 0)) + 1 - int(dataset.BitsStored)
    is_plain = allocated in (8, 16) and not dataset.file_meta.TransferSyntaxUID.is_encapsulated
    return spare if is_plain and 0 < spare <= allocated - int(dataset.BitsStored) else 0


@contextlib.contextmanager
def _trouble(path: Path) -> Iterator[None]:
    """What pydicom and its decoders raise becomes a sentence, what nobody knows of them is logged, too."""
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"“{path.name}” is no longer in {path.parent}. Put it back, or connect its drive.") from error
    except MemoryError as error:
        raise UserError(f"There isn't enough memory to read “{path.name}”. Close other programs.") from error
    except Exception as error:
        if not _is_known(error):
            log.exception("%s could not be read", path)
        raise UserError(
            f"“{path.name}” is damaged, or of a kind that can't be decoded. Copy it again, {_OTHER_FORM} by the "
            "program that it comes from."
        ) from error


def _is_known(error: Exception) -> bool:
    """Whether it is what damaged files come to."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    return isinstance(error, (*_TROUBLE, BytesLengthException, InvalidDicomError))


def _dataset(path: Path) -> Dataset:
    import pydicom

    check_unfolds(path)
    return pydicom.dcmread(path, force=True, defer_size=_DEFERRED)


def _check_pictures(path: Path, dataset: Dataset) -> None:
    modality = str(dataset.get("Modality", ""))
    if modality == "SEG":
        raise UserError(f"“{path.name}” holds a segmentation and no picture, so it is skipped.")
    if "PixelData" not in dataset or "Rows" not in dataset:
        what = f" (it is of the kind {modality})" if modality else ""
        raise UserError(f"“{path.name}” holds no picture{what}, so it is skipped.")
    if "TransferSyntaxUID" not in getattr(dataset, "file_meta", {}):
        raise UserError(f"“{path.name}” does not say how its pixels are coded: export it again with its header.")


def _declared(path: Path, dataset: Dataset) -> tuple[int, int, int]:
    """(frames, width, height), plausible."""
    try:
        frames, width, height = int(dataset.get("NumberOfFrames") or 1), int(dataset.Columns), int(dataset.Rows)
        samples, bits = int(dataset.SamplesPerPixel), int(dataset.BitsAllocated)
    except (TypeError, ValueError, AttributeError):
        raise UserError(f"“{path.name}” has a damaged header: its size can't be told. Export it again.") from None
    if not 0 < frames <= _MOST_FRAMES or width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise UserError(f"“{path.name}” declares {frames} pictures of {width} × {height} pixels and was not read.")
    if samples not in (1, 3) or bits not in (1, 8, 16, 32):
        raise UserError(f"“{path.name}” has {samples} values of {bits} bits a pixel, which can't be shown.")
    return frames, width, height


def _check_codec(path: Path, dataset: Dataset) -> None:
    from pydicom.pixels import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_compressed or syntax == DEFLATED:
        return
    decoder = get_decoder(syntax)
    # Pillow reads this kind, too, but only of 8 bits.
    deep = syntax == f"{_JPEG}51" and int(dataset.BitsStored) > 8
    if not decoder.is_available or (deep and decoder.available_plugins == ("pillow",)):
        ending = str(syntax).removeprefix(_JPEG)
        package = _PACKAGES.get(ending, "pylibjpeg pylibjpeg-libjpeg")
        raise UserError(
            f"“{path.name}” is compressed as {syntax.name}, which can't be undone here yet. "
            f"Install what can (pip install {package}), {_OTHER_FORM}."
        )


def _check_frame(path: Path, dataset: Dataset, index: int, frames: int, size: tuple[int, int]) -> None:
    """Whether a JPEG inside is of the size that the header around it declares: its decoder goes by its own."""
    from pydicom.encaps import get_frame

    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax != RUN_LENGTHS and not syntax.startswith(_JPEG):
        return
    content = get_frame(dataset.PixelData, index, number_of_frames=frames)
    if syntax == RUN_LENGTHS:
        check_runs(path, content, size[0] * size[1] * int(dataset.SamplesPerPixel) * int(dataset.BitsAllocated) // 8)
        return
    try:
        with Image.open(io.BytesIO(content)) as image:
            own = image.size
    except (OSError, SyntaxError, ValueError):
        return
    if own != size:
        raise UserError(
            f"“{path.name}” says that it has {size[0]} × {size[1]} pixels, but the picture inside has "
            f"{own[0]} × {own[1]}. It was not read; export it again."
        )


def _as_picture(path: Path, dataset: Dataset, array: NDArray[Any]) -> NDArray[Any]:
    from pydicom.pixels import apply_color_lut

    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        array = np.asarray(apply_color_lut(array, dataset))
        return _eight_bits(array, 8 * array.dtype.itemsize)
    bits = int(dataset.BitsStored)
    if array.ndim == 3:
        return _eight_bits(array, bits)
    dark = _is_negative(dataset)
    if bits > 16:
        low, high = _span(path, path.stat().st_mtime_ns)
        grey = ((array.astype(np.float64) - low) * (65535 / max(high - low, 1))).round().astype(np.uint16)
        return 65535 - grey if dark else grey
    if array.dtype.kind == "i":
        array = (array.astype(np.int32) + 32768).clip(0, 65535).astype(np.uint16)
    if bits == 1:
        array = array.astype(np.uint8) * 255
    array = array.astype(np.uint8 if array.dtype.itemsize == 1 else np.uint16)
    return np.asarray(_highest(dataset) - array, array.dtype) if dark else array


def _is_negative(dataset: Dataset) -> bool:
    """Whether higher stored values are darker: by the kind of grey, or by a rescaling that turns them round."""
    is_turned = (_first(dataset, "RescaleSlope") or 1.0) < 0
    return bool((dataset.PhotometricInterpretation == "MONOCHROME1") is not is_turned)


def _highest(dataset: Dataset) -> int:
    """The highest value that grey pixels can have."""
    bits = int(dataset.BitsStored)
    if dataset.PixelRepresentation:  # raised to 16 bits, however few they have
        return 65535
    return 255 if bits <= 8 else (1 << bits) - 1


def _eight_bits(array: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray((array >> max(0, bits - 8)).astype(np.uint8))


@functools.lru_cache(maxsize=8)
def _span(path: Path, _changed: int) -> tuple[float, float]:
    """The lowest and highest value in all frames of a file."""
    from pydicom.pixels import iter_pixels

    low, high = np.inf, -np.inf
    for frame in iter_pixels(path):
        low, high = min(low, float(frame.min())), max(high, float(frame.max()))
    return low, high


def _windows(dataset: Dataset, frames: int) -> tuple[Window | None, ...]:
    """One for each frame where the file says something of each (PS3.3 C.7.6.16.2.10), else one for all."""
    own = _read(lambda: list(dataset.get("PerFrameFunctionalGroupsSequence") or ())) or []
    shared = _read(lambda: list(dataset.get("SharedFunctionalGroupsSequence") or ())) or []
    if not own:
        return (_window(dataset, shared[:1]),)
    return tuple(_window(dataset, [*own[index : index + 1], *shared[:1]]) for index in range(frames))


def _window(dataset: Dataset, groups: Sequence[Dataset]) -> Window | None:
    """The first window (PS3.3 C.11.2.1.2), back from what rescaling made of the stored values.

    What stands in ``groups`` comes before what the file says of itself.
    """
    bits = int(dataset.BitsStored)
    told = [*_in_groups(groups, "FrameVOILUTSequence"), dataset]
    edges = next((found for one in told if (found := _edges(one) or _read(partial(_lut_edges, one)))), None)
    if edges is None or not 8 < bits <= 16 or int(dataset.SamplesPerPixel) != 1:
        return None
    scale = next(iter(_in_groups(groups, "PixelValueTransformationSequence")), dataset)
    slope = _first(scale, "RescaleSlope") or 1.0
    intercept = _first(scale, "RescaleIntercept") or 0.0
    offset = 32768 if dataset.PixelRepresentation else 0
    black, white = sorted((edge - intercept) / slope + offset for edge in edges)
    if _is_negative(dataset):
        black, white = _highest(dataset) - white, _highest(dataset) - black
    return (black, white) if black < white else None


def _in_groups(groups: Sequence[Dataset], sequence: str) -> list[Dataset]:
    """The first item of a sequence in each of ``groups`` that has it."""
    found = (_read(lambda group=group: group.get(sequence)[0]) for group in groups)  # type: ignore[misc]
    return [item for item in found if item is not None]


def _edges(dataset: Dataset) -> Window | None:
    """What is shown as black and as white by a window's centre and width."""
    center, width = _first(dataset, "WindowCenter"), _first(dataset, "WindowWidth")
    if center is None or width is None or width < 1:
        return None
    half = max(width - 1, 1) / 2
    return center - 0.5 - half, center - 0.5 + half


def _lut_edges(dataset: Dataset) -> Window | None:
    """The same by a table of what each value is shown as (PS3.3 C.11.2.1.1), of which only the two ends are kept.

    Raises whatever a damaged table comes to.
    """
    table = _read(lambda: dataset.get("VOILUTSequence")[0])
    if table is None:
        return None
    count, first, data = int(table.LUTDescriptor[0]) or 65536, int(table.LUTDescriptor[1]), table.LUTData
    if isinstance(data, bytes):
        data = np.frombuffer(data, np.uint8 if len(data) < 2 * count else "<u2")
    shown = np.asarray(data)[:count]
    if len(shown) < 2 or shown[-1] <= shown[0]:
        return None
    black, white = np.flatnonzero(shown <= shown[0])[-1], np.flatnonzero(shown >= shown.max())[0]
    return (float(first + black), float(first + white)) if black < white else None


def _first(dataset: Dataset, keyword: str) -> float | None:
    from pydicom.multival import MultiValue

    value = _read(lambda: dataset.get(keyword))
    if isinstance(value, MultiValue):
        value = value[0] if len(value) else None
    number = _read(lambda: float(value))
    return number if number is not None and np.isfinite(number) else None


def _patient(dataset: Dataset) -> str | None:
    own = str(_read(lambda: dataset.get("PatientID")) or "").strip()
    return hashlib.sha256(own.encode()).hexdigest()[:16] if own else None


def _described(dataset: Dataset, sides: tuple[float, float] | None) -> dict[str, str]:
    """What is known of the picture in words; nothing that names a person. ``sides`` are a pixel's, in mm."""
    known = {"Modality": "Modality", "Body part": "BodyPartExamined", "Sex": "PatientSex", "Age": "PatientAge"}
    said = {name: str(_read(lambda key=keyword: dataset.get(key)) or "").strip() for name, keyword in known.items()}  # type: ignore[misc]
    if sides is not None and is_oblong(sides):
        said["Pixel"] = f"{sides[0]:g} mm high, {sides[1]:g} mm wide in the file"
    return {name: value for name, value in said.items() if value}


def _read(call: Callable[[], Any]) -> Any:
    """A value that the standard allows to be missing, and makers to be wrong."""
    try:
        return call()
    except Exception as error:
        if not _is_known(error):
            raise
        return None
