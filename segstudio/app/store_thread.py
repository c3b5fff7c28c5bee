"""The one thread that owns the project database: every read and write of it goes through here, in order."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from segstudio.app.loader import give_way
from segstudio.app.ports import Scheduler
from segstudio.domain.errors import UserError
from segstudio.store.project_db import Project

T = TypeVar("T")

log = logging.getLogger(__name__)


def in_words(error: BaseException) -> str:
    """An error as a sentence for the user."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "The disk is full. Your work is kept: free some space on it, then try again."
    return f"Something went wrong ({error}). Your work is kept; the log has the details."


class StoreThread:
    """Runs calls on the project, one after the other, off the event loop.

    ``open_project`` is run on the thread itself, as SQLite wants it. A call that fails is told to ``on_failure``
    with its error and what it was for; the calls behind it still run. After ``close`` nobody is told of results that
    were still on their way: those who asked are gone.
    """

    def __init__(self, scheduler: Scheduler, on_failure: Callable[[Exception], None]) -> None:
        self._scheduler = scheduler
        self._on_failure = on_failure
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="beside-store", initializer=give_way)
        self._project: Project | None = None
        self._unfinished = 0
        self._closed = False

    @property
    def unfinished(self) -> int:
        """Calls handed in and not yet done, as the main thread knows it."""
        return self._unfinished

    def open(self, open_project: Callable[[], Project]) -> Future[Project]:
        """Open or create the project; the future holds it or the ``UserError``."""

        def call() -> Project:
            self._project = open_project()
            return self._project

        return self._executor.submit(call)

    def run(
        self,
        call: Callable[[Project], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> Future[T]:
        """Run ``call`` on the thread, then ``done`` with its result on the main thread.

        An error goes to ``failed`` if it is given, in place of ``on_failure``: whoever waits for the result needs it.
        """
        self._unfinished += 1
        future = self._executor.submit(self._run, call)
        future.add_done_callback(lambda finished: self._scheduler.post(lambda: self._finish(finished, done, failed)))
        return future

    def beside(self, compute: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Compute what the project is not needed for on a thread beside, so that no write waits; then as ``run``."""
        self._unfinished += 1
        future = self._beside.submit(compute)
        future.add_done_callback(lambda finished: self._scheduler.post(lambda: self._finish(finished, done, failed)))

    def ask(self, call: Callable[[Project], T]) -> T:
        """Run ``call`` and wait for it; for the command line and for closing, never while the window is in use."""
        return self._executor.submit(self._run, call).result()

    def close(self) -> None:
        """Wait for every call handed in, close the project, end the thread."""
        self._closed = True
        self._beside.shutdown()

        def call() -> None:
            if self._project is not None:
                self._project.close()
                self._project = None

        try:
            self._executor.submit(call).result()
        finally:
            self._executor.shutdown()

    def _run(self, call: Callable[[Project], T]) -> T:
        if self._project is None:
            raise RuntimeError("the project is not open")
        return call(self._project)

    def _finish(
        self, future: Future[T], done: Callable[[T], None] | None, failed: Callable[[Exception], None] | None
    ) -> None:
        self._unfinished -= 1
        error = future.exception()
        if error is not None and not isinstance(error, UserError):
            log.error("a call to the project failed", exc_info=error)
        if self._closed:
            return
        if error is not None:
            (failed or self._on_failure)(error if isinstance(error, Exception) else RuntimeError(repr(error)))
        elif done is not None:
            done(future.result())
