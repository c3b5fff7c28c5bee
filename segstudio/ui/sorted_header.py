"""The head of a table that sorts: its arrow stands at the words of the column that it is about."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPolygonF
from PySide6.QtWidgets import QHeaderView, QTableWidget

from segstudio.ui.theme import Theme

_PADDING, _GAP, _WIDE, _HIGH = 9, 4, 8, 5
"""That of the style sheet; between words and arrow; the arrow. In logical pixels."""


class SortedHeader(QHeaderView):
    """On the side where the words have room: left of those that stand over figures, right of the others.

    The style's own stands at an edge of the column, and so beside the words of another.
    """

    def __init__(self, table: QTableWidget, theme: Theme) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self._theme = theme
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def sectionSizeFromContents(self, section: int) -> QSize:
        """With room for the arrow, whether it is there or not: nothing moves when it comes."""
        size = super().sectionSizeFromContents(section)
        return QSize(self._words_width(section) + _GAP + _WIDE + 2 * _PADDING, size.height())

    def arrow_place(self, section: int) -> QRect:
        """Where the arrow of a column is, in this widget's pixels."""
        left, width = self.sectionViewportPosition(section), self._words_width(section)
        top = (self.height() - _HIGH) // 2
        if self._is_right(section):
            return QRect(left + self.sectionSize(section) - _PADDING - width - _GAP - _WIDE, top, _WIDE, _HIGH)
        return QRect(left + _PADDING + width + _GAP, top, _WIDE, _HIGH)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        """The words as ever, the arrow by hand."""
        painter.save()
        super().paintSection(painter, rect, section)
        painter.restore()
        if not self.isSortIndicatorShown() or section != self.sortIndicatorSection():
            return
        place = self.arrow_place(section)
        up = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
        base, tip = (place.bottom() + 1, place.top()) if up else (place.top(), place.bottom() + 1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("muted"))
        middle = place.left() + _WIDE / 2
        corners = [QPointF(place.left(), base), QPointF(place.left() + _WIDE, base), QPointF(middle, tip)]
        painter.drawPolygon(QPolygonF(corners))
        painter.restore()

    def _words_width(self, section: int) -> int:
        words = self.model().headerData(section, Qt.Orientation.Horizontal)
        return self.fontMetrics().horizontalAdvance(str(words or ""))

    def _is_right(self, section: int) -> bool:
        given = self.model().headerData(section, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole)
        return given is not None and bool(Qt.AlignmentFlag(given) & Qt.AlignmentFlag.AlignRight)
