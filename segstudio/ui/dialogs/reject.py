"""Why an image is not to be used."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from segstudio.ui.widgets import label, make_room

REASONS = (
    "Out of focus",
    "Hidden by hair, gel or glare",
    "Cut off by the frame",
    "Not what is looked for",
    "A duplicate",
)


class RejectDialog(QDialog):
    """A reason a number key away, or typed; ``chosen`` tells it."""

    chosen = Signal(str)

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Reject image")
        self.setMinimumWidth(420)
        title = label(f"Why is {name} not to be used?")
        title.setWordWrap(True)
        about = label("Nothing is learned from it, and it is not exported. Its mask is kept.", tone="muted")
        about.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addWidget(title)
        layout.addWidget(about)
        layout.addSpacing(4)
        self.reasons: list[QPushButton] = []
        for number, reason in enumerate(REASONS, start=1):
            button = QPushButton(f"{number}   {reason}")
            button.setAutoDefault(False)
            button.setStyleSheet("text-align: left;")
            button.setAccessibleName(reason)
            button.clicked.connect(lambda _=False, reason=reason: self._choose(reason))
            self.reasons.append(button)
            layout.addWidget(button)
        self.other = QLineEdit()
        self.other.setPlaceholderText("Another reason")
        self.other.setAccessibleName("Another reason")
        self.other.setMaxLength(200)
        self.ok = QPushButton("Reject")
        self.ok.setProperty("primary", True)
        self.ok.setDefault(True)
        self.ok.setEnabled(False)
        self.other.textChanged.connect(lambda text: self.ok.setEnabled(bool(text.strip())))
        self.ok.clicked.connect(lambda: self._choose(self.other.text()))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.other, 1)
        row.addWidget(self.ok)
        layout.addLayout(row)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(cancel)
        layout.addSpacing(8)
        layout.addLayout(foot)
        self.reasons[0].setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        """No sentence is cut."""
        super().showEvent(event)
        make_room(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A number chooses a reason, unless another one is being typed."""
        reason = dict(zip("12345", REASONS, strict=True)).get(event.text())
        if reason is None:
            super().keyPressEvent(event)
        else:
            self._choose(reason)

    def _choose(self, reason: str) -> None:
        if reason.strip():
            self.accept()
            self.chosen.emit(reason.strip())
