import errno
import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from segstudio.domain.errors import UserError
from segstudio.domain.rounds import RoundFiles, RoundRecord, RoundStatus
from segstudio.engine.checkpoint import WeightsHeader, save_checkpoint
from segstudio.protocol.round_folder import RoundResult, write_result
from segstudio.store.project_db import Project


def finish(project: Project, number: int) -> Path:
    """End a round well; its weights' absolute path."""
    weights = project.rounds.round_folder(number) / "weights.safetensors"
    save_file({"weight": np.zeros(1000, np.float32)}, weights)
    relative = weights.relative_to(project.folder).as_posix()
    project.rounds.end_round(number, RoundStatus.FINISHED, loss=0.1, weights=relative)
    return weights


def test_rounds_are_numbered_and_have_folders(project: Project, folder: Path) -> None:
    first = project.rounds.begin_round(approved=3, started=1000.5)
    assert first == RoundRecord(1, RoundStatus.RUNNING, 1000.5, 3)
    assert project.rounds.begin_round(8, 2000.0).number == 2
    assert sorted(path.name for path in (folder / "rounds").iterdir()) == ["0001", "0002"]
    assert project.rounds.round_folder(2) == folder / "rounds" / "0002"


def test_how_a_round_ended_is_kept(project: Project, folder: Path) -> None:
    project.rounds.begin_round(3, 1000.0)
    ended = project.rounds.end_round(
        1,
        RoundStatus.FINISHED,
        seconds=61.5,
        loss=0.25,
        held_out_dice=0.93,
        held_out_count=2,
        weights="rounds/0001/weights.safetensors",
        sentence="Better than before.",
    )
    assert ended == RoundRecord(
        1,
        RoundStatus.FINISHED,
        1000.0,
        3,
        61.5,
        0.25,
        0.93,
        2,
        "rounds/0001/weights.safetensors",
        "Better than before.",
    )
    project.close()
    with Project.open(folder) as again:
        assert again.rounds.list_rounds() == [ended]


def test_a_round_that_never_began_cannot_end(project: Project) -> None:
    with pytest.raises(KeyError):
        project.rounds.end_round(5, RoundStatus.CANCELLED)


def test_the_weights_in_use_are_those_of_the_newest_finished_round_that_has_them(project: Project) -> None:
    assert project.rounds.weights_in_use() is None
    for _ in range(5):
        project.rounds.begin_round(3, 1000.0)
    first, second = finish(project, 1), finish(project, 2)
    project.rounds.end_round(3, RoundStatus.FAILED, weights="rounds/0003", sentence="The disk was full.")
    project.rounds.end_round(4, RoundStatus.FINISHED)
    assert project.rounds.weights_in_use() == (2, second)
    shutil.rmtree(second.parent)
    assert project.rounds.weights_in_use() == (1, first)
    first.unlink()
    assert project.rounds.weights_in_use() is None


def test_a_round_whose_window_died_is_failed_at_the_next_opening(project: Project, folder: Path) -> None:
    project.rounds.begin_round(3, 1000.0)
    project.rounds.begin_round(3, 2000.0)
    project.rounds.end_round(1, RoundStatus.CANCELLED, sentence="Cancelled.")
    project.close()
    with Project.open(folder) as again:
        first, second = again.rounds.list_rounds()
        assert (first.status, first.sentence) == (RoundStatus.CANCELLED, "Cancelled.")
        assert second.status is RoundStatus.FAILED
        assert second.sentence
        assert again.rounds.fail_unfinished("Nothing is left to fail.") == 0


@pytest.mark.parametrize("lacking", ["nothing", "weights", "result", "a byte", "the number"])
def test_a_round_that_ended_well_while_the_window_closed_is_not_lost(
    project: Project, folder: Path, lacking: str
) -> None:
    project.rounds.begin_round(3, 1000.0)
    first = finish(project, 1)
    project.rounds.choose(1)
    project.rounds.begin_round(8, 2000.0)
    weights = project.rounds.round_folder(2) / "weights.safetensors"
    save_file({"weight": np.zeros(1000, np.float32)}, weights)
    number = 3 if lacking == "the number" else 2
    result = RoundResult(number, 61.5, 10, 0.25, 0.9, 2, {4: 0.85, 5: 0.95}, "cpu")
    write_result(project.rounds.round_folder(2), result)
    if lacking == "weights":
        weights.unlink()
    elif lacking == "result":
        (project.rounds.round_folder(2) / "result.json").unlink()
    elif lacking == "a byte":
        weights.write_bytes(weights.read_bytes()[:-1])
    project.close()
    with Project.open(folder) as again:
        record = again.rounds.list_rounds()[1]
        if lacking == "nothing":
            path = "rounds/0002/weights.safetensors"
            assert record == RoundRecord(2, RoundStatus.FINISHED, 2000.0, 8, 61.5, 0.25, 0.9, 2, path)
            assert again.rounds.weights_in_use() == (2, weights)
            assert again.audit.entries()[-1].told["status"] == "finished"
        else:
            assert (record.status, record.weights) == (RoundStatus.FAILED, None)
            assert again.rounds.weights_in_use() == (1, first)


def test_a_folder_that_nobody_knows_of_is_passed_over(project: Project) -> None:
    project.rounds.round_folder(1).mkdir()
    assert project.rounds.begin_round(3, 1000.0).number == 2
    assert list(project.rounds.round_folder(2).iterdir()) == []


def test_a_round_without_a_folder_does_not_begin(project: Project, folder: Path) -> None:
    folder.joinpath("rounds").rmdir()
    folder.joinpath("rounds").touch()
    with pytest.raises(UserError, match="No round was started"):
        project.rounds.begin_round(3, 1000.0)
    assert project.rounds.list_rounds() == []


def test_weights_outside_the_project_are_never_used(project: Project, tmp_path: Path) -> None:
    save_file({"weight": np.zeros(4, np.float32)}, tmp_path / "elsewhere.safetensors")
    project.rounds.begin_round(3, 0.0)
    project.rounds.end_round(1, RoundStatus.FINISHED, weights="../elsewhere.safetensors")
    assert (project.folder / "../elsewhere.safetensors").is_file()
    assert project.rounds.weights_in_use() is None


def test_masks_that_nobody_fetched_are_gone_after_opening(project: Project) -> None:
    project.rounds.begin_round(3, 0.0)
    left = project.rounds.round_folder(1) / "predictions" / "4.1.png"
    left.parent.mkdir()
    left.write_bytes(b"mask")
    folder = project.folder
    project.close()
    with Project.open(folder):
        assert not left.exists()
        assert left.parent.is_dir()


def test_beginnings_of_files_that_a_killed_worker_left_do_not_fill_the_disk(project: Project) -> None:
    project.rounds.begin_round(3, 0.0)
    weights = finish(project, 1)
    round_folder = project.rounds.round_folder(1)
    names = ("weights.safetensors.new", "weights.safetensors.new.tmp", "weights.safetensors.tmp", "result.tmp")
    left = [round_folder / name for name in (*names, "predictions/4.1.png.tmp")]
    left[-1].parent.mkdir()
    for file in left:
        file.write_bytes(b"half")
    folder = project.folder
    project.close()
    with Project.open(folder) as again:
        assert not any(file.exists() for file in left)
        assert again.rounds.weights_in_use() == (1, weights)


def rounds(project: Project, count: int) -> list[Path]:
    """``count`` finished rounds, each taught with one mask; the paths of their weights."""
    made = []
    for number in range(1, count + 1):
        project.rounds.begin_round(3, 1000.0 * number)
        masks = project.rounds.round_folder(number) / "masks"
        masks.mkdir()
        (masks / "1.png").write_bytes(b"m" * 500)
        write_result(
            project.rounds.round_folder(number),
            RoundResult(number, 1.0, 10, 0.1, 0.9, 2, {4: 0.85, 5: 0.95}, "cpu"),
        )
        made.append(finish(project, number))
    return made


def test_going_back_to_a_round_lasts_until_the_next_one_ends_well(project: Project, folder: Path) -> None:
    first, second, _ = rounds(project, 3)
    assert project.rounds.choose(1) == first
    assert project.rounds.weights_in_use() == (1, first)
    assert project.rounds.choose(2) == second
    assert [record.chosen for record in project.rounds.list_rounds()] == [False, True, False]
    project.rounds.begin_round(8, 4000.0)
    project.rounds.end_round(4, RoundStatus.FAILED)
    project.close()
    with Project.open(folder) as again:
        assert again.rounds.weights_in_use() == (2, second)
        again.rounds.begin_round(8, 5000.0)
        fifth = finish(again, 5)
        assert again.rounds.weights_in_use() == (5, fifth)
        assert not any(record.chosen for record in again.rounds.list_rounds())


@pytest.mark.parametrize("harm", ["cut", "emptied", "overwritten", "gone"])
def test_weights_that_cannot_be_used_are_not(project: Project, harm: str) -> None:
    first, second = rounds(project, 2)
    whole = second.read_bytes()
    if harm == "gone":
        second.unlink()
    else:
        second.write_bytes({"cut": whole[:-1], "emptied": b"", "overwritten": b"\xff" * len(whole)}[harm])
    state = project.rounds.files()[2].weights
    assert state == ("missing" if harm == "gone" else "damaged")
    with pytest.raises(UserError, match="gone" if harm == "gone" else "damaged"):
        project.rounds.choose(2)
    assert project.rounds.weights_in_use() == (1, first), "an older one helps out"


def test_a_chosen_round_whose_weights_are_gone_gives_way_to_the_newest(project: Project) -> None:
    first, second = rounds(project, 2)
    project.rounds.choose(1)
    first.unlink()
    assert project.rounds.weights_in_use() == (2, second)


def test_deleting_a_round_frees_what_was_said_and_keeps_its_scores(project: Project) -> None:
    first, second = rounds(project, 2)
    said = project.rounds.files()
    assert said[1] == RoundFiles(first.stat().st_size + 500, "usable")
    assert project.rounds.delete_files(1) == said[1].nbytes
    assert project.rounds.files()[1] == RoundFiles(0, "none")
    assert not first.exists()
    record = project.rounds.list_rounds()[0]
    assert (record.weights, record.status, record.loss) == (None, RoundStatus.FINISHED, 0.1)
    assert project.rounds.scores(1) == {4: 0.85, 5: 0.95}
    assert second.is_file()
    with pytest.raises(UserError, match="gone"):
        project.rounds.choose(1)
    assert project.rounds.delete_files(1) == 0


def test_a_round_tells_how_many_networks_its_weights_ask(project: Project) -> None:
    first, second = rounds(project, 2)
    newer, older = {"weight": torch.zeros(3)}, {"weight": torch.ones(3)}
    save_checkpoint(first, WeightsHeader("unet", ("lesion",), 64), newer)
    save_checkpoint(second, WeightsHeader("unet", ("lesion",), 64), newer, older)
    assert {number: files.networks for number, files in project.rounds.files().items()} == {1: 1, 2: 2}


def test_what_is_in_use_or_runs_is_not_deleted(project: Project) -> None:
    first, second = rounds(project, 2)
    project.rounds.begin_round(8, 3000.0)
    project.rounds.choose(1)
    for number in (1, 3):
        with pytest.raises(UserError, match="in use"):
            project.rounds.delete_files(number)
    assert first.is_file()
    project.rounds.delete_files(2)
    assert not second.exists()
    for call in (project.rounds.delete_files, project.rounds.choose):
        with pytest.raises(KeyError):
            call(9)


def test_a_disk_that_refuses_to_delete_is_told_of(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = rounds(project, 2)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(UserError, match="could not be deleted"):
        project.rounds.delete_files(1)
    monkeypatch.undo()
    assert first.is_file()
    assert project.rounds.list_rounds()[0].weights is not None, "it can still be used"


def test_notes_are_kept(project: Project, folder: Path) -> None:
    rounds(project, 1)
    project.rounds.set_note(1, "After the hairs were cleaned")
    with pytest.raises(KeyError):
        project.rounds.set_note(2, "none")
    project.close()
    with Project.open(folder) as again:
        assert again.rounds.list_rounds()[0].note == "After the hairs were cleaned"


def test_scores_that_cannot_be_read_are_none(project: Project) -> None:
    rounds(project, 1)
    assert project.rounds.scores(7) == {}
    (project.rounds.round_folder(1) / "result.json").write_text("{")
    assert project.rounds.scores(1) == {}


def test_what_is_deleted_can_still_be_named(project: Project) -> None:
    first, _ = rounds(project, 2)
    content = first.read_bytes()
    # As a project of before digests were kept has it.
    with project._database.writing() as connection:
        connection.execute("UPDATE rounds SET weights_digest = NULL")
    project.rounds.delete_files(1)
    assert project.rounds.digest(1) == hashlib.sha256(content).hexdigest()


def test_half_a_copy_of_weights_does_not_fill_the_disk(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "learned elsewhere.safetensors"
    save_file({"w": np.ones(100, np.float32)}, weights)
    before = project.rounds.take_starter(weights).read_bytes()

    def copy(_source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", copy)
        with pytest.raises(UserError, match="Make sure that the disk has room"):
            project.rounds.take_starter(weights)
        with pytest.raises(UserError, match="Make sure that the disk has room"):
            project.rounds.take_in(weights, "", 1000.0)
    files = [path for path in (project.folder / "rounds").rglob("*") if path.is_file()]
    assert [path.relative_to(project.folder / "rounds").as_posix() for path in files] == ["0000/weights.safetensors"]
    assert files[0].read_bytes() == before
    assert [record.status for record in project.rounds.list_rounds()] == [RoundStatus.FAILED]


def test_a_starter_makes_no_folder_in_the_place_of_a_project_that_was_moved(project, folder, tmp_path):
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"weights")
    moved = folder.rename(tmp_path / "moved")
    with pytest.raises(UserError, match="was moved"):
        project.rounds.take_starter(weights)
    assert not folder.exists()
    moved.rename(folder)
    assert project.rounds.take_starter(weights).read_bytes() == b"weights"
