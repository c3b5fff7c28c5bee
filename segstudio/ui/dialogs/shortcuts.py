"""The sheet of all keys, made from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from segstudio.ui.canvas.holds import HOLDS
from segstudio.ui.keys import key_text, native, sequence
from segstudio.ui.style import SCROLL_BAR
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import FRAME_ROOM, label

POINTER = (
    ("Paint", ("Left button",)),
    ("Erase", ("Right button", "Ctrl+drag")),
    ("Zoom at the pointer", ("Wheel", "Pinch")),
    ("Straight from the last point", ("Shift+click",)),
    ("Size of the brush", ("Ctrl+wheel",)),
    ("Move the image", ("Middle button", "Space+drag")),
    ("Move it on a touchpad", ("Two fingers",)),
    ("Give a stroke up", ("Esc",)),
)
ARROWS = (
    ("Previous, next image", ("← ↑", "→ ↓")),
    ("Move what is shown a pixel", ("← ↑ ↓ →",)),
    ("Move it ten pixels", ("Shift+arrow",)),
    ("Move the image, zoomed in", ("Shift+arrow",)),
)
"""What the canvas does with them: the first and the last while nothing is shown that waits for Enter."""


COLUMNS = (
    (("File", "Edit", "Model", "Help"), ("View", "Arrow keys"), ("Mask",), ("Review", "While held", "Pointer")),
    (("File", "Edit", "Model", "Help"), ("View", "Arrow keys", "While held", "Pointer"), ("Mask", "Review")),
    (("File", "Edit", "View", "Arrow keys", "Model", "Help"), ("Mask", "Review", "While held", "Pointer")),
)
"""The groups side by side, in ever fewer columns."""

_Groups = dict[str, list[tuple[str, tuple[str, ...]]]]


class ShortcutSheet(QDialog):
    """One column a group, one line an action."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        # Here and not above: the table's rows name this dialog.
        from segstudio.ui.action_table import ACTIONS

        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keyboard shortcuts")
        groups: _Groups = {}
        for key in next(row.keys for row in ACTIONS if row.id == "shortcuts"):
            # The window's own does not hear it while the sheet has the keyboard.
            QShortcut(sequence(key), self, self.close)
        for row in ACTIONS:
            if row.keys and not (row.id.startswith("segment_") and row.id != "segment_1"):
                name = row.menu.lstrip("-").split("/")[0]
                keys = ("1 … 9",) if row.id == "segment_1" else tuple(key_text(key) for key in row.keys[:2])
                text = "Choose a segment" if row.id == "segment_1" else row.text.rstrip("…")
                groups.setdefault(name, []).append((text, keys))
        for title, rows in (("Arrow keys", ARROWS), ("Pointer", POINTER)):
            groups[title] = [(text, tuple(map(native, keys))) for text, keys in rows]
        groups["While held"] = [(hold.text, (hold.name,)) for hold in HOLDS]
        self._show_within(groups, parent)

    def _show_within(self, groups: _Groups, parent: QWidget) -> None:
        scrolled = QScrollArea()
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        room = parent.screen().availableSize() - FRAME_ROOM
        for columns in COLUMNS:  # as many as the screen is wide enough for
            sheet = _sheet(groups, columns)
            if sheet.sizeHint().width() + SCROLL_BAR <= room.width():
                break
        scrolled.setWidget(sheet)
        scrolled.setWidgetResizable(True)
        frame = QVBoxLayout(self)
        frame.setContentsMargins(0, 0, 0, 0)
        frame.addWidget(scrolled)
        # What does not fit on the screen scrolls: no key is out of reach.
        self.ensurePolished()
        self.resize((sheet.sizeHint() + QSize(SCROLL_BAR, SCROLL_BAR)).boundedTo(room))


def _sheet(groups: _Groups, columns: Sequence[Sequence[str]]) -> QWidget:
    sheet = QWidget()
    layout = QHBoxLayout(sheet)
    layout.setContentsMargins(24, 16, 24, 16)
    layout.setSpacing(32)
    for names in columns:
        column = QVBoxLayout()
        column.setSpacing(4)
        for name in names:
            column.addWidget(_heading(name))
            column.addLayout(_lines(groups[name]))
            column.addSpacing(12)
        column.addStretch(1)
        layout.addLayout(column)
    return sheet


def _heading(text: str) -> QLabel:
    made = label(text, size="strong")
    made.setContentsMargins(0, 8, 0, 4)
    return made


def _lines(rows: list[tuple[str, tuple[str, ...]]]) -> QVBoxLayout:
    lines = QVBoxLayout()
    lines.setSpacing(4)
    for text, keys in rows:
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(label(text, tone="muted"))
        line.addSpacing(16)
        line.addStretch(1)
        for key in keys:
            cap = QLabel(key)
            cap.setObjectName("keycap")
            line.addWidget(cap)
        lines.addLayout(line)
    return lines
