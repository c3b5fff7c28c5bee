"""Superpixels: the table against a plain search, and SLIC's promise to keep to edges."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from segstudio.domain.geometry import EMPTY, Rect
from segstudio.imaging.superpixels import COUNTS, Superpixels, superpixels

mosaics = arrays(np.int32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 5))


@given(mosaics)
def test_each_label_is_found_where_it_is(labels: np.ndarray) -> None:
    parts = Superpixels(labels)
    assert parts.count == labels.max() + 1
    for label in range(-1, 8):
        rect, mask = parts.mask_of(label)
        rows, columns = np.nonzero(labels == label)
        if len(rows) == 0:
            assert (rect, mask.size) == (EMPTY, 0)
            continue
        assert rect == Rect(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert np.array_equal(mask, labels[rect.slices] == label)


@given(mosaics, st.data())
def test_boundaries_are_where_a_neighbour_differs(labels: np.ndarray, data: st.DataObject) -> None:
    height, width = labels.shape
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0, width)), data.draw(st.integers(y0, height))
    found = Superpixels(labels).boundaries(Rect(x0, y0, x1, y1))
    assert found.shape == (y1 - y0, x1 - x0)
    for y in range(y0, y1):
        for x in range(x0, x1):
            below = y + 1 < height and labels[y + 1, x] != labels[y, x]
            beside = x + 1 < width and labels[y, x + 1] != labels[y, x]
            assert found[y - y0, x - x0] == (below or beside)


def test_a_point_names_the_pixel_that_holds_it() -> None:
    parts = Superpixels(np.array([[0, 1], [2, 3]], np.int32))
    assert [parts.label_at(*p) for p in [(0.0, 0.9), (1.99, 0.0), (0.5, 1.5), (1.0, 1.0)]] == [0, 1, 2, 3]
    assert [parts.label_at(*p) for p in [(-0.1, 0.0), (2.0, 0.0), (0.0, 2.0)]] == [None] * 3


def lesion(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    ys, xs = np.mgrid[: size[0], : size[1]] + 0.5
    inside = ((xs - size[1] / 2) / (size[1] / 3)) ** 2 + ((ys - size[0] / 2) / (size[0] / 3)) ** 2 <= 1
    image = np.where(inside[..., None], np.array([120, 70, 50.0]), np.array([215, 175, 155.0]))
    noise = np.random.default_rng(7).normal(0, 5, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), inside


@pytest.mark.parametrize("scale", [0, 1, 2])
def test_superpixels_keep_to_the_border_of_what_is_shown(scale: int) -> None:
    pixels, inside = lesion((288, 384))
    labels = superpixels(pixels, scale)
    assert labels.shape == inside.shape
    assert labels.dtype == np.int32
    assert COUNTS[scale] / 2 < len(np.unique(labels)) < COUNTS[scale] * 1.5
    share = np.bincount(labels.ravel(), inside.ravel()) / np.maximum(np.bincount(labels.ravel()), 1)
    wrong = np.count_nonzero((share[labels] > 0.5) != inside)
    outline = np.count_nonzero(inside[:, 1:] != inside[:, :-1]) + np.count_nonzero(inside[1:] != inside[:-1])
    # Less than a pixel off, on average along the border.
    assert wrong < outline


def test_a_large_image_is_cut_up_in_a_copy_and_its_borders_are_round() -> None:
    pixels, inside = lesion((1800, 2500))
    labels = superpixels(pixels, 2)
    assert labels.shape == inside.shape
    share = np.bincount(labels.ravel(), inside.ravel()) / np.maximum(np.bincount(labels.ravel()), 1)
    assert np.count_nonzero((share[labels] > 0.5) != inside) < 0.005 * inside.sum()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (7, 3)])
def test_the_smallest_images_are_one_mosaic_too(size: tuple[int, int]) -> None:
    assert superpixels(np.full((*size, 3), 77, np.uint8), 1).shape == size


def test_another_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="scale 3"):
        superpixels(np.zeros((5, 5, 3), np.uint8), 3)


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, segstudio.imaging.superpixels; print('skimage' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
