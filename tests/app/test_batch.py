"""The commands that need no screen, with the real worker on drawn lesions."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app import batch, importing
from segstudio.app.evaluation import evaluate
from segstudio.app.evaluation_plans import folder_plan
from segstudio.app.evaluation_report import report as report_of
from segstudio.app.headless import HeadlessScheduler
from segstudio.app.queue import Queue
from segstudio.app.reports import simulation_table, write_json
from segstudio.app.simulate import SimulationSettings, simulate_annotator
from segstudio.app.worker_process import WORKER, WORKER_ALONE
from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.formats.demo import write_demo
from segstudio.protocol.round_folder import TrainingSettings
from segstudio.store.project_db import Project
from tests.formats.test_dicom import RAMP, write

QUICK = TrainingSettings(input_size=64, max_steps=4)


@pytest.fixture(scope="module")
def lesions(tmp_path_factory) -> Path:
    """Drawn lesions at half their size, which a simulated hand is done with sooner."""
    folder = tmp_path_factory.mktemp("lesions")
    for part, seed, count in (("train", 1, 6), ("held", 2, 2)):
        for drawn in write_demo(folder / part, "lesion", count, seed):
            for path in (drawn.image, drawn.mask):
                with Image.open(path) as image:
                    image.resize((384, 288), Image.Resampling.NEAREST).save(path)
    return folder


@pytest.fixture(scope="module")
def trained(lesions, tmp_path_factory) -> Path:
    """A project with three approved images, a round, and predictions."""
    folder = tmp_path_factory.mktemp("trained")
    masks = folder / "some masks"
    masks.mkdir()
    for path in sorted((lesions / "train" / "masks").iterdir())[:3]:
        (masks / path.name).write_bytes(path.read_bytes())
    said = batch.new_project(folder / "demo", lesions / "train" / "images", masks, ["lesion"], "approved")
    assert "6 images, 3 of them approved" in said
    lines: list[str] = []
    assert "Round 1 done" in batch.train_project(folder / "demo.segstudio", lines.append, QUICK)
    assert lines[-1].startswith("Round 1 · ")
    return folder / "demo.segstudio"


def test_a_project_of_which_nobody_judges_anything_is_not_made(lesions: Path, tmp_path: Path) -> None:
    images = lesions / "train" / "images"
    with pytest.raises(UserError, match="None of the classes is judged"):
        batch.new_project(tmp_path / "p", images, None, ["glare"], "approved", void=["glare", "blur"])
    assert not (tmp_path / "p.segstudio").exists()
    batch.new_project(tmp_path / "p", images, None, ["lesion"], "approved", void=["glare"])


def test_a_project_of_two_classes_with_one_name_is_not_made(lesions: Path, tmp_path: Path) -> None:
    images = lesions / "train" / "images"
    with pytest.raises(UserError, match="“nevus” and “Nevus” differ by capital letters alone"):
        batch.new_project(tmp_path / "p", images, None, ["nevus", "Nevus"], "approved")
    with pytest.raises(UserError, match="differ by capital letters alone"):
        batch.new_project(tmp_path / "p", images, None, ["nevus", "glare"], "approved", void=["Glare"])
    assert not (tmp_path / "p.segstudio").exists()


def test_no_project_is_made_where_masks_were_named_and_none_fits(lesions: Path, tmp_path: Path) -> None:
    images, masks = lesions / "train" / "images", tmp_path / "masks"
    masks.mkdir()
    shutil.copy(next((lesions / "train" / "masks").iterdir()), masks / "of another.png")
    with pytest.raises(UserError, match=r"No mask in “masks” is called like an image in “images”.*leave out"):
        batch.new_project(tmp_path / "p", images, masks, ["lesion"], "approved")
    assert not (tmp_path / "p.segstudio").exists()


def test_files_that_were_skipped_are_counted_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_NAMED", 1)
    data = tmp_path / "data"
    data.mkdir()
    good = write(data / "good.dcm", RAMP).read_bytes()
    cut = good[: good.index(b"\x28\x00\x10\x00US") + 7]
    for number, more in (1, []), (2, ["1 more file was skipped."]), (3, ["2 more files were skipped."]):
        (data / f"{number}.dcm").write_bytes(cut)
        said = batch.new_project(tmp_path / str(number), data, None, ["lesion"], "approved")
        assert [line for line in said.split("\n") if " more file" in line] == more


@pytest.mark.parametrize("error", [KeyboardInterrupt(), UserError("There is no room left.")])
def test_a_project_that_is_not_made_to_the_end_is_not_in_the_way(
    lesions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def stop(*_: object) -> None:
        raise error

    make = (tmp_path / "p", lesions / "train" / "images", lesions / "train" / "masks", ["lesion"], "approved")
    with monkeypatch.context() as patched:
        patched.setattr(importing, "put", stop)
        with pytest.raises(type(error)):
            batch.new_project(*make)
    assert list(tmp_path.iterdir()) == []
    assert "6 images, 6 of them approved" in batch.new_project(*make)


def test_a_round_leaves_weights_and_a_mask_for_every_other_image(trained):
    with Project.open(trained) as project:
        records = project.images.list_images()
        assert project.rounds.weights_in_use() is not None
    assert [record.state for record in records] == [ImageState.APPROVED] * 3 + [ImageState.PREDICTED] * 3


def test_exported_masks_are_as_large_as_their_images_and_approved_ones_exact(trained, lesions, tmp_path):
    assert "6 masks" in batch.export_project(trained, tmp_path / "all", only_approved=False)
    for path in (tmp_path / "all").iterdir():
        mask = np.asarray(Image.open(path))
        assert mask.shape == (288, 384)
        assert set(np.unique(mask)) <= {0, 255}
    assert "3 masks" in batch.export_project(trained, tmp_path / "approved", only_approved=True)
    for path in (tmp_path / "approved").iterdir():
        truth = np.asarray(Image.open(lesions / "train" / "masks" / path.name))
        assert np.array_equal(np.asarray(Image.open(path)), truth)


def test_files_outside_the_project_are_predicted_and_compared(trained, lesions, tmp_path):
    images = sorted((lesions / "held" / "images").iterdir())
    for _ in range(2):
        assert "2 masks" in batch.predict_images(trained, images, tmp_path / "out")
    report = report_of(evaluate(folder_plan(tmp_path / "out", lesions / "held" / "masks")))
    assert report["count"] == 2
    write_json(tmp_path / "report.json", report)
    assert json.loads((tmp_path / "report.json").read_text())["mean"]["dice"] == pytest.approx(report["mean"]["dice"])


def test_a_damaged_file_ends_prediction_with_a_sentence(trained, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(UserError, match=r"broken\.png"):
        batch.predict_images(trained, [broken], tmp_path / "out")


def test_predicting_over_the_images_themselves_is_refused(trained, lesions):
    images = lesions / "held" / "images"
    before = {path: path.read_bytes() for path in images.iterdir()}
    with pytest.raises(UserError, match="is the image itself"):
        batch.predict_images(trained, sorted(images.iterdir()), images)
    assert {path: path.read_bytes() for path in images.iterdir()} == before


def test_nothing_to_learn_from_and_no_model_are_sentences(lesions, tmp_path):
    batch.new_project(tmp_path / "new", lesions / "train" / "images", None, [], "approved")
    project = tmp_path / "new.segstudio"
    with pytest.raises(UserError, match="Approve a few images first"):
        batch.train_project(project, print, QUICK)
    with pytest.raises(UserError, match="no model yet"):
        batch.predict_images(project, [], tmp_path / "out")
    with pytest.raises(UserError, match="no mask to export"):
        batch.export_project(project, tmp_path / "out", only_approved=False)


def test_a_damaged_weights_file_is_refused_with_a_sentence(trained, lesions, tmp_path):
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ")
    images = sorted((lesions / "held" / "images").iterdir())[:1]
    with pytest.raises(UserError):
        list(batch.predict_files(HeadlessScheduler(), weights, images))


@pytest.mark.parametrize(("painting", "command"), [(False, WORKER_ALONE), (True, WORKER)])
def test_every_core_predicts_unless_somebody_paints_meanwhile(monkeypatch, tmp_path, painting, command):
    asked: list[tuple[str, ...]] = []

    def start(_scheduler, _hear, _gone, command):
        asked.append(command)
        raise UserError("enough")

    monkeypatch.setattr(batch, "WorkerProcess", start)
    with pytest.raises(UserError, match="enough"):
        list(batch.predict_each(HeadlessScheduler(), tmp_path, [tmp_path], painting=painting))
    assert asked == [command]


@pytest.mark.parametrize("model", [True, False])
def test_the_simulated_annotator_works_through_its_images(lesions, model):
    settings = SimulationSettings(
        lesions / "train" / "images",
        lesions / "train" / "masks",
        lesions / "held" / "images",
        lesions / "held" / "masks",
        count=4,
        seed=3,
        tolerance=0.05,
        model=model,
    )
    lines: list[str] = []
    report = simulate_annotator(settings, lines.append, QUICK)
    rows = report["images"]
    assert len(rows) == len(lines) == 4
    assert report["settings"]["tolerance"] == 0.05
    assert len({row["image"] for row in rows}) == 4
    assert all(row["human_seconds"] >= 1.0 + 0.4 * row["strokes"] for row in rows)
    assert rows[0]["strokes"] > 0
    assert rows[0]["dice_before"] == 0.0
    assert rows[1]["holdout_dice"] is None
    assert rows[1]["training_seconds"] == 0
    if model:
        assert all(row["human_seconds"] >= 1.0 + 0.7 * row["clicks"] + 0.4 * row["points"] for row in rows)
        assert rows[3]["training_seconds"] > rows[2]["training_seconds"] > 0, "the last image gets a round, too"
        assert 0 <= rows[3]["holdout_dice"] <= 1
    else:
        assert not any(row["clicks"] or row["points"] for row in rows)
        assert rows[3]["holdout_dice"] is None
        assert rows[3]["training_seconds"] == 0
    assert simulation_table(report).count("\n") == 6


def test_the_simulated_annotator_follows_the_queue_once_there_is_a_model(lesions):
    folders = [lesions / part / kind for part in ("train", "held") for kind in ("images", "masks")]
    settings = SimulationSettings(*folders, count=4, seed=3, tolerance=0.05)
    by_hand = simulate_annotator(replace(settings, count=3, model=False), lambda line: None)["images"]
    asked: list[tuple[str, int]] = []

    class Spy(Queue):
        def refresh(self, leave=False):
            asked.append((self.order, len(self._insights)))
            super().refresh(leave)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segstudio.app.learning.Queue", Spy)
        report = simulate_annotator(replace(settings, order="uncertain"), lambda line: None, QUICK)
    rows = report["images"]
    assert report["settings"]["order"] == "uncertain"
    assert [row["image"] for row in rows[:3]] == [row["image"] for row in by_hand]
    assert len({row["image"] for row in rows}) == 4
    assert ("uncertain", 3) in asked, "all three images that wait were looked at before one was chosen"
