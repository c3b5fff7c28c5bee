"""The wand against a breadth-first search in double precision, and what it promises of large images."""

from collections import deque

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from segstudio.domain.geometry import Rect
from segstudio.domain.lab import to_lab
from segstudio.domain.wand import EXACT_PIXELS, WINDOW, Wand

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 14), st.integers(1, 17))

# Distances are single precision: a colour this close to the tolerance may fall on either side.
RIM = 0.02


def slow_lab(pixels: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1 to CIE 1976 L*a*b* for D65, written out."""
    encoded = pixels.astype(np.float64) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
    xyz = linear @ to_xyz.T / np.array([0.950456, 1.0, 1.088754])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def slow_distance(pixels: np.ndarray, column: int, row: int) -> np.ndarray:
    lab = to_lab(pixels).astype(np.float64)
    around = lab[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].reshape(-1, 3)
    return np.sqrt(((lab - around.mean(axis=0)) ** 2).sum(axis=-1))


def slow_region(alike: np.ndarray, column: int, row: int) -> np.ndarray:
    found = np.zeros_like(alike)
    found[row, column] = True
    queue = deque([(row, column)])
    while queue:
        y, x = queue.popleft()
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= v < alike.shape[0] and 0 <= u < alike.shape[1] and alike[v, u] and not found[v, u]:
                found[v, u] = True
                queue.append((v, u))
    return found


def whole(shape: tuple[int, ...], rect: Rect, mask: np.ndarray) -> np.ndarray:
    assert rect.clip(*shape[:2]) == rect
    assert mask.shape == (rect.height, rect.width)
    assert mask.dtype == np.bool_
    image = np.zeros(shape[:2], bool)
    image[rect.slices] = mask
    return image


def patchwork(seed: int, height: int, width: int) -> np.ndarray:
    """Few colours, so that regions are larger than a pixel."""
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (4, 3), dtype=np.uint8)
    return palette[rng.integers(0, 4, (height, width))]


def test_lab_is_the_standard_s() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    assert np.abs(to_lab(pixels) - slow_lab(pixels)).max() < 0.5


@given(seeds, sizes, st.data(), st.floats(0, 120), st.booleans())
def test_unsmoothed_the_region_is_what_a_search_finds(
    seed: int, size: tuple[int, int], data: st.DataObject, tolerance: float, contiguous: bool
) -> None:
    pixels = patchwork(seed, *size)
    row, column = data.draw(st.integers(0, size[0] - 1)), data.draw(st.integers(0, size[1] - 1))
    distance = slow_distance(pixels, column, row)
    assume(np.abs(distance - tolerance).min() > RIM)
    alike = distance <= tolerance
    alike[row, column] = True
    expected = slow_region(alike, column, row) if contiguous else alike
    rect, mask = Wand(pixels, (column + 0.5, row + 0.5)).region(tolerance, contiguous, smoothing=0)
    assert np.array_equal(whole(pixels.shape, rect, mask), expected)


@given(seeds, sizes, st.data(), st.floats(0, 300), st.booleans(), st.floats(0, 6))
def test_the_clicked_pixel_is_always_inside(
    seed: int, size: tuple[int, int], data: st.DataObject, tolerance: float, contiguous: bool, smoothing: float
) -> None:
    pixels = patchwork(seed, *size)
    row, column = data.draw(st.integers(0, size[0] - 1)), data.draw(st.integers(0, size[1] - 1))
    rect, mask = Wand(pixels, (column + 0.2, row + 0.9)).region(tolerance, contiguous, smoothing)
    assert whole(pixels.shape, rect, mask)[row, column]


def disk(height: int, width: int, x: float, y: float, radius: float) -> np.ndarray:
    ys, xs = np.mgrid[:height, :width] + 0.5
    return (xs - x) ** 2 + (ys - y) ** 2 <= radius**2


def painted(inside: np.ndarray) -> np.ndarray:
    return np.where(inside[..., None], np.uint8([120, 70, 50]), np.uint8([220, 180, 160]))


def test_small_holes_are_closed_and_large_ones_are_left() -> None:
    inside = disk(200, 200, 100, 100, 80)
    inside[70:74, 70:74] = False
    inside[110:130, 110:130] = False
    rect, mask = Wand(painted(inside), (60.5, 100.5)).region(20)
    found = whole(inside.shape, rect, mask)
    assert found[70:74, 70:74].all()
    assert not found[114:126, 114:126].any()


def test_a_notched_border_comes_out_smooth() -> None:
    clean = disk(200, 200, 100, 100, 60)
    rough = clean ^ (np.random.default_rng(3).random(clean.shape) < 0.2) & ~disk(200, 200, 100, 100, 57)
    rough &= disk(200, 200, 100, 100, 63)
    rect, mask = Wand(painted(rough), (100.5, 100.5)).region(20, smoothing=2.0)
    found = whole(clean.shape, rect, mask)
    assert np.count_nonzero(found ^ clean) < np.count_nonzero(rough ^ clean) / 2


def test_a_region_at_the_image_s_edge_reaches_it() -> None:
    rect, mask = Wand(np.full((30, 40, 3), 90, np.uint8), (3.5, 4.5)).region(5)
    assert rect == Rect(0, 0, 40, 30)
    assert mask.all()


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("shape", [(1700, 1903), (3, 800_001), (1, 2_500_000)])
def test_in_a_large_image_the_border_is_off_by_a_cell_at_most(shape: tuple[int, int], contiguous: bool) -> None:
    height, width = shape
    assert height * width > EXACT_PIXELS
    inside = np.zeros(shape, bool)
    inside[height // 6 :, width // 6 : -(width // 7)] = True
    rect, mask = Wand(painted(inside), (width / 2, height / 2)).region(20, contiguous)
    found = whole(shape, rect, mask)
    if height > 10:
        assert found[height // 6 + 4 :, width // 6 + 4 : -(width // 7) - 4].all()
    assert np.count_nonzero(found ^ inside) <= 2 * 3 * (height + width)


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("smoothing", [0.0, 1.5])
@pytest.mark.parametrize("shape", [(1801, 2403), (2900, 3001)])
def test_in_a_large_image_the_border_is_as_in_a_small_one(
    shape: tuple[int, int], smoothing: float, contiguous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    height, width = shape
    inside = disk(height, width, width // 2, height // 2, height // 3)
    pixels, at = painted(inside), (width / 2, height / 2)
    found = whole(shape, *Wand(pixels, at).region(20, contiguous, smoothing))
    monkeypatch.setattr("segstudio.domain.wand.EXACT_PIXELS", height * width)
    exact = whole(shape, *Wand(pixels, at).region(20, contiguous, smoothing))
    assert np.count_nonzero(exact ^ inside) < 40
    assert np.array_equal(found, exact)


def test_all_of_a_large_image_may_be_alike() -> None:
    rect, mask = Wand(np.full((1500, 2000, 3), 90, np.uint8), (3.5, 4.5)).region(5)
    assert rect == Rect(0, 0, 2000, 1500)
    assert mask.all()


def test_in_a_large_image_a_small_region_is_exact() -> None:
    inside = disk(2000, 2100, 1400, 300, 25)
    inside |= disk(2000, 2100, 300, 1500, 200)
    pixels = painted(inside)
    rect, mask = Wand(pixels, (1400.5, 300.5)).region(20, smoothing=0)
    assert rect.width < WINDOW
    assert np.array_equal(whole(inside.shape, rect, mask), inside & disk(2000, 2100, 1400, 300, 60))
    rect, mask = Wand(pixels, (1400.5, 300.5)).region(20, contiguous=False)
    assert np.count_nonzero(whole(inside.shape, rect, mask) ^ inside) < 1500


def test_a_click_beside_the_image_is_refused() -> None:
    with pytest.raises(ValueError, match="outside an image"):
        Wand(np.zeros((5, 6, 3), np.uint8), (6.0, 2.0))
