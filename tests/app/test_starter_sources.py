import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.starter_sources import make_recipe, prepare, report_table
from segstudio.domain.errors import UserError
from segstudio.engine.data import read_mask
from segstudio.protocol.round_folder import IGNORE
from segstudio.protocol.starter_recipe import RECIPE, read_recipe
from tests.helpers.data import data_folder


def _pairs(folder: Path, names: list[str], seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for name in names:
        small = Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8))
        small.resize((64, 48), Image.Resampling.BICUBIC).save(folder / "images" / f"{name}.png")
        mask = np.zeros((48, 64), np.uint8)
        mask[10:30, 20:40] = 255
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")


def test_a_video_and_pictures_nearly_the_same_are_in_one_fold(tmp_path: Path) -> None:
    names = [f"dance_{number:05d}" for number in range(4)] + [f"photo{letter}" for letter in "abcdefgh"]
    _pairs(tmp_path / "data", names)
    twin = tmp_path / "data" / "images" / "photob.png"
    twin.write_bytes((tmp_path / "data" / "images" / "photoa.png").read_bytes())
    recipe = make_recipe("body", [tmp_path / "data"], tmp_path, 3)
    folds = {sample.name.removeprefix("data/"): sample.fold for sample in recipe.samples}
    assert len({folds[name] for name in names[:4]}) == 1
    assert folds["photoa"] == folds["photob"]
    assert {sample.source for sample in recipe.samples} == {"video", "photo"}
    assert set(folds.values()) == {0, 1, 2}
    assert make_recipe("body", [tmp_path / "data"], tmp_path, 3) == recipe
    first = recipe.samples[0]
    assert first.mask is not None
    assert read_mask(tmp_path / first.mask).sum() == 400


def test_there_are_as_many_folds_as_are_asked_for(tmp_path: Path) -> None:
    _pairs(tmp_path / "data", [f"photo{letter}" for letter in "abcdefgh"])
    recipe = make_recipe("lesion", [tmp_path / "data"], tmp_path, 0, folds=4)
    assert recipe.folds == 4
    assert sorted(sample.fold for sample in recipe.samples) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_each_folder_of_videos_is_spread_over_the_folds(tmp_path: Path) -> None:
    _pairs(tmp_path / "stage", [f"{video}_{number:05d}" for video in ("one", "two") for number in range(3)])
    _pairs(tmp_path / "studio", ["kata_00004", "jazz_00008"], seed=1)
    recipe = make_recipe("body", [tmp_path / "stage", tmp_path / "studio"], tmp_path, 0)
    folds = {sample.group: sample.fold for sample in recipe.samples}
    assert folds["stage/one"] != folds["stage/two"]
    assert folds["studio/kata"] != folds["studio/jazz"], "or no training would know the studio and be judged there"


def test_the_cameras_of_one_take_are_in_one_fold(tmp_path: Path) -> None:
    takes = ("HipHop_HipHop1", "Taichi_S1", "Jazz_Jazz1")
    names = [f"{take}_C{camera}_{45 * number:05d}" for take in takes for camera in range(3) for number in range(2)]
    _pairs(tmp_path / "mads", names)
    recipe = make_recipe("body", [tmp_path / "mads"], tmp_path, 1)
    assert {sample.group for sample in recipe.samples} == {f"mads/{take}" for take in takes}
    for take in takes:
        assert len({sample.fold for sample in recipe.samples if take in sample.name}) == 1
    assert {sample.fold for sample in recipe.samples} == {0, 1, 2}


def test_small_people_beside_a_large_one_and_crowds_are_ignored(tmp_path: Path) -> None:
    folder = tmp_path / "coco"
    (folder / "annotations").mkdir(parents=True)
    (folder / "val").mkdir()
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (100, 80), (90, 120, 90)).save(folder / "val" / name)
    square = [[10, 10, 50, 10, 50, 60, 10, 60]]
    small = [[60, 10, 66, 10, 66, 18, 60, 18]]
    people = [
        {"iscrowd": 0, "area": 2000.0, "segmentation": square, "bbox": [10, 10, 40, 50]},
        {"iscrowd": 0, "area": 48.0, "segmentation": small, "bbox": [60, 10, 6, 8]},
        {"iscrowd": 1, "area": 200.0, "segmentation": {}, "bbox": [70, 40, 20, 30]},
    ]
    people = [{"image_id": 1, "category_id": 1, **person} for person in people]
    Image.new("RGB", (100, 80)).save(tmp_path / "outside.jpg")
    names = ((1, "a.jpg"), (2, "b.jpg"), (3, "../../outside.jpg"))
    images = [{"id": n, "file_name": name, "width": 100, "height": 80} for n, name in names]
    body = {"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}
    (folder / "annotations" / "instances_val.json").write_text(json.dumps(body))
    recipe = make_recipe("body", [folder], tmp_path, 0)
    with_people, without = recipe.samples
    assert (with_people.source, without.source, without.mask) == ("coco", "background", None)
    assert not with_people.scored
    assert with_people.mask is not None
    mask = read_mask(tmp_path / with_people.mask)
    assert (mask[30, 30], mask[14, 63], mask[50, 80], mask[5, 5]) == (1, IGNORE, IGNORE, 0)


def test_a_recipe_is_written_once_and_another_model_is_not_built_over_it(tmp_path: Path) -> None:
    _pairs(tmp_path / "data", ["a", "b", "c"])
    out = tmp_path / "out"
    prepare("lesion", [tmp_path / "data"], out, 0, 5)
    written = (out / RECIPE).read_bytes()
    assert read_recipe(out).steps == 5
    prepare("lesion", [tmp_path / "data"], out, 0)
    assert (out / RECIPE).read_bytes() == written
    for kind, folds in (("body", 3), ("lesion", 4)):
        with pytest.raises(UserError, match="Choose an empty folder"):
            prepare(kind, [tmp_path / "data"], out, 0, folds=folds)
    (out / RECIPE).write_text("{")
    with pytest.raises(UserError, match="Choose an empty folder"):
        prepare("lesion", [tmp_path / "data"], out, 0)


def test_folders_without_masks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder"):
        make_recipe("lesion", [tmp_path / "nowhere"], tmp_path, 0)
    (tmp_path / "plain").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "plain" / "a.png")
    with pytest.raises(UserError, match="None of these folders"):
        make_recipe("lesion", [tmp_path / "plain"], tmp_path, 0)


def test_the_report_is_a_table(tmp_path: Path) -> None:
    one = {"mean": 0.9, "low": 0.85, "high": 0.95, "worst_tenth": 0.7, "least": 0.6}
    alone = one | {"low": None, "high": None}
    report = {
        "figures": {"photo": {"count": 40, "dice": one, "iou": one}, "x": {"count": 1, "dice": alone, "iou": one}}
    }
    head, row, other = report_table(report).splitlines()
    assert "Dice (95 % interval)" in head
    assert "0.900 (0.850 to 0.950)" in row
    assert "(" not in other


def test_the_real_photographs_of_people_are_found_with_their_masks(tmp_path: Path) -> None:
    recipe = make_recipe("body", [data_folder("davis")], tmp_path, 0)
    assert len(recipe.samples) == 174
    assert len({(sample.group, sample.fold) for sample in recipe.samples}) == 2


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(UserError, match="could not be made"):
        prepare("lesion", [tmp_path], tmp_path / "out", 0)
