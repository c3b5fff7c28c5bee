"""Settings, broadcasts, the headless loop, documents, demo and doctor."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.app import doctor, loader, saver
from segstudio.app import settings as settings_module
from segstudio.app.catalog import Catalog
from segstudio.app.changes import Broadcaster, Changes, Message
from segstudio.app.demo import demo_folder, demo_project
from segstudio.app.document import Document
from segstudio.app.headless import HeadlessScheduler
from segstudio.app.new_project import NewProject, look_at
from segstudio.app.round_status import TrainingStatus
from segstudio.app.settings import Settings
from segstudio.app.store_thread import StoreThread
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.plane import Plane
from segstudio.formats.dataset import Dataset, FoundImage
from segstudio.store.project_db import Project
from tests.helpers.videos import write_video


def test_settings_are_there_the_next_time(tmp_path):
    path = tmp_path / "deep" / "settings.json"
    settings = Settings(path)
    assert settings.get("opacity", 0.35) == 0.35
    settings.set("opacity", 0.5)
    assert Settings(path).get("opacity") == 0.5
    before = path.stat().st_mtime_ns
    settings.set("opacity", 0.5)
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("content", ["{broken", "[]", "\x00"])
def test_damaged_settings_cost_preferences_only(tmp_path, content):
    path = tmp_path / "settings.json"
    path.write_text(content)
    settings = Settings(path)
    assert settings.get("opacity", 1) == 1
    settings.set("opacity", 0.5)
    assert json.loads(path.read_text()) == {"opacity": 0.5}


def test_what_one_window_changed_is_not_lost_by_another(tmp_path):
    path = tmp_path / "settings.json"
    Settings(path).set("appearance", "dark")
    one, other = Settings(path), Settings(path)
    one.set("appearance", "light")
    one.merge("folders", {"a": "x", "b": "y"})
    other.set("opacity", 0.5)
    other.merge("folders", {"b": "z"})
    assert other.get("appearance") == "dark", "nothing moves in a window because of another"
    one.set("reader", "Anna")
    kept = {"appearance": "light", "folders": {"a": "x", "b": "z"}, "opacity": 0.5, "reader": "Anna"}
    assert json.loads(path.read_text()) == kept
    assert {file.name for file in tmp_path.iterdir()} == {"settings.json", "settings.lock"}


def test_windows_that_write_at_once_lose_nothing(tmp_path):
    path, script = (
        tmp_path / "settings.json",
        (
            "import sys; from pathlib import Path; from segstudio.app.settings import Settings\n"
            "settings = Settings(Path(sys.argv[1]))\n"
            "for number in range(40): settings.set(f'{sys.argv[2]}{number}', number)"
        ),
    )
    windows = [subprocess.Popen([sys.executable, "-c", script, str(path), name]) for name in "abc"]
    assert [window.wait() for window in windows] == [0, 0, 0]
    assert len(json.loads(path.read_text())) == 120


def test_what_another_window_keeps_from_being_written_is_written_later(tmp_path, monkeypatch):
    path = tmp_path / "settings.json"
    mine, other = Settings(path), Settings(path)
    monkeypatch.setattr(settings_module, "_locked", lambda _file: False)
    mine.set("opacity", 0.5)
    assert mine.get("opacity") == 0.5
    assert not path.exists(), "it would take away what the other one writes just now"
    with monkeypatch.context() as patch:
        patch.setattr(settings_module, "_locked", lambda _file: True)
        other.set("reader", "Anna")
        mine.set("appearance", "dark")
    assert json.loads(path.read_text()) == {"reader": "Anna", "opacity": 0.5, "appearance": "dark"}
    mine.set("opacity", 0.7)
    monkeypatch.setattr(settings_module, "_LAST_PATIENCE", 0.0)
    mine.flush()
    assert json.loads(path.read_text())["opacity"] == 0.7, "one that hangs is not waited for for ever"


def test_settings_that_cannot_be_read_just_now_are_not_overwritten(tmp_path, monkeypatch, caplog):
    path = tmp_path / "settings.json"
    Settings(path).set("appearance", "dark")

    def gone(*_args, **_more):
        raise OSError("the network drive is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", gone)
        settings = Settings(path)
        settings.set("opacity", 0.5)
    assert settings.get("opacity") == 0.5
    assert "could not be written" in caplog.text
    settings.set("reader", "Anna")
    assert json.loads(path.read_text()) == {"appearance": "dark", "opacity": 0.5, "reader": "Anna"}


def test_settings_that_cannot_be_written_are_logged(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    settings = Settings(tmp_path / "file" / "settings.json")
    settings.set("opacity", 0.5)
    assert settings.get("opacity") == 0.5
    assert "could not be written" in caplog.text


def test_changes_of_one_turn_come_as_one_and_no_sentence_is_lost():
    scheduler = HeadlessScheduler()
    broadcaster, heard = Broadcaster(scheduler), []
    unsubscribe = broadcaster.subscribe(heard.append)
    broadcaster.announce(Changes(pixels=Rect(0, 0, 2, 2), images=frozenset({1})))
    broadcaster.announce(Changes(pixels=Rect(5, 5, 6, 6), images=frozenset({2}), history=True))
    scheduler.run_until(lambda: heard, 5)
    assert heard == [Changes(pixels=Rect(0, 0, 6, 6), images=frozenset({1, 2}), history=True)]
    heard.clear()
    broadcaster.announce(Changes(message=Message("one")))
    broadcaster.announce(Changes(message=Message("two"), table=True))
    scheduler.run_until(lambda: len(heard) == 2, 5)
    assert [changes.message.sentence for changes in heard] == ["one", "two"]
    unsubscribe()
    broadcaster.announce(Changes(table=True))
    done = []
    scheduler.post(lambda: done.append(True))
    scheduler.run_until(lambda: done, 5)
    assert len(heard) == 2


def test_the_headless_loop_keeps_order_and_time_and_can_be_cancelled():
    scheduler, made = HeadlessScheduler(), []
    scheduler.call_later(0.02, lambda: made.append("later"))
    scheduler.call_later(0.01, lambda: made.append("never")).cancel()
    scheduler.post(lambda: made.append("first"))
    scheduler.post(lambda: made.append("second"))
    scheduler.run_until(lambda: "later" in made, 5)
    assert made == ["first", "second", "later"]
    with pytest.raises(TimeoutError):
        scheduler.run_until(lambda: False, 0.01)


def test_a_mask_is_only_written_inside_an_edit():
    document = Document(1, np.zeros((20, 30, 3), np.uint8), Plane(20, 30))
    rect, where = Rect(0, 0, 5, 5), np.ones((5, 5), bool)
    with pytest.raises(RuntimeError, match="outside an edit"):
        document.apply(Patch(rect, where, 1))
    with pytest.raises(RuntimeError, match="no edit"):
        document.commit_edit()
    document.begin_edit("Paint")
    with pytest.raises(RuntimeError, match="has not ended"):
        document.begin_edit("Erase")
    assert document.apply(NOTHING).is_empty
    assert document.commit_edit() is None, "an edit that changes nothing is none"
    assert document.undo() is None
    assert document.redo() is None
    assert document.abandon_edit().is_empty
    with pytest.raises(ValueError, match="31 x 20"):
        document.set_prediction(Plane(20, 31), 1)


def test_the_demo_is_drawn_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert demo_folder().is_relative_to(tmp_path)
    monkeypatch.setattr("segstudio.app.demo.IMAGES", 6)
    told: list[tuple[int, int]] = []
    plan = demo_project(tmp_path, "body", lambda *progress: told.append(progress))
    assert isinstance(plan, NewProject)
    assert told[-1] == (6, 6)
    assert plan.upright
    assert [found.mask is not None for found in plan.images] == [True] * 2 + [False] * 4
    assert len({found.image for found in plan.images}) == 6
    (tmp_path / "body.segstudio").mkdir()
    (tmp_path / "body.segstudio" / "project.db").write_bytes(b"")
    assert demo_project(tmp_path, "body", lambda *progress: None) == tmp_path / "body.segstudio"


def test_a_project_of_a_whole_drive_has_a_name(monkeypatch, tmp_path):
    found = Dataset("folder", (FoundImage(tmp_path / "a.png"),))
    monkeypatch.setattr("segstudio.app.new_project.find_dataset", lambda folder, masks=None: found)
    top = Path(tmp_path.anchor)
    assert look_at([top]).suggested_folder == top / "images.segstudio"


def test_a_project_of_one_video_is_called_like_it(tmp_path):
    one, other = (write_video(tmp_path / f"{name}.avi") for name in ("twirl", "jump"))
    assert look_at([one]).suggested_folder == tmp_path / "twirl.segstudio"
    assert look_at([one, other]).suggested_folder == tmp_path / f"{tmp_path.name}.segstudio"


def test_the_doctor_asks_for_all_that_the_program_needs():
    needed = importlib.metadata.requires("segstudio") or []
    always = {re.match(r"[\w.-]+", line)[0].lower() for line in needed if "extra ==" not in line}
    assert {name.lower() for name in doctor.PACKAGES} == always


def test_the_doctor_gives_the_very_line_that_helps(monkeypatch):
    monkeypatch.setattr(doctor, "QT_LIBRARIES", (("libnothing-of-the-kind.so.7", "libnothing7"),))
    monkeypatch.setattr(doctor, "PACKAGES", ("numpy", "no-such-package-at-all"))
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    found = doctor.examine()
    assert not found.healthy
    assert "sudo apt-get install -y libnothing7" in found.text
    assert "pip install no-such-package-at-all" in found.text
    assert "cannot open yet" in found.text


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (TrainingStatus(missing=3), "Next round after 3 more approved"),
        (TrainingStatus(), "Ready to learn"),
        (TrainingStatus(phase="starting"), "Starting"),
        (TrainingStatus(phase="training", round=1, fraction=0.4), "Round 1 · 40 % · held-out Dice not yet"),
        (
            TrainingStatus(phase="training", round=3, fraction=0.62, held_out_dice=0.912, held_out_count=8),
            "Round 3 · 62 % · held-out Dice 0.91 on 8 images",
        ),
        (TrainingStatus(round=2, predicting=7), "Refreshing 7 masks · held-out Dice not yet"),
        (TrainingStatus(predicting=1), "Refreshing 1 mask"),
        (
            TrainingStatus(round=1, predicting=1200, held_out_dice=0.9, held_out_count=1),
            "Refreshing 1,200 masks · held-out Dice 0.90 on 1 image",
        ),
    ],
)
def test_learning_in_one_line(status, line):
    assert status.line == line


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads priorities of their own")
def test_reading_ahead_gives_way_to_the_thread_that_paints():
    with ThreadPoolExecutor(1, initializer=loader.give_way) as pool:
        beside = pool.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).result()
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert beside == min(own + loader._NICENESS, 19), "the tests may have been told to give way themselves"


def test_what_reading_a_large_image_left_over_is_given_back(tmp_path, monkeypatch):
    path = tmp_path / "image.png"
    Image.new("RGB", (64, 48), (120, 90, 60)).save(path)
    given: list[int] = []
    monkeypatch.setattr(loader, "give_back_memory", lambda give=loader.give_back_memory: given.append(give() is None))
    assert isinstance(loader.load_image(path), loader.LoadedImage)
    assert not given
    monkeypatch.setattr(loader, "_LARGE", 1000)
    assert isinstance(loader.load_image(path), loader.LoadedImage)
    assert given == [True]


def test_what_many_writes_left_over_is_given_back_when_none_has_come_for_a_while(monkeypatch, tmp_path):
    given, written = [], []
    monkeypatch.setattr(saver, "give_back_memory", lambda: given.append(len(written)))
    monkeypatch.setattr(saver, "GIVE_BACK_AFTER", 0.05)
    scheduler = HeadlessScheduler()
    store = StoreThread(scheduler, written.append)
    store.open(lambda: Project.create(tmp_path / "a.segstudio", ())).result()
    saving = saver.Saver(store, scheduler, lambda: None)

    def save(count):
        for _ in range(count):
            saving.save(written.append)
        scheduler.run_until(lambda: saving.status.state == "saved", 10)

    save(saver._MANY - 1)
    assert saving._giving_back is None
    save(1)
    scheduler.run_until(lambda: given, 10)
    monkeypatch.setattr(saver, "GIVE_BACK_AFTER", 60.0)
    save(saver._MANY)
    assert saving._giving_back is not None
    # When the project is closed nothing is to come afterwards.
    assert saving.drain()
    assert saving._giving_back is None
    store.close()
    assert given == [saver._MANY]


@pytest.mark.parametrize("name", Changes._fields)
def test_only_pixels_and_previews_concern_the_canvas_alone(name):
    told = {"images": frozenset({1}), "pixels": Rect(0, 0, 1, 1), "message": Message("Done")}.get(name, True)
    assert Changes(**{name: told}).seen_only == (name in ("pixels", "preview"))


def test_titles_of_thousands_of_images_make_no_keys_of_paths(monkeypatch):
    records = [ImageRecord(n, Path(f"/images/case_{n:05d}.png"), f"case_{n:05d}.png", n) for n in range(3000)]
    records.append(ImageRecord(3000, Path("/others/case_00007.jpg"), "case_00007.jpg", 3000))
    hashed = []
    keys = Path.__hash__
    monkeypatch.setattr(type(records[0].path), "__hash__", lambda path: (hashed.append(path), keys(path))[1])
    catalog = Catalog(records)
    assert catalog.title(records[3000], short=True) == "others/case_00007"
    assert catalog.title(records[7], short=True) == "images/case_00007"
    assert len(hashed) < 20
    assert catalog.title(records[8], short=True) == "case_00008"
