"""Two views of one image, and the ways to move about in it: wheel, touchpad, pinch, pen."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QInputDevice, QMouseEvent, QNativeGestureEvent, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from segstudio.domain.geometry import Rect
from segstudio.ui.canvas.gestures import Wheel
from segstudio.ui.canvas.view import MAX_SCALE, MIN_SCALE
from tests.ui.golden import assert_golden, grabbed
from tests.ui.test_seeing import BOX, STROKE, color, say, turn

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True)
CTRL, SHIFT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.NoModifier,
)
NO_PHASE, UPDATE = Qt.ScrollPhase.NoScrollPhase, Qt.ScrollPhase.ScrollUpdate


def device(kind):
    return QPointingDevice(
        "made up", 77, kind, QPointingDevice.PointerType.Finger, QInputDevice.Capability.PixelScroll, 5, 3
    )


def wheel(pixels=(0, 0), angle=(0, 0), modifiers=NONE, phase=NO_PHASE, source=None, at=(300, 200)):
    given = () if source is None else (source,)
    return QWheelEvent(
        QPointF(*at), QPointF(*at), QPoint(*pixels), QPoint(*angle), Qt.MouseButton.NoButton, modifiers, phase, False,
        Qt.MouseEventSource.MouseEventNotSynthesized, *given,
    )  # fmt: skip


# ---- wheel, touchpad, pinch -----------------------------------------------------------------------------------------


def test_a_wheel_zooms_at_the_pointer(rig):
    rig.new_project()
    place = QPointF(300, 200)
    before, scale = rig.canvas.to_image(place), rig.canvas.view.scale
    QApplication.sendEvent(rig.canvas, wheel(angle=(0, 120)))
    assert rig.canvas.view.scale == pytest.approx(1.25 * scale)
    assert rig.canvas.to_image(place) == pytest.approx(before, abs=0.2)


def test_a_wheel_that_tells_of_pixels_still_zooms(rig):
    rig.new_project()
    scale = rig.canvas.view.scale
    QApplication.sendEvent(rig.canvas, wheel(pixels=(0, 15), angle=(0, 120)))
    assert rig.canvas.view.scale == pytest.approx(1.25 * scale)


def test_two_fingers_on_a_touchpad_pan_in_two_dimensions(rig):
    rig.new_project()
    rig.canvas.zoom_to(20.0)
    before = rig.canvas.view
    QApplication.sendEvent(rig.canvas, wheel(pixels=(-30, 12), angle=(-60, 24), phase=UPDATE))
    assert rig.canvas.view.scale == before.scale
    assert (rig.canvas.view.x - before.x, rig.canvas.view.y - before.y) == (-30, 12)


def test_a_touchpad_without_pixels_pans_too(rig):
    rig.new_project()
    rig.canvas.zoom_to(20.0)
    before = rig.canvas.view
    pad = device(QInputDevice.DeviceType.TouchPad)
    QApplication.sendEvent(rig.canvas, wheel(angle=(20, -40), source=pad))
    assert rig.canvas.view.scale == before.scale
    assert (rig.canvas.view.x - before.x, rig.canvas.view.y - before.y) == (10, -20)


def test_ctrl_and_two_fingers_zoom_and_leave_the_brush_alone(rig):
    rig.new_project()
    radius, scale = rig.editor.settings.radius, rig.canvas.view.scale
    QApplication.sendEvent(rig.canvas, wheel(pixels=(0, 20), angle=(0, 40), modifiers=CTRL, phase=UPDATE))
    assert rig.canvas.view.scale > scale
    assert rig.editor.settings.radius == radius


def test_ctrl_and_the_wheel_size_the_brush_and_leave_the_zoom_alone(rig):
    rig.new_project()
    radius, scale = rig.editor.settings.radius, rig.canvas.view.scale
    QApplication.sendEvent(rig.canvas, wheel(angle=(0, 120), modifiers=CTRL))
    assert rig.editor.settings.radius == pytest.approx(1.12 * radius)
    assert rig.canvas.view.scale == scale


def test_a_pinch_that_windows_makes_a_wheel_of_zooms():
    pinch, notch = wheel(angle=(0, 37), modifiers=CTRL), wheel(angle=(0, -120), modifiers=CTRL)
    assert Wheel.of(pinch, "win32").kind == "zoom"
    assert Wheel.of(pinch, "linux").kind == "ctrl"
    assert Wheel.of(notch, "win32").kind == "ctrl"
    assert Wheel.of(wheel(angle=(0, 240), modifiers=SHIFT)).dx == 128


def pinch_event(kind, value, at=(300, 200)):
    pad = device(QInputDevice.DeviceType.TouchPad)
    place = QPointF(*at)
    return QNativeGestureEvent(kind, pad, 2, place, place, place, value, QPointF())


def test_a_pinch_zooms_at_the_fingers(rig):
    rig.new_project()
    place = QPointF(300, 200)
    before, scale = rig.canvas.to_image(place), rig.canvas.view.scale
    for _ in range(4):
        QApplication.sendEvent(rig.canvas, pinch_event(Qt.NativeGestureType.ZoomNativeGesture, 0.1))
    assert rig.canvas.view.scale == pytest.approx(scale * 1.1**4)
    assert rig.canvas.to_image(place) == pytest.approx(before, abs=0.2)
    QApplication.sendEvent(rig.canvas, pinch_event(Qt.NativeGestureType.ZoomNativeGesture, -5.0))
    assert rig.canvas.view.scale > 0


def test_the_zoom_ends_at_2_and_at_3200_percent(rig):
    rig.new_project()
    for angle, end in ((1200, MAX_SCALE), (-1200, MIN_SCALE)):
        for _ in range(6):
            QApplication.sendEvent(rig.canvas, wheel(angle=(0, angle)))
        assert rig.canvas.view.scale == end
    assert (MIN_SCALE, MAX_SCALE) == (0.02, 32.0)


# ---- the pen --------------------------------------------------------------------------------------------------------


def pen(rig, kind, point, pressure, tip=QPointingDevice.PointerType.Pen, button=Qt.MouseButton.LeftButton, when=0):
    stylus = QPointingDevice("pen", 78, QInputDevice.DeviceType.Stylus, tip, QInputDevice.Capability.Pressure, 1, 2)
    place = QPointF(rig.at(*point))
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.TabletRelease else button
    pressed = Qt.MouseButton.NoButton if kind == QEvent.Type.TabletMove else button
    event = QTabletEvent(
        kind, stylus, place, QPointF(rig.canvas.mapToGlobal(place)), pressure, 0, 0, 0, 0, 0, NONE, pressed, held
    )
    event.setTimestamp(when)
    QApplication.sendEvent(rig.canvas, event)


def pen_stroke(rig, y, pressure, tip=QPointingDevice.PointerType.Pen):
    pen(rig, QEvent.Type.TabletPress, (20, y), pressure, tip)
    for x in range(24, 80, 4):
        pen(rig, QEvent.Type.TabletMove, (x, y), pressure, tip)
    pen(rig, QEvent.Type.TabletRelease, (80, y), pressure, tip)


def test_the_pressure_of_a_pen_drives_the_size(rig):
    rig.new_project()
    rig.editor.change_settings(radius=6.0, pressure=True)
    pen_stroke(rig, 14, 1.0)
    pen_stroke(rig, 44, 0.3)
    mask = rig.mask()
    hard, soft = int((mask[:30, 50] == 1).sum()), int((mask[30:, 50] == 1).sum())
    assert hard > soft > 0
    assert rig.editor.undo_name == "Paint"


def test_the_other_end_of_a_pen_erases(rig):
    rig.new_project()
    rig.editor.change_settings(radius=6.0)
    pen_stroke(rig, 30, 1.0)
    assert rig.mask()[30, 50] == 1
    pen_stroke(rig, 30, 1.0, QPointingDevice.PointerType.Eraser)
    assert rig.mask()[30, 50] == 0
    assert rig.editor.undo_name == "Erase"


def tap(rig, point, when):
    pen(rig, QEvent.Type.TabletPress, point, 0.5, when=when)
    pen(rig, QEvent.Type.TabletRelease, point, 0.0, when=when + 60)


@pytest.mark.parametrize("name", ["polygon", "smart_edge"])
def test_two_quick_taps_of_a_pen_are_a_double_click(rig, name):
    rig.new_project()
    rig.editor.set_tool(name)
    for place, point in enumerate([(20, 10), (70, 10), (70, 50), (20, 50)]):
        tap(rig, point, 1000 * place)
    tap(rig, (20, 50), 4000)
    assert rig.editor.busy, "too slow for two of one"
    tap(rig, (21, 50), 4200)
    rig.wait(lambda: not rig.editor.busy)
    assert rig.mask()[30, 45] == 1
    assert rig.editor.undo_name == f"Fill {name.replace('_', ' ')}"


def test_quick_taps_of_a_pen_in_other_places_are_corners(rig):
    rig.new_project()
    rig.editor.set_tool("polygon")
    for place, point in enumerate([(20, 10), (70, 10), (70, 50), (20, 50)]):
        tap(rig, point, 100 * place)
    assert len(rig.editor.preview.handles) == 4


# ---- side by side ---------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(rig):
    rig.new_project()
    say(rig)
    rig.editor.change_settings(radius=4)
    rig.drag([(80, 20), (80, 40)])
    rig.key(Qt.Key.Key_Y)
    turn(rig)
    rig.wait(lambda: rig.window.stage.compare.renderer is not None)
    rig.qtbot.mouseMove(rig.canvas, QPoint(2, 2))
    turn(rig)
    return rig


def test_what_chooses_the_reading_stays_within_a_narrow_view(rig):
    rig.new_project()
    rig.window.resize(rig.window.minimumSize())
    rig.window.actions_table.by_id["compare"].trigger()
    view = rig.window.stage.compare
    rig.wait(view.isVisible)
    assert view.reading.geometry().right() < view.width()
    view.resize(400, 300)
    assert view.reading.width() == view.reading.sizeHint().width()
    view.resize(160, 300)
    assert view.reading.geometry().right() < 160


def choose(rig, reading):
    rig.window.seeing.set(reading=reading)
    turn(rig)


def test_the_second_view_shows_what_is_chosen(pair):
    rig, view = pair, pair.window.stage.compare
    choose(rig, "image")
    bare = {place: color(rig, *place, view) for place in (BOX, STROKE)}

    def painted():
        return {place: color(rig, *place, view) != bare[place] for place in (BOX, STROKE)}

    choose(rig, "model")
    assert painted() == {BOX: True, STROKE: False}
    choose(rig, "difference")
    assert painted() == {BOX: False, STROKE: True}
    assert len(view.legend.lines) == 3
    choose(rig, "truth")
    assert painted() == {BOX: False, STROKE: False}
    assert "no mask to compare with" in view.legend.lines[0][1]


def test_a_mask_to_compare_with_is_shown(pair):
    rig, view = pair, pair.window.stage.compare
    document = rig.session.document
    truth = np.zeros((document.height, document.width), np.uint16)
    truth[STROKE[1] - 3 : STROKE[1] + 3, STROKE[0] - 3 : STROKE[0] + 3] = 1
    rig.session.truth._seen = truth
    choose(rig, "truth")
    with_truth = color(rig, *STROKE, view)
    choose(rig, "image")
    assert color(rig, *STROKE, view) != with_truth
    choose(rig, "truth")
    assert color(rig, *STROKE, view) == with_truth
    assert view.legend.lines == ()


def test_both_views_show_the_same_place_whichever_is_moved(pair):
    rig, view = pair, pair.window.stage.compare
    assert view.view.scale == rig.canvas.view.scale
    QApplication.sendEvent(rig.canvas, wheel(angle=(0, 360), at=(60, 120)))
    assert view.middle == pytest.approx(rig.canvas.middle, abs=0.5)
    assert view.view.scale == rig.canvas.view.scale
    before = rig.canvas.middle
    rig.qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    rig.qtbot.mouseMove(view, QPoint(60, 130))
    rig.qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(60, 130))
    assert rig.canvas.middle != before
    assert view.middle == pytest.approx(rig.canvas.middle, abs=0.5)
    QApplication.sendEvent(view, wheel(angle=(0, -240), at=(50, 50)))
    assert view.view.scale == rig.canvas.view.scale


def test_a_cross_marks_the_pointers_place_in_the_other_view(pair):
    rig, view = pair, pair.window.stage.compare
    choose(rig, "image")
    rig.qtbot.mouseMove(rig.canvas, rig.at(50, 30))
    turn(rig)
    there = view.to_widget(50.5, 30.5).toPoint()
    around = QRect(there - QPoint(12, 12), there + QPoint(12, 12))
    marked = grabbed(view, around)
    rig.qtbot.mouseMove(rig.canvas, rig.at(20, 10))
    turn(rig)
    assert (grabbed(view, around) != marked).any()
    rig.qtbot.mouseMove(view, there)
    turn(rig)
    assert rig.canvas._cross == pytest.approx((50.5, 30.5), abs=0.5)


def test_a_stroke_repaints_the_second_view_only_where_it_was(pair):
    rig, view = pair, pair.window.stage.compare
    choose(rig, "difference")
    QApplication.processEvents()
    painted = []
    original = view.renderer.paint
    view.renderer.paint = lambda painter, seen, exposed, *rest, **more: (
        painted.append(exposed) or original(painter, seen, exposed, *rest, **more)
    )
    rig.editor.change_settings(radius=2)
    rig.qtbot.mouseMove(rig.canvas, rig.at(20, 55))
    turn(rig)
    painted.clear()
    rig.drag([(20, 55), (22, 55)])
    turn(rig)
    assert painted
    whole = Rect(0, 0, view.width(), view.height())
    assert max(rect.width for rect in painted) < whole.width / 2
    assert max(rect.height for rect in painted) < whole.height / 3


def test_side_by_side_stays_with_another_image_and_goes_away(pair):
    rig, view = pair, pair.window.stage.compare
    rig.open(1)
    assert view.document is rig.session.document
    assert view.renderer.levels is rig.canvas.renderer.levels
    rig.key(Qt.Key.Key_Y)
    assert not view.isVisible()
    assert view.renderer is None
    rig.drag([(20, 20), (40, 20)])
    assert rig.mask()[20, 30] == 1


def test_words_too_long_for_a_narrow_view_go_on_below(rig):
    rig.new_project()
    rig.window.actions_table.by_id["compare"].trigger()
    view = rig.window.stage.compare
    rig.wait(view.isVisible)
    choose(rig, "difference")
    view.resize(800, 300)
    wide = view.legend.geometry()
    view.resize(200, 300)
    narrow = view.legend.geometry()
    assert narrow.right() < 200
    assert narrow.height() > wide.height()
    assert narrow.bottom() == wide.bottom()
    assert_golden("narrow_legend", grabbed(view.legend, view.legend.rect()))


def test_a_button_that_came_up_elsewhere_lets_go_of_the_image(pair):
    view = pair.window.stage.compare
    at, button = QPointF(100, 100), Qt.MouseButton.LeftButton
    pair.qtbot.mousePress(view, button, pos=at.toPoint())
    before, held = view.view, view.cursor().shape()
    move = QMouseEvent(QEvent.Type.MouseMove, at + QPointF(30, 0), at, Qt.MouseButton.NoButton, button, NONE)
    QApplication.sendEvent(view, move)
    moved = view.view
    assert moved.x != before.x
    move = QMouseEvent(QEvent.Type.MouseMove, at, at, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, NONE)
    QApplication.sendEvent(view, move)
    assert view.view == moved
    assert view.cursor().shape() != held


def test_nothing_is_painted_in_the_second_view(pair):
    rig, view = pair, pair.window.stage.compare
    before = rig.mask()
    rig.qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    rig.qtbot.mouseMove(view, QPoint(120, 100))
    rig.qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(120, 100))
    assert (rig.mask() == before).all()


def test_how_side_by_side_looks(pair):
    choose(pair, "difference")
    pair.qtbot.mouseMove(pair.canvas, pair.at(50, 30))
    turn(pair)
    view = pair.window.stage.compare
    middle = view.to_widget(50.5, 30.5).toPoint()
    assert_golden("side_by_side", grabbed(view, QRect(middle - QPoint(20, 50), QSize(140, 90))))


def test_what_fits_still_fits_when_the_window_gets_another_size_beside_a_second_view(rig):
    rig.new_project()
    alone = rig.canvas.view.scale
    rig.window.seeing.set(compare=True)
    rig.wait(lambda: rig.canvas.view.scale < alone)
    beside = rig.canvas.view.scale
    rig.window.resize(1100, 700)
    rig.wait(lambda: rig.canvas.view.scale < beside)
    rig.window.resize(1280, 720)
    rig.wait(lambda: rig.canvas.view.scale == pytest.approx(beside))
    assert rig.canvas.fits
    assert rig.window.stage.compare.view.scale == pytest.approx(beside)
    rig.window.seeing.set(compare=False)
    rig.wait(lambda: rig.canvas.view.scale == pytest.approx(alone))
