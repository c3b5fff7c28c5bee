"""What is proposed, and what may be done with it: a bar at the foot of the canvas while a proposal is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.app.tools import ToolAction
from segstudio.ui.widgets import KeptInPlace, label

_ABOVE_FOOT = 16
_APPLY, _DROP = "Apply", "Drop"


class ProposalBar(QFrame):
    """Lies over the canvas, so that nothing moves when it comes and goes."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("banner")
        self._over = over
        self._session: Session | None = None
        self._shown: tuple[ToolAction, ...] = ()
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
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(12, 6, 6, 6)
        self._layout.setSpacing(8)
        for widget in (self.title, self.state, self.apply_button, self.drop_button):
            self._layout.addWidget(widget)
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
            self.hide()
            return
        self.title.setText(editor.tool.title)
        nothing = editor.preview.changes_nothing
        self.state.setText("working…" if editor.computing else "nothing to change" if nothing else "")
        self.state.setVisible(bool(self.state.text()))
        self.apply_button.setEnabled(not editor.computing and not nothing)
        self._show_actions(editor.tool.actions)
        self.show()
        self.raise_()
        self._place()

    def _show_actions(self, actions: tuple[ToolAction, ...]) -> None:
        if actions == self._shown:
            return
        self._shown = actions
        for button in self.actions_row:
            self._layout.removeWidget(button)
            button.deleteLater()
        self.actions_row = []
        for place, action in enumerate(actions):
            button = QPushButton(action.label)
            button.setToolTip(f"{action.label} ({action.key})" if action.key else action.label)
            button.setAccessibleName(action.label)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, action=action: self._act(action))
            self._layout.insertWidget(2 + place, button)
            self.actions_row.append(button)

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
        self.adjustSize()
        self.move((self._over.width() - self.width()) // 2, self._over.height() - self.height() - _ABOVE_FOOT)
