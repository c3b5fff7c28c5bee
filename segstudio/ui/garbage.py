"""Collects Python's garbage on the window's own thread, between strokes."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

_EVERY_MS = 250


class GarbageCollector(QObject):
    """Does what Python does by itself, where Qt bears it; Python's own collection is off while this lives.

    Python collects in whichever thread makes the next object. Dialogs and actions in a reference cycle would then be
    destroyed in a thread that reads images, which ends the process. And it would collect in the middle of a stroke.
    What there is when this is made, the modules of a program that has just started, is not looked through again.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.collect()
        gc.freeze()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the oldest generation that is due by Python's own thresholds; nothing while a button is down.

        A threshold of 0 is none: from Python 3.14 on the oldest has no other.
        """
        if QGuiApplication.mouseButtons():
            return
        due = [0 < most < count for count, most in zip(gc.get_count(), gc.get_threshold(), strict=True)]
        for generation in (2, 1, 0):
            if due[generation]:
                gc.collect(generation)
                return

    def end(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.enable()
        gc.unfreeze()
