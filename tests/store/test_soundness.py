"""Numbers and texts in a project's file that this program never wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from segstudio.app.batch import export_project
from segstudio.domain.errors import UserError
from segstudio.store.project_db import Project
from tests.helpers.studios import StudioRig, approve
from tests.helpers.tampering import meddling

ABSURD = [
    ("images", "width", "4294967296"),
    ("images", "height", "-1"),
    ("images", "position", "'x'"),
    ("images", "state", "'what'"),
    ("images", "seconds", "9e999"),
    ("images", "prediction_round", "x'ff00'"),
    ("images", "fingerprint", "CAST(x'ff' AS TEXT)"),
    ("images", "absolute_path", "CAST(x'ff' AS TEXT)"),
    ("images", "reader", "x'ff00'"),
    ("images", "split_group", "x'ff00'"),
    ("classes", "id", "70000"),
    ("classes", "name", "CAST(x'ff' AS TEXT)"),
    ("segments", "id", "9223372036854775807"),
    ("segments", "class_id", "-1"),
    ("segments", "class_id", "1e308"),
    ("rounds", "started", "1e300"),
    ("rounds", "status", "'what'"),
    ("rounds", "approved", "'x'"),
    ("rounds", "weights", "x'ff00'"),
    ("edits", "id", "9223372036854775807"),
    ("sqlite_sequence", "seq", "9223372036854775807"),
    ("audit", "number", "9223372036854775807"),
    ("audit_head", "count", "9223372036854775807"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    rig = StudioRig(tmp_path_factory.mktemp("made"))
    session = rig.new_project(4)
    session.rounds.automatic = False
    approve(rig, 3)
    session.rounds.start()
    rig.settle()
    folder = session.folder
    assert rig.studio.close_project()
    return folder, (folder / "project.db").read_bytes()


@pytest.mark.parametrize(("table", "column", "value"), ABSURD)
def test_what_is_absurd_is_refused_with_a_sentence(
    made: tuple[Path, bytes], tmp_path: Path, table: str, column: str, value: str
) -> None:
    folder, content = made
    (folder / "project.db").write_bytes(content)
    with meddling(folder) as connection:
        connection.execute("PRAGMA ignore_check_constraints = 1")
        connection.execute(f"UPDATE {table} SET {column} = {value} WHERE rowid = (SELECT MAX(rowid) FROM {table})")
    before = (folder / "project.db").read_bytes()
    with pytest.raises(UserError, match="is damaged and cannot be read"):
        export_project(folder, tmp_path / "out", only_approved=False)
    assert (folder / "project.db").read_bytes() == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE insights",
        "ALTER TABLE tiles RENAME COLUMN data TO date",
        "CREATE TRIGGER lose AFTER INSERT ON tiles BEGIN DELETE FROM tiles; END",
        'CREATE TRIGGER "LOSE" AFTER INSERT ON "TILES" BEGIN DELETE FROM tiles; END',
    ],
)
def test_tables_that_are_not_this_programs_are_refused_with_a_sentence(made: tuple[Path, bytes], change: str) -> None:
    """A trigger of others would undo each stroke as it is saved."""
    folder, content = made
    (folder / "project.db").write_bytes(content)
    with meddling(folder) as connection:
        connection.execute(change)
    before = (folder / "project.db").read_bytes()
    for opening in (Project.open, Project.inspect):
        with pytest.raises(UserError, match="is damaged and cannot be read"):
            opening(folder)
    assert (folder / "project.db").read_bytes() == before


def test_what_a_newer_minor_version_added_is_left_alone(made: tuple[Path, bytes]) -> None:
    folder, content = made
    (folder / "project.db").write_bytes(content)
    with meddling(folder) as connection:
        connection.execute("ALTER TABLE images ADD COLUMN mood TEXT")
        connection.execute("CREATE TABLE moods (name TEXT)")
        connection.execute("CREATE TRIGGER moods_stay BEFORE DELETE ON moods BEGIN SELECT RAISE(ABORT, 'no'); END")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version + 1}")
    Project.open(folder).close()


def test_what_was_written_is_sound(made: tuple[Path, bytes], tmp_path: Path) -> None:
    folder, content = made
    (folder / "project.db").write_bytes(content)
    assert "4 masks written" in export_project(folder, tmp_path / "out", only_approved=False)


@pytest.mark.parametrize("column", ["tile_row", "tile_column"])
def test_a_tile_at_no_place_is_damage(made: tuple[Path, bytes], column: str) -> None:
    folder, content = made
    (folder / "project.db").write_bytes(content)
    with meddling(folder) as connection:
        connection.execute(f"UPDATE tiles SET {column} = 'x'")
    with Project.open(folder) as project, pytest.raises(UserError, match="damaged"):
        project.masks.load_correction(1)
