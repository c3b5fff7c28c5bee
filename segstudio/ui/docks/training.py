"""Learning: one line while folded, all there is to know unfolded."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from segstudio.app.changes import Changes
from segstudio.app.elsewhere import elsewhere_words
from segstudio.app.round_charts import all_charts, between
from segstudio.app.session import Session
from segstudio.ui.option_rows import CalmCombo
from segstudio.ui.plots import ChartView
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, ProgressLine, Section, label

CHART_HEIGHT = 112

_DICE = (
    "How well the model's masks overlap those of approved images it never learned from here (1 is best). "
    "A fifth of the approved images is kept aside for this; two of them are needed."
)


def time_words(seconds: float | None) -> str:
    """A time left as people say it."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


class TrainingDock(Section):
    """Progress, score and history of the rounds."""

    rounds_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Training", self._on_folded)
        self._session: Session | None = None
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
        self.values = {name: label() for name in ("left", "loss", "dice", "likely", "device")}
        self._names: dict[str, QLabel] = {}
        self.button = QPushButton("Train now")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self._on_button)
        self.rounds = QPushButton("Rounds…")
        self.rounds.setToolTip("All rounds: go back to one, compare, note, delete")
        self.rounds.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.rounds.clicked.connect(self.rounds_wanted)
        self.chosen = CalmCombo()
        self.chosen.setAccessibleName("What the chart shows")
        self.chosen.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.chosen.currentIndexChanged.connect(self._on_chosen)
        self.chart = ChartView(theme, CHART_HEIGHT)
        self._build()

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
        names = {
            "left": "Time left", "loss": "Loss", "dice": "Held-out Dice", "likely": "Likely between",
            "device": "Device",
        }  # fmt: skip
        for row, (key, text) in enumerate(names.items()):
            self._names[key] = label(text, tone="muted")
            grid.addWidget(self._names[key], row, 0)
            grid.addWidget(self.values[key], row, 1, right)
            self.values[key].setAccessibleName(text)
        self.values["likely"].setToolTip(
            "The images kept aside are a sample: as far as they can tell, the score on all of its kind lies in here\n"
            "(with 95 % confidence). The more are kept aside, the narrower it is."
        )
        self.content.addLayout(grid)
        # Above the chart, so that it is in reach on a small screen too.
        foot = QHBoxLayout()
        foot.setContentsMargins(4, 4, 0, 0)
        foot.setSpacing(8)
        foot.addWidget(self.button, 1)
        foot.addWidget(self.rounds, 1)
        self.content.addLayout(foot)
        chart = QVBoxLayout()
        chart.setContentsMargins(4, 0, 0, 0)
        chart.setSpacing(4)
        chart.addWidget(self.chosen)
        chart.addWidget(self.chart)
        self.content.addLayout(chart)
        self.chosen.hide()
        self.chart.hide()

    def set_session(self, session: Session | None) -> None:
        """Show another project's rounds."""
        self._session = session
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
        elsewhere = elsewhere_words(self._session.book.records, starter=self._session.rounds.base is not None)
        self.values["dice"].setToolTip(f"{_DICE} {elsewhere}".strip().replace(". ", ".\n"))
        images = "image" if status.held_out_count == 1 else "images"
        self.values["dice"].setText("not yet" if dice is None else f"{dice:.3f} on {status.held_out_count} {images}")
        used = self._session.book.used
        interval = None if used is None or dice is None else self._session.book.interval(used.number)
        self.values["likely"].setText("–" if interval is None else between(interval))
        self.values["device"].setText(status.device or "–")
        self.button.setText("Stop" if running else "Train now")
        self.button.setToolTip("Give this round up; the model so far stays" if running else "Start a round now (T)")
        if status.phase == "cancelling":
            self.button.clearFocus()
        self.button.setEnabled(status.phase != "cancelling")
        if not self.folded:
            self._show_chart()

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

    def _show_chart(self) -> None:
        session = self._session
        if session is None:
            return
        charts = all_charts(session.book, lambda image_id: session.record(image_id).name)
        any_shows = any(chart.shows for chart in charts)
        self.chosen.setVisible(any_shows)
        self.chart.setVisible(any_shows)
        if any_shows:
            if self.chosen.count() == 0:
                self.chosen.addItems([chart.title for chart in charts])
            chart = charts[self.chosen.currentIndex()]
            self.chosen.setToolTip(chart.about)
            self.chart.show_chart(chart)

    def _on_chosen(self, _: int) -> None:
        if not self.folded:
            self._show_chart()
