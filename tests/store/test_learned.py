import contextlib
import sqlite3
from pathlib import Path

import pytest

from segstudio.domain.segments import make_classes
from segstudio.store.images import NewImage
from segstudio.store.imports import Arrival
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


def test_an_image_that_came_back_after_its_import_was_undone_is_known_as_before(
    project: Project, photos: list[Path]
) -> None:
    def arrive(path: Path) -> int:
        import_id = project.imports.begin("folder", path.parent)
        (image_id,) = project.imports.add(import_id, [NewImage(path)])
        project.imports.put([Arrival(image_id, 8, 6, path.name, 5)])
        project.imports.finish(import_id)
        return image_id

    image_id, other = arrive(photos[0]), arrive(photos[1])
    for number in (1, 2, 3):
        assert project.rounds.begin_round(3, 1000.0).number == number
    project.learned.note(1, None, [image_id, other])
    project.learned.note(2, 1, [])
    assert project.imports.undo(2)
    assert project.imports.undo(1)
    assert {(one.fingerprint, one.perceptual, one.held_out) for one in project.learned.departed()} == {
        (photos[0].name, 5, False),
        (photos[1].name, 5, False),
    }
    assert project.learned.by_round() == {}
    back = arrive(photos[0])
    assert back not in (image_id, other)
    assert project.learned.by_round() == {1: {back}, 2: {back}}
    assert [project.learned.knows(number, back) for number in (1, 2, 3)] == [True, True, False]


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
