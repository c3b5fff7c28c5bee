"""The line at the foot: what the tool does, where the pointer is, how large, whether it is saved, what learns."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from segstudio.app.session import Session
from segstudio.ui.widgets import ElidedLabel, label, restyle


class StatusBar(QWidget):
    """Fixed places for what changes often, so that nothing moves while it does."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(28)
        self.hint = ElidedLabel(tone="muted")
        self.position = label(tone="muted")
        self.zoom = label(tone="muted")
        self.saved = label(tone="muted")
        self.device = label(tone="muted")
        for widget, name in (
            (self.position, "Position of the pointer"), (self.zoom, "Zoom"), (self.saved, "Saving"),
            (self.device, "Device that the model learns on"),
        ):  # fmt: skip
            widget.setAccessibleName(name)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self.position.setAlignment(right)
        self.position.setMinimumWidth(120)
        self.zoom.setAlignment(right)
        self.zoom.setMinimumWidth(56)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 0)
        layout.setSpacing(16)
        layout.addWidget(self.hint, 1)
        for widget in (self.position, self.zoom, self.saved, self.device):
            layout.addWidget(widget)

    def show_session(self, session: Session | None, busy: str) -> None:
        """Hint, saving and device; ``busy`` is what is being prepared, if anything."""
        if session is None:
            self.hint.set_full("")
            self.saved.setText("")
            self.device.setText("")
            self.zoom.setText("")
            self.position.setText("")
            return
        self.hint.set_full(session.exporter.progress or busy or _hint(session))
        status = session.save_status
        self.saved.setText({"saved": "All saved", "saving": "Saving…", "failed": "Not saved"}[status.state])
        self.saved.setToolTip(status.sentence)
        restyle(self.saved, "tone", "bad" if status.state == "failed" else "muted")
        device = session.rounds.status.device
        self.device.setText(device)
        self.device.setVisible(bool(device))

    def show_position(self, point: tuple[float, float] | None, width: int, height: int) -> None:
        """The image pixel under the pointer; nothing outside the image."""
        inside = point is not None and 0 <= point[0] < width and 0 <= point[1] < height
        self.position.setText(f"x {int(point[0])}  y {int(point[1])}" if inside and point is not None else "")

    def show_zoom(self, percent: float | None) -> None:
        """The zoom, as a whole per cent below which nobody asks."""
        self.zoom.setText("" if percent is None else f"{percent:.0f} %")


def _hint(session: Session) -> str:
    """What the tool does, and before it what could be done with one key on this image."""
    return " · ".join(filter(None, (session.carrying.offer, session.editor.tool_hint)))
