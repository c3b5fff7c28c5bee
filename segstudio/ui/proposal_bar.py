"""What is proposed, and what may be done with it: a bar at the foot of the canvas while a proposal is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QPushButton

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.app.tools import ToolAction
from segstudio.ui.canvas.seen_view import SeenView
from segstudio.ui.keys import key_text
from segstudio.ui.widgets import KeptInPlace, label

_ABOVE_FOOT = 16
_BESIDE = 8
# What is worked out sooner than this needs no word: it would flash by.
_SLOW_MS = 150
_APPLY, _DROP = "Apply", "Drop"


class ProposalBar(QFrame):
    """Lies over the canvas, so that nothing moves when it comes and goes; in two rows where the canvas is narrow."""

    def __init__(self, over: SeenView) -> None:
        super().__init__(over)
        self.setObjectName("banner")
        self._over = over
        self._session: Session | None = None
        self._shown: tuple[ToolAction, ...] = ()
        self._waited = False
        self.title = label(size="strong")
        self.state = label(tone="muted")
        self.actions_row: list[QPushButton] = []
        self.apply_button = QPushButton(_APPLY)
        self.apply_button.setProperty("primary", True)
        self.apply_button.setToolTip("Put it into the mask (Enter)")
        self.apply_button.setAccessibleName("Put what is proposed into the mask")
        self.apply_button.clicked.connect(lambda: self._ask("commit"))
        self.drop_button = QPushButton(_DROP)
        self.drop_button.setToolTip("Drop it (Esc)")
        self.drop_button.setAccessibleName("Drop what is proposed")
        self.drop_button.clicked.connect(lambda: self._ask("abandon"))
        self._slow = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self._slow.timeout.connect(self._show)
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._rows.setContentsMargins(12, 6, 6, 6)
        self._rows.setSpacing(8)
        self._what, self._ending = QHBoxLayout(), QHBoxLayout()
        for text in (self.title, self.state):
            self._what.addWidget(text)
        self._ending.addStretch(1)
        for button in (self.apply_button, self.drop_button):
            self._ending.addWidget(button)
        for row in (self._what, self._ending):
            row.setSpacing(8)
            self._rows.addLayout(row)
        for button in (self.apply_button, self.drop_button):
            # The keys belong to the canvas: Enter and Esc do the same there.
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        KeptInPlace(self, over, self._place)
        self.hide()

    def set_session(self, session: Session | None) -> None:
        """Follow another session."""
        self._session = session
        self._show()

    def apply(self, changes: Changes) -> None:
        """Follow what is proposed."""
        if changes.tool or changes.preview or changes.document:
            self._show()

    def _show(self) -> None:
        editor = None if self._session is None else self._session.editor
        if editor is None or not editor.proposing:
            self._slow.stop()
            self._waited = False
            self.hide()
            return
        self.title.setText(editor.tool.title)
        if self.isHidden():
            # Where the mask is hidden, so is what would come into it, and nobody takes what they have not seen.
            self._over.set_mask_shown(True)
        if not editor.computing:
            self._slow.stop()
            nothing = editor.tool.paints and editor.preview.changes_nothing
            self._say("nothing to change" if nothing else "", not nothing)
        elif self._waited and not self._slow.isActive():
            self._say("working…", False)
        elif not self._slow.isActive():
            if self.isHidden():
                self._say("", False)
            self._slow.start()
        self._waited = editor.computing
        # A ruler asks by itself once its line is drawn: there is nothing to put into the mask.
        self.apply_button.setVisible(editor.tool.paints)
        self._show_actions(editor.tool.actions)
        self.show()
        self.raise_()
        self._place()

    def _show_actions(self, actions: tuple[ToolAction, ...]) -> None:
        if actions == self._shown:
            return
        self._shown = actions
        for button in self.actions_row:
            self._what.removeWidget(button)
            button.deleteLater()
        self.actions_row = []
        for place, action in enumerate(actions):
            button = QPushButton(action.label)
            button.setToolTip(f"{action.label} ({key_text(action.key)})" if action.key else action.label)
            button.setAccessibleName(action.label)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, action=action: self._act(action))
            self._what.insertWidget(2 + place, button)
            self.actions_row.append(button)

    def _say(self, state: str, may_apply: bool) -> None:
        self.state.setText(state)
        self.state.setVisible(bool(state))
        self.apply_button.setEnabled(may_apply)

    def _act(self, action: ToolAction) -> None:
        if self._session is not None:
            self._session.editor.act(action)

    def _ask(self, what: str) -> None:
        if self._session is not None:
            getattr(self._session.editor, what)()

    def _place(self) -> None:
        # Buttons that were just put in are hidden until the next turn, and would be left no room.
        for button in self.actions_row:
            button.show()
        self.ensurePolished()
        rows, across, down = self._rows, QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        for direction, titled in ((across, True), (down, True), (down, False)):
            rows.setDirection(direction)
            self.title.setVisible(titled)
            # Each by itself: the outer one would only ask for what the inner ones remember.
            for row in (self._what, self._ending, rows):
                row.invalidate()
            self.adjustSize()
            if self.width() <= self._over.width() - 2 * _BESIDE:
                break
        self.move((self._over.width() - self.width()) // 2, self._over.height() - self.height() - _ABOVE_FOOT)
