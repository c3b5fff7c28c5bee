"""An import is taken away whole, or not at all once somebody worked on it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from segstudio.domain.history import Edit
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project


@pytest.fixture
def imported(project: Project, image_id: int, tmp_path: Path) -> tuple[int, int]:
    """A finished import of two images beside one that is the project's: its number, and its first image."""
    number = project.imports.begin("folder", tmp_path)
    ids = project.imports.add(number, [NewImage(tmp_path / name) for name in ("x.png", "y.png")])
    project.imports.finish(number)
    assert ids[0] is not None
    return number, ids[0]


WORK: dict[str, Callable[[Project, int], object]] = {
    "painted": lambda project, id_: project.masks.save_edit(id_, Edit("Brush", {})),
    "approved": lambda project, id_: project.images.approve(id_, held_out=False),
    "rejected": lambda project, id_: project.readings.reject(id_, "blurred"),
    "read by another": lambda project, id_: project.readings.open_rows([id_], "Ben", with_model=False),
}


@pytest.mark.parametrize("how", WORK)
def test_work_that_came_at_the_last_moment_keeps_an_import(
    project: Project, image_id: int, imported: tuple[int, int], how: str
) -> None:
    number, first = imported
    WORK[how](project, first)
    there = [record.id for record in project.images.list_images()]
    assert project.imports.is_worked_on(number)
    assert not project.imports.undo(number)
    assert [record.id for record in project.images.list_images()] == there
    latest = project.imports.latest()
    assert latest is not None
    assert (latest.id, latest.images) == (number, 2)


def test_what_the_model_said_is_no_work_and_all_else_stays(
    project: Project, image_id: int, imported: tuple[int, int], tmp_path: Path
) -> None:
    number, first = imported
    project.masks.put_prediction(first, 1, b"png")
    project.masks.start_from(image_id, np.ones((9, 9), np.uint16))
    later = project.imports.begin("folder", tmp_path)
    (last,) = project.imports.add(later, [NewImage(tmp_path / "z.png")])
    project.imports.finish(later)
    assert last is not None
    project.masks.save_edit(last, Edit("Brush", {}))
    assert project.imports.is_worked_on(later)
    assert not project.imports.is_worked_on(number)
    newest = project.imports.latest()
    assert newest is not None
    assert newest.id == later
    assert project.imports.undo(number)
    assert [record.id for record in project.images.list_images()] == [image_id, last]
    latest = project.imports.latest()
    assert latest is not None
    assert (latest.id, latest.layout, latest.folder, latest.images) == (later, "folder", tmp_path, 1)
