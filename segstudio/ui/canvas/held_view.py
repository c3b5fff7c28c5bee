"""An image view that the mouse moves, and that draws nothing."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from segstudio.ui.canvas.view_widget import ImageView


class HeldView(ImageView):
    """Whatever button is pressed takes hold of the image."""

    _drag_from: QPointF | None = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the image."""
        self._drag_from = event.position()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move it, or mark the place in the other view."""
        if event.buttons() == Qt.MouseButton.NoButton:
            # It came up over a dialog, so nothing was heard of it.
            self._let_go()
        if self._drag_from is not None:
            moved, self._drag_from = event.position() - self._drag_from, event.position()
            self.pan(moved.x(), moved.y())
        self.follow_pointer(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._let_go()

    def _let_go(self) -> None:
        if self._drag_from is not None:
            self._drag_from = None
            self.unsetCursor()
