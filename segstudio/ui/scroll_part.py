"""Words of any length in a dialog that keeps its size."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from segstudio.ui.widgets import label

_TEXT_WIDTH = 460


def sentences() -> QLabel:
    """A label for sentences: it wraps, and what it says can be copied."""
    made = label()
    made.setWordWrap(True)
    made.setAlignment(Qt.AlignmentFlag.AlignTop)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


class ScrollPart(QScrollArea):
    """As high as what is in it, up to ``most`` pixels; beyond, it scrolls. It is ``width`` pixels wide at least."""

    def __init__(self, widget: QWidget, most: int, width: int = _TEXT_WIDTH) -> None:
        super().__init__()
        self._inner, self._most, self._width = widget, most, width
        self.setWidget(widget)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def fit(self) -> None:
        """Take the height that is needed now."""
        inner = self._inner
        width = max(self.viewport().width(), self._width)
        high = inner.heightForWidth(width) if inner.hasHeightForWidth() else inner.sizeHint().height()
        self.setFixedHeight(min(self._most, high + 2))

    def sizeHint(self) -> QSize:
        """As wide as the dialog lets it be."""
        return QSize(self._width, self.height())
