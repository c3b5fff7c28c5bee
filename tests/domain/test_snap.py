"""The snap brush: where it must stop, what it may never paint, and how it does on real lesion borders."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from segstudio.domain.brush import stroke_segment
from segstudio.domain.geometry import Rect
from segstudio.domain.lab import to_lab
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


def slow_median(pixels: np.ndarray) -> np.ndarray:
    """The median of each 5 x 5 square, with the border's pixels repeated outside."""
    wide = np.pad(pixels, ((2, 2), (2, 2), (0, 0)), mode="edge")
    out = np.empty_like(pixels)
    for y, x, channel in np.ndindex(pixels.shape):
        out[y, x, channel] = sorted(wide[y : y + 5, x : x + 5, channel].ravel().tolist())[12]
    return out


def slow_tolerance(distances: list[float], tolerance: float) -> tuple[float, bool]:
    """The best split of ``distances`` in half units, tried one by one; the smaller of it and ``tolerance``.

    And whether a rounding may decide that there are two groups.
    """
    stepped = np.array([min(int(2 * d), 255) for d in distances])
    best, gap = 0.0, 0
    for split in range(255):
        near, far = stepped[stepped <= split], stepped[stepped > split]
        if len(near) and len(far):
            between = len(near) * len(far) / len(stepped) ** 2 * (far.mean() - near.mean()) ** 2
            if between > best + 1e-9:
                best, gap = between, split
    near, far = stepped[stepped <= gap], stepped[stepped > gap]
    if not best:
        return tolerance, False
    apart, share = (far.mean() - near.mean()) / 2, best / stepped.var()
    unsure = abs(apart - 8) < 0.2 or abs(share - 0.8) < 0.02
    return (min(tolerance, gap / 2) if apart >= 8 and share >= 0.8 else tolerance), unsure


def slow_similar(
    pixels: np.ndarray, rect: Rect, covered: np.ndarray, center: tuple[float, float], tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """What ``similar`` says in words, pixel by pixel; and where a rounding may decide either way."""
    calm = slow_median(pixels)
    # OpenCV's own colours, which are off by up to half a delta E: what they should be is tested with the magic wand.
    lab = to_lab(np.ascontiguousarray(calm, np.uint8)).astype(np.float64)
    column, row = int(np.floor(center[0])), int(np.floor(center[1]))
    around = lab[max(0, row - 3) : row + 4, max(0, column - 3) : column + 4].reshape(-1, 3)
    inner = lab[rect.slices]
    distance = np.sqrt(((inner - around.mean(axis=0)) ** 2).sum(axis=2))
    within, unsure = slow_tolerance(distance[covered].tolist(), tolerance)
    alike = (distance <= within) & covered
    start = (row - rect.y0, column - rect.x0)
    found, waiting = {start}, [start]
    while waiting:
        y, x = waiting.pop()
        for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            inside = 0 <= near[0] < rect.height and 0 <= near[1] < rect.width
            if inside and near not in found and alike[near]:
                found.add(near)
                waiting.append(near)
    connected = np.zeros_like(covered)
    connected[tuple(np.array(sorted(found)).T)] = True
    return connected, (np.abs(distance - within) < 0.05) | unsure


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(2, 15), st.integers(2, 15)),
    st.integers(2, 8),
    st.sampled_from([8.0, 20.0, 60.0]),
    st.sampled_from([(LESION, SKIN), (SKIN, SKIN), (LESION, np.uint8([150, 110, 90]))]),
    st.sampled_from([5, 30, 90]),
)
@settings(max_examples=60, deadline=None)
def test_the_same_as_pixel_by_pixel(
    seed: int, at: tuple[int, int], radius: int, tolerance: float, colors: tuple[np.ndarray, np.ndarray], noise: int
) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.empty((18, 18, 3), np.uint8)
    border = int(rng.integers(4, 14))
    pixels[:, :border], pixels[:, border:] = colors
    pixels = np.clip(pixels + rng.normal(0, noise, pixels.shape), 0, 255).astype(np.uint8)
    center = (at[0] + 0.5, at[1] + 0.5)
    rect, covered = stroke_segment(center, center, radius, 18, 18)
    wanted, unsure = slow_similar(pixels, rect, covered, center, tolerance)
    assume(not unsure[covered].any())
    closed = cv2.morphologyEx(wanted.view(np.uint8), cv2.MORPH_CLOSE, cv2.getStructuringElement(2, (5, 5)))
    assert np.array_equal(similar(pixels, rect, covered, center, tolerance), closed.view(np.bool_) & covered)
