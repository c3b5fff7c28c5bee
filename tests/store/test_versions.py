"""Masks that were approved before versions were kept."""

import logging

import numpy as np
import pytest

from segstudio.domain.segments import make_classes
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project
from tests.helpers.studios import write_images


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "p.segstudio", make_classes(["lesion"])) as project:
        project.images.add_images([NewImage(path) for path in write_images(tmp_path / "images", 3)])
        for record in project.images.list_images():
            project.images.set_size(record.id, 96, 64, "file")
            project.masks.start_from(record.id, np.full((64, 96), record.id % 2, np.uint16))
            with project._database.writing() as connection:
                connection.execute("UPDATE images SET state = 'approved' WHERE id = ?", (record.id,))
        yield project


def test_they_are_kept_one_by_one(project):
    ids = [record.id for record in project.images.list_images()]
    kept = [project.versions.keep_missing() for _ in range(4)]
    assert kept == [(ids[0], True), (ids[1], True), (ids[2], True), None]
    assert [version.image_id for version in project.versions.list_versions()] == ids


def test_one_that_can_not_be_read_is_left_out_and_the_project_opens(project, caplog):
    first, second, third = (record.id for record in project.images.list_images())
    with project._database.writing() as connection:
        connection.execute("UPDATE tiles SET data = x'00' WHERE image_id = ?", (first,))
    with caplog.at_level(logging.ERROR):
        assert project.versions.keep_missing() == (first, False)
    assert "can't be read" in caplog.text
    assert project.versions.keep_missing({first}) == (second, True)
    assert project.versions.keep_missing({first}) == (third, True)
    assert project.versions.keep_missing({first}) is None
    project.close()
    with Project.open(project.folder) as again:
        assert len(again.images.list_images()) == 3


def test_one_whose_size_nobody_knows_has_none_and_is_not_asked_for_again(project):
    first, second, third = (record.id for record in project.images.list_images())
    project.images.set_size(first, 0, 0, "file")
    assert [project.versions.keep_missing() for _ in range(3)] == [(second, True), (third, True), None]
    assert not project.audit.entries(first)[-1].kind.startswith("found")
