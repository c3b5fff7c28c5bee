"""Projects to try the store on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from segstudio.domain.segments import make_classes
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "Läsionen [1].segstudio"


@pytest.fixture
def project(folder: Path) -> Iterator[Project]:
    with Project.create(folder, make_classes(["lesion", "hair"])) as made:
        yield made


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Three files in a folder beside the project, with names that give trouble."""
    place = tmp_path / "photos"
    place.mkdir()
    paths = [place / name for name in ("b 1.png", "ä[2].png", "ภาพ 三.png")]
    for path in paths:
        path.touch()
    return paths


@pytest.fixture
def image_id(project: Project, photos: list[Path]) -> int:
    return project.images.add_images([NewImage(photos[0])])[0]
