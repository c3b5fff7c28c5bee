"""Sizes and shapes of regions whose answers are known, and what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.domain.measure import (
    Shape,
    compactness,
    eccentricity,
    equivalent_diameter,
    measure_shape,
    outlines,
    perimeter,
)
from tests.domain.figures import disc, ellipse, square

blots = st.builds(
    lambda seed, share: np.kron(np.random.default_rng(seed).random((9, 13)) < share, np.ones((4, 4), bool)),
    st.integers(0, 10_000),
    st.floats(0.2, 0.9),
)
"""Regions of several parts, with holes, thin bridges and corners that touch."""


def shape(mask) -> Shape:
    found = measure_shape(mask)
    assert found is not None
    return found


def sizes(found: Shape) -> list[float]:
    return [
        *(found.area, found.perimeter, found.equivalent_diameter, found.max_diameter.length),
        *(found.min_diameter.length, found.axes.major, found.axes.minor),
    ]


def ratios(found: Shape) -> list[float]:
    return [found.compactness, found.solidity, found.eccentricity]


def test_nothing_has_no_shape():
    assert measure_shape(np.zeros((4, 5), bool)) is None
    assert perimeter(np.zeros((4, 5), bool)) == 0


@pytest.mark.parametrize("radius", [10, 20, 50, 150])
@pytest.mark.parametrize("off", [(0, 0), (0.3, 0.2), (0.5, 0.25)])
def test_a_disc(radius, off):
    found = shape(disc(radius, *off))
    assert found.perimeter == pytest.approx(2 * math.pi * radius, rel=0.012)
    assert found.area == pytest.approx(math.pi * radius**2, rel=0.15 / radius + 0.005)
    assert found.equivalent_diameter == pytest.approx(2 * radius, rel=0.08 / radius + 0.0025)
    assert found.max_diameter.length == pytest.approx(2 * radius, abs=1)
    assert found.min_diameter.length == pytest.approx(2 * radius, abs=1)
    assert found.compactness == pytest.approx(1, abs=0.02)
    assert found.solidity == pytest.approx(1, abs=0.025)
    assert found.eccentricity < 0.21
    assert (found.parts, found.frame) == (1, False)


@pytest.mark.parametrize("side", [20, 60, 160])
def test_a_square_that_stands_straight(side):
    found = shape(square(side))
    assert found.area == side**2
    assert found.perimeter == pytest.approx(4 * side, rel=0.03)
    assert found.min_diameter.length == side
    assert found.max_diameter.length == pytest.approx(side * math.sqrt(2), abs=0.8)
    assert found.compactness == pytest.approx(4 / math.pi, rel=0.06)
    assert found.solidity == 1
    assert found.eccentricity == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("angle", [0.1, 0.2, 0.39, 0.6, 0.785])
def test_a_square_that_is_turned(angle):
    found = shape(square(160, angle))
    assert found.perimeter == pytest.approx(640, rel=0.01)
    assert found.max_diameter.length == pytest.approx(160 * math.sqrt(2), rel=0.005)
    assert found.min_diameter.length == pytest.approx(160, abs=1.2)


@pytest.mark.parametrize("angle", [0, 0.2, 0.5, 1.0, 1.5, -0.4, -1.2])
def test_an_ellipse_at_any_angle(angle):
    found = shape(ellipse(120, 48, angle))
    # Ramanujan's second approximation, right to seven digits here.
    h = ((120 - 48) / (120 + 48)) ** 2
    assert found.perimeter == pytest.approx(math.pi * 168 * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h))), rel=0.005)
    assert found.area == pytest.approx(math.pi * 120 * 48, rel=0.002)
    assert found.axes.major == pytest.approx(120, abs=0.3)
    assert found.axes.minor == pytest.approx(48, abs=0.3)
    assert math.remainder(found.axes.angle - angle, math.pi) == pytest.approx(0, abs=0.01)
    assert found.eccentricity == pytest.approx(math.sqrt(1 - 0.16), abs=0.003)
    assert found.max_diameter.length == pytest.approx(240, abs=1)
    assert found.min_diameter.length == pytest.approx(96, abs=1.2)


def test_a_ring_has_two_borders_and_a_hole_in_its_hull():
    ring = disc(80) & ~disc(40, side=disc(80).shape[0])
    found = shape(ring)
    assert found.perimeter == pytest.approx(2 * math.pi * 120, rel=0.01)
    assert found.area == pytest.approx(math.pi * (80**2 - 40**2), rel=0.005)
    assert found.solidity == pytest.approx(0.75, abs=0.01)
    assert found.max_diameter.length == pytest.approx(160, abs=1)


def test_two_pieces_are_measured_together():
    mask = np.zeros((60, 120), bool)
    mask[20:30, 10:20] = mask[20:30, 90:100] = True
    found = shape(mask)
    assert (found.parts, found.area, found.centroid) == (2, 200, (55, 25))
    assert found.max_diameter.length == pytest.approx(math.hypot(90, 9), abs=0.01)
    assert found.min_diameter.length == 10


def test_one_pixel():
    mask = np.zeros((5, 7), bool)
    mask[2, 3] = True
    found = shape(mask)
    assert (found.area, found.centroid, found.parts) == (1, (3.5, 2.5), 1)
    assert found.perimeter == pytest.approx(math.pi)
    assert found.max_diameter.length == pytest.approx(1)
    assert found.eccentricity == 0


def test_a_line_of_pixels():
    mask = np.zeros((9, 40), bool)
    mask[4, 5:35] = True
    found = shape(mask)
    assert found.max_diameter.length == 30
    assert found.min_diameter.length == 1
    assert found.perimeter == pytest.approx(62, rel=0.05)
    assert found.eccentricity > 0.99


def test_spans_end_on_the_border_and_have_their_length():
    found = shape(ellipse(40, 15, 0.7))
    for span in (found.max_diameter, found.min_diameter):
        assert math.dist(span.start, span.end) == pytest.approx(span.length)
    (x0, y0), (x1, y1) = found.max_diameter.start, found.max_diameter.end
    assert math.remainder(math.atan2(y1 - y0, x1 - x0) - 0.7, math.pi) == pytest.approx(0, abs=0.05)
    (x0, y0), (x1, y1) = found.min_diameter.start, found.min_diameter.end
    assert math.remainder(math.atan2(y1 - y0, x1 - x0) - 0.7, math.pi) == pytest.approx(math.pi / 2, abs=0.1) or (
        math.remainder(math.atan2(y1 - y0, x1 - x0) - 0.7, math.pi) == pytest.approx(-math.pi / 2, abs=0.1)
    )


@pytest.mark.parametrize("edge", [np.s_[0, 3], np.s_[4, 3], np.s_[2, 0], np.s_[2, 6]])
def test_what_reaches_the_edge_of_the_image_says_so(edge):
    mask = np.zeros((5, 7), bool)
    mask[2, 3] = True
    assert not shape(mask).frame
    mask[edge] = True
    assert shape(mask).frame


def test_formulas():
    assert equivalent_diameter(math.pi * 25) == pytest.approx(10)
    assert compactness(math.pi * 25, math.pi * 10) == pytest.approx(1)
    assert compactness(4, 8) == pytest.approx(4 / math.pi)
    assert eccentricity(shape(disc(30)).axes) < 0.1


@settings(deadline=None)
@given(blots)
def test_turning_and_mirroring_change_nothing(mask):
    found = measure_shape(mask)
    if found is None:
        assert not mask.any()
        return
    for other in (np.rot90(mask), np.rot90(mask, 2), mask[:, ::-1], mask[::-1]):
        assert sizes(shape(other)) == pytest.approx(sizes(found))
        assert ratios(shape(other)) == pytest.approx(ratios(found), abs=1e-6)
        assert shape(other).parts == found.parts
    x, y = shape(mask[:, ::-1]).centroid
    assert (mask.shape[1] - x, y) == pytest.approx(found.centroid)


@settings(deadline=None)
@given(blots, st.integers(0, 9), st.integers(0, 9))
def test_moving_moves_the_centroid_alone(mask, right, down):
    found = measure_shape(mask)
    moved = measure_shape(np.pad(mask, ((down, 1), (right, 1))))
    assert (found is None) == (moved is None)
    if found is not None and moved is not None:
        assert sizes(moved) == pytest.approx(sizes(found))
        assert ratios(moved) == pytest.approx(ratios(found), abs=1e-6)
        assert moved.centroid == pytest.approx((found.centroid[0] + right, found.centroid[1] + down))


@settings(deadline=None)
@given(st.floats(0.35, 1), st.floats(0, math.pi), st.sampled_from([2, 3]))
def test_enlarging_enlarges_lengths_and_leaves_ratios(flat, angle, by):
    one, other = (shape(ellipse(k * 30, k * 30 * flat, angle)) for k in (1, by))
    assert other.area == pytest.approx(by**2 * one.area, rel=0.03)
    assert other.perimeter == pytest.approx(by * one.perimeter, rel=0.03)
    assert other.max_diameter.length == pytest.approx(by * one.max_diameter.length, rel=0.03)
    # A narrow one that lies nearly straight is a pixel too wide or too narrow, which enlarging enlarges.
    assert other.min_diameter.length == pytest.approx(by * one.min_diameter.length, rel=0.03, abs=1.5 * by)
    assert other.compactness == pytest.approx(one.compactness, rel=0.04)
    assert other.solidity == pytest.approx(one.solidity, abs=0.04)


def test_outlines_go_round_the_region_and_its_holes():
    ring = disc(40, side=120) & ~disc(15, side=120)
    found = outlines(ring)
    assert len(found) == 2
    away = [np.hypot(*(points - 60).T) for points in found]
    assert sorted(float(np.median(reach)) for reach in away) == pytest.approx([15, 40], abs=1.5)
    assert all(len(points) < 90 for points in found)
    assert outlines(ring & False) == []
