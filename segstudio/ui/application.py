"""Starts the window."""

from __future__ import annotations

import logging
import logging.handlers
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, cast

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

import segstudio
from segstudio.app.changes import Message
from segstudio.app.settings import Settings
from segstudio.app.studio import Studio
from segstudio.ui.bridge import QtScheduler
from segstudio.ui.commands import log_folder
from segstudio.ui.garbage import GarbageCollector
from segstudio.ui.icons import app_icon
from segstudio.ui.main_window import MainWindow
from segstudio.ui.theme import Appearance, Theme

log = logging.getLogger("segstudio")


def run(argv_project: Path | None = None, demo: str | None = None) -> int:
    """Show the window until it is closed, with a project or a demo ("lesion" or "body") if one is given."""
    if not _has_screen():
        print("segstudio: there is no screen to show a window on. Set DISPLAY, or use a subcommand.", file=sys.stderr)
        return 1
    _log_to_file()
    app = make_application()
    settings = Settings()
    appearance = settings.get("appearance", "system")
    theme = Theme(app, cast(Appearance, appearance) if appearance in ("light", "dark") else "system")
    studio = Studio(QtScheduler(app), settings)
    with theme.building():
        window = MainWindow(studio, settings, theme)
    _report_bugs(studio, window, app)
    _end_on_signals(window)
    GarbageCollector(app)
    window.show()
    # After the first frame: the window is there before anything is read.
    QTimer.singleShot(0, window, _start_call(studio, argv_project, demo))
    return app.exec()


def make_application() -> QApplication:
    """The one QApplication, named and with every pointer event kept."""
    # A fast stroke is made of all its points: moves must not be merged.
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents, False)
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("segstudio")
    app.setApplicationDisplayName("segstudio")
    app.setApplicationVersion(segstudio.__version__)
    app.setDesktopFileName("segstudio")
    app.setWindowIcon(app_icon())
    return app


def _start_call(studio: Studio, project: Path | None, demo: str | None) -> Callable[[], None]:
    def start() -> None:
        if project is not None:
            studio.open_project(project)
        elif demo in ("lesion", "body"):
            studio.open_demo(cast(Literal["lesion", "body"], demo))

    return start


def _has_screen() -> bool:
    # Without one Qt ends the whole process instead of raising.
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _log_to_file() -> None:
    folder = log_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / "segstudio.log", maxBytes=2**20, backupCount=2, encoding="utf-8"
        )
    except OSError:
        # A program that can't keep a log still works.
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)


def _end_on_signals(window: MainWindow) -> None:
    """Ctrl+C and the end of the desktop session close the window, which writes everything."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.close())
    # Python sees a signal only when it runs: Qt's loop by itself would sleep through it.
    pulse = QTimer(window)
    pulse.timeout.connect(lambda: None)
    pulse.start(400)


def _report_bugs(studio: Studio, window: MainWindow, app: QApplication) -> None:
    """Errors that nobody caught go to the log, and one quiet sentence to the user; the window stays."""
    scheduler = QtScheduler(app)

    def tell() -> None:
        window.show_message(
            Message(
                "Something in the program went wrong. Your saved work is safe; the log has the details.",
                "trouble",
                "Open the log",
                window.commands.open_log_folder,
                key="bug",
            )
        )

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("uncaught", exc_info=(kind, error, trace))
        sys.__excepthook__(kind, error, trace)
        scheduler.post(tell)

    def report_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            report(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = report
    threading.excepthook = report_thread
