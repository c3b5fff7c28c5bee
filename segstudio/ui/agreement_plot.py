"""Two readers in two plots: Dice from the most disputed on, and whose area is larger."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from segstudio.domain.agreement import Agreement
from segstudio.ui.plots import make_plot, thinned
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import label

LEAST = 2
"""Pairs from which on there is something to plot."""


class AgreementPlots(QWidget):
    """Sorted Dice at the left, Bland and Altman's plot of the areas at the right."""

    def __init__(self, theme: Theme, height: int) -> None:
        super().__init__()
        self._theme = theme
        self._agreement: Agreement | None = None
        self.plots: list[Any] = []
        self.lack = label("Plots need two images that two readers have read.", tone="muted")
        self.lack.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._drawn = QWidget()
        self._row = QHBoxLayout(self._drawn)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(24)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.lack)
        self._stack.addWidget(self._drawn)
        self.setFixedHeight(height)
        theme.changed.connect(self._draw)

    def show_agreement(self, agreement: Agreement | None) -> None:
        """Plot another result."""
        if agreement is not self._agreement:
            self._agreement = agreement
            self._draw()

    def _draw(self) -> None:
        found = self._agreement
        if found is None or len(found.pairs) < LEAST:
            self._stack.setCurrentWidget(self.lack)
            return
        if not self.plots:
            for title in (
                "Dice, the most disputed first",
                "Area: how much larger the second's is (%), by the mean of both (1000 px)",
            ):
                self._add(title)
        self._stack.setCurrentWidget(self._drawn)
        self._draw_dice(found)
        self._draw_areas(found)

    def _add(self, title: str) -> None:
        plot = make_plot()
        column = QVBoxLayout()
        column.setSpacing(2)
        head = label(title, tone="muted", size="small")
        head.setWordWrap(False)
        column.addWidget(head)
        column.addWidget(plot, 1)
        self._row.addLayout(column, 1)
        plot.setAccessibleName(title)
        self.plots.append(plot)

    def _draw_dice(self, found: Agreement) -> None:
        xs = list(range(1, len(found.pairs) + 1))
        ys = [pair.dice for pair in found.pairs]
        plot = self._cleared(0, [(x, str(x)) for x in thinned(xs)])
        if found.dice is not None:
            self._line(plot, found.dice.mean, dashed=False)
        self._dots(plot, xs, ys)
        low = min(ys)
        plot.setXRange(0.5, len(xs) + 0.5, padding=0)
        plot.setYRange(max(0.0, low - 0.05), 1.01, padding=0)

    def _draw_areas(self, found: Agreement) -> None:
        xs = [(pair.first_area + pair.second_area) / 2000 for pair in found.pairs]
        ys = [100 * pair.area_difference for pair in found.pairs]
        plot = self._cleared(1, None)
        edges = [*ys, 0.0]
        if found.area is not None:
            self._line(plot, 100 * found.area.bias.mean, dashed=False)
            for limit in (found.area.low, found.area.high):
                self._line(plot, 100 * limit, dashed=True)
                edges.append(100 * limit)
        self._dots(plot, xs, ys)
        margin = 0.08 * (max(edges) - min(edges) or 1.0)
        across = 0.05 * (max(xs) - min(xs) or 1.0)
        plot.setXRange(min(xs) - across, max(xs) + across, padding=0)
        plot.setYRange(min(edges) - margin, max(edges) + margin, padding=0)

    def _cleared(self, place: int, ticks: list[tuple[int, str]] | None) -> Any:
        import pyqtgraph

        plot = self.plots[place]
        plot.clear()
        plot.setBackground(self._theme.color("panel"))
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(pyqtgraph.mkPen(self._theme.color("line")))
            axis.setTextPen(pyqtgraph.mkPen(self._theme.color("muted")))
        if ticks is not None:
            plot.getAxis("bottom").setTicks([ticks])
        return plot

    def _line(self, plot: Any, y: float, *, dashed: bool) -> None:
        import pyqtgraph

        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        pen = pyqtgraph.mkPen(self._theme.color("muted"), width=1, style=style)
        plot.addItem(pyqtgraph.InfiniteLine(y, angle=0, pen=pen))

    def _dots(self, plot: Any, xs: list[Any], ys: list[float]) -> None:
        plot.plot(
            xs, ys, pen=None, symbol="o", symbolSize=7, symbolBrush=self._theme.color("accent"), symbolPen=None,
            antialias=True,
        )  # fmt: skip
