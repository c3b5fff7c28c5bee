import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.rounds import (
    FIRST_ROUND_AFTER,
    HELD_OUT_SHARE,
    NEXT_ROUND_AFTER,
    SCORE_NEEDS,
    approvals_missing,
    holds_out,
)

fingerprints = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(st.lists(fingerprints, max_size=80))
def test_the_held_out_share_stays_within_one_image_of_a_fifth(files: list[str]) -> None:
    held_out = 0
    for approved, fingerprint in enumerate(files):
        held_out += holds_out(fingerprint, approved, held_out)
        count = approved + 1
        if count > FIRST_ROUND_AFTER:
            assert abs(held_out - count * HELD_OUT_SHARE) <= 1 + 1e-9
        else:
            assert held_out == 0
        if count >= 10:
            assert held_out >= SCORE_NEEDS


@given(fingerprints)
def test_the_files_hash_decides_where_the_share_allows_both(fingerprint: str) -> None:
    assert holds_out(fingerprint, 11, 2) == (int(fingerprint, 16) < HELD_OUT_SHARE * 16**64)


def test_the_choice_is_the_same_every_time() -> None:
    assert [holds_out("0" * 64, 11, 2), holds_out("f" * 64, 11, 2)] == [True, False]


def test_a_fingerprint_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        holds_out("no hash!", 11, 2)


@pytest.mark.parametrize(
    ("approved", "at_last_round", "missing"),
    [
        (0, None, 3),
        (2, None, 1),
        (3, None, 0),
        (9, None, 0),
        (3, 3, 7),
        (9, 3, 1),
        (10, 3, 0),
        (20, 3, 0),
        (22, 17, 2),
        (41, 32, 1),
    ],
)
def test_rounds_start_after_three_then_after_seven_or_a_third_more(
    approved: int, at_last_round: int | None, missing: int
) -> None:
    assert approvals_missing(approved, at_last_round) == missing


def test_taking_an_approval_back_puts_the_next_round_off() -> None:
    assert approvals_missing(4, 5) == NEXT_ROUND_AFTER + 1
