import numpy as np
import pytest

from segstudio.imaging.cv import cv2
from segstudio.imaging.figure_pose import ACTIONS, Build, draw_joints
from segstudio.imaging.noise import bezier, cells, fractal, grain, signed_distance, smooth_noise, smoothstep
from segstudio.imaging.scene import draw_scene
from segstudio.imaging.synthetic_bodies import body
from segstudio.imaging.synthetic_lesions import lesion


@pytest.mark.parametrize("make", [lesion, body])
def test_the_same_seed_gives_the_same_image_and_another_seed_another(make) -> None:  # type: ignore[no-untyped-def]
    pixels, mask = make(11, (192, 144))
    again, mask_again = make(11, (192, 144))
    np.testing.assert_array_equal(pixels, again)
    np.testing.assert_array_equal(mask, mask_again)
    other, _ = make(12, (192, 144))
    assert np.abs(pixels.astype(int) - other).mean() > 3


@pytest.mark.parametrize("make", [lesion, body])
@pytest.mark.parametrize("seed", range(8))
def test_shape_type_and_sensible_sizes(make, seed: int) -> None:  # type: ignore[no-untyped-def]
    pixels, mask = make(seed, (256, 192))
    assert (pixels.shape, pixels.dtype, mask.shape, mask.dtype) == ((192, 256, 3), np.uint8, (192, 256), np.bool_)
    assert 0.015 < mask.mean() < 0.9
    assert pixels.std() > 10


@pytest.mark.parametrize("seed", range(8))
def test_a_lesion_is_one_piece_without_holes(seed: int) -> None:
    _, mask = lesion(seed, (256, 192))
    assert cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[0] == 2
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros(mask.shape, np.uint8), contours, -1, 1, cv2.FILLED)
    np.testing.assert_array_equal(filled.astype(bool), mask)


def contrast(pixels: np.ndarray, mask: np.ndarray) -> float:
    depth = signed_distance(mask)
    inside, ring = depth > 6, (depth < -6) & (depth > -30)
    return float(np.linalg.norm(pixels[inside].mean(0) - pixels[ring].mean(0)))


def test_masks_lie_on_what_is_to_be_seen_and_contrast_varies() -> None:
    found = [contrast(*lesion(seed, (384, 288))) for seed in range(16)]
    assert min(found) > 12
    assert np.median(found) > 40
    assert max(found) > 2.5 * min(found)


def test_skins_are_fair_to_dark() -> None:
    tones = []
    for seed in range(24):
        pixels, mask = lesion(seed, (192, 144))
        depth = signed_distance(mask)
        tones.append(float(pixels[(depth < -8) & (depth > -25)].mean()))
    assert min(tones) < 110
    assert max(tones) > 190


@pytest.mark.parametrize("action", ACTIONS)
def test_a_body_stands_whole_in_the_picture(action: str) -> None:
    for seed in (5, 6):
        _, mask = body(seed, (384, 288), action)
        assert not mask[:, [0, -1]].any()
        assert not mask[[0, -1]].any()
        pieces = cv2.connectedComponentsWithStats(mask.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
        assert pieces.max() > 0.97 * mask.sum()
        rows = np.flatnonzero(mask.any(1))
        assert rows[-1] > 0.8 * mask.shape[0]


@pytest.mark.parametrize("action", ACTIONS)
def test_bones_keep_their_lengths(action: str) -> None:
    rng = np.random.default_rng(3)
    joints = draw_joints(rng, action, Build.draw(rng))
    for side in "lr":
        for a, b, length in (("hip", "knee", 0.242), ("knee", "ankle", 0.232), ("elbow", "wrist", 0.138)):
            measured = float(np.linalg.norm(joints[f"{a}_{side}"] - joints[f"{b}_{side}"]))
            assert measured == pytest.approx(length)


def test_there_are_five_places_and_they_differ() -> None:
    pictures = []
    for seed in range(40):
        scene = draw_scene(np.random.default_rng(seed), (96, 128))
        assert scene.picture.shape == (96, 128, 3)
        assert np.isfinite(scene.picture).all()
        assert 0 < scene.horizon < 96
        pictures.append(scene.picture.mean((0, 1)))
    assert np.stack(pictures).std(0).min() > 0.08


def test_noise_has_the_deviation_that_it_says() -> None:
    rng = np.random.default_rng(0)
    for noise in (smooth_noise(rng, (300, 400), 6), fractal(rng, (300, 400), 12), grain(rng, (300, 400), 1.0)):
        assert noise.dtype == np.float32
        assert abs(float(noise.mean())) < 0.15
        assert 0.6 < float(noise.std()) < 1.4
    assert grain(rng, (4, 4), 0).shape == (4, 4)


def test_cells_have_walls_between_middles() -> None:
    walls, middles = cells(np.random.default_rng(0), (120, 160), 16)
    assert walls.shape == middles.shape == (120, 160)
    assert walls[middles < 1.5].mean() > 3
    assert middles[walls < 1].mean() > 5


def test_helpers() -> None:
    assert smoothstep(np.array([-1, 0.5, 2], np.float32), 0, 1).tolist() == [0, 0.5, 1]
    points = bezier(np.array([(0.0, 0), (1, 2), (3, 2), (4, 0)]), 5)
    assert points[[0, -1]].tolist() == [[0, 0], [4, 0]]
    assert points[2].tolist() == [2, 1.5]
    mask = np.zeros((9, 9), bool)
    mask[3:6, 3:6] = True
    assert signed_distance(mask)[4, 4] == pytest.approx(2, abs=0.1)
    assert signed_distance(mask)[4, 0] == pytest.approx(-3, abs=0.1)
