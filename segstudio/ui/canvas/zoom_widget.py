"""A picture seen through a ``View``: zoom and pan by wheel, touchpad, pinch and code."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QNativeGestureEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from segstudio.domain.geometry import Rect
from segstudio.ui.canvas.gestures import Wheel, pinch_factor
from segstudio.ui.canvas.view import View, fit

_MARGIN = 16

FRAME_MS = 16
"""How long a screen shows what is painted."""


class ZoomWidget(QWidget):
    """Everything within is in device pixels, so that 100 % is one for one on any screen."""

    pointer_moved = Signal(object)
    """(x, y) in image pixels, or None when the pointer has left; told once a frame, however fast a hand is."""
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = self.snapped = View()
        """As panned and zoomed, and as it is drawn: see ``View.snapped``."""
        self.pointer: QPointF | None = None
        self._pointer_timer = QTimer(self)
        self._pointer_timer.setSingleShot(True)
        self._pointer_timer.setInterval(FRAME_MS)
        self._pointer_timer.timeout.connect(self._tell_late)
        self._pointer_waits = False
        self.fits = True
        self._foot = 0

    @property
    def picture_size(self) -> tuple[int, int] | None:
        """(width, height) of the picture in its pixels; None without one."""
        return None

    # ---- zoom -------------------------------------------------------------------------------------------------

    @property
    def zoom_percent(self) -> float:
        """Device pixels an image pixel, in per cent."""
        return self.view.scale * 100

    def zoom_fit(self) -> None:
        """The whole image, as large as there is room for."""
        size = self.picture_size
        if size is not None:
            width, height = self._device_size()
            self._set_view(fit(*size, width, max(1.0, height - self._foot * self._ratio), _MARGIN * self._ratio))
            self.fits = True

    def keep_foot_clear(self, height: int) -> None:
        """Fit the image above the lowest ``height`` logical pixels, over which something lies; 0 for nothing.

        A person's own zoom stays.
        """
        if height != self._foot:
            self._foot = height
            if self.fits:
                self.zoom_fit()

    def zoom_to(self, scale: float) -> None:
        """Zoom to ``scale`` at the pointer, or the middle if it is elsewhere."""
        self._zoom(self.view.at_scale(scale, *self._zoom_point()))

    def zoom_step(self, direction: int) -> None:
        """Zoom in (1) or out (-1) to the next stop."""
        self._zoom(self.view.stepped(direction, *self._zoom_point()))
        self.hurry()

    def zoom_at(self, factor: float, position: QPointF) -> None:
        """Zoom by ``factor`` with the image held at a logical position."""
        ratio = self._ratio
        self._zoom(self.view.zoomed(factor, position.x() * ratio, position.y() * ratio))
        self.hurry()

    def hurry(self) -> None:
        """The zoom changed, and may soon change again."""

    def pan(self, dx: float, dy: float) -> None:
        """Move the image by logical pixels."""
        self._zoom(self.view.panned(dx * self._ratio, dy * self._ratio))

    @property
    def middle(self) -> tuple[float, float]:
        """The image point in the middle."""
        width, height = self._device_size()
        return self.view.to_image(width / 2, height / 2)

    def show_middle(self, x: float, y: float, scale: float) -> None:
        """Put an image point in the middle, at ``scale``."""
        width, height = self._device_size()
        self._zoom(View(scale, width / 2 - x * scale, height / 2 - y * scale))

    def to_image(self, position: QPointF) -> tuple[float, float]:
        """The image point under a logical position."""
        ratio = self._ratio
        return self.snapped.to_image(position.x() * ratio, position.y() * ratio)

    def to_widget(self, x: float, y: float) -> QPointF:
        """The logical position of an image point."""
        ratio = self._ratio
        sx, sy = self.snapped.to_screen(x, y)
        return QPointF(sx / ratio, sy / ratio)

    def _zoom_point(self) -> tuple[float, float]:
        width, height = self._device_size()
        if self.pointer is None:
            return width / 2, height / 2
        return self.pointer.x() * self._ratio, self.pointer.y() * self._ratio

    def _zoom(self, view: View) -> None:
        size = self.picture_size
        if size is not None:
            self._set_view(view.kept_visible(*size, *self._device_size()))
            self.fits = False

    def _set_view(self, view: View) -> None:
        self.view, self.snapped = view, view.snapped()
        self.update()
        self.view_changed.emit()
        if self.pointer is not None:
            self.pointer_moved.emit(self.to_image(self.pointer))

    @property
    def _ratio(self) -> float:
        return self.devicePixelRatioF()

    def _device_size(self) -> tuple[int, int]:
        return round(self.width() * self._ratio), round(self.height() * self._ratio)

    def _logical(self, screen: Rect) -> QRect:
        ratio = self._ratio
        if ratio == 1.0:
            return QRect(screen.x0 - 1, screen.y0 - 1, screen.width + 2, screen.height + 2)
        box = QRectF(screen.x0 / ratio, screen.y0 / ratio, screen.width / ratio, screen.height / ratio)
        return box.toAlignedRect().adjusted(-1, -1, 1, 1)

    # ---- Qt ---------------------------------------------------------------------------------------------------

    def follow_pointer(self, position: QPointF | None) -> None:
        """The pointer is at a logical position, or elsewhere."""
        self.pointer = position
        if position is not None and self._pointer_timer.isActive():
            self._pointer_waits = True
        else:
            self._tell_pointer()

    def _tell_pointer(self) -> None:
        self._pointer_waits = False
        self._pointer_timer.start()
        self.pointer_moved.emit(None if self.pointer is None else self.to_image(self.pointer))

    def _tell_late(self) -> None:
        if self._pointer_waits:
            self._tell_pointer()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the pointer, or pan by touchpad and with Shift; with Ctrl what ``turn_wheel`` does."""
        wheel = Wheel.of(event)
        if wheel.kind == "pan":
            self.pan(wheel.dx, wheel.dy)
        elif wheel.kind == "zoom" or not self.turn_wheel(wheel.notches):
            self.zoom_at(wheel.factor, event.position())
        event.accept()

    def turn_wheel(self, notches: float) -> bool:
        """The wheel was turned with Ctrl held; False to zoom."""
        return False

    def wants(self, event: QKeyEvent) -> bool:
        """Whether a key is meant for the picture, whatever shortcut it may be."""
        return False

    def event(self, event: QEvent) -> bool:
        """Two fingers that pinch zoom too, and some keys are no shortcuts."""
        # What it is made of first: every event comes by here, and asking for its type takes ten times as long.
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self.wants(event):
            event.accept()
            return True
        if isinstance(event, QNativeGestureEvent):
            factor = pinch_factor(event, self.zoom_percent)
            if factor is not None:
                self.zoom_at(factor, event.position())
                return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the whole image whole, else the middle in the middle."""
        if self.picture_size is not None:
            if self.fits:
                self.zoom_fit()
            elif event.oldSize().isValid():
                grown = event.size() - event.oldSize()
                self._set_view(self.view.panned(grown.width() * self._ratio / 2, grown.height() * self._ratio / 2))
        super().resizeEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is elsewhere."""
        self.follow_pointer(None)
        super().leaveEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Another screen may have another pixel ratio."""
        if event.type() == QEvent.Type.DevicePixelRatioChange and self.fits:
            self.zoom_fit()
        super().changeEvent(event)
