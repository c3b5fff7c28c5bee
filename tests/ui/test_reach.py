"""Nothing moves under the pointer, everything is in reach of the keyboard and on the screen."""

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QWidget

from segstudio.app.changes import Message
from segstudio.ui.tool_column import ToolColumn

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True)


def test_a_long_file_name_moves_nothing(rig):
    rig.new_project()
    before = rig.window.splitter.sizes()
    approve = rig.window.header.approve.geometry()
    record = rig.session.records[0]
    rig.session.viewing.replace(replace(record, name="a name that a clinic's export makes " * 12 + ".png"))
    rig.qtbot.wait(50)
    assert rig.window.header.name.full().startswith("a name")
    assert rig.window.splitter.sizes() == before
    assert rig.window.header.approve.geometry() == approve
    rig.key(Key.Key_A)
    rig.settle()
    rig.open(0)
    assert rig.window.header.approve.text() == "Take back"
    assert rig.window.header.approve.geometry() == approve


def test_the_state_is_said_in_as_many_words_as_there_is_room_for(rig):
    rig.new_project()
    rig.drag([(20, 20), (50, 20)])
    rig.key(Key.Key_A)
    rig.settle()
    rig.open(0)
    record = rig.session.records[0]
    rig.session.viewing.replace(replace(record, held_out=True))
    state, header = rig.window.header.state, rig.window.header
    wordings = ["Approved · held out to score the model", "Approved · held out", "Approved"]
    rig.wait(lambda: state.full() == wordings[0])
    room = {words: state.fontMetrics().horizontalAdvance(words) for words in wordings}
    for shown in wordings:
        header.state.resize(room[shown], state.height())
        assert state.text() == shown
        assert state.toolTip() == ("" if shown == wordings[0] else wordings[0])
        assert header.glyph.toolTip() == wordings[0]
    state.resize(30, state.height())
    assert state.text() == "", "two letters and dots tell nothing"
    for width in (1920, 1280, rig.window.minimumWidth()):
        rig.window.resize(width, 720)
        rig.qtbot.wait(50)
        assert state.text() in ("", *wordings)


def test_the_first_window_fits_the_screen(rig):
    rig.window._restore()
    room = rig.window.screen().availableSize().expandedTo(rig.window.minimumSize())
    assert rig.window.width() <= room.width()
    assert rig.window.height() <= room.height()


@pytest.mark.parametrize("approved", [False, True])
# 832: a screen of 1280 x 720 whose text is half as large again has 853, with the window's frame.
@pytest.mark.parametrize("width", [832, 880, 1024, 1280])
def test_the_line_above_the_image_has_room_for_all_of_its_parts(rig, width, approved):
    rig.new_project()
    if approved:
        rig.key(Key.Key_A)
        rig.settle()
        rig.open(0)
    rig.window.resize(width, 424)
    header, seen = rig.window.header, rig.window.splitter.widget(1)
    end = header.approve.rect().bottomRight()
    rig.wait(lambda: rig.window.width() == width and header.approve.mapTo(seen, end).x() < seen.width())
    direct = header.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    parts = sorted((part for part in direct if part.isVisible()), key=lambda part: part.x())
    assert all(left.geometry().right() < right.x() for left, right in pairwise(parts))
    assert rig.window.splitter.widget(2).geometry().right() < rig.window.splitter.width()


def test_in_the_smallest_window_every_menu_and_tool_is_in_sight(rig):
    rig.new_project()
    rig.window.resize(rig.window.minimumSize())
    bar, corner = rig.window.menuBar(), rig.window.learning
    rig.wait(lambda: rig.window.height() == rig.window.minimumHeight())
    assert rig.window.minimumSizeHint().width() <= rig.window.width()
    assert all(0 < bar.actionGeometry(menu).right() < corner.x() for menu in bar.actions())
    column = rig.window.findChild(ToolColumn)
    assert all(button.geometry().bottom() < column.height() for button in column.findChildren(QToolButton))


def test_in_the_smallest_window_both_views_side_by_side_are_whole(rig):
    rig.new_project()
    rig.window.resize(rig.window.minimumSize())
    rig.window.seeing.set(compare=True, rulers=True)
    middle, compare = rig.window.splitter.widget(1), rig.window.stage.compare
    rig.wait(lambda: compare.mapTo(middle, compare.rect().topRight()).x() < middle.width())
    assert rig.window.minimumSizeHint().width() <= rig.window.width()
    assert compare.reading.geometry().right() < compare.width()
    assert rig.window.splitter.widget(2).geometry().right() < rig.window.splitter.width()


def test_return_and_escape_lead_out_of_the_filter(rig):
    rig.new_project()
    rig.window.activateWindow()
    search = rig.window.images.search
    rig.key(Key.Key_F, CTRL)
    rig.wait(search.hasFocus)
    rig.qtbot.keyClicks(search, "_02")
    rig.key(Key.Key_Return, widget=search)
    rig.settle()
    assert "_02" in rig.session.record(rig.session.current_id).name
    assert rig.canvas.hasFocus()
    search.setFocus()
    rig.key(Key.Key_Escape, widget=search)
    assert search.text() == ""
    assert rig.canvas.hasFocus()


def test_return_presses_the_button_with_the_keyboard(rig):
    asked = []
    rig.window.welcome.demo_wanted.disconnect()
    rig.window.welcome.demo_wanted.connect(asked.append)
    rig.window.activateWindow()
    card = rig.window.welcome.demos["lesion"]
    card.setFocus()
    rig.wait(card.hasFocus)
    rig.key(Key.Key_Return, widget=card)
    assert asked == ["lesion"]


def test_the_status_forgets_an_export_that_is_done(rig):
    rig.new_project()
    rig.drag([(20, 20), (40, 30)])
    rig.key(Key.Key_A)
    rig.settle()
    rig.session.exporter.export_masks(rig.folder / "out", True)
    rig.wait(lambda: not rig.session.exporter.busy)
    rig.wait(lambda: "xport" not in rig.window.status.hint.full())


def test_a_message_that_goes_gives_the_keyboard_back_to_the_image(rig):
    rig.new_project()
    rig.window.activateWindow()
    called = []
    rig.window.show_message(Message("Something happened.", "trouble", "Try again", lambda: called.append(1)))
    banner = rig.window.canvas_banner
    banner.action.setFocus()
    rig.wait(banner.action.hasFocus)
    banner.action.click()
    assert called == [1]
    assert rig.canvas.hasFocus()


def test_approving_by_mouse_leaves_the_keys_to_the_image(rig):
    rig.new_project()
    rig.window.activateWindow()
    rig.canvas.setFocus()
    rig.qtbot.mouseClick(rig.window.header.approve, Qt.MouseButton.LeftButton)
    rig.settle()
    assert rig.session.approved_count == 1
    assert not rig.window.images.search.hasFocus()


def test_no_menu_is_higher_than_a_small_screen(rig):
    rig.new_project()
    for action in rig.window.menuBar().actions():
        # Of 640 px, below the menu bar; a menu that has less room goes on beside itself.
        assert action.menu().sizeHint().height() <= 600, action.text()
