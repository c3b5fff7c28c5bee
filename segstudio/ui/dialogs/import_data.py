"""What an import would bring, before anything is taken: how much, which classes, what is odd, what is left out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.class_mapping import MasksAs, left_out_words, suggest_mapping, unjudged
from segstudio.app.import_check import Checked
from segstudio.app.importing import ImportPlan
from segstudio.app.new_project import Preview
from segstudio.app.session import Session
from segstudio.app.settings import Settings
from segstudio.app.studio import Studio
from segstudio.domain.counting import counted
from segstudio.domain.errors import UserError
from segstudio.formats.dataset import Dataset, FoundClass
from segstudio.ui.choices import RadioButton
from segstudio.ui.dialogs.new_project import MASK_CHOICES
from segstudio.ui.option_rows import CalmCombo
from segstudio.ui.scroll_part import ScrollPart, sentences
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, label, restyle

LEFT_OUT = "left out"
_LABELS = ("Folder", "Found", "Masks", "Take masks", "Classes", "Worth knowing", "Not taken")
_FOLDER, _FOUND, _LAYER, _MASKS, _CLASSES, _NOTES, _SKIPPED = range(7)
_MOST_SAID = 200


class ImportDialog(QDialog):
    """Looks at a folder in the background; Import takes it in behind the window."""

    def __init__(self, studio: Studio, session: Session, settings: Settings, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Import data set")
        self.setMinimumWidth(640)
        self.setAcceptDrops(True)
        self._studio, self._session, self._settings, self._theme = studio, session, settings, theme
        self._paths: list[Path] = []
        self._found: Dataset | None = None
        self._checked = Checked(0, 0)
        self._asked = 0
        self.folder = ElidedLabel("Choose a folder, or drop it here.", "muted", middle=True)
        self.found = label(tone="muted")
        self.found.setWordWrap(True)
        self.layer = CalmCombo()
        self.layer.setAccessibleName("Which masks of the data set")
        self.layer.activated.connect(self._on_layer)
        self.choices = QButtonGroup(self)
        self.masks_box = self._make_masks()
        self.classes = QWidget()
        self._class_rows = QGridLayout(self.classes)
        self._class_rows.setContentsMargins(0, 0, 8, 0)
        self._class_rows.setHorizontalSpacing(12)
        self._class_rows.setVerticalSpacing(4)
        self.combos: dict[int, CalmCombo] = {}
        self.notes, self.skipped = sentences(), sentences()
        self.masks_button = QPushButton("Masks…")
        self.masks_button.setToolTip("Masks that lie in a folder apart from their images")
        self.masks_button.setAccessibleName("Choose a folder of masks that lie apart from their images")
        self.masks_button.clicked.connect(self._on_masks)
        self.import_button = QPushButton("Import")
        self._rows: list[tuple[QLabel, QWidget]] = []
        self._build()
        self._show()

    # ---- layout -----------------------------------------------------------------------------------------------

    def _make_masks(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for number, (_, text) in enumerate(MASK_CHOICES):
            button = RadioButton(self._theme, text)
            self.choices.addButton(button, number)
            column.addWidget(button)
        self.choices.button(0).setChecked(True)
        self.choices.idClicked.connect(self._on_class)
        return box

    def _build(self) -> None:
        choose = QPushButton("Folder…")
        choose.setAccessibleName("Choose the folder of the data set")
        choose.clicked.connect(self.ask)
        place = QWidget()
        row = QHBoxLayout(place)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.folder, 1)
        row.addWidget(choose)
        row.addWidget(self.masks_button)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(1, 1)
        widgets: tuple[QWidget, ...] = (
            place, self.found, self.layer, self.masks_box, ScrollPart(self.classes, 132), ScrollPart(self.notes, 96),
            ScrollPart(self.skipped, 64),
        )  # fmt: skip
        for number, (text, widget) in enumerate(zip(_LABELS, widgets, strict=True)):
            name = label(text, tone="muted")
            name.setContentsMargins(0, {_FOLDER: 6, _LAYER: 5, _MASKS: 3, _CLASSES: 5}.get(number, 0), 0, 0)
            grid.addWidget(name, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(widget, number, 1)
            self._rows.append((name, widget))
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        self.import_button.setProperty("primary", True)
        self.import_button.setDefault(True)
        self.import_button.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.import_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.addLayout(grid)
        layout.addStretch(1)
        layout.addSpacing(16)
        layout.addLayout(buttons)

    # ---- what is looked at ------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Ask for the folder."""
        self._ask("Choose the folder of the data set", lambda path: self.take([path]))

    def take(self, paths: list[Path], masks: Path | None = None) -> None:
        """Look at folders or files; what was looked at before is forgotten."""
        self._paths, self._found = paths, None
        self._asked += 1
        asked = self._asked
        self.folder.set_full(str(paths[0]) if len(paths) == 1 else f"{len(paths):,} files and folders")
        restyle(self.folder, "tone", "")
        restyle(self.found, "tone", "muted")
        self.found.setText("Looking at images and masks…")
        self._show()
        self._studio.look_closely(paths, lambda result: self._looked(asked, result), masks)

    def _looked(self, asked: int, result: tuple[Preview, Checked] | UserError) -> None:
        if asked != self._asked:
            return
        if isinstance(result, UserError):
            restyle(self.found, "tone", "bad")
            self.found.setText(str(result))
            return
        preview, self._checked = result
        self._found = preview.found
        self.layer.clear()
        self.layer.addItems([preview.found.layer, *(layer.name for layer in preview.found.layers)])
        restyle(self.found, "tone", "")
        self._show()
        self.import_button.setFocus()

    def _on_layer(self) -> None:
        if self._found is not None:
            self._found = self._found.choose(self.layer.currentText())
            self._show()

    # ---- what is shown ----------------------------------------------------------------------------------------

    def _show(self) -> None:
        found = self._found
        masks = 0 if found is None else found.with_mask
        skipped = [] if found is None else [one.why for one in found.skipped]
        if found is not None:
            self.found.setText(_summary(found))
            self._show_classes(found)
        notes = self._notes()
        self.notes.setText("\n".join(filter(None, notes)))
        self.skipped.setText("\n".join(skipped[:_MOST_SAID]))
        self._rows[_SKIPPED][0].setText(f"Not taken ({len(skipped):,})")
        for row, shown in (
            (_FOUND, bool(self._paths)),
            (_LAYER, found is not None and bool(found.layers)),
            (_MASKS, masks > 0),
            (_CLASSES, masks > 0 and bool(self.combos)),
            (_NOTES, any(notes)),
            (_SKIPPED, bool(skipped)),
        ):
            for widget in self._rows[row]:
                widget.setVisible(shown)
                if shown and isinstance(widget, ScrollPart):
                    widget.fit()
        self.masks_button.setEnabled(len(self._paths) == 1 and os.path.isdir(self._paths[0]))
        self.import_button.setEnabled(found is not None)
        self.import_button.setText("Import" if found is None else f"Import {counted(len(found.images), 'image')}")
        self.adjustSize()

    def _notes(self) -> list[str]:
        found = self._found
        if found is None:
            return []
        nothing = "None of these classes is one of this project's, so no mask is taken. Say what they are here."
        own = [nothing] if found.with_mask and self.combos and not any(self._mapping().values()) else []
        own += left_out_words(found, self._mapping(), self._masks_as()) if not own else []
        things = any(known.kind == "thing" for known in found.classes)
        own += ["The objects of a class become one segment."] if things and found.with_mask else []
        return [*own, *found.notes, *self._checked.notes, self._checked.sentence]

    def _masks_as(self) -> MasksAs:
        return MASK_CHOICES[self.choices.checkedId()][0]

    def _mapping(self) -> dict[int, int]:
        return {class_id: int(combo.currentData()) for class_id, combo in self.combos.items()}

    def _on_class(self) -> None:
        self.notes.setText("\n".join(filter(None, self._notes())))

    def _show_classes(self, found: Dataset) -> None:
        while (item := self._class_rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.combos = {}
        own = self._session.classes
        mapping = suggest_mapping(found.classes, own)
        for row, known in enumerate(found.classes):
            combo = CalmCombo()
            combo.setAccessibleName(f"What {_name(known)} is here")
            for words, class_id in ((LEFT_OUT, 0), *((spec.name, spec.id) for spec in own)):
                combo.addItem(words, class_id)
            combo.setCurrentIndex(max(0, combo.findData(mapping[known.id])))
            combo.activated.connect(self._on_class)
            self.combos[known.id] = combo
            self._class_rows.addWidget(ElidedLabel(_name(known)), row, 0)
            self._class_rows.addWidget(label("is here", tone="muted"), row, 1)
            self._class_rows.addWidget(combo, row, 2)
        self._class_rows.setColumnStretch(0, 1)
        self._class_rows.setColumnStretch(2, 1)

    # ---- the end ----------------------------------------------------------------------------------------------

    def accept(self) -> None:
        """Begin the import; it goes on behind the window."""
        found = self._found
        if found is None or not self.import_button.isEnabled():
            return
        masks_as = self._masks_as() if found.with_mask else "none"
        mapping = self._mapping() or None
        if mapping is not None and not any(mapping.values()):
            masks_as = "none"  # masks without any class would be approved as empty ones
        plan = ImportPlan(found.images, masks_as, mapping, found.layout, self._paths[0], unjudged(found.classes))
        self._session.importer.run(plan)
        super().accept()

    def done(self, result: int) -> None:
        """A look that is still under way has nobody to tell any more."""
        self._asked += 1
        super().done(result)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders are welcome."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Look at what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.take(paths)

    def _on_masks(self) -> None:
        self._ask("Choose the folder of masks", lambda path: self.take(self._paths, path))

    def _ask(self, title: str, then: Callable[[Path], None]) -> None:
        last = self._settings.get("last_folder")
        dialog = QFileDialog(self, title, last if isinstance(last, str) else str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(path: str) -> None:
            self._settings.set("last_folder", str(Path(path).parent))
            then(Path(path))

        dialog.fileSelected.connect(chosen)
        dialog.open()


def _summary(found: Dataset) -> str:
    kind = "" if found.layout == "folder" else f"{found.layout}: "
    images = counted(len(found.images), "image")
    known = sum(bool(image.attributes) for image in found.images)
    more = f", {known:,} with more that is known of them" if known else ""
    return f"{kind}{images}, {found.with_mask:,} with a mask{more}."


def _name(known: FoundClass) -> str:
    return f"{known.name or f'value {known.id}'}{' (not judged)' if known.kind == 'void' else ''}"
