"""An image is left at once, whatever is computed for it still; what a hand has asked for comes into its mask."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from segstudio.app.tools import PointerEvent, bucket, clean_up, cutting, wand
from segstudio.app.tools.clean_up import CleanUpProposal
from segstudio.domain.annotation import ImageState
from segstudio.domain.livewire import LiveWire
from segstudio.domain.wand import Wand
from tests.helpers.masks import answered, click, lock, painted, reloaded

HELD = 20.0


class Gate:
    """Calls of a function wait here, on whatever thread, while it is shut."""

    def __init__(self, call):
        self.open = threading.Event()
        self.open.set()
        self._call = call

    def __call__(self, *args):
        assert self.open.wait(HELD), "somebody waits for what is computed"
        return self._call(*args)


def drag(rig, *points, **more):
    editor = rig.session.editor
    editor.press(PointerEvent(*points[0], **more))
    for point in points[1:]:
        editor.move(PointerEvent(*point, **more))
    editor.release(PointerEvent(*points[-1], **more))


def scribble(rig, gate):
    rig.session.editor.set_tool("grabcut")
    gate.open.clear()
    drag(rig, (30, 30), (60, 35), slack=2.0)


def box_that_is_taken(rig, gate):
    rig.session.editor.set_tool("grabcut")
    gate.open.clear()
    drag(rig, (50, 4), (90, 44))
    rig.session.editor.commit()


def border(rig, gate):
    rig.session.editor.set_tool("smart_edge")
    gate.open.clear()
    for x, y in ((60, 10), (90, 10), (90, 40)):
        click(rig, x, y)


def taken_clean_up(rig, gate):
    rig.session.editor.change_settings(operation="grow", reach=3.0)
    gate.open.clear()
    rig.session.editor.propose(CleanUpProposal())
    rig.session.editor.commit()


def region(rig, gate):
    rig.session.editor.set_tool("wand")
    gate.open.clear()
    click(rig, 10, 50)


def bucketful(rig, gate):
    rig.session.editor.set_tool("bucket")
    gate.open.clear()
    click(rig, 90, 60)


GATES = {
    scribble: (cutting, "refine_scribbles"),
    box_that_is_taken: (cutting, "refine_box"),
    border: (LiveWire, "at"),
    taken_clean_up: (clean_up, "clean_up"),
    region: (Wand, "region"),
    bucketful: (bucket, "region_at"),
}


@pytest.fixture(params=GATES, ids=lambda begin: begin.__name__)
def begun(request, rig, monkeypatch):
    """A rig in which something was begun that is computed for as long as the gate is shut."""
    begin = request.param
    monkeypatch.setattr(wand, "AT_ONCE_PIXELS", 0)
    monkeypatch.setattr(bucket, "AT_ONCE", 0)
    rig.new_project(count=3, classes=("one", "two"))
    where, name = GATES[begin]
    gate = Gate(getattr(where, name))
    monkeypatch.setattr(where, name, lambda *args: gate(*args))
    if begin is bucketful:
        given = gate._call
        monkeypatch.setattr(bucket, "region_at", lambda *args: None if len(args) > 3 else gate(*args))
        gate._call = given
    rig.stroke((30, 30), (50, 30))
    rig.before = painted(rig)
    begin(rig, gate)
    rig.gate = gate
    yield rig
    gate.open.set()


def expected(rig):
    """What comes of it where somebody waits."""
    rig.gate.open.set()
    rig.session.editor.finish()
    return painted(rig)


def test_it_is_left_at_once_and_nothing_is_lost(begun):
    session = begun.session
    first, second = session.records[0].id, session.records[1].id
    session.step(1)
    begun.wait(lambda: session.document.image_id == second and session.loading_id is None)
    assert not painted(begun).any() or (painted(begun) == 65535).all()
    begun.gate.open.set()
    begun.wait(lambda: session.record(first).touched and session.save_status.state == "saved")
    assert (painted(begun) == 65535).all(), "the other image has none of it"
    begun.show(first)
    there = painted(begun)
    assert not np.array_equal(there, begun.before)
    session.editor.undo()
    assert np.array_equal(painted(begun), begun.before), "it is one step"
    session.editor.redo()
    assert np.array_equal(painted(begun), there)
    assert np.array_equal(reloaded(begun), there)


def test_it_is_what_it_would_have_been_with_somebody_waiting(begun):
    session = begun.session
    first = session.records[0].id
    session.editor.leave_image()
    there = expected(begun)
    assert session.document.image_id == first
    assert not np.array_equal(there, begun.before)
    session.editor.undo()
    assert np.array_equal(painted(begun), begun.before)


def test_nothing_is_approved_before_it_was_seen(begun):
    session = begun.session
    first = session.document
    threading.Timer(2.0, begun.gate.open.set).start()
    session.approve()
    assert session.document is first
    assert session.loading_id is None
    assert session.records[0].state is not ImageState.APPROVED
    begun.wait(lambda: any("then approve" in message.sentence.lower() for message in begun.messages))
    assert np.array_equal(painted(begun), begun.before)
    begun.gate.open.set()
    answered(begun)
    session.editor.commit()
    answered(begun)
    session.approve()
    assert session.records[0].state is ImageState.APPROVED
    begun.settle()
    begun.show(session.records[0].id)
    assert not np.array_equal(painted(begun), begun.before)


def test_undo_and_redo_are_named_after_what_they_do_while_it_is_computed(begun):
    session, editor = begun.session, begun.session.editor
    editor.leave_image()
    assert editor.undo_name == "what is still computed"
    assert editor.redo_name == ""
    begun.gate.open.set()
    editor.undo()
    assert np.array_equal(painted(begun), begun.before)
    assert editor.undo_name == "Paint"
    assert editor.redo_name == session.document.history.redo_name != ""


def test_closing_loses_nothing(begun):
    session = begun.session
    session.step(1)
    threading.Timer(0.2, begun.gate.open.set).start()
    first = session.records[0].id
    begun.reopen()
    begun.show(first)
    assert not np.array_equal(painted(begun), begun.before)


def test_who_comes_back_sees_it(begun):
    session = begun.session
    first, second = session.records[0].id, session.records[1].id
    session.step(1)
    begun.wait(lambda: session.document.image_id == second)
    session.step(-1)
    assert session.loading_id == first
    begun.gate.open.set()
    begun.wait(lambda: session.loading_id is None)
    assert session.document.image_id == first
    assert not np.array_equal(painted(begun), begun.before)


def test_a_stroke_that_comes_before_the_next_image_is_over_it(begun):
    session, editor = begun.session, begun.session.editor
    session.open_image(session.records[1].id)
    assert session.document.image_id == session.records[0].id
    begun.gate.open.set()
    editor.set_tool("brush")
    editor.set_active_segment(2)
    begun.stroke((30, 30), (60, 35))
    assert painted(begun)[30, 30] == 2
    assert len(editor.document.history.done) == 3
    begun.wait(lambda: session.loading_id is None)
    begun.show(session.records[0].id)
    assert painted(begun)[30, 30] == 2


def test_what_is_locked_by_then_was_free_when_it_was_asked_for(begun):
    session = begun.session
    first = session.records[0].id
    session.step(1)
    begun.wait(lambda: session.loading_id is None)
    lock(begun, 1)
    session.editor.set_active_segment(2)
    begun.gate.open.set()
    begun.wait(lambda: session.record(first).touched and not session.editor.owing._owed)
    begun.show(first)
    assert not np.array_equal(painted(begun), begun.before)
    assert not (painted(begun) == 2).any()


def test_the_approval_of_an_image_that_it_changes_is_gone(rig, monkeypatch):
    session = rig.new_project(count=2)
    rig.stroke((30, 30), (50, 30))
    first = session.records[0].id
    session.approve()
    rig.settle()
    rig.show(first)
    gate = Gate(cutting.refine_scribbles)
    monkeypatch.setattr(cutting, "refine_scribbles", gate)
    scribble(rig, gate)
    session.step(1)
    rig.wait(lambda: session.loading_id is None)
    gate.open.set()
    rig.wait(lambda: session.record(first).state is ImageState.IN_PROGRESS)
    rig.wait(lambda: any("is no longer approved" in message.sentence for message in rig.messages))
    rig.reopen()
    assert rig.session.record(first).state is ImageState.IN_PROGRESS


def test_an_export_has_it(begun, tmp_path):
    session = begun.session
    session.step(1)
    begun.wait(lambda: session.loading_id is None)
    threading.Timer(0.2, begun.gate.open.set).start()
    session.exporter.export_masks(tmp_path / "out", only_approved=False)
    assert session.record(session.records[0].id).touched
    begun.wait(lambda: not session.exporter.busy)
    assert (tmp_path / "out" / "image_00.png").exists()


def test_what_cannot_be_computed_is_said(rig, monkeypatch):
    session = rig.new_project(count=2)
    rig.stroke((30, 30), (50, 30))

    def fail(*_args):
        raise RuntimeError("out of memory")

    gate = Gate(fail)
    monkeypatch.setattr(cutting, "refine_scribbles", gate)
    scribble(rig, gate)
    session.step(1)
    rig.wait(lambda: session.loading_id is None)
    gate.open.set()
    rig.wait(lambda: any("could not be put into the mask" in message.sentence for message in rig.messages))
    click(rig, 10, 10)
    answered(rig)


def test_a_scribble_that_is_kept_is_not_said_to_be_dropped(rig):
    session = rig.new_project(count=2)
    rig.stroke((30, 30), (50, 30))
    session.editor.set_tool("grabcut")
    drag(rig, (30, 30), (60, 35), slack=2.0)
    answered(rig)
    session.step(1)
    rig.settle()
    assert not any("was dropped" in message.sentence for message in rig.messages)
