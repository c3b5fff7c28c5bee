"""The audit trail as rows of a table, newest first, as far as the one who reads may know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from segstudio.app.audit_words import details, text, when
from segstudio.app.session import Session
from segstudio.domain.audit import Entry, Finding
from segstudio.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("No.", "When", "Who", "What", "Image", "Details")
DETAILS = COLUMNS.index("Details")


@dataclass(frozen=True)
class Wanted:
    """Which entries are shown: those of an image, of a person, of a kind, that hold some words; "" and None for all."""

    image_id: int | None = None
    who: str = ""
    kind: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    entry: Entry
    texts: tuple[str, ...]
    found: str


class AuditModel(QAbstractTableModel):
    """Entries about images that are hidden from the reader are left out: they would tell where another painted."""

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._theme = theme
        self._all: list[_Row] = []
        self._rows: list[_Row] = []
        self._bad: list[Finding] = []
        self.hidden = 0
        self.last = 0
        """The number of the last entry that was taken."""

    # ---- what is in it ----------------------------------------------------------------------------------------

    @property
    def entries(self) -> list[Entry]:
        """What is shown, in the order of the trail."""
        return [row.entry for row in reversed(self._rows)]

    @property
    def readers(self) -> list[str]:
        """Everybody who did something."""
        return sorted({row.texts[2] for row in self._all}, key=str.casefold)

    @property
    def kinds(self) -> list[str]:
        """Everything that was done."""
        return sorted({row.texts[3] for row in self._all}, key=str.casefold)

    def take(self, entries: Sequence[Entry]) -> None:
        """Newer entries; ``show_wanted`` puts them on top."""
        for entry in entries:
            self.last = max(self.last, entry.number)
            if self._may_know(entry):
                self._all.append(self._row(entry))
            else:
                self.hidden += 1

    def show_wanted(self, wanted: Wanted) -> None:
        """Show some of them only."""
        self.beginResetModel()
        self._rows = [row for row in reversed(self._all) if _fits(row, wanted)]
        self.endResetModel()

    def mark(self, findings: Sequence[Finding]) -> None:
        """Show which entries something is wrong with."""
        self._bad = list(findings)
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, DETAILS))

    def image_of(self, row: int) -> int | None:
        """The image that a row is about."""
        return self._rows[row].entry.image_id

    def _may_know(self, entry: Entry) -> bool:
        image_id = entry.image_id
        return image_id is None or image_id in self._session.catalog

    def _row(self, entry: Entry) -> _Row:
        image_id = entry.image_id
        image = "" if image_id is None else self._session.record(image_id).name
        texts = (f"{entry.number}", when(entry), text(entry.who), text(entry.kind), image, details(entry))
        return _Row(entry, texts, " ".join(texts[1:]).casefold())

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
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return row.texts[column]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{COLUMNS[column]}: {row.texts[column]}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole:
            tone = "bad" if self._wrong(row.entry) else "muted" if column in (0, 1) else "text"
            return self._theme.color(tone)
        return None

    def _tip(self, row: _Row) -> str:
        wrong = self._wrong(row.entry)
        seal = f"Sealed {text(row.entry.digest)[:12]}…, after {text(row.entry.previous)[:12]}…, by segstudio "
        lines = [wrong, row.texts[DETAILS], seal + text(row.entry.program)]
        return "\n".join(line for line in lines if line)

    def _wrong(self, entry: Entry) -> str:
        return next((found.sentence for found in self._bad if found.first <= entry.number <= found.last), "")


def _fits(row: _Row, wanted: Wanted) -> bool:
    return (
        (wanted.image_id is None or row.entry.image_id == wanted.image_id)
        and wanted.who in ("", row.texts[2])
        and wanted.kind in ("", row.texts[3])
        and all(word in row.found for word in wanted.words.casefold().split())
    )


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == 0 else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
