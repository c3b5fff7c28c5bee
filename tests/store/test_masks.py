"""Corrections, their history and predictions, against planes and histories in memory."""

import shutil
import tempfile
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from segstudio.domain import history as history_module
from segstudio.domain.annotation import ImageState
from segstudio.domain.audit import verify
from segstudio.domain.errors import UserError
from segstudio.domain.geometry import Rect
from segstudio.domain.history import Edit, History
from segstudio.domain.plane import TILE, UNSET, Plane
from segstudio.domain.segments import Segment, make_classes
from segstudio.imaging.mask_png import encode_mask
from segstudio.store.images import NewImage
from segstudio.store.masks import StoredPrediction
from segstudio.store.project_db import Project

HEIGHT, WIDTH = 280, 530  # 2 x 3 tiles, the last row and column cut off
TILE_BYTES = TILE * TILE * 2


def stroke(plane: Plane, rect: Rect, value: int, name: str = "Brush") -> Edit:
    before = plane.snapshot()
    plane.write(rect, value)
    return Edit(name, plane.changes_since(before))


def loaded(project: Project, image_id: int) -> np.ndarray:
    plane = Plane(HEIGHT, WIDTH)
    plane.put_tiles(project.masks.load_correction(image_id))
    return plane.to_array()


# ---- everything at once ----------------------------------------------------------------------------------------


class Annotator(RuleBasedStateMachine):
    """Paints, erases, undoes, redoes, closes and opens; the disk must always hold what the window shows."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(history_module, "MIN_STEPS", 3)
        self.patch.setattr(history_module, "MAX_BYTES", 12 * TILE_BYTES)
        self.place = Path(tempfile.mkdtemp())
        self.project = Project.create(self.place / "x.segstudio", make_classes(["lesion", "hair"]))

    @initialize()
    def begin(self) -> None:
        self.ids = self.project.images.add_images([NewImage(self.place / name) for name in ("a.png", "b.png")])
        self.planes = {image_id: Plane(HEIGHT, WIDTH) for image_id in self.ids}
        self.histories = {image_id: History() for image_id in self.ids}

    @rule(
        which=st.sampled_from([0, 1]),
        boxes=st.lists(
            st.tuples(st.integers(0, WIDTH), st.integers(0, HEIGHT), st.integers(1, 400), st.integers(1, 300)),
            min_size=1,
            max_size=6,
        ),
        value=st.sampled_from([0, 1, 2, UNSET]),
    )
    def paint(self, which: int, boxes: list[tuple[int, int, int, int]], value: int) -> None:
        image_id = self.ids[which]
        for index, (x, y, width, height) in enumerate(boxes):
            rect = Rect(x, y, x + width, y + height).clip(HEIGHT, WIDTH)
            edit = stroke(self.planes[image_id], rect, (value + index) % 65536, f"Brush {rect}")
            self.histories[image_id].push(edit)
            self.project.masks.save_edit(image_id, edit)

    @rule(which=st.sampled_from([0, 1]))
    def erase_everything(self, which: int) -> None:
        self.paint(which, [(0, 0, WIDTH, HEIGHT)], UNSET)

    @rule(which=st.sampled_from([0, 1]), back=st.integers(0, 5), forth=st.integers(0, 5))
    def undo_and_redo(self, which: int, back: int, forth: int) -> None:
        image_id = self.ids[which]
        for _ in range(back):
            edit = self.histories[image_id].undo()
            assert self.project.masks.save_undo(image_id) == (edit is not None)
            if edit is not None:
                self.planes[image_id].put_tiles(edit.before)
        for _ in range(forth):
            edit = self.histories[image_id].redo()
            assert self.project.masks.save_redo(image_id) == (edit is not None)
            if edit is not None:
                self.planes[image_id].put_tiles(edit.after)

    @rule(which=st.sampled_from([0, 1]))
    def approve(self, which: int) -> None:
        self.project.images.approve(self.ids[which], held_out=False)
        self.histories[self.ids[which]].set_mark()

    @rule(which=st.sampled_from([0, 1]))
    def take_an_approval_back(self, which: int) -> None:
        self.project.images.reopen(self.ids[which])
        self.histories[self.ids[which]].forget_mark()

    @rule(which=st.sampled_from([0, 1]))
    def predict(self, which: int) -> None:
        if self.project.masks.put_prediction(self.ids[which], 1, b"png"):
            self.histories[self.ids[which]].forget_mark()

    @rule(go_on_with_what_was_read=st.booleans())
    def close_and_open(self, go_on_with_what_was_read: bool) -> None:
        self.project.close()
        self.project = Project.open(self.place / "x.segstudio")
        if go_on_with_what_was_read:
            for image_id in self.ids:
                self.planes[image_id] = Plane(HEIGHT, WIDTH)
                self.planes[image_id].put_tiles(self.project.masks.load_correction(image_id))
                self.histories[image_id] = self.project.masks.load_history(image_id)

    @invariant()
    def the_disk_holds_what_the_window_shows(self) -> None:
        for image_id in getattr(self, "ids", ()):
            tiles = self.project.masks.load_correction(image_id)
            assert not any((tile == UNSET).all() for tile in tiles.values())
            assert np.array_equal(loaded(self.project, image_id), self.planes[image_id].to_array())
            on_disk, in_memory = self.project.masks.load_history(image_id), self.histories[image_id]
            assert on_disk.mark == in_memory.mark
            for stored, made in ((on_disk.done, in_memory.done), (on_disk.undone, in_memory.undone)):
                assert [edit.name for edit in stored] == [edit.name for edit in made]
                assert [edit.nbytes for edit in stored] == [edit.nbytes for edit in made]
                for one, other in zip(stored, made, strict=True):
                    assert_same_tiles(one, other)

    def teardown(self) -> None:
        assert verify(self.project.audit.entries(), self.project.audit.head()) == []
        self.project.close()
        self.patch.undo()
        shutil.rmtree(self.place)


def assert_same_tiles(one: Edit, other: Edit) -> None:
    assert one.tiles.keys() == other.tiles.keys()
    for key, change in one.tiles.items():
        for stored, made in zip(change, other.tiles[key], strict=True):
            assert (stored is None) == (made is None)
            assert stored is None or np.array_equal(stored, made)


Annotator.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestAnnotator = Annotator.TestCase


# ---- single facts ----------------------------------------------------------------------------------------------


def test_undo_and_redo_of_nothing_do_nothing(project: Project, image_id: int) -> None:
    assert not project.masks.save_undo(image_id)
    assert not project.masks.save_redo(image_id)
    assert project.masks.load_history(image_id) == History()
    assert project.images.image(image_id).state is ImageState.NEW


def test_an_edit_that_changed_nothing_is_a_step_all_the_same(project: Project, image_id: int) -> None:
    project.masks.save_edit(image_id, Edit("Brush", {}))
    assert [(edit.name, edit.tiles) for edit in project.masks.load_history(image_id).done] == [("Brush", {})]
    assert project.masks.save_undo(image_id)
    assert [edit.name for edit in project.masks.load_history(image_id).undone] == ["Brush"]


def test_old_edits_are_let_go_as_in_memory(project: Project, image_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MIN_STEPS", 2)
    monkeypatch.setattr(history_module, "MAX_BYTES", 4 * TILE_BYTES)
    plane, history = Plane(HEIGHT, WIDTH), History()
    for value in range(10):
        edit = stroke(plane, Rect(0, 0, 9, 9), value, str(value))
        history.push(edit)
        project.masks.save_edit(image_id, edit)
    names = [edit.name for edit in project.masks.load_history(image_id).done]
    assert names == [edit.name for edit in history.done] == ["6", "7", "8", "9"]
    with project._database.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM edit_tiles").fetchone() == (4,)
    assert np.array_equal(loaded(project, image_id), plane.to_array())


def test_a_loaded_history_takes_little_memory(project: Project, image_id: int) -> None:
    plane = Plane(HEIGHT, WIDTH)
    for value in range(40):
        project.masks.save_edit(image_id, stroke(plane, Rect(value, value, 9 + 3 * value, 90), value))
    tracemalloc.start()
    history = project.masks.load_history(image_id)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(history.done) == 40
    assert held < 40 * TILE_BYTES / 8


def test_a_tile_without_paint_takes_no_row(project: Project, image_id: int) -> None:
    project.masks.save_edit(image_id, stroke(Plane(HEIGHT, WIDTH), Rect(0, 0, 9, 9), 1))
    blank = np.full((TILE, TILE), UNSET, np.uint16)
    project.masks.save_edit(image_id, Edit("Erase", {(0, 0): (project.masks.load_correction(image_id)[0, 0], blank)}))
    assert project.masks.load_correction(image_id) == {}
    assert not project.images.image(image_id).touched
    assert project.masks.load_history(image_id).done[1].after == {(0, 0): None}


def test_a_loaded_tile_cannot_be_written_to(project: Project, image_id: int) -> None:
    project.masks.save_edit(image_id, stroke(Plane(HEIGHT, WIDTH), Rect(0, 0, 9, 9), 1))
    tile = project.masks.load_correction(image_id)[0, 0]
    assert (tile.dtype, tile.shape) == (np.uint16, (TILE, TILE))
    with pytest.raises(ValueError, match="read-only"):
        tile[0, 0] = 1


def test_an_edit_of_an_unknown_image_changes_nothing(project: Project) -> None:
    masks = project.masks
    with pytest.raises(KeyError):
        masks.save_edit(9, stroke(Plane(HEIGHT, WIDTH), Rect(0, 0, 9, 9), 1))
    with pytest.raises(KeyError):
        masks.put_prediction(9, 1, b"png")
    with pytest.raises(KeyError):
        masks.import_mask(9, np.zeros((2, 2), np.uint16))
    assert masks.load_correction(9) == {}


@pytest.mark.parametrize(
    "data", [b"no zlib", zlib.compress(b"too short"), zlib.compress(bytes(10 * TILE_BYTES)), zlib.compress(b""), 7]
)
def test_a_damaged_tile_is_reported(project: Project, image_id: int, data: object) -> None:
    project.masks.save_edit(image_id, stroke(Plane(HEIGHT, WIDTH), Rect(0, 0, 9, 9), 1))
    with project._database.writing() as connection:
        connection.execute("UPDATE tiles SET data = ?", (data,))
        connection.execute("UPDATE edit_tiles SET after = ?", (data,))
    with pytest.raises(UserError, match="damaged"):
        project.masks.load_correction(image_id)
    assert project.masks.load_history(image_id) == History()
    assert not project.salvage.mend_correction(image_id)


# ---- imports ---------------------------------------------------------------------------------------------------


def test_an_imported_mask_replaces_the_correction_and_can_be_undone(project: Project, image_id: int) -> None:
    project.images.set_size(image_id, WIDTH, HEIGHT, "c0ffee")
    plane = Plane(HEIGHT, WIDTH)
    project.masks.save_edit(image_id, stroke(plane, Rect(100, 100, 500, 200), 1))
    mask = np.random.default_rng(0).choice(np.array([0, 1, 2, UNSET], np.uint16), (HEIGHT, WIDTH))
    edit = project.masks.import_mask(image_id, mask)
    assert np.array_equal(loaded(project, image_id), mask)
    assert edit.name == "Import mask"
    plane.put_tiles(edit.after)
    assert np.array_equal(plane.to_array(), mask)
    assert [step.name for step in project.masks.load_history(image_id).done] == ["Brush", "Import mask"]
    project.masks.save_undo(image_id)
    plane.put_tiles(edit.before)
    assert np.array_equal(loaded(project, image_id), plane.to_array())
    assert (plane.to_array() == 1).sum() == 400 * 100


def test_class_ids_become_the_ids_of_the_classes_first_segments(project: Project, image_id: int) -> None:
    table = project.segment_table()
    project.save_segment_table(table.changed(2, class_id=1).with_segment(Segment(40, 2, 0, "hair", (0, 0, 0))))
    mask = np.full((HEIGHT, WIDTH), 2, np.uint16)
    project.masks.import_mask(image_id, mask, name="Import hair.png")
    assert np.array_equal(loaded(project, image_id), np.full_like(mask, 40))
    assert project.masks.load_history(image_id).done[0].name == "Import hair.png"


def test_a_mask_that_does_not_fit_is_refused(project: Project, image_id: int) -> None:
    project.images.set_size(image_id, WIDTH, HEIGHT, "c0ffee")
    with pytest.raises(UserError, match="280 x 530 pixels, its image 530 x 280"):
        project.masks.import_mask(image_id, np.zeros((WIDTH, HEIGHT), np.uint16))
    with pytest.raises(UserError, match="class 3, which this project does not have"):
        project.masks.import_mask(image_id, np.full((HEIGHT, WIDTH), 3, np.uint16))
    assert not project.images.image(image_id).touched


# ---- predictions -----------------------------------------------------------------------------------------------


def test_a_prediction_makes_a_new_image_predicted(project: Project, image_id: int) -> None:
    assert project.masks.prediction(image_id) is None
    assert project.masks.put_prediction(image_id, 1, b"first")
    assert project.masks.put_prediction(image_id, 2, b"second")
    assert project.masks.prediction(image_id) == StoredPrediction(2, b"second")
    image = project.images.image(image_id)
    assert (image.state, image.prediction_round) == (ImageState.PREDICTED, 2)


def test_a_prediction_leaves_strokes_and_progress_alone(project: Project, image_id: int) -> None:
    plane = Plane(HEIGHT, WIDTH)
    project.masks.save_edit(image_id, stroke(plane, Rect(0, 0, 300, 9), 1))
    assert project.masks.put_prediction(image_id, 1, b"png")
    assert project.images.image(image_id).state is ImageState.IN_PROGRESS
    assert np.array_equal(loaded(project, image_id), plane.to_array())


def test_an_approved_images_prediction_is_never_replaced(project: Project, image_id: int) -> None:
    project.masks.put_prediction(image_id, 1, b"seen")
    project.images.approve(image_id, held_out=False)
    assert not project.masks.put_prediction(image_id, 2, b"better")
    assert project.masks.prediction(image_id) == StoredPrediction(1, b"seen")
    assert project.images.image(image_id).prediction_round == 1
    project.images.reopen(image_id)
    assert project.masks.put_prediction(image_id, 2, b"better")
    assert project.masks.prediction(image_id) == StoredPrediction(2, b"better")


def test_an_image_approved_without_a_prediction_gets_none(project: Project, image_id: int) -> None:
    project.images.approve(image_id, held_out=False)
    assert not project.masks.put_prediction(image_id, 1, b"png")
    assert project.masks.prediction(image_id) is None


def test_a_prediction_is_kept_with_its_confidence_and_replaced_with_it(project: Project, image_id: int) -> None:
    project.masks.put_prediction(image_id, 1, b"mask", b"sure")
    assert project.masks.prediction(image_id) == StoredPrediction(1, b"mask", b"sure")
    project.masks.put_prediction(image_id, 2, b"other")
    assert project.masks.prediction(image_id) == StoredPrediction(2, b"other", None)


# ---- where an approval stands in the history -------------------------------------------------------------------


def test_the_history_is_marked_where_the_image_was_approved(project: Project, image_id: int) -> None:
    plane, masks = Plane(HEIGHT, WIDTH), project.masks
    assert masks.load_history(image_id).mark is None
    masks.save_edit(image_id, stroke(plane, Rect(0, 0, 9, 9), 1))
    project.images.approve(image_id, held_out=False)
    masks.save_edit(image_id, stroke(plane, Rect(20, 0, 29, 9), 1))
    assert (masks.load_history(image_id).mark, masks.load_history(image_id).at_mark) == (1, False)
    masks.save_undo(image_id)
    assert masks.load_history(image_id).at_mark
    assert project.images.image(image_id).state is ImageState.IN_PROGRESS, "the store approves nothing by itself"
    masks.save_undo(image_id)
    masks.save_edit(image_id, stroke(plane, Rect(40, 0, 49, 9), 1))
    assert masks.load_history(image_id).mark is None, "nothing leads back to it"


def test_no_mark_outlives_the_prediction_or_the_start_that_it_was_set_over(project: Project, image_id: int) -> None:
    masks = project.masks
    project.images.approve(image_id, held_out=False)
    assert not masks.put_prediction(image_id, 1, b"refused")
    assert masks.load_history(image_id).at_mark
    masks.save_edit(image_id, Edit("Brush", {}))
    assert masks.load_history(image_id).mark == 0
    masks.put_prediction(image_id, 1, b"png")
    assert masks.load_history(image_id).mark is None
    project.images.approve(image_id, held_out=False)
    masks.drop_prediction(image_id)
    assert masks.load_history(image_id).mark is None


def test_a_mask_that_an_image_starts_from_is_not_what_was_approved_before(project: Project, image_id: int) -> None:
    project.images.approve(image_id, held_out=False)
    project.masks.start_from(image_id, np.ones((HEIGHT, WIDTH), np.uint16))
    assert project.masks.load_history(image_id).mark is None


def test_a_damaged_mask_of_the_model_is_no_background(project: Project, image_id: int) -> None:
    project.images.set_size(image_id, 60, 40, "f" * 64)
    project.masks.put_prediction(image_id, 1, encode_mask(np.ones((40, 60), np.uint16))[:-20])
    with pytest.raises(UserError, match="damaged"):
        project.masks.shown(image_id)
