"""A key that is held, seen for what it is where the system tells of it as of one that is pressed again and again."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeyEvent


class StillDown:
    """Hears the keys of a window on a ``platform``, as Qt names it.

    X11 tells of a key that repeats as of one that comes up and goes down again in the same millisecond, and now and
    then Qt takes that for two presses of a hand: a resting finger would approve images that nobody looked at.
    """

    def __init__(self, platform: str) -> None:
        self._mistaken = platform == "xcb"
        self._up: tuple[int, int] | None = None

    def repeats(self, event: QEvent) -> bool:
        """Whether ``event`` is mistaken for another press of a key that is still down; notes keys that come up.

        What Qt itself sees to be a repetition is none: undo repeats, approval does not.
        """
        if not self._mistaken or not isinstance(event, QKeyEvent) or event.isAutoRepeat():
            return False
        told = event.key(), event.timestamp()
        if event.type() == QEvent.Type.KeyRelease:
            self._up = told
        return event.type() == QEvent.Type.ShortcutOverride and told == self._up
