"""Tiled planes against one plain array."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from segstudio.domain.geometry import Rect
from segstudio.domain.plane import TILE, UNSET, Plane, Tile, TileKey, tile_rect

HEIGHT, WIDTH = 300, 530  # 2 x 3 tiles, the last row and column cut off


@st.composite
def rects(draw: st.DrawFn) -> Rect:
    x0, x1 = sorted(draw(st.tuples(st.integers(0, WIDTH), st.integers(0, WIDTH))))
    y0, y1 = sorted(draw(st.tuples(st.integers(0, HEIGHT), st.integers(0, HEIGHT))))
    return Rect(x0, y0, x1, y1)


values = st.sampled_from([0, 1, 7, UNSET])
seeds = st.integers(0, 2**32 - 1)


class PlaneMachine(RuleBasedStateMachine):
    """Writes, snapshots and undos at random; the array is what the plane must read as."""

    @initialize(fill=st.sampled_from([0, UNSET]), blank=st.booleans())
    def begin(self, fill: int, blank: bool) -> None:
        self.array = np.full((HEIGHT, WIDTH), fill, np.uint16)
        if not blank:
            self.array[10:20, 200:300] = 3
            self.plane = Plane.from_array(self.array, fill)
        else:
            self.plane = Plane(HEIGHT, WIDTH, fill)
        self.snapshots: list[tuple[dict[TileKey, Tile], Any]] = [(self.plane.snapshot(), self.array.copy())]

    @rule(rect=rects(), value=values)
    def write_one_value(self, rect: Rect, value: int) -> None:
        self.plane.write(rect, value)
        self.array[rect.slices] = value

    @rule(rect=rects(), seed=seeds)
    def write_an_array(self, rect: Rect, seed: int) -> None:
        piece = np.random.default_rng(seed).integers(0, 4, (rect.height, rect.width), np.uint16)
        self.plane.write(rect, piece)
        self.array[rect.slices] = piece

    @rule(rect=rects(), seed=seeds, value=values, whole=st.booleans())
    def write_where(self, rect: Rect, seed: int, value: int, whole: bool) -> None:
        rng = np.random.default_rng(seed)
        where = rng.random((rect.height, rect.width)) < rng.choice([0.0, 0.001, 0.5])
        piece = np.full(where.shape, value, np.uint16)
        self.plane.write(rect, piece if whole else value, where)
        self.array[rect.slices][where] = value

    @rule()
    def snapshot(self) -> None:
        self.snapshots.append((self.plane.snapshot(), self.array.copy()))

    @rule(data=st.data())
    def go_back(self, data: st.DataObject) -> None:
        tiles, array = self.snapshots[data.draw(st.integers(0, len(self.snapshots) - 1))]
        changes = self.plane.changes_since(tiles)
        touched = self.plane.put_tiles({key: before for key, (before, _) in changes.items()})
        differing = np.argwhere(array != self.array)
        if len(differing):
            (y0, x0), (y1, x1) = differing.min(axis=0), differing.max(axis=0)
            box = Rect(int(x0), int(y0), int(x1) + 1, int(y1) + 1)
            assert touched.union(box) == touched
        else:
            assert touched.is_empty
        self.array = array.copy()

    @rule(rect=rects())
    def read(self, rect: Rect) -> None:
        assert np.array_equal(self.plane.read(rect), self.array[rect.slices])

    @invariant()
    def reads_as_the_array(self) -> None:
        if hasattr(self, "plane"):
            assert np.array_equal(self.plane.to_array(), self.array)
            assert self.plane.is_blank == bool((self.array == self.plane.fill).all())
            assert self.plane.is_full == bool((self.array != self.plane.fill).all())

    def teardown(self) -> None:
        for tiles, array in getattr(self, "snapshots", []):
            then = Plane(HEIGHT, WIDTH, self.plane.fill)
            then.put_tiles(tiles)
            assert np.array_equal(then.to_array(), array)


PlaneMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestPlane = PlaneMachine.TestCase


@pytest.mark.parametrize("corner", [(0, 0), (HEIGHT - 1, WIDTH - 1), (TILE, TILE)])
def test_a_plane_is_full_as_long_as_it_has_no_hole(corner: tuple[int, int]) -> None:
    plane = Plane(HEIGHT, WIDTH, UNSET)
    plane.write(plane.bounds, 0)
    assert plane.is_full
    row, column = corner
    plane.write(Rect(column, row, column + 1, row + 1), UNSET)
    assert not plane.is_full


def test_a_plane_from_a_blank_array_can_be_written_to() -> None:
    plane = Plane.from_array(np.full((HEIGHT, WIDTH), UNSET, np.uint16))
    assert plane.is_blank
    assert plane.snapshot() == {}
    plane = Plane.from_array(np.full((HEIGHT, WIDTH), UNSET, np.uint16))
    plane.write(Rect(0, 0, 1, 1), 5)
    assert plane.read(Rect(0, 0, 2, 1)).tolist() == [[5, UNSET]]


def test_the_array_that_a_plane_was_made_from_is_not_written_to() -> None:
    array = np.zeros((4, 4), np.uint16)
    Plane.from_array(array).write(Rect(0, 0, 4, 4), 9)
    assert not array.any()


def test_writing_nothing_in_a_tile_keeps_its_identity() -> None:
    plane = Plane(HEIGHT, WIDTH)
    plane.write(plane.bounds, 1)
    before = plane.snapshot()
    where = np.zeros((HEIGHT, WIDTH), bool)
    where[0, 0] = True
    plane.write(plane.bounds, 2, where)
    after = plane.snapshot()
    assert [key for key in after if after[key] is not before[key]] == [(0, 0)]


def test_a_snapshot_shares_its_tiles() -> None:
    plane = Plane(HEIGHT, WIDTH)
    plane.write(Rect(0, 0, 1, 1), 1)
    first, second = plane.snapshot(), plane.snapshot()
    assert first[0, 0] is second[0, 0]


def test_writing_what_is_there_already_is_no_change() -> None:
    plane = Plane(HEIGHT, WIDTH)
    plane.write(Rect(0, 0, 10, 10), 1)
    before = plane.snapshot()
    plane.write(Rect(0, 0, 10, 10), 1)
    plane.write(Rect(400, 0, 410, 10), UNSET)
    assert plane.changes_since(before) == {}


def test_going_back_to_before_the_first_paint_leaves_no_tile() -> None:
    plane = Plane(HEIGHT, WIDTH)
    plane.write(Rect(0, 0, 10, 10), 1)
    changes = plane.changes_since({})
    plane.put_tiles({key: before for key, (before, _) in changes.items()})
    assert plane.snapshot() == {}


def test_only_the_tiles_that_differ_are_changes() -> None:
    plane = Plane(HEIGHT, WIDTH)
    plane.write(plane.bounds, 1)
    before = plane.snapshot()
    plane.write(Rect(300, 0, 301, 1), 2)
    assert plane.changes_since(before).keys() == {(0, 1)}


def test_a_tile_erased_to_all_fill_counts_as_none_on_either_side() -> None:
    plane = Plane(HEIGHT, WIDTH)
    plane.write(Rect(0, 0, 10, 10), 1)
    painted = plane.snapshot()
    plane.write(Rect(0, 0, 10, 10), UNSET)
    erased = plane.snapshot()
    assert plane.changes_since(painted)[0, 0][1] is None
    plane.write(Rect(0, 0, 10, 10), 2)
    assert plane.changes_since(erased)[0, 0][0] is None


def test_tiles_that_cannot_be_written_to_are_copied_first() -> None:
    tile = np.zeros((TILE, TILE), np.uint16)
    tile.flags.writeable = False
    plane = Plane(HEIGHT, WIDTH)
    assert plane.put_tiles({(1, 2): tile}) == Rect(512, 256, WIDTH, HEIGHT)
    plane.write(Rect(520, 260, 521, 261), 4)
    assert not tile.any()


def test_putting_no_tiles_touches_nothing() -> None:
    assert Plane(HEIGHT, WIDTH).put_tiles({}).is_empty


def test_the_outside_part_of_a_border_tile_holds_fill() -> None:
    plane = Plane(HEIGHT, WIDTH)
    plane.write(plane.bounds, 1)
    tile = plane.snapshot()[1, 2]
    assert (tile[HEIGHT - 256 :, :] == UNSET).all()
    assert (tile[:, WIDTH - 512 :] == UNSET).all()


@given(st.integers(0, 40), st.integers(0, 40))
def test_tiles_lie_side_by_side(row: int, column: int) -> None:
    rect = tile_rect((row, column))
    assert (rect.width, rect.height) == (TILE, TILE)
    assert tile_rect((row, column + 1)).x0 == rect.x1
    assert tile_rect((row + 1, column)).y0 == rect.y1


def test_a_value_that_is_no_uint16_is_refused() -> None:
    with pytest.raises(OverflowError):
        Plane(4, 4).write(Rect(0, 0, 1, 1), 65536)


@given(st.lists(st.tuples(st.integers(0, 599), st.integers(0, 399), st.integers(0, 3)), max_size=6), st.booleans())
def test_tiles_that_are_put_back_tell_where_pixels_changed(dots, from_blank):
    plane = Plane(400, 600)
    if not from_blank:
        plane.write(Rect(0, 0, 300, 300), 1)
    before = plane.snapshot()
    for x, y, value in dots:
        plane.write(Rect(x, y, x + 1, y + 1), value)
    painted = plane.to_array()
    changes = plane.changes_since(before)
    rect = plane.put_tiles({key: change[0] for key, change in changes.items()})
    rows, columns = np.nonzero(plane.to_array() != painted)
    if len(rows):
        assert rect == Rect(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    else:
        assert rect.is_empty
