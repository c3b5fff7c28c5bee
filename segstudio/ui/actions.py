"""The table of actions as Qt's own, kept true."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from segstudio.ui.action import Action, Run
from segstudio.ui.action_table import ACTIONS
from segstudio.ui.commands import Commands
from segstudio.ui.icons import icon
from segstudio.ui.keys import key_text, sequence
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import as_typed, without_key

MENU_KEYS = {"Model": "M&odel"}
"""Menus whose first letter another one has: the letter that opens them with Alt."""


class Actions:
    """The table's rows as ``QAction``s, kept true by ``refresh``."""

    def __init__(self, window: QWidget, commands: Commands, theme: Theme) -> None:
        self._commands = commands
        self._theme = theme
        self.by_id: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        for row in ACTIONS:
            action = self._make(window, row)
            self.by_id[row.id] = action
            if row.group:
                groups.setdefault(row.group, QActionGroup(window)).addAction(action)
            window.addAction(action)
        theme.changed.connect(self.refresh_icons)
        self.refresh_icons()

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Make the menus; returns them by their path."""
        menus: dict[str, QMenu] = {}
        for row in ACTIONS:
            path = row.menu.lstrip("-")
            menu = _menu(bar, menus, path)
            if row.menu.startswith("-"):
                menu.addSeparator()
            menu.addAction(self.by_id[row.id])
        for menu in menus.values():
            menu.aboutToShow.connect(self.refresh)
        return menus

    def refresh(self) -> None:
        """Enable, check and word every action as things stand."""
        for row in ACTIONS:
            action = self.by_id[row.id]
            enabled = row.enabled(self._commands)
            if row.menu == "Mask/Segment":
                action.setVisible(enabled)
            action.setEnabled(enabled)
            if row.checked is not None:
                action.setChecked(row.checked(self._commands))
            if row.words is not None:
                words = row.words(self._commands)
                action.setText(without_key(words))
                action.setToolTip(as_typed(tip(words, row.keys)))

    def refresh_icons(self) -> None:
        """Icons in the theme's colours."""
        for row in ACTIONS:
            if row.icon:
                self.by_id[row.id].setIcon(icon(row.icon, self._theme.tokens))

    def _make(self, window: QWidget, row: Action) -> QAction:
        action = QAction(row.text, window)
        action.setObjectName(row.id)
        action.setShortcuts([sequence(key) for key in row.keys])
        if row.on_canvas:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.setAutoRepeat(row.id in ("undo", "redo", "next", "previous", "smaller", "larger", "zoom_in", "zoom_out"))
        action.setCheckable(row.checked is not None)
        action.setToolTip(tip(row.text, row.keys))
        action.triggered.connect(lambda _=False, run=row.run: self._run(run))
        return action

    def _run(self, run: Run) -> None:
        run(self._commands)
        self.refresh()


def tip(text: str, keys: Iterable[str]) -> str:
    """What a tooltip says: the action and its first key."""
    first = next(iter(keys), "")
    name = text.rstrip("…")
    return f"{name} ({key_text(first)})" if first else name


def _menu(bar: QMenuBar, menus: dict[str, QMenu], path: str) -> QMenu:
    if path not in menus:
        parent, _, name = path.rpartition("/")
        menus[path] = (
            _menu(bar, menus, parent).addMenu(name) if parent else bar.addMenu(MENU_KEYS.get(name, f"&{name}"))
        )
        menus[path].setToolTipsVisible(False)
    return menus[path]
