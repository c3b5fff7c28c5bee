"""Which images come next, and why."""

import csv
import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.domain import queue
from segstudio.domain.frames import Frame, parse_frame
from segstudio.domain.queue import ORDERS, Candidate, Insight, Order, Pick, luck, next_images
from tests.helpers.data import data_folder

units = st.floats(0, 1, width=32)
vectors = st.lists(st.floats(-1, 1, width=16), min_size=3, max_size=3).map(lambda v: np.array(v, np.float16))
insights = st.builds(Insight, st.integers(1, 3), st.none() | units, st.none() | vectors)
frames = st.builds(Frame, st.sampled_from("ab"), st.integers(0, 40))


@st.composite
def projects(draw: st.DrawFn) -> list[Candidate]:
    made = []
    for image_id in draw(st.lists(st.integers(1, 10**6), max_size=25, unique=True)):
        visited = draw(st.booleans())
        insight, frame = draw(st.none() | insights), draw(st.none() | frames)
        teaches = visited and draw(st.booleans())
        kept = not teaches and draw(st.booleans())
        made.append(Candidate(image_id, not visited, visited, teaches, insight, frame, kept, kept and visited))
    return made


def ids(picks: list[Pick]) -> list[int]:
    return [pick.image_id for pick in picks]


def waiting(image_id: int, uncertainty: float | None = None, *place: float, round_number: int = 1) -> Candidate:
    embedding = np.array(place, np.float32) if place else None
    return Candidate(image_id, True, insight=Insight(round_number, uncertainty, embedding))


def taught(image_id: int, *place: float, round_number: int = 1) -> Candidate:
    insight = Insight(round_number, 0.5, np.array(place, np.float32))
    return Candidate(image_id, False, visited=True, taught=True, insight=insight)


@given(projects(), st.sampled_from(ORDERS), st.integers(0, 30), st.integers(0, 5))
def test_open_images_come_each_once_and_always_the_same(
    project: list[Candidate], order: Order, count: int, seed: int
) -> None:
    picks = next_images(project, order, count, seed)
    open_ids = [candidate.image_id for candidate in project if candidate.open]
    assert len(set(ids(picks))) == len(picks) == min(count, len(open_ids))
    assert set(ids(picks)) <= set(open_ids)
    assert next_images(project, order, count, seed) == picks


@given(projects(), st.sampled_from(ORDERS), st.integers(0, 5))
def test_the_next_is_the_same_however_many_are_asked_for(project: list[Candidate], order: Order, seed: int) -> None:
    every = next_images(project, order, len(project), seed)
    assert next_images(project, order, 3, seed) == every[:3]


@given(projects(), st.integers(0, 5))
def test_what_is_most_uncertain_comes_first_and_what_is_unknown_last(project: list[Candidate], seed: int) -> None:
    single = [Candidate(c.image_id, c.open, c.visited, c.taught, c.insight) for c in project]
    known = {c.image_id: c.insight.uncertainty for c in single if c.insight is not None}
    told = [known.get(image_id) for image_id in ids(next_images(single, "uncertain", len(single), seed))]
    sure = [value for value in told if value is not None]
    assert told == sure + [None] * (len(told) - len(sure))
    assert sure == sorted(sure, reverse=True)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=30, unique=True), st.integers(0, 5))
def test_by_chance_new_images_do_not_turn_the_others_over(image_ids: list[int], seed: int) -> None:
    project = [Candidate(image_id, True) for image_id in image_ids]
    before = ids(next_images(project[1:], "random", len(project), seed))
    after = ids(next_images(project, "random", len(project), seed))
    assert [image_id for image_id in after if image_id != image_ids[0]] == before


def test_chance_is_even_and_differs_by_seed() -> None:
    first, second = luck(range(1, 5001), 0), luck(range(1, 5001), 1)
    for numbers in (first, second):
        assert 0 <= numbers.min() < 0.01 < 0.99 < numbers.max() < 1
        assert np.histogram(numbers, 10, (0, 1))[0] == pytest.approx(np.full(10, 500), abs=100)
        assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.05
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_the_list_goes_as_it_comes() -> None:
    project = [waiting(3), taught(1, 1.0), waiting(2), waiting(9)]
    assert next_images(project, "list", 2) == [Pick(3, "chance"), Pick(2, "chance")]


def test_far_from_what_was_taught_comes_first_and_then_far_from_that() -> None:
    near, far, like_far, other = (0.9, 0.1), (-1.0, 0.0), (-0.99, 0.05), (0.0, -1.0)
    project = [taught(1, 1.0, 0.0)]
    project += [waiting(2, 0.5, *near), waiting(3, 0.5, *like_far), waiting(4, 0.5, *far), waiting(5, 0.5, *other)]
    picks = next_images(project, "diverse", 4)
    assert ids(picks) == [4, 5, 2, 3]
    assert picks[0].reason == "unlike"


def test_distance_is_weighed_by_uncertainty() -> None:
    project = [taught(1, 1.0, 0.0), waiting(2, 0.9, 0.5, 0.5), waiting(3, 0.1, -1.0, 0.0)]
    picks = next_images(project, "diverse", 2)
    assert ids(picks) == [2, 3]
    assert picks[0].reason == "unsure"


def test_without_anything_taught_the_most_uncertain_is_the_first_centre() -> None:
    project = [waiting(1, 0.2, 1.0, 0.0), waiting(2, 0.8, 1.0, 0.1), waiting(3, 0.7, 1.0, 0.1), waiting(4, 0.1, 0.0, 1)]
    assert ids(next_images(project, "diverse", 2)) == [2, 4]


def test_an_embedding_without_uncertainty_counts_as_usual_ones() -> None:
    project = [taught(1, 1.0, 0.0), waiting(2, None, -1.0, 0.0), waiting(3, 0.5, 0.5, 0.5), waiting(4, 0.5, 0.9, 0.1)]
    assert ids(next_images(project, "diverse", 1)) == [2]
    assert ids(next_images([waiting(2, None, 0.0, 0.0), taught(1, 1.0, 0.0)], "diverse", 1)) == [2]


def test_embeddings_of_different_rounds_are_not_compared() -> None:
    old = [waiting(image_id, 0.5, -1.0, 0.0, round_number=1) for image_id in (5, 6)]
    project = [taught(1, 1.0, 0.0, round_number=2), taught(2, -1.0, 0.0, round_number=1), *old]
    project += [
        waiting(image_id, 0.5, place, 1.0, round_number=2) for image_id, place in ((7, 0.9), (8, -0.9), (9, 0.0))
    ]
    picks = next_images(project, "diverse", 5)
    assert ids(picks)[0] == 8
    assert set(ids(picks)[3:]) == {5, 6}
    assert [pick.reason for pick in picks[3:]] == ["chance", "chance"]


def test_held_out_images_are_no_centres() -> None:
    held_out = Candidate(1, False, visited=True, insight=Insight(1, 0.5, np.array([-1.0, 0.0], np.float32)))
    project = [held_out, taught(2, 1.0, 0.0), waiting(3, 0.5, -1.0, 0.0), waiting(4, 0.5, 0.8, 0.2)]
    assert ids(next_images(project, "diverse", 1)) == [3]


def test_of_many_images_only_the_most_uncertain_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "POOL", 2)
    monkeypatch.setattr(queue, "_CENTRES_AT_ONCE", 1)
    project = [taught(1, 1.0, 0.0), taught(2, 0.0, 1.0)]
    project += [waiting(3, 0.3, -1.0, -1.0), waiting(4, 0.4, 1.0, 0.1), waiting(5, 0.5, 0.7, 0.7)]
    picks = next_images(project, "diverse", 3)
    assert ids(picks) == [5, 4, 3]
    assert picks[-1].reason == "chance"


@pytest.mark.parametrize("order", ["random", "uncertain", "diverse"])
def test_a_video_is_halved_again_and_again(order: Order) -> None:
    alike = Insight(1, 0.5, np.ones(2, np.float32))
    project = [Candidate(n, True, insight=alike, frame=Frame("v", n)) for n in range(1, 65)]
    project[0] = Candidate(1, False, visited=True, taught=True, insight=alike, frame=Frame("v", 1))
    seen = [1, *ids(next_images(project, order, 8))]
    for count in (3, 5, 9):
        gaps = [b - a for a, b in itertools.pairwise(sorted(seen[:count]))]
        assert max(gaps) <= 3 * 64 / (count - 1)
        assert min(gaps) >= 64 / (count - 1) / 3


@given(st.integers(0, 100))
def test_every_video_is_visited_before_one_is_visited_twice(seed: int) -> None:
    project = [Candidate(100 * v + n, True, frame=Frame(str(v), n)) for v in range(6) for n in range(1, 21)]
    visited = [Candidate(100 * v + 50, False, visited=True, frame=Frame(str(v), 10)) for v in range(2)]
    picks = next_images([*visited, *project], "random", 6, seed)
    videos = [image_id // 100 for image_id in ids(picks)]
    assert set(videos[:4]) == {2, 3, 4, 5}
    assert [pick.reason for pick in picks] == ["apart"] * 6


def test_twenty_thousand_images_do_not_keep_anybody_waiting() -> None:
    rng = np.random.default_rng(0)
    unsure, places = rng.random(20_000).tolist(), rng.normal(size=(20_000, 16)).astype(np.float16)
    project = []
    for n in range(20_000):
        done, insight = n % 20 == 0, Insight(1, unsure[n], places[n])
        project.append(Candidate(n + 1, not done, done, done, insight, Frame(str(n // 300), n)))
    started = time.process_time()
    assert len(next_images(project, "diverse", 8)) == 8
    # It takes a quarter of a second; what compares every image with every other takes minutes.
    assert time.process_time() - started < 5


def test_of_mads_nearly_every_video_is_visited_before_one_is_visited_twice() -> None:
    with (data_folder("mads") / "df.csv").open(encoding="utf-8") as file:
        frames = [parse_frame(row["images"].removeprefix("images/")) for row in csv.DictReader(file)]
    project = [Candidate(place, True, frame=frame) for place, frame in enumerate(frames)]
    videos = {frame.sequence for frame in frames if frame is not None}
    seen = {frames[pick.image_id] for pick in next_images(project, "random", len(videos))}
    assert len({frame.sequence for frame in seen if frame is not None}) > 0.95 * len(videos) > 70


def video(name: str, frames: int, *, held_out: bool, approved: int = 0) -> list[Candidate]:
    """Frames of a video, every tenth, of which the first so many are approved; unsure of if it is held out."""
    first = 1000 * (1 + "abcdefgh".index(name))
    insight = Insight(1, 0.9 if held_out else 0.1, None)
    return [
        Candidate(
            first + n, n >= approved, n < approved, n < approved and not held_out, insight, Frame(name, 10 * n),
            held_out, held_out and n < approved,
        )
        for n in range(frames)
    ]  # fmt: skip


def kept_aside(project: list[Candidate], picks: list[Pick]) -> list[bool]:
    by_id = {candidate.image_id: candidate for candidate in project}
    return [by_id[pick.image_id].held_out for pick in picks]


@pytest.mark.parametrize("order", ["random", "uncertain", "diverse"])
def test_what_is_held_out_waits_while_enough_of_it_is_approved(order: Order) -> None:
    project = video("a", 16, held_out=True, approved=2) + video("b", 30, held_out=False, approved=8)
    asked = kept_aside(project, next_images(project, order, 36))
    assert asked[:1] == [False], "two of ten are a fifth"
    for count in range(1, 22):
        assert 2 + sum(asked[:count]) <= 0.2 * (10 + count) + 1
    assert asked[-8:] == [True] * 8, "they come last, but they come"
    few = video("a", 16, held_out=True, approved=1) + video("b", 30, held_out=False, approved=8)
    if order == "uncertain":
        assert kept_aside(few, next_images(few, order, 1)) == [True], "one of nine is too few"


def test_forty_scores_are_enough() -> None:
    project = video("a", 100, held_out=True, approved=40) + video("b", 700, held_out=False, approved=300)
    assert not any(kept_aside(project, next_images(project, "uncertain", 50)))
    project = video("a", 100, held_out=True, approved=39) + video("b", 700, held_out=False, approved=300)
    assert kept_aside(project, next_images(project, "uncertain", 50)) == [True] + [False] * 49


def test_without_a_score_nothing_waits() -> None:
    project = video("a", 3, held_out=True) + video("b", 3, held_out=False)
    assert kept_aside(project, next_images(project, "uncertain", 1)) == [True]
