import numpy as np
import pytest

from segstudio.domain.alike import NEIGHBOURS, likeness
from segstudio.imaging.cv import cv2


def texture(seed, height=72, width=96):
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3)).astype(np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 2)
    return cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX)


def test_a_picture_is_like_itself_and_unlike_another():
    assert likeness(texture(1), texture(1)) == pytest.approx(1, abs=1e-3)
    assert likeness(texture(1), texture(2)) < NEIGHBOURS / 2


@pytest.mark.parametrize("shift", [(3, 0), (0, -6), (7, 5)])
def test_a_camera_that_pans_makes_no_difference_and_light_neither(shift):
    wide = texture(3, 120, 160)
    before = wide[20:92, 30:126]
    after = wide[20 + shift[1] : 92 + shift[1], 30 + shift[0] : 126 + shift[0]]
    assert likeness(before, after) > 0.9
    assert likeness(before, (after * 0.6 + 30).astype(np.uint8)) > 0.9


def test_the_same_large_soft_shape_with_other_detail_are_not_the_same_scene():
    ys, xs = np.mgrid[:72, :96]
    blob = 90 * np.exp(-(np.hypot(xs - 48, ys - 36)[..., None] ** 2) / 24**2)
    one, other = (np.clip(blob + texture(seed) * 0.5, 0, 255).astype(np.uint8) for seed in (5, 6))
    assert likeness(one, other) < NEIGHBOURS


def test_sizes_that_differ_and_pictures_of_nothing_are_unlike():
    assert likeness(texture(1), texture(1, 60, 96)) == -1
    assert likeness(np.zeros((72, 96, 3), np.uint8), texture(1)) == -1
    assert likeness(texture(1, 20, 96), texture(1, 20, 96)) == -1
