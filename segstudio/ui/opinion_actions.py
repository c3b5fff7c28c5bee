"""A second opinion on people, as a row of the table of actions."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from segstudio.imaging.person import FILE
from segstudio.ui.action import Action
from segstudio.ui.commands import Commands


def ask(c: Commands) -> None:
    """Propose what MediaPipe says of the image, or take it."""
    if c.studio.session is not None:
        c.studio.session.opinions.ask(lambda: choose_file(c))


def choose_file(c: Commands) -> None:
    """Ask where the file is, and go on."""
    session = c.studio.session
    if session is None:
        return

    def chosen(name: str) -> None:
        session.opinions.choose(Path(name))
        if c.studio.session is session:
            ask(c)

    dialog = QFileDialog(c.window, f"Choose MediaPipe's {FILE}", str(Path.home()), "TensorFlow Lite (*.tflite)")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(chosen)
    dialog.open()


def _marks_people(c: Commands) -> bool:
    session = c.studio.session
    return session is not None and session.document is not None and session.opinions.segment_id is not None


def _shown(c: Commands) -> bool:
    return c.studio.session is not None and c.studio.session.opinions.shown


# fmt: off
OPINION_ACTIONS: tuple[Action, ...] = (
    Action("second_opinion", "Second opinion on people", "Mask", ("U",), ask, "", _marks_people,
           words=lambda c: "Apply the second opinion" if _shown(c) else "Second opinion on people"),
)
# fmt: on
