"""Two visits side by side, with real events."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from shiboken6 import isValid

from segstudio.app.new_project import NewProject
from segstudio.formats.dataset import FoundImage
from segstudio.ui.dialogs.visits import VisitsDialog
from segstudio.ui.scroll_part import ScrollBody
from tests.helpers.studios import write_images


@pytest.fixture
def dialog(rig):
    rig.new_project(3)
    for index, radius in ((0, 20), (1, 30)):
        rig.open(index)
        rig.drag([(30, 30), (30 + radius, 36)])
        rig.settle()
    rig.session.scale.set_image(rig.session.records[0].id, 0.1)
    rig.session.scale.set_image(rig.session.records[1].id, 0.2)
    rig.window.actions_table.by_id["visits"].trigger()
    made = rig.window.findChild(VisitsDialog)
    rig.wait(lambda: made.views[1].visit is not None)
    yield made
    if isValid(made):
        made.close()


def words(dialog) -> list[str]:
    return [dialog.table.itemAt(n).widget().text() for n in range(dialog.table.count())]


def test_both_are_shown_with_what_changed(rig, dialog):
    assert [choice.currentIndex() for choice in dialog.choices] == [0, 1]
    shown = words(dialog)
    assert "Area" in shown
    assert any(word.endswith("mm²") and word.startswith("+") for word in shown)
    assert dialog.caution.text() == ""
    assert dialog.scales[0].text().startswith("1 px = 0.1 mm")


@pytest.mark.parametrize("how", ["button", "key"])
def test_it_is_closed_by_a_button_or_a_key(rig, dialog, how):
    assert dialog.close_button.isVisible()
    assert not dialog.close_button.visibleRegion().isEmpty()
    if how == "key":
        rig.key(Qt.Key.Key_Escape, widget=dialog)
    else:
        rig.qtbot.mouseClick(dialog.close_button, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()


def test_they_zoom_and_move_together_at_one_scale(rig, dialog):
    left, right = dialog.views
    assert right.view.scale == pytest.approx(2 * left.view.scale)
    left.zoom_at(1.5, QPointF(40, 40))
    assert right.view.scale == pytest.approx(2 * left.view.scale)
    anchor = dialog.segment_id
    away = [
        (view.middle[0] - view.anchor(anchor)[0]) * size for view, size in zip(dialog.views, (0.1, 0.2), strict=True)
    ]
    assert away[0] == pytest.approx(away[1], abs=0.05)
    before = left.middle
    rig.qtbot.mousePress(right, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    rig.qtbot.mouseMove(right, QPoint(90, 70))
    rig.qtbot.mouseRelease(right, Qt.MouseButton.LeftButton, pos=QPoint(90, 70))
    assert left.middle != before


def test_a_long_name_of_a_file_does_not_widen_the_window(rig):
    images = write_images(rig.folder / "images", 2)
    images[0] = images[0].rename(images[0].with_name(f"{'long' * 40}.png"))
    found = tuple(FoundImage(path, None) for path in images)
    rig.studio.new_project(NewProject(rig.folder / "test.segstudio", found, ("lesion",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    rig.window.actions_table.by_id["visits"].trigger()
    made = rig.window.findChild(VisitsDialog)
    assert made.width() <= made.screen().availableSize().width()
    made.close()


def test_another_patient_s_image_is_not_offered_in_silence(rig):
    images = write_images(rig.folder / "images", 3)
    names = ("Berg_2024.png", "Huber_2024.png", "Huber_2025.png")
    images = [path.rename(path.with_name(name)) for path, name in zip(images, names, strict=True)]
    found = tuple(FoundImage(path, None) for path in images)
    rig.studio.new_project(NewProject(rig.folder / "test.segstudio", found, ("lesion",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    rig.open(1)
    rig.window.actions_table.by_id["visits"].trigger()
    made = rig.window.findChild(VisitsDialog)
    rig.wait(lambda: made.views[1].visit is not None)
    assert [choice.currentText() for choice in made.choices] == ["Huber_2024.png", "Huber_2025.png"]
    assert "one patient" not in made.caution.text()
    made.close()
    rig.open(0)
    rig.window.actions_table.by_id["visits"].trigger()
    made = rig.window.findChildren(VisitsDialog)[-1]
    rig.wait(lambda: "one patient" in made.caution.text())
    made.choices[1].setCurrentIndex(2)
    made.choices[1].activated.emit(2)
    rig.wait(lambda: made.views[1].visit.name == names[2] and "one patient" not in made.caution.text())
    made.close()


def test_on_a_low_screen_nothing_lies_over_the_images(rig, dialog):
    dialog.resize(837, 345)
    rig.wait(lambda: dialog.size().toTuple() == (837, 345))
    for view, scale in zip(dialog.views, dialog.scales, strict=True):
        assert view.geometry().bottom() < scale.geometry().top()
    area = dialog.findChild(ScrollBody)
    assert max(scale.geometry().bottom() for scale in dialog.scales) < area.geometry().top()
    assert area.geometry().bottom() < dialog.height()
    assert area.verticalScrollBar().maximum() > 0
    assert dialog.caution.height() >= dialog.caution.heightForWidth(dialog.caution.width())


def test_swapping_turns_the_change_round(rig, dialog):
    before = dialog.views[0].visit.name
    rig.qtbot.mouseClick(dialog.swap, Qt.MouseButton.LeftButton)
    rig.wait(lambda: dialog.views[1].visit.name == before)
    assert any(word.startswith("−") and word.endswith("mm²") for word in words(dialog))


def test_a_scale_that_is_taken_away_brings_the_caution(rig, dialog):
    rig.session.scale.set_image(rig.session.records[1].id, None)
    rig.wait(lambda: "No scale is set for the later image" in dialog.caution.text())
    assert any(word.endswith("px²") for word in words(dialog))


def test_that_it_is_measuring_is_no_trouble(rig, dialog):
    dialog.choices[1].activated.emit(1)
    assert (dialog.caution.text(), dialog.caution.property("tone")) == ("Measuring…", "muted")
    rig.session.scale.set_image(rig.session.records[1].id, None)
    rig.wait(lambda: "No scale is set for the later image" in dialog.caution.text())
    assert dialog.caution.property("tone") == "bad"


def test_an_image_without_a_mask_says_so(rig, dialog):
    dialog.choices[1].setCurrentIndex(2)
    dialog.choices[1].activated.emit(2)
    rig.wait(lambda: words(dialog) == ["There is nothing in one of the masks yet."])
    before = dialog.views[0].grab().toImage()
    dialog.lines.box.click()
    assert dialog.views[0].grab().toImage() != before


def test_of_several_segments_it_is_said_which_one_is_compared_and_only_it_is_measured(rig):
    rig.new_project(2, ("mole", "hair"))
    for index in (0, 1):
        rig.open(index)
        for number, y in ((1, 20), (2, 50)):
            rig.session.editor.set_active_segment(number)
            rig.drag([(30, y), (50, y)])
        rig.settle()
    rig.window.actions_table.by_id["visits"].trigger()
    made = rig.window.findChild(VisitsDialog)
    rig.wait(lambda: made.views[1].visit is not None)
    assert made.table.itemAtPosition(0, 0).widget().full() == "hair"
    assert [len(view.visit.rows) for view in made.views] == [2, 2]
    assert [view.compared for view in made.views] == [2, 2]
    made.close()
