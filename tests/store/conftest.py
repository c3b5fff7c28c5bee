"""Projects to try the store on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from segstudio.domain.segments import make_classes
from segstudio.store import migrations
from segstudio.store.audit import Trail
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project

TRAIL_SINCE = 4010


def be_before(patch: pytest.MonkeyPatch, version: int) -> None:
    """Make projects as programs of before ``version`` did: without its tables, and without a trail if it had none."""
    patch.setattr(migrations, "MIGRATIONS", tuple(step for step in migrations.MIGRATIONS if step.version < version))
    if version <= TRAIL_SINCE:
        patch.setattr(Trail, "note", lambda *_, **__: None)


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
