"""What a user prefers on this computer, whatever the project: recent projects, window geometry, opacity."""

from __future__ import annotations

import atexit
import contextlib
import errno
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

_LAST_PATIENCE = 2.0
"""Seconds that it waits when it closes, after which it writes all the same."""

_TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
"""What systems say of a file that somebody else has locked."""

log = logging.getLogger(__name__)


class Settings:
    """A small JSON file; one that cannot be read or written costs preferences, never work, so it only logs.

    Several windows share it. Each writes what it changed and nothing else, and goes on with what it read at its start:
    what another one changes does not move anything in this one.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or Path(platformdirs.user_config_dir("segstudio", appauthor=False)) / "settings.json"
        self._values: dict[str, Json] = {}
        self._owed: list[tuple[str, Json, Callable[[Json], Json]]] = []
        self._flushes = False
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
        self._owed.append((key, self._values.get(key), change))
        self._pay(_PATIENCE)
        if self._owed:
            self._values[key] = change(self._values.get(key))

    def flush(self) -> None:
        """Write what could not be written so far, if it can be by now; another window is waited for longer."""
        if self._owed:
            self._pay(_LAST_PATIENCE, at_last=True)

    def merge(self, key: str, values: Mapping[str, Json]) -> None:
        """Keep these entries of a value that has several, beside those that other windows keep there."""
        own = self._values.get(key)
        known = own if isinstance(own, dict) else {}
        if any(name not in known or known[name] != value for name, value in values.items()):
            self.change(key, lambda kept: {**(kept if isinstance(kept, dict) else {}), **values})

    def _pay(self, patience: float, at_last: bool = False) -> None:
        """Write all that is owed; what cannot be stays owed, and goes along with what is changed next."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self._path.with_suffix(".lock"), patience) as alone:
                if alone or at_last:
                    self._write_owed()
        except OSError:
            log.warning("settings could not be written to %s", self._path, exc_info=not at_last)
        if self._owed and not self._flushes:
            self._flushes = True
            atexit.register(self.flush)

    def _write_owed(self) -> None:
        kept = self._read()
        now = dict(self._values if kept is None else kept)
        for key, own, change in self._owed:
            now[key] = change(now.get(key, own))
        self._write(now)
        self._values |= {key: now[key] for key, *_ in self._owed}
        self._owed = []

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
def _alone(path: Path, patience: float) -> Iterator[bool]:
    """Whether no other window is in such a block, which is waited for up to ``patience`` s. Raises ``OSError``."""
    with path.open("a", encoding="utf-8") as file:
        deadline = time.monotonic() + patience
        while not (alone := _locked(file)) and time.monotonic() < deadline:
            time.sleep(0.005)
        yield alone  # the system lets the lock go with the file


def _locked(file: IO[str]) -> bool:
    """False while another window has it; True also where files can't be locked, as on some network drives."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _TAKEN
    return True
