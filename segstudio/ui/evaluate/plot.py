"""How a measure is spread over the images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from segstudio.domain.evaluation import Measure
from segstudio.ui.plots import make_plot
from segstudio.ui.theme import Theme

_BARS = 24
_ROOM = 0.04
_TICKS = 5


class SpreadPlot(QWidget):
    """A bar for each part of a measure's range, as high as there are images in it; a line at the mean."""

    def __init__(self, theme: Theme, colors: Sequence[QColor]) -> None:
        super().__init__()
        self._theme = theme
        self._colors = colors
        self._plot: Any = None
        self._shown: tuple[Measure, tuple[list[float], ...]] | None = None
        self.counts: list[NDArray[np.intp]] = []
        self.ticks = range(0)
        self.setMinimumHeight(120)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        theme.changed.connect(self._draw)

    def sizeHint(self) -> QSize:
        """Low: what a plot wants by itself would push the worst images off a laptop's screen."""
        return QSize(240, 200)

    def show_values(self, measure: Measure, sides: Sequence[Sequence[float]]) -> None:
        """Draw the values of one side, or of two side by side."""
        self._shown = (measure, tuple(list(values) for values in sides))
        self._draw()

    def clear(self) -> None:
        """Show nothing."""
        self._shown = None
        if self._plot is not None:
            self._plot.clear()

    def _draw(self) -> None:
        if self._shown is None:
            return
        import pyqtgraph

        if self._plot is None:
            self._plot = make_plot()
            self._layout.addWidget(self._plot)
        measure, sides = self._shown
        plot = self._plot
        plot.clear()
        plot.setBackground(self._theme.color("panel"))
        for side in ("left", "bottom"):
            plot.getAxis(side).setPen(pyqtgraph.mkPen(self._theme.color("line")))
            plot.getAxis(side).setTextPen(pyqtgraph.mkPen(self._theme.color("muted")))
        edges = np.linspace(*_range(measure, sides), _BARS + 1)
        width = float(edges[1] - edges[0])
        self.counts = [np.histogram(values, edges)[0] for values in sides]
        for place, (values, counts) in enumerate(zip(sides, self.counts, strict=True)):
            color = self._colors[place] if len(sides) > 1 else self._theme.color("accent")
            soft = QColor(color)
            soft.setAlpha(150)
            left = edges[:-1] + width * (0.06 + place * 0.44 if len(sides) > 1 else 0.06)
            bar = width * (0.44 if len(sides) > 1 else 0.88)
            plot.addItem(pyqtgraph.BarGraphItem(x0=left, width=bar, height=counts, brush=soft, pen=None))
            mean = pyqtgraph.InfiniteLine(
                float(np.mean(values)), pen=pyqtgraph.mkPen(color, width=2, style=Qt.PenStyle.DashLine)
            )
            plot.addItem(mean)
        plot.setXRange(edges[0], edges[-1], padding=0.01)
        highest = max(1, *(int(counts.max()) for counts in self.counts))
        plot.setYRange(0, highest, padding=_ROOM)
        # Images are whole: of few the axis would count halves.
        self.ticks = range(0, highest + 1, max(1, -(-highest // _TICKS)))
        plot.getAxis("left").setTicks([[(count, f"{count:,}") for count in self.ticks]])
        words = "; ".join(f"mean {measure.words(float(np.mean(values)))} of {len(values)} images" for values in sides)
        self.setAccessibleName(f"How {measure.title} is spread over the images")
        self.setAccessibleDescription(words)
        self.setToolTip(f"{measure.title}: how many images have which value\n{words}")


def _range(measure: Measure, sides: Sequence[Sequence[float]]) -> tuple[float, float]:
    """From the lowest value to the best there can be; of a distance from the best to the highest value."""
    values = [value for side in sides for value in side]
    if not measure.more_is_better:
        return 0.0, max(1.0, max(values))
    return min(0.9, np.floor(min(values) * 20) / 20), 1.0
