"""What the menu does about evaluations and about models as files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from segstudio.app.model_exchange import ONNX, OWN
from segstudio.ui.action import Action, with_project
from segstudio.ui.commands import Commands
from segstudio.ui.making_way import come_forward

_OWN_FILES, _ONNX_FILES = f"segstudio model (*{OWN})", f"ONNX (*{ONNX})"


def show_evaluate(c: Commands) -> None:
    """The page on which masks and models are evaluated; the one that is open comes to the front."""
    # Imported here: it is wanted seldom, and the window should not wait for it.
    from segstudio.ui.evaluate.page import EvaluatePage

    shown = c.window.findChild(EvaluatePage)
    if shown is None:
        EvaluatePage(c.studio, c.settings, c.theme, c.window).show()
    else:
        come_forward(shown)


def import_model(c: Commands) -> None:
    """Ask for a model's file, and take it in."""
    session = c.studio.session
    if session is None:
        return
    dialog = QFileDialog(c.window, "Import model", _last_folder(c), _OWN_FILES)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.fileSelected.connect(lambda name: session.exchange.import_model(Path(name)))
    _open(c, dialog)


def export_model(c: Commands) -> None:
    """Ask where the model in use is to be written, and in which format."""
    session = c.studio.session
    if session is None:
        return
    dialog = QFileDialog(c.window, "Export model", _last_folder(c), f"{_OWN_FILES};;{_ONNX_FILES}")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(OWN.removeprefix("."))
    # Not called like the project, whose name may be a patient's: the file is for others.
    dialog.selectFile(f"model-round-{session.book.in_use or 0}{OWN}")
    dialog.filterSelected.connect(
        lambda words: dialog.setDefaultSuffix((ONNX if words == _ONNX_FILES else OWN).removeprefix("."))
    )
    dialog.fileSelected.connect(lambda name: session.exchange.export_model(Path(name)))
    _open(c, dialog)


def _open(c: Commands, dialog: QFileDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda name: c.settings.set("last_folder", str(Path(name).parent)))
    dialog.open()


def _last_folder(c: Commands) -> str:
    folder = c.settings.get("last_folder")
    return folder if isinstance(folder, str) else str(Path.home())


def _has_model(c: Commands) -> bool:
    return c.studio.session is not None and c.studio.session.exchange.has_model


# fmt: off
EVALUATE_ACTIONS: tuple[Action, ...] = (
    Action("evaluate", "Evaluate…", "Model", ("Ctrl+Shift+E",), show_evaluate, "chart-bar"),
)
MODEL_FILE_ACTIONS: tuple[Action, ...] = (
    Action("import_model", "Import model…", "-File", (), import_model, "", with_project),
    Action("export_model", "Export model…", "File", (), export_model, "", _has_model),
)
# fmt: on
