import numpy as np
import pytest
from PIL import Image, ImageOps

from segstudio.imaging.orientation import clean, from_stored, to_stored, turned_size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_agrees_with_pillow_and_undoes_itself(orientation: int) -> None:
    stored = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4)
    image = Image.fromarray(stored)
    image.getexif()[274] = orientation
    upright = from_stored(stored, orientation)
    np.testing.assert_array_equal(upright, np.asarray(ImageOps.exif_transpose(image)))
    assert upright.flags.c_contiguous
    np.testing.assert_array_equal(to_stored(upright, orientation), stored)
    assert turned_size((4, 6), orientation) == (upright.shape[1], upright.shape[0])


def test_masks_of_ids_with_channels_turn_too() -> None:
    stored = np.arange(6 * 4 * 3, dtype=np.uint16).reshape(6, 4, 3)
    for orientation in range(1, 9):
        np.testing.assert_array_equal(to_stored(from_stored(stored, orientation), orientation), stored)


@pytest.mark.parametrize(("value", "means"), [(1, 1), (8, 8), (0, 1), (9, 1), (-3, 1), (None, 1), ("6", 1), (6.0, 1)])
def test_what_the_standard_does_not_know_is_upright(value: object, means: int) -> None:
    assert clean(value) == means
