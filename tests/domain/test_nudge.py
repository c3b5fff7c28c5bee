"""The nudge against a flow that is followed point by point, and for what must never happen."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segstudio.domain.brush import Point
from segstudio.domain.geometry import Rect
from segstudio.domain.nudge import Nudge

SIDE = 160
YS, XS = np.mgrid[:SIDE, :SIDE] + 0.5
HALF = XS < 80
BLOB = np.hypot(XS - 80, YS - 80) < 45
NOISE = np.random.default_rng(3).random((SIDE, SIDE)) < 0.5

near = st.tuples(st.floats(-40, 200), st.floats(-40, 200))


def way(*corners: Point, step: float) -> list[Point]:
    points = [corners[0]]
    for (x0, y0), (x1, y1) in pairwise(corners):
        count = max(1, round(math.dist((x0, y0), (x1, y1)) / step))
        points += [(x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count) for i in range(1, count + 1)]
    return points


def nudged(mask: np.ndarray, radius: float, points: list[Point]) -> np.ndarray:
    """The mask after the gesture; what is read is the mask as it is by then, as in a document that is written to."""
    live = mask.copy()
    asked: list[Rect] = []

    def read(rect: Rect) -> np.ndarray:
        assert rect.clip(*mask.shape) == rect
        assert not rect.is_empty
        asked.append(rect)
        return live[rect.slices]

    nudge = Nudge(read, *mask.shape, radius)
    for start, end in pairwise(points):
        rect, inside = nudge.move(start, end)
        assert inside.dtype == bool
        assert inside.shape == (rect.height, rect.width)
        assert rect.is_empty or rect.clip(*mask.shape) == rect
        live[rect.slices] = inside
    assert len(asked) == len(set(asked))
    return live


def from_way(points: list[Point], side: int = SIDE) -> np.ndarray:
    """How far each pixel's centre is from the way."""
    ys, xs = np.mgrid[:side, :side] + 0.5
    nearest = np.full((side, side), np.inf)
    for (x0, y0), (x1, y1) in pairwise(points):
        dx, dy = x1 - x0, y1 - y0
        squared = dx * dx + dy * dy
        along = np.clip(((xs - x0) * dx + (ys - y0) * dy) / squared, 0, 1) if squared > 1e-12 else 0.0
        nearest = np.minimum(nearest, np.hypot(xs - x0 - along * dx, ys - y0 - along * dy))
    return nearest


def off_border(point_mask: np.ndarray, mask: np.ndarray) -> float:
    """The furthest that a pixel in one of two masks alone is from the other mask's border."""
    worst = 0.0
    for row, column in np.argwhere(point_mask != mask).tolist():
        same = np.argwhere(mask == point_mask[row, column])
        worst = max(worst, float(np.hypot(same[:, 0] - row, same[:, 1] - column).min()))
    return worst


@settings(deadline=None)
@given(st.lists(near, min_size=2, max_size=7), st.floats(0.5, 40), st.sampled_from(["half", "blob", "noise"]))
@example([(80.0, 80.0), (120.0, 80.0), (80.0, 80.0)], 10.0, "noise")
@example([(80.0, 80.0), (80.0, 80.0)], 10.0, "noise")
@example([(-35.0, 80.0), (-1.0, 80.0)], 12.0, "noise")
@example([(150.0, 150.0), (200.0, 200.0)], 12.0, "noise")
def test_nothing_changes_beyond_the_radius(points: list[Point], radius: float, kind: str) -> None:
    mask = {"half": HALF, "blob": BLOB, "noise": NOISE}[kind]
    changed = nudged(mask, radius, points) != mask
    assert not changed[from_way(points) > radius].any()


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=2, max_size=40))
def test_nothing_changes_beyond_the_radius_of_a_trembling_hand(shifts: list[Point]) -> None:
    points = [(80.0, 80.0)]
    for dx, dy in shifts:
        points.append((points[-1][0] + dx, points[-1][1] + dy))
    changed = nudged(NOISE, 20.0, points) != NOISE
    assert not changed[from_way(points) > 20.0].any()


def followed(mask: np.ndarray, radius: float, start: Point, end: Point, fine: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel's content was before the disk went straight from ``start`` to ``end``, in tiny steps back.

    Returns the mask there, and where the border is further than a pixel away.
    """
    x, y = XS.copy(), YS.copy()
    dx, dy = (end[0] - start[0]) / fine, (end[1] - start[1]) / fine
    for step in range(fine, 0, -1):
        cx, cy = start[0] + dx * (step - 0.5), start[1] + dy * (step - 0.5)
        weight = np.clip(1 - ((x - cx) ** 2 + (y - cy) ** 2) / (0.95 * radius) ** 2, 0, 1) ** 2
        x, y = x - weight * dx, y - weight * dy
    rows = np.clip(np.floor(y), 0, SIDE - 1).astype(int)
    columns = np.clip(np.floor(x), 0, SIDE - 1).astype(int)
    result = mask[rows, columns]
    sure = np.ones_like(mask)
    for dy_, dx_ in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        sure &= np.roll(result, (dy_, dx_), (0, 1)) == result
    return result, sure


@pytest.mark.parametrize("step", [0.05, 0.7, 5.0, 1000.0])
@pytest.mark.parametrize(
    ("mask", "start", "end"),
    [(HALF, (70.3, 80.0), (100.3, 85.0)), (BLOB, (130.0, 60.0), (105.0, 75.0)), (BLOB, (60.0, 80.0), (60.0, 50.0))],
)
def test_the_mask_flows_along_with_the_disk(mask: np.ndarray, start: Point, end: Point, step: float) -> None:
    moved = nudged(mask, 25.0, way(start, end, step=step))
    expected, sure = followed(mask, 25.0, start, end, 400)
    assert (expected != mask).sum() > 50
    assert np.array_equal(moved[sure], expected[sure])
    assert (moved != expected).sum() < 20


@pytest.mark.parametrize("step", [0.1, 1.0, 8.0])
def test_from_inside_the_border_goes_out_and_from_outside_in(step: float) -> None:
    out = nudged(HALF, 15.0, way((70.0, 80.0), (95.0, 80.0), step=step))
    assert (out & ~HALF).sum() > 100
    assert not (HALF & ~out).any()
    assert out[80, 94]
    into = nudged(HALF, 15.0, way((90.0, 80.0), (65.0, 80.0), step=step))
    assert (HALF & ~into).sum() > 100
    assert not (into & ~HALF).any()
    assert not into[80, 65]


@pytest.mark.parametrize("radius", [12.0, 20.0, 35.0])
@pytest.mark.parametrize("step", [0.3, 2.0, 20.0])
@pytest.mark.parametrize("mask", [HALF, BLOB])
def test_there_and_back_the_border_is_where_it_was(radius: float, step: float, mask: np.ndarray) -> None:
    start = (72.0, 83.0) if mask is HALF else (105.0, 105.0)
    end = start[0] + 2 * radius, start[1] + 0.7 * radius
    there = nudged(mask, radius, way(start, end, step=step))
    assert (there != mask).sum() > 50
    back = nudged(mask, radius, way(start, end, start, step=step))
    assert off_border(back, mask) <= 2
    assert (back != mask).sum() <= 0.05 * (there != mask).sum()


def test_to_and_fro_many_times_the_area_stays() -> None:
    start, end = (72.0, 83.0), (112.0, 95.0)
    back = nudged(HALF, 24.0, way(*([start, end] * 6), start, step=1.5))
    assert abs(int(back.sum()) - int(HALF.sum())) <= 40
    assert off_border(back, HALF) <= 4


@pytest.mark.parametrize("step", [0.02, 0.3, 30.0])
def test_small_moves_add_up(step: float) -> None:
    whole = nudged(BLOB, 18.0, [(110.0, 80.0), (135.0, 88.0)])
    assert (whole != BLOB).sum() > 100
    assert (nudged(BLOB, 18.0, way((110.0, 80.0), (135.0, 88.0), step=step)) != whole).sum() <= 3


def test_what_is_pushed_out_of_the_image_comes_back() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:, :150] = True
    mask[70:90, 130:140] = False
    out, back = way((110.0, 80.0), (165.0, 80.0), step=2.0), way((165.0, 80.0), (110.0, 80.0), step=2.0)
    assert nudged(mask, 25.0, out)[80, 120:].all()
    assert off_border(nudged(mask, 25.0, [*out, *back]), mask) <= 2


@pytest.mark.parametrize("radius", [-1.0, 0.0, 0.4])
def test_a_disk_below_half_a_pixel_moves_nothing(radius: float) -> None:
    rect, inside = Nudge(lambda rect: NOISE[rect.slices], SIDE, SIDE, radius).move((5.0, 5.0), (45.0, 5.0))
    assert rect.is_empty
    assert inside.size == 0


@given(st.booleans(), near, near, st.floats(0.5, 60))
@settings(deadline=None)
def test_where_all_is_alike_it_stays(full: bool, start: Point, end: Point, radius: float) -> None:
    mask = np.full((SIDE, SIDE), full)
    assert np.array_equal(nudged(mask, radius, [start, end]), mask)


def test_an_image_of_one_pixel() -> None:
    mask = np.ones((1, 1), bool)
    assert nudged(mask, 5.0, way((-20.0, 0.5), (20.0, 0.5), step=3.0)).all()


def test_along_the_frame_the_mask_stays_at_it() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[:60] = True
    after = nudged(mask, 20.0, way((40.0, 50.0), (40.0, 75.0), step=2.0))
    assert after[:60].all()
    moved = nudged(mask.T.copy(), 20.0, way((50.0, 3.0), (75.0, 3.0), step=2.0))
    assert moved[0, 61:70].all()


def test_set_down_elsewhere_what_was_done_before_stays() -> None:
    first = [(70.0, 30.0), (84.0, 30.0), (85.5, 30.0)]
    done = nudged(HALF, 12.0, first)
    live = HALF.copy()
    nudge = Nudge(lambda rect: live[rect.slices].copy(), SIDE, SIDE, 12.0)
    for start, end in (*pairwise(first), ((70.0, 120.0), (88.0, 120.0))):
        rect, inside = nudge.move(start, end)
        live[rect.slices] = inside
    assert np.array_equal(live[:60], done[:60])
    assert live[120, 86]


def test_the_cost_does_not_depend_on_the_image() -> None:
    read = 0

    def blank(rect: Rect) -> np.ndarray:
        nonlocal read
        read += rect.width * rect.height
        return np.zeros((rect.height, rect.width), bool)

    nudge = Nudge(blank, 100_000, 100_000, 40.0)
    rect, _ = nudge.move((50_000.0, 50_000.0), (50_010.0, 50_000.0))
    assert rect.width <= 92
    assert rect.height <= 82
    assert read <= (82 + 2 * 128) ** 2
