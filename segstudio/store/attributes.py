"""What data sets say of images as a whole: names and values, in words."""

from __future__ import annotations

from segstudio.store.database import Database


class Attributes:
    """Written by imports; see ``Imports.put``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, image_id: int) -> dict[str, str]:
        """Of one image, in the data set's order; empty where nothing is known."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT name, value FROM attributes WHERE image_id = ? ORDER BY position", (image_id,)
            ).fetchall()
        return dict(rows)

    def all(self) -> dict[int, dict[str, str]]:
        """Of every image that something is known of, by image id."""
        found: dict[int, dict[str, str]] = {}
        with self._database.reading() as connection:
            for image_id, name, value in connection.execute(
                "SELECT image_id, name, value FROM attributes ORDER BY image_id, position"
            ):
                found.setdefault(image_id, {})[name] = value
        return found
