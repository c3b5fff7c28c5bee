"""Which images each round learned from, so that no model is judged by what it knows."""

from __future__ import annotations

from collections.abc import Iterable

from segstudio.store.database import Database

LEARNED = (
    # The round whose weights it went on from; NULL for none, and where nobody kept it.
    "ALTER TABLE rounds ADD COLUMN parent INTEGER",
    """CREATE TABLE learned (
        round INTEGER NOT NULL,
        image_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
        PRIMARY KEY (round, image_id)
    ) WITHOUT ROWID""",
    "CREATE INDEX learned_by_image ON learned (image_id)",
)
"""The statements that make the table."""


class Learned:
    """By round and image. Of rounds of before this was kept, and of models from elsewhere, nothing is known."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, number: int, parent: int | None, image_ids: Iterable[int]) -> None:
        """A round learns from these images, and goes on from ``parent``; images that are gone are passed over."""
        with self._database.writing() as connection:
            connection.execute("UPDATE rounds SET parent = ? WHERE number = ?", (parent, number))
            connection.executemany(
                "INSERT OR IGNORE INTO learned (round, image_id) SELECT ?, id FROM images WHERE id = ?",
                [(number, image_id) for image_id in image_ids],
            )

    def knows(self, number: int, image_id: int) -> bool:
        """Whether a round, or one that it goes on from, learned from an image."""
        with self._database.reading() as connection:
            row = connection.execute(
                "WITH RECURSIVE line (number) AS (VALUES (?) UNION "
                "SELECT rounds.parent FROM rounds JOIN line USING (number) WHERE rounds.parent IS NOT NULL) "
                "SELECT 1 FROM learned JOIN line ON learned.round = line.number WHERE learned.image_id = ? LIMIT 1",
                (number, image_id),
            ).fetchone()
        return row is not None

    def by_round(self) -> dict[int, frozenset[int]]:
        """Image ids by the number of each round that knows any, with those of the rounds that it goes on from."""
        with self._database.reading() as connection:
            parents = connection.execute("SELECT number, parent FROM rounds ORDER BY number").fetchall()
            rows = connection.execute("SELECT round, image_id FROM learned").fetchall()
        own: dict[int, set[int]] = {}
        for number, image_id in rows:
            own.setdefault(number, set()).add(image_id)
        known: dict[int, frozenset[int]] = {}
        for number, parent in parents:  # a round goes on from an earlier one
            known[number] = frozenset(own.get(number, ())) | known.get(parent, frozenset())
        return {number: images for number, images in known.items() if images}
