"""The size of the brush."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSpinBox

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.app.tools.settings import LIMITS
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import CalmSlider, Section, label

MIN_RADIUS, MAX_RADIUS = LIMITS["radius"]
_STEPS = 200


def radius_at(step: int) -> float:
    """The radius at a place of the slider: every step grows it by the same share."""
    return float(MIN_RADIUS * (MAX_RADIUS / MIN_RADIUS) ** (step / _STEPS))


def step_of(radius: float) -> int:
    """The slider's place for a radius."""
    return round(_STEPS * math.log(max(radius, MIN_RADIUS) / MIN_RADIUS) / math.log(MAX_RADIUS / MIN_RADIUS))


class _Diameter(QSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class BrushDock(Section):
    """Slider and number, in image pixels across."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Brush")
        self._session: Session | None = None
        self.slider = CalmSlider(0, _STEPS, "Size of the brush", "Size of the brush ([ and ], or Ctrl+wheel)")
        self.slider.valueChanged.connect(self._on_slider)
        self.diameter = _Diameter()
        self.diameter.setRange(1, round(2 * MAX_RADIUS))
        self.diameter.setSuffix(" px")
        self.diameter.setFixedWidth(68)
        self.diameter.lineEdit().setTextMargins(0, 0, 6, 0)
        self.diameter.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.diameter.setAccessibleName("Size of the brush in pixels across")
        self.diameter.setToolTip("Size of the brush in image pixels across")
        self.diameter.setKeyboardTracking(False)
        self.diameter.valueChanged.connect(self._on_diameter)
        row = QHBoxLayout()
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(label("Size"))
        row.addWidget(self.slider, 1)
        row.addWidget(self.diameter)
        self.content.addLayout(row)

    def set_session(self, session: Session | None) -> None:
        """Show another session's brush."""
        self._session = session
        self._show()

    def apply(self, changes: Changes) -> None:
        """Follow the brush."""
        if changes.tool:
            self._show()

    def _show(self) -> None:
        if self._session is None:
            return
        radius = self._session.editor.brush_radius
        for widget, value in ((self.slider, step_of(radius)), (self.diameter, max(1, round(2 * radius)))):
            widget.blockSignals(True)
            widget.setValue(value)
            widget.blockSignals(False)

    def _on_slider(self, step: int) -> None:
        if self._session is not None:
            self._session.editor.set_brush_radius(radius_at(step))

    def _on_diameter(self, diameter: int) -> None:
        if self._session is not None:
            self._session.editor.set_brush_radius(diameter / 2)
