"""The main job through the real ``main()``, in a process of its own, with a real worker and real mouse events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segstudio.app.batch import make_demo
from segstudio.domain.geometry import Rect
from segstudio.domain.plane import Plane
from segstudio.domain.rounds import RoundStatus
from segstudio.imaging.mask_png import decode_confidence
from segstudio.store.project_db import Project

ROOT = Path(__file__).resolve().parents[2]


class Home:
    """A user's folders, and the program run in them."""

    def __init__(self, folder: Path, training: dict[str, Any]) -> None:
        self.folder = folder
        settings = folder / "config" / "segstudio" / "settings.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"training": training}))
        self.environment = {
            **os.environ,
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_STATE_HOME": str(folder / "state"),
        }

    def play(self, scene: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """(exit code, facts, stderr) of a scene."""
        facts = self.folder / f"{scene}.json"
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.play", scene, str(facts), *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        found = json.loads(facts.read_text()) if facts.exists() else {}
        return done.returncode, found, done.stderr


@pytest.fixture
def home(tmp_path, monkeypatch):
    def make(**training: Any) -> Home:
        made = Home(tmp_path, training)
        monkeypatch.setenv("XDG_DATA_HOME", made.environment["XDG_DATA_HOME"])
        return made

    return make


def test_demo_paint_round_better_mask_close_reopen(home):
    at_home = home(input_size=128, max_steps=40)
    code, first, errors = at_home.play("first_visit", "demo", "lesion")
    assert code == 0, errors
    assert first["torch"] is False
    assert (first["images"], first["approved"]) == (24, 4)
    assert first["origin"] == "model"
    assert first["before"] > 0.85, "the first picture has a good mask before anything was learned"
    assert first["seen"] == 1
    assert first["training_while_painting"]
    assert first["origin_after"] == "model"
    assert first["after_round"] > 0.8, "and forty small steps on three images do not lose it"
    assert first["approved_after"] == 5
    assert first["stroke_kept"] == 1
    assert first["in_hand"]

    code, second, errors = at_home.play("second_visit", "open", first["project"])
    assert code == 0, errors
    assert second["current"] == first["painted"]
    assert second["approved"] == 5
    assert second["predicted"] >= 2
    assert second["stroke"] == second["stroke_in_hand"] == 1, "closing kept even the stroke in hand"
    assert second["rounds"] == ["finished"]
    assert second["undone"] == -1
    assert second["undo_left"] == ""
    assert second["redone"] == 1

    with Project.open(Path(first["project"])) as project:
        predictions = [project.masks.prediction(image.id) for image in project.images.list_images()]
    sure = [decode_confidence(said.confidence) for said in predictions if said is not None]
    assert len(sure) >= 2
    assert all(int(confidence.min()) > 127 and int(confidence.max()) > 128 for confidence in sure)


@pytest.fixture
def small_demo(monkeypatch):
    """Makes a demo of fewer images, where the drawing of them is not what is tested."""
    monkeypatch.setattr("segstudio.app.demo.IMAGES", 6)
    return lambda: make_demo("lesion")


def test_a_window_killed_in_a_stroke_loses_that_stroke_and_nothing_else(home, small_demo):
    at_home = home(input_size=128)
    small_demo()
    code, facts, errors = at_home.play("killed_in_a_stroke", "demo", "lesion")
    assert code == -9, errors
    with Project.open(Path(facts["project"])) as project:
        record = project.images.image(facts["image"])
        plane = Plane(record.height, record.width)
        plane.put_tiles(project.masks.load_correction(record.id))
        names = [edit.name for edit in project.masks.load_history(record.id).done]
        rounds = project.rounds.list_rounds()
        approved = [image for image in project.images.list_images() if image.held_out is not None]
    assert names == ["Paint", "Paint"]
    assert plane.read(Rect(100, 100, 101, 101))[0, 0] == 1
    assert plane.read(Rect(410, 310, 411, 311))[0, 0] == 1
    assert len(approved) == 4
    assert [entry.status for entry in rounds] == [RoundStatus.FAILED]
    with pytest.raises(ProcessLookupError):
        wait_gone(facts["worker"])


def test_a_worker_killed_in_a_round_costs_the_round_only(home, small_demo):
    at_home = home(input_size=128)
    small_demo()
    # Long enough to be killed in, short enough for the second one to end.
    settings = at_home.folder / "config" / "segstudio" / "settings.json"
    settings.write_text(json.dumps({"training": {"input_size": 96, "max_steps": 8}}))
    code, facts, errors = at_home.play("worker_killed", "demo", "lesion")
    assert code == 0, errors
    assert facts["status"] == "failed"
    assert "masks are safe" in facts["sentence"]
    assert facts["stroke"] == 1
    assert facts["visible"]
    assert facts["again"] == "finished"
    assert facts["another_worker"]


def wait_gone(pid: int) -> None:
    """Raises ``ProcessLookupError`` once the process is gone; the worker ends when its stdin closes."""
    for _ in range(400):
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().split()[2] == "Z":
            raise ProcessLookupError
        subprocess.run([sys.executable, "-c", ""], check=True)
