"""Data sets that come into an open project: with their masks, in one go or not at all, and go again."""

import json
import os
import shutil
import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app.audit_check import check_project
from segstudio.app.batch import new_project
from segstudio.app.class_mapping import map_classes, mapping_for_new, suggest_mapping
from segstudio.app.evaluation_plans import project_plan
from segstudio.app.importing import ImportPlan, begin, import_now
from segstudio.app.new_project import NewProject, create
from segstudio.app.round_writer import class_ids, stored_mask
from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes, void_ids
from segstudio.formats.dataset import FoundClass, FoundImage, FoundMask, FoundSegment
from segstudio.formats.detect import find_dataset
from segstudio.formats.file_mask import FileMask
from segstudio.store.imports import Imports
from segstudio.store.project_db import Project
from tests.helpers.data import data_folder
from tests.helpers.studios import StudioRig, write_images

SIZE = (96, 64)


@pytest.fixture
def rig(tmp_path):
    rig = StudioRig(tmp_path)
    yield rig
    rig.studio.close()


def write_set(folder: Path, count: int = 6, value: int = 255) -> list[FoundImage]:
    """``images`` of 96 x 64 with a mask each, a rectangle that differs from image to image."""
    found = []
    for number, path in enumerate(write_images(folder / "images", count)):
        mask = np.zeros((64, 96), np.uint8)
        mask[10 : 30 + number, 20:60] = value
        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(folder / "masks" / path.name)
        found.append(FoundImage(path, FileMask(folder / "masks" / path.name), attributes={"Number": str(number)}))
    return found


def run(rig: StudioRig, images: list[FoundImage], **plan) -> None:
    start(rig, images, **plan)
    rig.wait(lambda: rig.session.importer.progress is None and said(rig))
    rig.settle()


def start(rig: StudioRig, images: list[FoundImage], **plan) -> None:
    rig.session.rounds.automatic = False
    rig.heard.clear()
    rig.session.importer.run(ImportPlan(tuple(images), plan.pop("masks_as", "approved"), **plan))


def begun(rig: StudioRig, images: list[FoundImage]) -> None:
    start(rig, images)
    rig.wait(lambda: (rig.session.importer.progress or 0) and rig.session.importer.progress.done > 0)


def said(rig: StudioRig) -> str:
    """What was said of the import last."""
    return next((message.sentence for message in reversed(rig.messages) if message.key == "import"), "")


def undo(rig: StudioRig) -> str:
    """Undo; what was said of it."""
    rig.heard.clear()
    rig.session.importer.undo()
    rig.wait(lambda: said(rig))
    rig.settle()
    return said(rig)


def snapshot(rig: StudioRig) -> dict[str, list[tuple]]:
    """All that the database holds of images, but for what imports and their undoing note of themselves."""
    tables = ("images", "tiles", "edits", "predictions", "segments", "classes", "attributes", "imported", "imports")

    def read(project: Project) -> dict[str, list[tuple]]:
        with project._database.reading() as connection:
            return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}

    return rig.studio._store.ask(read)


def test_a_data_set_joins_an_open_project_with_its_masks_approved(rig, tmp_path):
    session = rig.new_project(2)
    run(rig, write_set(tmp_path / "set"))
    assert [record.state for record in session.records[2:]] == [ImageState.APPROVED] * 6
    assert session.records[2].width == 96
    assert session.records[2].perceptual is not None
    assert sum(bool(record.held_out) for record in session.records) in (1, 2)
    assert said(rig) == "6 images imported, 6 masks approved."
    rig.show(session.records[4].id)
    assert rig.mask()[10:32, 20:60].all()
    assert rig.mask().sum() == 22 * 40
    rig.wait(lambda: bool(session.attributes.shown))
    assert session.attributes.shown == {"Number": "2"}
    rig.show(session.records[0].id)
    rig.wait(lambda: not session.attributes.shown)
    entries = rig.studio._store.ask(lambda project: project.audit.entries())
    assert [entry.kind for entry in entries][-1] == "data set imported"


def test_an_import_is_undone_whole_and_nothing_else_is_touched(rig, tmp_path):
    session = rig.new_project(2)
    rig.stroke((20, 20), (40, 30))
    session.approve()
    rig.settle()
    before, names = snapshot(rig), [record.name for record in session.records]
    files = {path: path.read_bytes() for path in write_images(tmp_path / "set" / "images", 6)}
    run(rig, write_set(tmp_path / "set"))
    rig.show(session.records[-1].id)
    assert session.importer.can_undo
    assert session.importer.undo_words == "Undo import of 6 images"
    assert "left the list" in undo(rig)
    assert [record.name for record in session.records] == names
    assert session.current_id in {record.id for record in session.records}
    assert snapshot(rig) == before | {"imports": []}
    assert {path: path.read_bytes() for path in files} == files
    assert [e.kind for e in rig.studio._store.ask(lambda p: p.audit.entries())][-1] == "import undone"
    rig.reopen()
    assert [record.name for record in rig.session.records] == names


def test_an_import_that_somebody_worked_on_stays(rig, tmp_path):
    session = rig.new_project(1)
    run(rig, write_set(tmp_path / "set", 3))
    rig.show(session.records[2].id)
    rig.stroke((80, 50), (85, 55))
    assert undo(rig).startswith("The import stays")
    assert len(session.records) == 4
    session = rig.reopen()
    assert not session.importer.can_undo


def test_what_is_drawn_and_not_in_the_mask_yet_is_work(rig, tmp_path):
    session = rig.new_project(1)
    run(rig, write_set(tmp_path / "set", 3))
    rig.show(session.records[2].id)
    session.editor.set_tool("polygon")
    for x, y in ((60, 40), (90, 40), (75, 60)):
        rig.stroke((x, y))
    assert session.editor.busy
    assert undo(rig).startswith("The import stays")
    assert [record.id for record in session.records] == [1, 2, 3, 4]
    assert session.records[2].touched
    assert rig.mask()[45, 75] == 1


def test_an_import_that_cannot_be_undone_is_shown_where_it_was(rig, tmp_path, monkeypatch):
    session = rig.new_project(1)
    run(rig, write_set(tmp_path / "set", 3))
    rig.wait(lambda: session.importer.can_undo)
    before = list(session.records)
    rig.show(session.records[2].id)

    def fail(*_args):
        raise UserError("The disk is gone.")

    monkeypatch.setattr(Imports, "undo", fail)
    assert undo(rig) == "The disk is gone."
    assert list(session.records) == before
    rig.show(session.records[2].id)
    rig.stroke((80, 50), (85, 55))
    rig.settle()
    assert rig.studio._store.ask(lambda project: project.images.list_images()) == list(session.records)


@pytest.mark.parametrize("how", ["reopened", "approved"])
def test_an_approval_given_or_taken_back_is_work(rig, tmp_path, how):
    session = rig.new_project(1)
    run(rig, write_set(tmp_path / "set", 2), masks_as="approved" if how == "reopened" else "none")
    rig.show(session.records[1].id)
    if how == "reopened":
        session.reopen()
    else:
        session.approve()
    assert undo(rig).startswith("The import stays")
    assert len(session.records) == 3


def test_a_ruler_drawn_on_an_image_is_work(rig, tmp_path):
    session = rig.new_project(1)
    run(rig, write_set(tmp_path / "set", 2))
    session.scale.set_image(session.records[1].id, 0.02)
    assert undo(rig).startswith("The import stays")


def test_an_import_is_undone_while_its_image_is_shown_and_another_is_on_its_way(rig, tmp_path):
    session = rig.new_project(1)
    run(rig, write_set(tmp_path / "set", 2))
    shown = session.records[1].id
    rig.show(shown)
    session.review.clock.start(shown)
    session.open_image(session.records[0].id)
    assert session.document.image_id == shown
    undo(rig)
    assert session.document is None or session.document.image_id != shown
    rig.wait(lambda: session.document is not None and session.loading_id is None)
    rig.stroke((20, 20), (30, 30))
    rig.settle()
    assert session.save_status.state == "saved"
    rig.studio._store.ask(lambda project: project.readings.add_seconds(shown, 3.0))


def test_a_disk_that_fails_while_an_import_is_given_up_keeps_no_window_open(rig, tmp_path, monkeypatch):
    rig.new_project(1)
    begun(rig, write_set(tmp_path / "set", 40))

    def fail(_imports):
        raise UserError("The disk does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(Imports, "sweep", fail)
        folder = rig.session.folder
        assert rig.studio.close_project()
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)
    assert len(rig.session.records) == 1


@pytest.mark.parametrize("ends", ["closed", "killed"])
def test_an_import_that_came_once_there_was_room_is_not_said_to_be_missing(rig, tmp_path, monkeypatch, ends):
    """A full disk ended it first, and kept what had come of it from being taken away."""
    rig.new_project(1)

    def full(*_args):
        raise UserError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Imports, "put", full)
        patch.setattr(Imports, "drop", full)
        run(rig, write_set(tmp_path / "set", 3))
        assert said(rig) == "Nothing was imported. The disk is full."
    if ends == "killed":
        run(rig, write_set(tmp_path / "set", 3))
        assert said(rig) == "3 images imported, 3 masks approved."
        monkeypatch.setattr(Imports, "sweep", lambda _imports: False)
        rig.studio.close()
        monkeypatch.undo()
        rig = StudioRig(rig.folder)
        rig.studio.open_project(rig.folder / "test.segstudio")
        rig.wait(lambda: rig.studio.session is not None)
        rig.settle()
        assert len(rig.session.records) == 4
    else:
        rig.heard.clear()
        rig.reopen()
    assert [message.sentence for message in rig.messages if "The program ended" in message.sentence] == []
    rig.studio.close()


def test_an_import_can_be_undone_after_the_project_was_closed(rig, tmp_path):
    rig.new_project(1)
    run(rig, write_set(tmp_path / "set", 3))
    session = rig.reopen()
    rig.wait(lambda: session.importer.can_undo)
    undo(rig)
    assert len(session.records) == 1


def test_a_project_without_any_image_left_shows_none_and_takes_more(rig, tmp_path):
    Project.create(tmp_path / "test.segstudio", make_classes(["x"])).close()
    rig.studio.open_project(tmp_path / "test.segstudio")
    rig.wait(lambda: rig.studio.session is not None)
    session = rig.session
    run(rig, write_set(tmp_path / "a", 2))
    rig.wait(lambda: session.document is not None)
    undo(rig)
    assert (session.current_id, session.document) == (None, None)
    session.step(1)
    session.open_next_unapproved()
    session.approve()
    run(rig, write_set(tmp_path / "b", 2))
    rig.wait(lambda: session.document is not None)


def test_a_cancelled_import_leaves_nothing(rig, tmp_path):
    session = rig.new_project(1)
    before = snapshot(rig)
    begun(rig, write_set(tmp_path / "set", 60))
    session.importer.cancel()
    assert session.importer.cancelling
    rig.wait(lambda: session.importer.progress is None and said(rig))
    assert snapshot(rig) == before
    assert len(session.records) == 1
    assert "cancelled" in said(rig)


@pytest.mark.parametrize("how", ["cancelled", "killed"])
def test_an_import_that_ends_while_its_masks_are_approved_leaves_no_image_that_the_trail_misses(rig, tmp_path, how):
    images = write_set(tmp_path / "set", 3)
    session = rig.new_project(2)
    if how == "cancelled":
        approve = Imports.approve
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Imports, "approve", lambda *args: (approve(*args), session.importer._runner._run.stop.set()))
            run(rig, images)
        assert said(rig) == "The import was cancelled. Nothing of it was kept."
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Imports, "finish", _end_there)
            patch.setattr(Imports, "drop", _end_there)
            run(rig, images)
        rig.reopen()
    kinds = rig.studio._store.ask(lambda project: [entry.kind for entry in project.audit.entries()])
    assert kinds.count("approved") == 3
    assert rig.studio._store.ask(lambda project: check_project(project).findings) == ()
    assert len(rig.session.records) == 2


def _end_there(*_args):
    raise UserError("Here the program ended.")


def test_closing_during_an_import_leaves_nothing(rig, tmp_path):
    rig.new_project(1)
    begun(rig, write_set(tmp_path / "set", 60))
    assert len(rig.reopen().records) == 1


def test_what_a_killed_process_left_of_an_import_is_swept(tmp_path):
    folder = tmp_path / "p.segstudio"
    with Project.create(folder, make_classes(["x"])) as project:
        begun = begin(project, ImportPlan(tuple(write_set(tmp_path / "set", 3)), "approved"))
        assert project.images.list_images() == []
        assert len(project.images.memberships()) == 0
        assert len(project.images.memberships(begun.import_id)) == 3
        begun.folder.mkdir(parents=True)
    with Project.open(folder) as project:
        assert project.images.list_images() == []
        assert project.imports.image_ids(begun.import_id) == []
        assert project.imports.latest() is None
        assert not begun.folder.parent.exists()


def test_strokes_are_saved_while_an_import_runs(rig, tmp_path):
    session = rig.new_project(1)
    begun(rig, write_set(tmp_path / "set", 60))
    rig.stroke((20, 20), (40, 30))
    rig.wait(lambda: session.save_status.state == "saved")
    assert session.importer.progress is not None
    rig.wait(lambda: session.importer.progress is None)
    rig.settle()
    assert len(session.records) == 61
    assert rig.reopen().record(1).touched


def test_images_that_are_there_already_are_counted_and_left(rig, tmp_path):
    found = write_set(tmp_path / "set", 3)
    session = rig.new_project(images=[found[0].image])
    run(rig, found)
    assert said(rig) == "2 images imported, 2 masks approved, 1 were here already."
    assert session.records[0].state is ImageState.NEW
    run(rig, found)
    assert said(rig) == "The project has all of these images already."
    assert len(session.records) == 3


def test_a_mask_that_cannot_be_read_is_said_and_its_image_comes_without(rig, tmp_path):
    found = write_set(tmp_path / "set", 3)
    (tmp_path / "set" / "masks" / found[1].image.name).write_bytes(b"no image")
    Image.new("L", (9, 9), 255).save(tmp_path / "set" / "masks" / found[2].image.name)
    session = rig.new_project(1)
    run(rig, found)
    assert [record.state for record in session.records[1:]] == [ImageState.APPROVED, ImageState.NEW, ImageState.NEW]
    assert "(1 more like this.)" in said(rig)
    assert [message.kind for message in rig.messages if message.key == "import"] == ["trouble"]


def test_masks_to_compare_with_are_never_in_the_project(rig, tmp_path):
    session = rig.new_project(1)
    run(rig, write_set(tmp_path / "set", 2), masks_as="compare")
    record = session.records[1]
    assert (record.state, record.truth) == (ImageState.NEW, tmp_path / "set" / "masks" / record.name)
    rig.show(record.id)
    rig.wait(lambda: session.truth.mask is not None)
    assert session.truth.mask.sum() == 20 * 40


@pytest.mark.parametrize("names", [("hair",), ("hair", "skin")])
def test_what_nobody_judged_and_is_left_out_counts_neither_way_in_masks_to_compare_with(tmp_path, names):
    """Of the second image, nothing was judged but the background."""
    folder = tmp_path / "set"
    for number, path in enumerate(write_images(folder / "images", 2)):
        mask = np.zeros((64, 96), np.uint8)
        mask[:20], mask[20:30] = 255, 0 if number else 1
        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(folder / "masks" / path.name)
    (folder / "labels.json").write_text(json.dumps({"0": "background", "1": "hair", "2": "skin", "255": "void"}))
    assert "2 images" in new_project(tmp_path / "p.segstudio", folder / "images", folder / "masks", names, "compare")
    with Project.open(tmp_path / "p.segstudio") as project:
        records, table, classes = project.images.list_images(), project.segment_table(), project.classes()
        with pytest.raises(UserError, match="has a mask of its own yet"):
            project_plan(lambda call: call(project), records, classes, table, "truth")
    rig = StudioRig(tmp_path)
    rig.studio.open_project(tmp_path / "p.segstudio")
    rig.wait(lambda: rig.studio.session is not None)
    session = rig.session
    for number, record in enumerate(session.records):
        rig.show(record.id)
        rig.wait(lambda: session.truth.mask is not None)
        assert np.unique(session.truth.mask).tolist() == ([0] if number else [0, 1])
        rig.stroke((5, 5), (90, 5))
        rig.wait(lambda: session.truth.dice is not None)
        rig.settle()
        assert session.truth.dice == (1.0 if number else 0.0)
    rig.studio.close()
    with Project.open(tmp_path / "p.segstudio") as project:
        records, table = project.images.list_images(), project.segment_table()
        plan = project_plan(lambda call: call(project), records, project.classes(), table, "truth")
        for number, case in enumerate(plan.cases):
            true, shown = case.read()
            assert not shown.any()
            assert np.count_nonzero(true) == (0 if number else 10 * 96)


def test_masks_to_compare_with_that_mean_something_else_here_are_written_anew(rig, tmp_path):
    session = rig.new_project(1, classes=("hair", "skin"))
    run(rig, write_set(tmp_path / "set", 2, value=7), masks_as="compare", mapping={7: 2})
    record = session.records[1]
    assert record.truth is not None
    assert record.truth.is_relative_to(session.folder / "imported")
    rig.show(record.id)
    rig.wait(lambda: session.truth.mask is not None)
    assert set(np.unique(session.truth.mask)) == {0, 2}
    undo(rig)
    assert not record.truth.exists()


def test_classes_go_where_the_mapping_says(rig, tmp_path):
    session = rig.new_project(1, classes=("hair", "skin"))
    run(rig, write_set(tmp_path / "set", 1, value=7), mapping={7: 2, 8: 1})
    rig.show(session.records[1].id)
    assert set(np.unique(rig.mask())) == {0, 2}


@dataclass(frozen=True)
class Drawn:
    """An image that is no file, and the mask of objects on it."""

    name: str
    broken: bool = False
    window: tuple[float, float] | None = None
    files: tuple[Path, ...] = (Path("video.avi"),)
    window: None = None

    def read(self, size=None, orientation=1):
        if self.broken:
            raise UserError(f"{self.name} is missing in the video. Copy it again.")
        if size is None:
            return np.full((64, 96, 3), (200, 10, 10), np.uint8)
        ids = np.zeros((64, 96), np.uint16)
        ids[:10], ids[20:30] = 40, 41
        return FoundMask(ids, (FoundSegment(40, 3, 1), FoundSegment(41, 3, 2)))


def test_parts_of_files_become_files_of_the_project_and_objects_a_class(rig, tmp_path):
    session = rig.new_project(1)
    video = tmp_path / "video.avi"
    frames = [FoundImage(video, Drawn("f.png"), Drawn("a/f.png")), FoundImage(video, None, Drawn("g.png", True))]
    run(rig, [*frames, FoundImage(tmp_path / "other.avi", None, Drawn("f.png"))], mapping={3: 1})
    assert [record.name for record in session.records[1:]] == ["f.png", "f_2.png"], said(rig)
    assert all(record.path.is_relative_to(session.folder / "imported") for record in session.records[1:])
    rig.show(session.records[1].id)
    assert tuple(session.document.pixels[0, 0]) == (200, 10, 10)
    assert rig.mask().sum() == 20 * 96
    assert "missing in the video" in said(rig)
    paths = [record.path for record in session.records[1:]]
    undo(rig)
    assert not any(path.exists() for path in paths)


@dataclass(frozen=True)
class Failing(Drawn):
    """One that fails as nobody has foreseen."""

    def read(self, size=None, orientation=1):
        raise struct.error("unpack requires a buffer of 2 bytes")


def test_a_part_that_fails_as_nobody_foresaw_costs_that_part(rig, tmp_path, caplog):
    session = rig.new_project(1)
    files = [FoundImage(tmp_path / f"{name}.dcm", None, Drawn(f"{name}.png")) for name in "ab"]
    run(rig, [files[0], FoundImage(tmp_path / "odd.dcm", None, Failing("odd.png")), files[1]])
    assert [record.name for record in session.records[1:]] == ["a.png", "b.png"]
    assert "“odd.dcm” could not be read (unpack requires" in said(rig)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [struct.error]


def test_an_import_whose_disk_is_full_leaves_nothing(rig, tmp_path, monkeypatch):
    session = rig.new_project(1)
    before = snapshot(rig)

    def full(*_args):
        raise UserError("The disk is full. Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr("segstudio.store.imports.Imports.put", full)
        start(rig, write_set(tmp_path / "set", 30))
        rig.wait(lambda: session.importer.progress is None and said(rig))
    assert said(rig) == "Nothing was imported. The disk is full. Free some space."
    assert snapshot(rig) == before


def test_the_command_line_imports_at_once(tmp_path, monkeypatch):
    found = find_dataset(_folder(tmp_path))
    plan = NewProject(tmp_path / "p.segstudio", found.images, ("lesion",), "approved")
    told = []
    with create(plan) as project:
        assert import_now(project, plan.as_import, lambda done, total: told.append((done, total))) == (4, 4, [])
        assert project.images.list_images()[3].state is ImageState.APPROVED
        assert not project.imports.latest()
        monkeypatch.setattr("segstudio.app.importing.Reader.read", broken)
        with pytest.raises(ValueError, match="bug"):
            import_now(project, replace(plan.as_import, images=tuple(write_set(tmp_path / "other", 2))))
        assert len(project.images.list_images()) == 4
    assert told[-1] == (4, 4)


def broken(*_args):
    raise ValueError("a bug")


def _folder(tmp_path: Path) -> Path:
    write_set(tmp_path / "set", 4)
    return tmp_path / "set"


# ---- classes -------------------------------------------------------------------------------------------------------

OWN = make_classes(["Lesion", "hair", "glare"], void=["glare"])


@pytest.mark.parametrize(
    ("found", "own", "expected"),
    [
        ([FoundClass(5, "lesion"), FoundClass(6, "Hair")], OWN, {5: 1, 6: 2}),
        ([FoundClass(5, "person"), FoundClass(6, "dog")], OWN, {5: 0, 6: 0}),
        ([FoundClass(5, "Car"), FoundClass(6, "car")], make_classes(["Car", "car"]), {5: 1, 6: 2}),
        ([FoundClass(5, "unknown", "void"), FoundClass(2, "hair")], OWN, {5: 3, 2: 2}),
        ([FoundClass(1), FoundClass(2), FoundClass(9)], OWN, {1: 1, 2: 2, 9: 0}),
        ([FoundClass(1), FoundClass(2), FoundClass(3)], OWN, {1: 1, 2: 2, 3: 3}),
        ([FoundClass(9, "person")], make_classes(["body"]), {9: 1}),
        ([FoundClass(9, "person")], make_classes(["lesion"]), {9: 0}),
        ([FoundClass(9, "foreground")], make_classes(["lesion"]), {9: 1}),
        ([FoundClass(9, "person"), FoundClass(255, "", "void")], make_classes(["body"]), {9: 1, 255: 0}),
        ([FoundClass(9)], OWN, {9: 0}),
    ],
)
def test_the_likeliest_mapping(found, own, expected) -> None:
    assert suggest_mapping(found, own) == expected


@pytest.mark.parametrize(
    ("classes", "void", "expected"),
    [
        (["sky", "road"], [], [0, 1, 2, 3]),
        (["sky", "road", "car"], ["glare"], [0, 1, 2, 4]),
        (["sky", "road", "car"], [], [0, 1, 2, 4]),
    ],
)
def test_what_masks_of_numbers_mark_as_not_judged_is_no_class_that_was_named(tmp_path, classes, void, expected) -> None:
    """Of classes that are named in full, the masks at hand may show a few."""
    mask = np.zeros((64, 96), np.uint8)
    mask[:20], mask[40:], mask[25:32] = 1, 2, 255
    (tmp_path / "masks").mkdir()
    for path in write_images(tmp_path / "images", 2):
        Image.fromarray(mask).save(tmp_path / "masks" / path.name)
    said = new_project(
        tmp_path / "p.segstudio", tmp_path / "images", tmp_path / "masks", classes, "approved", void=void
    )
    assert "2 images, 2 of them approved" in said
    with Project.open(tmp_path / "p.segstudio") as project:
        assert void_ids(project.classes()) == (expected[-1],)
        shown = project.masks.shown(project.images.list_images()[0].id)
    np.testing.assert_array_equal(shown, np.choose(np.searchsorted([0, 1, 2, 255], mask), expected))


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (["person", "dog"], {5: 1, 6: 2}),
        (["dog", "person"], {5: 2, 6: 1}),
        (["dog"], {5: 0, 6: 1}),
        (["human", "dog"], {5: 1, 6: 2}),
        (["Mensch", "Hund"], {5: 1, 6: 2}),
    ],
)
def test_a_new_projects_classes_are_found_by_their_names(own, expected) -> None:
    found = [FoundClass(5, "person"), FoundClass(6, "dog")]
    assert mapping_for_new(found, make_classes(own)) == expected


def test_a_new_project_with_none_of_the_masks_classes_is_not_made(tmp_path) -> None:
    found = [FoundClass(5, "person"), FoundClass(6, "dog")]
    with pytest.raises(UserError, match="other classes \\(person, dog\\) than the project is to have \\(cat\\)"):
        mapping_for_new(found, make_classes(["cat"]))
    assert mapping_for_new([FoundClass(5)], make_classes(["cat"])) is None
    assert mapping_for_new([], make_classes(["cat"])) is None


def test_the_command_line_makes_no_mask_of_another_class(tmp_path: Path) -> None:
    folder, square = tmp_path / "set", [[1, 1, 5, 1, 5, 5, 1, 5]]
    folder.mkdir()
    for name in ("1.png", "2.png"):
        Image.new("L", (8, 6), 90).save(folder / name)
    content = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 8, "height": 6} for n in (1, 2)],
        "categories": [{"id": 7, "name": "person"}, {"id": 9, "name": "dog"}],
        "annotations": [
            {"id": n, "image_id": n, "category_id": category, "iscrowd": 0, "segmentation": square}
            for n, category in ((1, 7), (2, 9))
        ],
    }
    (folder / "instances.json").write_text(json.dumps(content))
    new_project(tmp_path / "p.segstudio", folder, None, ["dog"], "approved")
    with Project.open(tmp_path / "p.segstudio") as project:
        shown = [int((project.masks.shown(r.id) > 0).sum()) for r in project.images.list_images()]
    assert shown == [0, 16]


def test_values_of_no_class_are_refused_but_for_strays() -> None:
    ids = np.full((10, 100), 4, np.uint16)
    ids[0, :5] = 9
    assert set(np.unique(map_classes(FoundMask(ids), {4: 1}, "m.png"))) == {0, 1}
    ids[0, :50] = 9
    with pytest.raises(UserError, match=r"\(9\) in the mask “m.png”"):
        map_classes(FoundMask(ids), {4: 1}, "m.png")
    assert set(np.unique(map_classes(FoundMask(ids), {4: 1, 9: 0}, "m.png"))) == {0, 1}


def test_a_new_project_takes_the_numbers_of_a_data_set_for_its_own_classes(tmp_path):
    source = data_folder("tiny_coco")
    said = new_project(tmp_path / "p", source, None, ["person", "dog"], "approved")
    assert "approved" in said
    with Project.open(tmp_path / "p.segstudio") as project:
        approved = [record for record in project.images.list_images() if record.state is ImageState.APPROVED]
        assert len(approved) > 40
        found = set()
        for record in approved[:20]:
            found |= set(np.unique(project.masks.shown(record.id)))
    assert found <= {0, 1, 2}
    assert 1 in found


def test_images_that_are_called_alike_are_told_apart_by_their_folders(rig, tmp_path):
    folders = {name: write_images(tmp_path / "set" / name, 2) for name in ("p1", "p2/day 1")}
    first, second = folders["p1"]
    twin = folders["p2/day 1"][0]
    folders["p2/day 1"][1].unlink()
    beside = second.with_suffix(".jpg")
    Image.open(second).save(beside)
    session = rig.new_project(images=[first, second, beside, twin])
    titles = {record.path: session.catalog.title(record) for record in session.records}
    assert titles[first] == os.path.join("p1", first.name)
    assert titles[twin] == os.path.join("p2", "day 1", twin.name)
    short = {record.path: session.catalog.title(record, short=True) for record in session.records}
    assert (short[second], short[beside]) == (second.name, beside.name)
    assert short[twin] == os.path.join("p2", "day 1", twin.stem)
    alone = rig.folder / "alone" / "image_77.png"
    alone.parent.mkdir()
    shutil.copy(first, alone)
    run(rig, [FoundImage(alone)], masks_as="none")
    (record,) = [record for record in session.records if record.path == alone]
    assert (session.catalog.title(record), session.catalog.title(record, short=True)) == ("image_77.png", "image_77")


def test_classes_that_are_left_out_cut_no_holes(tmp_path: Path) -> None:
    images = tmp_path / "set"
    images.mkdir()
    Image.new("L", (96, 64), 90).save(images / "1.png")
    person, tie = [10, 10, 50, 10, 50, 60, 10, 60], [20, 20, 30, 20, 30, 40, 20, 40]
    body = {
        "images": [{"id": 1, "file_name": "1.png", "width": 96, "height": 64}],
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "tie"}],
        "annotations": [
            {"image_id": 1, "id": number, "iscrowd": 0, "category_id": number, "segmentation": [shape]}
            for number, shape in ((1, person), (2, tie))
        ],
    }
    (images / "instances.json").write_text(json.dumps(body))
    folder = tmp_path / "p.segstudio"
    new_project(folder, images, None, ["person"], "approved")
    with Project.open(folder) as project:
        record = project.images.list_images()[0]
        mask = class_ids(stored_mask(project, record, vouched_only=False), project.segment_table())
    assert (mask[10:60, 10:50] == 1).all()
    assert mask.sum() == 50 * 40


def test_who_opens_a_project_hears_of_an_import_that_a_killed_program_left(rig, tmp_path):
    folder = tmp_path / "p.segstudio"
    with Project.create(folder, make_classes(["x"])) as project:
        begin(project, ImportPlan(tuple(write_set(tmp_path / "set", 3)), "approved"))
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)
    assert "ended while images were read" in _said_of_nothing(rig)
    rig.reopen()
    assert _said_of_nothing(rig) == "This project has no images yet. File > Import data set… brings them in."


def _said_of_nothing(rig: StudioRig) -> str:
    rig.wait(lambda: any(message.key == "empty" for message in rig.messages))
    said = [message.sentence for message in rig.messages if message.key == "empty"]
    rig.heard.clear()
    assert len(said) == 1
    return said[0]


def test_an_import_makes_no_folder_in_the_place_of_a_project_that_was_moved(tmp_path):
    folder, moved = tmp_path / "p.segstudio", tmp_path / "moved"
    with Project.create(folder, make_classes(["x"])) as project:
        images = [replace(image, pixels=_Pixels(image.image.name)) for image in write_set(tmp_path / "set", 2)]
        begun = begin(project, ImportPlan(tuple(images), "compare"))
        folder.rename(moved)
        read = begun.reader.read(begun.incoming)
        assert len(read.lost) == 2
        assert "was moved or deleted. Put it back" in read.troubles[0]
        assert not folder.exists()
        moved.rename(folder)
        assert begun.reader.read(begun.incoming).lost == ()


@dataclass(frozen=True)
class _Pixels:
    name: str
    window: None = None

    def read(self):
        return np.zeros((20, 30, 3), np.uint8)
