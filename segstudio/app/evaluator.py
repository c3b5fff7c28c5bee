"""Evaluations for the window: off its thread, told as they go, stopped when nobody wants them any more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segstudio.app.evaluation import Cancelled, Evaluation, Plan, Progress, Stopped, evaluate
from segstudio.app.ports import Scheduler
from segstudio.domain.errors import UserError

T = TypeVar("T")
MakePlan = Callable[[Progress, Cancelled], Plan]

log = logging.getLogger(__name__)
_TOLD_APART = 200


@dataclass(frozen=True)
class Going:
    """How far an evaluation is: ``done`` of ``total`` in what ``what`` says."""

    what: str
    done: int = 0
    total: int = 0

    @property
    def fraction(self) -> float | None:
        """0 to 1; None while that is not known."""
        return self.done / self.total if self.total else None


class Evaluator:
    """One evaluation at a time. Main thread only; ``tell`` is called there whenever something changed."""

    def __init__(self, scheduler: Scheduler, tell: Callable[[], None]) -> None:
        self._scheduler = scheduler
        self._tell = tell
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evaluator")
        self._stopping: threading.Event | None = None
        self._closed = False
        self.going: Going | None = None
        self.result: Evaluation | None = None
        self.trouble = ""

    @property
    def busy(self) -> bool:
        """True from ``start`` until the result is there, or it stopped."""
        return self.going is not None

    def start(self, make_plan: MakePlan) -> None:
        """Make a plan and evaluate it; the result before goes."""
        if self.busy or self._closed:
            return
        self._let_go(self.result)
        stopping = self._stopping = threading.Event()
        self.going, self.result, self.trouble = Going("Getting ready"), None, ""
        self._thread.submit(self._run, make_plan, stopping)
        self._tell()

    def stop(self) -> None:
        """Give the evaluation up; what was there before does not come back."""
        if self._stopping is not None and self.going is not None:
            self._stopping.set()
            self.going = Going("Stopping")
            self._tell()

    def picture(self, place: int, size: int, done: Callable[[NDArray[np.uint8] | None], None]) -> None:
        """Give ``done`` the picture of an image of the result, None if it can't be drawn."""
        self._off(lambda result: result.picture(place, size), lambda pixels, _trouble: done(pixels))

    def write(self, write: Callable[[Evaluation], None], done: Callable[[str], None]) -> None:
        """Write the result to a file; ``done`` is given a sentence where that failed, else ""."""
        self._off(write, lambda _nothing, trouble: done(trouble))

    def _off(self, call: Callable[[Evaluation], T], done: Callable[[T | None, str], None]) -> None:
        """Do something with the result on the thread; ``done`` is told unless there is another result by then."""
        result = self.result
        if result is None or self._closed:
            return

        def run() -> None:
            if self.result is not result or self._closed:
                return
            found, trouble = None, ""
            try:
                found = call(result)
            except Exception as error:
                trouble = _in_words(error)
            self._scheduler.post(lambda: done(found, trouble) if self.result is result and not self._closed else None)

        self._thread.submit(run)

    def close(self) -> None:
        """Stop, and let everything go; returns at once."""
        if self._closed:
            return
        self._closed = True
        if self._stopping is not None:
            self._stopping.set()
        self._let_go(self.result)
        self.result = None
        self._thread.shutdown(wait=False)

    # ---- on the thread ----------------------------------------------------------------------------------------

    def _run(self, make_plan: MakePlan, stopping: threading.Event) -> None:
        plan: Plan | None = None
        try:
            plan = make_plan(self._progress("The model looks at the images", stopping), stopping.is_set)
            found = evaluate(plan, self._progress("Comparing masks", stopping), stopping.is_set)
        except Exception as error:
            if plan is not None:
                plan.close()
            words = "" if stopping.is_set() or isinstance(error, Stopped) else _in_words(error)
            self._scheduler.post(lambda: self._ended(stopping, None, words))
        else:
            self._scheduler.post(lambda: self._ended(stopping, found, ""))

    def _progress(self, what: str, stopping: threading.Event) -> Progress:
        last = [-1]

        def tell(done: int, total: int) -> None:
            part = done * _TOLD_APART // max(total, 1)
            if part != last[0]:
                last[0] = part
                self._scheduler.post(lambda: self._went(stopping, Going(what, done, total)))

        return tell

    # ---- back on the main thread ------------------------------------------------------------------------------

    def _went(self, stopping: threading.Event, going: Going) -> None:
        if self._stopping is stopping and self.busy and not stopping.is_set() and not self._closed:
            self.going = going
            self._tell()

    def _ended(self, stopping: threading.Event, found: Evaluation | None, trouble: str) -> None:
        if self._closed or self._stopping is not stopping or stopping.is_set():
            found, trouble = self._let_go(found), ""
        if self._closed:
            return
        self.going, self.result, self.trouble = None, found, trouble
        self._tell()

    @staticmethod
    def _let_go(found: Evaluation | None) -> None:
        if found is not None:
            found.plan.close()


def _in_words(error: Exception) -> str:
    if isinstance(error, UserError):
        return str(error)
    log.error("an evaluation failed", exc_info=error)
    return f"Something went wrong ({error}). It was written to the log; nothing was changed."
