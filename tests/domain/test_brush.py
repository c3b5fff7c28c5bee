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

# Distances are single precision: a centre that lies this close to the rim may fall on either side.
RIM = 1e-4


def distance(point: Point, start: Point, end: Point) -> float:
    (px, py), (x0, y0), (x1, y1) = point, start, end
    dx, dy = x1 - x0, y1 - y0
    length_squared = dx * dx + dy * dy
    along = 0.0 if length_squared == 0 else min(1.0, max(0.0, ((px - x0) * dx + (py - y0) * dy) / length_squared))
    return math.hypot(px - x0 - along * dx, py - y0 - along * dy)


@given(points, points, radii)
@example((3.5, 5.5), (3.5, 5.5), 0.0)
@example((1.0, 1.0), (1.0, 1.0 + 1e-40), 2.0)
@example((0.0, 0.0), (1e-170, 1e-170), 3.0)
def test_a_segment_covers_what_is_within_its_radius(start: Point, end: Point, radius: float) -> None:
    rect, covered = stroke_segment(start, end, radius, HEIGHT, WIDTH)
    assert covered.shape == (rect.height, rect.width)
    assert rect.intersect(Rect(0, 0, WIDTH, HEIGHT)) == rect
    image = np.zeros((HEIGHT, WIDTH), bool)
    image[rect.slices] = covered
    under_cursor = math.floor(end[0]), math.floor(end[1])
    for y in range(HEIGHT):
        for x in range(WIDTH):
            away = distance((x + 0.5, y + 0.5), start, end)
            if (x, y) == under_cursor:
                assert image[y, x]
            elif abs(away - radius) > RIM:
                assert image[y, x] == (away < radius), (x, y, away)


@pytest.mark.parametrize("radius", [0.0, 0.2, 0.5])
def test_the_smallest_brush_paints_the_pixel_under_the_cursor(radius: float) -> None:
    rect, covered = stroke_segment((4.9, 6.1), (4.9, 6.1), radius, HEIGHT, WIDTH)
    image = np.zeros((HEIGHT, WIDTH), bool)
    image[rect.slices] = covered
    assert np.argwhere(image).tolist() == [[6, 4]]


def test_nothing_is_covered_beside_the_image() -> None:
    rect, covered = stroke_segment((-50.0, -50.0), (-40.0, -45.0), 5.0, HEIGHT, WIDTH)
    assert rect.is_empty
    assert covered.size == 0


def test_far_from_the_origin_the_disk_keeps_its_shape() -> None:
    near = stroke_segment((20.3, 20.6), (20.3, 20.6), 8.0, 40, 40)[1]
    far = stroke_segment((9020.3, 9020.6), (9020.3, 9020.6), 8.0, 10_000, 10_000)[1]
    assert np.array_equal(near, far)
