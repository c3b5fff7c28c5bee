"""What a project wrote where, so that it is told from what others put there before or since."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from segstudio.store.database import Database
from segstudio.store.paths import from_db, to_db

EXPORTS = (
    """CREATE TABLE exports (
        folder NOT NULL,
        name NOT NULL,
        size INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (folder, name)
    ) WITHOUT ROWID""",
)
"""The statement that makes the table; paths are ``paths.DbPath``, ``modified`` is in ns, ``digest`` the SHA-256."""

EXPECTED = (
    """CREATE TABLE expected_exports (
        folder NOT NULL,
        name NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (folder, name, digest)
    ) WITHOUT ROWID""",
)
"""What a file was and was to become when it was written last: one of them it is, whenever the program ended."""


class Exports:
    """Files by their folder and their name in it, with "/"; each as it was when the project had written it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, folder: Path, names: Iterable[str]) -> None:
        """The project has just written these; what is not there is passed over."""
        place = to_db(str(folder))
        with self._database.writing() as connection:
            for name in names:
                path = folder / name
                try:
                    stat, digest = path.stat(), _digest(path)
                except OSError:
                    continue
                connection.execute(
                    "INSERT OR REPLACE INTO exports VALUES (?, ?, ?, ?, ?)",
                    (place, to_db(name), stat.st_size, stat.st_mtime_ns, digest),
                )

    def expect(self, folder: Path, contents: Mapping[str, bytes]) -> None:
        """The project is about to give files, by their names, these contents, in place of its own that are there.

        A program that ends before ``remember`` has then left nothing that it takes for another's.
        """
        place = to_db(str(folder))
        with self._database.writing() as connection:
            for name, content in contents.items():
                digests = {hashlib.sha256(content).hexdigest()}
                with contextlib.suppress(OSError):
                    digests.add(_digest(folder / name))
                key = (place, to_db(name))
                connection.execute("DELETE FROM expected_exports WHERE folder = ? AND name = ?", key)
                rows = [(*key, digest) for digest in digests]
                connection.executemany("INSERT INTO expected_exports VALUES (?, ?, ?)", rows)

    def is_expected(self, folder: Path, name: str) -> bool:
        """Whether a file is what the project was about to make it, or what it was before."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT digest FROM expected_exports WHERE folder = ? AND name = ?", (to_db(str(folder)), to_db(name))
            ).fetchall()
        with contextlib.suppress(OSError):
            return bool(rows) and (_digest(folder / name),) in rows
        return False

    def names(self, folder: Path) -> list[str]:
        """All files that were ever written to a folder."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT name FROM exports WHERE folder = ?", (to_db(str(folder)),)).fetchall()
        return [from_db(name) for (name,) in rows]

    def find(self, folder: Path, name: str) -> tuple[int, int, str] | None:
        """Size, time and digest of a file as it was written; None if it never was."""
        with self._database.reading() as connection:
            row: tuple[int, int, str] | None = connection.execute(
                "SELECT size, modified, digest FROM exports WHERE folder = ? AND name = ?",
                (to_db(str(folder)), to_db(name)),
            ).fetchone()
        return row


def is_as_written(path: Path, known: tuple[int, int, str]) -> bool:
    """Whether a file is still what was written; read only where its time doesn't tell, as after a copy."""
    size, modified, digest = known
    try:
        stat = os.stat(path)
        return stat.st_size == size and (stat.st_mtime_ns == modified or _digest(path) == digest)
    except OSError:
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
