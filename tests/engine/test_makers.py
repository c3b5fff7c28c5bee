"""Processes that make views: the views are the same whatever becomes of the processes, and none is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest

from segstudio.engine import makers
from segstudio.engine.data import ImageCache, load_round
from segstudio.engine.makers import Makers
from segstudio.engine.views import Look, Order, ViewMaker
from segstudio.protocol.round_folder import read_request
from tests.engine.synthetic import make_round

WHOLE, REDUCED, SINGLE = Look(4, 1.0, None, 1.0), Look(4, 1.0, None, 0.5), Look(1, 1.0, None, 1.0)
ORDERS = [Order(number, (0, 1, 2, number % 3), WHOLE if number % 3 else REDUCED) for number in range(8)]


@pytest.fixture
def maker(tmp_path: Path) -> ViewMaker:
    make_round(tmp_path, train=3)
    data = load_round(tmp_path, read_request(tmp_path), ImageCache(), print, lambda: None)
    return ViewMaker(data.train, 5, 1, False)


@pytest.fixture
def two(maker: ViewMaker) -> Iterator[Makers]:
    with closing(Makers(maker, 2)) as made:
        yield made


def _same(made: Makers, maker: ViewMaker, order: Order) -> bool:
    views = made.take(made.give(order))
    return views is not None and all(map(np.array_equal, views, maker.make(order)))


def test_they_make_what_would_be_made_here(two: Makers, maker: ViewMaker) -> None:
    assert all(_same(two, maker, order) for order in ORDERS[1:] + ORDERS)


def test_all_that_was_ordered_ahead_keeps_its_place(two: Makers, maker: ViewMaker) -> None:
    tickets = [two.give(order) for order in ORDERS[1 : 1 + two.ahead]]
    for ticket in tickets:
        views = two.take(ticket)
        assert views is not None
        assert all(map(np.array_equal, views, maker.make(ticket.order)))


def test_what_was_called_off_is_not_taken_for_what_came_after(two: Makers, maker: ViewMaker) -> None:
    for order in ORDERS[1 : 1 + two.ahead]:
        two.call_off(two.give(order))
    tickets = [two.give(order) for order in ORDERS[-two.ahead :]]
    for ticket in tickets:
        views = two.take(ticket)
        assert views is not None
        assert all(map(np.array_equal, views, maker.make(ticket.order)))


def test_more_than_they_can_hold_is_left_to_who_asks(two: Makers) -> None:
    tickets = [two.give(order) for order in ORDERS[1 : 2 + two.ahead]]
    assert [two.take(ticket) is None for ticket in tickets] == [False] * two.ahead + [True]


def test_views_larger_than_the_first_ones_could_be_are_left_to_who_asks(two: Makers, maker: ViewMaker) -> None:
    assert _same(two, maker, Order(0, (0,), SINGLE))
    assert two.take(two.give(ORDERS[1])) is None
    assert _same(two, maker, Order(0, (1,), SINGLE))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_one_that_is_killed_is_missed_by_nobody(
    two: Makers, maker: ViewMaker, caplog: pytest.LogCaptureFixture
) -> None:
    tickets = [two.give(order) for order in ORDERS[1:5]]
    first = two._makers[0].process
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    first.join()
    for ticket in tickets:
        views = two.take(ticket)
        assert views is None or all(map(np.array_equal, views, maker.make(ticket.order)))
    del views
    assert all(_same(two, maker, order) for order in ORDERS)
    assert two.ahead == 2
    assert "is gone" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_one_that_hangs_is_not_waited_for(
    two: Makers, maker: ViewMaker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert _same(two, maker, ORDERS[1])
    monkeypatch.setattr(makers, "_MOST_SECONDS", 0.2)
    monkeypatch.setattr(makers, "_PATIENCE_SECONDS", 0.2)
    for one in two._makers:
        assert one.process.pid is not None
        os.kill(one.process.pid, signal.SIGSTOP)
    assert two.take(two.give(ORDERS[2])) is None
    assert two.ahead == 2
    assert "does not answer" in caplog.text


def test_nothing_that_was_shared_is_left(maker: ViewMaker) -> None:
    made = Makers(maker, 1)
    made.take(made.give(ORDERS[1]))
    assert made._slots is not None
    names = [made._samples.name, made._slots.name]
    made.close()
    for name in names:
        with pytest.raises(FileNotFoundError):
            SharedMemory(name)


def test_an_order_that_cannot_be_made_says_why_and_ends_nobody(
    two: Makers, maker: ViewMaker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _same(two, maker, ORDERS[1])
    monkeypatch.setattr(maker, "canvas", lambda order: (64, 64))
    assert two.take(two.give(Order(1, (0, 1, 2, 9), WHOLE))) is None
    monkeypatch.undo()
    assert "IndexError" in caplog.text
    assert _same(two, maker, ORDERS[2])
    assert two.ahead == 4


def test_there_are_none_where_nothing_can_be_shared(maker: ViewMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(makers, "_LEAST_SHARE_LEFT", 1.0)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(OSError, match="shared memory"):
        Makers(maker, 2)


def test_they_end_where_there_is_no_room_for_views(maker: ViewMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Makers(maker, 2)) as made:
        processes = [one.process for one in made._makers]
        monkeypatch.setattr(makers, "_shared", _no_room)
        assert made.take(made.give(ORDERS[1])) is None
        assert made.ahead == 0
        assert [process.exitcode for process in processes] == [0, 0]


def _no_room(size: int) -> None:
    raise OSError(f"no room for {size} bytes")


_WORKS = """
import sys
import numpy as np
from segstudio.engine.makers import Makers
from segstudio.engine.sample import Sample
from segstudio.engine.views import Look, Order, ViewMaker
sample = Sample(0, np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint16), None)
made = Makers(ViewMaker([sample], 0, 1, False), 2)
assert made.take(made.give(Order(0, (0,), Look(1, 1.0, None, 1.0)))) is not None
print("works", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_none_is_left_when_the_process_that_they_work_for_is_killed() -> None:
    process = subprocess.Popen([sys.executable, "-c", _WORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "works\n"
    process.kill()
    # They hold the other end of this pipe, too: it ends when the last of them does.
    assert process.communicate(timeout=20)[0] == ""
