"""An export that is cancelled leaves its folder as it was."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from segstudio.app import export_before
from segstudio.app.export_before import Before
from segstudio.app.export_claim import is_still_ours, remember
from segstudio.app.exporting import plan_export
from segstudio.domain.errors import UserError
from segstudio.formats.export_formats import format_called
from segstudio.store.audit import Trail
from segstudio.store.exports import Exports
from segstudio.store.project_db import Project
from tests.helpers.studios import StudioRig, approve


@pytest.fixture
def rig(tmp_path: Path):
    """Four approved images, the last on the canvas."""
    rig = StudioRig(tmp_path)
    rig.new_project(4)
    approve(rig, 4)
    rig.show(rig.session.records[3].id)
    rig.heard.clear()
    yield rig
    rig.studio.close()


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def export(rig: StudioRig, folder: Path, key: str, cancel_after: int | None = None) -> str:
    """The sentence at its end."""
    exporter = rig.session.exporter
    rig.heard.clear()
    exporter.export_masks(folder, only_approved=False, format_=format_called(key))
    if cancel_after is not None:
        rig.wait(lambda: len(exporter._written) >= cancel_after or not exporter.busy)
        assert exporter.busy
        exporter.cancel()
        assert exporter.progress == "Cancelling the export…"
    rig.wait(lambda: not exporter.busy and any(message.key == "export" for message in rig.messages))
    rig.settle()
    assert not exporter.cancelling
    return next(message.sentence for message in rig.messages if message.key == "export")


KEYS = ["png", "class-map", "coco", "coco-panoptic", "overlay"]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("after", [0, 2, 4])
def test_nothing_of_it_stays(rig: StudioRig, tmp_path: Path, key: str, after: int) -> None:
    folder = tmp_path / "new" / "out"
    said = export(rig, folder, key, after)
    assert said == f"The export to {folder} was cancelled. The folder is as it was before."
    assert not (tmp_path / "new").exists()
    assert not (rig.session.folder / "replaced").exists()


@pytest.mark.parametrize("key", KEYS)
def test_files_of_an_earlier_export_are_as_they_were(rig: StudioRig, tmp_path: Path, key: str) -> None:
    folder = tmp_path / "out"
    assert export(rig, folder, key).startswith("4 masks exported")
    before = contents(folder)
    rig.stroke((5, 5), (90, 60))
    (folder / "notes.txt").write_text("mine")
    (folder / "attributes.csv").write_text("mine, too")
    assert "as it was before" in export(rig, folder, key, cancel_after=4)
    (folder / "notes.txt").unlink()
    (folder / "attributes.csv").unlink()
    assert contents(folder) == before
    assert not (rig.session.folder / "replaced").exists()
    assert export(rig, folder, key).startswith("4 masks exported"), "they are the project's own still"
    assert contents(folder) != before


def test_what_somebody_else_put_there_meanwhile_stays(rig: StudioRig, tmp_path: Path, monkeypatch) -> None:
    folder, exporter = tmp_path / "out", rig.session.exporter
    exporter.export_masks(folder, only_approved=False)
    rig.wait(lambda: len(exporter._written) >= 2)
    (folder / "image_00.png").write_bytes(b"another's")
    exporter.cancel()
    rig.wait(lambda: not exporter.busy)
    rig.settle()
    assert list(contents(folder)) == ["image_00.png"]
    assert "1 file could not be made as before, or changed meanwhile" in rig.messages[-1].sentence


def test_the_audit_trail_says_so_and_nothing_is_said_to_be_unfinished(rig: StudioRig, tmp_path: Path) -> None:
    export(rig, tmp_path / "out", "png", cancel_after=1)
    kinds: list[str] = []
    rig.studio._store.ask(lambda project: kinds.extend(entry.kind for entry in project.audit.entries()))
    assert kinds[-2:] == ["export", "export cancelled"]
    rig.heard.clear()
    rig.reopen()
    assert not any("was not finished" in message.sentence for message in rig.messages)


def test_a_file_whose_place_is_not_free_is_not_exported_nor_cancelled(rig: StudioRig, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "image_00.png").write_bytes(b"another's")
    exporter = rig.session.exporter
    exporter.export_masks(tmp_path / "out", only_approved=False)
    exporter.cancel()
    rig.wait(lambda: not exporter.busy)
    assert not exporter.cancelling
    assert contents(tmp_path / "out")["image_00.png"][0] == b"another's"


def test_a_project_that_nothing_can_be_written_to_keeps_no_file_from_coming_back(
    rig: StudioRig, tmp_path: Path, monkeypatch
) -> None:
    """As on a full disk, which may be why it is cancelled."""
    folder, exporter = tmp_path / "out", rig.session.exporter
    export(rig, folder, "png")
    before = contents(folder)
    rig.stroke((5, 5), (90, 60))
    rig.settle()
    exporter.export_masks(folder, only_approved=False)
    rig.wait(lambda: len(exporter._written) >= 4 or not exporter.busy)

    def full(*_args: object, **_about: object) -> None:
        raise UserError("The disk is full.")

    monkeypatch.setattr(Trail, "note", full)
    monkeypatch.setattr(Exports, "remember", full)
    exporter.cancel()
    rig.wait(lambda: not exporter.busy)
    rig.settle()
    monkeypatch.undo()
    assert contents(folder) == before
    said = "The folder is as it was before. The project could not note that: The disk is full."
    assert said in rig.messages[-1].sentence


def test_strokes_are_saved_between_the_files_that_come_back(rig: StudioRig, tmp_path: Path, monkeypatch) -> None:
    """Twenty thousand files take minutes."""
    monkeypatch.setattr(export_before, "_AT_ONCE", 0.0)
    folder, names = tmp_path / "out", ["1.png", "2.png", "3.png"]

    def begin(project: Project) -> Before:
        folder.mkdir()
        for content in (b"before", b"since"):
            found = Before(project, folder)
            found.keep(names)
            for name in names:
                (folder / name).write_bytes(content)
            remember(project, folder, names)
        return found

    ask = rig.studio._store.ask
    before = ask(begin)
    assert [ask(before.bring_back) for _ in names] == [True, True, False]
    assert {(folder / name).read_bytes() for name in names} == {b"before"}
    assert before.failed == 0
    assert ask(lambda project: all(is_still_ours(project, folder, name) for name in names))


def test_a_folder_below_that_was_there_and_empty_stays(rig: StudioRig, tmp_path: Path) -> None:
    (tmp_path / "out" / "panoptic").mkdir(parents=True)
    assert "as it was before" in export(rig, tmp_path / "out", "coco-panoptic", cancel_after=4)
    assert (tmp_path / "out" / "panoptic").is_dir()


def test_what_is_replaced_is_not_put_where_a_link_leads(rig: StudioRig, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "0").write_bytes(b"another's")
    export(rig, folder, "png")
    (rig.session.folder / "replaced").symlink_to(elsewhere)
    assert "as it was before" in export(rig, folder, "png", cancel_after=4)
    assert (elsewhere / "0").read_bytes() == b"another's"
    assert len(contents(elsewhere)) == 1


def test_nothing_is_exported_to_where_the_replaced_is_kept(rig: StudioRig) -> None:
    folder = rig.session.folder / "replaced"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    assert export(rig, folder, "png").startswith(f"{folder} is in the project itself")
    assert (folder / "notes.txt").read_text() == "mine"


def test_what_a_killed_export_kept_does_not_fill_the_disk(rig: StudioRig) -> None:
    kept = rig.session.folder / "replaced"
    kept.mkdir()
    (kept / "0").write_bytes(b"a mask")
    rig.reopen()
    rig.settle()
    assert not kept.exists()
    kept.mkdir()
    (kept / "notes.txt").write_text("mine")
    rig.reopen()
    rig.settle()
    assert (kept / "notes.txt").read_text() == "mine"


def test_the_window_goes_on_while_thousands_of_masks_are_named(rig, tmp_path, monkeypatch):
    session, threads = rig.session, []

    def plan(*given, **more):
        threads.append(threading.current_thread())
        return plan_export(*given, **more)

    monkeypatch.setattr("segstudio.app.exporter.plan_export", plan)
    session.exporter.export_masks(tmp_path / "out", only_approved=True)
    assert session.exporter.busy
    rig.wait(lambda: not session.exporter.busy)
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert threads
    assert threading.main_thread() not in threads
