"""A main loop without a window, for the command line and for tests."""

from __future__ import annotations

import heapq
import itertools
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class _Later:
    due: float
    order: int
    call: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class HeadlessScheduler:
    """Runs posted calls in order on the thread that calls ``run_until``."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._later: list[_Later] = []
        self._order = itertools.count()

    def post(self, call: Callable[[], None]) -> None:
        """Make ``call`` in ``run_until``. May be used from any thread."""
        self._calls.put(call)

    def call_later(self, seconds: float, call: Callable[[], None]) -> _Later:
        """Make ``call`` in ``run_until`` after ``seconds``."""
        later = _Later(time.monotonic() + seconds, next(self._order), call)
        heapq.heappush(self._later, later)
        return later

    def run_until(self, condition: Callable[[], bool], timeout: float | None = None) -> None:
        """Make calls until ``condition`` holds. Raises ``TimeoutError`` after ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not condition():
            now = time.monotonic()
            if deadline is not None and now > deadline:
                raise TimeoutError("the condition did not come true in time")
            while self._later and self._later[0].due <= now:
                later = heapq.heappop(self._later)
                if not later.cancelled:
                    later.call()
            wait = min(0.25, max(0.0, self._later[0].due - now)) if self._later else 0.25
            try:
                call = self._calls.get(timeout=wait)
            except queue.Empty:
                continue
            call()
