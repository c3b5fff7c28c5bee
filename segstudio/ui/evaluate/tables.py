"""The summary of an evaluation as a table: by class and by group, or two sides compared."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from segstudio.domain.evaluation import MEASURES, Difference, Line, Measure
from segstudio.ui.evaluate.side_names import short_names
from segstudio.ui.theme import Theme, ui_font
from segstudio.ui.widgets import FRAME_ROOM, as_typed

ROW_HEIGHT = 26
_NAMES, _WIDEST = 124, 720
BESIDE = 600
"""What is beside the table, in px of width, about: the form, the plot, and what is between."""

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class SummaryTable(QTableWidget):
    """Rows that are read, not changed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setAccessibleName("Summary")
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(48)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """All images with the interval, median and worst tenth; below them a row a class and a row a group."""
        self._begin(["", "Images", *(measure.title for measure in MEASURES)])
        for place, measure in enumerate(MEASURES, start=2):
            self._head(place).setToolTip(measure.about)
        first, *rest = lines
        self._add([first.name, str(first.count), *self._figures(first, "mean")], strong=True)
        self._add(["likely between", "", *(_between(first, measure) for measure in MEASURES)], muted=True)
        self._add(["median", "", *self._figures(first, "median")], muted=True)
        self._add(["worst tenth", "", *self._figures(first, "worst_tenth")], muted=True)
        title = ""
        for line in rest:
            wanted = "By class" if line.kind == "class" else f"By {line.attribute[:1].lower()}{line.attribute[1:]}"
            if wanted != title:
                title = wanted
                self._add([title], muted=True, section=True)
            self._add([line.name, str(line.count), *self._figures(line, "mean")])
            for place, measure in enumerate(MEASURES, start=2):
                self._cell(place).setToolTip(f"{measure.title}: likely between {_between(line, measure)}")
        self._end()

    def show_differences(self, sides: Sequence[str], lines: Sequence[Line], found: Sequence[Difference]) -> None:
        """A row a measure: both means, the mean of the differences and its interval, images won and lost."""
        self._begin(["", *short_names(sides), "Difference", "likely between", "better on", "worse on"])
        for place, side in enumerate(sides, start=1):
            self._head(place).setToolTip(as_typed(side))
        for one in found:
            measure, change = one.measure, one.change
            means = [measure.words(line.measures[measure.name].mean) for line in lines]
            if change is None:
                difference, between = "–", "–"
            else:
                difference, low, high = (signed(measure, value) for value in (change.mean, change.low, change.high))
                between = f"{low} and {high}"
            self._add([measure.title, *means, difference, between, str(one.better), str(one.worse)])
            if one.certain and change is not None:
                gained = change.mean > 0 if measure.more_is_better else change.mean < 0
                self._cell(3).setForeground(self._theme.color("good" if gained else "bad"))
            self._cell(3).setToolTip("more than chance would do" if one.certain else "this may be chance")
        self._end()

    # ---- within -----------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: the names have another room."""
        super().resizeEvent(event)
        self._fit_names()

    def _end(self) -> None:
        """The figures are whole, and names have some room, as far as the screen goes."""
        figures = sum(self.sizeHintForColumn(place) for place in range(1, self.columnCount()))
        heads = sum(self.horizontalHeader().sectionSizeHint(place) for place in range(1, self.columnCount()))
        room = self.screen().availableSize().width() - FRAME_ROOM.width() - BESIDE
        self.setMinimumWidth(min(_WIDEST, _NAMES + max(figures, heads) + 16, max(_NAMES, room)))
        self._fit_names()

    def _fit_names(self) -> None:
        """Names take what figures leave; where that is too little to read them, the last figures are scrolled to."""
        header, columns = self.horizontalHeader(), range(1, self.columnCount())
        taken = sum(max(self.sizeHintForColumn(place), header.sectionSizeHint(place)) for place in columns)
        least = min(_NAMES, self.sizeHintForColumn(0))
        if self.viewport().width() - taken >= least:
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        else:
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(0, least)

    def _begin(self, titles: Sequence[str]) -> None:
        self.clear()
        self.setRowCount(0)
        self.setColumnCount(len(titles))
        self.setHorizontalHeaderLabels(list(titles))
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for place in range(1, len(titles)):
            self._head(place).setTextAlignment(_RIGHT)

    def _head(self, place: int) -> QTableWidgetItem:
        item = self.horizontalHeaderItem(place)
        assert item is not None
        return item

    def _cell(self, place: int) -> QTableWidgetItem:
        item = self.item(self.rowCount() - 1, place)
        assert item is not None
        return item

    def _add(self, cells: Sequence[str], *, strong: bool = False, muted: bool = False, section: bool = False) -> None:
        row = self.rowCount()
        self.insertRow(row)
        for place, text in enumerate(cells):
            item = QTableWidgetItem(text)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            if place:
                item.setTextAlignment(_RIGHT)
            if strong:
                item.setFont(ui_font(bold=True))
            if muted:
                item.setForeground(self._theme.color("muted"))
            if section:
                item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)
            self.setItem(row, place, item)
        if section:
            self.setSpan(row, 0, 1, self.columnCount())

    @staticmethod
    def _figures(line: Line, which: str) -> list[str]:
        return [measure.words(getattr(line.measures[measure.name], which)) for measure in MEASURES]


def _between(line: Line, measure: Measure) -> str:
    interval = line.measures[measure.name].interval
    return "–" if interval is None else f"{measure.words(interval.low)}–{measure.words(interval.high)}"


def signed(measure: Measure, value: float) -> str:
    """A change with its sign."""
    return f"{value:+z.{measure.places}f}".replace("-", "−")
