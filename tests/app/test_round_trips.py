"""Real data sets into a project, out in each format, and into another project: the same to the pixel."""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app import batch
from segstudio.app.new_project import look_at
from segstudio.app.round_writer import class_ids, stored_mask
from segstudio.domain.errors import UserError
from segstudio.domain.measure import measure_shape
from segstudio.formats.dicom_file import read_dicom_frame
from segstudio.formats.export_formats import MASKS
from segstudio.imaging.reader import fingerprint, read_image, read_size
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project
from tests.formats.test_dicom import write
from tests.formats.test_video import film
from tests.helpers.data import data_folder

FEW = 4
NAMED = [known.key for known in MASKS if known.shared]


def camvid(folder: Path) -> Path:
    """A few images with their class maps; one class is not judged."""
    source = data_folder("camvid")
    copy_pairs(source, folder, "masks")
    shutil.copy(source / "labels.json", folder)
    return folder


def ccp(folder: Path) -> Path:
    """A few images with 58 classes."""
    source = data_folder("ccp")
    copy_pairs(source, folder, "masks_class")
    shutil.copy(source / "labels.json", folder)
    return folder


def tiny_coco(folder: Path) -> Path:
    """A few images with all of their annotations; crowds among them."""
    source = data_folder("tiny_coco")
    content = json.loads((source / "annotations" / "instances_val2017.json").read_text())
    crowded = {row["image_id"] for row in content["annotations"] if row["iscrowd"]}
    content["images"].sort(key=lambda row: row["id"] not in crowded)
    content["images"] = content["images"][:FEW]
    kept = {row["id"] for row in content["images"]}
    content["annotations"] = [row for row in content["annotations"] if row["image_id"] in kept]
    (folder / "annotations").mkdir(parents=True)
    (folder / "val2017").mkdir()
    (folder / "annotations" / "instances_val2017.json").write_text(json.dumps(content))
    for row in content["images"]:
        shutil.copy(source / "val2017" / row["file_name"], folder / "val2017")
    return folder


def copy_pairs(source: Path, folder: Path, masks: str) -> None:
    for name in ("images", masks):
        (folder / name).mkdir(parents=True)
    for image in sorted((source / "images").iterdir())[:: len(list((source / "images").iterdir())) // FEW][:FEW]:
        shutil.copy(image, folder / "images")
        shutil.copy(source / masks / f"{image.stem}.png", folder / masks)


def contents(project: Path) -> dict[str, tuple[str, np.ndarray]]:
    """Each image's state and mask, by class names."""
    with Project.open(project) as opened:
        table = opened.segment_table()
        return {
            record.name: (record.state.value, class_ids(stored_mask(opened, record, vouched_only=False), table))
            for record in opened.images.list_images()
        }


def classes(project: Path) -> list[tuple[str, bool]]:
    with Project.open(project) as opened:
        return [(spec.name, spec.kind == "void") for spec in opened.classes()]


@pytest.fixture(scope="module", params=[camvid, ccp, tiny_coco], ids=lambda make: make.__name__)
def project(request, tmp_path_factory) -> tuple[Path, Path]:
    """A project of a real data set, and the folder of the data set."""
    folder = tmp_path_factory.mktemp(request.param.__name__)
    source = request.param(folder / "set")
    said = batch.new_project(folder / "first.segstudio", source, None, [], "approved")
    assert f"{FEW} images, {FEW} of them approved" in said
    return folder / "first.segstudio", source


@pytest.mark.parametrize("key", NAMED)
def test_in_and_out_and_in_again(project: tuple[Path, Path], tmp_path: Path, key: str) -> None:
    first, source = project
    assert f"{FEW} masks" in batch.export_project(first, tmp_path / "out", True, key)
    batch.new_project(tmp_path / "second.segstudio", source, tmp_path / "out", [], "approved")
    assert classes(tmp_path / "second.segstudio") == classes(first)
    before, after = contents(first), contents(tmp_path / "second.segstudio")
    assert after.keys() == before.keys()
    for name, (state, mask) in before.items():
        assert after[name][0] == state == "approved"
        assert mask.any()
        np.testing.assert_array_equal(after[name][1], mask)


def test_an_export_leaves_files_of_others_alone(project: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("{}")
    with pytest.raises(Exception, match=r"already holds labels\.json"):
        batch.export_project(project[0], tmp_path, True, "ids")
    batch.export_project(project[0], tmp_path, True, "coco-panoptic")
    batch.export_project(project[0], tmp_path, True, "coco-panoptic")
    assert (tmp_path / "labels.json").read_text() == "{}"


def remade(project: Path, folder: Path, source: Path) -> dict[str, tuple[str, np.ndarray]]:
    """What a new project of ``source`` holds whose masks are those that ``project`` exports."""
    batch.export_project(project, folder / "out", False, "class-map")
    batch.new_project(folder / "second.segstudio", source, folder / "out", [], "approved")
    return contents(folder / "second.segstudio")


def paint(project: Path) -> dict[str, np.ndarray]:
    """Some pixels of every image by hand."""
    with Project.open(project) as opened:
        painted = {}
        for record in opened.images.list_images():
            width, height = read_size(record.path)
            opened.images.set_size(record.id, width, height, fingerprint(record.path))
            mask = np.zeros((height, width), np.uint16)
            mask[: 1 + record.id % height, : max(1, width // 2)] = 1
            opened.masks.start_from(record.id, mask)
            painted[record.name] = mask
    return painted


def test_dicom_becomes_images_with_their_values_windows_and_scales(tmp_path: Path) -> None:
    source = data_folder("dicom")
    few = tmp_path / "scans"
    few.mkdir()
    for name in ("MR_small", "CT_small", "examples_palette", "SC_rgb_rle_2frame", "nested_priv_SQ", "MR_truncated"):
        shutil.copy(source / f"{name}.dcm", few)
    said = batch.new_project(tmp_path / "first.segstudio", few, None, ["organ"], "approved")
    assert "5 images" in said
    assert "“nested_priv_SQ.dcm” holds no picture" in said
    assert "“MR_truncated.dcm” is damaged" in said
    painted = paint(tmp_path / "first.segstudio")
    with Project.open(tmp_path / "first.segstudio") as project:
        records = {record.name: record for record in project.images.list_images()}
        scales = project.scales.load()
    names = ["CT_small.png", "MR_small.png", "SC_rgb_rle_2frame_frame_0001.png", "SC_rgb_rle_2frame_frame_0002.png"]
    assert sorted(records) == sorted([*names, "examples_palette.png"])
    assert all(record.path.is_relative_to(tmp_path / "first.segstudio") for record in records.values())
    assert scales[records["MR_small.png"].id].mm_per_px == pytest.approx(0.3125)
    assert records["examples_palette.png"].id not in scales
    scan = read_image(records["MR_small.png"].path)
    assert scan.window == (32568.0, 34167.0)
    np.testing.assert_array_equal(scan.deep, read_dicom_frame(source / "MR_small.dcm", 0))
    assert read_image(records["examples_palette.png"].path).deep is None
    again = remade(tmp_path / "first.segstudio", tmp_path, few)
    for name, mask in painted.items():
        np.testing.assert_array_equal(again[name][1], mask)


def test_dicom_of_pixels_that_are_not_square_is_measured_truly_and_comes_back(tmp_path: Path) -> None:
    scans, masks = tmp_path / "scans", tmp_path / "masks"
    scans.mkdir()
    masks.mkdir()
    y, x = np.mgrid[:60, :120]
    disc = np.hypot((y - 30) * 0.2, (x - 60) * 0.1) < 4
    write(scans / "disc.dcm", np.uint8(200 * disc), PixelSpacing=[0.2, 0.1])
    Image.fromarray(np.uint8(255 * disc)).save(masks / "disc.png")
    first = tmp_path / "first.segstudio"
    batch.new_project(first, scans, masks, ["lesion"], "approved")
    with Project.open(first) as project:
        (record,) = project.images.list_images()
        scale = project.scales.load()[record.id].mm_per_px
    assert scale == pytest.approx(0.1)
    assert read_image(record.path).pixels.shape == (120, 120, 3)
    mask = contents(first)["disc.png"][1]
    shape = measure_shape(mask > 0)
    assert shape.area * scale**2 == pytest.approx(np.pi * 4**2, rel=0.02)
    assert shape.perimeter * scale == pytest.approx(2 * np.pi * 4, rel=0.01)
    assert shape.max_diameter.length * scale == pytest.approx(8, rel=0.03)
    assert shape.min_diameter.length * scale == pytest.approx(8, rel=0.03)
    np.testing.assert_array_equal(remade(first, tmp_path, scans)["disc.png"][1], mask)


def test_images_of_one_name_come_back_with_their_own_masks(tmp_path: Path) -> None:
    scans, photos = tmp_path / "scans", tmp_path / "photos"
    for number, series in enumerate(("a", "b", "c")):
        (scans / series).mkdir(parents=True)
        write(scans / series / "IM1.dcm", np.full((20, 30), 50 * number, np.uint8))
        write(scans / f"1.2.{number}", np.full((20, 30), 50 * number, np.uint8))
        (photos / series).mkdir(parents=True)
        for ending in ("bmp", "png"):
            Image.new("L", (30, 20), 50 * number).save(photos / series / f"x.{ending}")
    Image.new("L", (30, 20), 7).save(photos / "x.png")
    for source, count in ((scans, 6), (photos, 7)):
        folder = tmp_path / f"from_{source.name}"
        batch.new_project(folder / "first.segstudio", source, None, ["lesion"], "approved")
        painted = paint(folder / "first.segstudio")
        again = remade(folder / "first.segstudio", folder, source)
        rows = by_source(folder / "first.segstudio", folder / "second.segstudio")
        assert len(rows) == count
        assert all(np.array_equal(first, second) and first.any() for first, second in rows)
        assert len({mask.sum() for mask, _ in rows}) == count
        assert set(again) == set(painted)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("key", [known.key for known in MASKS])
def test_names_that_are_no_text_go_in_and_out_and_in_again(tmp_path: Path, key: str) -> None:
    source = tmp_path / os.fsdecode(b"M\xfcller")
    source.mkdir()
    for number in range(2):
        Image.new("L", (30, 20), 50 * number).save(source / os.fsdecode(b"b\xfc%d.png" % number))
    first, second = tmp_path / "first.segstudio", tmp_path / "second.segstudio"
    batch.new_project(first, source, None, ["lesion"], "approved")
    paint(first)
    assert "2 masks" in batch.export_project(first, tmp_path / "out", False, key)
    batch.new_project(second, source, tmp_path / "out", ["lesion"], "approved")
    rows = by_source(first, second)
    assert len(rows) == 2
    assert all(np.array_equal(before, after) and before.any() for before, after in rows)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_the_folder_of_an_import_need_not_be_text(tmp_path: Path) -> None:
    source = tmp_path / os.fsdecode(b"M\xfcller")
    source.mkdir()
    Image.new("L", (30, 20)).save(source / "a.png")
    batch.new_project(tmp_path / "p.segstudio", source, None, ["lesion"], "approved")
    with Project.open(tmp_path / "p.segstudio") as project:
        import_id = project.imports.begin("folder", source)
        project.imports.add(import_id, [NewImage(source / "b.png")])
        project.imports.finish(import_id)
        latest = project.imports.latest()
        said = [json.loads(entry.what) for entry in project.audit.entries() if entry.kind == "data set imported"]
    assert latest is not None
    assert latest.folder == source
    assert said[-1]["folder"] == str(source)


def by_source(first: Path, second: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """The masks of each image in two projects, by its file or by what an import wrote."""
    masks = []
    for folder in (first, second):
        with Project.open(folder) as opened:
            table = opened.segment_table()
            masks.append(
                {
                    str(record.path).removeprefix(str(folder)): class_ids(
                        stored_mask(opened, record, vouched_only=False), table
                    )
                    for record in opened.images.list_images()
                }
            )
    assert masks[0].keys() == masks[1].keys()
    return [(masks[0][key], masks[1][key]) for key in masks[0]]


def test_a_video_becomes_frames_in_order(tmp_path: Path) -> None:
    files = sorted((data_folder("davis") / "images").glob("dance-twirl_*.jpg"))[:30]
    frames = [read_image(file).pixels for file in files]
    path = film(tmp_path / "twirl.avi", frames, 24)
    said = batch.new_project(tmp_path / "first.segstudio", path, None, ["person"], "approved", every=6)
    assert "5 images" in said
    assert "Every 6th frame of “twirl.avi” is taken: 5 of 30" in said
    painted = paint(tmp_path / "first.segstudio")
    with Project.open(tmp_path / "first.segstudio") as project:
        records = project.images.list_images()
    assert [record.name for record in records] == [f"twirl_frame_{index:06d}.png" for index in range(0, 30, 6)]
    assert len({record.group for record in records} - {""}) >= 1
    assert all(record.group for record in records)
    for record, index in zip(records, range(0, 30, 6), strict=True):
        np.testing.assert_array_equal(read_image(record.path).pixels, frames[index])
    (tmp_path / "videos").mkdir()
    path.rename(tmp_path / "videos" / "twirl.avi")
    batch.export_project(tmp_path / "first.segstudio", tmp_path / "out", False, "ids")
    found = look_at([tmp_path / "videos"], tmp_path / "out").found
    masks = {each.pixels.name: each.mask for each in found.images if each.pixels and each.mask}
    assert masks
    for name, mask in masks.items():
        if name in painted:
            np.testing.assert_array_equal(mask.read(painted[name].shape[::-1], 1).class_ids(), painted[name])


def test_files_of_all_kinds_can_be_chosen_together(tmp_path: Path) -> None:
    film(tmp_path / "b.avi", [np.full((8, 8, 3), value, np.uint8) for value in (10, 90)], 2)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("x")
    found = look_at([tmp_path / "b.avi", tmp_path / "a.png", tmp_path / "notes.txt"]).found
    assert [each.pixels.name if each.pixels else each.image.name for each in found.images] == [
        "a.png",
        "b_frame_000000.png",
        "b_frame_000001.png",
    ]
    with pytest.raises(UserError, match="no images"):
        look_at([tmp_path / "notes.txt"])
