import numpy as np
import pytest

from segstudio.imaging.exposure import exposed, exposure_gain
from segstudio.imaging.synthetic_lesions import lesion

PICTURE, _ = lesion(3, (400, 300))


@pytest.mark.parametrize("light", [0.6, 0.75, 1.0])
def test_a_picture_comes_out_as_light_however_it_was_exposed(light: float) -> None:
    taken = np.clip(PICTURE * light, 0, 255).astype(np.uint8)
    seen = exposed(taken, exposure_gain(taken)).astype(int)
    assert np.abs(seen - exposed(PICTURE, exposure_gain(PICTURE))).mean() <= 1
    assert np.percentile(seen.max(axis=2), 85) == pytest.approx(240, abs=4)


def test_a_black_mount_round_the_skin_changes_nothing() -> None:
    height, width = PICTURE.shape[:2]
    y, x = np.mgrid[:height, :width]
    behind = PICTURE.copy()
    behind[np.hypot(y - height / 2, x - width / 2) > 0.45 * width] = 5
    assert exposure_gain(behind) == pytest.approx(exposure_gain(PICTURE), rel=0.06)


def test_grey_pictures_stay_as_they_are_and_darkness_is_not_made_light_without_end() -> None:
    grey = np.repeat(PICTURE[..., :1] // 2, 3, axis=2)
    assert exposure_gain(grey) == 1
    assert exposed(grey, 1.0) is grey
    dark = np.random.default_rng(0).integers(0, 6, (64, 64, 3), np.uint8)
    assert exposure_gain(dark) == 2
    assert exposure_gain(np.array([[[250, 255, 251]]], np.uint8)) == pytest.approx(240 / 255)
