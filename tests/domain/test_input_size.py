"""At which size images are seen: what is measured, and what follows from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.input_size import (
    LEAST_PX,
    LIMITS,
    STEP,
    ImageMeasure,
    choose_input_size,
    measure_image,
    size_to_ask_at,
)
from segstudio.imaging.cv import cv2


def _discs(*discs: tuple[int, int, int, int], shape: tuple[int, int] = (600, 800)) -> np.ndarray:
    """Class ids with filled circles (class, x, y, radius)."""
    mask = np.zeros(shape, np.uint16)
    for value, x, y, radius in discs:
        cv2.circle(mask, (x, y), radius, value, -1)
    return mask


def _images(longer: int, *shares: float, count: int = 10, widths: tuple[float, ...] = ()) -> list[ImageMeasure]:
    return [ImageMeasure(longer, shares, widths)] * count


def test_a_disc_is_as_thick_as_its_diameter() -> None:
    measure = measure_image(_discs((1, 300, 300, 80), (2, 600, 200, 10)))
    assert measure.longer_side == 800
    assert measure.structures == pytest.approx((161 / 800, 21 / 800), abs=3 / 800)


def test_a_long_thin_thing_is_thin_whichever_way_it_lies() -> None:
    mask = np.zeros((600, 800), np.uint16)
    cv2.line(mask, (50, 50), (700, 500), 3, 5)
    (share,) = measure_image(mask).structures
    assert share * 800 == pytest.approx(5, abs=2.5)


def test_specks_do_not_make_a_lesion_small_but_many_small_cells_are_small() -> None:
    specks = [(1, 20 + 30 * i, 30, 2) for i in range(20)]
    (lesion,) = measure_image(_discs((1, 400, 300, 100), *specks)).structures
    assert lesion * 800 > 190
    cells = [(1, 20 + 30 * (i % 25), 40 + 30 * (i // 25), 8) for i in range(300)]
    (cell,) = measure_image(_discs((1, 700, 540, 30), *cells)).structures
    assert cell * 800 < 20


def test_what_touches_the_frame_ends_there_and_what_is_left_out_does_not_count() -> None:
    mask = np.ones((100, 200), np.uint16)
    mask[:, :150] = 2
    assert measure_image(mask).structures == pytest.approx((49 / 200, 99 / 200), abs=3 / 200)
    assert len(measure_image(mask, leave_out=(2,)).structures) == 1
    assert measure_image(np.zeros((100, 200), np.uint16)) == ImageMeasure(200, ())


def test_a_large_mask_is_measured_reduced() -> None:
    measure = measure_image(_discs((1, 1500, 1500, 300), shape=(3000, 4000)))
    assert measure.longer_side == 4000
    assert measure.structures == pytest.approx((601 / 4000,), rel=0.02)


@pytest.mark.parametrize(
    ("images", "device", "longer_side", "window", "reason"),
    [
        # Lesions: nothing small.
        (_images(768, 0.23), "cpu", 256, None, "usual"),
        (_images(768, 0.23), "cuda", 512, None, "usual"),
        (_images(768, 0.23), "mps", 512, None, "usual"),
        # Before anything is approved.
        ([], "cpu", 256, None, "usual"),
        (_images(768), "cpu", 256, None, "usual"),
        # Small images are not enlarged.
        (_images(130, 0.3), "cpu", 160, None, "small_images"),
        (_images(20, 0.001), "cpu", 64, None, "small_images"),
        # A little more helps.
        (_images(1000, 0.02), "cpu", 320, None, "structures"),
        (_images(4000, 0.01), "cuda", 608, None, "structures"),
        # Poles and people in a street: only in pieces.
        (_images(480, 0.011), "cpu", 480, 256, "pieces"),
        (_images(480, 0.011), "cuda", 480, None, "small_images"),
        (_images(6000, 0.0001), "cpu", 1024, 256, "pieces"),
        (_images(6000, 0.0001), "cuda", 2048, 512, "pieces"),
    ],
)
def test_the_table(images: list[ImageMeasure], device: str, longer_side: int, window: int | None, reason: str) -> None:
    found = choose_input_size(images, device)
    assert (found.longer_side, found.window, found.reason) == (longer_side, window, reason)


@pytest.mark.parametrize(
    ("images", "device", "longer_side", "reason"),
    [
        # Lesions are wide, people less so, and small people even less.
        (_images(768, 0.4, widths=(0.19,)), "cpu", 256, "usual"),
        (_images(768, 0.4, widths=(0.12,)), "cpu", 256, "usual"),
        (_images(830, 0.2, widths=(0.095,)), "cpu", 384, "shapes"),
        (_images(854, 0.1, widths=(0.05,)), "cpu", 384, "shapes"),
        (_images(830, 0.2, widths=(0.095,)), "cuda", 512, "usual"),
        (_images(854, 0.1, widths=(0.05,)), "cuda", 736, "shapes"),
        # No image is enlarged, and what is thin counts first.
        (_images(300, 0.2, widths=(0.05,)), "cpu", 320, "shapes"),
        (_images(200, 0.2, widths=(0.05,)), "cpu", 224, "small_images"),
        (_images(1000, 0.02, widths=(0.1,)), "cpu", 384, "structures"),
        # The image in the middle decides.
        ([*_images(768, 0.4, widths=(0.3,)), *_images(768, 0.4, widths=(0.05,), count=9)], "cpu", 256, "usual"),
    ],
)
def test_shapes_with_limbs_are_seen_larger(
    images: list[ImageMeasure], device: str, longer_side: int, reason: str
) -> None:
    found = choose_input_size(images, device)
    assert (found.longer_side, found.window, found.reason) == (longer_side, None, reason)


def test_a_disc_is_half_as_wide_as_its_diameter_and_limbs_make_a_shape_narrower() -> None:
    disc = _discs((1, 400, 300, 100))
    (width,) = measure_image(disc).widths
    assert width * 800 == pytest.approx(100, rel=0.08)
    star = disc.copy()
    for angle in np.linspace(0, 2 * np.pi, 9):
        cv2.line(star, (400, 300), (int(400 + 250 * np.cos(angle)), int(300 + 250 * np.sin(angle))), 1, 9)
    assert measure_image(star).structures[0] == pytest.approx(measure_image(disc).structures[0], rel=0.1)
    assert measure_image(star).widths[0] < 0.5 * width
    ring = disc.copy()
    cv2.circle(ring, (400, 300), 80, 0, -1)
    assert measure_image(ring).widths[0] * 800 == pytest.approx(20, rel=0.15)


def test_one_image_in_ten_with_something_tiny_does_not_decide() -> None:
    images = [*_images(768, 0.2, count=19), ImageMeasure(768, (0.001,))]
    assert choose_input_size(images, "cpu").reason == "usual"
    assert choose_input_size([*images, *_images(768, 0.001, count=3)], "cpu").reason == "pieces"


def test_what_the_user_chose_is_done() -> None:
    small, large = _images(2000, 0.001), _images(768, 0.3)
    assert choose_input_size(small, "cpu", pieces="off").window is None
    assert choose_input_size(small, "cpu", pieces="off").longer_side == 384
    assert (choose_input_size(large, "cpu", pieces="on").longer_side) == 512
    assert (choose_input_size(large, "cpu", pieces="on").window) == 256
    assert choose_input_size(_images(200, 0.3), "cpu", pieces="on").window is None, "it is one piece"
    for size, pieces, window in [
        (192, "automatic", None), (384, "automatic", None), (512, "automatic", 256), (512, "off", None),
        (320, "on", 256), (256, "on", None),
    ]:  # fmt: skip
        found = choose_input_size(large, "cpu", size, pieces)  # type: ignore[arg-type]
        assert (found.longer_side, found.window, found.reason) == (size, window, "chosen")


@given(
    st.lists(st.tuples(st.integers(1, 20_000), st.lists(st.floats(1e-5, 1), max_size=3)), max_size=6),
    st.sampled_from(["cpu", "cuda", "mps"]),
    st.sampled_from(["automatic", "on", "off"]),
)
def test_any_images_get_a_size_that_networks_take_and_the_device_bears(raw: list, device: str, pieces: str) -> None:
    found = choose_input_size([ImageMeasure(side, tuple(s)) for side, s in raw], device, pieces=pieces)  # type: ignore[arg-type]
    limits = LIMITS["cpu" if device == "cpu" else "accelerator"]
    assert found.longer_side % STEP == 0
    assert 2 * STEP <= found.longer_side <= limits.pieces
    assert found.window in (None, limits.usual)
    assert found.window is not None or found.longer_side <= limits.whole
    enlarged = raw and found.longer_side >= np.median([side for side, _ in raw])
    if pieces == "automatic" and found.window is None and found.smallest and found.reason == "usual" and not enlarged:
        assert found.smallest * found.longer_side >= LEAST_PX - 1e-9


def test_what_has_width_to_spare_is_asked_for_from_farther_off() -> None:
    wide = [_discs((1, 128, 96, 60), shape=(192, 256))] * 3
    thin = [_discs((1, 128, 96, 20), shape=(192, 256))] * 3
    assert size_to_ask_at(256, wide, (0,)) == 224
    assert size_to_ask_at(384, wide, (0,)) == 320, "a multiple of what networks take"
    assert size_to_ask_at(256, thin, (0,)) == 256
    assert size_to_ask_at(256, [*wide, *thin, thin[0]], (0,)) == 256, "the median shape decides"
    assert size_to_ask_at(256, [], (0,)) == 256
    assert size_to_ask_at(256, [wide[0] * 0], (0,)) == 256, "nothing is marked"
    assert size_to_ask_at(64, wide, (0,)) == 64


def test_what_is_not_judged_has_no_width() -> None:
    both = _discs((2, 128, 96, 90), (1, 128, 96, 10), shape=(192, 256))
    assert size_to_ask_at(256, [both], (0, 2)) == 256
    assert size_to_ask_at(256, [both], (0,)) == 224
