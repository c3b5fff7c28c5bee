"""Masks out in every format, and back in, pixel by pixel."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, PngImagePlugin

from segstudio.domain.segments import ClassSpec, make_classes
from segstudio.formats.coco_writer import CocoInstances, CocoPanoptic
from segstudio.formats.dataset import Dataset
from segstudio.formats.detect import find_dataset
from segstudio.formats.export_formats import FORMATS, PLAIN, format_called
from segstudio.formats.mask_formats import MaskFormat, MaskToWrite
from segstudio.formats.writing import write_whole
from segstudio.imaging.orientation import from_stored
from segstudio.imaging.reader import read_orientation, read_size
from tests.imaging.images import colours, with_orientation

THREE = make_classes(["hair", "skin", "glare"], void=["glare"])
NAMED = [known for known in FORMATS if known.shared]


def write(
    folder: Path, known: MaskFormat, masks: list[np.ndarray], classes: tuple[ClassSpec, ...], turn: int = 1
) -> None:
    """Images in ``folder/images`` and upright ``masks`` of them in ``folder/out``."""
    (folder / "images").mkdir(parents=True)
    entries = []
    for number, mask in enumerate(masks, start=1):
        stored = colours(*mask.shape if turn < 5 else mask.shape[::-1])
        with_orientation(folder / "images" / f"{number}.png", stored, turn)
        to_write = MaskToWrite(number, str(number), f"{number}.png", mask, turn)
        made = known.encode(to_write, classes)
        entries.append(made.entry)
        file = known.file_of(to_write.stem)
        assert (file is None) == (made.content is None)
        if file is not None:
            write_whole(folder / "out" / file, made.content)
    for name, content in known.about_all(entries, classes).items():
        write_whole(folder / "out" / name, content)


def masks_of(found: Dataset) -> list[np.ndarray]:
    return [
        each.mask.read(read_size(each.image), read_orientation(each.image)).class_ids()
        for each in found.images
        if each.mask is not None
    ]


def patchwork() -> np.ndarray:
    """(24, 36) of four classes without any symmetry, with specks, a hole and corners that touch."""
    mask = np.zeros((24, 36), np.uint16)
    mask[2:9, 3:20], mask[4:6, 6:9] = 1, 0
    mask[9:12, 20:30], mask[15, 1], mask[23, 35] = 2, 2, 2
    mask[14:23, 10:14], mask[20, 30:36] = 3, 3
    return mask


@pytest.mark.parametrize("known", NAMED, ids=lambda known: known.key)
@pytest.mark.parametrize("turn", range(1, 9))
def test_masks_and_names_come_back(tmp_path: Path, known: MaskFormat, turn: int) -> None:
    masks = [patchwork(), patchwork()[::-1].copy(), np.where(patchwork() == 3, 0, patchwork()).astype(np.uint16)]
    write(tmp_path, known, masks, THREE, turn)
    found = find_dataset(tmp_path / "images", tmp_path / "out")
    assert [(each.name, each.kind == "void") for each in found.classes] == [
        ("hair", False),
        ("skin", False),
        ("glare", True),
    ]
    for read, mask in zip(masks_of(found), masks, strict=True):
        np.testing.assert_array_equal(read, mask)


@pytest.mark.parametrize("known", NAMED, ids=lambda known: known.key)
@pytest.mark.parametrize("name", ["none", "background", "Unknown", "void", "glare (not judged)", "glare", "null"])
@pytest.mark.parametrize("void", [False, True])
def test_a_class_is_judged_or_not_whatever_it_is_called(
    tmp_path: Path, known: MaskFormat, name: str, void: bool
) -> None:
    write(tmp_path, known, [patchwork()], make_classes(["hair", name, "skin"], void=[name] if void else []))
    found = find_dataset(tmp_path / "images", tmp_path / "out")
    assert [(each.name, each.kind == "void") for each in found.classes] == [
        ("hair", False),
        (name, void),
        ("skin", False),
    ]
    (read,) = masks_of(found)
    np.testing.assert_array_equal(read, patchwork())


def test_what_older_programs_exported_goes_by_names(tmp_path: Path) -> None:
    write(tmp_path, format_called("class-map"), [patchwork()], THREE)
    names = {"0": "background", "1": "none", "2": "unknown", "3": "glare (not judged)"}
    (tmp_path / "out" / "labels.json").write_text(json.dumps(names))
    found = find_dataset(tmp_path / "images", tmp_path / "out")
    assert [(each.name, each.kind) for each in found.classes] == [("unknown", "void"), ("glare", "void")]


@pytest.mark.parametrize("known", NAMED, ids=lambda known: known.key)
def test_one_class_comes_back(tmp_path: Path, known: MaskFormat) -> None:
    mask = (patchwork() == 1).astype(np.uint16)
    write(tmp_path, known, [mask], make_classes(["lesion"]))
    found = find_dataset(tmp_path / "images", tmp_path / "out")
    assert [each.name for each in found.classes] == ["lesion"]
    np.testing.assert_array_equal(masks_of(found)[0], mask)


def test_plain_masks_come_back_by_number(tmp_path: Path) -> None:
    mask = patchwork()
    write(tmp_path, format_called("png"), [mask], THREE)
    found = find_dataset(tmp_path / "images", tmp_path / "out")
    assert [each.id for each in found.classes] == [1, 2, 3]
    np.testing.assert_array_equal(masks_of(found)[0], mask)


@pytest.mark.parametrize("known", [CocoInstances(), CocoPanoptic()], ids=lambda known: known.key)
@given(arrays(np.uint16, (7, 9), elements=st.integers(0, 3)))
def test_any_mask_goes_through_coco(
    tmp_path_factory: pytest.TempPathFactory, known: MaskFormat, mask: np.ndarray
) -> None:
    folder = tmp_path_factory.mktemp("coco")
    write(folder, known, [mask], THREE)
    found = find_dataset(folder / "images", folder / "out")
    read = masks_of(found)
    if read or mask.any():
        np.testing.assert_array_equal(read[0], mask)


def test_each_piece_is_an_object(tmp_path: Path) -> None:
    write(tmp_path, CocoInstances(), [patchwork()], THREE)
    content = json.loads((tmp_path / "out" / "instances.json").read_text())
    assert [(a["category_id"], a["bbox"], a["area"]) for a in content["annotations"]] == [
        (1, [3, 2, 17, 7], 113),
        (2, [20, 9, 10, 3], 30),
        (2, [1, 15, 1, 1], 1),
        (2, [35, 23, 1, 1], 1),
        (3, [10, 14, 4, 9], 36),
        (3, [30, 20, 6, 1], 6),
    ]
    assert [a["id"] for a in content["annotations"]] == [1, 2, 3, 4, 5, 6]
    assert content["images"] == [{"id": 1, "file_name": "1.png", "width": 36, "height": 24}]


def test_panoptic_counts_things_and_not_stuff(tmp_path: Path) -> None:
    classes = (ClassSpec(1, "hair", (1, 2, 3)), ClassSpec(2, "cell", (4, 5, 6), "thing"))
    mask = np.where(patchwork() == 3, 1, patchwork()).astype(np.uint16)
    write(tmp_path, CocoPanoptic(), [mask], classes)
    content = json.loads((tmp_path / "out" / "panoptic.json").read_text())
    (row,) = content["annotations"]
    assert sorted(s["category_id"] for s in row["segments_info"]) == [1, 2, 2, 2]
    picture = np.asarray(Image.open(tmp_path / "out" / "panoptic" / row["file_name"])).astype(int)
    ids = picture @ [1, 256, 65536]
    assert {s["id"]: s["area"] for s in row["segments_info"]} == {
        int(value): int((ids == value).sum()) for value in np.unique(ids) if value
    }


def test_panoptic_tells_hundreds_of_objects_apart(tmp_path: Path) -> None:
    mask = np.zeros((40, 70), np.uint16)
    mask[::2, ::2] = 1  # 700 specks
    mask[39] = 2
    classes = (replace(THREE[0], kind="thing"), replace(THREE[1], kind="stuff"))
    write(tmp_path, CocoPanoptic(), [mask], classes)
    (row,) = json.loads((tmp_path / "out" / "panoptic.json").read_text())["annotations"]
    picture = np.asarray(Image.open(tmp_path / "out" / "panoptic" / row["file_name"])).astype(int)
    ids = picture @ (1, 256, 256 * 256)
    assert len(np.unique(ids[mask == 1])) == 700
    listed = {segment["id"]: segment for segment in row["segments_info"]}
    assert set(listed) == set(np.unique(ids[mask > 0]).tolist())
    assert all(
        listed[int(number)]["category_id"] == value for number, value in zip(ids[mask > 0], mask[mask > 0], strict=True)
    )


def test_class_maps_are_grey_and_named(tmp_path: Path) -> None:
    write(tmp_path, format_called("class-map"), [patchwork()], THREE)
    write(tmp_path / "deep", format_called("ids"), [patchwork()], THREE)
    names = {"0": "background", "1": "hair", "2": "skin", "3": "glare (not judged)"}
    for folder, mode in ((tmp_path, "L"), (tmp_path / "deep", "I;16")):
        with Image.open(folder / "out" / "1.png") as image:
            assert image.mode == mode
            np.testing.assert_array_equal(np.asarray(image), patchwork())
        assert json.loads((folder / "out" / "labels.json").read_text()) == names


def test_many_classes_take_16_bits(tmp_path: Path) -> None:
    classes = tuple(ClassSpec(number, f"c{number}", (0, 0, 0)) for number in (1, 300))
    mask = np.where(patchwork() == 2, 300, patchwork() == 1).astype(np.uint16)
    write(tmp_path, format_called("class-map"), [mask], classes)
    with Image.open(tmp_path / "out" / "1.png") as image:
        np.testing.assert_array_equal(np.asarray(image), mask)


def test_masks_lie_on_the_file_as_stored(tmp_path: Path) -> None:
    mask = patchwork()
    write(tmp_path, format_called("class-map"), [mask], THREE, 6)
    stored = np.asarray(Image.open(tmp_path / "out" / "1.png"))
    assert stored.shape == (36, 24)
    np.testing.assert_array_equal(from_stored(stored, 6), mask)


def test_every_format_says_what_it_writes() -> None:
    assert len({known.key for known in FORMATS}) == len({known.title for known in FORMATS}) == len(FORMATS)
    for known in FORMATS:
        assert known.about(True).endswith(".")


def own_set(folder: Path, masks: list[np.ndarray], palettes: list[tuple[ClassSpec, ...]]) -> Dataset:
    """Images and mask pictures of them as this program exports them, each with the colours that classes had then."""
    (folder / "images").mkdir()
    for number, (mask, classes) in enumerate(zip(masks, palettes, strict=True), start=1):
        Image.fromarray(colours(*mask.shape)).save(folder / "images" / f"{number}.png")
        content = PLAIN.encode(MaskToWrite(number, str(number), f"{number}.png", mask, 1), classes).content
        assert content is not None
        write_whole(folder / "out" / f"{number}.png", content)
    return find_dataset(folder / "images", folder / "out")


def test_mask_pictures_come_back_by_number_after_classes_swapped_their_colours(tmp_path: Path) -> None:
    hair, skin, glare = THREE
    swapped = (replace(hair, color=skin.color), replace(skin, color=hair.color), glare)
    found = own_set(tmp_path, [patchwork(), patchwork()[::-1].copy()], [THREE, swapped])
    first, second = masks_of(found)
    np.testing.assert_array_equal(first, patchwork())
    np.testing.assert_array_equal(second, patchwork()[::-1])


def test_mask_pictures_of_two_classes_of_one_colour_come_back(tmp_path: Path) -> None:
    own = make_classes(f"class {number}" for number in range(1, 41))
    classes = tuple(replace(spec, color=own[0].color) if spec.id == 33 else spec for spec in own)
    masks = [np.where(patchwork() == 1, number, 0).astype(np.uint16) for number in (1, 33)]
    first, second = masks_of(own_set(tmp_path, masks, [classes, classes]))
    np.testing.assert_array_equal(first, masks[0])
    np.testing.assert_array_equal(second, masks[1])


def test_mask_pictures_whose_palette_another_program_sorted_anew_go_by_colour(tmp_path: Path) -> None:
    masks = [patchwork(), patchwork()[::-1].copy()]
    own_set(tmp_path, masks, [THREE, THREE])
    with Image.open(tmp_path / "out" / "1.png") as mask:
        kept = PngImagePlugin.PngInfo()
        for key, words in mask.info.items():
            kept.add_text(key, words)
        mask.remap_palette([0, 3, 1, 2]).save(tmp_path / "out" / "1.png", pnginfo=kept)
    first, second = masks_of(find_dataset(tmp_path / "images", tmp_path / "out"))
    for number in (1, 2, 3):
        here = {int(value) for value in np.unique(second[masks[1] == number])}
        assert {int(value) for value in np.unique(first[masks[0] == number])} == here


def test_mask_pictures_of_earlier_versions_beside_those_of_now_come_back_by_number(tmp_path: Path) -> None:
    hair, skin, glare = THREE
    swapped = (replace(hair, color=skin.color), replace(skin, color=hair.color), glare)
    masks = [patchwork(), patchwork()[::-1].copy()]
    own_set(tmp_path, masks, [THREE, swapped])
    with Image.open(tmp_path / "out" / "1.png") as mask:
        plain = mask.copy()
    plain.info.clear()
    plain.save(tmp_path / "out" / "1.png")
    for read, mask in zip(masks_of(find_dataset(tmp_path / "images", tmp_path / "out")), masks, strict=True):
        np.testing.assert_array_equal(read, mask)
