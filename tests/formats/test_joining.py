"""Several folders as one data set: each class by its name, whatever its number is in each."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.class_mapping import map_classes
from segstudio.app.new_project import NewProject, look_at
from tests.helpers.studios import write_images

NAMES = {"first": {"1": "sky", "2": "road"}, "second": {"1": "road", "2": "sky", "3": "car"}}


def write_set(folder: Path, names: dict[str, str]) -> None:
    """An image whose top is sky and whose bottom is road, and what else there is in between."""
    numbers = {name: int(number) for number, name in names.items()}
    mask = np.zeros((64, 96), np.uint8)
    mask[:20], mask[40:], mask[30:35] = numbers["sky"], numbers["road"], numbers.get("car", 0)
    (folder / "masks").mkdir(parents=True)
    for path in write_images(folder / "images", 2):
        path = path.rename(path.with_name(f"{folder.name}_{path.name}"))
        Image.fromarray(mask).save(folder / "masks" / path.name)
    (folder / "labels.json").write_text(json.dumps({"0": "background"} | names))


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    for name, names in NAMES.items():
        write_set(tmp_path / name, names)
    return [tmp_path / name for name in NAMES]


def test_folders_that_number_their_classes_in_another_order_are_one_data_set(folders: list[Path]) -> None:
    preview = look_at(folders)
    assert preview.suggested_classes == ("sky", "road", "car")
    plan = NewProject(
        folders[0], preview.found.images, ("road", "sky"), "approved", found_classes=preview.found.classes
    ).as_import
    assert len(plan.images) == 4
    for found in plan.images:
        assert found.mask is not None
        assert plan.mapping is not None
        ids = map_classes(found.mask.read((96, 64), 1), plan.mapping, "mask")
        assert (ids[:20] == 2).all()
        assert (ids[40:] == 1).all()
        assert not ids[20:40].any()


def test_images_without_masks_leave_the_classes_of_the_others_known(folders: list[Path], tmp_path: Path) -> None:
    write_images(tmp_path / "third", 3, (40, 30))
    found = look_at([folders[1], tmp_path / "third"]).found
    assert [known.name for known in found.classes] == ["road", "sky", "car"]
    assert (len(found.images), found.with_mask) == (5, 2)
