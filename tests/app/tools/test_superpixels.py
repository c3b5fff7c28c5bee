"""Superpixels as a tool: what is toggled is whole cells of the mosaic that is shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segstudio.app.tools import PointerEvent
from segstudio.app.tools import superpixels as tool_module
from segstudio.domain.plane import UNSET
from tests.helpers.masks import answered, blobs, click, lock, no_step, one_step, painted, put, reloaded, with_rig

places = st.tuples(st.floats(0, 95.9), st.floats(0, 63.9))


@pytest.fixture
def mosaic(rig):
    rig.new_project(count=2, classes=("one", "two"))
    rig.session.editor.change_settings(scale=2)
    rig.session.editor.set_tool("superpixels")
    answered(rig)
    return rig


def cells(rig):
    return rig.session.editor.preview.cells


def under(cells, start, end):
    """The cells below a way, looked up ten times a pixel, also wherever the tool does."""
    steps = 10 * max(1, int(np.ceil(np.hypot(end[0] - start[0], end[1] - start[1])))) + 1
    xs, ys = np.linspace(start[0], end[0], steps), np.linspace(start[1], end[1], steps)
    return set(cells[np.floor(ys).astype(int), np.floor(xs).astype(int)].tolist())


@with_rig
@given(
    seed=st.integers(0, 2**32 - 1),
    start=places,
    end=places,
    right=st.booleans(),
    locked=st.booleans(),
    over=st.sampled_from([None, 0, 1]),
)
def test_whole_cells_follow_the_first(mosaic, seed, start, end, right, locked, over):
    editor = mosaic.session.editor
    ids = blobs(seed, cell=16)
    put(mosaic, ids)
    lock(mosaic, *([2] if locked else []))
    editor.change_settings(paint_over=over)
    labels = cells(mosaic)
    first = labels == labels[int(start[1]), int(start[0])]
    removes = (ids[first] == 1).mean() > 0.5
    mosaic.stroke(start, end, button="right" if right else "left")
    editor.change_settings(paint_over=None)
    free = np.ones(ids.shape, bool) if over is None else ids == over
    if locked:
        free &= ids != 2
    if removes and not right:
        free &= ids == 1
    changed = painted(mosaic) != ids
    value = 0 if right or removes else 1
    # The tool looks once a pixel, so a corner that the way only grazes may be missed.
    sure = np.isin(labels, list(under(labels, start, start) | under(labels, end, end)))
    most = np.isin(labels, list(under(labels, start, end)))
    assert not (changed & ~most).any()
    assert (painted(mosaic)[changed] == value).all()
    assert (painted(mosaic)[sure & free] == value).all()
    touched = set(labels[changed].tolist())
    whole = np.isin(labels, list(touched)) & free
    assert (painted(mosaic)[whole] == value).all()


def test_a_click_adds_and_another_removes_as_steps(mosaic):
    put(mosaic, np.full((64, 96), UNSET))
    labels = cells(mosaic)
    cell = labels == labels[30, 40]
    with one_step(mosaic, "Add superpixels"):
        click(mosaic, 40.5, 30.5)
    assert np.array_equal(painted(mosaic) == 1, cell)
    with one_step(mosaic, "Remove superpixels"):
        click(mosaic, 40.5, 30.5)
    assert not (painted(mosaic) == 1).any()
    put(mosaic, np.full((64, 96), 2))
    with one_step(mosaic, "Erase superpixels"):
        click(mosaic, 40.5, 30.5, button="right")
    assert np.array_equal(painted(mosaic) == 0, cell)
    assert np.array_equal(painted(mosaic), reloaded(mosaic))


def test_there_and_back_changes_a_cell_once(mosaic):
    put(mosaic, np.zeros((64, 96)))
    mosaic.stroke((10, 10), (80, 50), (10, 10))
    labels = cells(mosaic)
    assert (painted(mosaic)[labels == labels[10, 10]] == 1).all()


def test_escape_takes_the_gesture_back(mosaic):
    editor = mosaic.session.editor
    with no_step(mosaic):
        editor.press(PointerEvent(10, 10))
        editor.move(PointerEvent(60, 40))
        editor.abandon()
        editor.release(PointerEvent(60, 40))
    assert cells(mosaic) is not None
    with no_step(mosaic):
        click(mosaic, -5, 10)
    with one_step(mosaic, "Add superpixels"):
        editor.press(PointerEvent(10, 10))
        editor.set_tool("brush")


def test_finer_and_coarser_by_the_keys_for_size(mosaic):
    editor = mosaic.session.editor
    coarse = cells(mosaic)
    editor.resize(1 / 1.15)
    assert editor.settings.scale == 1
    answered(mosaic)
    assert cells(mosaic).max() > coarse.max()
    editor.resize(1.15)
    editor.resize(1.15)
    assert editor.settings.scale == 2
    assert cells(mosaic) is coarse


def test_the_mosaic_is_found_once_and_kept(mosaic, monkeypatch):
    editor, session = mosaic.session.editor, mosaic.session
    first, shown = session.current_id, cells(mosaic)
    monkeypatch.setattr(tool_module, "superpixels", lambda pixels, scale: np.full(pixels.shape[:2], scale, np.int32))
    editor.set_tool("brush")
    assert cells(mosaic) is None
    editor.set_tool("superpixels")
    assert cells(mosaic) is shown
    mosaic.show(session.records[1].id)
    assert "inding" in editor.tool_hint
    answered(mosaic)
    assert cells(mosaic).max() == 2
    mosaic.show(first)
    assert cells(mosaic) is shown
    monkeypatch.setattr(tool_module, "MOST_BYTES", 1)
    editor.change_settings(scale=0)
    answered(mosaic)
    assert len(editor.tool._kept) == 1


def test_while_they_are_looked_for_a_press_means_nothing_and_undo_does_not_stop_it(rig):
    rig.new_project(count=2)
    rig.stroke((10, 10), (40, 40))
    editor = rig.session.editor
    editor.set_tool("superpixels")
    click(rig, 40, 30)
    assert editor.undo_name == "Paint"
    editor.undo()
    editor.abandon()
    editor.change_settings(paint_over=0)
    answered(rig)
    assert cells(rig) is not None


def test_what_cannot_be_found_is_said_once(rig, monkeypatch):
    def broken(pixels, scale):
        raise MemoryError("no room")

    rig.new_project(count=2)
    monkeypatch.setattr(tool_module, "superpixels", broken)
    editor = rig.session.editor
    editor.set_tool("superpixels")
    rig.wait(lambda: bool(rig.messages))
    answered(rig)
    assert len([message for message in rig.messages if message.key == "tool"]) == 1
    assert cells(rig) is None


def test_a_file_that_took_the_place_of_another_has_cells_of_its_own(mosaic):
    record = mosaic.session.record(mosaic.session.current_id)
    before = cells(mosaic)
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:, 48:] = 255
    Image.fromarray(pixels).save(record.path)
    mosaic.show(record.id)
    answered(mosaic)
    assert (mosaic.session.document.pixels == pixels).all()
    after = cells(mosaic)
    assert (after != before).any()
    assert not set(after[:, 40].tolist()) & set(after[:, 56].tolist()), "the edge of the file before"
