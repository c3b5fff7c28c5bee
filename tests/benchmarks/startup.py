"""How long the window takes to show, warm: `python tests/benchmarks/startup.py`.

Prints the median over some starts of the real `segstudio`, each a process of its own, from the start of Python to the
first frame painted, and the same for a bare Qt window, so that the ratio can be compared between machines.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

STARTS = 7

WATCH = """
import sys, time
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

class FirstFrame(QObject):
    def eventFilter(self, target, event):
        if event.type() == QEvent.Type.Paint and target.isWidgetType() and target.isWindow():
            QTimer.singleShot(0, lambda: (print(time.time(), 'torch' in sys.modules, flush=True), QApplication.exit(0)))
        return False
"""

PROGRAM = (
    WATCH
    + """
from segstudio.ui.application import make_application
app = make_application()
watch = FirstFrame()
app.installEventFilter(watch)
from segstudio.__main__ import main
main([])
"""
)

BARE = (
    WATCH
    + """
from PySide6.QtWidgets import QWidget
app = QApplication([])
watch = FirstFrame()
app.installEventFilter(watch)
window = QWidget()
window.show()
app.exec()
"""
)


def seconds(code: str, environment: dict[str, str]) -> float:
    """From the start of the process to the first frame. Raises ``RuntimeError`` if torch was loaded."""
    started = time.time()
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    moment, torch = done.stdout.split()[:2]
    if torch == "True":
        raise RuntimeError("the window loaded torch")
    return float(moment) - started


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        for code in (BARE, PROGRAM):
            seconds(code, environment)
        bare = statistics.median(seconds(BARE, environment) for _ in range(STARTS))
        program = statistics.median(seconds(PROGRAM, environment) for _ in range(STARTS))
    print("| start to first frame, warm | s |\n|---|---:|")
    print(f"| bare Qt window | {bare:.2f} |\n| segstudio | {program:.2f} |\n| ratio | {program / bare:.1f} |")


if __name__ == "__main__":
    main()
