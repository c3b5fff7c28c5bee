"""Which images each round learned from, so that no model is judged by what it knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from segstudio.domain.groups import Membership
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

DEPARTED = (
    # Images that a round learned from and that left the project, by what would tell them again.
    """CREATE TABLE departed (
        round INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        split_group TEXT NOT NULL,
        perceptual_hash INTEGER
    )""",
)
"""The statements that make the table of what has left."""

_BACK = "departed JOIN images ON images.fingerprint = departed.fingerprint AND departed.fingerprint != ''"
"""Images that left and came in again, with the rounds that had learned from them."""


class Learned:
    """By round and image. Of rounds of before this was kept, and of models from elsewhere, nothing is known.

    A model does not forget an image because the project does: what left and comes back is known to it.
    """

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
        query = (
            "WITH RECURSIVE line (number) AS (VALUES (?) UNION "  # noqa: S608
            "SELECT rounds.parent FROM rounds JOIN line USING (number) WHERE rounds.parent IS NOT NULL) "
            "SELECT 1 FROM learned JOIN line ON learned.round = line.number WHERE learned.image_id = ? UNION ALL "
            f"SELECT 1 FROM {_BACK} JOIN line ON departed.round = line.number WHERE images.id = ? LIMIT 1"
        )
        with self._database.reading() as connection:
            row = connection.execute(query, (number, image_id, image_id)).fetchone()
        return row is not None

    def by_round(self) -> dict[int, frozenset[int]]:
        """Image ids by the number of each round that knows any, with those of the rounds that it goes on from."""
        with self._database.reading() as connection:
            parents = connection.execute("SELECT number, parent FROM rounds ORDER BY number").fetchall()
            rows = connection.execute(
                f"SELECT round, image_id FROM learned UNION SELECT departed.round, images.id FROM {_BACK}"  # noqa: S608
            ).fetchall()
        own: dict[int, set[int]] = {}
        for number, image_id in rows:
            own.setdefault(number, set()).add(image_id)
        known: dict[int, frozenset[int]] = {}
        for number, parent in parents:  # a round goes on from an earlier one
            known[number] = frozenset(own.get(number, ())) | known.get(parent, frozenset())
        return {number: images for number, images in known.items() if images}

    def departed(self) -> list[Membership]:
        """Images that left the project when a round had learned from them: what is kin to one is never held out."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT DISTINCT fingerprint, split_group, perceptual_hash FROM departed")
            return [Membership(print_, group, perceptual, False) for print_, group, perceptual in rows]


def remember_departed(connection: sqlite3.Connection, image_ids: Iterable[int]) -> None:
    """Inside a transaction, before the rows of these images go: keep which rounds know them."""
    connection.executemany(
        "INSERT INTO departed SELECT round, fingerprint, COALESCE(split_group, ''), perceptual_hash "
        "FROM learned JOIN images ON images.id = image_id WHERE image_id = ?",
        [(image_id,) for image_id in image_ids],
    )
