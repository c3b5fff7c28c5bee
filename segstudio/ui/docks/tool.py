"""The tool in hand: how it is set, and what becomes of what it shows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.app.tools import Tool
from segstudio.app.tools.clean_up import TITLES
from segstudio.app.tools.settings import LIMITS
from segstudio.domain.segments import BACKGROUND
from segstudio.ui.keys import native
from segstudio.ui.option_rows import ChoiceRow, ListRow, NumberRow, TickRow
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import Section

OPERATIONS: tuple[tuple[object, str], ...] = tuple(TITLES.items())

_EFFECTS = (
    ("paint", "Paint", "Fill with the segment in hand; the right button erases"),
    ("erase", "Erase", "Make it background; the right button paints"),
    ("restore", "Model", "Bring the model's mask back"),
)
_HIGHEST = ("radius", "likeness", "square", "pressure", "paint_over")
"""The rows of the usual tool that has most of them. Rarer ones, such as the wand, may have more."""

_SCALES = ((0, "Fine", "Small cells"), (1, "Middle", "Middling cells"), (2, "Coarse", "Large cells"))


class ToolDock(Section):
    """Only the settings that the tool in hand heeds are shown.

    It is equally high for all usual tools, so that what is below stays where it is as they change.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Brush")
        self._session: Session | None = None
        self.diameter = NumberRow(
            "Size", 1, 2 * LIMITS["radius"][1], unit="px", by_share=True,
            tip=native("Size of the brush in image pixels across ([ and ], or Ctrl+wheel)"),
        )  # fmt: skip
        self.diameter.changed.connect(lambda across: self._set("radius", across / 2))
        self._over = ListRow("Only over", "What may be painted over; locked segments never are")
        self._over.chosen.connect(lambda value: self._set("paint_over", value))
        self._operation = ListRow("Clean up", "What to do with the segment's mask")
        self._operation.chosen.connect(lambda value: self._set("operation", value))
        self._show_value: dict[str, Callable[[object], None]] = {}
        self.rows: dict[str, QWidget] = {
            "operation": self._operation,
            "effect": self._choice("effect", ChoiceRow("Does", _EFFECTS)),
            "radius": self.diameter,
            "span": self._number(
                "span",
                "Reach",
                "px",
                0,
                "How far round the point the border may move, in image pixels ([ and ])",
                by_share=True,
            ),
            "reach": self._number("reach", "Radius", "px", 1, "How far it reaches, in image pixels", by_share=True),
            "speck_area": self._number(
                "speck_area", "Below", "px", 0, "Pieces of fewer pixels than this are specks", by_share=True
            ),
            "tolerance": self._number(
                "tolerance", "Tolerance", "", 0, "How unlike the colour clicked a pixel may be (CIELAB)"
            ),
            "likeness": self._number(
                "likeness", "Tolerance", "", 0, "How unlike the colour under the middle a pixel may be (CIELAB)"
            ),
            "smoothing": self._number("smoothing", "Smooth", "px", 1, "How smooth the border becomes"),
            "scale": self._choice("scale", ChoiceRow("Cells", _SCALES)),
            "paint_over": self._over,
            "contiguous": self._tick(theme, "contiguous", "Only what hangs together", "Else all of the image"),
            "square": self._tick(theme, "square", "Square", "A square brush instead of a round one"),
            "pressure": self._tick(theme, "pressure", "Pen pressure sets the size", "For drawing tablets"),
            "every_segment": self._tick(theme, "every_segment", "All segments", "Else only the segment in hand"),
        }
        for row in self.rows.values():
            self.content.addWidget(row)
        self.apply_button, self.drop_button = QPushButton("Apply"), QPushButton("Drop")
        self._pending = self._make_pending()
        self.content.addWidget(self._pending)
        self.content.addStretch(1)

    def set_session(self, session: Session | None) -> None:
        """Show another session's tool."""
        self._session = session
        self._show()

    def apply(self, changes: Changes) -> None:
        """Follow the tool in hand."""
        if changes.tool or changes.table:
            self._show()
        elif changes.preview:
            self._show_pending()

    def _show(self) -> None:
        if self._session is None:
            return
        editor = self._session.editor
        settings, tool = editor.settings, editor.tool
        self.title.setText(tool.title)
        self.title.setToolTip(tool.title)
        self.title.setAccessibleName(f"{tool.title}, fold or unfold")
        shown = tool.options_for(settings)
        for name, row in self.rows.items():
            row.setVisible(name in shown)
        self.diameter.show_value(2 * settings.radius)
        for name, show in self._show_value.items():
            show(getattr(settings, name))
        segments = [(segment.id, segment.name) for segment in self._session.table]
        over: list[tuple[object, str]] = [(None, "Anything"), (BACKGROUND, "Background"), *segments]
        self._over.show_entries(over, settings.paint_over)
        self._operation.show_entries(OPERATIONS, settings.operation)
        self._show_pending()
        self._keep_height()

    def _keep_height(self) -> None:
        rows = [self.rows[name] for name in _HIGHEST]
        for widget in (part for row in rows for part in row.findChildren(QWidget)):
            # One that was never shown does not know yet how high the style makes it.
            widget.ensurePolished()
        margins, spacing = self.content.contentsMargins(), self.content.spacing() * (len(rows) - 1)
        high = sum(row.sizeHint().height() for row in rows)
        usual = high + spacing + margins.top() + margins.bottom()
        # A least height that is set is all that the panel heeds: a tool with more rows than these would be squeezed.
        self.body.setMinimumHeight(max(usual, self.content.minimumSize().height()))

    def _show_pending(self) -> None:
        if self._session is not None:
            editor = self._session.editor
            # A tool that never waits has no use for the buttons; for one that may, they stay where they are. What is
            # proposed has its own, in the bar below the image.
            self._pending.setVisible(type(editor.tool).commit is not Tool.commit and not editor.proposing)
            self.apply_button.setEnabled(editor.busy)
            self.drop_button.setEnabled(editor.busy)

    def _make_pending(self) -> QWidget:
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(4, 4, 0, 0)
        row.setSpacing(8)
        for button, tip, ask in (
            (self.apply_button, "Put what is shown into the mask (Enter)", "commit"),
            (self.drop_button, "Drop what is shown (Esc)", "abandon"),
        ):
            button.setToolTip(tip)
            button.setAccessibleName(tip.split(" (")[0])
            button.clicked.connect(lambda _=False, ask=ask: self._ask(ask))
            row.addWidget(button, 1)
        return made

    def _ask(self, what: str) -> None:
        if self._session is not None:
            getattr(self._session.editor, what)()

    def _set(self, name: str, value: object) -> None:
        if self._session is not None:
            self._session.editor.change_settings(**{name: value})

    def _number(self, name: str, text: str, unit: str, decimals: int, tip: str, by_share: bool = False) -> NumberRow:
        low, high = LIMITS[name]
        row = NumberRow(text, low, high, unit=unit, decimals=decimals, by_share=by_share, tip=tip)
        row.changed.connect(lambda value: self._set(name, value))
        self._show_value[name] = lambda value: row.show_value(float(str(value)))
        return row

    def _choice(self, name: str, row: ChoiceRow) -> ChoiceRow:
        row.chosen.connect(lambda value: self._set(name, value))
        self._show_value[name] = row.show_value
        return row

    def _tick(self, theme: Theme, name: str, text: str, tip: str) -> TickRow:
        row = TickRow(theme, text, tip)
        row.ticked.connect(lambda value: self._set(name, value))

        def show(value: object) -> None:
            with QSignalBlocker(row.box):
                row.show_value(bool(value))

        self._show_value[name] = show
        return row
