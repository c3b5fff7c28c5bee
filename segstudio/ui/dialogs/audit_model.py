"""The audit trail as rows of a table, newest first, as far as the one who reads may know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from segstudio.app.audit_words import details, done, text, when
from segstudio.app.session import Session
from segstudio.domain.audit import Entry, Finding
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import as_typed

Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("No.", "When", "Who", "What", "Image", "Details")
DETAILS = COLUMNS.index("Details")
_SLICE = 4000
"""Entries that are looked through in one turn of the event loop, some 10 ms where words are looked for."""


@dataclass(frozen=True)
class Wanted:
    """Which entries are shown: those of an image, of a person, of a kind, that hold some words; "" and None for all."""

    image_id: int | None = None
    who: str = ""
    kind: str = ""
    words: str = ""


class AuditModel(QAbstractTableModel):
    """Entries about images that are hidden from the reader are left out: they would tell where another painted."""

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._theme = theme
        self._all: list[Entry] = []
        self._rows: list[Entry] = []
        self._bad: list[Finding] = []
        self._wanted = Wanted()
        self._left = 0
        self._known = 0
        self._who: set[str] = set()
        self._done: set[str] = set()
        self.hidden = 0
        self.last = 0
        """The number of the last entry that was taken."""

    # ---- what is in it ----------------------------------------------------------------------------------------

    @property
    def entries(self) -> list[Entry]:
        """What is wanted, all of it, in the order of the trail."""
        while self.look_on():
            pass
        return self._rows[::-1]

    @property
    def readers(self) -> list[str]:
        """Everybody who did something."""
        return sorted(self._who, key=str.casefold)

    @property
    def kinds(self) -> list[str]:
        """Everything that was done."""
        return sorted(self._done, key=str.casefold)

    def take(self, entries: Sequence[Entry]) -> None:
        """Newer entries; ``show_new`` puts them on top."""
        for entry in entries:
            self.last = max(self.last, entry.number)
            if self._may_know(entry):
                self._all.append(entry)
                self._who.add(text(entry.who))
                self._done.add(done(entry))
            else:
                self.hidden += 1

    def show_new(self) -> None:
        """Put what was taken in and is wanted on top; the rows below stay, and which of them is chosen."""
        fresh = [entry for entry in reversed(self._all[self._known :]) if self._fits(entry, self._wanted)]
        self._known = len(self._all)
        if fresh:
            self.beginInsertRows(QModelIndex(), 0, len(fresh) - 1)
            self._rows[:0] = fresh
            self.endInsertRows()

    def show_wanted(self, wanted: Wanted) -> None:
        """Show some of them only: the newest at once, ``look_on`` finds the others."""
        if wanted == self._wanted:
            return
        self.beginResetModel()
        self._wanted, self._rows = wanted, []
        self._left = self._known = len(self._all)
        self.endResetModel()
        self.look_on()

    def look_on(self) -> bool:
        """Show what is wanted of some more older entries; whether there are others to look through.

        Not all at once: of a hundred thousand that would hold up a stroke, and each letter of a word to find.
        """
        last, self._left = self._left, max(0, self._left - _SLICE)
        found = [entry for entry in reversed(self._all[self._left : last]) if self._fits(entry, self._wanted)]
        if found:
            count = len(self._rows)
            self.beginInsertRows(QModelIndex(), count, count + len(found) - 1)
            self._rows += found
            self.endInsertRows()
        return self._left > 0

    def mark(self, findings: Sequence[Finding]) -> None:
        """Show which entries something is wrong with."""
        self._bad = list(findings)
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, DETAILS))

    def image_of(self, row: int) -> int | None:
        """The image that a row is about."""
        return self._rows[row].image_id

    def _may_know(self, entry: Entry) -> bool:
        image_id = entry.image_id
        return image_id is None or image_id in self._session.catalog

    def _name(self, entry: Entry) -> str:
        return "" if entry.image_id is None else self._session.record(entry.image_id).name

    def _fits(self, entry: Entry, wanted: Wanted) -> bool:
        if wanted.image_id not in (None, entry.image_id):
            return False
        if wanted.who not in ("", text(entry.who)) or wanted.kind not in ("", done(entry)):
            return False
        if not wanted.words:
            return True
        # Details as they are sealed, not as they are shown: words for a hundred thousand entries would take seconds.
        there = f"{entry.when} {entry.who} {entry.kind} {done(entry)} {self._name(entry)} {entry.what}".casefold()
        return all(word in there for word in wanted.words.casefold().split())

    def _text(self, entry: Entry, column: int) -> str:
        match COLUMNS[column]:
            case "No.":
                return str(entry.number)
            case "When":
                return when(entry)
            case "Who":
                return text(entry.who)
            case "What":
                return done(entry)
            case "Image":
                return self._name(entry)
            case _:
                return details(entry)

    # ---- Qt ---------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        """Number of entries shown."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

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

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        if not index.isValid():
            return None
        entry, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{COLUMNS[column]}: {self._text(entry, column)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(entry)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole:
            tone = "bad" if self._wrong(entry) else "muted" if column in (0, 1) else "text"
            return self._theme.color(tone)
        return None

    def _tip(self, entry: Entry) -> str:
        seal = f"Sealed {text(entry.digest)[:12]}…, after {text(entry.previous)[:12]}…, by segstudio "
        lines = [self._wrong(entry), details(entry), seal + text(entry.program)]
        return as_typed("\n".join(line for line in lines if line))

    def _wrong(self, entry: Entry) -> str:
        return next((found.sentence for found in self._bad if found.first <= entry.number <= found.last), "")


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == 0 else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
