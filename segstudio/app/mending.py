"""Asks the worker what the model makes of a click. Main thread only."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.app.tools.base import Question
from segstudio.app.worker_link import WorkerLink
from segstudio.domain.clicks import LONGER_SIDE
from segstudio.imaging.mask_png import from_text, to_text
from segstudio.protocol.messages import Cancel, Cancelled, Failed, FromWorker, Mend, Mended, Notice

log = logging.getLogger(__name__)

_NOT_ANSWERED = "The model could not answer that click, so your mask is as it was. Click again, or use the brush."


@dataclass(frozen=True, eq=False)
class _Asked:
    job: int
    done: Callable[[NDArray[np.uint8]], None]
    failed: Callable[[str], None]


class Mender:
    """One question at a time: the next takes the place of one that has not been answered.

    ``weights`` gives the file of the weights in use, None as long as nothing was learned. ``on_notice`` is called with
    a sentence about how the worker answers, also of a question that nobody waits for any more.
    """

    on_notice: Callable[[str], None]

    def __init__(self, link: WorkerLink, weights: Callable[[], Path | None]) -> None:
        self.on_notice = lambda _: None
        self._link = link
        self._jobs: set[int] = set()
        self._weights = weights
        self._asked: _Asked | None = None
        link.on_message.append(self._hear)
        link.on_lost.append(self._lose)

    @property
    def ready(self) -> bool:
        """Whether there is a model to ask."""
        return self._weights() is not None

    @property
    def busy(self) -> bool:
        """True while an answer is wanted."""
        return self._asked is not None

    def get_ready(self) -> None:
        """Have a worker started that has read the weights: it takes seconds, for which no click is to wait."""
        weights = self._weights()
        if weights is not None and not self._link.is_up:
            nothing = to_text(np.zeros((LONGER_SIDE, LONGER_SIDE, 3), np.uint8))
            self._link.send(Mend(self._new_job(), str(weights), 1, nothing, nothing, 1.0))

    def ask(
        self,
        question: Question,
        class_number: int,
        done: Callable[[NDArray[np.uint8]], None],
        failed: Callable[[str], None],
    ) -> None:
        """Call ``done`` with the answer, (h, w) uint8, or ``failed`` with a sentence."""
        self.forget()
        weights = self._weights()
        if weights is None:
            failed(_NOT_ANSWERED)
            return
        self._asked = _Asked(self._new_job(), done, failed)
        pixels, clicks = to_text(question.pixels), to_text(question.clicks)
        self._link.send(Mend(self._asked.job, str(weights), class_number, pixels, clicks, question.gain))

    def forget(self) -> None:
        """Nobody wants the answer any more."""
        if self._asked is not None:
            self._link.send(Cancel(self._asked.job))
            self._asked = None

    def _new_job(self) -> int:
        job = self._link.new_job()
        self._jobs.add(job)
        return job

    def _hear(self, message: FromWorker) -> None:
        if isinstance(message, Notice) and message.job in self._jobs:
            self.on_notice(message.sentence)
        elif isinstance(message, Mended | Failed | Cancelled):
            self._jobs.discard(message.job)
        asked = self._asked
        if asked is None or not isinstance(message, Mended | Failed) or message.job != asked.job:
            return
        self._asked = None
        if isinstance(message, Mended):
            asked.done(from_text(message.probability, 1))
        else:
            log.error("a click was not answered: %s\n%s", message.sentence, message.detail)
            asked.failed(message.sentence)

    def _lose(self, _words: str) -> None:
        asked, self._asked = self._asked, None
        self._jobs.clear()
        if asked is not None:
            asked.failed(_NOT_ANSWERED)
