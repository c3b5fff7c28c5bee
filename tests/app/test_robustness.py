"""What must hold at odd moments: races, failures, and files that change under the program."""

import os
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from segstudio.app.audit_check import check_project
from segstudio.app.model_settings import ClassFinish
from segstudio.app.new_project import NewProject
from segstudio.app.report import read_stored
from segstudio.app.settings import Settings
from segstudio.app.studio import training_settings
from segstudio.app.tools import PointerEvent
from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.rounds import RoundStatus
from segstudio.formats.dataset import FoundImage
from segstudio.formats.file_mask import FileMask
from segstudio.imaging.mask_png import decode_mask, encode_mask
from segstudio.protocol.messages import Failed, Predict
from segstudio.protocol.round_folder import read_request
from segstudio.store.images import Images
from segstudio.store.masks import Masks
from segstudio.store.project_db import Project
from segstudio.store.rounds import Rounds
from segstudio.store.settings import Settings as StoredSettings
from tests.helpers.studios import StudioRig, approve, write_images
from tests.imaging.images import declared_png


def store_is_through(rig):
    """Wait for the store thread without letting one posted call run."""
    rig.session._store.ask(lambda _project: None)


def images_are_read(rig):
    """Wait for the images' thread without letting one posted call run."""
    rig.session._loader._images.submit(lambda: None).result()


# ---- what a person painted or approved -----------------------------------------------------------------------------


def test_a_prediction_stored_just_before_approval_does_not_take_the_place_of_what_was_seen(rig):
    session = rig.new_project(5)
    approve(rig, 3)
    fourth = session.records[3].id
    rig.show(fourth)
    rig.workers[-1].holds_predictions = True
    session.rounds.start()
    rig.wait(lambda: rig.workers[-1].held)
    before, late = rig.mask(), rig.workers[-1].held[0]
    assert late.image_id == fourth
    posted = []
    rig.workers[-1]._post = posted.append
    rig.workers[-1].predict(late)
    posted.pop()()  # the worker's answer is heard: its mask goes to the store thread
    store_is_through(rig)
    session.approve()  # before the presenter hears that it is stored
    rig.workers[-1]._post = rig.scheduler.post
    rig.workers[-1].holds_predictions = False
    for held in rig.workers[-1].held[1:]:
        rig.workers[-1].predict(held)
    rig.settle()
    rig.show(fourth)
    assert np.array_equal(rig.mask(), before)
    assert session.record(fourth).state is ImageState.APPROVED


def test_a_first_prediction_stored_just_before_approval_is_taken_out_again(rig):
    session = rig.new_project(5)
    approve(rig, 3)
    with_none = rig.folder / "images" / "later.png"
    Image.new("RGB", (96, 64)).save(with_none)
    rig.workers[-1].holds_predictions = True
    session.files.add([with_none])
    rig.wait(lambda: rig.workers[-1].held)
    late = rig.workers[-1].held[0]
    rig.show(late.image_id)
    posted = []
    rig.workers[-1]._post = posted.append
    rig.workers[-1].predict(late)
    posted.pop()()
    store_is_through(rig)
    session.approve()
    rig.workers[-1]._post = rig.scheduler.post
    rig.settle()
    rig.show(late.image_id)
    assert not rig.mask().any()


def test_a_prediction_that_an_approval_took_out_is_not_shown_when_the_approval_is_taken_back(rig):
    session = rig.new_project(5)
    approve(rig, 3)
    fourth = session.records[3].id
    rig.show(fourth)
    rig.workers[-1].holds_predictions = True
    session.rounds.start()
    rig.wait(lambda: rig.workers[-1].held)
    posted = []
    rig.workers[-1]._post = posted.append
    rig.workers[-1].predict(rig.workers[-1].held[0])
    posted.pop()()
    store_is_through(rig)
    session.approve()
    session.reopen(fourth)
    rig.workers[-1]._post = rig.scheduler.post
    rig.workers[-1].holds_predictions = False
    for held in rig.workers[-1].held[1:]:
        rig.workers[-1].predict(held)
    rig.settle()
    stored = session._store.ask(lambda project: project.images.image(fourth))
    assert session.record(fourth).prediction_round == stored.prediction_round


def test_a_stroke_made_while_its_image_is_read_again_stays(rig):
    session = rig.new_project(2)
    first = session.current_id
    session.open_image(first)
    store_is_through(rig)
    images_are_read(rig)
    rig.stroke((20, 20))
    rig.wait(lambda: session.loading_id is None)
    assert rig.mask()[20, 20] == 1
    rig.stroke((60, 40))
    rig.settle()
    rig.reopen()
    assert rig.mask()[20, 20] == rig.mask()[40, 60] == 1
    rig.session.editor.undo()
    rig.session.editor.undo()
    assert not rig.mask().any()


def test_a_stroke_in_hand_when_the_next_image_comes_belongs_to_the_one_it_was_begun_on(rig):
    session = rig.new_project(3)
    first, second = session.records[0].id, session.records[1].id
    rig.show(second)
    session.approve()
    rig.show(first)
    session.open_image(second)
    session.editor.press(PointerEvent(20, 20))
    session.editor.move(PointerEvent(30, 20))
    rig.wait(lambda: session.loading_id is None)
    session.editor.move(PointerEvent(80, 60))
    session.editor.release(PointerEvent(80, 60))
    assert session.document.image_id == second
    assert session.document.approved
    assert not rig.mask().any()
    assert session.record(first).touched
    rig.settle()
    rig.show(first)
    assert rig.mask()[20, 30] == 1
    assert rig.mask()[60, 80] == 0


# ---- what is trained on --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opened_anew", [False, True])
def test_an_image_trained_on_before_it_was_approved_is_never_held_out(rig, opened_anew):
    session = rig.new_project(14)
    painted = [record.id for record in session.records[6:]]
    for image_id in painted:
        rig.show(image_id)
        rig.stroke((70, 50))
    rig.show(session.records[0].id)
    approve(rig, 3)
    folder = session.folder / "rounds" / "0001"
    trained = {image.image_id for image in read_request(folder).images if image.role == "train"}
    assert trained >= set(painted)
    if opened_anew:
        session = rig.reopen()
    approve(rig, 11)
    assert session.approved_count == 14
    assert not trained & {record.id for record in session.records if record.held_out}
    assert not trained & {record.id for record in rig.reopen().records if record.held_out}


def test_an_image_held_out_but_not_yet_saved_so_is_not_trained_on(rig, monkeypatch):
    session = rig.new_project(8)
    approve(rig, 3)
    fourth = session.records[3]
    rig.stroke((30, 30))
    rig.settle()

    def full(*_args):
        raise UserError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Images, "approve", full)
        patch.setattr("segstudio.domain.groups.holds_out", lambda *_args: True)
        session.approve()
        rig.wait(lambda: session.save_status.state == "failed")
        session.rounds.start()
        rig.wait(lambda: not session.rounds.busy)
    request = read_request(session.folder / "rounds" / "0002")
    assert fourth.id not in {image.image_id for image in request.images}
    session.retry_saving()
    rig.settle()
    session.rounds.start()
    rig.settle()
    request = read_request(session.folder / "rounds" / "0003")
    assert {image.role for image in request.images if image.image_id == fourth.id} == {"held_out"}


@pytest.mark.parametrize("held_out", [True, False])
@pytest.mark.parametrize("what", ["taken back", "rejected"])
def test_what_is_no_longer_vouched_for_when_a_round_is_written(rig, monkeypatch, held_out, what):
    session = rig.new_project(8)
    session.rounds.automatic = False
    approve(rig, 3)
    with monkeypatch.context() as patch:
        patch.setattr("segstudio.domain.groups.holds_out", lambda *_args: held_out)
        approve(rig, 1)
    fourth = session.records[3]
    assert fourth.held_out == held_out
    rig.show(fourth.id)
    session.rounds.start()
    rig.wait(lambda: session.rounds.status.phase == "preparing")
    if what == "rejected":
        session.review.reject("blurred")
    else:
        session.reopen(fourth.id)
    rig.settle()
    request = read_request(session.folder / "rounds" / "0001")
    roles = {image.image_id: image.role for image in request.images}
    # Painted pixels of an image that is not held out count without an approval.
    assert roles.get(fourth.id) == (None if held_out or what == "rejected" else "train")


# ---- failures that must end ----------------------------------------------------------------------------------------


def broken(*_args, **_kwargs):
    raise ValueError("broken on purpose")


def test_a_round_that_cannot_be_begun_is_over_and_can_be_tried_again(rig, monkeypatch):
    session = rig.new_project(4)
    approve(rig, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Rounds, "begin_round", lambda *_args: full_disk())
        session.rounds.start()
        rig.wait(lambda: not session.rounds.busy)
    rig.wait(lambda: rig.messages and rig.messages[-1].sentence == "The disk is full.")
    session.rounds.start()
    rig.settle()
    assert [record.status for record in session.rounds.records] == [RoundStatus.FINISHED]


def full_disk():
    raise UserError("The disk is full.")


@pytest.mark.parametrize("what", ["write_if_of_use", "write_request"])
def test_a_round_whose_folder_cannot_be_written_fails_and_can_be_tried_again(rig, monkeypatch, what):
    session = rig.new_project(4)
    approve(rig, 1)
    with monkeypatch.context() as patch:
        patch.setattr(f"segstudio.app.round_runner.{what}", broken)
        session.rounds.start()
        rig.wait(lambda: not session.rounds.busy)
    assert session.rounds.records[-1].status is RoundStatus.FAILED
    rig.wait(lambda: rig.messages and rig.messages[-1].action == "Try again")
    rig.messages[-1].on_action()
    rig.settle()
    assert session.rounds.records[-1].status is RoundStatus.FINISHED


def test_a_round_cancelled_before_it_has_a_number_stops(rig):
    session = rig.new_project(4)
    approve(rig, 1)
    session.rounds.start()
    session.rounds.cancel()
    rig.wait(lambda: not session.rounds.busy)
    assert session.rounds.records[-1].status is RoundStatus.CANCELLED


def test_masks_that_cannot_be_read_leave_a_sentence_and_the_other_images(rig, monkeypatch):
    session = rig.new_project(3)
    second = session.records[1].id
    with monkeypatch.context() as patch:
        patch.setattr(Masks, "load_history", broken)
        session.open_image(second)
        rig.wait(lambda: session.loading_id is None)
    assert session.document is None
    assert session.failure
    assert session.record(second).problem is None, "the file is not at fault"
    rig.show(second)
    assert session.document is not None


def test_a_damaged_mask_of_the_model_keeps_nobody_from_what_they_painted(rig):
    session = rig.new_project(6)
    session.rounds.automatic = False
    approve(rig, 3)
    session.rounds.start()
    rig.settle()
    painted, plain, approved = session.records[4].id, session.records[5].id, session.records[0].id
    rig.show(painted)
    rig.stroke((60, 40), (80, 50))
    rig.settle()
    strokes = session.document.correction.to_array()

    def harm(project):
        with project._database.writing() as connection:
            connection.execute("UPDATE predictions SET png = substr(png, 1, length(png) - 20)")

    rig.studio._store.ask(harm)
    session = rig.reopen()
    rig.show(painted)
    rig.settle()
    assert session.failure == ""
    assert np.array_equal(session.document.correction.to_array(), strokes)
    assert any("is damaged, so it was left out. What you painted is all here" in m.sentence for m in rig.messages)
    rig.show(plain)
    rig.wait(lambda: session.document.prediction is not None)
    rig.show(approved)
    assert session.document is not None, "it was approved with nothing of the model's below"


@pytest.mark.parametrize("whole", [True, False])
def test_a_mask_of_the_model_that_declares_a_huge_size_is_left_out_of_a_project_that_opens(rig, tmp_path, whole):
    session = rig.new_project(6)
    session.rounds.automatic = False
    approve(rig, 3)
    session.rounds.start()
    rig.settle()
    bombed = session.records[4].id
    rig.show(bombed)
    rig.stroke((60, 40), (80, 50))
    rig.settle()
    strokes = session.document.correction.to_array()
    bomb = declared_png(tmp_path / "bomb.png", 40_000, 40_000, bits=16, kind=0).read_bytes()
    if whole:
        bomb = encode_mask(np.zeros((4_200, 4_200), np.uint16))

    def harm(project):
        with project._database.writing() as connection:
            connection.execute(
                "UPDATE predictions SET png = ?, confidence = ? WHERE image_id = ?", (bomb, bomb, bombed)
            )

    rig.studio._store.ask(harm)
    rig.heard.clear()
    session = rig.reopen()
    rig.show(bombed)
    rig.settle()
    assert session.failure == ""
    assert np.array_equal(session.document.correction.to_array(), strokes)
    assert any("is damaged, so it was left out. What you painted is all here" in m.sentence for m in rig.messages)
    rig.studio._store.ask(harm)
    with pytest.raises(UserError, match="is damaged"):
        rig.studio._store.ask(lambda project: project.masks.shown(bombed))
    rig.show(session.records[5].id)
    assert session.document.prediction is not None, "all others are as they were"


def test_a_mask_of_the_model_of_another_size_is_damage_and_no_fault_of_ours(rig):
    session = rig.new_project(4)
    session.rounds.automatic = False
    approve(rig, 3)
    session.rounds.start()
    rig.settle()
    image_id = session.records[3].id
    png = encode_mask(np.zeros((5, 7), np.uint16))
    sql = "UPDATE predictions SET png = ? WHERE image_id = ?"
    rig.studio._store.ask(lambda project: project._database._connection.execute(sql, (png, image_id)))
    with pytest.raises(UserError, match="is damaged"):
        rig.studio._store.ask(lambda project: project.masks.shown(image_id))


def reopened_after(rig, harm):
    """The session of the project once more, after this SQL."""
    rig.studio._store.ask(lambda project: project._database._connection.executescript(harm))
    rig.heard.clear()
    return rig.reopen()


NO_END = f"'{'[' * 100_000}'"


@pytest.mark.parametrize(
    "value",
    [
        *("'{broken'", "7", "x'ff'", "CAST(x'ff' AS TEXT)", "'\"what\"'", "'[1, 2]'", "'{}'"),
        pytest.param(NO_END, id="without end"),
    ],
)
def test_a_project_whose_settings_are_damaged_is_opened(rig, value):
    session = rig.new_project(3)
    approve(rig, 2)
    session.scale.set(0.25)
    session.measuring.set_lesions(True)
    session.review.set_settings(replace(session.review.settings, draw_first_share=0.5))
    session.queue.set_order("uncertain")
    rig.settle()
    session = reopened_after(rig, f"UPDATE settings SET value = {value}")
    assert len(session.records) == 3
    assert sum(record.state is ImageState.APPROVED for record in session.records) == 2
    said = [message.sentence for message in rig.messages if message.key == "settings"]
    if value in ("'{broken'", "x'ff'", "CAST(x'ff' AS TEXT)", NO_END):
        assert session.review.settings.draw_first_share == 0.5, "the audit trail knows"
        assert "“millimetres a pixel” as in a new project" in said[0]
        assert "as the audit trail tells" in said[0]
    session.scale.set(0.5)
    rig.settle()
    assert rig.reopen().scale.mm_per_px == 0.5


@pytest.mark.parametrize("table", ["classes", "segments"])
@pytest.mark.parametrize("color", ["'zz'", "'#12345z'", "7", "x'ff'", "CAST(x'ff' AS TEXT)"])
def test_a_project_with_a_damaged_colour_is_opened_with_the_usual_one(rig, table, color):
    usual = rig.new_project(2).classes[0].color
    session = reopened_after(rig, f"UPDATE {table} SET color = {color} WHERE name = 'lesion'")
    assert (session.classes[0].color, session.table[1].color) == (usual, usual)
    assert any("with the colour of lesion as is usual: check" in message.sentence for message in rig.messages)
    session.change_segment(1, color=(1, 2, 3))
    rig.settle()
    assert rig.reopen().table[1].color == (1, 2, 3)


def harmed_below_an_approval(rig, harm):
    """An approved image with a stroke over the model's mask, which ``harm`` damages; its id and the mask approved."""
    session = rig.new_project(6)
    session.rounds.automatic = False
    approve(rig, 3)
    session.rounds.start()
    rig.settle()
    image_id = session.records[4].id
    rig.show(image_id)
    rig.stroke((60, 40), (80, 50))
    approved = rig.mask()
    session.approve()
    rig.settle()

    def damage(project):
        with project._database.writing() as connection:
            connection.execute(f"UPDATE predictions SET {harm} WHERE image_id = ?", (image_id,))

    rig.studio._store.ask(damage)
    session = rig.reopen()
    session.rounds.automatic = False
    return image_id, approved


@pytest.mark.parametrize("harm", ["png = substr(png, 1, length(png) - 20)", "png = 'text'", "png = 7"])
def test_an_approved_mask_over_a_damaged_one_of_the_model_is_taken_from_its_version(rig, harm):
    image_id, approved = harmed_below_an_approval(rig, harm)
    rig.show(image_id)
    rig.settle()
    assert rig.session.failure == ""
    assert np.array_equal(rig.mask(), approved)
    assert any("the approved mask was taken from its version" in m.sentence for m in rig.messages)
    session = rig.reopen()
    rig.show(image_id)
    record = session.record(image_id)
    assert (record.state, record.prediction_round) == (ImageState.APPROVED, None)
    assert np.array_equal(rig.mask(), approved)
    assert rig.studio._store.ask(check_project).findings == ()
    session.editor.undo()
    assert session.record(image_id).state is ImageState.IN_PROGRESS
    session.editor.redo()
    assert session.record(image_id).state is ImageState.APPROVED
    rig.stroke((10, 10), (20, 10))
    later = rig.mask()
    session.approve()
    rig.settle()
    assert np.array_equal(rig.studio._store.ask(lambda project: project.masks.shown(image_id)), later)


BROKEN_TILES = "UPDATE tiles SET data = zeroblob(9)"
BROKEN_STEPS = "UPDATE edit_tiles SET before = zeroblob(9), after = zeroblob(9)"


@pytest.mark.parametrize("approved", [True, False])
def test_damaged_tiles_are_put_together_from_their_steps(rig, approved):
    session = rig.new_project(3)
    session.rounds.automatic = False
    image_id = session.current_id
    rig.stroke((60, 40), (80, 50))
    rig.stroke((10, 10), (20, 10))
    session.editor.undo()
    painted = rig.mask()
    if approved:
        session.approve()
    rig.settle()
    session = reopened_after(rig, BROKEN_TILES)
    rig.show(image_id)
    assert session.failure == ""
    rig.settle()
    assert np.array_equal(rig.mask(), painted)
    said = "What was painted on image_00.png was damaged, so it was put together from its steps: it is all here."
    assert said in [message.sentence for message in rig.messages]
    assert session.document.approved == approved
    assert np.array_equal(rig.studio._store.ask(lambda project: project.masks.shown(image_id)), painted)
    assert rig.studio._store.ask(check_project).findings == ()
    session.editor.redo()
    session.editor.undo()
    assert np.array_equal(rig.mask(), painted)
    assert session.document.approved == approved


def test_an_approved_mask_of_damaged_tiles_and_steps_is_taken_from_its_version(rig):
    session = rig.new_project(6)
    session.rounds.automatic = False
    approve(rig, 3)
    session.rounds.start()
    rig.settle()
    image_id = session.records[4].id
    rig.show(image_id)
    rig.stroke((60, 40), (80, 50))
    approved, below = rig.mask(), session.document.prediction.to_array()
    session.approve()
    rig.settle()
    of_it = f"WHERE image_id = {image_id}"
    session = reopened_after(
        rig, f"{BROKEN_TILES} {of_it}; {BROKEN_STEPS} WHERE edit_id IN (SELECT id FROM edits {of_it})"
    )
    session.rounds.automatic = False
    stored = rig.studio._store.ask(lambda project: read_stored(project, image_id, 1, {}, {}, None))
    assert np.array_equal(stored.correction, approved)
    rig.show(image_id)
    rig.settle()
    assert session.failure == ""
    assert np.array_equal(rig.mask(), approved)
    assert np.array_equal(session.document.prediction.to_array(), below), "it was whole"
    said = (
        "What was painted on image_04.png is damaged, so the approved mask was taken from its version: it is all here "
        "and still approved."
    )
    assert said in [message.sentence for message in rig.messages]
    session = rig.reopen()
    rig.show(image_id)
    assert np.array_equal(rig.mask(), approved)
    assert session.document.approved
    assert session.record(image_id).prediction_round == 1
    assert rig.studio._store.ask(check_project).findings == ()
    session.editor.undo()
    assert not session.document.approved
    session.editor.redo()
    assert session.document.approved
    assert np.array_equal(rig.mask(), approved)


def test_an_approved_mask_of_which_a_tile_has_no_place_is_taken_from_its_version(rig):
    session = rig.new_project(3)
    session.rounds.automatic = False
    image_id = session.current_id
    rig.stroke((60, 40), (80, 50))
    approved = rig.mask()
    session.approve()
    rig.settle()
    session = reopened_after(rig, "UPDATE tiles SET tile_row = 'none'")
    rig.show(image_id)
    rig.settle()
    assert session.failure == ""
    assert np.array_equal(rig.mask(), approved)
    assert session.document.approved
    session = rig.reopen()
    rig.show(image_id)
    assert np.array_equal(rig.mask(), approved)
    assert rig.studio._store.ask(check_project).findings == ()


def test_damaged_tiles_of_one_image_hold_up_no_round_no_report_and_no_export(rig, tmp_path):
    session = rig.new_project(5)
    session.rounds.automatic = False
    approve(rig, 3)
    image_id = session.records[4].id
    rig.show(image_id)
    rig.stroke((60, 40), (80, 50))
    painted = rig.mask()
    rig.settle()
    rig.show(session.records[0].id)
    damage = f"{BROKEN_TILES} WHERE image_id = {image_id}"
    rig.studio._store.ask(lambda project: project._database._connection.executescript(damage))
    session.rounds.start()
    rig.settle()
    written = decode_mask((session.folder / "rounds" / "0001" / "masks" / f"{image_id}.png").read_bytes())
    assert np.array_equal(written == 1, painted == 1)
    rig.studio._store.ask(lambda project: project._database._connection.executescript(damage))
    stored = rig.studio._store.ask(lambda project: read_stored(project, image_id, 5, {}, {}, None))
    assert np.array_equal(stored.correction == 1, painted == 1)
    rig.studio._store.ask(lambda project: project._database._connection.executescript(damage))
    session.exporter.export_masks(tmp_path / "out", only_approved=False)
    rig.wait(lambda: not session.exporter.busy)
    file = tmp_path / "out" / f"{session.record(image_id).path.stem}.png"
    assert np.array_equal(np.asarray(Image.open(file))[painted > 0] > 0, painted[painted > 0] > 0)


def test_damaged_steps_cost_undo_and_no_mask(rig):
    session = rig.new_project(3)
    session.rounds.automatic = False
    image_id = session.current_id
    for y in (10, 20, 30, 40):
        rig.stroke((60, y), (80, y))
    session.editor.undo()
    painted = rig.mask()
    rig.settle()
    session = reopened_after(rig, f"{BROKEN_STEPS} WHERE edit_id = 2")
    rig.show(image_id)
    assert session.failure == ""
    assert np.array_equal(rig.mask(), painted)
    session.editor.undo()
    assert session.editor.undo_name == "", "nothing leads past what is damaged"
    session.editor.redo()
    session.editor.redo()
    rig.stroke((10, 50), (20, 50))
    now = rig.mask()
    rig.settle()
    rig.reopen()
    rig.show(image_id)
    assert np.array_equal(rig.mask(), now)


def test_what_no_step_can_tell_is_left_as_it_is(rig):
    session = rig.new_project(3)
    image_id = session.current_id
    rig.stroke((60, 40), (80, 50))
    rig.settle()
    session = reopened_after(rig, f"{BROKEN_TILES}; {BROKEN_STEPS}")
    rig.show(image_id)
    assert "is damaged" in session.failure
    assert rig.studio._store.ask(
        lambda project: project._database._connection.execute("SELECT data FROM tiles").fetchall()
    ) == [(bytes(9),)]


def test_an_image_whose_mask_is_lost_holds_up_no_round_and_no_export_of_the_others(rig, tmp_path):
    session = rig.new_project(6)
    session.rounds.automatic = False
    approve(rig, 3)
    lost = [record.id for record in session.records[4:]]
    for image_id in lost:
        rig.show(image_id)
        rig.stroke((60, 40), (80, 50))
        rig.settle()
    rig.show(session.records[0].id)
    rig.settle()

    def lose(image_id):
        of_it = f"WHERE image_id = {image_id}"
        damage = f"{BROKEN_TILES} {of_it}; {BROKEN_STEPS} WHERE edit_id IN (SELECT id FROM edits {of_it})"
        rig.studio._store.ask(lambda project: project._database._connection.executescript(damage))

    lose(lost[0])
    session.rounds.start()
    rig.settle()
    assert session.rounds.records[-1].status is RoundStatus.FINISHED
    said = "This round is begun. image_04.png was left out, since its mask is damaged in the project"
    assert any(message.sentence.startswith(said) and message.kind == "trouble" for message in rig.messages)
    request = read_request(session.folder / "rounds" / "0001")
    assert lost[0] not in [image.image_id for image in request.images]
    assert lost[1] in [image.image_id for image in request.images]
    session.exporter.export_masks(tmp_path / "out", only_approved=False)
    rig.wait(lambda: not session.exporter.busy and any(message.key == "export" for message in rig.messages))
    assert "1 could not be: The mask of image_04.png is damaged in the project" in rig.messages[-1].sentence
    with_mask = [record for record in session.records if record.state is not ImageState.NEW]
    assert len(list((tmp_path / "out").glob("*.png"))) == len(with_mask) - 1

    for record in session.records[:3]:
        session.reopen(record.id)
    rig.settle()
    for record in (*session.records[:3], session.records[5]):
        lose(record.id)
    rig.heard.clear()
    session.rounds.start()
    rig.settle()
    assert session.rounds.records[-1].status is RoundStatus.FAILED
    assert any(message.sentence.startswith("There is nothing left to learn from.") for message in rig.messages)


def test_round_export_and_report_take_an_approved_mask_over_a_damaged_one_from_its_version(rig, tmp_path):
    image_id, approved = harmed_below_an_approval(rig, "png = zeroblob(30)")
    session = rig.session
    session.exporter.export_masks(tmp_path / "out", only_approved=True)
    rig.wait(lambda: not session.exporter.busy)
    said = "1 mask is damaged in the project, so the approved version was taken."
    rig.wait(lambda: any("exported to" in m.sentence and m.sentence.endswith(said) for m in rig.messages))
    file = tmp_path / "out" / f"{session.record(image_id).path.stem}.png"
    assert np.array_equal(np.asarray(Image.open(file)) > 0, approved > 0)
    session.rounds.start()
    rig.settle()
    assert f"This round is begun. {said}" in [message.sentence for message in rig.messages]
    folder = session.folder / "rounds" / "0002"
    assert np.array_equal(decode_mask((folder / "masks" / f"{image_id}.png").read_bytes()), approved)
    stored = rig.studio._store.ask(lambda project: read_stored(project, image_id, 1, {}, {}, None))
    assert np.array_equal(stored.correction, approved)


def test_an_altered_version_takes_the_place_of_no_damaged_mask(rig):
    image_id, _ = harmed_below_an_approval(rig, "png = zeroblob(30)")

    def alter(project):
        with project._database.writing() as connection:
            connection.execute("DROP TRIGGER versions_are_not_changed")
            png = encode_mask(np.ones((64, 96), np.uint16))
            connection.execute("UPDATE versions SET png = ? WHERE image_id = ?", (png, image_id))

    rig.studio._store.ask(alter)
    rig.show(image_id)
    assert "is damaged" in rig.session.failure


def test_an_export_that_meets_a_bug_ends_and_says_so(rig, monkeypatch, tmp_path):
    session = rig.new_project(3)
    approve(rig, 2)
    with monkeypatch.context() as patch:
        patch.setattr("segstudio.app.exporter.put_one", broken)
        session.exporter.export_masks(tmp_path / "out", only_approved=True)
        rig.wait(lambda: not session.exporter.busy)
    rig.wait(lambda: any("2 could not be" in message.sentence for message in rig.messages))
    session.exporter.export_masks(tmp_path / "out", only_approved=True)
    rig.wait(lambda: not session.exporter.busy)
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_project_that_opens_but_cannot_be_read_leaves_the_studio_free(rig, monkeypatch):
    folder = rig.new_project(2).folder
    rig.studio.close_project()
    with monkeypatch.context() as patch:
        patch.setattr("segstudio.app.studio.read_contents", broken)
        rig.studio.open_project(folder)
        rig.wait(lambda: not rig.studio.busy)
    assert rig.studio.session is None
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)


def test_a_project_that_cannot_be_opened_does_not_close_the_one_at_work(rig, tmp_path):
    session = rig.new_project(2)
    other = StudioRig(tmp_path / "other")
    taken = other.new_project(1).folder
    for folder in (tmp_path / "nowhere.segstudio", taken):
        rig.heard.clear()
        rig.studio.open_project(folder)
        rig.wait(lambda: rig.messages)
        assert rig.messages[-1].kind == "trouble"
        assert not rig.studio.busy
        assert rig.studio.session is session
    other.studio.close()
    rig.stroke((20, 20), (40, 30))
    painted = rig.mask()
    rig.reopen()
    assert painted.any()
    assert (rig.mask() == painted).all()
    rig.studio.open_project(taken)
    rig.wait(lambda: rig.studio.session is not None and rig.session.folder == taken)


def test_masks_that_a_full_disk_refused_come_once_there_is_room(rig, monkeypatch):
    session = rig.new_project(6)
    session.rounds.automatic = False
    approve(rig, 3)
    with monkeypatch.context() as patch:
        patch.setattr(Masks, "put_prediction", lambda *_args: full_disk())
        patch.setattr(Masks, "save_edit", lambda *_args: full_disk())
        session.rounds.start()
        rig.settle()
        rig.stroke((30, 30))
        rig.wait(lambda: session.save_status.state == "failed")
    assert {record.prediction_round for record in session.records} == {None}
    session.retry_saving()
    rig.settle()
    rig.wait(lambda: [record.prediction_round for record in session.records[4:]] == [1, 1])
    assert session.records[3].prediction_round is None, "somebody paints on it"


def test_work_that_cannot_be_saved_keeps_its_project_open_and_nothing_else_begins(rig, tmp_path, monkeypatch):
    session = rig.new_project(2)
    other = StudioRig(tmp_path / "other")
    folder = other.new_project(1).folder
    other.studio.close()
    images = write_images(tmp_path / "more", 1)
    plan = NewProject(tmp_path / "new.segstudio", (FoundImage(images[0], None),), ("lesion",), "none")
    with monkeypatch.context() as patch:
        patch.setattr(session, "close", lambda: False)
        rig.studio.open_project(folder)
        rig.wait(lambda: not rig.studio.busy)
        rig.studio.new_project(plan)
        rig.wait(lambda: not rig.studio.busy)
        assert rig.studio.session is session
    assert not plan.folder.exists()
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not session)
    rig.wait(lambda: rig.studio.session is not None)
    assert rig.session.folder == folder


def test_a_full_disk_speaks_of_the_window_only_where_there_is_one(rig):
    """Before, as while a project of an older version is copied, there is nothing in it that could be kept."""
    rig.new_project(2)

    def limit(project, pages):
        with project._database.reading() as connection:
            connection.execute(f"PRAGMA max_page_count={pages}")

    rig.studio._store.ask(lambda project: limit(project, 1))
    rig.session._saver.save(lambda project: project.settings.set_setting("long", "x" * 2_000_000))
    rig.wait(lambda: rig.session.save_status.state == "failed")
    sentence = rig.session.save_status.sentence
    assert "The disk is full" in sentence
    assert "What you did is still in the window: leave it open, free some space" in sentence
    rig.studio._store.ask(lambda project: limit(project, 1_000_000))
    rig.session.retry_saving()
    rig.settle()
    folder = rig.session.folder
    assert rig.studio.close_project()
    with Project.open(folder) as project:
        limit(project, 1)
        with pytest.raises(UserError, match=r"disk is full.*What was saved in it before stays as it is: free") as told:
            project.settings.set_setting("longer", "x" * 9_000_000)
    assert "window" not in str(told.value)


@pytest.mark.skipif(os.name == "nt", reason="Windows moves no file that is open")
def test_nothing_takes_the_place_of_a_project_that_was_moved_while_masks_were_on_their_way(rig):
    rig.hold_rounds = True
    session = rig.new_project(9)
    approve(rig, 3)
    rig.wait(lambda: rig.workers and rig.workers[-1].running is not None)
    worker = rig.workers[-1]
    worker.holds_predictions = True
    worker.finish_round()
    rig.wait(lambda: len(worker.held) == 2)
    away = session.folder.with_name("away")
    session.folder.rename(away)
    worker.holds_predictions = False
    for asked in worker.held:
        worker.say(Failed(asked.job, "The mask could not be written.", ""))
    rig.stroke((20, 20), (60, 40))
    rig.wait(lambda: session.predictor.remaining == 0 and session.save_status.state == "failed")
    assert "put the project back where it was" in session.save_status.sentence
    assert not session.folder.exists(), "or it could not be put back"
    painted = rig.mask()
    away.rename(session.folder)
    session.retry_saving()
    rig.wait(lambda: session.save_status.state == "saved")
    rig.hold_rounds = False
    rig.reopen()
    assert np.array_equal(rig.mask(), painted)


def test_a_stroke_is_saved_over_the_mask_that_it_was_painted_on_and_no_newer_one(rig):
    session = rig.new_project(5)
    approve(rig, 3)
    fourth = session.records[3].id
    rig.show(fourth)
    worker = rig.workers[-1]
    worker.holds_predictions = True
    session.rounds.start()
    rig.wait(lambda: worker.held)
    posted = []
    worker._post = posted.append
    worker.predict(worker.held[0])
    posted.pop()()
    store_is_through(rig)
    rig.stroke((60, 40))
    store_is_through(rig)
    killed_here = rig.session._store.ask(lambda project: project.masks.shown(fourth))
    assert np.array_equal(killed_here, rig.mask())


def test_the_project_that_is_open_can_be_opened_anew(rig):
    session = rig.new_project(2)
    rig.studio.open_project(session.folder)
    rig.wait(lambda: rig.studio.session not in (None, session))
    assert rig.session.folder == session.folder
    assert not [message for message in rig.messages if message.kind == "trouble"]


def test_a_mask_that_cannot_be_taken_does_not_keep_the_project_from_opening(rig, monkeypatch, tmp_path):
    images = write_images(tmp_path / "images", 2)
    Image.new("L", (96, 64)).save(tmp_path / "mask.png")
    found = tuple(FoundImage(path, FileMask(tmp_path / "mask.png")) for path in images)
    monkeypatch.setattr("segstudio.app.importing.read_mask", broken)
    rig.studio.new_project(NewProject(tmp_path / "p.segstudio", found, ("lesion",), "approved"))
    rig.wait(lambda: rig.studio.session is not None)
    assert not rig.studio.busy
    rig.settle()


def test_a_worker_that_cannot_be_started_fails_the_round_with_a_reason(rig):
    from segstudio.app.worker_process import WorkerProcess

    nowhere = (str(rig.folder / "no such program"),)
    rig.studio._factory = lambda hear, gone: WorkerProcess(rig.scheduler, hear, gone, nowhere)
    session = rig.new_project(4)
    approve(rig, 1)
    session.rounds.start()
    rig.wait(lambda: not session.rounds.busy)
    assert session.rounds.records[-1].status is RoundStatus.FAILED


def test_a_worker_that_always_dies_is_not_started_for_ever(rig):
    session = rig.new_project(12)
    approve(rig, 3)
    made = len(rig.workers)
    original = rig.make_worker

    def dying(hear, gone):
        worker = original(hear, gone)
        worker.start = lambda: worker.crash("exit code 1")
        return worker

    rig.studio._link._factory = dying
    rig.workers[-1].crash("exit code 1")
    session._learning.intake.use_weights(2, session.folder / "rounds" / "0001" / "weights.safetensors")
    rig.wait(lambda: session.predictor.remaining == 0)
    assert len(rig.workers) - made <= 6


def test_a_rounds_folder_that_was_deleted_does_not_stop_predictions_for_good(rig):
    import shutil

    session = rig.new_project(6)
    approve(rig, 3)
    shutil.rmtree(session.folder / "rounds" / "0001")
    (session.folder / "rounds" / "0001").write_bytes(b"in the way")
    session.predictor.request(session.records[4].id)
    session.predictor.refresh()
    rig.wait(lambda: session.predictor.remaining == 0)


def test_a_worker_that_dies_before_a_round_was_sent_to_it_does_not_fail_the_round(rig):
    session = rig.new_project(6)
    approve(rig, 3)
    session.rounds.start()
    rig.wait(lambda: session.rounds.status.phase == "preparing")
    rig.workers[-1]._gone("exit code 1")
    rig.settle()
    assert [record.status for record in session.rounds.records] == [RoundStatus.FINISHED] * 2
    assert len(rig.workers) == 2


def test_what_is_painted_stays_if_the_tool_fails_at_its_last_move(rig):
    session = rig.new_project(2)
    session.editor.press(PointerEvent(20, 20))
    with pytest.raises(ValueError, match="NaN"):
        session.editor.release(PointerEvent(float("nan"), 20))
    assert not session.editor.in_gesture
    rig.stroke((60, 40))
    rig.settle()
    rig.reopen()
    assert rig.mask()[20, 20] == rig.mask()[40, 60] == 1


def test_strokes_in_quick_succession_are_compared_with_the_truth_once_at_the_end(rig, monkeypatch, tmp_path):
    images = write_images(tmp_path / "images", 1)
    truth = np.zeros((64, 96), np.uint8)
    truth[:20, :20] = 255
    Image.fromarray(truth).save(tmp_path / "truth.png")
    found = (FoundImage(images[0], FileMask(tmp_path / "truth.png")),)
    rig.studio.new_project(NewProject(tmp_path / "p.segstudio", found, ("lesion",), "compare"))
    rig.wait(lambda: rig.studio.session is not None and rig.session.truth.mask is not None)
    go, calls = threading.Event(), []

    def slow(document, _truth, _void):
        go.wait(20)
        calls.append(document)
        return float(document.shown(document.bounds)[40, 60])

    monkeypatch.setattr("segstudio.app.truth._mean_dice", slow)
    for step in range(5):
        rig.stroke((10 + 5 * step, 20))
    rig.stroke((60, 40))
    go.set()
    rig.wait(lambda: rig.session.truth.dice == 1.0)
    assert len(calls) == 2
    rig.settle()


# ---- closing at odd moments ----------------------------------------------------------------------------------------


def drain(rig):
    """Run everything that was posted so far."""
    done = []
    rig.scheduler.post(lambda: done.append(True))
    rig.wait(lambda: done)


def test_closing_while_an_image_is_on_its_way_is_quiet(rig):
    session = rig.new_project(3)
    session.open_image(session.records[1].id)
    store_is_through(rig)
    images_are_read(rig)
    assert rig.studio.close_project()
    drain(rig)
    assert session.document.image_id == session.records[0].id


def test_a_closed_session_starts_no_worker(rig):
    session = rig.new_project(6)
    approve(rig, 3)
    made = len(rig.workers)
    assert rig.studio.close_project()
    session.predictor.request(session.records[4].id)
    drain(rig)
    assert len(rig.workers) == made


def test_closing_during_an_export_is_quiet(rig, tmp_path):
    session = rig.new_project(4)
    approve(rig, 2)
    session.exporter.export_masks(tmp_path / "out", only_approved=True)
    store_is_through(rig)
    assert rig.studio.close_project()
    drain(rig)


def test_closing_while_a_round_is_prepared_is_quiet(rig):
    session = rig.new_project(4)
    approve(rig, 2)
    session.rounds.start()
    store_is_through(rig)
    assert rig.studio.close_project()
    drain(rig)
    assert rig.studio.session is None


def test_opening_another_project_before_the_first_was_entered_does_not_mix_them(rig, tmp_path):
    first = rig.new_project(2).folder
    rig.studio.close_project()
    other = StudioRig(tmp_path / "other")
    second = other.new_project(3).folder
    other.studio.close()
    rig.studio.open_project(first)
    rig.wait(lambda: rig.studio._store is not None and rig.studio._store.unfinished)
    rig.studio._store.ask(lambda _project: None)  # what the first holds is read; nobody was told yet
    rig.studio.open_project(second)
    entered = []
    rig.studio.subscribe(lambda _changes: entered.append(rig.studio.session and rig.studio.session.folder))
    rig.wait(lambda: rig.studio.session is not None and not rig.studio.busy)
    rig.settle()
    assert first not in entered
    assert rig.session.folder == second


def test_closing_before_the_project_was_entered_leaves_the_studio_free(rig):
    folder = rig.new_project(2).folder
    rig.studio.close_project()
    rig.studio.open_project(folder)
    assert rig.studio.close_project()
    drain(rig)
    assert not rig.studio.busy
    assert rig.studio.session is None


@pytest.fixture
def slow_demo(rig, monkeypatch):
    """A demo that is drawn as far as ``go`` says; (go, started)."""
    go, started = threading.Event(), []
    images = write_images(rig.folder / "drawn", 2)
    plan = NewProject(rig.folder / "demo.segstudio", tuple(FoundImage(p, None) for p in images), ("lesion",), "none")

    def drawn(_base, _kind, tell):
        started.append(True)
        go.wait(20)
        tell(1, 1)
        return plan

    monkeypatch.setattr("segstudio.app.studio.demo_project", drawn)
    yield go, started
    go.set()


def test_a_demo_that_is_drawn_does_not_push_away_a_project_opened_meanwhile(rig, slow_demo):
    go, _ = slow_demo
    session = rig.new_project(2)
    rig.studio.close_project()
    rig.studio.open_demo("lesion")
    rig.studio.open_project(session.folder)
    rig.wait(lambda: rig.studio.session is not None)
    go.set()
    rig.studio._slow.submit(lambda: None).result()
    drain(rig)
    rig.settle()
    assert rig.session.folder == session.folder
    assert not rig.studio.busy


def test_a_demo_asked_for_twice_is_drawn_once(rig, slow_demo):
    go, started = slow_demo
    rig.studio.open_demo("lesion")
    rig.studio.open_demo("lesion")
    go.set()
    rig.wait(lambda: rig.studio.session is not None)
    rig.studio._slow.submit(lambda: None).result()
    drain(rig)
    rig.settle()
    assert len(started) == 1
    assert not rig.messages


def test_closing_the_studio_while_the_demo_is_drawn_opens_nothing_and_stops_the_drawing(rig, monkeypatch):
    started, told = threading.Event(), []
    stop = threading.Event()

    def drawn(_base, _kind, tell):
        started.set()
        while not stop.wait(0.01):
            tell(len(told), 24)
            told.append(True)
        return rig.folder

    monkeypatch.setattr("segstudio.app.studio.demo_project", drawn)
    rig.studio.open_demo("lesion")
    started.wait(20)
    watchdog = threading.Timer(10, stop.set)
    watchdog.start()
    assert rig.studio.close()
    watchdog.cancel()
    assert not stop.is_set(), "closing waited for the whole drawing"
    drain(rig)
    assert rig.studio._store is None


# ---- memory and database in step -----------------------------------------------------------------------------------


def test_relocating_does_not_take_back_an_approval_made_meanwhile(rig, tmp_path):
    session = rig.new_project(3)
    first = session.current_id
    rig.stroke((20, 20))
    rig.settle()
    session.files.relocate(session.records[2].id, session.records[2].path)
    store_is_through(rig)
    session.approve()
    rig.settle()
    assert session.record(first).state is ImageState.APPROVED
    assert session.record(first).held_out is False


def test_a_prediction_does_not_outlive_the_file_that_it_was_made_from(rig, tmp_path):
    session = rig.new_project(6)
    approve(rig, 3)
    other = session.records[4]
    rig.show(other.id)
    assert rig.mask().any()
    rig.show(session.records[3].id)
    Image.new("RGB", (50, 40)).save(other.path)
    rig.show(other.id)
    assert session.failure == ""
    rig.settle()
    assert rig.mask().shape == (40, 50)
    rig.show(session.records[3].id)
    session.exporter.export_masks(tmp_path / "out", only_approved=False)
    rig.wait(lambda: not session.exporter.busy)
    with Image.open(tmp_path / "out" / f"{other.path.stem}.png") as exported:
        assert exported.size == (50, 40)


def test_a_file_replaced_under_its_mask_by_one_of_the_same_size_is_said(rig):
    session = rig.new_project(3)
    first = session.records[0]
    rig.stroke((20, 20))
    rig.show(session.records[1].id)
    Image.new("RGB", (96, 64), (200, 10, 10)).save(first.path)
    rig.show(first.id)
    rig.settle()
    rig.wait(lambda: any("not the file" in message.sentence for message in rig.messages))
    assert rig.mask()[20, 20] == 1


def test_a_mask_asked_for_while_another_is_under_way_comes_and_is_not_asked_for_again(rig):
    session = rig.new_project(6)
    approve(rig, 3)
    fifth = session.records[4].id
    rig.show(fifth)
    rig.workers[-1].holds_predictions = True
    session.rounds.start()
    rig.wait(lambda: rig.workers[-1].held)
    assert rig.workers[-1].held[0].image_id == fifth
    rig.stroke((70, 50))
    session.predictor.request(fifth)
    rig.workers[-1].holds_predictions = False
    for held in rig.workers[-1].held:
        rig.workers[-1].predict(held)
    rig.settle()
    assert session.record(fifth).prediction_round == 2
    session.rounds.start()
    rig.settle()
    assert session.record(fifth).prediction_round == 2, "it was painted on and not asked for again"


def test_newer_weights_renew_a_mask_that_is_under_way_with_older_ones(rig):
    session = rig.new_project(6)
    approve(rig, 3)
    rig.workers[-1].holds_predictions = True
    session.rounds.start()
    rig.wait(lambda: rig.workers[-1].held)
    session.rounds.start()
    rig.wait(lambda: not session.rounds.busy)
    rig.workers[-1].holds_predictions = False
    for held in rig.workers[-1].held:
        rig.workers[-1].predict(held)
    rig.settle()
    assert [record.prediction_round for record in session.records[3:]] == [3, 3, 3]


# ---- files ---------------------------------------------------------------------------------------------------------


def test_an_image_named_twice_in_a_plan_does_not_shift_the_masks(rig, tmp_path):
    images = write_images(tmp_path / "images", 3)
    masks = []
    for index, path in enumerate(images):
        mask = np.zeros((64, 96), np.uint8)
        mask[: 10 * (index + 1)] = 255
        masks.append(tmp_path / "masks" / path.name)
        masks[-1].parent.mkdir(exist_ok=True)
        Image.fromarray(mask).save(masks[-1])
    found = [FoundImage(path, FileMask(mask)) for path, mask in zip(images, masks, strict=True)]
    plan = NewProject(tmp_path / "p.segstudio", (found[0], *found), ("lesion",), "approved")
    rig.studio.new_project(plan)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    for index, record in enumerate(rig.session.records):
        rig.show(record.id)
        assert rig.mask().any(axis=1).sum() == 10 * (index + 1)
    rig.settle()


def test_an_export_takes_the_place_of_no_image(rig, tmp_path):
    images = write_images(tmp_path / "images", 2)
    whole = [path.read_bytes() for path in images]
    rig.new_project(images=images)
    approve(rig, 1)
    rig.session.exporter.export_masks(tmp_path / "images", only_approved=True)
    rig.wait(lambda: not rig.session.exporter.busy)
    assert [path.read_bytes() for path in images] == whole
    rig.wait(lambda: any("could not be" in message.sentence for message in rig.messages))


def test_images_of_one_name_are_exported_beside_each_other(rig, tmp_path):
    images = write_images(tmp_path / "images", 2)
    photo = tmp_path / "images" / "image_01.jpg"
    Image.open(images[1]).save(photo)
    whole = images[1].read_bytes()
    rig.new_project(images=[photo, images[1]])
    approve(rig, 1)
    rig.session.exporter.export_masks(tmp_path / "images", only_approved=True)
    rig.wait(lambda: not rig.session.exporter.busy)
    assert images[1].read_bytes() == whole
    assert (tmp_path / "images" / "image_01.jpg.png").exists()


def test_nothing_is_exported_while_the_last_strokes_are_not_saved(rig, monkeypatch, tmp_path):
    session = rig.new_project(3)
    approve(rig, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Masks, "save_edit", lambda *_args: full_disk())
        rig.stroke((20, 20))
        rig.wait(lambda: session.save_status.state == "failed")
        session.exporter.export_masks(tmp_path / "out", only_approved=False)
        rig.wait(lambda: any("Nothing was exported" in message.sentence for message in rig.messages))
    assert not (tmp_path / "out").exists()
    session.retry_saving()
    rig.settle()


def test_masks_of_images_of_one_name_are_called_by_their_folders_whatever_else_is_exported(rig, tmp_path):
    one, two = write_images(tmp_path / "one", 1)[0], write_images(tmp_path / "two", 1)[0]
    found = tuple(FoundImage(path, None) for path in (one, two))
    rig.studio.new_project(NewProject(tmp_path / "p.segstudio", found, ("lesion",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    rig.show(rig.session.records[1].id)
    approve(rig, 1)
    rig.session.exporter.export_masks(tmp_path / "out", only_approved=True)
    rig.wait(lambda: not rig.session.exporter.busy)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["two_image_00.png"]


def test_an_image_passed_over_is_not_read(rig, monkeypatch):
    session = rig.new_project(8)
    go, read = threading.Event(), []
    load = session._loader._kept.load

    def slow(path):
        go.wait(20)
        read.append(path)
        return load(path)

    monkeypatch.setattr(session._loader._kept, "load", slow)
    for _ in range(6):
        session.step(1)
    go.set()
    rig.wait(lambda: session.loading_id is None)
    rig.settle()
    assert session.current_id == session.records[6].id
    assert len(read) <= 3


def test_the_masks_of_an_image_passed_over_are_not_read(rig, monkeypatch):
    session = rig.new_project(8)
    go, read = threading.Event(), []
    load = Masks.load_history

    def counted(self, image_id):
        read.append(image_id)
        return load(self, image_id)

    monkeypatch.setattr(Masks, "load_history", counted)
    session._store.run(lambda _project: go.wait(20))
    for _ in range(6):
        session.step(1)
    go.set()
    rig.wait(lambda: session.loading_id is None)
    rig.settle()
    assert read == [session.records[6].id]


def test_no_mask_is_exported_for_a_file_of_another_size(rig, tmp_path):
    session = rig.new_project(3)
    approve(rig, 2)
    with Image.new("RGB", (50, 40)) as other:
        other.save(session.records[0].path)
    session.exporter.export_masks(tmp_path / "out", only_approved=True)
    rig.wait(lambda: not session.exporter.busy)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["image_01.png"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("seconds", float("nan")), ("seconds", -1), ("input_size", 0), ("network", 3), ("input_size", True), ("x", 1)],
)
def test_settings_for_training_that_make_no_sense_are_left_out(tmp_path, name, value):
    settings = Settings(tmp_path / "settings.json")
    settings.set("training", {name: value, "seed": 7})
    assert training_settings(settings) == replace(training_settings(Settings(tmp_path / "none")), seed=7)


def test_training_settings_that_make_sense_are_taken(tmp_path):
    settings = Settings(tmp_path / "settings.json")
    settings.set("training", {"seconds": 5, "max_steps": 3, "upright": True})
    taken = training_settings(settings)
    assert (taken.seconds, taken.max_steps, taken.upright) == (5, 3, True)


def test_a_project_that_could_not_be_filled_is_let_go(tmp_path, monkeypatch):
    from segstudio.app.new_project import create

    images = write_images(tmp_path / "images", 1)
    plan = NewProject(tmp_path / "p.segstudio", (FoundImage(images[0], None),), ("lesion",), "none")
    closed = []
    close = Project.close
    monkeypatch.setattr(Project, "close", lambda self: (closed.append(True), close(self)))
    with monkeypatch.context() as patch:
        patch.setattr(StoredSettings, "set_setting", lambda *_args: full_disk())
        with pytest.raises(UserError):
            create(plan)
    assert closed


def test_an_export_never_overwrites_what_it_did_not_write(rig, tmp_path):
    session = rig.new_project(2)
    rig.stroke((20, 20))
    session.approve()
    rig.settle()
    out = tmp_path / "masks of others"
    out.mkdir()
    (out / "image_00.png").write_bytes(b"somebody's ground truth")
    session.exporter.export_masks(out, only_approved=True)
    rig.wait(lambda: rig.messages)
    assert "did not export" in rig.messages[-1].sentence
    assert (out / "image_00.png").read_bytes() == b"somebody's ground truth"

    mine = tmp_path / "mine"
    for count in range(2, 4):
        session.exporter.export_masks(mine, only_approved=True)
        rig.wait(lambda count=count: len(rig.messages) == count)
        assert rig.messages[-1].kind == "info", "what this project exported it may export again"


def test_copies_of_one_file_are_never_on_both_sides_of_the_split(rig, tmp_path):
    session = rig.new_project(12)
    for record in session.records[1:]:
        record.path.write_bytes(session.records[0].path.read_bytes())
    approve(rig, 12)
    assert [record.held_out for record in session.records] == [False] * 12


def test_an_image_that_the_worker_cannot_do_is_given_up_until_there_are_newer_weights(rig):
    session = rig.new_project(6)
    approve(rig, 3)
    rig.workers[-1].holds_predictions = True
    session.rounds.start()
    rig.wait(lambda: rig.workers[-1].held)
    failing = rig.workers[-1].held[0]
    assert not session.predictor.gave_up(failing.image_id)
    rig.workers[-1].say(Failed(failing.job, "The file is damaged.", "traceback"))
    rig.wait(lambda: session.predictor.gave_up(failing.image_id))
    rig.workers[-1].holds_predictions = False
    for held in rig.workers[-1].held[1:]:
        rig.workers[-1].predict(held)
    rig.settle()
    assert session.record(failing.image_id).prediction_round == 1
    session.rounds.start()
    rig.settle()
    assert session.record(failing.image_id).prediction_round == 3
    assert not session.predictor.gave_up(failing.image_id)


def test_masks_that_a_full_disk_refused_come_when_one_tries_again_or_looks_at_their_images(rig):
    session = rig.new_project(7)
    session.rounds.automatic = False
    approve(rig, 3)
    rig.show(session.records[3].id)
    session.rounds.start()
    rig.wait(lambda: rig.workers)
    worker = rig.workers[-1]
    worker.holds_predictions = True

    def refuse():
        while session.predictor.remaining:
            rig.wait(lambda: worker.held or not session.predictor.remaining)
            for asked in worker.held[:]:
                worker.held.remove(asked)
                worker.say(Failed(asked.job, "The disk is full. Free some space, then try again.", ""))
            rig.wait(lambda: not session.predictor.at_worker or worker.held)

    rig.wait(lambda: worker.held)
    refuse()
    assert all(session.predictor.gave_up(record.id) for record in session.records[3:])
    [told] = [message for message in rig.messages if message.kind == "trouble"]
    assert told.action == "Try again"
    told.on_action()
    rig.wait(lambda: worker.held)
    refuse()
    worker.holds_predictions = False
    rig.show(session.records[5].id)
    rig.settle()
    assert [record.prediction_round for record in session.records[3:]] == [None, None, 1, None]
    told.on_action()
    rig.settle()
    assert [record.prediction_round for record in session.records[3:]] == [1, 1, 1, 1]


def test_a_round_says_which_approved_images_it_can_not_read(rig):
    session = rig.new_project(6)
    session.rounds.automatic = False
    approve(rig, 4)
    folder = session.records[0].path.parent
    session.records[3].path.rename(folder / "away.png")
    session = rig.reopen()
    session.rounds.automatic = False
    rig.wait(lambda: session.records[3].problem is not None)
    session.rounds.start()
    rig.settle()
    assert session.rounds.records[-1].status is RoundStatus.FINISHED
    assert (
        "This round is begun. 1 approved image is left out, since the image file is gone or can't be read: find it, "
        "then train again."
    ) in [message.sentence for message in rig.messages]
    rig.heard.clear()
    before = len(session.rounds.records)
    for record in session.records[:3]:
        record.path.unlink()
    session = rig.reopen()
    session.rounds.automatic = False
    rig.wait(lambda: sum(record.problem is not None for record in session.records) == 4)
    session.rounds.start()
    rig.wait(lambda: rig.messages)
    assert len(session.rounds.records) == before
    [said] = [message.sentence for message in rig.messages if message.sentence.startswith("There is nothing to learn")]
    assert "4 approved images are left out" in said
    assert "Approve a few images" not in said


def test_a_worker_that_says_nothing_is_ended_and_the_round_with_it(rig, monkeypatch):
    from segstudio.app import watchdog

    monkeypatch.setattr(watchdog, "TICK", 0.01)
    session = rig.new_project(6)
    rig.hold_rounds = True
    approve(rig, 3)
    rig.wait(lambda: rig.messages)
    assert session.rounds.records[-1].status is RoundStatus.FAILED
    assert "no longer answered" in rig.messages[-1].sentence
    assert "masks are safe" in rig.messages[-1].sentence


def test_a_worker_with_nothing_to_do_may_be_silent(rig, monkeypatch):
    from segstudio.app import watchdog

    monkeypatch.setattr(watchdog, "TICK", 0.001)
    rig.new_project(6)
    approve(rig, 3)
    looks = []
    rig.scheduler.call_later(0.1, lambda: looks.append(True))
    rig.wait(lambda: looks)
    assert rig.messages == []
    assert rig.workers[-1].alive


def test_masks_that_were_made_well_are_no_tries_in_vain(rig):
    session = rig.new_project(6)
    session.rounds.automatic = False
    approve(rig, 3)
    session.rounds.start()
    rig.settle()
    for threshold in (0.3, 0.4):
        session.model.set(replace(session.model.settings, finish={1: ClassFinish(threshold)}))
        rig.settle()
    worker = rig.workers[-1]
    worker.holds_predictions = True
    session.model.set(replace(session.model.settings, finish={1: ClassFinish(0.9)}))
    rig.wait(lambda: len(worker.held) == 2)
    lost = {message.image_id for message in worker.held}
    worker.crash("the graphics driver was reset")
    rig.settle()
    assert lost <= {message.image_id for message in rig.workers[-1].sent if isinstance(message, Predict)}
    assert not any(session.predictor.gave_up(image_id) for image_id in lost)


def test_an_image_whose_strokes_were_undone_gets_the_mask_of_the_model_in_use(rig):
    session = rig.new_project(6)
    session.rounds.automatic = False
    approve(rig, 3)
    painted = session.records[5].id
    rig.show(painted)
    rig.stroke((30, 30))
    rig.settle()
    session.rounds.start()
    rig.settle()
    assert session.record(painted).prediction_round is None
    session.editor.undo()
    rig.settle()
    assert session.record(painted).prediction_round == 1
    assert session.document.prediction_round == 1
