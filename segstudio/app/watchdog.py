"""Ends a worker that hangs: one that was asked for something and has said nothing for long."""

from __future__ import annotations

import logging
from collections.abc import Callable

from segstudio.app.ports import Scheduler
from segstudio.app.worker_link import WorkerLink
from segstudio.protocol.messages import FromWorker

TICK = 10.0
"""Seconds between two looks."""

PATIENCE = 12
"""Looks without a word from a worker that has something to do before it is ended. A training worker speaks every
second; the rest is room for a slow disk to load its libraries. Looks are counted instead of seconds, because a laptop
that slept wakes up to a single late look."""

log = logging.getLogger(__name__)


class Watchdog:
    """Looks every ``TICK`` seconds until ``stop``; main thread only."""

    def __init__(self, scheduler: Scheduler, link: WorkerLink, busy: Callable[[], bool]) -> None:
        self._scheduler = scheduler
        self._link = link
        self._busy = busy
        self._silent = 0
        link.on_message.append(self._hear)
        self._next = scheduler.call_later(TICK, self._look)

    def stop(self) -> None:
        """Look no more."""
        self._next.cancel()

    def _hear(self, _message: FromWorker) -> None:
        self._silent = 0

    def _look(self) -> None:
        self._silent = self._silent + 1 if self._busy() else 0
        if self._silent >= PATIENCE:
            self._silent = 0
            log.error("the worker said nothing for %.0f s and is ended", TICK * PATIENCE)
            self._link.kill("it no longer answered")
        self._next = self._scheduler.call_later(TICK, self._look)
