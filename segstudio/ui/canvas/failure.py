"""What stands in the canvas when an image can't be shown: a sentence and, if the file is gone, one button."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from segstudio.ui.widgets import keep_clicks

_WIDTH = 480


class FailureNote(QWidget):
    """Centred; hidden while there is nothing to say."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setObjectName("failure")
        self.sentence = QLabel()
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sentence.setFixedWidth(_WIDTH)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.relocate = QPushButton("Find the file…")
        self.relocate.setAccessibleName("Find the file of this image")
        layout = QVBoxLayout(self)
        layout.setSpacing(16)
        layout.addStretch(2)
        layout.addWidget(self.sentence, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.relocate, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        keep_clicks(self)
        self.hide()

    def show_sentence(self, sentence: str, missing: bool) -> None:
        """Show ``sentence``, or nothing if it is empty; the button only where the file is missing."""
        self.sentence.setText(sentence)
        # A layout asks a centred label for one line only.
        self.sentence.setFixedHeight(max(0, self.sentence.heightForWidth(_WIDTH)))
        if self.relocate.hasFocus() and not missing:
            # A button that goes with the keyboard would hand it on to the next field, where keys are typed.
            self._over.setFocus()
        self.relocate.setVisible(missing)
        self.setVisible(bool(sentence))
