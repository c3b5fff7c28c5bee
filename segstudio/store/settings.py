"""Small values that belong to one project."""

from __future__ import annotations

import json
import logging
from typing import Any

from segstudio.store.audit import Trail
from segstudio.store.database import Database

UNTOLD = frozenset({"last_image", "exported", "export_under_way", "input_size", "masks_to_finish", "mm_per_px"})
"""Settings that a program keeps for itself, or tells of otherwise; when another changes, the audit trail says so."""

SETTING = "setting"
"""What the trail calls a change of one."""

log = logging.getLogger(__name__)


class Settings:
    """Key -> JSON value."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._trail = Trail(database)
        self.damaged: dict[str, bool] = {}
        """Keys whose value was found to be damaged, and whether the trail told what it had been."""

    def get_setting(self, key: str, default: Any = None) -> Any:
        """The value kept under ``key``, or ``default``; of one that is damaged what the trail says of it, else that."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT CAST(value AS BLOB) FROM settings WHERE key = ?", (key,)).fetchone()
        if row is None:
            return default
        try:
            return json.loads(row[0])
        except (TypeError, ValueError, RecursionError):  # none where it is NULL
            log.exception("the setting %s of the project can't be read", key)
        told = [entry.told for entry in self._trail.entries_of(SETTING) if entry.told.get("key") == key]
        self.damaged[key] = bool(told)
        return told[-1].get("value", default) if told else default

    def get_number(self, key: str) -> float | None:
        """The number above 0 kept under ``key``; None without one, also where something else is kept."""
        value = self.get_setting(key)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is None or (number and 0 < value < float("inf")):
            return float(value) if number else None
        self.damaged[key] = False
        return None

    def set_setting(self, key: str, value: Any) -> None:
        """Keep a JSON value. ``TypeError`` or ``ValueError`` if it is none; ``UserError`` for a failing disk."""
        text = json.dumps(value, allow_nan=False)
        with self._database.writing() as connection:
            query = "SELECT CAST(value AS BLOB) FROM settings WHERE key = ?"
            before = connection.execute(query, (key,)).fetchone()
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, text))
            if key not in UNTOLD and before != (text.encode(),):
                self._trail.note(SETTING, key=key, value=value)
