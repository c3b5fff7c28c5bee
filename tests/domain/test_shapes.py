"""Shapes against the rule for a single pixel's centre, asked of every pixel."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segstudio.domain.brush import Point
from segstudio.domain.geometry import EMPTY, Rect
from segstudio.domain.shapes import ellipse, ellipse_points, polygon, rectangle, rectangle_points, squared

HEIGHT, WIDTH = 14, 19
free = st.tuples(st.floats(-12, 30), st.floats(-12, 30))
# On half pixels edges run through centres and corners lie on them.
on_centres = st.tuples(st.integers(-8, 50), st.integers(-8, 50)).map(lambda p: (p[0] / 2, p[1] / 2))

# A centre that lies this close to an edge may fall on either side.
EDGE = 1e-6


def whole(result: tuple[Rect, np.ndarray], height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    rect, inside = result
    assert inside.dtype == bool
    assert inside.shape == (rect.height, rect.width)
    assert rect.is_empty or rect.clip(height, width) == rect
    image = np.zeros((height, width), bool)
    image[rect.slices] = inside
    return image


def turns(x: float, y: float, points: Sequence[Point]) -> int:
    """How often the outline goes round a point, against the clock taken off."""
    count = 0
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], *points[:1]], strict=True):
        if (y0 <= y) != (y1 <= y) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x:
            count += 1 if y0 <= y else -1
    return count


def from_edge(x: float, y: float, points: Sequence[Point]) -> float:
    nearest = math.inf
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], *points[:1]], strict=True):
        dx, dy = x1 - x0, y1 - y0
        squared_length = dx * dx + dy * dy
        t = min(1.0, max(0.0, ((x - x0) * dx + (y - y0) * dy) / squared_length)) if squared_length > 0 else 0.0
        nearest = min(nearest, math.hypot(x - x0 - t * dx, y - y0 - t * dy))
    return nearest


@given(st.lists(free | on_centres, max_size=9))
@example([(0.0, 0.0), (19.0, 0.0), (19.0, 14.0), (0.0, 14.0)])
@example([(-5.0, -5.0), (300.0, -5.0), (300.0, 300.0), (-5.0, 300.0)])
@example([(2.0, 2.0), (12.0, 10.0), (12.0, 2.0), (2.0, 10.0)])
@example([(3.0, 3.0), (3.0, 3.0), (3.0, 3.0)])
@example([(3.3, 5.5), (9.0, 5.5), (14.0, 5.5)])
@example([(2.0, 2.0), (12.0, 2.0), (12.0, 12.0), (2.0, 12.0), (2.0, 2.0), (9.0, 2.0), (9.0, 9.0), (2.0, 9.0)])
def test_a_polygon_holds_the_centres_that_its_rule_says(points: list[Point]) -> None:
    image = whole(polygon(points, HEIGHT, WIDTH))
    wound = whole(polygon(points, HEIGHT, WIDTH, winding=True))
    for row in range(HEIGHT):
        for column in range(WIDTH):
            x, y = column + 0.5, row + 0.5
            if not points or from_edge(x, y, points) > EDGE:
                assert image[row, column] == turns(x, y, points) % 2, (x, y)
                assert wound[row, column] == (turns(x, y, points) != 0), (x, y)


@given(st.integers(-10, 60), st.lists(on_centres, min_size=2, max_size=2))
def test_neighbours_share_no_pixel_and_leave_none_out(cut: int, ends: list[Point]) -> None:
    x = cut / 2
    top, bottom = (ends[0][0], -20.0), (ends[1][0], 60.0)
    left = whole(polygon([(-20.0, -20.0), top, (x, 7.5), bottom, (-20.0, 60.0)], HEIGHT, WIDTH))
    right = whole(polygon([(60.0, -20.0), top, (x, 7.5), bottom, (60.0, 60.0)], HEIGHT, WIDTH))
    assert (left ^ right).all()


def test_a_long_outline_holds_the_area_it_should() -> None:
    steps = np.linspace(0, 2 * math.pi, 4000, endpoint=False)
    points = [(500 + 400 * math.cos(angle), 480 + 450 * math.sin(angle)) for angle in steps]
    image = whole(polygon(points, 1000, 1000), 1000, 1000)
    assert image.sum() == pytest.approx(math.pi * 400 * 450, rel=1e-4)


@pytest.mark.parametrize("points", [[], [(4.0, 4.0)], [(4.0, 4.0), (9.0, 9.0)]])
def test_fewer_than_three_points_hold_nothing(points: list[Point]) -> None:
    assert polygon(points, HEIGHT, WIDTH)[0] == EMPTY


@given(free | on_centres, free | on_centres)
@example((-40.0, -40.0), (80.0, 80.0))
@example((-40.0, 3.0), (-2.0, 9.0))
@example((4.5, 4.5), (4.5, 4.5))
def test_a_rectangle_holds_the_centres_between_its_sides(a: Point, b: Point) -> None:
    image = whole(rectangle(a, b, HEIGHT, WIDTH))
    for row in range(HEIGHT):
        for column in range(WIDTH):
            x, y = column + 0.5, row + 0.5
            expected = min(a[0], b[0]) <= x < max(a[0], b[0]) and min(a[1], b[1]) <= y < max(a[1], b[1])
            assert image[row, column] == expected
    assert np.array_equal(image, whole(polygon(rectangle_points(a, b), HEIGHT, WIDTH)))


@given(free | on_centres, free | on_centres)
@example((-40.0, -40.0), (80.0, 80.0))
@example((0.0, 0.0), (19.0, 14.0))
@example((4.5, 4.5), (4.5, 4.5))
@example((4.4, 4.4), (4.6, 4.6))
def test_an_ellipse_holds_the_centres_inside_its_curve(a: Point, b: Point) -> None:
    image = whole(ellipse(a, b, HEIGHT, WIDTH))
    (x0, y0), (x1, y1) = a, b
    rx, ry = abs(x1 - x0) / 2, abs(y1 - y0) / 2
    for row in range(HEIGHT):
        for column in range(WIDTH):
            dx, dy = column + 0.5 - (x0 + x1) / 2, row + 0.5 - (y0 + y1) / 2
            if rx == 0 or ry == 0 or abs(dx) > rx + EDGE or abs(dy) > ry + EDGE:
                assert not image[row, column]
            elif abs(abs(dx) - rx * math.sqrt(max(0, 1 - (dy / ry) ** 2))) > EDGE and abs(dy) < ry - EDGE:
                assert image[row, column] == ((dx / rx) ** 2 + (dy / ry) ** 2 < 1)


@given(free, free)
def test_an_outline_stays_close_to_its_ellipse(a: Point, b: Point) -> None:
    points = ellipse_points(a, b)
    (x0, y0), (x1, y1) = a, b
    rx, ry = abs(x1 - x0) / 2, abs(y1 - y0) / 2
    assert len(points) >= 16
    for step, (px, py) in enumerate(points):
        angle = 2 * math.pi * (step + 0.5) / len(points)
        qx, qy = points[(step + 1) % len(points)]
        curve = (x0 + x1) / 2 + rx * math.cos(angle), (y0 + y1) / 2 + ry * math.sin(angle)
        assert math.hypot((px + qx) / 2 - curve[0], (py + qy) / 2 - curve[1]) <= 0.0500001 + 0.02 * (len(points) == 16)


@given(free, free)
def test_corners_go_clockwise_from_the_first(a: Point, b: Point) -> None:
    points = rectangle_points(a, b)
    assert points[0] == a
    assert points[2] == b
    turned = sum(p[0] * q[1] - q[0] * p[1] for p, q in zip(points, [*points[1:], points[0]], strict=True))
    assert turned >= -1e-9


@given(free, free)
@example((3.0, 3.0), (3.0, 3.0))
@example((3.0, 3.0), (3.0, 8.0))
def test_a_squared_box_is_a_square_that_holds_the_box(a: Point, b: Point) -> None:
    x, y = squared(a, b)
    side = max(abs(b[0] - a[0]), abs(b[1] - a[1]))
    assert abs(x - a[0]) == pytest.approx(side)
    assert abs(y - a[1]) == pytest.approx(side)
    assert (x - a[0]) * (b[0] - a[0]) >= 0
    assert (y - a[1]) * (b[1] - a[1]) >= 0
