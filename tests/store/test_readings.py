"""Readings are kept whole, and apart."""

import time

import numpy as np
import pytest

from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.segments import SegmentTable, make_classes
from segstudio.imaging.mask_png import encode_mask
from segstudio.store.images import NewImage
from segstudio.store.readings import Reading

TABLE = SegmentTable.for_classes(make_classes(["lesion", "hair"]))
MASK = encode_mask(np.ones((4, 6), np.uint16))
OTHER = encode_mask(np.zeros((4, 6), np.uint16))


def reading(row_id, image_id, kind, reader="Anna", at=1.0):
    return Reading(row_id, image_id, kind, reader, at, 12.5, None)


@pytest.fixture
def pair(project, image_id):
    project.masks.put_prediction(image_id, 3, MASK)
    project.images.approve(image_id, held_out=False)
    project.readings.set_reader(image_id, "Anna")
    project.readings.open_rows([image_id], "Ben", with_model=True)
    (row,) = project.images.list_readings("Ben")
    return image_id, row.id


def test_a_row_of_another_reader_is_clean_and_nobody_else_sees_it(project, pair, photos):
    image_id, row_id = pair
    row = project.images.image(row_id)
    assert (row.state, row.reader, row.reading_of) == (ImageState.PREDICTED, "Ben", image_id)
    assert (row.touched, row.held_out, row.prediction_round, row.path) == (False, None, 3, photos[0])
    assert project.masks.prediction(row_id).png == MASK
    assert [record.id for record in project.images.list_images()] == [image_id]
    assert len(project.images.memberships()) == 1
    assert project.images.list_readings("Cleo") == []


def test_a_row_is_made_once(project, pair):
    image_id, row_id = pair
    project.readings.open_rows([image_id, row_id], "Ben", with_model=True)
    assert [row.id for row in project.images.list_readings("Ben")] == [row_id]


def test_without_the_model_a_row_is_new(project, image_id):
    project.masks.put_prediction(image_id, 1, MASK)
    project.readings.open_rows([image_id], "Ben", with_model=False)
    (row,) = project.images.list_readings("Ben")
    assert row.state is ImageState.NEW
    assert project.masks.prediction(row.id) is None


@pytest.mark.parametrize("sealed", [False, True])
def test_a_clock_that_is_set_back_puts_no_later_reading_into_a_pair(project, pair, sealed):
    image_id, row_id = pair
    readings = project.readings
    project.images.approve(row_id, held_out=False)
    readings.put(reading(image_id, image_id, "first", "Anna", 50.0), MASK, TABLE)
    project.images.approve(image_id, held_out=False)
    readings.put(reading(row_id, image_id, "second", "Ben", 60.0), OTHER, TABLE)
    assert readings.pairs()[image_id].second.reader == "Ben"
    if sealed:
        readings.seal([image_id])
    readings.open_rows([image_id], "Cara", with_model=False)
    (later,) = project.images.list_readings("Cara")
    project.images.set_size(later.id, 6, 4, "print")
    readings.put(reading(later.id, image_id, "second", "Cara", 1.0), MASK, TABLE)
    project.images.approve(later.id, held_out=False)
    assert readings.pairs()[image_id].second.reader == "Ben"


def test_a_pair_counts_while_both_are_approved_or_once_it_is_sealed(project, pair):
    image_id, row_id = pair
    readings = project.readings
    readings.put(reading(image_id, image_id, "first"), MASK, TABLE)
    assert readings.pairs() == {}
    readings.put(reading(row_id, image_id, "second", "Ben", 2.0), OTHER, TABLE)
    assert readings.pairs() == {}
    project.images.approve(row_id, held_out=False)
    assert {i: (p.first.reader, p.second.reader) for i, p in readings.pairs().items()} == {image_id: ("Anna", "Ben")}
    project.images.reopen(row_id)
    assert readings.pairs() == {}
    project.images.approve(row_id, held_out=False)
    readings.seal([image_id])
    project.images.reopen(row_id)
    assert list(readings.pairs()) == [image_id]


def test_a_later_approval_takes_an_earlier_one_s_place_unless_it_is_sealed(project, pair):
    image_id, _ = pair
    readings = project.readings
    readings.put(reading(image_id, image_id, "first"), MASK, TABLE)
    readings.put(reading(image_id, image_id, "first"), OTHER, TABLE)
    assert readings.mask(image_id, "first") == OTHER
    readings.seal([image_id])
    readings.put(reading(image_id, image_id, "first"), MASK, TABLE)
    assert readings.mask(image_id, "first") == OTHER
    with pytest.raises(KeyError):
        readings.mask(image_id, "second")


def test_what_was_drawn_unaided_is_remembered(project, image_id):
    project.readings.put(reading(image_id, image_id, "unaided"), MASK, TABLE)
    assert [r.row_id for r in project.readings.unaided()] == [image_id]
    assert project.readings.unveiled() == {image_id}


def test_readers_reasons_decisions_and_time_are_kept(project, pair):
    image_id, row_id = pair
    project.readings.reject(image_id, "out of focus")
    project.readings.set_adjudicator(image_id, "Cleo")
    project.readings.add_seconds(image_id, 3.5)
    project.readings.add_seconds(image_id, 1.5)
    record = project.images.image(image_id)
    assert (record.rejected, record.adjudicator, record.seconds) == ("out of focus", "Cleo", 5.0)
    assert project.readings.readers() == ["Anna", "Ben", "Cleo"]
    assert project.images.image(row_id).rejected is None
    with pytest.raises(KeyError):
        project.readings.reject(99, None)


def test_a_file_that_moved_moved_for_all_who_read_it(project, pair, tmp_path):
    image_id, row_id = pair
    there = tmp_path / "there"
    there.mkdir()
    (there / "b 1.png").touch()
    project.images.relocate(row_id, there / "b 1.png")
    assert project.images.image(image_id).path == there / "b 1.png" == project.images.image(row_id).path
    with pytest.raises(KeyError):
        project.images.relocate(99, there)


def test_readings_go_with_their_image(project, pair, photos):
    image_id, row_id = pair
    assert project.images.add_images([NewImage(photos[1])])[0] > row_id
    with project._database.writing() as connection:
        connection.execute("DELETE FROM images WHERE id = ?", (image_id,))
    with pytest.raises(KeyError):
        project.images.image(row_id)


def test_readings_are_known_to_be_whole_without_the_whole_trail_for_each(project, pair):
    """A store thread that reads a trail of a hundred thousand entries for each of them saves no stroke meanwhile."""
    image_id, row_id = pair
    readings = project.readings
    readings.put(reading(image_id, image_id, "first"), MASK, TABLE)
    entry = project.audit.entries()[-1]
    with project._database.writing() as connection:
        connection.executemany(
            "INSERT INTO audit VALUES (?, ?, ?, 'edit', ?, '{}', ?, ?, ?)",
            (
                (entry.number + n, entry.when, entry.who, n, entry.program, entry.previous, entry.digest)
                for n in range(1, 100_001)
            ),
        )
    started = time.perf_counter()
    assert {readings.whole_mask(image_id, "first") for _ in range(400)} == {MASK}
    assert time.perf_counter() - started < 1.0
    readings.put(reading(image_id, image_id, "first"), OTHER, TABLE)
    readings.put(reading(row_id, image_id, "second", "Ben"), MASK, TABLE)
    assert (readings.whole_mask(image_id, "first"), readings.whole_mask(row_id, "second")) == (OTHER, MASK)
    with project._database.writing() as connection:
        connection.execute("UPDATE readings SET png = zeroblob(40)")
    with pytest.raises(UserError, match="The second reading of this image is damaged"):
        readings.whole_mask(row_id, "second")
