"""An export never takes the place of what others made, whenever it came there."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from segstudio.app import export_claim
from segstudio.app.batch import export_project
from segstudio.app.session import Session
from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.formats.export_formats import format_called
from segstudio.store.exports import Exports
from segstudio.store.project_db import Project
from tests.app.test_export_attributes import export, told_of
from tests.helpers.studios import StudioRig, approve

OTHERS = b"somebody's ground truth"


@pytest.fixture
def rig(tmp_path: Path):
    """Three images with approved masks; of the first something is known."""
    rig = told_of(tmp_path, {"Diagnosis": "naevus"}, {}, {})
    yield rig
    rig.studio.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


ALL = ["attributes.csv", "image_00.png", "image_01.png", "image_02.png"]


def test_what_is_as_it_was_exported_is_exported_again(rig: StudioRig, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        assert export(rig, out) == f"3 masks exported to {out}."
        assert names(out) == ALL
        # A copy of it, as a synchronised folder makes one, is the same masks.
        for path in out.iterdir():
            os.utime(path, ns=(0, 0))


@pytest.mark.parametrize("name", ["image_01.png", "attributes.csv"])
def test_what_somebody_changed_since_is_left_alone(rig: StudioRig, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    export(rig, out)
    (out / name).write_bytes(OTHERS)
    assert f"already holds {name}" in export(rig, out)
    assert (out / name).read_bytes() == OTHERS
    rig.studio.close()
    with pytest.raises(UserError, match=f"already holds {name}"):
        export_project(tmp_path / "p.segstudio", out, True)
    assert (out / name).read_bytes() == OTHERS


@pytest.mark.parametrize("below", ["", "masks", "rounds/0001"])
def test_a_projects_own_folder_is_none_to_export_to(rig: StudioRig, tmp_path: Path, below: str) -> None:
    place = rig.studio.session.folder / below
    before = sorted(rig.studio.session.folder.rglob("*.png"))
    (tmp_path / "link").symlink_to(place)
    for out in (place, tmp_path / "link"):
        assert "is in the project itself" in export(rig, out)
    assert sorted(rig.studio.session.folder.rglob("*.png")) == before
    assert not (rig.studio.session.folder / "masks").exists()


def test_another_data_set_in_a_folder_of_that_name_is_left_alone(rig: StudioRig, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(rig, out)
    shutil.rmtree(out)
    out.mkdir()
    (out / "image_00.png").write_bytes(OTHERS)
    assert "already holds image_00.png" in export(rig, out)
    assert names(out) == ["image_00.png"]
    assert (out / "image_00.png").read_bytes() == OTHERS


def test_what_was_only_planned_is_not_the_projects(rig: StudioRig, tmp_path: Path) -> None:
    out, source = tmp_path / "out", tmp_path / "images" / "image_01.png"
    source.rename(tmp_path / "away.png")
    assert export(rig, out).startswith("2 masks exported")
    (out / "image_01.png").write_bytes(OTHERS)
    (tmp_path / "away.png").rename(source)
    assert "already holds image_01.png" in export(rig, out)
    assert (out / "image_01.png").read_bytes() == OTHERS


@pytest.mark.parametrize(("name", "exported"), [("image_01.png", 2), ("attributes.csv", 3)])
def test_what_comes_while_masks_are_written_is_left_alone(
    rig: StudioRig, tmp_path: Path, name: str, exported: int
) -> None:
    out = tmp_path / "out"

    def arrive(_project: Project) -> None:
        (out / name).write_bytes(OTHERS)

    session: Session = rig.session
    session.exporter.export_masks(out, only_approved=True)
    # Behind the claim, before what is written next.
    session._store.run(arrive, lambda _none: None, lambda error: pytest.fail(str(error)))
    rig.wait(lambda: bool(rig.messages) and not session.exporter.busy)
    assert f"{name} came to {out} meanwhile" in rig.messages[-1].sentence
    assert (out / name).read_bytes() == OTHERS
    assert len([path for path in out.glob("*.png") if path.read_bytes() != OTHERS]) == exported


def test_names_that_a_program_before_remembered_still_count(rig: StudioRig, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(rig, out)
    rig.studio.close()
    project = tmp_path / "p.segstudio"
    with Project.open(project) as opened:
        with opened._database.writing() as connection:
            connection.execute("DELETE FROM exports")
        opened.settings.set_setting("exported", {str(out): ["image_00.png", "image_01.png", "image_02.png"]})
    (out / "attributes.csv").unlink()
    assert export_project(project, out, True).startswith("3 masks")
    (out / "image_00.png").write_bytes(OTHERS)
    with pytest.raises(UserError, match=r"already holds image_00\.png"):
        export_project(project, out, True)


def test_a_class_is_exported_as_it_is_now(tmp_path: Path) -> None:
    rig = StudioRig(tmp_path)
    session = rig.new_project(1, classes=("lesion", "glare"))
    session.approve()
    session.judging.set_judged(2, False)
    rig.settle()
    rig.heard.clear()
    session.exporter.export_masks(tmp_path / "out", True, format_called("class-map"))
    rig.wait(lambda: bool(rig.messages) and not session.exporter.busy)
    labels = json.loads((tmp_path / "out" / "labels.json").read_text("utf-8"))
    assert labels["2"] == "glare (not judged)"
    rig.studio.close()


@pytest.mark.parametrize("key", ["class-map", "coco"])
def test_a_class_is_called_as_its_segment_was_renamed(tmp_path: Path, key: str) -> None:
    rig = StudioRig(tmp_path)
    session = rig.new_project(1, classes=("lesion", "hair"))
    session.approve()
    session.change_segment(1, name="naevus")
    rig.settle()
    session.exporter.export_masks(tmp_path / "out", True, format_called(key))
    rig.wait(lambda: not session.exporter.busy)
    folder = session.folder
    rig.studio.close()
    export_project(folder, tmp_path / "again", True, key)
    for out in (tmp_path / "out", tmp_path / "again"):
        if key == "coco":
            told = json.loads((out / "instances.json").read_text("utf-8"))["categories"]
            assert {row["id"]: row["name"] for row in told} == {1: "naevus", 2: "hair"}
        else:
            labels = json.loads((out / "labels.json").read_text("utf-8"))
            assert labels == {"0": "background", "1": "naevus", "2": "hair"}


@pytest.mark.parametrize("key", ["png", "coco"])
def test_a_class_is_exported_in_the_colour_that_its_segment_was_given(tmp_path: Path, key: str) -> None:
    rig = StudioRig(tmp_path)
    session = rig.new_project(1, classes=("lesion", "hair"))
    session.approve()
    session.change_segment(2, color=(1, 2, 3))
    rig.settle()
    session.exporter.export_masks(tmp_path / "out", True, format_called(key))
    rig.wait(lambda: not session.exporter.busy)
    folder = session.folder
    rig.studio.close()
    export_project(folder, tmp_path / "again", True, key)
    for out in (tmp_path / "out", tmp_path / "again"):
        if key == "coco":
            told = json.loads((out / "instances.json").read_text("utf-8"))["categories"]
            assert [row["color"] for row in told] == [[86, 180, 233], [1, 2, 3]]
        else:
            with Image.open(out / "image_00.png") as mask:
                assert mask.getpalette()[3:9] == [86, 180, 233, 1, 2, 3]


def test_masks_that_nobody_approved_are_counted(tmp_path: Path) -> None:
    rig = StudioRig(tmp_path)
    session = rig.new_project(2)
    approve(rig, 1)
    rig.stroke((30, 30), (50, 40))
    rig.settle()
    out = tmp_path / "out"
    rig.heard.clear()
    session.exporter.export_masks(out, only_approved=False)
    rig.wait(lambda: bool(rig.messages) and not session.exporter.busy)
    assert rig.messages[-1].sentence == f"2 masks exported to {out}, 1 of them not approved."
    folder = session.folder
    rig.studio.close()
    again = tmp_path / "again"
    assert export_project(folder, again, only_approved=False) == f"2 masks written to {again}, 1 of them not approved."
    beside = "1 file of an earlier export is still in that folder."
    assert export_project(folder, again, only_approved=True) == f"1 mask written to {again}. {beside}"
    (again / "image_01.png").write_bytes(OTHERS)
    assert export_project(folder, again, only_approved=True) == f"1 mask written to {again}."


def test_what_an_earlier_export_left_in_the_folder_is_said(rig: StudioRig, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(rig, out)
    session = rig.session
    for record in session.records[1:]:
        rig.show(record.id)
        session.review.reject("out of focus")
    rig.settle()
    assert export(rig, out) == f"1 mask exported to {out}. 2 files of earlier exports are still in that folder."
    assert names(out) == ALL


@pytest.mark.parametrize("key", ["png", "class-map", "coco-panoptic"])
@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("ended", ["before a file is in its place", "before it is noted"])
def test_a_program_that_ended_in_an_export_takes_none_of_its_files_for_another_s(
    rig: StudioRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, earlier: bool, ended: str
) -> None:
    out, exporter = tmp_path / "out", rig.session.exporter

    def whole_export() -> str:
        rig.heard.clear()
        exporter.export_masks(out, only_approved=False, format_=format_called(key))
        rig.wait(lambda: bool(rig.messages) and not exporter.busy)
        return rig.messages[-1].sentence

    if earlier:
        whole_export()
        rig.show(rig.session.records[0].id)
        rig.stroke((5, 5), (90, 60), button="right")
        rig.settle()
        assert rig.session.records[0].state is ImageState.IN_PROGRESS
    with monkeypatch.context() as patch:
        patch.setattr(Exports, "remember", lambda *_args: None)
        if ended == "before a file is in its place":
            patch.setattr(export_claim, "write_whole", lambda *_args: None)
        whole_export()
    assert whole_export().startswith("3 masks exported")
    for path in [path for path in out.rglob("*") if path.is_file()]:
        path.write_bytes(OTHERS)
    assert "already holds" in whole_export()
