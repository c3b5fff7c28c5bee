"""A large data set: how long it takes to come in, how live the window stays, how soon it opens again, how it scrolls.

``python -m tests.benchmarks.importing [--images 20000] [--approved 2000]`` draws the images into a temporary folder
(about a gigabyte) and prints a table. Times are those of this computer, with whatever else it does.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PIL import Image
from PySide6.QtCore import QElapsedTimer, QTimer
from PySide6.QtWidgets import QApplication

from segstudio.app.importing import ImportPlan, MasksAs
from segstudio.app.settings import Settings
from segstudio.app.studio import Studio
from segstudio.domain.segments import make_classes
from segstudio.formats.dataset import Dataset
from segstudio.formats.detect import find_dataset
from segstudio.store.project_db import Project
from segstudio.ui.bridge import QtScheduler
from segstudio.ui.main_window import MainWindow
from segstudio.ui.theme import Theme
from tests.helpers.fake_worker import FakeWorker

KINDS = 40
SIZE = (640, 480)
FRAMES = 300


def write_set(folder: Path, count: int) -> None:
    """``count`` JPEG images with PNG masks; the pictures repeat, the files do not."""
    rng = np.random.default_rng(0)
    ys, xs = np.mgrid[: SIZE[1], : SIZE[0]]
    pictures, masks = [], []
    for kind in range(KINDS):
        mask = np.hypot(xs - rng.integers(200, 440), ys - rng.integers(150, 330)) < rng.integers(40, 140)
        pixels = np.where(mask[..., None], 90, 180) + rng.normal(0, 12, (SIZE[1], SIZE[0], 1)) + rng.normal(0, 20, 3)
        pictures.append(_encoded(np.clip(pixels, 0, 255).astype(np.uint8), f".{kind}.jpg"))
        masks.append(_encoded(np.where(mask, 255, 0).astype(np.uint8), f".{kind}.png"))
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        name = f"ISIC_{number:07d}"
        (folder / "images" / f"{name}.jpg").write_bytes(pictures[number % KINDS] + number.to_bytes(8, "big"))
        (folder / "masks" / f"{name}_segmentation.png").write_bytes(masks[number % KINDS])


def _encoded(pixels: np.ndarray, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        Image.fromarray(pixels).save(path, quality=85)
        return path.read_bytes()


class Window:
    """The real window over a real project; nobody learns."""

    def __init__(self, app: QApplication, folder: Path) -> None:
        self.app = app
        self.theme = Theme(app, "dark")
        settings = Settings(folder / "settings.json")
        self.scheduler = QtScheduler(self.theme)
        self.studio = Studio(
            self.scheduler, settings, lambda hear, gone: FakeWorker(self.scheduler, hear, gone), automatic=False
        )
        self.window = MainWindow(self.studio, settings, self.theme)
        self.window.resize(1280, 720)
        self.window.show()

    def wait(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self.app.processEvents()
            time.sleep(0.0005)

    def open(self, folder: Path) -> float:
        """Seconds until the list is shown and the first image on the canvas."""
        start = time.perf_counter()
        self.studio.open_project(folder)
        self.wait(lambda: self.studio.session is not None)
        self.wait(lambda: self.window.images.model.rowCount() > 0 or not self.studio.session.records)  # type: ignore[union-attr]
        listed = time.perf_counter() - start
        return listed

    def run(self, found: Dataset, masks_as: MasksAs) -> tuple[float, float, float]:
        """Import; seconds, and the median and the longest time in ms for which the event loop stood still."""
        session = self.studio.session
        assert session is not None
        gaps: list[float] = []
        clock, timer = QElapsedTimer(), QTimer()

        def tick() -> None:
            gaps.append(clock.nsecsElapsed() / 1e6)
            clock.restart()

        timer.setInterval(4)
        timer.timeout.connect(tick)
        before = len(session.records)
        clock.start()
        timer.start()
        start = time.perf_counter()
        mapping = {known.id: 1 for known in found.classes}
        session.importer.run(ImportPlan(found.images, masks_as, mapping, found.layout))
        while len(session.records) == before:
            self.app.processEvents()
            time.sleep(0.0005)
        seconds = time.perf_counter() - start
        timer.stop()
        return seconds, float(np.median(gaps)), max(gaps)

    def scroll(self) -> tuple[np.ndarray, np.ndarray]:
        """Milliseconds a frame, by the clock and of this thread alone, while the list is scrolled to its end.

        Thumbnails arrive all the while.
        """
        view = self.window.images.view
        bar = view.verticalScrollBar()
        times, own = [], []
        for frame in range(FRAMES):
            start, busy = time.perf_counter(), time.thread_time()
            bar.setValue(round(bar.maximum() * frame / FRAMES))
            view.viewport().repaint()
            self.app.processEvents()
            times.append((time.perf_counter() - start) * 1000)
            own.append((time.thread_time() - busy) * 1000)
        return np.array(times), np.array(own)

    def undo(self) -> float:
        """Seconds."""
        session = self.studio.session
        assert session is not None
        self.wait(lambda: session.importer.can_undo)
        start = time.perf_counter()
        session.importer.undo()
        self.wait(lambda: not session.records)
        return time.perf_counter() - start

    def close(self) -> None:
        self.window.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--approved", type=int, default=2_000)
    parser.add_argument("--only", nargs="*", default=["none", "compare", "approved"])
    arguments = parser.parse_args()
    app = QApplication([])
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_set(folder / "set", arguments.images)
        start = time.perf_counter()
        found = find_dataset(folder / "set")
        print(f"found {len(found.images):,} images, {found.with_mask:,} masks in {time.perf_counter() - start:.1f} s")
        part = Dataset(found.layout, found.images[: arguments.approved], found.classes)
        for masks_as, data in (("none", found), ("compare", found), ("approved", part)):
            if masks_as not in arguments.only:
                continue
            project = folder / f"{masks_as}.segstudio"
            Project.create(project, make_classes(["lesion"])).close()
            window = Window(app, folder)
            window.open(project)
            seconds, median, longest = window.run(data, masks_as)  # type: ignore[arg-type]
            count = len(data.images)
            print(
                f"{masks_as:9s} {count:6,} images in {seconds:7.1f} s, {seconds / count * 1000:6.2f} ms each; "
                f"event loop {median:.1f} ms median, {longest:.0f} ms at most"
            )
            window.studio.close_project()
            busy = time.process_time()
            listed = window.open(project)
            busy = time.process_time() - busy
            times, own = window.scroll()
            print(
                f"          opens again in {listed:.2f} s, {busy:.2f} s of the processor; a frame of scrolling "
                f"{np.median(times):.1f} ms median, {np.percentile(times, 99):.1f} ms p99, of which its thread works "
                f"{np.median(own):.1f} and {np.percentile(own, 99):.1f} ms"
            )
            if masks_as == "approved":
                print(f"          undone in {window.undo():.1f} s")
            window.close()


if __name__ == "__main__":
    main()
