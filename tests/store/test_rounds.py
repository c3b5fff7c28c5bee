import shutil
from pathlib import Path

import pytest

from segstudio.domain.errors import UserError
from segstudio.domain.rounds import RoundRecord, RoundStatus
from segstudio.store.project_db import Project


def finish(project: Project, number: int) -> Path:
    """End a round well; its weights' absolute path."""
    weights = project.rounds.round_folder(number) / "weights.safetensors"
    weights.touch()
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


def test_the_latest_weights_are_those_of_the_newest_finished_round_that_has_them(project: Project) -> None:
    assert project.rounds.latest_weights() is None
    for _ in range(5):
        project.rounds.begin_round(3, 1000.0)
    first, second = finish(project, 1), finish(project, 2)
    project.rounds.end_round(3, RoundStatus.FAILED, weights="rounds/0003", sentence="The disk was full.")
    project.rounds.end_round(4, RoundStatus.FINISHED)
    assert project.rounds.latest_weights() == (2, second)
    shutil.rmtree(second.parent)
    assert project.rounds.latest_weights() == (1, first)
    first.unlink()
    assert project.rounds.latest_weights() is None


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
    (tmp_path / "elsewhere.safetensors").write_bytes(b"weights")
    project.rounds.begin_round(3, 0.0)
    project.rounds.end_round(1, RoundStatus.FINISHED, weights="../elsewhere.safetensors")
    assert (project.folder / "../elsewhere.safetensors").is_file()
    assert project.rounds.latest_weights() is None


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
