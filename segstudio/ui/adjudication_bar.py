"""Two readings side by side in words, and what may be done with them: a bar at the foot of the canvas."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.ui.canvas.reading_lines import pens
from segstudio.ui.canvas.zoom_widget import ZoomWidget
from segstudio.ui.widgets import ElidedLabel, KeptInPlace, label

_ABOVE_FOOT = 16
_BUTTONS = (
    ("take_first", "First (F5)"),
    ("take_second", "Second (F6)"),
    ("take_between", "Between (F7)"),
    ("take_consensus", "Consensus (F8)"),
)


class _Sample(QWidget):
    """A piece of a reading's outline."""

    def __init__(self, first: bool) -> None:
        super().__init__()
        self._first = first
        self.setFixedSize(QSize(32, 10))

    def paintEvent(self, event: QPaintEvent) -> None:
        """As on the image."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for pen in pens(self._first):
            painter.setPen(pen)
            painter.drawLine(1, 5, 31, 5)
        painter.end()


class AdjudicationBar(QFrame):
    """Lies over the canvas while two readings are compared, which fits the image above it; the keys stay there."""

    def __init__(self, over: ZoomWidget, actions: dict[str, QAction]) -> None:
        super().__init__(over)
        self.setObjectName("banner")
        self._over = over
        self._session: Session | None = None
        self.first, self.second = ElidedLabel(), ElidedLabel()
        self.scores = label(tone="muted")
        self.buttons: dict[str, QPushButton] = {}
        top = QHBoxLayout()
        top.setSpacing(8)
        for sample, name in ((_Sample(True), self.first), (_Sample(False), self.second)):
            name.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
            name.setFixedWidth(96)
            top.addWidget(sample)
            top.addWidget(name)
            top.addSpacing(8)
        top.addStretch(1)
        top.addWidget(self.scores)
        self.scores.setMinimumWidth(
            self.scores.fontMetrics().horizontalAdvance("Dice 0.00 · HD95 1000 px · area −100 %")
        )
        self.scores.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label("Take", tone="muted"))
        for action, words in (*_BUTTONS, ("adjudicate", "Close")):
            button = QPushButton(words)
            button.setToolTip(actions[action].toolTip())
            button.setAccessibleName(actions[action].text() if action != "adjudicate" else "Close the comparison")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(actions[action].trigger)
            self.buttons[action] = button
            if action == "adjudicate":
                row.addStretch(1)
            row.addWidget(button)
        self.about = label("Edit as you like, then approve: that is the decision.", tone="muted", size="small")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(6)
        for part in (top, row):
            layout.addLayout(part)
        layout.addWidget(self.about)
        KeptInPlace(self, over, self._place)
        self.hide()

    def set_session(self, session: Session | None) -> None:
        """Follow another session."""
        self._session = session
        self._show()

    def apply(self, changes: Changes) -> None:
        """Follow what is compared."""
        if changes.review or changes.document or changes.tool:
            self._show()

    def _show(self) -> None:
        session = self._session
        dispute = None if session is None else session.adjudication.dispute
        # A proposal has the foot of the canvas until it is taken or dropped.
        if session is None or dispute is None or session.editor.proposing:
            self.hide()
            if dispute is None:
                self._over.keep_foot_clear(0)
            return
        self.first.set_full(dispute.pair.first.reader or "unnamed")
        self.second.set_full(dispute.pair.second.reader or "unnamed")
        scores = dispute.scores
        self.scores.setText(
            f"Dice {scores.dice:.2f} · HD95 {scores.hd95:.0f} px · area {100 * scores.area_difference:+z.0f} %".replace(
                "-", "−"
            )
        )
        for name, _ in _BUTTONS:
            self.buttons[name].setEnabled(not session.adjudication.busy)
        self.show()
        self.raise_()
        self._place()
        self._over.keep_foot_clear(self.height() + _ABOVE_FOOT)

    def _place(self) -> None:
        self.ensurePolished()
        self.adjustSize()
        self.move((self._over.width() - self.width()) // 2, self._over.height() - self.height() - _ABOVE_FOOT)
