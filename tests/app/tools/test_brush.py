"""Brush, eraser and model brush, through the session as the window drives it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segstudio.app.tools import PointerEvent
from segstudio.app.tools.brush import LIGHTEST, pressed
from segstudio.app.tools.settings import LIMITS, ToolSettings
from segstudio.domain.brush import stroke_segment
from segstudio.domain.plane import UNSET
from tests.helpers.masks import blobs, lock, painted, put
from tests.helpers.studios import StudioRig


@pytest.fixture
def rig(tmp_path):
    made = StudioRig(tmp_path)
    made.new_project(2, classes=("lesion", "hair"))
    yield made
    made.studio.close()


def disk(start, end, radius, square=False):
    rect, covered = stroke_segment(start, end, radius, 64, 96, square=square)
    mask = np.zeros((64, 96), bool)
    mask[rect.slices] = covered
    return mask


def press(rig, x, y, **more):
    event = PointerEvent(x, y, **more)
    rig.session.editor.press(event)
    rig.session.editor.release(event)


def test_shift_goes_straight_from_the_last_point(rig):
    rig.session.editor.change_settings(radius=3)
    press(rig, 10, 10)
    press(rig, 60, 40, shift=True)
    assert (rig.mask() == 1).tolist() == (disk((10, 10), (60, 40), 3)).tolist()
    assert len(rig.session.document.history.done) == 2


def test_shift_on_another_image_does_not_reach_over_from_the_one_before(rig):
    rig.session.editor.change_settings(radius=3)
    press(rig, 10, 10)
    rig.show(rig.session.records[1].id)
    press(rig, 60, 40, shift=True)
    assert (rig.mask() == 1).tolist() == disk((60, 40), (60, 40), 3).tolist()


def test_a_square_brush_paints_squares(rig):
    rig.session.editor.change_settings(radius=5, square=True)
    press(rig, 30, 30)
    painted = np.zeros((64, 96), bool)
    painted[25:35, 25:35] = True
    assert (rig.mask() == 1).tolist() == painted.tolist()


def test_a_pen_paints_as_wide_as_it_is_pressed_and_lifting_it_paints_nothing(rig):
    editor = rig.session.editor
    editor.change_settings(radius=10)
    editor.press(PointerEvent(30, 30, pressure=0.5))
    editor.release(PointerEvent(60, 30, pressure=0.0))
    radius = 10 * (LIGHTEST + (1 - LIGHTEST) * 0.5)
    assert (rig.mask() == 1).tolist() == disk((30, 30), (30, 30), radius).tolist()


@given(st.floats(0, 1), st.floats(*LIMITS["radius"]))
def test_pressure_stays_between_the_lightest_touch_and_the_whole_brush(pressure, radius):
    event = PointerEvent(0, 0, pressure=pressure)
    assert LIGHTEST * radius <= pressed(ToolSettings(radius=radius), event) <= radius
    assert pressed(ToolSettings(radius=radius, pressure=False), event) == radius


@pytest.mark.parametrize(
    ("tool", "button", "value"), [("brush", "right", 0), ("eraser", "right", 1), ("eraser", "left", 0)]
)
def test_the_right_button_does_the_opposite(rig, tool, button, value):
    editor = rig.session.editor
    if value == 0:
        press(rig, 30, 30)
    editor.set_tool(tool)
    press(rig, 30, 30, button=button)
    assert rig.mask()[30, 30] == value
    assert rig.session.document.correction.to_array()[30, 30] == value


def test_the_model_brush_brings_the_models_mask_back(rig):
    session = rig.session
    (rig.folder / "1").mkdir()
    session.predictor.use(1, rig.folder / "1" / "weights")
    rig.settle()
    assert rig.mask()[5, 5] == 1
    session.editor.set_tool("eraser")
    press(rig, 5, 5)
    assert rig.mask()[5, 5] == 0
    session.editor.set_tool("restore")
    press(rig, 5, 5)
    assert rig.mask()[5, 5] == 1
    assert session.document.correction.to_array()[5, 5] == UNSET
    assert session.editor.undo_name == "Bring the model's mask back"


def test_only_what_may_be_painted_over_is(rig):
    editor = rig.session.editor
    editor.change_settings(radius=8)
    press(rig, 30, 30)
    editor.set_active_segment(2)
    editor.change_settings(paint_over=1)
    press(rig, 36, 30)
    first, second = disk((30, 30), (30, 30), 8), disk((36, 30), (36, 30), 8)
    assert (rig.mask() == 2).tolist() == (first & second).tolist()
    editor.change_settings(paint_over=0)
    press(rig, 36, 30)
    assert (rig.mask() == 2).tolist() == second.tolist()
    assert (rig.mask() == 1).tolist() == (first & ~second).tolist()


def test_settings_are_there_the_next_time_but_not_what_belongs_to_a_project(rig):
    rig.session.editor.change_settings(radius=33.5, square=True, paint_over=2, tolerance=21)
    settings = rig.reopen().editor.settings
    assert (settings.radius, settings.square, settings.paint_over, settings.tolerance) == (33.5, True, None, 21)


@pytest.mark.parametrize(
    "kept", [None, 3, [], {"radius": "wide"}, {"square": 1}, {"effect": "burn"}, {"radius": True}, {"unknown": 1}]
)
def test_what_was_kept_and_makes_no_sense_is_as_at_first(kept):
    assert ToolSettings.from_kept(kept) == ToolSettings()


def test_numbers_stay_within_their_limits():
    settings = ToolSettings().changed(radius=1e9, scale=-3, speck_area=2.6)
    assert (settings.radius, settings.scale, settings.speck_area) == (LIMITS["radius"][1], 0, 2)


places = st.tuples(st.floats(-10, 106, width=16), st.floats(-10, 74, width=16))


def slow_distance(points, square):
    """How near each pixel's centre comes to a way, each of many points of it asked for itself."""
    ys, xs = np.mgrid[:64, :96] + 0.5
    nearest = np.full((64, 96), np.inf)
    for (x0, y0), (x1, y1) in pairwise([points[0], *points]):
        for share in np.linspace(0, 1, 1000):
            dx, dy = np.abs(xs - x0 - share * (x1 - x0)), np.abs(ys - y0 - share * (y1 - y0))
            nearest = np.minimum(nearest, np.maximum(dx, dy) if square else np.hypot(dx, dy))
    return nearest


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tool=st.sampled_from(("brush", "eraser", "restore")),
    points=st.lists(places, min_size=2, max_size=4),
    radius=st.floats(1, 15),
    square=st.booleans(),
    right=st.booleans(),
    locked=st.booleans(),
    over=st.sampled_from((None, 0, 1)),
    seed=st.integers(0, 99),
)
def test_a_stroke_changes_what_its_way_comes_near_to(rig, tool, points, radius, square, right, locked, over, seed):
    before = blobs(seed)
    put(rig, before)
    lock(rig, *([2] if locked else []))
    editor = rig.session.editor
    editor.change_settings(radius=radius, square=square, paint_over=over)
    editor.set_tool(tool)
    rig.stroke(*points, button="right" if right else "left")
    allowed = ~((before == 2) & locked) & ((before == over) if over is not None else True)
    effect = {"brush": 0 if right else 1, "eraser": 1 if right else 0, "restore": UNSET}[tool]
    effect = 1 if tool == "restore" and right else effect
    changed = painted(rig) != before
    distance = slow_distance(points, square)
    # What lies on the rim by less than the steps of the slow way may fall on either side.
    assert not (changed & ~((distance <= radius + 0.1) & allowed)).any()
    assert (painted(rig)[(distance <= radius - 0.1) & allowed] == effect).all()
    editor.change_settings(paint_over=None)
    editor.set_tool("brush")
