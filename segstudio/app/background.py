"""Computing for a tool while the window stays live: one thread, and only the latest question is answered."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from segstudio.app.ports import Scheduler

log = logging.getLogger(__name__)

T = TypeVar("T")


class Background:
    """Main thread only; results come back there. ``begin`` is called on the thread first."""

    def __init__(self, scheduler: Scheduler, begin: Callable[[], None] | None = None) -> None:
        self._scheduler = scheduler
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tools", initializer=begin)
        self._waiting: Future[object] | None = None
        self._asked = 0

    @property
    def busy(self) -> bool:
        """True while an answer is still wanted."""
        return self._waiting is not None

    def ask(self, compute: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Call ``done`` with what ``compute`` gives, or ``failed``; whatever was asked before is given up."""
        self.forget()
        number = self._asked
        future: Future[T] = self._thread.submit(compute)
        self._waiting = future  # type: ignore[assignment]
        future.add_done_callback(
            lambda finished: self._scheduler.post(lambda: self._tell(number, finished, done, failed))
        )

    def keep(self, compute: Callable[[], T], done: Callable[[], None]) -> Future[T]:
        """Call ``compute`` when the thread is free, and ``done`` whatever came of it; nothing gives this up."""
        future = self._thread.submit(compute)
        future.add_done_callback(lambda _: self._scheduler.post(done))
        return future

    def forget(self) -> None:
        """Nobody wants the answer any more."""
        self._asked += 1
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def close(self) -> None:
        """Forget everything; returns when the thread is gone."""
        self.forget()
        self._thread.shutdown(cancel_futures=True)

    def _tell(
        self, number: int, finished: Future[T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> None:
        if number != self._asked or finished.cancelled():
            return
        self._waiting = None
        error = finished.exception()
        if isinstance(error, Exception):
            log.error("a tool could not compute what it was asked for", exc_info=error)
            failed(error)
        else:
            done(finished.result())
