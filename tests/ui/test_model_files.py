"""File > Import model and Export model, by the menu."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog


def choose(rig, text: str, path: Path) -> None:
    """Answer the file dialog of an entry of the File menu."""
    menu = next(action.menu() for action in rig.window.menuBar().actions() if action.text() == "&File")
    menu.aboutToShow.emit()
    action = next(action for action in menu.actions() if action.text() == text)
    assert action.isEnabled()
    action.trigger()
    dialog = rig.window.findChild(QFileDialog)
    dialog.fileSelected.emit(str(path))
    dialog.close()


def said(rig) -> str:
    message = rig.window.canvas_banner.message
    return "" if message is None else message.sentence


def done(rig) -> None:
    rig.qtbot.waitUntil(lambda: not rig.session.exchange.busy, timeout=90_000)


def test_a_model_comes_in_and_leaves_by_the_menu(rig, models, tmp_path):
    rig.new_project(3)
    export = rig.window.actions_table.by_id["export_model"]
    assert not export.isEnabled(), "there is no model yet"
    choose(rig, "Import model…", models["one"])
    assert rig.session.exchange.busy
    done(rig)
    rig.wait(lambda: rig.session.book.in_use == 1)
    rig.wait(lambda: "imported model" in said(rig))
    choose(rig, "Export model…", tmp_path / "mine.safetensors")
    rig.wait(lambda: (tmp_path / "mine.md").exists() and "was written to" in said(rig))
    assert (tmp_path / "mine.safetensors").read_bytes() == models["one"].read_bytes()


def test_a_model_of_other_classes_is_refused_in_the_window(rig, models):
    rig.new_project(3)
    choose(rig, "Import model…", models["two"])
    done(rig)
    rig.wait(lambda: "knows other classes" in said(rig))
    assert rig.session.rounds.records == []
