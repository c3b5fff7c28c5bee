"""Where Approve goes, from what the worker says to the image on the canvas."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from segstudio.app.new_project import NewProject
from segstudio.domain.annotation import ImageState
from segstudio.domain.queue import Insight
from segstudio.formats.dataset import FoundImage
from segstudio.protocol.messages import Predict
from tests.helpers.fake_worker import FakeWorker
from tests.helpers.studios import approve, write_images

SURE = {1: 0.1, 2: 0.1, 3: 0.1, 4: 0.5, 5: 0.2, 6: 0.4, 7: 0.9, 8: 0.1, 9: 0.8}
"""How unsure the model is of each of nine images."""

PLACES = {7: (1.0, 0.0), 9: (1.0, 0.05), 6: (0.0, 1.0)}
"""Where they lie; all others are where what was taught lies."""


@pytest.fixture(autouse=True)
def plans_soon(monkeypatch):
    """Nobody waits here for a thousand predictions."""
    monkeypatch.setattr("segstudio.app.queue.REPLAN_AFTER", 0.02)


@pytest.fixture
def told(rig, monkeypatch):
    """Nine images of which three were approved, and a model with its own mind."""
    monkeypatch.setattr(FakeWorker, "insight", lambda self, id_: (SURE[id_], list(PLACES.get(id_, (-1.0, 0.0)))))
    rig.new_project(9)
    approve(rig, 3)
    return rig


def planned(rig) -> None:
    rig.settle()
    rig.wait(lambda: not rig.session.queue.busy and not rig.session.predictor.at_worker)


def choose(rig, order: str) -> None:
    rig.session.queue.set_order(order)
    planned(rig)


def visits(rig, count: int) -> list[int]:
    seen = []
    for _ in range(count):
        rig.session.approve()
        planned(rig)
        seen.append(rig.session.current_id)
    return seen


def test_the_list_goes_on_as_before(told):
    assert told.session.queue.order == "list"
    assert visits(told, 3) == [5, 6, 7]
    assert told.session.queue.pick is None


def test_the_most_uncertain_come_first(told):
    choose(told, "uncertain")
    assert visits(told, 5) == [7, 9, 6, 5, 8]


def test_with_diversity_one_of_two_alike_is_enough(told):
    told.session.rounds.automatic = False
    choose(told, "diverse")
    assert visits(told, 2) == [7, 6]
    # Nine would have been next by uncertainty alone, and looks like seven.
    assert {pick.image_id for pick in told.session.queue.plan[:3]} == {5, 8, 9}


def test_frames_of_a_video_that_is_held_out_wait_while_the_score_has_enough(rig, tmp_path):
    """As in MADS: few of its videos are done, and one of these is kept aside for the score."""
    names = [f"Tai_Tai{video}_C0_{45 * frame:05d}.png" for video in range(6) for frame in range(8)]
    paths = write_images(tmp_path / "mads", len(names))
    session = rig.new_project(
        images=[path.rename(path.with_name(name)) for path, name in zip(paths, names, strict=True)]
    )
    records = list(session.records)
    assert records[0].group == records[7].group != records[8].group

    def decide(place: int, held_out: bool) -> None:
        session.catalog.replace(replace(records[place], state=ImageState.APPROVED, held_out=held_out))

    for place in (0, 3):
        decide(place, True)
    for place in range(8, 48):
        if place % 8 in (0, 2, 4, 5, 7):
            decide(place, False)
    kept_aside = {record.id for record in records[:8]}
    choose(rig, "random")
    assert kept_aside & {pick.image_id for pick in session.queue.plan}, "two of 27 are too few for a score"
    for place in (1, 2, 4, 5, 6):
        decide(place, True)
    session.queue.refresh()
    planned(rig)
    # Seven of 32 are a fifth, also of the first three that come next.
    assert not kept_aside & {pick.image_id for pick in session.queue.plan[:4]}


def test_by_chance_is_the_same_every_time_and_not_the_list(told):
    choose(told, "random")
    first = [pick.image_id for pick in told.session.queue.plan]
    assert sorted(first) == [5, 6, 7, 8, 9]
    told.reopen()
    planned(told)
    assert told.session.queue.order == "random"
    assert [pick.image_id for pick in told.session.queue.plan] == first


def test_what_is_known_and_chosen_survives_the_projects_closing(told):
    choose(told, "uncertain")
    session = told.reopen()
    planned(told)
    assert session.queue.order == "uncertain"
    assert visits(told, 1) == [7]


def test_before_there_is_a_model_the_images_come_by_chance(rig):
    session = rig.new_project(9)
    choose(rig, "diverse")
    assert len(session.queue.plan) == 8
    assert all(pick.reason == "chance" for pick in session.queue.plan)
    first = session.queue.plan[0].image_id
    assert visits(rig, 1) == [first]


def test_approved_images_are_looked_at_again_with_new_weights_and_keep_their_masks(told):
    session = told.session
    choose(told, "diverse")
    asked = [message.image_id for message in told.workers[-1].sent if isinstance(message, Predict)]
    assert {1, 2, 3} <= set(asked)
    insights = session._store.ask(lambda project: project.insights.load())
    assert {insights[id_].round_number for id_ in (1, 2, 3)} == {1}
    assert [session.record(id_).prediction_round for id_ in (1, 2, 3)] == [None] * 3
    assert all(session.record(id_).state is ImageState.APPROVED for id_ in (1, 2, 3))
    assert session.predictor.remaining == 0
    assert list(session.folder.glob("rounds/*/predictions/*")) == []


def test_held_out_images_are_not_looked_at_again(told):
    session = told.session
    session.viewing.replace(replace(session.record(2), held_out=True))
    choose(told, "diverse")
    assert 2 not in session._store.ask(lambda project: project.insights.load())


def test_other_orders_do_not_ask_for_approved_images(told):
    choose(told, "uncertain")
    asked = {message.image_id for message in told.workers[-1].sent if isinstance(message, Predict)}
    assert asked.isdisjoint({1, 2, 3})


def test_a_worker_that_ends_at_an_approved_image_does_not_end_the_predictions(told, monkeypatch):
    session = told.session

    def predict(self, message):
        if message.image_id in (1, 2, 3):
            self.crash("out of memory")
        else:
            whole(self, message)

    whole = FakeWorker.predict
    monkeypatch.setattr(FakeWorker, "predict", predict)
    choose(told, "diverse")
    monkeypatch.setattr(FakeWorker, "predict", whole)
    session.rounds.start()
    planned(told)
    assert {session.record(id_).prediction_round for id_ in range(4, 10)} == {2}


def test_masks_are_wanted_first_where_approve_goes(told):
    session = told.session
    choose(told, "uncertain")
    session.rounds.automatic = False
    told.workers[-1].sent.clear()
    session.rounds.start()
    planned(told)
    asked = [message.image_id for message in told.workers[-1].sent if isinstance(message, Predict)]
    assert asked[:3] == [4, 7, 9]
    assert sorted(asked) == [4, 5, 6, 7, 8, 9]


def test_the_next_image_is_read_ahead(told):
    choose(told, "uncertain")
    seventh = told.session.record(7).path
    told.wait(lambda: seventh in told.session._loader._kept._images)


def test_an_image_that_cannot_be_read_is_passed_over(told):
    choose(told, "uncertain")
    told.session.viewing._note_problem(7, "It is gone.")
    assert told.session.queue.next_id() == 9


def test_when_all_are_approved_it_says_so(told):
    choose(told, "uncertain")
    visits(told, 6)
    assert "Every image is approved." in [message.sentence for message in told.messages]
    assert told.session.approved_count == 9


def test_what_was_kept_and_is_not_understood_is_the_lists_order(told):
    session = told.session
    session._store.ask(lambda project: project.settings.set_setting("order", "by mood"))
    assert told.reopen().queue.order == "list"
    with pytest.raises(ValueError, match="by mood"):
        told.session.queue.set_order("by mood")


def test_a_damaged_memory_of_the_images_costs_the_order_and_nothing_else(told, caplog):
    session = told.session
    session._store.ask(lambda project: project.insights.put(5, Insight(1, 0.5, np.zeros(0, np.float16))))
    told.reopen()
    choose(told, "uncertain")
    assert "could not be read" in caplog.text
    assert len(told.session.queue.plan) == 5
    assert [message for message in told.messages if message.kind == "trouble"] == []


def test_a_video_is_visited_here_and_there(rig):
    folder = rig.folder / "frames"
    folder.mkdir()
    for number in range(32):
        Image.new("RGB", (48, 32), (8 * number,) * 3).save(folder / f"HipHop_HipHop1_C0_{45 * number:05d}.png")
    found = tuple(FoundImage(path, None) for path in sorted(folder.iterdir()))
    rig.studio.new_project(NewProject(rig.folder / "video.segstudio", found, ("person",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    rig.session.rounds.automatic = False
    choose(rig, "random")
    assert rig.session.queue.pick.reason == "apart"
    places = [1, *visits(rig, 4)]
    gaps = np.diff(sorted(places))
    assert gaps.min() >= 3, places
