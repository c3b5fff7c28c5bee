"""How a project remembers where a file is, and finds it again after a move.

A path is kept twice: relative to the project folder, so that project and images can move together, and absolute, so
that the project can move alone. The relative one is tried first.
"""

from __future__ import annotations

import functools
import os
import unicodedata
from pathlib import Path

DbPath = str | bytes
"""A path in the database: text, or its bytes where they are no text (Linux allows any)."""


class PathWriter:
    """Turns paths into the two columns of the database; remembers folders, as many files share one."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._relative: dict[str, str | None] = {}

    def columns(self, path: Path) -> tuple[DbPath | None, DbPath]:
        """(relative to the project folder with "/", or None on another drive; absolute)."""
        absolute = os.path.abspath(path)
        parent, name = os.path.split(absolute)
        if parent not in self._relative:
            self._relative[parent] = self._relative_to_folder(parent)
        base = self._relative[parent]
        return (None if base is None else to_db(f"{base}/{name}")), to_db(absolute)

    def _relative_to_folder(self, parent: str) -> str | None:
        try:
            return os.path.relpath(parent, self._folder).replace(os.sep, "/")
        except ValueError:  # another drive, on Windows
            return None


class PathFinder:
    """Finds files by their two columns. Reads each folder once, which beats asking for 20,000 files one by one."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._bases: dict[str, str] = {}
        self._listings: dict[str, _Listing] = {}
        self._parents: dict[str, Path] = {}

    def find(self, relative: DbPath | None, absolute: DbPath) -> tuple[Path, bool]:
        """(absolute path, whether a file is there); the place by the relative path where neither has one."""
        if relative is not None:
            parent, name = self._split_relative(from_db(relative))
            present = self._present(parent, name)
            if present is not None:
                return self._path(parent, present), True
        other_parent, other_name = os.path.split(from_db(absolute))
        present = self._present(other_parent, other_name)
        if present is not None:
            return self._path(other_parent, present), True
        return self._path(other_parent, other_name) if relative is None else self._path(parent, name), False

    def _path(self, parent: str, name: str) -> Path:
        # Of twenty thousand paths in one folder most of the time would go into taking its name apart.
        if parent not in self._parents:
            self._parents[parent] = Path(parent)
        return self._parents[parent] / name

    def exists(self, path: Path) -> bool:
        """Whether there is such a file."""
        return self._present(str(path.parent), path.name) is not None

    def _split_relative(self, relative: str) -> tuple[str, str]:
        base, _, name = relative.rpartition("/")
        if base not in self._bases:
            self._bases[base] = os.path.normpath(os.path.join(self._folder, base))
        return self._bases[base], name

    def _present(self, parent: str, name: str) -> str | None:
        """The name as the folder spells it; None where there is no such file."""
        if parent not in self._listings:
            self._listings[parent] = _Listing(parent)
        return self._listings[parent].spelling(name)


class _Listing:
    """Every name in a folder, none where it cannot be read."""

    def __init__(self, parent: str) -> None:
        try:
            self._names = set(os.listdir(parent))
        except OSError:
            self._names = set()

    def spelling(self, name: str) -> str | None:
        return name if name in self._names else self._by_comparable.get(_comparable(name))

    @functools.cached_property
    def _by_comparable(self) -> dict[str, str]:
        return {_comparable(name): name for name in self._names}


def _comparable(name: str) -> str:
    # Macs and old network drives spell an umlaut as two characters: the same name to a person, another to Linux.
    return os.path.normcase(unicodedata.normalize("NFC", name))


def to_db(path: str) -> DbPath:
    """A path as the database holds it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def from_db(path: DbPath) -> str:
    """The path that ``to_db`` made it of."""
    return path if isinstance(path, str) else os.fsdecode(path)


def readable(text: str) -> str:
    """``text`` with "?" for what is no text: a name may be any bytes, but nothing else in a database."""
    return text.encode("utf-8", "replace").decode()
