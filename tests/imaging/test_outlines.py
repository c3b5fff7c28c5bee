import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segstudio.imaging.outlines import SIDES, TRUTH, with_outlines


def disk(size: tuple[int, int], x: int, y: int, radius: int, number: int = 1) -> np.ndarray:
    ys, xs = np.mgrid[: size[1], : size[0]]
    return np.where(np.hypot(xs - x, ys - y) < radius, number, 0).astype(np.uint16)


def test_each_mask_is_outlined_in_its_colour_and_the_rest_is_the_image() -> None:
    pixels = np.full((60, 90, 3), 100, np.uint8)
    picture = with_outlines(pixels, [disk((90, 60), 20, 30, 12), disk((90, 60), 65, 30, 12)], 200, (TRUTH, SIDES[0]))
    assert picture.shape == (60, 90, 3)
    left = (picture[:, :45] == TRUTH).all(axis=2)
    right = (picture[:, 45:] == SIDES[0]).all(axis=2)
    assert left.sum() > 20
    assert right.sum() > 20
    assert not (picture[:, 45:] == TRUTH).all(axis=2).any()
    for centre in ((30, 20), (30, 65), (2, 2)):
        assert tuple(picture[centre]) == (100, 100, 100)
    assert (pixels == 100).all(), "the image itself is left alone"


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 128))
def test_pictures_fit_and_need_no_image(width: int, height: int, size: int) -> None:
    picture = with_outlines(None, [np.ones((height, width), np.uint16)], size, (TRUTH,))
    assert max(picture.shape[:2]) == min(size, max(width, height))
    assert picture.dtype == np.uint8


def test_a_large_mask_and_a_small_picture_of_the_image_meet() -> None:
    pixels = np.zeros((30, 40, 3), np.uint8)
    picture = with_outlines(pixels, [disk((400, 300), 200, 150, 100)], 80, (TRUTH,))
    rows = np.flatnonzero((picture == TRUTH).all(axis=2).any(axis=1))
    assert picture.shape == (60, 80, 3)
    assert abs(rows[0] - 10) <= 1
    assert abs(rows[-1] - 50) <= 1
