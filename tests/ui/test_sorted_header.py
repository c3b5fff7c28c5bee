"""The arrow of a sorted table stands beside the words that it is about."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableWidget, QTableWidgetItem

from segstudio.ui.sorted_header import SortedHeader


@pytest.fixture
def table(qtbot, theme):
    made = QTableWidget(1, 3)
    made.setHorizontalHeader(SortedHeader(made, theme))
    made.setHorizontalHeaderLabels(["Image", "Readers", "Dice"])
    made.horizontalHeaderItem(2).setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    for column, words in enumerate(("a", "b", "0.9")):
        made.setItem(0, column, QTableWidgetItem(words))
    made.setSortingEnabled(True)
    qtbot.addWidget(made)
    made.resize(500, 200)
    for column in range(3):
        made.setColumnWidth(column, 150)
    made.show()
    return made


def inked(header) -> set[int]:
    """The columns of pixels in which something is drawn, but for the line below."""
    picture = header.grab().toImage()
    ground = picture.pixelColor(1, 1)
    rows = range(2, picture.height() - 3)
    return {x for x in range(picture.width()) if any(picture.pixelColor(x, y) != ground for y in rows)}


@pytest.mark.parametrize(("column", "words"), [(0, "Image"), (1, "Readers"), (2, "Dice")])
def test_the_arrow_is_beside_its_words_and_nothing_moves(table, column, words):
    header = table.horizontalHeader()
    header.setSortIndicatorShown(False)
    without = inked(header)
    header.setSortIndicatorShown(True)
    table.sortByColumn(column, Qt.SortOrder.AscendingOrder)
    new = inked(header) - without
    assert without <= inked(header)
    place = header.arrow_place(column)
    assert new
    assert new <= set(range(place.left() - 1, place.right() + 2))
    left = header.sectionViewportPosition(column)
    theirs = [x for x in without if left <= x < left + 150]
    nearest = min(abs(x - y) for x in theirs for y in new)
    assert nearest <= 6


def test_the_arrow_turns_with_the_order(table):
    header = table.horizontalHeader()
    pictures = []
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        table.sortByColumn(2, order)
        pictures.append(header.grab().toImage())
    assert pictures[0] != pictures[1]
