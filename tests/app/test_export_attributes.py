"""What is known of images goes out beside their masks, from the window's session and from the command."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.batch import export_project
from segstudio.app.importing import ImportPlan, import_now
from segstudio.app.new_project import NewProject, create
from segstudio.domain.errors import UserError
from segstudio.formats.attributes import key_of, read_attributes
from segstudio.formats.dataset import FoundImage
from segstudio.formats.file_mask import FileMask
from segstudio.formats.tables import read_csv
from tests.helpers.studios import StudioRig, write_images

TOLD = {"Diagnosis": "naevus", "Größe": "=1+1", "Delta": "-1.5", "Image": "dermoscopic"}


def told_of(folder: Path, *told: dict[str, str]) -> StudioRig:
    """A project of images with approved masks, of which so much is known each."""
    rig = StudioRig(folder)
    found = []
    for path, known in zip(write_images(folder / "images", len(told)), told, strict=True):
        mask = folder / "masks" / path.name
        mask.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((64, 96), 255, np.uint8)).save(mask)
        found.append(FoundImage(path, FileMask(mask), attributes=known))
    rig.studio.new_project(NewProject(folder / "p.segstudio", tuple(found), ("lesion",), "approved"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    return rig


@pytest.fixture
def rig(tmp_path: Path):
    """Three images; of the last nothing is known."""
    rig = told_of(tmp_path, TOLD, {"Diagnosis": "melanoma", "@Site": "arm"}, {})
    yield rig
    rig.studio.close()


def export(rig: StudioRig, folder: Path) -> str:
    rig.heard.clear()
    rig.session.exporter.export_masks(folder, only_approved=True)
    rig.wait(lambda: bool(rig.messages) and not rig.session.exporter.busy)
    return rig.messages[-1].sentence


def test_the_window_and_the_command_write_the_same_table(rig: StudioRig, tmp_path: Path) -> None:
    assert export(rig, tmp_path / "out").startswith("3 masks exported")
    rig.studio.close()
    export_project(tmp_path / "p.segstudio", tmp_path / "again", True)
    for folder in (tmp_path / "out", tmp_path / "again"):
        rows = list(csv.DictReader((folder / "attributes.csv").read_text("utf-8").splitlines()))
        assert rows == [
            {
                "image": "image_00",
                "Diagnosis": "naevus",
                "Größe": "'=1+1",
                "Delta": "-1.5",
                "Image (2)": "dermoscopic",
                "'@Site": "",
            },
            {"image": "image_01", "Diagnosis": "melanoma", "Größe": "", "Delta": "", "Image (2)": "", "'@Site": "arm"},
        ]
        read = read_attributes(folder / "attributes.csv")
        assert read[key_of(folder / "image_01.png")] == {"Größe": "", "Delta": "", "Image (2)": ""} | {
            "Diagnosis": "melanoma",
            "@Site": "arm",
        }
        assert read[key_of(folder / "image_00.png")]["Größe"] == "=1+1"
        assert read_csv(folder / "attributes.csv")[0]["Größe"] == "=1+1"


def test_images_of_one_name_have_a_row_each(tmp_path: Path) -> None:
    found = []
    for number, name in enumerate(("scan.bmp", "scan.png")):
        path = tmp_path / "images" / name
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (30, 20), number).save(path)
        found.append(FoundImage(path, FileMask(path), attributes={"Number": f"no. {number}"}))
    with create(NewProject(tmp_path / "p.segstudio", tuple(found), ("lesion",), "approved")) as project:
        import_now(project, ImportPlan(tuple(found), "approved"))
    export_project(tmp_path / "p.segstudio", tmp_path / "out", True)
    read = read_attributes(tmp_path / "out" / "attributes.csv")
    masks = {path.name: read[key_of(path)]["Number"] for path in (tmp_path / "out").glob("*.png")}
    assert masks == {"scan.bmp.png": "no. 0", "scan.png.png": "no. 1"}


def table(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "attributes.csv").read_text("utf-8").splitlines()))


def test_who_images_are_of_leaves_only_when_it_is_asked_for(tmp_path: Path) -> None:
    one = {"PatientName": "Roe", "Lesion id": "MRN770", "Diagnosis": "naevus"}
    others = [{**one, "PatientName": "Doe", "Lesion id": f"MRN77{number}"} for number in (1, 2)]
    rig = told_of(tmp_path, one, others[0], {**others[1], "DOB": "1970"})
    assert export(rig, tmp_path / "out").startswith("3 masks exported")
    rig.session.exporter.export_masks(tmp_path / "named", only_approved=True, identifiers=True)
    rig.wait(lambda: not rig.session.exporter.busy)
    rig.studio.close()
    export_project(tmp_path / "p.segstudio", tmp_path / "again", True)
    export_project(tmp_path / "p.segstudio", tmp_path / "again named", True, identifiers=True)
    for folder in (tmp_path / "out", tmp_path / "again"):
        assert [[*row.values()] for row in table(folder)] == [
            ["image_00", "Group 1", "naevus"],
            ["image_01", "Group 2", "naevus"],
            ["image_02", "Group 2", "naevus"],
        ]
        assert [*table(folder)[0]] == ["image", "PatientName", "Diagnosis"], "what is each image's own tells who it is"
    for folder in (tmp_path / "named", tmp_path / "again named"):
        assert [row["PatientName"] for row in table(folder)] == ["Roe", "Doe", "Doe"]
        assert [row["Lesion id"] for row in table(folder)] == ["MRN770", "MRN771", "MRN772"]
        assert [row["DOB"] for row in table(folder)] == ["", "", "1970"]


def test_where_nothing_else_is_known_there_is_no_table(tmp_path: Path) -> None:
    rig = told_of(tmp_path, {"Patient": "Doe"})
    export(rig, tmp_path / "out")
    rig.studio.close()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["image_00.png"]


def test_who_images_are_of_does_not_stay_from_an_earlier_export(tmp_path: Path) -> None:
    rig = told_of(tmp_path, {"Patient": "Doe"}, {"Patient": "Roe"})
    out = tmp_path / "out"
    rig.session.exporter.export_masks(out, only_approved=True, identifiers=True)
    rig.wait(lambda: not rig.session.exporter.busy)
    assert [row["Patient"] for row in table(out)] == ["Doe", "Roe"]
    assert export(rig, out) == f"2 masks exported to {out}."
    assert not (out / "attributes.csv").exists()
    (out / "attributes.csv").write_text("mine")
    assert export(rig, out) == f"2 masks exported to {out}."
    assert (out / "attributes.csv").read_text() == "mine"
    rig.studio.close()


def test_the_trail_says_whether_who_images_are_of_went_along(tmp_path: Path) -> None:
    rig = told_of(tmp_path, {"Patient": "Doe"}, {"Patient": "Roe"})
    for number, identifiers in enumerate((True, False)):
        rig.session.exporter.export_masks(tmp_path / str(number), True, identifiers=identifiers)
        rig.wait(lambda: not rig.session.exporter.busy)
    entries = rig.studio._store.ask(lambda project: project.audit.entries())
    told = [entry.told for entry in entries if entry.kind == "export"]
    assert [row["identifiers"] for row in told] == [True, False]
    rig.studio.close()


def test_coco_calls_images_as_its_own_file_does(rig: StudioRig, tmp_path: Path) -> None:
    rig.studio.close()
    export_project(tmp_path / "p.segstudio", tmp_path / "out", True, "coco")
    rows = list(csv.DictReader((tmp_path / "out" / "attributes.csv").read_text("utf-8").splitlines()))
    assert [row["image"] for row in rows] == ["image_00.png", "image_01.png"]


def test_a_table_of_others_is_left_alone_and_nothing_is_written(rig: StudioRig, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "attributes.csv").write_text("mine")
    assert "did not export" in export(rig, tmp_path / "out")
    rig.studio.close()
    with pytest.raises(UserError, match=r"attributes\.csv, which this project did not export"):
        export_project(tmp_path / "p.segstudio", tmp_path / "out", True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["attributes.csv"]
    assert (tmp_path / "out" / "attributes.csv").read_text() == "mine"


def test_an_image_whose_mask_could_not_be_written_has_no_row(rig: StudioRig, tmp_path: Path) -> None:
    Image.new("RGB", (10, 10)).save(tmp_path / "images" / "image_00.png")
    assert "could not be" in export(rig, tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "attributes.csv").read_text("utf-8").splitlines()))
    assert [row["image"] for row in rows] == ["image_01"]


def test_without_attributes_there_is_no_table(tmp_path: Path) -> None:
    rig = StudioRig(tmp_path)
    rig.new_project(1)
    rig.stroke((20, 20), (50, 20))
    rig.session.approve()
    rig.settle()
    assert export(rig, tmp_path / "out").startswith("1 mask exported")
    rig.studio.close()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["image_00.png"]
