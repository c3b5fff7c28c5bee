"""How learning goes, in the menu bar's corner: in sight even with everything folded, and silent when idle."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from segstudio.app.round_status import TrainingStatus
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ProgressLine, label

_WIDTH, _HEIGHT = 320, 28


class MenuCorner(QWidget):
    """A few words and a bar; a click unfolds the training details."""

    wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("menuCorner")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Training details (Ctrl+T)")
        self.text = label(tone="muted")
        self.bar = ProgressLine(theme, "Progress of the round")
        self.bar.setFixedWidth(96)
        # The menu bar asks for the size once: it is the same whatever is shown.
        self.setFixedSize(_WIDTH, _HEIGHT)
        self.text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 12, 0)
        layout.setSpacing(12)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.bar, 0, Qt.AlignmentFlag.AlignVCenter)

    def sizeHint(self) -> QSize:
        """The menu bar places by this, once."""
        return QSize(_WIDTH, _HEIGHT)

    def show_status(self, status: TrainingStatus | None) -> None:
        """Follow the round; nothing to see while there is none."""
        running = status is not None and status.phase != "idle"
        self.text.setText(status.headline if running and status is not None else "")
        self.bar.setVisible(running)
        self.setEnabled(status is not None)
        if status is not None:
            self.bar.set_fraction(status.fraction)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show more."""
        self.wanted.emit()
