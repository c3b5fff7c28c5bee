import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.domain.geometry import Rect
from segstudio.imaging import pyramid
from segstudio.imaging.pyramid import image_levels, label_levels, mip, mip_labels, update


def slow_half(labels: np.ndarray) -> np.ndarray:
    height, width = labels.shape
    return np.array(
        [[labels[y : y + 2, x : x + 2].max() for x in range(0, width, 2)] for y in range(0, height, 2)], labels.dtype
    )


def test_an_image_is_halved_by_its_mean() -> None:
    pixels = np.array([[0, 100, 8], [200, 100, 8], [10, 20, 4]], np.uint8)[..., None].repeat(3, 2)
    assert mip(pixels)[..., 0].tolist() == [[100, 8], [15, 4]]
    assert mip(pixels).flags.c_contiguous


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2), (5, 8), (9, 9)])
def test_labels_are_halved_by_their_highest(shape: tuple[int, int]) -> None:
    labels = np.random.default_rng(0).integers(0, 999, shape).astype(np.uint16)
    np.testing.assert_array_equal(mip_labels(labels), slow_half(labels))
    assert mip_labels(labels).dtype == np.uint16


def test_levels_end_at_512_and_begin_with_the_thing_itself() -> None:
    pixels = np.zeros((1500, 2049, 3), np.uint8)
    levels = image_levels(pixels)
    assert levels[0] is pixels
    assert [level.shape[:2] for level in levels] == [(1500, 2049), (750, 1025), (375, 513), (188, 257)]
    assert len(image_levels(np.zeros((512, 300, 3), np.uint8))) == 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_dirty_rectangle_is_enough(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 70))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyramid, "SMALLEST", 8)
        plane = np.random.default_rng(0).integers(0, 5, (height, width)).astype(np.uint16)
        levels = label_levels(plane)
        x0, y0 = data.draw(st.integers(-5, 75)), data.draw(st.integers(-5, 75))
        rect = Rect(x0, y0, x0 + data.draw(st.integers(0, 40)), y0 + data.draw(st.integers(0, 40)))
        plane[rect.clip(height, width).slices] = 7 if data.draw(st.booleans()) else 0
        rects = update(levels, rect)
        assert len(rects) == len(levels)
        for level, expected in zip(levels, label_levels(plane), strict=True):
            np.testing.assert_array_equal(level, expected)
        if rect.clip(height, width).is_empty:
            assert all(dirty.is_empty for dirty in rects)
