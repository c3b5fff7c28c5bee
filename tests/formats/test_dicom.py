"""DICOM in: values, windows, frames and sizes of made-up files, and all of the real ones."""

import contextlib
import io
import struct
import subprocess
import sys
import tracemalloc
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from segstudio.domain.errors import UserError
from segstudio.formats import dicom
from segstudio.formats.detect import find_dataset
from segstudio.formats.dicom_file import is_dicom, read_dicom_frame, read_dicom_header
from tests.helpers.data import data_folder

# Of values in the real files that break the standard.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def write(path: Path, array: np.ndarray, syntax: Any = ExplicitVRLittleEndian, **more: Any) -> Path:
    """A file with one grey or colour picture, or with several grey ones: (H, W), (H, W, 3), (N, H, W)."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = "1.2.3"
    colour = array.shape[-1] == 3 and array.ndim == 3
    dataset.Rows, dataset.Columns = array.shape[:2] if colour or array.ndim == 2 else array.shape[1:]
    if array.ndim == 3 and not colour:
        dataset.NumberOfFrames = array.shape[0]
    dataset.SamplesPerPixel = 3 if colour else 1
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8 * array.dtype.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(array.dtype.kind == "i")
    dataset.PixelData = array.tobytes() if len(array.tobytes()) % 2 == 0 else array.tobytes() + b"\0"
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


RAMP = np.arange(48, dtype=np.uint16).reshape(6, 8) * 50


def test_grey_keeps_its_values(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", RAMP)
    frame = read_dicom_frame(path, 0)
    assert frame.dtype == np.uint16
    np.testing.assert_array_equal(frame, RAMP)
    np.testing.assert_array_equal(read_dicom_frame(write(tmp_path / "b.dcm", RAMP.astype(np.uint8)), 0), RAMP % 256)


def test_values_below_zero_are_raised(tmp_path: Path) -> None:
    signed = RAMP.astype(np.int16) - 1000
    path = write(tmp_path / "a.dcm", signed)
    np.testing.assert_array_equal(read_dicom_frame(path, 0).astype(int) - 32768, signed)


def test_black_on_white_is_turned_round(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", RAMP, PhotometricInterpretation="MONOCHROME1", BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(read_dicom_frame(path, 0), 4095 - RAMP)
    signed = np.arange(-4, 4, dtype=np.int8).reshape(2, 4)
    path = write(tmp_path / "b.dcm", signed, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_dicom_frame(path, 0).astype(int), 32767 - signed.astype(int))


def test_colour_comes_as_it_is(tmp_path: Path) -> None:
    colours = np.random.default_rng(1).integers(0, 255, (6, 8, 3), np.uint8)
    np.testing.assert_array_equal(read_dicom_frame(write(tmp_path / "a.dcm", colours), 0), colours)
    deep = colours.astype(np.uint16) * 256 + 9
    np.testing.assert_array_equal(read_dicom_frame(write(tmp_path / "b.dcm", deep), 0), colours)


def test_more_than_16_bits_are_stretched_over_all_frames(tmp_path: Path) -> None:
    values = np.array([[[1000, 2000]], [[3000, 5000]]], np.uint32)
    path = write(tmp_path / "a.dcm", values)
    assert read_dicom_frame(path, 0).tolist() == [[0, 16384]]
    assert read_dicom_frame(path, 1).tolist() == [[32768, 65535]]


@pytest.mark.parametrize(
    ("array", "more", "window"),
    [
        (RAMP, {"WindowCenter": 600, "WindowWidth": 1601}, (-200.5, 1399.5)),
        (RAMP, {"WindowCenter": [40, 80], "WindowWidth": [101, 5]}, (-10.5, 89.5)),
        (RAMP, {"WindowCenter": 40, "WindowWidth": 101, "RescaleSlope": 2, "RescaleIntercept": -9}, (-0.75, 49.25)),
        (RAMP.astype(np.int16), {"WindowCenter": 0.5, "WindowWidth": 201}, (32668, 32868)),
        (RAMP, {"WindowCenter": 100.5, "WindowWidth": 101, "PhotometricInterpretation": "MONOCHROME1"}, (65385, 65485)),
        (RAMP, {"WindowCenter": 600}, None),
        (RAMP, {"WindowCenter": 600, "WindowWidth": 0}, None),
        (RAMP, {}, None),
        (RAMP.astype(np.uint8), {"WindowCenter": 60, "WindowWidth": 10}, None),
    ],
)  # fmt: skip
def test_the_window_is_one_of_the_values_that_are_kept(
    tmp_path: Path, array: np.ndarray, more: dict[str, Any], window: tuple[float, float] | None
) -> None:
    assert read_dicom_header(write(tmp_path / "a.dcm", array, **more)).window_of(0) == window


@pytest.mark.parametrize(
    ("spacing", "size"),
    [([0.5, 0.5], 0.5), ([0.5, 0.7], 0.5), ([0.5, 0.01], None), ([0, 0], None), (None, None), ([0.3], None)],
)
def test_how_large_a_pixel_is(tmp_path: Path, spacing: list[float] | None, size: float | None) -> None:
    path = write(tmp_path / "a.dcm", RAMP, **({} if spacing is None else {"PixelSpacing": spacing}))
    assert read_dicom_header(path).mm_per_px == size


def test_pixels_that_are_no_squares_become_squares(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", RAMP, PixelSpacing=[0.5, 0.25], WindowCenter=600, WindowWidth=1601)
    write(tmp_path / "b.dcm", RAMP, PixelSpacing=[0.5, 0.5])
    write(tmp_path / "c.dcm", RAMP, PixelSpacing=[0.01, 0.5])
    found = find_dataset(tmp_path)
    assert [image.mm_per_px for image in found.images] == [0.25, 0.5, None]
    assert found.images[0].attributes["Pixel"] == "0.5 mm high, 0.25 mm wide in the file"
    assert "Pixel" not in found.images[1].attributes
    said = [note for note in found.notes if "not square" in note or "from square" in note]
    assert [note[:32] for note in said] == ["Pixels of 1 file are not square:", "Pixels of 1 file are so far from"]
    first, second, third = (image.pixels.read() for image in found.images if image.pixels)
    height, width = RAMP.shape
    assert (first.shape, first.dtype) == ((2 * height, width), RAMP.dtype)
    np.testing.assert_allclose(first.reshape(height, 2, width).mean(axis=1)[1:-1], RAMP[1:-1], atol=1)
    np.testing.assert_array_equal(second, RAMP)
    np.testing.assert_array_equal(third, RAMP)


@pytest.mark.parametrize(
    ("tags", "square", "size"),
    [
        ({"PixelAspectRatio": [2, 1]}, 2, None),
        ({"PixelAspectRatio": [2, 1], "PixelSpacing": [0.5, 0.5]}, 1, 0.5),
        ({"PixelAspectRatio": [1, 1]}, 1, None),
        ({"PixelAspectRatio": [0, 1]}, 1, None),
        ({"PixelAspectRatio": 2}, 1, None),
    ],
)
def test_pixels_of_a_known_shape_and_no_known_size_become_squares(
    tmp_path: Path, tags: dict[str, object], square: int, size: float | None
) -> None:
    write(tmp_path / "a.dcm", RAMP, **tags)
    (found,) = find_dataset(tmp_path).images
    assert found.pixels is not None
    assert found.pixels.read().shape == (square * RAMP.shape[0], RAMP.shape[1])
    assert found.mm_per_px == size


@pytest.mark.parametrize(("spacing", "square"), [([0.5, 0.2], (10, 50)), ([0.2, 0.5], (25, 20))])
def test_masks_of_either_size_belong_to_a_picture_that_has_square_pixels_now(
    tmp_path: Path, spacing: list[float], square: tuple[int, int]
) -> None:
    (tmp_path / "scans").mkdir()
    write(tmp_path / "scans" / "a.dcm", np.zeros((20, 10), np.uint8), PixelSpacing=spacing)
    mask = np.zeros((20, 10), np.uint8)
    mask[4:10, 2:8] = 255
    (tmp_path / "masks").mkdir()
    for size in ((10, 20), square):
        Image.fromarray(mask).resize(size, Image.Resampling.NEAREST).save(tmp_path / "masks" / "a.png")
        (found,) = find_dataset(tmp_path / "scans", tmp_path / "masks").images
        assert found.mask is not None
        assert found.pixels is not None
        assert found.pixels.read().shape == square[::-1]
        ids = found.mask.read(square, 1).ids
        assert ids.shape == square[::-1]
        # 36 pixels of 0.1 mm² each are 90 of 0.04 mm².
        assert ids.sum() == 90
    Image.fromarray(mask[:-1]).save(tmp_path / "masks" / "a.png")
    with pytest.raises(UserError, match="has 10 × 19 pixels"):
        found.mask.read(square, 1)


@pytest.mark.parametrize("upright", [True, False])
def test_a_mask_of_pixels_that_are_no_squares_is_enlarged_without_stairs(tmp_path: Path, upright: bool) -> None:
    folders = tmp_path / "scans", tmp_path / "masks"
    for folder in folders:
        folder.mkdir()
    y, x = np.mgrid[:180, :200]
    slopes = np.uint8(20 * (y > 20 + x / 5) + 30 * (y > 150 - x / 7))
    islands = np.uint8(10 * (np.random.default_rng(0).random((180, 200)) < 0.02))
    true = np.where(y < 18, islands, slopes)
    shown, spacing = (true, [0.6, 0.2]) if upright else (true.T, [0.2, 0.6])
    stored = shown[1::3] if upright else shown[:, 1::3]
    write(folders[0] / "a.dcm", np.zeros(stored.shape, np.uint8), PixelSpacing=spacing)
    Image.fromarray(stored).save(folders[1] / "a.png")
    (found,) = find_dataset(*folders).images
    assert found.mask is not None
    ids = found.mask.read((shown.shape[1], shown.shape[0]), 1).ids
    middles = ids[1::3] if upright else ids[:, 1::3]
    numbers = dict(zip(np.unique(stored).tolist(), np.unique(middles).tolist(), strict=True))
    meant = np.vectorize(numbers.get)(shown)
    np.testing.assert_array_equal(middles, meant[1::3] if upright else meant[:, 1::3])
    ids, meant = (ids, meant) if upright else (ids.T, meant.T)
    # Away from the edge, where a stair has no end, the slopes are drawn as if the rows between were known.
    np.testing.assert_array_equal((ids >= numbers[20])[:, 25:-25], (meant >= numbers[20])[:, 25:-25])


@pytest.mark.parametrize("signed", [0, 1])
def test_values_in_the_upper_bits_of_their_words_are_moved_down(tmp_path: Path, signed: int) -> None:
    values = np.array([[0, 1, 100], [2047, 2048, 4095]], np.uint16)
    right = np.array([[0, 1, 100], [2047, -2048, -1]]) + 32768 if signed else values
    for name, array, high in (("low", values, 11), ("high", values << 4 | 9, 15), ("middle", values << 2, 13)):
        path = write(tmp_path / f"{name}.dcm", array, BitsStored=12, HighBit=high, PixelRepresentation=signed)
        np.testing.assert_array_equal(read_dicom_frame(path, 0), right)
    path = write(tmp_path / "a.dcm", values << 4, BitsStored=12, HighBit=15, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_dicom_frame(path, 0), 4095 - values)


@pytest.mark.parametrize(("kind", "slope", "turned"), [("1", 2, True), ("1", -2, False), ("2", -2, True)])
def test_what_is_darker_the_higher_it_is_is_turned_round(tmp_path: Path, kind: str, slope: int, turned: bool) -> None:
    path = write(
        tmp_path / "a.dcm", RAMP, PhotometricInterpretation=f"MONOCHROME{kind}", RescaleSlope=slope,
        RescaleIntercept=-slope * 1000, WindowCenter=0.5, WindowWidth=401,
    )  # fmt: skip
    np.testing.assert_array_equal(read_dicom_frame(path, 0), 65535 - RAMP if turned else RAMP)
    assert read_dicom_header(path).window_of(0) == ((64435, 64635) if turned else (900, 1100))


def test_several_pictures_in_a_file_are_several_images(tmp_path: Path) -> None:
    frames = np.stack([RAMP, RAMP + 1, RAMP + 2])
    write(tmp_path / "scan.dcm", frames, PatientID="Smith^John", PixelSpacing=[0.5, 0.5])
    found = find_dataset(tmp_path)
    assert found.layout == "DICOM"
    assert [image.pixels.name for image in found.images if image.pixels] == [
        "scan_frame_0001.png",
        "scan_frame_0002.png",
        "scan_frame_0003.png",
    ]
    for image, frame in zip(found.images, frames, strict=True):
        assert image.pixels is not None
        np.testing.assert_array_equal(image.pixels.read(), frame)
    assert len({image.patient for image in found.images}) == 1
    assert "Smith" not in repr(found)
    assert found.images[0].mm_per_px == 0.5
    assert "A pixel is 0.5 mm large." in found.notes


def test_files_of_one_patient_belong_together_and_nobody_is_named(tmp_path: Path) -> None:
    for name, own in (("a", "Smith^John"), ("b", "Smith^Jane"), ("c", " Smith^John "), ("d", ""), ("e", "")):
        write(tmp_path / f"{name}.dcm", RAMP, PatientID=own)
    patients = [image.patient for image in find_dataset(tmp_path).images]
    assert patients[0] == patients[2] != patients[1]
    assert None not in patients[:3]
    assert patients[3:] == [None, None], "two of whom nothing is known are not one"
    assert "Smith" not in repr(patients)


@pytest.mark.parametrize("bits", [8, 16])
def test_numbers_of_colours_become_these_colours(tmp_path: Path, bits: int) -> None:
    table = np.array([[0, 0, 0], [250, 10, 20], [30, 240, 40], [50, 60, 230]], np.uint16) * (256 if bits == 16 else 1)
    names = ("Red", "Green", "Blue")
    more: dict[str, Any] = {f"{name}PaletteColorLookupTableDescriptor": [4, 0, bits] for name in names}
    kind = np.uint16 if bits == 16 else np.uint8
    more |= {f"{name}PaletteColorLookupTableData": table[:, i].astype(kind).tobytes() for i, name in enumerate(names)}
    numbers = np.array([[0, 1, 2, 3], [3, 2, 1, 0]], np.uint8)
    path = write(tmp_path / "a.dcm", numbers, PhotometricInterpretation="PALETTE COLOR", **more)
    frame = read_dicom_frame(path, 0)
    assert frame.dtype == np.uint8
    np.testing.assert_array_equal(frame, (table // (256 if bits == 16 else 1))[numbers])


def test_files_are_called_by_the_whole_of_their_names(tmp_path: Path) -> None:
    files = ["IM.1", "IM.2", "1.2.840.7", "1.2.840.8", "scan.dcm", "scan.ima"]
    for name in files:
        write(tmp_path / name, RAMP)
    found = {image.image.name: image.pixels.name for image in find_dataset(tmp_path).images if image.pixels}
    assert found == {name: f"{name}.png" for name in files}


def test_only_a_mask_that_is_of_no_other_file_is_taken(tmp_path: Path) -> None:
    for series in ("a", "b"):
        (tmp_path / "scans" / series).mkdir(parents=True)
        write(tmp_path / "scans" / series / "IM1.dcm", RAMP)
    write(tmp_path / "scans" / "IM2.dcm", RAMP)
    (tmp_path / "masks").mkdir()
    for name in ("IM1", "IM1_2", "b_IM1", "IM2"):
        Image.new("L", (8, 6)).save(tmp_path / "masks" / f"{name}.png")
    found = find_dataset(tmp_path / "scans", tmp_path / "masks")
    masks = {str(image.image.relative_to(tmp_path)): image.mask and image.mask.files[0].name for image in found.images}
    assert masks == {"scans/a/IM1.dcm": None, "scans/b/IM1.dcm": "b_IM1.png", "scans/IM2.dcm": "IM2.png"}
    assert "1 of 3 images has no mask." in found.notes
    assert "2 of 4 masks fit no image for certain, for example “IM1.png”, “IM1_2.png”." in found.notes
    # A series alone is not given what may be another's.
    assert [each.mask for each in find_dataset(tmp_path / "scans" / "a", tmp_path / "masks").images] == [None]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"Rows": 60000, "Columns": 60000}, "declares 1 pictures of 60000 × 60000 pixels"),
        ({"NumberOfFrames": 10**9}, "declares 1000000000 pictures"),
        ({"SamplesPerPixel": 2}, "2 values of 16 bits"),
        ({"Modality": "SEG"}, "holds a segmentation"),
        ({"Rows": None}, "damaged header"),
    ],
)
def test_a_header_that_makes_no_sense_is_a_sentence(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "a.dcm", RAMP, **more)
    with pytest.raises(UserError, match=said):
        read_dicom_header(path)
    with pytest.raises(UserError, match=said):
        read_dicom_frame(path, 0)


def test_a_file_that_is_cut_short_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", np.zeros((50, 50), np.uint16))
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(UserError, match="damaged"):
        read_dicom_frame(path, 0)
    with pytest.raises(UserError, match="ends before frame 4"):
        read_dicom_frame(write(tmp_path / "b.dcm", RAMP), 3)


def test_a_broken_file_costs_that_file_whatever_is_broken(tmp_path: Path) -> None:
    content = write(tmp_path / "good.dcm", RAMP).read_bytes()
    # The number of rows: 28 00 10 00, its kind, the length of its value in two bytes, its value.
    rows = content.index(b"\x28\x00\x10\x00US") + 6
    (tmp_path / "odd_length.dcm").write_bytes(
        content[:rows] + b"\1\0" + content[rows + 2 : rows + 3] + content[rows + 4 :]
    )
    (tmp_path / "cut_in_a_length.dcm").write_bytes(content[: rows + 1])
    deflated = write(tmp_path / "deflated.dcm", RAMP, DeflatedExplicitVRLittleEndian)
    deflated.write_bytes(deflated.read_bytes()[:-30])
    found = find_dataset(tmp_path)
    assert [image.image.name for image in found.images] == ["good.dcm"]
    assert {skipped.path.name for skipped in found.skipped} == {path.name for path in tmp_path.iterdir()} - {"good.dcm"}
    assert all(skipped.path.name in skipped.why for skipped in found.skipped)


def test_no_cut_through_a_file_is_more_than_a_sentence(tmp_path: Path) -> None:
    content = write(tmp_path / "a.dcm", RAMP, WindowCenter=600, WindowWidth=100, PatientID="x").read_bytes()
    path = tmp_path / "cut.dcm"
    for length in range(132, len(content), 3):
        path.write_bytes(content[:length])
        for read in (read_dicom_header, lambda cut: read_dicom_frame(cut, 0)):
            with contextlib.suppress(UserError):
                read(path)


def test_what_the_decoders_say_of_a_file_goes_to_nobody(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", RAMP, PixelData=RAMP.tobytes() + bytes(128))
    # In a process of its own: the tests have imported pydicom before anybody could quieten it.
    code = (
        "import logging; from pathlib import Path; logging.basicConfig(level=logging.INFO)\n"
        "from segstudio.formats.dicom_file import read_dicom_frame\n"
        f"print(read_dicom_frame(Path({str(path)!r}), 0).shape)\n"
        "logging.getLogger('pydicom.pixels').error('PatientName')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout.strip(), done.stderr) == ("(6, 8)", "")


def test_files_without_pictures_are_skipped_with_a_reason(tmp_path: Path) -> None:
    path = write(tmp_path / "report.dcm", RAMP, Modality="SR")
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    with pytest.raises(UserError, match=r"holds no picture \(it is of the kind SR\)"):
        find_dataset(tmp_path)
    write(tmp_path / "I0001", RAMP)
    found = find_dataset(tmp_path)
    assert [skipped.path.name for skipped in found.skipped] == ["report.dcm"]
    assert [image.image.name for image in found.images] == ["I0001"]


@pytest.mark.skipif(find_spec("jpeg_ls") is not None, reason="the codec that is to be missing is installed")
def test_a_codec_that_is_not_there_says_what_to_install(tmp_path: Path) -> None:
    pixels = pydicom.encaps.encapsulate([b"\0" * 64])
    path = write(tmp_path / "a.dcm", RAMP, JPEGLSLossless, PixelData=pixels)
    with pytest.raises(UserError, match=r"JPEG-LS .*pip install pyjpegls"):
        read_dicom_header(path)


def test_a_picture_inside_that_is_larger_than_declared_is_not_decoded(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("L", (500, 400)).save(content, "JPEG")
    pixels = pydicom.encaps.encapsulate([content.getvalue()])
    path = write(tmp_path / "a.dcm", np.zeros((6, 8), np.uint8), JPEGBaseline8Bit, PixelData=pixels)
    with pytest.raises(UserError, match="8 × 6 pixels, but the picture inside has 500 × 400"):
        read_dicom_frame(path, 0)


def test_what_is_no_dicom(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"short")
    (tmp_path / "b").write_bytes(b"x" * 500)
    assert not is_dicom(tmp_path / "a.dcm")
    assert not is_dicom(tmp_path / "b")
    assert not is_dicom(tmp_path / "gone")
    assert not dicom.recognises(tmp_path)
    (tmp_path / "c.dcm").write_bytes(b"x" * 5000)
    with pytest.raises(UserError, match=r"c\.dcm"):
        find_dataset(tmp_path)


def test_the_real_files() -> None:
    folder = data_folder("dicom")
    found = find_dataset(folder)
    assert found.layout == "DICOM"
    files = {image.image for image in found.images}
    skipped = {skipped.path for skipped in found.skipped}
    assert len(files) + len(skipped) == 64
    reasons = " ".join(skipped.why for skipped in found.skipped)
    assert reasons.count("holds no picture") == 2
    readable, failed = 0, []
    for image in found.images:
        assert image.pixels is not None
        try:
            pixels = image.pixels.read()
        except UserError as error:
            failed.append(str(error))
        else:
            readable += 1
            assert pixels.dtype in (np.uint8, np.uint16)
            assert pixels.dtype == np.uint8 or pixels.ndim == 2
    assert len(failed) == 3
    assert readable == len(found.images) - 3
    plain = read_dicom_frame(folder / "MR_small.dcm", 0)
    for twin in ("RLE", "bigendian", "expb", "implicit", "jp2klossless", "padded"):
        np.testing.assert_array_equal(read_dicom_frame(folder / f"MR_small_{twin}.dcm", 0), plain)
    raw = pydicom.dcmread(folder / "MR_small.dcm")
    np.testing.assert_array_equal(plain.astype(int) - 32768, raw.pixel_array)
    assert read_dicom_header(folder / "MR_small.dcm").window_of(0) == (32568.0, 34167.0)
    assert read_dicom_header(folder / "CT_small.dcm").mm_per_px == pytest.approx(0.661468)


def item(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def window_item(center: float, width: float) -> Dataset:
    return item(FrameVOILUTSequence=[item(WindowCenter=center, WindowWidth=width)])


def test_each_frame_has_its_own_window(tmp_path: Path) -> None:
    frames = np.stack([RAMP, RAMP, RAMP])
    scale = item(PixelValueTransformationSequence=[item(RescaleSlope=2, RescaleIntercept=-9)])
    own = [window_item(40.5, 101), item(), window_item(600.5, 1601)]
    own[0].PixelValueTransformationSequence = scale.PixelValueTransformationSequence
    whole = {"WindowCenter": 100.5, "WindowWidth": 101}
    write(tmp_path / "a.dcm", frames, PerFrameFunctionalGroupsSequence=own, **whole)
    found = [
        image.pixels.window for image in find_dataset(tmp_path).images if isinstance(image.pixels, dicom.DicomFrame)
    ]
    assert found == [(-0.5, 49.5), (50, 150), (-200, 1400)]
    shared = [window_item(200.5, 101)]
    path = write(tmp_path / "a.dcm", frames, SharedFunctionalGroupsSequence=shared, **whole)
    assert [read_dicom_header(path).window_of(index) for index in range(3)] == [(150, 250)] * 3
    path = write(
        tmp_path / "a.dcm", frames, SharedFunctionalGroupsSequence=shared, PerFrameFunctionalGroupsSequence=own
    )
    assert [read_dicom_header(path).window_of(index) for index in range(3)] == [(-0.5, 49.5), (150, 250), (-200, 1400)]


@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_table_of_what_is_shown_says_what_is_black_and_white(tmp_path: Path, as_bytes: bool) -> None:
    shown = np.clip(np.arange(1000) - 200, 0, 500).astype("<u2")
    table = item(LUTDescriptor=[1000, 100, 16])
    table.add_new("LUTData", "OW" if as_bytes else "US", shown.tobytes() if as_bytes else shown.tolist())
    path = write(tmp_path / "a.dcm", RAMP, VOILUTSequence=[table])
    assert read_dicom_header(path).window_of(0) == (300, 800)
    path = write(tmp_path / "a.dcm", RAMP, VOILUTSequence=[table], WindowCenter=100.5, WindowWidth=101)
    assert read_dicom_header(path).window_of(0) == (50, 150)
    table.LUTData = b"\0" if as_bytes else 3
    assert read_dicom_header(write(tmp_path / "a.dcm", RAMP, VOILUTSequence=[table])).window_of(0) is None


def folded(path: Path, more: int) -> Path:
    """A small deflated picture with ``more`` MiB of zeros behind it."""
    write(path, RAMP, DeflatedExplicitVRLittleEndian)
    content = path.read_bytes()
    start = 144 + int(pydicom.filereader.read_file_meta_info(path).FileMetaInformationGroupLength)
    squeezing = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    out = squeezing.compress(zlib.decompress(content[start:], -zlib.MAX_WBITS))
    out += b"".join(squeezing.compress(bytes(2**20)) for _ in range(more)) + squeezing.flush()
    path.write_bytes(content[:start] + out)
    return path


def test_a_deflated_file_that_holds_more_than_it_declares_is_not_unfolded(tmp_path: Path) -> None:
    path = folded(tmp_path / "a.dcm", 300)
    tracemalloc.start()
    with pytest.raises(UserError, match="holds more than the pictures that it declares"):
        read_dicom_header(path)
    with pytest.raises(UserError, match="holds more than the pictures that it declares"):
        read_dicom_frame(path, 0)
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()
    np.testing.assert_array_equal(read_dicom_frame(folded(tmp_path / "b.dcm", 0), 0), RAMP)


def test_a_large_deflated_picture_is_read(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 4, (2000, 3000), np.uint16)
    path = write(tmp_path / "a.dcm", picture, DeflatedExplicitVRLittleEndian)
    np.testing.assert_array_equal(read_dicom_frame(path, 0), picture)


def in_runs(path: Path, array: np.ndarray, runs: bytes) -> Path:
    """A file of run lengths that come to more, or less, than its size."""
    dataset = pydicom.dcmread(write(path, array))
    dataset.file_meta.TransferSyntaxUID = RLELossless
    dataset.PixelData = encapsulate([struct.pack("<16L", 1, 64, *[0] * 14) + runs])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_runs_that_come_to_more_than_a_file_declares_are_not_unfolded(tmp_path: Path) -> None:
    bytes_ = RAMP.astype(np.uint8)
    path = in_runs(tmp_path / "a.dcm", bytes_, b"\x81\x00" * 2_000_000)
    tracemalloc.start()
    with pytest.raises(UserError, match="holds more than the picture that it declares"):
        read_dicom_frame(path, 0)
    assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    tracemalloc.stop()
    plain = in_runs(tmp_path / "b.dcm", bytes_, b"\x2f" + bytes_.tobytes())
    np.testing.assert_array_equal(read_dicom_frame(plain, 0), bytes_)
