"""Autosave: every change is written at once, in order, on the store thread; nothing is dropped on failure."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from segstudio.app.changes import Message
from segstudio.app.loader import give_back_memory
from segstudio.app.ports import Cancellable, Scheduler
from segstudio.app.store_thread import StoreThread
from segstudio.domain.errors import UserError
from segstudio.store.project_db import Project

log = logging.getLogger(__name__)

GIVE_BACK_AFTER = 1.5
"""Seconds without a write after which the memory that writes left over goes back to the system."""

TRY_AGAIN_AFTER = 5.0
"""Seconds after which what the disk refused is tried again unasked: room is made, a drive comes back, a scan ends."""

_OUR_FAULT = "A change could not be saved. It is still in this window: keep it open and try again."

_MANY = 16
"""Writes that leave enough for that: two hundred of them leave some 20 MB, which takes 8 ms to give back."""


@dataclass(frozen=True, slots=True)
class SaveStatus:
    """Whether the work is on disk; ``sentence`` says what to do when it is not."""

    state: Literal["saved", "saving", "failed"]
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A write, and the image that it is of; None for what is of no image, or of several."""

    write: Callable[[Project], object]
    image_id: int | None


class Saver:
    """A queue of writes, done in order. One that fails stays in it and is tried again before any later one.

    Where it fails by a fault of ours and not of the disk's, other images' work must not wait for it for ever: then only
    what is of the same image waits, in its order. Where the disk is at fault it is tried again every few seconds, since
    nobody may paint on or press a button before the program ends.
    """

    def __init__(self, store: StoreThread, scheduler: Scheduler, on_change: Callable[[], None]) -> None:
        self._store = store
        self._scheduler = scheduler
        self._left_over = 0
        self._giving_back: Cancellable | None = None
        self._trying_again: Cancellable | None = None
        self._on_change = on_change
        self._queue: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._running = 0
        self._failure = ""
        self.on_recovered: Callable[[], None] = lambda: None
        """What could not be written for a while is written: what else failed for that reason may be tried again."""

    @property
    def status(self) -> SaveStatus:
        """As shown to the user."""
        if self._failure:
            return SaveStatus("failed", self._failure)
        if self._running:
            return SaveStatus("saving", "Saving…")
        return SaveStatus("saved", "All saved")

    @property
    def unsaved(self) -> Message:
        """What to say where something could not be written."""
        return Message(self.status.sentence, "trouble", "Try again", self.retry, key="saving")

    def save(self, write: Callable[[Project], object], image_id: int | None = None) -> None:
        """Hand in one write, a transaction of its own, and the image that it is of, if it is of one."""
        with self._lock:
            self._queue.append(_Waiting(write, image_id))
        self.retry()

    def retry(self) -> None:
        """Try what is waiting now."""
        self._forget_trying()
        self._running += 1
        self._left_over += 1
        self._keep_memory()
        if self._running == 1:
            self._on_change()
        self._store.run(self._flush, self._flushed)

    def drain(self) -> bool:
        """Wait until all is written; False if something could not be."""
        self._keep_memory()
        self._forget_trying()
        self._failure = self._store.ask(self._flush)
        self._try_again_later()
        return not self._failure

    def _flush(self, project: Project) -> str:
        stuck: set[int] = set()
        while (waiting := self._next(stuck)) is not None:
            try:
                waiting.write(project)
            except UserError as error:
                return str(error)
            except Exception:
                log.exception("a change could not be saved")
                if waiting.image_id is None:
                    return _OUR_FAULT
                stuck.add(waiting.image_id)
            else:
                with self._lock:
                    self._queue.remove(waiting)
        return _OUR_FAULT if stuck else ""

    def _next(self, stuck: set[int]) -> _Waiting | None:
        """The first write that is of none of the images that are ``stuck``."""
        with self._lock:
            return next((one for one in self._queue if one.image_id is None or one.image_id not in stuck), None)

    def _flushed(self, failure: str) -> None:
        self._running -= 1
        changed = failure != self._failure or self._running == 0
        recovered = bool(self._failure) and not failure
        self._failure = failure
        if changed:
            self._on_change()
        if recovered:
            self.on_recovered()
        self._try_again_later()
        if self._running == 0 and self._left_over >= _MANY:
            self._giving_back = self._scheduler.call_later(GIVE_BACK_AFTER, self._give_back)

    def _try_again_later(self) -> None:
        """A fault of ours is not one that mends itself."""
        self._forget_trying()
        if self._failure and self._failure != _OUR_FAULT and self._running == 0:
            self._trying_again = self._scheduler.call_later(TRY_AGAIN_AFTER, self.retry)

    def _forget_trying(self) -> None:
        if self._trying_again is not None:
            self._trying_again.cancel()
            self._trying_again = None

    def _give_back(self) -> None:
        self._left_over = 0
        self._store.run(lambda _: give_back_memory())

    def _keep_memory(self) -> None:
        if self._giving_back is not None:
            self._giving_back.cancel()
            self._giving_back = None
