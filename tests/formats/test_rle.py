"""COCO's run lengths and polygons, against slow references and against pycocotools."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from segstudio.formats.rle import decode_rle, encode_rle, fill_polygons, runs_of

masks = st.tuples(st.integers(1, 24), st.integers(1, 24)).flatmap(lambda shape: arrays(np.bool_, shape))


def slow_counts(mask: np.ndarray) -> list[int]:
    """Run lengths pixel by pixel, down the columns."""
    counts, value = [0], False
    for x in range(mask.shape[1]):
        for y in range(mask.shape[0]):
            if bool(mask[y, x]) != value:
                counts.append(0)
                value = not value
            counts[-1] += 1
    return counts


@given(masks)
def test_run_lengths_as_numbers(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_rle(slow_counts(mask), *mask.shape), mask)


# pycocotools' own decoder, which the program does without, is built for an older NumPy.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@given(masks)
def test_run_lengths_as_text(mask: np.ndarray) -> None:
    packed = encode_rle(mask)
    assert packed["size"] == list(mask.shape)
    assert coco_mask.decode(packed).astype(bool).tolist() == mask.tolist()
    np.testing.assert_array_equal(decode_rle(packed["counts"], *mask.shape), mask)
    np.testing.assert_array_equal(decode_rle(packed["counts"].encode(), *mask.shape), mask)


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
        lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 3))
    )
)
def test_all_labels_in_one_pass(labels: np.ndarray) -> None:
    found = {runs.label: runs for runs in runs_of(labels)}
    assert sorted(found) == [value for value in np.unique(labels).tolist() if value]
    for label, runs in found.items():
        mask = labels == label
        assert runs.encode() == encode_rle(mask)
        assert runs.area == mask.sum()
        rows, columns = np.nonzero(mask)
        box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        assert runs.box == box


def test_long_runs_as_text() -> None:
    """Lengths of more than one character, and differences below zero."""
    mask = np.zeros((900, 700), bool)
    mask[5:800, 3:600] = True
    mask[400:420] = False
    np.testing.assert_array_equal(decode_rle(encode_rle(mask)["counts"], 900, 700), mask)


@given(
    st.text(max_size=30) | st.binary(max_size=30) | st.lists(st.integers(-9, 9) | st.floats() | st.none(), max_size=9)
)
def test_anything_else_is_refused_in_words(counts: object) -> None:
    # 1001 × 997 pixels: more than thirty characters or nine small numbers say by chance.
    with pytest.raises(ValueError, match="its run lengths"):
        decode_rle(counts, 1001, 997)  # type: ignore[arg-type]


@pytest.mark.parametrize("counts", [[10**12], [4, 10**18], "o" * 200, "0o", [7, -1, 9], [True] * 15])
def test_hostile_run_lengths_allocate_nothing(counts: object) -> None:
    with pytest.raises(ValueError, match="run lengths"):
        decode_rle(counts, 3, 5)  # type: ignore[arg-type]


def inside(corners: list[tuple[float, float]], x: float, y: float) -> bool:
    """Whether a ray from a point crosses the border an odd number of times."""
    odd = False
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            odd = not odd
    return odd


def distance(corners: list[tuple[float, float]], x: float, y: float) -> float:
    """How far a point is from the border."""
    nearest = math.inf
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        length = (x2 - x1) ** 2 + (y2 - y1) ** 2
        along = 0.0 if length == 0 else max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length))
        nearest = min(nearest, math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1)))
    return nearest


places = st.floats(0, 24, allow_nan=False)


@given(st.lists(st.tuples(places, places), min_size=3, max_size=8))
def test_a_polygon_is_what_its_border_goes_round(corners: list[tuple[float, float]]) -> None:
    """At the border itself pycocotools decides; a pixel away nobody may disagree."""
    mask = fill_polygons([[number for corner in corners for number in corner]], 24, 24)
    for y in range(24):
        for x in range(24):
            if distance(corners, x + 0.5, y + 0.5) > 1.1:
                assert mask[y, x] == inside(corners, x + 0.5, y + 0.5)


@given(st.lists(st.lists(st.tuples(places, places), min_size=3, max_size=5), min_size=1, max_size=3))
def test_several_polygons_are_joined(polygons: list[list[tuple[float, float]]]) -> None:
    flat = [[number for corner in polygon for number in corner] for polygon in polygons]
    assume(all(len(polygon) >= 6 for polygon in flat))
    alone = [fill_polygons([polygon], 24, 24) for polygon in flat]
    np.testing.assert_array_equal(fill_polygons(flat, 24, 24), np.logical_or.reduce(alone))


def test_all_polygons_of_an_object_have_one_way_round() -> None:
    once = [-120, 0, 120, 4] * 6_000
    assert fill_polygons([once], 8, 8).shape == (8, 8)
    with pytest.raises(ValueError, match="longer way round"):
        fill_polygons([once, once], 8, 8)


def test_the_longest_outlines_are_exact() -> None:
    """A comb whose teeth are a pixel wide: no outline of an image is longer."""
    size = 1000
    comb = [0, 0]
    for left in range(0, size, 2):
        comb += [left, size - 1, left + 1, size - 1, left + 1, 1, left + 2, 1]
    comb[-4:] = [size - 1, 0]
    mask = fill_polygons([comb], size, size)
    assert mask[5:900, 0 : size - 2 : 2].all()
    assert not mask[5:900, 1 : size - 2 : 2].any()


def test_lines_and_points_cover_nothing() -> None:
    assert not fill_polygons([[1, 1, 5, 5], []], 8, 8).any()
    assert fill_polygons([[1, 1, 5, 5], [0, 0, 4, 0, 4, 4, 0, 4]], 8, 8).sum() == 16


@pytest.mark.parametrize(
    ("polygon", "said"),
    [
        ([1, 2, 3], "no list of x and y"),
        ("1 2 3 4 5 6", "no list of x and y"),
        ([1, 2, 3, 4, 5, None], "no number"),
        ([1, 2, 3, 4, 5, float("nan")], "far outside"),
        ([1, 2, 3, 4, 5, 1e12], "far outside"),
        ([-120, 0, 120, 4] * 20_000, "longer way round"),
    ],
)
def test_what_is_no_polygon_is_refused_in_words(polygon: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fill_polygons([polygon], 8, 8)
