"""What the actions about measures do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from segstudio.app.tools.ruler import RulerTool
from segstudio.ui.dialogs.scale import ScaleDialog
from segstudio.ui.docks.image_model import ID

if TYPE_CHECKING:
    from segstudio.ui.commands import Commands


class MeasureCommands:
    """Nothing here blocks: a dialog is opened and answers by a signal."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def set_scale(self, ruler: float | None = None) -> None:
        """Ask how large a pixel is; ``ruler`` is the length in pixels of a line drawn on the image."""
        session = self._commands.studio.session
        if session is not None:
            dialog = ScaleDialog(session, self._commands.theme, self._commands.window, ruler)
            dialog.draw_wanted.connect(self.draw_ruler)
            dialog.open()

    def draw_ruler(self) -> None:
        """Let a line be drawn on the image, and ask how long it is in truth."""
        session = self._commands.studio.session
        if session is not None:
            # Not from within the tool's own call: what the dialog does with the editor comes after it.
            session.editor.propose(RulerTool(lambda length: QTimer.singleShot(0, lambda: self.set_scale(length))))
            self._commands.canvas.setFocus()

    def show_report(self) -> None:
        """Offer to write what is measured as PDF, table or JSON."""
        # Imported here: it is wanted seldom, and the window should not wait for it.
        from segstudio.ui.dialogs.report import ReportDialog

        commands, session = self._commands, self._commands.studio.session
        if session is not None:
            rows = commands.window.images.filtered
            listed = [rows.index(row, 0).data(ID) for row in range(rows.rowCount())]
            ReportDialog(commands.studio, session, commands.settings, commands.theme, commands.window, listed).open()

    def show_visits(self) -> None:
        """Two images of one lesion, and what changed."""
        from segstudio.ui.dialogs.visits import VisitsDialog

        commands, session = self._commands, self._commands.studio.session
        if session is not None:
            VisitsDialog(commands.studio, session, commands.theme, commands.window).show()

    def toggle_dock(self) -> None:
        """Unfold the measures, or fold them."""
        dock = self._commands.window.measures
        dock.fold(not dock.folded)
