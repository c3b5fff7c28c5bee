"""The window's three columns: list, image and panel, of which the outer two keep their width."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget


class Columns(QSplitter):
    """The outer columns are as wide as a hand made them; a small window squeezes them only as long as it is small.

    ``widths`` are those of the outer columns at first, in logical px.
    """

    def __init__(self, parts: Sequence[QWidget], widths: tuple[int, int]) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._wanted = list(widths)
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        for part in parts:
            self.addWidget(part)
        self.setStretchFactor(1, 1)
        self.setSizes([widths[0], 1000, widths[1]])
        self.splitterMoved.connect(self._on_moved)

    def setSizes(self, sizes: Sequence[int]) -> None:
        """Qt's; the outer ones are wanted from now on."""
        self._wanted = [sizes[0], sizes[2]]
        super().setSizes(sizes)

    def kept(self) -> list[int]:
        """What to remember: the outer columns as wide as they are where there is room."""
        left, middle, right = self.sizes()
        return [max(left, self._wanted[0]), middle, max(right, self._wanted[1])]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: there is other room; the middle takes what the outer columns leave."""
        super().resizeEvent(event)
        left, right = self._wanted
        super().setSizes([left, max(0, sum(self.sizes()) - left - right), right])

    def _on_moved(self, _place: int, handle: int) -> None:
        self._wanted[handle - 1] = self.sizes()[2 * (handle - 1)]
