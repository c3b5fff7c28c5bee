"""The model's border in the editor: shown step by step, taken by going on, dropped by Esc alone."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.app.tools.model_border import ModelBorder, moved
from segstudio.domain.annotation import ImageState
from segstudio.domain.plane import UNSET, Plane
from tests.helpers.masks import answered, lock, no_step, one_step, painted, reloaded

WIDTH, HEIGHT = 96, 64
MIDDLE = 48


@pytest.fixture
def said(rig):
    """A project whose model put segment 1 left of the middle, and is surer the farther away from there."""
    rig.new_project(classes=("one", "two"))
    _say(rig)
    return rig


def _say(rig, middle: int = MIDDLE) -> None:
    document = rig.session.document
    assert (document.width, document.height) == (WIDTH, HEIGHT)
    logit = (middle - 0.5 - np.arange(WIDTH)) / 4
    probability = np.broadcast_to(1 / (1 + np.exp(-logit)), (HEIGHT, WIDTH))
    sure = np.rint(255 * np.maximum(probability, 1 - probability)).astype(np.uint8)
    document.set_prediction(Plane.from_array((probability >= 0.5).astype(np.uint16), 0), 1, sure)


def _go(rig, by: int) -> None:
    editor = rig.session.editor
    if isinstance(editor.tool, ModelBorder):
        editor.act(editor.tool.actions[by > 0])
    else:
        editor.propose(ModelBorder(by))
    answered(rig)


def _edge(rig) -> int:
    """How many columns show the segment in the mask itself."""
    return int((rig.mask() == 1).all(axis=0).sum())


def _proposed(rig) -> int:
    patch = rig.session.editor.preview.patch
    return 0 if patch is None else int(patch.where.any(axis=0).sum())


def test_steps_are_shown_and_enter_takes_them_as_one(said):
    editor = said.session.editor
    _go(said, 1)
    assert _proposed(said) == 2
    _go(said, 1)
    assert _proposed(said) == 4
    assert _edge(said) == MIDDLE
    assert "2 steps further out" in editor.tool_hint
    assert f"{4 * HEIGHT} px" in editor.tool_hint
    with one_step(said, "Model's border further out"):
        editor.commit()
    assert _edge(said) == MIDDLE + 4
    assert not editor.proposing
    correction = painted(said)
    assert (correction != UNSET).sum() == 4 * HEIGHT, "what did not move is still the model's"
    assert np.array_equal(reloaded(said), correction)


def test_in_and_out_meet_where_the_model_drew_it(said):
    _go(said, -1)
    _go(said, -1)
    assert _proposed(said) == 4
    _go(said, 1)
    assert _proposed(said) == 2
    _go(said, 1)
    assert said.session.editor.preview.changes_nothing
    assert "as it was" in said.session.editor.tool_hint
    _go(said, 1)
    assert _proposed(said) == 2
    with one_step(said, "Model's border further out"):
        said.session.editor.commit()
    assert _edge(said) == MIDDLE + 2


def test_esc_and_undo_drop_it(said):
    for drop in (said.session.editor.abandon, said.session.editor.undo):
        with no_step(said):
            _go(said, 1)
            drop()
        assert not said.session.editor.busy
        assert _edge(said) == MIDDLE


def test_a_stroke_takes_it_first(said):
    _go(said, -1)
    said.stroke((80, 20), (84, 20))
    assert [edit.name for edit in said.session.document.history.done] == ["Model's border further in", "Paint"]
    assert _edge(said) == MIDDLE - 2


def test_approval_takes_what_is_shown_and_waits_for_what_is_not(said):
    session = said.session
    first = session.document
    session.editor.propose(ModelBorder(1))
    session.approve()
    assert session.records[0].state is not ImageState.APPROVED
    answered(said)
    session.approve()
    said.wait(lambda: session.records[0].state is ImageState.APPROVED)
    assert (first.shown(first.bounds) == 1).all(axis=0).sum() == MIDDLE + 2


def test_nothing_is_taken_that_was_not_shown(said):
    said.session.editor.propose(ModelBorder(1))
    said.session.editor.finish()
    assert _edge(said) == MIDDLE
    _go(said, 1)
    said.session.editor.act(said.session.editor.tool.actions[1])
    said.session.editor.finish()
    assert _edge(said) == MIDDLE + 2


def test_enter_waits_for_what_is_not_shown_yet(said):
    with one_step(said, "Model's border further out"):
        said.session.editor.propose(ModelBorder(1))
        said.session.editor.commit()
        said.wait(lambda: not said.session.editor.proposing)
    assert _edge(said) == MIDDLE + 2


def test_another_image_takes_it(said):
    session = said.session
    first = session.document
    _go(said, 1)
    session.open_image(session.records[1].id)
    said.wait(lambda: session.document is not first and session.loading_id is None)
    assert (first.shown(first.bounds) == 1).all(axis=0).sum() == MIDDLE + 2


def test_another_segment_and_locked_ones_stay(said):
    said.session.editor.set_active_segment(2)
    said.stroke((MIDDLE, 20), (MIDDLE, 30))
    said.session.editor.set_active_segment(1)
    before = said.mask()
    _go(said, 1)
    said.session.editor.commit()
    assert np.array_equal(said.mask() == 2, before == 2)
    assert (said.mask() == 1).sum() > (before == 1).sum()
    lock(said, 1)
    with no_step(said):
        _go(said, -1)
        assert "locked" in said.session.editor.tool_hint
        said.session.editor.commit()


def test_another_segment_in_hand_takes_it_and_begins_anew(said):
    with one_step(said, "Model's border further out"):
        _go(said, 1)
        said.session.editor.set_active_segment(2)
    assert _edge(said) == MIDDLE + 2
    assert not said.session.editor.proposing
    assert not (said.mask() == 2).any()


def test_doubt_round_another_segment_that_the_model_found_is_left_to_it(said):
    document = said.session.document
    ids = (np.arange(WIDTH) < MIDDLE).astype(np.uint16) + 2 * ((np.arange(WIDTH) // 4) == 13)
    document.set_prediction(
        Plane.from_array(np.broadcast_to(ids, (HEIGHT, WIDTH)).copy(), 0), 1, np.full((HEIGHT, WIDTH), 140, np.uint8)
    )
    before = said.mask()
    _go(said, 1)
    said.session.editor.commit()
    after = said.mask()
    assert np.array_equal(after == 2, before == 2)
    assert np.flatnonzero((after == 1).all(axis=0)).max() == MIDDLE + 1, "half of the way to the other"


def test_redo_is_not_lost_to_what_is_shown(said):
    said.stroke((80, 20), (84, 20))
    said.session.editor.undo()
    _go(said, 1)
    said.session.editor.redo()
    assert [edit.name for edit in said.session.document.history.done] == ["Paint"]
    assert _edge(said) == MIDDLE


def test_the_brush_keeps_its_keys(said):
    _go(said, 1)
    radius = said.session.editor.settings.radius
    said.session.editor.resize(1.5)
    assert said.session.editor.settings.radius == pytest.approx(1.5 * radius)
    assert _proposed(said) == 2


def test_steps_that_change_nothing_are_passed_over_both_ways(said):
    _go(said, 1)
    _go(said, 1)
    said.session.editor.commit()
    _go(said, 1)
    assert "3 steps further out" in said.session.editor.tool_hint
    assert _proposed(said) == 2
    _go(said, 1)
    assert "4 steps further out" in said.session.editor.tool_hint
    _go(said, -1)
    assert "3 steps further out" in said.session.editor.tool_hint
    _go(said, -1)
    assert "as it was" in said.session.editor.tool_hint
    assert said.session.editor.preview.changes_nothing


def test_where_the_model_is_certain_it_stays_and_says_so(said):
    document = said.session.document
    document.confidence = np.full_like(document.confidence, 255)
    _go(said, 1)
    assert "doubts nothing there" in said.session.editor.tool_hint
    said.session.editor.abandon()
    _go(said, -1)
    assert "doubts nothing there" in said.session.editor.tool_hint
    assert moved(document, 1, -1, -1)[1].is_empty


def test_another_mask_of_the_model_moves_as_far(said):
    _go(said, 1)
    _say(said, middle=40)
    said.session.editor.refresh()
    answered(said)
    assert _proposed(said) == 2
    said.session.editor.commit()
    assert _edge(said) == 42


def test_without_a_word_of_the_model_nothing_moves(rig):
    rig.new_project()
    rig.stroke((20, 20), (30, 20))
    with no_step(rig):
        _go(rig, 1)
        rig.session.editor.commit()
