"""Asymmetry, border and colours of lesions that were drawn so that the answers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.domain.asymmetry import Asymmetry, asymmetric_axes, asymmetry
from segstudio.domain.border import abruptness, bands, fractal_dimension
from segstudio.domain.lab import to_lab
from segstudio.domain.lesion import Closeup, Lesion, measure_lesion
from segstudio.domain.lesion_colors import NAMES, REFERENCES, color_shares, present
from segstudio.domain.measure import measure_shape
from segstudio.imaging.cv import cv2
from tests.domain.figures import disc, ellipse, paint, snowflake, square

SKIN, BROWN, BLACK = (220, 180, 165), (120, 70, 50), (60, 45, 45)


def lesion(mask, pixels) -> Lesion:
    shape = measure_shape(mask)
    assert shape is not None
    return measure_lesion(pixels, mask, shape)


def both_axes(mask, lab):
    shape = measure_shape(mask)
    return asymmetry(mask, lab, shape.centroid, shape.axes.angle)


def rgb_of(lab) -> tuple[int, int, int]:
    pixel = cv2.cvtColor(np.float32(lab).reshape(1, 1, 3), cv2.COLOR_LAB2RGB)
    return tuple(round(255 * float(value)) for value in pixel[0, 0])


# ---- asymmetry ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [disc(40), ellipse(60, 30, 0.4), ellipse(200, 90, -1.1)])
def test_what_is_its_own_mirror_image_is_not_asymmetric(mask):
    longer, shorter = lesion(mask, paint(mask, BROWN, SKIN)).asymmetry
    for about in (longer, shorter):
        assert about.shape < 0.03
        assert about.color < 1
    assert asymmetric_axes((longer, shorter)) == 0


def test_a_half_disc_is_symmetric_about_one_axis():
    mask = disc(60)
    mask[: mask.shape[0] // 2] = False
    longer, shorter = lesion(mask, paint(mask, BROWN, SKIN)).asymmetry
    # Its longer axis lies along the cut; folded there, r^2 (pi / 2 - what both halves share) is left over.
    assert longer.shape > 0.15
    assert shorter.shape < 0.02


def test_two_colours_side_by_side_are_asymmetric_about_the_axis_between():
    mask = ellipse(70, 40)
    pixels = paint(mask, BROWN, SKIN)
    pixels[:, mask.shape[1] // 2 :][mask[:, mask.shape[1] // 2 :]] = BLACK
    found = lesion(mask, pixels)
    longer, shorter = found.asymmetry
    assert found.asymmetric_axes == 1
    away = float(np.linalg.norm(np.diff(to_lab(np.uint8([[BROWN, BLACK]])).reshape(2, 3), axis=0)))
    assert shorter.color == pytest.approx(away, rel=0.1)
    assert longer.color < 1


def test_pieces_without_a_counterpart_are_wholly_asymmetric():
    mask = np.zeros((90, 90), bool)
    mask[10:20, 20:40] = mask[60:64, 70:72] = True
    lab = np.zeros((90, 90, 3), np.float32)
    assert max(about.shape for about in asymmetry(mask, lab, (45, 80), 0)) == 1


def test_a_single_pixel_is_symmetric():
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    assert [about.shape for about in both_axes(mask, np.zeros((9, 9, 3), np.float32))] == pytest.approx([0, 0], abs=0.1)


def test_a_region_too_thin_to_be_seen_at_the_common_size_is_still_measured():
    mask = np.zeros((3, 9), bool)
    mask[1, 0] = mask[1, 8] = True
    assert len(asymmetry(mask, np.zeros((3, 9, 3), np.float32), (4.5, 1.5), 0)) == 2
    large = np.zeros((3000, 3000), bool)
    large[::1499, ::1499] = True
    assert all(
        0 <= about.shape <= 1 for about in asymmetry(large, np.zeros((3000, 3000, 3), np.float32), (1500, 1500), 0)
    )


def test_axes_count_by_the_strength_of_shape_and_colour_together():
    weak, strong, mixed = Asymmetry(0.05, 3), Asymmetry(0.4, 0), Asymmetry(0.15, 8)
    assert [asymmetric_axes(pair) for pair in ((weak, weak), (weak, strong), (strong, mixed))] == [0, 1, 2]


@settings(max_examples=20, deadline=None)
@given(st.floats(0.4, 0.8), st.floats(0, math.pi), st.integers(0, 999), st.integers(0, 3), st.booleans())
def test_turning_and_mirroring_hardly_change_a_lesion(flat, angle, seed, turns, mirror):
    mask = ellipse(60, 60 * flat, angle) & ~disc(18, 30 * math.cos(angle), 30 * math.sin(angle), side=144)
    noise = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    pixels = cv2.resize(noise, (144, 144), interpolation=cv2.INTER_CUBIC)
    one = lesion(mask, pixels)
    turned, turned_pixels = np.rot90(mask, turns), np.rot90(pixels, turns)
    if mirror:
        turned, turned_pixels = turned[:, ::-1], turned_pixels[:, ::-1]
    other = lesion(turned, np.ascontiguousarray(turned_pixels))
    for before, after in zip(one.asymmetry, other.asymmetry, strict=True):
        assert after.shape == pytest.approx(before.shape, abs=0.02)
        assert after.color == pytest.approx(before.color, rel=0.05, abs=0.5)
    assert other.fractal_dimension == pytest.approx(one.fractal_dimension)
    assert sorted(other.abruptness) == pytest.approx(sorted(one.abruptness), rel=0.1, abs=1)
    assert other.color_shares == pytest.approx(one.color_shares, abs=0.02)


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([2, 4, 7]), st.integers(0, 999))
def test_the_size_of_the_picture_hardly_matters(by, seed):
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 255, (6, 6, 3), np.uint8)
    one, other = (
        lesion(
            ellipse(k * 60, k * 36, 0.4, side=k * 150), cv2.resize(noise, (k * 150,) * 2, interpolation=cv2.INTER_CUBIC)
        )
        for k in (1, by)
    )
    for before, after in zip(one.asymmetry, other.asymmetry, strict=True):
        assert after.color == pytest.approx(before.color, rel=0.06, abs=0.6)
    assert other.color_shares == pytest.approx(one.color_shares, abs=0.03)
    assert other.abruptness == pytest.approx(one.abruptness, rel=0.25, abs=2.5)


# ---- border ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [disc(150), square(260), ellipse(200, 120, 0.5)])
def test_a_smooth_border_has_the_dimension_of_a_line(mask):
    assert fractal_dimension(mask) == pytest.approx(1.0, abs=0.09)


def test_the_border_of_a_snowflake_is_rougher():
    assert fractal_dimension(snowflake(900, 5)) == pytest.approx(math.log(4) / math.log(3), abs=0.07)


def test_smooth_pieces_far_apart_have_the_dimension_of_a_line_and_not_of_points():
    apart = np.zeros((420, 1600), bool)
    apart[:, :420] = disc(100, side=420)
    assert fractal_dimension(apart) == pytest.approx(1.0, abs=0.09)
    apart[:, -420:] = disc(90, side=420)
    assert fractal_dimension(apart) == pytest.approx(1.0, abs=0.09)
    small = np.zeros((300, 1600), bool)
    small[10:20, 20:30] = small[200:210, 1500:1510] = True
    assert fractal_dimension(small) == 1
    apart[5::40, 450:1150:40] = True
    assert fractal_dimension(apart) == 1


def test_a_few_pixels_have_no_dimension_but_a_line_s():
    assert fractal_dimension(np.ones((3, 3), bool)) == 1


def test_a_border_is_abrupt_where_it_is_cut_off_and_not_where_it_fades():
    mask = disc(60, side=200)
    down, right = np.mgrid[:200, :200] + 0.5 - 100
    away = np.hypot(down, right)
    sharp = np.where(away < 60, 30.0, 80.0)
    soft = np.interp(away, [20, 100], [30.0, 80.0])
    lab = np.zeros((200, 200, 3), np.float32)
    lab[..., 0] = np.where(right > 0, sharp, soft)
    found = abruptness(bands(mask, 6), lab, (100, 100), 0.0)
    assert [found[sector] for sector in (0, 1, 6, 7)] == pytest.approx([50] * 4)
    assert all(value < 8 for value in found[2:6])


def test_a_sector_beyond_the_image_is_not_measured():
    mask = disc(60, x=-70, side=200)
    found = abruptness(bands(mask, 5), np.zeros((200, 200, 3), np.float32), (30, 100), 0.0)
    assert found[3] is None
    assert found[0] == 0


def test_bands_lie_beside_the_border():
    beside = bands(disc(40, side=120), 5)
    down, right = np.mgrid[:120, :120] + 0.5 - 60
    away = np.hypot(down, right)
    assert away[beside.inner].min() > 33.5
    assert away[beside.outer].max() < 46.5
    assert away[beside.beyond].min() > 44
    assert not (beside.inner & beside.outer).any()


# ---- colours --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(6))
def test_each_reference_colour_is_itself(number):
    mask = disc(50)
    pixels = paint(mask, rgb_of(REFERENCES[number]), rgb_of((75, 12, 12)))
    shares = lesion(mask, pixels).color_shares
    assert sum(shares) == pytest.approx(1)
    assert shares[number] > 0.9
    assert NAMES[number] in lesion(mask, pixels).colors


def test_halves_are_shares():
    lab = np.zeros((10, 10, 3), np.float32)
    lab[:5], lab[5:] = REFERENCES[2], REFERENCES[5]
    everywhere = np.ones((10, 10), bool)
    shares = color_shares(lab, everywhere, ~everywhere)
    assert shares == pytest.approx((0, 0, 0.5, 0, 0, 0.5))
    assert present(shares) == ("light brown", "black")


def test_a_darker_exposure_makes_no_other_colour():
    lab = np.zeros((20, 20, 3), np.float32)
    lab[...] = (75, 12, 12)
    mask = np.zeros((20, 20), bool)
    mask[5:15, 5:15] = True
    lab[mask] = REFERENCES[2]
    darker = lab * np.float32([0.7, 1, 1])
    assert color_shares(darker, mask, ~mask)[2] == 1
    # Without skin there is nothing to go by.
    assert color_shares(darker, mask, np.zeros_like(mask))[2] < 1


def test_what_is_darker_than_skin_is_not_taken_for_it():
    lab = np.zeros((20, 20, 3), np.float32)
    lab[...] = (75, 12, 12)
    lab[:, :4] = (5, 0, 0)
    mask = np.zeros((20, 20), bool)
    mask[5:15, 5:15] = True
    lab[mask] = REFERENCES[3]
    assert color_shares(lab, mask, ~mask)[3] == 1


def test_another_mask_like_it_is_measured_in_the_same_closeup_and_a_far_one_in_its_own():
    mask, wider, far = (disc(radius, x, side=300) for radius, x in ((40, 0), (44, 0), (20, 110)))
    pixels = paint(mask, BROWN, SKIN)
    shapes = [measure_shape(region) for region in (mask, wider, far)]
    closeup = Closeup(pixels, mask, shapes[0])
    assert closeup.measure(mask, shapes[0]) == lesion(mask, pixels)
    assert closeup.measure(wider, shapes[1]).color_shares == pytest.approx(lesion(wider, pixels).color_shares, abs=0.02)
    assert closeup.measure(far, shapes[2]) == lesion(far, pixels)


def test_a_speck_is_measured_too():
    mask = np.zeros((40, 40), bool)
    mask[20, 20] = True
    found = lesion(mask, paint(mask, BROWN, SKIN))
    assert sum(found.color_shares) == pytest.approx(1)
    assert found.fractal_dimension == 1
