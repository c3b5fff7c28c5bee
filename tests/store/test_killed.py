"""A window that is killed loses no stroke that the store had acknowledged."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segstudio.domain.audit import verify
from segstudio.domain.errors import UserError
from segstudio.domain.plane import Plane
from segstudio.domain.rounds import RoundStatus
from segstudio.domain.segments import make_classes
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project
from tests.store import painter

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("strokes", [1, 7, 60])
def test_every_acknowledged_stroke_is_there_after_a_kill(folder: Path, strokes: int) -> None:
    with Project.create(folder, make_classes(["lesion", "hair"])) as project:
        (image_id,) = project.images.add_images([NewImage(folder.parent / "a.png")])
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store.painter", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        assert child.stdout is not None
        for _ in range(strokes):
            assert child.stdout.readline()
        with pytest.raises(UserError, match="already open"):
            Project.open(folder)
        child.kill()
        acknowledged = strokes + len(child.stdout.readlines())

    with Project.open(folder) as project:
        history = project.masks.load_history(image_id)
        # The stroke in hand may have been written without its acknowledgement having got out.
        assert len(history.done) in (acknowledged, acknowledged + 1)
        plane = Plane(painter.HEIGHT, painter.WIDTH)
        for number, edit in enumerate(history.done, start=1):
            assert painter.paint(plane, number).name == edit.name
        stored = Plane(painter.HEIGHT, painter.WIDTH)
        stored.put_tiles(project.masks.load_correction(image_id))
        assert np.array_equal(stored.to_array(), plane.to_array())
        for edit in reversed(history.done):
            stored.put_tiles(edit.before)
        assert stored.is_blank
        assert [record.status for record in project.rounds.list_rounds()] == [RoundStatus.FAILED]
        # Each stroke has its entry, and no entry tells of a stroke that is not there.
        entries = project.audit.entries()
        assert verify(entries, project.audit.head()) == []
        assert [entry.told["name"] for entry in entries if entry.kind == "edit"] == [e.name for e in history.done]
