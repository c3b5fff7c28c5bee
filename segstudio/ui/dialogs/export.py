"""Where the masks go."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.identifiers import names_somebody
from segstudio.app.session import Session
from segstudio.app.settings import Settings
from segstudio.formats.export_formats import FORMATS
from segstudio.ui.choices import CheckBox
from segstudio.ui.option_rows import CalmCombo
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import label, typed_path

_PRIVATE = (
    "attributes.csv has what the data set says of the images, if it says anything. Without the tick patients, cases "
    "and the like go by a number, or are left out"
)
_NOBODY = "The project knows nothing of its images that tells who they are of"


class ExportDialog(QDialog):
    """A folder, and whether unapproved masks go too."""

    def __init__(self, session: Session, settings: Settings, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export masks")
        self.setMinimumWidth(520)
        self._session = session
        self._settings = settings
        self.folder = QLineEdit(self._last_folder() or str(session.folder.with_name(f"{session.name} masks")))
        self.folder.setAccessibleName("Folder that the masks are written to")
        self.folder.textChanged.connect(self._refresh)
        choose = QPushButton("Choose…")
        choose.setAccessibleName("Choose the folder")
        choose.clicked.connect(self._on_choose)
        self.format = CalmCombo()
        self.format.setAccessibleName("Format that the masks are written in")
        for known in FORMATS:
            self.format.addItem(known.title, known)
        self.about = label("", tone="muted")
        self.about.setWordWrap(True)
        self.format.currentIndexChanged.connect(self._refresh)
        self.only_approved = CheckBox(
            theme, f"Only approved masks ({session.approved_count} of {len(session.records)})"
        )
        self.only_approved.setChecked(True)
        self.identifiers = CheckBox(theme, "Include who the images are of in attributes.csv")
        # Until somebody is known to be named. It is there all along: nothing may move under the pointer.
        self.identifiers.setEnabled(False)
        self.identifiers.setToolTip(_NOBODY)
        self._gone = False
        session.attributes.look_up(names_somebody, self._offer_identifiers)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        self.export = QPushButton("Export")
        self.export.setProperty("primary", True)
        self.export.setDefault(True)
        self.export.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.folder, 1)
        row.addWidget(choose)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addWidget(label("Folder"))
        layout.addLayout(row)
        layout.addSpacing(8)
        layout.addWidget(label("Format"))
        layout.addWidget(self.format)
        layout.addWidget(self.about)
        layout.addSpacing(8)
        layout.addWidget(self.only_approved)
        layout.addWidget(self.identifiers)
        layout.addSpacing(16)
        layout.addLayout(buttons)
        self._refresh()

    def accept(self) -> None:
        """Start the export; it goes on behind the window."""
        folder = typed_path(self.folder.text())
        self._settings.merge("export_folders", {str(self._session.folder): str(folder)})
        self._session.exporter.export_masks(
            folder, self.only_approved.isChecked(), self.format.currentData(), self.identifiers.isChecked()
        )
        super().accept()

    def _last_folder(self) -> str:
        """Where this project was exported to before; another project's folder holds another project's masks."""
        kept = self._settings.get("export_folders")
        last = kept.get(str(self._session.folder)) if isinstance(kept, dict) else None
        return last if isinstance(last, str) else ""

    def _refresh(self) -> None:
        self.export.setEnabled(bool(self.folder.text().strip()))
        self.about.setText(self.format.currentData().about(len(self._session.classes) > 1))

    def _offer_identifiers(self, any_named: bool) -> None:
        if not self._gone and any_named:
            self.identifiers.setEnabled(True)
            self.identifiers.setToolTip(_PRIVATE)

    def done(self, result: int) -> None:
        """Closed: what is looked up is of no use any more."""
        self._gone = True
        super().done(result)

    def _on_choose(self) -> None:
        dialog = QFileDialog(self, "Export to", self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()
