"""What the user chose of the model: kept, sent with rounds, and applied to masks that are there."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from segstudio.app import model_choice
from segstudio.app.batch import new_project, predict_files
from segstudio.app.headless import HeadlessScheduler
from segstudio.app.model_choice import KeptModel, kept_finish
from segstudio.app.model_settings import SETTING, ClassFinish, ModelSettings
from segstudio.domain.annotation import ImageState
from segstudio.imaging.mask_png import decode_mask
from segstudio.protocol.messages import Predict
from segstudio.protocol.round_folder import IGNORE, TrainingSettings, mask_path, read_request
from segstudio.store.project_db import Project
from tests.helpers.data import data_folder
from tests.helpers.studios import StudioRig, approve, write_images

CHOSEN = ModelSettings(
    network="segnet",
    loss="focal",
    input_size=320,
    pieces="on",
    flip_average=False,
    finish={1: ClassFinish(0.3, True), 2: ClassFinish(None, False)},
)


@pytest.fixture
def rig(tmp_path):
    made = StudioRig(tmp_path)
    yield made
    made.studio.close()


def request_of(rig: StudioRig, number: int):
    return read_request(rig.session.folder / "rounds" / f"{number:04d}")


def predicted(rig: StudioRig) -> list[Predict]:
    return [message for worker in rig.workers for message in worker.sent if isinstance(message, Predict)]


# ---- as it is kept -------------------------------------------------------------------------------------------------


def test_settings_survive_being_kept() -> None:
    assert ModelSettings.from_kept(CHOSEN.kept(), ModelSettings()) == CHOSEN
    assert ModelSettings.from_kept(ModelSettings().kept(), CHOSEN) == ModelSettings()
    assert ModelSettings.from_kept(None, CHOSEN) == CHOSEN


@pytest.mark.parametrize(
    "strange",
    [
        {"network": "giraffe", "loss": 3, "pieces": None, "input_size": "large", "flip_average": 1, "finish": []},
        {"input_size": True, "finish": {"x": {}, "1": 7}},
        {"input_size": 10**9, "finish": {"1": {"threshold": 7.0, "one_region": "yes", "colours": 2}}},
        {"input_size": 1, "finish": {"1": {"threshold": float("nan")}}},
    ],
)
def test_what_makes_no_sense_is_as_usual(strange: dict) -> None:
    read = ModelSettings.from_kept(strange, ModelSettings())
    assert replace(read, finish={}) == ModelSettings()
    assert all(finish == ClassFinish() for finish in read.finish.values())


def test_what_a_user_set_for_all_projects_is_where_a_project_starts() -> None:
    training = TrainingSettings(network="unet", input_size=128, loss="dice", flip_average=False)
    own = ModelSettings.on_this_computer(training)
    assert own == ModelSettings("unet", "dice", 128, flip_average=False)
    assert ModelSettings.on_this_computer(TrainingSettings(network="giraffe")) == ModelSettings()


# ---- with rounds ---------------------------------------------------------------------------------------------------


def test_a_round_is_told_everything_and_reopening_forgets_nothing(rig) -> None:
    rig.new_project(6, classes=("lesion", "hair"))
    rig.session.model.set(CHOSEN)
    rig.reopen()
    assert rig.session.model.settings == CHOSEN
    approve(rig, 3)
    settings = request_of(rig, 1).settings
    assert (settings.network, settings.loss, settings.flip_average) == ("segnet", "focal", False)
    assert (settings.input_size, settings.window) == (320, 256)
    assert settings.seconds == 3 * TrainingSettings().seconds, "what takes longer a step has longer"
    assert rig.session.model.last_size.longer_side == 320
    rig.reopen()
    assert rig.session.model.last_size.reason == "chosen"


def test_the_size_follows_from_the_images_and_the_device(rig) -> None:
    rig.new_project(8)
    approve(rig, 3)
    request = request_of(rig, 1)
    assert (request.settings.input_size, request.settings.window) == (96, None), "images of 96 px are not enlarged"
    assert rig.session.model.device == "cpu"
    assert rig.session.model.last_size.reason == "small_images"


def test_the_kind_of_device_is_remembered_for_the_next_first_round(rig, monkeypatch) -> None:
    monkeypatch.setattr(rig.studio._settings, "_values", {"device": "cuda"})
    asked = []
    choose = model_choice.choose_input_size

    def watched(measures, device, *chosen):
        asked.append(device)
        return choose(measures, device, *chosen)

    monkeypatch.setattr(model_choice, "choose_input_size", watched)
    rig.new_project(5)
    approve(rig, 3)
    assert asked == ["cuda"]
    assert rig.session.model.device == "cpu", "the worker that came said what it computes on"


def test_images_that_are_held_out_or_not_approved_are_not_measured(rig, monkeypatch) -> None:
    rig.new_project(14)
    rig.session.rounds.automatic = False
    approve(rig, 10)
    rig.show(rig.session.records[12].id)
    rig.stroke((20, 20), (40, 40))
    rig.settle()
    seen = []
    for_round = rig.session.rounds._settings
    rig.session.rounds._settings = lambda measures: (seen.extend(measures), for_round(measures))[1]
    rig.session.rounds.start()
    rig.settle()
    roles = [image.role for image in request_of(rig, 1).images]
    assert (roles.count("held_out"), roles.count("train")) == (2, 9)
    assert len(seen) == 8


# ---- with masks that are there -------------------------------------------------------------------------------------


def test_another_finish_renews_untouched_masks_at_once_with_the_same_weights(rig) -> None:
    rig.new_project(7)
    approve(rig, 3)
    painted = rig.session.records[4].id
    rig.show(painted)
    rig.stroke((20, 20), (40, 40))
    rig.settle()
    before = len(predicted(rig))
    rig.session.model.set(replace(rig.session.model.settings, finish={1: ClassFinish(0.3, True, False)}))
    rig.settle()
    again = predicted(rig)[before:]
    untouched = [r.id for r in rig.session.records if r.state is ImageState.PREDICTED and not r.touched]
    assert sorted(message.image_id for message in again) == sorted(untouched)
    assert all((m.thresholds, m.one_region, m.colours) == ([0.3], [True], False) for m in again)
    assert all("0001" in message.weights for message in again)
    offer = next(m for m in reversed(rig.messages) if m.action == "Renew")
    offer.on_action()
    rig.settle()
    assert predicted(rig)[-1].image_id == painted


def test_settings_that_only_the_next_round_can_follow_renew_nothing(rig) -> None:
    rig.new_project(6)
    approve(rig, 3)
    before = len(predicted(rig))
    rig.session.model.set(replace(rig.session.model.settings, network="unet", flip_average=False))
    rig.session.model.set(replace(rig.session.model.settings, finish={1: ClassFinish()}))
    rig.settle()
    assert len(predicted(rig)) == before


def test_a_mask_that_was_under_way_is_asked_for_again(rig) -> None:
    rig.new_project(5)
    approve(rig, 3)
    worker = rig.workers[-1]
    worker.holds_predictions = True
    rig.session.model.set(replace(rig.session.model.settings, finish={1: ClassFinish(0.3)}))
    rig.session.model.set(replace(rig.session.model.settings, finish={1: ClassFinish(0.7)}))
    worker.holds_predictions = False
    for held in worker.held:
        worker.predict(held)
    rig.settle()
    last = {message.image_id: message.thresholds for message in predicted(rig)}
    assert all(last[r.id] == [0.7] for r in rig.session.records if r.state is ImageState.PREDICTED)


def test_masks_that_waited_when_the_project_was_closed_are_renewed_when_it_is_opened(rig) -> None:
    rig.new_project(7)
    approve(rig, 3)
    rig.workers[-1].holds_predictions = True
    rig.session.model.set(replace(rig.session.model.settings, finish={1: ClassFinish(0.3)}))
    before = len(predicted(rig))
    assert rig.session.predictor.remaining == 4
    rig.reopen()
    assert len(predicted(rig)) == before + 4
    rig.reopen()
    assert len(predicted(rig)) == before + 4, "once is enough"


def test_the_command_line_finishes_masks_the_same_way(rig) -> None:
    rig.new_project(4, classes=("lesion", "hair"))
    rig.session.model.set(CHOSEN)
    rig.settle()
    folder = rig.session.folder
    rig.studio.close_project()
    with Project.open(folder) as project:
        assert kept_finish(project) == ((0.3, None), (True, False), None)
        assert KeptModel.of(project).settings == CHOSEN.kept()
    assert list(predict_files(HeadlessScheduler(), folder, [])) == []


# ---- what nobody judges --------------------------------------------------------------------------------------------


def test_what_is_not_judged_is_not_taught_and_can_be_judged_again(rig) -> None:
    rig.new_project(9, classes=("lesion", "glare"), void=("glare",))
    session = rig.session
    assert not session.judging.judged(2)
    session.editor.set_active_segment(2)
    approve(rig, 3)
    request = request_of(rig, 1)
    assert request.void == (2,)
    assert request.classes == ("lesion", "glare")
    mask = decode_mask(mask_path(session.folder / "rounds" / "0001", request.images[0]).read_bytes())
    assert IGNORE in mask
    assert 2 not in mask
    session.judging.set_judged(2, True)
    rig.reopen()
    assert rig.session.judging.judged(2)
    rig.session.rounds.start()
    rig.settle()
    request = request_of(rig, 2)
    assert request.void == ()
    mask = decode_mask(mask_path(rig.session.folder / "rounds" / "0002", request.images[0]).read_bytes())
    assert 2 in mask
    assert IGNORE not in mask


def test_one_class_stays_judged(rig) -> None:
    rig.new_project(2, classes=("lesion", "glare"))
    rig.session.judging.set_judged(1, False)
    rig.session.judging.set_judged(2, False)
    rig.settle()
    assert rig.session.judging.judged(2)
    assert "nothing to learn" in rig.messages[-1].sentence
    with pytest.raises(KeyError):
        rig.session.judging.judged(3)


def test_how_right_the_model_was_says_nothing_of_what_is_not_judged(rig) -> None:
    rig.new_project(6, classes=("lesion", "glare"), void=("glare",))
    approve(rig, 3)
    session = rig.session
    session.editor.set_active_segment(2)
    rig.stroke((5, 5), (60, 5))
    image_id = session.document.image_id
    session.approve()
    rig.settle()
    (score,) = [score for score in session.book.approval_scores if score.image_id == image_id]
    assert score.dice == 1, "the model could not know, and nobody asked"


def test_a_street_with_a_void_label_teaches_nothing_there(tmp_path) -> None:
    camvid = data_folder("camvid")
    images, masks = tmp_path / "images", tmp_path / "masks"
    for folder, source in ((images, camvid / "images"), (masks, camvid / "masks")):
        folder.mkdir()
        for path in sorted(source.iterdir())[:2]:
            (folder / path.name).write_bytes(path.read_bytes())
    names = ["building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist"]
    said = new_project(tmp_path / "street", images, masks, names, "approved", True, ["unlabelled"], "unet")
    assert "2 images, 2 of them approved" in said
    rig = StudioRig(tmp_path)
    rig.studio.open_project(tmp_path / "street.segstudio")
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    rig.session.rounds.start()
    rig.settle()
    request = request_of(rig, 1)
    assert request.void == (11,)
    assert request.settings.network == "unet"
    assert (request.settings.input_size, request.settings.window) == (384, None), "poles would vanish at 256"
    for image in request.images:
        taught = decode_mask(mask_path(rig.session.folder / "rounds" / "0001", image).read_bytes())
        truth = np.asarray(Image.open(masks / image.image.rsplit("/")[-1]), np.uint16)
        assert np.array_equal(taught, np.where(truth == 11, IGNORE, truth))
    rig.studio.close()


def test_images_of_a_project_can_be_made_with_a_network(tmp_path) -> None:
    write_images(tmp_path / "images", 2)
    new_project(tmp_path / "p", tmp_path / "images", None, ["lesion"], "approved", network="segnet")
    with Project.open(tmp_path / "p.segstudio") as project:
        assert ModelSettings.from_kept(project.settings.get_setting(SETTING), ModelSettings()).network == "segnet"
