"""The audit trail: who did what to which image, when, and that nobody changed what it says."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.audit_check import Report
from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.app.store_thread import in_words
from segstudio.app.studio import Studio
from segstudio.domain.audit import Entry
from segstudio.ui.dialogs.audit_model import DETAILS, AuditModel, Wanted
from segstudio.ui.making_way import make_way
from segstudio.ui.option_rows import CalmCombo
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, open_at, restyle

ROW_HEIGHT = 28
_SLICE = 500
"""Entries that are put into words in one turn of the event loop."""
FOLLOW_MS = 250
"""Time in which what changed is collected before new entries are read."""


class AuditDialog(QDialog):
    """A table with its filters over one line that says whether the trail is whole."""

    def __init__(self, studio: Studio, session: Session, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Audit trail of {session.name}")
        open_at(self, 1040, 600)
        self._session = session
        self._report: Report | None = None
        self._gone = False
        self.model = AuditModel(session, theme)
        self.image = _combo("Of which image")
        self.who = _combo("By whom")
        self.kind = _combo("What was done")
        self.search = QLineEdit()
        self.table = self._make_table()
        self.said = ElidedLabel()
        self.verify = _button("Verify again", "Go through all entries and all approved masks")
        self.copy = _button("Copy head", "The end of the trail as text. Kept elsewhere, it proves what was done before")
        self.export = _button("Export CSV…", "Write the entries that are shown as a table")
        self.close_button = _button("Close", "Close this window")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FOLLOW_MS)
        self._looking = QTimer(self)
        self._looking.setInterval(0)
        self._build()
        self._connect()
        self._unsubscribe = studio.subscribe(self._on_changes)
        self._follow_image()
        self._read()
        self._verify()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- layout -----------------------------------------------------------------------------------------------

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName("Entries, newest first")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        # Not by all rows: there may be a hundred thousand.
        header.setResizeContentsPrecision(64)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(DETAILS, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(48)
        header.setMaximumSectionSize(280)
        return table

    def _build(self) -> None:
        self.search.setPlaceholderText("Find")
        self.search.setAccessibleName("Words to find")
        self.search.setClearButtonEnabled(True)
        filters = QHBoxLayout()
        filters.setSpacing(8)
        for combo, stretch in ((self.image, 2), (self.who, 1), (self.kind, 1)):
            filters.addWidget(combo, stretch)
        filters.addWidget(self.search, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.said, 1)
        for button in (self.verify, self.copy, self.export, self.close_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(8)
        layout.addLayout(filters)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        self.copy.setEnabled(False)

    def _connect(self) -> None:
        for combo in (self.image, self.who, self.kind):
            combo.activated.connect(self._filter)
        self.search.textChanged.connect(self._filter)
        self.table.activated.connect(lambda index: self._open_image(self.model.image_of(index.row())))
        self.verify.clicked.connect(self._verify)
        self.copy.clicked.connect(self._on_copy)
        self.export.clicked.connect(self._on_export)
        self.close_button.clicked.connect(self.close)
        self._timer.timeout.connect(self._read)
        self._looking.timeout.connect(self._look_on)

    # ---- what is shown ----------------------------------------------------------------------------------------

    def _on_changes(self, changes: Changes) -> None:
        if changes.project:
            self.reject()
            return
        if changes.document:
            self._follow_image()
        if not changes.seen_only and not self._timer.isActive():
            self._timer.start()

    def _follow_image(self) -> None:
        """The second choice is the image on the canvas, whichever that is."""
        chosen = self.image.currentIndex()
        self.image.clear()
        self.image.addItem("All images", None)
        current = self._session.current_id
        if current is not None:
            self.image.addItem(f"This image: {self._session.record(current).name}", current)
        self.image.setCurrentIndex(max(0, min(chosen, self.image.count() - 1)))
        self._filter()

    def _read(self) -> None:
        self._session.audit.read(self.model.last, self._take)

    def _take(self, entries: list[Entry]) -> None:
        # Two readings may have been under way.
        fresh = [entry for entry in entries if entry.number > self.model.last]
        if fresh and not self._gone:
            self.model.take(fresh[:_SLICE])
            if len(fresh) > _SLICE:
                QTimer.singleShot(0, lambda: self._take(fresh[_SLICE:]))
                return
            _fill(self.who, "Everybody", self.model.readers)
            _fill(self.kind, "Everything", self.model.kinds)
            self.model.show_new()
            self.export.setEnabled(self.model.rowCount() > 0)
            self._say()

    def _filter(self) -> None:
        wanted = Wanted(
            self.image.currentData(), self.who.currentData() or "", self.kind.currentData() or "", self.search.text()
        )
        self.model.show_wanted(wanted)
        self._look_on()

    def _look_on(self) -> None:
        if self.model.look_on():
            self._looking.start()
        else:
            self._looking.stop()
        self.export.setEnabled(self.model.rowCount() > 0)

    def _say(self) -> None:
        report = self._report
        if report is None:
            return
        newer = self.model.last - report.entries
        more = f" · {newer} newer" if newer > 0 and not report.findings else ""
        hidden = f" · {self.model.hidden} about hidden images are not shown" if self.model.hidden else ""
        self.said.set_full(report.line + more + hidden)
        restyle(self.said, "tone", "bad" if report.findings else "good")

    # ---- what is done -----------------------------------------------------------------------------------------

    def _verify(self) -> None:
        self.verify.setEnabled(False)
        self._report = None
        restyle(self.said, "tone", "muted")
        self.said.set_full("Verifying…")
        self._session.audit.check(self._verified, self._verifying, self._failed)

    def _verifying(self, share: float) -> None:
        self.said.set_full(f"Verifying… {share:.0%}")

    def _verified(self, report: Report) -> None:
        self._report = report
        self.verify.setEnabled(True)
        self.copy.setEnabled(True)
        self.model.mark(report.findings)
        self._say()

    def _failed(self, error: Exception) -> None:
        if not self._gone:
            self.verify.setEnabled(True)
            self.said.set_full(in_words(error))
            restyle(self.said, "tone", "bad")

    def _exported(self, sentence: str) -> None:
        if not self._gone:
            self.said.set_full(sentence)
            restyle(self.said, "tone", "")

    def _on_copy(self) -> None:
        if self._report is not None:
            QGuiApplication.clipboard().setText(str(self._report.head))

    def _on_export(self) -> None:
        dialog = QFileDialog(self, "Export the audit trail", str(self._session.folder.parent), "Table (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile(f"{self._session.name} audit trail.csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.export_to(Path(name)))
        dialog.open()

    def export_to(self, file: Path) -> None:
        """Write what is shown to ``file``."""
        entries = self.model.entries
        count = "1 entry" if len(entries) == 1 else f"{len(entries):,} entries"
        self._session.audit.export(file, entries, lambda: self._exported(f"{count} written to {file}."), self._failed)

    def _open_image(self, image_id: int | None) -> None:
        if image_id is not None and image_id in self._session.catalog:
            self._session.open_image(image_id)
            make_way(self)

    # ---- Qt ---------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return presses the button that has the keyboard; Ctrl+F finds."""
        button = self.focusWidget()
        if event.key() == Qt.Key.Key_F and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.search.selectAll()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(button, QPushButton):
            button.click()
        else:
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """Closed: listen no more."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        self._gone = True
        self._timer.stop()
        self._looking.stop()
        self._session.audit.stop_check()
        super().done(result)


def _fill(combo: CalmCombo, everything: str, items: list[str]) -> None:
    if combo.count() == len(items) + 1:
        return  # none goes, so none came
    chosen = combo.currentData()
    combo.clear()
    combo.addItem(everything, "")
    for item in items:
        combo.addItem(item, item)
    combo.setCurrentIndex(max(0, combo.findData(chosen)))


def _combo(name: str) -> CalmCombo:
    made = CalmCombo()
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.setSizeAdjustPolicy(CalmCombo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(14)
    return made


def _button(words: str, tip: str) -> QPushButton:
    made = QPushButton(words)
    made.setToolTip(tip)
    made.setAutoDefault(False)
    return made
