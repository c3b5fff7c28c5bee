"""Masks of several classes, by value, colour and number, on real folders and on small ones that hold each oddity."""

import contextlib
import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes
from segstudio.formats import class_maps
from segstudio.formats.class_lists import Listed, find_class_list, read_class_list
from segstudio.formats.dataset import Dataset, FoundImage, FoundMask
from segstudio.formats.detect import find_dataset
from segstudio.formats.file_mask import FileMask
from segstudio.formats.png import read_mask
from segstudio.formats.survey import survey
from segstudio.imaging.cv import cv2
from segstudio.imaging.reader import read_orientation, read_size
from tests.helpers.data import data_folder
from tests.imaging.images import packed_png

RED, BLUE, BLACK = (200, 10, 10), (0, 0, 255), (0, 0, 0)


def folder_of(root: Path, *masks: np.ndarray, name: str = "masks", suffix: str = "png") -> Path:
    """Grey images and masks of their size, in folders of their own."""
    (root / "images").mkdir(exist_ok=True)
    (root / name).mkdir()
    for number, mask in enumerate(masks):
        Image.new("L", mask.shape[1::-1], 80).save(root / "images" / f"{number}.png")
        Image.fromarray(mask).save(root / name / f"{number}.{suffix}")
    return root


def read(found: FoundImage) -> FoundMask:
    assert found.mask is not None
    return found.mask.read(read_size(found.image), read_orientation(found.image))


def stripes(*values: int | tuple[int, int, int], dtype: type = np.uint8) -> np.ndarray:
    """Columns of one value or colour each, ten pixels wide."""
    return np.repeat(np.repeat(np.array([values], dtype), 10, axis=1), 20, axis=0)


def columns(found: FoundImage) -> list[int]:
    return [int(value) for value in read(found).class_ids()[0, ::10]]


def named(dataset: Dataset) -> list[tuple[str, str]]:
    return [(known.name, known.kind) for known in dataset.classes]


def test_values_named_by_a_list_of_which_none_is_background(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(0, 1, 2, 1))
    (tmp_path / "labels.json").write_text(json.dumps({"0": "Sky", "1": "Road", "2": "Unlabelled"}))
    found = find_dataset(tmp_path)
    assert found.layout == "class maps"
    assert named(found) == [("Sky", "stuff"), ("Road", "stuff"), ("Unlabelled", "void")]
    assert columns(found.images[0]) == [1, 2, 3, 2]
    assert any("not judged" in note for note in found.notes)


def test_values_named_by_a_list_with_a_background(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(0, 5, 7, 255))
    (tmp_path / "labels.json").write_text(json.dumps({"0": "null", "5": "coat", "7": "hat"}))
    found = find_dataset(tmp_path)
    assert named(found) == [("coat", "stuff"), ("hat", "stuff")]
    assert columns(found.images[0]) == [0, 1, 2, 0]


def test_255_is_the_void_class_where_there_is_one(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(0, 1, 2, 255))
    (tmp_path / "classes.txt").write_text("background\ncoat\nhat\nvoid\n")
    assert columns(find_dataset(tmp_path).images[0]) == [0, 1, 2, 3]


def test_values_that_the_list_does_not_name(tmp_path: Path) -> None:
    few = stripes(0, 1, 2, 2)
    few[0, 15] = 9
    folder_of(tmp_path, few, stripes(0, 1, 9, 9))
    (tmp_path / "labels.json").write_text(json.dumps(["background", "coat", "hat"]))
    found = find_dataset(tmp_path)
    assert "Values that “labels.json” does not name are in the masks: 9." in found.notes
    assert columns(found.images[0]) == [0, 1, 2, 2]
    assert read(found.images[0]).ids[0, 15] == 0
    with pytest.raises(UserError, match=r"has values \(9\)"):
        read(found.images[1])


def test_values_that_nothing_names(tmp_path: Path) -> None:
    found = find_dataset(folder_of(tmp_path, stripes(0, 1, 3, 255)))
    assert named(found) == [("", "stuff"), ("", "stuff"), ("", "stuff"), ("void", "void")]
    assert columns(found.images[0]) == [0, 1, 3, 4]
    assert any("name them" in note for note in found.notes)


def test_one_class_is_named_by_a_list(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(0, 1, 0))
    assert find_dataset(tmp_path).layout == "folder"
    (tmp_path / "masks" / "labels.json").write_text('{"0": "background", "1": "lesion"}')
    found = find_dataset(tmp_path)
    assert named(found) == [("lesion", "stuff")]
    assert columns(found.images[0]) == [0, 1, 0]


def test_a_palette_counts_by_its_indices(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(0, 1, 2))
    image = Image.fromarray(stripes(0, 2, 1)).convert("P")
    image.putpalette([9, 9, 9, 200, 0, 0, 0, 0, 200])
    image.save(tmp_path / "masks" / "0.png")
    assert columns(find_dataset(tmp_path).images[0]) == [0, 2, 1]


def test_coloured_masks_list_their_colours_to_be_named(tmp_path: Path) -> None:
    found = find_dataset(folder_of(tmp_path, stripes(BLACK, RED, RED, BLUE)))
    assert [(known.name, known.color) for known in found.classes] == [("#c80a0a", RED), ("#0000ff", BLUE)]
    assert columns(found.images[0]) == [0, 1, 1, 2]
    assert "Each colour of the masks is a class: #c80a0a (50.0 %), #0000ff (25.0 %)." in found.notes[0]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("label_colors.txt", "# comment\n200 10 10\t\tAnimal\n0 0 255 Road Surface\n0 0 0 Void\n"),
        ("class_dict.csv", "name,r,g,b\nAnimal,200,10,10\nRoad Surface,0,0,255\nVoid,0,0,0\n"),
        ("labelmap.txt", "Animal 200 10 10\nRoad Surface 0 0 255\nVoid 0 0 0\n"),
        ("palette.json", '{"Animal": [200, 10, 10], "Road Surface": [0, 0, 255], "Void": "#000000"}'),
        ("classes.json", '[{"name": "Animal", "color": "#c80a0a"}, {"name": "Road Surface", "color": [0, 0, 255]}, '
         '{"name": "Void", "color": [0, 0, 0]}]'),
    ],
)  # fmt: skip
def test_lists_of_colours(tmp_path: Path, file: str, text: str) -> None:
    folder_of(tmp_path, stripes(BLACK, RED, RED, BLUE))
    (tmp_path / file).write_text(text)
    found = find_dataset(tmp_path)
    assert named(found) == [("Animal", "stuff"), ("Road Surface", "stuff"), ("Void", "void")]
    assert columns(found.images[0]) == [3, 1, 1, 2]


def test_colours_that_jpeg_blurred_are_told_apart(tmp_path: Path) -> None:
    found = find_dataset(folder_of(tmp_path, stripes(BLACK, RED, RED, BLUE), suffix="bmp"))
    expected = read(found.images[0]).ids
    Image.fromarray(stripes(BLACK, RED, RED, BLUE)).save(tmp_path / "masks" / "0.jpg", quality=95, subsampling=0)
    (tmp_path / "masks" / "0.bmp").unlink()
    found = find_dataset(tmp_path)
    assert len(found.classes) == 2
    np.testing.assert_array_equal(read(found.images[0]).ids, expected)


@pytest.mark.parametrize("list_file", [False, True])
@pytest.mark.parametrize("quality", [60, 90])
def test_what_jpeg_mixes_along_edges_is_no_class_of_its_own(tmp_path: Path, quality: int, list_file: bool) -> None:
    ids = np.zeros((300, 400), np.uint16)
    ids[20:150, 30:200], ids[150:281, 200:371], ids[60:120, 250:350] = 1, 2, 3
    colours = np.array([BLACK, RED, (30, 200, 30), BLUE], np.uint8)
    folder_of(tmp_path, ids.astype(np.uint8))
    (tmp_path / "masks" / "0.png").unlink()
    Image.fromarray(colours[ids]).save(tmp_path / "masks" / "0.jpg", quality=quality)
    if list_file:
        (tmp_path / "label_colors.txt").write_text("200 10 10 a\n30 200 30 b\n0 0 255 c\n")
    found = find_dataset(tmp_path)
    assert len(found.classes) == 3
    read_back = read(found.images[0]).ids
    numbers = [0, *(np.bincount(read_back[ids == value]).argmax() for value in (1, 2, 3))]
    assert sorted(numbers) == [0, 1, 2, 3]
    assert np.mean(read_back == np.array(numbers)[ids]) > 0.999


def test_a_coloured_mask_with_other_colours_is_a_sentence(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(BLACK, RED, BLUE))
    (tmp_path / "label_colors.txt").write_text("200 10 10 Animal\n")
    found = find_dataset(tmp_path)
    assert any("#0000ff" in note for note in found.notes)
    with pytest.raises(UserError, match="#0000ff"):
        read(found.images[0])
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "masks" / "0.png")
    Image.new("L", (300, 300)).save(tmp_path / "images" / "0.png")
    with pytest.raises(UserError, match="photograph"):
        read(found.images[0])


def test_sixteen_bit_values_are_classes_where_they_are_few(tmp_path: Path) -> None:
    found = find_dataset(folder_of(tmp_path, stripes(0, 300, 7, 60000, dtype=np.uint16)))
    assert [known.name for known in found.classes] == ["value 7", "value 300", "value 60000"]
    assert columns(found.images[0]) == [0, 2, 1, 3]


def test_sixteen_bit_values_number_objects_where_they_are_many(tmp_path: Path) -> None:
    found = find_dataset(folder_of(tmp_path, stripes(*range(200), dtype=np.uint16)))
    assert named(found) == [("object", "thing")]
    mask = read(found.images[0])
    assert mask.ids.max() == 199
    assert (len(mask.segments), mask.segments[4].name) == (199, "object 5")
    assert set(columns(found.images[0])) == {0, 1}


@pytest.mark.parametrize(
    "mask",
    [
        stripes(0, 1),
        stripes(0, 255),
        cv2.blur(stripes(0, 255), (3, 3)),
        cv2.resize(stripes(*range(256)), (256, 20)),
        stripes(0, 1).astype(bool),
        stripes(BLACK, (255, 255, 255)),
    ],
)
def test_black_and_white_is_left_to_others(tmp_path: Path, mask: np.ndarray) -> None:
    assert not class_maps.recognises(folder_of(tmp_path, mask))


def test_several_folders_of_masks_are_layers(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(0, 1, 2), name="masks_class")
    folder_of(tmp_path, stripes(0, 255, 255), name="masks_person")
    (tmp_path / "labels.json").write_text('["background", "coat", "hat"]')
    found = find_dataset(tmp_path)
    assert (found.layer, [layer.name for layer in found.layers]) == ("masks_class", ["masks_person"])
    assert columns(found.images[0]) == [0, 1, 2]
    assert columns(found.choose("masks_person").images[0]) == [0, 1, 1]
    assert [image.image.parent.name for image in found.images] == ["images"]
    assert find_dataset(tmp_path, tmp_path / "masks_person").layout == "folder"


@pytest.mark.parametrize(
    "text",
    ["", "{", "5", '{"0": 1.5}', '{"a": 1, "b": 1}', '{"a": -4}', '{"a": 99999}', '[{"id": 1}]', "[null]", '{"0": ""}'],
)
def test_a_list_that_makes_no_sense_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(UserError, match=r"labels\.json"):
        read_class_list(tmp_path / "labels.json")


def test_a_line_without_end_holds_nobody_up(tmp_path: Path) -> None:
    """While it is taken apart, the window stands still."""
    path = tmp_path / "labels.txt"
    for line in ("sky" + " 1" * 8000 + " 2 sea 3", "sky" + " " * 60_000 + "sea"):
        path.write_text(line)
        begun = time.perf_counter()
        with contextlib.suppress(UserError):
            read_class_list(path)
        assert time.perf_counter() - begun < 3


def test_lists_of_other_forms(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("0: sky\n1: road\n")
    assert read_class_list(path) == (Listed(0, "sky"), Listed(1, "road"))
    path.write_text("1 2 3\n")
    with pytest.raises(UserError, match="has no name"):
        read_class_list(path)
    assert find_class_list(tmp_path / "nowhere", tmp_path) == path
    (tmp_path / "labels.json").write_text('{"classes": ["a", "b"]}')
    assert read_class_list(tmp_path / "labels.json") == (Listed(0, "a"), Listed(1, "b"))


def test_masks_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(0, 1, 2))
    (tmp_path / "masks" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert survey(sorted((tmp_path / "masks").iterdir())).kind == "values"
    assert survey([tmp_path / "masks" / "broken.png"]).kind == "unknown"


def test_camvid() -> None:
    folder = data_folder("camvid")
    found = find_dataset(folder)
    assert (len(found.images), found.with_mask) == (60, 60)
    assert named(found)[0] == ("Sky", "stuff")
    assert named(found)[-1] == ("Unlabelled", "void")
    for image in found.images[::10]:
        raw = np.asarray(Image.open(folder / "masks" / image.image.name))
        np.testing.assert_array_equal(read(image).class_ids(), raw.astype(np.uint16) + 1)


def test_ccp() -> None:
    folder = data_folder("ccp")
    found = find_dataset(folder)
    assert (found.layer, len(found.classes), found.with_mask) == ("masks_class", 58, 200)
    for image in found.images[::40]:
        raw = np.asarray(Image.open(folder / "masks_class" / f"{image.image.stem}.png"))
        np.testing.assert_array_equal(read(image).class_ids(), raw)
    person = found.choose("masks_person").images[0]
    raw = np.asarray(Image.open(folder / "masks_person" / f"{person.image.stem}.png"))
    np.testing.assert_array_equal(read(person).class_ids() > 0, raw > 127)


def _with_palette(path: Path, values: np.ndarray, palette: list[tuple[int, int, int]]) -> None:
    image = Image.fromarray(values.astype(np.uint8), "P")
    image.putpalette([part for color in palette for part in color])
    image.save(path)


def test_palettes_in_another_order_in_each_mask_count_by_their_colours(tmp_path: Path) -> None:
    shown = stripes(0, 1, 2, 0)
    folder_of(tmp_path, shown, shown, shown)
    colours = [BLACK, RED, BLUE]
    for number, order in enumerate(([0, 1, 2], [2, 0, 1], [1, 2, 0])):
        _with_palette(tmp_path / "masks" / f"{number}.png", np.argsort(order)[shown], [colours[i] for i in order])
    found = find_dataset(tmp_path)
    assert {known.color for known in found.classes} == {RED, BLUE}
    numbers = {known.color: known.id for known in found.classes}
    for image in found.images:
        assert columns(image) == [0, numbers[RED], numbers[BLUE], 0]


def test_palettes_of_what_is_shown_alone_count_by_their_colours(tmp_path: Path) -> None:
    shown = stripes(0, 1)
    folder_of(tmp_path, shown, shown)
    for number, color in enumerate((RED, BLUE)):
        _with_palette(tmp_path / "masks" / f"{number}.png", shown, [BLACK, color])
    found = find_dataset(tmp_path)
    assert sorted(columns(image)[1] for image in found.images) == [1, 2]


def test_a_class_whose_colour_was_changed_keeps_its_value(tmp_path: Path) -> None:
    shown = stripes(0, 1, 2)
    folder_of(tmp_path, shown, shown)
    for number, color in enumerate((RED, (0, 99, 0))):
        _with_palette(tmp_path / "masks" / f"{number}.png", shown, [BLACK, color, BLUE, BLACK])
    assert [columns(image) for image in find_dataset(tmp_path).images] == [[0, 1, 2]] * 2


def test_a_palette_among_coloured_masks_counts_by_its_colours(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(BLACK, RED, BLUE), stripes(BLACK, RED, BLUE))
    _with_palette(tmp_path / "masks" / "1.png", stripes(2, 0, 1), [RED, BLUE, BLACK])
    first, second = find_dataset(tmp_path).images
    assert columns(first) == columns(second) != [0, 0, 0]


def test_a_palette_that_was_not_looked_at_and_has_another_order_is_refused(tmp_path: Path) -> None:
    folder_of(tmp_path, *[stripes(0, 1, 2)] * 50)
    for number in range(50):
        order = [BLACK, RED, BLUE] if number != 1 else [BLACK, BLUE, RED]
        _with_palette(tmp_path / "masks" / f"{number}.png", stripes(0, 1, 2), order)
    images = find_dataset(tmp_path).images
    assert columns(images[0]) == [0, 1, 2]
    with pytest.raises(UserError, match="in another order"):
        read(images[1])


@pytest.mark.parametrize("shades", [(0, 128, 255), (0, 127, 255), (0, 85, 170, 255), (0, 50, 150, 200)])
def test_classes_that_are_spread_over_the_greys_are_not_made_one(tmp_path: Path, shades: tuple[int, ...]) -> None:
    found = find_dataset(folder_of(tmp_path, stripes(*shades), stripes(0, 0, shades[1])))
    assert named(found) == [(f"value {shade}", "stuff") for shade in shades[1:]]
    assert columns(found.images[0]) == list(range(len(shades)))


@pytest.mark.parametrize("scale", [2, 3])
def test_soft_edges_are_no_classes(tmp_path: Path, scale: int) -> None:
    rng = np.random.default_rng(0)
    fine = np.uint8(255 * (rng.random((90, 120)) > 0.8).repeat(scale + 1, axis=0).repeat(scale + 1, axis=1))
    mask = np.array(Image.fromarray(fine).reduce(scale))
    assert len(np.unique(mask)) > 2
    found = find_dataset(folder_of(tmp_path, mask))
    assert found.layout == "folder"
    np.testing.assert_array_equal(read(found.images[0]).ids, mask > 127)
    assert not read(found.images[0]).oddities


def test_soft_edges_of_16_bits_that_end_at_255_number_no_objects(tmp_path: Path) -> None:
    hard = np.kron(stripes(0, 255, 0), np.ones((3, 3), np.uint8))
    mask = cv2.GaussianBlur(hard, (0, 0), 3)
    found = find_dataset(
        folder_of(tmp_path, mask.astype(np.uint16), hard.astype(np.uint16), hard.astype(np.uint16) * 0)
    )
    assert found.layout == "folder"
    np.testing.assert_array_equal(read(found.images[0]).ids, mask > 127)
    np.testing.assert_array_equal(read(found.images[1]).ids, hard > 0)


def test_very_many_classes_of_8_bits_are_named_by_a_list(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(*range(100)), stripes(*range(100, 151)))
    (tmp_path / "labels.json").write_text(json.dumps({str(n): f"class {n}" if n else "background" for n in range(151)}))
    first, second = find_dataset(tmp_path).images
    assert columns(first) == list(range(100))
    assert columns(second) == list(range(100, 151))


def test_classes_that_were_not_looked_at_are_told(tmp_path: Path) -> None:
    folder_of(tmp_path, *[stripes(0, 255, 255)] * 11, stripes(0, 128, 255), *[stripes(0, 255, 255)] * 2)
    found = find_dataset(tmp_path)
    assert found.layout == "folder"
    assert "several shades (128, 255)" in read(found.images[11]).oddities[0]


def test_void_that_was_not_looked_at_is_not_the_object(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(0, 1, 255))
    for binary in (False, True):
        mask = FileMask(tmp_path / "masks" / "0.png", binary=binary).read((30, 20), 1)
        np.testing.assert_array_equal(mask.ids[0, ::10], [0, 1, 0])
        assert "1 and 255" in mask.oddities[0]
    for bits in (np.uint8, np.uint16):
        Image.fromarray(stripes(0, 1, 255).astype(bits)).save(tmp_path / "a.png")
        upright = read_mask(tmp_path / "a.png", (30, 20), 1, make_classes(["lesion"]))
        np.testing.assert_array_equal(upright[0, ::10], [0, 1, 0])


def test_stray_ones_in_black_and_white_are_no_object(tmp_path: Path) -> None:
    mask = stripes(0, 255)
    mask[0, 0] = 1
    folder_of(tmp_path, mask)
    np.testing.assert_array_equal(FileMask(tmp_path / "masks" / "0.png").read((20, 20), 1).ids, mask > 127)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("classes.csv", "id,name\n1,coat\n2,hat\n"),
        ("classes.csv", "name,id\ncoat,1\nhat,2\n"),
        ("classes.csv", "class_id,class_name,r,g,b\n0,background,0,0,0\n1,coat,200,10,10\n2,hat,0,0,255\n"),
        ("labels.csv", "thing,r,g,b\nbackground,0,0,0\ncoat,200,10,10\nhat,0,0,255\n"),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncoat:200,10,10::\nhat:0,0,255::\n"),
    ],
)
def test_headings_are_no_class(tmp_path: Path, file: str, text: str) -> None:
    folder_of(tmp_path, stripes(0, 1, 2))
    (tmp_path / file).write_text(text)
    found = find_dataset(tmp_path)
    assert named(found) == [("coat", "stuff"), ("hat", "stuff")]
    assert columns(found.images[0]) == [0, 1, 2]


def test_colours_that_are_nearly_alike_are_two_classes_where_nothing_is_blurred(tmp_path: Path) -> None:
    found = find_dataset(folder_of(tmp_path, stripes(BLACK, RED, (200, 30, 10), BLUE)))
    assert len(found.classes) == 3
    assert sorted(columns(found.images[0])) == [0, 1, 2, 3]


def test_a_colour_that_several_classes_have_is_told(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(BLACK, RED, BLUE))
    (tmp_path / "label_colors.txt").write_text("200 10 10 Animal\n200 10 10 Plant\n0 0 255 Sky\n")
    assert any("several classes one colour (#c80a0a)" in note for note in find_dataset(tmp_path).notes)


@pytest.mark.parametrize("bits", [2, 4])
def test_black_and_white_in_few_bits_is_one_object(tmp_path: Path, bits: int) -> None:
    most = (1 << bits) - 1
    folder_of(tmp_path, stripes(0, 1), stripes(1, 0))
    for number, columns_of in enumerate([(0, most), (most, 0)]):
        (tmp_path / "masks" / f"{number}.png").write_bytes(packed_png(stripes(*columns_of), bits))
    found = find_dataset(tmp_path)
    assert (found.layout, found.classes, [columns(image) for image in found.images]) == ("folder", (), [[0, 1], [1, 0]])
    # Nobody would list a white for an object that has another number.
    (tmp_path / "labels.json").write_text(json.dumps({"1": "lesion"}))
    assert [columns(image) for image in find_dataset(tmp_path).images] == [[0, 1], [1, 0]]
    (tmp_path / "labels.json").write_text(json.dumps({str(most): "lesion"}))
    assert named(find_dataset(tmp_path)) == [("lesion", "stuff")]
    assert [columns(image) for image in find_dataset(tmp_path).images] == [[0, 1], [1, 0]]


def test_white_of_few_bits_is_a_number_where_other_masks_have_more(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(0, 1), stripes(1, 0))
    for number, ids in enumerate([(0, 3), (1, 2)]):
        (tmp_path / "masks" / f"{number}.png").write_bytes(packed_png(stripes(*ids), 2))
    found = find_dataset(tmp_path)
    assert (found.layout, [columns(image) for image in found.images]) == ("class maps", [[0, 3], [1, 2]])


def test_white_of_few_bits_is_white_beside_coloured_masks(tmp_path: Path) -> None:
    folder_of(tmp_path, stripes(RED, BLACK), stripes(BLACK, (255, 255, 255)))
    (tmp_path / "masks" / "1.png").write_bytes(packed_png(stripes(0, 15), 4))
    found = find_dataset(tmp_path)
    assert [columns(image) for image in found.images] == [[1, 0], [0, 2]]
    assert [known.color for known in found.classes] == [RED, (255, 255, 255)]
