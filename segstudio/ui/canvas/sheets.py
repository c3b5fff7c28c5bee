"""What is composed of a picture for one zoom and one screen: image, doubt and overlay, each a ``Layer``."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from segstudio.domain.geometry import EMPTY, Rect
from segstudio.ui.canvas.grid import Grid
from segstudio.ui.canvas.layer import Job, Layer, Pixels

Compose = Callable[[Rect, Grid, Pixels], None]

_MUCH = 1_200_000
"""Pixels from which on it pays to use another core, also where that is busy."""

_PACE = 5e-6
"""Milliseconds a pixel before any was made, as on a slow machine."""

_beside = ThreadPoolExecutor(1, thread_name_prefix="canvas")


class Sheets:
    """The layers, and what is still to be made of them.

    What ``ask`` adds must be made by ``make`` before any layer is drawn.
    """

    def __init__(self) -> None:
        self.grid: Grid | None = None
        self.base = self.doubt = self.overlay = self._whole = Layer(1, 1, opaque=True)
        self._gathered: Sequence[Layer] = ()
        self._moved = False
        self._size = (0, 0)
        self.pace = _PACE
        """Milliseconds a pixel of a layer, as it was when much was made last."""
        self._sight = EMPTY
        self._waiting: deque[Job] = deque()

    @property
    def waiting(self) -> int:
        """How many pixels are still to be made, each layer's counted."""
        return sum(job.pixels for job in self._waiting)

    def fit(self, grid: Grid, width: int, height: int) -> bool:
        """Be for a zoom and a screen, in device pixels; True where what was there is of no use any more."""
        if (width, height) != self._size:
            self._size = width, height
            self.base, self.doubt, self.overlay = (self._layer(opaque) for opaque in (True, False, False))
            self._whole = self._layer(opaque=True)
        elif grid != self.grid:
            self.clear_base()
            self.clear_doubt()
            self.clear_overlay()
        else:
            return False
        self._waiting.clear()
        self._sight = EMPTY
        self.grid = grid
        return True

    def forget(self) -> None:
        """Be for no zoom, so that changes cost nothing here."""
        self.grid = None
        self._waiting.clear()

    def clear_base(self) -> None:
        """The image is another."""
        self.base.clear()
        self._whole.clear()

    def clear_doubt(self) -> None:
        """The doubt is another."""
        self.doubt.clear()
        self._whole.clear()

    def clear_overlay(self) -> None:
        """The overlay is another."""
        self.overlay.clear()
        self._whole.clear()

    def mark(self, image: Rect) -> None:
        """The overlay is out of date in a rectangle of image pixels."""
        if self.grid is not None and not image.is_empty:
            self.overlay.mark(self.grid.touched(image))
            self._whole.clear()

    def renew_overlay(self) -> Layer:
        """Begin the overlay anew, in a layer of its own; returns the one before."""
        before, self.overlay = self.overlay, self._layer(opaque=False)
        return before

    def missing(self, sight: Rect) -> int:
        """How many pixels of the image in ``sight`` are not there."""
        return sum(part.width * part.height for part in sight.without(self.base.valid))

    def ask(self, sight: Rect, wanted: Iterable[tuple[Layer, Compose]]) -> None:
        """Move layers to ``sight``; what they lack there waits to be made."""
        grid = self.grid
        assert grid is not None
        if sight != self._sight:
            # What waits would be put where something else rests once the layers were moved.
            self.make()
            self._moved = not self._sight.intersect(sight).is_empty
            self._sight = sight
        for layer, compose in wanted:
            self._waiting.extend(layer.show(sight, partial(_compose, compose, grid)))

    def whole(self, layers: Sequence[Layer]) -> Layer | None:
        """One layer of several, for as long as nothing but the view moves: it is drawn in half their time.

        None where that does not pay: after a stroke, and in a new zoom.
        """
        if layers != self._gathered:
            self._gathered = layers
            self._whole.clear()
        if self._moved:
            self._moved = False
            self._whole.gather(self._sight, layers)
        return self._whole if self._whole.valid == self._sight else None

    def make(self, until: float | None = None) -> bool:
        """Make what waits, on another core too where that is much; True when nothing is left.

        At ``until``, a ``time.monotonic``, no more is begun; but something is, whatever the time.
        """
        waiting = self._waiting
        if not waiting:
            return True
        pixels, began = self.waiting, time.monotonic()
        much = pixels > _MUCH

        def work() -> None:
            while True:
                try:
                    job = waiting.popleft()
                except IndexError:
                    return
                job.run()
                if until is not None and time.monotonic() >= until:
                    return

        helper = _beside.submit(work) if much else None
        work()
        if helper is not None:
            helper.result()
        if much:
            made = pixels - self.waiting
            self.pace += 0.5 * (1000 * (time.monotonic() - began) / max(1, made) - self.pace)
        return not waiting

    def _layer(self, opaque: bool) -> Layer:
        return Layer(max(1, self._size[0]), max(1, self._size[1]), opaque)


def _compose(compose: Compose, grid: Grid, rect: Rect, out: Pixels) -> None:
    compose(rect, grid, out)
