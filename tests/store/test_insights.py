"""What the model makes of whole images survives the project's closing."""

import contextlib
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from segstudio.domain.errors import UserError
from segstudio.domain.queue import Insight
from segstudio.store.project_db import Project


def test_the_latest_insight_of_an_image_is_kept(project: Project, folder: Path, image_id: int) -> None:
    vector = np.array([0.5, -0.25, 1e-3], np.float16)
    project.insights.put(image_id, Insight(1, 0.75, None))
    project.insights.put(image_id, Insight(2, None, vector))
    project.close()
    with Project.open(folder) as again:
        (kept,) = again.insights.load().values()
    assert (kept.round_number, kept.uncertainty) == (2, None)
    assert kept.embedding is not None
    assert kept.embedding.dtype == np.float16
    assert np.array_equal(kept.embedding, vector)


def test_an_image_that_is_gone_has_none(project: Project, image_id: int) -> None:
    project.insights.put(image_id + 1, Insight(1, 0.5, None))
    assert project.insights.load() == {}


def test_what_was_made_of_another_file_is_forgotten_with_its_mask(project: Project, image_id: int) -> None:
    project.images.set_size(image_id, 4, 4, "aa")
    project.masks.put_prediction(image_id, 1, b"mask")
    project.insights.put(image_id, Insight(1, 0.5, None))
    project.images.set_size(image_id, 4, 4, "bb")
    assert project.insights.load() == {}


@pytest.mark.parametrize("data", [b"", b"odd"])
def test_a_damaged_embedding_is_refused(project: Project, folder: Path, image_id: int, data: bytes) -> None:
    project.insights.put(image_id, Insight(1, 0.5, None))
    project.close()
    with contextlib.closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.execute("UPDATE insights SET embedding = ?", (data,))
    with Project.open(folder) as again, pytest.raises(UserError, match="damaged"):
        again.insights.load()
