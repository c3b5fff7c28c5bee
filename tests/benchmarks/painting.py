"""How long a stroke's move takes from event to painted pixels, idle and while a round trains:
`python tests/benchmarks/painting.py`.

The real window on the offscreen platform, 1440 x 900, fit to the window, brush of radius 20, a real worker on the
lesion demo. The last column is the ratio to the idle median of the same run.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

MOVES = 1500
PATIENCE = 300.0


def strokes(window: object, moves: int) -> np.ndarray:
    """Milliseconds of each move of a winding stroke, repaint included."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    canvas = window.canvas  # type: ignore[attr-defined]
    turns = np.linspace(0, 60 * np.pi, moves)
    reach = np.linspace(40, 240, moves)
    points = [
        canvas.to_widget(380 + r * np.cos(t), 290 + r * np.sin(t)).toPoint() for t, r in zip(turns, reach, strict=True)
    ]
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=points[0])
    took = []
    for point in points:
        began = time.perf_counter()
        QTest.mouseMove(canvas, point)
        QApplication.processEvents()
        took.append(time.perf_counter() - began)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=points[-1])
    return 1000 * np.array(took)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(XDG_DATA_HOME=home, XDG_CONFIG_HOME=home, XDG_STATE_HOME=home)
        from PySide6.QtWidgets import QApplication

        from segstudio.app.batch import make_demo
        from segstudio.app.demo import demo_folder
        from segstudio.app.settings import Settings
        from segstudio.app.studio import Studio
        from segstudio.ui.application import make_application
        from segstudio.ui.bridge import QtScheduler
        from segstudio.ui.main_window import MainWindow
        from segstudio.ui.theme import Theme

        make_demo("lesion")
        app = make_application()
        settings = Settings(Path(home) / "settings.json")
        studio = Studio(QtScheduler(app), settings, automatic=False)
        window = MainWindow(studio, settings, Theme(app, "dark"))
        window.resize(1440, 900)
        window.show()

        def wait(condition: Callable[[], object]) -> None:
            deadline = time.monotonic() + PATIENCE
            while not condition():
                if time.monotonic() > deadline:
                    raise TimeoutError
                QApplication.processEvents()

        studio.open_project(demo_folder() / "lesion.segstudio")
        wait(lambda: studio.session is not None and studio.session.document is not None)
        session = studio.session
        assert session is not None
        session.editor.change_settings(radius=20)
        strokes(window, 200)
        idle = strokes(window, MOVES)
        session.rounds.start()
        wait(lambda: session.rounds.status.phase == "training" and session.rounds.status.fraction > 0.1)
        training = strokes(window, MOVES)
        assert session.rounds.busy, "the round ended before the stroke did"
        session.rounds.cancel()
        wait(lambda: not session.rounds.busy)
        window.close()
    print("| a stroke's move | median ms | p99 ms | median ratio |\n|---|---:|---:|---:|")
    for name, took in (("idle", idle), ("while a round trains", training)):
        ratio = np.median(took) / np.median(idle)
        print(f"| {name} | {np.median(took):.2f} | {np.percentile(took, 99):.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
