"""Videos and DICOM files in the window: how many frames, what is said of them, and how they join an open project."""

import os

import numpy as np
from PySide6.QtCore import Qt

from segstudio.imaging.reader import read_image
from segstudio.ui.dialogs.import_data import ImportDialog
from segstudio.ui.dialogs.new_project import NewProjectDialog
from tests.formats.test_dicom import write
from tests.formats.test_video import film, pictures

LEFT = Qt.MouseButton.LeftButton


def test_a_video_becomes_a_project_of_as_many_frames_as_one_asks_for(rig):
    frames = pictures(24)
    path = film(rig.folder / "walk.avi", frames, 24)
    rig.window.commands.new_project([path])
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(lambda: "2 images." in dialog.found.text())
    assert dialog.every.isVisible()
    assert dialog.every.value() == 12
    assert dialog.upright.isChecked()
    dialog.classes.setText("person")
    dialog.every.setValue(8)
    assert dialog.every.isVisible(), "it may not go while one changes it"
    rig.wait(lambda: "3 images." in dialog.found.text())
    assert "Every 8th frame of “walk.avi” is taken: 3 of 24" in dialog.notes.text()
    assert dialog.classes.text() == "person"
    if "SEGSTUDIO_SHOTS" in os.environ:
        dialog.grab().save(os.environ["SEGSTUDIO_SHOTS"])
    rig.qtbot.mouseClick(dialog.create_button, LEFT)
    rig.wait(lambda: rig.studio.session is not None and rig.session.document is not None)
    assert [record.name for record in rig.session.records] == [f"walk_frame_{n:06d}.png" for n in (0, 8, 16)]
    np.testing.assert_array_equal(rig.session.document.pixels, frames[0])
    rig.settle()


def test_other_images_have_no_frames_to_choose(rig):
    rig.new_project(2)
    rig.window.commands.new_project([rig.session.records[0].path])
    dialog = rig.window.findChild(NewProjectDialog)
    rig.wait(lambda: "1 image." in dialog.found.text())
    assert not dialog.every.isVisible()


def test_dicom_files_that_are_dropped_on_a_project_are_imported(rig):
    rig.new_project(2)
    ramp = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96)
    path = write(rig.folder / "scan.dcm", ramp, WindowCenter=3000, WindowWidth=1001, PixelSpacing=[0.25, 0.25])
    rig.window.commands.take([path])
    rig.wait(lambda: rig.window.findChild(ImportDialog) is not None)
    dialog = rig.window.findChild(ImportDialog)
    rig.wait(dialog.import_button.isEnabled)
    rig.qtbot.mouseClick(dialog.import_button, LEFT)
    rig.wait(lambda: len(rig.session.records) == 3)
    record = rig.session.records[2]
    assert record.name == "scan.png"
    assert read_image(record.path).window == (2499.5, 3499.5)
    rig.session.open_image(record.id)
    rig.wait(lambda: rig.session.document is not None and rig.session.document.image_id == record.id)
    assert rig.session.document.window == (2499.5, 3499.5)
    rig.wait(lambda: rig.session.scale.mm_per_px == 0.25)
    rig.settle()
