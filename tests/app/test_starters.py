from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import save_file

from segstudio.app import starters
from segstudio.app.headless import HeadlessScheduler
from segstudio.app.model_settings import ModelSettings
from segstudio.app.new_project import NewProject, create, look_at
from segstudio.app.starters import class_by_names, fitting, give, starter_file
from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.input_size import ImageMeasure
from segstudio.engine.checkpoint import WeightsHeader, save_checkpoint
from segstudio.engine.models import build_network
from segstudio.formats.dataset import FoundImage
from segstudio.protocol.messages import Predict, Train
from segstudio.protocol.round_folder import WEIGHTS, read_request
from segstudio.store.project_db import Project
from segstudio.store.rounds import Rounds
from tests.helpers.fake_worker import FakeWorker
from tests.helpers.studios import StudioRig, approve
from tests.helpers.videos import write_video


@pytest.fixture
def rig(tmp_path: Path) -> StudioRig:
    made = StudioRig(tmp_path, HeadlessScheduler())
    yield made
    made.studio.close()


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Starters of a few bytes: what reads them is a fake worker."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("lesion", "body"):
        save_file({"w": np.full(3, len(name), np.float16)}, folder / f"{name}.safetensors")
    monkeypatch.setattr(starters, "models_folder", lambda: folder)
    return folder


def _coloured(folder: Path, names: list[str]) -> list[Path]:
    folder.mkdir()
    for name in names:
        Image.new("RGB", (64, 48), (200, 130, 110)).save(folder / name)
    return [folder / name for name in names]


def _predicts(rig: StudioRig) -> list[Predict]:
    return [message for worker in rig.workers for message in worker.sent if isinstance(message, Predict)]


def test_a_project_with_a_starter_has_masks_before_anything_was_approved(rig: StudioRig) -> None:
    session = rig.new_project(3, starter="body")
    assert {record.state for record in session.records} == {ImageState.PREDICTED}
    assert {record.prediction_round for record in session.records} == {0}
    assert session.predictor.ready
    assert session.rounds.records == []
    assert session.starting.name == "body"
    used = {Path(message.weights) for message in _predicts(rig)}
    assert used == {session.folder / "rounds" / "0000" / WEIGHTS}


def test_without_a_starter_nothing_is_predicted_before_a_round(rig: StudioRig) -> None:
    session = rig.new_project(3)
    assert {record.state for record in session.records} == {ImageState.NEW}
    assert not session.predictor.ready
    assert not (session.folder / "rounds" / "0000").exists()
    approve(rig, 3)
    (train,) = [m for worker in rig.workers for m in worker.sent if isinstance(m, Train)]
    request = read_request(Path(train.folder))
    assert (request.parent_weights, request.base_weights) == (None, None)


def test_the_first_round_goes_on_from_the_starter_and_later_ones_fall_back_to_it(rig: StudioRig) -> None:
    session = rig.new_project(12, starter="lesion")
    starter = str(session.folder / "rounds" / "0000" / WEIGHTS)
    approve(rig, 3)
    request = read_request(session.folder / "rounds" / "0001")
    assert (request.parent_weights, request.base_weights) == (starter, starter)
    assert session.book.in_use == 1
    session.rounds.start()
    rig.settle()
    request = read_request(session.folder / "rounds" / "0002")
    assert request.parent_weights == str(session.folder / "rounds" / "0001" / WEIGHTS)
    assert request.base_weights == starter


def test_a_starter_is_kept_over_reopening_and_a_damaged_one_is_not_used(rig: StudioRig) -> None:
    session = rig.new_project(2, starter="lesion")
    weights = session.folder / "rounds" / "0000" / WEIGHTS
    session = rig.reopen()
    assert session.predictor.weights == weights
    weights.write_bytes(weights.read_bytes()[:-2])
    session = rig.reopen()
    assert not session.predictor.ready
    assert {record.state for record in session.records} == {ImageState.PREDICTED}


def test_choosing_another_starter_renews_the_masks_and_none_leaves_them(rig: StudioRig) -> None:
    session = rig.new_project(2, starter="lesion")
    before = len(_predicts(rig))
    session.starting.choose("body")
    rig.settle()
    rig.wait(lambda: len(_predicts(rig)) >= before + 2)
    rig.settle()
    session.starting.choose("none")
    rig.settle()
    assert not session.predictor.ready
    assert session.starting.name == "none"
    assert {record.state for record in session.records} == {ImageState.PREDICTED}
    assert not rig.reopen().predictor.ready


def test_masks_that_another_starter_was_to_renew_are_renewed_when_the_project_is_opened_again(
    rig: StudioRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = rig.new_project(4, starter="lesion")
    with monkeypatch.context() as patch:
        patch.setattr(FakeWorker, "send", lambda worker, message: worker.sent.append(message))
        session.starting.choose("body")
        rig.wait(lambda: session.predictor.remaining == 4)
        rig.studio.close_project()
    before = len(_predicts(rig))
    rig.studio.open_project(session.folder)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    assert {message.image_id for message in _predicts(rig)[before:]} == {record.id for record in session.records}
    before = len(_predicts(rig))
    rig.reopen()
    assert len(_predicts(rig)) == before, "once is enough"


def test_a_choice_after_a_round_leaves_the_round_in_use(rig: StudioRig) -> None:
    session = rig.new_project(4)
    approve(rig, 3)
    session.starting.choose("body")
    rig.settle()
    assert session.predictor.round == 1
    assert session.rounds.base == session.folder / "rounds" / "0000" / WEIGHTS


def test_a_starter_that_is_not_there_changes_nothing_and_says_so(rig: StudioRig, models: Path) -> None:
    session = rig.new_project(2)
    (models / "body.safetensors").unlink()
    session.starting.choose("body")
    rig.wait(lambda: bool(rig.messages))
    assert session.starting.name == "none"
    assert "no starter model" in rig.messages[-1].sentence


def test_damage_in_the_installation_is_noticed(tmp_path: Path, models: Path) -> None:
    content = (models / "body.safetensors").read_bytes()
    (models / "body.safetensors").write_bytes(b"\xff" * 8 + content[8:])
    with pytest.raises(UserError, match="damaged"):
        starter_file("body")
    with pytest.raises(UserError, match="Known are: lesion, body"):
        starter_file("../body")


@pytest.mark.parametrize(
    ("names", "classes", "found"),
    [
        (["a.png"], ("lesion",), "lesion"),
        (["a.png"], ("Skin lesion",), "lesion"),
        (["a.png"], ("person",), "body"),
        (["a.png"], ("object",), None),
        (["ISIC_0000001.png", "ISIC_0000002.png"], ("object",), "lesion"),
        (["HipHop_HipHop1_C0_00180.png"], ("object",), "body"),
        (["ISIC_0000001.png"], ("tree",), None),
        (["a.png"], ("lesion", "hair"), None),
    ],
)
def test_the_class_and_then_the_files_names_say_which_starter_fits(
    tmp_path: Path, names: list[str], classes: tuple[str, ...], found: str | None
) -> None:
    assert fitting([FoundImage(path) for path in _coloured(tmp_path / "images", names)], classes) == found


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (("ISIC_0000001.png", "ISIC_0000002.png", "a.png"), "lesion"),
        (("HipHop_HipHop1_C0_00180.png",), "person"),
        (("a.png", "b.png"), "object"),
        ((), "object"),
    ],
)
def test_files_names_say_what_the_class_is_called(names: tuple[str, ...], named: str) -> None:
    assert class_by_names([FoundImage(Path(name)) for name in names]) == named


def test_grey_pictures_of_lesions_are_no_dermoscopy(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (128, 130, 128)).save(tmp_path / "grey.png")
    assert fitting([FoundImage(tmp_path / "grey.png")], ("lesion",)) is None
    assert fitting([], ("lesion",)) is None
    assert fitting([FoundImage(tmp_path / "gone.png")], ("lesion",)) is None


class _Part:
    """A picture inside a file, as frames of videos and slices of DICOM are."""

    window = None

    def __init__(self, name: str, picture: NDArray[Any]) -> None:
        self.name, self._picture = name, picture

    def read(self) -> NDArray[Any]:
        return self._picture


@pytest.mark.parametrize(
    ("name", "classes", "found"),
    [
        ("dance_frame_000012.png", ("person",), "body"),
        ("HipHop_HipHop1_C0_00180.png", ("object",), "body"),
        ("scan.png", ("lesion",), "lesion"),
        ("dance_frame_000012.png", ("object",), None),
    ],
)
def test_frames_of_videos_and_slices_have_the_starter_that_files_would_have(
    name: str, classes: tuple[str, ...], found: str | None
) -> None:
    coloured = np.full((480, 854, 3), (200, 130, 110), np.uint8)
    assert fitting([FoundImage(Path("all.dcm"), pixels=_Part(name, coloured))], classes) == found


def test_a_grey_slice_is_no_dermoscopy() -> None:
    grey = np.full((512, 512), 900, np.uint16)
    assert fitting([FoundImage(Path("ct.dcm"), pixels=_Part("ct.png", grey))], ("lesion",)) is None


def test_a_project_made_from_a_video_of_people_starts_with_masks(rig: StudioRig) -> None:
    images = tuple(look_at([write_video(rig.folder / "dance.avi")]).found.images)
    plan = NewProject(rig.folder / "p.segstudio", images, ("person",), "none", starter="automatic")
    with create(plan) as project:
        assert project.rounds.starter() is not None
        assert project.settings.get_setting("starter") == "body"


def test_automatic_takes_the_fitting_one_of_those_that_are_there(rig: StudioRig, models: Path) -> None:
    images = _coloured(rig.folder / "images", ["a.png", "b.png"])
    assert rig.new_project(images=images, classes=("person",), starter="automatic").starting.name == "body"
    training = rig.session._learning.model._training
    assert training.upright
    assert not training.even_exposure, "a dark wall is dark in a photograph"
    (models / "body.safetensors").unlink()
    rig.studio.close_project()
    rig.folder = rig.folder / "again"
    assert rig.new_project(images=images, classes=("person",), starter="automatic").starting.name == "none"
    assert rig.session._learning.model._training.even_exposure


def test_a_disk_that_refuses_the_copy_is_told_in_a_sentence(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p.segstudio", ()) as project:
        (project.folder / "rounds").mkdir(exist_ok=True)
        (project.folder / "rounds" / "0000").write_text("in the way")
        with pytest.raises(UserError, match="could not be copied"):
            give(project, "lesion")


def test_rounds_see_images_as_the_starter_does_unless_something_else_decides(rig: StudioRig, models: Path) -> None:
    network = build_network("unet-efficientnet-lite0", 1)
    header = WeightsHeader("unet-efficientnet-lite0", ("person",), 288, learned_at=320)
    save_checkpoint(models / "body.safetensors", header, network.state_dict())
    model = rig.new_project(2, starter="body").model
    large, fine = ImageMeasure(2000, (0.5,)), ImageMeasure(2000, (0.018,))
    assert model.for_round([large] * 3).input_size == 320
    assert model.last_size is not None
    assert model.last_size.reason == "starter"
    assert model.for_round([fine] * 3).input_size not in (256, 320)
    model.set(ModelSettings(input_size=192))
    assert model.for_round([large] * 3).input_size == 192
    model.set(ModelSettings(network="segnet"))
    assert model.for_round([large] * 3).input_size == 256, "another network does not go on from it"
    assert model.last_size.reason == "usual"
    rig.session.starting.choose("none")
    rig.settle()
    model.set(ModelSettings())
    assert model.for_round([large] * 3).input_size == 256


@pytest.mark.parametrize(
    ("more", "sentence"), [({"classes": ("lesion", "hair")}, "one class"), ({"network": "unet"}, "usual network")]
)
def test_a_starter_that_cannot_serve_is_refused_where_it_is_asked_for(
    tmp_path: Path, more: dict[str, object], sentence: str
) -> None:
    images = tuple(FoundImage(path) for path in _coloured(tmp_path / "images", ["a.png"]))
    plan = NewProject(tmp_path / "p.segstudio", images, ("lesion",), "none", starter="lesion")
    with pytest.raises(UserError, match=sentence):
        create(replace(plan, **more))
    assert not plan.folder.exists()
    create(replace(plan, folder=tmp_path / "q.segstudio", starter="automatic", **more)).close()
    assert not (tmp_path / "q.segstudio" / "rounds" / "0000").exists()


def test_a_project_whose_starter_could_not_be_copied_can_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = tuple(FoundImage(path) for path in _coloured(tmp_path / "images", ["a.png"]))
    plan = NewProject(tmp_path / "p.segstudio", images, ("lesion",), "none", starter="lesion")

    def full(*_args: object) -> None:
        raise UserError("No room.")

    monkeypatch.setattr(Rounds, "take_starter", full)
    with pytest.raises(UserError, match="No room"):
        create(plan)
    monkeypatch.undo()
    assert not plan.folder.exists()
    create(plan).close()
