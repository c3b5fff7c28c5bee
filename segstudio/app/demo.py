"""The demo projects: images drawn on this computer, the first four of them approved so that learning starts at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import platformdirs

from segstudio.app.new_project import SUFFIX, NewProject
from segstudio.formats.demo import write_demo
from segstudio.formats.folder import FoundImage

DemoKind = Literal["lesion", "body"]

IMAGES = 24
APPROVED = 4
SEED = 7


def demo_folder() -> Path:
    """Where demo projects are kept, a folder of this user."""
    return Path(platformdirs.user_data_dir("segstudio", appauthor=False)) / "demo"


def demo_project(base: Path, kind: DemoKind, tell: Callable[[int, int], None]) -> NewProject | Path:
    """The demo's folder if there is one below ``base``, else the plan to make it, its images drawn.

    ``tell(done, total)`` is called after each image, on this thread. Raises ``UserError`` if they can't be written.
    """
    folder = base / f"{kind}{SUFFIX}"
    if (folder / "project.db").is_file():
        return folder
    drawn = write_demo(base / kind, kind, IMAGES, SEED, tell)
    images = tuple(
        FoundImage(image.image, image.mask if index < APPROVED else None) for index, image in enumerate(drawn)
    )
    return NewProject(folder, images, (kind,), "approved", upright=kind == "body")
