"""Making, opening, refusing and migrating projects."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import pytest

from segstudio.domain.errors import UserError
from segstudio.domain.groups import Kinship
from segstudio.domain.queue import Insight
from segstudio.domain.rounds import RoundStatus
from segstudio.domain.segments import ClassSpec, Segment, SegmentTable, make_classes
from segstudio.store import database as database_module
from segstudio.store import migrations
from segstudio.store.database import file_uri
from segstudio.store.images import NewImage
from segstudio.store.masks import StoredPrediction
from segstudio.store.project_db import Project
from tests.helpers.tampering import meddling
from tests.store.conftest import be_before

ROOT = Path(__file__).resolve().parents[2]
CLASSES = make_classes(["lesion", "hair"])
VERSION = migrations.MIGRATIONS[-1].version


def test_a_new_project_opens_again_with_its_classes_and_segments(folder: Path) -> None:
    with Project.create(folder, CLASSES) as project:
        assert project.classes() == CLASSES
        assert project.segment_table() == SegmentTable.for_classes(CLASSES)
    with Project.open(folder) as project:
        assert project.folder == folder
        assert project.name == "Läsionen [1]"
        assert project.classes() == CLASSES
        assert project.segment_table() == SegmentTable.for_classes(CLASSES)
    assert sorted(path.name for path in folder.iterdir()) == ["project.db", "rounds"]


def test_classes_keep_their_order_kind_and_colour(folder: Path) -> None:
    classes = (ClassSpec(2, "Zelle", (0, 255, 16), "thing"), ClassSpec(1, "skin", (1, 2, 3)))
    with Project.create(folder, classes) as project:
        assert project.classes() == classes


def test_what_is_not_judged_is_kept_and_can_be_judged_again(folder: Path) -> None:
    classes = make_classes(["lesion", "glare"], void=["glare"])
    with Project.create(folder, classes) as project:
        assert project.classes() == classes
        project.save_classes(CLASSES)
    with Project.open(folder) as project:
        assert project.classes() == CLASSES


def test_the_segment_table_is_replaced_as_a_whole(project: Project, folder: Path) -> None:
    table = SegmentTable(
        [Segment(9, 2, 1, "hair 2", (9, 8, 7), hidden=True, opacity=0.25), Segment(1, 1, 0, "mole", (1, 2, 3), True)]
    )
    project.save_segment_table(table)
    project.close()
    with Project.open(folder) as again:
        assert list(again.segment_table()) == list(table)


def test_settings_are_kept(project: Project, folder: Path) -> None:
    assert project.settings.get_setting("held_out", {"share": 0.2}) == {"share": 0.2}
    project.settings.set_setting("held_out", {"share": 0.5})
    project.settings.set_setting("held_out", {"share": 0.3, "names": ["ä"]})
    project.close()
    with Project.open(folder) as again:
        assert again.settings.get_setting("held_out") == {"share": 0.3, "names": ["ä"]}
        assert again.settings.get_setting("other") is None


@pytest.mark.parametrize("value", [object(), float("nan")])
def test_a_setting_that_is_no_json_is_an_error(project: Project, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        project.settings.set_setting("key", value)


def test_an_empty_folder_can_become_a_project(folder: Path) -> None:
    folder.mkdir()
    with Project.create(folder, CLASSES):
        pass


def test_a_folder_that_holds_something_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    folder.joinpath("thesis.doc").write_text("years of work")
    with pytest.raises(UserError, match="not empty"):
        Project.create(folder, CLASSES)
    assert [path.name for path in folder.iterdir()] == ["thesis.doc"]


def test_a_project_cannot_be_made_in_a_file(tmp_path: Path) -> None:
    tmp_path.joinpath("file").touch()
    with pytest.raises(UserError, match="could not be made"):
        Project.create(tmp_path / "file" / "x.segstudio", CLASSES)


def test_a_project_that_could_not_be_made_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = migrations.Migration(1000, ("CREATE TABLE nonsense",))
    monkeypatch.setattr(migrations, "MIGRATIONS", (broken,))
    with pytest.raises(sqlite3.OperationalError):
        Project.create(folder, CLASSES)
    assert not folder.exists()


# ---- refusals --------------------------------------------------------------------------------------------------


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError, match="no project at"):
            Project.open(folder)
    assert list(tmp_path.iterdir()) == []


def test_a_second_opener_is_refused_until_the_first_closes(project: Project, folder: Path) -> None:
    with pytest.raises(UserError, match="already open in another window"):
        Project.open(folder)
    project.settings.set_setting("still", "works")
    project.close()
    project.close()
    with Project.open(folder) as again:
        assert again.settings.get_setting("still") == "works"


OPEN_AND_WRITE = """
import sys
from pathlib import Path
from segstudio.store.project_db import Project
with Project.open(Path(sys.argv[1])) as project:
    project.settings.set_setting("written by", "another")
"""


def test_another_process_stays_out_after_the_file_was_looked_at_by_this_one(project: Project, folder: Path) -> None:
    project.settings.set_setting("before", 1)
    folder.joinpath("project.db").read_bytes()  # as where it was dropped on the window: SQLite's own lock is gone then
    other = subprocess.run(
        [sys.executable, "-c", OPEN_AND_WRITE, str(folder)],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "already open in another window" in other.stderr
    project.settings.set_setting("after", 2)
    project.close()
    with Project.open(folder) as again:
        assert [again.settings.get_setting(key) for key in ("before", "after", "written by")] == [1, 2, None]


def set_version(folder: Path, version: int) -> None:
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection:
        connection.execute(f"PRAGMA user_version={version}")


def test_a_newer_major_version_is_refused_and_left_alone(project: Project, folder: Path) -> None:
    project.close()
    set_version(folder, VERSION + 1000)
    before = folder.joinpath("project.db").read_bytes()
    with pytest.raises(UserError, match="newer version of this program"):
        Project.open(folder)
    assert folder.joinpath("project.db").read_bytes() == before


def test_a_newer_minor_version_opens_and_keeps_its_number(project: Project, folder: Path) -> None:
    project.close()
    newest = VERSION // 1000 * 1000 + 999
    set_version(folder, newest)
    with Project.open(folder) as again:
        assert again.classes() == CLASSES
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (newest,)


def test_a_version_below_the_first_is_damage(project: Project, folder: Path) -> None:
    project.close()
    set_version(folder, 0)
    with pytest.raises(UserError, match="damaged"):
        Project.open(folder)


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "project.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE cakes (name)")
    before = path.read_bytes()
    with pytest.raises(UserError, match="no project of this program"):
        Project.open(tmp_path)
    assert path.read_bytes() == before
    assert [child.name for child in tmp_path.iterdir()] == ["project.db"]


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "project.db"
    path.write_bytes(b"GIF89a" * 1000)
    with pytest.raises(UserError, match="damaged"):
        Project.open(tmp_path)
    assert path.read_bytes() == b"GIF89a" * 1000


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    tmp_path.joinpath("project.db").touch()
    with pytest.raises(UserError, match="no project of this program"):
        Project.open(tmp_path)


@pytest.mark.parametrize("color", ["", "#zzzzzz", b"\xff\xfe\x00", 7])
@pytest.mark.parametrize("table", ["classes", "segments"])
def test_a_colour_that_is_none_is_the_usual_one(project: Project, folder: Path, table: str, color: object) -> None:
    usual = [one.color for one in project.classes()]
    project.close()
    with meddling(folder) as connection:
        connection.execute(f"UPDATE {table} SET color = ?", (color,))
    with Project.open(folder) as opened:
        assert [one.color for one in opened.classes()] == usual
        assert len(list(opened.segment_table())) == len(usual)
        assert opened.colourless


def test_pages_that_were_overwritten_are_reported_as_damage(project: Project, folder: Path) -> None:
    project.images.add_images([NewImage(Path(f"/photos/{i}.png")) for i in range(500)])
    project.close()
    path = folder / "project.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    folder.joinpath("project.db.before-900").touch()
    with pytest.raises(UserError, match=r"damaged.*project\.db\.before-900"), Project.open(folder) as again:
        again.images.list_images()


# ---- disks -----------------------------------------------------------------------------------------------------


@pytest.fixture
def powerless() -> Iterator[None]:
    """Whoever runs the tests may not write everywhere; root takes another's place for a while."""
    if os.name != "posix":
        pytest.skip("file modes are another thing on this system")
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that everyone may read; pytest's own are private to whoever runs the tests."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        yield place


def test_a_project_in_a_read_only_place_is_refused(open_place: Path, request: pytest.FixtureRequest) -> None:
    folder = open_place / "x.segstudio"
    Project.create(folder, CLASSES).close()
    for path in (folder / "project.db", folder, open_place):
        path.chmod(0o555)
    try:
        request.getfixturevalue("powerless")
        with pytest.raises(UserError, match="may write to it"):
            Project.open(folder)
        with pytest.raises(UserError, match="may write to"):
            Project.create(open_place / "y.segstudio", CLASSES)
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        for path in (open_place, folder):
            path.chmod(0o755)


def test_a_file_that_may_only_be_read_is_refused(open_place: Path, request: pytest.FixtureRequest) -> None:
    folder = open_place / "x.segstudio"
    Project.create(folder, CLASSES).close()
    folder.chmod(0o777)
    folder.joinpath("project.db").chmod(0o444)
    request.getfixturevalue("powerless")
    with pytest.raises(UserError, match="may write to it"):
        Project.open(folder)


def test_a_full_disk_loses_nothing_that_was_kept(project: Project, folder: Path) -> None:
    project.settings.set_setting("small", 1)
    project.enter_window()
    with project._database.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(UserError, match=r"disk is full.*still in the window.*free some space"):
        project.settings.set_setting("big", "x" * 100_000)
    assert project.settings.get_setting("big") is None
    with project._database.reading() as connection:
        connection.execute("PRAGMA max_page_count=1000000")
    project.settings.set_setting("big", "x" * 100_000)
    project.close()
    with Project.open(folder) as again:
        assert again.settings.get_setting("small") == 1
        assert len(again.settings.get_setting("big")) == 100_000


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_IOERR_WRITE, "does not answer"),
        (sqlite3.SQLITE_IOERR_FSYNC, "does not answer"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "may write to it"),
        (sqlite3.SQLITE_FULL, "disk is full"),
        (sqlite3.SQLITE_CORRUPT_VTAB, "damaged"),
    ],
)
def test_a_failing_disk_is_explained_and_the_transaction_undone(project: Project, code: int, words: str) -> None:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code

    def write_half() -> None:
        with project._database.writing() as connection:
            connection.execute("INSERT INTO settings VALUES ('half', '1')")
            raise error

    with pytest.raises(UserError, match=words):
        write_half()
    assert project.settings.get_setting("half") is None
    project.settings.set_setting("next", 1)


def mounted_anew(project: Project) -> None:
    """What is in the project's place is on another drive, as the system numbers drives."""
    values = list(project._database._file)
    values[2] = -1
    project._database._file = os.stat_result(values)


@pytest.mark.skipif(os.name == "nt", reason="a file is known by its drive elsewhere")
def test_a_project_goes_on_when_its_drive_was_away_and_is_mounted_anew(project: Project, folder: Path) -> None:
    project.settings.set_setting("kept", 1)
    project.enter_window()
    project.settings.set_setting("kept", 2)
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    mounted_anew(project)
    with pytest.raises(UserError, match="moved or deleted"):
        project.settings.set_setting("kept", 3)
    shutil.copytree(elsewhere, folder)
    assert project.settings.get_setting("kept") == 2
    project.settings.set_setting("kept", 3)
    with pytest.raises(UserError, match="already open"):
        Project.open(folder)
    project.close()
    with Project.open(folder) as again:
        assert again.settings.get_setting("kept") == 3
        assert again.audit.entries()[-1].told == {"key": "kept", "value": 3}


@pytest.mark.skipif(os.name == "nt", reason="a file is known by its drive elsewhere")
@pytest.mark.parametrize("key", ["last_image", "told in the trail"])
def test_nothing_is_written_to_a_project_that_went_on_while_its_drive_was_away(
    project: Project, folder: Path, key: str
) -> None:
    project.enter_window()
    project.settings.set_setting("kept", 1)
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    mounted_anew(project)
    shutil.copytree(elsewhere, folder)
    with Project.open(folder) as other:
        other.settings.set_setting(key, 2)
    before = (folder / "project.db").read_bytes()
    for _ in range(2):
        with pytest.raises(UserError, match="somebody went on with it"):
            project.settings.set_setting("kept", 3)
    assert project.settings.get_setting("kept") == 1
    project.close()
    assert (folder / "project.db").read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="a file is known by its drive elsewhere")
def test_closing_takes_no_wal_from_a_project_on_another_drive_that_is_in_its_place(
    project: Project, folder: Path
) -> None:
    project.settings.set_setting("kept", 1)
    wal = (folder / "project.db-wal").read_bytes()
    mounted_anew(project)
    project.close()
    assert (folder / "project.db-wal").read_bytes() == wal


@pytest.mark.skipif(os.name == "nt", reason="Windows moves no file that is open")
def test_nothing_is_taken_as_kept_while_the_project_is_not_in_its_place(project: Project, folder: Path) -> None:
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    with pytest.raises(UserError, match=r"moved or deleted.*put the project back"):
        project.settings.set_setting("kept", 1)
    shutil.copytree(elsewhere, folder)
    with pytest.raises(UserError, match="replaced by a copy"):
        project.settings.set_setting("kept", 1)
    shutil.rmtree(folder)
    elsewhere.rename(folder)
    project.settings.set_setting("kept", 2)
    project.close()
    with Project.open(folder) as again:
        assert again.settings.get_setting("kept") == 2


def test_a_mistake_of_ours_is_not_blamed_on_the_disk(project: Project) -> None:
    with pytest.raises(sqlite3.OperationalError), project._database.writing() as connection:
        connection.execute("SELECT nonsense FROM nowhere")


def test_every_commit_waits_for_the_disk(project: Project) -> None:
    with project._database.reading() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


# ---- migrations ------------------------------------------------------------------------------------------------


def test_an_older_project_is_backed_up_and_migrated(
    project: Project, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.settings.set_setting("kept", 1)
    project.close()
    newer = (
        *migrations.MIGRATIONS,
        migrations.Migration(VERSION + 1000, ("ALTER TABLE images ADD COLUMN stars INTEGER", "DELETE FROM settings")),
    )
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", newer)
        with Project.open(folder) as migrated:
            assert migrated.settings.get_setting("kept") is None
        Project.open(folder).close()
    with pytest.raises(UserError, match="newer version"):
        Project.open(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["project.db", f"project.db.before-{VERSION}", "rounds"]
    folder.joinpath(f"project.db.before-{VERSION}").replace(folder / "project.db")
    with Project.open(folder) as again:
        assert again.settings.get_setting("kept") == 1


def add_as_before(folder: Path, paths: list[Path]) -> list[int]:
    """Add images as a program of the first version did; returns their ids."""
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO images (position, absolute_path) VALUES (?, ?)",
            [(position, str(path)) for position, path in enumerate(paths)],
        )
        return [row[0] for row in connection.execute("SELECT id FROM images ORDER BY id")]


def test_a_project_of_the_first_version_keeps_its_masks_and_approvals(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        be_before(patch, 2000)
        Project.create(folder, CLASSES).close()
    ids = add_as_before(folder, [tmp_path / name for name in ("a.png", "b.png", "c.png")])
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1000,)
        connection.executemany("INSERT INTO predictions VALUES (?, ?)", [(ids[0], b"mask"), (ids[1], b"other")])
        connection.execute("UPDATE images SET prediction_round = 3, state = 'approved' WHERE id IN (?, ?)", ids[:2])
        connection.executemany(
            "INSERT INTO edits (image_id, undone, weight, name) VALUES (?, ?, 0, ?)",
            [(ids[1], 0, "first"), (ids[2], 0, "elsewhere"), (ids[1], 0, "second"), (ids[1], 1, "undone")],
        )
    with Project.open(folder) as project:
        assert project.masks.prediction(ids[0]) == StoredPrediction(3, b"mask", None)
        assert [project.images.image(id_).state.value for id_ in ids] == ["approved", "approved", "new"]
        assert [project.masks.load_history(id_).mark for id_ in ids] == [0, 2, None]
        assert project.masks.load_history(ids[1]).at_mark
    with contextlib.closing(sqlite3.connect(folder / "project.db.before-1000")) as copy:
        assert copy.execute("SELECT png FROM predictions ORDER BY image_id").fetchall() == [(b"mask",), (b"other",)]


def test_rounds_of_before_they_could_be_chosen_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        be_before(patch, 2001)
        Project.create(folder, CLASSES).close()
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2000,)
        connection.execute("INSERT INTO rounds (number, status, started, approved) VALUES (4, 'finished', 1000.0, 3)")
    with Project.open(folder) as project:
        (record,) = project.rounds.list_rounds()
        assert (record.number, record.note, record.chosen) == (4, "", False)
        assert project.approval_scores.list_scores() == []


def test_a_project_of_before_there_were_groups_keeps_its_split(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"Jazz_Jazz{take}_C{camera}_00045.png" for take in range(6) for camera in range(2)]
    with monkeypatch.context() as patch:
        be_before(patch, 3001)
        Project.create(folder, CLASSES).close()
    ids = add_as_before(folder, [tmp_path / name for name in names])
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (3000,)
        connection.execute("UPDATE images SET held_out = 1, state = 'approved' WHERE id = ?", (ids[4],))
        connection.execute("UPDATE images SET held_out = 0, state = 'approved' WHERE id IN (?, ?)", (ids[0], ids[1]))
    for _ in range(2):
        with Project.open(folder) as project:
            images = project.images.list_images()
            assert [image.held_out for image in images] == [False, False, None, None, True] + [None] * 7
            assert [image.group for image in images] == [f"Jazz_Jazz{take}" for take in range(6) for _ in range(2)]
            assert [image.perceptual for image in images] == [None] * 12
            kinship = Kinship(list(project.images.memberships().values()))
            assert [kinship.side(image) for image in images[:6]] == [False, False, None, None, True, True]
            project.images.relocate(ids[5], tmp_path / "renamed.png")


def test_a_project_of_before_the_model_said_more_than_masks_is_taken_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        be_before(patch, 2002)
        Project.create(folder, CLASSES).close()
    (image_id,) = add_as_before(folder, [folder / "a.png"])
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.execute("INSERT INTO predictions (image_id, png) VALUES (?, ?)", (image_id, b"mask"))
        connection.execute("UPDATE images SET prediction_round = 1, state = 'predicted'")
        assert connection.execute("PRAGMA user_version").fetchone() == (2001,)
    with Project.open(folder) as project:
        assert project.insights.load() == {}
        assert project.masks.prediction(image_id) == StoredPrediction(1, b"mask", None)
        project.insights.put(image_id, Insight(2, 0.25, None))
        assert project.insights.load()[image_id].uncertainty == 0.25


def test_classes_of_before_something_could_be_left_unjudged_are_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = (ClassSpec(2, "Zelle", (0, 255, 16), "thing"), ClassSpec(1, "skin", (1, 2, 3)))
    with monkeypatch.context() as patch:
        be_before(patch, 3000)
        with Project.create(folder, classes) as project, pytest.raises(sqlite3.IntegrityError):
            project.save_classes(make_classes(["lesion"], void=["lesion"]))
    with Project.open(folder) as project:
        assert project.classes() == classes
        project.save_classes(make_classes(["lesion"], void=["lesion"]))
    assert (folder / "project.db.before-2002").is_file()


def test_a_migration_that_fails_changes_nothing(
    project: Project, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.settings.set_setting("kept", 1)
    project.close()
    broken = migrations.Migration(VERSION + 1, ("DELETE FROM settings", "SELECT nonsense FROM nowhere"))
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, broken))
        with pytest.raises(sqlite3.OperationalError):
            Project.open(folder)
    with Project.open(folder) as again:
        assert again.settings.get_setting("kept") == 1


def test_without_room_for_the_backup_nothing_is_migrated(
    project: Project, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.close()
    folder.joinpath(f"project.db.before-{VERSION}.tmp").mkdir()  # stands in the way of the copy
    more = (*migrations.MIGRATIONS, migrations.Migration(VERSION + 1, ("DELETE FROM classes",)))
    monkeypatch.setattr(migrations, "MIGRATIONS", more)
    with pytest.raises(UserError, match="could not be written to") as refused:
        Project.open(folder)
    assert "window" not in str(refused.value), "there is none yet"
    monkeypatch.undo()
    with Project.open(folder) as again:
        assert again.classes() == CLASSES


def test_a_checkpoint_that_fails_at_closing_is_made_up_for(project: Project, folder: Path) -> None:
    with project._database.reading() as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM settings").fetchall()
    project.close()
    with pytest.raises(sqlite3.ProgrammingError):
        project.settings.get_setting("closed")
    Project.open(folder).close()
    assert database_module.DB_NAME in {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    "link", ["rounds", "rounds/0001", "rounds/0001/predictions", "rounds/0001/masks", "imported", "imported/1"]
)
def test_a_project_that_leads_elsewhere_is_not_opened_and_what_lies_there_stays(
    folder: Path, tmp_path: Path, link: str
) -> None:
    elsewhere = tmp_path / "holidays"
    there = [elsewhere / part / "beach.png" for part in ("", "1", "masks", "predictions", "0001/predictions")]
    for file in there:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"the only copy")
    with Project.create(folder, CLASSES) as project:
        project.rounds.begin_round(3, 0.0)
        project.imports.begin("a folder", tmp_path)
    place = folder / link
    if place.exists():
        shutil.rmtree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(UserError, match=f"“{link}” is a link"):
        Project.open(folder)
    assert all(file.read_bytes() == b"the only copy" for file in there)
    place.unlink()
    place.mkdir()
    Project.open(folder).close()


def test_what_is_deleted_while_a_project_is_open_is_its_own(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "holidays"
    photo = elsewhere / "1" / "beach.png"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"the only copy")
    with Project.create(folder, CLASSES) as project:
        project.rounds.begin_round(3, 0.0)
        project.rounds.end_round(1, RoundStatus.FAILED)
        import_id = project.imports.begin("a folder", tmp_path)
        (folder / "rounds" / "0001" / "masks").symlink_to(photo.parent, target_is_directory=True)
        (folder / "imported").symlink_to(elsewhere, target_is_directory=True)
        assert project.rounds.delete_files(1) == 0
        project.rounds.sweep()
        project.imports.drop(import_id)
    assert photo.read_bytes() == b"the only copy"


def test_links_within_a_project_are_its_own_affair(folder: Path) -> None:
    Project.create(folder, CLASSES).close()
    (folder / "elsewhere").mkdir()
    (folder / "imported").symlink_to(folder / "elsewhere", target_is_directory=True)
    Project.open(folder).close()


def test_links_that_go_round_in_a_circle_lead_nowhere(folder: Path) -> None:
    Project.create(folder, CLASSES).close()
    (folder / "imported").symlink_to(folder / "imported", target_is_directory=True)
    with pytest.raises(UserError, match="is a link"):
        Project.open(folder)


@pytest.mark.parametrize(
    "path",
    [PureWindowsPath(r"\\server\share\a b.segstudio\project.db"), PureWindowsPath(r"C:\a b\project.db"), "posix"],
)
def test_any_absolute_path_is_one_that_sqlite_understands(path: PureWindowsPath | str, tmp_path: Path) -> None:
    uri = file_uri(tmp_path / "ä b?.db") if isinstance(path, str) else file_uri(path)
    # There is no such file here, but what is asked for is a file: no "invalid uri authority".
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        sqlite3.connect(f"{uri}?mode=rw", uri=True)


def test_a_project_that_could_not_be_finished_can_be_made_again(folder: Path) -> None:
    project = Project.create(folder, CLASSES)
    project.rounds.begin_round(0, 0.0)
    project.unmake()
    assert not folder.exists()
    Project.create(folder, CLASSES).close()


def test_half_a_backup_does_not_fill_the_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        be_before(patch, VERSION)
        with Project.create(folder, CLASSES) as project:
            project.settings.set_setting("long", "x" * 200_000)

    def small(path: str | Path, *args: object, **how: object) -> sqlite3.Connection:
        connection = connect(path, *args, **how)
        if ".tmp" in str(path):
            connection.execute("PRAGMA max_page_count=20")
        return connection

    connect = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", small)
        with pytest.raises(UserError, match="disk is full") as refused:
            Project.open(folder)
    assert "window" not in str(refused.value), "there is none yet"
    assert sorted(path.name for path in folder.iterdir()) == ["project.db", "rounds"]
    with Project.open(folder) as project:
        assert len(project.settings.get_setting("long")) == 200_000
