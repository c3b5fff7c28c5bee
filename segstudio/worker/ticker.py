"""Progress at least once a second, whatever the round is busy with."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from types import TracebackType

from segstudio.engine.progress import RoundProgress
from segstudio.protocol.messages import Progress

_INTERVAL = 0.5


class ProgressTicker:
    """While entered, sends the latest progress of ``job`` every half second, and at once when the phase changes."""

    def __init__(self, job: int, send: Callable[[Progress], None], interval: float = _INTERVAL) -> None:
        self._job = job
        self._send = send
        self._interval = interval
        self._latest = RoundProgress("preparing", 0.0, None, 0, 0, None, None, 0)
        self._reported = time.monotonic()
        self._fraction = 0.0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"progress of job {job}", daemon=True)

    def __enter__(self) -> ProgressTicker:
        self._tell()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def update(self, progress: RoundProgress) -> None:
        """Take in what the round reports."""
        with self._lock:
            changed = progress.phase != self._latest.phase
            self._latest, self._reported = progress, time.monotonic()
        if changed:
            self._tell()

    def _run(self) -> None:
        while not self._end.wait(self._interval):
            self._tell()

    def _tell(self) -> None:
        with self._lock:
            latest = self._latest
            self._fraction = max(self._fraction, min(1.0, latest.fraction))
            left = latest.seconds_left
            if left is not None:
                left = max(0.0, left - (time.monotonic() - self._reported))
            message = Progress(
                job=self._job, **{**dataclasses.asdict(latest), "fraction": self._fraction, "seconds_left": left}
            )
            self._send(message)
