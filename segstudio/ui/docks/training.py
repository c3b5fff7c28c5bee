"""Learning: one line while folded, all there is to know unfolded."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.domain.rounds import RoundRecord, RoundStatus
from segstudio.ui.theme import TEXT_SMALL, Theme, ui_font
from segstudio.ui.widgets import ElidedLabel, ProgressLine, Section, label


def time_words(seconds: float | None) -> str:
    """A time left as people say it."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


class TrainingDock(Section):
    """Progress, score and history of the rounds."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Training", self._on_folded)
        self._theme = theme
        self._session: Session | None = None
        self._plot: Any = None
        self._plotted: list[RoundRecord] = []
        self.line = ElidedLabel(tone="muted")
        self.line.setProperty("role", "small")
        self.line_progress = ProgressLine(theme, "Progress of the round")
        folded = QWidget()
        box = QVBoxLayout(folded)
        box.setContentsMargins(16, 0, 12, 12)
        box.setSpacing(8)
        box.addWidget(self.line)
        box.addWidget(self.line_progress)
        self.set_folded_body(folded)
        self.now = ElidedLabel()
        self.progress = ProgressLine(theme, "Progress of the round")
        self.values = {name: label() for name in ("left", "loss", "dice", "device")}
        self.button = QPushButton("Train now")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self._on_button)
        self._build()
        theme.changed.connect(self._color_plot)

    def _build(self) -> None:
        line = QVBoxLayout()
        line.setContentsMargins(4, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.now)
        line.addWidget(self.progress)
        self.content.addLayout(line)
        grid = QGridLayout()
        grid.setContentsMargins(4, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        right = Qt.AlignmentFlag.AlignRight
        names = {"left": "Time left", "loss": "Loss", "dice": "Held-out Dice", "device": "Device"}
        for row, (key, text) in enumerate(names.items()):
            grid.addWidget(label(text, tone="muted"), row, 0)
            grid.addWidget(self.values[key], row, 1, right)
            self.values[key].setAccessibleName(text)
        self.values["dice"].setToolTip(
            "How well the model's masks overlap those of approved images it never learned from (1 is best).\n"
            "A fifth of the approved images is kept aside for this; two of them are needed."
        )
        self.content.addLayout(grid)
        # Above the chart, so that it is in reach on a small screen too.
        foot = QHBoxLayout()
        foot.setContentsMargins(4, 4, 0, 0)
        foot.addWidget(self.button)
        self.content.addLayout(foot)
        self.chart_title = label("Held-out Dice, round by round", tone="muted", size="small")
        self.chart_title.setContentsMargins(4, 4, 0, 0)
        self.content.addWidget(self.chart_title)
        self.chart_title.hide()
        self._chart = QVBoxLayout()
        self._chart.setContentsMargins(0, 0, 0, 0)
        self.content.addLayout(self._chart)

    def set_session(self, session: Session | None) -> None:
        """Show another project's rounds."""
        self._session = session
        self._plotted = []
        self._show()

    def apply(self, changes: Changes) -> None:
        """Follow the round."""
        if changes.training or changes.images:
            self._show()

    def _show(self) -> None:
        if self._session is None:
            return
        status = self._session.rounds.status
        running = status.phase != "idle"
        self.line.set_full(status.line)
        self.now.set_full(status.headline)
        for bar in (self.line_progress, self.progress):
            bar.set_fraction(status.fraction if running else 0.0)
        self.line_progress.setVisible(running)
        self.values["left"].setText(time_words(status.seconds_left) if running else "–")
        self.values["loss"].setText("–" if status.loss is None else f"{status.loss:.3f}")
        dice = status.held_out_dice
        images = "image" if status.held_out_count == 1 else "images"
        self.values["dice"].setText("not yet" if dice is None else f"{dice:.3f} on {status.held_out_count} {images}")
        self.values["device"].setText(status.device or "–")
        self.button.setText("Stop" if running else "Train now")
        self.button.setToolTip("Give this round up; the model so far stays" if running else "Start a round now (T)")
        if status.phase == "cancelling":
            self.button.clearFocus()
        self.button.setEnabled(status.phase != "cancelling")
        if not self.folded:
            self._show_history()

    def _on_button(self) -> None:
        if self._session is None:
            return
        if self._session.rounds.status.phase == "idle":
            self._session.rounds.start()
        else:
            self._session.rounds.cancel()

    def _on_folded(self, folded: bool) -> None:
        if not folded and self._session is not None:
            self._show()

    # ---- the chart --------------------------------------------------------------------------------------------

    def _show_history(self) -> None:
        if self._session is None:
            return
        scored = [
            record
            for record in self._session.rounds.records
            if record.status is RoundStatus.FINISHED and record.held_out_dice is not None
        ]
        # One dot is no curve: it says no more than the number above.
        several = len(scored) > 1
        self.chart_title.setVisible(several)
        if not several:
            if self._plot is not None:
                self._plot.hide()
            return
        if self._plot is None:
            self._plot = self._make_plot()
            self._chart.addWidget(self._plot)
        self._plot.show()
        if scored != self._plotted:
            self._plotted = scored
            self._draw(scored)

    def _make_plot(self) -> Any:
        # Imported here: it takes longer to load than the rest of the window, and only this needs it.
        import pyqtgraph

        plot = pyqtgraph.PlotWidget()
        plot.setFixedHeight(112)
        plot.setFrameShape(plot.Shape.NoFrame)
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(False, False)
        plot.hideButtons()
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # The wheel goes on to the panel: scrolling past must not zoom the chart.
        plot.wheelEvent = lambda event: event.ignore()
        plot.setAccessibleName("Held-out Dice, round by round")
        plot.getPlotItem().setContentsMargins(0, 8, 4, 0)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setStyle(tickFont=ui_font(TEXT_SMALL), tickLength=0, maxTickLevel=0)
        plot.getAxis("left").setWidth(34)
        return plot

    def _draw(self, scored: list[RoundRecord]) -> None:
        import pyqtgraph

        tokens = self._theme.tokens
        rounds = [record.number for record in scored]
        dice = [float(record.held_out_dice or 0.0) for record in scored]
        low, high = min(dice), max(dice)
        margin = max(0.01, (high - low) * 0.15)
        self._plot.clear()
        self._plot.setBackground(tokens.panel)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pyqtgraph.mkPen(tokens.line))
            axis.setTextPen(pyqtgraph.mkPen(tokens.muted))
        self._plot.getAxis("bottom").setTicks([[(number, str(number)) for number in _thinned(rounds)]])
        self._plot.plot(
            rounds, dice, pen=pyqtgraph.mkPen(tokens.accent, width=2), symbol="o", symbolSize=6,
            symbolBrush=tokens.accent, symbolPen=None, antialias=True,
        )  # fmt: skip
        self._plot.setXRange(rounds[0] - 0.3, rounds[-1] + 0.3, padding=0)
        self._plot.setYRange(low - margin, min(1.0, high + margin) if high < 1 else 1.0 + margin, padding=0)
        self._plot.setAccessibleDescription(f"{dice[-1]:.2f} in round {rounds[-1]}")

    def _color_plot(self) -> None:
        if self._plot is not None and self._plotted:
            self._draw(self._plotted)


def _thinned(rounds: list[int]) -> list[int]:
    step = max(1, -(-len(rounds) // 8))
    return rounds[::step]
