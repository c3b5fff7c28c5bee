"""Reports in files: what stands in them, and what never does unless it is asked for."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.report import begin_report
from segstudio.app.report_files import CsvWriter, JsonWriter
from segstudio.app.reporting import report_project
from segstudio.domain.errors import UserError
from segstudio.domain.patch import Patch
from segstudio.store.masks import Masks
from segstudio.store.project_db import Project
from tests.helpers.studios import StudioRig, approve, write_images

NAME = "Somchai_Jaidee_1970"


@pytest.fixture
def rig(tmp_path):
    made = StudioRig(tmp_path)
    yield made
    made.studio.close()


@pytest.fixture
def patients(rig):
    """Three images named like a patient; two are approved with strokes, one has an empty mask."""
    images = write_images(rig.folder / NAME, 3)
    for number, path in enumerate(images):
        path.rename(path.with_name(f"{NAME}_{number}.png"))
    rig.new_project(images=sorted((rig.folder / NAME).glob("*.png")))
    approve(rig, 2)
    return rig


class Heard:
    """A writer that keeps what it is given."""

    path = Path("reports") / "a.pdf"

    def __init__(self):
        self.images, self.finished, self.abandoned = [], False, False

    def add(self, image):
        self.images.append(image)

    def finish(self):
        self.finished = True

    def abandon(self):
        self.abandoned = True


def write(rig, identifiers=False, ids=None):
    session, folder = rig.session, rig.folder / "out"
    ids = [record.id for record in session.records] if ids is None else ids
    session.reporting.start(
        ids, identifiers, lambda head: [CsvWriter(folder / "m.csv", head), JsonWriter(folder / "m.json", head)]
    )
    rig.wait(lambda: not session.reporting.busy)
    with open(folder / "m.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file)), json.loads((folder / "m.json").read_text("utf-8"))


def test_every_segment_is_a_row_with_its_measures(patients):
    rows, report = write(patients)
    assert [row["image"] for row in rows] == ["1", "2", "3"]
    session = patients.session
    patients.show(session.records[0].id)
    area = np.count_nonzero(patients.mask())
    assert float(rows[0]["area_px2"]) == area
    assert rows[0]["area_mm2"] == ""
    assert rows[2]["segment"] == rows[2]["area_px2"] == ""
    first = report["images"][0]["segments"][0]
    assert first["measures"]["area_px2"]["value"] == area
    assert sum(
        first["measures"][key]["value"] for key in first["measures"] if key.startswith("color_")
    ) == pytest.approx(1)
    assert report["images"][2]["segments"] == []
    assert "diagnose" in report["note"]
    assert patients.messages[-1].sentence == f"The report on 3 images is written to {patients.folder / 'out'}."


def test_no_model_is_named_of_a_mask_that_is_a_persons_whole(rig):
    rig.new_project(images=write_images(rig.folder / "images", 5))
    approve(rig, 3)
    rig.wait(lambda: all(record.prediction_round == 1 for record in rig.session.records[3:]))
    document = rig.session.document
    where = np.ones((document.height, document.width), bool)
    ids = np.zeros(where.shape, np.uint16)
    ids[10:30, 10:50] = 1
    rig.session.editor.apply("Take the first reading", Patch(document.bounds, where, ids))
    rig.settle()
    rows, _ = write(rig)
    assert rows[3]["model"] == ""
    assert rows[4]["model"].startswith("round 1")


def test_millimetres_stand_beside_pixels_and_say_where_they_come_from(patients):
    session = patients.session
    session.scale.set(0.1)
    session.scale.set_image(session.records[1].id, 0.2)
    rows, report = write(patients)
    assert [row["scale"] for row in rows] == ["project", "ruler", "project"]
    for row, size in zip(rows[:2], (0.1, 0.2), strict=True):
        assert float(row["max_diameter_mm"]) == pytest.approx(size * float(row["max_diameter_px"]), rel=1e-4)
        assert float(row["area_mm2"]) == pytest.approx(size**2 * float(row["area_px2"]), rel=1e-4)
    assert report["images"][1]["segments"][0]["measures"]["area_mm2"]["value"] > 0


def test_no_name_of_a_patient_gets_out_unless_it_is_asked_for(patients):
    (patients.folder / NAME / f"{NAME}_2.png").unlink()
    write(patients)
    for file in (patients.folder / "out").iterdir():
        assert NAME.casefold() not in file.read_text("utf-8").casefold()
        assert str(patients.folder) not in file.read_text("utf-8")
    rows, report = write(patients, identifiers=True)
    assert rows[0]["file"] == f"{NAME}_0.png"
    assert report["images"][1]["file"] == f"{NAME}_1.png"
    assert report["project"] == "test"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_gets_out_escaped(rig):
    name = os.fsdecode(b"M\xfcller.png")
    (image,) = write_images(rig.folder / "images", 1)
    rig.new_project(images=[image.rename(image.with_name(name))])
    rows, report = write(rig, identifiers=True)
    assert rows[0]["file"] == "M\\udcfcller.png"
    assert report["images"][0]["file"] == name


def test_a_file_that_is_gone_is_told_and_the_others_are_measured(patients):
    (patients.folder / NAME / f"{NAME}_0.png").unlink()
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(patients.folder / NAME / f"{NAME}_1.png")
    rows, _ = write(patients)
    assert "can't be read" in rows[0]["problem"]
    assert "can't be read" in rows[1]["problem"]
    assert rows[2]["problem"] == ""
    patients.wait(lambda: bool(patients.messages))
    assert "2 of them could not be measured" in patients.messages[-1].sentence


def test_a_report_says_who_read_with_which_model_and_how_the_trail_stands(patients):
    rows, report = write(patients)
    entries = patients.studio._store.ask(lambda project: project.audit.entries())
    approvals = {entry.image_id: entry for entry in entries if entry.kind == "approved"}
    first = approvals[patients.session.records[0].id]
    assert (rows[0]["reader"], rows[0]["read_at"]) == (first.who, first.when)
    assert rows[2]["reader"] == ""
    noted = next(entry for entry in entries if entry.kind == "report")
    assert report["audit"] == {"entries": noted.number, "hash": noted.digest}
    assert json.loads(noted.what) == {"identifiers": False, "images": 3}


def test_an_image_that_nobody_looked_at_has_an_empty_mask(rig):
    rig.new_project(3)
    rows, _ = write(rig)
    assert [(row["segment"], row["problem"]) for row in rows] == [("", "")] * 3


def test_some_images_only_by_their_numbers_in_the_project(patients):
    rows, _ = write(patients, ids=[patients.session.records[1].id])
    assert [row["image"] for row in rows] == ["2"]


def test_a_cell_is_no_formula(patients):
    session = patients.session
    session.change_segment(1, name="=HYPERLINK(1)")
    patients.settle()
    rows, _ = write(patients)
    assert rows[0]["segment"] == "'=HYPERLINK(1)"


def test_a_report_can_be_given_up_and_leaves_nothing(patients):
    session, heard = patients.session, Heard()
    session.reporting.start([record.id for record in session.records], False, lambda head: [heard])
    session.reporting.cancel()
    patients.wait(lambda: not session.reporting.busy)
    assert (heard.finished, heard.abandoned) == (False, True)
    patients.wait(lambda: bool(patients.messages))
    assert patients.messages[-1].sentence == "The report was given up."


def test_a_file_that_cannot_be_written_is_a_sentence(patients):
    (patients.folder / "file").write_text("in the way")
    session = patients.session
    ids = [session.records[0].id]
    session.reporting.start(ids, False, lambda head: [CsvWriter(patients.folder / "file" / "m.csv", head)])
    patients.wait(lambda: not session.reporting.busy)
    patients.wait(lambda: bool(patients.messages))
    assert patients.messages[-1].kind == "trouble"
    assert "m.csv" in patients.messages[-1].sentence
    session.reporting.start([], False, lambda head: [])
    patients.wait(lambda: patients.messages[-1].sentence == "There is no image to report on.")


def test_closing_the_project_gives_a_report_up(patients):
    heard = Heard()
    session = patients.session
    session.reporting.start([record.id for record in session.records], False, lambda head: [heard])
    patients.wait(lambda: bool(heard.images))
    assert patients.studio.close_project()
    assert (heard.finished, heard.abandoned) == (False, True)


def test_the_whole_of_a_project_at_once(patients):
    folder = patients.session.folder
    assert patients.studio.close_project()
    heard, told = Heard(), []
    with Project.open(folder) as project:
        assert report_project(project, True, lambda head: [heard], lambda *done: told.append(done)) == (3, 0)
        assert told == [(1, 3), (2, 3), (3, 3)]
        assert heard.finished
        assert begin_report(project, 3, False).project == ""

        class Full(Heard):
            def add(self, image):
                raise UserError("The disk is full.")

        full = Full()
        with pytest.raises(UserError, match="full"):
            report_project(project, False, lambda head: [full])
        assert full.abandoned


def test_a_rejected_image_is_not_said_to_be_approved(patients):
    session = patients.session
    patients.show(session.records[0].id)
    session.review.reject("out of focus")
    rows, report = write(patients)
    assert [row["state"] for row in rows[:2]] == ["rejected", "approved"]
    assert (rows[0]["reader"], rows[0]["read_at"]) == ("", "")
    assert report["images"][0]["state"] == "rejected"
    session.review.use_again(session.records[0].id)
    patients.settle()
    rows, _ = write(patients)
    assert rows[0]["state"] == "approved"
    assert rows[0]["reader"]


def test_what_is_approved_again_while_a_report_is_made_has_its_new_approval(patients):
    session, heard = patients.session, Heard()
    patients.show(session.records[1].id)
    before = int((patients.mask() > 0).sum())
    session.reporting.start([record.id for record in session.records], False, lambda head: [heard])
    patients.stroke((5, 5), (90, 60))
    area = int((patients.mask() > 0).sum())
    session.approve()
    patients.wait(lambda: not session.reporting.busy)
    patients.settle()
    last = [e for e in patients.studio._store.ask(lambda project: project.audit.entries()) if e.kind == "approved"][-1]
    (again,) = [image for image in heard.images if image.number == 2]
    assert again.rows[0].values["area"] == area != before
    assert (again.state, again.read_at) == ("approved", last.when)


def test_who_approved_before_there_was_a_trail_is_not_said(patients):
    session = patients.session
    patients.show(session.records[2].id)
    session.approve()
    patients.settle()

    def as_long_ago(project):
        with project._database.writing() as connection:
            connection.execute("DROP TRIGGER audit_is_not_changed")
            connection.execute("UPDATE audit SET kind = 'found approved' WHERE image_id = 3 AND kind = 'approved'")

    patients.studio._store.ask(as_long_ago)
    rows, _ = write(patients)
    assert [bool(row["reader"]) for row in rows] == [True, True, False]
    assert [row["state"] for row in rows] == ["approved"] * 3


def test_a_large_area_is_told_to_the_pixel(rig):
    path = rig.folder / "images" / "large.png"
    path.parent.mkdir()
    Image.new("L", (1400, 1100)).save(path)
    session = rig.new_project(images=[path])
    session.editor.set_tool("rectangle")
    rig.stroke((1, 1), (1235, 1000))
    session.editor.commit()
    area = int((rig.mask() > 0).sum())
    assert area > 1_000_000
    assert area % 10
    rig.settle()
    rows, report = write(rig)
    assert float(rows[0]["area_px2"]) == area == report["images"][0]["segments"][0]["measures"]["area_px2"]["value"]


@pytest.mark.parametrize("known", [True, False])
def test_what_is_not_saved_is_not_reported_on(patients, monkeypatch, known):
    def full(*_args, **_named):
        raise UserError("The disk is full.")

    session, heard = patients.session, Heard()
    patients.show(session.records[0].id)
    monkeypatch.setattr(Masks, "save_edit", full)
    patients.stroke((5, 5), (90, 60))
    if known:
        patients.wait(lambda: session.save_status.state == "failed")
    session.reporting.start([session.records[0].id], False, lambda head: [heard])
    patients.wait(lambda: not session.reporting.busy and any(m.key == "report" for m in patients.messages))
    assert not heard.finished
    said = next(message for message in patients.messages if message.key == "report")
    assert said.kind == "trouble"
    assert said.sentence.startswith("No report was written, because your last changes are not saved yet.")
    monkeypatch.undo()
    session.retry_saving()
    patients.settle()
    rows, _ = write(patients)
    assert float(rows[0]["area_px2"]) == np.count_nonzero(patients.mask())


def test_lesions_are_measured_as_such_also_where_a_person_has_renamed_them(patients):
    def reported():
        heard = Heard()
        with Project.open(folder) as project:
            report_project(project, False, lambda head: [heard])
        return heard.images[0].rows

    session, folder = patients.session, patients.session.folder
    session.change_segment(1, name="Läsion")
    assert session.measuring.lesions
    assert patients.studio.close_project()
    (row,) = reported()
    assert (row.segment.name, row.lesion is not None) == ("Läsion", True)
