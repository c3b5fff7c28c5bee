"""Giving an image, or a segment, back to the model, through a real session and store."""

import numpy as np

from segstudio.domain.annotation import ImageState
from tests.helpers.studios import approve


def last_message(rig, key):
    return [message for message in rig.messages if message.key == key][-1]


def predicted_image(rig):
    """An image with the model's mask on the canvas, not worked on."""
    session = rig.new_project(6, classes=("lesion", "ruler"))
    approve(rig, 3)
    assert session.document.mask_origin == "model"
    return session


def test_the_whole_correction_goes_as_one_step_and_comes_back(rig):
    session = predicted_image(rig)
    predicted = rig.mask()
    rig.stroke((20, 20), (70, 50))
    rig.stroke((10, 10), button="right")
    painted = rig.mask()
    session.reset.image()
    assert np.array_equal(rig.mask(), predicted)
    assert session.document.correction.is_blank
    assert session.editor.undo_name == "Reset image"
    rig.settle()
    assert session.record(session.current_id).state is ImageState.PREDICTED
    session = rig.reopen()
    assert np.array_equal(rig.mask(), predicted)
    session.editor.undo()
    assert np.array_equal(rig.mask(), painted)
    session = rig.reopen()
    assert np.array_equal(rig.mask(), painted)
    session.editor.redo()
    assert np.array_equal(rig.mask(), predicted)


def test_the_message_offers_to_undo_that_step_and_no_other(rig):
    session = predicted_image(rig)
    rig.stroke((20, 20))
    painted = rig.mask()
    session.reset.image()
    rig.settle()
    message = last_message(rig, "reset")
    assert message.action == "Undo"
    assert "the model's again" in message.sentence
    message.on_action()
    assert np.array_equal(rig.mask(), painted)
    message.on_action()
    assert np.array_equal(rig.mask(), painted), "what was taken back once is not taken back further"
    session.reset.image()
    rig.settle()
    message = last_message(rig, "reset")
    rig.stroke((60, 40))
    later = rig.mask()
    message.on_action()
    assert np.array_equal(rig.mask(), later)


def test_without_a_prediction_the_mask_is_cleared(rig):
    session = rig.new_project()
    rig.stroke((20, 20))
    session.reset.image()
    assert not rig.mask().any()
    assert session.editor.undo_name == "Clear mask"
    rig.settle()
    assert "empty again" in last_message(rig, "reset").sentence
    assert rig.reopen().record(session.current_id).state is ImageState.NEW


def test_locked_segments_stay_and_what_tools_may_paint_over_does_not_matter(rig):
    session = rig.new_project(classes=("lesion", "ruler"))
    rig.stroke((20, 20))
    session.editor.set_active_segment(2)
    rig.stroke((60, 40))
    before = rig.mask()
    session.change_segment(1, locked=True)
    session.editor.change_settings(paint_over=0)
    session.reset.image()
    assert np.array_equal(rig.mask(), np.where(before == 1, 1, 0))
    rig.settle()
    assert "but for locked segments" in last_message(rig, "reset").sentence


def test_an_approved_image_is_no_longer_approved_until_undo(rig):
    session = rig.new_project(4)
    first = session.current_id
    approve(rig, 1)
    rig.show(first)
    session.reset.image()
    rig.settle()
    assert session.record(first).state is not ImageState.APPROVED
    message = last_message(rig, "reset")
    assert "no longer approved" in message.sentence
    message.on_action()
    rig.settle()
    assert session.record(first).state is ImageState.APPROVED


def test_nothing_to_take_back_makes_no_step(rig):
    session = rig.new_project()
    session.reset.image()
    session.reset.segment()
    rig.settle()
    assert session.editor.undo_name == ""
    assert last_message(rig, "reset").action == ""


def test_one_segment_is_given_back_where_it_is_and_where_the_model_saw_it(rig):
    session = predicted_image(rig)
    predicted = rig.mask()
    model_pixels = np.argwhere(predicted == 1)
    rig.stroke((70, 50))
    row, column = model_pixels[0]
    rig.stroke((float(column), float(row)), button="right")
    session.editor.set_active_segment(2)
    rig.stroke((20, 50))
    before = rig.mask()
    session.editor.set_active_segment(1)
    session.reset.segment()
    expected = np.where((before == 1) | (predicted == 1), predicted, before)
    assert not np.array_equal(expected, before)
    assert np.array_equal(rig.mask(), expected)
    assert session.editor.undo_name == "Reset lesion"
    rig.reopen()
    assert np.array_equal(rig.mask(), expected)
    rig.session.editor.undo()
    assert np.array_equal(rig.mask(), before)


def test_a_large_mask_is_reset_to_the_pixel(tmp_path, rig):
    session = rig.new_project()
    document = session.document
    rng = np.random.default_rng(0)
    document.begin_edit("Paint")
    document.correction.write(document.bounds, rng.integers(0, 2, (64, 96)).astype(np.uint16))
    document.commit_edit()
    session.reset.image()
    assert session.document.correction.is_blank
    session.editor.undo()
    assert set(np.unique(rig.mask())) == {0, 1}
