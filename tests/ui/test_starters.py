"""What a project starts from, in the window: whose mask it is, and the choice in the model settings."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from safetensors.numpy import save_file

from segstudio.app import starters
from segstudio.ui.dialogs.model_settings import ModelSettingsDialog
from segstudio.ui.dialogs.new_project import NewProjectDialog
from segstudio.ui.docks.image_model import describe
from segstudio.ui.header import state_words
from tests.helpers.studios import write_images

pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise|grabbing)", extend=True)


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("lesion", "body"):
        save_file({"w": np.zeros(3, np.float16)}, folder / f"{name}.safetensors")
    monkeypatch.setattr(starters, "models_folder", lambda: folder)


def _choose(rig, title: str) -> str:
    """Choose a starter with the keyboard and press OK; what was said beside it."""
    rig.window.actions_table.by_id["model_settings"].trigger()
    dialog = rig.window.findChild(ModelSettingsDialog)
    rig.wait(dialog.isVisible)
    box = dialog.starter
    wanted = next(index for index in range(box.count()) if box.itemText(index) == title)
    while box.currentIndex() != wanted:
        rig.key(Qt.Key.Key_Down if box.currentIndex() < wanted else Qt.Key.Key_Up, widget=box)
    said = dialog.notice.text()
    rig.qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    rig.wait(lambda: rig.window.findChild(ModelSettingsDialog) is None)
    return said


def test_a_starter_is_chosen_and_the_window_says_whose_mask_it_is(rig):
    session = rig.new_project(3)
    assert "made at once" in _choose(rig, "People")
    rig.wait(lambda: all(record.prediction_round == 0 for record in session.records))
    rig.settle()
    record = session.record(session.current_id)
    assert "starter model" in state_words(session, record)
    assert "round" not in state_words(session, record)
    assert describe(record) == "predicted, starter"
    assert "Masks stay as they are" in _choose(rig, "No starter model")
    rig.wait(lambda: not session.predictor.ready)
    assert describe(session.record(session.current_id)) == "predicted, starter"
    session.review.reject("out of focus")
    assert describe(session.record(record.id)) == "rejected: out of focus"


def test_a_new_project_says_that_a_name_brings_masks_at_once(rig):
    write_images(rig.folder / "some", 2)
    rig.window.commands.new_project([rig.folder / "some"])
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(dialog.create_button.isEnabled)
    assert dialog.classes.text() == "object"
    assert dialog.hint.isVisible()
    for named, told in (("person", False), ("object", True), ("object, hair", False), ("car", False)):
        dialog.classes.setText(named)
        assert dialog.hint.isVisible() == told
    dialog.reject()


def test_dermoscopy_is_called_lesion_so_that_it_is_measured_as_such(rig):
    images = write_images(rig.folder / "some", 3)
    for number, path in enumerate(images[:2]):
        path.rename(path.with_name(f"IMD00{number}.png"))
    rig.window.commands.new_project([rig.folder / "some"])
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(dialog.create_button.isEnabled)
    assert dialog.classes.text() == "lesion"
    dialog.create_button.click()
    rig.wait(lambda: rig.studio.session is not None)
    assert rig.session.measuring.lesions
    rig.settle()


def test_projects_of_several_classes_are_told_why_there_is_no_starter_for_them(rig):
    rig.new_project(2, classes=("lesion", "hair"))
    rig.window.actions_table.by_id["model_settings"].trigger()
    dialog = rig.window.findChild(ModelSettingsDialog)
    rig.wait(dialog.isVisible)
    assert dialog.starter.count() == 1
    assert "one class" in dialog.starter_about.text()
    dialog.reject()
    rig.wait(lambda: rig.window.findChild(ModelSettingsDialog) is None)
