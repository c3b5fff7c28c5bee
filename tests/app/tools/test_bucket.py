"""The bucket against a breadth-first search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.app.tools import PointerEvent, bucket, growing
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
    settled,
    slow_connected,
    with_rig,
)

seeds = st.integers(0, 2**32 - 1)
columns, rows = st.integers(0, 95), st.integers(0, 63)


@pytest.fixture
def filled(rig):
    rig.new_project(count=2, classes=("one", "two"))
    rig.session.editor.set_tool("bucket")
    return rig


@pytest.mark.parametrize("reach", [0, 2, 512])
@with_rig
@given(seed=seeds, column=columns, row=rows, at_once=st.booleans())
def test_a_click_fills_what_hangs_together(filled, monkeypatch, reach, seed, column, row, at_once):
    monkeypatch.setattr(growing, "FIRST_REACH", max(reach, 1))
    monkeypatch.setattr(bucket, "AT_ONCE", 512 if at_once else 0)
    ids = blobs(seed)
    put(filled, ids)
    expected = ids.copy()
    expected[slow_connected(ids == ids[row, column], column, row)] = 1
    if ids[row, column] == 1:
        with no_step(filled):
            click(filled, column + 0.5, row + 0.5)
            settled(filled)
    else:
        with one_step(filled, "Fill region"):
            click(filled, column + 0.5, row + 0.5)
            settled(filled)
    assert np.array_equal(painted(filled), expected)


@with_rig
@given(seed=seeds, column=columns, row=rows, locked=st.booleans(), over=st.sampled_from([None, 0, 1]))
def test_locked_segments_and_others_than_asked_for_are_spared(filled, seed, column, row, locked, over):
    session = filled.session
    ids = blobs(seed)
    put(filled, ids)
    lock(filled, *([1] if locked else []))
    session.editor.set_active_segment(2)
    session.editor.change_settings(paint_over=over)
    click(filled, column + 0.5, row + 0.5)
    session.editor.change_settings(paint_over=None)
    expected = ids.copy()
    region = slow_connected(ids == ids[row, column], column, row)
    spared = (locked and ids[row, column] == 1) or (over is not None and ids[row, column] != over)
    expected[region & (not spared)] = 2
    assert np.array_equal(painted(filled), expected)


def test_effects_and_buttons(filled):
    ids = np.zeros((64, 96), np.uint16)
    ids[10:20, 10:20] = 1
    put(filled, ids)
    with one_step(filled, "Erase region"):
        click(filled, 15, 15, button="right")
    assert not painted(filled).any()
    put(filled, ids)
    filled.session.editor.change_settings(effect="erase")
    with one_step(filled, "Erase region"):
        click(filled, 15, 15)
    with one_step(filled, "Fill region"):
        click(filled, 15, 15, ctrl=True)
    filled.session.editor.change_settings(effect="restore")
    put(filled, ids)
    with one_step(filled, "Bring the model's mask back"):
        click(filled, 15, 15)
    assert (painted(filled)[10:20, 10:20] == UNSET).all()


def test_a_large_region_is_filled_later_and_escape_fills_nothing(filled, monkeypatch):
    monkeypatch.setattr(bucket, "AT_ONCE", 0)
    monkeypatch.setattr(growing, "FIRST_REACH", 4)
    put(filled, np.zeros((64, 96)))
    editor = filled.session.editor
    with no_step(filled):
        click(filled, 40, 30)
        assert editor.busy
        assert editor.preview.caption
        editor.abandon()
        answered(filled)
    with no_step(filled):
        click(filled, 40, 30)
        editor.undo()
        answered(filled)
    with one_step(filled, "Fill region"):
        click(filled, 40, 30)
        editor.commit()
    assert (painted(filled) == 1).all()


def test_a_click_is_not_lost_to_what_comes_next(filled, monkeypatch):
    monkeypatch.setattr(bucket, "AT_ONCE", 0)
    monkeypatch.setattr(growing, "FIRST_REACH", 4)
    ids = np.zeros((64, 96), np.uint16)
    ids[:, 40:] = 2
    editor, session = filled.session.editor, filled.session
    put(filled, ids)
    steps = len(editor.document.history.done)
    click(filled, 10, 30)
    click(filled, 60, 30)
    settled(filled)
    assert [edit.name for edit in editor.document.history.done[steps:]] == ["Fill region"] * 2
    assert (painted(filled) == 1).all()
    put(filled, ids)
    click(filled, 10, 30)
    editor.set_tool("brush")
    assert (painted(filled)[:, :40] == 1).all()
    editor.set_tool("bucket")
    put(filled, ids)
    first = session.current_id
    click(filled, 10, 30)
    filled.show(session.records[1].id)
    filled.show(first)
    assert (painted(filled)[:, :40] == 1).all()
    click(filled, 60, 30)
    assert (reloaded(filled) == 1).all()


def test_beside_the_image_nothing_happens(filled):
    with no_step(filled):
        click(filled, -3, 10)
        click(filled, 96, 10)
        filled.session.editor.move(PointerEvent(5, 5))
    assert "click" in filled.session.editor.tool_hint
