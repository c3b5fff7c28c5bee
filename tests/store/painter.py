"""A process that paints into a project until it is killed: ``python painter.py FOLDER``.

Prints the number of each stroke once the store has acknowledged it.
"""

import sys
from itertools import count
from pathlib import Path

import numpy as np

from segstudio.domain.geometry import Rect
from segstudio.domain.history import Edit
from segstudio.domain.plane import Plane
from segstudio.store.project_db import Project

HEIGHT, WIDTH = 600, 600


def paint(plane: Plane, number: int) -> Edit:
    """The stroke of a number, the same every time; noise makes it weigh more than a page."""
    rng = np.random.default_rng(number)
    x, y = (int(value) for value in rng.integers(0, 400, 2))
    before = plane.snapshot()
    plane.write(Rect(x, y, x + 200, y + 200), rng.integers(0, 3, (200, 200), np.uint16))
    return Edit(f"Stroke {number}", plane.changes_since(before))


def main() -> None:
    project = Project.open(Path(sys.argv[1]))
    (image,) = project.images.list_images()
    plane = Plane(HEIGHT, WIDTH)
    project.rounds.begin_round(3, 0.0)
    for number in count(1):
        project.masks.save_edit(image.id, paint(plane, number))
        print(number, flush=True)


if __name__ == "__main__":
    main()
