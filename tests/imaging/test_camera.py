from collections.abc import Callable

import numpy as np
import pytest

from segstudio.imaging import camera, dermoscope
from segstudio.imaging.elsewhere import ELSEWHERE
from segstudio.imaging.synthetic_lesions import lesion

PICTURE, MEMBER = lesion(3, (128, 96))
CHANGES = (
    camera.change_colours, camera.light_unevenly, camera.change_focus, camera.add_grain, camera.coarsen,
    camera.compress, camera.as_taken_elsewhere, dermoscope.grow_hairs, dermoscope.lay_ruler, dermoscope.blow_bubbles,
    dermoscope.draw_ink, dermoscope.stick_patch, dermoscope.darken_corners, dermoscope.as_other_dermoscopes,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_keeps_the_shape_leaves_the_original_and_is_the_same_for_the_same_seed(
    change: Callable[[np.ndarray, np.random.Generator], np.ndarray],
) -> None:
    before = PICTURE.copy()
    seen = [change(PICTURE, np.random.default_rng(seed)) for seed in (1, 2, 3, 4, 4)]
    assert np.array_equal(PICTURE, before)
    assert {(made.shape, made.dtype) for made in seen} == {(PICTURE.shape, PICTURE.dtype)}
    assert np.array_equal(seen[3], seen[4])
    assert any(not np.array_equal(made, before) for made in seen)


def test_colour_constancy_takes_a_cast_away() -> None:
    rng = np.random.default_rng(0)
    grey = np.repeat(rng.integers(60, 200, (40, 40, 1)), 3, axis=2)
    cast = (grey * (1.0, 0.8, 0.6)).astype(np.uint8)
    found = camera.shades_of_grey(cast).reshape(-1, 3).mean(axis=0)
    assert np.ptp(found) < 0.02 * found.mean()


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_stand_in_changes_the_picture_and_takes_the_mask_along(name: str) -> None:
    mask = MEMBER.astype(np.uint16)
    pixels, moved = ELSEWHERE[name](PICTURE, mask, np.random.default_rng(5))
    assert pixels.shape[:2] == moved.shape
    assert (pixels.dtype, moved.dtype) == (np.uint8, np.uint16)
    grey = pixels.astype(np.float32).mean(axis=2)
    assert grey[moved == 1].mean() < grey[(moved == 0) & (grey > 12)].mean()
    assert not np.array_equal(pixels, PICTURE)
