"""The model settings by mouse and keys, and what is said not to be judged."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QMenu

from segstudio.app.model_settings import ClassFinish, ModelSettings
from segstudio.protocol.messages import Predict
from segstudio.protocol.round_folder import read_request
from segstudio.ui.dialogs.model_settings import ChoiceBox, ModelSettingsDialog
from segstudio.ui.dialogs.new_project import NewProjectDialog
from tests.helpers.studios import write_images

Key = Qt.Key
LEFT = Qt.MouseButton.LeftButton
pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise|grabbing)", extend=True)


def open_settings(rig) -> ModelSettingsDialog:
    rig.wait(lambda: rig.window.findChild(ModelSettingsDialog) is None)  # one that was closed is gone a moment later
    rig.window.actions_table.by_id["model_settings"].trigger()
    dialog = rig.window.findChild(ModelSettingsDialog)
    assert dialog is not None
    rig.wait(dialog.isVisible)
    return dialog


def approve(rig, count: int) -> None:
    for _ in range(count):
        rig.drag([(20, 20), (50, 20)])
        rig.session.approve()
        rig.settle()


def click(rig, widget) -> None:
    rig.qtbot.mouseClick(widget, LEFT, pos=QPoint(12, widget.height() // 2))


def choose(rig, box: ChoiceBox, words: str) -> None:
    """Choose an entry with the keyboard, as a list without a mouse is."""
    box.setFocus()
    wanted = next(index for index in range(box.count()) if words in box.itemText(index))
    while box.currentIndex() != wanted:
        rig.key(Key.Key_Down if box.currentIndex() < wanted else Key.Key_Up, widget=box)


def test_a_network_is_chosen_with_the_mouse_and_the_next_round_uses_it(rig):
    rig.new_project(8)
    approve(rig, 3)
    dialog = open_settings(rig)
    assert dialog.notice.text() == ""
    assert not dialog.recommend.isEnabled()
    click(rig, dialog.abouts[2])  # the sentences are part of the choice
    assert dialog.networks["segnet"].isChecked()
    assert "starts afresh" in dialog.notice.text()
    assert rig.session.model.settings == ModelSettings(), "nothing changes until OK"
    click(rig, dialog.ok)
    assert rig.session.model.settings.network == "segnet"
    rig.session.rounds.start()
    rig.settle()
    assert read_request(rig.session.folder / "rounds" / "0002").settings.network == "segnet"


def test_with_the_keyboard_alone(rig):
    rig.new_project(3)
    dialog = open_settings(rig)
    rig.wait(dialog.networks["unet-efficientnet-lite0"].hasFocus)
    rig.key(Key.Key_Down, widget=dialog.networks["unet-efficientnet-lite0"])
    assert dialog.networks["unet"].isChecked()
    choose(rig, dialog.size_box, "512 px")
    choose(rig, dialog.pieces, "whole image")
    rig.key(Key.Key_Space, widget=dialog.flips)
    choose(rig, dialog.thresholds[1], "30 %")
    choose(rig, dialog.regions[1], "One region")
    rig.key(Key.Key_Space, widget=dialog.details.title)
    assert dialog.loss.isVisible()
    choose(rig, dialog.loss, "Rare classes")
    assert "class-balanced" in dialog.loss_about.text()
    rig.key(Key.Key_Return, widget=dialog)
    assert rig.session.model.settings == ModelSettings(
        "unet", "balanced", 512, "off", flip_average=False, finish={1: ClassFinish(0.3, True)}
    )
    again = open_settings(rig)
    assert again.size_box.currentText().startswith("512 px")
    assert again.regions[1].currentText() == "One region, no holes"
    click(rig, again.recommend)
    assert again.networks["unet-efficientnet-lite0"].isChecked()
    assert again.flips.isChecked()
    rig.key(Key.Key_Escape, widget=again)
    assert rig.session.model.settings.network == "unet", "Esc leaves everything as it was"


def test_every_control_is_reached_by_tab_and_has_a_name(rig):
    rig.new_project(2, classes=("lesion", "hair"))
    dialog = open_settings(rig)
    dialog.details.fold(False)
    seen, widget = [], dialog.networks["unet-efficientnet-lite0"]
    while widget not in seen:
        seen.append(widget)
        rig.key(Key.Key_Tab, widget=widget)
        widget = dialog.focusWidget()
    wanted = [dialog.size_box, dialog.pieces, dialog.flips, *dialog.thresholds.values(), *dialog.regions.values()]
    wanted += [*dialog.colours.values()]
    wanted += [dialog.details.title, dialog.loss, dialog.cancel, dialog.ok]
    assert set(wanted) <= set(seen)
    assert all(control.accessibleName() or control.text() for control in seen)


def test_another_finish_is_seen_at_once(rig):
    rig.new_project(6)
    approve(rig, 3)
    before = sum(isinstance(message, Predict) for message in rig.workers[-1].sent)
    dialog = open_settings(rig)
    choose(rig, dialog.regions[1], "One region")
    assert "at once" in dialog.notice.text()
    click(rig, dialog.ok)
    rig.settle()
    asked = [message for message in rig.workers[-1].sent if isinstance(message, Predict)][before:]
    assert len(asked) == 3
    assert all(message.one_region == [True] for message in asked)


def test_whether_colours_have_a_say_is_chosen_where_there_is_one_class(rig):
    rig.new_project(6)
    approve(rig, 3)
    before = sum(isinstance(message, Predict) for message in rig.workers[-1].sent)
    dialog = open_settings(rig)
    choose(rig, dialog.colours[1], "no say")
    assert "at once" in dialog.notice.text()
    click(rig, dialog.ok)
    rig.settle()
    asked = [message for message in rig.workers[-1].sent if isinstance(message, Predict)][before:]
    assert [message.colours for message in asked] == [False] * 3
    dialog = open_settings(rig)
    assert "no say" in dialog.colours[1].currentText()
    rig.key(Key.Key_Escape, widget=dialog)


def test_of_several_classes_colours_are_not_asked_about(rig):
    rig.new_project(2, classes=("lesion", "hair"))
    dialog = open_settings(rig)
    assert dialog.colours == {}
    rig.key(Key.Key_Escape, widget=dialog)


def test_what_the_last_round_saw_is_told(rig):
    rig.new_project(5)
    dialog = open_settings(rig)
    assert not dialog.size_note.isVisible()
    rig.key(Key.Key_Escape, widget=dialog)
    approve(rig, 3)
    dialog = open_settings(rig)
    assert dialog.size_note.text() == "The last round saw them at 96 px: they are no larger."


def test_the_wheel_scrolls_and_changes_no_value(rig):
    rig.new_project(2)
    dialog = open_settings(rig)
    for box in dialog.findChildren(ChoiceBox):
        centre = QPointF(box.rect().center())
        wheel = QWheelEvent(
            centre, box.mapToGlobal(centre), QPoint(), QPoint(0, -120), LEFT.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(box, wheel)
    assert dialog.form.recommended


@pytest.mark.parametrize("look", ["dark", "light"])
def test_it_fits_a_small_screen_and_cuts_no_word(rig, look):
    rig.theme.set_appearance(look)
    rig.new_project(2, classes=("Hautveränderung mit Rand", "Haare", "Lineal", "Gel", "Blasen", "Rahmen"))
    dialog = open_settings(rig)
    dialog.details.fold(False)
    assert dialog.height() <= rig.window.height()
    assert dialog.width() <= rig.window.width()
    rig.wait(lambda: dialog.area.verticalScrollBar().maximum() > 0)
    for sentence in dialog.findChildren(QLabel):
        if sentence.wordWrap() and sentence.isVisible():
            assert sentence.height() >= sentence.heightForWidth(sentence.width()), sentence.text()
    for box in dialog.findChildren(ChoiceBox):
        longest = max(QFontMetrics(box.font()).horizontalAdvance(box.itemText(i)) for i in range(box.count()))
        assert 1.4 * longest + 34 <= box.width() or longest + 34 <= box.width() - 30, box.accessibleName()
    rig.theme.set_appearance("dark")


def test_without_a_project_there_are_no_settings(rig):
    assert not rig.window.actions_table.by_id["model_settings"].isEnabled()


# ---- what nobody judges --------------------------------------------------------------------------------------------


def test_a_class_is_left_unjudged_from_its_row_and_judged_again(rig):
    rig.new_project(2, classes=("lesion", "glare"))
    row = rig.window.segments.rows[2]
    for judged in (False, True):
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(40, 10), row.mapToGlobal(QPoint(40, 10)))
        QApplication.sendEvent(row, event)
        menu = row.findChild(QMenu)
        entry = next(action for action in menu.actions() if "Not judged" in action.text())
        assert entry.isChecked() is judged
        entry.trigger()
        menu.close()
        rig.wait(lambda menu=menu: row.findChild(QMenu) is not menu)
        assert rig.session.judging.judged(2) is judged
        rig.wait(lambda judged=judged: ("not judged" in row.name.full()) is not judged)
    dialog = open_settings(rig)
    assert set(dialog.thresholds) == {1, 2}
    rig.key(Key.Key_Escape, widget=dialog)
    rig.session.judging.set_judged(2, False)
    assert set(open_settings(rig).thresholds) == {1}


def test_a_new_project_may_have_something_that_nobody_judges(rig):
    write_images(rig.folder / "images", 2)
    rig.window.commands.new_project([rig.folder / "images"])
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(lambda: dialog.create_button.isEnabled())
    dialog.classes.clear()
    rig.qtbot.keyClicks(dialog.classes, "lesion")
    rig.qtbot.keyClicks(dialog.void, "lesion")
    assert not dialog.create_button.isEnabled(), "something has to be judged"
    dialog.void.clear()
    rig.qtbot.keyClicks(dialog.void, "glare, blur")
    rig.qtbot.mouseClick(dialog.create_button, LEFT)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    assert [(c.name, c.kind) for c in rig.session.classes] == [("lesion", "stuff"), ("glare", "void"), ("blur", "void")]
