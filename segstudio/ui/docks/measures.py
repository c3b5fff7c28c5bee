"""What is measured of the segment in hand. It measures and does not diagnose."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from segstudio.app.changes import Changes
from segstudio.app.measure_words import FRAME, range_words, scale_words, shorter_scale_words, value_words
from segstudio.app.measures import NO_DIAGNOSIS, PART_TITLES, QUANTITIES, Measured, Quantity
from segstudio.app.session import Session
from segstudio.app.settings import Settings
from segstudio.domain.lesion_colors import NAMES
from segstudio.ui.canvas.seeing import Seeing
from segstudio.ui.keys import native
from segstudio.ui.option_rows import TickRow
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, FittingLabel, Section, label

_UNFOLDED = "measures.unfolded"

SWATCHES: dict[str, tuple[int, int, int]] = {
    "white": (240, 238, 234),
    "red": (200, 60, 60),
    "light brown": (186, 134, 92),
    "dark brown": (104, 64, 40),
    "blue-grey": (98, 124, 148),
    "black": (28, 26, 28),
}
"""How dermoscopy's colours are drawn: told apart at a glance, which what they are measured by would not be."""

_LEFT_OUT = {"centroid_x", "centroid_y", *(f"abruptness_{n}" for n in range(1, 9))}
"""They are drawn on the image, and stand in files."""


class _Row:
    """One quantity: name, value, and what it may be by the model's doubt."""

    def __init__(self, quantity: Quantity) -> None:
        self.quantity = quantity
        self.name = FittingLabel(tone="muted", about=quantity.about)
        shorter = quantity.title.replace("Equivalent", "Equiv.")
        self.name.set_wordings([quantity.title, shorter, shorter.replace("diameter", "diam.")])
        self.value = label()
        self.range = label(tone="muted", size="small")
        for widget in (self.value, self.range):
            widget.setToolTip(quantity.about)
        for widget in (self.value, self.range):
            widget.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.value.setAccessibleName(quantity.title)
        self.range.setAccessibleName(f"{quantity.title}, by the model's doubt")

    @property
    def widgets(self) -> tuple[QLabel, ...]:
        """All three."""
        return self.name, self.value, self.range

    def show_measured(self, row: Measured | None, mm_per_px: float | None) -> None:
        """Another value, or none."""
        self.value.setText("" if row is None else value_words(row, self.quantity, mm_per_px))
        words = "" if row is None else range_words(row, self.quantity, mm_per_px)
        self.range.setText(words)
        self.range.setToolTip(f"By the model's doubt: {words}" if words else self.quantity.about)


class ColorBar(QWidget):
    """The shares of the six colours, side by side."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.shares: tuple[float, ...] = ()
        self.setFixedHeight(12)
        self.setAccessibleName("Shares of dermoscopy's six colours")
        theme.changed.connect(self.update)

    def show_shares(self, shares: tuple[float, ...]) -> None:
        """Other shares, or none."""
        if shares != self.shares:
            self.shares = shares
            self.setToolTip(", ".join(f"{name} {share:.0%}" for name, share in zip(NAMES, shares, strict=False)))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """From white to black."""
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(self.rect(), self._theme.color("line"))
        left = 0.0
        for name, share in zip(NAMES, self.shares, strict=False):
            painter.fillRect(QRectF(left, 0, share * self.width(), self.height()), QColor(*SWATCHES[name]))
            left += share * self.width()
        # White is seen on a light ground, too.
        painter.setPen(self._theme.color("edge"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


class MeasuresDock(Section):
    """Renewed after each stroke, behind the window; folded, nothing is measured."""

    def __init__(self, theme: Theme, seeing: Seeing, settings: Settings) -> None:
        super().__init__(theme, "Measures")
        self._seeing, self._settings = seeing, settings
        self._session: Session | None = None
        self.of = ElidedLabel()
        self.scale = FittingLabel(tone="muted")
        self.scale.setProperty("role", "small")
        self.set_scale = QPushButton("Set…")
        self.set_scale.setProperty("flat", True)
        self.set_scale.setAccessibleName("Set how large a pixel is")
        self.note = label(tone="bad", size="small")
        self.note.setWordWrap(True)
        self.bar = ColorBar(theme)
        self.rows = {row.key: _Row(row) for row in QUANTITIES if row.key not in _LEFT_OUT}
        self.heads = {part: label(title, size="small") for part, title in PART_TITLES.items()}
        self.lines = TickRow(
            theme, "Draw on the image", native("Axes, longest and shortest diameter, sectors (Shift+M)")
        )
        self.lesions = TickRow(
            theme, "Measure as lesions", "Asymmetry, border and colours, as dermoscopy's ABCD names them"
        )
        self.about = label(NO_DIAGNOSIS, tone="muted", size="small")
        self.about.setWordWrap(True)
        self.report = QPushButton("Report…")
        self.visits = QPushButton("Two visits…")
        self._build()
        self.lines.ticked.connect(lambda on: seeing.set(measures=on))
        self.lesions.ticked.connect(self._on_lesions)
        self.title.toggled.connect(self._on_unfolded)
        seeing.changed.connect(self._follow)
        self.fold(settings.get(_UNFOLDED) is not True)

    def _build(self) -> None:
        text = QVBoxLayout()
        text.setContentsMargins(4, 0, 0, 0)  # like what has a frame in the other sections
        scale = QHBoxLayout()
        scale.addWidget(self.scale, 1)
        scale.addWidget(self.set_scale)
        text.addWidget(self.of)
        text.addLayout(scale)
        text.addWidget(self.note)
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        line = 0
        for part, head in self.heads.items():
            head.setProperty("role", "small")
            grid.addWidget(head, line, 0, 1, 3)
            head.setMinimumHeight(22)  # and not the row: that would keep its height where the part is hidden
            head.setAlignment(Qt.AlignmentFlag.AlignBottom)
            line += 1
            if part == "color":
                grid.addWidget(self.bar, line, 0, 1, 3)
                line += 1
            for row in self.rows.values():
                if row.quantity.part == part:
                    for column, widget in enumerate(row.widgets):
                        grid.addWidget(widget, line, column)
                    line += 1
        text.addLayout(grid)
        self.content.addLayout(text)
        self.content.addWidget(self.lines)
        self.content.addWidget(self.lesions)
        self.about.setIndent(4)
        self.content.addWidget(self.about)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(4, 0, 0, 0)
        buttons.addWidget(self.report)
        buttons.addWidget(self.visits)
        buttons.addStretch(1)
        self.content.addLayout(buttons)

    # ---- what is shown ----------------------------------------------------------------------------------------

    def set_session(self, session: Session | None) -> None:
        """Another project, or none."""
        self._session = session
        self._follow()

    def apply(self, changes: Changes) -> None:
        """Follow what is measured, and have it measured anew where that is due."""
        if self._session is None:
            return
        self._session.measuring.heed(changes)
        if changes.measures or changes.scale or changes.tool or changes.document:
            self._show()

    def _follow(self) -> None:
        """Measure only what somebody looks at."""
        self.lines.show_value(self._seeing.sight.measures)
        if self._session is not None:
            self._session.measuring.want("dock", not self.folded)
            self._session.measuring.want("lines", self._seeing.sight.measures)
        self._show()

    def _show(self) -> None:
        session = self._session
        if self.folded or session is None:
            return
        measuring, document = session.measuring, session.document
        result = measuring.result
        row = None if result is None else result.row(session.editor.active_segment) or next(iter(result.rows), None)
        calibration = session.scale.now
        self.of.set_full(_said_of(session, row))
        self.scale.set_wordings([scale_words(calibration), shorter_scale_words(calibration)])
        self.note.setText(FRAME if row is not None and row.shape.frame else "")
        self.note.setVisible(bool(self.note.text()))
        lesion = measuring.lesions
        self.lesions.show_value(lesion)
        self.lesions.setEnabled(document is not None)
        self.set_scale.setEnabled(document is not None)
        for part, head in self.heads.items():
            head.setVisible(lesion or part in ("size", "shape"))
        self.bar.setVisible(lesion)
        self.bar.show_shares(() if row is None or row.lesion is None else row.lesion.color_shares)
        for shown in self.rows.values():
            for widget in shown.widgets:
                widget.setVisible(lesion or shown.quantity.part in ("size", "shape"))
            shown.show_measured(row, calibration.mm_per_px)
        self.about.setVisible(lesion)

    def _on_unfolded(self, unfolded: bool) -> None:
        self._settings.set(_UNFOLDED, unfolded)
        self._follow()

    def _on_lesions(self, on: bool) -> None:
        if self._session is not None:
            self._session.measuring.set_lesions(on)


def _said_of(session: Session, row: Measured | None) -> str:
    """Whose measures these are, or why there are none."""
    measuring = session.measuring
    if row is not None:
        others = 0 if measuring.result is None else len(measuring.result.rows) - 1
        return row.segment.name if not others else f"{row.segment.name} ({others} more in this image)"
    if session.document is None:
        return "No image"
    if measuring.busy:
        return "Measuring…"
    return "This could not be measured; the log says why" if measuring.failed else "Nothing is in the mask yet"
