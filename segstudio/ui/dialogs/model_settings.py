"""How the model of a project learns and predicts, in words that need no training in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.model_form import COLOURS, LOSSES, NETWORKS, PIECES, REGIONS, ModelForm
from segstudio.app.session import Session
from segstudio.domain.segments import ClassSpec
from segstudio.ui.choices import CheckBox, RadioButton
from segstudio.ui.option_rows import CalmCombo
from segstudio.ui.style import SCROLL_BAR
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, Rule, Section, label

WIDTH, MOST_HEIGHT, ROOM = 680, 760, 80
MARGIN, FOOT_MARGIN = 24, 12
_MARK = 22


class _About(QLabel):
    """Sentences below a choice; a click on them chooses it."""

    def __init__(self, text: str, choose: Callable[[], None]) -> None:
        super().__init__(text)
        self._choose = choose
        self.setProperty("tone", "muted")
        self.setWordWrap(True)
        self.setContentsMargins(_MARK + 2, 0, 0, 0)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """As if the choice itself had been clicked."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._choose()


class ChoiceBox(CalmCombo):
    """A list of values with their words."""

    def __init__(self, name: str, entries: Sequence[tuple[Any, str]], on_chosen: Callable[[Any], None]) -> None:
        super().__init__()
        self._values: list[Any] = []
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.offer(entries)
        self.activated.connect(lambda index: on_chosen(self._values[index]))

    def offer(self, entries: Sequence[tuple[Any, str]]) -> None:
        """Values and words to choose from."""
        self.clear()
        self._values = [value for value, _ in entries]
        self.addItems([words for _, words in entries])

    def show_value(self, value: Any) -> None:
        """Show which is chosen."""
        self.setCurrentIndex(self._values.index(value))


class ModelSettingsDialog(QDialog):
    """Nothing changes until OK; what OK brings about is said beside it."""

    def __init__(self, session: Session, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Model settings")
        self._theme = theme
        self.form = form = ModelForm(session)
        self.networks = {words.name: RadioButton(theme, words.title) for words in NETWORKS}
        self.abouts: list[QLabel] = []
        self.starter = ChoiceBox("What the model starts from", form.starters(), self._on_starter)
        self.starter_about = _note("")
        self.size_box = ChoiceBox("Size at which the model sees the images", form.sizes(), self._set("input_size"))
        self.pieces = ChoiceBox("Whether the model looks at images in pieces", PIECES, self._set("pieces"))
        self.flips = CheckBox(theme, "Look at mirror images too, and take the mean (recommended)")
        self.flips.clicked.connect(self._set("flip_average"))
        self.thresholds: dict[int, ChoiceBox] = {}
        self.regions: dict[int, ChoiceBox] = {}
        self.colours: dict[int, ChoiceBox] = {}
        self.details = Section(theme, "Details", lambda _folded: None)
        self.loss = ChoiceBox("What learning goes by", [entry[:2] for entry in LOSSES], self._set("loss"))
        self.loss_about = _note("")
        self.notice = label(tone="muted")
        self._content = QWidget()
        self.area = QScrollArea()
        self.notice.setWordWrap(True)
        self.recommend = QPushButton("Recommended settings")
        self.cancel = QPushButton("Cancel")
        self.ok = QPushButton("OK")
        self._build()
        self._refresh()
        self._fit(parent)
        self.networks[form.draft.network].setFocus()

    # ---- layout -----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        content = self._content
        column = QVBoxLayout(content)
        column.setContentsMargins(MARGIN, 16, MARGIN, 16)
        column.setSpacing(4)
        self._add_starters(column)
        column.addSpacing(12)
        self._add_networks(column)
        column.addSpacing(12)
        self._add_seeing(column)
        column.addSpacing(12)
        self._add_finish(column)
        column.addSpacing(8)
        self._add_details(column)
        column.addStretch(1)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(content)
        self.area.verticalScrollBar().rangeChanged.connect(self._on_range)
        self.area.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.area, 1)
        layout.addWidget(Rule())
        layout.addLayout(self._foot())

    def _add_starters(self, column: QVBoxLayout) -> None:
        column.addWidget(_heading("Starts from"))
        grid = _grid()
        _add_row(grid, "Starter model", self.starter)
        grid.addWidget(self.starter_about, grid.rowCount(), 1)
        column.addLayout(grid)

    def _add_networks(self, column: QVBoxLayout) -> None:
        column.addWidget(_heading("Network"))
        group = QButtonGroup(self)
        for words in NETWORKS:
            button = self.networks[words.name]
            button.setAccessibleDescription(words.about)
            group.addButton(button)
            button.toggled.connect(lambda on, name=words.name: self._change(network=name) if on else None)
            about = _About(words.about, button.click)
            self.abouts.append(about)
            column.addWidget(button)
            column.addWidget(about)
            column.addSpacing(4)

    def _add_seeing(self, column: QVBoxLayout) -> None:
        column.addWidget(_heading("How it looks at images"))
        grid = _grid()
        self.size_note = _note("")
        _add_row(grid, "Image size", self.size_box)
        grid.addWidget(self.size_note, grid.rowCount(), 1)
        _add_row(grid, "Small structures", self.pieces)
        note = _note("In pieces, what is small is seen finer; a mask then takes several times as long.")
        grid.addWidget(note, grid.rowCount(), 1)
        grid.addWidget(self.flips, grid.rowCount(), 0, 1, 2)
        column.addLayout(grid)
        self.flips_note = _note("Steadier borders. Without them a mask comes two to four times as fast.")
        self.flips_note.setContentsMargins(_MARK + 2, 0, 0, 0)
        column.addWidget(self.flips_note)

    def _add_finish(self, column: QVBoxLayout) -> None:
        column.addWidget(_heading("How masks are finished"))
        note = _note(
            "Automatic means: whatever makes masks better on the images kept aside, once there are enough. Another "
            "choice is applied at once, without learning anew."
        )
        column.addWidget(note)
        grid = _grid()
        grid.setColumnStretch(2, 1)
        for place, words in enumerate(("A pixel belongs to it", "Regions"), start=1):
            grid.addWidget(label(words, tone="muted", size="small"), 0, place)
        for spec in self.form.classes:
            self.thresholds[spec.id] = ChoiceBox(
                f"How sure the model must be of {spec.name}",
                self.form.thresholds(spec.id),
                self._set_finish(spec.id, "threshold"),
            )
            self.regions[spec.id] = ChoiceBox(
                f"Regions of {spec.name}", REGIONS, self._set_finish(spec.id, "one_region")
            )
            name = ElidedLabel(spec.name)
            name.setMinimumWidth(96)
            row = grid.rowCount()
            grid.addWidget(name, row, 0)
            grid.addWidget(self.thresholds[spec.id], row, 1)
            grid.addWidget(self.regions[spec.id], row, 2)
            if self.form.heeds_colours:
                self._add_colours(grid, spec)
        column.addLayout(grid)

    def _add_colours(self, grid: QGridLayout, spec: ClassSpec) -> None:
        box = ChoiceBox(f"Colours of {spec.name} in each image", COLOURS, self._set_finish(spec.id, "colours"))
        self.colours[spec.id] = box
        _add_row(grid, "Its colours", box)
        note = _note("Where the model is sure, each image shows how it looks; that helps where the model is not.")
        grid.addWidget(note, grid.rowCount(), 1, 1, 2)

    def _add_details(self, column: QVBoxLayout) -> None:
        self.details.content.setContentsMargins(0, 0, 0, 0)
        grid = _grid()
        _add_row(grid, "Learning goes by", self.loss)
        grid.addWidget(self.loss_about, grid.rowCount(), 1)
        self.details.content.addLayout(grid)
        column.addWidget(self.details)
        self.details.fold(True)

    def _foot(self) -> QHBoxLayout:
        self.recommend.clicked.connect(self._on_recommend)
        self.cancel.clicked.connect(self.reject)
        self.ok.setProperty("primary", True)
        self.ok.setDefault(True)
        self.ok.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.setContentsMargins(MARGIN, FOOT_MARGIN, MARGIN, FOOT_MARGIN)
        foot.setSpacing(8)
        foot.addWidget(self.recommend)
        foot.addWidget(self.notice, 1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.ok)
        return foot

    def _fit(self, parent: QWidget) -> None:
        """As tall as it needs to be and the window has room for."""
        height = self._content.heightForWidth(WIDTH) + 2 * FOOT_MARGIN + self.ok.sizeHint().height() + 1
        self.setMinimumWidth(560)
        self.resize(WIDTH, min(height, MOST_HEIGHT, max(360, parent.height() - ROOM)))

    def _on_range(self, _low: int, high: int) -> None:
        """The scroll bar takes its width from the margin, so that nothing moves when it comes."""
        column = self._content.layout()
        assert column is not None
        column.setContentsMargins(MARGIN, 16, MARGIN - (SCROLL_BAR if high else 0), 16)

    # ---- what is done -----------------------------------------------------------------------------------------

    def accept(self) -> None:
        """Keep what was chosen."""
        self.form.accept()
        super().accept()

    def _set(self, field: str) -> Callable[[Any], None]:
        return lambda value: self._change(**{field: value})

    def _set_finish(self, class_id: int, field: str) -> Callable[[Any], None]:
        def set_it(value: Any) -> None:
            self.form.change_finish(class_id, **{field: value})
            self._refresh()

        return set_it

    def _change(self, **fields: Any) -> None:
        self.form.change(**fields)
        self._refresh()

    def _on_starter(self, name: str) -> None:
        self.form.starter = name
        self._refresh()

    def _on_recommend(self) -> None:
        self.form.recommend()
        self._refresh()

    def _refresh(self) -> None:
        draft = self.form.draft
        self.networks[draft.network].setChecked(True)
        self.starter.show_value(self.form.starter)
        self.starter_about.setText(self.form.starter_about())
        self.size_box.show_value(draft.input_size)
        self.size_note.setText(self.form.size_note())
        self.size_note.setVisible(bool(self.size_note.text()))
        self.pieces.show_value(draft.pieces)
        self.flips.setChecked(draft.flip_average)
        for class_id, box in self.thresholds.items():
            box.show_value(draft.finish_of(class_id).threshold)
            self.regions[class_id].show_value(draft.finish_of(class_id).one_region)
        for class_id, box in self.colours.items():
            box.show_value(draft.finish_of(class_id).colours)
        self.loss.show_value(draft.loss)
        self.loss_about.setText(self.form.loss_about())
        self.notice.setText(self.form.notice())
        self.recommend.setEnabled(not self.form.recommended)


def _heading(text: str) -> QLabel:
    made = label(text)
    made.setProperty("role", "strong")
    made.setContentsMargins(0, 0, 0, 4)
    return made


def _note(text: str) -> QLabel:
    made = label(text, tone="muted", size="small")
    made.setWordWrap(True)
    return made


def _grid() -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 4, 0, 0)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(6)
    grid.setColumnMinimumWidth(0, 112)
    grid.setColumnStretch(1, 1)
    return grid


def _add_row(grid: QGridLayout, name: str, control: QWidget) -> None:
    row = grid.rowCount()
    grid.addWidget(label(name), row, 0)
    grid.addWidget(control, row, 1)
