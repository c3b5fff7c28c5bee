"""Masks of several tiles of which some are damaged, put together again to the pixel."""

from pathlib import Path

import numpy as np
import pytest

from segstudio.domain.annotation import ImageState
from segstudio.domain.geometry import Rect
from segstudio.domain.history import Edit
from segstudio.domain.plane import UNSET, Plane
from segstudio.imaging.mask_png import encode_mask
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project

HEIGHT, WIDTH = 600, 600  # 3 x 3 tiles

BROKEN = "UPDATE tiles SET data = zeroblob(9) WHERE image_id = ? AND (tile_row, tile_column) IN (VALUES (0, 1), (2, 1))"


def stroke(project: Project, image_id: int, plane: Plane, rect: Rect, value: int) -> None:
    before = plane.snapshot()
    plane.write(rect, value)
    project.masks.save_edit(image_id, Edit("Brush", plane.changes_since(before)))


def loaded(project: Project, image_id: int) -> np.ndarray:
    plane = Plane(HEIGHT, WIDTH)
    plane.put_tiles(project.masks.load_correction(image_id))
    return plane.to_array()


def broken(project: Project, image_id: int) -> None:
    with project._database.writing() as connection:
        connection.execute(BROKEN, (image_id,))


@pytest.fixture
def painted(project: Project, image_id: int) -> Plane:
    """Each tile painted by steps of its own, one of them undone."""
    project.images.set_size(image_id, WIDTH, HEIGHT, "f" * 64)
    plane = Plane(HEIGHT, WIDTH)
    for number, (row, column) in enumerate(np.ndindex(3, 3)):
        x, y = 256 * column, 256 * row
        stroke(project, image_id, plane, Rect(x + 3, y + 3, x + 20 + number, y + 30), 1 + number % 2)
    stroke(project, image_id, plane, Rect(200, 10, 300, 40), 2)
    shown = plane.to_array()
    stroke(project, image_id, plane, Rect(0, 0, 590, 590), 1)
    project.masks.save_undo(image_id)
    assert np.array_equal(loaded(project, image_id), shown)
    return Plane.from_array(shown, UNSET)


def test_each_damaged_tile_comes_back_as_its_own_steps_left_it(
    project: Project, image_id: int, painted: Plane, tmp_path: Path
) -> None:
    other = project.images.add_images([NewImage(tmp_path / "other.png")])[0]
    stroke(project, other, Plane(HEIGHT, WIDTH), Rect(0, 0, 600, 600), 2)
    elsewhere = loaded(project, other)
    broken(project, image_id)
    assert project.salvage.mend_correction(image_id)
    assert np.array_equal(loaded(project, image_id), painted.to_array())
    assert np.array_equal(loaded(project, other), elsewhere)
    entry = project.audit.entries(image_id)[-1]
    assert (entry.kind, entry.told) == ("damaged tiles taken from their edits", {"count": 2})
    assert not project.salvage.mend_correction(image_id), "nothing is damaged any more"


def test_a_tile_without_paint_before_the_first_step_that_was_undone_has_none_again(
    project: Project, image_id: int
) -> None:
    plane = Plane(HEIGHT, WIDTH)
    stroke(project, image_id, plane, Rect(0, 0, 9, 9), 1)
    for rect in (Rect(300, 0, 309, 9), Rect(310, 0, 319, 9)):
        stroke(project, image_id, plane, rect, 2)
    project.masks.save_undo(image_id)
    project.masks.save_undo(image_id)
    with project._database.writing() as connection:
        connection.execute("INSERT INTO tiles VALUES (?, 0, 1, zeroblob(9))", (image_id,))
    assert project.salvage.mend_correction(image_id)
    assert set(project.masks.load_correction(image_id)) == {(0, 0)}


def test_the_mask_of_a_version_takes_the_place_of_damaged_tiles_and_of_no_whole_one(
    project: Project, image_id: int, painted: Plane
) -> None:
    project.masks.put_prediction(image_id, 3, encode_mask(np.full((HEIGHT, WIDTH), 2, np.uint16)))
    project.images.approve(image_id, held_out=False)
    approved = project.masks.shown(image_id)
    broken(project, image_id)
    project.salvage.keep_approved(image_id, approved, 1)
    assert np.array_equal(project.masks.shown(image_id), approved)
    assert np.array_equal(loaded(project, image_id), approved)
    history = project.masks.load_history(image_id)
    assert history.at_mark
    assert history.undo_name == "Approved mask 1"
    assert project.images.image(image_id).state is ImageState.APPROVED
    assert project.images.image(image_id).prediction_round == 3, "it is whole"
    project.masks.save_undo(image_id)
    left = painted.to_array()
    left[:256, 256:512] = UNSET
    left[512:, 256:512] = UNSET
    assert np.array_equal(loaded(project, image_id), left), "of what was damaged nothing is left"


def test_where_one_damaged_tile_can_not_be_had_again_none_is_touched(
    project: Project, image_id: int, painted: Plane
) -> None:
    broken(project, image_id)
    with project._database.writing() as connection:
        connection.execute(
            "UPDATE edit_tiles SET before = zeroblob(9), after = zeroblob(9) WHERE (tile_row, tile_column) = (2, 1)"
        )
        before = connection.execute("SELECT * FROM tiles ORDER BY tile_row, tile_column").fetchall()
    assert not project.salvage.mend_correction(image_id)
    with project._database.reading() as connection:
        assert connection.execute("SELECT * FROM tiles ORDER BY tile_row, tile_column").fetchall() == before
