"""Real data sets into a project, out in each format, and into another project: the same to the pixel."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from segstudio.app import batch
from segstudio.app.round_writer import class_ids, stored_mask
from segstudio.formats.export_formats import FORMATS
from segstudio.store.project_db import Project
from tests.helpers.data import data_folder

FEW = 4
NAMED = [known.key for known in FORMATS if known.shared]


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
