"""The real main window over a real studio, real files and a fake worker."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from segstudio.app.new_project import NewProject
from segstudio.app.session import Session
from segstudio.app.settings import Settings
from segstudio.app.studio import Studio
from segstudio.formats.dataset import FoundImage
from segstudio.ui import approving
from segstudio.ui.bridge import QtScheduler
from segstudio.ui.canvas import holds
from segstudio.ui.main_window import MainWindow
from segstudio.ui.theme import Theme
from tests.helpers.fake_worker import FakeWorker
from tests.helpers.studios import write_images

TIMEOUT = 10_000


@dataclass
class WindowRig:
    """A shown window and what a test does with it."""

    qtbot: object
    theme: Theme
    folder: Path
    windows: list[MainWindow] = field(default_factory=list)
    workers: list[FakeWorker] = field(default_factory=list)
    hold_rounds: bool = False
    dice: Callable[[int, int], float] | None = None

    def __post_init__(self) -> None:
        self.open_window()

    def open_window(self) -> MainWindow:
        self.settings = Settings(self.folder / "settings.json")
        self.scheduler = QtScheduler(self.theme)
        self.studio = Studio(self.scheduler, self.settings, self.make_worker)
        with self.theme.building():
            self.window = MainWindow(self.studio, self.settings, self.theme)
        self.windows.append(self.window)
        self.window.resize(1280, 720)
        self.window.show()
        return self.window

    def end(self) -> None:
        """Close and delete every window that was opened.

        Now, and not in the next event loop: each theme would style one that is left anew, a third of a second a test.
        """
        for window in filter(isValid, self.windows):
            window.close()
            # A dialog still hears that its project was closed, and closes, too.
            QCoreApplication.processEvents()
            window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

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
    def canvas(self):
        return self.window.canvas

    @property
    def editor(self):
        return self.session.editor

    def wait(self, condition) -> None:
        self.qtbot.waitUntil(condition, timeout=TIMEOUT)

    def settle(self) -> None:
        # A part that asked for more room has it before anything is looked at.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        self.wait(
            lambda: (
                self.session.loading_id is None
                and self.session.predictor.remaining == 0
                and (not self.session.rounds.busy or self.hold_rounds)
                and self.session.save_status.state != "saving"
                and (self.canvas.ready or bool(self.session.failure))
                and (self.canvas.seen_ms >= 0 or bool(self.session.failure) or not self.canvas.isVisible())
                and not self.canvas._fade_timer.isActive()
                and not self.canvas.rough
            )
        )

    def new_project(self, count: int = 4, classes: tuple[str, ...] = ("lesion",), size=(96, 64)) -> Session:
        images = write_images(self.folder / "images", count, size)
        found = tuple(FoundImage(path, None) for path in images)
        self.studio.new_project(NewProject(self.folder / "test.segstudio", found, classes, "none"))
        self.wait(lambda: self.studio.session is not None)
        self.settle()
        return self.session

    def open(self, index: int) -> None:
        self.session.open_image(self.session.records[index].id)
        self.settle()

    def at(self, x: float, y: float) -> QPoint:
        """The widget's pixel over the middle of an image pixel."""
        return self.canvas.to_widget(x + 0.5, y + 0.5).toPoint()

    def drag(self, points, button=Qt.MouseButton.LeftButton, release: bool = True) -> None:
        """A stroke through image points with the mouse."""
        self.qtbot.mousePress(self.canvas, button, pos=self.at(*points[0]))
        for point in points[1:]:
            self.qtbot.mouseMove(self.canvas, self.at(*point))
        if release:
            self.qtbot.mouseRelease(self.canvas, button, pos=self.at(*points[-1]))

    def key(self, key: Qt.Key, modifier=Qt.KeyboardModifier.NoModifier, widget=None) -> None:
        """A tap, however long a busy machine takes over it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(holds, "HELD_MS", 60_000)
            self.qtbot.keyClick(widget or self.canvas, key, modifier)
        # A key that a tool is lent for counts as down for a moment more, and what a fast machine does meanwhile as
        # done while it was held.
        self.wait(lambda: not self.canvas.held.is_down(key))

    def let_go(self, key: Qt.Key) -> None:
        """A key that was held comes up."""
        self.qtbot.keyRelease(self.canvas, key)
        self.wait(lambda: not self.canvas.held.is_down(key))

    def mask(self):
        document = self.session.document
        return document.shown(document.bounds)


@pytest.fixture(autouse=True)
def garbage_is_collected_between_tests():
    """As in the program, which collects at rest only: amid an event it may destroy what Qt is at work on."""
    gc.disable()
    yield
    gc.collect(1)
    gc.enable()


class Anywhere(QWidget):
    """A widget on which any button may come up."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()


@pytest.fixture(autouse=True)
def no_button_stays_down():
    """What a test pressed comes up after it: Qt would take the button for held in all tests that follow."""
    yield
    if QCoreApplication.instance() is not None and QGuiApplication.mouseButtons():
        for button in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton):
            if QGuiApplication.mouseButtons() & button:
                QTest.mouseRelease(Anywhere(), button)
        assert not QGuiApplication.mouseButtons()


class Every:
    """Holds anything."""

    def __contains__(self, _: object) -> bool:
        return True


@pytest.fixture
def theme(qapp, monkeypatch):
    # Pictures with words in them were looked at in this font, whatever else is installed.
    monkeypatch.setattr("segstudio.ui.theme._NO_OPINION", Every())
    monkeypatch.setattr("segstudio.ui.theme._CALMER", ("DejaVu Sans",))
    made = Theme(qapp, "dark")
    yield made
    made.setParent(None)
    made.deleteLater()


@pytest.fixture
def rig(qtbot, theme, tmp_path, monkeypatch):
    # A test looks at an image as soon as it is painted.
    monkeypatch.setattr(approving, "GLANCE_MS", 0)
    made = WindowRig(qtbot, theme, tmp_path)
    yield made
    made.end()
