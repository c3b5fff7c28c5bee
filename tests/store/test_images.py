"""Images: order, states, and finding the files again."""

import os
import shutil
import sys
import unicodedata
from pathlib import Path

import pytest

from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.history import Edit
from segstudio.domain.plane import Plane
from segstudio.domain.rounds import RoundStatus
from segstudio.domain.segments import make_classes
from segstudio.store import paths as paths_module
from segstudio.store.images import NewImage
from segstudio.store.project_db import Project


def test_images_keep_the_order_in_which_they_were_added(project: Project, photos: list[Path], folder: Path) -> None:
    ids = project.images.add_images([NewImage(photos[2], truth=photos[1]), NewImage(photos[0])])
    project.close()
    with Project.open(folder) as again:
        assert again.images.list_images() == [
            ImageRecord(ids[0], photos[2], "ภาพ 三.png", 0, truth=photos[1]),
            ImageRecord(ids[1], photos[0], "b 1.png", 1),
        ]


def test_files_that_are_there_already_are_skipped(
    project: Project, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = project.images.add_images([NewImage(photos[0]), NewImage(photos[0])])
    assert len(first) == 1
    monkeypatch.chdir(photos[0].parent)
    again = project.images.add_images([NewImage(Path("b 1.png")), NewImage(Path("..", "photos", "ä[2].png"))])
    assert len(again) == 1
    assert [image.path for image in project.images.list_images()] == photos[:2]
    assert [image.position for image in project.images.list_images()] == [0, 1]


def test_what_was_read_from_the_file_is_kept(project: Project, image_id: int) -> None:
    project.images.set_size(image_id, 767, 576, "c0ffee")
    project.images.set_problem(image_id, "The file is damaged.")
    image = project.images.image(image_id)
    assert (image.width, image.height, image.fingerprint) == (767, 576, "c0ffee")
    assert image.problem == "The file is damaged."
    project.images.set_problem(image_id, None)
    assert project.images.image(image_id).problem is None


def test_an_unknown_image_is_an_error(project: Project) -> None:
    images = project.images
    for act in (
        lambda: images.image(7),
        lambda: images.set_problem(7, None),
        lambda: images.approve(7, True),
    ):
        with pytest.raises(KeyError):
            act()


# ---- states ----------------------------------------------------------------------------------------------------


def test_images_are_grouped_by_patient_or_by_the_names_that_they_had_when_they_were_added(
    project: Project, tmp_path: Path
) -> None:
    frames = [NewImage(tmp_path / f"walk_{number:05d}.png") for number in range(3)]
    others = [NewImage(tmp_path / f"{number}.png", patient="7" if number < 2 else None) for number in range(20)]
    before = len(project.images.list_images())
    first, second, third, *rest = project.images.add_images([*frames, *others])
    project.images.relocate(second, tmp_path / "moved.png")
    groups = {image.id: image.group for image in project.images.list_images()}
    assert groups[first] == groups[second] == groups[third] != ""
    assert groups[rest[0]] == groups[rest[1]] != ""
    assert [groups[id_] for id_ in rest[2:]] == [""] * 18
    (later,) = project.images.add_images([NewImage(tmp_path / "walk_00009.png")])
    assert project.images.image(later).group == groups[first]
    assert len(project.images.memberships()) == before + 24


def test_what_a_picture_shows_is_kept_until_another_is_read(project: Project, image_id: int) -> None:
    project.images.set_size(image_id, 30, 20, "ab", -(2**63))
    assert project.images.image(image_id).perceptual == -(2**63)
    project.images.set_size(image_id, 30, 20, "ab")
    assert project.images.image(image_id).perceptual == -(2**63)
    project.images.set_size(image_id, 30, 20, "cd", 2**63 - 1)
    assert project.images.image(image_id).perceptual == 2**63 - 1


def test_whether_an_image_is_held_out_is_fixed_when_first_approved(project: Project, image_id: int) -> None:
    assert project.images.image(image_id).held_out is None
    project.images.approve(image_id, held_out=True)
    project.images.reopen(image_id)
    assert project.images.image(image_id).state is ImageState.IN_PROGRESS
    project.images.approve(image_id, held_out=False)
    image = project.images.image(image_id)
    assert (image.state, image.held_out) == (ImageState.APPROVED, True)


def test_only_an_approved_image_can_be_reopened(project: Project, image_id: int) -> None:
    project.images.reopen(image_id)
    assert project.images.image(image_id).state is ImageState.NEW


@pytest.mark.parametrize("approved", [True, False])
def test_an_edit_puts_an_image_in_progress(project: Project, image_id: int, approved: bool) -> None:
    project.images.approve(image_id, held_out=True)
    if not approved:
        project.images.reopen(image_id)
    assert not project.images.image(image_id).touched
    plane = Plane(10, 10)
    plane.write(plane.bounds, 1)
    project.masks.save_edit(image_id, Edit("Brush", plane.changes_since({})))
    image = project.images.image(image_id)
    assert (image.state, image.held_out, image.touched) == (ImageState.IN_PROGRESS, True, True)


@pytest.mark.parametrize("step", ["save_undo", "save_redo"])
def test_undo_and_redo_take_an_approval_back_too(project: Project, image_id: int, step: str) -> None:
    plane = Plane(10, 10)
    plane.write(plane.bounds, 1)
    project.masks.save_edit(image_id, Edit("Brush", plane.changes_since({})))
    if step == "save_redo":
        project.masks.save_undo(image_id)
    project.images.approve(image_id, held_out=False)
    assert getattr(project.masks, step)(image_id)
    now = project.images.image(image_id)
    assert now.state is (ImageState.IN_PROGRESS if now.touched else ImageState.NEW)


# ---- files that move -------------------------------------------------------------------------------------------


def test_a_project_that_moves_with_its_images_finds_them(tmp_path: Path) -> None:
    old, new = tmp_path / "old place", tmp_path / "new place"
    photo, truth = old / "photos" / "ä.png", old / "masks" / "ä.png"
    for path in (photo, truth):
        path.parent.mkdir(parents=True)
        path.touch()
    with Project.create(old / "x.segstudio", make_classes(["lesion"])) as project:
        project.images.add_images([NewImage(photo, truth)])
    shutil.move(old, new)
    with Project.open(new / "x.segstudio") as project:
        (image,) = project.images.list_images()
        assert (image.path, image.truth, image.problem) == (new / "photos" / "ä.png", new / "masks" / "ä.png", None)
        assert project.images.add_images([NewImage(new / "photos" / "ä.png")]) == []


def test_a_project_that_moves_alone_finds_its_images(project: Project, image_id: int, tmp_path: Path) -> None:
    photo = project.images.image(image_id).path
    project.close()
    elsewhere = tmp_path / "some" / "where" / "else.segstudio"
    elsewhere.parent.mkdir(parents=True)
    shutil.move(project.folder, elsewhere)
    with Project.open(elsewhere) as again:
        assert again.images.image(image_id).path == photo
        assert again.images.image(image_id).problem is None


def test_a_copy_of_a_project_speaks_of_the_images_beside_it(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    one.joinpath("a.png").touch()
    with Project.create(one / "x.segstudio", make_classes(["lesion"])) as project:
        project.images.add_images([NewImage(one / "a.png")])
    shutil.copytree(one, other)
    with Project.open(other / "x.segstudio") as project:
        assert [image.path for image in project.images.list_images()] == [other / "a.png"]
        assert len(project.images.add_images([NewImage(one / "a.png")])) == 1


def test_a_missing_file_says_so_and_can_be_relocated(project: Project, image_id: int, tmp_path: Path) -> None:
    images = project.images
    photo = images.image(image_id).path
    images.set_problem(image_id, "It could not be read.")
    photo.rename(tmp_path / "renamed.png")
    (image,) = images.list_images()
    assert image.path == photo
    assert image.problem is not None
    assert image.problem.startswith("The file is not where it was")
    assert "Relocate" in image.problem
    images.relocate(image_id, tmp_path / "renamed.png")
    image = images.image(image_id)
    assert (image.path, image.name, image.problem) == (tmp_path / "renamed.png", "renamed.png", None)


def test_a_whole_folder_can_be_relocated(project: Project, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for name in ("a.png", "deep/b.png", "gone.png"):
        path = old / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    outside = tmp_path / "outside.png"
    outside.touch()
    files = [old / "a.png", old / "deep" / "b.png", old / "gone.png", outside]
    truths = [old / "a.png", old / "a.png", None, None]
    project.images.add_images([NewImage(path, truth) for path, truth in zip(files, truths, strict=True)])
    shutil.move(old, new)
    new.joinpath("gone.png").unlink()
    assert project.images.relocate_folder(old, new) == 2
    images = project.images.list_images()
    assert [image.path for image in images] == [new / "a.png", new / "deep" / "b.png", old / "gone.png", outside]
    assert [image.problem is None for image in images] == [True, True, False, True]
    assert [image.truth for image in images] == [new / "a.png", new / "a.png", None, None]


def test_what_is_still_in_its_folder_does_not_move_with_a_neighbour(project: Project, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        for name in ("0001.png", "0002.png", "0003.png"):
            (folder / name).touch()
    files = [old / "0001.png", old / "0002.png", old / "0003.png"]
    project.images.add_images([NewImage(path, old / "0002.png") for path in files])
    (old / "0001.png").unlink()
    (old / "0003.png").unlink()
    assert project.images.relocate_folder(old, new) == 2
    images = project.images.list_images()
    assert [image.path for image in images] == [new / "0001.png", old / "0002.png", new / "0003.png"]
    assert {image.truth for image in images} == {old / "0002.png"}


def test_a_name_spelt_with_other_code_points_is_found_as_the_disk_spells_it(project: Project, tmp_path: Path) -> None:
    name = "ä ö.png"
    on_disk = tmp_path / unicodedata.normalize("NFD", name)
    on_disk.touch()
    project.images.add_images([NewImage(tmp_path / unicodedata.normalize("NFC", name))])
    (image,) = project.images.list_images()
    assert image.path.exists()
    assert image.problem is None


def test_two_names_that_differ_in_code_points_alone_stay_two_files(project: Project, tmp_path: Path) -> None:
    paths = [tmp_path / unicodedata.normalize(form, "ä.png") for form in ("NFC", "NFD")]
    for path in paths:
        path.touch()
    if len(os.listdir(tmp_path)) < 2:
        pytest.skip("this disk takes the two for one")
    project.images.add_images([NewImage(path) for path in paths])
    assert [image.path for image in project.images.list_images()] == paths


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_kept(project: Project, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.png"))
    path.touch()
    project.images.add_images([NewImage(path)])
    (image,) = project.images.list_images()
    assert image.path == path
    assert image.problem is None


def test_a_file_on_another_drive_is_kept_by_its_absolute_path(
    project: Project, photos: list[Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, start: str) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(paths_module.os.path, "relpath", refuse)
    project.images.add_images([NewImage(photos[0])])
    monkeypatch.undo()
    assert [image.path for image in project.images.list_images()] == photos[:1]
    photos[0].unlink()
    (image,) = project.images.list_images()
    assert image.path == photos[0]
    assert image.problem is not None


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_names_that_are_no_text_keep_nothing_from_being_written(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xe4dchen"))
    frames = [folder / f"walk_{number:05d}.png" for number in range(3)]
    folder.mkdir()
    for path in frames:
        path.touch()
    with Project.create(tmp_path / "p.segstudio", make_classes(["x"])) as project:
        ids = project.images.add_images([NewImage(path) for path in frames])
        assert [image.path for image in project.images.list_images()] == frames
        assert len({image.group for image in project.images.list_images()}) == 1
        project.images.set_problem(ids[0], f"{frames[0]} could not be read.")
        assert project.images.image(ids[0]).problem == f"{tmp_path}/M?dchen/walk_00000.png could not be read."
        number = project.rounds.begin_round(3, 0.0).number
        project.rounds.set_note(number, f"From {folder}")
        ended = project.rounds.end_round(number, RoundStatus.FAILED, sentence=f"No room in {folder}.")
        assert ended.sentence == f"No room in {tmp_path}/M?dchen."


def test_what_the_model_said_of_a_picture_of_another_size_is_forgotten(project: Project, image_id: int) -> None:
    project.images.set_size(image_id, 60, 40, "")
    project.masks.put_prediction(image_id, 1, b"png")
    project.images.set_size(image_id, 60, 40, "c0ffee")
    assert project.masks.prediction(image_id) is not None, "it is the same size, and what it was of nobody knew"
    for size in ((60, 41), (61, 41)):
        project.masks.put_prediction(image_id, 1, b"png")
        project.images.set_size(image_id, *size, "c0ffee")
        assert project.masks.prediction(image_id) is None
