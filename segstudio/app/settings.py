"""What a user prefers on this computer, whatever the project: recent projects, window geometry, opacity."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import platformdirs

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

log = logging.getLogger(__name__)


class Settings:
    """A small JSON file; one that cannot be read or written costs preferences, never work, so it only logs."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or Path(platformdirs.user_config_dir("segstudio", appauthor=False)) / "settings.json"
        self._values: dict[str, Json] = self._load()

    def get(self, key: str, default: Json = None) -> Json:
        """The value of ``key``, or ``default``."""
        return self._values.get(key, default)

    def set(self, key: str, value: Json) -> None:
        """Keep ``value`` for ``key`` from now on."""
        if self._values.get(key) == value:
            return
        self._values[key] = value
        beside = self._path.with_suffix(".tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(self._values, indent=1), encoding="utf-8")
            os.replace(beside, self._path)
        except OSError:
            log.warning("settings could not be written to %s", self._path, exc_info=True)

    def _load(self) -> dict[str, Json]:
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            log.warning("settings could not be read from %s", self._path, exc_info=True)
            return {}
        return values if isinstance(values, dict) else {}
