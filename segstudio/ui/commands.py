"""What each action does: a line or two that asks the presenter, or a dialog that does."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

import segstudio
from segstudio.app.changes import Message
from segstudio.app.new_project import SUFFIX, Preview
from segstudio.app.session import Session
from segstudio.app.settings import Settings
from segstudio.app.studio import Studio
from segstudio.app.taking_back import undo
from segstudio.app.tools.clean_up import CleanUpProposal
from segstudio.app.tools.model_border import ModelBorder
from segstudio.app.tools.settings import Operation
from segstudio.domain.errors import UserError
from segstudio.domain.queue import Order
from segstudio.ui.approving import hold_up
from segstudio.ui.audit_commands import AuditCommands
from segstudio.ui.dialogs.export import ExportDialog
from segstudio.ui.dialogs.new_project import IMAGE_FILTER, NewProjectDialog
from segstudio.ui.dialogs.shortcuts import ShortcutSheet
from segstudio.ui.making_way import come_forward
from segstudio.ui.measure_commands import MeasureCommands
from segstudio.ui.review_commands import ReviewCommands
from segstudio.ui.theme import Appearance, Theme

if TYPE_CHECKING:
    from segstudio.ui.canvas.canvas import Canvas
    from segstudio.ui.canvas.seeing import Seeing
    from segstudio.ui.main_window import MainWindow


def log_folder() -> Path:
    """Where the log is written."""
    return Path(platformdirs.user_log_dir("segstudio", appauthor=False))


class Commands:
    """Every action's slot. Nothing here blocks: a dialog is opened and answers by a signal."""

    def __init__(self, window: MainWindow, studio: Studio, settings: Settings, theme: Theme) -> None:
        self.window = window
        self.studio = studio
        self.settings = settings
        self.theme = theme
        self.measures = MeasureCommands(self)
        self.audit = AuditCommands(self)
        self.review = ReviewCommands(self)

    @property
    def canvas(self) -> Canvas:
        """The window's canvas."""
        return self.window.canvas

    @property
    def seeing(self) -> Seeing:
        """How image and mask are seen."""
        return self.window.seeing

    # ---- projects ---------------------------------------------------------------------------------------------

    def new_project(self, paths: list[Path] | None = None) -> None:
        """Ask for images, or take ``paths``, and offer to make a project of them."""
        dialog = NewProjectDialog(self.studio, self.settings, self.theme, self.window)
        dialog.open()
        if paths:
            dialog.take(paths)

    def open_project(self) -> None:
        """Ask for a project folder and open it."""
        self._ask_folder("Open project", self.studio.open_project)

    def open_images(self) -> None:
        """Ask for images and offer to make a project of them."""
        self._ask_files("Open images", self.new_project)

    def open_folder(self) -> None:
        """Ask for a folder of images, or a project, and go on from there."""
        self._ask_folder("Open a folder of images", lambda folder: self.take([folder]))

    def take(self, paths: list[Path]) -> None:
        """Files or folders that were dropped or chosen: a project is opened, images make one or join the open one."""
        if len(paths) == 1 and (paths[0].suffix == SUFFIX or os.path.isfile(paths[0] / "project.db")):
            self.studio.open_project(paths[0])
        elif self.studio.session is None:
            self.new_project(paths)
        else:
            session = self.studio.session
            self.studio.look_at(paths, lambda found: self._add_found(session, paths, found))

    def close_project(self) -> None:
        """Back to the welcome page."""
        self.studio.close_project()

    def quit(self) -> None:
        """Close the window; everything is kept."""
        self.window.close()

    def add_images(self) -> None:
        """Ask for more images."""
        self._ask_files("Add images", self.take)

    def relocate(self, image_id: int) -> None:
        """Ask where a missing image is now."""
        session = self.studio.session
        if session is None:
            return
        record = session.record(image_id)
        dialog = QFileDialog(self.window, f"Find {record.name}", str(record.path.parent), IMAGE_FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: session.files.relocate(image_id, Path(path)))
        _open(dialog)

    def export_masks(self) -> None:
        """Offer to write the masks as PNG."""
        if self.studio.session is not None:
            ExportDialog(self.studio.session, self.settings, self.theme, self.window).open()

    # ---- images and masks -------------------------------------------------------------------------------------

    def step(self, by: int) -> None:
        """Next or previous image."""
        if self.studio.session is not None:
            self.studio.session.step(by)

    def next_unapproved(self) -> None:
        """The next image that is not approved."""
        if self.studio.session is not None:
            self.studio.session.open_next_unapproved()

    def approve(self) -> None:
        """Approve what can be seen, and go on."""
        session = self.studio.session
        if session is not None:
            message = hold_up(session, self.canvas)
            if message is None:
                session.approve()
            else:
                self.window.show_message(message)

    def reopen(self) -> None:
        """Take the approval back."""
        if self.studio.session is not None:
            self.studio.session.reopen()

    def undo(self) -> None:
        """Take the last step back."""
        if self.studio.session is not None:
            undo(self.studio.session)

    def redo(self) -> None:
        """Make it again."""
        if self.studio.session is not None:
            self.studio.session.editor.redo()

    def commit(self) -> None:
        """Put what the tool shows into the mask."""
        if self.studio.session is not None:
            self.studio.session.editor.commit()

    def abandon(self) -> None:
        """Drop what the tool shows."""
        if self.studio.session is not None:
            self.studio.session.editor.abandon()

    def step_back(self) -> None:
        """Take the last point of what the tool shows back."""
        if self.studio.session is not None:
            self.studio.session.editor.step_back()

    def copy_segment(self) -> None:
        """Copy the segment in hand."""
        if self.studio.session is not None:
            self.studio.session.clipboard.copy()

    def cut_segment(self) -> None:
        """Copy the segment in hand and erase it."""
        if self.studio.session is not None:
            self.studio.session.clipboard.cut()

    def erase_segment(self) -> None:
        """Erase the segment in hand, or take back a point of what is shown."""
        if self.studio.session is not None:
            self.studio.session.clipboard.erase()

    def copy_all_segments(self) -> None:
        """Copy all that the mask shows."""
        if self.studio.session is not None:
            self.studio.session.clipboard.copy_all()

    def paste_segments(self) -> None:
        """Propose what was copied."""
        if self.studio.session is not None:
            self.studio.session.clipboard.paste()

    def flip(self, *, across: bool) -> None:
        """Flip what is being pasted, or the segment in hand."""
        if self.studio.session is not None:
            self.studio.session.clipboard.flip(across=across)

    def carry(self) -> None:
        """Propose the mask of the earlier frame, or take it."""
        if self.studio.session is not None:
            self.studio.session.carrying.carry()

    def toggle_carrying(self) -> None:
        """Propose masks of earlier frames unasked, or only when asked."""
        if self.studio.session is not None:
            carrying = self.studio.session.carrying
            carrying.set_by_itself(not carrying.by_itself)

    def reset_image(self) -> None:
        """Give the image back to the model."""
        if self.studio.session is not None:
            self.studio.session.reset.image()

    def reset_segment(self) -> None:
        """Give the segment in hand back to the model."""
        if self.studio.session is not None:
            self.studio.session.reset.segment()

    def set_tool(self, name: str) -> None:
        """Take another tool in hand."""
        if self.studio.session is not None:
            self.studio.session.editor.set_tool(name)

    def resize_tool(self, factor: float) -> None:
        """A larger or smaller brush, or whatever the tool in hand has instead."""
        if self.studio.session is not None:
            self.studio.session.editor.resize(factor)

    def move_model_border(self, by: int) -> None:
        """Move the border of the segment in hand a step out (``by`` above 0) or in, by the model's doubt."""
        if self.studio.session is not None:
            editor = self.studio.session.editor
            tool = editor.tool
            if isinstance(tool, ModelBorder):
                editor.act(tool.actions[by > 0])
            else:
                editor.propose(ModelBorder(by))

    def clean_up(self, operation: Operation) -> None:
        """Show what cleaning up would change."""
        if self.studio.session is not None:
            self.studio.session.editor.change_settings(operation=operation)
            self.studio.session.editor.propose(CleanUpProposal())

    def segment_name(self, number: int) -> str:
        """The name of the segment in row ``number``, counted from 1; "" if there is none."""
        session = self.studio.session
        rows = [] if session is None else list(session.table)
        return rows[number - 1].name if number <= len(rows) else ""

    def choose_segment(self, number: int) -> None:
        """Paint the segment in row ``number``, counted from 1, from now on."""
        session = self.studio.session
        if session is not None and self.segment_name(number):
            session.editor.set_active_segment(list(session.table)[number - 1].id)

    def choose_pointed_at(self) -> None:
        """Paint the segment under the pointer from now on; over background, go on with the one in hand."""
        session, segment = self.studio.session, self.canvas.segment_pointed_at
        if session is not None and segment is not None:
            session.editor.set_active_segment(segment.id)

    def toggle_mask(self) -> None:
        """The image with or without its mask."""
        self.canvas.set_mask_shown(not self.canvas.mask_shown)

    def toggle_local_contrast(self) -> None:
        """Even out light and lift what is faint, or not."""
        tone = self.seeing.tone(self.canvas.document)
        self.seeing.set_tone(self.canvas.document, replace(tone, local_contrast=not tone.local_contrast))

    def set_scale(self) -> None:
        """Ask how large a pixel is."""
        self.measures.set_scale()

    # ---- model, look, help ------------------------------------------------------------------------------------

    def train(self) -> None:
        """Start a round."""
        if self.studio.session is not None:
            self.studio.session.rounds.start()

    def stop_training(self) -> None:
        """Give the round up."""
        if self.studio.session is not None:
            self.studio.session.rounds.cancel()

    def set_order(self, order: Order) -> None:
        """Where Approve goes from now on, in this project."""
        if self.studio.session is not None:
            self.studio.session.queue.set_order(order)

    def show_model_settings(self) -> None:
        """How the model learns and predicts."""
        from segstudio.ui.dialogs.model_settings import ModelSettingsDialog

        if self.studio.session is not None:
            ModelSettingsDialog(self.studio.session, self.theme, self.window).open()

    def show_rounds(self) -> None:
        """All rounds, and what can be done with them."""
        # Imported here: it is wanted seldom, and the window should not wait for it.
        from segstudio.ui.dialogs.rounds import RoundsDialog

        session = self.studio.session
        if session is None:
            return
        shown = self.window.findChild(RoundsDialog)
        if shown is None:
            RoundsDialog(self.studio, session, self.theme, self.window).show()
        else:
            come_forward(shown)

    def set_appearance(self, appearance: Appearance) -> None:
        """Light, dark, or as the system is; remembered."""
        self.settings.set("appearance", appearance)
        self.theme.set_appearance(appearance)

    def show_shortcuts(self) -> None:
        """The sheet of all keys, or away with it."""
        shown = self.window.findChild(ShortcutSheet)
        if shown is None:
            ShortcutSheet(self.theme, self.window).show()
        else:
            shown.close()

    def open_log_folder(self) -> None:
        """Show the log in the file manager."""
        folder = log_folder()
        folder.mkdir(parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def show_about(self) -> None:
        """Name and version."""
        box = QMessageBox(self.window)
        box.setWindowTitle("About segstudio")
        box.setText(f"segstudio {segstudio.__version__}")
        box.setInformativeText(
            "Correct image segmentations while a model learns from you.\n\nIt learns and measures; it does not "
            "diagnose. Starter models are for research use. MIT licence."
        )
        _open(box)

    # ---- within -----------------------------------------------------------------------------------------------

    def _add_found(self, session: Session, paths: list[Path], found: Preview | UserError) -> None:
        if isinstance(found, UserError):
            self.window.show_message(Message(str(found), "trouble", key="trouble"))
        elif self.studio.session is session:  # they were meant for no other project
            if any(image.pixels is not None for image in found.found.images):
                # They must be written first, which is an import; and that is shown before it is done.
                from segstudio.ui.import_actions import show_import

                show_import(self, paths)
            else:
                session.files.add([image.image for image in found.found.images])

    def _ask_folder(self, title: str, then: Callable[[Path], None]) -> None:
        dialog = QFileDialog(self.window, title, self._last_folder())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda path: self._chosen([Path(path)], lambda paths: then(paths[0])))
        _open(dialog)

    def _ask_files(self, title: str, then: Callable[[list[Path]], None]) -> None:
        dialog = QFileDialog(self.window, title, self._last_folder(), IMAGE_FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self._chosen([Path(name) for name in names], then))
        _open(dialog)

    def _chosen(self, paths: list[Path], then: Callable[[list[Path]], None]) -> None:
        self.settings.set("last_folder", str(paths[0].parent))
        then(paths)

    def _last_folder(self) -> str:
        folder = self.settings.get("last_folder")
        return folder if isinstance(folder, str) else str(Path.home())


def _open(dialog: QFileDialog | QMessageBox) -> QWidget:
    """Open without blocking; gone once it is closed."""

    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog
