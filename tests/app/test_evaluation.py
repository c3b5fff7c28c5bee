"""Evaluations of folders, projects and models; a real worker process where a model runs."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app import evaluation_models
from segstudio.app.evaluate_command import EvaluateOptions, run_evaluation
from segstudio.app.evaluation import Case, Plan, Stopped, evaluate
from segstudio.app.evaluation_form import EvaluationForm
from segstudio.app.evaluation_groups import OWN_GROUP, Grouping
from segstudio.app.evaluation_models import Weights, model_plan
from segstudio.app.evaluation_plans import folder_plan, was_known
from segstudio.app.evaluation_report import csv_text, report, table, write_csv
from segstudio.app.identifiers import coded, identifies
from segstudio.app.model_files import classes_of, look_at_model
from segstudio.app.predict_command import foretell, weights_of
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.evaluation import Ids
from segstudio.domain.segments import make_classes
from segstudio.formats.compare import NOT_JUDGED
from segstudio.formats.dataset import Dataset, FoundClass, FoundImage, FoundMask
from segstudio.formats.demo import write_demo
from segstudio.formats.png import read_mask
from segstudio.imaging.mask_png import encode_mask
from segstudio.imaging.orientation import to_stored
from segstudio.imaging.outlines import SIDES, TRUTH
from segstudio.protocol.round_folder import read_request
from segstudio.store.project_db import Project
from tests.helpers.studios import StudioRig, approve, write_images


def square(path: Path, x: int, side: int = 20, size: tuple[int, int] = (80, 60)) -> None:
    mask = np.zeros(size[::-1], np.uint8)
    mask[10 : 10 + side, x : x + side] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Truth, a good model and a worse one, on twelve images of two diagnoses, with the images beside."""
    rows = ["image,diagnosis,age"]
    for number in range(12):
        name = f"IMD{number:03d}"
        square(tmp_path / "truth" / f"{name}_lesion.bmp", 20)
        square(tmp_path / "good" / f"{name}.png", 20 + number % 3)
        square(tmp_path / "bad" / f"{name}.png", 24 + number % 4)
        rows.append(f"{name},{'melanoma' if number % 3 == 2 else 'naevus'},{30 + number}")
        Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "table.csv").write_text("\n".join(rows))
    return tmp_path


def test_folders_side_by_side_by_group_with_pictures_csv_and_json(folders: Path) -> None:
    options = EvaluateOptions(
        folders / "good", folders / "truth", folders / "bad", attributes=folders / "table.csv", images=folders,
        json_file=folders / "r.json", csv_file=folders / "r.csv", pictures=folders / "worst", worst=3,
        identifiers=True,
    )  # fmt: skip
    text = run_evaluation(options, lambda _: None)
    found = json.loads((folders / "r.json").read_text())
    assert found["sides"] == ["good", "bad"]
    assert found["count"] == 12
    assert found["mean"]["dice"] == pytest.approx((1 + 0.95 + 0.9) / 3)
    low, high = found["interval"]["dice"]
    assert low < found["mean"]["dice"] < high
    assert {name: line["count"] for name, line in found["groups"]["diagnosis"].items()} == {"melanoma": 4, "naevus": 8}
    assert "age" not in found["groups"], "a value an image groups nothing"
    assert found["groups"]["diagnosis"]["melanoma"]["mean"]["dice"] == pytest.approx(0.9)
    assert found["difference"]["dice"]["worse"] == 12
    assert found["difference"]["dice"]["high"] < 0
    assert found["images"][0]["other"]["dice"] == pytest.approx(0.8)
    assert set(found["worst"][:4]) == {f"IMD{number:03d}" for number in (2, 5, 8, 11)}
    rows = list(csv.DictReader(io.StringIO((folders / "r.csv").read_text())))
    assert float(rows[2]["dice (good)"]) == pytest.approx(0.9)
    assert rows[2]["diagnosis"] == "melanoma"
    assert "more than chance would do" in text
    assert "diagnosis: melanoma" in text
    pictures = sorted((folders / "worst").iterdir())
    assert [path.name[:3] for path in pictures] == ["01_", "02_", "03_"]
    pixels = np.asarray(Image.open(pictures[0]))
    for color in (TRUTH, SIDES[0], SIDES[1], (90, 90, 90)):
        assert (pixels == color).all(axis=2).any(), color


def test_a_file_that_cannot_be_written_costs_no_figures(folders: Path) -> None:
    options = EvaluateOptions(
        folders / "good", folders / "truth", json_file=folders / f"{'r' * 300}.json",
        csv_file=folders / "new" / "r.csv", pictures=folders / "table.csv",
    )  # fmt: skip
    said: list[str] = []
    with pytest.raises(UserError, match=r"(?s)“r{300}\.json” can't be written.*\n.*table\.csv"):
        run_evaluation(options, said.append)
    assert "Dice            0.950" in said[-1]
    assert len((folders / "new" / "r.csv").read_text().splitlines()) == 13
    assert (folders / "table.csv").is_file()
    run_evaluation(replace(options, json_file=folders / "other" / "r.json", pictures=None), said.append)
    assert json.loads((folders / "other" / "r.json").read_text())["count"] == 12


def test_names_stay_out_of_files_unless_they_are_asked_for(folders: Path) -> None:
    """Neither image nor folder nor patient is named, not by what failed or has no partner either; figures stay."""
    table_file, patients = folders / "table.csv", folders / "patients.csv"
    rows = [line.split(",") for line in table_file.read_text().splitlines()]
    patients.write_text("\n".join([
        "image,diagnosis,patient_id",
        *(f"{name},{diagnosis},Muller {number // 4}" for number, (name, diagnosis, _) in enumerate(rows[1:])),
    ]))  # fmt: skip
    (folders / "good" / "IMD003.png").write_bytes(b"no image")
    square(folders / "good" / "IMD099.png", 5)
    options = EvaluateOptions(
        folders / "good", folders / "truth", folders / "bad", attributes=patients, images=folders,
        json_file=folders / "r.json", csv_file=folders / "r.csv", pictures=folders / "worst", worst=2,
    )  # fmt: skip
    run_evaluation(options, lambda _: None)
    written = (folders / "r.json").read_text() + (folders / "r.csv").read_text()
    written += "".join(path.name for path in (folders / "worst").iterdir())
    for name in ("IMD", "Muller", "good", "bad", folders.name, "r.json"):
        assert name not in written, name
    found = json.loads((folders / "r.json").read_text())
    assert [image["name"] for image in found["images"]][:4] == ["Image 1", "Image 2", "Image 3", "Image 5"]
    assert found["failed"] == [{"name": "Image 4", "reason": "Its masks could not be compared."}]
    assert found["unpaired_predictions"] == ["Mask 1"]
    assert found["sides"] == ["first", "second"]
    assert {name: line["count"] for name, line in found["groups"]["patient_id"].items()} == {
        "Group 1": 3, "Group 2": 4, "Group 3": 4,
    }  # fmt: skip
    assert set(found["groups"]["diagnosis"]) == {"melanoma", "naevus"}
    rows = list(csv.DictReader(io.StringIO((folders / "r.csv").read_text())))
    assert (rows[2]["image"], rows[2]["patient_id"]) == ("Image 3", "Group 1")
    assert float(rows[2]["dice (first)"]) == pytest.approx(0.9)
    run_evaluation(replace(options, identifiers=True), lambda _: None)
    assert "Muller 2" in (folders / "r.json").read_text()


def test_images_of_nobody_known_are_no_group() -> None:
    assert coded(["", "Muller", "", "Smith", "Muller"]) == {"": "", "Muller": "Group 1", "Smith": "Group 2"}


def test_attributes_that_tell_who_it_is() -> None:
    for name in ("Patient", "patient_id", "ID", "Case", "File name", "Birth date", "lesion_id", OWN_GROUP):
        assert identifies(name), name
    for name in (
        "CaseID",
        "LesionId",
        "caseid",
        "Case_No",
        "DOB",
        "StudyInstanceUID",
        "AccessionNumber",
        "MRN2",
        "SSN",
        "Geburtsdatum",
        "HospitalNumber",
        "InstitutionName",
        "ward",
        "Klinik",
        "PID",
        "Participant",
        "PatNr",
        "Pat.-Nr.",
        "Fallnummer",
        "Fall-Nr.",
        "Chart no",
        "sampleid",
        "encounter_number",
        "Adresse",
        "Telefon",
        "Aufnahmedatum",
        "Initialen",
        "zip code",
    ):
        assert identifies(name), name
    for name in (
        "Clinical diagnosis",
        "Klinische Diagnose",
        "Reward",
        "Camera",
        "Streaks",
        "Sequence",
        "Width",
        "Incident light",
        "Action",
        "Solid",
        "Pattern",
        "Chart",
        "Fallow",
        "Rapid",
        "Probe",
    ):
        assert not identifies(name), name


def test_a_chosen_column_and_one_that_is_not_there(folders: Path) -> None:
    plan = folder_plan(folders / "good", folders / "truth", grouping=Grouping.of(folders / "table.csv", ["age"]))
    assert len(report(evaluate(plan))["groups"]["age"]) == 12
    with pytest.raises(UserError, match=r"no column “site”\. It has: diagnosis, age"):
        Grouping.of(folders / "table.csv", ["site"])


def test_only_images_that_both_sides_have_count(folders: Path) -> None:
    for number in range(10):
        (folders / "bad" / f"IMD{number:03d}.png").unlink()
    found = evaluate(folder_plan(folders / "good", folders / "truth", folders / "bad"))
    assert [scored.name for scored in found.scored] == ["IMD010", "IMD011"]
    square(folders / "bad" / "IMD099.png", 5)
    (folders / "good" / "IMD011.png").unlink()
    plan = folder_plan(folders / "good", folders / "truth", folders / "bad")
    alone = [path.name for path in plan.unpaired[0]]
    assert alone == [*(f"IMD{number:03d}.png" for number in range(10)), "IMD099.png", "IMD011.png"]
    assert "13 masks have no partner" in table(evaluate(plan))


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("v1.0", "v1.1", ("v1.0", "v1.1")),
        ("a/run/masks", "b/run/masks", ("a/run/masks", "b/run/masks")),
        ("a/masks", "a/masks", ("masks", "masks again")),
    ],
)
def test_two_sides_are_never_called_alike(tmp_path: Path, one: str, other: str, names: tuple[str, str]) -> None:
    for folder in {one, other, "truth"}:
        square(tmp_path / folder / "x.png", 3)
    found = evaluate(folder_plan(tmp_path / one, tmp_path / "truth", tmp_path / other))
    assert found.plan.sides == names
    heads = csv_text(found).splitlines()[0].split(",")
    assert len(set(heads)) == len(heads)


@pytest.mark.parametrize(
    ("orientation", "stored"),
    [*((number, True) for number in range(1, 9)), *((number, False) for number in (5, 6, 7, 8))],
)
def test_pictures_show_masks_where_they_are_on_the_image(tmp_path: Path, orientation: int, stored: bool) -> None:
    mask = np.zeros((60, 90), np.uint8)
    mask[10:30, 10:50] = 255
    about = Image.Exif()
    about[0x112] = orientation
    image = Image.fromarray(to_stored(np.where(mask, 120, 220).astype(np.uint8), orientation))
    (tmp_path / "images").mkdir()
    image.save(tmp_path / "images" / "x.png", exif=about)
    for folder in ("truth", "pred"):
        (tmp_path / folder).mkdir()
        Image.fromarray(to_stored(mask, orientation) if stored else mask).save(tmp_path / folder / "x.png")
    found = evaluate(folder_plan(tmp_path / "pred", tmp_path / "truth", images=tmp_path / "images"))
    for size in (90, 64):
        picture = found.picture(0, size)
        assert picture.shape[1] == size
        row, column = np.nonzero((picture == SIDES[0]).all(axis=2))
        dark = np.nonzero((picture == 120).all(axis=2))
        assert abs(row.min() - dark[0].min()) < 4
        assert abs(column.max() - dark[1].max()) < 4


def test_one_of_a_kind_is_no_plural_and_the_worst_are_said_to_be_of_a_side(tmp_path: Path) -> None:
    for folder in ("a", "b", "truth"):
        square(tmp_path / folder / "x.png", 3)
    square(tmp_path / "a" / "alone.png", 3)
    lines = table(evaluate(folder_plan(tmp_path / "a", tmp_path / "truth", tmp_path / "b"))).splitlines()
    assert lines[0] == "1 pair"
    assert "lowest Dice of a: x 1.000" in lines
    assert lines[-1].startswith("1 mask has no partner, such as ")


def test_names_in_a_csv_are_no_formulas(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        square(tmp_path / folder / "=1+1.png", 3)
    found = evaluate(folder_plan(tmp_path / "a", tmp_path / "b"))
    attributed = tuple(replace(scored, groups={"=2+2": "=3+3"}) for scored in found.scored)
    head, row = csv_text(replace(found, scored=attributed)).splitlines()
    assert head.startswith("image,'=2+2,")
    assert row.startswith("'=1+1,'=3+3,")
    assert "95 % interval" in table(evaluate(folder_plan(tmp_path / "a", tmp_path / "b")))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_text_are_escaped_in_a_csv(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        square(tmp_path / folder / os.fsdecode(b"M\xfcller.png"), 3)
    write_csv(tmp_path / "e.csv", evaluate(folder_plan(tmp_path / "a", tmp_path / "b")))
    assert (tmp_path / "e.csv").read_text("utf-8").splitlines()[1].startswith("M\\udcfcller,")


def test_what_is_wanted_no_more_stops_soon() -> None:
    read: list[int] = []

    def case(number: int) -> Case:
        def masks() -> tuple[np.ndarray, ...]:
            read.append(number)
            return np.ones((4, 4), np.uint16), np.ones((4, 4), np.uint16)

        return Case(str(number), masks)

    plan = Plan(("a",), "b", tuple(case(number) for number in range(500)))
    with pytest.raises(Stopped):
        evaluate(plan, cancelled=lambda: len(read) >= 20)
    assert len(read) < 100


def test_a_bug_in_reading_is_no_bad_image() -> None:
    def broken() -> tuple[np.ndarray, ...]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        evaluate(Plan(("a",), "b", (Case("x", broken),)))


def test_nothing_to_compare_says_what_to_give() -> None:
    with pytest.raises(UserError, match="Say what to compare"):
        run_evaluation(EvaluateOptions(), lambda _: None)
    with pytest.raises(UserError, match="--images"):
        run_evaluation(EvaluateOptions(models=("x",)), lambda _: None)


# ---- a project -----------------------------------------------------------------------------------------------------


def test_a_projects_model_against_what_was_approved(tmp_path: Path) -> None:
    rig = StudioRig(tmp_path)
    rig.new_project(6)
    approve(rig, 3)
    with_mask = [record for record in rig.session.records if record.prediction_round is not None]
    assert with_mask, "the round made masks of the rest"
    for record in with_mask:
        rig.show(record.id)
        rig.stroke((30, 30), (50, 40))
        rig.session.approve()
    rig.settle()
    rig.studio.close()
    folder = tmp_path / "test.segstudio"
    run_evaluation(EvaluateOptions(project=folder, json_file=tmp_path / "r.json"), lambda _: None)
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["count"] == len(with_mask)
    assert 0 < found["mean"]["dice"] < 1
    numbers = [record.position + 1 for record in with_mask]
    assert [image["name"] for image in found["images"]] == [f"Image {number}" for number in numbers]
    with pytest.raises(UserError, match="No image of this project has a true mask"):
        run_evaluation(EvaluateOptions(project=folder, against="truth"), lambda _: None)
    with Project.open(folder):
        pass  # it was let go


def test_no_model_is_judged_by_what_it_had_learned_from(tmp_path: Path) -> None:
    rig = StudioRig(tmp_path)
    session = rig.new_project(8)
    session.rounds.automatic = False
    second, painted, fresh = (session.records[place].id for place in (1, 4, 5))
    approve(rig, 1)
    session.approve()  # as it is, with nothing painted
    rig.settle()
    approve(rig, 1)
    rig.show(painted)
    rig.stroke((30, 30))
    rig.settle()
    session.rounds.start()
    rig.settle()
    form = EvaluationForm(session, rig.studio._store.ask)
    form.change(kind="approved")
    assert form.lack().startswith("No approved image")
    rig.show(painted)
    session.predictor.request(painted)  # "Renew"
    rig.settle()
    session.approve()
    rig.settle()
    assert (session.record(painted).prediction_round, form.count("approved")) == (1, 0)
    assert form.lack().startswith("The model had learned")
    with pytest.raises(UserError, match="had learned from every approved image"):
        form.plan_maker()(lambda _done, _total: None, lambda: False)
    # The second round was not given this image. The first was, from which it goes on.
    rig.show(second)
    session.reopen()
    rig.settle()
    session.rounds.start()
    rig.settle()
    given = read_request(session.folder / "rounds" / "0002").images
    assert second not in {image.image_id for image in given}
    for image_id in (second, fresh):
        rig.show(image_id)
        session.approve()
        rig.settle()
    assert [session.record(id_).prediction_round for id_ in (second, fresh)] == [2, 2]
    plan = form.plan_maker()(lambda _done, _total: None, lambda: False)
    assert [case.image_id for case in plan.cases] == [fresh]
    assert form.about().endswith("had learned from them: 2 images.")
    assert [score.image_id for score in session.book.approval_scores] == [fresh]
    form.change(kind="now")
    assert form.about().endswith("so it may look a little too good.")
    session = rig.reopen()
    assert EvaluationForm(session, rig.studio._store.ask).count("approved") == 1
    rig.studio.close()


def test_a_reading_of_an_image_that_was_learned_from_is_known() -> None:
    beside = ImageRecord(7, Path("a"), "a", 0, ImageState.APPROVED, prediction_round=2, reading_of=3)
    assert was_known(beside, {2: {3}})
    assert not was_known(beside, {1: {3}, 2: {7}})
    assert not was_known(replace(beside, prediction_round=None), {2: {3}})


def test_a_project_with_true_masks_beside(tmp_path: Path) -> None:
    from segstudio.app.batch import new_project
    from segstudio.app.round_writer import stored_mask
    from segstudio.imaging.mask_png import encode_mask

    write_demo(tmp_path / "demo", "lesion", 3, 5)
    folder = tmp_path / "p.segstudio"
    new_project(folder, tmp_path / "demo" / "images", tmp_path / "demo" / "masks", ["lesion"], "compare")
    with Project.open(folder) as project:
        for record in project.images.list_images()[:2]:
            assert record.truth is not None
            truth = np.asarray(Image.open(record.truth).convert("L")) > 127
            project.images.set_size(record.id, truth.shape[1], truth.shape[0], "x")
            project.masks.put_prediction(record.id, 1, encode_mask(truth.astype(np.uint16)))
            assert stored_mask(project, project.images.image(record.id), vouched_only=False).any()
    options = EvaluateOptions(project=folder, against="truth", json_file=tmp_path / "r.json")
    run_evaluation(options, lambda _: None)
    found = json.loads((tmp_path / "r.json").read_text())
    assert (found["count"], found["mean"]["dice"]) == (2, 1)
    with Project.open(folder) as project:
        true = project.images.list_images()[0].truth
    assert true is not None
    unjudged = (np.asarray(Image.open(true).convert("L")) > 127).astype(np.uint8)
    unjudged[:, ::2] = 255
    Image.fromarray(unjudged).save(true)
    run_evaluation(options, lambda _: None)
    found = json.loads((tmp_path / "r.json").read_text())
    assert (found["count"], found["mean"]["dice"]) == (2, 1), "what is not judged counts neither way"
    with Project.open(folder) as project:
        project.readings.reject(project.images.list_images()[0].id, "blurred")
    run_evaluation(options, lambda _: None)
    found = json.loads((tmp_path / "r.json").read_text())
    assert [image["name"] for image in found["images"]] == ["Image 2"], "a rejected image is not judged"


# ---- models --------------------------------------------------------------------------------------------------------


def test_two_models_on_a_folder_by_a_real_worker(tmp_path: Path, models: dict[str, Path]) -> None:
    drawn = write_demo(tmp_path / "demo", "lesion", 3, 5)
    images, masks = drawn[0].image.parent, tmp_path / "demo" / "masks"
    (images / "broken.png").write_bytes(b"no image")
    square(masks / "broken.png", 3)
    paths = [tmp_path / "a" / "model.safetensors", tmp_path / "b" / "model.safetensors"]
    for path, name in zip(paths, ("one", "other"), strict=True):
        path.parent.mkdir()
        shutil.copy(models[name], path)
    options = EvaluateOptions(
        models=tuple(map(str, paths)), images=images, truth=masks, json_file=tmp_path / "r.json", identifiers=True
    )
    text = run_evaluation(options, lambda _: None)
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["count"] == 3
    assert found["sides"] == ["a/model.safetensors", "b/model.safetensors"]
    assert [row["name"] for row in found["failed"]] == ["broken"]
    assert found["difference"]["dice"]["better"] + found["difference"]["dice"]["worse"] <= 3
    assert "broken: " in text


def test_models_of_a_project_are_called_by_their_rounds(tmp_path: Path, models: dict[str, Path]) -> None:
    for path in write_images(tmp_path / "images", 1):
        square(tmp_path / "masks" / path.name, 10, size=(96, 64))
    paths = [tmp_path / "p.segstudio" / "rounds" / number / "weights.safetensors" for number in ("0003", "0012")]
    for path, name in zip(paths, ("one", "other"), strict=True):
        path.parent.mkdir(parents=True)
        shutil.copy(models[name], path)
    plan = model_plan([weights_of(str(path)) for path in paths], tmp_path / "images", tmp_path / "masks", foretell)
    plan.close()
    assert plan.sides == ("round 3", "round 12")


def test_models_of_different_classes_are_not_compared(tmp_path: Path, models: dict[str, Path]) -> None:
    both = [weights_of(str(models[name])) for name in ("one", "two")]
    with pytest.raises(UserError, match="different classes"):
        model_plan(both, tmp_path, tmp_path, foretell)
    write_images(tmp_path / "bare", 2)
    with pytest.raises(UserError, match="No image in “bare” has a mask"):
        model_plan(both[:1], tmp_path / "bare", None, foretell)


def test_predicting_for_an_evaluation_can_be_stopped(tmp_path: Path, models: dict[str, Path]) -> None:
    images = write_images(tmp_path / "images", 3)
    for path in images:
        square(tmp_path / "masks" / path.name, 10, size=(96, 64))
    told: list[int] = []
    with pytest.raises(Stopped):
        model_plan(
            [weights_of(str(models["one"]))], tmp_path / "images", tmp_path / "masks",
            foretell, progress=lambda done, _total: told.append(done), cancelled=lambda: bool(told),
        )  # fmt: skip
    assert told == [1]


def test_masks_mean_what_the_model_calls_so(tmp_path: Path, models: dict[str, Path]) -> None:
    """Class 7 of the data set is what the model calls lesion; its class 3 is nothing to it."""
    (image,) = write_images(tmp_path / "in", 1)

    class Masks:
        files = (image,)

        def read(self, size: tuple[int, int], orientation: int) -> FoundMask:
            ids = np.zeros(size[::-1], np.uint16)
            ids[:10], ids[30:] = 7, 3
            return FoundMask(ids)

    found = (FoundImage(image, Masks(), attributes={"Diagnosis": "naevus"}),)  # type: ignore[arg-type]
    dataset = Dataset("x", found, (FoundClass(3, "Hair"), FoundClass(7, "Lesion")))
    one = classes_of(look_at_model(models["one"]))
    meaning = evaluation_models._meaning(dataset, one)
    assert meaning[[3, 7, 9]].tolist() == [0, 1, 0]
    assert evaluation_models._meaning(dataset, classes_of(look_at_model(models["two"])))[[3, 7]].tolist() == [2, 1]
    with pytest.raises(UserError, match=r"other classes \(Hair, Lesion\) than the model \(person\)"):
        evaluation_models._meaning(dataset, make_classes(["person"]))
    with_one = Dataset("x", found, (FoundClass(4, "naevus"),))
    assert evaluation_models._meaning(with_one, one)[[4, 5]].tolist() == [1, 1], "there is only one thing it can be"
    answer = tmp_path / "said.png"
    answer.write_bytes(encode_mask(np.ones((64, 96), np.uint16)))
    truth, said = evaluation_models._reads(found[0], [answer], meaning, ())()
    assert np.unique(truth[:10]).tolist() == [1]
    assert not truth[10:].any()
    assert said.all()


@pytest.mark.parametrize(
    ("names", "listed"), [(["lesion"], None), (["lesion"], "lesion"), (["lesion"], "naevus"), (["cat", "dog"], "cat")]
)
def test_what_a_data_set_does_not_judge_counts_neither_way(
    tmp_path: Path, names: list[str], listed: str | None
) -> None:
    (image,) = write_images(tmp_path / "images", 1)
    true = np.zeros((64, 96), np.uint8)
    true[5:40, 5:60] = 1
    right = true.astype(np.uint16)
    if len(names) > 1:
        true[45:58, 5:30] = right[45:58, 5:30] = 2
    true[:, 66:] = 255
    (tmp_path / "masks").mkdir()
    Image.fromarray(true).save(tmp_path / "masks" / image.name)
    if listed:
        numbers = {listed: 1, "void": 255} | ({"dog": 2} if len(names) > 1 else {})
        rows = [{"id": number, "name": name} for name, number in numbers.items()]
        (tmp_path / "classes.json").write_text(json.dumps(rows))
    more = right.copy()
    more[:, 66:] = 1
    wrong = right.copy()
    wrong[:5] = 1
    for said, is_right in ((right, True), (more, True), (wrong, False)):

        def answers(_weights: Path, images: Sequence[Path], folder: Path, *_: object, said: Ids = said) -> dict:
            (folder / "a.png").write_bytes(encode_mask(said))
            return dict.fromkeys(images, folder / "a.png")

        plan = model_plan([Weights("m", tmp_path / "m", make_classes(names))], tmp_path, None, answers)
        assert (evaluate(plan).lines()[0].measures["dice"].mean == 1) == is_right
        plan.close()


def test_a_class_that_the_masks_have_under_another_name_is_told(tmp_path: Path) -> None:
    (image,) = write_images(tmp_path / "images", 1)
    mask = np.zeros((64, 96), np.uint8)
    mask[:20], mask[40:] = 1, 2
    (tmp_path / "masks").mkdir()
    Image.fromarray(mask).save(tmp_path / "masks" / image.name)
    (tmp_path / "classes.json").write_text(json.dumps({"lesion": 1, "hair": 2}))

    def answers(_weights: Path, images: Sequence[Path], folder: Path, *_: object) -> dict:
        (folder / "a.png").write_bytes(encode_mask(mask.astype(np.uint16)))
        return dict.fromkeys(images, folder / "a.png")

    told = "The masks know no class called “object”: wherever that is found, it counts as wrong."
    for names, note in ((["object", "hair"], told), (["lesion", "hair"], "")):
        plan = model_plan([Weights("m", tmp_path / "m", make_classes(names))], tmp_path, None, answers)
        assert plan.note == note
        plan.close()


def test_a_projects_true_masks_may_leave_places_unjudged(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    mask = np.zeros((4, 6), np.uint8)
    mask[0], mask[1] = 1, 255
    Image.fromarray(mask).save(path)
    for names in (["lesion"], ["lesion", "hair"]):
        read = read_mask(path, (6, 4), 1, make_classes(names), NOT_JUDGED)
        assert [int(row[0]) for row in read] == [1, NOT_JUDGED, 0, 0]
    mask[2] = 90
    Image.fromarray(mask).save(path)
    read = read_mask(path, (6, 4), 1, make_classes(["lesion"]), NOT_JUDGED)
    assert [int(row[0]) for row in read] == [0, 1, 0, 0], "soft edges"
