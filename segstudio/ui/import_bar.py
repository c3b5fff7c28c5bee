"""How far an import is, at the foot of the list of images: nothing waits for it, and it can be given up."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.domain.counting import counted
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import IconButton, ProgressLine, Rule, label


class ImportBar(QWidget):
    """Shown only while something is imported."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._session: Session | None = None
        self.text = label(size="small", tone="muted")
        self.line = ProgressLine(theme, "Import")
        self.cancel = IconButton(theme, "x", "Cancel the import: nothing of it is kept", side=24)
        self.cancel.clicked.connect(self._on_cancel)
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 8, 0)
        row.setSpacing(4)
        row.addWidget(self.text, 1)
        row.addWidget(self.cancel)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 0, 12, 0)
        foot.addWidget(self.line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(4)
        layout.addWidget(Rule())
        layout.addLayout(row)
        layout.addLayout(foot)
        self.hide()

    def set_session(self, session: Session | None) -> None:
        """Follow another project."""
        self._session = session
        self._show()

    def apply(self, changes: Changes) -> None:
        """Follow the import."""
        if changes.importing:
            self._show()

    def _show(self) -> None:
        importer = None if self._session is None else self._session.importer
        progress = None if importer is None else importer.progress
        self.setVisible(progress is not None)
        if importer is None or progress is None:
            return
        if importer.cancelling:
            words = "Taking back what came…"
        elif progress.done < progress.total or not progress.total:
            words = f"Importing {progress.done:,} of {progress.total:,}"
        else:
            words = f"Approving {counted(progress.total, 'mask')}"
        self.text.setText(words)
        self.line.set_fraction(progress.fraction)
        self.cancel.setEnabled(not importer.cancelling)

    def _on_cancel(self) -> None:
        if self._session is not None:
            self._session.importer.cancel()
