"""The projects opened lately. Main thread only, but for asking the disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from segstudio.app.ports import Scheduler
from segstudio.app.settings import Json, Settings

KEPT = 8
"""Projects that are remembered."""

_KEY = "recent"


class RecentProjects:
    """Every method returns at once: a network drive that is gone may take a minute to say so.

    A project counts as there until the disk has said otherwise; ``on_change`` is called when that changes the list.
    """

    def __init__(self, settings: Settings, scheduler: Scheduler, on_change: Callable[[], None]) -> None:
        self._settings = settings
        self._scheduler = scheduler
        self._on_change = on_change
        self._gone: set[Path] = set()
        self._asked: set[Path] = set()

    @property
    def paths(self) -> list[Path]:
        """Folders, the last one opened first, without those that are known to be gone."""
        return [path for path in self._kept() if path not in self._gone]

    def add(self, folder: Path) -> None:
        """``folder`` was opened just now."""
        self._gone.discard(folder)

        def first(stored: Json) -> Json:
            others = [path for path in _folders(stored) if path != folder and path not in self._gone]
            return [str(path) for path in [folder, *others][:KEPT]]

        self._settings.change(_KEY, first)

    def refresh(self) -> None:
        """Ask the disk which are there, each in a thread of its own, so that a dead drive delays no other answer."""
        for path in self._kept():
            if path not in self._asked:
                self._asked.add(path)
                # Not of a pool: the program's end would wait for those.
                threading.Thread(target=self._ask, args=(path,), name="recent", daemon=True).start()

    def _kept(self) -> list[Path]:
        return _folders(self._settings.get(_KEY, []))

    def _ask(self, path: Path) -> None:
        there = os.path.isdir(path)
        self._scheduler.post(lambda: self._learn(path, there))

    def _learn(self, path: Path, there: bool) -> None:
        self._asked.discard(path)
        if there is (path in self._gone):
            self._gone ^= {path}
            self._on_change()


def _folders(stored: Json) -> list[Path]:
    return [Path(entry) for entry in stored if isinstance(entry, str)] if isinstance(stored, list) else []
