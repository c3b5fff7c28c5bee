"""Rows one below another, of which a few are seen at once; where there are many, some can be asked for by name."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from segstudio.ui.style import SCROLL_BAR
from segstudio.ui.widgets import label

MOST_SEEN = 8
"""Rows that stand in the panel at once: what is below them stays in sight on a small screen."""

NAMED_FROM = 10
"""From so many rows on there is a line to find one by its name."""


class ShortList(QWidget):
    """Rows of one height by their key; ``found`` tells the key of what was looked for."""

    found = Signal(object)

    def __init__(self, row_height: int, what: str) -> None:
        super().__init__()
        self._row_height = row_height
        self._rows: dict[object, QWidget] = {}
        self._names: dict[object, str] = {}
        self._shown: object = None
        self.find_line = QLineEdit()
        self.find_line.setPlaceholderText(f"Find a {what}")
        self.find_line.setAccessibleName(f"Find a {what} by its name")
        self.find_line.setClearButtonEnabled(True)
        self.find_line.textChanged.connect(self._filter)
        self.find_line.returnPressed.connect(self._take_first)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.find_line, context=Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._forget)
        self.find_line.hide()
        self.none = label(f"No {what} is called that.", tone="muted")
        self.none.setContentsMargins(8, 0, 0, 0)
        self.none.setFixedHeight(row_height)
        self.none.hide()
        inner = QWidget()
        self._stack = QVBoxLayout(inner)
        self._stack.setSpacing(0)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self.none)
        self._stack.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.scroll_area = QScrollArea()
        self.scroll_area.setObjectName("side")
        self.scroll_area.setWidget(inner)
        inner.setObjectName("side")
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.find_line)
        layout.addWidget(self.scroll_area)

    def clear(self) -> None:
        """Delete all rows."""
        for row in self._rows.values():
            self._stack.removeWidget(row)
            row.deleteLater()
        self._rows, self._names, self._shown = {}, {}, None
        self.find_line.clear()
        self.fit()

    def add(self, key: object, row: QWidget) -> None:
        """One more at the end."""
        self._rows[key] = row
        self._stack.addWidget(row)

    def name(self, key: object, name: str) -> None:
        """What the row of ``key`` is found by."""
        self._names[key] = name

    def fit(self) -> None:
        """Take the height of the rows that are there now, and no more than is to be seen at once."""
        self.find_line.setVisible(len(self._rows) >= NAMED_FROM)
        self._filter()

    def bring(self, key: object) -> None:
        """Scroll to the row of ``key``, unless it was brought last: who scrolled elsewhere stays there."""
        if key != self._shown:
            self._shown = key
            # Rows that were just added have no place before the next turn.
            QTimer.singleShot(0, self, self._scroll_to_shown)

    def leave(self) -> None:
        """Nobody types a name any more: the keys of the tools are keys of the tools again."""
        self.find_line.clearFocus()

    def _scroll_to_shown(self) -> None:
        row = self._rows.get(self._shown)
        if row is not None and not row.isHidden():
            self.scroll_area.ensureWidgetVisible(row, 0, 0)

    def _filter(self) -> None:
        wanted = self.find_line.text().strip().casefold()
        seen = 0
        for key, row in self._rows.items():
            fits = wanted in self._names.get(key, "").casefold()
            row.setVisible(fits)
            seen += fits
        self.none.setVisible(bool(self._rows) and not seen)
        # As high for few that fit as for all: what is below must not jump while somebody types.
        self.scroll_area.setFixedHeight(min(len(self._rows), MOST_SEEN) * self._row_height)
        widest = max((row.minimumSizeHint().width() for row in self._rows.values()), default=0)
        self.scroll_area.setMinimumWidth(widest + (SCROLL_BAR if len(self._rows) > MOST_SEEN else 0))

    def _take_first(self) -> None:
        first = next((key for key, row in self._rows.items() if not row.isHidden()), None)
        if first is not None:
            self._forget()
            self.found.emit(first)

    def _forget(self) -> None:
        self.find_line.clear()
        self.leave()
