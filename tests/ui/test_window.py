"""The main window with a mouse and a keyboard."""

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QScrollArea,
    QSlider,
    QSpinBox,
)

from segstudio.app import loader
from segstudio.app.changes import Changes, Message
from segstudio.app.saver import Saver
from segstudio.domain.annotation import ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.plane import UNSET
from segstudio.store.project_db import Project
from segstudio.ui import approving
from segstudio.ui.action import Action
from segstudio.ui.action_table import ACTIONS
from segstudio.ui.actions import key_text
from segstudio.ui.canvas.holds import HOLDS
from segstudio.ui.dialogs.export import ExportDialog
from segstudio.ui.dialogs.new_project import NewProjectDialog
from segstudio.ui.dialogs.shortcuts import ARROWS, POINTER, ShortcutSheet
from segstudio.ui.keys import native
from tests.helpers.studios import write_images
from tests.ui.golden import grabbed

Key = Qt.Key
# The platform without a screen says so of every dialog; it is true and no trouble.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True)

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def test_without_a_project_there_is_a_welcome_page(rig):
    assert rig.window.pages.currentWidget() is rig.window.welcome
    assert not rig.window.actions_table.by_id["approve"].isEnabled()


def test_a_project_comes_to_the_canvas(rig):
    rig.new_project()
    assert rig.window.pages.currentWidget() is rig.window.splitter
    assert rig.canvas.renderer.width == 96
    assert rig.window.images.model.rowCount() == 4
    assert rig.window.images.progress_text.text() == "0 of 4 approved"
    assert "image_00" in rig.window.header.name.text()
    assert rig.window.windowTitle().startswith("test")


def test_dragging_paints_and_is_one_step(rig):
    rig.new_project()
    rig.editor.change_settings(radius=3)
    rig.drag([(20, 20), (40, 20), (40, 40)])
    mask = rig.mask()
    assert mask[20, 20] == mask[20, 30] == mask[30, 40] == 1
    assert mask[30, 30] == 0
    assert rig.editor.undo_name == "Paint"
    rig.wait(rig.window.actions_table.by_id["undo"].isEnabled)
    assert rig.window.actions_table.by_id["undo"].text() == "Undo paint"
    rig.key(Key.Key_Z, CTRL)
    assert not rig.mask().any()
    rig.wait(rig.window.actions_table.by_id["redo"].isEnabled)
    rig.key(Key.Key_Z, CTRL | SHIFT)
    assert rig.mask()[20, 30] == 1


def test_a_stroke_whose_button_came_up_unheard_is_kept_and_goes_no_further(rig):
    rig.new_project()
    rig.editor.change_settings(radius=3)
    rig.drag([(20, 20), (40, 20)], release=False)
    away = QPointF(rig.at(40, 50))
    nothing = Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    at = rig.canvas.mapToGlobal(away)
    QApplication.sendEvent(rig.canvas, QMouseEvent(QMouseEvent.Type.MouseMove, away, at, *nothing))
    assert rig.editor.undo_name == "Paint"
    assert rig.mask()[20, 30] == 1
    assert not rig.mask()[30:].any()
    rig.drag([(60, 20), (60, 40)])
    assert rig.mask()[30, 60] == 1


def test_a_dialog_ends_a_stroke(rig):
    rig.new_project()
    rig.drag([(20, 20), (40, 20)], release=False)
    rig.key(Key.Key_E, CTRL)
    rig.wait(lambda: rig.window.findChild(ExportDialog) is not None)
    assert not rig.editor.in_gesture
    assert rig.editor.undo_name == "Paint"
    rig.window.findChild(ExportDialog).reject()


def test_every_move_of_a_fast_stroke_counts(rig):
    rig.new_project(size=(400, 300))
    rig.editor.change_settings(radius=1)
    points = [(50 + 2 * i, 150 + 60 * np.sin(i / 5)) for i in range(120)]
    rig.drag(points)
    mask = rig.mask()
    assert all(mask[int(y + 0.5), int(x + 0.5)] == 1 for x, y in points[::7])


def test_the_right_button_erases(rig):
    rig.new_project()
    rig.editor.change_settings(radius=4)
    rig.drag([(20, 20), (60, 20)])
    rig.drag([(40, 20), (41, 20)], Qt.MouseButton.RightButton)
    assert rig.mask()[20, 40] == 0
    assert rig.mask()[20, 22] == 1
    assert rig.editor.undo_name == "Erase"


def test_a_stroke_repaints_only_where_it_was(rig):
    rig.new_project(size=(600, 400))
    rig.wait(lambda: not rig.canvas._fade_timer.isActive())
    QApplication.processEvents()
    painted = []
    original = rig.canvas.renderer.paint
    rig.canvas.renderer.paint = lambda painter, view, exposed, *rest, **more: (
        painted.append(exposed) or original(painter, view, exposed, *rest, **more)
    )
    rig.editor.change_settings(radius=5)
    rig.qtbot.mouseMove(rig.canvas, rig.at(300, 200))
    rig.wait(lambda: bool(painted))
    painted.clear()
    rig.drag([(300, 200), (304, 200)])
    QApplication.processEvents()
    assert painted
    assert max(rect.width for rect in painted) < 200
    assert max(rect.height for rect in painted) < 200


def test_closing_mid_stroke_keeps_the_stroke(rig):
    rig.new_project()
    rig.editor.change_settings(radius=3)
    image_id = rig.session.current_id
    rig.drag([(20, 20), (50, 20)], release=False)
    folder = rig.session.folder
    rig.window.close()
    assert rig.studio.session is None
    rig.open_window()
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    assert rig.session.current_id == image_id
    assert rig.mask()[20, 35] == 1


def test_nobody_looks_on_while_the_window_closes(rig, monkeypatch):
    rig.new_project()
    seen = []
    drain = Saver.drain
    monkeypatch.setattr(Saver, "drain", lambda saver: seen.append(rig.window.isVisible()) or drain(saver))
    rig.window.close()
    assert seen == [False]
    assert rig.studio.session is None


def test_a_window_that_cannot_save_comes_back_and_says_so(rig, monkeypatch):
    rig.new_project()
    rig.drag([(20, 20), (50, 20)])
    monkeypatch.setattr(Saver, "drain", lambda saver: False)
    rig.window.close()
    assert rig.window.isVisible()
    assert "Close the window once more" in rig.window.canvas_banner.message.sentence
    rig.window.close()
    assert not rig.window.isVisible()
    monkeypatch.undo()
    assert rig.studio.close()


def test_escape_gives_the_stroke_up(rig):
    rig.new_project()
    rig.drag([(20, 20), (50, 20)], release=False)
    rig.key(Key.Key_Escape)
    assert not rig.mask().any()
    rig.qtbot.mouseRelease(rig.canvas, Qt.MouseButton.LeftButton, pos=rig.at(50, 20))
    assert not rig.mask().any()


def test_nothing_is_painted_while_an_image_loads(rig):
    rig.new_project()
    before = rig.session.document
    rig.session.open_image(rig.session.records[2].id)
    assert rig.canvas.document is before
    assert not rig.canvas.ready
    rig.drag([(20, 20), (50, 20)])
    rig.settle()
    assert rig.session.document is not before
    assert not rig.mask().any()
    assert (before.correction.to_array() == UNSET).all()


def test_the_image_before_stays_visible_while_the_next_one_loads(rig):
    rig.new_project()
    renderer = rig.canvas.renderer
    rig.session.open_image(rig.session.records[1].id)
    QApplication.processEvents()
    assert rig.canvas.renderer is renderer or rig.session.loading_id is None
    rig.settle()
    assert rig.canvas.renderer is not renderer


def test_keys_choose_tools_images_and_sizes(rig):
    rig.new_project()
    rig.key(Key.Key_E)
    assert rig.editor.tool_name == "eraser"
    rig.key(Key.Key_H)
    assert rig.editor.tool_name == "pan"
    rig.key(Key.Key_B)
    assert rig.editor.tool_name == "brush"
    radius = rig.editor.settings.radius
    rig.key(Key.Key_BracketRight)
    assert rig.editor.settings.radius > radius
    rig.key(Key.Key_BracketLeft)
    rig.key(Key.Key_BracketLeft)
    assert rig.editor.settings.radius < radius
    first = rig.session.current_id
    rig.key(Key.Key_N)
    rig.settle()
    assert rig.session.current_id != first
    rig.key(Key.Key_PageUp)
    rig.settle()
    assert rig.session.current_id == first
    rig.key(Key.Key_Right)
    rig.settle()
    assert rig.session.current_id != first


def test_shift_and_the_arrows_move_the_image(rig):
    rig.new_project()
    rig.canvas.show_middle(50, 30, 2 * rig.canvas.view.scale)
    first, (x, y) = rig.session.current_id, rig.canvas.middle
    rig.key(Key.Key_Right, SHIFT)
    rig.key(Key.Key_Down, SHIFT)
    assert rig.canvas.middle[0] > x
    assert rig.canvas.middle[1] > y
    rig.key(Key.Key_Left, SHIFT)
    rig.key(Key.Key_Up, SHIFT)
    assert rig.canvas.middle == pytest.approx((x, y))
    rig.canvas.zoom_fit()
    rig.key(Key.Key_Right, SHIFT)
    assert rig.canvas.fits
    assert rig.session.current_id == first


def test_digits_choose_segments(rig):
    rig.new_project(classes=("lesion", "hair"))
    rig.key(Key.Key_2)
    assert rig.editor.active_segment == 2
    rig.drag([(20, 20), (30, 20)])
    assert rig.mask()[20, 25] == 2
    rig.key(Key.Key_3)
    assert rig.editor.active_segment == 2


def test_approving_goes_on_to_the_next(rig):
    rig.new_project()
    first = rig.session.current_id
    rig.drag([(20, 20), (50, 20)])
    rig.key(Key.Key_A)
    rig.settle()
    assert rig.session.record(first).state is ImageState.APPROVED
    assert rig.session.current_id != first
    rig.wait(lambda: rig.window.images.progress_text.text() == "1 of 4 approved")
    rig.open(0)
    assert rig.window.header.approve.text() == "Take back"
    rig.qtbot.mouseClick(rig.window.header.approve, Qt.MouseButton.LeftButton)
    assert rig.session.record(first).state is ImageState.IN_PROGRESS


def test_zoom_keys_and_wheel(rig):
    rig.new_project()
    fitted = rig.canvas.zoom_percent
    rig.key(Key.Key_1, CTRL)
    assert rig.canvas.zoom_percent == 100
    rig.key(Key.Key_Plus)
    assert rig.canvas.zoom_percent == 150
    rig.key(Key.Key_F)
    assert rig.canvas.zoom_percent == pytest.approx(fitted)
    assert rig.window.status.zoom.text() == f"{fitted:.0f} %"


def test_space_and_the_middle_button_move_the_image(rig):
    rig.new_project()
    for button, space in ((Qt.MouseButton.LeftButton, True), (Qt.MouseButton.MiddleButton, False)):
        x = rig.canvas.view.x
        if space:
            rig.qtbot.keyPress(rig.canvas, Key.Key_Space)
        start = rig.at(40, 30)
        rig.qtbot.mousePress(rig.canvas, button, pos=start)
        rig.qtbot.mouseMove(rig.canvas, start + QPointF(30, 0).toPoint())
        rig.qtbot.mouseRelease(rig.canvas, button, pos=start + QPointF(30, 0).toPoint())
        if space:
            rig.let_go(Key.Key_Space)
        assert rig.canvas.view.x == pytest.approx(x + 30)
    assert not rig.mask().any()


def test_typing_in_the_filter_is_no_shortcut(rig):
    rig.new_project()
    rig.window.activateWindow()
    rig.key(Key.Key_F, CTRL)
    rig.wait(rig.window.images.search.hasFocus)
    state = rig.session.record(rig.session.current_id).state
    rig.qtbot.keyClicks(rig.window.images.search, "a02")
    assert rig.window.images.search.text() == "a02"
    assert rig.session.record(rig.session.current_id).state is state
    rig.window.images.search.setText("_02")
    assert rig.window.images.filtered.rowCount() == 1
    assert rig.session.current_id == rig.session.records[0].id
    shown = rig.window.images.progress_text
    assert shown.full() == "1 shown · 0 of 4 approved in all"
    assert shown.text().startswith("1 shown · 0 of 4 approved")
    rig.window.images.search.setText("nothing like it")
    assert rig.window.images.nothing.isVisible()


def test_a_click_in_the_list_opens_the_image(rig):
    rig.new_project()
    view = rig.window.images.view
    index = rig.window.images.filtered.index(2, 0)
    rig.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())
    rig.settle()
    assert rig.session.current_id == rig.session.records[2].id


def test_the_list_follows_the_keys(rig):
    rig.new_project()
    rig.key(Key.Key_N)
    rig.settle()
    rig.wait(lambda: rig.window.images.view.currentIndex().row() == 1)


def test_a_better_mask_shows_up_by_itself(rig):
    rig.new_project(5)
    for _ in range(3):
        rig.drag([(20, 20), (50, 20)])
        rig.key(Key.Key_A)
        rig.settle()
    rig.wait(lambda: rig.session.document.mask_origin == "model")
    rig.settle()
    assert rig.mask()[:11, :11].all()
    rig.wait(lambda: "the model's mask" in rig.window.header.state.full())


def paint_over_the_models_mask(rig):
    """Approve three images, which a round learns from, and paint on the mask that it makes of the next one."""
    rig.new_project(6)
    for _ in range(3):
        rig.drag([(20, 20), (50, 20)])
        rig.key(Key.Key_A)
        rig.settle()
    rig.wait(lambda: rig.session.document.mask_origin == "model")
    rig.drag([(60, 50), (80, 50)])


def test_a_key_renews_the_models_part_of_a_mask_that_is_worked_on(rig):
    paint_over_the_models_mask(rig)
    rig.settle()
    image_id, renew = rig.session.current_id, rig.window.actions_table.by_id["renew"]
    assert rig.session.record(image_id).prediction_round == 1
    assert not renew.isEnabled(), "it is of the weights in use"
    rig.key(Key.Key_T)
    rig.wait(lambda: rig.session.predictor.round == 2)
    rig.settle()
    message = rig.window.canvas_banner.message
    assert message is not None
    assert "Shift+U renews" in message.sentence
    rig.window.canvas_banner.clear()
    rig.session.step(1)
    rig.settle()
    assert not renew.isEnabled()
    rig.session.open_image(image_id)
    rig.settle()
    rig.wait(lambda: "Shift+U renews the model's part" in rig.window.status.hint.full())  # when one comes back, too
    painted = rig.mask()[50, 70]
    rig.workers[-1].holds_predictions = True
    rig.key(Key.Key_U, SHIFT)
    # It may take seconds, as when a worker starts.
    rig.wait(lambda: "Renewing the model's part…" in rig.window.status.hint.full())
    assert "Shift+U" not in rig.window.status.hint.full()
    rig.wait(lambda: len(rig.workers[-1].held) == 1)
    rig.workers[-1].predict(rig.workers[-1].held.pop())
    rig.wait(lambda: rig.session.record(image_id).prediction_round == 2)
    rig.wait(lambda: "Renewing" not in rig.window.status.hint.full())
    assert "Shift+U" not in rig.window.status.hint.full()
    assert rig.mask()[50, 70] == painted != 0


def test_the_status_bar_tells_of_the_image_that_comes_back_what_a_key_would_renew(rig):
    paint_over_the_models_mask(rig)
    rig.settle()
    image_id = rig.session.current_id
    rig.key(Key.Key_T)
    rig.wait(lambda: rig.session.predictor.round == 2)
    rig.settle()
    rig.session.step(1)
    rig.settle()
    rig.session.open_image(image_id)
    rig.settle()
    rig.window.status.hint.set_full("of the image before")
    rig.window._on_changes(Changes(document=True))  # nothing else need be going on
    assert "Shift+U renews the model's part" in rig.window.status.hint.full()


def test_until_a_renewed_mask_is_shown_the_status_bar_says_that_it_is_on_its_way(rig):
    paint_over_the_models_mask(rig)
    rig.settle()
    image_id = rig.session.current_id
    rig.key(Key.Key_T)
    rig.wait(lambda: rig.session.predictor.round == 2)
    rig.settle()
    rig.workers[-1].holds_predictions = True
    rig.key(Key.Key_U, SHIFT)
    rig.wait(lambda: len(rig.workers[-1].held) == 1)
    stored = threading.Event()
    rig.studio._store.run(lambda _: stored.wait())
    rig.workers[-1].predict(rig.workers[-1].held.pop())
    rig.wait(lambda: not rig.session.predictor.is_requested(image_id))
    try:
        assert rig.session.intake.hint == "Renewing the model's part…"
    finally:
        stored.set()
    rig.wait(lambda: "Renewing" not in rig.window.status.hint.full())
    assert rig.session.record(image_id).prediction_round == 2
    assert "Shift+U" not in rig.window.status.hint.full()


def test_undo_takes_a_renewed_mask_back_before_the_strokes_that_were_made_before_it(rig):
    paint_over_the_models_mask(rig)
    rig.settle()
    image_id, undo = rig.session.current_id, rig.window.actions_table.by_id["undo"]
    before, older = rig.mask().copy(), rig.session.document.prediction.to_array()
    rig.key(Key.Key_T)
    rig.wait(lambda: rig.session.predictor.round == 2)
    rig.settle()
    rig.key(Key.Key_U, SHIFT)
    rig.wait(lambda: rig.session.record(image_id).prediction_round == 2)
    rig.settle()
    assert not np.array_equal(rig.mask(), before)
    rig.wait(lambda: undo.text() == "Undo newer mask")
    rig.key(Key.Key_Z, CTRL)
    rig.settle()
    assert rig.session.record(image_id).prediction_round == 1
    assert np.array_equal(rig.mask(), before), "the stroke stays"
    rig.wait(lambda: undo.text() == "Undo paint")
    rig.session.step(1)
    rig.settle()
    rig.session.open_image(image_id)
    rig.settle()
    assert np.array_equal(rig.mask(), before), "it is saved"
    assert np.array_equal(rig.session.document.prediction.to_array(), older)
    assert rig.session.document.prediction_round == 1
    rig.key(Key.Key_Z, CTRL)
    rig.settle()
    assert rig.session.record(image_id).touched is False


def test_undo_calls_off_a_newer_mask_that_is_on_its_way_before_it_takes_back_a_stroke(rig):
    paint_over_the_models_mask(rig)
    rig.settle()
    image_id, undo = rig.session.current_id, rig.window.actions_table.by_id["undo"]
    before = rig.mask().copy()
    rig.key(Key.Key_T)
    rig.wait(lambda: rig.session.predictor.round == 2)
    rig.settle()
    worker = rig.workers[-1]
    worker.holds_predictions = True
    rig.key(Key.Key_U, SHIFT)
    rig.wait(lambda: len(worker.held) == 1 and undo.text() == "Undo newer mask")
    rig.drag([(60, 30), (80, 30)])
    rig.wait(lambda: undo.text() == "Undo paint")
    rig.key(Key.Key_Z, CTRL)
    rig.wait(lambda: undo.text() == "Undo newer mask")
    rig.key(Key.Key_Z, CTRL)
    rig.wait(lambda: undo.text() == "Undo paint" and "Shift+U renews" in rig.window.status.hint.full())
    worker.predict(worker.held.pop())
    rig.settle()
    assert rig.session.record(image_id).prediction_round == 1
    assert np.array_equal(rig.mask(), before), "the stroke stays, and so does the mask below it"
    rig.key(Key.Key_U, SHIFT)
    rig.wait(lambda: len(worker.held) == 1)
    worker.predict(worker.held.pop())
    rig.wait(lambda: rig.session.record(image_id).prediction_round == 2)


def test_a_step_that_came_after_a_renewed_mask_is_undone_first(rig):
    paint_over_the_models_mask(rig)
    rig.key(Key.Key_T)
    rig.wait(lambda: rig.session.predictor.round == 2)
    rig.key(Key.Key_U, SHIFT)
    rig.wait(lambda: rig.session.document.prediction_round == 2)
    rig.drag([(60, 30), (80, 30)])
    document = rig.session.document
    for left, number in (1, 2), (1, 1):
        rig.key(Key.Key_Z, CTRL)
        rig.settle()
        assert (len(document.history.done), document.prediction_round) == (left, number)
    assert document.history.redo_name == "Paint", "what was undone before can be redone still"


def test_the_offer_goes_when_it_was_taken_by_its_key(rig):
    paint_over_the_models_mask(rig)
    rig.key(Key.Key_T)
    rig.wait(lambda: rig.window.canvas_banner.message is not None and rig.window.canvas_banner.message.key == "better")
    rig.key(Key.Key_U, SHIFT)
    rig.wait(lambda: rig.window.canvas_banner.message is None)


def test_training_can_be_followed_and_stopped(qtbot, theme, tmp_path):
    from tests.ui.conftest import WindowRig

    rig = WindowRig(qtbot, theme, tmp_path, hold_rounds=True)
    rig.new_project()
    rig.drag([(20, 20), (50, 20)])
    rig.settle()
    training = rig.window.training
    assert training.button.text() == "Train now"
    rig.key(Key.Key_T)
    rig.wait(lambda: "50 %" in training.now.full())
    assert training.button.text() == "Stop"
    assert rig.window.learning.bar.fraction == 0.5
    training.fold(True)
    assert training.line.isVisible()
    assert not training.now.isVisible()
    rig.key(Key.Key_T, SHIFT)
    rig.wait(lambda: not rig.session.rounds.busy)
    rig.wait(lambda: training.button.text() == "Train now")
    rig.end()


def test_a_missing_image_says_so_and_can_be_found_again(rig):
    rig.new_project()
    path = rig.session.records[1].path
    moved = path.with_name("moved.png")
    path.rename(moved)
    rig.open(1)
    note = rig.canvas.failure_note
    assert note.isVisible()
    assert note.relocate.isVisible()
    assert rig.canvas.renderer is None
    rig.drag([(20, 20), (50, 20)])
    rig.session.files.relocate(rig.session.records[1].id, moved)
    rig.wait(lambda: rig.canvas.ready)
    assert not note.isVisible()


def test_no_two_segments_are_called_alike(rig):
    """In COCO and lists of names they would be one class, and the masks of one come back as the other's."""
    rig.new_project(classes=("lesion", "hair"))
    row = rig.window.segments.rows[2]
    row.rename()
    row.edit.setText("Lesion")
    row.take_name()
    rig.wait(lambda: rig.window.canvas_banner.message is not None)
    assert "Another segment is called “Lesion” already" in rig.window.canvas_banner.message.sentence
    assert [segment.name for segment in rig.session.table] == ["lesion", "hair"]
    assert row.name.text() == "hair"
    row.rename()
    row.edit.setText("Hair")
    row.take_name()
    assert [segment.name for segment in rig.session.table] == ["lesion", "Hair"]


def test_segments_can_be_locked_hidden_renamed(rig):
    rig.new_project(classes=("lesion", "hair"))
    row = rig.window.segments.rows[1]
    rig.qtbot.mouseClick(row.locked, Qt.MouseButton.LeftButton)
    assert rig.session.table[1].locked
    rig.qtbot.mouseClick(row.hidden, Qt.MouseButton.LeftButton)
    assert rig.session.table[1].hidden
    rig.qtbot.mouseDClick(row, Qt.MouseButton.LeftButton)
    row.edit.setText("mole")
    rig.qtbot.keyClick(row.edit, Key.Key_Return)
    rig.wait(lambda: row.name.full() == "mole")
    rig.qtbot.mouseClick(rig.window.segments.rows[2], Qt.MouseButton.LeftButton)
    assert rig.editor.active_segment == 2


def test_undo_waits_while_another_image_is_on_its_way(rig, monkeypatch):
    monkeypatch.setattr(approving, "LOOK_MS", 0)
    rig.new_project()
    first = rig.session.current_id
    rig.drag([(30, 30), (50, 30)])
    rig.settle()
    gate = threading.Event()
    monkeypatch.setattr(loader.Loader, "_tell", waiting_for(gate, loader.Loader._tell))
    rig.key(Key.Key_A)
    on_its_way = rig.session.loading_id
    rig.key(Key.Key_Z, CTRL)
    gate.set()
    assert on_its_way not in (None, first)
    assert rig.session.record(first).state is ImageState.APPROVED, "of an image that the window names no more"
    rig.settle()
    rig.session.open_image(first)
    rig.settle()
    assert rig.session.document.approved
    rig.key(Key.Key_Z, CTRL)
    assert not rig.mask().any()


def waiting_for(gate, tell):
    """``Loader._tell``, which hands on nothing before the gate is open."""

    def later(self, finished, done):
        assert gate.wait(20)
        tell(self, finished, done)

    return later


def test_messages_lie_over_the_canvas_and_move_nothing(rig):
    rig.new_project()
    before = rig.canvas.geometry()
    done = []
    rig.window.show_message(Message("Something happened.", "trouble", "Do it", lambda: done.append(1)))
    banner = rig.window.canvas_banner
    assert banner.isVisible()
    assert rig.canvas.geometry() == before
    rig.qtbot.mouseClick(banner.action, Qt.MouseButton.LeftButton)
    assert done == [1]
    assert not banner.isVisible()


def test_images_that_are_dropped_become_a_project(rig):
    paths = write_images(rig.folder / "dropped", 3)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(paths[0].parent))])
    event = QDropEvent(
        QPointF(100, 100), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    rig.window.dropEvent(event)
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(dialog.create_button.isEnabled)
    assert "3 images" in dialog.found.text()
    dialog.classes.setText("mole, hair")
    dialog.upright.click()
    rig.qtbot.mouseClick(dialog.create_button, Qt.MouseButton.LeftButton)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    assert [c.name for c in rig.session.classes] == ["mole", "hair"]
    assert rig.session.model.for_round([]).upright


def test_the_trail_says_what_a_new_project_was_made_of(rig):
    images = write_images(rig.folder / "drawn", 2)
    for number, path in enumerate(images):
        place = rig.folder / "data" / f"IMD00{number}"
        for kind, end in (("Dermoscopic_Image", ""), ("lesion", "_lesion")):
            folder = place / f"IMD00{number}_{kind}"
            folder.mkdir(parents=True)
            Image.open(path).convert("RGB" if not end else "1").save(folder / f"IMD00{number}{end}.bmp")
    rig.window.commands.new_project([rig.folder / "data"])
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(dialog.create_button.isEnabled)
    rig.qtbot.mouseClick(dialog.create_button, Qt.MouseButton.LeftButton)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    folder = rig.session.folder
    rig.studio.close_project()
    with Project.inspect(folder) as project:
        told = next(entry.told for entry in project.audit.entries() if entry.kind == "data set imported")
    assert told["layout"] == "PH2"
    assert told["folder"] == str(rig.folder / "data")


def test_masks_kept_to_compare_are_compared_in_the_header(rig):
    images = write_images(rig.folder / "set" / "images", 2)
    (rig.folder / "set" / "masks").mkdir()
    for path in images:
        Image.fromarray(np.full((64, 96), 255, np.uint8)).save(rig.folder / "set" / "masks" / path.name)
    rig.window.commands.new_project([rig.folder / "set"])
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(dialog.create_button.isEnabled)
    assert "2 with a mask" in dialog.found.text()
    dialog.choices.button(1).click()
    rig.qtbot.mouseClick(dialog.create_button, Qt.MouseButton.LeftButton)
    rig.wait(lambda: rig.session.truth.mask is not None)
    assert rig.session.approved_count == 0
    rig.settle()


def test_masks_are_exported(rig):
    rig.new_project()
    rig.drag([(20, 20), (50, 20)])
    rig.key(Key.Key_A)
    rig.settle()
    rig.key(Key.Key_E, CTRL)
    dialog = rig.window.findChild(ExportDialog)
    dialog.folder.setText(str(rig.folder / "out"))
    rig.qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    rig.wait(lambda: (rig.folder / "out" / "image_00.png").is_file())
    rig.wait(rig.window.canvas_banner.isVisible)
    assert "1 mask" in rig.window.canvas_banner.sentence.text()


def on_the_sheet(sheet):
    """What stands in each line of the sheet: a text, then its keys."""
    found = {}
    for line in sheet.findChildren(QHBoxLayout):
        words = [line.itemAt(at).widget().text() for at in range(line.count()) if line.itemAt(at).widget()]
        if len(words) > 1:
            found[words[0]] = words[1:]
    return found


def test_the_sheet_names_every_key_of_the_table(rig, monkeypatch):
    more = Action("sing", "Sing along…", "-Help/Songs", ("Ctrl+Alt+9",), lambda c: None)
    monkeypatch.setattr("segstudio.ui.action_table.ACTIONS", (*ACTIONS, more))
    rig.key(Key.Key_F1, widget=rig.window)
    sheet = rig.window.findChild(ShortcutSheet)
    assert sheet.isVisible()
    lines = on_the_sheet(sheet)
    for row in (*ACTIONS, more):
        if row.keys and not row.id.startswith("segment_"):
            assert lines.pop(row.text.rstrip("…")) == [key_text(key) for key in row.keys[:2]], row.id
    assert lines.pop("Choose a segment") == ["1 … 9"]
    assert set(lines) == {text for text, _ in (*ARROWS, *POINTER)} | {hold.text for hold in HOLDS}
    # The screen of these tests has 800 px.
    assert sheet.width() < 800
    assert sheet.findChild(QScrollArea).horizontalScrollBar().maximum() == 0
    sheet.close()


def test_the_arrow_keys_do_what_the_sheet_says(rig):
    rig.new_project(size=(2000, 1500))
    rig.window.commands.show_shortcuts()
    lines = on_the_sheet(rig.window.findChild(ShortcutSheet))
    assert lines["Previous, next image"] == ["← ↑", "→ ↓"]
    assert lines["Move what is shown a pixel"] == ["← ↑ ↓ →"]
    assert lines["Move the image, zoomed in"] == [native("Shift+arrow")]
    records, seen = rig.session.records, []
    for key in (Key.Key_Right, Key.Key_Down, Key.Key_Left, Key.Key_Up):
        rig.key(key)
        rig.settle()
        seen.append(records.index(rig.session.catalog.record(rig.session.current_id)))
    assert seen == [1, 2, 1, 0]
    rig.canvas.zoom_step(1)
    rig.canvas.zoom_step(1)
    before = rig.canvas.middle
    rig.key(Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert rig.canvas.middle[0] > before[0]
    assert records[0].id == rig.session.current_id


@pytest.mark.parametrize("key", [Key.Key_Question, Key.Key_F1, Key.Key_Escape])
def test_the_key_that_brought_the_sheet_takes_it_away(rig, key):
    rig.window.activateWindow()
    rig.window.commands.show_shortcuts()
    sheet = rig.window.findChild(ShortcutSheet)
    rig.wait(sheet.isActiveWindow)
    rig.key(key, widget=sheet)
    rig.wait(lambda: rig.window.findChild(ShortcutSheet) is None)


def test_no_key_means_two_things():
    keys = [key for row in ACTIONS for key in row.keys]
    assert len(keys) == len(set(keys))


def test_everything_that_can_be_used_has_a_name(rig):
    rig.new_project(classes=("lesion", "hair"))
    nameless = [
        widget
        for kind in (QAbstractButton, QSlider, QSpinBox, QLineEdit)
        for widget in rig.window.findChildren(kind)
        if widget.isVisible()
        and not widget.accessibleName()
        and not (hasattr(widget, "text") and widget.text())
        and not widget.objectName().startswith("qt_")
    ]
    assert nameless == []
    assert rig.canvas.accessibleDescription()


def test_geometry_and_folds_are_remembered(rig):
    rig.window.training.fold(True)
    rig.window.resize(1111, 777)
    rig.window.close()
    rig.open_window()
    assert rig.window.training.folded


def test_light_and_dark_can_be_changed_while_it_runs(rig):
    rig.new_project()
    rig.window.commands.set_appearance("light")
    assert not rig.theme.tokens.dark
    rig.window.commands.set_appearance("dark")
    assert rig.theme.tokens.dark
    assert rig.settings.get("appearance") == "dark"


def test_the_brush_size_can_be_typed_and_dragged(rig):
    rig.new_project()
    rig.window.tool.diameter.number.setValue(40)
    assert rig.editor.settings.radius == 20
    rig.window.tool.diameter.slider.setValue(0)
    assert rig.editor.settings.radius == 0.5
    rig.wait(lambda: rig.window.tool.diameter.number.value() == 1)


def test_the_wheel_over_a_slider_changes_nothing(rig):
    from PySide6.QtGui import QWheelEvent

    rig.new_project()
    slider = rig.window.segments.opacity
    before = slider.value()
    QApplication.sendEvent(
        slider,
        QWheelEvent(
            QPointF(5, 5), QPointF(5, 5), QPointF(0, 0).toPoint(), QPointF(0, 120).toPoint(),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        ),
    )  # fmt: skip
    assert slider.value() == before


def test_what_cannot_be_saved_is_said_and_traps_nobody(rig, monkeypatch):
    rig.new_project()
    rig.settle()
    full = UserError("The disk is full. Make room and try again.")

    def fail(*_args, **_more):
        raise full

    monkeypatch.setattr("segstudio.store.masks.Masks.save_edit", fail)
    rig.drag([(20, 20), (50, 20)])
    banner = rig.window.canvas_banner
    rig.wait(banner.isVisible)
    assert "disk is full" in banner.sentence.text()
    assert rig.window.status.saved.text() == "Not saved"
    assert not rig.window.close()
    assert rig.window.isVisible()
    assert "once more" in banner.sentence.text()
    monkeypatch.undo()
    rig.qtbot.mouseClick(banner.action, Qt.MouseButton.LeftButton)
    rig.wait(lambda: rig.window.status.saved.text() == "All saved")


def test_whatever_else_fails_for_the_same_reason_saving_can_be_tried_again(rig, monkeypatch):
    session = rig.new_project()
    rig.settle()

    def fail(*_args, **_more):
        raise UserError("The disk is full. Make room and try again.")

    monkeypatch.setattr("segstudio.store.masks.Masks.save_edit", fail)
    rig.drag([(20, 20), (50, 20)])
    rig.wait(lambda: session.save_status.state == "failed")
    banner = rig.window.canvas_banner
    rig.wait(banner.isVisible)
    heard = []
    rig.studio.subscribe(lambda changes: heard.append(changes.message))
    session._store.run(fail)
    rig.wait(lambda: any(heard))
    assert "disk is full" in banner.sentence.text()
    monkeypatch.undo()
    rig.qtbot.mouseClick(banner.action, Qt.MouseButton.LeftButton)
    rig.wait(lambda: rig.window.status.saved.text() == "All saved")


def test_another_image_starts_whole(rig):
    rig.new_project()
    fitted = rig.canvas.zoom_percent
    rig.canvas.zoom_to(8.0)
    rig.key(Key.Key_N)
    rig.settle()
    assert rig.canvas.zoom_percent == pytest.approx(fitted)


def test_what_is_wrong_with_a_folder_is_read_whole_in_a_new_project(rig):
    empty = rig.folder / "a folder with a name that is long, as those of clinics are, and with no image in it"
    empty.mkdir()
    rig.window.commands.new_project([empty])
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(lambda: "no images" in dialog.found.text())
    assert dialog.found.height() >= dialog.found.heightForWidth(dialog.found.width())
    dialog.reject()


def test_masks_that_lie_apart_are_found_by_their_folder(rig):
    images = write_images(rig.folder / "only images", 2)
    (rig.folder / "apart").mkdir()
    for path in images:
        (rig.folder / "apart" / path.name).write_bytes(path.read_bytes())
    rig.window.commands.new_project([rig.folder / "only images"])
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(dialog.create_button.isEnabled)
    assert "mask" not in dialog.found.text()
    assert dialog.masks_button.isEnabled()
    dialog.take([rig.folder / "only images"], rig.folder / "apart")
    rig.wait(dialog.create_button.isEnabled)
    assert "2 with a mask" in dialog.found.text()
    dialog.reject()


def test_while_an_image_is_on_its_way_the_one_before_is_covered_and_out_of_reach(rig, monkeypatch):
    rig.new_project()
    view = rig.window.stage.compare
    rig.key(Key.Key_Y)
    rig.wait(lambda: view.renderer is not None)
    rig.qtbot.mouseMove(rig.canvas, rig.at(40, 30))
    beside = grabbed(view, view.rect())
    before, seen = rig.mask(), grabbed(rig.canvas, rig.canvas.rect())
    gate = threading.Event()
    read = loader.read_image

    def slowly(path):
        assert gate.wait(20)
        return read(path)

    monkeypatch.setattr(loader, "read_image", slowly)
    rig.session.open_image(rig.session.records[3].id)
    rig.wait(rig.canvas.loading_note.isVisible)
    covered = grabbed(rig.canvas, rig.canvas.rect())
    ground = np.asarray(rig.theme.color("canvas").getRgb()[:3])
    middle = tuple(side // 2 for side in covered.shape[:2])
    away = np.abs(seen[middle].astype(int) - ground).max()
    assert np.abs(covered[middle].astype(int) - ground).max() < 0.3 * away
    rig.wait(lambda: (grabbed(view, view.rect()) != beside).mean() > 0.3)
    assert not view.loading_note.isVisible()
    assert rig.canvas.cursor().shape() == Qt.CursorShape.BusyCursor
    for name in ("approve", "carry", "copy", "hide_mask", "reopen"):
        assert not rig.window.actions_table.by_id[name].isEnabled()
    rig.drag([(30, 30), (50, 30)])
    gate.set()
    rig.wait(lambda: rig.session.loading_id is None)
    assert not rig.canvas.loading_note.isVisible()
    assert rig.window.actions_table.by_id["approve"].isEnabled()
    assert not rig.session.document.history.done
    rig.open(0)
    rig.wait(lambda: (grabbed(view, view.rect()) == beside).mean() > 0.95)
    assert np.array_equal(rig.mask(), before)


def test_no_legend_covers_which_image_is_being_opened(rig):
    rig.new_project(1)
    note, legend = rig.canvas.loading_note, rig.canvas.legend
    legend.show_lines(((None, "The model has not said yet how sure it is of this image"),))
    note.setText("Opening a lesion.png…")
    note.adjustSize()
    note.show()
    for width in (300, 420, 900):
        rig.canvas.resize(width, 400)
        assert not note.geometry().intersects(legend.geometry())
        assert rig.canvas.rect().contains(note.geometry())


def test_of_many_segments_some_are_seen_at_once_and_each_is_found_by_name(rig):
    session = rig.new_project(1, classes=tuple(f"class {number}" for number in range(1, 81)))
    dock = rig.window.segments
    rig.qtbot.waitUntil(lambda: dock.list.scroll_area.height() == 8 * dock.rows[1].height())
    assert rig.window.tool.mapTo(rig.window, rig.window.tool.rect().topLeft()).y() < 640
    assert dock.list.find_line.isVisible()
    rig.qtbot.keyClicks(dock.list.find_line, "CLASS 7")
    assert [row for row in dock.rows if not dock.rows[row].isHidden()] == [7, *range(70, 80)]
    rig.qtbot.keyClicks(dock.list.find_line, "7")
    assert [row for row in dock.rows if not dock.rows[row].isHidden()] == [77]
    assert dock.list.scroll_area.height() == 8 * dock.rows[1].height(), "what is below stays where it was"
    rig.qtbot.keyClick(dock.list.find_line, Qt.Key.Key_Return)
    assert session.editor.active_segment == 77
    assert not dock.list.find_line.text()
    seen = lambda: dock.rows[77].visibleRegion().boundingRect().height() == dock.rows[77].height()  # noqa: E731
    rig.qtbot.waitUntil(seen)
    rig.qtbot.keyClicks(dock.list.find_line, "no such")
    assert dock.list.none.isVisible()
    rig.qtbot.keyClick(dock.list.find_line, Qt.Key.Key_Return)
    assert session.editor.active_segment == 77


def test_few_segments_need_no_line_to_find_one(rig):
    rig.new_project(1, classes=("skin", "lesion"))
    dock = rig.window.segments
    rig.qtbot.waitUntil(lambda: dock.list.scroll_area.height() == 2 * dock.rows[1].height())
    assert not dock.list.find_line.isVisible()
    assert dock.list.scroll_area.verticalScrollBar().maximum() == 0


def test_columns_stay_where_only_the_welcome_page_was_seen(rig):
    rig.settings.set("window.columns", [248, 700, 292])
    rig.window.close()
    rig.open_window().close()
    assert rig.settings.get("window.columns") == [248, 700, 292]
    rig.open_window()
    rig.new_project()
    rig.window.splitter.setSizes([300, 600, 292])
    kept = rig.window.splitter.sizes()
    assert rig.studio.close_project()
    rig.window.close()
    assert rig.settings.get("window.columns") == kept


def test_a_small_window_makes_the_columns_narrow_only_as_long_as_it_is_small(rig):
    rig.new_project()
    rig.window.resize(1600, 800)
    rig.wait(lambda: rig.window.splitter.width() == 1600)
    handle = rig.window.splitter.handle(1)
    wide = rig.window.splitter.sizes()
    rig.qtbot.mousePress(handle, Qt.MouseButton.LeftButton)
    rig.qtbot.mouseMove(handle, QPoint(52, 5))
    rig.qtbot.mouseRelease(handle, Qt.MouseButton.LeftButton)
    chosen = rig.window.splitter.sizes()[0]
    assert chosen > wide[0] + 20
    rig.window.resize(rig.window.minimumSize())
    rig.wait(lambda: rig.window.splitter.sizes()[0] < chosen)
    assert rig.window.splitter.widget(2).geometry().right() < rig.window.splitter.width()
    rig.window.resize(1600, 800)
    rig.wait(lambda: rig.window.splitter.sizes()[0] == chosen)
    rig.window.resize(rig.window.minimumSize())
    rig.wait(lambda: rig.window.splitter.sizes()[0] < chosen)
    assert rig.studio.close_project()
    rig.window.close()
    assert rig.settings.get("window.columns")[0] == chosen


def test_a_project_for_people_is_upright_and_says_so(rig):
    images = write_images(rig.folder / "frames", 2)
    rig.window.commands.new_project(images)
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(dialog.create_button.isEnabled)
    assert not dialog.upright.isChecked()
    dialog.classes.setText("person")
    assert dialog.upright.isChecked()
    assert not dialog.upright.isEnabled()
    box = dialog.upright.rect()
    ticked = grabbed(dialog.upright, box).astype(int)
    dialog.upright.setChecked(False)
    assert np.abs(ticked - grabbed(dialog.upright, box)).max() > 80, "the tick is seen though nobody can take it away"
    dialog.upright.setChecked(True)
    dialog.classes.setText("lesion")
    assert not dialog.upright.isChecked()
    assert dialog.upright.isEnabled()
    dialog.reject()


def test_filtering_asks_for_no_row_by_way_of_qt(rig, monkeypatch):
    rig.new_project(count=4)
    images = rig.window.images
    asked = []
    given = images.model.index
    monkeypatch.setattr(images.model, "index", lambda *args: asked.append(args) or given(*args))
    images.filtered.set_needle("image_02")
    images.filtered.set_needle("IMAGE_0")
    assert {row for row, *_ in asked} <= {0}, "the view looks at the first"
    assert images.filtered.rowCount() == 4
    images.filtered.set_needle("02")
    assert images.filtered.rowCount() == 1


@pytest.mark.parametrize("appearance", ["dark", "light"])
def test_a_menu_tells_what_is_switched_on_also_where_it_has_an_icon(rig, appearance):
    rig.new_project()
    rig.window.commands.set_appearance(appearance)
    action = rig.window.actions_table.by_id["hide_mask"]
    assert not action.icon().isNull()
    menu = next(menu for menu in rig.window.menuBar().findChildren(QMenu) if action in menu.actions())
    menu.ensurePolished()
    menu.resize(menu.sizeHint())
    shown = []
    for on in (False, True):
        action.setChecked(on)
        shown.append(menu.grab(menu.actionGeometry(action)).toImage())
    assert not shown[0].isNull()
    assert shown[0] != shown[1]
