"""Small calm charts. The library that draws them loads slowly, so it is imported when the first one is shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QStackedLayout, QWidget

from segstudio.app.round_charts import Chart, Point
from segstudio.ui.theme import TEXT_SMALL, Theme, ui_font
from segstudio.ui.widgets import label

_MOST_TICKS = 8
_BAR = 0.7


class ChartView(QWidget):
    """One chart, or a sentence that says what it needs."""

    def __init__(self, theme: Theme, height: int, ground: str = "panel") -> None:
        super().__init__()
        self._theme = theme
        self._ground = ground
        self._plot: Any = None
        self.chart: Chart | None = None
        self.lack = label(tone="muted", size="small")
        self.lack.setWordWrap(True)
        self.lack.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._layout = QStackedLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self.lack)
        self.setFixedHeight(height)
        theme.changed.connect(self._draw)

    def show_chart(self, chart: Chart) -> None:
        """Draw another chart, unless it is the same one."""
        if chart == self.chart:
            return
        self.chart = chart
        self._draw()

    def point_at(self, x: float) -> Point | None:
        """The point that a pointer at ``x`` of the chart's axis is nearest to; None beside all of them."""
        if self.chart is None or not self.chart.shows:
            return None
        nearest = min(self.chart.points, key=lambda point: abs(point.x - x))
        return nearest if abs(nearest.x - x) <= 0.5 else None

    def _draw(self) -> None:
        chart = self.chart
        if chart is None:
            return
        self.setAccessibleName(chart.title)
        if not chart.shows:
            self.lack.setText(chart.lack)
            self.setAccessibleDescription(chart.lack)
            self._layout.setCurrentWidget(self.lack)
            return
        if self._plot is None:
            self._plot = make_plot()
            self._plot.scene().sigMouseMoved.connect(self._on_moved)
            self._layout.addWidget(self._plot)
        self._layout.setCurrentWidget(self._plot)
        self.setAccessibleDescription(chart.points[-1].words)
        _paint(self._plot, chart, self._theme, self._ground)

    def _on_moved(self, position: QPointF) -> None:
        point = self.point_at(self._plot.getViewBox().mapSceneToView(position).x())
        self._plot.setToolTip("" if point is None else point.words)


def make_plot() -> Any:
    """An empty plot without anything that could be clicked or turned by the wheel."""
    import pyqtgraph

    plot = pyqtgraph.PlotWidget()
    plot.setFrameShape(plot.Shape.NoFrame)
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    # The wheel goes on to what scrolls: going past must not zoom the chart.
    plot.wheelEvent = lambda event: event.ignore()
    plot.getPlotItem().setContentsMargins(0, 8, 4, 0)
    for side in ("left", "bottom"):
        plot.getAxis(side).setStyle(tickFont=ui_font(TEXT_SMALL), tickLength=0, maxTickLevel=0)
    plot.getAxis("left").setWidth(36)
    return plot


def _paint(plot: Any, chart: Chart, theme: Theme, ground: str) -> None:
    import pyqtgraph

    xs = [point.x for point in chart.points]
    ys = [point.y for point in chart.points]
    plot.clear()
    plot.setBackground(theme.color(ground))
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(pyqtgraph.mkPen(theme.color("line")))
        axis.setTextPen(pyqtgraph.mkPen(theme.color("muted")))
    plot.getAxis("bottom").setTicks([[(x, str(x)) for x in thinned(xs)]])
    accent = theme.color("accent")
    if chart.style == "bars":
        soft = QColor(accent)
        soft.setAlpha(170)
        plot.addItem(pyqtgraph.BarGraphItem(x=xs, height=ys, width=_BAR, brush=soft, pen=None))
    else:
        _paint_likely(plot, chart.points, theme.color("accent_soft"))
        plot.plot(
            xs, ys, pen=pyqtgraph.mkPen(accent, width=2), symbol="o", symbolSize=6, symbolBrush=accent,
            symbolPen=None, antialias=True,
        )  # fmt: skip
    plot.setXRange(xs[0] - 0.5, xs[-1] + 0.5, padding=0)
    plot.setYRange(*chart.span, padding=0)


def _paint_likely(plot: Any, points: Sequence[Point], color: QColor) -> None:
    """A band round the curve, with gaps where nothing is known."""
    import pyqtgraph

    for known, group in groupby(points, key=lambda point: point.likely is not None):
        run = [(point.x, *point.likely) for point in group if point.likely is not None]
        if not known:
            continue
        if len(run) == 1:
            x, low, high = run[0]
            plot.plot([x, x], [low, high], pen=pyqtgraph.mkPen(color, width=4))
            continue
        xs, lows, highs = zip(*run, strict=True)
        edges = (pyqtgraph.PlotCurveItem(list(xs), list(edge)) for edge in (lows, highs))
        plot.addItem(pyqtgraph.FillBetweenItem(*edges, brush=color))


def thinned(ticks: list[int]) -> list[int]:
    """So many of the ticks that their figures stay apart."""
    return ticks[:: max(1, -(-len(ticks) // _MOST_TICKS))]
