"""The audit trail in the database: written in the transaction of what it tells, never changed.

Triggers refuse to change or delete an entry, which stops a slip and not an intruder. What finds an intruder is the
chain, see ``segstudio.domain.audit``. The head is kept in a table of its own, and the trail goes on from there and not
from its last row: a tail that was cut off leaves a gap in the numbers for ever.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from segstudio import __version__
from segstudio.domain.audit import NOTHING_BEFORE, Entry, Head, follow
from segstudio.store.database import Database, any_text
from segstudio.store.paths import readable

TRAIL = (
    """CREATE TABLE audit (
        number INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        who TEXT NOT NULL,
        kind TEXT NOT NULL,
        image_id INTEGER,
        what TEXT NOT NULL,
        program TEXT NOT NULL,
        previous TEXT NOT NULL,
        digest TEXT NOT NULL
    )""",
    "CREATE TABLE audit_head (one INTEGER PRIMARY KEY CHECK (one = 1), count INTEGER NOT NULL, digest TEXT NOT NULL)",
    f"INSERT INTO audit_head VALUES (1, 0, '{NOTHING_BEFORE}')",  # noqa: S608  # a constant of this program
    """CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'entries of the audit trail are not changed'); END""",
    """CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'entries of the audit trail are not deleted'); END""",
    # INSERT OR REPLACE would delete without asking the trigger for that.
    """CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
        WHEN NEW.number <= (SELECT MAX(number) FROM audit)
        BEGIN SELECT RAISE(ABORT, 'entries of the audit trail are added behind the last'); END""",
)
"""The statements that make the tables."""


class Trail:
    """Entries of one project. ``author`` is who the entries from now on say it was."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def author(self) -> str:
        """Who works on the project: the reader, or the name by which the system knows the user."""
        return self._database.author

    @author.setter
    def author(self, name: str) -> None:
        # What the database can't hold must not keep anything from being written.
        self._database.author = readable(name)

    def note(self, kind: str, image_id: int | None = None, **what: object) -> Entry:
        """Write an entry: inside ``Database.writing`` in that transaction, else in one of its own.

        ``what`` are JSON values. Raises ``TypeError`` or ``ValueError`` for others, ``UserError`` for a failing disk.
        """
        with self._database.writing() as connection:
            entry = follow(
                _end(connection),
                when=datetime.now(UTC).isoformat(timespec="milliseconds"),
                who=self.author,
                kind=kind,
                image_id=image_id,
                what=what,
                program=__version__,
            )
            row = (entry.number, entry.when, entry.who, entry.kind, entry.image_id, entry.what, entry.program)
            connection.execute(
                "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, entry.previous, entry.digest)
            )
            connection.execute("INSERT OR REPLACE INTO audit_head VALUES (1, ?, ?)", (entry.number, entry.digest))
        return entry

    def head(self) -> Head | None:
        """The head as it is kept beside the trail; None if somebody took it away or made it unreadable."""
        with self._database.reading() as connection:
            return _head(connection)

    def entry(self, number: int) -> Entry | None:
        """One entry; None if there is none of that number."""
        return next(iter(self._read("WHERE number = ?", number)), None)

    def entries(self, image_id: int | None = None, after: int | None = None) -> list[Entry]:
        """All entries, or those about one image, in order; text that is damaged is read as far as it can be.

        ``after`` leaves out those up to that number.
        """
        query = "WHERE (?1 IS NULL OR image_id = ?1) AND (?2 IS NULL OR number > ?2) ORDER BY number"
        return self._read(query, image_id, after)

    @property
    def last(self) -> int:
        """The number of the last entry; 0 without any."""
        with self._database.reading() as connection:
            return _last(connection)

    def entries_of(self, kind: str, after: int = 0) -> list[Entry]:
        """All entries of one kind, in order; ``after`` leaves out those up to that number."""
        return self._read("WHERE number > ? AND kind = ? ORDER BY number", after, kind)

    def _read(self, which: str, *values: object) -> list[Entry]:
        query = f"SELECT number, at, who, kind, image_id, what, program, previous, digest FROM audit {which}"  # noqa: S608
        with self._database.reading() as connection, any_text(connection):
            return [Entry(*row) for row in connection.execute(query, values)]


def _end(connection: sqlite3.Connection) -> Head:
    """What the next entry follows.

    Whatever was done to the head, work is saved: the entry comes behind the last row then, and can't follow it.
    """
    kept = _head(connection) or Head()
    last = _last(connection)
    return kept if kept.count >= last else Head(last)


def _last(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute("SELECT COALESCE(MAX(number), 0) FROM audit").fetchone()
    return int(last)


def _head(connection: sqlite3.Connection) -> Head | None:
    with any_text(connection):
        row = connection.execute("SELECT count, CAST(digest AS TEXT) FROM audit_head").fetchone()
    try:
        return None if row is None else Head.read(f"{row[0]}:{row[1]}")
    except ValueError:
        return None
