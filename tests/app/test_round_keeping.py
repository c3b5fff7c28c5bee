"""Going back to rounds, comparing, noting, deleting: on a real project with a fake worker."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from segstudio.app.predictor import MaskFiles
from segstudio.app.round_keeping import size_words
from segstudio.app.tools import PointerEvent
from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.metrics import mean_dice
from segstudio.domain.rounds import RoundStatus
from segstudio.imaging.mask_png import encode_mask
from segstudio.protocol.messages import Failed, Predict
from segstudio.protocol.round_folder import read_request
from segstudio.store.rounds import Rounds
from tests.helpers.studios import StudioRig, approve


def weights(rig: StudioRig, number: int):
    return rig.session.folder / "rounds" / f"{number:04d}" / "weights.safetensors"


def learn(rig: StudioRig, rounds: int) -> None:
    """So many rounds, one after the other."""
    for _ in range(rounds):
        rig.session.rounds.start()
        rig.settle()
    rig.session.book.look()
    rig.settle()


@pytest.fixture
def taught(rig: StudioRig) -> StudioRig:
    """Six images, two approved and taught in two rounds; the third is on the canvas."""
    rig.new_project(6)
    approve(rig, 2)
    learn(rig, 2)
    return rig


def square(rig: StudioRig, image_id: int) -> int:
    """Side of the square that the model drew on an image: 10 px and one a round."""
    prediction = rig.studio._store.ask(lambda project: project.masks.prediction(image_id))
    assert prediction is not None
    return 10 + prediction.round_number


def test_going_back_renews_what_nobody_worked_on_and_nothing_else(taught: StudioRig) -> None:
    rig, session = taught, taught.session
    approved = [record.id for record in session.records if record.state is ImageState.APPROVED]
    held = {id_: rig.studio._store.ask(lambda p, i=id_: p.masks.prediction(i)) for id_ in approved}
    rig.stroke((30, 30), (50, 40))
    worked_on = session.current_id
    rig.settle()
    before = rig.mask()
    session.keeping.use(1)
    rig.settle()
    assert session.book.in_use == 1
    assert "Round 1 is in use" in rig.messages[-1].sentence
    assert np.array_equal(rig.mask(), before), "hand work keeps its mask until it is asked for"
    for record in session.records:
        if record.id in approved:
            assert rig.studio._store.ask(lambda p, i=record.id: p.masks.prediction(i)) == held[record.id]
        elif record.id != worked_on:
            assert square(rig, record.id) == 11
    assert rig.messages[-1].action == "Renew this mask"
    rig.messages[-1].on_action()
    rig.settle()
    assert session.document.prediction_round == 1
    assert rig.mask()[30, 40] == 1, "the stroke is still there"


@pytest.mark.parametrize("predicted", [True, False], ids=["another", "none"])
def test_no_mask_comes_below_a_stroke_that_began_while_it_was_being_stored(rig: StudioRig, predicted: bool) -> None:
    session = rig.new_project(6)
    if predicted:
        approve(rig, 2)
        learn(rig, 1)
    image_id = session.current_id
    assert image_id is not None
    said = rig.studio._store.ask(lambda project: project.masks.prediction(image_id))
    assert (said is not None) == predicted
    file = rig.folder / "came.png"
    file.write_bytes(encode_mask(np.ones((64, 96), np.uint16)))
    busy = threading.Event()
    rig.studio._store.run(lambda _project: busy.wait(10))
    session._learning.intake.take(image_id, 7, MaskFiles(file), asked=False)
    session.editor.press(PointerEvent(30, 30))
    before = rig.mask()
    busy.set()
    rig.settle()
    assert np.array_equal(rig.mask(), before)
    session.editor.release(PointerEvent(50, 40))
    rig.settle()
    drawn = rig.mask()
    assert rig.studio._store.ask(lambda project: project.masks.prediction(image_id)) == said
    rig.reopen()
    rig.show(image_id)
    assert np.array_equal(rig.mask(), drawn)


@pytest.mark.parametrize("status", [RoundStatus.FINISHED, RoundStatus.FAILED])
def test_how_a_round_ended_is_saved_as_soon_as_there_is_room(
    rig: StudioRig, monkeypatch: pytest.MonkeyPatch, status: RoundStatus
) -> None:
    rig.hold_rounds = True
    session = rig.new_project(4)
    approve(rig, 2)
    session.rounds.start()
    rig.wait(lambda: session.rounds.status.phase == "training")

    def full(*_args: object, **_more: object) -> None:
        raise UserError("The disk is full.")

    monkeypatch.setattr(Rounds, "end_round", full)
    if status is RoundStatus.FINISHED:
        rig.workers[-1].finish_round()
    else:
        rig.workers[-1].say(Failed(rig.workers[-1].running.job, "No memory.", "traceback"))
    rig.wait(lambda: session.save_status.state == "failed")
    monkeypatch.undo()
    session.retry_saving()
    rig.wait(lambda: session.save_status.state == "saved")
    rig.settle()
    (record,) = rig.studio._store.ask(lambda project: project.rounds.list_rounds())
    assert record.status is status
    rig.hold_rounds = False
    assert [one.status for one in rig.reopen().rounds.records] == [status]


def test_the_round_gone_back_to_lasts_and_the_next_goes_on_from_it(taught: StudioRig) -> None:
    rig = taught
    rig.session.keeping.use(1)
    rig.settle()
    assert rig.session.rounds.status.round == 1
    session = rig.reopen()
    assert session.book.in_use == 1
    assert session.predictor.round == 1
    session.rounds.start()
    rig.settle()
    request = read_request(session.folder / "rounds" / "0003")
    assert request.parent_weights == str(weights(rig, 1))
    assert session.book.in_use == 3, "what learned since is in use"
    assert not any(record.chosen for record in session.rounds.records)
    assert rig.reopen().book.in_use == 3


def test_a_round_that_ends_while_the_window_closes_is_in_use_when_it_opens_again(rig: StudioRig) -> None:
    rig.dice = lambda number, image_id: 0.9
    rig.hold_rounds = True
    session = rig.new_project(6)
    approve(rig, 3)
    rig.wait(lambda: rig.workers and rig.workers[-1].running is not None)
    rig.workers[-1].finish_round()  # and nobody hears of it
    rig.hold_rounds = False
    session = rig.reopen()
    (record,) = session.rounds.records
    assert (record.number, record.status) == (1, RoundStatus.FINISHED)
    assert session.book.in_use == session.predictor.round == 1
    assert session.rounds.missing == 7, "what it learned is not learned again"


def test_no_round_is_changed_under_one_that_is_being_learned(taught: StudioRig) -> None:
    rig, session = taught, taught.session
    rig.hold_rounds = rig.workers[-1].holds_rounds = True
    session.rounds.start()
    rig.wait(lambda: session.rounds.status.phase == "training")
    session.keeping.use(1)
    rig.wait(lambda: rig.messages and "being learned" in rig.messages[-1].sentence)
    assert session.book.in_use == 2
    assert not session.book.can_delete(3)
    session.keeping.delete([3])
    rig.wait(lambda: "in use" in rig.messages[-1].sentence)
    rig.workers[-1].finish_round()
    rig.hold_rounds = False
    rig.settle()
    assert session.rounds.records[-1].status is RoundStatus.FINISHED


@pytest.mark.parametrize("harm", ["damaged", "gone"])
def test_a_round_without_its_weights_is_refused_with_a_sentence(taught: StudioRig, harm: str) -> None:
    rig, session = taught, taught.session
    if harm == "gone":
        weights(rig, 1).unlink()
    else:
        weights(rig, 1).write_bytes(weights(rig, 1).read_bytes()[:-3])
    assert session.book.can_use(1), "nobody has looked yet"
    session.keeping.use(1)
    rig.settle()
    assert harm in rig.messages[-1].sentence
    assert rig.messages[-1].kind == "trouble"
    assert session.book.in_use == session.predictor.round == 2
    assert not session.book.can_use(1)


def test_weights_that_went_bad_while_the_project_was_closed_are_told_of(taught: StudioRig) -> None:
    rig = taught
    weights(rig, 2).write_bytes(b"")
    session = rig.reopen()
    assert session.book.in_use == session.predictor.round == 1
    assert "round 2 is gone or damaged. Round 1 is in use" in rig.messages[-1].sentence
    weights(rig, 1).unlink()
    session = rig.reopen()
    assert session.book.in_use is None
    assert "Learning starts anew" in rig.messages[-1].sentence
    session.rounds.start()
    rig.settle()
    assert read_request(session.folder / "rounds" / "0003").parent_weights is None


def test_deleting_changes_no_mask_and_says_what_it_freed(taught: StudioRig) -> None:
    rig, session = taught, taught.session
    first = session.records[0].id
    rig.show(first)
    before = rig.mask()
    freed = session.book.files(1).nbytes
    assert freed > weights(rig, 1).stat().st_size
    session.keeping.delete([1])
    rig.settle()
    assert rig.messages[-1].sentence.startswith(f"Round 1 was deleted, {size_words(freed)} are free")
    assert not weights(rig, 1).exists()
    assert session.book.files(1).nbytes == 0
    assert not session.book.can_use(1)
    assert not session.book.can_delete(1)
    assert np.array_equal(rig.mask(), before)
    session = rig.reopen()
    rig.show(first)
    assert np.array_equal(rig.mask(), before)
    assert [record.number for record in session.rounds.records] == [1, 2], "its row stays"


def test_what_is_in_use_is_not_deleted(taught: StudioRig) -> None:
    rig, session = taught, taught.session
    assert not session.book.can_delete(2)
    session.keeping.delete([1, 2])
    rig.settle()
    assert "Round 2 is in use" in rig.messages[-1].sentence
    assert weights(rig, 2).exists()
    assert not weights(rig, 1).exists()
    assert not session.book.can_use(1), "what was deleted before the trouble is known"


def test_what_can_be_spared_leaves_the_best_the_newest_and_the_one_in_use(rig: StudioRig) -> None:
    rig.dice = lambda number, image_id: {1: 0.7, 2: 0.9, 3: 0.8, 4: 0.6, 5: 0.75}.get(number, 0.5)
    rig.new_project(14)
    rig.session.rounds.automatic = False
    approve(rig, 11)
    learn(rig, 5)
    session = rig.session
    assert session.book.record(2).held_out_dice == pytest.approx(0.9)
    session.keeping.use(4)
    rig.settle()
    assert session.book.spare() == [1, 3]
    session.keeping.delete(session.book.spare())
    rig.settle()
    assert "2 rounds were deleted" in rig.messages[-1].sentence
    assert session.book.spare() == []
    assert [weights(rig, number).exists() for number in range(1, 6)] == [False, True, False, True, True]


def test_rounds_are_judged_only_by_images_on_which_both_have_a_score(rig: StudioRig) -> None:
    """The images that were held out last are hard; the mean falls, and yet each round is better than the last."""
    session = rig.new_project(30)
    session.rounds.automatic = False
    rig.dice = lambda number, image_id: 0.8 + 0.01 * number if image_id <= 10 else 0.1
    approve(rig, 10)
    rig.workers.clear()
    learn(rig, 1)
    approve(rig, 17)
    learn(rig, 1)
    book = session.book
    first, second = (book.record(number).held_out_dice for number in (1, 2))
    assert len(book.scores(1)) >= 2
    assert first > second
    assert book.best == {2: [1]}
    assert book.spare() == [1]
    assert not any("finds less" in message.sentence for message in rig.messages)


def test_a_round_whose_scores_cannot_be_read_is_not_said_to_be_spare(rig: StudioRig) -> None:
    rig.dice = lambda number, image_id: 0.5 + 0.1 * number
    rig.new_project(14)
    rig.session.rounds.automatic = False
    approve(rig, 11)
    learn(rig, 3)
    assert rig.session.book.spare() == [1, 2]
    (rig.session.folder / "rounds" / "0001" / "result.json").write_text("{")
    session = rig.reopen()
    session.book.look()
    rig.settle()
    assert session.book.spare() == [2]


def test_scores_and_notes_come_back_after_a_restart(rig: StudioRig) -> None:
    rig.dice = lambda number, image_id: min(1.0, 0.6 + 0.1 * number + 0.01 * image_id)
    rig.new_project(14)
    rig.session.rounds.automatic = False
    approve(rig, 11)
    learn(rig, 2)
    rig.session.keeping.set_note(2, "With the hairs")
    held_out = {record.id for record in rig.session.records if record.held_out}
    assert len(held_out) >= 2
    for session in (rig.session, rig.reopen()):
        assert session.book.scores(1).keys() == held_out
        interval = session.book.interval(2)
        assert interval.mean == pytest.approx(session.book.record(2).held_out_dice)
        assert interval.low < interval.mean < interval.high
        comparison = session.book.compare(1, 2)
        assert comparison.better == len(held_out)
        assert comparison.change.mean == pytest.approx(0.1)
        assert session.book.record(2).note == "With the hairs"


def test_how_wrong_the_model_was_is_kept_at_approval(taught: StudioRig) -> None:
    rig, session = taught, taught.session
    assert session.book.approval_scores == [], "there was no model yet"
    third = session.current_id
    shown = rig.mask()
    rig.stroke((40, 30), (60, 45))
    corrected = rig.mask()
    session.approve()
    rig.settle()
    session.approve()
    rig.settle()
    first, second = session.book.approval_scores
    assert first.image_id == third
    assert first.dice == pytest.approx(mean_dice(shown, corrected))
    assert 0 < first.dice < 1
    assert second.dice == 1.0, "nothing was corrected"
    assert rig.reopen().book.approval_scores == [first, second]


def test_a_slip_that_was_approved_does_not_stay_in_the_score(taught: StudioRig) -> None:
    rig, session = taught, taught.session
    rig.session.rounds.automatic = False
    third = session.current_id
    rig.stroke((40, 30), (60, 45))
    session.approve()
    rig.settle()
    rig.show(third)
    session.editor.undo()
    rig.settle()
    session.approve()
    rig.settle()
    assert [(score.image_id, score.dice) for score in session.book.approval_scores] == [(third, 1.0)]


def test_masks_are_renewed_where_the_user_looks_first(rig: StudioRig) -> None:
    session = rig.new_project(9)
    approve(rig, 2)
    ids = [record.id for record in session.records]
    rig.show(ids[5])
    rig.stroke((30, 30), (50, 40))
    rig.show(ids[4])
    rig.settle()
    session.rounds.start()
    rig.settle()
    worker = rig.workers[-1]
    asked = [message.image_id for message in worker.sent if isinstance(message, Predict)]
    # The visible one, then outwards; neither the approved ones nor the one with hand work.
    assert asked == [ids[4], ids[3], ids[6], ids[2], ids[7], ids[8]]


def test_sizes_are_told_as_people_read_them() -> None:
    assert size_words(1) == "1 kB"
    assert size_words(240_000) == "0.2 MB"
    assert size_words(13_640_000) == "13.6 MB"
    assert size_words(250_400_000) == "250 MB"


def test_a_round_that_finds_clearly_less_says_so_and_how_to_go_back(rig: StudioRig) -> None:
    rig.dice = lambda number, image_id: {1: 0.9, 2: 0.89, 3: 0.5}[number]
    rig.new_project(14)
    rig.session.rounds.automatic = False
    approve(rig, 11)
    learn(rig, 2)
    assert not any("finds less" in message.sentence for message in rig.messages)
    learn(rig, 1)
    said = [message.sentence for message in rig.messages if "finds less" in message.sentence]
    assert said == [
        "Round 3 finds less than round 2 did: held-out Dice 0.50 instead of 0.89. You can go back to it under Model, "
        "Rounds."
    ]


def test_rounds_scored_by_other_classes_are_not_held_to_each_other(rig: StudioRig) -> None:
    rig.dice = lambda number, image_id: 0.9 if number < 3 else 0.5
    session = rig.new_project(12, classes=("lesion", "hair"))
    session.rounds.automatic = False
    approve(rig, 11)
    learn(rig, 2)
    session.judging.set_judged(2, False)
    learn(rig, 2)
    book = session.book
    rig.wait(lambda: all(book.scores(number) for number in range(1, 5)))
    assert not any("finds less" in message.sentence for message in rig.messages)
    assert [book.comparable(number) for number in (1, 2, 3, 4)] == [[2], [1], [4], [3]]
    assert dict(book.best) == {2: [1], 4: [3]}
    assert 2 not in book.spare()
