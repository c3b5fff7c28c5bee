"""Keys that do something while they are held: one table, and what keeps track of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from PySide6.QtGui import QKeyEvent

if TYPE_CHECKING:
    from segstudio.app.editor import Editor
    from segstudio.ui.canvas.canvas import Canvas

HELD_MS = 250
"""A key that is let go sooner was tapped."""

STILL_DOWN_MS = 20
"""A key that goes down again sooner than that was held all the while: X11 tells of a key that repeats as of one that
comes up and goes down again, and Qt does not always see through it."""

Do = Callable[["Canvas"], None]


@dataclass(frozen=True)
class Hold:
    """One key, what it does in words for the sheet of shortcuts, and what happens when it goes down and up.

    ``let_go`` is called at once, also if the key turns out to have been held all the while.
    """

    key: Qt.Key
    name: str
    text: str
    press: Do
    release: Do
    let_go: Do = lambda _: None


# fmt: off
HOLDS = (
    Hold(Qt.Key.Key_Space, "Space", "The bare image; drag moves it",
         lambda c: c.show_held("none"), lambda c: c.drop_held("none")),
    Hold(Qt.Key.Key_V, "V", "The model's mask alone",
         lambda c: c.show_held("prediction"), lambda c: c.drop_held("prediction")),
    Hold(Qt.Key.Key_D, "D", "What was corrected",
         lambda c: c.show_held("difference"), lambda c: c.drop_held("difference")),
    Hold(Qt.Key.Key_X, "X", "Superpixels, then the tool before",
         lambda c: c.lend_tool("superpixels"), lambda c: c.return_tool(), lambda c: c.note_let_go()),
)
# fmt: on


class HeldKeys:
    """Which keys of ``HOLDS`` are down."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._down: list[Hold] = []
        self._let_go: list[Hold] = []
        self._timer = QTimer(canvas)
        self._timer.setSingleShot(True)
        self._timer.setInterval(STILL_DOWN_MS)
        self._timer.timeout.connect(self._come_up)

    def is_down(self, key: Qt.Key) -> bool:
        """True while ``key`` is held."""
        return any(hold.key == key for hold in self._down)

    def wants(self, event: QKeyEvent) -> bool:
        """True for a key of the table that is pressed by itself: with others it means something else."""
        return event.modifiers() == Qt.KeyboardModifier.NoModifier and _hold_of(event) is not None

    def press(self, event: QKeyEvent) -> bool:
        """A key went down; False if it is not one of these."""
        hold = _hold_of(event)
        if hold is None or not self.wants(event):
            return False
        if hold in self._let_go:
            self._let_go.remove(hold)
        elif not event.isAutoRepeat() and hold not in self._down:
            self._down.append(hold)
            hold.press(self._canvas)
        return True

    def release(self, event: QKeyEvent) -> bool:
        """A key came up, which counts a moment later; False if it was not held."""
        hold = _hold_of(event)
        if hold is None or hold not in self._down:
            return False
        if not event.isAutoRepeat() and hold not in self._let_go:
            self._let_go.append(hold)
            hold.let_go(self._canvas)
            self._timer.start()
        return True

    def release_all(self) -> None:
        """Keys that are let go elsewhere are not heard of: all come up now."""
        for hold in self._down:
            if hold not in self._let_go:
                hold.let_go(self._canvas)
        self._let_go = self._down[::-1]
        self._come_up()

    def _come_up(self) -> None:
        self._timer.stop()
        while self._let_go:
            hold = self._let_go.pop(0)
            self._down.remove(hold)
            hold.release(self._canvas)
        self._canvas.update_cursor()
        self._canvas.update_mark()


class LentTool:
    """A tool for as long as its key is held; a tap keeps it."""

    def __init__(self) -> None:
        self._clock = QElapsedTimer()
        self._before = self._lent = ""
        self._used = False
        self._long = False
        self._due = False

    def lend(self, editor: Editor, name: str) -> None:
        """Take a tool in hand until its key comes up."""
        self._before, self._lent, self._used, self._due = editor.tool_name, name, False, False
        self._clock.start()
        # A build without that tool: the key does nothing.
        with suppress(KeyError):
            editor.set_tool(name)

    def note_use(self) -> None:
        """Something was done with the tool in hand."""
        self._used = True

    def note_let_go(self) -> None:
        """The key is up, for now."""
        self._long = self._clock.elapsed() >= HELD_MS

    def give_back(self, editor: Editor, painting: bool) -> None:
        """The key came up: the tool before, unless it was a tap; at the end of the stroke if there is one."""
        self._due = bool(self._before) and (self._used or self._long)
        if not painting:
            self.settle(editor)

    def settle(self, editor: Editor) -> None:
        """No stroke is under way: what waited for that happens now."""
        if self._due:
            self._due = False
            before, self._before = self._before, ""
            # Another tool that was chosen meanwhile is what is wanted.
            if editor.tool_name == self._lent != before:
                editor.set_tool(before)


def _hold_of(event: QKeyEvent) -> Hold | None:
    return next((hold for hold in HOLDS if hold.key == event.key()), None)
