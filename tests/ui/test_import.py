"""Importing a data set with mouse and keys: what is shown before, how far it is, and taking it back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMenu

from segstudio.domain.annotation import ImageState
from segstudio.ui.dialogs.import_data import LEFT_OUT, ImportDialog
from segstudio.ui.dialogs.new_project import NewProjectDialog
from tests.helpers.data import data_folder
from tests.helpers.studios import write_images

LEFT, Key = Qt.MouseButton.LeftButton, Qt.Key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight images with masks: one has a hole, one another size, one no image; and a picture of superpixels."""
    root = tmp_path / "set"
    images = write_images(tmp_path / "drawn", 8)
    (root / "in").mkdir(parents=True)
    for number, path in enumerate(images):
        name = f"ISIC_{number + 1:07d}"
        path.rename(root / "in" / f"{name}.png")
        mask = np.zeros((64, 96) if number != 5 else (20, 30), np.uint8)
        mask[10:40, 20:60] = 255
        if number == 3:
            mask[15:20, 25:30] = 0
        Image.fromarray(mask).save(root / f"{name}_segmentation.png")
    Image.fromarray(mask).save(root / "ISIC_0000099_segmentation.png")
    Image.fromarray(mask).save(root / "in" / "ISIC_0000001_superpixels.png")
    (root / "metadata.csv").write_text("isic_id,diagnosis\nISIC_0000001,nevus\n")
    return root


def action(rig, text: str):
    menu = next(action.menu() for action in rig.window.menuBar().actions() if action.text() == "&File")
    return next(action for action in menu.actions() if action.text().startswith(text))


def opened(rig, folder: Path, masks_of: str = "lesion") -> ImportDialog:
    """The dialog, as the menu opens it, with a folder chosen by hand."""
    if rig.studio.session is None:
        rig.new_project(1, (masks_of,))
    action(rig, "Import data set").trigger()
    dialog = rig.window.findChild(ImportDialog)
    assert dialog is not None
    files = dialog.findChild(QFileDialog)
    assert files is not None
    files.close()
    files.fileSelected.emit(str(folder))
    rig.wait(dialog.import_button.isEnabled)
    return dialog


def imported(rig, count: int) -> None:
    rig.wait(lambda: len(rig.session.records) == count and rig.session.importer.progress is None)
    rig.settle()


def test_the_preview_says_what_there_is_what_is_odd_and_what_is_left_out(rig, folder):
    dialog = opened(rig, folder)
    assert dialog.found.text() == "ISIC: 8 images, 8 with a mask, 1 with more that is known of them."
    said = dialog.notes.text()
    assert "1 mask belongs to no image" in said
    assert "1 mask can't be taken. The mask “ISIC_0000006_segmentation.png” has 30 × 20 pixels" in said
    assert "“ISIC_0000004_segmentation.png” has a hole" in said
    assert "superpixels" in dialog.skipped.text()
    assert [combo.currentText() for combo in dialog.combos.values()] == ["lesion"]
    assert dialog.import_button.text() == "Import 8 images"
    assert dialog.height() < 640
    dialog.reject()
    assert len(rig.session.records) == 1


def test_importing_with_the_mouse_and_taking_it_back(rig, folder):
    dialog = opened(rig, folder)
    rig.qtbot.mouseClick(dialog.import_button, LEFT)
    imported(rig, 9)
    states = [record.state for record in rig.session.records]
    assert states.count(ImageState.APPROVED) == 7
    rig.open(1)
    rig.wait(lambda: rig.window.segments.attributes.isVisible())
    assert rig.window.segments.attributes.full() == "nevus"
    assert rig.window.segments.attributes.toolTip() == "Diagnosis: nevus"
    rig.open(2)
    rig.wait(lambda: not rig.window.segments.attributes.isVisible())
    undo = action(rig, "Undo import")
    assert undo.isEnabled()
    assert undo.text() == "Undo import of 8 images"
    undo.trigger()
    imported(rig, 1)
    assert not action(rig, "Undo import").isEnabled()
    assert rig.window.images.model.rowCount() == 1


def test_importing_with_the_keyboard_and_other_classes(rig, folder):
    rig.new_project(1, ("hair", "mole"))
    dialog = opened(rig, folder)
    combo = dialog.combos[1]
    assert combo.currentText() == LEFT_OUT
    assert "None of these classes" in dialog.notes.text()
    combo.setFocus()
    rig.key(Key.Key_Down, widget=combo)
    rig.key(Key.Key_Down, widget=combo)
    assert combo.currentText() == "mole"
    rig.key(Key.Key_Return, widget=dialog)
    imported(rig, 9)
    rig.open(1)
    assert set(np.unique(rig.mask())) == {0, 2}


def test_nothing_is_approved_where_no_class_is_taken(rig, folder):
    rig.new_project(1, ("hair", "skin"))
    dialog = opened(rig, folder)
    rig.qtbot.mouseClick(dialog.import_button, LEFT)
    imported(rig, 9)
    assert {record.state for record in rig.session.records} == {ImageState.NEW}


def test_masks_to_compare_with(rig, folder):
    dialog = opened(rig, folder)
    rig.qtbot.mouseClick(dialog.choices.button(1), LEFT, pos=dialog.choices.button(1).rect().center() / 4)
    assert dialog.choices.checkedId() == 1
    rig.qtbot.mouseClick(dialog.import_button, LEFT)
    imported(rig, 9)
    assert {record.state for record in rig.session.records} == {ImageState.NEW}
    assert all(record.truth is not None for record in rig.session.records[1:])


def test_the_bar_shows_how_far_it_is_and_cancels(rig, tmp_path):
    rig.new_project(1)
    root = tmp_path / "many"
    for path in write_images(root / "images", 80):
        (root / "masks").mkdir(exist_ok=True)
        Image.new("L", (96, 64), 255).save(root / "masks" / path.name)
    dialog = opened(rig, root)
    rig.qtbot.mouseClick(dialog.import_button, LEFT)
    bar = rig.window.images.importing
    rig.wait(lambda: bar.isVisible() and bar.text.text().startswith("Importing") and bar.line.fraction > 0)
    rig.drag([(20, 20), (40, 40)])
    rig.qtbot.mouseClick(bar.cancel, LEFT)
    rig.wait(lambda: not bar.isVisible())
    rig.settle()
    assert len(rig.session.records) == 1
    assert rig.mask().any()


def test_a_folder_without_images_is_said_in_a_sentence(rig, tmp_path):
    rig.new_project(1)
    (tmp_path / "empty").mkdir()
    action(rig, "Import data set").trigger()
    dialog = rig.window.findChild(ImportDialog)
    dialog.findChild(QFileDialog).close()
    dialog.take([tmp_path / "empty"])
    rig.wait(lambda: "no images" in dialog.found.text())
    assert not dialog.import_button.isEnabled()
    dialog.reject()


def test_layers_of_masks_can_be_chosen(rig):
    dialog = opened(rig, data_folder("ph2_packed"))
    assert [dialog.layer.itemText(place) for place in range(dialog.layer.count())] == [
        "Lesion",
        "Colours within the lesion",
    ]
    assert len(dialog.combos) == 1
    dialog.layer.setFocus()
    rig.key(Key.Key_Down, widget=dialog.layer)
    assert len(dialog.combos) == 7
    assert "120 images" in dialog.found.text()
    dialog.reject()


def test_the_menu_offers_an_import_only_in_a_project(rig):
    assert not action(rig, "Import data set").isEnabled()
    assert not action(rig, "Undo import").isEnabled()
    assert isinstance(rig.window.menuBar().actions()[0].menu(), QMenu)


def test_rows_that_are_going_can_still_be_painted(rig, folder):
    dialog = opened(rig, folder)
    rig.qtbot.mouseClick(dialog.import_button, LEFT)
    imported(rig, 9)
    # Painted in the turn between: the rows are gone, and the list has not heard of it yet.
    rig.session.catalog.remove({record.id for record in rig.session.records[1:]})
    rig.window.images.view.viewport().repaint()
    model = rig.window.images.model
    assert model.index(8).data() == "ISIC_0000008.png"


def test_one_image_is_told_of_as_one(rig, tmp_path):
    rig.new_project(1)
    only = tmp_path / "only"
    image = write_images(only, 1, (64, 48))[0]
    Image.new("L", (64, 48), 255).save(image.with_name(f"{image.stem}_mask.png"))
    dialog = opened(rig, only)
    assert dialog.import_button.text() == "Import 1 image"
    said = []
    rig.studio.subscribe(lambda changes: said.append(changes.message.sentence if changes.message else ""))
    rig.qtbot.mouseClick(dialog.import_button, LEFT)
    imported(rig, 2)
    rig.wait(lambda: any(one.startswith("1 image imported, 1 mask approved.") for one in said))
    assert action(rig, "Undo import").text() == "Undo import of 1 image"


def test_the_dots_that_cut_what_is_known_of_an_image_are_in_sight(rig):
    rig.new_project(1)
    line = rig.window.segments.attributes
    line.set_full("atypical nevus · symmetric about one axis · " * 9)
    line.show()
    rig.wait(lambda: line.text().endswith("…"))
    assert line.fontMetrics().horizontalAdvance(line.text()) + line.indent() <= line.width()


def test_classes_are_found_by_the_names_that_they_have_now(rig, folder):
    """Two names that were given to each other would otherwise give each class the other's masks."""
    session = rig.new_project(1, ("nevus", "lesion"))
    for segment_id, name in ((1, "tmp"), (2, "nevus"), (1, "lesion")):
        session.change_segment(segment_id, name=name)
    assert [spec.name for spec in session.classes] == ["lesion", "nevus"]
    dialog = opened(rig, folder)
    (combo,) = dialog.combos.values()
    assert [combo.itemText(row) for row in range(combo.count())] == [LEFT_OUT, "lesion", "nevus"]
    assert combo.currentText() == "lesion"
    dialog.import_button.click()
    imported(rig, 9)
    rig.open(1)
    assert set(np.unique(rig.mask())) == {0, 1}
    session.judging.set_judged(1, False)
    rig.wait(lambda: "lesion is not judged" in rig.window.canvas_banner.message.sentence)


def test_a_class_with_a_comma_in_its_name_stays_one_in_a_new_project(rig, tmp_path):
    """As two, it would be neither of them, and its masks would be approved as background."""
    images = write_images(tmp_path / "set" / "images", 2)
    mask = np.zeros((64, 96), np.uint8)
    mask[5:20, 5:40], mask[30:50, 30:60] = 1, 2
    (tmp_path / "set" / "masks").mkdir()
    for path in images:
        Image.fromarray(mask).save(tmp_path / "set" / "masks" / path.name)
    names = {"0": "background", "1": "door, double door", "2": 'wall 5"', "3": '"so, called"'}
    (tmp_path / "set" / "labels.json").write_text(json.dumps(names))
    dialog = NewProjectDialog(rig.studio, rig.settings, rig.theme, rig.window)
    dialog.take([tmp_path / "set"])
    rig.wait(dialog.create_button.isEnabled)
    assert dialog.classes.text().startswith('"door, double door", wall 5", ')
    dialog.accept()
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    assert [spec.name for spec in rig.session.classes] == list(names.values())[1:]
    np.testing.assert_array_equal(rig.mask(), mask)


def test_a_new_project_can_be_of_the_other_masks_that_a_data_set_has(rig, tmp_path):
    """Once made of the lesions it has these images, so the colours could not be imported after them."""
    case = tmp_path / "set" / "IMD001"
    (image,) = write_images(case / "IMD001_Dermoscopic_Image", 1)
    image.rename(image.with_name("IMD001.png"))
    lesion, region = np.zeros((2, 64, 96), np.uint8)
    lesion[10:50, 20:70], region[20:30, 30:50] = 255, 255
    for folder, name, mask in (("lesion", "IMD001_lesion", lesion), ("roi", "IMD001_R1_Label4", region)):
        (case / f"IMD001_{folder}").mkdir()
        Image.fromarray(mask).save(case / f"IMD001_{folder}" / f"{name}.png")
    dialog = NewProjectDialog(rig.studio, rig.settings, rig.theme, rig.window)
    dialog.show()
    dialog.take([tmp_path / "set"])
    rig.wait(dialog.create_button.isEnabled)
    assert dialog.classes.text() == "lesion"
    assert dialog.layer.isVisible()
    dialog.layer.setFocus()
    rig.key(Key.Key_Down, widget=dialog.layer)
    assert dialog.classes.text() == "lesion, white, red, light brown, dark brown, blue-grey, black"
    dialog.choices.button(0).setChecked(True)
    dialog.accept()
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    assert rig.session.records[0].state is ImageState.APPROVED
    np.testing.assert_array_equal(rig.mask(), np.where(region, 5, lesion > 0))


def test_it_is_said_that_what_nobody_judged_becomes_background(rig):
    dialog = opened(rig, data_folder("camvid"), "Road")
    assert "“Unlabelled” left out is background here" in dialog.notes.text()
    dialog.choices.button(1).click()
    assert "left out is background" not in dialog.notes.text()
    dialog.choices.button(0).click()
    assert "“Unlabelled” left out is background here" in dialog.notes.text()
    unlabelled = dialog.combos[12]
    unlabelled.setCurrentIndex(1)
    unlabelled.activated.emit(1)
    assert "left out is background" not in dialog.notes.text()
    dialog.reject()


def test_a_new_project_has_no_two_classes_of_one_name(rig, folder):
    dialog = NewProjectDialog(rig.studio, rig.settings, rig.theme, rig.window)
    dialog.show()
    dialog.take([folder])
    rig.wait(dialog.create_button.isEnabled)
    dialog.classes.setText("nevus, Nevus")
    assert not dialog.create_button.isEnabled()
    assert "“nevus” and “Nevus” differ by capital letters alone" in dialog.notes.text()
    dialog.classes.setText("nevus, glare")
    assert dialog.create_button.isEnabled()
    assert "capital letters" not in dialog.notes.text()
    dialog.reject()


def test_a_new_project_says_that_what_nobody_judged_becomes_background(rig, tmp_path):
    dialog = NewProjectDialog(rig.studio, rig.settings, rig.theme, rig.window)
    dialog.show()
    dialog.take([data_folder("camvid")])
    rig.wait(dialog.create_button.isEnabled)
    assert "left out is background" not in dialog.notes.text()
    dialog.classes.setText("Road, Car")
    dialog.void.clear()
    assert "“Unlabelled” left out is background here" in dialog.notes.text()
    dialog.choices.button(1).click()
    assert "left out is background" not in dialog.notes.text()
    dialog.reject()
