"""Patients' groups: the same in a project whenever an image comes, and saying nothing outside it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from segstudio.domain.errors import UserError
from segstudio.domain.groups import Kinship
from segstudio.domain.segments import make_classes
from segstudio.store.database import Database
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project

CLASSES = make_classes(["lesion"])


def add(project: Project, tmp_path: Path, *patients: str) -> list[str]:
    """The groups of new images of ``patients``."""
    there = len(project.images.list_images())
    items = [NewImage(tmp_path / f"{there + n}.png", patient=patient) for n, patient in enumerate(patients)]
    return [project.images.image(id_).group for id_ in project.images.add_images(items) if id_ is not None]


def as_an_older_program_left_it(folder: Path) -> None:
    """Groups named after the patient, and no secret."""
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        assert connection.execute("DELETE FROM settings WHERE key = 'patient_secret'").rowcount == 1
        connection.execute("UPDATE images SET split_group = 'patient:' || (id % 2) WHERE split_group LIKE 'patient:%'")


def test_a_patient_is_one_group_whenever_the_images_come(tmp_path: Path) -> None:
    folder = tmp_path / "a.segstudio"
    with Project.create(folder, CLASSES) as project:
        first = add(project, tmp_path, "Muller 1950", "Smith", "Muller 1950")
        assert first[0] == first[2] != first[1]
    with Project.open(folder) as project:
        assert add(project, tmp_path, "Smith", "Muller 1950") == [first[1], first[0]]
        assert [image.group for image in project.images.list_images()][:3] == first


def test_no_name_and_no_secret_is_told_and_another_project_has_another(tmp_path: Path) -> None:
    groups = []
    for name in ("a", "b"):
        with Project.create(tmp_path / f"{name}.segstudio", CLASSES) as project:
            groups += add(project, tmp_path, "Muller 1950")
            told = json.dumps([entry.what for entry in project.audit.entries()], default=str)
            assert "Muller" not in told
            assert project.settings.get_setting("patient_secret") not in told
            assert "patient_secret" not in told
        assert b"Muller" not in (tmp_path / f"{name}.segstudio" / "project.db").read_bytes()
    assert groups[0] != groups[1]


def test_a_project_without_patients_has_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "a.segstudio"
    with Project.create(folder, CLASSES) as project:
        project.images.add_images([NewImage(tmp_path / "walk_00001.png")])
    with Project.open(folder) as project:
        assert project.settings.get_setting("patient_secret") is None


def test_groups_of_before_are_salted_once_and_agree_with_what_comes_later(tmp_path: Path) -> None:
    folder = tmp_path / "a.segstudio"
    with Project.create(folder, CLASSES) as project:
        project.images.add_images([NewImage(tmp_path / "walk_00001.png")])
        add(project, tmp_path, "x", "x", "x", "x")
        video = project.images.list_images()[0].group
        project.images.approve(2, held_out=True)
    as_an_older_program_left_it(folder)
    with Project.open(folder) as project:
        images = project.images.list_images()
        groups = [image.group for image in images]
        assert groups[0] == video, "a video's name is no patient's"
        assert groups[1] == groups[3] != groups[2] == groups[4]
        assert not {"patient:0", "patient:1"} & set(groups)
        assert images[1].held_out is True
        kinship = Kinship(images)
        assert kinship.side(images[3]) is True, "and its patient's other image stays on its side"
        assert kinship.side(images[2]) is None
        assert add(project, tmp_path, "0", "1") == [groups[1], groups[2]]
    with Project.open(folder) as project:
        assert [image.group for image in project.images.list_images()][:5] == groups


def test_nothing_of_an_unsalted_name_stays_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a.segstudio"
    with Project.create(folder, CLASSES) as project:
        add(project, tmp_path, *"abababab")
    name = "patient:" + "Muller 1950" * 20
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.execute("DELETE FROM settings WHERE key = 'patient_secret'")
        connection.execute("UPDATE images SET split_group = ?", (name,))
    connect = Database.connect

    def as_most_builds_do(path: Path, *, create: bool = False) -> Database:
        database = connect(path, create=create)
        with database.reading() as connection:
            connection.execute("PRAGMA secure_delete=OFF")
        return database

    monkeypatch.setattr(Database, "connect", as_most_builds_do)
    Project.open(folder).close()
    assert b"Muller" not in (folder / "project.db").read_bytes()


@pytest.mark.parametrize("kept", ["no JSON", '"no hex"', '"ab"', "12", "null", "[" * 100_000, b"\xff\xfe"])
def test_a_damaged_secret_is_told_where_a_patient_comes_and_hinders_nothing_else(
    tmp_path: Path, kept: str | bytes
) -> None:
    folder = tmp_path / "a.segstudio"
    with Project.create(folder, CLASSES) as project:
        first = add(project, tmp_path, "Smith")
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.execute("UPDATE settings SET value = ? WHERE key = 'patient_secret'", (kept,))
    with Project.open(folder) as project:
        with pytest.raises(UserError, match="no images that name their patient can be added"):
            add(project, tmp_path, "Smith")
        assert project.images.add_images([NewImage(tmp_path / "of nobody.png")]) != [None]
        assert [image.group for image in project.images.list_images()] == [*first, ""]
