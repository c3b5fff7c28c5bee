"""Who is reading."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from segstudio.app.reader_question import ReaderQuestion
from segstudio.domain.review import clean_name
from segstudio.ui.option_rows import CalmCombo
from segstudio.ui.widgets import label


class ReaderDialog(QDialog):
    """A name, chosen from those who have read in the project or typed; ``answered`` tells it, None if it was closed."""

    answered = Signal(object)

    def __init__(self, question: ReaderQuestion, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Who is reading?")
        self.setMinimumWidth(420)
        self._name: str | None = None
        self.names: QComboBox = CalmCombo()
        self.names.setEditable(True)
        self.names.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.names.addItems(list(dict.fromkeys((question.proposed, *question.known))))
        self.names.setAccessibleName("Name of the reader")
        self.names.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.names.editTextChanged.connect(self._refresh)
        about = label(
            f"What is done in {question.project} is kept under this name. A reader sees their own work; "
            "what another began on an image that two are to read stays hidden.",
            tone="muted",
        )
        about.setWordWrap(True)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        self.ok = QPushButton("Start reading")
        self.ok.setProperty("primary", True)
        self.ok.setDefault(True)
        self.ok.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.ok)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addWidget(label("Name or initials"))
        layout.addWidget(self.names)
        layout.addWidget(about)
        layout.addSpacing(8)
        layout.addLayout(buttons)
        self._refresh()
        self.names.setFocus()
        edit = self.names.lineEdit()
        assert edit is not None
        edit.selectAll()

    def accept(self) -> None:
        """Take the name."""
        name = clean_name(self.names.currentText())
        if name:
            self._name = name
            super().accept()

    def done(self, result: int) -> None:
        """Closed, one way or another: tell which name it is."""
        super().done(result)
        self.answered.emit(self._name if result == QDialog.DialogCode.Accepted else None)

    def _refresh(self) -> None:
        self.ok.setEnabled(bool(clean_name(self.names.currentText())))
