"""The brush against the distance of every pixel's centre from the way, in double precision."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segstudio.domain.brush import Point, stroke_segment
from segstudio.domain.geometry import Rect

HEIGHT, WIDTH = 24, 31
points = st.tuples(st.floats(-20, 50), st.floats(-20, 50))
radii = st.floats(0, 15)

# A centre that lies this close to the rim may fall on either side: a way that is nearly level is taken as level.
RIM = 1e-5


def distance(point: Point, start: Point, end: Point) -> float:
    (px, py), (x0, y0), (x1, y1) = point, start, end
    dx, dy = x1 - x0, y1 - y0
    length_squared = dx * dx + dy * dy
    along = 0.0 if length_squared == 0 else min(1.0, max(0.0, ((px - x0) * dx + (py - y0) * dy) / length_squared))
    return math.hypot(px - x0 - along * dx, py - y0 - along * dy)


def beside(start: Point, end: Point) -> np.ndarray:
    """For every pixel the half side of the square that just gets to its centre: a least maximum, by trisection."""
    (x0, y0), (x1, y1) = start, end
    ys, xs = np.mgrid[:HEIGHT, :WIDTH] + 0.5

    def away(t: np.ndarray | float) -> np.ndarray:
        return np.maximum(np.abs(xs - x0 - t * (x1 - x0)), np.abs(ys - y0 - t * (y1 - y0)))

    low, high = np.zeros_like(xs), np.ones_like(xs)
    for _ in range(80):  # away is convex in t
        third = (high - low) / 3
        left = away(low + third) < away(high - third)
        low, high = np.where(left, low, low + third), np.where(left, high - third, high)
    return np.minimum(np.minimum(away(0.0), away(1.0)), away(low))


def painted(
    start: Point, end: Point, radius: float, height: int = HEIGHT, width: int = WIDTH, square: bool = False
) -> np.ndarray:
    rect, covered = stroke_segment(start, end, radius, height, width, square)
    assert covered.shape == (rect.height, rect.width)
    assert rect.intersect(Rect(0, 0, width, height)) == rect
    image = np.zeros((height, width), bool)
    image[rect.slices] = covered
    return image


@given(points, points, radii)
@example((3.5, 5.5), (3.5, 5.5), 0.0)
@example((1.0, 1.0), (1.0, 1.0 + 1e-40), 2.0)
@example((0.0, 0.0), (1e-170, 1e-170), 3.0)
@example((0.0, 0.0), (9.0, 2e-6), 3.0)
@example((10.5, 10.5), (50.5, -29.5), 4.0)
def test_a_segment_covers_what_is_within_its_radius(start: Point, end: Point, radius: float) -> None:
    image = painted(start, end, radius)
    under_cursor = math.floor(end[0]), math.floor(end[1])
    for y in range(HEIGHT):
        for x in range(WIDTH):
            away = distance((x + 0.5, y + 0.5), start, end)
            if (x, y) == under_cursor:
                assert image[y, x]
            elif abs(away - radius) > RIM:
                assert image[y, x] == (away < radius), (x, y, away)


@given(points, points, radii)
@example((3.5, 5.5), (3.5, 5.5), 0.0)
@example((1.0, 1.0), (1.0, 1.0 + 1e-40), 2.0)
@example((10.5, 10.5), (50.5, -29.5), 4.0)
def test_a_square_segment_covers_what_a_square_gets_to(start: Point, end: Point, radius: float) -> None:
    image = painted(start, end, radius, square=True)
    away = beside(start, end)
    sure = np.abs(away - radius) > RIM
    column, row = math.floor(end[0]), math.floor(end[1])
    if 0 <= row < HEIGHT and 0 <= column < WIDTH:
        assert image[row, column]
        sure[row, column] = False
    assert np.array_equal(image[sure], (away < radius)[sure])


@given(st.floats(0, 2100), st.floats(0, 2100), st.floats(3, 15))
@example(0.0, 2100.0, 3.0)
@example(20.0, 980.0, 12.0)
def test_a_long_segment_covers_what_is_within_its_radius(x0: float, x1: float, radius: float) -> None:
    start, end = (x0, 5.25), (x1, 12.75)
    image = painted(start, end, radius, 20, 2100)
    ys, xs = np.mgrid[:20, :2100] + 0.5
    dx, dy = x1 - x0, end[1] - start[1]
    along = np.clip(((xs - x0) * dx + (ys - start[1]) * dy) / (dx * dx + dy * dy), 0, 1)
    away = np.hypot(xs - x0 - along * dx, ys - start[1] - along * dy)
    sure = np.abs(away - radius) > RIM
    assert np.array_equal(image[sure], (away < radius)[sure])


@pytest.mark.parametrize(("square", "area"), [(False, 13), (True, 25)])
def test_the_rim_belongs_to_the_brush(square: bool, area: int) -> None:
    for x, y in ((8.5, 9.5), (20.5, 4.5)):
        assert painted((x, y), (x, y), 2.0, square=square).sum() == area


@pytest.mark.parametrize("radius", [0.0, 0.2, 0.5])
@pytest.mark.parametrize("square", [False, True])
def test_the_smallest_brush_paints_the_pixel_under_the_cursor(radius: float, square: bool) -> None:
    image = painted((4.9, 6.1), (4.9, 6.1), radius, square=square)
    assert np.argwhere(image).tolist() == [[6, 4]]


def test_nothing_is_covered_beside_the_image() -> None:
    rect, covered = stroke_segment((-50.0, -50.0), (-40.0, -45.0), 5.0, HEIGHT, WIDTH)
    assert rect.is_empty
    assert covered.size == 0


def test_far_from_the_origin_the_disk_keeps_its_shape() -> None:
    near = stroke_segment((20.3, 20.6), (20.3, 20.6), 8.0, 40, 40)[1]
    far = stroke_segment((9020.3, 9020.6), (9020.3, 9020.6), 8.0, 10_000, 10_000)[1]
    assert np.array_equal(near, far)


@pytest.mark.parametrize("square", [False, True])
def test_an_image_of_one_pixel_and_a_brush_that_is_larger(square: bool) -> None:
    assert painted((0.5, 0.5), (0.5, 0.5), 0.0, 1, 1, square).all()
    assert painted((40.0, 40.0), (-40.0, -40.0), 5.0, 1, 1, square).all()
    assert painted((5.0, 5.0), (5.0, 6.0), 100.0, square=square).all()


@pytest.mark.parametrize("square", [False, True])
def test_a_way_that_leaves_the_image_is_cut_off_at_the_frame(square: bool) -> None:
    whole = painted((20.2, 20.7), (60.2, 35.7), 6.5, 90, 90, square)
    part = painted((20.2, 20.7), (60.2, 35.7), 6.5, 30, 40, square)
    assert np.array_equal(part, whole[:30, :40])
