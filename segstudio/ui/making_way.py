"""A window that lies over the main one makes way for the image that is opened from it, and comes back as it was."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from segstudio.app.changes import Message

_COVERED = 0.2
"""The share of the main window that may be covered by a window that stays."""
_KEY = "made way"


@runtime_checkable
class _Main(Protocol):
    def show_message(self, message: Message) -> None: ...


def make_way(window: QWidget) -> None:
    """Hide ``window``, and those that it was opened from, where they hide the image that was opened.

    The system keeps them above the main window, so on a small screen the image would open unseen. Hidden they keep
    what they show: an evaluation may have taken minutes. The main window offers to show them again.
    """
    opened = []
    main = window
    while (parent := main.parentWidget()) is not None:
        opened.append(main)
        main = parent.window()
    hiding = [each for each in reversed(opened) if each.isVisible() and _covers(each, main)]
    if not hiding or not isinstance(main, _Main):
        return
    for each in hiding:
        each.hide()
    main.activateWindow()
    words = f"“{window.windowTitle()}” made way for the image."
    main.show_message(Message(words, action="Show it again", on_action=lambda: come_forward(*hiding), key=_KEY))


def come_forward(*windows: QWidget) -> None:
    """Show windows above all others, the last at the top, those that made way, too."""
    for window in windows:
        if isValid(window):
            window.show()
            window.raise_()
            window.activateWindow()


def _covers(window: QWidget, main: QWidget) -> bool:
    common = window.frameGeometry() & main.frameGeometry()
    return common.width() * common.height() > _COVERED * main.width() * main.height()
