"""Keys as another system has them and writes them."""

from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel

from segstudio.app.changes import Message
from segstudio.app.mask_intake import MaskIntake
from segstudio.ui import keys
from segstudio.ui.action_table import ACTIONS
from segstudio.ui.dialogs.review_settings import ReviewSettingsDialog
from segstudio.ui.dialogs.shortcuts import ShortcutSheet
from segstudio.ui.header import state_wordings
from segstudio.ui.keys import native, sequence


class MacSequence(QKeySequence):
    """Writes itself as it does on a Mac."""

    def toString(self, *_) -> str:
        words = super().toString(QKeySequence.SequenceFormat.PortableText)
        for portable, sign in (("Ctrl+", "⌘"), ("Shift+", "⇧"), ("Alt+", "⌥"), ("Meta+", "⌃")):
            words = words.replace(portable, sign)
        return words


@pytest.fixture
def on_a_mac(monkeypatch):
    monkeypatch.setattr(keys, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(keys, "QKeySequence", MacSequence)


def test_words_stay_as_they_are_where_qt_writes_keys_so():
    for words in ("Ctrl+V pastes it", "straight: Shift+click", "Filter (Ctrl+F)", "nothing of it"):
        assert native(words) == words


def test_keys_in_words_are_written_as_on_the_keyboard(on_a_mac):
    assert native("Ctrl+V pastes it, Ctrl+wheel zooms.") == "⌘V pastes it, ⌘wheel zooms."
    assert native("flips (Ctrl+Shift+F) · straight: Shift+click") == "flips (⌘⇧F) · straight: ⇧click"
    assert native("left + right, CtrlA") == "left + right, CtrlA"


def test_no_key_of_the_table_is_one_that_a_mac_keeps_for_itself(on_a_mac):
    Key, ctrl = Qt.Key, Qt.KeyboardModifier.ControlModifier
    kept = [QKeySequence(ctrl | key) for key in (Key.Key_H, Key.Key_M, Key.Key_Tab, Key.Key_Space, Key.Key_Comma)]
    used = [sequence(key) for row in ACTIONS for key in row.keys]
    assert not [key.toString() for key in used if key in kept]
    assert len({key.toString() for key in used}) == len(used)


def test_the_window_names_keys_as_the_system_does(on_a_mac, rig):
    rig.new_project()
    assert rig.window.images.search.toolTip() == "Filter by name or state (⌘F)"
    versions = rig.window.actions_table.by_id["versions"]
    assert versions.shortcut() == QKeySequence("Meta+H")
    assert versions.toolTip() == "Approved versions (⌃H)"
    rig.window.show_message(Message("Copied it. Ctrl+V pastes it."))
    assert rig.window.canvas_banner.sentence.text() == "Copied it. ⌘V pastes it."
    rig.window.commands.show_shortcuts()
    sheet = rig.window.findChild(ShortcutSheet)
    words = [label.text() for label in sheet.findChildren(type(rig.window.canvas_banner.sentence))]
    assert "⌘wheel" in words
    assert not [word for word in words if "Ctrl" in word]
    sheet.close()


def test_the_bar_and_the_head_of_the_window_name_keys_as_the_system_does(on_a_mac, rig, monkeypatch):
    session = rig.new_project()
    monkeypatch.setattr(MaskIntake, "is_behind", True)
    rig.window.status.show_session(session, "")
    assert "⇧U renews" in rig.window.status.hint.full()
    session.document.veiled = True
    assert "⇧D" in " ".join(state_wordings(session, session.record(session.current_id)))
    session.document.veiled = False
    rig.window.commands.review.show_settings()
    shown = rig.window.findChild(ReviewSettingsDialog)
    words = [label.text() for label in shown.findChildren(QLabel)]
    assert [word for word in words if "⇧D" in word]
    assert not [word for word in words if "Shift" in word]
    shown.close()
