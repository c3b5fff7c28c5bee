"""A project's own attributes sum its evaluation up: PH2's diagnosis, MADS' sequence, a table beside them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.batch import new_project
from segstudio.app.evaluate_command import EvaluateOptions, run_evaluation
from segstudio.app.evaluation_groups import OWN_GROUP, ProjectGroups
from segstudio.app.evaluation_models import Weights, model_plan
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes
from segstudio.imaging.mask_png import encode_mask
from segstudio.store.project_db import Project
from tests.helpers.data import data_folder


def record(number: int, group: str = "") -> ImageRecord:
    return ImageRecord(number, Path(f"/x/i{number}.png"), f"i{number}.png", number, group=group)


def test_videos_of_one_name_in_two_folders_are_two() -> None:
    records = [record(number, f"/d/p{number % 2}/walk|40:{number}") for number in range(1, 9)]
    known = ProjectGroups.of(records, {})
    assert {cells[OWN_GROUP] for cells in known.values.values()} == {"p0/walk", "p1/walk"}
    known = ProjectGroups.of([*records, record(9, "/d/p1/run")], {})
    assert known.values[9][OWN_GROUP] == "p1/run"


def test_what_groups_is_offered_and_what_is_asked_for_most_is_chosen() -> None:
    records = [record(number) for number in range(1, 9)]
    attributes = {
        number: {
            "Asymmetry": "none" if number % 2 else "one axis",
            "Clinical diagnosis": f"d{number % 3}",
            "Age": f"{number}",
        }
        for number in range(1, 9)
    }
    known = ProjectGroups.of(records, attributes)
    assert known.names == ("Asymmetry", "Clinical diagnosis"), "a value an image groups nothing"
    assert known.usual == ("Clinical diagnosis",)
    assert known.of_images(records[:1], ("Clinical diagnosis", "Age")) == {1: {"Clinical diagnosis": "d1", "Age": "1"}}
    assert ProjectGroups.of(records, {}).usual == ()


def test_a_reading_beside_an_image_is_of_the_same_diagnosis() -> None:
    records = [record(1), replace(record(7), reading_of=2)]
    known = ProjectGroups.of(records, {1: {"Diagnosis": "naevus"}, 2: {"Diagnosis": "melanoma"}})
    assert known.of_images(records, known.names)[7] == {"Diagnosis": "melanoma"}


def test_patients_are_a_group_unless_an_attribute_says_the_same() -> None:
    records = [record(number, f"patient:p{number % 2}") for number in range(1, 7)]
    known = ProjectGroups.of(records, {})
    assert known.names == known.usual == (OWN_GROUP,)
    assert known.of_images(records, known.names)[3] == {OWN_GROUP: "p1"}
    same = ProjectGroups.of(records, {number: {"Sequence": f"S{number % 2}"} for number in range(1, 7)})
    assert same.names == ("Sequence",)
    other = ProjectGroups.of(records, {number: {"Sequence": f"S{number % 3}"} for number in range(1, 7)})
    assert other.names == ("Sequence", OWN_GROUP)


def test_names_of_the_project_and_of_a_table_beside_it(tmp_path: Path) -> None:
    records = [record(number) for number in range(1, 5)]
    known = ProjectGroups.of(records, {number: {"Site": "arm" if number < 3 else "leg"} for number in range(1, 5)})
    table = tmp_path / "table.csv"
    table.write_text("image,camera,Site\n" + "\n".join(f"i{n}.png,{'ab'[n % 2]},back" for n in range(1, 5)))
    assert known.chosen((), None)[0] == ("Site",)
    groups = known.of_images(records, *known.chosen((), table))
    assert groups[1] == {"Site": "arm", "camera": "b"}, "the table's own site groups nothing"
    assert known.of_images(records, *known.chosen(("Site", "camera"), table))[1] == {"Site": "back", "camera": "b"}
    with pytest.raises(UserError, match=r"Nothing called “age” is known .* Known is: Site"):
        known.chosen(("age",), None)
    with pytest.raises(UserError, match="Known is: nothing"):
        ProjectGroups.of(records, {}).chosen(("age",), None)


def test_the_command_on_a_ph2_project_goes_by_diagnosis(tmp_path: Path) -> None:
    packed = data_folder("ph2_packed")
    cases = sorted(path.parent for path in packed.glob("**/*_Dermoscopic_Image"))
    for case in (*cases[:2], *cases[-2:]):
        shutil.copytree(case, tmp_path / "PH2Dataset" / case.relative_to(packed))
    shutil.copy(packed / "PH2_dataset.txt", tmp_path / "PH2Dataset")
    folder = tmp_path / "p.segstudio"
    new_project(folder, tmp_path / "PH2Dataset", None, [], "compare")
    with Project.open(folder) as project:
        for image in project.images.list_images():
            assert image.truth is not None
            true = np.asarray(Image.open(image.truth).convert("L")) > 127
            project.images.set_size(image.id, true.shape[1], true.shape[0], "x")
            project.masks.put_prediction(image.id, 1, encode_mask(true.astype(np.uint16)))
    options = EvaluateOptions(project=folder, against="truth", json_file=tmp_path / "r.json")
    text = run_evaluation(options, lambda _: None)
    found = json.loads((tmp_path / "r.json").read_text())
    assert {name: line["count"] for name, line in found["groups"]["Clinical diagnosis"].items()} == {
        "atypical nevus": 3,
        "melanoma": 1,
    }
    assert "Clinical diagnosis: melanoma" in text
    run_evaluation(replace(options, by=("Asymmetry",)), lambda _: None)
    assert list(json.loads((tmp_path / "r.json").read_text())["groups"]) == ["Asymmetry"]


def test_of_what_a_data_set_knows_the_named_is_gone_by(tmp_path: Path) -> None:
    packed = data_folder("ph2_packed")
    case = sorted(path.parent for path in packed.glob("**/*_Dermoscopic_Image"))[0]
    shutil.copytree(case, tmp_path / "PH2Dataset" / case.relative_to(packed))
    shutil.copy(packed / "PH2_dataset.txt", tmp_path / "PH2Dataset")

    def answers(_weights: Path, images: Sequence[Path], _folder: Path, *_: object) -> dict[Path, Path | UserError]:
        return dict.fromkeys(images, UserError("not asked"))

    model = Weights("m", tmp_path / "m", make_classes(["lesion"]))
    plan = model_plan([model], tmp_path / "PH2Dataset", None, answers, by=("Asymmetry", "Streaks"))
    assert list(plan.cases[0].groups) == ["Asymmetry", "Streaks"]
    plan.close()
    with pytest.raises(UserError, match=r"“size”.*Known is: .*Asymmetry"):
        model_plan([model], tmp_path / "PH2Dataset", None, answers, by=("size",))


@pytest.mark.parametrize("as_images", [False, True])
def test_folders_of_masks_are_summed_up_by_what_a_data_set_beside_them_says(tmp_path: Path, as_images: bool) -> None:
    cases = {"IMD002": 0, "IMD003": 2, "IMD004": 0, "IMD006": 2}
    data_set = tmp_path / "PH2Dataset"
    head = "|| Name || Clinical Diagnosis || Asymmetry ||\n"
    for case in cases:
        for place in (f"{case}_Dermoscopic_Image/{case}.bmp", f"{case}_lesion/{case}_lesion.bmp"):
            path = data_set / "PH2 Dataset images" / case / place
            path.parent.mkdir(parents=True)
            Image.new("L", (20, 20), 255).save(path)
        for folder in ("mine", "true"):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.new("L", (20, 20), 255).save(tmp_path / folder / f"{case}.png")
    (data_set / "PH2_dataset.txt").write_text(
        head + "".join(f"|| {case} || {what} || 0 ||\n" for case, what in cases.items())
    )
    options = EvaluateOptions(pred=tmp_path / "mine", truth=data_set, json_file=tmp_path / "r.json")
    if as_images:
        options = replace(options, truth=tmp_path / "true", images=data_set)
    for by in ((), ("Clinical diagnosis",)):
        run_evaluation(replace(options, by=by), lambda _: None)
        groups = json.loads((tmp_path / "r.json").read_text())["groups"]
        assert {name: line["count"] for name, line in groups["Clinical diagnosis"].items()} == {
            "common nevus": 2,
            "melanoma": 2,
        }
    with pytest.raises(UserError, match=r"“size”.*Known is: .*Asymmetry"):
        run_evaluation(replace(options, by=("size",)), lambda _: None)


def test_of_bare_folders_there_is_nothing_to_go_by(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--attributes"):
        run_evaluation(EvaluateOptions(pred=tmp_path, truth=tmp_path, by=("camera",)), lambda _: None)
