"""One question after another: a tool that follows the pointer asks faster than there are answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from segstudio.app.tools.base import ToolContext

T = TypeVar("T")


class _Once(Generic[T]):
    """Computes one time; who asks while another thread is at it waits for that, which takes less than the same anew."""

    def __init__(self, compute: Callable[[], T]) -> None:
        self._compute = compute
        self._lock = Lock()
        self._result: tuple[T] | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._result is None:
                self._result = (self._compute(),)
            return self._result[0]


@dataclass(frozen=True, eq=False)
class _Question(Generic[T]):
    """What to compute, off the main thread, and who is told."""

    compute: Callable[[], T]
    done: Callable[[ToolContext, T], None]


class Latest(Generic[T]):
    """Asks ``ToolContext.later`` one question at a time.

    Of those that come while one is being answered only the last is asked next. So every answer is heard of, however
    fast the pointer moves, and the last one always is.
    """

    def __init__(self) -> None:
        self._asked: _Question[T] | None = None
        self._next: _Question[T] | None = None

    @property
    def waiting(self) -> bool:
        """True while an answer will come, also for who hears one that another question has overtaken."""
        return self._asked is not None or self._next is not None

    def ask(
        self,
        context: ToolContext,
        compute: Callable[[], T],
        done: Callable[[ToolContext, T], None],
        here: bool = False,
    ) -> None:
        """Ask now, or as soon as the question before is answered; with ``here``, answer before this returns."""
        question = _Question(_Once(compute), done)
        if here or self._asked is not None:
            self._next = question
        else:
            self._ask(context, question)
        if here:
            self.answer_now(context)

    def answer_now(self, context: ToolContext) -> None:
        """Answer the last question here and now; nothing if none is open."""
        question = self._next or self._asked
        self.forget()
        if question is not None:
            question.done(context, question.compute())

    def forget(self) -> None:
        """No answer is wanted any more."""
        self._asked = self._next = None

    def _ask(self, context: ToolContext, question: _Question[T]) -> None:
        self._asked, self._next = question, None
        context.later(question.compute, lambda now, result: self._hear(now, question, result))

    def _hear(self, context: ToolContext, question: _Question[T], result: T) -> None:
        if self._asked is not question:
            return
        self._asked = None
        question.done(context, result)
        if self._next is not None and self._asked is None:
            self._ask(context, self._next)
