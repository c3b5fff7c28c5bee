"""One question to a worker of one's own: the window's goes on with what it has in hand. On any thread but the main."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from segstudio.app.headless import HeadlessScheduler
from segstudio.app.worker_link import WorkerLink
from segstudio.app.worker_process import WorkerProcess
from segstudio.domain.errors import UserError
from segstudio.protocol.messages import Failed, FromWorker, ToWorker

T = TypeVar("T", bound=FromWorker)


def ask_worker(
    question: Callable[[int], ToWorker], answer: type[T], cancelled: Callable[[], bool] = lambda: False
) -> T:
    """The worker's answer to ``question``, which is given the job's number; the process ends with it.

    Raises ``UserError`` if the job failed, the worker ended, or ``cancelled`` says that nobody waits.
    """
    scheduler = HeadlessScheduler()
    link = WorkerLink(lambda hear, gone: WorkerProcess(scheduler, hear, gone))
    heard: list[FromWorker] = []
    lost: list[str] = []
    link.on_message.append(lambda message: heard.append(message) if isinstance(message, answer | Failed) else None)
    link.on_lost.append(lost.append)
    try:
        link.send(question(link.new_job()))
        scheduler.run_until(lambda: bool(heard or lost) or cancelled())
    finally:
        link.stop()
    if not heard:
        raise UserError(f"The model's process ended unexpectedly. {lost[-1]}" if lost else "It was given up.")
    if isinstance(heard[0], Failed):
        raise UserError(heard[0].sentence)
    assert isinstance(heard[0], answer)
    return heard[0]
