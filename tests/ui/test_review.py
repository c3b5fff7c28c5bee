"""A reading session at the window, from first to last: two readers, blind, disagreement, decision."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel

from segstudio.app.audit_check import verify_command
from segstudio.app.changes import Changes
from segstudio.app.new_project import NewProject
from segstudio.domain.agreement import PairScores, agreement
from segstudio.domain.annotation import ImageState
from segstudio.domain.queue import Pick, Reason
from segstudio.domain.review import ReviewSettings, Standing, standing
from segstudio.formats.dataset import FoundImage
from segstudio.ui.dialogs.agreement import AgreementDialog, summary_words
from segstudio.ui.dialogs.reader import ReaderDialog
from segstudio.ui.dialogs.reject import RejectDialog
from segstudio.ui.dialogs.report import make_writers
from segstudio.ui.dialogs.review_settings import ReviewSettingsDialog
from segstudio.ui.docks.image_model import RECORD, describe, fitting, state_wordings
from segstudio.ui.queue_words import short_reason
from segstudio.ui.scroll_part import ScrollBody
from segstudio.ui.theme import TEXT_SMALL, ui_font
from tests.helpers.studios import write_images
from tests.helpers.tampering import meddling

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def dialog(rig, kind):
    rig.wait(lambda: rig.window.findChild(kind) is not None and rig.window.findChild(kind).isVisible())
    return rig.window.findChild(kind)


def test_what_two_readers_come_to_is_told_as_exactly_as_each_image():
    pairs = [PairScores(n, 0.9466, 4.26, 0.9234, 100_000, 100_000 - n, {(1, 1): 9}) for n in (1, 2)]
    said = summary_words(agreement(pairs))
    assert "Dice 0.947 (0.947 to 0.947), HD95 4.3 (4.3 to 4.3) px, kappa 1.000" in said
    assert "area is +0.0 %" in said, "what rounds to nothing is no loss"
    assert "area is −0.1 %" in summary_words(agreement([replace(pair, second_area=99_900) for pair in pairs]))


def gone(rig, kind):
    """A dialog is closed, and the keys belong to the window again."""
    rig.wait(lambda: rig.window.findChild(kind) is None)
    rig.window.activateWindow()
    rig.canvas.setFocus()
    rig.wait(rig.window.isActiveWindow)


def change_reader(rig, name: str):
    """By key, as a reader does who takes the seat of another."""
    before = rig.session
    rig.key(Qt.Key.Key_U, CTRL | SHIFT)
    asked = dialog(rig, ReaderDialog)
    rig.qtbot.keyClicks(asked.names.lineEdit(), name)
    rig.qtbot.keyClick(asked.names.lineEdit(), Qt.Key.Key_Return)
    rig.wait(lambda: rig.studio.session not in (None, before))
    gone(rig, ReaderDialog)
    rig.settle()
    assert rig.session.review.reader == name
    assert name in rig.window.learning.reader.text()


def set_up(rig, **settings):
    """Through the dialog; the project opens anew where other rows may be seen."""
    before = rig.session
    rig.window.commands.review.show_settings()
    shown = dialog(rig, ReviewSettingsDialog)
    if "second" in settings:
        shown.second.setValue(settings["second"])
    if "draw_first" in settings:
        shown.draw_first.setValue(settings["draw_first"])
    if "asks" in settings:
        shown.asks.setChecked(settings["asks"])
    shown.ok.click()
    gone(rig, ReviewSettingsDialog)
    if "second" in settings:
        rig.wait(lambda: rig.studio.session not in (None, before))
    rig.settle()


def read(rig, index: int, *points) -> np.ndarray:
    """Paint a stroke and approve it by key; returns the mask."""
    rig.open(index)
    rig.drag(points)
    mask = rig.mask()
    image_id = rig.session.current_id
    rig.key(Qt.Key.Key_A)
    rig.settle()
    assert rig.session.record(image_id).state.value == "approved"
    return mask


def told(rig) -> str:
    """All that the list and the header say."""
    model = rig.window.images.model
    roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
    rows = [str(model.index(row).data(role)) for row in range(model.rowCount()) for role in roles]
    return "\n".join([*rows, rig.window.header.state.full(), rig.window.images.progress_text.text()])


def test_a_second_reader_is_not_told_which_rounds_mask_an_image_has(rig):
    """What the first has read keeps the mask of a round before."""
    rig.new_project(6)
    for index in range(3):
        read(rig, index, (20, 20), (50, 40))
    rig.wait(lambda: rig.session.records[5].prediction_round == 1)
    rig.settle()
    rig.open(5)
    assert "predicted, round 1" in told(rig)
    assert "model's mask, round 1" in rig.window.header.state.full()
    set_up(rig, second=100)
    change_reader(rig, "Ben")
    rig.open(5)
    rig.settle()
    assert "predicted" in told(rig)
    assert "model" in rig.window.header.state.full()
    assert "round" not in told(rig)
    rig.window.images.search.setText("round 1")
    assert rig.window.images.filtered.rowCount() == 0


def test_two_readers_disagree_and_a_decision_is_made_with_the_keyboard(rig, tmp_path):
    rig.new_project(2)
    set_up(rig, second=100)
    change_reader(rig, "Anna")
    first = read(rig, 0, (20, 20), (50, 40))
    assert standing(rig.session.records[0]) is Standing.NEEDS_SECOND
    assert "needs second reader" in told(rig)
    pixels = rig.canvas.grab().toImage()

    # Ben is told nothing: not by list, header, canvas, undo, difference, comparison or export.
    change_reader(rig, "Ben")
    rig.open(0)
    assert "Anna" not in told(rig)
    assert "approved" not in told(rig).replace("0 of 2 approved", "")
    assert "second" not in told(rig)
    assert not rig.mask().any()
    assert not rig.window.actions_table.by_id["undo"].isEnabled()
    bare = rig.canvas.grab().toImage()
    assert bare != pixels
    rig.window.canvas.show_held("none")
    assert rig.canvas.grab().toImage() == bare
    rig.window.canvas.drop_held("none")
    rig.window.canvas.show_held("difference")
    assert rig.canvas.renderer is not None
    rig.window.canvas.drop_held("difference")
    assert not rig.window.actions_table.by_id["adjudicate"].isEnabled()
    rig.session.exporter.export_masks(tmp_path / "out", only_approved=False)
    rig.wait(lambda: not rig.session.exporter.busy)
    assert all(not np.asarray(Image.open(path)).any() for path in (tmp_path / "out").glob("*.png"))

    second = read(rig, 0, (20, 20), (70, 50))
    assert describe(rig.session.records[0]).startswith("approved, read twice")

    # Both are shown beside each other, one is taken, edited, and approved as the decision.
    rig.key(Qt.Key.Key_R, CTRL | SHIFT)
    shown = dialog(rig, AgreementDialog)
    rig.wait(lambda: shown.table.rowCount() == 1)
    assert "1 image read by two" in shown.summary.text()
    assert [len(shown.table.item(0, column).text().partition(".")[2]) for column in (2, 3, 5)] == [3, 1, 3]
    rig.qtbot.keyClick(shown, Qt.Key.Key_Return)
    gone(rig, AgreementDialog)
    rig.wait(lambda: rig.session.adjudication.dispute is not None)
    rig.settle()
    bar = rig.window.adjudication_bar
    rig.wait(bar.isVisible)
    assert (bar.first.full(), bar.second.full()) == ("Anna", "Ben")
    canvas, height = rig.window.canvas, rig.session.document.height
    assert canvas.to_widget(0, height).y() < bar.y(), "the bar covers nothing of the image"
    there = canvas.to_widget(90.5, 60.5).toPoint()
    assert canvas.grab().toImage().pixelColor(there).name() == "#{:02x}{:02x}{:02x}".format(
        *rig.session.document.pixels[60, 90]
    ), "nor is it dimmed"
    assert np.array_equal(rig.mask(), first)
    rig.key(Qt.Key.Key_F6)
    assert np.array_equal(rig.mask(), second)
    rig.key(Qt.Key.Key_F8)
    rig.wait(lambda: not rig.session.adjudication.busy)
    rig.key(Qt.Key.Key_F7)
    rig.wait(lambda: not rig.session.adjudication.busy)
    decided = rig.mask()
    assert ((decided >= (first & second)) & (decided <= (first | second))).all()
    assert not np.array_equal(decided, first)
    assert not np.array_equal(decided, second)
    rig.key(Qt.Key.Key_A)
    rig.settle()
    record = rig.session.records[0]
    assert standing(record) is Standing.ADJUDICATED
    assert describe(record).startswith("adjudicated by Ben")
    rig.wait(lambda: not bar.isVisible())

    change_reader(rig, "Anna")
    rig.open(0)
    assert canvas.to_widget(0, height).y() + canvas.to_widget(0, 0).y() == pytest.approx(canvas.height(), abs=2)
    assert np.array_equal(rig.mask(), decided)
    assert "Adjudicated by Ben" in rig.window.header.state.full()
    kinds = [(entry.kind, entry.who) for entry in rig.studio._store.ask(lambda project: project.audit.entries())]
    assert ("adjudicate", "Ben") in kinds
    assert ("approved", "Anna") in kinds

    # What was decided is reported, with the head of the trail; the trail is whole, and one altered byte is found.
    paths = {ending: tmp_path / f"report.{ending}" for ending in ("pdf", "json")}
    rig.session.reporting.start([rig.session.records[0].id], False, partial(make_writers, paths, "Noto Sans"))
    rig.wait(lambda: not rig.session.reporting.busy)
    assert paths["pdf"].read_bytes().startswith(b"%PDF")
    report = paths["json"].read_text(encoding="utf-8")
    assert "Ben" in report
    folder = rig.session.folder
    assert rig.studio.close_project()
    words, whole = verify_command(folder)
    assert whole, words
    with meddling(folder) as connection:
        query = "SELECT rowid, CAST(png AS BLOB) FROM versions ORDER BY number DESC LIMIT 1"
        row, png = connection.execute(query).fetchone()
        at = len(png) // 2
        tampered = png[:at] + bytes([png[at] ^ 1]) + png[at + 1 :]
        connection.execute("UPDATE versions SET png = ? WHERE rowid = ?", (tampered, row))
    words, whole = verify_command(folder)
    assert not whole
    assert "image_00.png" in words


def test_a_reader_is_asked_for_before_anything_is_shown(rig):
    rig.new_project(2)
    set_up(rig, asks=True)
    folder = rig.session.folder
    rig.studio.open_project(folder)
    asked = dialog(rig, ReaderDialog)
    assert rig.studio.session is None
    assert asked.names.currentText()
    asked.names.setEditText("  Zoë ")
    asked.ok.click()
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    assert rig.window.learning.reader.text() == "Reader: Zoë"


def test_whoever_does_not_say_who_they_are_sees_nothing(rig):
    rig.new_project(2)
    set_up(rig, asks=True)
    rig.studio.open_project(rig.session.folder)
    dialog(rig, ReaderDialog).reject()
    rig.wait(lambda: not rig.studio.busy)
    assert rig.studio.session is None
    assert rig.window.pages.currentWidget() is rig.window.welcome


def test_an_image_is_rejected_by_two_keys_and_used_again(rig):
    rig.new_project(3)
    rig.key(Qt.Key.Key_R, SHIFT)
    shown = dialog(rig, RejectDialog)
    rig.qtbot.keyClick(shown, Qt.Key.Key_1)
    gone(rig, RejectDialog)
    rig.settle()
    assert describe(rig.session.records[0]) == "rejected: Out of focus"
    assert rig.session.current_id == rig.session.records[1].id
    rig.open(0)
    assert rig.window.header.state.full().startswith("Rejected: Out of focus")
    rig.key(Qt.Key.Key_R, SHIFT)
    assert standing(rig.session.records[0]) is Standing.NEW


def test_a_reason_can_be_typed(rig):
    rig.new_project(2)
    rig.key(Qt.Key.Key_R, SHIFT)
    shown = dialog(rig, RejectDialog)
    assert not shown.ok.isEnabled()
    rig.qtbot.keyClicks(shown.other, "ink 2 marks")
    shown.ok.click()
    gone(rig, RejectDialog)
    assert rig.session.records[0].rejected == "ink 2 marks"


def test_the_list_is_narrowed_to_a_state_and_says_how_many_there_are(rig):
    rig.new_project(3)
    read(rig, 0, (20, 20), (50, 40))
    actions = rig.window.actions_table.by_id
    rig.window.images.states.menu().aboutToShow.emit()
    assert actions["show_approved"].text() == "Approved (1)"
    assert actions["show_new"].text() == "New (2)"
    actions["show_approved"].trigger()
    filtered = rig.window.images.filtered
    assert [filtered.index(row, 0).data(RECORD).id for row in range(filtered.rowCount())] == [rig.session.records[0].id]
    assert rig.window.images.states.toolTip() == "Shown: approved"
    seen = []
    for _ in range(3):
        rig.key(Qt.Key.Key_N, CTRL | SHIFT)
        seen.append(filtered.standing)
    assert seen == [None, Standing.NEW, Standing.APPROVED]


def test_what_leaves_the_state_leaves_the_list_and_opens_nothing(rig):
    rig.new_project(3)
    rig.window.actions_table.by_id["show_new"].trigger()
    rig.open(0)
    rig.drag([(20, 20), (50, 40)])
    rig.wait(lambda: rig.window.images.filtered.rowCount() == 2)
    assert rig.session.current_id == rig.session.records[0].id


def test_nor_does_it_when_its_small_picture_arrives_before_the_list_hears_of_the_stroke(rig):
    session = rig.new_project(3)
    rig.window.actions_table.by_id["show_new"].trigger()
    rig.open(0)
    record = session.records[0]
    session.catalog.replace(replace(record, state=ImageState.IN_PROGRESS))
    rig.window.images.apply(Changes(thumbnails=frozenset({record.id})))
    assert rig.window.images.filtered.rowCount() == 2
    assert session.current_id == record.id


def test_the_model_s_mask_waits_for_the_key(rig):
    rig.new_project(6)
    for index in range(3):
        read(rig, index, (20, 20), (50, 40))
    rig.wait(lambda: rig.session.predictor.round == 1)
    rig.settle()
    set_up(rig, draw_first=100)
    rig.open(4)
    assert "draw first" in rig.window.header.state.full()
    assert not rig.mask().any()
    rig.key(Qt.Key.Key_I)
    assert [words for _, words in rig.canvas.legend.lines] == ["Hidden until you draw a mask of your own"]
    rig.key(Qt.Key.Key_I)
    rig.key(Qt.Key.Key_Q)
    assert "Draw your own mask first" in rig.session.editor.tool_hint
    rig.key(Qt.Key.Key_B)
    rig.key(Qt.Key.Key_D, SHIFT)
    rig.wait(lambda: rig.window.canvas_banner.message is not None)
    assert "Draw your own mask first" in rig.window.canvas_banner.message.sentence
    rig.drag([(20, 20), (50, 40)])
    drawn = rig.mask()
    rig.key(Qt.Key.Key_D, SHIFT)
    rig.settle()
    assert rig.session.document.prediction is not None
    assert np.array_equal(rig.mask(), drawn)
    assert rig.window.header.state.full().endswith("your mask"), "nothing of it is the model's"
    assert not rig.window.actions_table.by_id["reveal"].isEnabled()


def test_the_settings_say_what_follows(rig):
    rig.new_project(2)
    rig.window.commands.review.show_settings()
    shown = dialog(rig, ReviewSettingsDialog)
    assert not shown.sees_model.isEnabled()
    shown.second.setValue(30)
    assert shown.sees_model.isEnabled()
    assert "opens the project anew" in shown.notice.text()
    assert shown.settings == ReviewSettings(second_share=0.3)
    shown.reject()
    gone(rig, ReviewSettingsDialog)
    assert rig.session.review.settings == ReviewSettings()


@pytest.mark.parametrize("name", ["", "   "])
def test_a_reader_has_a_name(rig, name):
    rig.new_project(2)
    rig.key(Qt.Key.Key_U, CTRL | SHIFT)
    asked = dialog(rig, ReaderDialog)
    asked.names.setEditText(name)
    assert not asked.ok.isEnabled()
    asked.reject()
    gone(rig, ReaderDialog)


def test_a_tooltip_tells_how_long_an_image_took(rig):
    rig.new_project(2)
    session = rig.session
    session.viewing.replace(replace(session.records[0], seconds=75.0))
    rows = [rig.window.images.model.index(row).data(Qt.ItemDataRole.ToolTipRole) for row in range(2)]
    assert rows[0].endswith("1:15 minutes of work")
    assert "minutes" not in rows[1]


def test_what_looks_like_markup_in_a_name_is_part_of_it(rig):
    image = write_images(rig.folder / "images", 1)[0]
    odd = image.rename(image.with_name("left <b>arm.png"))
    rig.studio.new_project(NewProject(rig.folder / "odd.segstudio", (FoundImage(odd, None),), ("lesion",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    rig.key(Qt.Key.Key_R, SHIFT)
    shown = dialog(rig, RejectDialog)
    plain = [*shown.findChildren(QLabel), rig.window.header.name, rig.window.canvas_banner.sentence]
    assert any("left <b>arm.png" in one.text() for one in plain)
    assert {one.textFormat() for one in plain} == {Qt.TextFormat.PlainText}
    shown.reject()


@pytest.mark.parametrize(
    "make",
    [
        lambda rig: ReviewSettingsDialog(rig.session.review, rig.theme, rig.window),
        lambda rig: RejectDialog("image " * 30, rig.window),
    ],
)
def test_no_sentence_of_a_dialog_is_cut_on_a_small_screen(rig, make):
    rig.new_project(1)
    shown = make(rig)
    # As Qt does on a screen whose two thirds are no more than this.
    shown.resize(shown.width(), 300)
    shown.open()
    assert shown.height() >= shown.layout().totalHeightForWidth(shown.width())
    shown.reject()


def test_what_the_settings_say_more_makes_room_for_itself(rig):
    rig.new_project(1)
    rig.window.commands.review.show_settings()
    shown = dialog(rig, ReviewSettingsDialog)
    shown.second.setValue(30)
    assert shown.height() >= shown.layout().totalHeightForWidth(shown.width())
    shown.reject()


def test_settings_that_a_low_screen_has_no_room_for_scroll(rig):
    rig.new_project(1)
    rig.window.commands.review.show_settings()
    shown = dialog(rig, ReviewSettingsDialog)
    shown.resize(shown.width(), 360)
    area = shown.findChild(ScrollBody)
    rig.wait(lambda: shown.height() == 360 and area.verticalScrollBar().maximum() > 0)
    sentences = [one for one in shown.findChildren(QLabel) if one.wordWrap()]
    assert sentences
    assert all(one.height() >= one.heightForWidth(one.width()) for one in sentences)
    assert shown.ok.geometry().bottom() < shown.height()
    shown.asks.setFocus()
    rig.key(Qt.Key.Key_Tab, widget=shown.asks)
    rig.key(Qt.Key.Key_Tab, widget=shown.second)
    assert shown.focusWidget() is shown.draw_first
    seen = area.viewport().rect().translated(area.viewport().mapTo(shown, area.viewport().rect().topLeft()))
    assert seen.contains(shown.draw_first.mapTo(shown, shown.draw_first.rect().center()))
    shown.reject()


USUAL_ROOM = 134
"""Px for the words of a row of the list at its usual width."""


def test_the_states_of_images_fit_into_the_list_at_its_usual_width(rig):
    rig.new_project(1)
    record, metrics = rig.session.records[0], QFontMetrics(ui_font(TEXT_SMALL))
    approved = replace(record, state=ImageState.APPROVED, held_out=True)
    for known, told in (
        (replace(approved, second="wanted"), "2nd reader, held out"),
        (replace(approved, second="done"), "read twice, held out"),
        (replace(approved, second=""), "approved, held out"),
        (replace(record, rejected="Hair over the lesion"), "Hair over the lesion"),
    ):
        wordings = state_wordings(known)
        assert wordings[0] == describe(known)
        assert fitting(metrics, wordings, USUAL_ROOM) == told
        assert fitting(metrics, wordings, 400) == describe(known), "where there is room all of it is said"
    for reason in get_args(Reason):
        words = short_reason(Pick(record.id, reason))
        assert metrics.horizontalAdvance(words) <= USUAL_ROOM, words
    assert fitting(metrics, ["adjudicated by somebody", "decided: somebody"], 60).endswith("…")
