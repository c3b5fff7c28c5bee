"""The simulated hand: it ends, within its tolerance, and never paints what an eye would see to be wrong."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.app.annotator import SIZES, SMALLEST_ERROR, Annotator, Stroke
from segstudio.domain.brush import stroke_segment
from segstudio.imaging.cv import cv2


def blob(seed: int, shape: tuple[int, int] = (120, 160)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    height, width = shape
    angles = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    radius = 30 + 8 * np.sin(3 * angles + rng.uniform(0, 6)) + 4 * np.sin(7 * angles + rng.uniform(0, 6))
    points = np.stack([width / 2 + radius * np.cos(angles), height / 2 + radius * np.sin(angles)], 1)
    mask = np.zeros(shape, np.uint16)
    return cv2.fillPoly(mask, [points.round().astype(np.int32)], 1)


def paint(shown: np.ndarray, stroke: Stroke) -> None:
    start = stroke.points[0]
    for end in stroke.points:
        rect, covered = stroke_segment(start, end, stroke.radius, *shown.shape)
        shown[rect.slices][covered] = stroke.value
        start = end


def correct(truth: np.ndarray, shown: np.ndarray, tolerance: float = 0.01) -> int:
    annotator = Annotator(truth, tolerance)
    cursor = (0.0, 0.0)
    for count in range(200):
        stroke = annotator.next_stroke(shown, cursor)
        if stroke is None:
            return count
        assert stroke.radius in SIZES
        paint(shown, stroke)
        cursor = stroke.points[-1]
    raise AssertionError("the hand does not come to an end")


def far_errors(truth: np.ndarray, shown: np.ndarray, tolerance: float) -> int:
    """Pixels of the largest wrong region beyond the tolerance, by brute force."""
    border = np.argwhere(truth != np.roll(truth, 1, 0))[:, None]
    columns = np.argwhere(truth != np.roll(truth, 1, 1))[:, None]
    edges = np.concatenate([border, columns])[:, 0]
    wrong = np.argwhere(shown != truth)
    far = np.zeros(truth.shape, np.uint8)
    for row, column in wrong:
        if np.hypot(*(edges - (row, column)).T).min() > tolerance * math.hypot(*truth.shape) + 1.5:
            far[row, column] = 1
    _, _, stats, _ = cv2.connectedComponentsWithStats(far, connectivity=8)
    return max([0, *stats[1:, cv2.CC_STAT_AREA]])


@settings(max_examples=12, deadline=None)
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


def test_a_full_and_an_empty_truth_are_reached() -> None:
    full, empty = np.ones((80, 80), np.uint16), np.zeros((80, 80), np.uint16)
    assert correct(full, empty.copy()) >= 1
    assert correct(empty, full.copy()) >= 1


def test_the_time_of_a_stroke_is_as_stated() -> None:
    stroke = Stroke(1, 5.0, ((30.0, 40.0), (30.0, 440.0)))
    assert stroke.length == 400.0
    assert math.isclose(stroke.seconds((30.0, 840.0)), 0.2 + 800 / 800 + 400 / 400 + 0.2)
