"""Cleaning up as a proposal: what is shown is what the whole mask asks for, and nothing changes before Enter."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.app.tools import PointerEvent, clean_up
from segstudio.app.tools.clean_up import TITLES, CleanUpProposal
from segstudio.domain import clean_up as domain
from segstudio.domain.plane import UNSET
from tests.helpers.masks import (
    answered,
    blobs,
    click,
    lock,
    no_step,
    one_step,
    painted,
    put,
    reloaded,
    with_rig,
)

operations = st.sampled_from(sorted(TITLES))


@pytest.fixture
def tidied(rig):
    rig.new_project(count=2, classes=("one", "two"))
    return rig


def expected_of(ids, settings, segments, locked=()):
    """What the operation makes of the whole mask."""
    amount = settings.speck_area if settings.operation == "remove_specks" else settings.reach
    patch = domain.clean_up(ids, settings.operation, amount, segments, locked)
    after = ids.copy()
    after[patch.rect.slices][patch.where] = patch.values[patch.where]
    return after


@with_rig
@given(
    seed=st.integers(0, 2**32 - 1),
    operation=operations,
    reach=st.floats(0.5, 6),
    area=st.integers(1, 300),
    every=st.booleans(),
    segment=st.sampled_from([1, 2]),
    locked=st.sampled_from([(), (1,), (2,)]),
    cell=st.sampled_from([3, 8, 24]),
)
def test_it_changes_what_the_operation_would_in_the_whole_mask(
    tidied, seed, operation, reach, area, every, segment, locked, cell
):
    editor = tidied.session.editor
    rng = np.random.default_rng(seed)
    ids = blobs(seed, cell=cell)
    ids[:, : rng.integers(0, 60)] = 0
    put(tidied, ids)
    lock(tidied, *locked)
    editor.set_active_segment(segment)
    editor.change_settings(operation=operation, reach=reach, speck_area=area, every_segment=every)
    expected = expected_of(ids, editor.settings, [1, 2] if every else [segment], locked)
    steps = len(editor.document.history.done)
    editor.propose(CleanUpProposal())
    answered(tidied)
    assert np.array_equal(painted(tidied), ids)
    patch = editor.preview.patch
    assert np.array_equal(patch.where, (expected != ids)[patch.rect.slices])
    nothing = np.array_equal(expected, ids)
    assert ("px change" in editor.tool_hint) != nothing
    editor.commit()
    assert np.array_equal(painted(tidied), expected)
    assert [edit.name for edit in editor.document.history.done[steps:]] == ([] if nothing else [TITLES[operation]])
    assert not editor.proposing
    assert not editor.busy


def with_holes():
    ids = np.zeros((64, 96), np.uint16)
    ids[10:50, 10:60] = 1
    ids[20:24, 20:24] = 0
    ids[30:32, 40:42] = 0
    ids[5:7, 70:72] = 1
    return ids


def test_the_preview_follows_the_settings(tidied):
    editor = tidied.session.editor
    put(tidied, with_holes())
    editor.change_settings(operation="remove_specks", speck_area=2)
    with one_step(tidied, "Fill holes"):
        editor.propose(CleanUpProposal())
        answered(tidied)
        assert editor.tool_hint.startswith("Nothing to remove: no speck of the segment in hand below 2 px")
        assert editor.tool.options_for(editor.settings) == ("operation", "speck_area", "every_segment", "paint_over")
        editor.change_settings(speck_area=50)
        answered(tidied)
        assert "4 px change" in editor.tool_hint
        editor.change_settings(operation="fill_holes")
        answered(tidied)
        assert "20 px change" in editor.tool_hint
        assert "speck_area" not in editor.tool.options_for(editor.settings)
        editor.set_active_segment(2)
        answered(tidied)
        assert editor.tool_hint.startswith("Nothing to fill")
        editor.change_settings(every_segment=True)
        answered(tidied)
        editor.commit()
    assert np.count_nonzero(painted(tidied)) == 40 * 50 + 4
    assert np.array_equal(reloaded(tidied), painted(tidied))


@pytest.mark.parametrize("operation", sorted(TITLES))
def test_with_nothing_to_change_it_says_so_and_makes_no_step(tidied, operation):
    editor = tidied.session.editor
    editor.change_settings(operation=operation)
    with no_step(tidied):
        editor.propose(CleanUpProposal())
        answered(tidied)
        assert editor.tool_hint.startswith("Nothing to ")
        editor.commit()
    assert not editor.proposing


def test_what_may_not_change_is_said(tidied):
    editor = tidied.session.editor
    put(tidied, with_holes())
    editor.change_settings(operation="remove_specks", paint_over=0)
    with no_step(tidied):
        editor.propose(CleanUpProposal())
        answered(tidied)
        assert "not to be painted over" in editor.tool_hint
        editor.commit()


def test_escape_undo_another_tool_another_image_and_clicks_leave_no_trace(tidied):
    editor, session = tidied.session.editor, tidied.session
    put(tidied, with_holes())
    first = session.current_id
    for leave in (
        editor.abandon,
        editor.undo,
        lambda: editor.set_tool("eraser"),
        lambda: tidied.show(session.records[1].id),
    ):
        tidied.show(first)
        editor.propose(CleanUpProposal())
        answered(tidied)
        assert editor.preview.patch is not None
        click(tidied, 30, 30)
        editor.move(PointerEvent(40, 40))
        assert editor.proposing
        leave()
        assert not editor.proposing
        tidied.show(first)
        assert np.array_equal(painted(tidied), with_holes())
    assert session.editor.undo_name == "Put"


def test_taken_before_it_is_found_it_is_applied_when_it_is(tidied, monkeypatch):
    editor = tidied.session.editor
    put(tidied, with_holes())
    go = threading.Event()
    real = clean_up.changes
    monkeypatch.setattr(clean_up, "changes", lambda *given: (go.wait(10), real(*given))[1])
    with one_step(tidied, "Fill holes"):
        editor.propose(CleanUpProposal())
        editor.commit()
        assert editor.proposing
        assert np.array_equal(painted(tidied), with_holes())
        go.set()
        tidied.wait(lambda: not editor.proposing)
    with no_step(tidied):
        editor.propose(CleanUpProposal())
        editor.abandon()
        answered(tidied)
    put(tidied, with_holes())
    with one_step(tidied, "Fill holes"):
        editor.propose(CleanUpProposal())
        editor.commit()
        editor.set_tool("eraser")


def test_set_otherwise_and_taken_before_it_is_found_it_is_applied_as_it_is_set(tidied, monkeypatch):
    editor = tidied.session.editor
    ids = np.zeros((64, 96), np.uint16)
    ids[20:30, 20:40] = 1
    put(tidied, ids)
    go, real = threading.Event(), clean_up.changes
    monkeypatch.setattr(clean_up, "changes", lambda *given: (go.wait(10), real(*given))[1])
    editor.change_settings(operation="grow", reach=2)
    editor.propose(CleanUpProposal())
    editor.change_settings(reach=6)
    expected = expected_of(ids, editor.settings, [1])
    with one_step(tidied, "Grow"):
        editor.commit()
        go.set()
        tidied.wait(lambda: not editor.proposing)
    assert np.array_equal(tidied.mask(), expected)


def test_the_model_s_mask_is_cleaned_up_too(tidied):
    editor = tidied.session.editor
    ids = with_holes()
    put(tidied, np.where(ids == 1, ids, UNSET))
    editor.change_settings(operation="keep_largest")
    editor.propose(CleanUpProposal())
    answered(tidied)
    editor.commit()
    assert (painted(tidied)[5:7, 70:72] == 0).all()
    assert (painted(tidied)[:4] == UNSET).all()


def test_what_was_taken_before_it_is_there_is_done_to_the_segment_that_was_in_hand(tidied):
    editor = tidied.session.editor
    ids = np.zeros((64, 96), np.uint16)
    ids[10:30, 10:40], ids[40:60, 50:90] = 1, 2
    put(tidied, ids)
    editor.change_settings(operation="grow", reach=3)
    expected = expected_of(ids, editor.settings, [1])
    editor.propose(CleanUpProposal())
    editor.commit()
    editor.set_active_segment(2)
    editor.change_settings(operation="shrink")
    answered(tidied)
    assert np.array_equal(tidied.mask(), expected)
    assert editor.undo_name == "Grow"


@pytest.mark.parametrize("early", [True, False])
def test_a_stroke_begun_while_what_was_taken_is_computed_is_a_stroke_and_a_step_of_its_own(tidied, monkeypatch, early):
    editor, held = tidied.session.editor, threading.Event()

    def slow(*args):
        assert held.wait(20)
        return domain.clean_up(*args)

    tidied.stroke((10, 10), (40, 10))
    before = tidied.mask()
    editor.change_settings(operation="grow", reach=3)
    expected = expected_of(before, editor.settings, [1])
    monkeypatch.setattr(clean_up, "clean_up", slow)
    editor.propose(CleanUpProposal())
    editor.commit()
    threading.Timer(0.0 if early else 0.2, held.set).start()
    editor.set_active_segment(2)
    editor.press(PointerEvent(70, 50))
    answered(tidied)
    editor.move(PointerEvent(75, 50))
    editor.release(PointerEvent(80, 50))
    names = [edit.name for edit in editor.document.history.done]
    assert names[-2:] == ["Grow", "Paint"]
    assert not (tidied.mask()[:, :45] == 2).any(), "nothing is drawn from where the last stroke ended"
    assert (tidied.mask()[50, 70:80] == 2).all()
    editor.undo()
    assert np.array_equal(tidied.mask(), expected)
    editor.undo()
    assert np.array_equal(tidied.mask(), before)
