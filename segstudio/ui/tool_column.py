"""The column of tools: one button wide, or two where the window is too low for one."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QToolButton, QWidget

from segstudio.ui.theme import ICON
from segstudio.ui.widgets import Rule

_SIDE = 32
_GAP = 2
_MARGIN = 6
_BETWEEN_GROUPS = 9


class ToolColumn(QWidget):
    """Groups of actions from top to bottom, parted by hair lines."""

    def __init__(self, groups: Iterable[Iterable[QAction]]) -> None:
        super().__init__()
        self.setObjectName("tools")
        self._groups = [[_button(self, action) for action in group] for group in groups]
        self._rules = [Rule() for _ in self._groups[1:]]
        for rule in self._rules:
            rule.setParent(self)
        self._place(1)

    def minimumSizeHint(self) -> QSize:
        """Never taller than two columns need."""
        return QSize(self.width(), self._height(2))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another height may need another number of columns."""
        super().resizeEvent(event)
        self._place(1 if self._height(1) <= self.height() else 2)

    def _height(self, columns: int) -> int:
        rows = sum(-(-len(group) // columns) for group in self._groups)
        return 2 * _MARGIN + rows * (_SIDE + _GAP) + len(self._rules) * _BETWEEN_GROUPS

    def _place(self, columns: int) -> None:
        self.setFixedWidth(2 * _MARGIN + columns * _SIDE + (columns - 1) * _GAP)
        top = _MARGIN
        for number, group in enumerate(self._groups):
            if number:
                self._rules[number - 1].setGeometry(QRect(_MARGIN, top + 3, self.width() - 2 * _MARGIN, 1))
                top += _BETWEEN_GROUPS
            for index, button in enumerate(group):
                row, column = divmod(index, columns)
                button.move(_MARGIN + column * (_SIDE + _GAP), top + row * (_SIDE + _GAP))
            top += -(-len(group) // columns) * (_SIDE + _GAP)


def _button(column: QWidget, action: QAction) -> QToolButton:
    button = QToolButton(column)
    button.setDefaultAction(action)
    button.setIconSize(QSize(ICON, ICON))
    button.setFixedSize(_SIDE, _SIDE)
    button.setAccessibleName(action.text())
    return button
