"""A new project: which images, which classes, what existing masks are taken for, where it lives."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.class_mapping import MasksAs, left_out_words, mapping_for_new
from segstudio.app.new_project import SUFFIX, NewProject, Preview, said_of_one_name
from segstudio.app.settings import Settings
from segstudio.app.starters import available, is_unnamed, marks_people
from segstudio.app.studio import Studio
from segstudio.domain.errors import UserError
from segstudio.domain.listing import listed, names_in
from segstudio.domain.segments import make_classes
from segstudio.formats.dataset import Dataset
from segstudio.formats.video import VideoFrame
from segstudio.ui.choices import CheckBox, RadioButton
from segstudio.ui.option_rows import CalmCombo
from segstudio.ui.scroll_part import ScrollPart, sentences
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import label, make_room, restyle, typed_path

MASK_CHOICES: tuple[tuple[MasksAs, str], ...] = (
    ("approved", "Take them as approved masks: the model learns from them"),
    ("compare", "Keep them aside to compare with: the model never sees them"),
    ("none", "Leave them out"),
)
_MOST_EVERY, _MOST_SAID = 9999, 200
_IMAGES = "*.png *.jpg *.jpeg *.bmp *.tif *.tiff *.webp"
_OTHERS = "*.dcm *.dicom *.mp4 *.m4v *.mov *.avi *.mkv *.webm *.mpg *.mpeg *.wmv"
IMAGE_FILTER = f"Images, scans and videos ({_IMAGES} {_OTHERS});;Images ({_IMAGES});;All files (*)"
_LABELS = (
    "Images", "Worth knowing", "Frames", "Masks", "Classes", "Not judged", "Existing masks", "Orientation",
    "Project folder",
)  # fmt: skip
_HINT = "Called person or lesion, a single class has masks at once: a starter model knows these."
_NOTES, _FRAMES, _LAYER, _MASKS, _ORIENTATION = 1, 2, 3, 6, 7
_KINDS = {
    "folder": "",
    "DICOM": "They are in DICOM files.",
    "video": "They are frames of videos.",
    "class maps": "The masks have several classes.",
}
"""What to say of a layout that is not a known data set's."""


class NewProjectDialog(QDialog):
    """Looks at what was chosen in the background, suggests the rest, and makes the project."""

    def __init__(self, studio: Studio, settings: Settings, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("New project")
        self.setMinimumWidth(600)
        self.setAcceptDrops(True)
        self._studio = studio
        self._settings = settings
        self._theme = theme
        self._preview: Preview | None = None
        self._asked = 0
        self.found = label("Choose a folder with images, or drop it here.", tone="muted")
        self.found.setWordWrap(True)
        self.classes = QLineEdit()
        self.classes.setPlaceholderText("lesion, hair")
        self.classes.setAccessibleName("Names of the classes, separated by commas")
        self.classes.setToolTip("What is to be marked, separated by commas; a name that has a comma stands in quotes")
        self.hint = label(_HINT, tone="muted", size="small")
        self.hint.setWordWrap(True)
        self.void = QLineEdit()
        self.void.setPlaceholderText("none")
        self.void.setAccessibleName("Names of what nobody is to judge, separated by commas")
        self.void.setToolTip(
            "What is neither right nor wrong, such as glare or blur, or the void of a data set:\n"
            "you can paint it, and the model neither learns nor predicts anything there"
        )
        self.folder = QLineEdit()
        self.folder.setAccessibleName("Folder of the project")
        self.create_button = QPushButton("Create project")
        self.choices = QButtonGroup(self)
        self.masks_box = QWidget()
        self.masks_button = QPushButton("Masks…")
        self.masks_button.setAccessibleName("Choose a folder of masks that lie apart from their images")
        self.masks_button.setToolTip("Masks that lie in a folder apart from their images")
        self.masks_button.clicked.connect(self._on_masks)
        self._looked_at: list[Path] = []
        self.every = QSpinBox()
        self.every.lineEdit().setTextMargins(4, 0, 4, 0)
        self.every.setRange(1, _MOST_EVERY)
        self.every.setPrefix("one in ")
        self.every.setAccessibleName("How many frames of a video one is taken of")
        self.every.setKeyboardTracking(False)
        self.every.valueChanged.connect(lambda: self.take(self._looked_at, self._masks, self.every.value()))
        self._masks: Path | None = None
        self.layer = CalmCombo()
        self.layer.setAccessibleName("Which masks of the data set")
        self.layer.activated.connect(self._on_layer)
        self._of_videos = False
        self.notes = sentences()
        self._notes_part = ScrollPart(self.notes, 96, 420)
        self.upright = CheckBox(theme, "What is up stays up, as with people and scenes")
        self.upright.setToolTip("The model then need not learn the images turned and upside down")
        self._build()
        self.classes.textChanged.connect(self._on_classes)
        self.choices.idClicked.connect(self._refresh)
        for field in (self.classes, self.void, self.folder):
            field.textChanged.connect(self._refresh)
        self._refresh()

    def _build(self) -> None:
        folder, files, place = QPushButton("Folder…"), QPushButton("Files…"), QPushButton("Choose…")
        folder.setAccessibleName("Choose a folder of images")
        files.setAccessibleName("Choose image files")
        place.setAccessibleName("Choose where the project is kept")
        folder.clicked.connect(self._on_folder)
        files.clicked.connect(self._on_files)
        place.clicked.connect(self._on_place)
        masks = QVBoxLayout(self.masks_box)
        masks.setContentsMargins(0, 0, 0, 0)
        masks.setSpacing(4)
        for number, (_, text) in enumerate(MASK_CHOICES):
            button = RadioButton(self._theme, text)
            self.choices.addButton(button, number)
            masks.addWidget(button)
        self.masks_box.setEnabled(False)
        self.choices.button(0).setChecked(True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(16)
        grid.setColumnStretch(1, 1)
        self._labels = [label(text, tone="muted") for text in _LABELS]
        for row, made in enumerate(self._labels):
            made.setContentsMargins(0, {_NOTES: 0, _MASKS: 3, _ORIENTATION: 3}.get(row, 6), 0, 0)
            grid.addWidget(made, row, 0, Qt.AlignmentFlag.AlignTop)
        for row, widgets in enumerate(
            (
                (self.found, folder, files, self.masks_button),
                (self._notes_part,),
                (self.every,),
                (self.layer,),
                (self._above_hint(self.classes),),
                (self.void,),
                (self.masks_box,),
                (self.upright,),
                (self.folder, place),
            )
        ):
            line = QHBoxLayout()
            line.setSpacing(8)
            line.addWidget(widgets[0], 1)
            for extra in widgets[1:]:
                line.addWidget(extra, 0, Qt.AlignmentFlag.AlignTop)
            grid.addLayout(line, row, 1)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        self.create_button.setProperty("primary", True)
        self.create_button.setDefault(True)
        self.create_button.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.create_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.addLayout(grid)
        layout.addSpacing(24)
        layout.addStretch(1)
        layout.addLayout(buttons)

    def take(self, paths: list[Path], masks: Path | None = None, every: int | None = None) -> None:
        """Look at files or folders, and a folder of masks; what was looked at before is forgotten.

        Of videos every ``every``-th frame is taken; None leaves that to their length.
        """
        self._looked_at, self._masks = paths, masks
        # While other frames are looked for, the field in which that was said stays.
        self._of_videos = self._of_videos and every is not None
        self._preview = None
        self._asked += 1
        asked = self._asked
        restyle(self.found, "tone", "muted")
        self.found.setText("Looking at the images…")
        self._refresh()
        self._studio.look_at(paths, lambda result: self._looked(asked, result, every), masks, every)

    def accept(self) -> None:
        """Make the project; the window follows."""
        preview = self._preview
        if preview is None or not self.create_button.isEnabled():
            return
        folder = typed_path(self.folder.text())
        if folder.suffix != SUFFIX:
            folder = folder.with_name(folder.name + SUFFIX)
        void = names_in(self.void.text())
        named = tuple(dict.fromkeys([*self._class_names(), *void]))
        masks_as: MasksAs = self._masks_as() if preview.found.with_mask else "none"
        images, theirs, upright = preview.found.images, preview.found.classes, self.upright.isChecked()
        plan = NewProject(
            folder, images, named, masks_as, upright, void, starter="automatic", layout=preview.found.layout,
            source=_folder_of(self._looked_at[0]), found_classes=theirs,
        )  # fmt: skip
        self._studio.new_project(plan)
        super().accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders are welcome."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Look at what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.take(paths)

    def done(self, result: int) -> None:
        """A look that is still under way has nobody to tell any more."""
        self._asked += 1
        super().done(result)

    def _looked(self, asked: int, result: Preview | UserError, every: int | None) -> None:
        if asked != self._asked:
            return
        if isinstance(result, UserError):
            restyle(self.found, "tone", "bad")
            self.found.setText(str(result))
            make_room(self)
            return
        self._preview = result
        restyle(self.found, "tone", "")
        found = result.found
        self._of_videos = found.layout == "video"
        count, masks = len(found.images), found.with_mask
        said = [f"{count} image" + ("" if count == 1 else "s") + (f", {masks} with a mask" if masks else "") + "."]
        said.append(_KINDS.get(found.layout, f"This is laid out as the {found.layout} data set."))
        self.found.setText(" ".join(part for part in said if part))
        if every is not None:
            self._refresh()
            return
        with QSignalBlocker(self.every):
            self.every.setValue(_step(found))
        self.upright.setChecked(found.upright)
        self.layer.clear()
        self.layer.addItems([found.layer, *(layer.name for layer in found.layers)])
        self._suggest_classes(result)
        self.folder.setText(str(result.suggested_folder))
        # What is to be marked is the next question; Return then makes the project.
        self.classes.setFocus()
        # From the end back, so that the first of many are what is seen.
        self.classes.setSelection(len(self.classes.text()), -len(self.classes.text()))
        self.choices.button(1 if found.layout == "PH2" else 0).setChecked(True)
        self._refresh()

    def _suggest_classes(self, preview: Preview) -> None:
        self.classes.setText(listed(preview.suggested_classes))
        self._on_classes()
        self.void.setText(listed(preview.suggested_void))

    def _on_layer(self) -> None:
        """Other masks of the same images show other classes."""
        preview = self._preview
        if preview is not None and preview.found.layer != self.layer.currentText():
            self._preview = preview = replace(preview, found=preview.found.choose(self.layer.currentText()))
            self._suggest_classes(preview)
            self._refresh()

    def _class_names(self) -> tuple[str, ...]:
        return names_in(self.classes.text())

    def _above_hint(self, field: QLineEdit) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(field)
        column.addWidget(self.hint)
        return made

    def _may_be_named(self) -> bool:
        """Whether what is marked need only be named for a starter model to mark it."""
        if self._preview is None or not available():
            return False
        return is_unnamed(self._preview.found.images, self._class_names())

    def _on_classes(self) -> None:
        """What marks people alone starts from a model that knows them upright, so nobody is asked."""
        people = marks_people(self._class_names())
        if people or not self.upright.isEnabled():
            self.upright.setChecked(people or (self._preview is not None and self._preview.found.upright))
        self.upright.setEnabled(not people)

    def _refresh(self) -> None:
        with_masks = self._preview is not None and self._preview.found.with_mask > 0
        one_name = said_of_one_name([*self._class_names(), *names_in(self.void.text())])
        found_notes = [] if self._preview is None else self._notes(self._preview.found)
        self.notes.setText("\n".join([one_name] * bool(one_name) + found_notes))
        self.masks_box.setVisible(with_masks)
        self.masks_box.setEnabled(with_masks)
        self._labels[_MASKS].setVisible(with_masks)
        noted = self._preview is not None and bool(self.notes.text())
        self.hint.setVisible(self._may_be_named())
        self._notes_part.setVisible(noted)
        self._notes_part.fit()
        self._labels[_NOTES].setVisible(noted)
        self.every.setVisible(self._of_videos)
        self._labels[_FRAMES].setVisible(self._of_videos)
        layers = self._preview is not None and bool(self._preview.found.layers)
        self.layer.setVisible(layers)
        self._labels[_LAYER].setVisible(layers)
        self.masks_button.setEnabled(len(self._looked_at) == 1 and os.path.isdir(self._looked_at[0]))
        judged = set(self._class_names()) - set(names_in(self.void.text()))
        typed = self.folder.text().strip()
        named = bool(typed and typed_path(typed).name)  # the top of a drive has no name
        ready = self._preview is not None and bool(judged) and named and not one_name
        self.create_button.setEnabled(ready)
        make_room(self)

    def _notes(self, found: Dataset) -> list[str]:
        left_out = [f"Left out: {one.why}" for one in found.skipped[:_MOST_SAID]]
        return [*self._unjudged_words(found), *found.notes, *left_out]

    def _unjudged_words(self, found: Dataset) -> list[str]:
        """What becomes of places that nobody judged, where no class is kept for them."""
        void = names_in(self.void.text())
        named = tuple(dict.fromkeys([*self._class_names(), *void]))
        try:
            mapping = mapping_for_new(found.classes, make_classes(named, void))
        except UserError:
            return []  # said when the project is to be made
        return left_out_words(found, mapping or {}, self._masks_as())

    def _masks_as(self) -> MasksAs:
        return MASK_CHOICES[self.choices.checkedId()][0]

    def _on_folder(self) -> None:
        dialog = self._file_dialog("Choose a folder of images", QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda path: self._chosen([Path(path)]))
        dialog.open()

    def _on_files(self) -> None:
        dialog = self._file_dialog("Choose images", QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(IMAGE_FILTER)
        dialog.filesSelected.connect(lambda paths: self._chosen([Path(path) for path in paths]))
        dialog.open()

    def _chosen(self, paths: list[Path]) -> None:
        self._settings.set("last_folder", str(paths[0].parent))
        self.take(paths)

    def _on_masks(self) -> None:
        dialog = self._file_dialog("Choose the folder of masks", QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda path: self.take(self._looked_at, Path(path)))
        dialog.open()

    def _on_place(self) -> None:
        dialog = self._file_dialog("Keep the project in", QFileDialog.FileMode.Directory)
        name = Path(self.folder.text().strip() or f"masks{SUFFIX}").name
        dialog.fileSelected.connect(lambda path: self.folder.setText(str(Path(path) / name)))
        dialog.open()

    def _file_dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        last = self._settings.get("last_folder")
        dialog = QFileDialog(self, title, last if isinstance(last, str) else str(Path.home()))
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog


def _step(found: Dataset) -> int:
    """How many frames lie between one that is taken and the next, where these are frames of videos."""
    first = [image.pixels.index for image in found.images[:2] if isinstance(image.pixels, VideoFrame)]
    return min(first[1], _MOST_EVERY) if len(first) == 2 and first[1] else 1


def _folder_of(path: Path) -> Path:
    return path if os.path.isdir(path) else path.parent
