"""Tidying up against plain loops over pixels and parts."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import get_args

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from segstudio.domain.clean_up import Operation, clean_up
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.regions import fill_holes, grow, keep_largest, shrink, smooth, without_specks

SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
ALL = (*SIDES, (-1, -1), (-1, 1), (1, -1), (1, 1))
OPERATIONS: tuple[Operation, ...] = get_args(Operation)

shapes = st.tuples(st.integers(1, 9), st.integers(1, 10))
values = st.sampled_from([0, 0, 0, 1, 1, 2, 7])
images = st.one_of(
    npst.arrays(np.uint16, shapes, elements=values), npst.arrays(np.uint16, shapes, elements=values, fill=values)
)
some = st.lists(st.sampled_from([1, 2, 7, 9]), min_size=1, max_size=3, unique=True)
kept = st.lists(st.sampled_from([0, 1, 2, 7]), max_size=2, unique=True)
amounts = st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.7])

Pixel = tuple[int, int]


def applied(ids: np.ndarray, patch: Patch) -> np.ndarray:
    """The image after the patch, which must be as tight as can be and change all that it names."""
    result = ids.copy()
    if patch.rect.is_empty:
        assert patch is NOTHING
        return result
    assert patch.rect.clip(*ids.shape) == patch.rect
    assert patch.where.shape == (patch.rect.height, patch.rect.width)
    assert all(side.any() for side in (patch.where[0], patch.where[-1], patch.where[:, 0], patch.where[:, -1]))
    result[patch.rect.slices][patch.where] = patch.values[patch.where]
    assert np.array_equal(result != ids, np.isin(np.arange(ids.size), inside_of(ids, patch)).reshape(ids.shape))
    return result


def inside_of(ids: np.ndarray, patch: Patch) -> np.ndarray:
    rows, columns = np.nonzero(patch.where)
    return (rows + patch.rect.y0) * ids.shape[1] + columns + patch.rect.x0


def neighbours(pixel: Pixel, ids: np.ndarray, steps: tuple[Pixel, ...]) -> Iterator[Pixel]:
    for dy, dx in steps:
        y, x = pixel[0] + dy, pixel[1] + dx
        if 0 <= y < ids.shape[0] and 0 <= x < ids.shape[1]:
            yield y, x


def parts(mask: np.ndarray, steps: tuple[Pixel, ...]) -> list[set[Pixel]]:
    """In the order of their first pixels."""
    found: list[set[Pixel]] = []
    seen: set[Pixel] = set()
    for start in map(tuple, np.argwhere(mask).tolist()):
        if start in seen:
            continue
        part, waiting = {start}, [start]
        while waiting:
            for pixel in neighbours(waiting.pop(), mask, steps):
                if mask[pixel] and pixel not in part:
                    part.add(pixel)
                    waiting.append(pixel)
        seen |= part
        found.append(part)
    return found


def to_do(ids: np.ndarray, segments: list[int], locked: list[int]) -> list[int]:
    return [segment for segment in segments if segment not in locked and (ids == segment).any()]


def slow_holes(ids: np.ndarray, segments: list[int], locked: list[int]) -> np.ndarray:
    result = ids.copy()
    if 0 in locked:
        return result
    size: dict[Pixel, int] = {}
    for segment in to_do(ids, segments, locked):
        for part in parts(ids != segment, SIDES):
            if any(y in (0, ids.shape[0] - 1) or x in (0, ids.shape[1] - 1) for y, x in part):
                continue
            for pixel in part:
                if ids[pixel] == 0 and len(part) < size.get(pixel, 10**9):
                    result[pixel], size[pixel] = segment, len(part)
    return result


def slow_dropping(ids: np.ndarray, going: list[set[Pixel]], segment: int, locked: list[int]) -> None:
    heirs = []
    for part in going:
        ring = {pixel for member in part for pixel in neighbours(member, ids, ALL)} - part
        votes = Counter(int(ids[pixel]) for pixel in ring if ids[pixel] not in (segment, *locked))
        fallback = segment if 0 in locked else 0
        heirs.append(min(votes, key=lambda other: (-votes[other], other)) if votes else fallback)
    for part, heir in zip(going, heirs, strict=True):
        for pixel in part:
            ids[pixel] = heir


def slow_specks(ids: np.ndarray, amount: float, segments: list[int], locked: list[int]) -> np.ndarray:
    result = ids.copy()
    for segment in to_do(ids, segments, locked):
        going = [part for part in parts(result == segment, ALL) if len(part) < amount]
        slow_dropping(result, going, segment, locked)
    return result


def nearest(pixel: Pixel, ids: np.ndarray, wanted: list[int]) -> tuple[float, int]:
    """(distance squared, id), the nearer and then the earlier of ``wanted``; endless for none."""
    best = (math.inf, -1)
    for other in wanted:
        away = min(
            ((y - pixel[0]) ** 2 + (x - pixel[1]) ** 2 for y, x in np.argwhere(ids == other).tolist()), default=math.inf
        )
        if away < best[0]:
            best = (away, other)
    return best


def slow_grow(ids: np.ndarray, radius: float, segments: list[int], locked: list[int]) -> np.ndarray:
    result = ids.copy()
    if 0 not in locked:
        for pixel in map(tuple, np.argwhere(ids == 0).tolist()):
            away, owner = nearest(pixel, ids, to_do(ids, segments, locked))
            if away <= radius * radius:
                result[pixel] = owner
    return result


def slow_shrink(ids: np.ndarray, radius: float, segments: list[int], locked: list[int]) -> np.ndarray:
    result = ids.copy()
    named = to_do(ids, segments, locked)
    every = sorted(set(ids.reshape(-1).tolist()))
    heirs = [other for other in every if other not in named and other not in locked]
    for pixel in map(tuple, np.argwhere(np.isin(ids, named)).tolist()):
        if nearest(pixel, ids, [other for other in every if other != ids[pixel]])[0] > radius * radius:
            continue
        away, heir = nearest(pixel, ids, heirs)
        if away <= radius * radius:
            result[pixel] = heir
        elif 0 not in locked:
            result[pixel] = 0
    return result


def slow_smooth(
    ids: np.ndarray, radius: float, segments: list[int], locked: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """The result, and where the weights are far enough apart to be sure of it."""
    named, result = to_do(ids, segments, locked), ids.copy()
    sure = np.ones(ids.shape, bool)
    reach = math.ceil(4 * radius)
    line = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * radius * radius))
    kernel = np.outer(line, line) / line.sum() ** 2
    padded = np.pad(ids, reach, mode="edge")
    every = sorted(set(ids.reshape(-1).tolist()))
    for row in range(ids.shape[0]):
        for column in range(ids.shape[1]):
            window = padded[row : row + len(line), column : column + len(line)]
            weights = {other: float(kernel[window == other].sum()) for other in every}
            ranked = sorted(weights.values(), reverse=True)
            sure[row, column] = len(ranked) == 1 or ranked[0] - ranked[1] > 1e-4
            own, winner = int(ids[row, column]), max(weights, key=lambda other: weights[other])
            if own in locked or winner in locked:
                continue
            if own in named or (own == 0 and winner in named):
                result[row, column] = winner
    return result, sure


@given(images, some, kept)
@example(np.zeros((4, 5), np.uint16), [1], [])
@example(np.ones((1, 1), np.uint16), [1], [])
def test_holes_are_filled(ids: np.ndarray, segments: list[int], locked: list[int]) -> None:
    after = applied(ids, clean_up(ids, "fill_holes", 0, segments, locked))
    assert np.array_equal(after, slow_holes(ids, segments, locked))


NESTED = np.zeros((11, 11), np.uint16)
NESTED[0:11, 0:11] = 1
NESTED[1:10, 1:10] = 0
NESTED[3:8, 3:8] = 2
NESTED[4:7, 4:7] = 0
NESTED[5, 5] = 1


@pytest.mark.parametrize("order", [[1, 2], [2, 1]])
def test_the_innermost_segment_takes_a_hole(order: list[int]) -> None:
    after = applied(NESTED, clean_up(NESTED, "fill_holes", 0, order))
    assert (after[4:7, 4:7] == np.array([[2, 2, 2], [2, 1, 2], [2, 2, 2]])).all()
    assert (after[1:3] == 1).all()
    outer = applied(NESTED, clean_up(NESTED, "fill_holes", 0, [1]))
    assert (outer[4, 4:7] == 1).all()
    assert (outer[3] == NESTED[3])[3:8].all()


@given(images, some, kept, st.floats(0, 12))
@example(np.ones((5, 5), np.uint16), [1], [], 26.0)
@example(np.ones((1, 1), np.uint16), [1], [], 2.0)
@example(np.ones((1, 1), np.uint16), [1], [0], 2.0)
def test_specks_become_what_is_around_them(
    ids: np.ndarray, segments: list[int], locked: list[int], amount: float
) -> None:
    after = applied(ids, clean_up(ids, "remove_specks", amount, segments, locked))
    assert np.array_equal(after, slow_specks(ids, amount, segments, locked))


@given(images, some, kept)
def test_the_largest_part_is_kept_and_the_rest_becomes_what_is_around_it(
    ids: np.ndarray, segments: list[int], locked: list[int]
) -> None:
    expected, taken = ids.copy(), applied(ids, clean_up(ids, "keep_largest", 0, segments, locked))
    for segment in to_do(ids, segments, locked):
        found = parts(expected == segment, ALL)
        largest = max(found, key=len)
        slow_dropping(expected, [part for part in found if part != largest], segment, locked)
    assert np.array_equal(taken, expected)


@given(images)
def test_after_keeping_the_largest_part_of_all_there_is_one_of_each(ids: np.ndarray) -> None:
    after = applied(ids, clean_up(ids, "keep_largest", 0, [1, 2, 7]))
    for segment in (1, 2, 7):
        assert len(parts(after == segment, ALL)) == int((ids == segment).any())


@given(images, some, kept, amounts)
@example(np.array([[1, 0, 2]], np.uint16), [2, 1], [], 1.0)
def test_growing_takes_background_alone(ids: np.ndarray, segments: list[int], locked: list[int], amount: float) -> None:
    after = applied(ids, clean_up(ids, "grow", amount, segments, locked))
    assert np.array_equal(after, slow_grow(ids, amount, segments, locked))


@given(images, some, kept, amounts)
@example(np.array([[1, 1, 2, 2]], np.uint16), [1, 2], [], 1.0)
@example(np.ones((6, 6), np.uint16), [1], [], 3.0)
def test_shrinking_leaves_the_nearest(ids: np.ndarray, segments: list[int], locked: list[int], amount: float) -> None:
    after = applied(ids, clean_up(ids, "shrink", amount, segments, locked))
    assert np.array_equal(after, slow_shrink(ids, amount, segments, locked))


@settings(deadline=None)
@given(images, some, kept, st.sampled_from([0.4, 1.0, 2.0]))
def test_smoothing_weighs_what_is_around(
    ids: np.ndarray, segments: list[int], locked: list[int], amount: float
) -> None:
    after = applied(ids, clean_up(ids, "smooth", amount, segments, locked))
    expected, sure = slow_smooth(ids, amount, segments, locked)
    assert np.array_equal(after[sure], expected[sure])


@given(images, st.sampled_from(OPERATIONS), amounts, some, kept)
def test_a_locked_segment_stays_as_it_is(
    ids: np.ndarray, operation: Operation, amount: float, segments: list[int], locked: list[int]
) -> None:
    after = applied(ids, clean_up(ids, operation, amount, segments, locked))
    for segment in locked:
        assert np.array_equal(after == segment, ids == segment)


@given(images.map(lambda ids: (ids == 1).astype(np.uint16)), st.sampled_from([0.5, 1.0, 2.0, 3.0]))
def test_alone_a_segment_is_treated_as_a_region(ids: np.ndarray, amount: float) -> None:
    mask = ids == 1
    assert np.array_equal(applied(ids, clean_up(ids, "grow", amount, [1])) == 1, grow(mask, amount))
    assert np.array_equal(applied(ids, clean_up(ids, "shrink", amount, [1])) == 1, shrink(mask, amount))
    assert np.array_equal(applied(ids, clean_up(ids, "smooth", amount, [1])) == 1, smooth(mask, amount))
    assert np.array_equal(applied(ids, clean_up(ids, "fill_holes", amount, [1])) == 1, fill_holes(mask))
    assert np.array_equal(applied(ids, clean_up(ids, "keep_largest", amount, [1])) == 1, keep_largest(mask))
    assert np.array_equal(applied(ids, clean_up(ids, "remove_specks", amount, [1])) == 1, without_specks(mask, amount))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("segments", [[], [0], [9], [65535]])
def test_nothing_changes_for_what_is_not_there(operation: Operation, segments: list[int]) -> None:
    assert clean_up(NESTED, operation, 3.0, segments) is NOTHING
    assert clean_up(np.zeros((3, 4), np.uint16), operation, 3.0, segments) is NOTHING


def scene() -> np.ndarray:
    """Blobs of three segments over several blocks, with specks and holes."""
    rng = np.random.default_rng(5)
    ids = np.zeros((600, 700), np.uint16)
    ys, xs = np.mgrid[:600, :700]
    for segment, y, x, radius in ((1, 260, 250, 210), (2, 300, 480, 150), (7, 40, 640, 70)):
        ids[np.hypot(xs - x, ys - y) < radius] = segment
    ids[rng.integers(0, 600, 300), rng.integers(0, 700, 300)] = rng.choice(np.array([0, 1, 2, 7]), 300)
    ids.setflags(write=False)
    return ids


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("locked", [[], [7]])
def test_the_size_of_the_image_changes_nothing(operation: Operation, locked: list[int]) -> None:
    """The same change far from the origin, where other blocks are cut."""
    ids = scene()
    large = np.pad(ids, ((173, 90), (391, 0)), mode="edge")
    small = np.pad(ids, ((20, 20), (20, 0)), mode="edge")
    for segments in ([1], [2, 1, 7]):
        near = applied(small, clean_up(small, operation, 5.0, segments, locked))
        far = applied(large, clean_up(large, operation, 5.0, segments, locked))
        assert (near != small).any()
        assert np.array_equal(far[173:773, 391:], near[20:620, 20:])
