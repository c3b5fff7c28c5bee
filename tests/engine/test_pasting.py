"""People before other places."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.engine import pasting
from segstudio.engine.sample import Sample
from segstudio.imaging.cv import cv2
from segstudio.protocol.round_folder import IGNORE


def somebody(color: tuple[int, int, int], size: tuple[int, int] = (56, 56)) -> Sample:
    """A box of ``size`` (h, w) on black."""
    pixels, mask = np.zeros((96, 96, 3), np.uint8), np.zeros((96, 96), np.uint16)
    top, left = (96 - size[0]) // 2, (96 - size[1]) // 2
    mask[top : top + size[0], left : left + size[1]] = 1
    pixels[mask == 1] = color
    return Sample(0, pixels, mask, None)


def nowhere() -> Sample:
    return Sample(0, np.zeros((96, 96, 3), np.uint8), np.zeros((96, 96), np.uint16), None)


def red_of(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., 0].astype(int) > pixels[..., 1].astype(int) + 60


@pytest.mark.parametrize("in_row", [0.0, 1.0])
def test_others_in_the_picture_are_behind_and_not_meant(in_row: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pasting, "_ROW", in_row)
    with_others = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        others = [somebody((255, 0, 0), (80, 20))]
        pixels, mask = pasting.pasted(somebody((0, 255, 0)), nowhere(), others, False, (128, 128), rng)
        red = red_of(pixels)
        assert not red[cv2.erode((mask == 1).astype(np.uint8), np.ones((5, 5))) > 0].any()
        with_others += bool(red.any())
    assert with_others > 6


def test_those_in_a_row_stand_on_one_ground_and_go_from_side_to_side() -> None:
    member = np.zeros((200, 300), np.bool_)
    member[60:180, 100:200] = True
    others = [somebody((255, 0, 0), (80, 10))] * 10
    for seed in range(8):
        seen = red_of(
            pasting._before_a_row(np.zeros((200, 300, 3), np.uint8), others, member, np.random.default_rng(seed))
        )
        columns = np.flatnonzero(seen.any(axis=0))
        assert columns[0] < 60
        assert columns[-1] > 240
        feet = [np.flatnonzero(seen[:, column])[-1] for column in columns]
        assert np.ptp(feet) <= 0.06 * 200 + 3


def test_who_is_larger_than_who_is_meant_does_not_stand_in_the_row() -> None:
    member = np.zeros((200, 300), np.bool_)
    member[150:160, 100:110] = True
    row = pasting._before_a_row(
        np.zeros((200, 300, 3), np.uint8), [somebody((255, 0, 0), (90, 40))] * 8, member, np.random.default_rng(0)
    )
    # Of those at the sides no more may be in the view than that.
    assert not row[:, 60:240].any()


def test_what_is_pasted_is_soft_at_its_outline_and_leaves_the_place_it_came_to() -> None:
    place, pixels = np.zeros((60, 80, 3), np.uint8), np.full((60, 80, 3), 200, np.uint8)
    member = np.zeros((60, 80), np.bool_)
    member[0:30, 50:80] = True
    over = pasting._over(place, pixels, member)
    cover = cv2.GaussianBlur(member.astype(np.float32), (0, 0), pasting._SOFT)[..., None]
    assert np.abs(over - (pixels * cover)).max() <= 1
    assert not place.any()
    assert pasting._over(place, pixels, np.zeros_like(member)) is place


def test_nobody_vouches_for_where_somebody_stood_in_a_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pasting, "_ROW", 0.0)
    monkeypatch.setattr(pasting, "_CROWD", 0.0)
    room = pasting.room(somebody((255, 0, 0), (90, 90)))
    assert room.mask[48, 48] != 0
    _, mask = pasting.pasted(somebody((0, 255, 0)), room, [], False, (96, 96), np.random.default_rng(1))
    assert (mask == IGNORE).any()
    assert (mask == 1).any()
