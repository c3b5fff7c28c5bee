"""The stricter and the looser mask."""

from __future__ import annotations

import numpy as np

from segstudio.domain.doubt_band import doubt_band


def make(width=12, height=6):
    mask = np.zeros((height, width), bool)
    mask[:, 2:6] = True
    confidence = np.full((height, width), 255, np.uint8)
    confidence[:, 5] = 150  # in the mask, unsure
    confidence[:, 6:8] = 140  # beside it, unsure
    confidence[:, 10:] = 130  # unsure, and elsewhere
    return mask, confidence


def test_unsure_pixels_leave_the_stricter_and_join_the_looser_mask():
    mask, confidence = make()
    stricter, looser = doubt_band(mask, mask, np.zeros_like(mask), confidence)
    assert np.flatnonzero(stricter[0]).tolist() == [2, 3, 4]
    assert np.flatnonzero(looser[0]).tolist() == [2, 3, 4, 5, 6, 7]


def test_what_a_person_painted_is_not_doubted():
    mask, confidence = make()
    painted = np.zeros_like(mask)
    painted[:, 5:7] = True
    stricter, looser = doubt_band(mask, mask, painted, confidence)
    assert np.array_equal(stricter, mask)
    assert np.array_equal(looser, mask)


def test_what_the_model_gave_to_the_segment_and_a_person_took_away_stays_away():
    mask, confidence = make()
    own = mask.copy()
    own[:, 6] = True
    _, looser = doubt_band(mask, own, np.zeros_like(mask), confidence)
    assert np.flatnonzero(looser[0]).tolist() == [2, 3, 4, 5]


def test_confidence_is_stretched_over_the_image():
    mask = np.zeros((40, 60), bool)
    mask[:, :30] = True
    stricter, looser = doubt_band(mask, mask, np.zeros_like(mask), np.array([[255, 128, 128, 255]], np.uint8))
    assert 5 < stricter[0].sum() < 30 < looser[0].sum() < 55


def test_an_empty_mask_has_no_band():
    mask, confidence = make()
    stricter, looser = doubt_band(mask & False, mask & False, mask & False, confidence)
    assert not stricter.any()
    assert not looser.any()


def test_doubt_behind_what_a_person_took_away_is_no_thread_around_it():
    own, confidence = make(height=20)
    painted, mask = np.zeros_like(own), own.copy()
    mask[5:15, 4:] = False
    painted[5:15, 4:6] = True
    _, looser = doubt_band(mask, own, painted, confidence)
    assert np.flatnonzero(looser[10]).tolist() == [2, 3]
    assert np.flatnonzero(looser[1]).tolist() == [2, 3, 4, 5, 6, 7]


def test_doubt_behind_what_a_person_painted_is_no_groove():
    own, confidence = make(height=20)
    painted, mask = np.zeros_like(own), own.copy()
    mask[5:15, 6:8] = painted[5:15, 6:8] = True
    stricter, _ = doubt_band(mask, own, painted, confidence)
    assert np.flatnonzero(stricter[10]).tolist() == [2, 3, 4, 5, 6, 7]
    assert np.flatnonzero(stricter[1]).tolist() == [2, 3, 4]


def test_doubt_behind_what_a_person_erased_is_no_thread_either_where_the_model_saw_nothing():
    mask, confidence = make(height=20)
    mask[5:15, 4:] = False
    painted = np.zeros_like(mask)
    painted[5:15, 4:6] = True
    _, looser = doubt_band(mask, mask, painted, confidence)
    assert np.flatnonzero(looser[10]).tolist() == [2, 3]
    assert np.flatnonzero(looser[1]).tolist() == [2, 3, 4, 5, 6, 7]
