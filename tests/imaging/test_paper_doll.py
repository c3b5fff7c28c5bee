"""Poses that nobody photographed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from segstudio.domain.regions import bounds, parts
from segstudio.imaging.cv import cv2
from segstudio.imaging.paper_doll import bent, cut_out, with_legs_moved

TORSO, LEGS, WALL = (220, 30, 30), (30, 30, 220), (30, 200, 30)


def standing() -> tuple[np.ndarray, np.ndarray]:
    """Somebody 160 px tall in red and blue before a green wall."""
    picture = np.full((200, 120, 3), WALL, np.uint8)
    member = np.zeros((200, 120), np.bool_)
    for color, rect in ((TORSO, (40, 20, 80, 100)), (LEGS, (42, 100, 58, 180)), (LEGS, (62, 100, 78, 180))):
        x0, y0, x1, y1 = rect
        picture[y0:y1, x0:x1], member[y0:y1, x0:x1] = color, True
    return picture, member


def is_of(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return np.abs(picture.astype(int) - color).max(axis=2) < 40


@pytest.mark.parametrize("pose", [with_legs_moved, bent])
def test_who_is_posed_is_all_there_and_nothing_of_the_wall(pose: Callable) -> None:
    picture, member = standing()
    for seed in range(20):
        posed, where = pose(picture, member, np.random.default_rng(seed))
        assert posed.shape[:2] == where.shape
        inside = cv2.erode(where.astype(np.uint8), np.ones((3, 3))) > 0
        assert not is_of(posed, WALL)[inside].any()
        # Legs may lie over each other and over the torso, no more.
        assert is_of(posed, TORSO)[where].sum() > 0.85 * is_of(picture, TORSO).sum()
        assert is_of(posed, LEGS)[where].sum() > 0.45 * is_of(picture, LEGS).sum()
        assert where.sum() == pytest.approx(member.sum(), rel=0.35)
        assert len(parts(where)[1]) == 2, "background and one person"


def test_legs_are_lifted_and_the_torso_stays_where_it_is() -> None:
    picture, member = standing()
    heights, widths = [], []
    for seed in range(40):
        posed, where = with_legs_moved(picture, member, np.random.default_rng(seed))
        torso = bounds(is_of(posed, TORSO) & where)
        # What is cut at the hip may take some of the torso along.
        assert (torso.width, torso.height) == (pytest.approx(40, abs=4), pytest.approx(80, abs=25))
        heights.append(bounds(where).height)
        widths.append(bounds(where).width)
    assert min(heights) < 130 < 150 < max(heights)
    assert max(widths) > 100


def test_who_lies_is_left_as_he_is() -> None:
    picture, member = (np.ascontiguousarray(np.rot90(part)) for part in standing())
    posed, where = with_legs_moved(picture, member, np.random.default_rng(0))
    expected, member = cut_out(picture, member)
    assert np.array_equal(posed, expected)
    assert np.array_equal(where, member)


def test_a_back_is_bent_to_both_sides() -> None:
    picture, member = standing()
    leaning = []
    for seed in range(20):
        _, where = bent(picture, member, np.random.default_rng(seed))
        rows, columns = np.nonzero(where)
        middle = np.abs(rows - rows.mean()) < 20
        leaning.append(columns[~middle].mean() - columns[middle].mean())
    assert min(leaning) < -4
    assert max(leaning) > 4


@pytest.mark.parametrize("pose", [with_legs_moved, bent])
def test_where_nobody_is_nothing_is_posed(pose: Callable) -> None:
    picture, member = standing()[0], np.zeros((200, 120), np.bool_)
    _, where = pose(picture, member, np.random.default_rng(0))
    assert not where.any()


@pytest.mark.parametrize("pose", [with_legs_moved, bent])
def test_a_pose_comes_from_its_seed(pose: Callable) -> None:
    one, other = (pose(*standing(), np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one[0], other[0])
    assert np.array_equal(one[1], other[1])


def test_pixels_round_a_part_come_from_where_it_was_and_never_lie_over_another_part() -> None:
    """An outline is drawn softly, so a seam of wall between leg and torso would be seen."""
    picture, member = standing()
    for seed in range(20):
        posed, where = with_legs_moved(picture, member, np.random.default_rng(seed))
        assert not (is_of(posed, WALL) & (cv2.erode(where.astype(np.uint8), np.ones((3, 3))) > 0)).any()
        rim = (cv2.dilate(where.astype(np.uint8), np.ones((3, 3))) > 0) & ~where
        assert (posed[rim].max(axis=1) > 100).all(), "no black edge"
