"""Garbage is collected on the window's thread alone, and not amid a stroke."""

import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

from segstudio.ui.garbage import GarbageCollector


class Knot:
    """Garbage that only the collector finds; says in which thread it was."""

    def __init__(self, seen: list[int]) -> None:
        self.itself = self
        self.seen = seen

    def __del__(self) -> None:
        self.seen.append(threading.get_ident())


@pytest.fixture
def collector(qapp):
    made = GarbageCollector(qapp)
    yield made
    made.end()
    made.setParent(None)
    assert gc.isenabled()


def churn(kept: list[list[int]]) -> None:
    """More new objects than Python's own collector lets pass."""
    kept.extend([] for _ in range(20 * gc.get_threshold()[0]))


def test_what_another_thread_would_have_collected_is_collected_by_the_windows(collector, qtbot):
    seen: list[int] = []
    Knot(seen)
    kept: list[list[int]] = []
    thread = threading.Thread(target=churn, args=(kept,))
    thread.start()
    thread.join()
    assert seen == []
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [threading.get_ident()]


def test_an_older_generation_is_collected_too(collector):
    knot = Knot([])
    gone = weakref.ref(knot)
    gc.collect(0)
    gc.collect(1)
    del knot
    while gc.get_count()[2] <= gc.get_threshold()[2]:
        gc.collect(1)
    collector.collect()
    assert gone() is None


def test_a_generation_without_a_threshold_is_never_due(collector, monkeypatch):
    collected: list[int] = []
    monkeypatch.setattr(gc, "get_threshold", lambda: (2000, 10, 0))
    monkeypatch.setattr(gc, "get_count", lambda: (5, 11, 3))
    monkeypatch.setattr(gc, "collect", collected.append)
    collector.collect()
    assert collected == [1]


def test_it_waits_for_the_end_of_a_stroke(collector, qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    seen: list[int] = []
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    Knot(seen)
    kept: list[list[int]] = []
    churn(kept)
    collector.collect()
    assert seen == []
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    collector.collect()
    assert seen
