"""The segments: which one is painted, how each looks, what is locked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QColorDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QWidget,
)

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.domain.segments import Segment
from segstudio.ui.docks.attributes import AttributeLine
from segstudio.ui.docks.short_list import ShortList
from segstudio.ui.style import SCROLL_BAR
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import CalmSlider, ElidedLabel, IconButton, Section, as_typed, label, restyle

KEYS = 9
"""Segments that a digit chooses."""

_ROW = 32


class Swatch(QAbstractButton):
    """The colour of a segment; a click asks for another."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._color = QColor()
        self.setFixedSize(20, 20)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_color(self, color: tuple[int, int, int]) -> None:
        """Show ``color``."""
        self._color = QColor(*color)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A rounded square, ringed while it has the keyboard."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.color("accent") if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(self._color)
        painter.drawRoundedRect(QRectF(3.5, 3.5, 13, 13), 3, 3)
        painter.end()


class NameEdit(QLineEdit):
    """A name that is typed in place: Return takes it, Escape forgets it, and both give the keyboard back.

    Hidden with the keyboard, it would hand it to the button beside it, which the same Return then presses.
    """

    forgotten = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("inline", True)
        self._before: QWidget | None = None

    def begin(self, text: str) -> None:
        """Show ``text``, all of it selected, and take the keyboard."""
        before = self.window().focusWidget()
        self._before = before._before if isinstance(before, NameEdit) else before
        self.setText(text)
        self.show()
        self.setFocus()
        self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return and Escape are for nobody else."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            super().keyPressEvent(event)
            return
        if event.key() == Qt.Key.Key_Escape:
            self.forgotten.emit()
        if self._before is None:
            self.clearFocus()
        else:
            self._before.setFocus()
        self.editingFinished.emit()
        event.accept()


class SegmentRow(QWidget):
    """One segment: colour, name, its key, hidden or not, locked or not."""

    chosen = Signal()

    def __init__(self, theme: Theme, change: Callable[[str, object], None], set_judged: Callable[[bool], None]) -> None:
        super().__init__()
        self.setObjectName("segmentRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(_ROW)
        self._change = change
        self._set_judged = set_judged
        self._judged = True
        self._named = ""
        self.swatch = Swatch(theme)
        self.swatch.clicked.connect(self._on_color)
        self.name = ElidedLabel()
        self.edit = NameEdit()
        self.edit.hide()
        self.edit.editingFinished.connect(self.take_name)
        self.edit.forgotten.connect(self._show_name)
        self.key = label(tone="muted", size="small")
        self.hidden = IconButton(theme, "eye", "Hide or show this segment", "eye-slash", 24)
        self.hidden.clicked.connect(lambda checked: change("hidden", checked))
        self.locked = IconButton(theme, "lock-simple-open", "Lock: no tool paints over it", "lock-simple", 24)
        self.locked.clicked.connect(lambda checked: change("locked", checked))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.setSpacing(4)
        for widget, stretch in (
            (self.swatch, 0), (self.name, 1), (self.edit, 1), (self.key, 0), (self.hidden, 0), (self.locked, 0)
        ):  # fmt: skip
            layout.addWidget(widget, stretch)

    def show_segment(self, segment: Segment, key: str, active: bool, judged: bool) -> None:
        """Show ``segment``; ``key`` is the digit that chooses it. One that is not ``judged`` says so."""
        self._judged = judged
        self.swatch.set_color(segment.color)
        self.swatch.setAccessibleName(f"Colour of {segment.name}")
        self.swatch.setToolTip("Choose another colour")
        self._named = segment.name
        self.name.set_full(segment.name if judged else f"{segment.name} · not judged")
        restyle(self.name, "tone", "" if judged else "muted")
        self.key.setText(key)
        self.hidden.setChecked(segment.hidden)
        self.hidden.setAccessibleName(f"Hide {segment.name}")
        self.locked.setChecked(segment.locked)
        self.locked.setAccessibleName(f"Lock {segment.name}")
        self.setToolTip(as_typed(f"Paint {segment.name} ({key})" if key else f"Paint {segment.name}"))
        self.setAccessibleName(f"{segment.name}, painting" if active else segment.name)
        restyle(self, "active", active)

    def rename(self) -> None:
        """Let the user type another name in place."""
        self.edit.setAccessibleName(f"Name of {self._named}")
        self.name.hide()
        self.edit.begin(self._named)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose this segment."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Rename it."""
        self.rename()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Name and colour, for those who look there."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Rename", self.rename)
        menu.addAction("Choose another colour…", self._on_color)
        menu.addSeparator()
        void = menu.addAction("Not judged: neither learned nor predicted")
        void.setCheckable(True)
        void.setChecked(not self._judged)
        void.triggered.connect(lambda checked: self._set_judged(not checked))
        menu.popup(event.globalPos())

    def take_name(self) -> None:
        """What was typed is the name, if any was."""
        if self.edit.isHidden():
            return
        self._show_name()
        text = self.edit.text().strip()
        if text and text != self._named:
            self._change("name", text)

    def _show_name(self) -> None:
        self.edit.hide()
        self.name.show()

    def _on_color(self) -> None:
        dialog = QColorDialog(self.swatch._color, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(f"Colour of {self._named}")
        dialog.colorSelected.connect(lambda color: self._change("color", (color.red(), color.green(), color.blue())))
        dialog.open()


class SegmentsDock(Section):
    """All segments, the opacity of the whole mask, and that of the one being painted."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Segments")
        self._theme = theme
        self._session: Session | None = None
        self.rows: dict[int, SegmentRow] = {}
        self.list = ShortList(_ROW, "segment")
        self.list.found.connect(self._choose)
        self.content.setContentsMargins(8, 0, 12 - SCROLL_BAR, 12)
        self.content.addWidget(self.list)
        self.opacity = CalmSlider(0, 100, "Opacity of the mask", "How much the mask covers the image")
        self.opacity.valueChanged.connect(self._on_opacity)
        self.opacity_text = label(tone="muted")
        self.own = CalmSlider(0, 100, "Opacity of this segment")
        self.own.valueChanged.connect(self._on_own_opacity)
        self.own_name = ElidedLabel()
        self.own_text = label(tone="muted")
        grid = QGridLayout()
        grid.setContentsMargins(8, 4, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(0, 72)
        grid.setColumnMinimumWidth(2, 40)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        grid.addWidget(label("Mask"), 0, 0)
        grid.addWidget(self.opacity, 0, 1)
        grid.addWidget(self.opacity_text, 0, 2, right)
        grid.addWidget(self.own_name, 1, 0)
        grid.addWidget(self.own, 1, 1)
        grid.addWidget(self.own_text, 1, 2, right)
        self.content.addLayout(grid)
        self.attributes = AttributeLine()
        self.content.addWidget(self.attributes)

    def set_session(self, session: Session | None) -> None:
        """Show another project's segments."""
        self._session = session
        if session is not None:
            session.on_closing = self._take_names
        self.list.clear()
        self.rows = {}
        self._show()
        self.attributes.show_session(session)

    def apply(self, changes: Changes) -> None:
        """Follow the table and the segment in hand."""
        if changes.table or changes.tool:
            self._show()
        if changes.attributes:
            self.attributes.show_session(self._session)

    def _show(self) -> None:
        session = self._session
        if session is None:
            return
        active = session.editor.active_segment
        before = len(self.rows)
        for number, segment in enumerate(session.table, start=1):
            if segment.id not in self.rows:
                self._add_row(segment.id)
            self.list.name(segment.id, segment.name)
            key, judged = str(number) if number <= KEYS else "", session.judging.judged(segment.class_id)
            self.rows[segment.id].show_segment(segment, key, segment.id == active, judged)
        if len(self.rows) != before:
            self.list.fit()
        self.list.bring(active)
        percent = round(session.overlay_opacity * 100)
        _set_quietly(self.opacity, percent)
        self.opacity_text.setText(f"{percent} %")
        several = len(session.table) > 1 and active in session.table
        for widget in (self.own, self.own_name, self.own_text):
            widget.setVisible(several)
        if several:
            segment = session.table[active]
            own = round(segment.opacity * 100)
            _set_quietly(self.own, own)
            self.own.setAccessibleName(f"Opacity of {segment.name}")
            self.own_name.set_full(segment.name)
            self.own_text.setText(f"{own} %")

    def _add_row(self, segment_id: int) -> None:
        row = SegmentRow(
            self._theme,
            lambda field, value: self._change(segment_id, field, value),
            lambda judged: self._judge(segment_id, judged),
        )
        row.chosen.connect(lambda: self._choose(segment_id))
        row.chosen.connect(self.list.leave)
        before: QWidget = list(self.rows.values())[-1].locked if self.rows else self.list.find_line
        self.rows[segment_id] = row
        self.list.add(segment_id, row)
        # Made later than what stands below it, but reached before that.
        for widget in (row.swatch, row.edit, row.hidden, row.locked, self.opacity):
            self.setTabOrder(before, widget)
            before = widget

    def _choose(self, segment_id: int) -> None:
        if self._session is not None:
            self._session.editor.set_active_segment(segment_id)

    def _take_names(self) -> None:
        for row in self.rows.values():
            row.take_name()

    def _change(self, segment_id: int, field: str, value: object) -> None:
        if self._session is not None:
            self._session.change_segment(segment_id, **{field: value})

    def _judge(self, segment_id: int, judged: bool) -> None:
        if self._session is not None:
            self._session.judging.set_judged(self._session.table[segment_id].class_id, judged)

    def _on_opacity(self, percent: int) -> None:
        if self._session is not None:
            self._session.set_overlay_opacity(percent / 100)

    def _on_own_opacity(self, percent: int) -> None:
        if self._session is not None:
            self._session.change_segment(self._session.editor.active_segment, opacity=percent / 100)


def _set_quietly(slider: CalmSlider, value: int) -> None:
    slider.blockSignals(True)
    slider.setValue(value)
    slider.blockSignals(False)
