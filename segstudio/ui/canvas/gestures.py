"""What wheels, touchpads, pinching fingers and taps of a pen mean."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication, QInputDevice, QNativeGestureEvent, QTabletEvent, QWheelEvent

_NOTCH = 120
_ZOOM_A_NOTCH = 1.25
_PAN_A_NOTCH = 64.0

_ZOOM_A_PIXEL = 1.01
"""How much a logical pixel of a touchpad zooms while Ctrl is held."""

_NEAR_PINCH = 4.0
"""The most that one event of a pinch zooms; what devices report beyond that is no finger's."""


@dataclass(frozen=True)
class Wheel:
    """A wheel or touchpad event: zoom by ``factor``, pan by ``dx`` and ``dy`` logical pixels, or turned with Ctrl."""

    kind: Literal["zoom", "pan", "ctrl"]
    notches: float
    factor: float
    dx: float = 0.0
    dy: float = 0.0

    @classmethod
    def of(cls, event: QWheelEvent, platform: str = sys.platform) -> Wheel:
        """A mouse wheel zooms, two fingers pan; with Ctrl two fingers zoom, and a wheel is turned for something else.

        On Windows a pinch comes as a wheel that turns by less than notches with Ctrl; it zooms.
        """
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        pixels, angle = event.pixelDelta(), event.angleDelta()
        notches = (angle.y() or angle.x()) / _NOTCH
        if is_touchpad(event):
            # X11 tells of no pixels; its angles are then as fine as they come.
            dx, dy = (pixels.x(), pixels.y()) if not pixels.isNull() else (angle.x() / 2, angle.y() / 2)
            if ctrl:
                return cls("zoom", notches, _ZOOM_A_PIXEL ** (dy or dx))
            return cls("pan", notches, 1.0, dx, dy)
        if ctrl:
            pinch = platform == "win32" and angle.y() % _NOTCH != 0
            return cls("zoom" if pinch else "ctrl", notches, _ZOOM_A_NOTCH**notches)
        if shift:
            return cls("pan", notches, 1.0, notches * _PAN_A_NOTCH, 0.0)
        return cls("zoom", notches, _ZOOM_A_NOTCH**notches)


def is_touchpad(event: QWheelEvent) -> bool:
    """True if fingers made the event: the device says so, or it moves by pixels in phases."""
    device = event.device()
    if device is not None and device.type() == QInputDevice.DeviceType.TouchPad:
        return True
    # A wheel has no phases, whatever else it reports.
    return not event.pixelDelta().isNull() and event.phase() != Qt.ScrollPhase.NoScrollPhase


def pinch_factor(event: QNativeGestureEvent, zoom_percent: float) -> float | None:
    """By how much a gesture zooms; None if it is about something else."""
    if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
        return min(_NEAR_PINCH, max(1 / _NEAR_PINCH, 1.0 + event.value()))
    if event.gestureType() == Qt.NativeGestureType.SmartZoomNativeGesture:
        return 2.0 if zoom_percent < 200 else 100.0 / zoom_percent
    return None


class PenTaps:
    """Counts the taps of a pen: Qt tells of the second click of a mouse, and of a pen never."""

    def __init__(self) -> None:
        self._before: tuple[int, QPointF, Qt.MouseButton] | None = None

    def count(self, event: QTabletEvent, button: Qt.MouseButton) -> int:
        """2 for a press that follows another of ``button`` soon and near enough to be the second of two, else 1."""
        hints, now, at, before = QGuiApplication.styleHints(), event.timestamp(), event.position(), self._before
        # A finger's distance: the tip of a pen comes down less exactly than a mouse that lies still.
        near = before is not None and (at - before[1]).manhattanLength() <= hints.touchDoubleTapDistance()
        if before is not None and near and before[2] == button and now - before[0] < hints.mouseDoubleClickInterval():
            self._before = None
            return 2
        self._before = now, at, button
        return 1
