"""The demo projects: images drawn on this computer, with masks at once by the starter that fits.

The first four come approved, so that learning starts at once, too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import platformdirs

from segstudio.app.new_project import SUFFIX, NewProject
from segstudio.formats.dataset import FoundImage
from segstudio.formats.demo import write_demo
from segstudio.formats.file_mask import FileMask

DemoKind = Literal["lesion", "body"]

IMAGES = 24
SEED = 7

APPROVED: dict[DemoKind, tuple[int, ...]] = {"lesion": (0, 1, 2, 3), "body": (2, 5, 11, 15)}
"""Which images come approved: four that are unlike each other, so that the first masks of the others are good."""


def demo_folder() -> Path:
    """Where demo projects are kept, a folder of this user."""
    return Path(platformdirs.user_data_dir("segstudio", appauthor=False)) / "demo"


def demo_project(base: Path, kind: DemoKind, tell: Callable[[int, int], None]) -> NewProject | Path:
    """The demo's folder if there is one below ``base``, else the plan to make it, its images drawn.

    ``tell(done, total)`` is called after each image, on this thread. Raises ``UserError`` if they can't be written.
    """
    folder = base / f"{kind}{SUFFIX}"
    if os.path.isfile(folder / "project.db"):
        return folder
    drawn = write_demo(base / kind, kind, IMAGES, SEED, tell)
    approved = [index for index in APPROVED[kind] if index < len(drawn)]
    rest = [index for index in range(len(drawn)) if index not in approved]
    images = tuple(
        FoundImage(drawn[index].image, FileMask(drawn[index].mask) if index in approved else None)
        for index in (*approved, *rest)
    )
    return NewProject(folder, images, (kind,), "approved", upright=kind == "body", starter="automatic")
