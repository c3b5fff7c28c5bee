"""A quiet sentence above the image, with at most one thing to do. It lies over the canvas, so nothing moves."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from segstudio.app.changes import Message
from segstudio.ui.icons import icon
from segstudio.ui.keys import native
from segstudio.ui.theme import ICON, Theme
from segstudio.ui.widgets import IconButton, KeptInPlace

INFO_SHOWN_MS = 8000
_WIDEST = 720
_MARGIN = 12
_NARROWEST = 160
"""A sentence that would have less room than that has all of it: what there is to do goes below."""


class Banner(QFrame):
    """Shows one message; trouble stays until it is dismissed, other news goes, but not from under the pointer."""

    def __init__(self, theme: Theme, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("banner")
        self._theme = theme
        self._over = over
        self.message: Message | None = None
        self._glyph = QLabel()
        self.sentence = QLabel()
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action = QPushButton()
        self.action.setProperty("flat", True)
        self.action.clicked.connect(self._on_action)
        self.dismiss = IconButton(theme, "x", "Dismiss this message", side=24)
        self.dismiss.clicked.connect(self.clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.setSpacing(8)
        self._row = row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._glyph)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.action)
        row.addWidget(self.dismiss)
        layout.addLayout(row)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(INFO_SHOWN_MS)
        self._timer.timeout.connect(self._on_time_up)
        KeptInPlace(self, over, self._place)
        theme.changed.connect(self._refresh)
        self.hide()

    def show_message(self, message: Message) -> None:
        """Show ``message`` in place of any before it."""
        self.message, sentence = message, native(message.sentence)
        self.sentence.setText(sentence)
        action = message.action or ("Open" if message.place is not None else "")
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.action.setAccessibleName(action if message.place is None else f"{action} {message.place.name}")
        self.setAccessibleName(sentence)
        self._refresh()
        self._place()
        self.show()
        self.raise_()
        if message.kind == "info":
            self._timer.start(INFO_SHOWN_MS * (3 if action else 1))
        else:
            self._timer.stop()

    def clear(self) -> None:
        """Take the message away; the keyboard goes back to what it lay over, not on to the next field."""
        self._timer.stop()
        self.message = None
        if self.action.hasFocus() or self.dismiss.hasFocus():
            self._over.setFocus()
        self.hide()

    def _on_time_up(self) -> None:
        if self.underMouse():
            # A click that is on its way to it would paint on what lies below.
            self._timer.start(INFO_SHOWN_MS)
        else:
            self.clear()

    def _on_action(self) -> None:
        message = self.message
        self.clear()
        if message is not None and message.on_action is not None:
            message.on_action()
        elif message is not None and message.place is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(message.place)))

    def _refresh(self) -> None:
        tokens = self._theme.tokens
        trouble = self.message is not None and self.message.kind == "trouble"
        name, color = ("warning", tokens.warn) if trouble else ("info", tokens.accent)
        self._glyph.setPixmap(icon(name, tokens, color).pixmap(ICON, ICON))

    def _place(self) -> None:
        room = max(200, self._over.width() - 2 * _MARGIN)
        self.ensurePolished()
        self._put_action(below=False)
        # A sentence that changes tells the layout round the row, and the row only in the next turn: until then it
        # would answer with the width of the sentence before.
        self._row.invalidate()
        taken = self.sizeHint().width() - self.sentence.sizeHint().width()
        text = self.sentence.fontMetrics().horizontalAdvance(self.sentence.text()) + 8
        width = min(room, _WIDEST, taken + text)
        beside = 0 if self.action.isHidden() else self.action.sizeHint().width() + self._row.spacing()
        below = beside > 0 and width - taken < min(text, _NARROWEST)
        self._put_action(below)
        lines = self.sentence.heightForWidth(width - taken + (beside if below else 0))
        foot = self.action.sizeHint().height() + self._row.spacing() if below else 0
        self.setFixedSize(width, max(40, lines + 16) + foot)
        self.move((self._over.width() - width) // 2, _MARGIN)

    def _put_action(self, below: bool) -> None:
        """Beside the sentence, or below it."""
        whole = self.layout()
        assert isinstance(whole, QVBoxLayout)
        if below and self._row.indexOf(self.action) >= 0:
            self._row.removeWidget(self.action)
            whole.addWidget(self.action, 0, Qt.AlignmentFlag.AlignRight)
        elif not below and self._row.indexOf(self.action) < 0:
            whole.removeWidget(self.action)
            self._row.insertWidget(self._row.indexOf(self.dismiss), self.action)
