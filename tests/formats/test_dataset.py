from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.domain.errors import UserError
from segstudio.formats.dataset import Dataset, FoundClass, FoundImage, FoundMask, FoundSegment, Layer, inside
from segstudio.formats.file_mask import FileMask


def test_objects_of_a_class_are_alike_as_class_ids() -> None:
    ids = np.array([[0, 7, 8], [9, 9, 60000]], np.uint16)
    mask = FoundMask(ids, (FoundSegment(7, 1, 1), FoundSegment(8, 1, 2), FoundSegment(9, 3)))
    assert mask.class_ids().tolist() == [[0, 1, 1], [3, 3, 0]]
    assert FoundMask(ids).class_ids() is ids


def test_another_layer_takes_the_place_of_the_masks_and_back(tmp_path: Path) -> None:
    images = (FoundImage(tmp_path / "a.png", FileMask(tmp_path / "m.png")), FoundImage(tmp_path / "b.png"))
    other = Layer("colours", (FoundClass(1, "red"), FoundClass(2, "")), (None, FileMask(tmp_path / "c.png")))
    found = Dataset("folder", images, (FoundClass(1, "lesion"),), layer="lesion", layers=(other,))
    assert (found.with_mask, found.names_classes, found.choose("lesion") is found) == (1, True, True)
    chosen = found.choose("colours")
    assert (chosen.layer, chosen.names_classes) == ("colours", False)
    assert [image.mask and image.mask.files[0].name for image in chosen.images] == [None, "c.png"]
    assert chosen.choose("lesion") == found
    with pytest.raises(KeyError):
        found.choose("roi")
    assert not replace(found, classes=()).names_classes


@pytest.mark.parametrize("name", ["a.png", "sub/a.png", "sub\\a.png", "sub/../a.png"])
def test_names_inside_a_folder(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name).is_relative_to(tmp_path)


@pytest.mark.parametrize("name", ["../a.png", "/etc/passwd", "sub/../../a.png", "..\\a.png"])
def test_names_that_lead_out_of_a_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="outside"):
        inside(tmp_path, name)


def test_a_link_that_leads_out_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "out").symlink_to(tmp_path)
    with pytest.raises(UserError, match="outside"):
        inside(tmp_path / "in", "out/a.png")


@pytest.mark.parametrize("name", ["a\0b.png", "loop", "loop/a.png", "\ud800.png"])
def test_what_is_no_name_for_a_file_leads_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UserError, match="outside"):
        inside(tmp_path, name)


@pytest.mark.parametrize("name", ["//server/share/a.png", "\\\\server\\share\\a.png", "/etc/a.png", "sub/../../a.png"])
def test_the_disk_is_not_asked_of_a_name_that_leads_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Windows signs on to a computer that is only looked at."""
    asked: list[Path] = []
    monkeypatch.setattr(Path, "resolve", lambda self, strict=False: asked.append(self) or self)
    with pytest.raises(UserError, match="outside"):
        inside(tmp_path, name)
    assert asked == [tmp_path]


def saved(path: Path, array: np.ndarray, mode: str | None = None) -> FileMask:
    image = Image.fromarray(array)
    (image if mode is None else image.convert(mode)).save(path)
    return FileMask(path)


def test_what_masks_in_files_say(tmp_path: Path) -> None:
    square = np.zeros((4, 6), np.uint8)
    square[1:3, 2:5] = 1
    black_white = saved(tmp_path / "255.png", square * 255)
    zero_one = saved(tmp_path / "1.png", square)
    one_bit = saved(tmp_path / "bit.bmp", square * 255, "1")
    rgba = saved(tmp_path / "rgba.png", np.dstack([square * 255] * 3 + [np.full_like(square, 255)]))
    for mask in (black_white, zero_one, one_bit, rgba):
        read = mask.read((6, 4), 1)
        assert read.ids.dtype == np.uint16
        assert np.array_equal(read.ids, square), mask.path.name
    palette = Image.fromarray(square * 3)
    palette.putpalette([0, 0, 0, 9, 9, 9, 200, 0, 0, 0, 200, 0])
    palette.save(tmp_path / "palette.png")
    assert np.array_equal(FileMask(tmp_path / "palette.png").read((6, 4), 1).ids, square * 3)
    assert np.array_equal(FileMask(tmp_path / "palette.png", binary=True).read((6, 4), 1).ids, square)
    with pytest.raises(UserError, match="6 × 4"):
        black_white.read((5, 4), 1)


def test_masks_that_are_not_one_region(tmp_path: Path) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[2:10, 2:10] = 255

    def said(name: str) -> tuple[str, ...]:
        Image.fromarray(mask).save(tmp_path / name)
        return FileMask(tmp_path / name, binary=True, one_region=True).read((30, 20), 1).oddities

    assert said("whole.png") == ()
    mask[4:6, 4:6] = 0
    assert said("hole.png") == ("“hole.png” has a hole; it is taken as it is.",)
    mask[15:18, 20:25] = 255
    mask[7, 7] = 0
    assert said("both.png") == ("“both.png” has 2 regions and 2 holes; it is taken as it is.",)
    mask[:] = 0
    assert said("none.png") == ("“none.png” is empty.",)
