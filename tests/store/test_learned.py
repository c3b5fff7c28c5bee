import contextlib
import sqlite3
from pathlib import Path

import pytest

from segstudio.domain.segments import make_classes
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project
from tests.store.conftest import be_before


def test_a_round_knows_what_those_before_it_learned(project: Project, folder: Path, photos: list[Path]) -> None:
    one, two, three = project.images.add_images([NewImage(path) for path in photos])
    for number in range(1, 5):
        assert project.rounds.begin_round(3, 1000.0).number == number
    project.learned.note(1, None, [one, 999])
    project.learned.note(2, 1, [two])
    project.learned.note(3, 1, [three])
    expected = {1: {one}, 2: {one, two}, 3: {one, three}}
    assert project.learned.by_round() == expected, "nobody kept what the fourth learned"
    project.close()
    with Project.open(folder) as again:
        assert again.learned.by_round() == expected
        for number in range(5):
            known = {id_ for id_ in (one, two, three) if again.learned.knows(number, id_)}
            assert known == expected.get(number, set())
        with again._database.writing() as connection:
            connection.execute("DELETE FROM images WHERE id = ?", (one,))
        assert again.learned.by_round() == {2: {two}, 3: {three}}


def test_of_rounds_of_before_it_was_kept_nothing_is_known(
    folder: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        be_before(patch, 4022)
        with Project.create(folder, make_classes(["lesion"])) as project:
            (image_id, *_) = project.images.add_images([NewImage(path) for path in photos])
            project.rounds.begin_round(3, 1000.0)
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (4021,)
    with Project.open(folder) as project:
        assert project.learned.by_round() == {}
        assert not project.learned.knows(1, image_id)
        assert [record.number for record in project.rounds.list_rounds()] == [1]
        second = project.rounds.begin_round(3, 2000.0).number
        project.learned.note(second, 1, [image_id])
        assert project.learned.by_round() == {second: {image_id}}
