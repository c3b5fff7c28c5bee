"""A second opinion by menu and keys; a file that is missing can be chosen where that is said."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from segstudio.app.new_project import NewProject
from segstudio.formats.dataset import FoundImage
from segstudio.imaging.person import FILE
from tests.helpers.data import data_folder

Key = Qt.Key


def action(rig):
    menu = next(one.menu() for one in rig.window.menuBar().actions() if one.text() == "&Mask")
    return next(one for one in menu.actions() if "second opinion" in one.text().lower())


def test_the_file_is_asked_for_and_the_proposal_comes_and_is_taken(rig, tmp_path):
    rig.settings.set("person_model", str(tmp_path / "gone.tflite"))
    path = sorted((data_folder("ccp") / "images").iterdir())[0]
    rig.studio.new_project(NewProject(tmp_path / "p.segstudio", (FoundImage(path, None),), ("person",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    rig.key(Key.Key_U)
    banner = rig.window.canvas_banner
    rig.wait(banner.isVisible)
    assert "does not come with this program" in banner.sentence.text()
    rig.qtbot.mouseClick(banner.action, Qt.MouseButton.LeftButton)
    dialog = rig.window.findChild(QFileDialog)
    dialog.fileSelected.emit(str(data_folder("models") / FILE))
    dialog.close()
    rig.wait(lambda: rig.session.opinions.shown and not rig.session.editor.computing)
    assert action(rig).text() == "Apply the second opinion"
    rig.wait(lambda: not banner.isVisible())
    rig.window.activateWindow()
    rig.wait(rig.window.isActiveWindow)
    rig.key(Key.Key_Escape)
    assert not rig.session.opinions.shown
    assert not rig.mask().any()
    action(rig).trigger()
    rig.wait(lambda: not rig.session.editor.computing)
    rig.key(Key.Key_U)
    assert rig.mask().any()
    assert not rig.session.editor.proposing


def test_where_nobody_marks_people_it_is_not_offered(rig):
    rig.new_project(1)
    assert not action(rig).isEnabled()
