"""What came out: in a sentence, as a table, as a plot, and the worst images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from segstudio.app.evaluation import Evaluation
from segstudio.app.evaluation_names import without_names
from segstudio.app.evaluation_report import alone_words, report, write_csv
from segstudio.app.evaluator import Evaluator
from segstudio.app.reports import write_json
from segstudio.domain.evaluation import MEASURES, Measure
from segstudio.imaging.outlines import SIDES, TRUTH
from segstudio.ui.choices import CheckBox
from segstudio.ui.dialogs.model_settings import ChoiceBox
from segstudio.ui.evaluate.plot import SpreadPlot
from segstudio.ui.evaluate.side_names import short_names
from segstudio.ui.evaluate.tables import SummaryTable, signed
from segstudio.ui.evaluate.worst import WorstList
from segstudio.ui.scroll_part import ScrollBody
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, as_typed, label, restyle

DIFFERENCE = -1
OLDER = "This came out before you changed what is compared. Press Evaluate to have it compared anew."

_PRIVATE = (
    "Without it files call images by their number, and name neither folders nor patients: what they are called may "
    "tell who they are of"
)


class EvaluateResults(QWidget):
    """Shows one evaluation; ``opened`` is told of an image that somebody wants to see."""

    opened = Signal(int)

    def __init__(self, evaluator: Evaluator, theme: Theme, last_folder: Callable[[], str]) -> None:
        super().__init__()
        self._evaluator = evaluator
        self._last_folder = last_folder
        self._found: Evaluation | None = None
        self._side = 0
        self._measure: Measure = MEASURES[0]
        self.headline = label(size="large")
        self.headline.setWordWrap(True)
        self.headline.setMinimumWidth(200)  # the name of a folder may be one word, and wider than the screen
        self.older = label(OLDER, tone="bad")
        self.older.setWordWrap(True)
        self.older.hide()
        self.notice = ElidedLabel(tone="muted")
        self.side = ChoiceBox("Whose masks the table is about", [], self._on_side)
        self.table = SummaryTable(theme)
        measures = [(measure, measure.title) for measure in MEASURES]
        self.measure = ChoiceBox("What the plot and the worst images go by", measures, self._on_measure)
        self.plot = SpreadPlot(theme, [QColor(*color) for color in SIDES])
        self.worst = WorstList(theme)
        self.worst_title = label(size="strong")
        self.legend = label(size="small")
        self.legend.setWordWrap(True)
        self.identifiers = CheckBox(theme, "Include file names and groups")
        self.identifiers.setToolTip(_PRIVATE)
        self.csv, self.json = QPushButton("Export CSV…"), QPushButton("Export JSON…")
        self._build()
        self.worst.opened.connect(self.opened)
        theme.changed.connect(self._show)

    def _build(self) -> None:
        for button, ending, write in (
            (self.csv, "csv", write_csv),
            (self.json, "json", lambda path, found: write_json(path, report(found))),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, ending=ending, write=write: self._ask_file(ending, write))
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.headline, 1)
        top.addWidget(self.side, 0, Qt.AlignmentFlag.AlignTop)
        self.side.setMinimumWidth(160)
        right = QWidget()
        spread = QVBoxLayout(right)
        spread.setContentsMargins(0, 0, 0, 0)
        spread.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.measure)
        head.addWidget(label("images by value", tone="muted", size="small"), 1)
        spread.addLayout(head)
        self.measure.setMinimumWidth(112)
        spread.addWidget(self.plot, 1)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self.table, 3)
        middle.addWidget(right, 1)
        worst = QHBoxLayout()
        worst.addWidget(self.worst_title)
        worst.addSpacing(8)
        worst.addWidget(self.legend, 1)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.notice, 1)
        foot.addWidget(self.identifiers)
        foot.addWidget(self.csv)
        foot.addWidget(self.json)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.older)
        layout.addLayout(top)
        layout.addWidget(ScrollBody(self._body(middle, worst)), 1)
        layout.addLayout(foot)

    def _body(self, middle: QHBoxLayout, worst: QHBoxLayout) -> QWidget:
        """What scrolls where the screen is low, so that the foot stays on it."""
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(middle, 1)
        column.addLayout(worst)
        column.addWidget(self.worst)
        return body

    # ---- what is shown ----------------------------------------------------------------------------------------

    def show_evaluation(self, found: Evaluation) -> None:
        """Show another evaluation."""
        self._found = found
        sides = found.plan.sides
        self._side = DIFFERENCE if len(sides) > 1 else 0
        self.side.offer([(DIFFERENCE, "Both, compared"), *enumerate(short_names(sides))])
        self.side.setVisible(len(sides) > 1)
        self._show()

    def show_older(self, older: bool) -> None:
        """Say that something else is asked by now, or that it is not."""
        self.older.setVisible(older)

    def _show(self) -> None:
        found = self._found
        if found is None:
            return
        sides = found.plan.sides
        self.side.show_value(self._side)
        self.headline.setText(headline(found))
        self.headline.setToolTip(as_typed(headline(found)))
        lines = [found.lines(side)[0] for side in range(len(sides))]
        if self._side == DIFFERENCE:
            self.table.show_differences(sides, lines, found.differences())
        else:
            self.table.show_lines(found.lines(self._side))
        self.say(notice(found))
        judged = short_names(sides) if len(sides) > 1 else ("judged mask",)
        colors = [("true mask", TRUTH), *zip(judged, SIDES, strict=False)]
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setText("&nbsp;&nbsp; ".join(_swatch(name, color) for name, color in colors))
        self._show_measure()

    def _show_measure(self) -> None:
        found = self._found
        if found is None:
            return
        values = [
            [self._measure.of(scored.sides[side].total) for scored in found.scored]
            for side in range(len(found.plan.sides))
        ]
        compared = self._side == DIFFERENCE
        self.worst_title.setText(f"Where {short_names(found.plan.sides)[-1]} lost most" if compared else "Worst images")
        self.measure.show_value(self._measure)
        self.plot.show_values(self._measure, values)
        self.worst.show_worst(self._evaluator, found, self._measure, None if compared else self._side)

    def say(self, sentence: str, tone: str = "muted") -> None:
        """A sentence beside the buttons."""
        restyle(self.notice, "tone", tone)
        self.notice.set_full(sentence)

    def _on_side(self, side: int) -> None:
        self._side = side
        self._show()

    def _on_measure(self, measure: Measure) -> None:
        self._measure = measure
        self._show_measure()

    # ---- what is written --------------------------------------------------------------------------------------

    def _ask_file(self, ending: str, write: Callable[[Path, Evaluation], None]) -> None:
        dialog = QFileDialog(self, f"Export {ending.upper()}", self._last_folder(), f"{ending.upper()} (*.{ending})")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.selectFile(f"evaluation.{ending}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.export(Path(name), write))
        dialog.open()

    def export(self, path: Path, write: Callable[[Path, Evaluation], None]) -> None:
        """Write the evaluation to ``path``, with names only where that is ticked, and say so."""

        def done(trouble: str) -> None:
            self.say(trouble or f"Written to {path}.", "bad" if trouble else "")

        names = self.identifiers.isChecked()
        self._evaluator.write(lambda found: write(path, found if names else without_names(found)), done)


def headline(found: Evaluation) -> str:
    """The most important figure, in a sentence."""
    count = len(found.scored)
    images = "1 image" if count == 1 else f"{count} images"
    if len(found.plan.sides) > 1:
        change = found.differences()[0]
        if change.change is None:
            return f"Two sides on {images}."
        sure = "more than chance would do" if change.certain else "which may be chance"
        words = signed(MEASURES[0], change.change.mean)
        return f"Dice of {found.plan.sides[1]}: {words} against {found.plan.sides[0]} on {images}, {sure}"
    dice = found.lines()[0].measures["dice"]
    likely = "" if dice.interval is None else f", likely between {dice.interval.low:.3f} and {dice.interval.high:.3f}"
    return f"Mean Dice {dice.mean:.3f}{likely}, on {images}"


def notice(found: Evaluation) -> str:
    """What was left out, and taken for granted, in a sentence; "" where nothing was."""
    said = []
    if found.failed:
        name, reason = found.failed[0]
        said.append(f"{len(found.failed)} could not be compared: {name}: {reason}")
    unpaired = len(found.plan.unpaired[0]) + len(found.plan.unpaired[1])
    if unpaired:
        said.append(f"{alone_words(unpaired)}.")
    if found.plan.note:
        said.append(found.plan.note)
    return " ".join(said)


def _swatch(name: str, color: tuple[int, int, int]) -> str:
    escaped = name.replace("&", "&amp;").replace("<", "&lt;")
    return f'<span style="color:rgb{color}">■</span> {escaped}'
