"""What tools wait for: what is computed in the background, and what the model is asked. Main thread only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from segstudio.app.background import Background
from segstudio.app.mending import Mender
from segstudio.app.tools.base import Question

T = TypeVar("T")

_NOT_COMPUTED = "That could not be computed here. Your mask is as it was; try another place, or another tool."


class Answers:
    """Of each kind only the latest question is answered."""

    def __init__(self, background: Background, mender: Mender) -> None:
        self._background = background
        self._mender = mender

    @property
    def busy(self) -> bool:
        """True while an answer is still wanted."""
        return self._background.busy or self._mender.busy

    @property
    def learned(self) -> bool:
        """Whether there is a model to ask."""
        return self._mender.ready

    def get_ready(self) -> None:
        """The model will soon be asked."""
        self._mender.get_ready()

    def compute(self, compute: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Call ``done`` with what ``compute`` gives off the main thread, or ``failed`` with a sentence."""
        self._background.ask(compute, done, lambda _: failed(_NOT_COMPUTED))

    def keep(self, compute: Callable[[], T], done: Callable[[], None]) -> Future[T]:
        """Have ``compute`` called off the main thread, whatever is asked or forgotten later; then call ``done``."""
        return self._background.keep(compute, done)

    def ask(
        self, question: Question, class_number: int, done: Callable[[Any], None], failed: Callable[[str], None]
    ) -> None:
        """Call ``done`` with what the model says, or ``failed`` with a sentence."""
        self._mender.ask(question, class_number, done, failed)

    def forget(self) -> None:
        """Nobody wants an answer any more."""
        self._background.forget()
        self._mender.forget()
