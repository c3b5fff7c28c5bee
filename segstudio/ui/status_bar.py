"""The line at the foot: what the tool does, where the pointer is, how large, whether it is saved, what learns."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from segstudio.app.session import Session
from segstudio.domain.segments import Color
from segstudio.ui.canvas.readout import Readout
from segstudio.ui.keys import native
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, IconButton, as_typed, label, restyle

_ROOM_FOR_ALL, _WITH_MILLIMETRES = 1160, 1400
"""Widths, in logical pixels, from which on there is room for all that is said of a pixel; of images with a scale that
is more."""


class _Chip(QWidget):
    """The colour of a segment."""

    def __init__(self) -> None:
        super().__init__()
        self.color: Color | None = None
        self.setFixedSize(10, 28)

    def show_color(self, color: Color | None) -> None:
        """Another colour, or none."""
        if color != self.color:
            self.color = color
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A rounded square."""
        if self.color is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(*self.color))
            painter.drawRoundedRect(QRectF(0, 9, 10, 10), 2, 2)
            painter.end()


class StatusBar(QWidget):
    """Fixed places for what changes often, so that nothing moves while it does."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._session: Session | None = None
        self.setObjectName("status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(28)
        self.cancel = IconButton(theme, "x", "Cancel the export: the folder is as it was before", side=24)
        self.cancel.clicked.connect(self._on_cancel)
        self.cancel.hide()
        self.hint = ElidedLabel(tone="muted")
        self.chip = _Chip()
        self.segment = ElidedLabel(tone="muted")
        self.segment.setFixedWidth(104)
        self.sure = self._place("How sure the model is of this pixel", "100 % sure")
        self.values = self._place("What the image holds here", "RGB 255 255 255")
        self.position = self._place("Position of the pointer", "x 99999  y 99999")
        self.millimetres = self._place("Position of the pointer in millimetres", "0000.00, 0000.00 mm")
        self.millimetres.hide()
        self.zoom = label(tone="muted")
        self.saved = label(tone="muted")
        self.device = label(tone="muted")
        for widget, name in (
            (self.zoom, "Zoom"), (self.saved, "Saving"), (self.device, "Device that the model learns on"),
        ):  # fmt: skip
            widget.setAccessibleName(name)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self.zoom.setAlignment(right)
        self.zoom.setMinimumWidth(56)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 0)
        layout.setSpacing(16)
        layout.addWidget(self.cancel)
        layout.addWidget(self.hint, 1)
        named = QHBoxLayout()
        named.setSpacing(6)
        named.addWidget(self.chip)
        named.addWidget(self.segment)
        layout.addLayout(named)
        for part in (self.sure, self.values, self.position, self.millimetres, self.zoom, self.saved):
            layout.addWidget(part)
        layout.addWidget(self.device)

    def show_session(self, session: Session | None, busy: str) -> None:
        """Hint, saving and device; ``busy`` is what is being prepared, if anything."""
        self._session = session
        self.cancel.setVisible(session is not None and session.exporter.busy)
        if session is None:
            self.hint.set_full("")
            self.saved.setText("")
            self.device.setText("")
            self.zoom.setText("")
            self.show_readout(None)
            return
        self.cancel.setEnabled(not session.exporter.cancelling)
        self.hint.set_full(session.exporter.progress or busy or _hint(session))
        status = session.save_status
        self.saved.setText({"saved": "All saved", "saving": "Saving…", "failed": "Not saved"}[status.state])
        self.saved.setToolTip(as_typed(status.sentence))
        restyle(self.saved, "tone", "bad" if status.state == "failed" else "muted")
        device = session.rounds.status.device
        self.device.setText(device)
        self.device.setVisible(bool(device))

    def show_readout(self, readout: Readout | None) -> None:
        """The image pixel under the pointer; None outside the image."""
        self.chip.show_color(None if readout is None else readout.color)
        self.segment.set_full("" if readout is None else readout.segment)
        for place, text in (
            (self.sure, "" if readout is None else readout.sure),
            (self.values, "" if readout is None else readout.values),
            (self.position, "" if readout is None else readout.position),
            (self.millimetres, "" if readout is None else readout.millimetres),
        ):
            place.setText(text)

    def show_scale(self, known: bool) -> None:
        """Whether there is a place for millimetres."""
        self.millimetres.setVisible(known)
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window what to do matters more than what the image holds."""
        self._make_room()
        super().resizeEvent(event)

    def _make_room(self) -> None:
        wanted = _ROOM_FOR_ALL if self.millimetres.isHidden() else _WITH_MILLIMETRES
        self.values.setVisible(self.width() >= wanted)

    def _on_cancel(self) -> None:
        if self._session is not None:
            self._session.exporter.cancel()

    @staticmethod
    def _place(name: str, widest: str) -> QLabel:
        made = label(tone="muted")
        made.setAccessibleName(name)
        made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        made.setFixedWidth(made.fontMetrics().horizontalAdvance(widest) + 2)
        return made

    def show_zoom(self, percent: float | None) -> None:
        """The zoom, as a whole per cent below which nobody asks."""
        self.zoom.setText("" if percent is None else f"{percent:.0f} %")


def _hint(session: Session) -> str:
    """What the tool does, and before it what could be done with one key on this image."""
    newer = "" if session.editor.busy else session.intake.hint
    return native(" · ".join(filter(None, (session.carrying.offer, newer, session.editor.tool_hint))))
