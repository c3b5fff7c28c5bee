"""Autosave: every change is written at once, in order, on the store thread; nothing is dropped on failure."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from segstudio.app.loader import give_back_memory
from segstudio.app.ports import Cancellable, Scheduler
from segstudio.app.store_thread import StoreThread
from segstudio.domain.errors import UserError
from segstudio.store.project_db import Project

log = logging.getLogger(__name__)

GIVE_BACK_AFTER = 1.5
"""Seconds without a write after which the memory that writes left over goes back to the system."""

_MANY = 16
"""Writes that leave enough for that: two hundred of them leave some 20 MB, which takes 8 ms to give back."""


@dataclass(frozen=True, slots=True)
class SaveStatus:
    """Whether the work is on disk; ``sentence`` says what to do when it is not."""

    state: Literal["saved", "saving", "failed"]
    sentence: str


class Saver:
    """A queue of writes. A write that fails stays at its head and is tried again before any later one."""

    def __init__(self, store: StoreThread, scheduler: Scheduler, on_change: Callable[[], None]) -> None:
        self._store = store
        self._scheduler = scheduler
        self._left_over = 0
        self._giving_back: Cancellable | None = None
        self._on_change = on_change
        self._queue: deque[Callable[[Project], object]] = deque()
        self._lock = threading.Lock()
        self._running = 0
        self._failure = ""

    @property
    def status(self) -> SaveStatus:
        """As shown to the user."""
        if self._failure:
            return SaveStatus("failed", self._failure)
        if self._running:
            return SaveStatus("saving", "Saving…")
        return SaveStatus("saved", "All saved")

    def save(self, write: Callable[[Project], object]) -> None:
        """Hand in one write, a transaction of its own."""
        with self._lock:
            self._queue.append(write)
        self.retry()

    def retry(self) -> None:
        """Try what is waiting now."""
        self._running += 1
        self._left_over += 1
        self._keep_memory()
        if self._running == 1:
            self._on_change()
        self._store.run(self._flush, self._flushed)

    def drain(self) -> bool:
        """Wait until all is written; False if something could not be."""
        self._keep_memory()
        self._failure = self._store.ask(self._flush)
        return not self._failure

    def _flush(self, project: Project) -> str:
        while True:
            with self._lock:
                if not self._queue:
                    return ""
                write = self._queue[0]
            try:
                write(project)
            except UserError as error:
                return str(error)
            except Exception:
                log.exception("a change could not be saved")
                return "A change could not be saved. It is still in this window: keep it open and try again."
            with self._lock:
                self._queue.popleft()

    def _flushed(self, failure: str) -> None:
        self._running -= 1
        changed = failure != self._failure or self._running == 0
        self._failure = failure
        if changed:
            self._on_change()
        if self._running == 0 and self._left_over >= _MANY:
            self._giving_back = self._scheduler.call_later(GIVE_BACK_AFTER, self._give_back)

    def _give_back(self) -> None:
        self._left_over = 0
        self._store.run(lambda _: give_back_memory())

    def _keep_memory(self) -> None:
        if self._giving_back is not None:
            self._giving_back.cancel()
            self._giving_back = None
