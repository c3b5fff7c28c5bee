"""Smart clicks, the worker a fake that adds or takes a square."""

import numpy as np
import pytest

from segstudio.app.tools import PointerEvent
from segstudio.app.tools.click import ADDS, TAKES
from segstudio.domain.annotation import ImageState
from segstudio.domain.plane import UNSET
from segstudio.imaging.exposure import exposure_gain
from segstudio.imaging.mask_png import from_text
from segstudio.protocol.messages import Cancel, Failed, Mend
from tests.helpers.masks import answered, click, lock, no_step, one_step, painted, put, reloaded, settled


@pytest.fixture
def taught(rig, tmp_path):
    """Some weights, and the tool in hand on an image without a mask."""
    rig.new_project(count=2, classes=("one", "two"))
    rig.session.predictor._weights = tmp_path / "0001" / "weights"
    rig.session._link.send(Cancel(0))
    rig.wait(lambda: rig.session._link.ready)
    rig.session.editor.set_tool("click")
    return rig


def questions(rig) -> list[Mend]:
    return [message for message in rig.workers[0].sent if isinstance(message, Mend)]


def square(column, row):
    """Where the mask becomes the segment when the fake adds a square at a click, give or take a pixel."""
    ys, xs = np.mgrid[:64, :96]
    return (abs(xs + 0.5 - column) < 3.0) & (abs(ys + 0.5 - row) < 3.0)


def test_a_worker_reads_the_weights_when_the_tool_is_taken_in_hand(rig, tmp_path):
    rig.new_project(count=2)
    rig.session.predictor._weights = tmp_path / "0001" / "weights"
    rig.session.editor.set_tool("brush")
    assert not rig.workers
    before = rig.mask()
    rig.session.editor.set_tool("click")
    assert [worker.alive for worker in rig.workers] == [True], "it is started before anybody clicks"
    rig.wait(lambda: questions(rig))
    assert questions(rig)[0].weights == str(tmp_path / "0001" / "weights")
    rig.session.editor.set_tool("brush")
    rig.session.editor.set_tool("click")
    rig.show(rig.session.records[1].id)
    rig.show(rig.session.records[0].id)
    assert len(questions(rig)) == 1
    assert not rig.session.editor.busy
    assert (rig.mask() == before).all()


def test_a_click_adds_and_the_right_button_takes_away(taught):
    with one_step(taught, ADDS):
        click(taught, 40.5, 30.5)
        assert taught.session.editor.busy
        assert len(taught.session.editor.preview.lines) == 2, "a plus while the answer is under way"
        settled(taught)
    assert not taught.session.editor.preview.lines
    added = taught.mask()
    assert (added[square(40.5, 30.5)] == 1).all()
    assert (added > 0).sum() < 100
    with one_step(taught, TAKES):
        click(taught, 41.5, 30.5, button="right")
        assert len(taught.session.editor.preview.lines) == 1, "a minus"
        settled(taught)
    assert taught.mask()[30, 41] == 0
    assert (reloaded(taught) != UNSET).sum() == (added > 0).sum()


def test_fast_clicks_are_answered_one_after_the_other_each_a_step(taught):
    steps = taught.session.editor.document.history.done
    for x in (20.5, 40.5, 60.5):
        click(taught, x, 30.5)
    assert len(taught.session.editor.preview.lines) == 6
    assert len(questions(taught)) == 1, "the next is asked when the mask has what the first one found"
    settled(taught)
    assert [edit.name for edit in steps] == [ADDS] * 3
    assert [taught.mask()[30, x] for x in (20, 40, 60)] == [1, 1, 1]
    told = from_text(questions(taught)[-1].clicks, 3)
    assert told[..., 0].any()
    assert told[..., 2].any(), "it is shown the mask"
    assert not told[..., 1].any()
    assert questions(taught)[-1].gain == exposure_gain(taught.session.editor.document.pixels)


def test_the_model_is_told_of_earlier_clicks_that_still_hold(taught):
    click(taught, 40.5, 30.5)
    settled(taught)
    click(taught, 70.5, 30.5)
    settled(taught)
    one, two = (from_text(asked.clicks, 3)[..., 0] > 0 for asked in questions(taught))
    assert two.sum() > 1.5 * one.sum()
    taught.session.editor.undo()
    taught.session.editor.undo()
    click(taught, 50.5, 50.5)
    settled(taught)
    assert (from_text(questions(taught)[-1].clicks, 3)[..., 0] > 0).sum() <= one.sum()
    taught.show(taught.session.records[1].id)
    assert not taught.session.editor.tool._clicks


def test_an_answer_that_comes_while_the_button_is_down_is_a_step_of_its_own(taught):
    editor, (worker,) = taught.session.editor, taught.workers
    click(taught, 20.5, 30.5)
    editor.press(PointerEvent(60.5, 30.5))
    answered(taught)
    assert editor.in_gesture
    assert not taught.mask().any()
    editor.release(PointerEvent(60.5, 30.5))
    assert taught.mask()[30, 20] == 1
    settled(taught)
    assert [edit.name for edit in editor.document.history.done] == [ADDS, ADDS]
    assert len([m for m in worker.sent if isinstance(m, Mend)]) == 2


def test_esc_drops_what_is_not_answered_and_backspace_the_last(taught):
    editor = taught.session.editor
    click(taught, 10.5, 10.5)
    editor.abandon()
    taught.workers[0].holds_clicks = True
    with no_step(taught):
        click(taught, 20.5, 30.5)
        editor.abandon()
        assert isinstance(taught.workers[0].sent[-1], Cancel)
        answered(taught)
    click(taught, 20.5, 30.5)
    click(taught, 60.5, 30.5)
    editor.step_back()
    assert len(editor.preview.lines) == 2
    stale, current = taught.workers[0].held_clicks
    taught.workers[0].mend(stale)
    taught.workers[0].mend(current)
    settled(taught)
    assert taught.mask()[30, 20] == 1
    assert taught.mask()[30, 60] == 0
    assert len(editor.document.history.done) == 1
    click(taught, 60.5, 30.5)
    editor.undo()
    assert not editor.busy, "undo takes back first what is not in the mask yet"
    assert taught.mask()[30, 20] == 1


def test_esc_with_the_button_down_drops_the_click(taught):
    with no_step(taught):
        taught.session.editor.press(PointerEvent(20.5, 30.5))
        taught.session.editor.abandon()
        taught.session.editor.release(PointerEvent(20.5, 30.5))
        answered(taught)


def test_locked_segments_and_others_than_asked_for_are_spared(taught):
    ids = np.zeros((64, 96), np.uint16)
    ids[:, 40:] = 2
    put(taught, ids)
    lock(taught, 2)
    click(taught, 39.5, 30.5)
    settled(taught)
    assert taught.mask()[30, 39] == 1
    assert (taught.mask()[:, 40:] == 2).all()
    lock(taught)
    taught.session.editor.change_settings(paint_over=0)
    click(taught, 41.5, 50.5)
    settled(taught)
    taught.session.editor.change_settings(paint_over=None)
    assert (taught.mask()[:, 40:] == 2).all()


def test_a_right_click_takes_from_the_segment_that_is_there(taught):
    ids = np.zeros((64, 96), np.uint16)
    ids[20:40, 20:40] = 2
    put(taught, ids)
    click(taught, 30.5, 30.5, ctrl=True)
    settled(taught)
    assert questions(taught)[0].class_number == 2
    assert taught.mask()[30, 30] == 0
    taught.session.editor.active_segment = 0
    click(taught, 22.5, 22.5)
    settled(taught)
    assert taught.mask()[22, 22] == 0, "with background in hand a click takes away"
    with no_step(taught):
        click(taught, 80.5, 30.5)
        answered(taught)


def test_what_the_mask_says_already_is_not_asked(taught):
    put(taught, np.ones((64, 96)))
    with no_step(taught):
        click(taught, 30.5, 30.5)
        click(taught, -3.0, 30.5)
        answered(taught)
    assert not questions(taught)


def test_before_the_first_round_a_sentence_says_so(rig):
    rig.new_project()
    editor = rig.session.editor
    editor.set_tool("click")
    assert "first round" in editor.tool_hint
    with no_step(rig):
        click(rig, 30.5, 30.5)
    rig.session.predictor._weights = rig.folder / "0001" / "weights"
    editor.refresh()
    assert "missing" in editor.tool_hint


def test_a_worker_that_cannot_answer_leaves_the_mask_and_says_so(taught):
    click(taught, 10.5, 10.5)
    settled(taught)
    worker = taught.workers[0]
    worker.holds_clicks = True
    with no_step(taught):
        click(taught, 40.5, 30.5)
        click(taught, 50.5, 30.5)
        worker.crash("killed")
        answered(taught)
    taught.wait(lambda: any("Click again" in message.sentence for message in taught.messages))
    click(taught, 40.5, 30.5)
    settled(taught)
    assert taught.mask()[30, 40] == 1, "another worker answers the next one"


def test_a_failed_answer_is_said(taught):
    click(taught, 10.5, 10.5)
    settled(taught)
    worker = taught.workers[0]
    worker.holds_clicks = True
    with no_step(taught):
        click(taught, 40.5, 30.5)
        worker.say(Failed(worker.held_clicks[0].job, "Not learned.", "Traceback"))
        answered(taught)
    taught.wait(lambda: any("Not learned." in message.sentence for message in taught.messages))


def test_an_image_is_not_approved_while_a_click_is_unanswered(taught):
    session = taught.session
    click(taught, 10.5, 10.5)
    settled(taught)
    taught.workers[0].holds_clicks = True
    click(taught, 40.5, 30.5)
    session.approve()
    assert session.records[0].state is not ImageState.APPROVED
    taught.wait(lambda: any("about to answer" in message.sentence for message in taught.messages))
    taught.workers[0].mend(taught.workers[0].held_clicks[0])
    settled(taught)
    session.approve()
    assert session.records[0].state is ImageState.APPROVED


def test_another_image_or_tool_drops_the_click(taught):
    for leave in (
        lambda: taught.session.editor.set_tool("brush"),
        lambda: taught.show(taught.session.records[1].id),
    ):
        taught.session.editor.set_tool("click")
        click(taught, 40.5, 30.5)
        leave()
        assert not taught.session.editor.busy
        answered(taught)
        assert (painted(taught) == UNSET).all()
