"""The worker as a child process: JSON lines on its stdin and stdout, its last words from stderr.

Plain ``subprocess`` and a thread for each pipe, so that the window and the command line share one implementation. The
child ends when its stdin closes, so a window that is killed leaves no orphan.
"""

from __future__ import annotations

import logging
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from segstudio.app.ports import Scheduler
from segstudio.protocol.codec import ProtocolError, decode, encode
from segstudio.protocol.messages import FromWorker, Shutdown, ToWorker

log = logging.getLogger(__name__)

# -P: whatever lies in the folder that the program was started from, perhaps among downloaded images, is not imported.
WORKER = (sys.executable, "-P", "-m", "segstudio.worker")

WORKER_ALONE = (*WORKER, "--every-core")
"""Where nobody paints meanwhile."""

LAST_WORDS = 30
"""Lines of stderr that are kept for the reason shown after a crash."""


class WorkerProcess:
    """One child process; both listeners are called on the main thread."""

    def __init__(
        self,
        scheduler: Scheduler,
        on_message: Callable[[FromWorker], None],
        on_exit: Callable[[str], None],
        command: tuple[str, ...] = WORKER,
    ) -> None:
        self._scheduler = scheduler
        self._on_message = on_message
        self._on_exit = on_exit
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._threads: list[threading.Thread] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._last_words: deque[str] = deque(maxlen=LAST_WORDS)

    @property
    def pid(self) -> int | None:
        """Process id, None before the start."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the child and the threads at its pipes; one that cannot be started has ended."""
        try:
            self._process = subprocess.Popen(  # noqa: S603  (a fixed command, no shell)
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                creationflags=_windows_flags(),
            )
        except OSError as error:
            words = f"it could not be started: {error}"
            # Not at once: whoever is sending its first message is not ready to hear of the end.
            self._scheduler.post(lambda: self._on_exit(words))
            return
        self._threads = [
            threading.Thread(target=self._read_errors, name="worker-stderr", daemon=True),
            threading.Thread(target=self._read_messages, name="worker-stdout", daemon=True),
            threading.Thread(target=self._write, name="worker-stdin", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def send(self, message: ToWorker) -> None:
        """Have one line written; returns at once, also if the child reads nothing.

        A child that is gone is noticed by its reader, not here.
        """
        if self._process is not None:
            self._lines.put(encode(message))

    def stop(self, grace: float = 2.0) -> None:
        """Shut down kindly, then terminate, then kill; returns when the child and its threads are gone."""
        process = self._process
        if process is None:
            return
        self.send(Shutdown())
        self._lines.put(None)
        for end in (process.terminate, process.kill):
            try:
                process.wait(grace)
                break
            except subprocess.TimeoutExpired:
                end()
        process.wait()
        for thread in self._threads:
            thread.join(grace)

    def kill(self) -> None:
        """End the child at once."""
        if self._process is not None:
            self._process.kill()

    def _write(self) -> None:
        """Write what is sent until None comes. Not where it is sent: the pipe to a child that hangs is soon full."""
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(OSError), self._process.stdin as pipe:
            while (line := self._lines.get()) is not None:
                pipe.write(line)
                pipe.flush()

    def _read_messages(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                try:
                    message = decode(line)
                except ProtocolError:
                    log.exception("the worker sent a line that is no message")
                    continue
                self._scheduler.post(lambda message=message: self._on_message(message))  # type: ignore[misc]
        code = process.wait()
        self._lines.put(None)
        self._threads[0].join()
        words = "\n".join(self._last_words)
        self._scheduler.post(lambda: self._on_exit(f"exit code {code}\n{words}".strip()))

    def _read_errors(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self._last_words.append(line.rstrip())
                log.info("worker: %s", line.rstrip())


def _windows_flags() -> int:
    """For Windows: no console, and the window goes first where both want a core; elsewhere the worker sees to that."""
    names = ("CREATE_NO_WINDOW", "BELOW_NORMAL_PRIORITY_CLASS")
    return sum(getattr(subprocess, name, 0) for name in names)
