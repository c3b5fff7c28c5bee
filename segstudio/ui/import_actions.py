"""What the menu does about data sets."""

from __future__ import annotations

from pathlib import Path

from segstudio.ui.action import Action, with_project
from segstudio.ui.commands import Commands


def show_import(c: Commands, paths: list[Path] | None = None) -> None:
    """Ask what to import, with ``paths`` looked at already; what comes of it is shown before anything is taken."""
    # Imported here: it is wanted seldom, and the window should not wait for it.
    from segstudio.ui.dialogs.import_data import ImportDialog

    session = c.studio.session
    if session is None:
        return
    dialog = ImportDialog(c.studio, session, c.settings, c.theme, c.window)
    dialog.open()
    if paths:
        dialog.take(paths)
    else:
        dialog.ask()


def _undo(c: Commands) -> None:
    if c.studio.session is not None:
        c.studio.session.importer.undo()


def _can_undo(c: Commands) -> bool:
    return c.studio.session is not None and c.studio.session.importer.can_undo


def _words(c: Commands) -> str:
    return "Undo import" if c.studio.session is None else c.studio.session.importer.undo_words


IMPORT_ACTIONS: tuple[Action, ...] = (
    Action("import", "Import data set…", "File", ("Ctrl+Shift+I",), show_import, "folder-plus", with_project),
    Action("undo_import", "Undo import", "File", (), _undo, "", _can_undo, words=_words),
)
