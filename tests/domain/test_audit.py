"""The chain of the audit trail: what it finds when it was meddled with."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain.audit import NOTHING_BEFORE, Entry, Head, canonical, follow, seal, verify

text = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(text, json_values, max_size=4)
entries_to_be = st.tuples(text, text, text, st.none() | st.integers(), objects, text)


def chain(made: list[tuple[Any, ...]]) -> tuple[list[Entry], Head]:
    head, entries = Head(), []
    for when, who, kind, image_id, what, program in made:
        entry = follow(head, when=when, who=who, kind=kind, image_id=image_id, what=what, program=program)
        entries.append(entry)
        head = entry.head
    return entries, head


def trail(count: int) -> tuple[list[Entry], Head]:
    return chain([(f"2026-01-01T00:00:{n:02d}+00:00", "A. N.", "edit", n, {"pixels": n}, "1.0") for n in range(count)])


def told(found: list[Any]) -> list[tuple[str, int, int]]:
    return [(finding.trouble, finding.first, finding.last) for finding in found]


@given(st.lists(entries_to_be, max_size=6))
def test_a_trail_that_nobody_meddled_with_is_whole(made: list[tuple[Any, ...]]) -> None:
    entries, head = chain(made)
    assert verify(entries, head) == []
    assert [entry.number for entry in entries] == list(range(1, len(made) + 1))
    assert verify(entries, head, [entry.head for entry in entries] + [Head()]) == []


@given(entries_to_be, entries_to_be)
def test_two_entries_are_sealed_alike_only_if_they_say_the_same(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    (first,), _ = chain([one])
    (second,), _ = chain([other])
    assert (first.digest == second.digest) == (first == second)


@given(st.lists(text, min_size=4, max_size=4), st.integers(0, 3), st.integers(0, 20))
def test_text_that_wanders_from_one_field_into_the_next_is_another_entry(
    values: list[str], field: int, place: int
) -> None:
    when, who, kind, program = values
    entry = follow(Head(), when=when, who=who, kind=kind, image_id=None, what={}, program=program)
    names = ["when", "who", "kind", "what", "program"]
    one, other = names[field], names[field + 1]
    whole = getattr(entry, one) + getattr(entry, other)
    place = min(place, len(whole))
    moved = replace(entry, **{one: whole[:place], other: whole[place:]})
    assert (seal(moved) == entry.digest) == (moved == entry)


@given(objects)
def test_what_was_done_has_one_form_and_comes_back(what: dict[str, Any]) -> None:
    written = canonical(what)
    assert canonical(dict(reversed(what.items()))) == written
    assert written.isascii()
    entry = follow(Head(), when="", who="", kind="", image_id=None, what=what, program="")
    assert entry.told == json.loads(json.dumps(what))


@pytest.mark.parametrize("what", ["", "[1]", "{", "[" * 100_000])
def test_what_can_no_longer_be_read_says_nothing(what: str) -> None:
    (entry,), _ = trail(1)
    assert replace(entry, what=what).told == {}


def test_what_is_no_json_is_refused() -> None:
    for what, error in (({"a": object()}, TypeError), ({"a": float("nan")}, ValueError)):
        with pytest.raises(error):
            follow(Head(), when="", who="", kind="", image_id=None, what=what, program="")


OTHER = {
    "number": 9,
    "when": "2026-01-01T00:00:03.5+00:00",
    "who": "B. N.",
    "kind": "approved",
    "image_id": 77,
    "what": '{"pixels":4}',
    "program": "1.1",
    "previous": NOTHING_BEFORE,
    "digest": "f" * 64,
}


@pytest.mark.parametrize("place", [0, 2, 5])
@pytest.mark.parametrize("name", [field.name for field in fields(Entry)])
def test_an_entry_of_which_one_field_was_altered_is_named(name: str, place: int) -> None:
    entries, head = trail(6)
    value = OTHER[name] if getattr(entries[place], name) != OTHER[name] else "1" * 64
    entries[place] = replace(entries[place], **{name: value})
    found = verify(entries, head)
    if name == "number":  # it stands under another number now, and is missed under its own
        assert ("moved", 9, 9) in told(found)
    else:
        assert ("altered", place + 1, place + 1) in told(found)
        assert {finding.first for finding in found} == {place + 1}
    assert str(place + 1) in " ".join(finding.sentence for finding in found)


@pytest.mark.parametrize("value", [b"edit", float("nan"), 3, None])
def test_a_field_of_another_type_is_an_alteration(value: object) -> None:
    entries, head = trail(3)
    entries[1] = replace(entries[1], kind=value)
    assert told(verify(entries, head)) == [("altered", 2, 2)]


@pytest.mark.parametrize(("gone", "found"), [(0, 1), (2, 3), (4, 5)])
def test_an_entry_that_was_removed_is_missed(gone: int, found: int) -> None:
    entries, head = trail(5)
    del entries[gone]
    assert told(verify(entries, head)) == [("removed", found, found)]


def test_several_that_were_removed_are_one_gap() -> None:
    entries, head = trail(8)
    del entries[2:5]
    (finding,) = verify(entries, head)
    assert finding.sentence == "Entries 3 to 5 were removed."
    assert [found.sentence for found in verify(entries[:-2], head)] == [
        "Entries 3 to 5 were removed.",
        "The trail ends with entry 6, but it had 8: 2 are missing.",
    ]


def test_all_removed_is_missed() -> None:
    _, head = trail(1)
    assert [found.sentence for found in verify([], head)] == [
        "The trail ends with entry 0, but it had 1: 1 is missing."
    ]
    assert verify([], Head()) == []


def test_one_removed_and_the_gap_closed_is_found() -> None:
    entries, head = trail(6)
    closed = [*entries[:2], *(replace(entry, number=entry.number - 1) for entry in entries[3:])]
    found = verify(closed, head)
    assert told(found) == [("moved", 3, 5), ("removed", 6, 6)]
    assert found[0].sentence == "Entries 3 to 5 were moved: they were entries 4 to 6."


@pytest.mark.parametrize(("one", "other"), [(1, 3), (0, 1), (2, 3), (0, 5), (4, 5)])
def test_two_that_changed_places_are_named(one: int, other: int) -> None:
    entries, head = trail(6)
    entries[one], entries[other] = (
        replace(entries[other], number=one + 1),
        replace(entries[one], number=other + 1),
    )
    found = [finding for finding in verify(entries, head) if finding.trouble == "moved"]
    assert [(finding.first, finding.last) for finding in found] == [(one + 1, one + 1), (other + 1, other + 1)]
    assert found[0].sentence == f"Entry {one + 1} was moved: it was entry {other + 1}."


def test_rows_out_of_order_are_found() -> None:
    entries, head = trail(4)
    entries[1], entries[2] = entries[2], entries[1]
    assert ("unexpected", 2, 2) in told(verify(entries, head))


def test_one_put_between_is_found() -> None:
    entries, head = trail(4)
    forged = follow(entries[1].head, when="", who="", kind="", image_id=None, what={}, program="")
    later = [replace(entry, number=entry.number + 1) for entry in entries[2:]]
    found = verify([*entries[:2], forged, *later], head)
    assert told(found) == [("moved", 4, 5), ("unexpected", 5, 5)]
    assert found[1].sentence == "Entry 5 was added behind the end of the trail."


def test_one_put_behind_the_end_is_found() -> None:
    entries, head = trail(2)
    forged = follow(head, when="", who="", kind="", image_id=None, what={}, program="")
    assert told(verify([*entries, forged], head)) == [("unexpected", 3, 3)]


@pytest.mark.parametrize("place", [0, 2])
def test_one_that_was_written_anew_and_sealed_is_found_by_the_next(place: int) -> None:
    entries, head = trail(4)
    forged = replace(entries[place], who="somebody else")
    entries[place] = replace(forged, digest=seal(forged))
    (finding,) = verify(entries, head)
    assert (finding.trouble, finding.first, finding.last) == ("rewritten", place + 1, place + 2)


def test_the_last_written_anew_is_found_by_the_head() -> None:
    entries, head = trail(4)
    forged = replace(entries[3], who="somebody else")
    entries[3] = replace(forged, digest=seal(forged))
    assert told(verify(entries, head)) == [("head", 4, 4)]


def test_a_first_entry_with_something_before_it_is_found() -> None:
    entries, _ = chain([("", "", "", None, {}, "")])
    forged = replace(entries[0], previous="a" * 64)
    forged = replace(forged, digest=seal(forged))
    assert told(verify([forged], forged.head)) == [("rewritten", 1, 1)]


def test_a_head_that_is_gone_is_said() -> None:
    entries, _ = trail(2)
    assert told(verify(entries, None)) == [("head", 2, 2)]


def test_a_chain_written_anew_passes_and_an_anchor_finds_it() -> None:
    # What a chain can't prove by itself: this is why heads are given away.
    _, given_away = trail(3)
    forged, head = chain([("", "somebody else", "edit", None, {}, "1.0") for _ in range(5)])
    assert verify(forged, head) == []
    assert told(verify(forged, head, [given_away])) == [("anchor", 3, 3)]
    assert told(verify(forged[:2], forged[1].head, [given_away])) == [("anchor", 3, 3)]


def test_a_head_is_read_as_it_was_written() -> None:
    _, head = trail(3)
    assert Head.read(f" {head}\n") == head
    assert head.digest.startswith(head.short)
    for wrong in ("", "3", "3:abc", f"x:{'a' * 64}", f"3:{'A' * 64}", f"²:{'a' * 64}"):
        with pytest.raises(ValueError, match="no head"):
            Head.read(wrong)


@given(st.integers(0, 5), st.sampled_from(["when", "who", "kind", "what", "program", "previous", "digest"]), st.data())
def test_any_one_character_is_missed(place: int, name: str, data: st.DataObject) -> None:
    entries, head = trail(6)
    value = getattr(entries[place], name)
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters().filter(lambda character: character != value[at]))
    entries[place] = replace(entries[place], **{name: value[:at] + other + value[at + 1 :]})
    assert ("altered", place + 1, place + 1) in told(verify(entries, head))
