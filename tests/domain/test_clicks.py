"""What a network sees of an image and is told of clicks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.clicks import LONGER_SIDE, RADIUS, Click, Crop, crop_around, drawn
from segstudio.domain.geometry import EMPTY, Rect


def test_clicks_are_disks_and_the_mask_is_the_mask() -> None:
    mask = np.zeros((40, 60), bool)
    mask[5:15, 30:50] = True
    told = drawn(mask, [Click(10.5, 20.5, True), Click(40.5, 30.5, False), Click(-50, 3, True)])
    ys, xs = np.mgrid[:40, :60]
    for channel, (x, y) in enumerate([(10, 20), (40, 30)]):
        away = np.hypot(xs - x, ys - y)
        assert (told[away <= RADIUS - 1, channel] == 255).all()
        assert (told[away > RADIUS + 1, channel] == 0).all()
    assert np.array_equal(told[..., 2] > 0, mask)


sides = st.integers(1, 5000)


@given(st.data(), sides, sides)
def test_a_crop_holds_mask_and_clicks_inside_the_image(data: st.DataObject, width: int, height: int) -> None:
    bounds = Rect(0, 0, width, height)
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    mask = Rect(x0, y0, data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height)))
    click = Click(data.draw(st.integers(0, width - 1)) + 0.5, data.draw(st.integers(0, height - 1)) + 0.5, True)
    rect = crop_around(bounds, mask, [click])
    assert rect.intersect(bounds) == rect
    assert rect.intersect(mask) == mask
    assert click.lies_in(rect)
    assert 2 * rect.width >= width
    assert 2 * rect.height >= height


def test_a_small_object_is_seen_from_near_and_an_unknown_one_from_afar() -> None:
    bounds = Rect(0, 0, 4000, 3000)
    assert crop_around(bounds, EMPTY, [Click(5.5, 5.5, True)]) == bounds
    near = crop_around(bounds, Rect(100, 100, 300, 200), [])
    assert near == Rect(0, 0, 2000, 1500)
    assert not Click(2000.0, 10.0, True).lies_in(near)


@pytest.mark.parametrize("size", [(200, 150), (2000, 1500)])
def test_a_crop_keeps_places(size: tuple[int, int]) -> None:
    width, height = size
    crop = Crop.of(Rect(10, 20, 10 + width, 20 + height))
    assert max(crop.shape) == LONGER_SIDE
    ids = np.zeros((height + 60, width + 60), np.uint8)
    ids[20 + height // 2 :, 10 + width // 4 :] = 200
    seen = crop.pixels(np.dstack([ids] * 3))
    mask = crop.mask(ids[crop.rect.slices] > 0)
    assert seen.shape == (*crop.shape, 3)
    assert mask.shape == crop.shape
    assert np.array_equal(mask, seen[..., 0] > 100)
    for dx, dy in ((-3, -3), (3, 3)):
        place = crop.click(Click(10 + width / 4 + dx * width / 256, 20 + height / 2 + dy * height / 192, False))
        assert not place.adds
        assert mask[int(place.y), int(place.x)] == (dx > 0)


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [(10, 20, True), (29.9, 49.9, True), (9.9, 30, False), (30, 30, False), (15, 19.9, False), (15, 50, False)],
)
def test_a_click_lies_in_what_holds_it_both_ways(x: float, y: float, inside: bool) -> None:
    assert Click(x, y, True).lies_in(Rect(10, 20, 30, 50)) == inside
