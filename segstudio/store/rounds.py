"""The rounds of a project and the weights they left."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from segstudio.domain.errors import UserError
from segstudio.domain.rounds import RoundRecord, RoundStatus
from segstudio.protocol.round_folder import PREDICTIONS
from segstudio.store.database import Database

ROUNDS = "rounds"

_SELECT = """SELECT number, status, started, approved, seconds, loss, held_out_dice, held_out_count, weights, sentence
    FROM rounds"""


class Rounds:
    """Rows of the table of rounds, and the folders beside the database."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def round_folder(self, number: int) -> Path:
        """Absolute path of a round's folder."""
        return self._folder / ROUNDS / f"{number:04d}"

    def begin_round(self, approved: int, started: float) -> RoundRecord:
        """A new running round with the next number and an empty folder.

        ``approved`` counts the approved images, ``started`` is seconds since the epoch. Raises ``UserError`` if the
        folder cannot be made.
        """
        with self._database.writing() as connection:
            (number,) = connection.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM rounds").fetchone()
            # A window that was killed right here left a folder without a row: its number is passed over.
            while self.round_folder(number).exists():
                number += 1
            connection.execute(
                "INSERT INTO rounds (number, status, started, approved) VALUES (?, ?, ?, ?)",
                (number, RoundStatus.RUNNING.value, started, approved),
            )
            folder = self.round_folder(number)
            try:
                folder.mkdir(parents=True)
            except OSError as error:
                raise UserError(
                    f"The folder {folder} could not be made: {error.strerror}. No round was started; your work is "
                    f"kept. Make sure that you may write there and that the disk has room, then start it again."
                ) from error
        return RoundRecord(number, RoundStatus.RUNNING, started, approved)

    def end_round(
        self,
        number: int,
        status: RoundStatus,
        *,
        seconds: float = 0.0,
        loss: float | None = None,
        held_out_dice: float | None = None,
        held_out_count: int = 0,
        weights: str | None = None,
        sentence: str = "",
    ) -> RoundRecord:
        """Keep how a round ended; ``weights`` is relative to the project folder. ``KeyError`` for no such round."""
        with self._database.writing() as connection:
            cursor = connection.execute(
                "UPDATE rounds SET status = ?, seconds = ?, loss = ?, held_out_dice = ?, held_out_count = ?, "
                "weights = ?, sentence = ? WHERE number = ?",
                (status.value, seconds, loss, held_out_dice, held_out_count, weights, sentence, number),
            )
            if cursor.rowcount == 0:
                raise KeyError(number)
            return _record(connection.execute(f"{_SELECT} WHERE number = ?", (number,)).fetchone())

    def list_rounds(self) -> list[RoundRecord]:
        """All rounds, oldest first."""
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(f"{_SELECT} ORDER BY number")]

    def latest_weights(self) -> tuple[int, Path] | None:
        """(round, absolute path) of the newest finished round whose weights are still there; None without one."""
        for record in reversed(self.list_rounds()):
            if record.status is RoundStatus.FINISHED and record.weights is not None:
                path = self._folder / record.weights
                with contextlib.suppress(OSError):
                    # A project may come from anywhere: nothing outside its own folder is read on its word.
                    if path.is_file() and path.resolve().is_relative_to(self._folder.resolve()):
                        return record.number, path
        return None

    def fail_unfinished(self, sentence: str) -> int:
        """Mark rounds that nobody runs any more as failed, with the reason; returns how many there were."""
        with self._database.writing() as connection:
            return connection.execute(
                "UPDATE rounds SET status = ?, sentence = ? WHERE status = ?",
                (RoundStatus.FAILED.value, sentence, RoundStatus.RUNNING.value),
            ).rowcount

    def sweep_predictions(self) -> None:
        """Remove masks that a worker wrote and nobody fetched, because the window was closed or killed."""
        for file in (self._folder / ROUNDS).glob(f"*/{PREDICTIONS}/*.png"):
            with contextlib.suppress(OSError):
                file.unlink()


def _record(row: tuple[Any, ...]) -> RoundRecord:
    number, status, *rest = row
    return RoundRecord(number, RoundStatus(status), *rest)
