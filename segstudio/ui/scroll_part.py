"""What scrolls in a dialog: words of any length, and whatever a low screen has no room for."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from segstudio.ui.style import SCROLL_BAR
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


class ScrollBody(QScrollArea):
    """As high as what is in it wants to be; where the screen is lower it scrolls, so that no line is cut.

    What surrounds it stays in sight, such as the buttons of a dialog. ``least`` is its lowest height in pixels.
    """

    def __init__(self, widget: QWidget, least: int = 96) -> None:
        super().__init__()
        self._inner = widget
        self._settling = False
        self.setWidget(widget)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        widget.setAutoFillBackground(False)
        self.setMinimumHeight(least)
        widget.installEventFilter(self)
        self.verticalScrollBar().rangeChanged.connect(lambda _, most: self._leave_room(most > 0))
        self._leave_room(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Other words in it may want another height, and never less width than they need."""
        if watched is self._inner and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:
        """Nothing is cut at the side."""
        return QSize(self._inner.minimumSizeHint().width() + SCROLL_BAR, self.minimumHeight())

    def sizeHint(self) -> QSize:
        """All of it, at the width that it has."""
        inner, hint = self._inner, self._inner.sizeHint()
        width = self.viewport().width() if self.isVisible() else hint.width()
        high = inner.heightForWidth(width) if inner.hasHeightForWidth() else hint.height()
        return QSize(hint.width() + SCROLL_BAR, high)

    def _leave_room(self, scrolls: bool) -> None:
        # The bar's width is kept free while there is no bar: nothing moves when it comes.
        if self._settling:
            return
        self._settling = True
        self.setViewportMargins(0, 0, 0 if scrolls else SCROLL_BAR, 0)
        if not scrolls and self.verticalScrollBar().maximum() > 0:
            # Words that fit only at the full width get it: else the bar would come and go for ever.
            self.setViewportMargins(0, 0, 0, 0)
        self._settling = False
