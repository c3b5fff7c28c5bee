"""The snap brush against what its parts find one by one."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.app.tools import PointerEvent, snap
from segstudio.domain.brush import stroke_segment
from segstudio.domain.plane import UNSET
from segstudio.domain.snap import similar
from tests.helpers.masks import blobs, lock, no_step, one_step, painted, put, reloaded, with_rig

places = st.tuples(st.floats(0, 95.9), st.floats(0, 63.9))


@pytest.fixture
def snapping(rig):
    rig.new_project(count=2, classes=("one", "two"))
    rig.session.editor.set_tool("snap")
    return rig


def dabbed(rig, start, end, radius, likeness, count):
    """What so many dabs with the ways between them find, one after the other."""
    pixels = rig.session.editor.document.pixels
    found = np.zeros(pixels.shape[:2], bool)
    stops = [
        (start[0] + (end[0] - start[0]) * k / count, start[1] + (end[1] - start[1]) * k / count) for k in range(count)
    ] + [end]
    for before, after in pairwise(stops):
        rect, covered = stroke_segment(before, after, radius, *found.shape)
        if not rect.is_empty:
            found[rect.slices] |= similar(pixels, rect, covered, after, likeness)
    return found


@with_rig
@given(start=places, end=places, radius=st.floats(1, 20), likeness=st.floats(2, 60))
def test_it_paints_what_is_alike_on_its_way(snapping, start, end, radius, likeness):
    editor = snapping.session.editor
    put(snapping, np.full((64, 96), UNSET))
    editor.change_settings(radius=radius, likeness=likeness)
    way = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    count = len(snap._pieces(start, end, radius))
    assert count >= min(np.ceil(way / max(radius / 2, 1)), 7)
    expected = dabbed(snapping, start, start, radius, likeness, 1) | dabbed(
        snapping, start, end, radius, likeness, count
    )
    expected |= dabbed(snapping, end, end, radius, likeness, 1)
    with one_step(snapping, "Paint with snap brush"):
        snapping.stroke(start, end)
    assert np.array_equal(painted(snapping) == 1, expected)


def test_it_stops_at_a_border(snapping):
    editor = snapping.session.editor
    pixels = editor.document.pixels
    bright = pixels.mean(axis=2) > 110
    ys, xs = np.nonzero(bright)
    middle = (float(xs.mean()), float(ys.mean()))
    editor.change_settings(radius=40, likeness=30)
    snapping.stroke(middle)
    found = painted(snapping) == 1
    assert np.count_nonzero(found & bright) > 0.9 * np.count_nonzero(bright)
    assert np.count_nonzero(found & ~bright) < 0.1 * np.count_nonzero(bright)


def test_right_button_lock_and_paint_over(snapping):
    editor = snapping.session.editor
    editor.change_settings(radius=9, likeness=60)
    ids = blobs(3)
    found = dabbed(snapping, (30, 30), (30, 30), 9, 60, 1)
    put(snapping, ids)
    with one_step(snapping, "Erase with snap brush"):
        snapping.stroke((30, 30), button="right")
    assert np.array_equal(painted(snapping), np.where(found, 0, ids))
    put(snapping, ids)
    lock(snapping, 2)
    snapping.stroke((30, 30))
    assert np.array_equal(painted(snapping), np.where(found & (ids != 2), 1, ids))
    put(snapping, ids)
    editor.change_settings(paint_over=2)
    snapping.stroke((30, 30))
    assert np.array_equal(painted(snapping), np.where(found & (ids == 2), 1, ids))


def test_escape_leaves_no_trace_and_a_stroke_lasts(snapping):
    editor = snapping.session.editor
    with no_step(snapping):
        editor.press(PointerEvent(30, 30))
        editor.move(PointerEvent(50, 30))
        editor.abandon()
    with one_step(snapping, "Paint with snap brush"):
        editor.press(PointerEvent(30, 30))
        editor.move(PointerEvent(50, 30))
        editor.set_tool("brush")
    assert np.array_equal(painted(snapping), reloaded(snapping))


@given(start=places, end=places, radius=st.floats(0.5, 500))
def test_a_long_way_is_cut_into_few_pieces(start, end, radius):
    pieces = snap._pieces(start, end, radius)
    assert pieces[0][0] == start
    assert pieces[-1][1] == end
    assert all(one[1] == other[0] for one, other in pairwise(pieces))
    area = (2 * radius + 1) ** 2
    way = np.hypot(end[0] - start[0], end[1] - start[1])
    assert len(pieces) * area <= max(snap.BUDGET_PIXELS, area, (way / (2 * radius + 1) + 1) * area)
