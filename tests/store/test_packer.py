"""Packing tiles once."""

import gc
import zlib

import numpy as np
import pytest

from segstudio.domain.packing import uniform_tile
from segstudio.domain.tiles import TILE, UNSET
from segstudio.store import packer
from segstudio.store.packer import Packer, pack


@pytest.fixture
def deflated(monkeypatch):
    """How many tiles were deflated."""
    made = []
    monkeypatch.setattr(packer, "pack", lambda tile: made.append(None) or pack(tile))
    return made


def some_tile(seed):
    return np.random.default_rng(seed).integers(0, 3, (TILE, TILE)).astype(np.uint16)


def test_a_tile_is_deflated_once_while_somebody_holds_it(deflated):
    by, tile, other = Packer(), some_tile(0), some_tile(1)
    for _ in range(3):
        assert zlib.decompress(by.pack(tile)) == tile.tobytes()
        assert zlib.decompress(by.pack(other)) == other.tobytes()
    assert len(deflated) == 2


def test_a_tile_that_lies_where_another_lay_is_not_taken_for_it():
    by = Packer()
    for seed in range(200):
        tile = some_tile(seed % 7)
        assert zlib.decompress(by.pack(tile)) == tile.tobytes()
        del tile
    gc.collect()
    assert not by._known


def test_what_holds_no_paint_is_nothing():
    by = Packer()
    assert by.pack(None) is None
    assert by.pack(uniform_tile(UNSET)) is None
    assert by.pack(np.full((TILE, TILE), UNSET, np.uint16)) is None
    assert by.pack(uniform_tile(2)) == pack(np.full((TILE, TILE), 2, np.uint16))
