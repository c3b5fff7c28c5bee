"""An approval belongs to a state of a mask: leaving it takes the approval away, coming back gives it back."""

import random

import numpy as np
import pytest
from PIL import Image

from segstudio.domain.annotation import ImageState
from tests.helpers.studios import approve


def stored(rig, image_id):
    return rig.session._store.ask(lambda project: project.images.image(image_id))


def state(rig, image_id):
    """The state of an image, which must be the same in the window, on the canvas and in the database."""
    rig.settle()
    session = rig.session
    record = session.record(image_id)
    assert stored(rig, image_id).state is record.state
    assert stored(rig, image_id).held_out == record.held_out
    if session.document is not None and session.document.image_id == image_id:
        assert session.document.approved == (record.state is ImageState.APPROVED)
    return record.state


@pytest.mark.parametrize("reloaded", [False, True])
def test_undo_of_a_dab_brings_the_approval_back_and_redo_takes_it_away(rig, reloaded):
    session = rig.new_project(6)
    approve(rig, 3)
    first = session.records[0].id
    rig.show(first)
    approved = rig.mask()
    rig.stroke((80, 50))
    assert state(rig, first) is ImageState.IN_PROGRESS
    assert session.approved_count == 2
    for _ in range(2):
        if reloaded:
            session = rig.reopen()
        session.editor.undo()
        assert state(rig, first) is ImageState.APPROVED
        assert np.array_equal(rig.mask(), approved)
        assert session.approved_count == 3
        assert "approved again" in rig.messages[-1].sentence
        if reloaded:
            session = rig.reopen()
            assert state(rig, first) is ImageState.APPROVED
        session.editor.redo()
        assert state(rig, first) is ImageState.IN_PROGRESS
        assert "no longer approved" in rig.messages[-1].sentence


def test_what_was_said_of_an_approval_holds_until_it_is_approved_again(rig):
    session = rig.new_project(6)
    approve(rig, 1)
    rig.show(session.records[0].id)
    rig.stroke((80, 50))
    rig.settle()
    gone = rig.messages[-1]
    assert "no longer approved" in gone.sentence
    assert gone.holds()
    rig.stroke((70, 50))
    assert gone.holds()
    session.editor.undo()
    session.editor.undo()
    rig.settle()
    again = rig.messages[-1]
    assert "approved again" in again.sentence
    assert again.holds()
    assert not gone.holds()
    session.reopen()
    assert not again.holds()


def test_an_offer_to_take_an_empty_approval_back_is_gone_with_the_approval(rig):
    session = rig.new_project(3)
    session.approve()
    rig.settle()
    offer = rig.messages[-1]
    assert "empty mask" in offer.sentence
    assert offer.holds()
    rig.show(session.records[0].id)
    rig.stroke((80, 50))
    assert not offer.holds()


def test_the_news_of_a_rejection_is_gone_when_the_image_is_used_again(rig):
    session = rig.new_project(3)
    first = session.current_id
    session.review.reject("blurred")
    rig.settle()
    news = rig.messages[-1]
    assert "was rejected" in news.sentence
    assert news.holds()
    session.review.use_again(first)
    assert not news.holds()


def test_an_approved_mask_of_the_models_is_approved_again_although_nobody_painted_on_it(rig):
    session = rig.new_project(6)
    approve(rig, 3)
    fourth = session.current_id
    rig.session.approve()
    rig.settle()
    rig.show(fourth)
    seen = rig.mask()
    rig.stroke((80, 50))
    session.editor.undo()
    assert state(rig, fourth) is ImageState.APPROVED
    assert np.array_equal(rig.mask(), seen)
    assert session.document.mask_origin == "approved"


def test_redo_brings_back_an_approval_that_undo_took_away(rig):
    session = rig.new_project(3)
    first = session.current_id
    approve(rig, 1)
    rig.show(first)
    session.editor.undo()
    assert state(rig, first) is ImageState.NEW
    session.editor.redo()
    assert state(rig, first) is ImageState.APPROVED


def test_the_latest_approval_takes_the_place_of_earlier_ones(rig):
    session = rig.new_project(3)
    first = session.current_id
    approve(rig, 1)
    rig.show(first)
    rig.stroke((80, 50))
    session.approve()
    rig.show(first)
    session.editor.undo()
    assert state(rig, first) is ImageState.IN_PROGRESS
    session.editor.redo()
    assert state(rig, first) is ImageState.APPROVED


def test_what_was_painted_by_other_strokes_is_not_approved(rig):
    session = rig.new_project(3)
    first = session.current_id
    approve(rig, 1)
    rig.show(first)
    rig.stroke((80, 50))
    rig.stroke((80, 50), button="right")
    session.editor.undo()
    assert state(rig, first) is ImageState.IN_PROGRESS
    session.editor.undo()
    assert state(rig, first) is ImageState.APPROVED
    session.editor.undo()
    rig.stroke((30, 30), (50, 40))
    session.editor.undo()
    assert state(rig, first) is ImageState.NEW, "the same stroke made once more is another one"


@pytest.mark.parametrize("when", ["on the canvas", "while it is read"])
def test_an_approval_taken_back_by_hand_stays_back(rig, when):
    session = rig.new_project(3)
    first = session.current_id
    approve(rig, 1)
    if when == "on the canvas":
        rig.show(first)
        session.reopen()
    else:
        session.open_image(first)
        session.reopen(first)
        rig.wait(lambda: session.loading_id is None)
    rig.stroke((80, 50))
    session.editor.undo()
    assert state(rig, first) is ImageState.IN_PROGRESS
    session = rig.reopen()
    session.editor.redo()
    session.editor.undo()
    assert state(rig, first) is ImageState.IN_PROGRESS


def test_nothing_is_approved_over_a_prediction_that_came_since(rig):
    session = rig.new_project(6)
    approve(rig, 3)
    fourth = session.current_id
    session.approve()
    rig.settle()
    rig.show(fourth)
    rig.stroke((80, 50))
    session.rounds.start()
    rig.settle()
    session.predictor.request(fourth)
    rig.settle()
    assert session.document.prediction_round == 2
    session.editor.undo()
    assert state(rig, fourth) is ImageState.PREDICTED
    assert rig.mask()[10, 10] == rig.mask()[11, 11] == 1


def test_a_prediction_stored_but_not_yet_shown_gives_way_to_what_was_seen(rig):
    session = rig.new_project(6)
    approve(rig, 3)
    fourth = session.current_id
    session.approve()
    rig.settle()
    rig.show(fourth)
    seen = rig.mask()
    rig.stroke((80, 50))
    session.rounds.start()
    rig.settle()
    rig.workers[-1].holds_predictions = True
    session.predictor.request(fourth)
    rig.wait(lambda: rig.workers[-1].held)
    posted = []
    rig.workers[-1]._post = posted.append
    rig.workers[-1].predict(rig.workers[-1].held[0])
    posted.pop()()
    assert session._store.ask(lambda project: project.images.image(fourth).prediction_round) == 2
    session.editor.undo()
    rig.workers[-1]._post = rig.scheduler.post
    assert state(rig, fourth) is ImageState.APPROVED
    assert session.record(fourth).prediction_round == stored(rig, fourth).prediction_round == 1
    assert np.array_equal(rig.mask(), seen)
    rig.reopen()
    assert np.array_equal(rig.mask(), seen)


def test_undo_approves_no_mask_over_a_file_that_was_replaced(rig):
    session = rig.new_project(3)
    first = session.records[0]
    approve(rig, 1)
    rig.show(first.id)
    rig.stroke((80, 50))
    rig.show(session.records[1].id)
    Image.new("RGB", (96, 64), (9, 99, 9)).save(first.path)
    rig.show(first.id)
    session.editor.undo()
    assert state(rig, first.id) is ImageState.IN_PROGRESS


def test_an_undo_that_is_not_saved_yet_keeps_window_and_project_in_step(rig, monkeypatch):
    from segstudio.domain.errors import UserError
    from segstudio.store.masks import Masks

    session = rig.new_project(3)
    first = session.current_id
    approve(rig, 1)
    rig.show(first)
    rig.stroke((80, 50))
    rig.settle()

    def full(*_args):
        raise UserError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Masks, "save_undo", full)
        session.editor.undo()
        rig.wait(lambda: session.save_status.state == "failed")
        assert stored(rig, first).state is ImageState.IN_PROGRESS, "no approval overtakes the undo that brought it back"
    session.retry_saving()
    assert state(rig, first) is ImageState.APPROVED


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_ever_approved_that_nobody_approved(rig, seed):
    """Whatever is done in whatever order: window and database agree, and approved masks are ones that a person saw."""
    chance = random.Random(seed)
    rig.new_project(7)
    approve(rig, 3)
    image_id = rig.session.records[chance.choice([0, 4])].id
    rig.show(image_id)
    vouched: set[bytes] = {rig.mask().tobytes()} if rig.session.document.approved else set()
    held_out = None
    actions = ["stroke", "undo", "undo", "redo", "approve", "reopen", "renew", "reload", "away and back", "round"]
    for _ in range(40):
        session = rig.session
        match chance.choice(actions):
            case "stroke":
                rig.stroke((chance.randrange(96), chance.randrange(64)), button=chance.choice(["left", "right"]))
            case "undo":
                session.editor.undo()
            case "redo":
                session.editor.redo()
            case "approve":
                if not session.document.approved:
                    vouched = {rig.mask().tobytes()}
                session.approve()
            case "reopen":
                if session.document.approved:
                    vouched = set()
                session.reopen()
            case "renew":
                session.predictor.request(image_id)
            case "reload":
                rig.reopen()
            case "away and back":
                rig.show(session.records[5].id)
            case "round":
                session.rounds.start()
        rig.settle()
        if rig.session.current_id != image_id:
            rig.show(image_id)
        if state(rig, image_id) is ImageState.APPROVED:
            assert rig.mask().tobytes() in vouched
        decided = rig.session.record(image_id).held_out
        assert held_out in (None, decided)
        held_out = decided
