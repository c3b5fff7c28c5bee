"""What a user prefers on this computer, whatever the project: recent projects, window geometry, opacity."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

import platformdirs

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

_PATIENCE = 0.04
"""Seconds that one window waits for another to have written, on the thread that paints; it takes a millisecond."""

log = logging.getLogger(__name__)


class Settings:
    """A small JSON file; one that cannot be read or written costs preferences, never work, so it only logs.

    Several windows share it. Each writes what it changed and nothing else, and goes on with what it read at its start:
    what another one changes does not move anything in this one.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or Path(platformdirs.user_config_dir("segstudio", appauthor=False)) / "settings.json"
        self._values: dict[str, Json] = {}
        self._unwritten: dict[str, Json] = {}
        try:
            self._values = self._read() or {}
        except OSError:
            log.warning("settings could not be read from %s", self._path, exc_info=True)

    def get(self, key: str, default: Json = None) -> Json:
        """The value of ``key``, or ``default``."""
        return self._values.get(key, default)

    def set(self, key: str, value: Json) -> None:
        """Keep ``value`` for ``key`` from now on."""
        if self._values.get(key) != value:
            self.change(key, lambda _kept: value)

    def change(self, key: str, change: Callable[[Json], Json]) -> None:
        """Keep for ``key`` what ``change`` makes of its value, to which another window may have added since."""
        own = self._values.get(key)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self._path.with_suffix(".lock")):
                kept = self._read()
                now = self._values if kept is None else kept
                self._values[key] = change(now.get(key, own))
                self._write({**now, **self._unwritten, key: self._values[key]})
            self._unwritten = {}
        except OSError:
            self._values[key] = self._unwritten[key] = change(own)
            log.warning("settings could not be written to %s", self._path, exc_info=True)

    def merge(self, key: str, values: Mapping[str, Json]) -> None:
        """Keep these entries of a value that has several, beside those that other windows keep there."""
        own = self._values.get(key)
        known = own if isinstance(own, dict) else {}
        if any(name not in known or known[name] != value for name, value in values.items()):
            self.change(key, lambda kept: {**(kept if isinstance(kept, dict) else {}), **values})

    def _read(self) -> dict[str, Json] | None:
        """What is in the file; None where there is none, or it is damaged. Raises ``OSError``."""
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            log.warning("settings could not be read from %s", self._path, exc_info=True)
            return None
        return values if isinstance(values, dict) else None

    def _write(self, values: dict[str, Json]) -> None:
        # Of a name of its own: two windows may write at once where files can't be locked.
        beside = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            beside.write_text(json.dumps(values, indent=1), encoding="utf-8")
            os.replace(beside, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While no other window is in such a block, or as soon as it has been for too long. Raises ``OSError``."""
    with path.open("a", encoding="utf-8") as file:
        deadline = time.monotonic() + _PATIENCE
        while not _locked(file) and time.monotonic() < deadline:
            time.sleep(0.005)
        yield  # the system lets the lock go with the file


def _locked(file: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
