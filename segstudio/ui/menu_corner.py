"""How learning goes, in the menu bar's corner: in sight even with everything folded, and silent when idle."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from segstudio.app.round_status import TrainingStatus
from segstudio.ui.keys import native
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ProgressLine, as_typed, label, without_key

_WIDTH, _HEIGHT = 404, 28
"""In the narrowest window all menus have room beside it."""
_READER_WIDTH = 160


class MenuCorner(QWidget):
    """Who reads, and a few words and a bar; a click on these unfolds the training details."""

    wanted = Signal()
    reader_wanted = Signal()
    """Another person is to read."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("menuCorner")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(native("Training details (Ctrl+T)"))
        self.text = label(tone="muted")
        self.reader = QToolButton()
        self.reader.setObjectName("reader")
        self.reader.setAutoRaise(True)
        self.reader.setCursor(Qt.CursorShape.PointingHandCursor)
        self.reader.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.reader.setMaximumWidth(_READER_WIDTH)
        self.reader.clicked.connect(self.reader_wanted)
        self.reader.hide()
        self.bar = ProgressLine(theme, "Progress of the round")
        self.bar.setFixedWidth(60)
        # The menu bar asks for the size once: it is the same whatever is shown.
        self.setFixedSize(_WIDTH, _HEIGHT)
        self.text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 12, 0)
        layout.setSpacing(12)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.bar, 0, Qt.AlignmentFlag.AlignVCenter)
        # At the edge, so that it floats nowhere while nothing is learned.
        layout.addWidget(self.reader)

    def sizeHint(self) -> QSize:
        """The menu bar places by this, once."""
        return QSize(_WIDTH, _HEIGHT)

    def show_reader(self, name: str) -> None:
        """Who reads; nothing to see without a project."""
        room = _READER_WIDTH - 16
        shown = self.reader.fontMetrics().elidedText(f"Reader: {name}", Qt.TextElideMode.ElideRight, room)
        self.reader.setText(without_key(shown))
        self.reader.setToolTip(as_typed(f"{name} is reading. " + native("Change reader (Ctrl+Shift+U)")))
        self.reader.setAccessibleName(f"Reader {name}, change")
        self.reader.setVisible(bool(name))

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
