"""The pixels in which a canvas is composed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect
from segstudio.ui.canvas.colors import OUTLINE_WIDTH, outline_widths
from segstudio.ui.canvas.view import CRISP_FROM, View


@dataclass(frozen=True)
class Grid:
    """Device pixels of the image at ``scale``, from its upper left corner.

    ``light`` and ``dark`` are the widths of the outline's two lines; ``zoom`` is whole device pixels a logical one.
    ``crisp`` says that image pixels are drawn as squares.
    """

    scale: float
    width: int
    height: int
    light: int
    dark: int
    zoom: int = 1
    crisp: bool = False

    @classmethod
    def of(cls, scale: float, image_width: int, image_height: int, ratio: float) -> Grid:
        """For an image at a scale, on a screen of ``ratio`` device pixels a logical one."""
        width, height = size_at(scale, image_width, image_height)
        crisp = scale >= CRISP_FROM * min(1.0, ratio)
        return cls(scale, width, height, *outline_widths(OUTLINE_WIDTH * ratio), max(1, round(ratio)), crisp)

    @property
    def bounds(self) -> Rect:
        """The whole image."""
        return Rect(0, 0, self.width, self.height)

    def rows(self, rect: Rect, image_height: int) -> NDArray[np.intp]:
        """The image rows under the middles of the pixels of ``rect``, which lies inside."""
        return _under(rect.y0, rect.y1, self.height, self.scale, image_height)

    def columns(self, rect: Rect, image_width: int) -> NDArray[np.intp]:
        """The image columns under the middles of the pixels of ``rect``, which lies inside."""
        return _under(rect.x0, rect.x1, self.width, self.scale, image_width)

    def sight(self, view: View, screen: Rect) -> Rect:
        """The part of the image that lies in a rectangle of the screen, for a view that is snapped."""
        x, y = round(view.x), round(view.y)
        return Rect(screen.x0 - x, screen.y0 - y, screen.x1 - x, screen.y1 - y).intersect(self.bounds)

    def touched(self, image: Rect) -> Rect:
        """The pixels whose overlay may depend on a rectangle of image pixels."""
        return View(self.scale).screen_rect(image).expand(max(self.light, self.dark)).intersect(self.bounds)


grid_of = lru_cache(maxsize=8)(Grid.of)
"""As ``Grid.of``, which is asked for the same grid at every move of a brush."""


def size_at(scale: float, image_width: int, image_height: int) -> tuple[int, int]:
    """Width and height in device pixels of an image at a scale."""
    return max(1, round(image_width * scale)), max(1, round(image_height * scale))


_KEPT = 1 << 14
"""Device pixels of an image's row or column, those out of sight too, up to which what lies under each is kept."""


def _under(start: int, stop: int, length: int, scale: float, size: int) -> NDArray[np.intp]:
    return _looked_up(start, stop, scale, size) if length > _KEPT else _all_under(length, scale, size)[start:stop]


@lru_cache(maxsize=8)
def _all_under(length: int, scale: float, size: int) -> NDArray[np.intp]:
    indices = _looked_up(0, length, scale, size)
    indices.flags.writeable = False
    return indices


def _looked_up(start: int, stop: int, scale: float, size: int) -> NDArray[np.intp]:
    if scale == 1.0 and stop <= size:
        return np.arange(start, stop)
    middles = np.arange(start + 0.5, stop)
    middles /= scale
    if (stop - 0.5) / scale >= size:
        np.minimum(middles, size - 1, out=middles)
    return middles.astype(np.intp)
