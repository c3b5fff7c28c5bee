"""The rounds of a project and the weights they left."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from segstudio.domain.errors import UserError
from segstudio.domain.rounds import STARTER_ROUND, RoundFiles, RoundRecord, RoundStatus
from segstudio.protocol.codec import ProtocolError
from segstudio.protocol.round_folder import MASKS, PREDICTIONS, RESULT, WEIGHTS, RoundResult, read_result
from segstudio.store.audit import Trail
from segstudio.store.database import Database
from segstudio.store.inside import is_within, leads_inside
from segstudio.store.paths import readable
from segstudio.store.round_files import Ways, condition_of, networks_in

ROUNDS = "rounds"
CUT_SHORT = "The program ended before this round did. Start a new one when you like."

_SELECT = """SELECT number, status, started, approved, seconds, loss, held_out_dice, held_out_count, weights, sentence,
    note, chosen FROM rounds"""

log = logging.getLogger(__name__)


class Rounds:
    """Rows of the table of rounds, and the folders beside the database."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._trail = Trail(database)
        self._ways = Ways()
        self._starter_seen: tuple[tuple[int, int], str] = ((0, 0), "")

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
            while os.path.exists(self.round_folder(number)):
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
            self._trail.note("round begun", round=number, approved=approved)
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
        """Keep how a round ended; ``weights`` is relative to the project folder. ``KeyError`` for no such round.

        One that ended well is in use from now on, also if the user had gone back to another.
        """
        with self._database.writing() as connection:
            if status is RoundStatus.FINISHED:
                connection.execute("UPDATE rounds SET chosen = 0 WHERE chosen")
            cursor = connection.execute(
                "UPDATE rounds SET status = ?, seconds = ?, loss = ?, held_out_dice = ?, held_out_count = ?, "
                "weights = ?, sentence = ? WHERE number = ?",
                (status.value, seconds, loss, held_out_dice, held_out_count, weights, readable(sentence), number),
            )
            if cursor.rowcount == 0:
                raise KeyError(number)
            what: dict[str, Any] = {"round": number, "status": status.value}
            what |= {} if held_out_dice is None else {"dice": held_out_dice, "images": held_out_count}
            what |= {} if weights is None else {"weights": self.digest(number)}
            self._trail.note("round ended", **what)
            return _record(connection.execute(f"{_SELECT} WHERE number = ?", (number,)).fetchone())

    def list_rounds(self) -> list[RoundRecord]:
        """All rounds, oldest first."""
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(f"{_SELECT} ORDER BY number").fetchall()]

    def weights_in_use(self) -> tuple[int, Path] | None:
        """(round, absolute path) of the weights to predict with and to go on from; None without any.

        They are of the round that the user went back to, else of the newest that ended well; where those are damaged
        or gone, of the newest whose weights can be used, and before any round of the starter.
        """
        finished = [record for record in self.list_rounds() if record.status is RoundStatus.FINISHED]
        for record in sorted(finished, key=lambda record: (record.chosen, record.number), reverse=True):
            path = self._weights(record.weights)
            if path is not None and condition_of(path, every_bit=True) == "usable":
                return record.number, path
        starter = self.starter()
        return None if starter is None else (STARTER_ROUND, starter)

    def starter(self) -> Path | None:
        """The absolute path of the weights that the project starts from; None without any that can be used."""
        path = self.round_folder(STARTER_ROUND) / WEIGHTS
        there = os.path.isfile(path) and leads_inside(path, self._folder)
        return path if there and condition_of(path, every_bit=True) == "usable" else None

    def take_starter(self, weights: Path) -> Path:
        """Start from a copy of ``weights``; returns its absolute path. Raises ``UserError`` if it can't be made."""
        folder = self.round_folder(STARTER_ROUND)
        with self._database.writing():
            pass  # asks whether the project is where it was: a folder in its place would keep it from being put back
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _copy_whole(weights, folder / WEIGHTS)
        except OSError as error:
            raise UserError(
                f"The starter model could not be copied to {folder}: {error.strerror}. Make sure that the disk has "
                "room, then try again."
            ) from error
        self._trail.note("starter model taken", weights=self.digest(STARTER_ROUND))
        return folder / WEIGHTS

    def drop_starter(self) -> None:
        """Start from nothing. Raises ``UserError`` if the disk refuses."""
        try:
            (self.round_folder(STARTER_ROUND) / WEIGHTS).unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                f"The starter model could not be removed: {error.strerror}. Nothing was changed."
            ) from error
        self._trail.note("starter model dropped")

    def choose(self, number: int) -> Path:
        """Go back to a finished round: its weights are in use from now on. Returns their absolute path.

        Raises ``UserError`` if they are damaged or gone, ``KeyError`` for no such round.
        """
        path = self._weights(self._record(number).weights)
        condition = "missing" if path is None else condition_of(path, every_bit=True)
        if path is None or condition != "usable":
            how = "damaged" if condition == "damaged" else "gone"
            raise UserError(
                f"The file with what the model learned in round {number} is {how}, so the round can't be used. Nothing "
                f"was changed: choose another round."
            )
        with self._database.writing() as connection:
            connection.execute("UPDATE rounds SET chosen = (number = ?)", (number,))
            self._trail.note("round in use", round=number, weights=self.digest(number))
        return path

    def take_in(self, weights: Path, note: str, started: float) -> RoundRecord:
        """Keep a copy of ``weights`` that were learned elsewhere as a round that ended well; ``note`` says where from.

        It counts for as many approved images as the last round did, so that the next one comes when it would have.
        Raises ``UserError`` if the copy can't be made; then there is no such round.
        """
        finished = [record for record in self.list_rounds() if record.status is RoundStatus.FINISHED]
        begun = self.begin_round(finished[-1].approved if finished else 0, started)
        folder = self.round_folder(begun.number)
        try:
            _copy_whole(weights, folder / WEIGHTS)
        except OSError as error:
            sentence = f"The model could not be copied to {folder}: {error.strerror}."
            self.end_round(begun.number, RoundStatus.FAILED, sentence=sentence)
            raise UserError(f"{sentence} Make sure that the disk has room, then try again.") from error
        self.set_note(begun.number, note)
        return self.end_round(begun.number, RoundStatus.FINISHED, weights=f"{ROUNDS}/{folder.name}/{WEIGHTS}")

    def set_note(self, number: int, note: str) -> None:
        """Keep what the user wrote about a round. ``KeyError`` for no such round."""
        with self._database.writing() as connection:
            changed = connection.execute("UPDATE rounds SET note = ? WHERE number = ?", (readable(note), number))
            if changed.rowcount == 0:
                raise KeyError(number)

    def delete_files(self, number: int) -> int:
        """Delete a round's weights and the masks it was taught with; returns the bytes that this freed.

        Its row and its scores stay, and so does every mask of the project: they rest in the database. Raises
        ``UserError`` for the round in use, for one that runs, and where the disk refuses; ``KeyError`` for no such
        round.
        """
        record, in_use = self._record(number), self.weights_in_use()
        if record.status is RoundStatus.RUNNING or (in_use is not None and in_use[0] == number):
            raise UserError(f"Round {number} is in use, so it was not deleted. Use another round first.")
        self.digest(number)  # what is deleted can still be named
        freed = 0
        try:
            for file in self._deletable(number):
                size = file.lstat().st_size
                file.unlink()
                freed += size
            # The folders stay: the worker may be about to put a mask into one.
        except OSError as error:
            raise UserError(
                f"Round {number} could not be deleted: {error.strerror}. Make sure that you may write to "
                f"{self.round_folder(number)}, then try again. No mask was changed."
            ) from error
        with self._database.writing() as connection:
            connection.execute("UPDATE rounds SET weights = NULL, chosen = 0 WHERE number = ?", (number,))
            self._trail.note("round deleted", round=number)
        return freed

    def digest(self, number: int) -> str:
        """The SHA-256 of a round's weights, hexadecimal: the version of the model. "" where nobody asked in time.

        It is that of the file when it was first asked for, and stays when the file is deleted.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT weights, weights_digest FROM rounds WHERE number = ?", (number,)
            ).fetchone()
        if number == STARTER_ROUND:
            return self._starter_digest()
        if row is None or row[1] is not None:
            return "" if row is None else str(row[1])
        path = self._weights(row[0])
        digest = "" if path is None else _file_digest(path)
        if not digest:
            return ""
        with self._database.writing() as connection:
            connection.execute("UPDATE rounds SET weights_digest = ? WHERE number = ?", (digest, number))
        return digest

    def _starter_digest(self) -> str:
        path = self.round_folder(STARTER_ROUND) / WEIGHTS
        try:
            stat = path.stat()
        except OSError:
            return ""
        now = (stat.st_mtime_ns, stat.st_size)
        if now != self._starter_seen[0]:  # an approval must not wait for all of it to be read again
            self._starter_seen = now, _file_digest(path)
        return self._starter_seen[1]

    def files(self) -> dict[int, RoundFiles]:
        """What each round has on the disk, by its number."""
        return {record.number: self._files(record) for record in self.list_rounds()}

    def scores(self, number: int) -> dict[int, float]:
        """Held-out Dice by image id of one round; empty where there is none, or it can't be read any more."""
        if not os.path.isfile(self.round_folder(number) / RESULT):
            return {}
        try:
            return read_result(self.round_folder(number)).per_image
        except ProtocolError:
            log.exception("the scores of round %d can't be read", number)
            return {}

    def _record(self, number: int) -> RoundRecord:
        with self._database.reading() as connection:
            row = connection.execute(f"{_SELECT} WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise KeyError(number)
        return _record(row)

    def _weights(self, weights: str | None) -> Path | None:
        """The absolute path of a round's weights, if they are there."""
        if weights is None:
            return None
        path = self._folder / weights
        return path if leads_inside(path, self._folder) and os.path.isfile(path) else None

    def _files(self, record: RoundRecord) -> RoundFiles:
        nbytes = 0
        for file in self._deletable(record.number):
            with contextlib.suppress(OSError):
                nbytes += file.lstat().st_size
        path = self._weights(record.weights)
        way = self._ways.of(self.round_folder(record.number), path)
        if record.weights is None:
            return RoundFiles(nbytes, "none", *way)
        if path is None:
            return RoundFiles(nbytes, "missing", *way)
        return RoundFiles(nbytes, condition_of(path), *way, networks_in(path))

    def _deletable(self, number: int) -> list[Path]:
        folder = self.round_folder(number)
        files = [folder / WEIGHTS, *folder.glob(f"{MASKS}/*.png"), *folder.glob(f"{PREDICTIONS}/*.png")]
        return [file for file in files if os.path.lexists(file) and is_within(file, self._folder)]

    def keep_finished(self) -> int:
        """Record rounds that ended well while nobody listened, because the window was closed or killed just then.

        Returns how many there were.
        """
        left = [record.number for record in self.list_rounds() if record.status is RoundStatus.RUNNING]
        ended = [result for number in left if (result := self.whole_result(number)) is not None]
        for result in ended:
            self.end_round(
                result.round,
                RoundStatus.FINISHED,
                seconds=result.seconds,
                loss=result.loss,
                held_out_dice=result.held_out_dice,
                held_out_count=result.held_out_count,
                weights=f"{ROUNDS}/{self.round_folder(result.round).name}/{WEIGHTS}",
            )
        return len(ended)

    def whole_result(self, number: int) -> RoundResult | None:
        """What a round came to whose folder has whole weights and the result that they are of, else None."""
        folder = self.round_folder(number)
        path = self._weights(f"{ROUNDS}/{folder.name}/{WEIGHTS}")
        if path is None or condition_of(path, every_bit=True) != "usable":
            return None
        with contextlib.suppress(ProtocolError):
            return result if (result := read_result(folder)).round == number else None
        return None

    def fail_unfinished(self, sentence: str) -> int:
        """Mark rounds that nobody runs any more as failed, with the reason; returns how many there were."""
        with self._database.writing() as connection:
            count = connection.execute(
                "UPDATE rounds SET status = ?, sentence = ? WHERE status = ?",
                (RoundStatus.FAILED.value, sentence, RoundStatus.RUNNING.value),
            ).rowcount
            if count:
                self._trail.note("round ended", status=RoundStatus.FAILED.value, count=count)
            return count

    def sweep(self) -> None:
        """Remove what a killed window or worker left: masks that nobody fetched, and beginnings of files."""
        rounds = self._folder / ROUNDS
        for pattern in (f"*/{PREDICTIONS}/*.png", f"*/{PREDICTIONS}/*.tmp", f"*/{WEIGHTS}.*", "*/*.tmp"):
            for file in rounds.glob(pattern):
                if is_within(file, self._folder):
                    with contextlib.suppress(OSError):
                        file.unlink()

    def places(self) -> Iterator[Path]:
        """Folders that rounds write to and delete from, as far as there are any."""
        rounds = self._folder / ROUNDS
        yield rounds
        for folder in rounds.glob("*/"):
            yield from (folder, folder / MASKS, folder / PREDICTIONS)


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a file, all of it or none. Raises ``OSError``: half a copy on a full disk would keep strokes from it."""
    beside = target.with_name(f"{target.name}.tmp")
    try:
        shutil.copyfile(source, beside)
        os.replace(beside, target)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def _file_digest(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal; "" where it can't be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        log.exception("%s can't be read", path)
        return ""


def _record(row: tuple[Any, ...]) -> RoundRecord:
    number, status, *rest = row
    record = RoundRecord(number, RoundStatus(status), *rest)
    return replace(record, chosen=bool(record.chosen))
