"""Check boxes and radio buttons whose marks are seen on dark and light alike."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QRadioButton

from segstudio.ui.theme import Theme

_SIDE = 14


class CheckBox(QCheckBox):
    """A box with a tick in it, or none."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__(text)
        self._theme = theme

    def paintEvent(self, event: QPaintEvent) -> None:
        """Text and focus as ever, the mark by hand."""
        super().paintEvent(event)
        painter, box = _start(self, self._theme)
        painter.drawRoundedRect(box, 3, 3)
        if self.isChecked():
            tick = QPainterPath(QPointF(box.left() + 3, box.center().y()))
            tick.lineTo(box.left() + 5.5, box.bottom() - 3.5)
            tick.lineTo(box.right() - 2.5, box.top() + 3.5)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            pen = QPen(_mark(self, self._theme), 1.8)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPath(tick)
        painter.end()


class RadioButton(QRadioButton):
    """A ring with a dot in it, or none."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__(text)
        self._theme = theme

    def paintEvent(self, event: QPaintEvent) -> None:
        """Text and focus as ever, the mark by hand."""
        super().paintEvent(event)
        painter, box = _start(self, self._theme)
        painter.drawEllipse(box)
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_mark(self, self._theme))
            painter.drawEllipse(box.center(), 2.5, 2.5)
        painter.end()


def _start(button: QAbstractButton, theme: Theme) -> tuple[QPainter, QRectF]:
    """A painter for the mark, and where the mark goes."""
    painter = QPainter(button)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    checked = button.isChecked() and button.isEnabled()
    painter.setPen(QPen(theme.color("accent" if checked else "faint"), 1))
    painter.setBrush(theme.color("accent" if checked else "field"))
    return painter, QRectF(3.5, (button.height() - _SIDE) / 2 + 0.5, _SIDE - 1, _SIDE - 1)


def _mark(button: QAbstractButton, theme: Theme) -> QColor:
    """The colour of a tick or a dot: seen on the field, too, where nothing can be chosen."""
    return theme.color("on_accent" if button.isEnabled() else "muted")
