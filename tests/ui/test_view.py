"""The arithmetic between image and screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.geometry import Rect
from segstudio.ui.canvas.base import step_for
from segstudio.ui.canvas.view import MAX_SCALE, MIN_SCALE, STOPS, View, centred, fit

scales = st.floats(MIN_SCALE, MAX_SCALE)
places = st.floats(-5000, 5000)
views = st.builds(View, scales, places, places)
sides = st.integers(1, 20_000)


@given(views, places, places)
def test_screen_to_image_and_back(view, x, y):
    assert view.to_screen(*view.to_image(x, y)) == pytest.approx((x, y), abs=1e-6)


@given(views, st.floats(0.1, 10), places, places)
def test_zooming_keeps_the_point_under_the_cursor(view, factor, x, y):
    zoomed = view.zoomed(factor, x, y)
    assert MIN_SCALE <= zoomed.scale <= MAX_SCALE
    assert zoomed.to_image(x, y) == pytest.approx(view.to_image(x, y), abs=1e-3)


@given(sides, sides, st.integers(200, 4000), st.integers(200, 4000))
def test_fit_shows_the_whole_image_in_the_middle(image_width, image_height, width, height):
    view = fit(image_width, image_height, width, height, 16)
    left, top = view.to_screen(0, 0)
    right, bottom = view.to_screen(image_width, image_height)
    assert left + right == pytest.approx(width, abs=1e-6)
    assert top + bottom == pytest.approx(height, abs=1e-6)
    if view.scale > MIN_SCALE:
        assert left >= 16 - 1e-6
        assert top >= 16 - 1e-6


@given(views, sides, sides, st.integers(100, 4000), st.integers(100, 4000))
def test_panning_never_loses_the_image(view, image_width, image_height, width, height):
    kept = view.kept_visible(image_width, image_height, width, height)
    assert kept.x < width
    assert kept.y < height
    assert kept.x + image_width * kept.scale > 0
    assert kept.y + image_height * kept.scale > 0
    again = kept.kept_visible(image_width, image_height, width, height)
    assert (again.x, again.y) == pytest.approx((kept.x, kept.y))


@given(views, st.integers(0, 500), st.integers(0, 500), st.integers(1, 300), st.integers(1, 300))
def test_a_rectangle_comes_back_at_least_as_large(view, x, y, width, height):
    rect = Rect(x, y, x + width, y + height)
    back = view.image_rect(view.screen_rect(rect))
    assert back.union(rect) == back


@given(scales)
def test_the_mip_level_is_the_nearest_above_the_scale(scale):
    step = step_for(scale)
    assert scale * step <= 1 or step == 1
    assert scale * step * 2 > 1


def test_steps_stop_at_round_scales():
    view, seen = centred(100, 100, 800, 600, MIN_SCALE), []
    while view.scale < MAX_SCALE:
        view = view.stepped(1, 400, 300)
        seen.append(view.scale)
    assert tuple(seen) == STOPS[1:]
    assert view.stepped(-1, 400, 300).scale == STOPS[-2]
    assert View(0.4).stepped(1, 0, 0).scale == 0.5


def test_snapping_puts_the_corner_on_a_pixel():
    assert View(1.0, 3.4, -2.6).snapped() == View(1.0, 3.0, -3.0)
