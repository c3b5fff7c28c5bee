"""What is shown instead of the mask, in words, in a corner of the view."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from segstudio.app.document import Document
from segstudio.domain.segments import Color
from segstudio.ui.canvas.colors import DOUBT_HIGH, DOUBT_LOW
from segstudio.ui.canvas.look import DIFFERENCE_LEGEND, Source
from segstudio.ui.theme import Theme

Line = tuple[Color | None, str]

_VEILED = "Hidden until you draw a mask of your own"
_PAD, _ROW, _CHIP, _GAP = 10, 20, 12, 8
_WIDEST = 4096
_FLAGS = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap


def legend_of(source: Source, document: Document) -> tuple[Line, ...]:
    """The lines for what an overlay of ``document`` shows; none for the mask itself."""
    predicted = document.prediction is not None
    none = _VEILED if document.veiled else "The model has no mask of this image yet"
    if source == "prediction":
        return ((None, "The model's mask" if predicted else none),)
    if source == "difference" and not predicted:
        return ((None, none if document.veiled else f"Nothing to compare with: {none[0].lower()}{none[1:]}"),)
    if source == "difference":
        return tuple((entry.color, entry.words[0].upper() + entry.words[1:]) for entry in DIFFERENCE_LEGEND)
    return ()


def doubt_legend(document: Document) -> tuple[Line, ...]:
    """The lines for where the model is unsure of ``document``."""
    if document.confidence is None:
        return ((None, _VEILED if document.veiled else "The model has not said yet how sure it is of this image"),)
    return ((DOUBT_HIGH, "The model is as likely wrong as right"), (DOUBT_LOW, "It is not quite sure"))


class Legend(QWidget):
    """A few lines, each with a colour or without; hidden while there are none. Clicks go through it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.lines: tuple[Line, ...] = ()
        self._room = _WIDEST
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        theme.changed.connect(self.update)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show other lines."""
        if tuple(lines) != self.lines:
            self.lines = tuple(lines)
            self.setAccessibleName("; ".join(words for _, words in self.lines))
            self.resize(self.sizeHint())
            self.setVisible(bool(self.lines))
            self.update()

    def fit(self, width: int) -> None:
        """Be at most ``width`` wide: longer lines go on below."""
        if width != self._room:
            self._room = width
            self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """Room for all lines."""
        # In whole pixels a line may come out a fraction too narrow, and its last word would go on below, out of sight.
        metrics = QFontMetricsF(self.font())
        wide = (math.ceil(metrics.horizontalAdvance(words)) + 1 for _, words in self.lines)
        width = max((min(words, self._words_room) for words in wide), default=0)
        return QSize(width + self._indent + 2 * _PAD, sum(self._height(words) for _, words in self.lines) + _PAD)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Chips and words on a plain ground."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.setBrush(self._theme.color("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        top = _PAD / 2
        for color, words in self.lines:
            row = QRectF(_PAD, top, self.width() - 2 * _PAD, self._height(words))
            top = row.bottom()
            if color is not None:
                painter.setPen(QPen(self._theme.color("text"), 1))
                painter.setBrush(QColor(*color))
                painter.drawRoundedRect(QRectF(row.left() + 0.5, row.top() + (_ROW - _CHIP) / 2, _CHIP, _CHIP), 3, 3)
                row.setLeft(row.left() + _CHIP + _GAP)
            painter.setPen(self._theme.color("text"))
            painter.drawText(row, _FLAGS, words)
        painter.end()

    @property
    def _indent(self) -> int:
        return _CHIP + _GAP if any(color for color, _ in self.lines) else 0

    @property
    def _words_room(self) -> int:
        return max(1, self._room - self._indent - 2 * _PAD)

    def _height(self, words: str) -> int:
        """Of a line, or of the several that its words take."""
        metrics = self.fontMetrics()
        taken = metrics.boundingRect(QRect(0, 0, self._words_room, _WIDEST), _FLAGS, words)
        more = round(taken.height() / metrics.lineSpacing()) - 1
        return _ROW + more * metrics.lineSpacing()
