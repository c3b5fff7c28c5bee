"""The export dialog offers each format and says what it writes."""

import json
import os
import threading

import pytest
from PySide6.QtCore import Qt

from segstudio.app import exporter
from segstudio.app.new_project import NewProject
from segstudio.formats.dataset import FoundImage
from segstudio.formats.export_formats import FORMATS
from segstudio.ui.dialogs.export import ExportDialog
from segstudio.ui.dialogs.new_project import NewProjectDialog
from segstudio.ui.dialogs.report import ReportDialog
from tests.helpers.studios import write_images

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


def test_each_format_can_be_chosen_and_is_written(rig):
    rig.new_project()
    rig.drag([(20, 20), (50, 20)])
    rig.key(Key.Key_A)
    rig.settle()
    rig.window.commands.export_masks()
    dialog = rig.window.findChild(ExportDialog)
    said = []
    for place, known in enumerate(FORMATS):
        dialog.format.setCurrentIndex(place)
        said.append(dialog.about.text())
        assert dialog.format.currentData() is known
    assert len(set(said)) == len(FORMATS)
    assert "0 and 255" in said[0]
    if "SEGSTUDIO_SHOTS" in os.environ:
        rig.qtbot.wait(50)
        dialog.grab().save(os.environ["SEGSTUDIO_SHOTS"])
    dialog.format.setCurrentIndex([known.key for known in FORMATS].index("coco"))
    dialog.folder.setText(str(rig.folder / "out"))
    rig.qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    rig.wait(lambda: (rig.folder / "out" / "instances.json").is_file())
    rig.wait(lambda: not rig.session.exporter.busy)
    content = json.loads((rig.folder / "out" / "instances.json").read_text())
    assert [row["file_name"] for row in content["images"]] == ["image_00.png"]
    assert len(content["annotations"]) == 1
    rig.wait(rig.window.canvas_banner.action.isVisible)
    assert rig.window.canvas_banner.message.place == rig.folder / "out"


@pytest.mark.parametrize(
    ("known", "offered"),
    [({}, False), ({"Diagnosis": "nevus"}, False), ({"patient": ""}, False), ({"patient": "7"}, True)],
)
def test_who_images_are_of_is_offered_only_where_that_is_known(rig, known, offered):
    images = write_images(rig.folder / "images", 2)
    found = tuple(FoundImage(path, None, attributes=known) for path in images)
    rig.studio.new_project(NewProject(rig.folder / "test.segstudio", found, ("lesion",), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    rig.window.commands.export_masks()
    dialog = rig.window.findChild(ExportDialog)
    assert not dialog.identifiers.isEnabled()
    looked = []
    rig.session.attributes.look_up(len, looked.append)
    rig.wait(lambda: looked == [2 if known else 0])
    assert dialog.identifiers.isEnabled() == offered
    assert ("attributes.csv has" in dialog.identifiers.toolTip()) == offered
    dialog.reject()


def test_an_export_is_cancelled_where_its_progress_is_shown(rig, monkeypatch):
    rig.new_project()
    rig.drag([(20, 20), (50, 20)])
    rig.key(Key.Key_A)
    rig.settle()
    status, held = rig.window.status, threading.Event()
    given = exporter.put_one
    monkeypatch.setattr(exporter, "put_one", lambda *args: held.wait(10) and given(*args))
    assert not status.cancel.isVisible()
    rig.session.exporter.export_masks(rig.folder / "out", only_approved=True)
    rig.wait(status.cancel.isVisible)
    rig.wait(lambda: "Exporting 1 of 1" in status.hint.text())
    rig.qtbot.mouseClick(status.cancel, Qt.MouseButton.LeftButton)
    rig.wait(lambda: not status.cancel.isEnabled())
    assert "Cancelling" in status.hint.text()
    held.set()
    rig.wait(lambda: not rig.session.exporter.busy)
    rig.wait(lambda: not status.cancel.isVisible())
    assert not (rig.folder / "out").exists()
    assert "was cancelled" in rig.window.canvas_banner.message.sentence


def test_what_is_typed_for_a_folder_never_fails(rig, monkeypatch):
    """Nobody's home, a name that no disk takes, the top of a drive: a sentence at most, and the window goes on."""
    (rig.folder / "elsewhere").mkdir()
    monkeypatch.chdir(rig.folder / "elsewhere")
    rig.new_project()
    rig.drag([(20, 20), (50, 20)])
    rig.key(Key.Key_A)
    rig.settle()
    for text in ("~nobody-of-that-name/out", "x" * 300):
        rig.window.commands.export_masks()
        dialog = rig.window.findChild(ExportDialog)
        dialog.folder.setText(text)
        rig.qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
        rig.wait(lambda: rig.window.findChild(ExportDialog) is None and not rig.session.exporter.busy)
        rig.window.actions_table.by_id["report"].trigger()
        report = rig.window.findChild(ReportDialog)
        report.folder.setText(text)
        rig.qtbot.mouseClick(report.write, Qt.MouseButton.LeftButton)
        rig.wait(lambda: not rig.session.reporting.busy)
        if (still := rig.window.findChild(ReportDialog)) is not None:
            still.close()
        rig.wait(lambda: rig.window.findChild(ReportDialog) is None)
    rig.window.commands.new_project([rig.folder / "images"])
    new = rig.window.findChild(NewProjectDialog)
    rig.wait(lambda: new.create_button.isEnabled())
    new.folder.setText("/")
    assert not new.create_button.isEnabled()
    new.folder.setText("~nobody-of-that-name/mine")
    rig.qtbot.mouseClick(new.create_button, Qt.MouseButton.LeftButton)
    rig.wait(lambda: rig.studio.session is not None and rig.session.folder.name == "mine.segstudio")
