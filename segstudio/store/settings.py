"""Small values that belong to one project."""

from __future__ import annotations

import json
from typing import Any

from segstudio.store.audit import Trail
from segstudio.store.database import Database

UNTOLD = frozenset({"last_image", "exported", "export_under_way", "input_size", "masks_to_finish", "mm_per_px"})
"""Settings that a program keeps for itself, or tells of otherwise; when another changes, the audit trail says so."""


class Settings:
    """Key -> JSON value."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._trail = Trail(database)

    def get_setting(self, key: str, default: Any = None) -> Any:
        """The value kept under ``key``, or ``default``."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_setting(self, key: str, value: Any) -> None:
        """Keep a JSON value. ``TypeError`` or ``ValueError`` if it is none; ``UserError`` for a failing disk."""
        text = json.dumps(value, allow_nan=False)
        with self._database.writing() as connection:
            before = connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, text))
            if key not in UNTOLD and before != (text,):
                self._trail.note("setting", key=key, value=value)
