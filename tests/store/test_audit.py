"""The audit trail in the database: what writes it, and that it is written with what it tells or not at all."""

import hashlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from segstudio import __version__
from segstudio.domain.audit import Entry, Head, mask_digest, verify
from segstudio.domain.errors import UserError
from segstudio.domain.geometry import Rect
from segstudio.domain.history import Edit
from segstudio.domain.plane import Plane
from segstudio.domain.rounds import RoundStatus
from segstudio.domain.segments import make_classes
from segstudio.imaging.mask_png import encode_mask
from segstudio.store import database as database_module
from segstudio.store.audit import Trail
from segstudio.store.database import system_user
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project
from tests.helpers.tampering import meddling
from tests.store.conftest import be_before

HEIGHT, WIDTH = 300, 280


BOX = Rect(250, 10, 270, 20)


def stroke(rect: Rect = BOX, value: int = 1) -> Edit:
    plane = Plane(HEIGHT, WIDTH)
    before = plane.snapshot()
    plane.write(rect, value)
    return Edit("Brush", plane.changes_since(before))


def told(project: Project, since: int = 0) -> list[tuple[str, int | None, dict[str, object]]]:
    return [(entry.kind, entry.image_id, entry.told) for entry in project.audit.entries()[since:]]


def is_whole(project: Project) -> bool:
    return verify(project.audit.entries(), project.audit.head()) == []


@pytest.fixture
def known(project: Project, image_id: int) -> int:
    project.images.set_size(image_id, WIDTH, HEIGHT, "f1")
    return image_id


# ---- what is told ----------------------------------------------------------------------------------------------


def test_an_entry_says_who_when_and_with_which_program(project: Project) -> None:
    project.audit.author = "A. N. อาร์"
    entry = project.audit.note("reader", name="A. N.")
    assert project.audit.entries()[-1] == entry
    assert (entry.who, entry.program, entry.kind, entry.told) == ("A. N. อาร์", __version__, "reader", {"name": "A. N."})
    assert timedelta(0) <= datetime.now(UTC) - datetime.fromisoformat(entry.when) < timedelta(minutes=1)
    assert entry.when.endswith("+00:00")
    assert project.audit.entry(entry.number) == entry
    assert project.audit.entry(99) is None


def test_a_project_begins_its_trail(project: Project, image_id: int) -> None:
    assert [entry.who for entry in project.audit.entries()] == [system_user()] * 3
    assert [kind for kind, *_ in told(project)] == ["segments", "project made", "images added"]
    assert told(project)[2][2] == {"count": 1, "first": image_id, "last": image_id}
    project.images.add_images([])
    assert len(told(project)) == 3


def test_a_user_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(database_module.getpass, "getuser", fail)
    assert system_user() == "unknown"
    monkeypatch.setattr(database_module.getpass, "getuser", lambda: "a\udcff")
    assert system_user() == "a?"


def test_edits_say_how_many_pixels_and_where(project: Project, known: int) -> None:
    since = len(told(project))
    project.masks.save_edit(known, stroke())
    project.masks.save_undo(known)
    project.masks.save_redo(known)
    assert not project.masks.save_redo(known)
    (edit_id,) = {what["edit"] for *_, what in told(project, since)}
    named = {"edit": edit_id, "name": "Brush"}
    assert told(project, since) == [
        ("edit", known, {**named, "pixels": 200, "box": [250, 10, 270, 20]}),
        ("undo", known, named),
        ("redo", known, named),
    ]
    assert is_whole(project)


def test_masks_that_came_from_elsewhere_say_so(project: Project, known: int, photos: list[Path]) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint16)
    project.masks.start_from(known, mask)
    mask[5:7, 10:20] = 1
    project.masks.import_mask(known, mask)
    (_, _, first), (_, _, second) = told(project)[-2:]
    assert (first["pixels"], first["box"]) == (HEIGHT * WIDTH, [0, 0, WIDTH, HEIGHT])
    assert (second["pixels"], second["box"], second["name"]) == (20, [10, 5, 20, 7], "Import mask")
    assert [kind for kind, *_ in told(project)[-2:]] == ["mask imported"] * 2


def test_an_approval_names_the_mask_the_file_and_the_model(project: Project, known: int) -> None:
    record = project.rounds.begin_round(3, 0.0)
    weights = project.rounds.round_folder(record.number) / "weights.safetensors"
    weights.write_bytes(b"what was learned")
    project.rounds.end_round(
        record.number, RoundStatus.FINISHED, weights="rounds/0001/weights.safetensors", held_out_dice=0.5
    )
    mask = np.zeros((HEIGHT, WIDTH), np.uint16)
    mask[:9] = 1
    project.masks.put_prediction(known, record.number, encode_mask(mask))
    project.masks.save_edit(known, stroke(Rect(0, 0, 2, 2), 2))
    project.images.approve(known, held_out=True)
    mask[:2, :2] = 2
    kind, image_id, what = told(project)[-1]
    digest = project.rounds.digest(1)
    assert (kind, image_id) == ("approved", known)
    assert {key: what[key] for key in ("mask", "file", "held_out", "round", "weights", "version")} == {
        "mask": mask_digest(mask),
        "file": "f1",
        "held_out": True,
        "round": 1,
        "weights": digest,
        "version": 1,
    }
    assert len(digest) == 64
    assert [(kind, what) for kind, _, what in told(project) if kind.startswith("round")] == [
        ("round begun", {"round": 1, "approved": 3}),
        ("round ended", {"round": 1, "status": "finished", "dice": 0.5, "images": 0, "weights": digest}),
    ]
    weights.write_bytes(b"something else")
    assert project.rounds.digest(1) == digest
    assert project.rounds.digest(7) == ""


def test_the_starter_model_is_named_by_its_weights(project: Project, known: int, tmp_path: Path) -> None:
    weights = tmp_path / "starter.safetensors"
    assert project.rounds.digest(0) == ""
    for content in (b"one", b"another"):
        weights.write_bytes(content)
        project.rounds.take_starter(weights)
        digest = hashlib.sha256(content).hexdigest()
        assert project.rounds.digest(0) == digest
        assert told(project)[-1] == ("starter model taken", None, {"weights": digest})
    project.masks.put_prediction(known, 0, encode_mask(np.zeros((HEIGHT, WIDTH), np.uint16)))
    project.images.approve(known, held_out=False)
    assert (told(project)[-1][2]["round"], told(project)[-1][2]["weights"]) == (0, digest)
    project.rounds.drop_starter()
    assert told(project)[-1][0] == "starter model dropped"


def test_what_ends_an_approval_says_so(project: Project, known: int) -> None:
    project.images.approve(known, held_out=False)
    project.masks.save_edit(known, stroke())
    assert told(project)[-1][2]["approved"] is False
    project.images.approve(known, held_out=False)
    project.masks.save_undo(known)
    assert told(project)[-1][2]["approved"] is False
    project.masks.save_redo(known)
    assert "approved" not in told(project)[-1][2]
    project.images.reopen(known)
    assert told(project)[-1][:2] == ("approval taken back", known)


def test_rounds_settings_and_files_are_told(project: Project, known: int, photos: list[Path], tmp_path: Path) -> None:
    since = len(told(project))
    project.settings.set_setting("order", "diverse")
    project.settings.set_setting("order", "diverse")
    project.settings.set_setting("last_image", 1)
    project.save_classes(make_classes(["lesion"]))
    project.save_segment_table(project.segment_table().changed(1, opacity=0.5, locked=True))
    project.save_segment_table(project.segment_table().changed(1, name="mole"))
    project.rounds.begin_round(0, 0.0)
    project.rounds.fail_unfinished("gone")
    project.rounds.fail_unfinished("gone")
    project.images.relocate(known, photos[1])
    (tmp_path / "new").mkdir()
    photos[1].rename(tmp_path / "new" / photos[1].name)
    project.images.relocate_folder(photos[1].parent, tmp_path / "new")
    project.images.relocate_folder(tmp_path / "nowhere", tmp_path / "new")
    project.images.set_size(known, WIDTH, HEIGHT, "f2")
    found = told(project, since)
    assert [kind for kind, *_ in found] == [
        "setting", "classes", "segments", "round begun", "round ended", "file moved", "files moved", "file replaced",
    ]  # fmt: skip
    assert found[0][2] == {"key": "order", "value": "diverse"}
    assert found[2][2]["segments"][0] == [1, 1, 0, "mole", [86, 180, 233]]
    assert found[7][1:] == (known, {"before": "f1", "now": "f2"})
    assert is_whole(project)


# ---- both or neither -------------------------------------------------------------------------------------------


def test_what_could_not_be_noted_was_not_done(project: Project, known: int, monkeypatch: pytest.MonkeyPatch) -> None:
    project.images.approve(known, held_out=False)
    before, since = project.images.image(known), len(told(project))

    def fail(*_: object, **__: object) -> Entry:
        raise UserError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Trail, "note", fail)
        for act in (
            lambda: project.masks.save_edit(known, stroke()),
            lambda: project.images.reopen(known),
            lambda: project.images.add_images([NewImage(Path("/photos/z.png"))]),
            lambda: project.settings.set_setting("order", "list"),
            lambda: project.save_classes(()),
        ):
            with pytest.raises(UserError, match="full"):
                act()
    assert project.images.list_images() == [before]
    assert project.masks.load_history(known).done == []
    assert project.settings.get_setting("order") is None
    assert len(project.classes()) == 2
    assert len(told(project)) == since


def test_what_was_not_done_was_not_noted(project: Project, known: int) -> None:
    since = len(told(project))
    with pytest.raises(KeyError):
        project.masks.save_edit(99, stroke())
    with pytest.raises(KeyError):
        project.images.approve(99, held_out=False)

    def half() -> None:
        with project.transaction():
            project.masks.save_edit(known, stroke())
            project.audit.note("something")
            raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        half()
    assert len(told(project)) == since
    assert project.masks.load_history(known).done == []
    assert is_whole(project)
    project.audit.note("next")
    assert is_whole(project)


def test_entries_can_be_neither_changed_nor_deleted_nor_replaced(project: Project, known: int) -> None:
    project.images.approve(known, held_out=False)
    connection = project._database._connection
    row = connection.execute("SELECT * FROM audit WHERE number = 2").fetchone()
    for statement, values in (
        ("UPDATE audit SET who = 'x' WHERE number = 1", ()),
        ("DELETE FROM audit WHERE number = 1", ()),
        ("INSERT OR REPLACE INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row),
        ("UPDATE versions SET png = x'00'", ()),
        ("DELETE FROM versions", ()),
    ):
        with pytest.raises(sqlite3.IntegrityError, match=r"are (not|added)"):
            connection.execute(statement, values)
    assert is_whole(project)


# ---- after somebody meddled ------------------------------------------------------------------------------------


def test_a_tail_that_was_cut_off_leaves_a_gap_for_ever(project: Project, folder: Path) -> None:
    for _ in range(3):
        project.audit.note("something")
    project.close()
    with meddling(folder) as connection:
        connection.execute("DELETE FROM audit WHERE number > 3")
    with Project.open(folder) as again:
        again.audit.note("something")
        assert [finding.sentence for finding in verify(again.audit.entries(), again.audit.head())] == [
            "Entries 4 to 5 were removed."
        ]


@pytest.mark.parametrize(
    "meddle",
    ["DELETE FROM audit_head", "UPDATE audit_head SET count = 1", "UPDATE audit_head SET digest = x'ff', count = 'x'"],
)
def test_whatever_was_done_to_the_head_work_is_saved_and_it_stays_visible(
    project: Project, folder: Path, meddle: str
) -> None:
    project.close()
    with meddling(folder) as connection:
        connection.execute(meddle)
    with Project.open(folder) as again:
        assert not is_whole(again)
        again.audit.note("something")
        again.audit.note("something")
        assert not is_whole(again)


def test_text_that_is_no_text_any_more_is_read(project: Project, folder: Path) -> None:
    project.close()
    with meddling(folder) as connection:
        connection.execute("UPDATE audit SET who = CAST(x'ff41' AS TEXT) WHERE number = 1")
    with Project.open(folder) as again:
        assert again.audit.entries()[0].who == "\udcffA"
        assert not is_whole(again)
        assert again.name  # ordinary text is read as ever
        again.audit.author = "\udcff"
        assert again.audit.note("something").who == "?"


# ---- versions --------------------------------------------------------------------------------------------------


def test_every_approved_mask_is_kept_whole(project: Project, known: int) -> None:
    masks = []
    for value in (1, 2):
        project.masks.save_edit(known, stroke(value=value))
        project.images.approve(known, held_out=False)
        masks.append(project.masks.shown(known))
    first, second = project.versions.list_versions(known)
    assert np.array_equal(project.versions.mask(first.number), masks[0])
    assert np.array_equal(project.versions.mask(second.number), masks[1])
    assert project.versions.list_versions() == [first, second]
    assert project.versions.list_versions(99) == []
    assert first.nbytes < 2000
    with pytest.raises(KeyError):
        project.versions.mask(3)


def test_the_same_mask_approved_again_is_the_same_version(project: Project, known: int) -> None:
    project.images.approve(known, held_out=False)
    project.images.reopen(known)
    project.images.approve(known, held_out=False)
    assert len(project.versions.list_versions()) == 1
    assert [what["version"] for kind, _, what in told(project) if kind == "approved"] == [1, 1]
    project.save_segment_table(project.segment_table().changed(1, name="mole"))
    project.images.approve(known, held_out=False)
    assert len(project.versions.list_versions()) == 2


def test_an_image_of_unknown_size_has_nothing_to_keep(project: Project, image_id: int) -> None:
    project.images.approve(image_id, held_out=False)
    assert project.versions.list_versions() == []
    assert told(project)[-1][2]["version"] is None


def test_masks_approved_before_there_was_a_trail_are_kept_when_it_begins(
    folder: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        be_before(patch, 4010)
        with Project.create(folder, make_classes(["lesion"])) as old:
            ids = old.images.add_images([NewImage(path) for path in photos])
            for image_id in ids:
                old.images.set_size(image_id, WIDTH, HEIGHT, "f")
                old.masks.save_edit(image_id, stroke())
            with old._database.writing() as connection:
                connection.execute("UPDATE images SET state = 'approved', approved_at = 1 WHERE id < 3")
    for _ in range(2):
        with Project.open(folder) as migrated:
            while migrated.versions.keep_missing() is not None:
                pass
            assert [version.image_id for version in migrated.versions.list_versions()] == ids[:2]
            kinds = [kind for kind, *_ in told(migrated)]
            assert kinds == ["project brought up to date", "found approved", "found approved"]
            assert is_whole(migrated)


# ---- looking only ----------------------------------------------------------------------------------------------


def test_a_project_can_be_looked_at_without_a_trace(project: Project, known: int, folder: Path) -> None:
    project.images.approve(known, held_out=False)
    entries = project.audit.entries()
    with pytest.raises(UserError, match="already open"):
        Project.inspect(folder)
    project.close()
    content = (folder / "project.db").read_bytes()
    with Project.inspect(folder) as looked:
        assert looked.audit.entries() == entries
        with pytest.raises(UserError, match="opened for writing"):
            looked.audit.note("something")
    assert (folder / "project.db").read_bytes() == content
    assert sorted(path.name for path in folder.iterdir()) == ["project.db", "rounds"]


def test_a_killed_windows_last_entries_are_seen(project: Project, known: int, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.segstudio"
    copy.mkdir()
    for name in ("project.db", "project.db-wal"):
        (copy / name).write_bytes((folder / name).read_bytes())
    with Project.inspect(copy) as looked:
        assert looked.audit.entries() == project.audit.entries()


def test_an_old_project_is_not_looked_at(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        be_before(patch, 4010)
        Project.create(folder, make_classes(["lesion"])).close()
    with pytest.raises(UserError, match="Open it once"):
        Project.inspect(folder)
    with pytest.raises(UserError, match="no project at"):
        Project.inspect(tmp_path)


def test_a_head_can_be_given_away(project: Project) -> None:
    head = project.audit.head()
    assert head is not None
    assert Head.read(str(head)) == head
    project.audit.note("something")
    assert verify(project.audit.entries(), project.audit.head(), [head]) == []
