"""How bright the image is drawn: black, white and gamma, and local contrast. The file stays as it is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton

from segstudio.app.changes import Changes
from segstudio.app.document import Document
from segstudio.app.session import Session
from segstudio.imaging.display import NEUTRAL, Tone
from segstudio.ui.canvas.base import Levels
from segstudio.ui.canvas.histogram import Histogram, histogram
from segstudio.ui.canvas.seen_view import SeenView
from segstudio.ui.option_rows import CalmSpin, TickRow
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import Section, label

_GAMMAS = (0.2, 5.0)
_NARROWEST = 1 / 255
"""Share of the image's range that black and white are apart at least."""


class ToneDock(Section):
    """Values are those of the file: 0 to 255, or what a file of 16 bits holds."""

    def __init__(self, theme: Theme, canvas: SeenView) -> None:
        super().__init__(theme, "Image")
        self._canvas = canvas
        self._document: Document | None = None
        self._range = (0.0, 255.0)
        self._axis = (0.0, 255.0)
        self.histogram = Histogram(theme)
        self.histogram.moved.connect(self._on_moved)
        self.fields = {
            "black": self._field("Black", "What is drawn black"),
            "gamma": self._field("Gamma", "Above 1 the darks are lifted"),
            "white": self._field("White", "What is drawn white"),
        }
        self.fields["gamma"].setDecimals(2)
        self.fields["gamma"].setSingleStep(0.1)
        self.fields["gamma"].setRange(*_GAMMAS)
        for name, field in self.fields.items():
            field.valueChanged.connect(partial(self._on_moved, name))
        grid = QGridLayout()
        grid.setContentsMargins(4, 0, 4, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for column, (name, field) in enumerate(self.fields.items()):
            grid.addWidget(label(name.capitalize(), tone="muted", size="small"), 0, column)
            grid.addWidget(field, 1, column)
        self.local = TickRow(theme, "Local contrast", "Even out light and lift what is faint; hairs stay (C)")
        self.local.ticked.connect(lambda ticked: self._set(local_contrast=ticked))
        self.reset = QPushButton("Reset")
        self.reset.setProperty("flat", True)
        self.reset.setAccessibleName("Draw the image as it is")
        self.reset.clicked.connect(lambda: self._canvas.seeing.set_tone(self._document, NEUTRAL))
        foot = QHBoxLayout()
        foot.addWidget(self.local, 1)
        foot.addWidget(self.reset)
        self.content.addWidget(self.histogram)
        self.content.addLayout(grid)
        self.content.addLayout(foot)
        canvas.seeing.changed.connect(self._show_tone)
        self.title.toggled.connect(lambda _: self._follow())

    def set_session(self, session: Session | None) -> None:
        """Show another project's images."""
        self._follow()

    def apply(self, changes: Changes) -> None:
        """Follow the image on the canvas."""
        if changes.document:
            self._follow()

    def _follow(self) -> None:
        renderer = self._canvas.renderer
        self.body.setEnabled(renderer is not None)
        if self.folded or renderer is None or self._canvas.document is self._document:
            return
        self._document = self._canvas.document
        self._measure(renderer.levels)
        self._show_tone()

    def _measure(self, levels: Levels) -> None:
        self._range = low, high = levels.shown_range
        pixels = levels.shown.pixels if levels.deep is None else levels.deep.pixels
        if levels.deep is not None:
            # What the file holds beyond what is shown at first is there to be brought back.
            low, high = min(low, float(pixels.min())), max(high, float(pixels.max()))
        self._axis = low, high
        self.histogram.show_heights(histogram(pixels, low, high), low, high)
        for name in ("black", "white"):
            with QSignalBlocker(self.fields[name]):
                self.fields[name].setRange(low, high)

    def _show_tone(self) -> None:
        tone = self._canvas.seeing.tone(self._document)
        shown = {"black": self._value(tone.black), "gamma": tone.gamma, "white": self._value(tone.white)}
        for name, value in shown.items():
            with QSignalBlocker(self.fields[name]):
                self.fields[name].setValue(value)
        self.histogram.show_handles(shown["black"], shown["white"], tone.gamma)
        self.local.show_value(tone.local_contrast)
        self.reset.setEnabled(not tone.is_neutral)

    def _on_moved(self, name: str, value: float) -> None:
        if name == "gamma":
            self._set(gamma=value)
            return
        tone = self._canvas.seeing.tone(self._document)
        low, high = self._range
        share = (value - low) / (high - low)
        if name == "black":
            self._set(black=min(share, tone.white - _NARROWEST))
        else:
            self._set(white=max(share, tone.black + _NARROWEST))

    def _set(self, **values: float) -> None:
        seeing = self._canvas.seeing
        tone: Tone = replace(seeing.tone(self._document), **values)  # type: ignore[arg-type]
        seeing.set_tone(self._document, tone)
        self._show_tone()

    def _value(self, share: float) -> float:
        low, high = self._range
        return low + share * (high - low)

    @staticmethod
    def _field(name: str, tip: str) -> CalmSpin:
        field = CalmSpin()
        field.setDecimals(0)
        field.setAccessibleName(tip)
        field.setToolTip(tip)
        field.setKeyboardTracking(False)
        return field
