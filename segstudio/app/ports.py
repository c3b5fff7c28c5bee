"""What the presenter needs from outside, so that the window, the command line and tests can each give it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from segstudio.protocol.messages import FromWorker, ToWorker


class Cancellable(Protocol):
    """A call that has not been made yet."""

    def cancel(self) -> None:
        """Do not make the call; harmless once it was made."""


class Scheduler(Protocol):
    """The main thread's queue of calls."""

    def post(self, call: Callable[[], None]) -> None:
        """Make ``call`` on the main thread, in order. May be used from any thread."""

    def call_later(self, seconds: float, call: Callable[[], None]) -> Cancellable:
        """Make ``call`` on the main thread after ``seconds``. Main thread only."""


class WorkerPort(Protocol):
    """A worker process; its messages reach the listener on the main thread."""

    def start(self) -> None:
        """Start the process; ``Ready`` follows, or the exit listener is called."""

    def send(self, message: ToWorker) -> None:
        """Send one message; does nothing once the process has ended."""

    def stop(self, grace: float = 2.0) -> None:
        """Ask the process to end, then terminate, then kill it; returns when it is gone."""

    def kill(self) -> None:
        """End the process at once; the exit listener follows."""


WorkerFactory = Callable[[Callable[[FromWorker], None], Callable[[str], None]], WorkerPort]
"""Makes a worker from a message listener and an exit listener; the latter is given the process's last words."""
