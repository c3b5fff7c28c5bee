"""How sure the model is, from the worker's file to the open document."""

import numpy as np
import pytest

from segstudio.app.mask_intake import Seen, approve_as_seen
from segstudio.domain.geometry import Rect
from segstudio.domain.plane import Plane
from segstudio.imaging.mask_png import decode_confidence, encode_mask
from tests.helpers.fake_worker import FakeWorker
from tests.helpers.studios import approve


def files_left(session) -> list[str]:
    return [path.name for path in session.folder.glob("rounds/*/predictions/*")]


def test_a_prediction_comes_with_its_confidence_and_keeps_it(rig):
    session = rig.new_project(5)
    assert session.document.confidence is None
    approve(rig, 3)
    for _ in range(2):
        document = session.document
        assert np.array_equal(document.confidence, np.repeat([[255] * 24 + [140] * 24], 32, 0))
        assert document.probability_at(5, 60) == 1.0
        assert document.probability_at(90, 3) == pytest.approx(140 / 255)
        assert document.probability_at(96, 3) is document.probability_at(3, -1) is None
        sure, unsure = document.doubt(Rect(0, 0, 40, 64)), document.doubt(Rect(60, 2, 96, 64), step=3)
        assert (sure.shape, int(sure.max())) == ((64, 40), 0)
        assert (unsure.shape, np.unique(unsure).tolist()) == ((21, 12), [231])
        session = rig.reopen()
    assert files_left(session) == []


def test_what_a_person_painted_is_not_the_models_word(rig):
    session = rig.new_project(5)
    approve(rig, 3)
    rig.stroke((80, 30))
    assert session.document.probability_at(80, 30) is None
    assert session.document.probability_at(80, 60) is not None
    session.editor.undo()
    assert session.document.probability_at(80, 30) is not None


def test_another_prediction_brings_its_own_confidence(rig, monkeypatch):
    session = rig.new_project(5)
    approve(rig, 3)
    monkeypatch.setattr(FakeWorker, "confidence", lambda self: np.full((2, 3), 200, np.uint8))
    session.rounds.start()
    rig.settle()
    assert session.document.prediction_round == 2
    assert session.document.probability_at(5, 5) == pytest.approx(200 / 255)


@pytest.mark.parametrize("content", [None, b"", b"no picture", encode_mask(np.zeros((4, 4), np.uint16))])
def test_a_mask_is_taken_without_a_confidence_that_cannot_be_read(rig, monkeypatch, content):
    def predict(self, message):
        whole(self, message)
        path = rig.session.folder / message.confidence
        path.unlink() if content is None else path.write_bytes(content)

    whole = FakeWorker.predict
    monkeypatch.setattr(FakeWorker, "predict", predict)
    session = rig.new_project(5)
    approve(rig, 3)
    session = rig.reopen()
    assert session.document.prediction is not None
    assert rig.mask()[5, 5] == 1
    assert session.document.confidence is None
    assert files_left(session) == []


def test_a_mask_made_before_there_was_a_confidence_shows_no_doubt(rig):
    session = rig.new_project(3)
    rig.settle()
    first = session.current_id
    png = encode_mask(np.ones((64, 96), np.uint16))
    session._store.ask(lambda project: project.masks.put_prediction(first, 1, png))
    document = rig.reopen().document
    assert document.prediction is not None
    assert document.probability_at(5, 5) is None
    assert not document.doubt(document.bounds).any()
    assert document.doubt(Rect(0, 0, 96, 64), step=5).shape == (13, 20)


def test_an_approval_keeps_the_confidence_that_was_seen(rig):
    session = rig.new_project(3)
    first = session.current_id
    seen = Seen(Plane.from_array(np.ones((64, 96), np.uint16), 0), 1, np.full((4, 6), 222, np.uint8))

    def approved(project):
        project.masks.put_prediction(first, 2, encode_mask(np.zeros((64, 96), np.uint16)), b"not seen by anybody")
        approve_as_seen(project, first, False, seen)
        return project.masks.prediction(first)

    kept = session._store.ask(approved)
    assert kept.round_number == 1
    assert np.array_equal(decode_confidence(kept.confidence), seen.confidence)


def test_an_approval_keeps_the_mask_that_was_seen_where_its_round_has_made_another(rig):
    session = rig.new_project(3)
    first = session.current_id
    seen = Seen(Plane.from_array(np.ones((64, 96), np.uint16), 0), 0, None)

    def approved(project):
        project.masks.put_prediction(first, 0, encode_mask(np.zeros((64, 96), np.uint16)))
        approve_as_seen(project, first, False, seen)
        return project.masks.shown(first)

    assert (session._store.ask(approved) == 1).all()


def test_a_mask_that_is_not_wanted_any_more_leaves_no_file(rig):
    session = rig.new_project(5)
    approve(rig, 3)
    rig.workers[-1].holds_predictions = True
    session.rounds.start()
    rig.wait(lambda: rig.workers[-1].held)
    rig.stroke((70, 50))
    rig.workers[-1].holds_predictions = False
    for held in rig.workers[-1].held:
        rig.workers[-1].predict(held)
    rig.settle()
    assert session.document.prediction_round == 1
    assert files_left(session) == []
