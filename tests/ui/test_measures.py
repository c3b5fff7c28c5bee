"""Measures in the window: the section, the lines on the image, the scale by a ruler, with real events."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QLineF, QPoint, QPointF, Qt

from segstudio.app.measure_words import value_words
from segstudio.app.measures import BY_KEY, Picture, measure_picture
from segstudio.app.measuring import Measuring
from segstudio.app.tools.ruler import RulerTool
from segstudio.domain.calibration import Calibration
from segstudio.domain.measure import Span
from segstudio.domain.segments import ClassSpec, SegmentTable
from segstudio.imaging.cv import cv2
from segstudio.ui.canvas.measure_lines import MeasureDrawing
from segstudio.ui.dialogs.scale import ScaleDialog


@pytest.fixture
def measuring_rig(rig):
    rig.new_project(2)
    rig.window.measures.fold(False)
    rig.wait(lambda: not rig.session.measuring.busy)
    return rig


def measured(rig) -> Measuring:
    rig.wait(lambda: not rig.session.measuring.busy)
    return rig.session.measuring


def shown(rig, key: str) -> str:
    return rig.window.measures.rows[key].value.text()


def stroke(rig, *points) -> None:
    rig.drag(points)
    rig.settle()
    measured(rig)


def test_folded_at_first_and_then_nothing_is_measured(rig):
    rig.new_project(2)
    assert rig.window.measures.folded
    rig.drag([(20, 20), (40, 30)])
    rig.settle()
    assert not rig.session.measuring.busy
    assert rig.session.measuring.result is None


def test_each_stroke_is_measured(measuring_rig):
    rig = measuring_rig
    assert rig.window.measures.of.full() == "Nothing is in the mask yet"
    stroke(rig, (20, 20), (40, 30))
    first = measured(rig).result.rows[0].values["area"]
    assert first == np.count_nonzero(rig.mask())
    rig.wait(lambda: shown(rig, "area") == f"{first:.0f} px²")
    stroke(rig, (60, 50), (80, 50))
    second = measured(rig).result.rows[0]
    assert second.values["area"] == np.count_nonzero(rig.mask()) > first
    rig.wait(lambda: shown(rig, "parts") == f"{second.values['parts']:.0f}")
    rig.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    rig.wait(lambda: shown(rig, "area") == f"{first:.0f} px²")


def test_another_image_has_its_own(measuring_rig):
    rig = measuring_rig
    stroke(rig, (20, 20), (40, 30))
    rig.open(1)
    measured(rig)
    rig.wait(lambda: shown(rig, "area") == "")
    rig.open(0)
    rig.wait(lambda: shown(rig, "area").endswith("px²"))


def test_lesions_are_measured_where_classes_are_called_so_or_somebody_asks(measuring_rig):
    rig, dock = measuring_rig, measuring_rig.window.measures
    stroke(rig, (20, 20), (40, 30))
    assert measured(rig).result.rows[0].lesion is not None
    rig.wait(lambda: dock.rows["fractal_dimension"].value.text() != "")
    assert dock.rows["fractal_dimension"].value.isVisibleTo(dock)
    assert dock.about.isVisibleTo(dock)
    dock.lesions.box.click()
    rig.wait(lambda: measured(rig).result.rows[0].lesion is None)
    rig.wait(lambda: not dock.rows["fractal_dimension"].value.isVisibleTo(dock))
    folder = rig.session.folder
    assert rig.studio.close_project()
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)
    assert not rig.session.measuring.lesions


def test_the_unfolded_section_is_remembered(measuring_rig):
    rig = measuring_rig
    rig.window.close()
    window = rig.open_window()
    assert not window.measures.folded


def test_lines_are_drawn_and_taken_away_by_a_key(measuring_rig):
    rig = measuring_rig
    stroke(rig, (20, 20), (60, 40))
    before = rig.canvas.grab().toImage()
    rig.key(Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    rig.wait(lambda: rig.canvas.grab().toImage() != before)
    assert rig.window.measures.lines.box.isChecked()
    rig.key(Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    rig.wait(lambda: rig.canvas.grab().toImage() == before)


def test_the_words_of_one_diameter_never_lie_over_those_of_the_other():
    disc = np.zeros((300, 300), np.uint16)
    cv2.circle(disc, (150, 150), 120, 1, -1)
    picture = Picture(np.zeros((300, 300, 3), np.uint8), disc, None, None)
    (row,) = measure_picture(picture, SegmentTable.for_classes([ClassSpec(1, "lesion", (0, 114, 178))]), lesions=False)

    def across(angle: int, length: float) -> Span:
        x, y = (length / 2 * turn(math.radians(angle)) for turn in (math.cos, math.sin))
        return Span(length, (150 - x, 150 - y), (150 + x, 150 + y))

    for angle in range(0, 360, 5):
        shape = replace(row.shape, max_diameter=across(50, 240), min_diameter=across(angle, 230))
        shorter, longer = MeasureDrawing.of(replace(row, shape=shape), QPointF, None).notes
        assert longer.words == value_words(row, BY_KEY["max_diameter"], None)
        assert QLineF(shorter.at, longer.at).length() > 70, f"at {angle} degrees"


def test_lines_alone_are_measured_too(rig):
    rig.new_project(2)
    rig.window.seeing.set(measures=True)
    stroke(rig, (20, 20), (60, 40))
    assert measured(rig).result is not None


def draw_ruler(rig, start, end) -> ScaleDialog:
    rig.window.actions_table.by_id["draw_ruler"].trigger()
    assert isinstance(rig.editor.tool, RulerTool)
    before = set(rig.window.findChildren(ScaleDialog))
    rig.drag([start, end])
    rig.wait(lambda: bool(set(rig.window.findChildren(ScaleDialog)) - before))
    return (set(rig.window.findChildren(ScaleDialog)) - before).pop()


def test_a_ruler_is_not_said_to_change_nothing(measuring_rig):
    rig, bar = measuring_rig, measuring_rig.window.proposal_bar
    dialog = draw_ruler(rig, (10, 10), (50, 40))
    assert bar.isVisible()
    assert (bar.state.text(), bar.apply_button.isVisible(), bar.drop_button.isVisible()) == ("", False, True)
    dialog.reject()


def test_a_ruler_is_drawn_on_the_image(measuring_rig):
    rig = measuring_rig
    mask = rig.mask()
    dialog = draw_ruler(rig, (10, 10), (50, 40))
    assert dialog.pixels.value() == pytest.approx(50, abs=1.5)
    assert dialog.for_image.isChecked()
    dialog.millimetres.setValue(5)
    length = dialog.pixels.value()
    rig.qtbot.mouseClick(dialog.keep, Qt.MouseButton.LeftButton)
    first = rig.session.records[0].id
    assert rig.session.scale.of(first) == Calibration(pytest.approx(5 / length), "ruler")
    assert not rig.editor.proposing
    assert np.array_equal(rig.mask(), mask)
    assert rig.session.document.history.done == []
    rig.wait(lambda: "by the ruler drawn on this image" in rig.window.measures.scale.full())
    stroke(rig, (20, 20), (40, 30))
    rig.wait(lambda: shown(rig, "max_diameter").endswith(" mm"))
    rig.open(1)
    assert rig.session.scale.mm_per_px is None
    folder = rig.session.folder
    rig.settle()
    assert rig.studio.close_project()
    rig.studio.open_project(folder)
    rig.wait(lambda: rig.studio.session is not None)
    assert rig.session.scale.of(first).source == "ruler"


def test_a_ruler_can_count_for_all_images_and_be_forgotten(measuring_rig):
    rig = measuring_rig
    dialog = draw_ruler(rig, (10, 10), (50, 10))
    dialog.millimetres.setValue(8)
    dialog.for_project.click()
    dialog.keep.click()
    assert rig.session.scale.project == pytest.approx(0.2, rel=0.05)
    assert rig.session.scale.of(rig.session.records[1].id).source == "project"
    rig.window.commands.set_scale()
    dialog = rig.window.findChildren(ScaleDialog)[-1]
    dialog.forget.click()
    assert rig.session.scale.mm_per_px is None


def test_an_image_with_a_scale_of_its_own_is_asked_about_that_one(measuring_rig):
    rig = measuring_rig
    rig.session.scale.set(0.05)
    rig.session.scale.set_image(rig.session.records[0].id, 0.02)
    rig.window.commands.set_scale()
    dialog = rig.window.findChildren(ScaleDialog)[-1]
    assert dialog.for_image.isChecked()
    assert dialog.mm_per_px == pytest.approx(0.02)
    dialog.millimetres.setValue(30)
    dialog.keep.click()
    assert rig.session.scale.now == Calibration(pytest.approx(0.03), "ruler")
    assert rig.session.scale.project == 0.05
    rig.open(1)
    rig.window.commands.set_scale()
    dialog = rig.window.findChildren(ScaleDialog)[-1]
    assert dialog.for_project.isChecked()
    assert dialog.mm_per_px == pytest.approx(0.05)
    dialog.reject()


def test_what_is_not_measured_leaves_no_gap(measuring_rig):
    rig, dock = measuring_rig, measuring_rig.window.measures
    stroke(rig, (20, 20), (60, 40))
    rig.wait(lambda: bool(shown(rig, "parts")))

    def below(key: str) -> int:
        last = dock.rows[key].name
        return dock.lines.mapTo(dock, QPoint(0, 0)).y() - last.mapTo(dock, QPoint(0, last.height())).y()

    assert dock.lesions.box.isChecked()
    usual = below("color_black")
    dock.lesions.box.click()
    rig.wait(lambda: not dock.bar.isVisible())
    rig.wait(lambda: below("parts") == usual)


def test_on_a_laptop_what_to_do_has_room_also_where_there_is_a_scale(measuring_rig):
    rig, bar = measuring_rig, measuring_rig.window.status
    rig.session.scale.set(0.02)
    rig.window.resize(1366, 700)
    rig.wait(lambda: bar.width() == 1366 and bar.millimetres.isVisible())
    assert not bar.values.isVisible(), "else the longest hint is cut by some 25 pixels"
    rig.session.scale.set(None)
    rig.wait(bar.values.isVisible)


def test_a_click_draws_no_ruler_and_escape_ends_it(measuring_rig):
    rig = measuring_rig
    rig.window.actions_table.by_id["draw_ruler"].trigger()
    rig.drag([(30, 30)])
    assert rig.window.findChild(ScaleDialog) is None
    assert not rig.editor.busy
    rig.key(Qt.Key.Key_Escape)
    assert not rig.editor.proposing


def test_cancelling_leaves_nothing_behind(measuring_rig):
    rig = measuring_rig
    dialog = draw_ruler(rig, (10, 10), (50, 40))
    dialog.reject()
    assert not rig.editor.proposing
    assert rig.session.scale.mm_per_px is None
    assert math.isclose(dialog.mm_per_px, 0)


def test_rulers_and_numbers_follow_the_image_s_own_scale(measuring_rig):
    rig = measuring_rig
    rig.session.scale.set_image(rig.session.records[0].id, 0.1)
    rig.wait(lambda: rig.window.stage.unit.text() == "mm")
    rig.open(1)
    rig.wait(lambda: rig.window.stage.unit.text() == "px")
    rig.open(0)
    rig.wait(lambda: rig.window.stage.unit.text() == "mm")


def test_painting_never_waits_for_measures(measuring_rig, monkeypatch):
    import threading

    from segstudio.app import measuring

    held, real = threading.Event(), measuring.measure_picture

    def slow(*arguments):
        held.wait(10)
        return real(*arguments)

    monkeypatch.setattr(measuring, "measure_picture", slow)
    rig = measuring_rig
    rig.drag([(20, 20), (40, 30)])
    rig.wait(lambda: rig.session.measuring.busy)
    rig.drag([(60, 20), (70, 30)])
    assert rig.session.measuring.busy
    assert np.count_nonzero(rig.mask()) > 0
    held.set()
    painted = np.count_nonzero(rig.mask())
    rig.wait(lambda: rig.session.measuring.result is not None and not rig.session.measuring.busy)
    rig.wait(lambda: rig.session.measuring.result.rows[0].values["area"] == painted)
