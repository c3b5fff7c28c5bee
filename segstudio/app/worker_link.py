"""Keeps a worker at hand: started on first need, handshake, restart after a crash."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable

from segstudio.app.ports import WorkerFactory, WorkerPort
from segstudio.protocol.messages import PROTOCOL_VERSION, FromWorker, Ready, ToWorker

log = logging.getLogger(__name__)


class WorkerLink:
    """Sends messages to the worker, starting one if need be, and hands its messages on.

    ``on_lost`` is called when a worker ended that nobody had stopped, with its last words; what had been asked of it
    is forgotten, and the next message starts a new one.
    """

    def __init__(self, factory: WorkerFactory) -> None:
        self._factory = factory
        self._worker: WorkerPort | None = None
        self._waiting: list[ToWorker] = []
        self._stopped = False
        self._killed_for = ""
        self._jobs = itertools.count(1)
        self.ready: Ready | None = None
        self.on_message: list[Callable[[FromWorker], None]] = []
        self.on_lost: list[Callable[[str], None]] = []

    @property
    def is_up(self) -> bool:
        """Whether there is a worker, or one is being started."""
        return self._worker is not None

    def new_job(self) -> int:
        """A job number that no other job of this link has."""
        return next(self._jobs)

    def send(self, message: ToWorker) -> None:
        """Send ``message``, after the handshake if the worker has only just been started; nothing after ``stop``."""
        if self._stopped:
            return
        if self._worker is None:
            self._start()
        if self.ready is None:
            self._waiting.append(message)
        elif self._worker is not None:
            self._worker.send(message)

    def kill(self, why: str) -> None:
        """End a worker that does not answer; ``on_lost`` follows, with ``why`` as its last words."""
        if self._worker is not None:
            self._killed_for = why
            self._worker.kill()

    def stop(self) -> None:
        """End the worker, for good; returns when it is gone."""
        self._stopped = True
        worker, self._worker, self.ready = self._worker, None, None
        self._waiting.clear()
        if worker is not None:
            worker.stop()

    def _start(self) -> None:
        def heard(message: FromWorker) -> None:
            if self._worker is worker:
                self._hear(message)

        def gone(words: str) -> None:
            if self._worker is worker:
                self._lose(words)

        worker = self._factory(heard, gone)
        self._worker = worker
        worker.start()

    def _hear(self, message: FromWorker) -> None:
        if isinstance(message, Ready):
            if message.protocol != PROTOCOL_VERSION:
                worker = self._worker
                self._lose(f"the worker speaks version {message.protocol}, this window {PROTOCOL_VERSION}")
                if worker is not None:
                    worker.kill()
                return
            self.ready = message
            waiting, self._waiting = self._waiting, []
            for held in waiting:
                self.send(held)
        for listener in self.on_message:
            listener(message)

    def _lose(self, words: str) -> None:
        words, self._killed_for = self._killed_for or words, ""
        log.error("the worker ended: %s", words)
        self._worker, self.ready = None, None
        self._waiting.clear()
        for listener in self.on_lost:
            listener(words)
