"""The model in use against approved masks that it has not learned from; a real worker looks at the images."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from segstudio.app.batch import new_project
from segstudio.app.evaluate_command import EvaluateOptions, run_evaluation
from segstudio.app.evaluation import Stopped
from segstudio.app.evaluation_form import EvaluationForm
from segstudio.app.evaluation_now import NOTHING_NEW, not_learned_from, now_plan
from segstudio.app.predict_command import foretell
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.segments import SegmentTable, make_classes
from segstudio.formats.demo import write_demo
from segstudio.store.project_db import Project

NO_GROUPS: dict[int, dict[str, str]] = {}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three lesions that came in approved, so that no model's mask lies below them; from the starter."""
    write_demo(tmp_path / "demo", "lesion", 3, 5)
    folder = tmp_path / "p.segstudio"
    new_project(
        folder, tmp_path / "demo" / "images", tmp_path / "demo" / "masks", ["lesion"], "approved", starter="automatic"
    )
    return folder


def test_a_starter_is_judged_by_all_that_came_in_approved(
    project: Path, tmp_path: Path, models: dict[str, Path]
) -> None:
    options = EvaluateOptions(project=project, against="now", json_file=tmp_path / "r.json")
    text = run_evaluation(options, lambda _: None)
    found = json.loads((tmp_path / "r.json").read_text())
    assert (found["count"], found["sides"], found["truth"]) == (3, ["the model"], "approved masks")
    assert 0.85 < found["mean"]["dice"] < 1
    assert "3 pairs" in text
    with pytest.raises(UserError, match="mask by the model below it"):
        run_evaluation(replace(options, against="approved"), lambda _: None)
    # A round is judged by what it was kept from alone.
    with Project.open(project) as opened:
        opened.rounds.take_in(models["one"], "", time.time())
        ids = [image.id for image in opened.images.list_images()]
        assert [image.held_out for image in opened.images.list_images()] == [False] * 3
    with pytest.raises(UserError, match="learned from every approved image"):
        run_evaluation(options, lambda _: None)
    with Project.open(project) as opened:
        opened.images._update(ids[1], "held_out = ?", 1)
    run_evaluation(options, lambda _: None)
    found = json.loads((tmp_path / "r.json").read_text())
    assert [image["name"] for image in found["images"]] == ["Image 2"]


def test_which_images_a_model_has_not_learned_from() -> None:
    images = [
        ImageRecord(1, Path("a"), "a", 0, ImageState.APPROVED, held_out=True),
        ImageRecord(2, Path("b"), "b", 1, ImageState.APPROVED, held_out=False),
        ImageRecord(3, Path("c"), "c", 2, ImageState.IN_PROGRESS, held_out=True),
        ImageRecord(4, Path("d"), "d", 3, ImageState.APPROVED, held_out=True, problem="is gone"),
    ]
    assert [image.id for image in not_learned_from(images, 1)] == [1]
    assert [image.id for image in not_learned_from(images, 0)] == [1, 2]


def test_without_a_model_it_says_so(tmp_path: Path) -> None:
    write_demo(tmp_path / "demo", "lesion", 2, 5)
    folder = tmp_path / "p.segstudio"
    masks = tmp_path / "demo" / "masks"
    new_project(folder, tmp_path / "demo" / "images", masks, ["lesion"], "approved", starter="none")
    with pytest.raises(UserError, match="no model yet"):
        run_evaluation(EvaluateOptions(project=folder, against="now"), lambda _: None)


def test_stopped_or_failing_it_leaves_no_files(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with Project.open(project) as opened:
        records, weights = opened.images.list_images(), opened.rounds.weights_in_use()
        assert weights is not None
        numbers = {record.id: record.id for record in records}
        classes = make_classes(["lesion"])
        table = SegmentTable.for_classes(classes)
        told: list[int] = []
        with pytest.raises(Stopped):
            now_plan(
                lambda call: call(opened), records, classes, table, weights[1], foretell, groups=NO_GROUPS,
                numbers=numbers, progress=lambda done, _total: told.append(done), cancelled=lambda: bool(told),
            )  # fmt: skip
        assert told == [1]
        with pytest.raises(UserError, match="learned from every"):
            now_plan(
                lambda call: call(opened), [], classes, table, weights[1], foretell, groups=NO_GROUPS, numbers=numbers
            )
    assert list((tmp_path / "temporary").iterdir()) == []


def test_without_a_project_the_form_offers_folders_and_models() -> None:
    form = EvaluationForm(None, None)
    assert [kind for kind, _ in form.kinds()] == ["folders", "models"]
    assert form.count("now") == 0
    assert NOTHING_NEW.endswith("Approve a few more.")
