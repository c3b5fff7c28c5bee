"""Who is to read what, and how far an image has come."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.review import (
    ReviewSettings,
    Standing,
    clean_name,
    is_chosen,
    is_claimed,
    is_unowned,
    reads_apart,
    standing,
)

RECORD = ImageRecord(7, Path("/a.png"), "a.png", 0)
APPROVED = replace(RECORD, state=ImageState.APPROVED, touched=True, reader="Anna")
TWICE = ReviewSettings(second_share=1.0)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (RECORD, Standing.NEW),
        (replace(RECORD, state=ImageState.PREDICTED), Standing.PREDICTED),
        (replace(RECORD, state=ImageState.IN_PROGRESS), Standing.IN_PROGRESS),
        (APPROVED, Standing.APPROVED),
        (replace(APPROVED, second="wanted"), Standing.NEEDS_SECOND),
        (replace(APPROVED, second="done"), Standing.APPROVED),
        (replace(APPROVED, second="done", adjudicator="Cleo"), Standing.ADJUDICATED),
        (replace(APPROVED, state=ImageState.IN_PROGRESS, adjudicator="Cleo"), Standing.IN_PROGRESS),
        (replace(RECORD, rejected="out of focus"), Standing.REJECTED),
    ],
)
def test_standing(record, expected):
    assert standing(record) is expected


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_only_adds_images(image_id, one, other):
    small, large = sorted((one, other))
    assert is_chosen(image_id, small, "draw first") <= is_chosen(image_id, large, "draw first")
    assert is_chosen(image_id, 1.0, "draw first")
    assert not is_chosen(image_id, 0.0, "draw first")


def test_the_share_is_kept_and_two_purposes_choose_independently():
    ids = range(1, 4001)
    first = {i for i in ids if is_chosen(i, 0.3, "second reader")}
    other = {i for i in ids if is_chosen(i, 0.3, "draw first")}
    assert abs(len(first) / 4000 - 0.3) < 0.03
    assert abs(len(first & other) / 4000 - 0.09) < 0.02
    # For ever: a project's readings hang on it.
    assert [i for i in range(1, 13) if is_chosen(i, 0.3, "second reader")] == [2, 3, 5]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_share_of_none_and_of_all_are_kept_as_any_other(share):
    shares = {name: share for name, value in asdict(TWICE).items() if not isinstance(value, bool)}
    settings = replace(TWICE, **shares)
    assert ReviewSettings.from_kept(settings.kept()) == settings


def test_claimed_is_what_a_person_began():
    assert not is_claimed(replace(RECORD, state=ImageState.PREDICTED))
    assert is_claimed(replace(RECORD, touched=True))
    assert is_claimed(replace(RECORD, reader="Anna"))
    assert is_claimed(APPROVED)
    assert is_claimed(replace(RECORD, state=ImageState.APPROVED)), "with nothing painted, and by nobody known"
    assert is_claimed(replace(RECORD, rejected="blurred"))


@pytest.mark.parametrize(
    ("record", "reader", "settings", "second", "expected"),
    [
        (APPROVED, "Ben", TWICE, None, True),
        (APPROVED, "Ben", TWICE, "Ben", True),
        (replace(APPROVED, state=ImageState.IN_PROGRESS), "Ben", TWICE, None, True),
        (replace(APPROVED, state=ImageState.IN_PROGRESS), "Ben", TWICE, "Ben", False),
        (APPROVED, "Cleo", TWICE, "Ben", False),
        (APPROVED, "Anna", TWICE, None, False),
        (APPROVED, "Ben", ReviewSettings(), None, False),
        (RECORD, "Ben", TWICE, None, False),
        (replace(APPROVED, adjudicator="Cleo"), "Ben", TWICE, "Ben", False),
        (replace(APPROVED, reader=""), "Ben", TWICE, None, True),
    ],
)
def test_reads_apart(record, reader, settings, second, expected):
    assert reads_apart(record, reader, settings, second) is expected


def test_settings_come_back_as_they_were_kept():
    settings = ReviewSettings(True, 0.25, False, 0.5)
    assert ReviewSettings.from_kept(settings.kept()) == settings


@pytest.mark.parametrize(
    "kept", [None, [], {"second_share": "all"}, {"second_share": 2}, {"second_share": True}, {"asks_reader": 1}]
)
def test_what_makes_no_sense_is_as_at_first(kept):
    assert ReviewSettings.from_kept(kept) == ReviewSettings()


def test_names_are_tidied():
    assert clean_name("  A.  N. \n") == "A. N."
    assert len(clean_name("x" * 100)) == 60


def test_a_reading_knows_its_image():
    assert RECORD.origin == 7
    assert replace(RECORD, reading_of=3).origin == 3


def test_an_image_that_two_read_belongs_to_somebody_once_it_is_begun():
    begun = replace(APPROVED, reader="")
    assert is_unowned(begun, TWICE)
    assert not is_unowned(begun, ReviewSettings())
    assert not is_unowned(replace(begun, reader="Anna"), TWICE)
    assert not is_unowned(replace(begun, state=ImageState.NEW, touched=False), TWICE)
    assert not is_unowned(replace(begun, adjudicator="Cleo"), TWICE)
