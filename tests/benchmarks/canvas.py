"""How fast the canvas is at any image size: `python tests/benchmarks/canvas.py` prints a table of medians and p99s.

The real window on the offscreen platform with a view of 1920 x 1080, real mouse and wheel events, drawn images in a
temporary project whose masks cover a third of them. A time runs from the event to the end of the repaint. Memory is
that of a process of its own. Parts by name: `python tests/benchmarks/canvas.py brush undo`; all of them are in `PARTS`.

Where another program, or another machine, works on the other half of a core, everything takes half as long again, for
seconds at a time. So strokes, pans, zooms and GrabCut are timed piece by piece, and a piece is timed again if a fixed
sum took clearly longer before or after it than it can; how many were is said. While a round trains none is.
"""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

VIEW = (1920, 1080)
SIDES = (1024, 4096, 8192)
MOVES = 500
PATIENCE = 300.0
MAKE = "make"
_TURN = 0.08
"""Radians a move: about 25 px of way between two events, what a quick hand does in 8 ms."""
_SUM, _SLOWER, _TRIES = 40_000, 1.2, 12
"""The fixed sum's terms, how many times as long it may take, and how often a piece is timed at most."""
_PATIENCE_FOR_CALM = 20.0
PARTS = ("brush", "undo", "pan", "steps", "grabcut", "training", "memory")


def draw(path: Path, width: int, height: int) -> np.ndarray:
    """Write a picture of skin with hairs, and return its mask of two classes, (height, width) uint16."""
    from segstudio.imaging.cv import cv2

    rng = np.random.default_rng(width + height)
    small = rng.normal((190, 150, 130), 14, (height // 16 + 1, width // 16 + 1, 3))
    image = cv2.resize(np.clip(small, 0, 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((height, width), np.uint16)
    angle = np.linspace(0, 2 * np.pi, 200)
    reach = 0.33 + 0.03 * np.sin(9 * angle)
    outline = np.stack([width * (0.5 + reach * np.cos(angle)), height * (0.5 + reach * np.sin(angle))], axis=1)
    cv2.fillPoly(mask, [outline.astype(np.int32)], 1)
    cv2.ellipse(mask, (width // 3, height // 3), (width // 12, height // 9), 30, 0, 360, 2, -1)
    image[mask > 0] //= 2
    for _ in range(60):
        start, end = (tuple(int(v) for v in rng.integers(0, (width, height))) for _ in range(2))
        cv2.line(image, start, end, (40, 30, 25), max(1, width // 800), cv2.LINE_AA)
    cv2.imwrite(str(path), image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return mask


class Calm:
    """Times pieces of work while nothing slows the machine down."""

    def __init__(self) -> None:
        self._best = math.inf
        self.again = self.given_up = 0

    def settle(self) -> None:
        """Find out how long the sum takes at best."""
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self._is_calm()
            time.sleep(0.02)

    def times(self, measure: Callable[[], list[float]]) -> list[float]:
        """What ``measure`` says of a calm moment."""
        for _ in range(_TRIES):
            self._wait()
            took = measure()
            if self._is_calm():
                return took
            self.again += 1
        self.given_up += 1
        return took

    def _wait(self) -> None:
        end = time.monotonic() + _PATIENCE_FOR_CALM
        while not self._is_calm() and time.monotonic() < end:
            time.sleep(0.05)

    def _is_calm(self) -> bool:
        took = []
        for _ in range(3):
            began = time.perf_counter()
            sum(number * number for number in range(_SUM))
            took.append(time.perf_counter() - began)
        self._best = min(self._best, *took)
        return min(took) <= _SLOWER * self._best


class Bench:
    """The program with one project open."""

    def __init__(self, home: Path, project: Path) -> None:
        from PySide6.QtWidgets import QApplication

        from segstudio.app.settings import Settings
        from segstudio.app.studio import Studio
        from segstudio.ui.application import make_application
        from segstudio.ui.bridge import QtScheduler
        from segstudio.ui.garbage import GarbageCollector
        from segstudio.ui.main_window import MainWindow
        from segstudio.ui.theme import Theme

        app = QApplication.instance() or make_application()
        settings = Settings(home / "settings.json")
        studio = Studio(QtScheduler(app), settings, automatic=False)
        self.window = MainWindow(studio, settings, Theme(app, "dark"))
        self.canvas = self.window.canvas
        GarbageCollector(app)
        self.window.show()
        studio.open_project(project)
        self.wait(lambda: studio.session is not None and studio.session.document is not None)
        self.session: Any = studio.session
        self.canvas.setFixedSize(*VIEW)
        self.window.resize(VIEW[0] + 900, VIEW[1] + 400)
        self.rest(0.5)
        self.erasing = False
        self.calm = Calm()
        self.calm.settle()
        seen = self.canvas.visibleRegion().boundingRect()
        assert (seen.width(), seen.height()) == VIEW

    def turn(self) -> None:
        """Let everything be painted that was asked for."""
        from PySide6.QtWidgets import QApplication

        QApplication.processEvents()

    def wait(self, condition: Callable[[], object]) -> None:
        """Until ``condition`` holds, mostly asleep as the program is: who spins keeps its threads from work."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError
            self.turn()
            time.sleep(0.0005)

    def rest(self, seconds: float) -> None:
        """Let what runs beside come to its end."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end)

    def open(self, name: str) -> None:
        """Bring an image to the canvas."""
        image = next(record for record in self.session.records if record.name.startswith(name))
        self.session.open_image(image.id)
        self.wait(lambda: self.session.document is not None and self.session.document.image_id == image.id)
        self.wait(lambda: self.canvas.ready)
        self.rest(0.5)
        self.read_ahead()

    def read_ahead(self) -> None:
        """Until the next image is read too; a large one takes seconds, of which nothing is measured here."""
        read: list[None] = []
        self.session._loader.run(lambda: None, read.append)
        self.wait(lambda: read)
        self.rest(0.5)

    def strokes(self, moves: int = MOVES, strokes: int = 4, first: int = 0, at_once: bool = False) -> np.ndarray:
        """Milliseconds of each move of some winding strokes round the middle of the view, every other one erasing.

        A hand is lifted between two of them for longer than saving takes, so the next one begins when the last is
        saved; or else ``at_once``.
        """
        from PySide6.QtCore import QPoint, Qt
        from PySide6.QtTest import QTest

        def paint(stroke: int) -> list[float]:
            # The middle of the mask is of the first class: every stroke changes what the one before it left, also where
            # it is timed again.
            self.erasing = not self.erasing
            button = Qt.MouseButton.RightButton if self.erasing else Qt.MouseButton.LeftButton
            turns = np.linspace(0, _TURN * moves / strokes, moves // strokes) + stroke
            points = [QPoint(int(960 + 300 * np.cos(t) + 3 * t), int(540 + 220 * np.sin(1.3 * t))) for t in turns]
            took = []
            QTest.mousePress(self.canvas, button, pos=points[0])
            self.turn()
            for point in points[1:]:
                began = time.perf_counter()
                QTest.mouseMove(self.canvas, point)
                self.turn()
                took.append(1000 * (time.perf_counter() - began))
            QTest.mouseRelease(self.canvas, button, pos=points[-1])
            self.turn()
            if not at_once:
                self.wait(lambda: self.session.save_status.state == "saved")
            return took

        times = (lambda measure: measure()) if at_once else self.calm.times
        asked = range(first, first + strokes)
        return np.concatenate([times(lambda stroke=stroke: paint(stroke)) for stroke in asked])

    def wheel(self, notches: int, x: int, y: int) -> float:
        """Milliseconds from one turn of the wheel to the end of the repaint."""
        from PySide6.QtCore import QPoint, QPointF, Qt
        from PySide6.QtGui import QWheelEvent
        from PySide6.QtWidgets import QApplication

        at = QPointF(x, y)
        none, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
        turned = QPoint(0, 120 * notches)
        event = QWheelEvent(at, at, QPoint(), turned, Qt.MouseButton.NoButton, none, phase, False)
        began = time.perf_counter()
        QApplication.sendEvent(self.canvas, event)
        self.turn()
        return 1000 * (time.perf_counter() - began)

    def close(self) -> None:
        """End the program."""
        self.window.close()


@contextmanager
def program(images: dict[str, tuple[int, int]]) -> Iterator[Bench]:
    """The program with drawn images of the given names and sizes."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(XDG_DATA_HOME=home, XDG_CONFIG_HOME=home, XDG_STATE_HOME=home)
        sizes = [f"{name}={width}x{height}" for name, (width, height) in images.items()]
        # In a process of its own, whose memory is not the program's.
        subprocess.run([sys.executable, __file__, MAKE, home, *sizes], check=True)
        bench = Bench(Path(home), Path(home) / "bench.segstudio")
        try:
            yield bench
        finally:
            bench.close()
            if bench.calm.again:
                print(f"Pieces timed again: {bench.calm.again}; never calm: {bench.calm.given_up}.", file=sys.stderr)


def make(home: Path, sizes: list[str]) -> None:
    """Draw the images and make the project that ``program`` opens."""
    from segstudio.app.batch import new_project
    from segstudio.store.project_db import Project

    folder = home / "images"
    folder.mkdir()
    masks = {}
    for name, size in (text.split("=") for text in sizes):
        width, height = (int(side) for side in size.split("x"))
        masks[name] = draw(folder / f"{name}.png", width, height)
    new_project(home / "bench.segstudio", folder, None, ["lesion", "hair"], "approved")
    project = Project.open(home / "bench.segstudio")
    for record in project.images.list_images():
        project.masks.start_from(record.id, masks[record.path.stem])
    project.close()


def figures(took: Any) -> str:
    """Median and p99 of milliseconds."""
    return f"{np.median(took):.2f} / {np.percentile(took, 99):.2f}"


def row(what: str, bar: str, measured: str) -> None:
    """Print one row of the table."""
    print(f"| {what} | {bar} | {measured} |", flush=True)


def brush() -> None:
    """Strokes at each size, at 100 % and whole."""
    medians: dict[tuple[str, int], float] = {}
    with program({f"{side:05d}": (side, side) for side in SIDES}) as bench:
        for side in SIDES:
            bench.open(f"{side:05d}")
            for zoom in ("100 %", "fit"):
                bench.canvas.zoom_to(1.0) if zoom == "100 %" else bench.canvas.zoom_fit()
                bench.session.editor.change_settings(radius=40)
                bench.strokes(100)
                took = bench.strokes()
                medians[zoom, side] = float(np.median(took))
                row(f"brush, radius 40, {side} px, {zoom}", "<= 1 / <= 8", figures(took))
                if side == SIDES[-1]:
                    row("the same, one stroke right after the other", "", figures(bench.strokes(at_once=True)))
                if side == SIDES[-1]:
                    bench.session.editor.change_settings(radius=300)
                    row(f"brush, radius 300, {side} px, {zoom}", "p99 <= 12", figures(bench.strokes()))
    for zoom in ("100 %", "fit"):
        ratio = medians[zoom, SIDES[-1]] / medians[zoom, SIDES[0]]
        row(f"ratio 8192 : 1024, {zoom}", "<= 1.5", f"{ratio:.2f}")


def undo() -> None:
    """Undo and redo of strokes at 8192 px."""
    with program({"08192": (8192, 8192)}) as bench:
        bench.canvas.zoom_to(1.0)
        bench.session.editor.change_settings(radius=40)
        bench.strokes(20 * 60, 20)
        bench.rest(3)
        alone, whole = [], []
        for _ in range(10):
            for go in [bench.session.editor.undo] * 20 + [bench.session.editor.redo] * 20:
                began = time.perf_counter()
                go()
                alone.append(1000 * (time.perf_counter() - began))
                bench.turn()
                whole.append(1000 * (time.perf_counter() - began))
        row("undo, redo of a stroke, 8192 px", "p99 <= 5", figures(alone))
        row("the same with its repaint", "", figures(whole))


def pan() -> None:
    """Pan and zoom at 8192 px."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    with program({"08192": (8192, 8192)}) as bench:
        bench.rest(2)
        for scale in (0.3, 1.0, 1.5):
            bench.canvas.zoom_to(scale)
            bench.turn()
            QTest.mousePress(bench.canvas, Qt.MouseButton.MiddleButton, pos=QPoint(960, 540))

            def once_round() -> list[float]:
                took = []
                for step in np.linspace(0, 2 * np.pi, 100):
                    began = time.perf_counter()
                    QTest.mouseMove(bench.canvas, QPoint(int(960 + 500 * np.cos(step)), int(540 + 300 * np.sin(step))))
                    bench.turn()
                    took.append(1000 * (time.perf_counter() - began))
                return took

            took = np.concatenate([bench.calm.times(once_round) for _ in range(3)])
            QTest.mouseRelease(bench.canvas, Qt.MouseButton.MiddleButton, pos=QPoint(960, 540))
            row(f"pan, 8192 px, {scale:.0%}", "p99 <= 16", figures(took))

        def there_and_back() -> list[float]:
            # From the whole image each time: what is zoomed here and there drifts away, and then there is little to do.
            bench.canvas.zoom_fit()
            bench.turn()
            took = [bench.wheel(1, 900, 500) for _ in range(26)]
            return took + [bench.wheel(-1, 700, 600) for _ in range(26)]

        took = np.concatenate([bench.calm.times(there_and_back) for _ in range(8)])
        row("zoom from fit to 3200 % and back, 8192 px", "p99 <= 16", figures(took))
        until_sharp, turns = _sharpened(bench)
        row("the same, until the picture is sharp, if at first it is not", "", figures(until_sharp))
        row("the longest that the window is busy on the way to it", "p99 <= 16", figures(turns))


def _sharpened(bench: Bench) -> tuple[list[float], list[float]]:
    """Milliseconds after a turn of the wheel until the picture is sharp, and of the longest turn of the event loop."""
    until_sharp, turns = [], []
    bench.canvas.zoom_fit()
    bench.turn()
    for notch in [1] * 26 + [-1] * 26:
        began = time.perf_counter()
        longest = bench.wheel(notch, 900, 500)
        if not bench.canvas.rough:
            continue
        while bench.canvas.rough:
            turned = time.perf_counter()
            bench.turn()
            longest = max(longest, 1000 * (time.perf_counter() - turned))
            time.sleep(0.0005)
        until_sharp.append(1000 * (time.perf_counter() - began))
        turns.append(longest)
    return until_sharp, turns


def steps() -> None:
    """From image to image, each prefetched."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    with program({f"{number:02d}": (4000, 3000) for number in range(8)}) as bench:
        bench.open("00")
        took = []
        for _ in range(7):
            bench.rest(0.5)
            bench.read_ahead()
            before = bench.session.document
            began = time.perf_counter()
            QTest.keyClick(bench.canvas, Qt.Key.Key_Right)
            bench.wait(lambda before=before: bench.session.document is not before and bench.session.document)
            bench.wait(lambda: bench.canvas.document is bench.session.document)
            bench.turn()
            took.append(1000 * (time.perf_counter() - began))
        row("image to image, 12 MP, prefetched", "<= 80", f"{np.median(took):.0f}, slowest {max(took):.0f}")


def grabcut() -> None:
    """What a box and a scribble wait for on a crop of 1024 px."""
    from segstudio.domain.geometry import Rect
    from segstudio.domain.grabcut import refine_box, refine_scribbles
    from segstudio.imaging.cv import cv2
    from segstudio.imaging.reader import read_image

    with tempfile.TemporaryDirectory() as home:
        truth = draw(Path(home) / "drawn.png", 1024, 1024) > 0
        pixels = read_image(Path(home) / "drawn.png").pixels
    rows, columns = np.nonzero(truth)
    box = Rect(int(columns.min()) - 60, int(rows.min()) - 60, int(columns.max()) + 60, int(rows.max()) + 60)
    current, whole = np.roll(truth, 40, axis=1), Rect(0, 0, 1024, 1024)
    inside, outside = np.zeros(truth.shape, np.bool_), np.zeros(truth.shape, np.bool_)
    inside[500:512, 150:400], outside[60:72, 300:700] = True, True
    cv2.setNumThreads(1)
    calm = Calm()
    calm.settle()
    for what, refine in (
        ("box", lambda: refine_box(pixels, box)),
        ("scribble", lambda: refine_scribbles(pixels, whole, current, inside & truth, outside & ~truth)),
    ):

        def once(refine: Callable[[], object] = refine) -> list[float]:
            began = time.perf_counter()
            refine()
            return [1000 * (time.perf_counter() - began)]

        took = np.concatenate([calm.times(once) for _ in range(20)])
        row(f"GrabCut by {what}, crop of 1024 px", "<= 300", figures(took))


def training() -> None:
    """Painting on 24 MP while the worker trains."""
    from segstudio.app.batch import make_demo
    from segstudio.app.demo import demo_folder

    with tempfile.TemporaryDirectory() as home:
        os.environ.update(XDG_DATA_HOME=home, XDG_CONFIG_HOME=home, XDG_STATE_HOME=home)
        make_demo("lesion")
        bench = Bench(Path(home), demo_folder() / "lesion.segstudio")
        draw(Path(home) / "large.png", 6000, 4000)
        bench.session.files.add([Path(home) / "large.png"])
        bench.wait(lambda: any(record.name.startswith("large") for record in bench.session.records))
        bench.open("large")
        bench.session.editor.change_settings(radius=40)
        bench.session.rounds.start()
        status = bench.session.rounds
        bench.wait(lambda: status.status.phase == "training" and status.status.fraction > 0.1)
        for zoom in ("fit", "100 %"):
            bench.canvas.zoom_to(1.0) if zoom == "100 %" else bench.canvas.zoom_fit()
            took = bench.strokes(1000, at_once=True)
            assert status.busy, "the round ended before the stroke did"
            row(f"brush, radius 40, 24 MP, {zoom}, while a round trains", "p99 <= 16", figures(took))
        status.cancel()
        bench.wait(lambda: not status.busy)
        bench.close()


def memory() -> None:
    """What the process holds with an 8192 px image and 200 steps of undo, a quarter of them fills of nearly all."""
    from segstudio.domain.geometry import Rect
    from segstudio.domain.patch import Patch

    with program({"08192": (8192, 8192)}) as bench:
        bench.rest(2)
        bench.canvas.zoom_to(1.0)
        bench.session.editor.change_settings(radius=300)
        document = bench.session.document
        # A stroke over what is of its class already is no step.
        for step in itertools.takewhile(lambda _: len(document.history.done) < 200, itertools.count()):
            if step % 4 == 0:
                document.begin_edit("Fill")
                everywhere = np.ones((8000 - step, 8000), bool)
                rect = Rect(50 + step // 2, 60, 8050 + step // 2, 8060 - step)
                document.apply(Patch(rect, everywhere, step // 4 % 3))
                bench.session.editor._record(document, document.commit_edit())
                del everywhere
            else:
                bench.canvas.pan(*(180 * np.array([np.cos(step), np.sin(step)])))
                bench.strokes(40, 1, step, at_once=True)
            bench.turn()
        bench.wait(lambda: bench.session.save_status.state == "saved")
        bench.rest(2)
        held = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in _status() if line.startswith("Vm")}
        count = len(document.history.done)
        row(f"memory, 8192 px, {count} steps", "<= 600 MB", f"{held['VmRSS']} MB, at most {held['VmHWM']} MB")


def _status() -> list[str]:
    return Path("/proc/self/status").read_text(encoding="ascii").splitlines()


def main() -> None:
    """Print the table; each part in a process of its own."""
    if sys.argv[1:2] == [MAKE]:
        make(Path(sys.argv[2]), sys.argv[3:])
        return
    wanted = sys.argv[1:] or PARTS
    if len(wanted) == 1:
        {
            "brush": brush,
            "undo": undo,
            "pan": pan,
            "steps": steps,
            "grabcut": grabcut,
            "training": training,
            "memory": memory,
        }[wanted[0]]()
        return
    print(f"Load of the machine before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores.\n")
    print("| what | bar, ms (median / p99) | measured |\n|---|---:|---:|", flush=True)
    for part in wanted:
        subprocess.run([sys.executable, __file__, part], check=True)
    print(f"\nLoad after: {os.getloadavg()[0]:.2f}.")


if __name__ == "__main__":
    main()
