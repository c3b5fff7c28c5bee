"""Two readers, blind; rejection; drawing before the model's mask is seen."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from PIL import Image

from segstudio.app.audit_check import check_project
from segstudio.app.evaluation_form import EvaluationForm
from segstudio.domain.annotation import ImageState
from segstudio.domain.review import ReviewSettings, Standing, standing
from segstudio.imaging.mask_png import decode_mask
from tests.helpers.studios import StudioRig, approve, write_images

BLIND = ReviewSettings(second_share=1.0)


@pytest.fixture
def rig(tmp_path):
    made = StudioRig(tmp_path)
    yield made
    made.studio.close()


def as_reader(rig: StudioRig, reader: str):
    """Close the project and open it for another reader."""
    folder = rig.session.folder
    rig.settle()
    rig.studio.open_project(folder, reader=reader)
    rig.wait(lambda: rig.studio.session is not None and rig.studio.session.review.reader == reader)
    rig.settle()
    return rig.session


def review(rig: StudioRig, settings: ReviewSettings, reader: str = "Anna"):
    rig.session.review.set_settings(settings)
    return as_reader(rig, reader)


def read_first(rig: StudioRig, index: int = 0):
    """Anna paints on and approves an image; returns its mask."""
    rig.show(rig.session.records[index].id)
    rig.stroke((20, 20), (50, 40))
    mask = rig.mask()
    rig.session.approve()
    rig.settle()
    return mask


def standings(rig: StudioRig) -> list[Standing]:
    return [standing(record) for record in rig.session.records]


# ---- blind second reading ------------------------------------------------------------------------------------------


def test_who_approved_waits_for_a_second_reader_and_is_learned_from(rig):
    rig.new_project(4)
    session = review(rig, BLIND)
    read_first(rig)
    assert standing(session.records[0]) is Standing.NEEDS_SECOND
    assert session.records[0].reader == "Anna"
    assert session.catalog.to_train_on() == [session.records[0]]


def test_the_second_reader_is_told_nothing_of_the_first(rig, tmp_path):
    rig.new_project(4)
    review(rig, BLIND)
    read_first(rig)
    first = rig.session.records[0].id
    session = as_reader(rig, "Ben")
    row = session.records[0]
    assert standing(row) in (Standing.NEW, Standing.PREDICTED)
    assert (row.state is ImageState.APPROVED, row.touched, row.reader) == (False, False, "Ben")
    assert session.approved_count == 0
    assert first not in [record.id for record in session.records]
    rig.show(row.id)
    assert not rig.mask().any()
    assert session.editor.undo_name == session.editor.redo_name == ""
    assert session.document.mask_origin in ("none", "model")
    # Nor does an export, a frame to carry over from or a score say anything.
    out = tmp_path / "out"
    session.exporter.export_masks(out, only_approved=False)
    rig.wait(lambda: not session.exporter.busy)
    assert all(not np.asarray(Image.open(path)).any() for path in out.glob("*.png"))
    assert session.book.approval_scores == []


def test_rounds_go_on_learning_from_the_first_reader_while_the_second_reads(rig):
    rig.new_project(4)
    review(rig, BLIND)
    read_first(rig)
    session = as_reader(rig, "Ben")
    assert [record.reader for record in session.catalog.to_train_on()] == ["Anna"]
    rig.show(session.records[0].id)
    rig.stroke((10, 10), (30, 30))
    session.approve()
    rig.settle()
    assert [record.reader for record in session.catalog.to_train_on()] == ["Anna"]
    assert len(session.catalog.vouched_for) == 1


def test_a_second_reader_s_row_is_on_the_side_of_its_image(rig):
    """Else a model would be judged by an image of which it has learned the first reader's mask."""
    rig.new_project(12)
    rig.session.rounds.automatic = False
    review(rig, BLIND)

    def sides(session):
        """Of each image: as its row and as the image itself have it, each in memory and on the disk."""
        rig.settle()
        stored = {r.id: r.held_out for r in rig.studio._store.ask(lambda project: project.images.all_rows())}
        rows = [(row, session.catalog.original(row)) for row in session.records]
        return [(row.held_out, stored[row.id], image.held_out, stored[image.id]) for row, image in rows]

    for record in rig.session.records:
        rig.show(record.id)
        rig.stroke((20, 20), (50, 40))
    session = as_reader(rig, "Ben")
    session.rounds.automatic = False
    approve(rig, 12)
    first = sides(session)
    assert {len(set(side)) for side in first} == {1}
    assert {side[0] for side in first} == {True, False}
    trained = {record.id for record in session.catalog.to_train_on()}
    assert trained == {session.catalog.original(row).id for row in session.records if not row.held_out}
    session = as_reader(rig, "Anna")
    session.rounds.automatic = False
    for record in reversed(session.records):
        rig.show(record.id)
        session.approve()
    assert sides(session) == first
    session = as_reader(rig, "Ben")
    assert sides(session) == first
    for record in session.records:
        session.reopen(record.id)
        rig.show(record.id)
        session.approve()
    assert sides(session) == first
    assert not rig.studio._store.ask(check_project).findings


def test_the_second_reader_gets_the_model_s_mask_as_the_first_was_given_it_and_no_newer_one(rig):
    rig.new_project(6)
    approve(rig, 3)
    rig.wait(lambda: rig.session.predictor.round == 1)
    rig.settle()
    review(rig, BLIND)
    index = next(i for i, r in enumerate(rig.session.records) if r.state is ImageState.PREDICTED)
    rig.show(rig.session.records[index].id)
    said = rig.session.document.prediction.to_array()
    read_first(rig, index)
    session = as_reader(rig, "Ben")
    row = session.records[index]
    rig.show(row.id)
    assert np.array_equal(session.document.prediction.to_array(), said)
    assert np.array_equal(rig.mask(), said)
    session.predictor.renew()
    rig.settle()
    assert session.records[index].prediction_round == row.prediction_round == 1
    assert session.review.hides_model
    assert not session._mender.ready
    session.editor.set_tool("click")
    assert "off for who reads second" in session.editor.tool_hint


def test_the_second_reader_can_be_given_nothing(rig):
    rig.new_project(6)
    approve(rig, 3)
    rig.wait(lambda: rig.session.predictor.round == 1)
    rig.settle()
    review(rig, ReviewSettings(second_share=1.0, second_sees_model=False))
    index = next(i for i, r in enumerate(rig.session.records) if r.state is ImageState.PREDICTED)
    read_first(rig, index)
    session = as_reader(rig, "Ben")
    rig.show(session.records[index].id)
    assert session.document.prediction is None
    assert standing(session.records[index]) is Standing.NEW


def test_each_reader_sees_their_own_work_again(rig):
    rig.new_project(3)
    review(rig, BLIND)
    first = read_first(rig)
    session = as_reader(rig, "Ben")
    rig.show(session.records[0].id)
    rig.stroke((60, 10), (80, 50))
    second = rig.mask()
    session = as_reader(rig, "Anna")
    rig.show(session.records[0].id)
    assert np.array_equal(rig.mask(), first)
    assert standing(session.records[0]) is Standing.NEEDS_SECOND
    session = as_reader(rig, "Ben")
    rig.show(session.records[0].id)
    assert np.array_equal(rig.mask(), second)
    assert session.editor.undo_name


def test_both_readings_are_stored_whole_once_both_are_approved(rig):
    rig.new_project(3)
    review(rig, BLIND)
    first = read_first(rig)
    session = as_reader(rig, "Ben")
    second = read_first(rig)
    record = session.records[0]
    assert standing(record) is Standing.APPROVED
    assert record.second == "done"
    pairs = rig.studio._store.ask(lambda project: project.readings.pairs())
    pair = pairs[record.reading_of]
    assert (pair.first.reader, pair.second.reader) == ("Anna", "Ben")
    read = [
        decode_mask(rig.studio._store.ask(lambda p, r=r: p.readings.mask(r.row_id, r.kind)))
        for r in (pair.first, pair.second)
    ]
    assert np.array_equal(read[0], first)
    assert np.array_equal(read[1], second)


def test_a_slip_of_the_hand_after_approving_is_not_held_against_the_second_reader(rig):
    rig.new_project(3)
    review(rig, BLIND)
    read_first(rig)
    session = as_reader(rig, "Ben")
    read_first(rig)
    row = session.records[0]
    session.reopen(row.id)
    rig.settle()
    assert session.record(row.id).second == "wanted"
    assert rig.studio._store.ask(lambda project: project.readings.pairs()) == {}


def test_an_image_of_which_only_some_are_read_twice_is_shared(rig):
    rig.new_project(8)
    session = review(rig, ReviewSettings(second_share=0.5))
    chosen = {record.id for record in session.records if record.second == "wanted"}
    assert 0 < len(chosen) < 8
    for index in range(8):
        read_first(rig, index)
    session = as_reader(rig, "Ben")
    assert {record.origin for record in session.records if record.reading_of} == chosen
    assert session.approved_count == 8 - len(chosen)


def test_a_mask_to_compare_with_is_not_shown_while_two_read(rig, tmp_path):
    rig.new_project(3)
    session = review(rig, BLIND)
    record = replace(session.records[0], truth=tmp_path / "truth.png")
    assert session.review.truth_of(record) is None
    assert session.review.truth_of(replace(record, adjudicator="Cleo")) == record.truth
    assert session.review.truth_of(replace(record, second="")) == record.truth
    session.catalog.replace(record)
    form = EvaluationForm(session, None)
    form.change(kind="truth")
    assert form.count("truth") == 0
    assert form.about().endswith("Left out until their two readings are decided on: 1 image.")


def all_that_is_told(rig, reader: str, tmp_path) -> list[object]:
    """What a reader's session shows of all images and of the first, ids aside."""
    session = as_reader(rig, reader)
    rig.show(session.records[0].id)
    document = session.document
    session.exporter.export_masks(tmp_path, only_approved=False)
    rig.wait(lambda: not session.exporter.busy)
    internal = {"id", "path", "reader", "reading_of"}
    return [
        [{f.name: getattr(r, f.name) for f in fields(r) if f.name not in internal} for r in session.records],
        session.review.counts,
        session.approved_count,
        rig.mask().tolist(),
        None if document.prediction is None else document.prediction.to_array().tolist(),
        document.confidence is None,
        document.mask_origin,
        session.editor.undo_name,
        session.editor.redo_name,
        session.clipboard.is_empty,
        session.catalog.step(None, 0) == session.records[0].id,
        session.records.index(session.record(session.catalog.next_unapproved(None))),
        session.records.index(session.record(session.queue.next_id())),
        session.book.approval_scores,
        session.truth.dice,
        session.carrying.offer,
        [r.truth for r in session.review.comparable],
        {path.name: path.read_bytes() for path in sorted(tmp_path.glob("*.png"))},
    ]


@pytest.mark.parametrize("deed", ["paint", "approve", "reject", "approve and paint"])
def test_all_that_the_second_reader_sees_is_as_if_the_first_had_done_nothing(tmp_path, deed):
    told = []
    for world, at_work in (("idle", False), ("busy", True)):
        rig = StudioRig(tmp_path / world)
        try:
            rig.new_project(6)
            for index in range(3):
                read_first(rig, index)
            rig.wait(lambda rig=rig: rig.session.predictor.round == 1)
            review(rig, BLIND)
            for index in (5, 4):  # whose files are read then is no secret
                rig.show(rig.session.records[index].id)
            if at_work:
                if "paint" in deed:
                    rig.stroke((20, 20), (60, 40))
                if "approve" in deed:
                    rig.session.approve()
                    rig.settle()
                if deed == "reject":
                    rig.session.review.reject("blurred")
            rig.settle()
            told.append(all_that_is_told(rig, "Ben", tmp_path / f"{world} masks"))
        finally:
            rig.studio.close()
    idle, busy = told
    for one, other in zip(idle, busy, strict=True):
        assert one == other


def test_what_the_first_reader_undid_is_not_there_to_be_made_again_by_the_second(rig):
    rig.new_project(3)
    review(rig, BLIND)
    rig.show(rig.session.records[0].id)
    rig.stroke((20, 20), (60, 40))
    rig.session.editor.undo()
    rig.settle()
    session = as_reader(rig, "Ben")
    rig.show(session.records[0].id)
    assert session.editor.redo_name == ""
    rig.stroke((5, 5), (9, 9))
    rig.settle()
    session = as_reader(rig, "Anna")
    rig.show(session.records[0].id)
    assert not rig.mask().any()
    assert session.editor.redo_name


@pytest.mark.parametrize("known", ["", "Anna"])
def test_what_was_approved_before_two_were_to_read_is_a_first_reading(rig, known):
    rig.new_project(3)
    first = read_first(rig)
    image_id = rig.session.records[0].id
    rig.studio._store.ask(lambda project: project.readings.set_reader(image_id, known))
    session = review(rig, BLIND)
    rig.show(session.records[0].id)
    assert session.records[0].reader == "Anna"
    assert np.array_equal(rig.mask(), first)
    assert standing(session.records[0]) is Standing.NEEDS_SECOND
    session = as_reader(rig, "Ben")
    read_first(rig)
    assert standing(session.records[0]) is Standing.APPROVED
    (pair,) = rig.studio._store.ask(lambda project: project.readings.pairs()).values()
    assert (pair.first.reader, pair.second.reader) == ("Anna", "Ben")
    png = rig.studio._store.ask(lambda project: project.readings.mask(pair.first.row_id, "first"))
    assert np.array_equal(decode_mask(png), first)


# ---- agreement and adjudication ------------------------------------------------------------------------------------


@pytest.fixture
def disputed(rig):
    """Anna and Ben have read the first image."""
    rig.new_project(3)
    review(rig, BLIND)
    rig.first = read_first(rig)
    as_reader(rig, "Ben")
    rig.show(rig.session.records[0].id)
    rig.stroke((30, 20), (70, 40))
    rig.second = rig.mask()
    rig.session.approve()
    rig.settle()
    return rig


@pytest.mark.parametrize("harm", ["png = zeroblob(40)", "png = 'text'", "png = (SELECT png FROM readings LIMIT 1)"])
def test_a_damaged_reading_is_taken_from_its_version(disputed, harm):
    session = disputed.session
    pair = disputed.studio._store.ask(lambda project: project.readings.pairs()[session.records[0].origin])
    kept = disputed.studio._store.ask(lambda project: project.readings.mask(pair.second.row_id, "second"))

    def damage(project, more=""):
        with project._database.writing() as connection:
            connection.execute(f"UPDATE readings SET {harm} WHERE kind = 'second'")
            if more:
                connection.execute("DROP TRIGGER versions_are_not_changed")
                connection.execute("UPDATE versions SET png = zeroblob(9)")

    disputed.studio._store.ask(damage)
    session.adjudication.begin(pair.first.image_id)
    disputed.wait(lambda: session.adjudication.dispute is not None or disputed.messages)
    assert np.array_equal(session.adjudication.dispute.second, decode_mask(kept))
    session.agreements.look()
    disputed.wait(lambda: not session.agreements.progress)
    assert not [message for message in disputed.messages if message.kind == "trouble"]
    session.adjudication.end()
    disputed.studio._store.ask(lambda project: damage(project, "versions, too"))
    session.adjudication.begin(pair.first.image_id)
    disputed.wait(lambda: any("The second reading of this image is damaged" in m.sentence for m in disputed.messages))
    assert session.adjudication.dispute is None


def test_agreement_says_of_how_many_images_a_reading_is_lost(disputed):
    def damage(project):
        with project._database.writing() as connection:
            connection.execute("UPDATE readings SET png = zeroblob(40)")
            connection.execute("DROP TRIGGER versions_are_not_deleted")
            connection.execute("DELETE FROM versions")

    disputed.studio._store.ask(damage)
    disputed.session.agreements.look()
    disputed.wait(lambda: any(m.sentence == "1 image of 1 left out: a reading is damaged." for m in disputed.messages))
    assert disputed.session.agreements.result.pairs == ()


def test_agreement_is_computed_for_pairs_that_are_finished(disputed):
    session = disputed.session
    session.agreements.look()
    disputed.wait(lambda: session.agreements.result is not None and not session.agreements.progress)
    (pair,) = session.agreements.result.pairs
    assert pair.image_id == session.records[0].origin
    assert 0 < pair.dice < 1
    assert pair.hd95 > 0
    assert 0 < pair.kappa < 1
    assert session.agreements.result.dice is None


def test_who_has_looked_at_both_changes_neither(disputed):
    session = disputed.session
    row = session.records[0]
    session.agreements.look()
    disputed.wait(lambda: session.agreements.result is not None)
    session.reopen(row.id)
    disputed.show(row.id)
    disputed.stroke((5, 5), (90, 60))
    session.approve()
    disputed.settle()
    png = disputed.studio._store.ask(lambda project: project.readings.mask(row.id, "second"))
    assert np.array_equal(decode_mask(png), disputed.second)


@pytest.mark.parametrize("which", ["first", "second", "between", "consensus"])
def test_a_decision_takes_a_reading_and_is_what_is_learned(disputed, which):
    session = disputed.session
    origin = session.records[0].origin
    session.adjudication.begin(origin)
    disputed.wait(lambda: session.adjudication.dispute is not None)
    assert session.document.image_id == origin
    assert np.array_equal(disputed.mask(), disputed.first)
    session.adjudication.take(which)
    disputed.wait(lambda: not session.adjudication.busy)
    taken = disputed.mask()
    expected = {"first": disputed.first, "second": disputed.second}.get(which)
    if expected is None:
        common, either = disputed.first & disputed.second, disputed.first | disputed.second
        assert (taken >= common).all()
        assert (taken <= either).all()
    else:
        assert np.array_equal(taken, expected)
    session.approve()
    disputed.settle()
    record = session.record(origin)
    assert standing(record) is Standing.ADJUDICATED
    assert record.adjudicator == "Ben"
    assert record.reader == "Anna"
    assert session.catalog.to_train_on() == [record]
    for reader in ("Anna", "Ben", "Cleo"):
        session = as_reader(disputed, reader)
        disputed.show(session.records[0].id)
        assert standing(session.records[0]) is Standing.ADJUDICATED
        assert np.array_equal(disputed.mask(), taken)


def test_a_decision_takes_what_is_locked_as_the_reading_has_it(disputed):
    session = disputed.session
    session.adjudication.begin(session.records[0].origin)
    disputed.wait(lambda: session.adjudication.dispute is not None)
    session.change_segment(1, locked=True)
    session.adjudication.take("second")
    assert np.array_equal(disputed.mask(), disputed.second)


def test_nothing_is_decided_before_both_have_read(rig):
    rig.new_project(3)
    session = review(rig, BLIND)
    read_first(rig)
    session.adjudication.begin(session.records[0].id)
    rig.settle()
    assert session.adjudication.dispute is None
    assert not session.adjudication.active
    rig.wait(lambda: rig.messages)
    assert "two finished readings" in rig.messages[-1].sentence


def test_undoing_a_decision_in_the_making_brings_the_first_reading_back(disputed):
    session = disputed.session
    origin = session.records[0].origin
    own = session.records[0]
    disputed.show(own.id)
    session.adjudication.begin(origin)
    # What is on the canvas until the image is read has a name still.
    assert session.record(own.id).name == session.record(origin).name
    assert own.id not in session.catalog
    assert session.review.counts.total() == 3
    disputed.wait(lambda: session.adjudication.dispute is not None)
    session.adjudication.take("second")
    assert session.record(origin).state is ImageState.IN_PROGRESS
    session.editor.undo()
    disputed.settle()
    assert np.array_equal(disputed.mask(), disputed.first)
    assert standing(session.record(origin)) is Standing.APPROVED


def test_a_decision_in_the_making_is_there_when_the_project_opens_again(disputed):
    session = disputed.session
    origin = session.records[0].origin
    session.adjudication.begin(origin)
    disputed.wait(lambda: session.adjudication.dispute is not None)
    disputed.stroke((5, 50), (20, 60))
    begun = disputed.mask()
    session = as_reader(disputed, "Ben")
    assert session.records[0].id == origin
    assert standings(disputed)[0] is Standing.IN_PROGRESS
    disputed.show(origin)
    assert np.array_equal(disputed.mask(), begun)
    session.editor.undo()
    disputed.settle()
    assert standing(session.record(origin)) is Standing.APPROVED
    session.editor.redo()
    session.approve()
    disputed.settle()
    assert session.record(origin).adjudicator == "Ben"


def test_a_third_reader_who_changes_the_mask_decides_and_changes_no_reading(disputed):
    session = as_reader(disputed, "Cleo")
    image_id = session.records[0].id
    disputed.show(image_id)
    assert np.array_equal(disputed.mask(), disputed.first)
    disputed.stroke((5, 5), (90, 60))
    disputed.stroke((5, 60), (90, 5))
    decided = disputed.mask()
    session.approve()
    disputed.settle()
    record = session.record(image_id)
    assert (standing(record), record.adjudicator, record.reader) == (Standing.ADJUDICATED, "Cleo", "Anna")
    pair = disputed.studio._store.ask(lambda project: project.readings.pairs())[image_id]
    assert (pair.first.reader, pair.second.reader) == ("Anna", "Ben")
    png = disputed.studio._store.ask(lambda project: project.readings.mask(image_id, "first"))
    assert np.array_equal(decode_mask(png), disputed.first)
    session = as_reader(disputed, "Anna")
    disputed.show(image_id)
    assert np.array_equal(disputed.mask(), decided)


def test_what_a_third_reader_has_looked_at_neither_of_the_two_changes_afterwards(disputed):
    session = as_reader(disputed, "Cleo")
    disputed.show(session.records[0].id)
    session = as_reader(disputed, "Ben")
    row = session.records[0]
    session.reopen(row.id)
    disputed.show(row.id)
    disputed.stroke((5, 5), (90, 60))
    session.approve()
    disputed.settle()
    png = disputed.studio._store.ask(lambda project: project.readings.mask(row.id, "second"))
    assert np.array_equal(decode_mask(png), disputed.second)


# ---- rejection -----------------------------------------------------------------------------------------------------


def test_a_rejected_image_says_so_and_is_not_learned_from(rig):
    rig.new_project(3)
    session = rig.session
    read_first(rig)
    image_id = session.records[0].id
    rig.show(image_id)
    session.review.reject("out of focus")
    rig.settle()
    record = session.record(image_id)
    assert (standing(record), record.rejected) == (Standing.REJECTED, "out of focus")
    assert session.catalog.to_train_on() == []
    assert session.approved_count == 0
    assert session.current_id != image_id
    session = rig.reopen()
    assert session.record(image_id).rejected == "out of focus"
    session.review.use_again(image_id)
    rig.settle()
    assert standing(session.record(image_id)) is Standing.APPROVED
    assert [record.id for record in session.catalog.to_train_on()] == [image_id]
    session = rig.reopen()
    assert standing(session.record(image_id)) is Standing.APPROVED
    rig.show(image_id)
    assert session.document.approved
    session.review.reject("again")
    rig.show(image_id)
    session.approve()
    rig.settle()
    assert standing(session.record(image_id)) is Standing.APPROVED


def test_what_is_done_is_said_as_it_is(rig):
    rig.new_project(3)
    session = rig.session
    rig.show(session.records[2].id)
    session.review.reject("blurred")
    session.catalog.replace(replace(session.records[1], problem="gone"))
    rig.show(session.records[0].id)
    session.open_next_unapproved()
    rig.wait(lambda: any(message.key == "done" for message in rig.messages))
    assert [m.sentence for m in rig.messages if m.key == "done"] == ["Only image_00.png is left to do."]
    read_first(rig)
    said = "Nothing is left to do: 1 approved, 1 rejected, 1 can't be read."
    rig.wait(lambda: any(message.sentence == said for message in rig.messages))
    session.catalog.replace(replace(session.records[1], problem=None, state=ImageState.APPROVED))
    session.catalog.replace(replace(session.records[2], rejected=None, state=ImageState.APPROVED))
    assert session.catalog.done_words() == "Every image is approved."


def test_counts_say_how_far_the_images_are(rig):
    rig.new_project(3)
    read_first(rig)
    assert rig.session.review.counts == {Standing.APPROVED: 1, Standing.NEW: 2}
    rig.session.files.add(write_images(rig.folder / "more", 2))
    rig.settle()
    rig.show(rig.session.records[1].id)
    rig.session.review.reject("blurred")
    assert rig.session.review.counts == {Standing.APPROVED: 1, Standing.NEW: 3, Standing.REJECTED: 1}


# ---- draw first, then reveal ---------------------------------------------------------------------------------------


@pytest.fixture
def veiled(rig):
    """A predicted image on the canvas whose prediction waits until something was drawn."""
    rig.new_project(6)
    approve(rig, 3)
    rig.wait(lambda: rig.session.predictor.round == 1)
    rig.settle()
    rig.session.review.set_settings(ReviewSettings(draw_first_share=1.0))
    rig.index = next(i for i, r in enumerate(rig.session.records) if r.state is ImageState.PREDICTED)
    rig.show(rig.session.records[rig.index].id)
    return rig


def test_the_model_s_mask_waits_until_one_was_drawn_and_does_not_flow_into_it(veiled):
    session = veiled.session
    assert session.document.prediction is None
    assert not veiled.mask().any()
    assert session.review.can_reveal
    assert session.review.hides_model
    session.review.reveal()
    veiled.settle()
    assert session.document.veiled
    assert "Draw your own mask first" in veiled.messages[-1].sentence
    veiled.stroke((20, 20), (40, 30))
    drawn = veiled.mask()
    session.review.reveal()
    veiled.settle()
    assert not session.document.veiled
    assert session.document.prediction is not None
    assert np.array_equal(veiled.mask(), drawn)
    (unaided,) = veiled.studio._store.ask(lambda project: project.readings.unaided())
    assert unaided.model_dice is not None
    veiled.reopen()
    veiled.show(session.records[veiled.index].id)
    assert not veiled.session.document.veiled
    assert np.array_equal(veiled.mask(), drawn)


def test_approving_what_was_drawn_unaided_approves_just_that(veiled):
    session = veiled.session
    veiled.stroke((20, 20), (40, 30))
    drawn = veiled.mask()
    image_id = session.current_id
    session.approve()
    veiled.settle()
    veiled.show(image_id)
    assert np.array_equal(veiled.mask(), drawn)
    assert standing(session.record(image_id)) is Standing.APPROVED
    assert len(veiled.studio._store.ask(lambda project: project.readings.unaided())) == 1


def test_both_readers_of_an_image_draw_first_or_neither_does(rig):
    rig.new_project(6)
    session = review(rig, ReviewSettings(second_share=1.0, draw_first_share=0.5))
    first = [session.review.veils(record) for record in session.records]
    assert set(first) == {True, False}
    for record in session.records:
        rig.show(record.id)
        rig.stroke((20, 20), (50, 40))
    session = as_reader(rig, "Ben")
    assert all(record.reading_of for record in session.records)
    assert [session.review.veils(record) for record in session.records] == first


def test_a_mask_that_comes_meanwhile_stays_hidden_too(veiled):
    session = veiled.session
    session.predictor.renew()
    veiled.settle()
    assert session.document.prediction is None
    assert session.document.veiled


@pytest.fixture
def drawn(rig):
    """An image on the canvas that was drawn and approved before the model had a mask of it."""
    rig.new_project(6)
    rig.session.review.set_settings(ReviewSettings(draw_first_share=1.0))
    image_id = rig.session.current_id
    approve(rig, 3)
    rig.wait(lambda: rig.session.predictor.round == 1)
    rig.settle()
    rig.show(image_id)
    assert not rig.session.document.veiled
    return rig


def test_an_approval_that_is_taken_back_puts_the_veil_before_a_mask_that_comes_later(drawn):
    session, mask = drawn.session, drawn.mask()
    session.reopen()
    drawn.settle()
    assert session.document.veiled
    assert session.review.can_reveal
    session.predictor.request(session.current_id)
    drawn.wait(lambda: session.document.known_round == 1)
    assert np.array_equal(drawn.mask(), mask)
    session.review.reveal()
    drawn.settle()
    assert session.document.prediction is not None
    assert np.array_equal(drawn.mask(), mask)
    (unaided,) = drawn.studio._store.ask(lambda project: project.readings.unaided())
    # That model has learned from this very mask, so it says nothing of how much its reader leans on a model.
    assert session.current_id in session.book.learned[1]
    assert unaided.model_dice is None


def test_the_veil_goes_and_comes_with_an_approval_that_undo_brings_back(drawn):
    session = drawn.session
    drawn.stroke((10, 10), (14, 10))
    drawn.settle()
    assert session.document.veiled
    session.editor.undo()
    drawn.settle()
    assert standing(session.record(session.current_id)) is Standing.APPROVED
    assert not session.document.veiled
    session.reopen()
    image_id = session.current_id
    drawn.reopen()
    drawn.show(image_id)
    assert drawn.session.document.veiled


def test_what_was_approved_with_the_model_s_mask_in_sight_is_not_veiled_once_it_is_reopened(rig):
    rig.new_project(6)
    approve(rig, 3)
    rig.wait(lambda: rig.session.predictor.round == 1)
    rig.settle()
    session, image_id = rig.session, rig.session.current_id
    assert session.document.prediction is not None
    session.approve()
    rig.settle()
    session.review.set_settings(ReviewSettings(draw_first_share=1.0))
    rig.show(image_id)
    seen = rig.mask()
    session.reopen()
    rig.settle()
    assert not session.document.veiled
    session = rig.reopen()
    rig.show(image_id)
    assert not session.document.veiled
    assert np.array_equal(rig.mask(), seen)


def test_what_was_begun_with_the_model_s_mask_in_sight_stays_as_it_was(rig):
    rig.new_project(6)
    approve(rig, 3)
    rig.wait(lambda: rig.session.predictor.round == 1)
    rig.settle()
    index = next(i for i, r in enumerate(rig.session.records) if r.state is ImageState.PREDICTED)
    rig.show(rig.session.records[index].id)
    rig.stroke((20, 20), (40, 30))
    before = rig.mask()
    rig.session.review.set_settings(ReviewSettings(draw_first_share=1.0))
    session = rig.reopen()
    rig.show(session.records[index].id)
    assert not session.document.veiled
    assert np.array_equal(rig.mask(), before)


def test_no_report_visit_export_or_evaluation_shows_what_is_veiled(veiled, tmp_path):
    session = veiled.session
    record = session.records[veiled.index]
    assert record.prediction_round is not None
    reported = []

    class Writer:
        path = tmp_path / "a.csv"

        def add(self, image):
            reported.append(image)

        def finish(self):
            pass

        def abandon(self):
            pass

    for identifiers in (True, False):
        session.reporting.start([record.id], identifiers, lambda _head: [Writer()])
        veiled.wait(lambda: not session.reporting.busy)
        assert reported[-1].rows == ()
        assert "drawn before the model's is seen" in reported[-1].problem
    looked = []
    session.visits.look(session.records[0].id, record.id, looked.append)
    veiled.wait(lambda: bool(looked))
    assert "drawn before the model's is seen" in looked[0]
    out = tmp_path / "out"
    session.exporter.export_masks(out, only_approved=False)
    veiled.wait(lambda: not session.exporter.busy)
    veiled.settle()
    assert {path.stem for path in out.glob("*.png")} == {r.path.stem for r in session.catalog.approved}
    veiled.wait(lambda: any(f"{record.name} was left out" in message.sentence for message in veiled.messages))
    session.catalog.replace(replace(record, truth=tmp_path / "truth.png"))
    assert all(r.truth is None for r in session.review.comparable)
    form = EvaluationForm(session, None)
    form.change(kind="truth")
    assert form.count("truth") == 0
    assert form.about().endswith("Left out until a mask was drawn on them: 1 image.")
    veiled.stroke((20, 20), (40, 30))
    session.review.reveal()
    veiled.settle()
    assert form.count("truth") == 1
    session.visits.look(session.records[0].id, record.id, looked.append)
    veiled.wait(lambda: len(looked) == 2)
    assert looked[1][1].name == record.name


# ---- who reads -----------------------------------------------------------------------------------------------------


def test_a_project_that_asks_shows_nothing_before_it_knows(rig):
    rig.new_project(2)
    rig.session.review.set_settings(ReviewSettings(asks_reader=True))
    folder = rig.session.folder
    rig.settle()
    asked = []
    rig.studio.ask_reader = lambda question, answer: asked.append((question, answer))
    rig.studio.open_project(folder)
    rig.wait(lambda: asked)
    question, answer = asked[0]
    assert rig.studio.session is None
    assert question.proposed
    assert question.project == "test"
    answer("Zoë")
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    assert rig.session.review.reader == "Zoë"
    rig.studio.open_project(folder)
    rig.wait(lambda: len(asked) == 2)
    assert asked[1][0].proposed == "Zoë"
    asked[1][1](None)
    assert rig.studio.session is None
    assert not rig.studio.busy


def test_agreement_tells_how_much_readers_lean_on_the_model(veiled):
    session = veiled.session
    for index in (3, 4):
        veiled.show(session.records[index].id)
        veiled.stroke((20, 20), (40, 30))
        session.approve()
        veiled.settle()
    session.review.set_settings(ReviewSettings())
    veiled.show(session.records[5].id)
    session.approve()
    veiled.settle()
    session.agreements.look()
    veiled.wait(lambda: session.agreements.result is not None and not session.agreements.progress)
    influence = session.agreements.influence
    assert influence.hidden is not None
    assert influence.hidden.count == 2
    assert influence.hidden.mean < 1
    assert influence.shown is None


# ---- time ----------------------------------------------------------------------------------------------------------


def test_the_time_that_an_image_took_is_kept(rig):
    rig.new_project(3)
    session = rig.session
    now = [100.0]
    session.review.clock._now = lambda: now[0]
    image_id = session.records[0].id
    rig.show(image_id)
    now[0] += 25.0
    rig.stroke((20, 20), (50, 40))
    now[0] += 5.0
    session.approve()
    rig.settle()
    assert session.record(image_id).seconds == 30.0
    assert session.review.pace == "An image takes about 30 seconds"
    rig.show(session.records[1].id)
    now[0] += 50.0
    session.approve()
    rig.settle()
    # Of an even number of images neither of the two in the middle is it.
    assert session.review.pace == "An image takes about 40 seconds"
    assert rig.reopen().record(image_id).seconds == 30.0


def test_who_changes_a_decision_and_approves_has_decided(rig):
    rig.new_project(2)
    review(rig, BLIND)
    read_first(rig)
    session = as_reader(rig, "Ben")
    rig.show(session.records[0].id)
    rig.stroke((10, 10), (60, 50))
    session.approve()
    session = as_reader(rig, "Carl")
    image_id = session.records[0].origin
    session.adjudication.begin(image_id)
    rig.settle()
    session.adjudication.take("second")
    session.approve()
    rig.settle()
    assert session.record(image_id).adjudicator == "Carl"
    session = as_reader(rig, "Anna")
    rig.show(image_id)
    rig.stroke((80, 60), (90, 5))
    session.editor.undo()
    rig.settle()
    assert standing(session.record(image_id)) is Standing.ADJUDICATED
    assert session.record(image_id).adjudicator == "Carl", "it is Carl's mask again"
    rig.stroke((80, 60), (90, 5))
    session.approve()
    rig.settle()
    record = session.record(image_id)
    assert (standing(record), record.adjudicator, record.reader) == (Standing.ADJUDICATED, "Anna", "Anna")
    project = rig.studio._store.ask(lambda project: project.images.image(image_id))
    assert project.adjudicator == "Anna"
    assert not rig.studio._store.ask(check_project).findings
