"""The overlay, composed in the pixels in which it is drawn: segments, differences, proposals, doubt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect
from segstudio.domain.patch import NOTHING, Patch
from segstudio.domain.plane import UNSET, Plane, mask_at
from segstudio.domain.segments import BACKGROUND
from segstudio.imaging.cv import cv2
from segstudio.ui.canvas import hatch
from segstudio.ui.canvas.colors import (
    DARK_CELL,
    DARK_HATCH,
    LIGHT_CELL,
    LIGHT_HATCH,
    OverlayColors,
    doubt_table,
)
from segstudio.ui.canvas.grid import Grid
from segstudio.ui.canvas.layer import Pixels
from segstudio.ui.canvas.look import ADDED, CHANGED, REMOVED, Look

_Ids = NDArray[np.uint16]
_Indices = NDArray[np.intp]

_BLOCK = 256


class Picture(Protocol):
    """What is drawn; a ``Document`` is one.

    It may also have ``deep``, the file's own 16-bit values, ``window``, which of these are black and white, ``mips``,
    levels that were made beforehand, and ``doubt(rect, step)``, uint8 of where the model is unsure.
    """

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """(height, width, 3) RGB."""

    @property
    def correction(self) -> Plane:
        """What people painted."""

    @property
    def prediction(self) -> Plane | None:
        """What the model said."""


class Overlay:
    """What is drawn over an image in one look; composes rectangles of a ``Grid`` on demand and keeps nothing."""

    def __init__(self, picture: Picture, colors: OverlayColors, look: Look) -> None:
        self._picture = picture
        self._look = look
        self._colors = OverlayColors.of_difference(colors.opacity) if look.source == "difference" else colors
        self._hidden = colors.shown
        self.preview: Patch = NOTHING
        self.cells: NDArray[np.integer] | None = None

    def compose(self, rect: Rect, grid: Grid, out: Pixels) -> None:
        """The overlay of a rectangle inside the image, premultiplied, into ``out`` of its shape."""
        # The outline of a pixel depends on its neighbours, so a margin is looked at and not drawn.
        grown = rect.expand(max(grid.light, grid.dark)).intersect(grid.bounds)
        rows = grid.rows(grown, self._picture.pixels.shape[0])
        columns = grid.columns(grown, self._picture.pixels.shape[1])
        before = self._mask(rows, columns)
        after, proposed = self._proposed(before, rows, columns)
        ids = self._told(after, rows, columns)
        if rect.width <= _BLOCK and rect.height <= _BLOCK:
            self._draw(ids, grown, rect, grid, out)
        else:
            for block in _blocks(rect):
                around = block.expand(max(grid.light, grid.dark)).intersect(grid.bounds)
                part = ids[_within(around, grown)]
                self._draw(part, around, block, grid, out[_within(block, rect)])
        if proposed is not None:
            inner = _within(rect, grown)
            self._mark(out, before[inner], after[inner], proposed[inner], rect, grid)
        if self.cells is not None:
            _part_cells(out, self.cells, rect, grid)

    # ---- which segments ---------------------------------------------------------------------------------------

    def _mask(self, rows: _Indices, columns: _Indices) -> _Ids:
        if self._look.source == "prediction":
            return self._predicted(rows, columns)
        return mask_at(self._picture.correction, self._picture.prediction, rows, columns)

    def _predicted(self, rows: _Indices, columns: _Indices) -> _Ids:
        plane = self._picture.prediction
        if plane is None:
            return np.full((len(rows), len(columns)), BACKGROUND, np.uint16)
        return plane.sample(rows, columns)

    def _proposed(self, mask: _Ids, rows: _Indices, columns: _Indices) -> tuple[_Ids, NDArray[np.bool_] | None]:
        """The mask as it would be with the preview, and which of its pixels that is about; None for none."""
        patch = self.preview
        if patch.rect.is_empty:
            return mask, None
        down, along = _span(rows, patch.rect.y0, patch.rect.y1), _span(columns, patch.rect.x0, patch.rect.x1)
        own_rows, own_columns = rows[down] - patch.rect.y0, columns[along] - patch.rect.x0
        if self._look.source == "prediction" or own_rows.size == 0 or own_columns.size == 0:
            return mask, None
        inside = patch.where.take(own_rows, axis=0).take(own_columns, axis=1)
        if not inside.any():
            return mask, None
        if isinstance(patch.ids, int):
            ids = np.full(inside.shape, patch.ids, np.uint16)
        else:
            ids = patch.ids.take(own_rows, axis=0).take(own_columns, axis=1)
        unset = ids == UNSET
        if unset.any():
            ids = np.where(unset, self._predicted(rows[down], columns[along]), ids)
        after = mask.copy()
        np.copyto(after[down, along], ids, where=inside)
        proposed = np.zeros(mask.shape, np.bool_)
        proposed[down, along] = inside
        return after, proposed

    def _told(self, mask: _Ids, rows: _Indices, columns: _Indices) -> _Ids:
        """What is drawn of the mask: segments, or kinds of difference."""
        if self._hidden is not None:
            mask = self._hidden[mask]
        if self._look.source != "difference":
            return mask
        predicted = self._predicted(rows, columns)
        if self._hidden is not None:
            predicted = self._hidden[predicted]
        kinds = np.zeros(mask.shape, np.uint16)
        differ = mask != predicted
        if differ.any():
            kinds[differ] = CHANGED
            kinds[differ & (predicted == BACKGROUND)] = ADDED
            kinds[differ & (mask == BACKGROUND)] = REMOVED
        return kinds

    # ---- how they are drawn -----------------------------------------------------------------------------------

    def _draw(self, ids: _Ids, around: Rect, block: Rect, grid: Grid, out: Pixels) -> None:
        """Draw a block of which ``ids`` holds the pixels ``around``."""
        look, palette = self._look, self._colors
        hatched = look.hatched or look.source == "difference"
        low, high, _, _ = cv2.minMaxLoc(ids)
        if low == high and (high == BACKGROUND or not hatched):
            # Most of what is seen is all one segment: no outline, and no look-up of every pixel.
            out[:] = 0 if look.style == "outline" else palette.fill[int(low)]
            return
        inner = _within(block, around)
        if high - low == 1 and look.style != "fill" and not hatched:
            palette.draw_two(out, ids, inner, int(low), grid.light, grid.dark, filled=look.style != "outline")
            return
        if look.style == "outline":
            out[:] = 0
        else:
            palette.draw_fill(out, ids[inner], int(low), int(high))
        if hatched:
            shown = ids[inner]
            lines = hatch.hatched(shown, palette.hatches, block, grid.zoom)
            light = lines == hatch.LIGHT
            out[light] = palette.line[shown[light]]
            np.copyto(out, np.uint32(DARK_HATCH), where=lines == hatch.DARK)
        if look.style != "fill":
            palette.draw_outline(out, ids, inner, grid.light, grid.dark)

    def _mark(
        self, colors: Pixels, before: _Ids, after: _Ids, proposed: NDArray[np.bool_], rect: Rect, grid: Grid
    ) -> None:
        painted = proposed & (after != BACKGROUND)
        erased = proposed & (after == BACKGROUND) & (before != BACKGROUND)
        for where, mark in ((painted, hatch.PROPOSED), (erased, hatch.ERASED)):
            if where.any():
                lines = hatch.marked(rect, mark, grid.zoom)
                np.copyto(colors, np.uint32(LIGHT_HATCH), where=where & (lines == hatch.LIGHT))
                np.copyto(colors, np.uint32(DARK_HATCH), where=where & (lines == hatch.DARK))


class Doubt:
    """Where the model is unsure, as a calm heat; nothing for a picture that can't tell."""

    def __init__(self, picture: Picture) -> None:
        self._ask = getattr(picture, "doubt", None)
        self._height, self._width = picture.pixels.shape[:2]
        self._table = doubt_table()

    def compose(self, rect: Rect, grid: Grid, out: Pixels) -> None:
        """The heat of a rectangle inside the image, premultiplied, into ``out`` of its shape."""
        if self._ask is None:
            out[:] = 0
            return
        rows, columns = grid.rows(rect, self._height), grid.columns(rect, self._width)
        step = max(1, int(1 / grid.scale))
        # From multiples of the step on, so that a strip that panning brought shows the same pixels as its neighbour.
        left, top = int(columns[0]) // step * step, int(rows[0]) // step * step
        below = Rect(left, top, int(columns[-1]) + 1, int(rows[-1]) + 1)
        doubt = self._ask(below, step)
        own_rows = np.minimum((rows - below.y0) // step, doubt.shape[0] - 1)
        own_columns = np.minimum((columns - below.x0) // step, doubt.shape[1] - 1)
        out[:] = self._table[doubt.take(own_rows, axis=0).take(own_columns, axis=1)]


def _part_cells(out: Pixels, cells: NDArray[np.integer], rect: Rect, grid: Grid) -> None:
    """Draw a light line on one side of where unlike ``cells`` meet and a dark one on the other, each a pixel wide."""
    around = rect.expand(1).intersect(grid.bounds)
    rows, columns = grid.rows(around, cells.shape[0]), grid.columns(around, cells.shape[1])
    near = cells[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shown = near.take(rows - rows[0], axis=0).take(columns - columns[0], axis=1)
    down, along = shown[1:] != shown[:-1], shown[:, 1:] != shown[:, :-1]
    light, dark = np.zeros(shown.shape, np.bool_), np.zeros(shown.shape, np.bool_)
    light[:-1] |= down
    light[:, :-1] |= along
    dark[1:] |= down
    dark[:, 1:] |= along
    inner = _within(rect, around)
    np.copyto(out, np.uint32(DARK_CELL), where=dark[inner])
    np.copyto(out, np.uint32(LIGHT_CELL), where=light[inner])


def _blocks(rect: Rect) -> Iterator[Rect]:
    for y in range(rect.y0, rect.y1, _BLOCK):
        for x in range(rect.x0, rect.x1, _BLOCK):
            yield Rect(x, y, min(x + _BLOCK, rect.x1), min(y + _BLOCK, rect.y1))


def _within(part: Rect, whole: Rect) -> tuple[slice, slice]:
    return (
        slice(part.y0 - whole.y0, part.y1 - whole.y0),
        slice(part.x0 - whole.x0, part.x1 - whole.x0),
    )


def _span(indices: _Indices, start: int, stop: int) -> slice:
    first, last = np.searchsorted(indices, (start, stop))
    return slice(int(first), int(last))
