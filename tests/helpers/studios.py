"""A studio with real files, a real database and, unless told otherwise, a fake worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from segstudio.app.changes import Changes, Message
from segstudio.app.headless import HeadlessScheduler
from segstudio.app.new_project import NewProject
from segstudio.app.session import Session
from segstudio.app.settings import Settings
from segstudio.app.studio import Studio
from segstudio.app.tools import PointerEvent
from segstudio.formats.dataset import FoundImage
from tests.helpers.fake_worker import FakeWorker

TIMEOUT = 20.0


def write_images(folder: Path, count: int, size: tuple[int, int] = (96, 64)) -> list[Path]:
    """``count`` PNG images of ``size`` (width, height), each with a bright disk on dark noise."""
    folder.mkdir(parents=True, exist_ok=True)
    width, height = size
    ys, xs = np.mgrid[:height, :width]
    paths = []
    for index in range(count):
        rng = np.random.default_rng(index)
        pixels = rng.integers(0, 60, (height, width, 3), np.uint8)
        x, y = rng.integers(width // 4, 3 * width // 4), rng.integers(height // 4, 3 * height // 4)
        pixels[np.hypot(xs - x, ys - y) < height / 4] += 150
        path = folder / f"image_{index:02d}.png"
        Image.fromarray(pixels).save(path)
        paths.append(path)
    return paths


@dataclass
class StudioRig:
    """Everything a test needs to use a studio without a window."""

    folder: Path
    scheduler: HeadlessScheduler = field(default_factory=HeadlessScheduler)
    workers: list[FakeWorker] = field(default_factory=list)
    heard: list[Changes] = field(default_factory=list)
    hold_rounds: bool = False
    dice: Callable[[int, int], float] | None = None

    def __post_init__(self) -> None:
        self.studio = Studio(self.scheduler, Settings(self.folder / "settings.json"), self.make_worker)
        self.studio.subscribe(self.heard.append)

    def make_worker(self, hear, gone) -> FakeWorker:
        worker = FakeWorker(self.scheduler, hear, gone)
        worker.holds_rounds = self.hold_rounds
        worker.dice = self.dice
        self.workers.append(worker)
        return worker

    @property
    def session(self) -> Session:
        assert self.studio.session is not None
        return self.studio.session

    @property
    def messages(self) -> list[Message]:
        return [changes.message for changes in self.heard if changes.message is not None]

    def wait(self, condition) -> None:
        self.scheduler.run_until(condition, TIMEOUT)

    def settle(self) -> None:
        """Wait until nothing is going on."""
        self.wait(
            lambda: (
                self.session.loading_id is None
                and self.session.predictor.remaining == 0
                and (not self.session.rounds.busy or self.hold_rounds)
                and self.session.save_status.state != "saving"
                and self.studio._store.unfinished == 0
            )
        )

    def new_project(self, count: int = 4, images: list[Path] | None = None, **plan) -> Session:
        images = images or write_images(self.folder / "images", count)
        project = self.folder / "test.segstudio"
        found = tuple(FoundImage(path, None) for path in images)
        self.studio.new_project(NewProject(project, found, plan.pop("classes", ("lesion",)), "none", **plan))
        self.wait(lambda: self.studio.session is not None)
        self.settle()
        return self.session

    def reopen(self) -> Session:
        folder = self.session.folder
        assert self.studio.close_project()
        self.studio.open_project(folder)
        self.wait(lambda: self.studio.session is not None)
        self.settle()
        return self.session

    def stroke(self, *points: tuple[float, float], button: str = "left") -> None:
        editor = self.session.editor
        editor.press(PointerEvent(*points[0], button))
        for point in points[1:]:
            editor.move(PointerEvent(*point, button))
        editor.release(PointerEvent(*points[-1], button))

    def show(self, image_id: int) -> None:
        self.session.open_image(image_id)
        self.wait(lambda: self.session.loading_id is None)

    def mask(self) -> np.ndarray:
        document = self.session.document
        assert document is not None
        return document.shown(document.bounds)


def approve(rig: StudioRig, count: int) -> None:
    """Paint on and approve ``count`` images, from the one on the canvas on."""
    for _ in range(count):
        rig.wait(lambda: rig.session.loading_id is None)
        rig.stroke((30, 30), (50, 40))
        rig.session.approve()
    rig.settle()
