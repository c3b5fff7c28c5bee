"""What the model makes of whole images: how unsure it is of each, and what each looks like to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.queue import Insight
from segstudio.store.database import Database, damaged


class Insights:
    """The latest insight of each image; approved images have theirs renewed while their masks stay."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, image_id: int, insight: Insight) -> None:
        """Keep ``insight`` in the place of an older one; nothing happens for an image that is gone."""
        vector = None if insight.embedding is None else np.asarray(insight.embedding, "<f2").tobytes()
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO insights (image_id, round, uncertainty, embedding) "
                "SELECT id, ?, ?, ? FROM images WHERE id = ?",
                (insight.round_number, insight.uncertainty, vector, image_id),
            )

    def load(self) -> dict[int, Insight]:
        """All of them by image id. Raises ``UserError`` if the file is damaged."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT image_id, round, uncertainty, embedding FROM insights").fetchall()
        return {id_: Insight(round_, uncertainty, self._vector(data)) for id_, round_, uncertainty, data in rows}

    def _vector(self, data: bytes | None) -> NDArray[np.float16] | None:
        if data is None:
            return None
        if not data or len(data) % 2:
            raise damaged(self._database.path.parent)
        return np.frombuffer(data, "<f2").astype(np.float16, copy=False)
