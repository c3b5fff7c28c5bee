"""The simulated hand: it ends, within its tolerance, and never paints what an eye would see to be wrong."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.app.annotator import LOOKS, PATIENCE, SMALLEST_ERROR, Aim, Annotator
from segstudio.app.sweep import SIZES, Stroke
from segstudio.imaging.cv import cv2


def blob(seed: int, shape: tuple[int, int] = (120, 160)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    height, width = shape
    angles = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    radius = 30 + 8 * np.sin(3 * angles + rng.uniform(0, 6)) + 4 * np.sin(7 * angles + rng.uniform(0, 6))
    points = np.stack([width / 2 + radius * np.cos(angles), height / 2 + radius * np.sin(angles)], 1)
    mask = np.zeros(shape, np.uint16)
    return cv2.fillPoly(mask, [points.round().astype(np.int32)], 1)


def correct(truth: np.ndarray, shown: np.ndarray, tolerance: float = 0.01) -> int:
    annotator = Annotator(truth, tolerance)
    cursor = (0.0, 0.0)
    for count in range(200):
        stroke = annotator.next_stroke(shown, cursor)
        if stroke is None:
            return count
        assert stroke.radius in SIZES
        shown[...] = stroke.painted(shown)
        cursor = stroke.points[-1]
    raise AssertionError("the hand does not come to an end")


def far_errors(truth: np.ndarray, shown: np.ndarray, tolerance: float) -> int:
    """Pixels of the largest wrong region beyond the tolerance, by brute force."""
    changes = (truth != np.roll(truth, 1, 0)) | (truth != np.roll(truth, 1, 1))
    edges, wrong = np.argwhere(changes), np.argwhere(shown != truth)
    far = np.zeros(truth.shape, np.uint8)
    for few in np.array_split(wrong, 1 + len(wrong) // 500):
        distances = np.linalg.norm(few[:, None] - edges[None], axis=2).min(1)
        off = few[distances > tolerance * math.hypot(*truth.shape) + 1.5]
        far[off[:, 0], off[:, 1]] = 1
    _, _, stats, _ = cv2.connectedComponentsWithStats(far, connectivity=8)
    return max([0, *stats[1:, cv2.CC_STAT_AREA]])


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), other=st.integers(0, 10_000))
def test_what_is_left_wrong_lies_within_the_tolerance(seed: int, other: int) -> None:
    truth = blob(seed)
    for shown in (np.zeros_like(truth), np.roll(blob(other), 20, 1), 1 - truth):
        correct(truth, shown)
        assert far_errors(truth, shown, 0.01) <= SMALLEST_ERROR


def test_a_good_mask_needs_no_stroke() -> None:
    truth = blob(1)
    assert correct(truth, truth.copy()) == 0
    assert correct(truth, cv2.erode(truth, np.ones((3, 3), np.uint8))) == 0


def test_what_is_missing_along_a_border_takes_a_sweep_or_two() -> None:
    truth = cv2.circle(np.zeros((240, 240), np.uint16), (120, 120), 80, 1, -1)
    shown = cv2.ellipse(truth.copy(), (120, 120), (74, 74), 0, 0, 130, 0, 12)
    assert correct(truth, shown) <= 2


def test_a_full_and_an_empty_truth_are_reached() -> None:
    full, empty = np.ones((80, 80), np.uint16), np.zeros((80, 80), np.uint16)
    assert correct(full, empty.copy()) >= 1
    assert correct(empty, full.copy()) >= 1


def test_the_time_of_a_stroke_is_as_stated() -> None:
    stroke = Stroke(1, 5.0, ((30.0, 40.0), (30.0, 440.0)))
    assert stroke.length == 400.0
    assert math.isclose(stroke.seconds((30.0, 840.0)), 0.2 + 800 / 800 + 400 / 400 + 0.2)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_click_lies_well_inside_a_large_error_and_says_the_truth(seed: int) -> None:
    truth = blob(seed)
    for shown in (np.zeros_like(truth), np.ones_like(truth)):
        aim = Annotator(truth, 0.01).next_click(shown, (0.0, 0.0))
        assert aim is not None
        at = math.floor(aim.point[1]), math.floor(aim.point[0])
        assert truth[at] == aim.value != shown[at]
        around = truth[at[0] - 4 : at[0] + 5, at[1] - 4 : at[1] + 5]
        assert (around == aim.value).all()


def test_small_errors_are_painted() -> None:
    truth = blob(2)
    shown = truth.copy()
    cv2.circle(shown, (8, 8), 3, 1, -1)
    annotator = Annotator(truth, 0.01)
    assert annotator.next_stroke(shown, (8.0, 8.0)) is not None
    assert annotator.next_click(shown, (8.0, 8.0)) is None


def test_clicks_in_vain_are_noticed_and_given_up() -> None:
    truth, shown = blob(3), np.zeros((120, 160), np.uint16)
    annotator = Annotator(truth, 0.01)
    aim = annotator.next_click(shown, (0.0, 0.0))
    assert aim is not None
    assert annotator.is_mended(aim, shown, truth)
    assert annotator.next_click(shown, (0.0, 0.0)) == aim, "a click that helped says nothing against the next"
    assert not annotator.is_mended(aim, shown, shown)
    assert annotator.next_click(shown, (0.0, 0.0)) is None, "this error is painted now"


def test_who_clicked_in_vain_elsewhere_paints_the_whole_image() -> None:
    truth, shown = blob(3), np.zeros((120, 160), np.uint16)
    annotator, elsewhere = Annotator(truth, 0.01), Aim(1, (5.0, 5.0), 100)
    for _ in range(PATIENCE):
        assert annotator.next_click(shown, (0.0, 0.0)) is not None
        assert not annotator.is_mended(elsewhere, shown, shown)
    assert annotator.next_click(shown, (0.0, 0.0)) is None


def test_the_time_of_a_click_is_as_stated() -> None:
    assert math.isclose(Aim(1, (30.0, 40.0), 500).seconds((30.0, 840.0)), 0.2 + 800 / 800 + 0.3 + 0.2)


def test_the_border_is_tried_in_what_is_wrong_and_farthest_from_where_it_is_first() -> None:
    truth = blob(3)
    annotator = Annotator(truth, 0.01)
    shown = truth.copy()
    shown[:, :60] = 0
    points = annotator.border_points(shown, (0.0, 0.0))
    assert len(points) == 3
    assert all(truth[int(y), int(x)] == 1 and shown[int(y), int(x)] == 0 for x, y in points)
    away = [60 - x for x, _ in points]
    assert away == sorted(away, reverse=True)
    assert away[0] > 1.5 * away[2]
    assert annotator.border_points(truth, (0.0, 0.0)) == []


def test_who_looked_in_vain_does_not_look_there_again_and_gives_up_at_last() -> None:
    truth = blob(3)
    annotator = Annotator(truth, 0.01)
    shown, other = truth.copy(), truth.copy()
    shown[:, :60], other[:, 100:] = 0, 0
    for number in range(LOOKS - 1):
        annotator.saw_in_vain(annotator.border_points(shown, (0.0, 0.0))[0] if number == 0 else (0.5, 0.5))
    assert annotator.border_points(shown, (0.0, 0.0)) == []
    assert len(annotator.border_points(other, (0.0, 0.0))) == 3
    annotator.saw_in_vain((0.5, 0.5))
    assert annotator.border_points(other, (0.0, 0.0)) == []


def test_more_that_is_wrong_takes_longer() -> None:
    truth = blob(4)
    annotator = Annotator(truth, 0.01)
    little, more, elsewhere = truth.copy(), truth.copy(), truth.copy()
    little[:, :60], more[:, :70] = 0, 0
    elsewhere[:, :60], elsewhere[:, 100:] = 0, 0
    assert annotator.seconds_left(truth) == 0
    assert 0.5 < annotator.seconds_left(little) < annotator.seconds_left(more)
    assert annotator.is_better(more, little)
    assert not annotator.is_better(little, more)
    assert not annotator.is_better(little, little)
    assert annotator.seconds_left(little) + 0.5 < annotator.seconds_left(elsewhere)
