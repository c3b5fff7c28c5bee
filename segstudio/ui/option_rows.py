"""Controls for settings: a number with its slider, a choice of a few words, a list, a box to tick."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.ui.choices import CheckBox
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import CalmSlider, label

_STEPS = 200
_NAME_WIDTH = 72
_CLOSE = 2
_CLEAR = 6
"""Px between a number and the border of its box, beside what a style sheet's padding leaves there."""


class CalmSpin(QDoubleSpinBox):
    """A number that the wheel does not move, at the right of its box and clear of the border."""

    def __init__(self) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.lineEdit().setTextMargins(0, 0, _CLEAR, 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Left to whatever scrolls."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape forgets what was typed; who shows the number then takes the keyboard back."""
        if event.key() == Qt.Key.Key_Escape:
            self.setValue(self.value())
            event.ignore()
        else:
            super().keyPressEvent(event)


class CalmCombo(QComboBox):
    """A list that the wheel does not move, and that gives the keyboard back once something was chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Left to whatever scrolls."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """As ever, with an arrow that is seen on dark and light alike."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self.palette().color(self.foregroundRole()), 1.4)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        x, y = self.width() - 14.0, self.height() / 2 - 1.5
        painter.drawPolyline(QPolygonF([QPointF(x, y), QPointF(x + 4, y + 4), QPointF(x + 8, y)]))
        painter.end()


class NumberRow(QWidget):
    """A slider and the number. ``by_share`` makes every step of the slider grow it by the same share."""

    changed = Signal(float)

    def __init__(
        self, name: str, low: float, high: float, *, unit: str = "", decimals: int = 0, by_share: bool = False, tip: str
    ) -> None:
        super().__init__()
        self._low, self._high, self._by_share = low, high, by_share
        self.slider = CalmSlider(0, _STEPS, tip, tip)
        self.slider.valueChanged.connect(lambda step: self.changed.emit(self._value_at(step)))
        self.number = CalmSpin()
        self.number.setDecimals(decimals)
        self.number.setRange(low, high)
        self.number.setSuffix(f" {unit}" if unit else "")
        self.number.setFixedWidth(72)
        self.number.setAccessibleName(tip)
        self.number.setToolTip(tip)
        self.number.setKeyboardTracking(False)
        self.number.valueChanged.connect(self.changed)
        layout = _row(self, name)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.number)

    def show_value(self, value: float) -> None:
        """Show ``value`` without saying so."""
        for widget in (self.slider, self.number):
            widget.blockSignals(True)
        self.slider.setValue(self._step_of(value))
        self.number.setValue(value)
        for widget in (self.slider, self.number):
            widget.blockSignals(False)

    def _value_at(self, step: int) -> float:
        share = step / _STEPS
        if self._by_share:
            return float(self._low * (self._high / self._low) ** share)
        return self._low + (self._high - self._low) * share

    def _step_of(self, value: float) -> int:
        value = min(max(value, self._low), self._high)
        if self._by_share:
            return round(_STEPS * math.log(value / self._low) / math.log(self._high / self._low))
        return round(_STEPS * (value - self._low) / (self._high - self._low))


class ChoiceRow(QWidget):
    """A few words side by side, one of them chosen."""

    chosen = Signal(object)

    def __init__(self, name: str, choices: Sequence[tuple[object, str, str]]) -> None:
        super().__init__()
        self._buttons: dict[object, QToolButton] = {}
        group = QButtonGroup(self)
        layout = _row(self, name)
        # Close to each other, and as far from their name as any other control.
        layout.addSpacing(layout.spacing() - _CLOSE)
        layout.setSpacing(_CLOSE)
        for value, text, tip in choices:
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(f"{name}: {text}")
            button.setCheckable(True)
            button.setProperty("segment", True)
            button.setFixedHeight(26)
            button.clicked.connect(lambda _=False, value=value: self.chosen.emit(value))
            group.addButton(button)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            layout.addWidget(button, 1)
            self._buttons[value] = button

    def button(self, value: object) -> QToolButton:
        """The button of ``value``."""
        return self._buttons[value]

    def show_value(self, value: object) -> None:
        """Show which is chosen."""
        self._buttons[value].setChecked(True)


class ListRow(QWidget):
    """A list to choose from."""

    chosen = Signal(object)

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self._entries: list[tuple[object, str]] = []
        self.combo = CalmCombo()
        # However long an entry is, the list is as wide as there is room.
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(6)
        self.combo.setAccessibleName(tip)
        self.combo.setToolTip(tip)
        self.combo.activated.connect(lambda index: self.chosen.emit(self._entries[index][0]))
        _row(self, name).addWidget(self.combo, 1)

    def show_entries(self, entries: Sequence[tuple[object, str]], value: object) -> None:
        """Show values with their words, and which is chosen; the first if none of them is."""
        if self._entries != list(entries):
            self._entries = list(entries)
            self.combo.clear()
            self.combo.addItems([text for _, text in entries])
        values = [entry[0] for entry in entries]
        self.combo.setCurrentIndex(values.index(value) if value in values else 0)


class TickRow(QWidget):
    """A box to tick."""

    ticked = Signal(bool)

    def __init__(self, theme: Theme, text: str, tip: str) -> None:
        super().__init__()
        self.box = CheckBox(theme, text)
        self.box.setToolTip(tip)
        self.box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.box.clicked.connect(self.ticked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 0, 0, 0)
        layout.addWidget(self.box)

    def show_value(self, value: bool) -> None:
        """Show whether it is ticked."""
        self.box.setChecked(value)


def _row(widget: QWidget, name: str) -> QHBoxLayout:
    layout = QHBoxLayout(widget)
    layout.setContentsMargins(4, 0, 0, 0)
    layout.setSpacing(8)
    words = label(name)
    words.setMinimumWidth(_NAME_WIDTH)
    layout.addWidget(words)
    return layout
