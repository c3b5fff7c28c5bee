"""Which images are of one patient, without saying of whom: the names of groups are salted with the project's secret."""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3

from segstudio.domain.errors import UserError
from segstudio.domain.groups import PATIENT, patient_group
from segstudio.store.database import Database

log = logging.getLogger(__name__)

_KEY = "patient_secret"
_BYTES = 32


def secret_of(connection: sqlite3.Connection) -> bytes:
    """The project's secret, made at the first call; inside a transaction. It is told nowhere, in no trail either.

    Raises ``UserError`` for a damaged one: with another, a patient's next images could be scored on by a model that
    learned from the earlier ones.
    """
    row = connection.execute("SELECT CAST(value AS BLOB) FROM settings WHERE key = ?", (_KEY,)).fetchone()
    if row is not None:
        return _read(row[0])
    made = secrets.token_bytes(_BYTES)
    connection.execute("INSERT INTO settings VALUES (?, ?)", (_KEY, json.dumps(made.hex())))
    return made


def _read(kept: bytes) -> bytes:
    try:
        secret = bytes.fromhex(json.loads(kept))
        if len(secret) == _BYTES:
            return secret
    except (ValueError, TypeError, RecursionError) as error:
        # Not the error itself: it may quote what is told nowhere.
        log.error("the secret of the patients' groups can't be read: %s", type(error).__name__)
    raise UserError(
        "What this project tells patients apart by is damaged, so no images that name their patient can be added; "
        "nothing else is affected. Put a backup of the project's folder in its place, or make a new project for them."
    )


def salt_groups(database: Database) -> None:
    """Salt the groups that an older program named after the patient; who belongs together stays so, sides too."""
    unsalted = f"{PATIENT}*"
    with database.reading() as connection:
        query = "SELECT (SELECT 1 FROM settings WHERE key = ?), EXISTS (SELECT 1 FROM images WHERE split_group GLOB ?)"
        salted, any_there = connection.execute(query, (_KEY, unsalted)).fetchone()
    if salted or not any_there:
        return
    with database.reading() as connection:
        # Else what was written over may stay readable in the file; not every build of SQLite wipes by itself.
        connection.execute("PRAGMA secure_delete=ON")
    with database.writing() as connection:
        secret = secret_of(connection)
        rows = connection.execute(
            "SELECT DISTINCT split_group FROM images WHERE split_group GLOB ?", (unsalted,)
        ).fetchall()
        connection.executemany(
            "UPDATE images SET split_group = ? WHERE split_group = ?",
            [(patient_group(group.removeprefix(PATIENT), secret), group) for (group,) in rows],
        )
