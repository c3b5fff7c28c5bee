"""The image itself, composed in the pixels in which it is drawn."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect
from segstudio.imaging.contrast import MAP_SIDE, LocalContrast
from segstudio.imaging.cv import cv2
from segstudio.imaging.display import Tone, shown_range, tone_table
from segstudio.imaging.mips import Mips
from segstudio.ui.canvas.grid import Grid
from segstudio.ui.canvas.layer import Pixels
from segstudio.ui.canvas.overlay import Picture


class Levels:
    """The halved levels of a picture's pixels, and of its file's own values if they are deeper.

    They are made when first asked for, and shared by all that draws the picture, in whatever tone.
    """

    def __init__(self, picture: Picture) -> None:
        deep = getattr(picture, "deep", None)
        self.shown: Mips = getattr(picture, "mips", None) or Mips(picture.pixels)
        self.deep = None if deep is None else Mips(deep)
        self._window: tuple[float, float] | None = getattr(picture, "window", None)

    @cached_property
    def shown_range(self) -> tuple[float, float]:
        """The values that an untouched image shows as black and as white."""
        return (0.0, 255.0) if self.deep is None else shown_range(self.deep.pixels, self._window)


class Base:
    """An image in one tone; composes rectangles of a ``Grid`` on demand and keeps nothing."""

    def __init__(self, levels: Levels, tone: Tone) -> None:
        self._mips = levels.shown
        self._table: NDArray[np.uint8] | None = None
        if tone.changes_levels:
            # Not of the pixels, where the file is deeper: they hold 256 steps of what is to be stretched.
            self._mips = levels.deep or levels.shown
            self._table = tone_table(tone, *levels.shown_range, 256 if levels.deep is None else 65536)
        self._local = tone.local_contrast

    def compose(self, rect: Rect, grid: Grid, out: Pixels) -> None:
        """The image in a rectangle of it, opaque, into ``out`` of its shape."""
        step = step_for(grid.scale)
        scale = grid.scale * step
        bgra = out[..., None].view(np.uint8)
        if scale == 1.0:
            self._bgra(self._mips.part(step, rect), bgra)
        elif grid.crisp:
            self._draw_squares(rect, grid, out)
        else:
            self._draw_smooth(rect, step, scale, bgra)
        if self._local:
            bgra[..., :3] = self._contrast.apply(bgra[..., :3], rect, grid.height, grid.width)

    def _bgra(self, part: NDArray[Any], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        if self._table is not None:
            part = cv2.LUT(part, self._table) if part.dtype == np.uint8 else self._table[part]
        # Four channels are also what OpenCV warps fastest, in a third of the time that three take.
        code = cv2.COLOR_GRAY2BGRA if part.ndim == 2 else cv2.COLOR_RGB2BGRA
        converted: NDArray[np.uint8] = cv2.cvtColor(part, code, dst=out)
        return converted

    def _draw_squares(self, rect: Rect, grid: Grid, out: Pixels) -> None:
        height, width = self._mips.pixels.shape[:2]
        rows, columns = grid.rows(rect, height), grid.columns(rect, width)
        below = Rect(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        whole = self._bgra(self._mips.part(1, below)).view(np.uint32)[..., 0]
        out[:] = whole.take(columns - below.x0, axis=1).take(rows - below.y0, axis=0)

    def _draw_smooth(self, rect: Rect, step: int, scale: float, out: NDArray[np.uint8]) -> None:
        height, width = self._mips.at(step).shape[:2]
        # Where the middle of the first pixel lies in the level, counted from the middle of its first pixel.
        x, y = (rect.x0 + 0.5) / scale - 0.5, (rect.y0 + 0.5) / scale - 0.5
        below = Rect(
            math.floor(x), math.floor(y), math.ceil(x + rect.width / scale) + 1, math.ceil(y + rect.height / scale) + 1
        )
        # The last pixels of the screen may lie beyond the level by a rounding; there is always one to read.
        below = Rect(min(below.x0, width - 1), min(below.y0, height - 1), below.x1, below.y1).clip(height, width)
        part = self._bgra(self._mips.part(step, below))
        to_level = np.array([[1 / scale, 0, x - below.x0], [0, 1 / scale, y - below.y0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (rect.width, rect.height)
        cv2.warpAffine(part, to_level, size, dst=out, flags=flags, borderMode=cv2.BORDER_REPLICATE)

    @cached_property
    def _contrast(self) -> LocalContrast:
        step = 1
        while max(self._mips.pixels.shape[:2]) > step * MAP_SIDE:
            step *= 2
        return LocalContrast.of(self._bgra(self._mips.at(step))[..., :3])


def step_for(scale: float) -> int:
    """How many image pixels, a power of two, a pixel of the mip level spans that is nearest above ``scale``."""
    step = 1
    while scale * step * 2 <= 1.0:
        step *= 2
    return step
