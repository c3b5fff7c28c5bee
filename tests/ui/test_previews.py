"""What each tool shows of what it would do, with the pointer where it is, as pictures."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication

from segstudio.app.changes import Changes
from segstudio.app.new_project import NewProject
from segstudio.app.tools import bucket
from segstudio.domain.patch import Patch
from segstudio.domain.plane import UNSET, Plane
from segstudio.formats.dataset import FoundImage
from tests.helpers.videos import SIZE, disk, write_frames
from tests.ui.golden import assert_golden, grabbed

Key, LEFT, RIGHT = Qt.Key, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def near(rig):
    """Zoom to 400 % and hold still."""
    rig.window.seeing.set(navigator=False)
    rig.canvas.zoom_fit()
    rig.canvas.zoom_to(4.0)


@pytest.fixture
def shown(rig):
    """An image whose mask is a square with a hole, a piece beside it and a second segment."""
    rig.new_project(classes=("one", "two"))
    near(rig)
    ids = np.zeros((64, 96), np.uint16)
    ids[12:44, 30:66], ids[22:30, 40:50], ids[50:56, 74:80], ids[12:30, 66:76] = 1, 0, 1, 2
    put(rig, ids)
    return rig


def put(rig, ids):
    rig.editor.apply("Put", Patch(rig.editor.document.bounds, np.ones(ids.shape, bool), ids.astype(np.uint16)))


def say(rig, *box):
    """Let the model have said that a box is the first segment."""
    document = rig.editor.document
    said = np.zeros((document.height, document.width), np.uint16)
    said[box[1] : box[3], box[0] : box[2]] = 1
    document.set_prediction(Plane.from_array(said, 0), 1)
    rig.window._on_changes(Changes(pixels=document.bounds, history=True))


def picture(rig, at=None, size=(96, 64)):
    """The whole image, with the pointer at a place in it."""
    rig.wait(lambda: not rig.editor.computing)
    rig.canvas.follow_pointer(None if at is None else rig.at(*at).toPointF())
    QApplication.processEvents()
    corner, end = rig.canvas.to_widget(0, 0).toPoint(), rig.canvas.to_widget(*size).toPoint()
    return grabbed(rig.canvas, QRect(corner, end - QPoint(1, 1)))


def bright_middle(rig):
    ys, xs = np.nonzero(rig.editor.document.pixels.mean(axis=2) > 110)
    return int(xs.mean()), int(ys.mean())


def clicks(rig, points, button=LEFT):
    for point in points:
        rig.qtbot.mouseMove(rig.canvas, rig.at(*point))
        rig.drag([point], button)


@pytest.mark.parametrize(("button", "name"), [(LEFT, "wand_paints"), (RIGHT, "wand_erases")])
def test_the_wand_says_its_tolerance_at_the_pointer(shown, button, name):
    shown.key(Key.Key_W)
    x, y = bright_middle(shown)
    shown.drag([(x, y), (x + 3, y), (x + 9, y - 2)], button, release=False)
    assert_golden(name, picture(shown, (x + 9, y - 2)))


@pytest.mark.parametrize("key", [Key.Key_R, Key.Key_O])
def test_a_box_says_its_size_while_it_is_dragged(shown, key):
    shown.key(key)
    shown.drag([(20, 6), (40, 30), (60, 40)], release=False)
    assert_golden(f"{shown.editor.tool_name}_sized", picture(shown, (60, 40)))


def test_a_polygon_that_erases_and_an_ellipse_that_restores(shown):
    say(shown, 4, 4, 40, 50)
    shown.key(Key.Key_P)
    corners = [(24, 8), (58, 16), (50, 52), (30, 40)]
    clicks(shown, [*corners, corners[0]], RIGHT)
    assert_golden("polygon_erases", picture(shown, corners[2]))
    shown.key(Key.Key_Escape)
    shown.editor.change_settings(effect="restore")
    shown.key(Key.Key_O)
    shown.drag([(20, 14), (30, 30), (58, 40)])
    assert_golden("ellipse_restores", picture(shown, (58, 27)))


def test_the_lasso_erases(shown):
    shown.key(Key.Key_L)
    turn = np.linspace(0, 6, 30)
    path = [(50 + 22 * np.cos(t), 30 + 16 * np.sin(t)) for t in turn]
    shown.drag(path, RIGHT, release=False)
    assert_golden("lasso_erases", picture(shown, path[-1]))


def test_what_is_locked_is_left_out_of_what_is_shown(shown):
    shown.session.change_segment(2, locked=True)
    shown.key(Key.Key_R)
    shown.drag([(50, 6), (60, 30), (88, 40)])
    assert_golden("rectangle_spares_locked", picture(shown, (88, 40)))


def test_a_box_and_scribbles_in_it(shown):
    put(shown, np.zeros((64, 96)))
    shown.key(Key.Key_G)
    x, y = bright_middle(shown)
    shown.drag([(x - 22, y - 20), (x, y), (x + 22, y + 20)], release=False)
    assert_golden("grabcut_box", picture(shown, (x + 22, y + 20)))
    shown.qtbot.mouseRelease(shown.canvas, LEFT, pos=shown.at(x + 22, y + 20))
    shown.wait(lambda: not shown.editor.computing)
    shown.drag([(x - 8, y + 4), (x + 2, y + 8)])
    shown.wait(lambda: not shown.editor.computing)
    shown.drag([(x - 8, y - 8), (x + 8, y - 8)], RIGHT, release=False)
    assert_golden("grabcut_scribbled", picture(shown, (x + 8, y - 8)))


def test_the_smart_edge_on_its_first_anchor_and_before_it_knows_the_way(shown, monkeypatch):
    put(shown, np.zeros((64, 96)))
    ys, xs = np.nonzero(shown.editor.document.pixels.mean(axis=2) > 110)
    x, y = int(xs.mean()), int(ys.mean())
    shown.key(Key.Key_S)
    clicks(shown, [(x, ys.min()), (xs.max(), y), (x, ys.max()), (xs.min(), y)])
    shown.wait(lambda: not shown.editor.computing)
    shown.qtbot.mouseMove(shown.canvas, shown.at(x, ys.min()))
    assert_golden("smart_edge_closing", picture(shown, (x, ys.min())))
    shown.key(Key.Key_Escape)
    monkeypatch.setattr(shown.editor._answers, "compute", lambda *_: None)
    clicks(shown, [(x, ys.min()), (xs.max(), y)])
    shown.qtbot.mouseMove(shown.canvas, shown.at(x, ys.max()))
    assert_golden("smart_edge_waiting", picture(shown, (x, ys.max())))


def test_superpixels_coarse_taken_and_not_there_yet(shown, monkeypatch):
    shown.editor.change_settings(scale=2)
    shown.key(Key.Key_X)
    assert_golden("superpixels_coarse", picture(shown, (40, 30)))
    shown.drag([(20, 50)])
    assert_golden("superpixels_added", picture(shown, (20, 50)))
    monkeypatch.setattr(shown.editor._answers, "compute", lambda *_: None)
    shown.editor.change_settings(scale=1)
    assert shown.editor.preview.caption
    assert_golden("superpixels_awaited", picture(shown, (40, 30)))


def test_the_bucket_says_that_it_is_at_work(shown, monkeypatch):
    found, go_on = bucket.region_at, threading.Event()

    def slow(document, column, row, reach=None):
        return None if reach else go_on.wait(10) and found(document, column, row)

    monkeypatch.setattr(bucket, "region_at", slow)
    shown.key(Key.Key_K)
    shown.drag([(10, 10)])
    shown.canvas.follow_pointer(shown.at(10, 10).toPointF())
    shown.wait(lambda: shown.canvas._drawn is not None and bool(shown.canvas._drawn.caption))
    corner, end = shown.canvas.to_widget(0, 0).toPoint(), shown.canvas.to_widget(96, 64).toPoint()
    waiting = grabbed(shown.canvas, QRect(corner, end - QPoint(1, 1)))
    go_on.set()
    shown.wait(lambda: not shown.editor.busy)
    assert shown.mask()[10, 10] == 1
    assert_golden("bucket_working", waiting)


@pytest.mark.parametrize("operation", ["fill_holes", "keep_largest", "grow", "shrink", "smooth"])
def test_cleaning_up_is_shown_before_it_is_done(shown, operation):
    before = shown.mask().copy()
    shown.editor.change_settings(reach=5.0)
    shown.window.actions_table.by_id[operation].trigger()
    shown.wait(lambda: shown.editor.proposing and not shown.editor.computing)
    assert_golden(f"clean_up_{operation}", picture(shown))
    assert (shown.mask() == before).all()


def test_what_is_pasted_and_dragged_half_out_of_the_image(shown):
    shown.key(Key.Key_C, CTRL | SHIFT)
    shown.key(Key.Key_N)
    shown.settle()
    near(shown)
    shown.key(Key.Key_V, CTRL)
    shown.wait(lambda: shown.canvas.cursor().shape() == Qt.CursorShape.SizeAllCursor)
    assert_golden("paste", picture(shown))
    shown.drag([(50, 30), (60, 20), (82, 10)], release=False)
    assert_golden("paste_dragged", picture(shown, (82, 10)))


@pytest.mark.parametrize(("modifier", "name"), [(SHIFT, "flip_across"), (CTRL | SHIFT, "flip_down")])
def test_a_flip_shows_what_it_would_leave(shown, modifier, name):
    shown.key(Key.Key_F, modifier)
    shown.wait(lambda: shown.editor.proposing)
    assert_golden(name, picture(shown))


def test_the_models_border_moves_by_keys_and_a_stroke_takes_it(shown):
    document = shown.editor.document
    rows, columns = np.mgrid[:64, :96]
    logit = (18 - np.hypot(columns - 46, 1.4 * (rows - 30))) / 5
    probability = 1 / (1 + np.exp(-logit))
    sure = np.rint(255 * np.maximum(probability, 1 - probability)).astype(np.uint8)
    put(shown, np.full((64, 96), UNSET))
    document.set_prediction(Plane.from_array((probability >= 0.5).astype(np.uint16), 0), 1, sure)
    shown.window._on_changes(Changes(pixels=document.bounds, history=True))
    shown.key(Key.Key_Period)
    shown.key(Key.Key_Period)
    assert_golden("border_out", picture(shown))
    for _ in range(4):
        shown.key(Key.Key_Comma)
    assert_golden("border_in", picture(shown))
    steps = len(document.history.done)
    shown.drag([(80, 50), (84, 50)])
    assert [edit.name for edit in document.history.done[steps:]] == ["Model's border further in", "Paint"]
    shown.key(Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    shown.key(Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(document.history.done) == steps


def test_what_is_carried_over_keeps_the_pointer_of_the_tool_in_hand(rig):
    found = tuple(FoundImage(path, None) for path in write_frames(rig.folder / "frames", 3))
    rig.studio.new_project(NewProject(rig.folder / "video.segstudio", found, ("person",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    put(rig, disk(1))
    rig.key(Key.Key_A)
    rig.settle()
    rig.wait(lambda: rig.session.carrying.shown)
    rig.window.seeing.set(navigator=False)
    rig.canvas.zoom_fit()
    rig.canvas.zoom_to(2.0)
    assert_golden("carry", picture(rig, (30, 40), SIZE))
    assert rig.canvas.cursor().shape() == Qt.CursorShape.BlankCursor


def test_the_hand_shows_nothing_but_itself(shown):
    without = picture(shown)
    shown.key(Key.Key_H)
    hand = Qt.CursorShape.OpenHandCursor
    shown.wait(lambda: shown.canvas.cursor().shape() == hand)
    assert (picture(shown, (40, 30)) == without).all()
    shown.qtbot.mousePress(shown.canvas, LEFT, pos=shown.at(40, 30))
    assert shown.canvas.cursor().shape() == Qt.CursorShape.ClosedHandCursor
    x, start = shown.canvas.view.x, shown.at(40, 30)
    shown.qtbot.mouseMove(shown.canvas, start + QPoint(25, 10))
    shown.qtbot.mouseRelease(shown.canvas, LEFT, pos=start + QPoint(25, 10))
    assert shown.canvas.view.x == pytest.approx(x + 25)
    assert shown.canvas.cursor().shape() == hand
    assert len(shown.editor.document.history.done) == 1


@pytest.mark.parametrize(("x", "name"), [(64, "border_point_out"), (38, "border_point_in")])
def test_a_border_point_outlines_then_shows_then_takes(rig, x, name):
    rig.new_project()
    near(rig)
    document = rig.editor.document
    rows, columns = np.mgrid[:64, :96]
    # An ellipse, of which the model is the less sure the nearer to its border.
    logit = 4 - np.hypot((columns - 48) / 12, (rows - 32) / 18) * 4
    probability = 1 / (1 + np.exp(-logit))
    sure = np.rint(255 * np.maximum(probability, 1 - probability)).astype(np.uint8)
    document.set_prediction(Plane.from_array((probability >= 0.5).astype(np.uint16), 0), 1, sure)
    rig.window._on_changes(Changes(pixels=document.bounds, history=True))
    rig.editor.set_tool("border_point")
    rig.editor.change_settings(span=24)
    rig.qtbot.mouseMove(rig.canvas, rig.at(x, 32))
    assert_golden(f"{name}_hovered", picture(rig, (x, 32)))
    QApplication.sendEvent(rig.canvas, QEvent(QEvent.Type.Leave))
    assert not rig.editor.preview.lines, "the outline goes with the pointer"
    before = rig.mask()
    rig.drag([(x, 32)], release=False)
    assert_golden(f"{name}_pressed", picture(rig, (x, 32)))
    assert np.array_equal(rig.mask(), before)
    rig.qtbot.mouseRelease(rig.canvas, LEFT, pos=rig.at(x, 32))
    assert rig.mask()[32, x] == (x > 48)
    assert not np.array_equal(rig.mask(), before)
    rig.key(Key.Key_Z, CTRL)
    assert np.array_equal(rig.mask(), before)
