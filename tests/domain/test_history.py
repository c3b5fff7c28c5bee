"""Undo and redo against a list and a cursor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain import history as history_module
from segstudio.domain.history import Edit, History, kept_from
from segstudio.domain.plane import TILE

TILE_BYTES = TILE * TILE * 2
blank_tile = np.zeros((TILE, TILE), np.uint16)


def edit(name: str, tiles: int = 1) -> Edit:
    return Edit(name, {(0, column): (blank_tile, None) for column in range(tiles)})


@given(st.lists(st.sampled_from(["push", "undo", "redo"])))
def test_undo_and_redo_move_a_cursor(actions: list[str]) -> None:
    history = History()
    edits: list[Edit] = []
    cursor = 0
    for action in actions:
        if action == "push":
            made = edit(str(len(edits)))
            edits[cursor:] = [made]
            cursor += 1
            history.push(made)
        elif action == "undo":
            expected = edits[cursor - 1] if cursor else None
            assert history.undo() is expected
            cursor = max(0, cursor - 1)
        else:
            expected = edits[cursor] if cursor < len(edits) else None
            assert history.redo() is expected
            cursor = min(len(edits), cursor + 1)
        assert history.done == edits[:cursor]
        assert history.undone == edits[cursor:][::-1]


@given(st.lists(st.sampled_from(["push", "heavy", "undo", "redo", "mark", "forget"]), max_size=40))
def test_the_mark_is_met_at_the_marked_state_only(actions: list[str]) -> None:
    """Each state is named by the edits that led to it since the beginning, those let go included."""
    history = History()
    states: list[tuple[int, ...]] = [()]
    cursor, marked, made = 0, None, 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history_module, "MIN_STEPS", 2)
        patch.setattr(history_module, "MAX_BYTES", 4 * TILE_BYTES)
        for action in actions:
            if action in ("push", "heavy"):
                made += 1
                states[cursor + 1 :] = [(*states[cursor], made)]
                cursor += 1
                history.push(edit(str(made), tiles=9 if action == "heavy" else 1))
            elif action == "undo" and history.undo() is not None:
                cursor -= 1
            elif action == "redo" and history.redo() is not None:
                cursor += 1
            elif action == "mark":
                history.set_mark()
                marked = states[cursor]
            elif action == "forget":
                history.forget_mark()
                marked = None
            if history.at_mark:
                assert marked == states[cursor]
            elif marked == states[cursor]:
                assert not history.done, "only behind edits that were let go a state is not known again"


def test_undo_and_redo_lead_back_to_the_mark() -> None:
    history = History()
    history.push(edit("before"))
    history.set_mark()
    history.push(edit("after"))
    assert not history.at_mark
    history.undo()
    assert history.at_mark
    history.undo()
    assert not history.at_mark
    history.redo()
    assert history.at_mark
    history.undo()
    history.push(edit("another way"))
    assert history.mark is None


def test_an_edit_knows_its_tiles_before_and_after() -> None:
    painted = np.ones((TILE, TILE), np.uint16)
    made = Edit("Brush", {(0, 0): (None, painted), (0, 1): (blank_tile, painted)})
    assert made.before == {(0, 0): None, (0, 1): blank_tile}
    assert made.after == {(0, 0): painted, (0, 1): painted}
    assert made.nbytes == TILE_BYTES


@given(st.lists(st.integers(0, 12), max_size=30))
def test_the_newest_edits_are_kept_while_they_fit_or_are_few(weights: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history_module, "MIN_STEPS", 3)
        patch.setattr(history_module, "MAX_BYTES", 20)
        kept = kept_from(weights)
    fitting = max(count for count in range(len(weights) + 1) if sum(weights[:count]) <= 20)
    expected = max(fitting, min(3, len(weights)))
    assert (len(weights) if kept is None else kept) == expected


def test_pushing_lets_the_oldest_heavy_edits_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MIN_STEPS", 2)
    monkeypatch.setattr(history_module, "MAX_BYTES", 4 * TILE_BYTES)
    history = History()
    for index in range(6):
        history.push(edit(str(index)))
    assert [made.name for made in history.done] == ["2", "3", "4", "5"]
    for index in range(6, 9):
        history.push(edit(str(index), tiles=9))
    assert [made.name for made in history.done] == ["7", "8"]


def test_two_hundred_steps_are_kept_whatever_they_weigh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MAX_BYTES", 0)
    history = History()
    for index in range(250):
        history.push(edit(str(index)))
    assert [made.name for made in history.done] == [str(index) for index in range(50, 250)]
