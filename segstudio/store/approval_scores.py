"""How right the model was where a person approved a mask."""

from __future__ import annotations

from segstudio.domain.round_scores import ApprovalScore
from segstudio.store.database import Database

_SELECT = "SELECT image_id, round, dice, approved_at FROM approval_scores"


class ApprovalScores:
    """One row an image; images that were approved before there was a prediction have none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, score: ApprovalScore) -> None:
        """Keep a score. A later approval over the same prediction takes its place but not its time.

        One over another prediction is dropped: that model may have been taught with the image, and then says nothing
        of how right it is on what it has not seen.
        """
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO approval_scores (image_id, round, dice, approved_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (image_id) DO UPDATE SET dice = excluded.dice WHERE round = excluded.round",
                (score.image_id, score.round_number, score.dice, score.approved_at),
            )

    def list_scores(self) -> list[ApprovalScore]:
        """All of them, in the order of approval."""
        with self._database.reading() as connection:
            return [ApprovalScore(*row) for row in connection.execute(f"{_SELECT} ORDER BY approved_at, image_id")]

    def score(self, image_id: int) -> ApprovalScore | None:
        """That of one image."""
        with self._database.reading() as connection:
            row = connection.execute(f"{_SELECT} WHERE image_id = ?", (image_id,)).fetchone()
        return None if row is None else ApprovalScore(*row)
