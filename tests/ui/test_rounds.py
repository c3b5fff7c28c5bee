"""The training dock's charts and the table of rounds, by mouse and keys."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QIcon, QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit

from segstudio.domain.annotation import ImageState
from segstudio.domain.round_scores import compare
from segstudio.engine.checkpoint import WeightsHeader, save_checkpoint
from segstudio.ui.dialogs.compare_rounds import CompareRounds, change_words
from segstudio.ui.dialogs.rounds import RoundsDialog
from segstudio.ui.dialogs.rounds_model import COLUMNS, NOTE, WAY, RoundsModel
from segstudio.ui.docks.training import TrainingDock

Key = Qt.Key
TIP = Qt.ItemDataRole.ToolTipRole
LEFT = Qt.MouseButton.LeftButton
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise)", extend=True)


def dice(number: int, image_id: int) -> float:
    """Round 2 is the best; each image goes its own way."""
    return {1: 0.7, 2: 0.9, 3: 0.8, 4: 0.6}.get(number, 0.85) + (0.01 if image_id % 2 else -0.02) * number


def approve(rig, count: int) -> None:
    for _ in range(count):
        rig.drag([(20, 20), (50, 20)])
        rig.session.approve()
        rig.settle()


def learn(rig, rounds: int) -> None:
    for _ in range(rounds):
        rig.session.rounds.start()
        rig.settle()


@pytest.fixture
def taught(rig):
    """Eleven approved images of 14, and four rounds."""
    rig.dice = dice
    rig.new_project(14)
    rig.session.rounds.automatic = False
    approve(rig, 11)
    learn(rig, 4)
    rig.wait(lambda: all(rig.session.book.scores(number) for number in range(1, 5)))
    return rig


def test_it_says_what_to_do_where_there_is_no_round_or_nothing_to_compare(rig):
    rig.dice = None
    rig.new_project(4)
    rig.session.rounds.automatic = False
    rig.key(Key.Key_T, CTRL_SHIFT)
    dialog = rig.window.findChild(RoundsDialog)
    assert dialog.said.full().startswith("No round yet.")
    assert dialog.compare.toolTip() == "Choose a round"
    approve(rig, 3)
    learn(rig, 1)
    rig.wait(lambda: dialog.model.rowCount() == 1)
    assert dialog.said.full() == ""
    pick(rig, dialog, 1)
    assert not dialog.compare.isEnabled()
    assert dialog.compare.toolTip().startswith("You see no image kept aside")


def test_how_long_a_round_took_that_the_program_s_end_cut_short_is_not_said(taught):
    rig = taught
    folder = rig.session.folder
    rig.studio.close_project()
    folder.joinpath("rounds", "0004", "weights.safetensors").unlink()
    with closing(sqlite3.connect(folder / "project.db")) as database, database:
        database.execute("UPDATE rounds SET status = 'running', seconds = 0 WHERE number = 4")
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    dialog = open_rounds(rig)
    assert cell(dialog, 4, "State") == "cut short"
    assert cell(dialog, 4, "Time") == "–"


def test_rounds_that_learned_in_several_ways_are_told_apart(taught):
    rig = taught
    dialog = open_rounds(rig)
    assert dialog.table.isColumnHidden(WAY)
    rig.session.model.set(replace(rig.session.model.settings, network="segnet", loss="focal"))
    learn(rig, 1)
    rig.wait(lambda: dialog.model.rowCount() == 5 and not dialog.table.isColumnHidden(WAY))
    assert cell(dialog, 5, "Learned by") == "SegNet, hard places first"
    assert cell(dialog, 4, "Learned by") == "U-Net + EfficientNet-Lite0, pixels and overlap"


def test_no_round_is_said_to_go_on_from_another_network(taught):
    rig = taught
    dialog = open_rounds(rig)
    pick(rig, dialog, 2)
    assert dialog.use.toolTip() == "It predicts from now on, and the next round goes on from it"
    rig.session.model.set(replace(rig.session.model.settings, network="unet"))
    rig.wait(lambda: "begins anew, since the settings name another network" in dialog.use.toolTip())
    click(rig, dialog.use)
    rig.wait(lambda: rig.session.book.in_use == 2 and bool(dialog.said.full()))
    assert dialog.said.full().endswith("stay; the next round begins anew, since the settings name another network.")


def test_rounds_are_not_compared_on_images_that_are_hidden_from_the_reader(taught):
    rig = taught
    dialog = open_rounds(rig)
    pick(rig, dialog, 4)
    rig.wait(dialog.compare.isEnabled)
    rig.session.book.hides = lambda _image: True
    pick(rig, dialog, 3)
    assert not dialog.compare.isEnabled()


def open_rounds(rig) -> RoundsDialog:
    rig.key(Key.Key_T, CTRL_SHIFT)
    dialog = rig.window.findChild(RoundsDialog)
    assert dialog is not None
    rig.wait(lambda: rig.session.book.files(1) is not None and dialog.model.rowCount() >= 4)
    return dialog


def click(rig, widget) -> None:
    rig.qtbot.mouseClick(widget, LEFT)


def pick(rig, dialog: RoundsDialog, number: int, column: int = 0) -> None:
    """Click a round's row."""
    index = dialog.model.index(dialog.model.row_of(number), column)
    rig.qtbot.mouseClick(dialog.table.viewport(), LEFT, pos=dialog.table.visualRect(index).center())
    assert dialog.selected == number


def cell(dialog: RoundsDialog, number: int, name: str) -> str:
    return dialog.model.index(dialog.model.row_of(number), COLUMNS.index(name)).data()


def weights(rig, number: int):
    return rig.session.folder / "rounds" / f"{number:04d}" / "weights.safetensors"


def wheel(widget) -> None:
    centre = QPointF(widget.rect().center())
    event = QWheelEvent(
        centre, widget.mapToGlobal(centre), QPoint(), QPoint(0, -120), LEFT.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


# ---- the dock ------------------------------------------------------------------------------------------------------


def test_the_window_does_not_wait_for_what_draws_charts_or_reads_weights():
    code = "import sys, segstudio.ui.application, segstudio.ui.main_window; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not set(done.stdout.split()) & {"pyqtgraph", "safetensors", "segstudio.ui.dialogs.rounds"}


def test_the_dock_charts_what_there_is(rig):
    rig.dice = dice
    rig.new_project(14)
    rig.session.rounds.automatic = False
    dock: TrainingDock = rig.window.training
    rig.window.segments.fold(True)
    rig.window.tool.fold(True)
    approve(rig, 10)
    learn(rig, 1)
    assert not dock.chart.isVisible(), "one dot is no curve"
    learn(rig, 1)
    rig.wait(lambda: dock.chart.isVisible() and "between" in dock.chart.chart.points[-1].words)
    assert [point.x for point in dock.chart.chart.points] == [1, 2]
    used = rig.session.book.used
    assert dock.chart.chart.points[-1].y == used.held_out_dice
    low, high = dock.chart.chart.points[-1].likely
    assert dock.values["likely"].text() == f"{low:.2f} and {high:.2f}"
    assert f"on {used.held_out_count} images" in dock.values["dice"].text()
    # With the keyboard: the second is how wrong the model was, and says so where nothing was approved over a mask.
    dock.chosen.setFocus()
    rig.key(Key.Key_Down, widget=dock.chosen)
    assert dock.chart.lack.isVisible()
    assert "approved over" in dock.chart.lack.text()
    approve(rig, 3)
    rig.wait(lambda: len(dock.chart.chart.points) == 3)
    assert not dock.chart.lack.isVisible()
    assert all(0 < point.y < 100 for point in dock.chart.chart.points)
    shown = dock.chart.chart
    wheel(dock.chosen)
    wheel(dock.chart._plot)
    assert dock.chosen.currentIndex() == 1, "scrolling past changes nothing"
    assert dock.chart.chart == shown
    assert dock.chart.point_at(2.2).words == shown.points[1].words
    assert dock.chart.point_at(9.0) is None
    rig.theme.set_appearance("light")
    rig.theme.set_appearance("dark")


def test_the_charts_fit_the_narrow_column(taught):
    taught.window.training.chosen.setCurrentIndex(1)
    side = taught.window.splitter.widget(2)
    assert side.width() <= 300
    for part in (taught.window.training.chosen, taught.window.training.chart, taught.window.training.rounds):
        assert part.mapTo(side, part.rect().bottomRight()).x() < side.width()


# ---- the table -----------------------------------------------------------------------------------------------------


def test_a_row_tells_where_two_networks_answer_together(taught):
    rig = taught
    newest, learned, before = rig.session.book.in_use, {"weight": torch.zeros(3)}, {"weight": torch.ones(3)}
    folder = rig.folder / "test.segstudio" / "rounds" / f"{newest:04}"
    save_checkpoint(folder / "weights.safetensors", WeightsHeader("unet", ("lesion",), 64), learned, before)
    click(rig, rig.window.training.rounds)
    dialog = rig.window.findChild(RoundsDialog)
    rig.wait(lambda: rig.session.book.files(newest) is not None and rig.session.book.files(newest).networks == 2)

    def told(number: int) -> list[str]:
        row = dialog.model.row_of(number)
        return [dialog.model.index(row, COLUMNS.index(name)).data(TIP) for name in ("Held-out Dice", "On disk")]

    assert all("Two networks answer together" in words for words in told(newest))
    assert not any("networks" in words for words in told(newest - 1))


def test_a_round_is_gone_back_to_with_the_mouse_and_after_a_restart_still_is(taught):
    rig = taught
    current = rig.session.current_id
    click(rig, rig.window.training.rounds)
    dialog = rig.window.findChild(RoundsDialog)
    assert dialog.isVisible()
    rig.wait(lambda: rig.session.book.files(2) is not None)
    assert [cell(dialog, number, "State") for number in (4, 3, 2, 1)] == ["in use", "", "best", ""]
    said = dialog.model.index(dialog.model.row_of(2), 1).data(Qt.ItemDataRole.ToolTipRole)
    assert said == "Compared with rounds 1, 3, 4, each on the images kept aside that both were scored on"
    assert not dialog.use.isEnabled(), "it is in use already"
    pick(rig, dialog, 2)
    click(rig, dialog.use)
    rig.wait(lambda: cell(dialog, 2, "State") == "in use")
    rig.wait(lambda: rig.session.document.prediction_round == 2)
    rig.settle()
    assert "Round 2 is in use" in dialog.said.full()
    assert "Round 2 is in use" in rig.window.canvas_banner.message.sentence
    assert rig.window.training.values["dice"].text().startswith(cell(dialog, 2, "Held-out Dice"))
    rig.window.close()
    rig.window.deleteLater()
    rig.open_window()
    rig.studio.open_project(rig.folder / "test.segstudio")
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    assert rig.session.current_id == current
    assert rig.session.book.in_use == rig.session.predictor.round == 2


def test_approved_masks_stay_as_they_were_when_a_round_is_gone_back_to(taught):
    rig = taught
    rig.open(0)
    before = rig.mask().copy()
    dialog = open_rounds(rig)
    pick(rig, dialog, 1)
    click(rig, dialog.use)
    rig.wait(lambda: cell(dialog, 1, "State") == "in use")
    rig.settle()
    assert (rig.mask() == before).all()
    assert rig.session.records[0].state is ImageState.APPROVED


def test_a_note_is_written_with_the_keys(taught):
    rig = taught
    dialog = open_rounds(rig)
    pick(rig, dialog, 3, NOTE)
    rig.key(Key.Key_F2, widget=dialog.table)
    editor = dialog.table.findChild(QLineEdit)
    rig.qtbot.keyClicks(editor, "with hairs")
    learn(rig, 1)  # a round that ends meanwhile takes nobody's words away
    assert cell(dialog, 5, "State") == "in use"
    assert editor.text() == "with hairs"
    rig.key(Key.Key_Return, widget=editor)
    rig.wait(lambda: cell(dialog, 3, "Note") == "with hairs")
    rig.settle()
    assert rig.studio._store.ask(lambda project: project.rounds.list_rounds()[2].note) == "with hairs"


def test_deleting_asks_first_in_the_line_of_buttons(taught):
    rig = taught
    dialog = open_rounds(rig)
    pick(rig, dialog, 3)
    rig.key(Key.Key_Delete, widget=dialog.table)
    assert dialog.question.isVisible()
    assert "round 3" in dialog.question.full()
    assert cell(dialog, 3, "On disk") in dialog.question.full()
    rig.wait(dialog.keep.hasFocus)
    rig.key(Key.Key_Escape, widget=dialog.keep)
    assert dialog.isVisible(), "Esc keeps the round before it closes the table"
    assert dialog.use.isVisible()
    click(rig, dialog.delete)
    click(rig, dialog.confirm)
    rig.settle()
    rig.wait(lambda: cell(dialog, 3, "State") == "deleted")
    assert not weights(rig, 3).exists()
    rig.wait(lambda: "free again" in dialog.said.full())
    rig.wait(lambda: cell(dialog, 3, "On disk") == "–")
    assert cell(dialog, 3, "Held-out Dice") != "–", "its score stays"
    rig.wait(lambda: not dialog.use.isEnabled())
    assert not dialog.delete.isEnabled()
    rig.key(Key.Key_Delete, widget=dialog.table)
    assert not dialog.question.isVisible()
    rig.key(Key.Key_Escape, widget=dialog.table)
    rig.wait(lambda: rig.window.findChild(RoundsDialog) is None)


def test_the_round_in_use_cannot_be_deleted(taught):
    dialog = open_rounds(taught)
    pick(taught, dialog, 4)
    assert not dialog.delete.isEnabled()
    taught.key(Key.Key_Delete, widget=dialog.table)
    assert not dialog.question.isVisible()


def test_old_rounds_are_deleted_at_once(taught):
    rig = taught
    dialog = open_rounds(rig)
    assert dialog.prune.text().startswith("Delete 2 old rounds · ")
    click(rig, dialog.prune)
    click(rig, dialog.confirm)
    rig.settle()
    rig.wait(lambda: cell(dialog, 1, "State") == "deleted")
    assert [weights(rig, number).exists() for number in (1, 2, 3, 4)] == [False, True, False, True]
    rig.wait(lambda: not dialog.prune.isEnabled())


def test_files_that_are_gone_or_damaged_are_shown_and_not_used(taught):
    rig = taught
    weights(rig, 1).unlink()
    weights(rig, 3).write_bytes(b"no weights")
    dialog = open_rounds(rig)
    rig.wait(lambda: cell(dialog, 1, "State") == "file is gone")
    assert cell(dialog, 3, "State") == "file is damaged"
    for number in (1, 3):
        pick(rig, dialog, number)
        assert not dialog.use.isEnabled()
        assert "file is" in dialog.use.toolTip()
    # Damaged only after it was looked at: a sentence, and all stays as it is.
    weights(rig, 2).write_bytes(b"")
    pick(rig, dialog, 2)
    click(rig, dialog.use)
    rig.wait(lambda: "damaged" in dialog.said.full())
    rig.wait(lambda: cell(dialog, 2, "State") == "file is damaged")
    assert rig.session.book.in_use == 4


def test_nothing_is_gone_back_to_while_a_round_is_learned(taught):
    rig = taught
    dialog = open_rounds(rig)
    pick(rig, dialog, 2)
    assert dialog.use.isEnabled()
    rig.hold_rounds = rig.workers[-1].holds_rounds = True
    rig.session.rounds.start()
    rig.wait(lambda: rig.session.rounds.status.phase == "training" and not dialog.use.isEnabled())
    assert "being learned" in dialog.use.toolTip()
    assert dialog.selected == 2, "a new row moves no selection"
    assert cell(dialog, 5, "State") == "learning"
    rig.workers[-1].finish_round()
    rig.hold_rounds = False
    rig.settle()
    rig.wait(lambda: cell(dialog, 5, "State") == "in use")
    assert dialog.use.isEnabled()


def test_two_rounds_are_compared_image_by_image(taught):
    rig = taught
    dialog = open_rounds(rig)
    pick(rig, dialog, 4)
    rig.wait(dialog.compare.isEnabled)
    dialog.compare.menu().aboutToShow.emit()
    offered = dialog.compare.menu().actions()
    assert [action.text().split(",")[0] for action in offered] == ["Round 3", "Round 2", "Round 1"]
    offered[1].trigger()
    shown = dialog.findChild(CompareRounds)
    assert shown.windowTitle() == "Round 2 and round 4"
    before, after = rig.session.book.scores(2), rig.session.book.scores(4)
    changes = [shown.table.item(row, 3).value for row in range(shown.table.rowCount())]
    assert changes == sorted(after[image_id] - before[image_id] for image_id in before)
    assert f"worse on {len(before)}" in shown.summary.text()
    rig.wait(lambda: not shown.table.item(0, 0).icon().isNull())
    # A row that is chosen has its image's own colours.
    seen = [
        shown.table.item(0, 0).icon().pixmap(shown.table.iconSize(), mode).toImage()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected)
    ]
    assert seen[0] == seen[1]
    wanted = shown.comparison.images[0].image_id
    shown.table.setCurrentCell(0, 0)
    rig.key(Key.Key_Return, widget=shown.table)
    rig.wait(lambda: rig.session.current_id == wanted)
    # Both lay over the image.
    assert not shown.isVisible()
    assert not dialog.isVisible()
    rig.wait(rig.window.canvas_banner.action.isVisible)
    rig.window.canvas_banner.action.click()
    rig.qtbot.waitExposed(shown)
    assert dialog.isVisible()
    # By name, with the mouse on the header.
    header = shown.table.horizontalHeader()
    rig.qtbot.mouseClick(header.viewport(), LEFT, pos=QPoint(header.sectionPosition(0) + 20, header.height() // 2))
    names = [shown.table.item(row, 0).text() for row in range(shown.table.rowCount())]
    assert names == sorted(names) or names == sorted(names, reverse=True)


def test_one_image_is_no_plural():
    assert change_words(compare({1: 0.5}, {1: 0.75})) == "Better on 1, worse on 0, the same on 0 of 1 image."
    assert "of 2 images. Mean 0.500 to 0.750" in change_words(compare({1: 0.5, 2: 0.5}, {1: 0.75, 2: 0.75}))


def test_the_table_goes_with_its_project_and_opens_once(taught):
    rig = taught
    dialog = open_rounds(rig)
    rig.window.commands.show_rounds()
    assert len(rig.window.findChildren(RoundsDialog)) == 1
    dialog._open_comparison(1, 2)
    for window in (dialog, dialog.findChild(CompareRounds)):
        window.hide()
    rig.studio.close_project()
    rig.wait(lambda: not rig.window.findChildren(RoundsDialog) and not rig.window.findChildren(CompareRounds))


def test_a_project_without_rounds_has_a_table_too(rig):
    rig.new_project()
    rig.key(Key.Key_T, CTRL_SHIFT)
    dialog = rig.window.findChild(RoundsDialog)
    assert dialog.model.rowCount() == 0
    assert not any(button.isEnabled() for button in (dialog.use, dialog.compare, dialog.delete, dialog.prune))
    assert all(chart.lack.isVisible() for chart in dialog.charts)
    dialog.close()


def test_a_second_of_learning_looks_through_few_of_hundreds_of_rounds(taught, monkeypatch):
    rig = taught
    last = rig.session.book.records[-1]
    rig.session.book.records += [replace(last, number=number) for number in range(last.number + 1, 300)]
    asked: set[int] = set()
    data = RoundsModel.data
    monkeypatch.setattr(
        RoundsModel, "data", lambda model, index, role=0: asked.add(index.row()) or data(model, index, role)
    )
    dialog = open_rounds(rig)
    rig.settle()
    asked.clear()
    dialog.model.refresh()
    QApplication.sendPostedEvents()
    QApplication.processEvents()
    assert dialog.model.rowCount() == 299
    assert 0 < len(asked) < 60


def test_a_comparison_goes_with_the_table_of_rounds_and_hears_of_nothing_any_more(taught):
    rig = taught
    dialog = open_rounds(rig)
    listeners = len(rig.studio._broadcaster._listeners)
    dialog._open_comparison(1, 2)
    dialog.close()
    rig.wait(lambda: rig.window.findChild(RoundsDialog) is None)
    assert len(rig.studio._broadcaster._listeners) == listeners - 1
    approve(rig, 1)
