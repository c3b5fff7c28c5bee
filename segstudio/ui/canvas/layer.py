"""The part of a large picture that a screen shows, kept while it stays in sight, in memory that a QImage wraps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter

from segstudio.domain.geometry import EMPTY, Rect

Pixels = NDArray[np.uint32]
"""One 0xAARRGGBB a pixel, premultiplied where there is alpha."""

Fill = Callable[[Rect, Pixels], None]
"""Makes the pixels of a rectangle of the picture, in the array given."""

_BAND_PIXELS = 1 << 18


@dataclass(frozen=True)
class Job:
    """A piece of work on so many pixels."""

    run: Callable[[], None]
    pixels: int


class Layer:
    """A window of at most ``width`` x ``height`` pixels on a picture of any size.

    A pixel of the picture always rests at its coordinates modulo the window's size, counted from where the window was
    when last nothing was kept. So nothing is copied when the window moves: what comes into sight takes the place of
    what went out of it, and only that is made. And until it moves, what is touched lies in one piece.
    """

    def __init__(self, width: int, height: int, opaque: bool) -> None:
        self.width, self.height = width, height
        self.valid = EMPTY
        self._origin = (0, 0)
        self._marked: list[Rect] = []
        self._buffer: Pixels = np.empty((height, width), np.uint32)
        layout = QImage.Format.Format_RGB32 if opaque else QImage.Format.Format_ARGB32_Premultiplied
        # The QImage keeps no reference to the buffer: self._buffer must live as long as it does.
        self._image = QImage(self._buffer.data, width, height, width * 4, layout)

    def clear(self) -> None:
        """Forget everything."""
        self.valid = EMPTY
        self._marked = []

    def mark(self, rect: Rect) -> None:
        """What was made of ``rect`` is out of date; it is made anew when it is next shown."""
        rect = rect.intersect(self.valid)
        if rect.is_empty:
            return
        # The segments of a stroke overlap: one rectangle for two costs less than both.
        if self._marked:
            both = self._marked[-1].union(rect)
            if _area(both) <= _area(self._marked[-1]) + _area(rect):
                self._marked[-1] = both
                return
        self._marked.append(rect)

    def show(self, window: Rect, fill: Fill) -> list[Job]:
        """Move to ``window`` of the picture; returns what makes what is not there or out of date.

        All of it must be run before the layer is drawn, on any threads, in any order.
        """
        if window == self.valid and not self._marked:
            return []
        kept = self.valid.intersect(window)
        missing = self._move(window)
        marked, self._marked = self._marked, []
        jobs: list[Job] = []
        for rect in [*missing, *(rect.intersect(kept) for rect in marked)]:
            for piece, row, column in self._pieces(rect):
                for band in _bands(piece):
                    top = row + band.y0 - piece.y0
                    target = self._buffer[top : top + band.height, column : column + band.width]
                    jobs.append(Job(partial(fill, band, target), _area(band)))
        return jobs

    def gather(self, window: Rect, layers: Sequence[Layer]) -> None:
        """Move to ``window`` of the picture; what is not there is drawn from ``layers``, each over the one before."""
        missing = self._move(window)
        if missing:
            painter = QPainter(self._image)
            for rect in missing:
                for piece, row, column in self._pieces(rect):
                    for layer in layers:
                        layer.draw(painter, piece, column - piece.x0, row - piece.y0)
            painter.end()

    def _move(self, window: Rect) -> list[Rect]:
        """Be where ``window`` is; returns what is not there."""
        if window == self.valid:
            return []
        missing = window.without(self.valid)
        if self.valid.intersect(window).is_empty:
            self._origin = (window.x0, window.y0)
        self.valid = window
        return missing

    def draw(self, painter: QPainter, part: Rect, x: int, y: int) -> None:
        """Draw what is there of ``part``, with the picture's corner at (``x``, ``y``)."""
        for piece, row, column in self._pieces(part.intersect(self.valid)):
            source = QRect(column, row, piece.width, piece.height)
            painter.drawImage(QPoint(piece.x0 + x, piece.y0 + y), self._image, source)

    def _pieces(self, rect: Rect) -> Iterator[tuple[Rect, int, int]]:
        """The at most four parts of ``rect`` that lie in one piece in the buffer, with their row and column there."""
        left, top = self._origin
        row, column = (rect.y0 - top) % self.height, (rect.x0 - left) % self.width
        if row + rect.height <= self.height and column + rect.width <= self.width:
            # What a stroke touches mostly lies in one piece, and this is asked several times a move.
            if not rect.is_empty:
                yield rect, row, column
            return
        for y0, y1 in _split(rect.y0 - top, rect.y1 - top, self.height):
            for x0, x1 in _split(rect.x0 - left, rect.x1 - left, self.width):
                piece = Rect(x0 + left, y0 + top, x1 + left, y1 + top)
                yield piece, y0 % self.height, x0 % self.width


def _split(start: int, stop: int, period: int) -> Iterator[tuple[int, int]]:
    while start < stop:
        end = min(stop, (start // period + 1) * period)
        yield start, end
        start = end


def _bands(rect: Rect) -> Iterator[Rect]:
    """``rect`` in pieces small enough for a processor's cache, which is faster than all at once."""
    rows = max(16, _BAND_PIXELS // rect.width)
    for y in range(rect.y0, rect.y1, rows):
        yield Rect(rect.x0, y, rect.x1, min(y + rows, rect.y1))


def _area(rect: Rect) -> int:
    return rect.width * rect.height
