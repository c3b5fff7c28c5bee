"""Plays a scene inside the real program: `python -m tests.e2e.play SCENE FACTS [segstudio's arguments ...]`.

A scene is a generator that yields conditions; it goes on when the last one holds. What it finds out it writes to FACTS
as JSON at every step, so that a program that is killed leaves them behind.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

PATIENCE = 150.0

Scene = Iterator[Callable[[], object]]


class Stage:
    """The window and what a scene does to it, with real events."""

    def __init__(self, facts: Path) -> None:
        self._file = facts
        self.facts: dict[str, Any] = {}

    @property
    def window(self):
        from segstudio.ui.main_window import MainWindow

        return next((w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)), None)

    @property
    def session(self):
        return None if self.window is None else self.window._studio.session

    def note(self, **facts: Any) -> None:
        self.facts.update(facts)
        beside = self._file.with_suffix(".tmp")
        beside.write_text(json.dumps(self.facts))
        os.replace(beside, self._file)

    def opened(self) -> bool:
        """An image is on the canvas and the window is up."""
        session = self.session
        return session is not None and session.document is not None and session.loading_id is None

    def saved(self) -> bool:
        return self.session.save_status.state == "saved"

    def at(self, x: float, y: float) -> QPoint:
        return self.window.canvas.to_widget(x, y).toPoint()

    def press(self, x: float, y: float) -> None:
        QTest.mouseMove(self.window.canvas, self.at(x, y))
        QTest.mousePress(self.window.canvas, Qt.MouseButton.LeftButton, pos=self.at(x, y))

    def drag(self, x: float, y: float) -> None:
        QTest.mouseMove(self.window.canvas, self.at(x, y))

    def stroke(self, *points: tuple[float, float]) -> None:
        self.press(*points[0])
        for point in points[1:]:
            self.drag(*point)
        QTest.mouseRelease(self.window.canvas, Qt.MouseButton.LeftButton, pos=self.at(*points[-1]))

    def key(self, key: Qt.Key) -> None:
        QTest.keyClick(self.window.canvas, key)

    def segment_at(self, x: int, y: int) -> int:
        from segstudio.domain.geometry import Rect

        return int(self.session.document.shown(Rect(x, y, x + 1, y + 1))[0, 0])

    def painted_at(self, x: int, y: int) -> int:
        """What a hand painted there, whatever the model says; -1 for nothing."""
        from segstudio.domain.geometry import Rect
        from segstudio.domain.plane import UNSET

        value = int(self.session.document.correction.read(Rect(x, y, x + 1, y + 1))[0, 0])
        return -1 if value == UNSET else value

    def dice(self) -> float:
        """How well the mask shown fits the demo's exact mask."""
        from segstudio.domain.metrics import dice
        from segstudio.domain.segments import make_classes
        from segstudio.formats.png import read_mask

        document, record = self.session.document, self.session.record(self.session.current_id)
        truth = record.path.parent.parent / "masks" / record.path.name
        mask = read_mask(truth, (document.width, document.height), 1, make_classes(["lesion"]))
        return dice(document.shown(document.bounds) > 0, mask > 0)

    def screenshot(self, name: str) -> None:
        folder = os.environ.get("SEGSTUDIO_SHOTS")
        if folder:
            self.window.grab().save(str(Path(folder) / f"{name}.png"))


def play(stage: Stage, scene: Scene) -> None:
    """Go on with the scene from the event loop; whatever goes wrong ends the program with code 3."""
    state: dict[str, Any] = {"condition": lambda: stage.window is not None, "since": time.monotonic()}
    timer = QTimer(QApplication.instance())

    def step() -> None:
        try:
            if not state["condition"]():
                if time.monotonic() - state["since"] > PATIENCE:
                    raise TimeoutError(f"waited {PATIENCE} s; so far: {stage.facts}")
                return
            state["condition"], state["since"] = next(scene), time.monotonic()
        except StopIteration:
            timer.stop()
        except BaseException:
            traceback.print_exc()
            os._exit(3)

    timer.timeout.connect(step)
    timer.start(10)


def main() -> int:
    scene, facts, *arguments = sys.argv[1:]
    from segstudio.ui.application import make_application

    app = make_application()
    stage = Stage(Path(facts))
    play(stage, getattr(importlib.import_module("tests.e2e.scenes"), scene)(stage))
    from segstudio.__main__ import main as segstudio

    try:
        segstudio(arguments)
    except SystemExit as end:
        del app
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
