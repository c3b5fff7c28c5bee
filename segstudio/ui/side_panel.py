"""The side panel: sections one below another, which scroll where they do not fit."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractButton, QFrame, QScrollArea, QVBoxLayout, QWidget

from segstudio.ui.style import SCROLL_BAR
from segstudio.ui.widgets import Rule

_NARROWEST = 292
"""In logical px: the widest of the tools' rows fits in the fonts of most desktops, so that the panel seldom grows."""


class SidePanel(QScrollArea):
    """Nothing in it is ever cut at the side, and nothing moves when the scroll bar comes or goes."""

    def __init__(self, sections: Iterable[QWidget]) -> None:
        super().__init__()
        self.setObjectName("side")
        panel = QWidget()
        panel.setObjectName("side")
        self._panel = panel
        self._stack = QVBoxLayout(panel)
        self._stack.setSpacing(0)
        for number, section in enumerate(sections):
            if number:
                self._stack.addWidget(Rule())
            self._stack.addWidget(section)
        self._stack.addStretch(1)
        for button in panel.findChildren(QAbstractButton):
            # Only Tab leads here: after a click the keys of the tools work on.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setWidget(panel)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumWidth(_NARROWEST)
        self.verticalScrollBar().rangeChanged.connect(lambda _, most: self._leave_room(most > 0))
        self._leave_room(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What asks for more room gets it, and keeps it: a narrower tool must not make the panel jump back."""
        done = super().eventFilter(watched, event)
        if event.type() == QEvent.Type.LayoutRequest and watched is self._panel:
            margins = self._stack.contentsMargins()
            needed = self._panel.minimumSizeHint().width() - margins.right() + SCROLL_BAR
            self.setMinimumWidth(max(self.minimumWidth(), needed))
        return done

    def _leave_room(self, scrolls: bool) -> None:
        # The bar's width is kept free while there is no bar.
        self._stack.setContentsMargins(0, 0, 0 if scrolls else SCROLL_BAR, 0)
