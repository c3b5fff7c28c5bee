"""How well two readers agree: in all, in two plots, and image by image, the most disputed first."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.agreements import ModelInfluence
from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.app.studio import Studio
from segstudio.domain.agreement import Agreement, PairScores
from segstudio.domain.round_scores import Interval
from segstudio.ui.agreement_plot import AgreementPlots
from segstudio.ui.dialogs.compare_rounds import Figure
from segstudio.ui.sorted_header import SortedHeader
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import as_typed, label, open_at

COLUMNS = ("Image", "Readers", "Dice", "HD95 (px)", "Area of the second", "Kappa", "Decided")
_ID = Qt.ItemDataRole.UserRole
_NUMBERS = range(2, 6)


def summary_words(found: Agreement) -> str:
    """What all pairs come to."""
    count = len(found.pairs)
    if not count:
        return "No image has two finished readings yet."
    images = f"{count} image{'' if count == 1 else 's'} read by two"
    if found.dice is None or found.hd95 is None or found.kappa is None or found.area is None:
        return f"{images}. Means need two."
    area = found.area
    return (
        f"{images}. Dice {_words(found.dice, 3)}, HD95 {_words(found.hd95, 1)} px, kappa {_words(found.kappa, 3)}. "
        f"The second's area is {_percent(area.bias.mean)} (95 % of images between {_percent(area.low)} and "
        f"{_percent(area.high)})."
    )


def influence_words(influence: ModelInfluence) -> str:
    """How much more like the model's a mask is where that was in sight; "" where it was never hidden."""
    if influence.hidden is None:
        return ""
    words = f"Dice against the model's mask: {_words(influence.hidden, 3)} where readers drew first"
    if influence.shown is not None:
        words += f", {_words(influence.shown, 3)} where it was in sight"
    return f"{words}."


class AgreementDialog(QDialog):
    """Activating a row shows both readings on the image."""

    def __init__(self, studio: Studio, session: Session, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Agreement of readers")
        open_at(self, 880, 600)
        self._session = session
        self._shown: Agreement | None = None
        self.summary, self.influence = label(), label(tone="muted")
        for sentence in (self.summary, self.influence):
            sentence.setWordWrap(True)
        self.plots = AgreementPlots(theme, 190)
        self.table = _table(theme)
        self.table.itemActivated.connect(lambda item: self._open(item.row()))
        self.progress = label(tone="muted")
        self.compare = QPushButton("Compare on the image")
        self.compare.setProperty("primary", True)
        self.compare.setDefault(True)
        self.compare.clicked.connect(lambda: self._open(self.table.currentRow()))
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        about = label(
            "What is compared here stays as it was read: whoever has looked is no longer blind.",
            tone="muted", size="small",
        )  # fmt: skip
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(about)
        foot.addWidget(self.progress, 1)
        foot.addWidget(close)
        foot.addWidget(self.compare)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(8)
        layout.addWidget(self.summary)
        layout.addWidget(self.influence)
        layout.addWidget(self.plots)
        layout.addWidget(self.table, 1)
        layout.addLayout(foot)
        self._unsubscribe = studio.subscribe(self._on_changes)
        session.agreements.look()
        self._show()

    def done(self, result: int) -> None:
        """Closed: listen no more."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        super().done(result)

    def _on_changes(self, changes: Changes) -> None:
        if changes.project:
            self.close()
        elif changes.review:
            self._show()

    def _show(self) -> None:
        agreements = self._session.agreements
        self.progress.setText(agreements.progress)
        found = agreements.result
        if found is not None and found is not self._shown:
            self._shown = found
            self.summary.setText(summary_words(found))
            self.plots.show_agreement(found)
            self._fill(found)
        self.influence.setText(influence_words(agreements.influence))
        self.influence.setVisible(bool(self.influence.text()))
        self.compare.setEnabled(self.table.rowCount() > 0)

    def _fill(self, found: Agreement) -> None:
        self.table.setSortingEnabled(False)
        self.table.setRowCount(len(found.pairs))
        for row, pair in enumerate(found.pairs):
            for column, item in enumerate(self._items(pair)):
                self.table.setItem(row, column, item)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
        if found.pairs:
            self.table.selectRow(0)
            self.table.setFocus()

    def _items(self, pair: PairScores) -> list[QTableWidgetItem]:
        record = self._session.record(pair.image_id)
        read = self._session.agreements.pairs[pair.image_id]
        name = QTableWidgetItem(Path(record.name).stem)
        name.setData(_ID, pair.image_id)
        name.setToolTip(as_typed(str(record.path)))
        readers = QTableWidgetItem(f"{read.first.reader or 'unnamed'}, {read.second.reader}")
        return [
            name,
            readers,
            Figure(pair.dice, f"{pair.dice:.3f}"),
            Figure(pair.hd95, f"{pair.hd95:.1f}"),
            Figure(pair.area_difference, _percent(pair.area_difference)),
            Figure(pair.kappa, f"{pair.kappa:.3f}"),
            QTableWidgetItem(f"by {record.adjudicator}" if record.adjudicator else "not yet"),
        ]

    def _open(self, row: int) -> None:
        item = self.table.item(row, 0)
        if item is not None:
            self._session.adjudication.begin(item.data(_ID))
            self.close()


def _table(theme: Theme) -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS))
    header = SortedHeader(table, theme)
    table.setHorizontalHeader(header)
    table.setHorizontalHeaderLabels(list(COLUMNS))
    table.setAccessibleName("Images, the most disputed first")
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    # Of a name that is cut the end tells most: a date, a number.
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for column in _NUMBERS:
        item = table.horizontalHeaderItem(column)
        assert item is not None
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return table


def _words(interval: Interval, places: int) -> str:
    return f"{interval.mean:.{places}f} ({interval.low:.{places}f} to {interval.high:.{places}f})"


def _percent(value: float) -> str:
    return f"{100 * value:+z.1f} %".replace("-", "−")
