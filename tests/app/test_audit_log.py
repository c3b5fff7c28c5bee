"""The audit trail and the versions of masks in an open project."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segstudio.app.audit_check import Report
from segstudio.app.audit_words import details, done, local_time, when
from segstudio.app.mask_versions import BEFORE_THE_TRAIL, KEY, KeptVersion, difference
from segstudio.domain.annotation import ImageState
from segstudio.domain.audit import Entry, Head, follow
from segstudio.store.project_db import Project
from tests.app.test_review import BLIND, review
from tests.helpers.studios import StudioRig, approve
from tests.helpers.tampering import meddling


@pytest.fixture
def rig(tmp_path: Path):
    made = StudioRig(tmp_path)
    yield made
    made.studio.close()


def entries(rig: StudioRig) -> list[Entry]:
    heard: list[list[Entry]] = []
    rig.session.audit.read(0, heard.append)
    rig.wait(lambda: heard)
    return heard[0]


def kinds(rig: StudioRig) -> list[str]:
    return [entry.kind for entry in entries(rig)]


def checked(rig: StudioRig) -> tuple[Report, list[float]]:
    heard: list[Report] = []
    shares: list[float] = []
    rig.session.audit.check(heard.append, shares.append, lambda error: pytest.fail(str(error)))
    rig.wait(lambda: heard)
    return heard[0], shares


def versions(rig: StudioRig, image_id: int) -> list[KeptVersion]:
    heard: list[list[KeptVersion]] = []
    rig.session.versions.read(image_id, heard.append)
    rig.wait(lambda: heard)
    return heard[0]


# ---- the trail -------------------------------------------------------------------------------------------------


def test_a_working_day_is_in_the_trail(rig: StudioRig) -> None:
    session = rig.new_project(5)
    approve(rig, 3)  # a round starts by itself
    rig.show(session.records[3].id)
    session.editor.undo()
    rig.stroke((10, 10), (20, 20))
    session.editor.undo()
    session.editor.redo()
    session.scale.set(0.1)
    session.exporter.export_masks(rig.folder / "out", only_approved=True)
    rig.wait(lambda: not session.exporter.busy)
    session.reopen(session.records[0].id)
    rig.settle()
    told = entries(rig)
    assert [entry.kind for entry in told[:4]] == ["segments", "project made", "setting", "data set imported"]
    found = {entry.kind for entry in told}
    assert {
        "edit", "undo", "redo", "approved", "round begun", "round ended", "model's mask shown", "scale", "export",
        "approval taken back",
    } <= found  # fmt: skip
    (shown,) = [
        entry for entry in told if entry.kind == "model's mask shown" and entry.image_id == session.records[3].id
    ]
    assert shown.told["round"] == 1
    assert len(shown.told["weights"]) == 64
    rig.show(session.records[4].id)
    rig.show(session.records[3].id)
    rig.settle()
    assert kinds(rig).count("model's mask shown") == len({e.image_id for e in told if e.kind == shown.kind}) + 1
    report, shares = checked(rig)
    assert report.line.startswith(f"Verified: {len(entries(rig))} entries, 3 approved masks, head ")
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1


def test_a_round_under_a_reader_is_the_readers(rig: StudioRig) -> None:
    session = rig.new_project(2)
    rig.stroke((10, 10), (20, 20))
    session.audit.set_reader("A. N.")
    rig.stroke((30, 10), (40, 20))
    session.audit.note("second reading", 1, agreed=False)
    rig.settle()
    told = entries(rig)
    assert [(entry.kind, entry.who == "A. N.") for entry in told[-4:]] == [
        ("edit", False), ("reader", True), ("edit", True), ("second reading", True),
    ]  # fmt: skip
    heads: list[Head] = []
    session.audit.ask_head(heads.append)
    rig.wait(lambda: heads)
    assert heads == [told[-1].head]
    heard: list[list[Entry]] = []
    session.audit.read(told[-2].number, heard.append)
    rig.wait(lambda: heard)
    assert heard == [told[-1:]]


def test_a_check_says_what_is_wrong_and_can_be_given_up(rig: StudioRig) -> None:
    session = rig.new_project(2)
    approve(rig, 1)
    assert rig.studio.close_project()
    with meddling(session.folder) as connection:
        connection.execute("UPDATE audit SET who = 'x' WHERE number = 3")
        connection.execute("DELETE FROM tiles")
    rig.studio.open_project(session.folder)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    report, _ = checked(rig)
    assert [finding.trouble for finding in report.findings] == ["altered", "mask"]
    assert report.line.startswith("2 things are wrong with the audit trail: Entry 3 was altered. The mask of")
    rig.session.audit.check(lambda _: pytest.fail("given up"), lambda _: None, lambda error: pytest.fail(str(error)))
    report, _ = checked(rig)  # takes the place of the one before
    assert len(report.findings) == 2
    rig.session.audit.check(lambda _: pytest.fail("given up"), lambda _: None, lambda error: pytest.fail(str(error)))
    rig.session.audit.stop_check()
    rig.settle()


def test_a_csv_of_some_entries(rig: StudioRig) -> None:
    session = rig.new_project(1)
    rig.stroke((10, 10), (20, 20))
    rig.settle()
    told, done = entries(rig), []
    session.audit.export(rig.folder / "t.csv", told[-1:], lambda: done.append(True), lambda e: pytest.fail(str(e)))
    rig.wait(lambda: done)
    lines = (rig.folder / "t.csv").read_text().splitlines()
    assert len(lines) == 2
    assert "image_00.png" in lines[1]
    failures: list[Exception] = []
    session.audit.export(rig.folder / "t.csv" / "no", told, lambda: pytest.fail("no"), failures.append)
    rig.wait(lambda: failures)


# ---- words -----------------------------------------------------------------------------------------------------


def entry(kind: str = "edit", **what: object) -> Entry:
    return follow(Head(), when="2026-01-02T03:04:05.678+00:00", who="x", kind=kind, image_id=1, what=what, program="1")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"name": "Brush", "pixels": 1234, "box": [5, 6, 25, 36], "edit": 7}, "Brush, 1,234 px in 20 × 30 at (5, 6)"),
        ({"edit": 7, "name": "Brush", "approved": False}, "Brush, no longer approved"),
        ({"pixels": 3, "box": "?"}, "3 px"),
        ({"key": "mm_per_px", "value": None}, "mm a pixel –"),
        (
            {"version": 3, "mask": "a" * 64, "held_out": True, "file": "f"},
            "version 3 of the project, mask aaaaaaaaaaaa…, held out",
        ),
        ({"round": 2, "weights": "b" * 64, "segments": "c" * 64, "held_out": False}, "round 2, weights bbbbbbbbbbbb…"),
        ({"classes": [{"id": 1, "name": "lesion"}, "hair"]}, "lesion, hair"),
        ({"classes": 3, "segments": 4, "count": "x"}, ""),
        ({"segments": [[1, 1, 0, "mole", [1, 2, 3]], 5]}, "mole"),
        ({"count": 1200, "first": 1, "last": 1200}, "1,200 images"),
        ({"count": 2}, "2"),
        ({"dice": 0.7952210554336332, "mm_per_px": 0.0123456}, "0.0123456 mm a pixel, dice 0.795221"),
        ({"before": {"share": 0.5}, "held_out": True, "list": [1, None]}, "held out, before share 0.5, list 1, –"),
        ({"which": "between"}, "the line between both"),
        ({"which": "fourth"}, "which fourth"),
        ({"folder": "/x", "files": 1, "identifiers": True}, "1 file, with names of files and people, folder /x"),
        ({"images": 3, "identifiers": False}, "3 images"),
        (
            {"round": 2, "status": "finished", "dice": 0.9, "images": 3},
            "Dice 0.9 on 3 images, round 2, status finished",
        ),
        ({"images": [4, 5]}, "images 4, 5"),
        ({}, ""),
    ],
)
def test_what_an_entry_says_in_words(what: dict[str, object], words: str) -> None:
    assert details(entry(**what)) == words


def test_what_was_done_is_said_in_plain_words() -> None:
    assert done(entry("adjudicate")) == "decided between readings"
    assert done(entry("take reading")) == "reading taken"
    assert done(entry("approved")) == "approved"
    seen = entry("agreement looked at", count=3)
    assert (done(seen), details(seen)) == ("agreement of readers shown", "3 images")


def test_a_time_says_how_far_the_clock_is_from_utc(monkeypatch) -> None:
    try:
        for zone, told in (("XXX-5:30", "2026-01-02 08:34:05 +05:30"), ("UTC", "2026-01-02 03:04:05 +00:00")):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert when(entry()) == told
            assert local_time("2026-01-02T03:04:05+00:00") == told
    finally:
        monkeypatch.undo()
        time.tzset()


def test_what_was_altered_is_still_shown() -> None:
    broken = replace(entry(), when="yesterday\udcff", what="{")
    assert (when(broken), details(broken)) == ("yesterday?", "")
    assert when(entry()).startswith("2026-01-0")
    assert "\udcff" not in details(entry(name="\udcff"))


# ---- versions --------------------------------------------------------------------------------------------------


def test_an_approved_version_comes_back_as_one_step_and_becomes_a_new_one(rig: StudioRig) -> None:
    session = rig.new_project(2)
    first = session.records[0].id
    rig.stroke((20, 20), (40, 30))
    before = rig.mask()
    session.approve()
    rig.show(first)
    rig.stroke((60, 40), (70, 50))
    session.approve()
    rig.show(first)
    rig.settle()
    one, two = versions(rig, first)
    assert (one.place, two.place, one.round_number) == (1, 2, None)
    assert one.who
    assert one.when
    assert np.array_equal(one.small > 0, before > 0)
    session.change_segment(1, locked=True)
    session.versions.restore(one)
    rig.wait(lambda: rig.messages and rig.messages[-1].key == KEY)
    assert np.array_equal(rig.mask(), before)
    assert session.editor.undo_name == "Restore version 1"
    assert session.record(first).state is ImageState.IN_PROGRESS
    rig.settle()
    told = entries(rig)[-1]
    assert (told.kind, told.told["version"], told.told["mask"]) == ("mask restored", one.number, one.digest)
    assert told.told["pixels"] > 0
    message = rig.messages[-1]
    assert message.holds()
    message.on_action()
    assert not np.array_equal(rig.mask(), before)
    assert not message.holds()
    message.on_action()
    assert not np.array_equal(rig.mask(), before)
    session.editor.redo()
    session.approve()
    rig.show(first)
    rig.settle()
    three = versions(rig, first)[2]
    assert (three.place, three.digest) == (3, one.digest)
    assert checked(rig)[0].findings == ()


def test_what_can_not_be_restored_says_why(rig: StudioRig) -> None:
    session = rig.new_project(2)
    first = session.records[0].id
    rig.stroke((20, 20), (40, 30))
    session.approve()
    rig.settle()
    (kept,) = versions(rig, first)
    shown = rig.mask()
    session.versions.restore(kept)  # another image is on the canvas by now
    rig.settle()
    assert np.array_equal(rig.mask(), shown)
    rig.show(first)
    session.versions.restore(kept)
    rig.wait(lambda: any("already" in message.sentence for message in rig.messages))
    session.versions.restore(replace(kept, number=99))
    rig.wait(lambda: rig.messages[-1].kind == "trouble")


def test_how_far_two_masks_agree() -> None:
    one, other = np.zeros((4, 5), np.uint16), np.zeros((4, 5), np.uint16)
    assert difference(one, other) == (0, 1.0)
    one[:2], other[1:3] = 1, 1
    assert difference(one, other) == (10, 0.5)


def test_a_project_that_is_left_is_whole(rig: StudioRig) -> None:
    session = rig.new_project(3)
    approve(rig, 2)
    assert rig.studio.close_project()
    with Project.open(session.folder) as project:
        assert [v.image_id for v in project.versions.list_versions()] == [1, 2]


@pytest.mark.parametrize("approved", [False, True])
def test_what_is_painted_while_the_trail_is_verified_was_not_altered(rig: StudioRig, approved: bool) -> None:
    session = rig.new_project(3)
    session = review(rig, BLIND)
    approve(rig, 3)
    rig.show(session.records[2].id)
    heard: list[Report] = []
    began: list[float] = []
    session.audit.check(heard.append, began.append, lambda error: pytest.fail(str(error)))
    rig.wait(lambda: bool(began))
    rig.stroke((5, 5), (90, 60))
    if approved:
        session.approve()
    rig.wait(lambda: bool(heard))
    assert heard[0].findings == ()
    rig.settle()
    heard.clear()
    session.audit.check(heard.append, began.append, lambda error: pytest.fail(str(error)))
    rig.wait(lambda: bool(heard))
    assert heard[0].findings == ()


def test_who_had_the_project_open_has_not_approved_what_was_approved_before(rig: StudioRig) -> None:
    session = rig.new_project(1)
    approve(rig, 1)
    image_id = session.records[0].id
    assert versions(rig, image_id)[0].who not in ("", BEFORE_THE_TRAIL)

    def as_long_ago(project: Project) -> None:
        with project._database.writing() as connection:
            connection.execute("DROP TRIGGER audit_is_not_changed")
            connection.execute("UPDATE audit SET kind = 'found approved' WHERE kind = 'approved'")

    rig.studio._store.ask(as_long_ago)
    assert versions(rig, image_id)[0].who == BEFORE_THE_TRAIL
