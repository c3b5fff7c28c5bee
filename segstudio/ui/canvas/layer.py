"""A picture that is filled block by block, when a block is first seen, into memory that a QImage wraps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from segstudio.domain.geometry import Rect

BLOCK = 256
"""Side of a block in the layer's own pixels."""

Pixels = NDArray[np.uint32]
"""One 0xAARRGGBB a pixel, premultiplied where there is alpha."""


class Layer:
    """``height`` x ``width`` pixels that ``fill`` makes for a rectangle on demand.

    Memory of blocks that nobody looks at is never touched, so that a 10,000 px image costs what is seen of it.
    """

    def __init__(self, width: int, height: int, fill: Callable[[Rect], Pixels], opaque: bool) -> None:
        self.width, self.height = width, height
        self._fill = fill
        self._buffer: Pixels = np.empty((height, width), np.uint32)
        self._valid = np.zeros((-(-height // BLOCK), -(-width // BLOCK)), np.bool_)
        layout = QImage.Format.Format_RGB32 if opaque else QImage.Format.Format_ARGB32_Premultiplied
        # The QImage keeps no reference to the buffer: self._buffer must live as long as it does.
        self.image = QImage(self._buffer.data, width, height, width * 4, layout)

    @property
    def bounds(self) -> Rect:
        """The whole layer."""
        return Rect(0, 0, self.width, self.height)

    @property
    def filled_blocks(self) -> int:
        """How many blocks have been filled."""
        return int(self._valid.sum())

    def ensure(self, rect: Rect) -> None:
        """Fill the blocks under ``rect`` that are not."""
        for row, column, block in self._blocks(rect):
            if not self._valid[row, column]:
                self._write(block)
                self._valid[row, column] = True

    def refresh(self, rect: Rect) -> None:
        """Fill anew what of ``rect`` had been filled; what nobody has seen stays for later."""
        rect = rect.intersect(self.bounds)
        if rect.is_empty:
            return
        blocks = list(self._blocks(rect))
        if all(self._valid[row, column] for row, column, _ in blocks):
            self._write(rect)
            return
        for row, column, block in blocks:
            if self._valid[row, column]:
                self._write(rect.intersect(block))

    def seen(self, rect: Rect) -> list[Rect]:
        """The filled parts of ``rect``."""
        return [block.intersect(rect) for row, column, block in self._blocks(rect) if self._valid[row, column]]

    def _write(self, rect: Rect) -> None:
        self._buffer[rect.slices] = self._fill(rect)

    def _blocks(self, rect: Rect) -> Iterator[tuple[int, int, Rect]]:
        rect = rect.intersect(self.bounds)
        if rect.is_empty:
            return
        for row in range(rect.y0 // BLOCK, (rect.y1 - 1) // BLOCK + 1):
            for column in range(rect.x0 // BLOCK, (rect.x1 - 1) // BLOCK + 1):
                block = Rect(column * BLOCK, row * BLOCK, (column + 1) * BLOCK, (row + 1) * BLOCK)
                yield row, column, block.intersect(self.bounds)
