"""The tool column, the panel of the tool in hand, and the bar of a proposal, by mouse and keyboard."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from segstudio.app.tools import Preview, Tool, clean_up, make_tools
from segstudio.app.tools.base import ToolAction
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import Patch
from segstudio.ui.action_table import ACTIONS, TOOL_COLUMN, TOOLS
from segstudio.ui.tool_column import ToolColumn

LEFT = Qt.MouseButton.LeftButton


class Proposed(Tool):
    """Proposes a square, or the square beside it."""

    title = "A square"

    def __init__(self):
        self.x = 10
        self.done = False
        self._preview = Preview()

    @property
    def actions(self):
        return (ToolAction("Move it", "", self._move_it),)

    def _move_it(self, context):
        self.x = 40
        self.refresh(context)

    def hint(self, settings):
        return "A square is proposed"

    @property
    def busy(self):
        return self._preview.patch is not None

    @property
    def preview(self):
        return self._preview

    def refresh(self, context):
        self._preview = Preview(Patch(Rect(self.x, 10, self.x + 20, 30), np.ones((20, 20), bool), context.segment_id))

    def commit(self, context):
        context.paint("Square", self._preview.patch)
        self._preview = Preview()

    def abandon(self, context):
        self._preview = Preview()


def buttons(rig):
    column = rig.window.findChild(ToolColumn)
    return {button.defaultAction().objectName(): button for button in column.findChildren(QToolButton)}


def test_every_tool_has_a_button_a_key_and_a_hint(rig):
    rig.new_project()
    shown = buttons(rig)
    rows = {row.id: row for row in ACTIONS}
    assert {name for name, *_ in TOOLS} == set(make_tools())
    assert set(shown) == {name for group in TOOL_COLUMN for name in group}
    hints = set()
    for name in make_tools():
        QTest.mouseClick(shown[name], LEFT)
        assert rig.editor.tool_name == name
        assert rows[name].keys
        assert shown[name].toolTip().endswith(")")
        rig.wait(lambda: rig.window.tool.title.text() == rig.editor.tool.title)
        hints.add(rig.editor.tool_hint)
    assert len(hints) == len(make_tools())


def test_no_row_of_a_tool_is_squeezed_in_a_low_window(rig):
    """The wand has more rows than the height that is kept for the usual tools: they scroll instead."""
    rig.new_project()
    rig.window.resize(1280, 680)
    for section in rig.window._sections.values():
        section.fold(False)
    dock = rig.window.tool
    for name in make_tools():
        rig.editor.set_tool(name)
        QApplication.processEvents()
        shown = [row for row in dock.rows.values() if not row.isHidden()]
        assert all(row.height() >= row.minimumSizeHint().height() for row in shown), name
        assert dock.apply_button.isHidden() or dock.apply_button.height() >= dock.apply_button.sizeHint().height()


def test_the_column_takes_a_second_one_in_a_low_window(rig):
    rig.new_project()
    column = rig.window.findChild(ToolColumn)
    rig.window.resize(1280, 800)
    rig.wait(lambda: column.height() > 640)
    assert column.width() < 50
    # The commonest small screen has one column, its buttons closer together.
    rig.window.resize(1280, 720)
    rig.wait(lambda: column.height() < 670)
    assert column.width() < 50
    assert all(column.rect().contains(button.geometry()) for button in buttons(rig).values())
    rig.window.resize(1280, 500)
    rig.wait(lambda: column.width() > 60)
    assert all(column.rect().contains(button.geometry()) for button in buttons(rig).values())


def test_the_panel_shows_what_the_tool_heeds_and_sets_it(rig):
    rig.new_project(classes=("lesion", "hair"))
    panel, editor = rig.window.tool, rig.editor
    for name in make_tools():
        editor.set_tool(name)
        rig.wait(lambda: panel.title.text() == editor.tool.title)
        shown = {option for option, row in panel.rows.items() if row.isVisible()}
        assert shown == set(editor.tool.options_for(editor.settings))
    editor.set_tool("brush")
    rig.wait(panel.rows["square"].isVisible)
    QTest.mouseClick(panel.rows["square"].box, LEFT, pos=QPoint(10, panel.rows["square"].box.height() // 2))
    assert editor.settings.square
    panel.diameter.number.setValue(31)
    assert editor.settings.radius == 15.5
    combo = panel.rows["paint_over"].combo
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    assert editor.settings.paint_over == 1
    editor.set_tool("wand")
    rig.wait(panel.rows["effect"].isVisible)
    QTest.mouseClick(panel.rows["effect"].button("erase"), LEFT)
    assert editor.settings.effect == "erase"


def test_what_is_below_the_tool_stays_where_it_is_as_the_tool_changes(rig):
    rig.new_project()
    window, places, high = rig.window, {}, {}
    # The order in which they are first shown must not matter.
    for name in ("click", *make_tools()):
        rig.editor.set_tool(name)
        rig.wait(lambda: window.tool.title.text() == rig.editor.tool.title)
        rig.wait(lambda: window.tool.height() == window.tool.sizeHint().height())
        places[name], high[name] = (window.tone.y(), window.measures.y(), window.training.y()), window.tool.height()
        rows = [row for row in window.tool.rows.values() if row.isVisible()]
        # What is spare lies below the rows, not between them.
        assert all(row.height() == row.sizeHint().height() for row in rows)
    assert len({place for name, place in places.items() if name != "wand"}) == 1
    assert high["wand"] > high["snap"]
    window.tool.fold(True)
    rig.wait(lambda: window.tool.height() == window.tool.title.height())


def test_a_proposal_is_applied_or_dropped_in_one_place(rig):
    rig.new_project()
    rig.editor.set_tool("polygon")
    panel, bar = rig.window.tool, rig.window.proposal_bar
    rig.wait(panel.apply_button.isVisible)
    rig.editor.propose(Proposed())
    rig.wait(bar.isVisible)
    assert bar.apply_button.isVisible()
    assert bar.drop_button.isVisible()
    assert not panel.apply_button.isVisible()
    assert not panel.drop_button.isVisible()
    rig.editor.abandon()
    rig.wait(panel.apply_button.isVisible)
    assert not panel.apply_button.isEnabled()
    assert not panel.drop_button.isEnabled()


def test_a_wheel_over_the_panel_changes_no_value(rig):
    rig.new_project()
    panel = rig.window.tool
    before = rig.editor.settings
    for widget in (panel.diameter.slider, panel.diameter.number, panel.rows["paint_over"].combo):
        middle = QPointF(widget.rect().center())
        QApplication.sendEvent(
            widget,
            QWheelEvent(
                middle, QPointF(widget.mapToGlobal(middle)), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            ),
        )  # fmt: skip
    assert rig.editor.settings == before


def test_a_long_title_does_not_make_the_panel_wider(rig):
    rig.new_project()
    rig.window.resize(1280, 720)
    QApplication.processEvents()
    width = rig.canvas.width()
    proposed = Proposed()
    proposed.title = "Carried over from HipHop_HipHop1_C0_00180_with_a_name_that_does_not_end"
    rig.editor.propose(proposed)
    rig.wait(lambda: rig.window.tool.title.text() == proposed.title)
    rig.settle()
    assert rig.canvas.width() == width
    assert rig.window.tool.title.width() < rig.window.tool.title.sizeHint().width()
    assert rig.window.tool.title.toolTip() == proposed.title


@pytest.mark.parametrize(("width", "rows"), [(1000, 2), (1500, 1)])
def test_the_bar_keeps_within_the_canvas(rig, width, rows):
    rig.new_project()
    rig.editor.apply("Put", Patch(Rect(20, 20, 40, 40), np.ones((20, 20), bool), 1))
    rig.window.resize(width, 640)
    rig.session.clipboard.copy()
    rig.session.clipboard.paste()
    bar = rig.window.proposal_bar
    rig.wait(lambda: bar.isVisible() and rig.canvas.rect().contains(bar.geometry()))
    for button in (*bar.actions_row, bar.apply_button, bar.drop_button):
        assert bar.rect().contains(button.geometry())
        assert button.width() >= button.minimumSizeHint().width()
    assert (bar.apply_button.y() > bar.actions_row[0].y()) == (rows == 2)


def test_a_proposal_that_would_change_nothing_cannot_be_applied(rig):
    rig.new_project()
    rig.editor.apply("Put", Patch(Rect(20, 20, 40, 40), np.ones((20, 20), bool), 1))
    bar = rig.window.proposal_bar
    for operation, nothing in (("fill_holes", True), ("grow", False)):
        rig.window.actions_table.by_id[operation].trigger()
        rig.wait(lambda: bar.isVisible() and not rig.editor.computing)
        rig.wait(lambda nothing=nothing: bar.state.text() == ("nothing to change" if nothing else ""))
        assert bar.apply_button.isEnabled() != nothing
    rig.session.change_segment(1, locked=True)
    rig.wait(lambda: bar.state.text() == "nothing to change" and not bar.apply_button.isEnabled())
    rig.key(Qt.Key.Key_Escape)
    assert not rig.editor.proposing


def test_the_bar_has_room_for_what_it_says_also_after_it_worked_for_a_while(rig, monkeypatch):
    rig.new_project()
    document, gate, changes = rig.session.document, threading.Event(), clean_up.changes
    rig.editor.apply("Put", Patch(document.bounds, np.ones((document.height, document.width), bool), 1))
    monkeypatch.setattr(clean_up, "changes", lambda *asked: gate.wait(10) and changes(*asked))
    bar = rig.window.proposal_bar
    rig.window.actions_table.by_id["grow"].trigger()
    rig.wait(lambda: bar.isVisible() and bar.state.text() == "working…")
    gate.set()
    rig.wait(lambda: bar.state.text() == "nothing to change")
    QApplication.processEvents()
    for part in (bar.title, bar.state, bar.apply_button, bar.drop_button):
        assert part.width() >= part.minimumSizeHint().width()
        assert bar.rect().contains(part.geometry())


@pytest.mark.parametrize("how", ["bar", "key"])
def test_a_proposal_is_taken(rig, how):
    rig.new_project()
    before = rig.mask().copy()
    rig.editor.propose(Proposed())
    bar = rig.window.proposal_bar
    rig.wait(bar.isVisible)
    assert (rig.mask() == before).all()
    QTest.mouseClick(bar.actions_row[0], LEFT)
    if how == "key":
        rig.key(Qt.Key.Key_Return)
    else:
        QTest.mouseClick(bar.apply_button, LEFT)
    rig.wait(lambda: not bar.isVisible())
    painted = np.zeros_like(before, bool)
    painted[10:30, 40:60] = True
    assert ((rig.mask() == 1) == painted).all()
    assert rig.editor.undo_name == "Square"
    assert not rig.editor.proposing


@pytest.mark.parametrize("how", ["bar", "key", "undo", "image", "tool"])
def test_a_proposal_is_dropped(rig, how):
    rig.new_project()
    first = rig.session.current_id
    rig.editor.propose(Proposed())
    bar = rig.window.proposal_bar
    rig.wait(bar.isVisible)
    if how == "key":
        rig.key(Qt.Key.Key_Escape)
    elif how == "undo":
        rig.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    elif how == "image":
        rig.key(Qt.Key.Key_N)
        rig.settle()
    elif how == "tool":
        rig.key(Qt.Key.Key_E)
    else:
        QTest.mouseClick(bar.drop_button, LEFT)
    rig.wait(lambda: not bar.isVisible())
    rig.session.open_image(first)
    rig.settle()
    assert not rig.mask().any()
    assert not rig.session.document.history.done


def test_a_proposal_shows_the_mask_that_it_would_change(rig):
    rig.new_project()
    rig.editor.apply("Put", Patch(Rect(20, 20, 40, 40), np.ones((20, 20), bool), 1))
    rig.canvas.set_mask_shown(False)
    rig.window.actions_table.by_id["grow"].trigger()
    rig.wait(rig.window.proposal_bar.isVisible)
    assert rig.canvas.mask_shown
    # Whoever wants to look at the image below it may.
    rig.key(Qt.Key.Key_V, Qt.KeyboardModifier.ShiftModifier)
    rig.wait(lambda: not rig.editor.computing)
    assert not rig.canvas.mask_shown
    rig.key(Qt.Key.Key_Escape)
