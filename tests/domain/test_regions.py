"""Regions against plain loops over pixels."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from segstudio.domain.geometry import EMPTY, Rect
from segstudio.domain.regions import (
    blur_reach,
    blurred,
    bounds,
    connected,
    fill_holes,
    grow,
    keep_largest,
    parts,
    shrink,
    smooth,
)
from segstudio.domain.regions import without_specks as drop_specks

SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
ALL = (*SIDES, (-1, -1), (-1, 1), (1, -1), (1, 1))

shapes = st.tuples(st.integers(1, 11), st.integers(1, 13))
masks = st.one_of(npst.arrays(bool, shapes, elements=st.booleans()), npst.arrays(bool, shapes, fill=st.booleans()))
radii = st.sampled_from([0.0, 0.5, 0.99, 1.0, math.sqrt(2), 1.5, 2.0, math.sqrt(5), 3.0, 4.7, 50.0])

EMPTY_MASK, FULL = np.zeros((5, 7), bool), np.ones((5, 7), bool)
PIXEL, NO_PIXEL = np.ones((1, 1), bool), np.zeros((1, 1), bool)
RING = np.zeros((7, 9), bool)
RING[0:5, 0:5] = True
RING[1:4, 1:4] = False


def part_of(mask: np.ndarray, row: int, column: int, neighbours: tuple[tuple[int, int], ...]) -> set[tuple[int, int]]:
    """By a walk from pixel to pixel."""
    height, width = mask.shape
    if not (0 <= row < height and 0 <= column < width and mask[row, column]):
        return set()
    found, waiting = {(row, column)}, [(row, column)]
    while waiting:
        y, x = waiting.pop()
        for dy, dx in neighbours:
            pixel = y + dy, x + dx
            if 0 <= pixel[0] < height and 0 <= pixel[1] < width and mask[pixel] and pixel not in found:
                found.add(pixel)
                waiting.append(pixel)
    return found


def all_parts(mask: np.ndarray, neighbours: tuple[tuple[int, int], ...]) -> list[set[tuple[int, int]]]:
    found: list[set[tuple[int, int]]] = []
    for row, column in np.argwhere(mask).tolist():
        if not any((row, column) in part for part in found):
            found.append(part_of(mask, row, column, neighbours))
    return found


def pixels(mask: np.ndarray) -> set[tuple[int, int]]:
    return {(row, column) for row, column in np.argwhere(mask).tolist()}


def near(mask: np.ndarray, radius: float) -> np.ndarray:
    """Pixels with one of ``mask`` within ``radius``, asked of every pair."""
    result = np.zeros_like(mask)
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            result[row, column] = any(
                (y - row) ** 2 + (x - column) ** 2 <= radius * radius + 1e-9 for y, x in np.argwhere(mask)
            )
    return result


@given(masks, st.integers(-2, 14), st.integers(-2, 12), st.booleans())
@example(EMPTY_MASK, 2, 2, False)
@example(FULL, 6, 4, False)
@example(PIXEL, 0, 0, True)
def test_what_hangs_together_with_a_pixel(mask: np.ndarray, column: int, row: int, diagonal: bool) -> None:
    found = connected(mask, column, row, diagonal)
    assert found.dtype == bool
    assert found.shape == mask.shape
    assert pixels(found) == part_of(mask, row, column, ALL if diagonal else SIDES)


@given(masks)
@example(EMPTY_MASK)
@example(FULL)
@example(PIXEL)
@example(NO_PIXEL)
@example(RING)
@example(~RING)
@example(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], bool))
def test_a_hole_is_what_has_no_way_to_the_frame(mask: np.ndarray) -> None:
    expected = pixels(mask)
    height, width = mask.shape
    for part in all_parts(~mask, SIDES):
        if not any(y in (0, height - 1) or x in (0, width - 1) for y, x in part):
            expected |= part
    assert pixels(fill_holes(mask)) == expected


@given(masks)
@example(EMPTY_MASK)
@example(FULL)
@example(PIXEL)
def test_the_first_of_the_largest_parts_is_kept(mask: np.ndarray) -> None:
    found = all_parts(mask, ALL)
    assert pixels(keep_largest(mask)) == (max(found, key=len) if found else set())


@given(masks, st.floats(0, 20))
@example(FULL, 35.0)
@example(FULL, 36.0)
@example(EMPTY_MASK, 0.0)
@example(PIXEL, 1.0)
def test_specks_are_parts_below_an_area(mask: np.ndarray, min_area: float) -> None:
    expected = [part for part in all_parts(mask, ALL) if len(part) >= min_area]
    assert pixels(drop_specks(mask, min_area)) == set().union(*expected)


@given(masks, radii)
@example(EMPTY_MASK, 3.0)
@example(FULL, 3.0)
@example(PIXEL, 3.0)
def test_growing_takes_what_is_within_the_radius(mask: np.ndarray, radius: float) -> None:
    assert np.array_equal(grow(mask, radius), near(mask, radius))


@given(masks, radii)
@example(EMPTY_MASK, 3.0)
@example(FULL, 3.0)
@example(PIXEL, 3.0)
def test_shrinking_leaves_what_is_out_of_reach_of_the_outside(mask: np.ndarray, radius: float) -> None:
    assert np.array_equal(shrink(mask, radius), mask & ~near(~mask, radius))


def dots(height: int, width: int, count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), bool)
    mask[rng.integers(0, height, count), rng.integers(0, width, count)] = True
    return mask


@pytest.mark.parametrize("radius", [1.0, 7.3, 40.0, 90.0])
def test_growing_and_shrinking_do_not_see_the_blocks_they_work_in(radius: float) -> None:
    mask = dots(520, 700, 9, 3)
    rows, columns = np.nonzero(mask)
    ys, xs = np.mgrid[:520, :700]
    nearest = np.full(mask.shape, 10**9)
    for row, column in zip(rows, columns, strict=True):
        nearest = np.minimum(nearest, (ys - row) ** 2 + (xs - column) ** 2)
    assert np.array_equal(grow(mask, radius), nearest <= radius * radius)
    assert np.array_equal(shrink(~mask, radius), nearest > radius * radius)


def slow_smooth(mask: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """The Gaussian's weight summed for every pixel in double precision; and where that is sure to decide."""
    reach = math.ceil(4 * radius)
    offsets = np.arange(-reach, reach + 1)
    line = np.exp(-(offsets**2) / (2 * radius * radius))
    kernel = np.outer(line, line) / line.sum() ** 2
    padded = np.pad(mask.astype(float), reach, mode="edge")
    weight = np.zeros(mask.shape)
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            weight[row, column] = (padded[row : row + len(line), column : column + len(line)] * kernel).sum()
    return weight > 0.5, np.abs(weight - 0.5) > 1e-5


@settings(deadline=None)
@given(masks, st.sampled_from([0.3, 0.5, 1.0, 1.7, 3.0]))
@example(FULL, 1.0)
@example(EMPTY_MASK, 1.0)
@example(PIXEL, 2.0)
def test_smoothing_weighs_what_is_around_a_pixel(mask: np.ndarray, radius: float) -> None:
    expected, sure = slow_smooth(mask, radius)
    assert np.array_equal(smooth(mask, radius)[sure], expected[sure])


@pytest.mark.parametrize("radius", [6.1, 9.0, 23.7])
def test_a_wide_smoothing_weighs_nearly_as_a_gaussian(radius: float) -> None:
    reach = blur_reach(radius)
    mask = np.zeros((2 * reach + 9, 2 * reach + 9), bool)
    mask[reach + 4, reach + 4] = True
    offsets = np.arange(-reach - 4, reach + 5)
    line = np.exp(-(offsets**2) / (2 * radius * radius))
    expected = np.outer(line, line) / line.sum() ** 2
    weight = blurred(mask, radius)
    assert weight.sum() == pytest.approx(1, abs=1e-4)
    assert np.abs(weight - expected).sum() < 0.06
    found = math.sqrt((weight.sum(0) * offsets**2).sum())
    assert found == pytest.approx(radius, rel=0.01)
    assert not weight[:4].any()


@pytest.mark.parametrize("radius", [7.0, 30.0])
def test_smoothing_does_not_see_the_blocks_it_works_in(radius: float) -> None:
    rng = np.random.default_rng(4)
    mask = np.kron(rng.random((13, 17)) < 0.5, np.ones((50, 50), bool)).astype(bool)
    weight = blurred(mask, radius)
    sure = np.abs(weight - 0.5) > 1e-4
    assert np.array_equal(smooth(mask, radius)[sure], (weight > 0.5)[sure])


def disk(side: int, radius: float) -> np.ndarray:
    ys, xs = np.mgrid[:side, :side] + 0.5
    return np.hypot(xs - side / 2, ys - side / 2) <= radius


@pytest.mark.parametrize("radius", [2.0, 5.0, 10.0])
def test_a_large_blob_keeps_its_area_and_a_speck_goes(radius: float) -> None:
    large, speck = disk(int(30 * radius), 10 * radius), disk(int(30 * radius), 1.1 * radius)
    assert smooth(large, radius).sum() == pytest.approx(large.sum(), rel=0.012)
    assert not smooth(speck, radius).any()


@pytest.mark.parametrize("turned", [False, True])
def test_a_straight_border_stays_where_it_is_up_to_the_frame(turned: bool) -> None:
    mask = np.zeros((400, 300), bool)
    mask[:, 140:] = True
    mask = mask.T if turned else mask
    assert np.array_equal(smooth(mask, 6.0), mask)


def test_a_jagged_border_gets_shorter() -> None:
    rng = np.random.default_rng(1)
    mask = np.arange(200)[None, :] < 100 + rng.integers(-4, 5, 300)[:, None]
    steps = np.abs(np.diff(mask.sum(1))).sum()
    assert np.abs(np.diff(smooth(mask, 5.0).sum(1))).sum() < steps / 10


@pytest.mark.parametrize("change", [grow, shrink, smooth])
@pytest.mark.parametrize("radius", [0.0, -1.0])
def test_no_radius_changes_nothing(change: Callable[[np.ndarray, float], np.ndarray], radius: float) -> None:
    result = change(RING, radius)
    assert np.array_equal(result, RING)
    assert result is not RING


@given(masks)
def test_bounds_are_the_smallest_rectangle(mask: np.ndarray) -> None:
    box = bounds(mask)
    rows, columns = np.nonzero(mask)
    expected = Rect(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else EMPTY
    assert box == expected


@pytest.mark.parametrize(("apart", "kind"), [(2, np.int32), (40, np.uint16)])
def test_labels_are_as_wide_as_there_may_be_parts(apart: int, kind: type[np.generic]) -> None:
    mask = np.zeros((600, 600), bool)
    mask[::apart, ::apart] = True
    labels, areas = parts(mask)
    assert labels.dtype == kind
    assert len(areas) == np.count_nonzero(mask) + 1
    assert areas[1:].tolist() == [1] * (len(areas) - 1)


@pytest.mark.parametrize("layout", ["frozen", "columns", "reversed"])
def test_any_layout_of_a_mask_will_do_and_it_is_left_alone(layout: str) -> None:
    rng = np.random.default_rng(2)
    mask = rng.random((40, 50)) < 0.6
    plain = mask.copy()
    if layout == "columns":
        mask = np.asfortranarray(mask)
    elif layout == "reversed":
        mask = plain[::-1, ::-1].copy()[::-1, ::-1]
    mask.setflags(write=False)
    row, column = np.argwhere(plain)[300].tolist()
    assert np.array_equal(connected(mask, column, row), connected(plain.copy(), column, row))
    assert np.array_equal(fill_holes(mask), fill_holes(plain.copy()))
    assert np.array_equal(keep_largest(mask), keep_largest(plain.copy()))
    assert np.array_equal(drop_specks(mask, 5), drop_specks(plain.copy(), 5))
    assert np.array_equal(grow(mask, 2.0), grow(plain.copy(), 2.0))
    assert np.array_equal(shrink(mask, 1.0), shrink(plain.copy(), 1.0))
    assert np.array_equal(smooth(mask, 1.0), smooth(plain.copy(), 1.0))
    assert np.array_equal(mask, plain)
