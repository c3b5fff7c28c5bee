"""After the panel was used the keys of the tools work on, and nothing in it is ever cut."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from segstudio.ui.dialogs.scale import ScaleDialog
from segstudio.ui.dialogs.shortcuts import ShortcutSheet
from segstudio.ui.side_panel import SidePanel
from segstudio.ui.still_down import StillDown


@pytest.fixture
def used(rig):
    rig.new_project(1, classes=("lesion", "a name that is much longer than there is room for in the panel"))
    rig.window.activateWindow()
    rig.canvas.setFocus()
    return rig


def click(rig, widget: QWidget, at: QPoint | None = None) -> None:
    rig.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at or widget.rect().center())


def focus(rig) -> QWidget | None:
    return rig.window.focusWidget()


def test_no_button_slider_or_list_of_the_panel_takes_the_keyboard_from_a_click(used) -> None:
    dock = used.window.tool
    click(used, dock.diameter.slider, QPoint(30, 10))
    assert focus(used) is used.canvas
    click(used, dock.rows["square"].box)
    assert focus(used) is used.canvas
    used.key(Qt.Key.Key_P)
    click(used, dock.rows["effect"].button("erase"))
    assert focus(used) is used.canvas
    side = used.window.findChild(SidePanel)
    for button in side.findChildren(QAbstractButton):
        assert not button.focusPolicy() & Qt.FocusPolicy.ClickFocus, button.accessibleName()


def test_a_key_that_is_still_down_is_not_pressed_again(used) -> None:
    def takes(kind: QEvent.Type, at: int, repeats: bool = False, key: Qt.Key = Qt.Key.Key_A) -> bool:
        event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, "", repeats)
        event.setTimestamp(at)
        event.ignore()
        QApplication.sendEvent(used.canvas, event)
        return event.isAccepted()

    asks, up = QEvent.Type.ShortcutOverride, QEvent.Type.KeyRelease
    used.window.still_down = StillDown("xcb")
    assert not takes(asks, 1000)
    takes(up, 1500)
    assert takes(asks, 1500), "as X11 tells of a key that is held"
    assert not takes(asks, 1500, key=Qt.Key.Key_N)
    assert not takes(asks, 1560), "a hand that presses again"
    takes(up, 1600, repeats=True)
    assert not takes(asks, 1600, repeats=True), "what repeats on purpose goes on"
    used.window.still_down = StillDown("wayland")
    takes(up, 1700)
    assert not takes(asks, 1700)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_a_number_that_was_typed_gives_the_keyboard_back(used, key) -> None:
    number = used.window.tool.diameter.number
    click(used, number)
    number.selectAll()
    used.qtbot.keyClicks(number, "50")
    used.key(key, widget=number)
    assert used.editor.settings.radius == 25
    assert focus(used) is used.canvas


def test_escape_forgets_what_was_typed(used) -> None:
    number, before = used.window.tool.diameter.number, used.editor.settings.radius
    click(used, number)
    number.selectAll()
    used.qtbot.keyClicks(number, "50")
    used.key(Qt.Key.Key_Escape, widget=number)
    assert focus(used) is used.canvas
    assert used.editor.settings.radius == before
    assert number.value() == 2 * before


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_a_name_that_was_typed_gives_the_keyboard_back_and_presses_nothing(used, key) -> None:
    row = used.window.segments.rows[1]
    used.qtbot.mouseDClick(row, Qt.MouseButton.LeftButton)
    used.qtbot.mouseDClick(row, Qt.MouseButton.LeftButton)
    used.qtbot.keyClicks(row.edit, "mole")
    used.key(key, widget=row.edit)
    assert used.session.table[1].name == "mole"
    assert not used.session.table[1].hidden
    assert focus(used) is used.canvas
    used.qtbot.mouseDClick(row, Qt.MouseButton.LeftButton)
    used.qtbot.mouseDClick(used.window.segments.rows[2], Qt.MouseButton.LeftButton)
    used.key(key, widget=used.window.segments.rows[2].edit)
    assert focus(used) is used.canvas
    used.canvas.clearFocus()
    used.qtbot.mouseDClick(row, Qt.MouseButton.LeftButton)
    used.key(key, widget=row.edit)
    assert focus(used) is None


def test_escape_forgets_a_name_that_was_typed(used) -> None:
    row = used.window.segments.rows[1]
    used.qtbot.mouseDClick(row, Qt.MouseButton.LeftButton)
    used.qtbot.keyClicks(row.edit, "mole")
    used.key(Qt.Key.Key_Escape, widget=row.edit)
    assert row.edit.isHidden()
    assert focus(used) is used.canvas
    assert used.session.table[1].name == "lesion"


@pytest.mark.parametrize("close", [lambda rig: rig.window.close(), lambda rig: rig.studio.close_project()])
def test_a_name_that_is_being_typed_is_kept_when_the_window_or_the_project_is_closed(used, close) -> None:
    row, folder = used.window.segments.rows[1], used.session.folder
    used.qtbot.mouseDClick(row, Qt.MouseButton.LeftButton)
    used.qtbot.keyClicks(row.edit, "mole")
    close(used)
    used.open_window()
    used.studio.open_project(folder)
    used.wait(lambda: used.studio.session is not None)
    assert used.session.table[1].name == "mole"


@pytest.mark.parametrize("ends", ["escape", "click"])
def test_who_has_found_a_segment_or_given_up_types_no_more(rig, ends) -> None:
    rig.new_project(1, classes=tuple(f"class {number}" for number in range(1, 13)))
    rig.window.activateWindow()
    dock = rig.window.segments
    click(rig, dock.list.find_line)
    rig.qtbot.keyClicks(dock.list.find_line, "class 7")
    if ends == "click":
        click(rig, dock.rows[7])
        assert rig.editor.active_segment == 7
    else:
        rig.key(Qt.Key.Key_Escape, widget=dock.list.find_line)
        assert not dock.list.find_line.text()
    assert not dock.list.find_line.hasFocus()
    rig.key(Qt.Key.Key_E, widget=focus(rig) or rig.window)
    assert rig.editor.tool_name == "eraser"


def test_the_panel_is_never_narrower_than_what_is_in_it(used) -> None:
    used.window.splitter.setSizes([248, 2000, 1])
    right = set()
    for name in ("brush", "polygon", "superpixels", "wand"):
        used.editor.set_tool(name)
        for folded in (False, True):
            for section in used.window._sections.values():
                section.fold(folded)
            used.window.tool.fold(False)
            right.add(settled_edge(used))
    assert len(right) == 1, "the content moved as the scroll bar came and went"


def settled_edge(used) -> int:
    """Where a row of the panel ends, once it is at rest and nothing in the panel is cut off."""
    side = used.window.findChild(SidePanel)
    seen: list[int] = []

    def at_rest() -> bool:
        row = used.window.segments.rows[1]
        seen.append(row.mapTo(used.window, row.rect().topRight()).x())
        fits = side.widget().minimumSizeHint().width() <= side.viewport().width() == side.widget().width()
        return fits and len(seen) > 3 and len(set(seen[-3:])) == 1

    used.wait(at_rest)
    return seen[-1]


def test_the_sheet_of_keys_fits_on_the_screen(used) -> None:
    used.window.commands.show_shortcuts()
    sheet = used.window.findChild(ShortcutSheet)
    room = used.window.screen().availableSize()
    assert sheet.width() <= room.width()
    assert sheet.height() <= room.height()


def test_a_length_typed_at_once_takes_the_place_of_the_one_that_stands_there(used) -> None:
    used.window.commands.set_scale()
    dialog = used.window.findChild(ScaleDialog)
    assert dialog.focusWidget() is dialog.pixels
    assert dialog.pixels.lineEdit().hasSelectedText()
    dialog.reject()


def test_the_news_of_a_copy_does_not_lie_over_what_is_pasted(used) -> None:
    used.drag([(20, 20), (50, 40)])
    used.key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    used.wait(lambda: used.window.canvas_banner.message is not None)
    used.key(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    used.wait(lambda: used.window.canvas_banner.message is None)
    assert used.editor.proposing
