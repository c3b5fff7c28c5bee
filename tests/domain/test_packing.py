"""Tiles come out of their packing as they went in."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.geometry import Rect
from segstudio.domain.history import FRESH_STEPS, Edit, History
from segstudio.domain.packing import HeldTiles, PackedTile, compact, is_uniform, uniform_tile, weight
from segstudio.domain.plane import TILE, UNSET, Plane, mask_at
from segstudio.domain.tiles import Tile


def tile_of(seed: int, grain: int, values: int) -> Tile:
    """Squares of ``grain`` px, each of one of some values."""
    small = np.random.default_rng(seed).integers(0, values, (TILE // grain, TILE // grain))
    return np.kron(small, np.ones((grain, grain))).astype(np.uint16) * 21845


tiles = st.builds(tile_of, st.integers(0, 99), st.sampled_from([1, 4, 32, 256]), st.integers(1, 4))


@given(tiles)
def test_a_packed_tile_is_the_same_when_it_is_unpacked(tile: Tile) -> None:
    assert np.array_equal(PackedTile.of(tile).unpacked(), tile)
    held = HeldTiles({(0, 0): (tile, None), (2, 1): (None, tile)})
    held.pack()
    held.pack()
    assert held.keys() == {(0, 0), (2, 1)}
    before, none = held[0, 0]
    assert none is None
    assert before is not None
    assert np.array_equal(before, tile)
    assert held.weight_before() == weight(tile)


@given(tiles)
def test_tiles_of_one_value_are_one_tile(tile: Tile) -> None:
    small = compact(tile)
    assert np.array_equal(small, tile)
    assert is_uniform(small) == (len(np.unique(tile)) == 1)
    assert (small is uniform_tile(int(tile[0, 0]))) == is_uniform(small)
    assert weight(small) == (0 if is_uniform(small) else TILE * TILE * 2)


def test_what_is_packed_is_small() -> None:
    rows, columns = np.indices((TILE, TILE))
    disk = ((rows - 90) ** 2 + (columns - 60) ** 2 < 120**2).astype(np.uint16)
    packed = PackedTile.of(disk)
    assert packed.starts.nbytes + packed.values.nbytes < 2500


def test_a_uniform_tile_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        uniform_tile(3)[0, 0] = 1


def test_a_fill_holds_no_memory_and_can_be_painted_over() -> None:
    plane = Plane(2 * TILE, 2 * TILE)
    plane.write(plane.bounds, 5)
    assert all(is_uniform(tile) for tile in plane.snapshot().values())
    before = plane.snapshot()
    plane.write(plane.bounds, np.full((2 * TILE, 2 * TILE), 6, np.uint16))
    changes = plane.changes_since(before)
    assert all(after is not None and is_uniform(after) for _, after in changes.values())
    assert Edit("Fill", changes).nbytes == 0
    part = np.zeros((3, 3), np.bool_)
    part[1, 1] = True
    plane.write(Rect(0, 0, 3, 3), 1, part)
    assert plane.to_array().sum() == 6 * (2 * TILE) ** 2 - 5


indices = st.lists(st.integers(0, 599), min_size=1, max_size=60).map(sorted)


@given(indices, indices, st.integers(0, 99), st.booleans())
def test_a_sample_is_what_indexing_gives(rows: list[int], columns: list[int], seed: int, predicted: bool) -> None:
    rng = np.random.default_rng(seed)
    painted = rng.choice(np.array([0, 1, UNSET], np.uint16), (600, 600))
    painted[:256, :256], painted[256:512, :256] = UNSET, 7
    below = np.kron(rng.integers(0, 3, (3, 3)), np.ones((200, 200))).astype(np.uint16)
    correction, prediction = Plane.from_array(painted), Plane.from_array(below, 0)
    at_rows, at_columns = np.array(rows), np.array(columns)
    crossed = np.ix_(rows, columns)
    assert np.array_equal(correction.sample(at_rows, at_columns), painted[crossed])
    expected = np.where(painted == UNSET, below if predicted else 0, painted)[crossed]
    assert np.array_equal(mask_at(correction, prediction if predicted else None, at_rows, at_columns), expected)


def test_sampling_nothing_gives_nothing() -> None:
    nothing = np.zeros(0, np.intp)
    assert Plane(9, 9).sample(nothing, np.arange(3)).shape == (0, 3)


def test_old_edits_are_packed_and_undone_as_they_were() -> None:
    plane, history = Plane(TILE, TILE), History()
    states = [plane.to_array()]
    rng = np.random.default_rng(1)
    for step in range(3 * FRESH_STEPS):
        before = plane.snapshot()
        plane.write(plane.bounds, step, rng.random((TILE, TILE)) < rng.choice([0.001, 0.5]))
        history.push(Edit("Paint", plane.changes_since(before)))
        states.append(plane.to_array())
    raw = [edit for edit in history.done if edit.after[0, 0] is edit.after[0, 0]]
    assert raw == history.done[-FRESH_STEPS:]
    for state in reversed(states[:-1]):
        edit = history.undo()
        assert edit is not None
        plane.put_tiles(edit.before)
        assert np.array_equal(plane.to_array(), state)
    for state in states[1:]:
        edit = history.redo()
        assert edit is not None
        plane.put_tiles(edit.after)
        assert np.array_equal(plane.to_array(), state)


def test_tiles_can_be_read_while_they_are_packed() -> None:
    tile = tile_of(1, 4, 3)
    edit = Edit("Paint", {(0, column): (tile, tile) for column in range(40)})
    weight_before = edit.nbytes
    wrong: list[int] = []

    def read() -> None:
        for _ in range(30):
            wrong.extend(1 for before in edit.before.values() if before is None or not np.array_equal(before, tile))

    reader = threading.Thread(target=read)
    reader.start()
    edit.pack()
    reader.join()
    assert wrong == []
    assert edit.nbytes == weight_before
