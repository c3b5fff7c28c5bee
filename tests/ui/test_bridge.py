"""The main thread's queue of calls."""

import threading

from segstudio.ui.bridge import QtScheduler


def test_calls_from_any_thread_are_made_here_in_order(qtbot):
    scheduler, seen = QtScheduler(), []

    def work():
        for number in range(100):
            scheduler.post(lambda number=number: seen.append((number, threading.current_thread())))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == []
    qtbot.waitUntil(lambda: len(seen) == 100)
    assert [number for number, _ in seen] == list(range(100))
    assert {where for _, where in seen} == {threading.main_thread()}


def test_a_later_call_is_made_once_and_can_be_cancelled(qtbot):
    scheduler, seen = QtScheduler(), []
    kept = scheduler.call_later(0.01, lambda: seen.append("kept"))
    cancelled = scheduler.call_later(0.0, lambda: seen.append("cancelled"))
    cancelled.cancel()
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == ["kept"]
    qtbot.waitUntil(lambda: True)
    kept.cancel()
    cancelled.cancel()


def test_an_error_in_one_call_leaves_the_others(qtbot):
    scheduler, seen = QtScheduler(), []

    def fail():
        raise ValueError("on purpose")

    with qtbot.captureExceptions() as caught:
        scheduler.post(fail)
        scheduler.post(lambda: seen.append(1))
        qtbot.waitUntil(lambda: seen == [1])
    assert next(error for _, error, _ in caught).args == ("on purpose",)
