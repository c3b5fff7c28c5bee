"""The export dialog offers each format and says what it writes."""

import json
import os

from PySide6.QtCore import Qt

from segstudio.formats.export_formats import FORMATS
from segstudio.ui.dialogs.export import ExportDialog

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
