"""The welcome page lists recent projects at once, and learns later which are gone."""

import json

from PySide6.QtWidgets import QPushButton

from tests.ui.conftest import WindowRig


def test_a_project_that_is_gone_leaves_the_welcome_page(qtbot, theme, tmp_path):
    (tmp_path / "there.segstudio").mkdir()
    kept = [str(tmp_path / name) for name in ("gone.segstudio", "there.segstudio")]
    (tmp_path / "settings.json").write_text(json.dumps({"recent": kept}))
    rig = WindowRig(qtbot, theme, tmp_path)

    def listed() -> list[str]:
        buttons = rig.window.welcome.findChildren(QPushButton, "recent")
        return [button.accessibleName() for button in buttons]

    assert listed() == ["Open gone", "Open there"]
    rig.wait(lambda: listed() == ["Open there"])
    rig.window._recent_menu.aboutToShow.emit()
    assert [action.text() for action in rig.window._recent_menu.actions()] == ["there"]
    rig.end()
