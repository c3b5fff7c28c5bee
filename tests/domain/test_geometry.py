"""Rectangles against sets of pixels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.geometry import EMPTY, Rect, union_all

HEIGHT, WIDTH = 7, 9
coordinate = st.integers(-4, 12)
rects = st.builds(Rect, coordinate, coordinate, coordinate, coordinate)


def pixels(rect: Rect) -> set[tuple[int, int]]:
    return {(x, y) for y in range(rect.y0, rect.y1) for x in range(rect.x0, rect.x1)}


@given(rects)
def test_size_counts_the_pixels_inside(rect: Rect) -> None:
    assert rect.width * rect.height == len(pixels(rect))
    assert rect.is_empty == (not pixels(rect))


@given(rects, rects)
def test_intersection_holds_the_pixels_in_both(one: Rect, other: Rect) -> None:
    assert pixels(one.intersect(other)) == pixels(one) & pixels(other)


@given(rects, rects)
def test_what_is_left_of_a_rectangle_comes_in_few_that_share_no_pixel(one: Rect, other: Rect) -> None:
    left = one.without(other)
    assert len(left) <= 4
    assert all(pixels(rect) for rect in left)
    assert set().union(*map(pixels, left)) == pixels(one) - pixels(other)
    assert sum(map(len, map(pixels, left))) == len(pixels(one) - pixels(other))


@given(rects)
def test_a_clipped_rectangle_indexes_its_pixels_and_no_others(rect: Rect) -> None:
    image = np.zeros((HEIGHT, WIDTH), bool)
    clipped = rect.clip(HEIGHT, WIDTH)
    image[clipped.slices] = True
    assert {(int(x), int(y)) for y, x in np.argwhere(image)} == pixels(clipped)
    assert image[clipped.slices].shape == (clipped.height, clipped.width)


@given(st.lists(rects))
def test_union_is_the_smallest_rectangle_round_all_pixels(several: list[Rect]) -> None:
    everything = set().union(*map(pixels, several))
    union = union_all(several)
    if not everything:
        assert union.is_empty
        return
    xs, ys = zip(*everything, strict=True)
    assert union == Rect(min(xs), min(ys), max(xs) + 1, max(ys) + 1)


def test_union_of_nothing_is_empty() -> None:
    assert union_all([]) == EMPTY


@given(rects, st.integers(0, 3))
def test_expanding_adds_the_margin_on_every_side(rect: Rect, margin: int) -> None:
    grown = rect.expand(margin)
    assert (grown.x0, grown.y0) == (rect.x0 - margin, rect.y0 - margin)
    assert (grown.x1, grown.y1) == (rect.x1 + margin, rect.y1 + margin)


def test_a_rectangle_left_of_the_image_touches_none_of_it() -> None:
    image = np.zeros((HEIGHT, WIDTH), bool)
    image[Rect(-8, 0, -3, 4).clip(HEIGHT, WIDTH).slices] = True
    assert not image.any()
