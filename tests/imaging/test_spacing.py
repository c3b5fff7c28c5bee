"""The size of a pixel by the file."""

from __future__ import annotations

import pytest

from segstudio.imaging.spacing import as_square, is_oblong, read_sides
from tests.helpers.data import data_folder

pydicom = pytest.importorskip("pydicom")


def write(path, **tags):
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    made = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    for name, value in tags.items():
        setattr(made, name, value)
    made.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"PixelSpacing": [0.02, 0.02]}, 0.02),
        ({"PixelSpacing": [0.02, 0.03]}, None),
        ({"PixelSpacing": [0, 0]}, None),
        ({"NominalScannedPixelSpacing": [0.05, 0.05]}, 0.05),
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.09, 0.09]}, 0.09),
        ({"PatientName": "A"}, None),
    ],
)
def test_what_a_header_says(tmp_path, tags, expected):
    assert as_square(read_sides(write(tmp_path / "a.dcm", **tags))) == expected


def test_other_files_say_nothing(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG" + b"\0" * 200)
    assert read_sides(tmp_path / "a.png") is None
    assert read_sides(tmp_path / "gone.dcm") is None
    (tmp_path / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x07" * 40)
    assert read_sides(tmp_path / "broken.dcm") is None


def test_real_files():
    assert as_square(read_sides(data_folder("dicom") / "CT_small.dcm")) == pytest.approx(0.661468)


def test_only_sizes_can_be_no_square():
    assert is_oblong((0.5, 0.25))
    assert not any(is_oblong(sides) for sides in (None, (0.5, 0.501), (0.0, 0.5), (float("nan"), 0.5)))


def test_files_of_many_frames_say_it_of_all_of_them(tmp_path):
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing = [0.5, 0.25]
    shared.PixelMeasuresSequence = Sequence([measures])
    path = write(tmp_path / "a.dcm", SharedFunctionalGroupsSequence=Sequence([shared]), ImagerPixelSpacing=[1, 1])
    assert read_sides(path) == (0.5, 0.25)
    for empty in (Sequence(), Sequence([Dataset()])):
        assert read_sides(write(tmp_path / "b.dcm", SharedFunctionalGroupsSequence=empty)) is None
