"""All rounds: how learning went, and what can be done with what was learned."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.changes import Changes
from segstudio.app.round_charts import all_charts
from segstudio.app.round_keeping import KEY, size_words
from segstudio.app.session import Session
from segstudio.app.studio import Studio
from segstudio.ui.dialogs.compare_rounds import CompareRounds
from segstudio.ui.dialogs.rounds_model import NOTE, WAY, RoundsModel, state_words
from segstudio.ui.plots import ChartView
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, open_at, restyle

CHART_HEIGHT = 128
ROW_HEIGHT = 28
MEASURED = 32
"""Rows by whose words the columns are made wide."""
COMPARE = "Two rounds, image by image"
NONE = "No round yet. One starts by itself once enough is approved; T starts one now."
USE = "It predicts from now on, and "


class RoundsDialog(QDialog):
    """Four charts over a table. Nothing here asks in a box: what can't be undone is asked in the line of buttons."""

    def __init__(self, studio: Studio, session: Session, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Rounds of {session.name}")
        open_at(self, 1040, 600)
        self._studio, self._session, self._theme = studio, session, theme
        self._doomed: list[int] = []
        self.charts = [ChartView(theme, CHART_HEIGHT) for _ in range(4)]
        self.titles = [ElidedLabel(tone="muted") for _ in self.charts]
        self.model = RoundsModel(session, theme)
        self.table = self._make_table()
        self.said = ElidedLabel()
        self.use = _button("Use this round", "Choose a round")
        self.compare = _button("Compare with", COMPARE)
        self.delete = _button("Delete", "Delete what this round learned, to free its space (Del)")
        self.prune = _button("", "Every other round's file goes; scores and notes stay")
        self.question = ElidedLabel()
        self.keep = _button("Keep", "Delete nothing (Esc)")
        self.confirm = _button("Delete", "Delete now; this can't be undone")
        self.close_button = _button("Close", "Close this window")
        self.close_button.clicked.connect(self.close)
        self.buttons = QStackedWidget()
        self._build()
        self._connect()
        self._unsubscribe = studio.subscribe(self._on_changes)
        session.book.look()
        self._refresh()
        self._select(session.book.in_use)

    # ---- layout -----------------------------------------------------------------------------------------------

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName("Rounds, newest first")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        # Not by all rows, which are measured anew with each second of a round: there may be hundreds.
        header.setResizeContentsPrecision(MEASURED)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NOTE, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(48)
        return table

    def _build(self) -> None:
        charts = QHBoxLayout()
        charts.setSpacing(16)
        for title, chart in zip(self.titles, self.charts, strict=True):
            column = QVBoxLayout()
            column.setSpacing(4)
            title.setProperty("role", "small")
            column.addWidget(title)
            column.addWidget(chart)
            charts.addLayout(column, 1)
        self.compare.setMenu(QMenu(self.compare))
        restyle(self.confirm, "primary", True)
        for widgets in (
            (self.use, self.compare, self.delete, None, self.prune, self.close_button),
            (self.question, self.keep, self.confirm),
        ):
            page = QWidget()
            row = QHBoxLayout(page)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(8)
            for widget in widgets:
                if widget is None:
                    row.addStretch(1)
                else:
                    row.addWidget(widget, 1 if widget is self.question else 0)
            self.buttons.addWidget(page)
        self.buttons.setSizePolicy(
            self.buttons.sizePolicy().horizontalPolicy(), self.said.sizePolicy().verticalPolicy()
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(8)
        layout.addLayout(charts)
        layout.addSpacing(8)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.said)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_actions())
        self.use.clicked.connect(self._on_use)
        self.delete.clicked.connect(lambda: self._ask([self.selected] if self.selected is not None else []))
        self.prune.clicked.connect(lambda: self._ask(self._session.book.spare()))
        self.keep.clicked.connect(self._keep)
        self.confirm.clicked.connect(self._on_confirm)
        self.compare.menu().aboutToShow.connect(self._fill_compare)
        self._theme.changed.connect(self.model.refresh)

    # ---- what is shown ----------------------------------------------------------------------------------------

    @property
    def selected(self) -> int | None:
        """The round chosen in the table."""
        rows = self.table.selectionModel().selectedRows()
        return self.model.number(rows[0].row()) if rows else None

    def _select(self, number: int | None) -> None:
        row = self.model.row_of(number)
        if row is None and self.model.rowCount():
            row = 0
        if row is not None:
            self.table.selectionModel().setCurrentIndex(
                self.model.index(row, 0),
                QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
            )

    def _on_changes(self, changes: Changes) -> None:
        if changes.project:
            self.reject()
            return
        if changes.message is not None and changes.message.key == KEY:
            self.said.set_full(changes.message.sentence)
            restyle(self.said, "tone", "bad" if changes.message.kind == "trouble" else "")
        if changes.training:
            self._refresh()

    def _refresh(self) -> None:
        before = self.selected
        self.model.refresh()
        self.table.setColumnHidden(WAY, not self.model.ways_differ)
        if self.selected is None:
            self._select(before)
        charts = all_charts(self._session.book, lambda image_id: self._session.record(image_id).name)
        for title, view, chart in zip(self.titles, self.charts, charts, strict=True):
            title.set_full(f"{chart.title} ({chart.unit})" if chart.unit else chart.title)
            title.setAccessibleDescription(chart.about)
            view.show_chart(chart)
        self._show_actions()

    def _show_actions(self) -> None:
        book, number = self._session.book, self.selected
        self._doomed = [row for row in self._doomed if book.can_delete(row)]
        if not self._doomed:
            self.buttons.setCurrentIndex(0)
        self.use.setEnabled(number is not None and book.can_use(number) and not self._session.rounds.busy)
        usable = number if self.use.isEnabled() else None
        self.use.setToolTip(self._why_not(number) if usable is None else USE + self._session.keeping.next_words(usable))
        self.compare.setEnabled(number is not None and bool(book.comparable(number)))
        self.compare.setToolTip(COMPARE if self.compare.isEnabled() else _why_not_compared(number))
        self.delete.setEnabled(number is not None and book.can_delete(number))
        if not book.records:
            self.said.set_full(NONE)
        elif self.said.full() == NONE:
            self.said.set_full("")
        spare = book.spare()
        rounds = "round" if len(spare) == 1 else "rounds"
        self.prune.setText(
            f"Delete {len(spare)} old {rounds} · {self._freed(spare)}" if spare else "No old rounds to delete"
        )
        self.prune.setToolTip(
            "All but the best, the newest, the one in use, and those that share no images with these to be judged by. "
            "Scores and notes stay."
        )
        self.prune.setEnabled(bool(spare))

    def _why_not(self, number: int | None) -> str:
        if number is None:
            return "Choose a round"
        if self._session.rounds.busy:
            return "A round is being learned: wait for its end, or stop it"
        words = state_words(self._session.book, self._session.book.record(number))
        return f"Round {number}: {words}" if words else f"Round {number} can't be used"

    def _freed(self, numbers: list[int]) -> str:
        files = [self._session.book.files(number) for number in numbers]
        return size_words(sum(found.nbytes for found in files if found is not None))

    # ---- what is done -----------------------------------------------------------------------------------------

    def _on_use(self) -> None:
        if self.selected is not None:
            self._session.keeping.use(self.selected)

    def _fill_compare(self) -> None:
        menu, number = self.compare.menu(), self.selected
        menu.clear()
        if number is None:
            return
        for other in self._session.book.comparable(number):
            record = self._session.book.record(other)
            score = "" if record.held_out_dice is None else f", {record.held_out_dice:.3f}"
            menu.addAction(f"Round {other}{score}").triggered.connect(
                lambda _=False, other=other: self._open_comparison(number, other)
            )

    def _open_comparison(self, one: int, other: int) -> None:
        CompareRounds(self._studio, self._session, self._theme, min(one, other), max(one, other), self).show()

    def _ask(self, numbers: list[int]) -> None:
        """Put the question in the place of the buttons."""
        self._doomed = [number for number in numbers if self._session.book.can_delete(number)]
        if not self._doomed:
            return
        what = f"round {self._doomed[0]}" if len(self._doomed) == 1 else f"{len(self._doomed)} rounds"
        self.question.set_full(
            f"Delete what {what} learned? {self._freed(self._doomed)} become free. Masks, scores and notes stay; "
            "this can't be undone."
        )
        self.confirm.setText("Delete")
        self.buttons.setCurrentIndex(1)
        self.keep.setFocus(Qt.FocusReason.OtherFocusReason)

    def _keep(self) -> None:
        self._doomed = []
        self.buttons.setCurrentIndex(0)
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_confirm(self) -> None:
        doomed = self._doomed
        self._keep()
        self._session.keeping.delete(doomed)

    # ---- Qt ---------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Del asks whether to delete; Esc keeps, then closes; Return presses the button that has the keyboard."""
        button = self.focusWidget()
        if event.key() == Qt.Key.Key_Delete and self.delete.isEnabled():
            self.delete.click()
        elif event.key() == Qt.Key.Key_Escape and self._doomed:
            self._keep()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(button, QPushButton):
            button.click()
        else:
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """Closed by a key or the window's button: listen no more, and nor do comparisons, which go with it."""
        for comparison in self.findChildren(CompareRounds):
            comparison.reject()
        self._unsubscribe()
        self._unsubscribe = lambda: None
        super().done(result)


def _why_not_compared(number: int | None) -> str:
    if number is None:
        return "Choose a round"
    return f"You see no image kept aside on which round {number} and another have a score of the same classes"


def _button(text: str, tip: str) -> QPushButton:
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setAutoDefault(False)
    return made
