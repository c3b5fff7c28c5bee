"""What goes into a report, and where it goes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.changes import Changes
from segstudio.app.report import ReportHead, ReportWriter
from segstudio.app.report_files import CsvWriter, JsonWriter
from segstudio.app.session import Session
from segstudio.app.settings import Settings
from segstudio.app.studio import Studio
from segstudio.domain.errors import UserError
from segstudio.ui.choices import CheckBox, RadioButton
from segstudio.ui.report_pdf import PdfWriter
from segstudio.ui.theme import Theme, ui_font
from segstudio.ui.widgets import ProgressLine, label, make_room, typed_path

STEM = "measures"
"""What the files are called: not like the project, whose name may be a patient's."""

_NO_FILTER = "Those that the filtered list shows (filter it first)"
_FOLDERS = "report_folders"
_CLEAR_OF_BOX = 3
"""Px above the words of a box to tick, for its name beside it to be on one line with them."""
_PRIVATE = (
    "Without it images go by their number in this project. What is written in the picture itself stays in it; look "
    "through the pages before you pass them on."
)


class ReportDialog(QDialog):
    """Which images, which files, and whether names go along; stays open until the report is written."""

    def __init__(
        self,
        studio: Studio,
        session: Session,
        settings: Settings,
        theme: Theme,
        parent: QWidget,
        selected: Sequence[int],
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Report")
        self.setMinimumWidth(560)
        self._session, self._settings = session, settings
        listed = list(selected) if 0 < len(selected) < len(session.records) else []
        approved = [record.id for record in session.catalog.approved]
        current = [] if session.current_id is None else [session.current_id]
        self.choices: dict[str, tuple[RadioButton, list[int]]] = {}
        self._which = QButtonGroup(self)
        for key, words, ids in (
            ("current", "The image on the canvas", current),
            ("selected", f"Those that the filtered list shows ({len(listed)})" if listed else _NO_FILTER, listed),
            ("approved", f"All approved ones ({len(approved)})", approved),
            ("all", f"All ({len(session.records)})", [record.id for record in session.records]),
        ):
            button = RadioButton(theme, words)
            button.setEnabled(bool(ids))
            self._which.addButton(button)
            self.choices[key] = button, ids
        self.choices["current" if current else "all"][0].setChecked(True)
        self.files = {
            "pdf": CheckBox(theme, "PDF, a page an image"),
            "csv": CheckBox(theme, "Table (CSV)"),
            "json": CheckBox(theme, "JSON"),
        }
        self.files["pdf"].setChecked(True)
        self.identifiers = CheckBox(theme, "Include file names, groups and the project's name")
        self.folder = QLineEdit(self._last_folder())
        self.folder.setAccessibleName("Folder that the report is written to")
        self.said = label(tone="muted")
        self.said.setWordWrap(True)
        self.bar = ProgressLine(theme, "Progress of the report")
        self.write = QPushButton("Write report")
        self.write.setProperty("primary", True)
        self.write.setDefault(True)
        self.stop = QPushButton("Cancel")
        self._build()
        self.write.clicked.connect(self._on_write)
        self.stop.clicked.connect(self._on_stop)
        self.folder.textChanged.connect(lambda _: self._on_other_files())
        for box in self.files.values():
            box.toggled.connect(lambda _: self._on_other_files())
        self._unsubscribe = studio.subscribe(self._on_changes)
        self._refresh()

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        which, files = QVBoxLayout(), QHBoxLayout()
        which.setSpacing(4)
        for button, _ in self.choices.values():
            which.addWidget(button)
        files.setSpacing(16)
        for box in self.files.values():
            files.addWidget(box)
        files.addStretch(1)
        about = label(_PRIVATE, tone="muted", size="small")
        about.setWordWrap(True)
        choose = QPushButton("Choose…")
        choose.setAccessibleName("Choose the folder")
        choose.clicked.connect(self._on_choose)
        folder = QHBoxLayout()
        folder.setSpacing(8)
        folder.addWidget(self.folder, 1)
        folder.addWidget(choose)
        rows: tuple[tuple[str, QVBoxLayout | QHBoxLayout | QWidget], ...] = (
            ("Images", which), ("Files", files), ("Names", self.identifiers), ("", about), ("Folder", folder),
        )  # fmt: skip
        for line, (name, part) in enumerate(rows):
            named = label(name, tone="muted")
            named.setContentsMargins(0, 0 if part is folder else _CLEAR_OF_BOX, 0, 0)
            beside = Qt.AlignmentFlag.AlignVCenter if part is folder else Qt.AlignmentFlag.AlignTop
            grid.addWidget(named, line, 0, beside)
            if isinstance(part, QWidget):
                grid.addWidget(part, line, 1)
            else:
                grid.addLayout(part, line, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.said, 1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.write)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addLayout(grid)
        layout.addSpacing(8)
        layout.addWidget(self.bar)
        layout.addLayout(buttons)

    @property
    def image_ids(self) -> list[int]:
        """Those that are reported on."""
        return next(ids for button, ids in self.choices.values() if button.isChecked())

    @property
    def paths(self) -> dict[str, Path]:
        """The files that are written, by their ending."""
        folder = typed_path(self.folder.text())
        return {ending: folder / f"{STEM}.{ending}" for ending, box in self.files.items() if box.isChecked()}

    # ---- what is done -----------------------------------------------------------------------------------------

    def _on_write(self) -> None:
        paths = self.paths
        there = [path.name for path in paths.values() if os.path.lexists(path)]
        if there and not self.write.property("over"):
            # What is there may be another report: it is asked in the line, and pressed once more.
            self.said.setText(
                f"{' and '.join(there)} there will be replaced. Press once more, or choose another folder."
            )
            self.write.setProperty("over", True)
            self.write.setText("Replace")
            make_room(self)
            return
        self._settings.merge(_FOLDERS, {str(self._session.folder): self.folder.text().strip()})
        make = partial(make_writers, paths, ui_font().family())
        self._session.reporting.start(self.image_ids, self.identifiers.isChecked(), make)
        self._refresh()

    def _on_stop(self) -> None:
        if self._session.reporting.busy:
            self._session.reporting.cancel()
        else:
            self.reject()

    def _on_choose(self) -> None:
        dialog = QFileDialog(self, "Write the report to", self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()

    # ---- what is shown ----------------------------------------------------------------------------------------

    def _on_changes(self, changes: Changes) -> None:
        if changes.project:
            self.reject()
            return
        if changes.message is not None and changes.message.key == "report":
            if changes.message.kind != "trouble":
                self.accept()
                return
            self.said.setText(changes.message.sentence)
        if changes.measures or changes.message is not None:
            self._refresh()

    def _on_other_files(self) -> None:
        # What was said of those that were there before is no longer so.
        self.said.setText("")
        self._refresh()

    def _refresh(self) -> None:
        reporting = self._session.reporting
        done, total = reporting.progress
        self.bar.setVisible(reporting.busy)
        self.bar.set_fraction(done / total if total else 0.0)
        if reporting.busy:
            self.said.setText(f"{done} of {total} images measured")
        self.write.setEnabled(bool(self.folder.text().strip() and self.paths) and not reporting.busy)
        if not reporting.busy and self.write.property("over"):
            self.write.setProperty("over", False)
            self.write.setText("Write report")
        make_room(self)

    def _last_folder(self) -> str:
        kept = self._settings.get(_FOLDERS)
        last = kept.get(str(self._session.folder)) if isinstance(kept, dict) else None
        return last if isinstance(last, str) else str(self._session.folder.parent)

    def showEvent(self, event: QShowEvent) -> None:
        """No line is cut."""
        super().showEvent(event)
        make_room(self)

    def done(self, result: int) -> None:
        """Listen no more; a report that is under way goes on behind the window."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        super().done(result)


def make_writers(paths: dict[str, Path], family: str, head: ReportHead) -> list[ReportWriter]:
    """What writes the files, by their endings; ``family`` is the font of the PDF. Raises ``UserError``."""
    made: list[ReportWriter] = []
    try:
        for ending, path in paths.items():
            if ending == "pdf":
                made.append(PdfWriter(path, head, family))
            else:
                made.append((CsvWriter if ending == "csv" else JsonWriter)(path, head))
    except UserError:
        for writer in made:
            writer.abandon()
        raise
    return made
