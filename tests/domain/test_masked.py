"""Writing to some pixels, against numpy's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.masked import put_value, put_where
from segstudio.domain.tiles import TILE

SIDE = 12
side = st.integers(0, SIDE)
KINDS = [np.uint16, np.uint32]


def some(kind, seed):
    return np.random.default_rng(seed).integers(0, np.iinfo(kind).max, (2 * SIDE, 2 * SIDE), kind, endpoint=True)


@pytest.mark.parametrize("kind", KINDS)
@given(side, side, side, side, st.integers(0, 99))
def test_only_what_is_said_is_written_to(kind, top, left, height, width, seed):
    own, other = (slice(top, top + height), slice(left, left + width)), (slice(3, 3 + height), slice(5, 5 + width))
    where = (some(np.uint16, seed + 2) % 2 == 0)[other]
    for values in (some(kind, seed + 1)[other], int(np.iinfo(kind).max), 0):
        target, expected = some(kind, seed), some(kind, seed)
        (put_value if isinstance(values, int) else put_where)(target[own], values, where)
        np.copyto(expected[own], kind(values) if isinstance(values, int) else values, where=where)
        assert (target == expected).all()


@pytest.mark.parametrize("turned", [np.flipud, np.fliplr, np.transpose, lambda values: values[::2, ::2].repeat(2, 0).T])
def test_arrays_that_lie_otherwise_in_memory_are_written_and_read_too(turned):
    values, where = some(np.uint16, 1), some(np.uint16, 2) % 2 == 0
    source = turned(values)
    where = where[: source.shape[0], : source.shape[1]]
    expected = np.zeros(source.shape, np.uint16)
    np.copyto(expected, source, where=where)
    target = np.zeros(source.shape, np.uint16)
    put_where(target, source, where)
    assert (target == expected).all()
    turned_target = turned(np.zeros_like(values))[: source.shape[0], : source.shape[1]]
    put_where(turned_target, source, where)
    assert (turned_target == expected).all()


def test_what_may_only_be_read_is_read():
    values = some(np.uint16, 1)
    values.flags.writeable = False
    target = np.zeros_like(values)
    put_where(target, values, np.ones(values.shape, bool))
    assert (target == values).all()


def test_one_value_for_all_is_read_without_a_copy_of_it():
    values = np.broadcast_to(np.uint16(7), (SIDE, SIDE))
    target, where = np.zeros((SIDE, SIDE), np.uint16), some(np.uint16, 2)[:SIDE, :SIDE] % 2 == 0
    put_where(target, values, where)
    assert (target == np.where(where, 7, 0)).all()
    column = np.zeros((SIDE, 1), np.uint16)
    put_where(column, values[:, :1], np.broadcast_to(np.True_, (SIDE, 1)))
    assert (column == 7).all()


def test_values_of_another_kind_are_taken_too():
    target = np.zeros((SIDE, SIDE), np.uint16)
    put_where(target, np.full((SIDE, SIDE), 7, np.uint8), np.ones((SIDE, SIDE), bool))
    assert (target == 7).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(TILE + 1, 3), (3, 2 * TILE), (TILE, TILE)])
def test_a_value_is_put_into_more_than_a_tile(kind, shape):
    target, where = np.zeros(shape, kind), np.random.default_rng(0).random(shape) < 0.5
    put_value(target, 9, where)
    assert (target == np.where(where, 9, 0)).all()
