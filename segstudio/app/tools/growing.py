"""The connected region of one segment around a pixel, found without reading more of the image than it needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.domain.geometry import Rect
from segstudio.domain.plane import TILE
from segstudio.domain.regions import bounds, connected

Region = tuple[Rect, NDArray[np.bool_]]
"""A rectangle of the image and which of its pixels are meant."""

FIRST_REACH = 128
"""How far around the pixel is looked at first, in px; twice as far each time that was too near."""


def region_at(document: Document, column: int, row: int, reach: int | None = None) -> Region | None:
    """The pixels that show the same segment as the one at ``column``, ``row`` and hang together with it by their sides.

    Returns the smallest rectangle around them and (h, w) bool. None if they leave the square of ``reach`` px around
    the pixel, with a ``reach`` given. The pixel lies inside the image.
    """
    value = int(document.shown(Rect(column, row, column + 1, row + 1))[0, 0])
    around = FIRST_REACH
    while True:
        window = Rect(column, row, column + 1, row + 1).expand(around).intersect(document.bounds)
        found = connected(showing(document, window, value), column - window.x0, row - window.y0)
        box = bounds(found)
        if not _leaves(box, window, document.bounds):
            return box.moved(window.x0, window.y0), np.ascontiguousarray(found[box.slices])
        if reach is not None and around >= reach:
            return None
        around *= 2


def showing(document: Document, rect: Rect, value: int) -> NDArray[np.bool_]:
    """Where ``rect`` shows the segment ``value``: (h, w) bool; takes no more memory than that."""
    alike = np.empty((rect.height, rect.width), np.bool_)
    for y in range(rect.y0, rect.y1, TILE):
        strip = Rect(rect.x0, y, rect.x1, min(y + TILE, rect.y1))
        np.equal(document.shown(strip), value, out=alike[y - rect.y0 : strip.y1 - rect.y0])
    return alike


def _leaves(box: Rect, window: Rect, whole: Rect) -> bool:
    """Whether what fills ``box``, in pixels of ``window``, may go on beyond the window."""
    return (
        (box.x0 == 0 and window.x0 > whole.x0)
        or (box.y0 == 0 and window.y0 > whole.y0)
        or (box.x1 == window.width and window.x1 < whole.x1)
        or (box.y1 == window.height and window.y1 < whole.y1)
    )
