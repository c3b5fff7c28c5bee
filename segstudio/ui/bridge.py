"""The main thread's queue of calls, on Qt's event loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal


class QtScheduler(QObject):
    """The ``Scheduler`` port. Calls posted from any thread are made on the thread that made this, in order."""

    _posted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls: deque[Callable[[], None]] = deque()
        self._posted.connect(self._make_next, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], None]) -> None:
        """Make ``call`` in a later turn of the event loop. May be used from any thread."""
        self._calls.append(call)
        try:
            self._posted.emit()
        except RuntimeError:
            # The program has ended; a thread that is late has nobody to tell.
            self._calls.clear()

    def call_later(self, seconds: float, call: Callable[[], None]) -> QtLater:
        """Make ``call`` after ``seconds``. Main thread only."""
        return QtLater(self, seconds, call)

    def _make_next(self) -> None:
        # One call a turn: an error in one is reported by itself and the others are still made.
        if self._calls:
            self._calls.popleft()()


class QtLater:
    """One call to come."""

    def __init__(self, parent: QObject, seconds: float, call: Callable[[], None]) -> None:
        self._timer = QTimer(parent)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._timer.deleteLater)
        self._timer.timeout.connect(call)
        self._timer.start(round(seconds * 1000))

    def cancel(self) -> None:
        """Do not make the call; harmless once it was made."""
        try:
            self._timer.stop()
            self._timer.deleteLater()
        except RuntimeError:
            return
