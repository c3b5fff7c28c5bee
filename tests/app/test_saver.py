"""What waits behind a write that fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from segstudio.app import saver as saver_module
from segstudio.app.headless import HeadlessScheduler
from segstudio.app.saver import Saver
from segstudio.app.store_thread import StoreThread
from segstudio.domain.errors import UserError
from segstudio.domain.segments import make_classes
from segstudio.store.project_db import Project


class Desk:
    """A saver on a real project, and what has been written so far."""

    def __init__(self, folder: Path) -> None:
        self.written: list[str] = []
        self.broken: dict[str, Exception] = {}
        self.scheduler = HeadlessScheduler()
        self._store = StoreThread(self.scheduler, lambda error: None)
        self._store.open(lambda: Project.create(folder / "p.segstudio", make_classes(["lesion"]))).result()
        self.saver = Saver(self._store, self.scheduler, lambda: None)

    def save(self, name: str, image_id: int | None = None) -> None:
        def write(project: Project) -> None:
            if name in self.broken:
                raise self.broken[name]
            self.written.append(name)

        self.saver.save(write, image_id)

    def close(self) -> None:
        self._store.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def test_a_write_that_fails_by_a_fault_of_ours_holds_up_its_own_image_alone(desk: Desk) -> None:
    desk.broken["a1"] = ZeroDivisionError()
    for name, image_id in (("a1", 1), ("b1", 2), ("a2", 1), ("setting", None), ("b2", 2)):
        desk.save(name, image_id)
    assert not desk.saver.drain()
    assert desk.written == ["b1", "setting", "b2"]
    assert desk.saver.status.state == "failed"
    assert "It is still in this window" in desk.saver.status.sentence
    desk.broken.clear()
    assert desk.saver.drain()
    assert desk.written == ["b1", "setting", "b2", "a1", "a2"]
    assert desk.saver.status.state != "failed"


def test_what_is_of_no_image_is_passed_by_nothing(desk: Desk) -> None:
    desk.broken["reader"] = ZeroDivisionError()
    for name, image_id in (("a1", 1), ("reader", None), ("a2", 1), ("b1", 2)):
        desk.save(name, image_id)
    assert not desk.saver.drain()
    assert desk.written == ["a1"]
    desk.broken.clear()
    assert desk.saver.drain()
    assert desk.written == ["a1", "reader", "a2", "b1"]


def test_a_disk_that_is_full_is_full_for_all(desk: Desk) -> None:
    desk.broken["a1"] = UserError("The disk is full.")
    desk.save("a1", 1)
    desk.save("b1", 2)
    assert not desk.saver.drain()
    assert desk.written == []
    assert desk.saver.status.sentence == "The disk is full."
    desk.broken.clear()
    assert desk.saver.drain()
    assert desk.written == ["a1", "b1"]


@pytest.mark.parametrize("closing", [False, True])
def test_what_the_disk_refused_is_written_unasked_once_it_may_be(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, closing: bool
) -> None:
    monkeypatch.setattr(saver_module, "TRY_AGAIN_AFTER", 0.05)
    desk.broken["a1"] = UserError("The disk is full.")
    desk.save("a1", 1)
    desk.scheduler.run_until(lambda: desk.saver.status.state == "failed", 10)
    if closing:
        assert not desk.saver.drain()
    desk.broken.clear()
    desk.scheduler.run_until(lambda: desk.saver.status.state == "saved", 10)
    assert desk.written == ["a1"]


def test_a_fault_of_ours_is_not_tried_again_and_again(desk: Desk) -> None:
    desk.broken["a1"] = ZeroDivisionError()
    desk.save("a1", 1)
    desk.scheduler.run_until(lambda: desk.saver.status.state == "failed", 10)
    assert desk.scheduler._later == []
