"""How long the store takes: ``python tests/benchmarks/store.py``. Prints milliseconds; needs no window and no model."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from segstudio.domain.brush import stroke_segment
from segstudio.domain.history import Edit
from segstudio.domain.plane import Plane
from segstudio.domain.segments import make_classes
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project

IMAGES = 20_000
SIDE = 4096
STROKES = 200


def timed(label: str, act: Callable[[], object]) -> None:
    started = time.perf_counter()
    act()
    print(f"{label:<58}{(time.perf_counter() - started) * 1000:10.1f} ms")


def catalogue(project: Project, place: Path) -> None:
    folders = [place / f"Ordner {index}" for index in range(4)]
    for folder in folders:
        folder.mkdir()
    files = [folders[index % 4] / f"Läsion {index}.png" for index in range(IMAGES)]
    for path in files:
        path.touch()
    timed(f"add {IMAGES} images", lambda: project.images.add_images([NewImage(path) for path in files]))
    timed(f"list {IMAGES} images", project.images.list_images)
    folders[0].rename(place / "Moved")
    timed(f"list {IMAGES} images, a quarter of them missing", project.images.list_images)
    timed("relocate that quarter", lambda: project.images.relocate_folder(folders[0], place / "Moved"))


def strokes(project: Project) -> None:
    plane = Plane(SIDE, SIDE)
    rng = np.random.default_rng(0)
    seconds = []
    for number in range(STROKES):
        before = plane.snapshot()
        x, y = (float(value) for value in rng.uniform(0, SIDE, 2))
        rect, covered = stroke_segment((x, y), (x + 300, y + 100), 40, SIDE, SIDE)
        plane.write(rect, 1 + number % 2, covered)
        edit = Edit("Brush", plane.changes_since(before))
        started = time.perf_counter()
        project.masks.save_edit(1, edit)
        seconds.append(time.perf_counter() - started)
    worst = sorted(seconds)[int(0.99 * STROKES)]
    print(f"save a stroke, {SIDE} px: median {statistics.median(seconds) * 1000:.1f} ms, p99 {worst * 1000:.1f} ms")
    timed("save an undo", lambda: project.masks.save_undo(1))
    timed("load the correction", lambda: project.masks.load_correction(1))
    timed(f"load the history of {STROKES} strokes", lambda: project.masks.load_history(1))
    mask = np.zeros((SIDE, SIDE), np.uint16)
    mask[1000:3000, 1000:3000] = 1
    timed(f"import a mask of {SIDE} px", lambda: project.masks.import_mask(2, mask))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "x.segstudio"
        with Project.create(folder, make_classes(["lesion", "hair"])) as project:
            catalogue(project, Path(name))
            strokes(project)
            timed("close", project.close)
        timed("open", lambda: Project.open(folder).close())
        print(f"project.db: {(folder / 'project.db').stat().st_size / 2**20:.1f} MB")


if __name__ == "__main__":
    main()
