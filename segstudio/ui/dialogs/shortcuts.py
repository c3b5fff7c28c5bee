"""The sheet of all keys, made from the table of actions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from segstudio.ui.canvas.holds import HOLDS
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import label

POINTER = (
    ("Paint", ("Left button",)),
    ("Erase", ("Right button", "Ctrl+drag")),
    ("Zoom at the pointer", ("Wheel", "Pinch")),
    ("Size of the brush", ("Ctrl+wheel",)),
    ("Move the image", ("Middle button", "Space+drag", "Two fingers")),
    ("Give a stroke up", ("Esc",)),
)


class ShortcutSheet(QDialog):
    """One column a group, one line an action."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        # Here and not above: the table's rows name this dialog.
        from segstudio.ui.action_table import ACTIONS
        from segstudio.ui.actions import key_text

        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keyboard shortcuts")
        groups: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for row in ACTIONS:
            if row.keys and not (row.id.startswith("segment_") and row.id != "segment_1"):
                name = row.menu.lstrip("-").split("/")[0]
                keys = ("1 … 9",) if row.id == "segment_1" else tuple(key_text(key) for key in row.keys[:2])
                text = "Choose a segment" if row.id == "segment_1" else row.text.rstrip("…")
                groups.setdefault(name, []).append((text, keys))
        columns = (("File", "Edit", "Help", "While held", "Pointer"), ("View", "Model"), ("Mask",))
        groups["Pointer"] = list(POINTER)
        groups["While held"] = [(hold.text, (hold.name,)) for hold in HOLDS]
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 24)
        layout.setSpacing(40)
        for names in columns:
            column = QVBoxLayout()
            column.setSpacing(4)
            for name in names:
                column.addWidget(_heading(name))
                column.addLayout(_lines(groups[name]))
                column.addSpacing(12)
            column.addStretch(1)
            layout.addLayout(column)


def _heading(text: str) -> QLabel:
    made = label(text, size="strong")
    made.setContentsMargins(0, 8, 0, 4)
    return made


def _lines(rows: list[tuple[str, tuple[str, ...]]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(0, 1)
    for number, (text, keys) in enumerate(rows):
        grid.addWidget(label(text, tone="muted"), number, 0)
        caps = QHBoxLayout()
        caps.setSpacing(4)
        caps.addStretch(1)
        for key in keys:
            cap = QLabel(key)
            cap.setObjectName("keycap")
            caps.addWidget(cap)
        grid.addLayout(caps, number, 1)
    return grid
