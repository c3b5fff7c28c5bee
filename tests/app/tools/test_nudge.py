"""Move border: the mask is what the disk makes of the mask before, whatever it went over on its way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.app.tools import PointerEvent
from segstudio.domain.nudge import Nudge
from segstudio.domain.plane import UNSET
from tests.helpers.masks import blobs, lock, no_step, one_step, painted, put, reloaded, with_rig

places = st.tuples(st.floats(0, 95.9), st.floats(0, 63.9))


@pytest.fixture
def nudged(rig):
    rig.new_project(count=2, classes=("one", "two"))
    rig.session.editor.set_tool("nudge")
    return rig


def disk():
    ys, xs = np.mgrid[:64, :96] + 0.5
    return ((xs - 48) ** 2 + (ys - 32) ** 2 <= 15**2).astype(np.uint16)


def pushed(ids, points, radius, segment=1):
    """Where the segment is after the disk went along ``points``."""
    member = ids == segment
    inside = member.copy()
    nudge = Nudge(lambda rect: member[rect.slices], *ids.shape, radius)
    for start, end in zip([points[0], *points], [*points, points[-1]], strict=True):
        rect, found = nudge.move(start, end)
        if not rect.is_empty:
            inside[rect.slices] = found
    return inside


@with_rig
@given(
    seed=st.integers(0, 2**32 - 1),
    points=st.lists(places, min_size=1, max_size=5),
    radius=st.floats(1, 25),
    locked=st.booleans(),
    over=st.sampled_from([None, 0, 2]),
)
def test_the_mask_follows_the_disk(nudged, seed, points, radius, locked, over):
    editor = nudged.session.editor
    ids = blobs(seed, cell=16)
    put(nudged, ids)
    lock(nudged, *([2] if locked else []))
    editor.change_settings(radius=radius, paint_over=over)
    nudged.stroke(*points)
    editor.change_settings(paint_over=None)
    inside = pushed(ids, points, radius)
    wanted = np.where(inside, 1, np.where(ids == 1, 0, ids))
    free = np.ones(ids.shape, bool) if over is None else ids == over
    if locked:
        free &= ids != 2
    assert np.array_equal(painted(nudged), np.where(free, wanted, ids))


def test_pushing_out_and_in(nudged):
    editor = nudged.session.editor
    editor.change_settings(radius=10)
    put(nudged, disk())
    with one_step(nudged, "Move border"):
        nudged.stroke((58, 32), (62, 32), (68, 32))
    assert np.count_nonzero(painted(nudged)) > np.count_nonzero(disk())
    assert painted(nudged)[32, 66] == 1
    put(nudged, disk())
    with one_step(nudged, "Move border"):
        nudged.stroke((70, 32), (62, 32), (55, 32))
    assert np.count_nonzero(painted(nudged)) < np.count_nonzero(disk())
    assert painted(nudged)[32, 59] == 0
    assert np.array_equal(painted(nudged), reloaded(nudged))


def test_what_is_covered_and_left_again_is_as_it_was(nudged):
    editor = nudged.session.editor
    ids = disk()
    ids[:, 70:] = 2
    ids[:8] = UNSET
    put(nudged, ids)
    before = painted(nudged)
    editor.change_settings(radius=20, paint_over=None)
    out = [(58.0 + step, 32.0) for step in range(0, 20, 2)]
    nudged.stroke(*out)
    assert (painted(nudged)[before == 2] == 1).any()
    editor.undo()
    nudged.stroke(*out, *reversed(out))
    assert np.count_nonzero(painted(nudged) != before) < 12


def test_escape_a_locked_segment_and_a_click_leave_no_trace(nudged):
    editor = nudged.session.editor
    put(nudged, disk())
    with no_step(nudged):
        editor.press(PointerEvent(58, 32))
        editor.move(PointerEvent(70, 32))
        editor.abandon()
        editor.release(PointerEvent(70, 32))
    with no_step(nudged):
        nudged.stroke((58, 32))
    lock(nudged, 1)
    with no_step(nudged):
        nudged.stroke((58, 32), (70, 32))
    assert not editor.erases()
    assert not editor.erases(inverting=True)


def test_a_gesture_that_is_cut_off_counts(nudged):
    editor, session = nudged.session.editor, nudged.session
    put(nudged, disk())
    with one_step(nudged, "Move border"):
        editor.press(PointerEvent(58, 32))
        editor.move(PointerEvent(70, 32))
        editor.set_tool("brush")
    first = session.current_id
    nudged.show(session.records[1].id)
    nudged.show(first)
    assert np.count_nonzero(painted(nudged)) > np.count_nonzero(disk())
