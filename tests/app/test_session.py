"""The session against real files and a real database; the worker is a fake at its port."""

import time

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from segstudio.app import thumbnails
from segstudio.app.settings import Settings
from segstudio.app.tools import ToolSettings
from segstudio.domain.annotation import ImageState
from segstudio.domain.rounds import NEXT_ROUND_AFTER, RoundStatus
from segstudio.protocol.messages import Failed, Predict, Train
from segstudio.protocol.round_folder import IGNORE, WEIGHTS, RoundResult, mask_path, read_request, write_result
from tests.helpers.studios import StudioRig, approve


def test_a_stroke_is_there_after_closing_and_opening(rig):
    rig.new_project()
    rig.stroke((20, 20), (40, 30))
    painted = rig.mask()
    assert painted.any()
    session = rig.reopen()
    assert np.array_equal(rig.mask(), painted)
    assert session.record(session.current_id).state is ImageState.IN_PROGRESS


def test_the_stroke_in_hand_is_kept_when_the_window_closes(rig):
    session = rig.new_project()
    from segstudio.app.tools import PointerEvent

    session.editor.press(PointerEvent(20, 20))
    session.editor.move(PointerEvent(50, 20))
    held = rig.mask()
    rig.reopen()
    assert np.array_equal(rig.mask(), held)
    assert held[20, 50] == 1


def test_undo_survives_another_image_and_closing(rig):
    session = rig.new_project()
    first, second = session.records[0].id, session.records[1].id
    blank = rig.mask()
    rig.stroke((20, 20))
    once = rig.mask()
    rig.stroke((60, 40))
    rig.show(second)
    rig.show(first)
    session.editor.undo()
    assert np.array_equal(rig.mask(), once)
    session = rig.reopen()
    session.editor.undo()
    assert np.array_equal(rig.mask(), blank)
    session.editor.redo()
    session.editor.redo()
    assert rig.mask()[40, 60] == 1
    assert session.editor.undo_name == "Paint"


def test_an_abandoned_stroke_leaves_nothing(rig):
    from segstudio.app.tools import PointerEvent

    session = rig.new_project()
    session.editor.press(PointerEvent(20, 20))
    session.editor.abandon()
    session.editor.release(PointerEvent(20, 20))
    assert not rig.mask().any()
    assert session.editor.undo_name == ""
    assert session.record(session.current_id).state is ImageState.NEW


def test_an_image_on_which_everything_was_undone_is_untouched_again(rig):
    session = rig.new_project(6)
    first = session.current_id
    rig.stroke((20, 20))
    assert session.record(first).state is ImageState.IN_PROGRESS
    session.editor.undo()
    rig.settle()
    assert (session.record(first).state, session.record(first).touched) == (ImageState.NEW, False)
    session.editor.redo()
    assert session.record(first).state is ImageState.IN_PROGRESS
    session.editor.undo()
    assert rig.reopen().record(first).state is ImageState.NEW
    approve(rig, 3)
    rig.stroke((20, 20))
    rig.session.editor.undo()
    assert rig.session.record(rig.session.current_id).state is ImageState.PREDICTED
    assert rig.reopen().record(rig.session.current_id).state is ImageState.PREDICTED


def test_the_right_button_erases_and_locked_segments_stay(rig):
    session = rig.new_project(classes=("lesion", "ruler"))
    rig.stroke((20, 20))
    session.change_segment(1, locked=True)
    session.editor.set_active_segment(2)
    rig.stroke((20, 20), (40, 20))
    assert rig.mask()[20, 20] == 1
    assert rig.mask()[20, 40] == 2
    rig.stroke((20, 20), button="right")
    assert rig.mask()[20, 20] == 1
    session.change_segment(1, locked=False)
    rig.stroke((20, 20), button="right")
    assert rig.mask()[20, 20] == 0


def test_three_approved_images_start_a_round_and_its_masks_reach_the_others(rig):
    session = rig.new_project(6)
    approve(rig, 2)
    assert session.rounds.records == []
    approve(rig, 1)
    assert [record.status for record in session.rounds.records] == [RoundStatus.FINISHED]
    assert [record.state for record in session.records[3:]] == [ImageState.PREDICTED] * 3
    assert rig.mask()[10, 10] == 1
    assert rig.mask()[11, 11] == 0
    assert session.document.mask_origin == "model"


def test_a_later_round_renews_untouched_masks_and_no_others(rig):
    session = rig.new_project(14)
    approve(rig, 3)
    fourth, fifth = session.records[3].id, session.records[4].id
    rig.show(fourth)
    rig.stroke((70, 50))
    rig.show(fifth)
    approve(rig, NEXT_ROUND_AFTER)
    assert [record.number for record in session.rounds.records] == [1, 2]
    assert session.record(fifth).prediction_round == 1, "an approved mask stays as it was approved"
    assert session.record(fourth).prediction_round == 1, "a mask with hand work is not renewed unasked"
    assert session.records[-1].prediction_round == 2
    rig.show(fourth)
    before = rig.mask()
    session.predictor.request(fourth)
    rig.settle()
    assert rig.mask()[11, 11] == 1
    assert before[11, 11] == 0
    assert rig.mask()[50, 70] == 1, "the stroke lies over the new prediction"


def test_a_prediction_that_comes_after_approval_changes_nothing(rig):
    session = rig.new_project(5)
    approve(rig, 3)
    rig.workers[-1].holds_predictions = True
    fourth = session.records[3].id
    rig.show(fourth)
    before = rig.mask()
    session.rounds.start()
    rig.wait(lambda: rig.workers[-1].held)
    late = rig.workers[-1].held[0]
    assert late.image_id == fourth, "the image on the canvas comes first"
    session.approve()
    rig.workers[-1].predict(late)
    rig.wait(lambda: session.loading_id is None)
    rig.workers[-1].holds_predictions = False
    for held in rig.workers[-1].held[1:]:
        rig.workers[-1].predict(held)
    rig.settle()
    rig.show(fourth)
    assert np.array_equal(rig.mask(), before)


def test_a_round_reads_only_what_a_human_vouched_for(rig):
    session = rig.new_project(6)
    rig.hold_rounds = True
    rig.show(session.records[5].id)
    rig.stroke((30, 30))
    rig.show(session.records[0].id)
    approve(rig, 3)
    rig.wait(lambda: rig.workers and rig.workers[-1].running)
    folder = rig.session.folder / "rounds" / "0001"
    request = read_request(folder)
    masks = {image.image_id: np.asarray(Image.open(mask_path(folder, image))) for image in request.images}
    approved, painted = masks[session.records[0].id], masks[session.records[5].id]
    assert set(np.unique(approved)) == {0, 1}
    assert set(np.unique(painted)) == {1, IGNORE}
    assert len(request.images) == 4
    rig.session.rounds.cancel()
    rig.wait(lambda: not rig.session.rounds.busy)


def test_painting_goes_on_while_a_round_runs_and_cancel_ends_it(rig):
    session = rig.new_project(6)
    rig.hold_rounds = True
    approve(rig, 3)
    rig.wait(lambda: session.rounds.status.phase == "training")
    assert "Round 1 · 50 %" in session.rounds.status.line
    rig.stroke((30, 30))
    assert rig.mask()[30, 30] == 1
    session.rounds.cancel()
    rig.wait(lambda: not session.rounds.busy)
    assert session.rounds.records[-1].status is RoundStatus.CANCELLED
    assert session.rounds.missing == NEXT_ROUND_AFTER, "a cancelled round does not start again by itself"


def test_a_clock_that_is_set_back_makes_no_round_shorter(rig, monkeypatch):
    session = rig.new_project(6)
    rig.hold_rounds = True
    approve(rig, 3)
    rig.wait(lambda: session.rounds.at_worker)
    now = time.time()
    monkeypatch.setattr("segstudio.app.round_runner.time.time", lambda: now - 7200)
    session.rounds.cancel()
    rig.wait(lambda: not session.rounds.busy)
    assert 0 <= session.rounds.records[-1].seconds < 60


def test_a_round_that_closing_cut_off_starts_again_when_the_project_is_opened(rig):
    session = rig.new_project(6)
    rig.hold_rounds = True
    approve(rig, 3)
    rig.wait(lambda: session.rounds.status.phase == "training")
    rig.hold_rounds = False
    session = rig.reopen()
    rig.settle()
    assert [record.status for record in session.rounds.records] == [RoundStatus.FAILED, RoundStatus.FINISHED]


def test_a_worker_that_dies_fails_the_round_and_the_next_one_gets_a_new_worker(rig):
    session = rig.new_project(6)
    rig.hold_rounds = True
    approve(rig, 3)
    rig.wait(lambda: session.rounds.status.phase == "training")
    rig.workers[-1].crash("exit code 1\nno such device")
    rig.wait(lambda: rig.messages)
    assert session.rounds.records[-1].status is RoundStatus.FAILED
    trouble = rig.messages[-1]
    assert "no such device" in trouble.sentence
    assert trouble.action == "Try again"
    rig.hold_rounds = False
    trouble.on_action()
    rig.settle()
    assert len(rig.workers) == 2
    assert session.rounds.records[-1].status is RoundStatus.FINISHED


@pytest.mark.parametrize("harm", ["", "weights", "result"])
def test_a_worker_that_dies_before_it_can_say_that_the_round_is_finished_has_finished_it(rig, harm):
    session = rig.new_project(6)
    rig.hold_rounds = True
    approve(rig, 3)
    rig.wait(lambda: session.rounds.status.phase == "training")
    worker, folder = rig.workers[-1], session.folder / "rounds" / "0001"
    save_file({"weight": np.zeros(4, np.float32)}, folder / WEIGHTS)
    write_result(folder, RoundResult(2 if harm == "result" else 1, 3.0, 2, 0.2, 0.75, 1, {1: 0.75}, "cpu"))
    if harm == "weights":
        (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-3])
    worker.crash("exit code -9")
    rig.wait(lambda: not session.rounds.busy)
    record = session.rounds.records[-1]
    if harm:
        assert (record.status, record.weights) == (RoundStatus.FAILED, None)
        return
    assert (record.status, record.held_out_dice, record.seconds) == (RoundStatus.FINISHED, 0.75, 3.0)
    rig.hold_rounds = False
    rig.settle()
    assert not [message for message in rig.messages if message.kind == "trouble"]
    assert {record.prediction_round for record in session.records[3:]} == {1}
    assert rig.studio._store.ask(lambda project: project.rounds.weights_in_use()[0]) == 1


def test_a_round_that_the_worker_fails_is_said_and_kept(rig):
    session = rig.new_project(6)
    rig.hold_rounds = True
    approve(rig, 3)
    rig.wait(lambda: session.rounds.status.phase == "training")
    rig.workers[-1].say(Failed(rig.workers[-1].running.job, "Memory ran out.", "traceback"))
    rig.wait(lambda: rig.messages)
    assert session.rounds.records[-1].sentence == "Memory ran out."
    assert rig.messages[-1].kind == "trouble"


def test_painting_on_an_approved_image_takes_its_approval_back_and_says_so(rig):
    session = rig.new_project(3)
    approve(rig, 1)
    first = session.records[0].id
    rig.show(first)
    rig.stroke((80, 50))
    rig.settle()
    assert session.record(first).state is ImageState.IN_PROGRESS
    assert "no longer approved" in rig.messages[-1].sentence
    assert rig.reopen().record(first).state is ImageState.IN_PROGRESS


def test_an_empty_mask_can_be_approved_and_taken_back(rig):
    session = rig.new_project(3)
    first = session.current_id
    session.approve()
    rig.settle()
    assert session.record(first).state is ImageState.APPROVED
    message = rig.messages[-1]
    assert "empty mask" in message.sentence
    message.on_action()
    rig.settle()
    assert session.record(first).state is ImageState.IN_PROGRESS
    assert session.current_id == first


@pytest.mark.parametrize("content", [b"", b"no image at all", "half"])
def test_a_file_that_cannot_be_read_gets_a_sentence_and_the_rest_works(rig, content):
    session = rig.new_project(3)
    record = session.records[1]
    whole = record.path.read_bytes()
    record.path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    rig.show(record.id)
    assert session.document is None
    assert record.path.name in session.failure
    rig.stroke((20, 20))
    session.approve()
    rig.settle()
    assert session.record(record.id).state is ImageState.NEW
    rig.show(session.records[2].id)
    assert session.document is not None
    record.path.write_bytes(whole)
    rig.show(record.id)
    assert session.failure == ""
    assert session.record(record.id).problem is None


def test_images_that_were_renamed_in_place_are_found_by_their_content_once_one_was(rig):
    session = rig.new_project(4)
    for record in session.records:
        rig.show(record.id)
    rig.settle()
    old = [record.path for record in session.records]
    new = [path.with_name(f"renamed_{9 - number}.png") for number, path in enumerate(old)]
    for before, now in zip(old, new, strict=True):
        before.rename(now)
    session.files.relocate(session.records[0].id, new[0])
    rig.settle()
    assert [record.path for record in session.records] == new
    assert [record.problem for record in session.records] == [None] * 4


def test_a_missing_image_can_be_relocated_with_its_neighbours(rig, tmp_path):
    session = rig.new_project(3)
    rig.stroke((20, 20))
    painted = rig.mask()
    rig.settle()
    folder = session.folder
    rig.studio.close_project()
    (tmp_path / "images").rename(tmp_path / "bilder")
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    session = rig.session
    assert all(record.problem for record in session.records)
    session.files.relocate(session.records[0].id, tmp_path / "bilder" / "image_00.png")
    rig.wait(lambda: session.document is not None)
    rig.settle()
    assert np.array_equal(rig.mask(), painted)
    assert not any(record.problem for record in session.records)


def test_a_file_replaced_by_another_size_keeps_its_mask_out_of_harm(rig):
    session = rig.new_project(2)
    first, second = session.records[0], session.records[1]
    rig.stroke((20, 20))
    rig.show(second.id)
    whole = first.path.read_bytes()
    Image.new("RGB", (50, 50)).save(first.path)
    rig.show(first.id)
    assert session.document is None
    assert "50 x 50" in session.failure
    first.path.write_bytes(whole)
    rig.show(first.id)
    assert rig.mask()[20, 20] == 1


def test_a_write_that_fails_is_kept_said_and_tried_again_in_order(rig, monkeypatch):
    from segstudio.domain.errors import UserError
    from segstudio.store.masks import Masks

    session = rig.new_project(2)

    def full(self, image_id, edit):
        raise UserError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Masks, "save_edit", full)
        rig.stroke((20, 20))
        rig.stroke((60, 40))
        rig.wait(lambda: session.save_status.state == "failed")
        assert session.save_status.sentence == "The disk is full."
        session.step(1)
        assert session.loading_id is None, "nobody leaves an image whose strokes are not on disk"
        assert not rig.studio.close_project()
    session.retry_saving()
    rig.wait(lambda: session.save_status.state == "saved")
    painted = rig.mask()
    rig.reopen()
    assert np.array_equal(rig.mask(), painted)
    assert painted[20, 20] == painted[40, 60] == 1


def test_predictions_are_asked_for_from_the_visible_image_outwards(rig):
    session = rig.new_project(7)
    approve(rig, 3)
    rig.show(session.records[5].id)
    rig.workers[-1].sent.clear()
    session.rounds.start()
    rig.settle()
    order = [message.image_id for message in rig.workers[-1].sent if isinstance(message, Predict)]
    assert order == [session.records[index].id for index in (5, 6, 4, 3)]
    assert sum(isinstance(message, Train) for message in rig.workers[-1].sent) == 1


def test_a_fifth_of_the_approved_images_is_held_out_for_ever(rig):
    session = rig.new_project(12)
    approve(rig, 12)
    held = {record.id for record in session.records if record.held_out}
    assert 1 <= len(held) <= 4
    assert not any(record.held_out for record in session.records[:3])
    session.reopen(next(iter(held)))
    assert {record.id for record in rig.reopen().records if record.held_out} == held


def test_a_truth_is_compared_with_and_never_trained_on(tmp_path, rig):
    from segstudio.app.new_project import NewProject
    from segstudio.formats.dataset import FoundImage
    from segstudio.formats.file_mask import FileMask
    from tests.helpers.studios import write_images

    images = write_images(tmp_path / "images", 4)
    truth = np.zeros((64, 96), np.uint8)
    truth[:20, :20] = 255
    (tmp_path / "masks").mkdir()
    Image.fromarray(truth).save(tmp_path / "masks" / "truth.png")
    found = tuple(FoundImage(path, FileMask(tmp_path / "masks" / "truth.png")) for path in images)
    rig.studio.new_project(NewProject(tmp_path / "compared.segstudio", found, ("lesion",), "compare"))
    rig.wait(lambda: rig.studio.session is not None)
    session = rig.session
    rig.wait(lambda: session.truth.mask is not None)
    rig.settle()
    assert session.truth.dice is None, "nobody has drawn anything yet"
    assert session.approved_count == 0
    session.editor.change_settings(radius=40)
    rig.stroke((0, 0))
    rig.wait(lambda: session.truth.dice)
    assert 0.3 < session.truth.dice < 0.9
    session.editor.undo()
    rig.wait(lambda: session.truth.dice is None)
    rig.settle()


def test_no_undo_goes_behind_a_mask_that_the_project_started_with(tmp_path, rig):
    from segstudio.app.new_project import NewProject
    from segstudio.formats.dataset import FoundImage
    from segstudio.formats.file_mask import FileMask
    from tests.helpers.studios import write_images

    images = write_images(tmp_path / "images", 2)
    mask = np.zeros((64, 96), np.uint8)
    mask[10:30, 10:30] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    found = tuple(FoundImage(path, FileMask(tmp_path / "mask.png")) for path in images)
    rig.studio.new_project(NewProject(tmp_path / "approved.segstudio", found, ("lesion",), "approved"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    session = rig.session
    assert session.approved_count == 2
    session.editor.undo()
    rig.settle()
    assert np.array_equal(rig.mask() > 0, mask > 0)
    assert session.approved_count == 2


def test_the_image_on_the_canvas_is_remembered_even_if_the_window_is_killed(rig):
    session = rig.new_project(4)
    rig.show(session.records[2].id)
    rig.settle()
    assert rig.studio._store.ask(lambda project: project.settings.get_setting("last_image")) == session.records[2].id


def test_a_worker_that_the_system_killed_is_said_in_words(rig):
    session = rig.new_project(6)
    rig.hold_rounds = True
    approve(rig, 3)
    rig.wait(lambda: session.rounds.status.phase == "training")
    rig.workers[-1].crash("exit code -9\nworker: INFO: round 1")
    rig.wait(lambda: rig.messages)
    assert "perhaps because memory ran out" in rig.messages[-1].sentence
    assert "INFO" not in rig.messages[-1].sentence
    assert rig.messages[-1].sentence.endswith("The next try takes less memory, with smaller images.")
    rig.messages[-1].on_action()
    rig.wait(lambda: session.rounds.status.phase == "training")
    tried = [read_request(folder).settings.thrifty for folder in sorted((session.folder / "rounds").iterdir())]
    assert tried == [False, True]


def test_a_tool_set_in_one_window_is_not_set_back_by_another(tmp_path):
    one, other = StudioRig(tmp_path / "one"), StudioRig(tmp_path / "other")
    try:
        for rig in (one, other):
            rig.studio._settings = Settings(tmp_path / "settings.json")
            rig.new_project(1)
        one.session.editor.change_settings(radius=77.0)
        other.session.editor.change_settings(tolerance=5.0)
        assert one.studio.close_project()
        assert other.studio.close_project()
    finally:
        one.studio.close()
        other.studio.close()
    kept = ToolSettings.from_kept(Settings(tmp_path / "settings.json").get("tools"))
    assert (kept.radius, kept.tolerance) == (77.0, 5.0)


def test_small_pictures_are_kept_of_the_last_thousands_of_images_only(rig, monkeypatch):
    monkeypatch.setattr(thumbnails, "MOST_KEPT", 3)
    session = rig.new_project(count=6)
    first, *others = [record.id for record in session.records]
    for image_id in (first, *others):
        rig.wait(lambda image_id=image_id: session.thumbnail(image_id) is not None)
    assert list(session._thumbnails._pictures) == others[-3:]
    assert session.thumbnail(first) is None, "it is read again"
    rig.wait(lambda: session.thumbnail(first) is not None)
    assert len(session._thumbnails._pictures) == 3
