"""What the actions about the audit trail and the approved versions do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.ui.making_way import come_forward

if TYPE_CHECKING:
    from segstudio.ui.commands import Commands


class AuditCommands:
    """Each dialog is there once."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def show_trail(self) -> None:
        """Who did what, when."""
        # Imported here: they are wanted seldom, and the window should not wait for them.
        from segstudio.ui.dialogs.audit import AuditDialog

        c = self._commands
        session = c.studio.session
        shown = c.window.findChild(AuditDialog)
        if shown is not None:
            come_forward(shown)
        elif session is not None:
            AuditDialog(c.studio, session, c.theme, c.window).show()

    def show_versions(self) -> None:
        """The approved masks of the image on the canvas."""
        from segstudio.ui.dialogs.versions import VersionsDialog

        c = self._commands
        session = c.studio.session
        shown = c.window.findChild(VersionsDialog)
        if shown is not None:
            come_forward(shown)
        elif session is not None:
            VersionsDialog(c.studio, session, c.theme, c.window).show()
