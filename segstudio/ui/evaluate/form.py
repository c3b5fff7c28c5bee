"""What is compared with what: the left part of the page."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.evaluation_form import OF_PROJECT, EvaluationForm, Kind, model_name
from segstudio.app.evaluator import Going
from segstudio.ui.choices import CheckBox
from segstudio.ui.dialogs.model_settings import ChoiceBox
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, IconButton, as_typed, label

WIDTH = 264
NONE, FILE = "", "file"
_MODEL_FILES = "Models (*.safetensors)"


@dataclass(frozen=True)
class _Place:
    """A file or folder that is asked for: a field of the draft, for some kinds of comparison."""

    field: str
    words: dict[Kind, str]
    file_filter: str = ""
    optional: bool = False


PLACES = (
    _Place("images", {"models": "Images"}),
    _Place("masks", {"folders": "Masks"}),
    _Place("truth", {"folders": "True masks", "models": "True masks, if apart"}),
    _Place("other", {"folders": "Other masks, side by side"}, optional=True),
    _Place("images", {"folders": "Images, for the pictures"}, optional=True),
    _Place(
        "table",
        dict.fromkeys((*OF_PROJECT, "folders", "models"), "Table of groups (CSV)"),
        "Tables (*.csv *.tsv *.txt)",
        optional=True,
    ),
)


class PlaceRow(QWidget):
    """A folder or file: its name, a button that asks for it, and one that takes it back. Drop one here, too."""

    chosen = Signal(object)

    def __init__(self, theme: Theme, place: _Place, start: Callable[[], str]) -> None:
        super().__init__()
        self.place = place
        self._start = start
        self.setAcceptDrops(True)
        self.title = label(tone="muted", size="small")
        self.name = ElidedLabel(middle=True)
        self.choose = QPushButton("Choose…")
        self.choose.setAutoDefault(False)
        self.forget = IconButton(theme, "x", "Leave it out")
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.name, 1)
        row.addWidget(self.forget)
        row.addWidget(self.choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addLayout(row)
        self.choose.clicked.connect(self._on_choose)
        self.forget.clicked.connect(lambda: self.chosen.emit(None))

    def show_place(self, words: str, path: Path | None) -> None:
        """What is chosen, and what for."""
        self.title.setText(words)
        self.choose.setAccessibleName(f"Choose: {words}")
        self.name.set_full("not chosen" if path is None else path.name or str(path))
        self.name.setToolTip("" if path is None else as_typed(str(path)))
        self.forget.setVisible(path is not None and (self.place.optional or words.endswith("apart")))

    def _on_choose(self) -> None:
        dialog = QFileDialog(self, self.title.text(), self._start(), self.place.file_filter)
        dialog.setFileMode(
            QFileDialog.FileMode.ExistingFile if self.place.file_filter else QFileDialog.FileMode.Directory
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.chosen.emit(Path(path)))
        dialog.open()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """One file or folder is welcome."""
        if event.mimeData().hasUrls() and len(event.mimeData().urls()) == 1:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take it."""
        path = Path(event.mimeData().urls()[0].toLocalFile())
        if os.path.isfile(path) if self.place.file_filter else os.path.isdir(path):
            self.chosen.emit(path)


class EvaluateForm(QWidget):
    """The kind of comparison, what it needs, and the button that begins it."""

    wanted = Signal()
    stop_wanted = Signal()
    changed = Signal()
    """Something else is chosen."""

    def __init__(self, form: EvaluationForm, theme: Theme, last_folder: Callable[[], str]) -> None:
        super().__init__()
        self.form = form
        self.setFixedWidth(WIDTH)
        self._last_folder = last_folder
        self.kind = ChoiceBox("What is compared", form.kinds(), self._on_kind)
        self.about = label(tone="muted", size="small")
        self.about.setWordWrap(True)
        self.model = ChoiceBox("Model", [], lambda value: self._on_model("model", value))
        self.other = ChoiceBox("Other model, side by side", [], lambda value: self._on_model("other_model", value))
        self._models = [self._row("Model", self.model), self._row("Other model, side by side", self.other)]
        self.places = [PlaceRow(theme, place, last_folder) for place in PLACES]
        self._theme = theme
        self.groups: dict[str, CheckBox] = {}
        self._groups = QVBoxLayout()
        self._groups.setContentsMargins(0, 0, 0, 0)
        self._groups.setSpacing(2)
        self.evaluate = QPushButton("Evaluate")
        self.evaluate.setProperty("primary", True)
        self.evaluate.setDefault(True)
        self.lack = label(tone="muted", size="small")
        self.lack.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.bar.setAccessibleName("How far the evaluation is")
        self.stop = QPushButton("Stop")
        self.stop.setAutoDefault(False)
        self._build()
        self.refresh(None)
        form.look_up_groups(self._on_groups)

    def _build(self) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.kind)
        column.addWidget(self.about)
        self.group_box = QWidget()
        self.group_box.setLayout(self._groups)
        self._groups.addWidget(label("Summed up by", tone="muted", size="small"))
        for row in (*self._models, self.group_box, *self.places):
            column.addWidget(row)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(content)
        area.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(area, 1)
        layout.addWidget(self.lack)
        layout.addWidget(self.bar)
        layout.addWidget(self.evaluate)
        layout.addWidget(self.stop)
        for row in self.places:
            row.chosen.connect(lambda path, field=row.place.field: self._change(**{field: path}))
        self.evaluate.clicked.connect(self.wanted)
        self.stop.clicked.connect(self.stop_wanted)

    @staticmethod
    def _row(words: str, control: QWidget) -> QWidget:
        row = QWidget()
        layout = QVBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(label(words, tone="muted", size="small"))
        layout.addWidget(control)
        return row

    # ---- what is chosen ---------------------------------------------------------------------------------------

    def _on_kind(self, kind: Kind) -> None:
        self._change(kind=kind)

    def _on_groups(self) -> None:
        """What is known of the project's images was looked up: a box each."""
        for name in self.form.known.names:
            box = self.groups[name] = CheckBox(self._theme, _short(name))
            box.setToolTip(as_typed(name))
            box.setAccessibleName(f"Sum up by {name}")
            box.toggled.connect(partial(self._on_group, name))
            self._groups.addWidget(box)
        self.refresh(None)

    def _on_group(self, name: str, wanted: bool) -> None:
        self.form.choose_group(name, wanted)
        self.changed.emit()

    def _on_model(self, field: str, value: str) -> None:
        if value != FILE:
            self._change(**{field: value})
            return
        self.refresh(None)
        dialog = QFileDialog(self, "Choose a model", self._last_folder(), _MODEL_FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self._change(**{field: path}))
        dialog.open()

    def _change(self, **fields: object) -> None:
        self.form.change(**fields)
        self.refresh(None)
        self.changed.emit()

    # ---- what is shown ----------------------------------------------------------------------------------------

    def refresh(self, going: Going | None) -> None:
        """Show the draft and, while one is under way, how far the evaluation is."""
        draft = self.form.draft
        self.kind.show_value(draft.kind)
        self.about.setText(self.form.about())
        known = self.form.models()
        for row, box, value, first in zip(
            self._models,
            (self.model, self.other),
            (draft.model, draft.other_model),
            ("choose one", "none"),
            strict=True,
        ):
            row.setVisible(draft.kind == "models")
            extra = [] if value in (NONE, *dict(known)) else [(value, model_name(known, value))]
            box.offer([(NONE, first), *known, *extra, (FILE, "A file…")])
            box.show_value(value)
        for place in self.places:
            words = place.place.words.get(draft.kind)
            place.setVisible(words is not None)
            if words is not None:
                place.show_place(words, getattr(draft, place.place.field))
        self.group_box.setVisible(bool(self.groups) and draft.kind in OF_PROJECT)
        for name, tick in self.groups.items():
            tick.setChecked(name in draft.groups)
        lack = self.form.lack()
        busy = going is not None
        self.evaluate.setVisible(not busy)
        self.evaluate.setEnabled(not lack)
        self.stop.setVisible(busy)
        self.bar.setVisible(busy)
        self.lack.setText(_words(going) if going is not None else lack)
        self.lack.setVisible(bool(self.lack.text()))
        for control in (self.kind, self.model, self.other, self.group_box, *self.places):
            control.setEnabled(not busy)
        if going is not None:
            self.bar.setRange(0, going.total)
            self.bar.setValue(going.done)


def _short(name: str, most: int = 30) -> str:
    """A name that has room; an ampersand would underline what follows it."""
    return (name if len(name) <= most else f"{name[: most - 1]}…").replace("&", "&&")


def _words(going: Going) -> str:
    return f"{going.what}: {going.done} of {going.total}" if going.total else f"{going.what}…"
