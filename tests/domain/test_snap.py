"""The snap brush: where it must stop, what it may never paint, and how it does on real lesion borders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.brush import stroke_segment
from segstudio.domain.geometry import Rect
from segstudio.domain.snap import similar
from segstudio.imaging.cv import cv2

SIZE = 120
LESION, SKIN = np.uint8([110, 70, 55]), np.uint8([215, 170, 150])


def brush(x: float, y: float, radius: float) -> tuple[Rect, np.ndarray]:
    rect = Rect(int(x - radius), int(y - radius), int(x + radius) + 1, int(y + radius) + 1).clip(SIZE, SIZE)
    ys, xs = np.mgrid[rect.y0 : rect.y1, rect.x0 : rect.x1] + 0.5
    return rect, (xs - x) ** 2 + (ys - y) ** 2 <= radius**2


def noisy(left: np.ndarray, right: np.ndarray, border: int) -> np.ndarray:
    image = np.empty((SIZE, SIZE, 3), np.uint8)
    image[:, :border], image[:, border:] = left, right
    noise = np.random.default_rng(5).normal(0, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("tolerance", [15.0, 30.0, 200.0])
def test_paint_stops_at_a_border_whatever_the_tolerance(tolerance: float) -> None:
    pixels = noisy(LESION, SKIN, 70)
    rect, covered = brush(55.5, 60.5, 30)
    found = similar(pixels, rect, covered, (55.5, 60.5), tolerance)
    wanted = covered & (np.arange(rect.x0, rect.x1) < 70)[None, :]
    assert np.count_nonzero(found & ~wanted) == 0
    assert np.count_nonzero(found) >= 0.97 * np.count_nonzero(wanted)


def test_on_an_even_ground_all_is_painted() -> None:
    pixels = noisy(SKIN, SKIN, 50)
    rect, covered = brush(60.5, 60.5, 25)
    assert np.array_equal(similar(pixels, rect, covered, (60.5, 60.5), 15.0), covered)


def test_a_like_part_that_is_not_connected_stays_free() -> None:
    pixels = noisy(LESION, LESION, 50)
    pixels[:, 60:75] = SKIN
    rect, covered = brush(55.5, 60.5, 35)
    found = similar(pixels, rect, covered, (50.5, 60.5), 20.0)
    assert found[:, : 59 - rect.x0].sum() >= 0.97 * covered[:, : 59 - rect.x0].sum()
    assert not found[:, 62 - rect.x0 :].any()


def test_a_single_odd_pixel_is_painted_over() -> None:
    pixels = noisy(LESION, LESION, 50)
    pixels[50:52, 66] = 255
    rect, covered = brush(60.5, 55.5, 20)
    assert similar(pixels, rect, covered, (60.5, 55.5), 15.0).sum() == covered.sum()


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.floats(-5, 25), st.floats(-5, 25)),
    st.floats(0.5, 15),
    st.floats(0, 150),
)
def test_never_beside_the_brush_and_always_under_the_centre(
    seed: int, center: tuple[float, float], radius: float, tolerance: float
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    rect, covered = stroke_segment(center, center, radius, 20, 20)
    before = covered.copy()
    found = similar(pixels, rect, covered, center, tolerance)
    assert found.shape == covered.shape
    assert found.dtype == np.bool_
    assert not (found & ~covered).any()
    assert np.array_equal(covered, before)
    column, row = int(np.floor(center[0])) - rect.x0, int(np.floor(center[1])) - rect.y0
    if 0 <= column < rect.width and 0 <= row < rect.height:
        assert found[row, column]
    if not rect.is_empty:
        parts, _ = cv2.connectedComponents(found.view(np.uint8), connectivity=8)
        assert parts <= 2


def test_nothing_covered_nothing_painted() -> None:
    pixels = noisy(LESION, SKIN, 60)
    assert similar(pixels, Rect(0, 0, 0, 0), np.zeros((0, 0), bool), (5.0, 5.0), 10.0).shape == (0, 0)
    assert not similar(pixels, Rect(10, 10, 20, 20), np.zeros((10, 10), bool), (15.0, 15.0), 10.0).any()
