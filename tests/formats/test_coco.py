"""COCO in: the real files against a slow reference, and small ones that hold each oddity."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from segstudio.domain.errors import UserError
from segstudio.formats import coco
from segstudio.formats.dataset import Dataset, FoundImage, FoundMask, of_classes
from segstudio.formats.rle import encode_rle
from segstudio.imaging.orientation import from_stored
from segstudio.imaging.reader import read_image, read_orientation, read_size
from tests.formats.test_rle import slow_counts
from tests.helpers.data import data_folder
from tests.imaging.images import with_orientation

SQUARE = [1, 1, 5, 1, 5, 5, 1, 5]
"""Pixels 1 to 4, both ways."""


def write(
    folder: Path, rows: list[dict[str, Any]], name: str = "instances.json", count: int = 1, **more: Any
) -> Dataset:
    """``count`` grey pictures of 8 x 6 and a JSON file beside them; what is found there."""
    folder.mkdir(exist_ok=True)
    for number in range(1, count + 1):
        Image.new("L", (8, 6), 90).save(folder / f"{number}.png")
    content = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 8, "height": 6} for n in range(1, count + 1)],
        "categories": [{"id": 7, "name": "cat"}, {"id": 9, "name": "dog"}],
        "annotations": [{"image_id": 1, "id": i, "iscrowd": 0, **row} for i, row in enumerate(rows, start=1)],
        **more,
    }
    (folder / name).write_text(json.dumps(content))
    return coco.find(folder)


def read(found: FoundImage) -> FoundMask:
    assert found.mask is not None
    return found.mask.read(read_size(found.image), read_orientation(found.image))


def test_polygons_become_segments_of_their_classes(tmp_path: Path) -> None:
    found = write(tmp_path, [{"category_id": 9, "segmentation": [SQUARE]}])
    assert [known.name for known in found.classes] == ["cat", "dog"]
    assert {known.kind for known in found.classes} == {"thing"}
    mask = read(found.images[0])
    expected = np.zeros((6, 8), np.uint16)
    expected[1:5, 1:5] = 2
    np.testing.assert_array_equal(mask.class_ids(), expected)
    assert [(s.id, s.class_id, s.instance, s.name) for s in mask.segments] == [(1, 2, 1, "dog 1")]


def test_the_later_object_is_on_top_and_crowds_are_below_all(tmp_path: Path) -> None:
    right = [3, 0, 8, 0, 8, 6, 3, 6]
    crowd = np.ones((6, 8), bool)
    found = write(
        tmp_path,
        [
            {"category_id": 7, "segmentation": [SQUARE]},
            {"category_id": 9, "segmentation": [right]},
            {"category_id": 7, "iscrowd": 1, "segmentation": {"size": [6, 8], "counts": slow_counts(crowd)}},
        ],
    )
    expected = np.full((6, 8), 1, np.uint16)
    expected[1:5, 1:5] = 2
    expected[:, 3:] = 3
    mask = read(found.images[0])
    np.testing.assert_array_equal(mask.ids, expected)
    assert [s.class_id for s in mask.segments] == [1, 1, 2]
    assert mask.oddities == ("In “1.png” 2 objects lie over others, on 79.2 % of what is masked: the later is on top.",)
    assert any("later in the file is on top" in note for note in found.notes)
    assert any(note.startswith("1 crowd region is taken as its class") for note in found.notes)


def test_run_lengths_of_both_kinds(tmp_path: Path) -> None:
    one, two = np.zeros((6, 8), bool), np.zeros((6, 8), bool)
    one[0, 3:7] = True
    two[4:, :2] = True
    found = write(
        tmp_path,
        [
            {"category_id": 7, "segmentation": {"size": [6, 8], "counts": slow_counts(one)}},
            {"category_id": 7, "segmentation": encode_rle(two)},
        ],
    )
    mask = read(found.images[0])
    np.testing.assert_array_equal(mask.ids, one + 2 * two)
    assert not mask.oddities


def test_keypoints_are_joined_with_the_instances_that_they_are_of(tmp_path: Path) -> None:
    person = [{"id": 1, "name": "person", "keypoints": ["nose", "left_eye", "left_ear"]}]
    row = {"id": 44, "category_id": 1, "segmentation": [SQUARE]}
    write(tmp_path, [row], "instances_val.json", categories=[{"id": 1, "name": "person"}])
    points = [2, 3, 2, 4.5, 1, 1, 0, 0, 0]
    found = write(tmp_path, [{**row, "keypoints": points}], "person_keypoints_val.json", categories=person)
    assert dict(found.images[0].attributes) == {"Pose 1": "nose 2,3; left eye 4.5,1 hidden"}
    assert len(read(found.images[0]).segments) == 1
    assert "1 pose is given by keypoints, and kept with the image." in found.notes


def test_an_image_without_objects_has_no_mask(tmp_path: Path) -> None:
    found = write(tmp_path, [{"category_id": 7, "segmentation": [SQUARE]}], count=3)
    Image.new("L", (8, 6)).save(tmp_path / "4.png")
    found = coco.find(tmp_path)
    assert [image.image.name for image in found.images] == ["1.png", "2.png", "3.png", "4.png"]
    assert [image.mask is not None for image in found.images] == [True, False, False, False]
    assert any(note.startswith("3 of 4 images have no object") for note in found.notes)
    assert any(note.startswith("1 image lies beside") for note in found.notes)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_lie_on_the_picture_as_it_is_stored(tmp_path: Path, orientation: int) -> None:
    write(tmp_path, [{"category_id": 7, "segmentation": [[0, 0, 3, 0, 3, 2, 0, 2]]}])
    (tmp_path / "1.png").unlink()
    stored = np.zeros((6, 8, 3), np.uint8)
    stored[:2, :3] = 200
    with_orientation(tmp_path / "1.png", stored, orientation)
    found = coco.find(tmp_path)
    upright = read_image(tmp_path / "1.png").pixels[..., 0] == 200
    np.testing.assert_array_equal(upright, from_stored(stored[..., 0] == 200, orientation))
    np.testing.assert_array_equal(read(found.images[0]).ids > 0, upright)


@pytest.mark.parametrize("name", ["../1.png", "/etc/passwd", "a/../../1.png", "..\\..\\1.png"])
def test_a_name_that_leads_out_of_the_folder_is_left_out(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set"
    write(folder, [{"category_id": 7, "segmentation": [SQUARE]}])
    Image.new("L", (8, 6)).save(tmp_path / "1.png")
    images = [
        {"id": 1, "file_name": name, "width": 8, "height": 6},
        {"id": 2, "file_name": "1.png", "width": 8, "height": 6},
    ]
    found = write(folder, [{"category_id": 7, "segmentation": [SQUARE]}], images=images)
    assert [(image.image, image.mask) for image in found.images] == [(folder / "1.png", None)]
    (skipped,) = found.skipped
    assert "outside" in skipped.why


def test_images_are_found_in_folders_below_and_told_apart_by_the_names_of_the_json_files(tmp_path: Path) -> None:
    for split in ("train2017", "val2017"):
        (tmp_path / split).mkdir()
        Image.new("L", (8, 6)).save(tmp_path / split / "1.png")
        write(tmp_path, [{"category_id": 7, "segmentation": [SQUARE]}] * (split != "val2017"), f"{split}.json", 1)
        (tmp_path / "1.png").unlink()
        (tmp_path / f"{split}.json").rename(tmp_path / split / f"instances_{split}.json")
    found = coco.find(tmp_path)
    assert [(image.image.parent.name, image.mask is not None) for image in found.images] == [
        ("train2017", True),
        ("val2017", False),
    ]


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"size": [6, 8], "counts": [10**15]}, "don't add up"),
        ({"size": [8, 6], "counts": [48]}, "another size"),
        ({"size": 6, "counts": [48]}, "can't be drawn"),
        ({"counts": {"a": 1}}, "neither polygons nor run lengths"),
        ("everything", "neither polygons nor run lengths"),
        ([[1, 2, 3]], "no list of x and y"),
        ([[1, 2, 3, 4, 5, 1e300]], "far outside"),
    ],
)
def test_a_shape_that_makes_no_sense_is_a_sentence(tmp_path: Path, shape: Any, said: str) -> None:
    found = write(tmp_path, [{"category_id": 7, "segmentation": shape}])
    with pytest.raises(UserError, match=said):
        read(found.images[0])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"images": 5}, "“images” is no list"),
        ({"images": [[]]}, "“images” is no list"),
        ({"images": [{"id": 1, "file_name": "1.png", "width": 10**9, "height": 10**9}]}, "pixels"),
        ({"images": [{"id": 1, "file_name": "1.png", "width": -3, "height": 6}]}, "pixels"),
        ({"images": [{"id": 1, "file_name": ["1.png"], "width": 8, "height": 6}]}, "no name"),
        ({"images": [{"id": True, "file_name": "1.png"}]}, "no whole number"),
        ({"categories": []}, "category 7, which is not listed"),
        ({"categories": [{"id": 7}]}, "no name"),
        ({"annotations": [{"image_id": None}]}, "no whole number"),
        ({"annotations": [{"image_id": 1, "category_id": 7, "keypoints": ["a"]}]}, "not as COCO writes it"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_a_sentence(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        write(tmp_path, [{"category_id": 7, "segmentation": [SQUARE]}], **more)


def test_damaged_json_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path, [])
    path = tmp_path / "instances.json"
    path.write_text(path.read_text()[:-1])
    assert coco.recognises(tmp_path)
    with pytest.raises(UserError, match="is damaged in line 1"):
        coco.find(tmp_path)
    path.write_text('{"images": "annotations" "categories": ' + "[" * 100_000)
    with pytest.raises(UserError, match="is damaged"):
        coco.find(tmp_path)


def test_other_json_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"images": 1}')
    (tmp_path / "empty.json").write_text("")
    assert not coco.recognises(tmp_path)
    assert not coco.recognises(tmp_path / "nowhere")


def test_a_mask_of_another_size_is_a_sentence(tmp_path: Path) -> None:
    found = write(tmp_path, [{"category_id": 7, "segmentation": [SQUARE]}])
    Image.new("L", (9, 6)).save(tmp_path / "1.png")
    with pytest.raises(UserError, match="8 × 6 pixels but its image has 9 × 6"):
        read(found.images[0])


def panoptic(folder: Path, colours: np.ndarray, segments: list[dict[str, Any]], **more: Any) -> Dataset:
    (folder / "panoptic_val").mkdir(parents=True)
    Image.fromarray(colours).save(folder / "panoptic_val" / "1.png")
    row = {"image_id": 1, "file_name": "1.png", "segments_info": segments}
    categories = [{"id": 7, "name": "cat", "isthing": 1, "color": [1, 2, 3]}, {"id": 9, "name": "sky", "isthing": 0}]
    return write(folder, [row], "panoptic_val.json", categories=categories, **more)


def test_panoptic(tmp_path: Path) -> None:
    colours = np.zeros((6, 8, 3), np.uint8)
    colours[:2], colours[3:, :3], colours[3:, 5:] = (44, 1, 0), (7, 0, 0), (0, 0, 9)
    segments = [
        {"id": 9 * 65536, "category_id": 7},
        {"id": 44 + 256, "category_id": 9},
        {"id": 7, "category_id": 7, "iscrowd": 1},
    ]
    found = panoptic(tmp_path, colours, segments)
    assert [(known.name, known.kind, known.color) for known in found.classes] == [
        ("cat", "thing", (1, 2, 3)),
        ("sky", "stuff", None),
    ]
    (image,) = found.images
    assert image.image == tmp_path / "1.png"
    mask = read(image)
    expected = np.zeros((6, 8), np.uint16)
    expected[:2], expected[3:, :3], expected[3:, 5:] = 2, 1, 1
    np.testing.assert_array_equal(mask.class_ids(), expected)
    assert sorted(np.unique(mask.ids)) == [0, 1, 2, 3]


def test_instances_beside_panoptic_masks_are_a_layer(tmp_path: Path) -> None:
    colours = np.full((6, 8, 3), (5, 0, 0), np.uint8)
    panoptic(tmp_path, colours, [{"id": 5, "category_id": 9}])
    found = write(tmp_path, [{"category_id": 7, "segmentation": [SQUARE]}], "instances_val.json")
    assert read(found.images[0]).class_ids().min() > 0
    assert read(found.choose("objects").images[0]).class_ids().min() == 0
    assert [known.name for known in found.classes] == ["cat", "dog", "sky"]


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        ([], "shows object 5, which “panoptic_val.json” does not list"),
        ([{"id": 5, "category_id": 7}, {"id": 5, "category_id": 9}], "twice"),
        ([{"id": 0, "category_id": 7}], "no picture can show"),
        ([{"id": 1 << 40, "category_id": 7}], "no picture can show"),
    ],
)
def test_panoptic_ids_that_make_no_sense_are_a_sentence(
    tmp_path: Path, segments: list[dict[str, Any]], said: str
) -> None:
    found = panoptic(tmp_path, np.full((6, 8, 3), (5, 0, 0), np.uint8), segments)
    with pytest.raises(UserError, match=said):
        read(found.images[0])


def test_a_panoptic_mask_that_is_missing_or_grey_is_a_sentence(tmp_path: Path) -> None:
    found = panoptic(tmp_path, np.zeros((6, 8, 3), np.uint8), [])
    Image.new("L", (8, 6)).save(tmp_path / "panoptic_val" / "1.png")
    with pytest.raises(UserError, match="no colour picture"):
        read(found.images[0])
    (tmp_path / "panoptic_val" / "1.png").unlink()
    found = coco.find(tmp_path)
    assert found.images[0].mask is None
    assert "is not in this folder" in found.skipped[0].why


def test_no_image_at_all_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path, [])
    (tmp_path / "1.png").unlink()
    with pytest.raises(UserError, match="None of the images that “instances"):
        coco.find(tmp_path)


# pycocotools' own decoder, which the program does without, is built for an older NumPy.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_real_thing() -> None:
    """Every mask of 100 real images is what pycocotools draws, object by object."""
    folder = data_folder("tiny_coco")
    found = coco.find(folder)
    assert (len(found.images), found.with_mask, len(found.classes), found.skipped) == (100, 97, 80, ())
    annotations = [
        json.loads((folder / "annotations" / f"instances_{split}2017.json").read_text()) for split in ("train", "val")
    ]
    names = [known.name for known in found.classes]
    for content in annotations:
        category = {row["id"]: row["name"] for row in content["categories"]}
        for row in content["images"]:
            (image,) = [image for image in found.images if image.image.name == row["file_name"]]
            objects = [a for a in content["annotations"] if a["image_id"] == row["id"]]
            if not objects:
                assert image.mask is None
                continue
            expected = np.zeros((row["height"], row["width"]), np.uint16)
            for thing in sorted(objects, key=lambda a: not a["iscrowd"]):
                expected[drawn(thing["segmentation"], expected.shape)] = 1 + names.index(category[thing["category_id"]])
            np.testing.assert_array_equal(read(image).class_ids(), expected)
    assert sum("Pose 1" in image.attributes for image in found.images) > 10


def drawn(shape: Any, size: tuple[int, ...]) -> np.ndarray:
    """One object, the way of pycocotools' own ``annToMask``."""
    height, width = size
    if isinstance(shape, list):
        packed = coco_mask.merge(coco_mask.frPyObjects(shape, height, width))
    else:
        packed = coco_mask.frPyObjects(shape, height, width)
    return coco_mask.decode(packed).astype(bool)


def test_objects_of_classes_that_nobody_wants_hide_nothing(tmp_path: Path) -> None:
    right = [3, 0, 8, 0, 8, 6, 3, 6]
    found = write(
        tmp_path, [{"category_id": 7, "segmentation": [SQUARE]}, {"category_id": 9, "segmentation": [right]}]
    ).images[0]
    assert (read(found).class_ids()[1:5, 1:5] == 1).sum() == 8
    assert "1 object lies over others" in read(found).oddities[0]
    assert found.mask is not None
    alone = of_classes(found.mask, [1]).read((8, 6), 1)
    assert (alone.class_ids()[1:5, 1:5] == 1).all()
    assert (alone.class_ids().sum(), alone.oddities) == (16, ())


def _listing(path: Path, names: list[str], category: int = 7) -> None:
    """A JSON file that lists images of 8 x 6 with a square each, of a class."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "images": [{"id": n, "file_name": name, "width": 8, "height": 6} for n, name in enumerate(names, start=1)],
        "categories": [{"id": 7, "name": "cat"}, {"id": 9, "name": "dog"}],
        "annotations": [
            {"id": 100 * category + n, "image_id": n, "category_id": category, "segmentation": [SQUARE]}
            for n in range(1, len(names) + 1)
        ],
    }
    path.write_text(json.dumps(content))


def _pictures(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 6), 90).save(folder / name)


def _objects(folder: Path) -> dict[str, list[str]]:
    """Of each image the classes of its objects."""
    found = coco.find(folder)
    return {
        image.image.relative_to(folder).as_posix(): [row.name for row in read(image).segments] if image.mask else []
        for image in found.images
    }


@pytest.mark.parametrize("table", ["images", "categories"])
def test_an_id_that_two_share_is_refused_because_objects_would_go_to_the_wrong_one(tmp_path: Path, table: str) -> None:
    _pictures(tmp_path, "a.png", "b.png")
    _listing(tmp_path / "instances.json", ["a.png", "b.png"])
    content = json.loads((tmp_path / "instances.json").read_text())
    content[table][1]["id"] = content[table][0]["id"]
    (tmp_path / "instances.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=f"two {table} have the id"):
        coco.find(tmp_path)


def test_an_image_that_is_missing_leaves_its_objects_to_no_other(tmp_path: Path) -> None:
    _pictures(tmp_path, "a/1.png")
    _listing(tmp_path / "instances.json", ["a/1.png", "b/1.png"])
    assert _objects(tmp_path) == {"a/1.png": ["cat 1"]}
    assert [skipped.path.as_posix() for skipped in coco.find(tmp_path).skipped] == ["b/1.png"]


def test_where_nobody_can_tell_which_of_two_is_there_neither_is_taken(tmp_path: Path) -> None:
    _pictures(tmp_path, "1.png", "2.png")
    _listing(tmp_path / "instances.json", ["a/1.png", "b/1.png", "2.png"])
    assert _objects(tmp_path) == {"1.png": [], "2.png": ["cat 1"]}


def test_a_json_file_among_its_images_speaks_of_these(tmp_path: Path) -> None:
    _pictures(tmp_path, "one/1.png", "two/1.png", "two/2.png", "one/3.png")
    _listing(tmp_path / "one" / "_annotations.coco.json", ["1.png", "2.png"], 7)
    _listing(tmp_path / "two" / "_annotations.coco.json", ["1.png", "2.png"], 9)
    assert _objects(tmp_path) == {
        "one/1.png": ["cat 1"],
        "one/3.png": [],
        "two/1.png": ["dog 1"],
        "two/2.png": ["dog 1"],
    }


def test_a_part_of_a_data_set_that_is_missing_leaves_its_objects_to_no_other_part(tmp_path: Path) -> None:
    _pictures(tmp_path, "val2017/1.png")
    _listing(tmp_path / "annotations" / "instances_train2017.json", ["1.png"], 7)
    _listing(tmp_path / "annotations" / "instances_val2017.json", ["1.png"], 9)
    assert _objects(tmp_path) == {"val2017/1.png": ["dog 1"]}


def test_the_images_of_one_part_take_no_objects_of_another(tmp_path: Path) -> None:
    _pictures(tmp_path, "val/1.png")
    _listing(tmp_path / "annotations" / "train.json", ["1.png"], 7)
    _listing(tmp_path / "annotations" / "val.json", ["1.png"], 9)
    (image,) = coco.find(tmp_path / "val", tmp_path / "annotations").images
    assert [row.name for row in read(image).segments] == ["dog 1"]


def test_categories_of_one_name_that_become_one_class_are_told(tmp_path: Path) -> None:
    rows = [{"category_id": 9, "segmentation": [SQUARE]}]
    assert not any("one class" in note for note in write(tmp_path / "a", rows).notes)
    both = write(tmp_path / "b", rows, categories=[{"id": 7, "name": "Left"}, {"id": 9, "name": "left"}])
    assert [known.name for known in both.classes] == ["Left"]
    assert any("several categories called “left”: they become one class" in note for note in both.notes)
