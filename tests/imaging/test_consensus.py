"""One mask of several readings."""

import numpy as np
import pytest

from segstudio.imaging.consensus import between, staple


def disk(x: float, y: float, radius: float, value: int = 1) -> np.ndarray:
    ys, xs = np.mgrid[:80, :120]
    return np.where(np.hypot(xs - x, ys - y) < radius, value, 0).astype(np.uint16)


@pytest.mark.parametrize("make", [staple, between])
def test_a_consensus_lies_within_what_somebody_said_and_holds_what_all_did(make):
    readings = [disk(50, 40, 20), disk(55, 40, 20)]
    made = make(readings)
    assert ((made == 1) >= (readings[0] & readings[1] == 1)).all()
    assert ((made == 1) <= (readings[0] | readings[1] == 1)).all()


@pytest.mark.parametrize("make", [staple, between])
def test_readings_that_agree_are_the_consensus(make):
    reading = disk(50, 40, 20, 3)
    assert np.array_equal(make([reading, reading]), reading)
    empty = np.zeros_like(reading)
    assert not make([empty, empty]).any()


def test_staple_follows_the_many():
    readings = [disk(50, 40, 20), disk(50, 40, 20), disk(80, 40, 10)]
    assert np.array_equal(staple(readings), readings[0])


def test_the_line_between_two_circles_is_half_way():
    made = between([disk(60, 40, 10), disk(60, 40, 20)])
    assert np.count_nonzero(made) == pytest.approx(np.pi * 15**2, rel=0.05)


def test_segments_stay_apart():
    made = between([disk(30, 40, 15) + disk(90, 40, 15, 2), disk(32, 40, 15) + disk(88, 40, 15, 2)])
    assert made[40, 31] == 1
    assert made[40, 89] == 2
    assert made[40, 60] == 0


@pytest.mark.parametrize("make", [staple, between])
def test_masks_of_different_shapes_are_refused(make):
    for wrong in ([], [disk(1, 1, 1), np.zeros((2, 2), np.uint16)]):
        with pytest.raises(ValueError, match="one shape"):
            make(wrong)
