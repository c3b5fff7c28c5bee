"""The audit trail and the approved versions in the window, by mouse and keys."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from segstudio.domain.annotation import ImageState
from segstudio.domain.audit import Head
from segstudio.ui.dialogs.audit import AuditDialog
from segstudio.ui.dialogs.audit_model import COLUMNS, AuditModel
from segstudio.ui.dialogs.rounds import RoundsDialog
from segstudio.ui.dialogs.versions import NOTHING, VersionsDialog
from tests.helpers.tampering import meddling

Key = Qt.Key
LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier
CTRL_SHIFT = CTRL | Qt.KeyboardModifier.ShiftModifier
pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise)", extend=True)


def open_trail(rig) -> AuditDialog:
    rig.key(Key.Key_H, CTRL_SHIFT)
    dialog = rig.window.findChild(AuditDialog)
    assert dialog is not None
    rig.wait(lambda: dialog.verify.isEnabled() and dialog.model.rowCount() > 0)
    return dialog


def open_versions(rig) -> VersionsDialog:
    rig.key(Key.Key_H, CTRL)
    dialog = rig.window.findChild(VersionsDialog)
    assert dialog is not None
    return dialog


def click(rig, widget) -> None:
    rig.qtbot.mouseClick(widget, LEFT)


def choose(rig, combo, row: int) -> None:
    """Choose a row of a list by keys."""
    combo.setFocus()
    rig.key(Key.Key_Home, widget=combo)
    for _ in range(row):
        rig.key(Key.Key_Down, widget=combo)
    assert combo.currentIndex() == row


def column(dialog: AuditDialog, name: str) -> list[str]:
    place = COLUMNS.index(name)
    return [dialog.model.index(row, place).data() for row in range(dialog.model.rowCount())]


@pytest.fixture
def read(rig):
    """Two images: the first approved in two versions and on the canvas, the second with a stroke."""
    session = rig.new_project(2)
    session.rounds.automatic = False
    session.audit.set_reader("A. N.")
    rig.drag([(20, 20), (40, 20)])
    session.approve()
    rig.settle()
    session.audit.set_reader("B. O.")
    rig.drag([(20, 40), (40, 40)])
    rig.open(0)
    rig.drag([(60, 40), (70, 40)])
    session.approve()
    rig.settle()
    rig.open(0)
    return rig


# ---- the trail -------------------------------------------------------------------------------------------------


def test_the_trail_is_read_filtered_and_verified(read) -> None:
    rig = read
    dialog = open_trail(rig)
    everything = dialog.model.rowCount()
    assert dialog.said.full().startswith(f"Verified: {everything} entries, 2 approved masks, head ")
    assert column(dialog, "No.") == [str(number) for number in range(everything, 0, -1)]
    choose(rig, dialog.image, 1)
    assert dialog.image.currentText() == "This image: image_00.png"
    assert set(column(dialog, "Image")) == {"image_00.png"}
    assert column(dialog, "What") == ["approved", "edit", "approved", "edit"]
    assert column(dialog, "Details")[1].startswith("Paint, ")
    choose(rig, dialog.who, [dialog.who.itemText(row) for row in range(dialog.who.count())].index("A. N."))
    assert column(dialog, "What") == ["approved", "edit"]
    choose(rig, dialog.kind, [dialog.kind.itemText(row) for row in range(dialog.kind.count())].index("edit"))
    assert column(dialog, "What") == ["edit"]
    for combo in (dialog.image, dialog.who, dialog.kind):
        choose(rig, combo, 0)
    rig.key(Key.Key_F, CTRL, widget=dialog.table)
    assert dialog.search.hasFocus()
    rig.qtbot.keyClicks(dialog.search, "image_01 paint")
    assert column(dialog, "What") == ["edit"]
    rig.qtbot.keyClicks(dialog.search, " nothing")
    assert dialog.model.rowCount() == 0
    assert not dialog.export.isEnabled()
    dialog.search.clear()
    assert dialog.model.rowCount() == everything


def test_what_was_done_is_filtered_by_the_words_that_are_shown(read) -> None:
    rig = read
    rig.session.review.reject("blurred")
    rig.settle()
    dialog = open_trail(rig)
    kinds = [dialog.kind.itemText(row) for row in range(dialog.kind.count())]
    assert "reject" not in kinds
    choose(rig, dialog.kind, kinds.index("rejected"))
    assert column(dialog, "What") == ["rejected"]
    assert column(dialog, "Details") == ["reason blurred"]
    choose(rig, dialog.kind, 0)
    rig.qtbot.keyClicks(dialog.search, "named")
    assert set(column(dialog, "What")) == {"reader named"}


def test_the_trail_follows_what_is_done_beside_it(read) -> None:
    rig = read
    dialog = open_trail(rig)
    before = dialog.model.rowCount()
    choose(rig, dialog.image, 1)
    rig.drag([(20, 30), (25, 30)])
    rig.wait(lambda: "edit" in column(dialog, "What")[:1])
    assert dialog.said.full().endswith("1 newer") or "newer" in dialog.said.full()
    click(rig, dialog.verify)
    rig.wait(lambda: dialog.said.full().startswith(f"Verified: {before + 1} entries"))
    rig.open(1)
    rig.wait(lambda: set(column(dialog, "Image")) == {"image_01.png"})
    click(rig, dialog.copy)
    assert Head.read(QGuiApplication.clipboard().text()).count == before + 1


def test_what_is_done_beside_it_leaves_the_chosen_row_and_looks_through_nothing_that_is_shown(
    read, monkeypatch
) -> None:
    rig = read
    dialog = open_trail(rig)
    dialog.table.selectRow(2)
    chosen = column(dialog, "No.")[2]
    before, looked = dialog.model.rowCount(), []
    fits = AuditModel._fits
    monkeypatch.setattr(
        AuditModel, "_fits", lambda model, entry, wanted: looked.append(entry.number) or fits(model, entry, wanted)
    )
    rig.drag([(20, 30), (25, 30)])
    rig.wait(lambda: dialog.model.rowCount() == before + 1)
    (row,) = dialog.table.selectionModel().selectedRows()
    assert (row.row(), column(dialog, "No.")[3]) == (3, chosen)
    assert looked == [dialog.model.last]
    assert column(dialog, "What")[0] == "edit"


def test_words_are_found_in_a_long_trail_a_part_at_a_time(read, monkeypatch) -> None:
    rig = read
    dialog = open_trail(rig)
    monkeypatch.setattr("segstudio.ui.dialogs.audit_model._SLICE", 1)
    dialog.search.setText("edit")
    assert dialog.model.rowCount() < 3
    rig.wait(lambda: column(dialog, "What") == ["edit"] * 3)
    dialog.search.setText("named")
    shown = dialog.model.rowCount()
    assert {entry.kind for entry in dialog.model.entries} == {"reader"}
    rig.wait(lambda: not dialog._looking.isActive())
    assert dialog.model.rowCount() == len(dialog.model.entries) > shown
    assert dialog.export.isEnabled()


def test_a_row_opens_its_image(read) -> None:
    rig = read
    dialog = open_trail(rig)
    row = column(dialog, "Image").index("image_01.png")
    index = dialog.model.index(row, 0)
    rig.qtbot.mouseClick(dialog.table.viewport(), LEFT, pos=dialog.table.visualRect(index).center())
    rig.key(Key.Key_Return, widget=dialog.table)
    rig.wait(lambda: rig.session.current_id == rig.session.records[1].id)
    rig.settle()
    assert not dialog.isVisible()
    assert open_trail(rig) is dialog
    assert dialog.isVisible()


def test_what_is_shown_is_exported(read, tmp_path) -> None:
    rig = read
    dialog = open_trail(rig)
    choose(rig, dialog.image, 1)
    dialog.export_to(tmp_path / "t.csv")
    rig.wait(lambda: "4 entries written" in dialog.said.full())
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 5
    dialog.export_to(tmp_path / "t.csv" / "no.csv")
    rig.wait(lambda: "can't be written" in dialog.said.full())
    assert dialog.said.property("tone") == "bad"
    click(rig, dialog.export)
    chooser = dialog.findChild(QFileDialog)
    chooser.fileSelected.emit(str(tmp_path / "u.csv"))
    chooser.close()
    rig.wait(lambda: (tmp_path / "u.csv").exists())


def test_an_altered_entry_is_red_and_named(read) -> None:
    rig = read
    folder = rig.session.folder
    assert rig.studio.close_project()
    with meddling(folder) as connection:
        connection.execute("UPDATE audit SET who = 'somebody' WHERE number = 3")
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    dialog = open_trail(rig)
    assert dialog.said.full().startswith("1 thing is wrong with the audit trail: Entry 3 was altered.")
    assert dialog.said.property("tone") == "bad"
    index = dialog.model.index(column(dialog, "No.").index("3"), 0)
    assert index.data(Qt.ItemDataRole.ToolTipRole).startswith("Entry 3 was altered.")
    assert index.data(Qt.ItemDataRole.ForegroundRole) == rig.theme.color("bad")


def test_entries_about_images_that_are_hidden_from_the_reader_are_not_shown(read, monkeypatch) -> None:
    rig = read
    second = rig.session.records[1].id
    catalog = type(rig.session.catalog)
    monkeypatch.setattr(catalog, "__contains__", lambda self, image_id: image_id in self._index and image_id != second)
    dialog = open_trail(rig)
    assert "image_01.png" not in column(dialog, "Image")
    assert dialog.said.full().endswith("1 about hidden images are not shown")


def test_the_dialogs_are_there_once_and_go_with_the_project(read) -> None:
    rig = read
    actions = rig.window.actions_table.by_id
    trail = open_trail(rig)
    actions["versions"].trigger()
    versions = rig.window.findChild(VersionsDialog)
    actions["audit"].trigger()
    actions["versions"].trigger()
    assert rig.window.findChildren(AuditDialog) == [trail]
    assert rig.window.findChildren(VersionsDialog) == [versions]
    rig.studio.close_project()
    rig.wait(lambda: not rig.window.findChildren(AuditDialog) and not rig.window.findChildren(VersionsDialog))


# ---- versions --------------------------------------------------------------------------------------------------


def test_versions_are_compared_and_one_is_brought_back(read) -> None:
    rig = read
    dialog = open_versions(rig)
    rig.wait(lambda: dialog.said.full() == "Version 2 and the mask on the canvas: no pixel differs")
    newest = rig.mask()
    assert [dialog.list.item(row).text().splitlines()[0] for row in range(2)] == [
        "Version 2 · no model", "Version 1 · no model",
    ]  # fmt: skip
    assert dialog.list.item(1).text().endswith("A. N.")
    assert not dialog.list.item(0).icon().isNull()
    rig.key(Key.Key_Down, widget=dialog.list)
    rig.wait(lambda: dialog.said.full().startswith("Version 1 and the mask on the canvas: "))
    assert " px differ, Dice 0." in dialog.said.full()
    choose(rig, dialog.other, 1)
    rig.wait(lambda: dialog.said.full().startswith("Version 1 and version 2: "))
    one, other = dialog.views
    one.zoom_to(3.0)
    assert other.view.scale == 3.0
    assert other.middle == pytest.approx(one.middle, abs=0.6)
    rig.qtbot.mousePress(other, LEFT, pos=other.rect().center())
    rig.qtbot.mouseMove(other, other.rect().center() / 2)
    rig.qtbot.mouseRelease(other, LEFT, pos=other.rect().center() / 2)
    assert other.middle == pytest.approx(one.middle, abs=0.6)
    click(rig, dialog.restore)
    rig.wait(lambda: "back on the canvas" in dialog.said.full())
    assert not np.array_equal(rig.mask(), newest)
    assert rig.session.record(rig.session.current_id).state is ImageState.IN_PROGRESS
    rig.session.approve()
    rig.settle()
    rig.open(0)
    rig.wait(lambda: len(dialog.versions) == 3)
    assert dialog.chosen.place == 3
    rig.session.editor.undo()
    assert np.array_equal(rig.mask(), newest)
    rig.settle()


def test_versions_that_are_found_do_not_widen_the_window(read) -> None:
    rig = read
    dialog = open_versions(rig)
    before = dialog.width()
    rig.wait(lambda: len(dialog.versions) == 2)
    assert dialog.width() == before


def test_an_image_without_versions_says_what_will_be_kept(read) -> None:
    rig = read
    dialog = open_versions(rig)
    rig.wait(lambda: len(dialog.versions) == 2)
    choose(rig, dialog.other, dialog.other.count() - 1)  # the image alone
    assert dialog.said.full() == ""
    rig.open(1)
    rig.wait(lambda: dialog.nothing.isVisible())
    assert dialog.nothing.text() == NOTHING
    assert not dialog.restore.isEnabled()
    rig.session.approve()
    rig.settle()
    rig.open(1)
    rig.wait(lambda: len(dialog.versions) == 1)
    assert dialog.windowTitle() == "Approved versions of image_01.png"
    rig.key(Key.Key_Escape, widget=dialog)
    rig.wait(lambda: rig.window.findChild(VersionsDialog) is None)


def test_the_menu_leads_to_both(read) -> None:
    actions = read.window.actions_table.by_id
    for name, kind in (("audit", AuditDialog), ("versions", VersionsDialog)):
        actions[name].trigger()
        assert read.window.findChild(kind) is not None
    rig_menus = [action.text() for action in read.window.menuBar().actions()]
    assert "&Review" in rig_menus


def test_what_only_shows_something_has_a_button_that_closes_it(rig):
    rig.new_project(1)
    for action, kind in (("audit", AuditDialog), ("versions", VersionsDialog), ("rounds", RoundsDialog)):
        rig.window.actions_table.by_id[action].trigger()
        shown = rig.window.findChild(kind)
        rig.wait(shown.close_button.isVisible)
        shown.close_button.click()
        rig.wait(lambda kind=kind: rig.window.findChild(kind) is None)
