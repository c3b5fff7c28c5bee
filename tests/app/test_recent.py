"""The list of recent projects, with drives that answer late or never."""

import json
import threading
import time
from types import SimpleNamespace

import pytest

from segstudio.app import recent
from segstudio.app.changes import Changes
from segstudio.app.headless import HeadlessScheduler
from segstudio.app.recent import RecentProjects
from segstudio.app.settings import Settings
from segstudio.app.studio import Studio

TIMEOUT = 10.0


class Disk:
    """Says what is a folder; drives can be dead until ``wake``."""

    def __init__(self) -> None:
        self.dead: set[str] = set()
        self.missing: set[str] = set()
        self.threads: set[threading.Thread] = set()
        self._awake = threading.Event()

    def isdir(self, path) -> bool:
        self.threads.add(threading.current_thread())
        if str(path) in self.dead:
            assert self._awake.wait(TIMEOUT)
        return str(path) not in self.missing

    def wake(self) -> None:
        self._awake.set()


@pytest.fixture
def disk(monkeypatch):
    made = Disk()
    monkeypatch.setattr(recent, "os", SimpleNamespace(path=made))
    yield made
    made.wake()
    for thread in made.threads:
        thread.join(TIMEOUT)


@pytest.fixture
def start(tmp_path):
    """A studio that knows some projects, its scheduler and what it announced."""
    made = []

    def start(*paths: str):
        (tmp_path / "settings.json").write_text(json.dumps({"recent": paths}))
        scheduler, heard = HeadlessScheduler(), []
        studio = Studio(scheduler, Settings(tmp_path / "settings.json"))
        studio.subscribe(heard.append)
        made.append(studio)
        return studio, scheduler, heard

    yield start
    for studio in made:
        studio.close()


def names(studio: Studio) -> list[str]:
    return [str(path) for path in studio.recent]


def test_a_dead_drive_delays_neither_the_window_nor_the_other_answers(disk, start):
    disk.dead, disk.missing = {"/dead"}, {"/dead", "/deleted"}
    began = time.monotonic()
    studio, scheduler, heard = start("/dead", "/there", "/deleted")
    assert names(studio) == ["/dead", "/there", "/deleted"]
    assert time.monotonic() - began < 1.0
    scheduler.run_until(lambda: heard, TIMEOUT)
    assert heard == [Changes(recent=True)]
    assert names(studio) == ["/dead", "/there"]
    disk.wake()
    scheduler.run_until(lambda: len(heard) > 1, TIMEOUT)
    assert names(studio) == ["/there"]
    assert threading.main_thread() not in disk.threads


def test_a_project_whose_drive_is_back_is_back(disk, start):
    disk.missing = {"/usb"}
    studio, scheduler, heard = start("/usb")
    scheduler.run_until(lambda: heard, TIMEOUT)
    assert names(studio) == []
    disk.missing = set()
    studio.close_project()
    scheduler.run_until(lambda: len(heard) > 1, TIMEOUT)
    assert names(studio) == ["/usb"]


def test_a_drive_that_is_silent_is_asked_once_at_a_time(disk, start):
    disk.dead = {"/dead"}
    studio, _, _ = start("/dead")
    for _ in range(5):
        studio.close_project()
    assert threading.active_count() < 10
    assert sum(thread.name == "recent" for thread in threading.enumerate()) == 1


def test_closing_waits_for_no_drive_and_its_answer_is_not_told(disk, start):
    disk.dead = disk.missing = {"/dead"}
    studio, scheduler, heard = start("/dead")
    began = time.monotonic()
    assert studio.close()
    assert time.monotonic() - began < 1.0
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "recent")
    disk.wake()
    for thread in disk.threads:
        thread.join(TIMEOUT)
    told = []
    scheduler.post(lambda: told.append(True))
    scheduler.run_until(lambda: told, TIMEOUT)
    assert heard == []


def test_the_project_opened_last_comes_first_and_eight_are_kept(tmp_path, rig, disk):
    rig.studio._settings.set("recent", [f"/{number}" for number in range(9)] + [7])
    session = rig.new_project(2)
    assert names(rig.studio) == [str(session.folder), *(f"/{number}" for number in range(7))]
    rig.reopen()
    assert names(rig.studio) == [str(session.folder), *(f"/{number}" for number in range(7))]


def test_a_project_that_could_not_be_opened_is_asked_for_again(rig, tmp_path):
    session = rig.new_project(2)
    folder = session.folder
    assert rig.studio.close_project()
    rig.wait(lambda: not rig.studio._recent._asked)
    assert rig.studio.recent == [folder]
    folder.rename(tmp_path / "elsewhere")
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.recent == [])


def test_two_windows_remember_the_projects_of_both(tmp_path):
    scheduler, path = HeadlessScheduler(), tmp_path / "settings.json"
    one, other = (RecentProjects(Settings(path), scheduler, lambda: None) for _ in range(2))
    one.add(tmp_path / "first")
    other.add(tmp_path / "second")
    one.add(tmp_path / "third")
    again = RecentProjects(Settings(path), scheduler, lambda: None)
    assert [folder.name for folder in again.paths] == ["third", "second", "first"]
