"""How long somebody worked on an image."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_PAUSE = 60.0
"""Seconds between two signs of work that count at most: whoever does nothing for longer is not at work."""


class ReadingClock:
    """Counts the time between signs of work on one image."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._image: int | None = None
        self._last = 0.0
        self._counted = 0.0

    @property
    def counted(self) -> float:
        """Seconds that were counted since they were last taken."""
        return self._counted

    def start(self, image_id: int | None) -> None:
        """Work on another image begins now, or on none."""
        self._image, self._last, self._counted = image_id, self._now(), 0.0

    def beat(self) -> None:
        """There was a sign of work."""
        now = self._now()
        self._counted += min(now - self._last, LONGEST_PAUSE)
        self._last = now

    def take(self) -> tuple[int | None, float]:
        """The image, and the seconds that were counted since they were last taken."""
        self.beat()
        counted, self._counted = self._counted, 0.0
        return self._image, counted
