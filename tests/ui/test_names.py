"""Names that look like markup, or have an ampersand, are shown as they were typed wherever a name is shown."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QWidget

from segstudio.app.new_project import NewProject
from segstudio.formats.dataset import FoundImage
from segstudio.ui.widgets import ElidedLabel, as_typed, without_key
from tests.helpers.studios import write_images

CLASS, IMAGE, READER = "<b>arm & leg", "<i>one & only.png", "<u>A & B"


@pytest.fixture
def named(rig):
    images = write_images(rig.folder / "images", 2)
    images[0] = images[0].rename(images[0].with_name(IMAGE))
    found = tuple(FoundImage(path, None) for path in images)
    rig.studio.new_project(NewProject(rig.folder / "<s>R&D.segstudio", found, (CLASS,), "none"))
    rig.wait(lambda: rig.studio.session is not None)
    rig.settle()
    rig.window.learning.show_reader(READER)
    return rig


def read(tip: str) -> str:
    """What a tooltip shows: Qt takes it for markup if its first line has a tag that it knows."""
    document = QTextDocument()
    document.setHtml(tip)
    return document.toPlainText()


def test_tooltips_show_names_as_they_were_typed(named):
    window = named.window
    tips = [widget.toolTip() for widget in window.findChildren(QWidget) if "<" in widget.toolTip()]
    shown = "\n".join(read(tip) for tip in tips)
    assert f"Paint {CLASS} (1)" in shown
    assert READER in shown
    row = window.images.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert IMAGE in read(row)
    assert "\n" in read(row), "the lines stay lines"
    cut = ElidedLabel(f"{CLASS} {IMAGE}")
    named.qtbot.addWidget(cut)
    cut.resize(30, 20)
    cut.show()
    assert read(cut.toolTip()) == f"{CLASS} {IMAGE}"


def test_menus_and_buttons_show_an_ampersand_that_is_in_a_name(named):
    window = named.window
    assert window.actions_table.by_id["segment_1"].text() == without_key(CLASS)
    assert window.learning.reader.text() == without_key(f"Reader: {READER}")
    window._fill_recent()
    assert without_key("<s>R&D") in [action.text() for action in window._recent_menu.actions()]


@pytest.mark.parametrize("words", ["a plain name", "5 & 6", "two\nlines"])
def test_other_words_are_left_alone(words):
    assert as_typed(words) == words
