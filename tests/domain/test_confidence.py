"""How sure the model is, against OpenCV's own enlarging."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.confidence import doubt, probability_at
from segstudio.domain.geometry import Rect
from segstudio.imaging.cv import cv2

sides = st.integers(1, 90)


@given(st.integers(0, 9), sides, sides, st.integers(1, 7), st.data())
def test_doubt_is_every_so_manieth_pixel_of_the_whole_enlarged(seed, width, height, step, data):
    confidence = np.random.default_rng(seed).integers(128, 256, (11, 17), np.uint8)
    x0, x1 = sorted(data.draw(st.tuples(st.integers(0, width), st.integers(0, width))))
    y0, y1 = sorted(data.draw(st.tuples(st.integers(0, height), st.integers(0, height))))
    found = doubt(confidence, width, height, Rect(x0, y0, x1, y1), step)
    unsure = (255.0 - confidence) * 255 / 127
    whole = cv2.resize(unsure, (width, height), interpolation=cv2.INTER_LINEAR)
    expected = whole[y0:y1:step, x0:x1:step]
    assert (found.dtype, found.shape) == (np.uint8, expected.shape)
    # OpenCV knows 32 places between two values.
    assert np.abs(found - expected).max(initial=0) <= 255 / 32 + 1


@pytest.mark.parametrize(("confidence", "expected"), [(255, 0), (191, 129), (128, 255), (127, 255), (0, 255)])
def test_doubt_ends_at_even_odds(confidence, expected):
    found = doubt(np.full((4, 4), confidence, np.uint8), 30, 20, Rect(0, 0, 30, 20))
    assert np.array_equal(found, np.full((20, 30), expected))


def test_a_probability_is_that_of_the_place():
    confidence = np.array([[255, 51], [51, 51]], np.uint8)
    assert probability_at(confidence, 200, 100, 0, 0) == 1.0
    assert probability_at(confidence, 200, 100, 199, 99) == pytest.approx(0.2)
    assert probability_at(confidence, 200, 100, 99, 10) == pytest.approx(0.604, abs=0.02)
