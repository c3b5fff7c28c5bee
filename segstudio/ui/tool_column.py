"""The column of tools: one button wide, closer together in a low window, two or three wide in one lower still."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QToolButton, QWidget

from segstudio.ui.theme import ICON
from segstudio.ui.widgets import Rule

_SIDE = 32
_GAP, _NO_GAP = 2, 0
_MARGIN = 6
_BETWEEN_GROUPS = 9
_MOST = 3
"""Columns, beyond which nothing would become lower: the first groups are of five and six."""


class ToolColumn(QWidget):
    """Groups of actions from top to bottom, parted by hair lines."""

    def __init__(self, groups: Iterable[Iterable[QAction]]) -> None:
        super().__init__()
        self.setObjectName("tools")
        self._groups = [[_button(self, action) for action in group] for group in groups]
        self._rules = [Rule() for _ in self._groups[1:]]
        for rule in self._rules:
            rule.setParent(self)
        self._place(1, _GAP)

    def minimumSizeHint(self) -> QSize:
        """Never taller than three columns need."""
        return QSize(self.width(), self._height(_MOST, _GAP))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another height may need another number of columns."""
        super().resizeEvent(event)
        if self._height(1, _NO_GAP) <= self.height():
            self._place(1, _GAP if self._height(1, _GAP) <= self.height() else _NO_GAP)
        else:
            self._place(2 if self._height(2, _GAP) <= self.height() else _MOST, _GAP)

    def _height(self, columns: int, gap: int) -> int:
        rows = sum(-(-len(group) // columns) for group in self._groups)
        return 2 * _MARGIN + rows * (_SIDE + gap) + len(self._rules) * _BETWEEN_GROUPS

    def _place(self, columns: int, gap: int) -> None:
        self.setFixedWidth(2 * _MARGIN + columns * _SIDE + (columns - 1) * _GAP)
        top = _MARGIN
        for number, group in enumerate(self._groups):
            if number:
                self._rules[number - 1].setGeometry(QRect(_MARGIN, top + 3, self.width() - 2 * _MARGIN, 1))
                top += _BETWEEN_GROUPS
            for index, button in enumerate(group):
                row, column = divmod(index, columns)
                button.move(_MARGIN + column * (_SIDE + _GAP), top + row * (_SIDE + gap))
            top += -(-len(group) // columns) * (_SIDE + gap)


def _button(column: QWidget, action: QAction) -> QToolButton:
    button = QToolButton(column)
    button.setDefaultAction(action)
    button.setIconSize(QSize(ICON, ICON))
    button.setFixedSize(_SIDE, _SIDE)
    button.setAccessibleName(action.text())
    return button
