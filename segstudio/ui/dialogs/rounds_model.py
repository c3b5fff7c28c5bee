"""The rounds as rows of a table, newest first; the note can be written in its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from segstudio.app.model_form import LOSSES, NETWORKS, RECOMMENDED
from segstudio.app.round_book import RoundBook
from segstudio.app.round_charts import between, dice_words
from segstudio.app.round_keeping import size_words
from segstudio.app.session import Session
from segstudio.domain.rounds import RoundRecord, RoundStatus
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import as_typed

Index = QModelIndex | QPersistentModelIndex

COLUMNS = (
    "Round",
    "State",
    "Held-out Dice",
    "Likely between",
    "Kept aside",
    "Approved",
    "Time",
    "On disk",
    "When",
    "Learned by",
    "Note",
)
WAY = COLUMNS.index("Learned by")
NOTE = COLUMNS.index("Note")
_STATE = COLUMNS.index("State")
_FIGURES = {"Round", "Held-out Dice", "Likely between", "Kept aside", "Approved", "Time", "On disk"}

_ENDED = {
    RoundStatus.RUNNING: "learning",
    RoundStatus.CANCELLED: "stopped",
    RoundStatus.FAILED: "failed",
}
_NAMED = 6
"""Rounds that are named of those that one was compared with."""
ENSEMBLE = "Two networks answer together, this round's and the newest before: nothing showed which is better"
_LOST = {"missing": "file is gone", "damaged": "file is damaged", "none": "deleted"}


def state_words(book: RoundBook, record: RoundRecord) -> str:
    """How a round stands, in a word or two."""
    if record.number == book.in_use:
        return "in use"
    if book.was_cut_short(record):
        return "cut short"  # whoever closes the program in the evening has done nothing wrong
    if record.status is not RoundStatus.FINISHED:
        return _ENDED[record.status]
    files = book.files(record.number)
    if record.weights is None:
        return "deleted"
    if files is not None and files.weights in _LOST:
        return _LOST[files.weights]
    return "best" if record.number in book.best else ""


def way_words(book: RoundBook, record: RoundRecord) -> str:
    """With which network a round learned, and by what; "–" where nobody knows."""
    files = book.files(record.number)
    network, loss = ("", "") if files is None else (files.network, files.loss)
    known = [words.title for words in NETWORKS if words.name == network]
    known += [title.lower() for name, title, _ in LOSSES if name == loss]
    return ", ".join(title.removesuffix(RECOMMENDED) for title in known) or "–"


def best_words(compared: Sequence[int]) -> str:
    """What it means that a round is the best: of which rounds."""
    rounds = ", ".join(str(number) for number in compared[-_NAMED:])
    older = " and older ones" if len(compared) > _NAMED else ""
    than = f"round {rounds}" if len(compared) == 1 else f"rounds {rounds}{older}"
    return f"Compared with {than}, each on the images kept aside that both were scored on"


def time_text(seconds: float) -> str:
    """A time that something took."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"


class RoundsModel(QAbstractTableModel):
    """Reads the session's book in place."""

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._theme = theme
        self._numbers: list[int] = []
        self._bold = QFont()
        self._bold.setWeight(QFont.Weight.DemiBold)
        self.refresh()

    @property
    def _book(self) -> RoundBook:
        return self._session.book

    def refresh(self) -> None:
        """Follow what changed, and leave alone a note that is being written: notes change by ``setData`` only."""
        numbers = [record.number for record in reversed(self._book.records)]
        new = len(numbers) - len(self._numbers)
        if new > 0:
            self.beginInsertRows(QModelIndex(), 0, new - 1)
            self._numbers = numbers
            self.endInsertRows()
        if numbers:
            self.dataChanged.emit(self.index(0, 0), self.index(len(numbers) - 1, NOTE - 1))

    @property
    def ways_differ(self) -> bool:
        """Whether the rounds learned in several ways, so far as it is known: else there is nothing to tell apart."""
        return len({way_words(self._book, record) for record in self._book.records} - {"–"}) > 1

    def number(self, row: int) -> int:
        """The round in a row."""
        return self._numbers[row]

    def row_of(self, number: int | None) -> int | None:
        """The row of a round."""
        return self._numbers.index(number) if number in self._numbers else None

    def rowCount(self, parent: Index | None = None) -> int:
        """Number of rounds."""
        return 0 if parent is not None and parent.isValid() else len(self._numbers)

    def columnCount(self, parent: Index | None = None) -> int:
        """Number of columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' names."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Notes can be edited."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NOTE else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        if not index.isValid():
            return None
        record, column = self._book.record(self._numbers[index.row()]), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._text(record, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{COLUMNS[column]}: {self._text(record, column)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return as_typed(self._tip(record, column))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        used = record.number == self._book.in_use
        if role == Qt.ItemDataRole.FontRole and used and column <= _STATE:
            return self._bold
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._theme.color(self._tone(record, column))
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Keep a note."""
        if role != Qt.ItemDataRole.EditRole or index.column() != NOTE:
            return False
        record, note = self._book.record(self._numbers[index.row()]), str(value).strip()
        if note != record.note:
            self._session.keeping.set_note(record.number, note)
            self.dataChanged.emit(index, index)
        return True

    def _text(self, record: RoundRecord, column: int) -> str:
        interval, files = self._book.interval(record.number), self._book.files(record.number)
        scored = record.held_out_dice is not None
        texts = {
            "Round": str(record.number),
            "State": state_words(self._book, record),
            "Held-out Dice": f"{record.held_out_dice:.3f}" if scored else "–",
            "Likely between": "–" if interval is None else between(interval),
            "Kept aside": str(record.held_out_count) if scored else "–",
            "Approved": str(record.approved),
            # Of a round that was under way when the program ended nobody knows it.
            "Time": time_text(record.seconds) if record.seconds and record.status is not RoundStatus.RUNNING else "–",
            "On disk": size_words(files.nbytes) if files is not None and files.nbytes else "–",
            # As the audit trail and the approved versions write it.
            "When": datetime.fromtimestamp(record.started).strftime("%Y-%m-%d %H:%M"),
            "Learned by": way_words(self._book, record),
            "Note": record.note,
        }
        return texts[COLUMNS[column]]

    def _tip(self, record: RoundRecord, column: int) -> str:
        if column == NOTE:
            return record.note or "Double-click, or F2, to write a note"
        if column == _STATE and record.sentence:
            return record.sentence
        if column == _STATE and record.number in self._book.best:
            return best_words(self._book.best[record.number])
        words, files = dice_words(record, self._book.interval(record.number)), self._book.files(record.number)
        return words if files is None or files.networks == 1 else f"{words}\n{ENSEMBLE}"

    def _tone(self, record: RoundRecord, column: int) -> str:
        if column != _STATE:
            return "text"
        words = state_words(self._book, record)
        if words in ("failed", "file is gone", "file is damaged"):
            return "bad"
        return {"in use": "accent", "best": "good"}.get(words, "muted")


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if COLUMNS[column] in _FIGURES else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
