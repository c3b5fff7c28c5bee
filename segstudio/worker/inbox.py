"""What the window has asked for and the worker has not yet done."""

from __future__ import annotations

import threading
from collections import deque

from segstudio.protocol.messages import Cancel, Check, Export, Mend, Predict, Shutdown, ToWorker, Train

Job = Train | Predict | Mend | Check | Export

_URGENCY = (Mend, Predict, Check, Export, Train)


class Inbox:
    """Jobs in the order they came, and which of them were given up; filled by one thread, emptied by another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: set[int] = set()
        self._cancelled: set[int] = set()
        self._closed = False

    def put(self, message: ToWorker) -> Job | None:
        """Take in a message; returns the job that it gave up before it was begun, if it did.

        A cancel of a job that is neither waiting nor running has come too late.
        """
        with self._changed:
            if isinstance(message, Shutdown):
                self._closed = True
            elif isinstance(message, Cancel):
                if message.job in self._running:
                    self._cancelled.add(message.job)
                given_up = next((job for job in self._waiting if job.job == message.job), None)
                if given_up is not None:
                    self._waiting.remove(given_up)
                return given_up
            else:
                self._waiting.append(message)
            self._changed.notify_all()
            return None

    def close(self) -> None:
        """No more will come, and what runs is to end."""
        self.put(Shutdown())

    @property
    def closed(self) -> bool:
        """Whether the worker is to end."""
        return self._closed

    def wait(self, seconds: float) -> bool:
        """Wait for a job or the end for ``seconds``; whether one of them came."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._waiting) or self._closed, seconds)

    def next_job(self) -> Job | None:
        """Wait for a job; None when the worker is to end. Clicks come before predictions, predictions before rounds."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            return self._next(*_URGENCY)

    def next_request(self) -> Job | None:
        """A click or a prediction that waits, if one does; for the time between two steps of a round."""
        with self._changed:
            return self._next(Mend, Predict)

    def next_click(self) -> Job | None:
        """A click that waits, if one does; for the time between two layers."""
        if not self._waiting:
            return None
        with self._changed:
            return self._next(Mend)

    def is_cancelled(self, job: int) -> bool:
        """Whether ``job`` is to be given up, because the window said so or because the worker is to end."""
        return self._closed or job in self._cancelled

    def done(self, job: int) -> None:
        """``job`` has ended, one way or another."""
        with self._changed:
            self._running.discard(job)
            self._cancelled.discard(job)

    def _next(self, *kinds: type[Job]) -> Job | None:
        """The first that waits of the first of ``kinds`` of which one does."""
        job = next((job for kind in kinds for job in self._waiting if isinstance(job, kind)), None)
        if job is not None:
            self._waiting.remove(job)
            self._running.add(job.job)
        return job
