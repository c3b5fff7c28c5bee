"""The mask's fill and outline, composed in the pixels in which they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.domain.geometry import Rect
from segstudio.ui.canvas.colors import OverlayColors
from segstudio.ui.canvas.layer import Layer, Pixels
from segstudio.ui.canvas.view import View


class Picture(Protocol):
    """What is drawn; a ``Document`` is one."""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """(height, width, 3) RGB."""

    def shown(self, rect: Rect) -> NDArray[np.uint16]:
        """Segment ids in ``rect``, which lies inside."""


@dataclass(frozen=True)
class OverlaySpec:
    """In which pixels an overlay is composed.

    With a ``view`` they are the device pixels of a canvas; without, image pixels ``step`` apart. ``light`` and
    ``dark`` are the widths of the outline's two lines.
    """

    width: int
    height: int
    light: int
    dark: int
    step: int = 1
    view: View | None = None


class Overlay:
    """One overlay; ``spec`` never changes, another zoom is another overlay."""

    def __init__(self, picture: Picture, colors: OverlayColors, spec: OverlaySpec) -> None:
        self._picture = picture
        self._colors = colors
        self.spec = spec
        self.layer = Layer(spec.width, spec.height, self._compose, opaque=False)

    def mask_changed(self, image_rect: Rect) -> None:
        """Compose anew what was composed and depends on a rectangle of image pixels."""
        self.layer.refresh(self._own_rect(image_rect).expand(self._margin))

    @property
    def _margin(self) -> int:
        return max(self.spec.light, self.spec.dark)

    def _own_rect(self, image: Rect) -> Rect:
        if self.spec.view is not None:
            return self.spec.view.screen_rect(image)
        step = self.spec.step
        return Rect(image.x0 // step, image.y0 // step, -(-image.x1 // step), -(-image.y1 // step))

    def _compose(self, rect: Rect) -> Pixels:
        # The outline of a pixel depends on its neighbours, so a margin is composed and cut off.
        grown = rect.expand(self._margin)
        ids, part = self._ids(grown)
        out: Pixels = np.zeros((rect.height, rect.width), np.uint32)
        wanted = part.intersect(rect)
        if not wanted.is_empty:
            colors = self._colors.compose(ids, self.spec.light, self.spec.dark)
            rows, columns = _within(wanted, part)
            out[_within(wanted, rect)] = colors[rows, columns]
        return out

    def _ids(self, rect: Rect) -> tuple[NDArray[np.uint16], Rect]:
        """Segment ids under the part of ``rect`` that has image below it, and that part."""
        height, width = int(self._picture.pixels.shape[0]), int(self._picture.pixels.shape[1])
        view, step = self.spec.view, self.spec.step
        if view is None:
            columns = np.arange(rect.x0, rect.x1) * step + step // 2
            rows = np.arange(rect.y0, rect.y1) * step + step // 2
            # The last pixel of a level may have its middle beyond the image.
            columns[(columns >= width) & (columns - step // 2 < width)] = width - 1
            rows[(rows >= height) & (rows - step // 2 < height)] = height - 1
        else:
            columns = np.floor((np.arange(rect.x0, rect.x1) + 0.5 - view.x) / view.scale).astype(np.int64)
            rows = np.floor((np.arange(rect.y0, rect.y1) + 0.5 - view.y) / view.scale).astype(np.int64)
        x_from, x_to = np.searchsorted(columns, (0, width))
        y_from, y_to = np.searchsorted(rows, (0, height))
        part = Rect(rect.x0 + int(x_from), rect.y0 + int(y_from), rect.x0 + int(x_to), rect.y0 + int(y_to))
        if part.is_empty:
            return np.zeros((0, 0), np.uint16), part
        columns, rows = columns[x_from:x_to], rows[y_from:y_to]
        below = Rect(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        shown = self._picture.shown(below)
        if view is None:
            return np.ascontiguousarray(shown[rows - below.y0][:, columns - below.x0]), part
        return shown.take(rows - below.y0, axis=0).take(columns - below.x0, axis=1), part


def _within(part: Rect, whole: Rect) -> tuple[slice, slice]:
    return (
        slice(part.y0 - whole.y0, part.y1 - whole.y0),
        slice(part.x0 - whole.x0, part.x1 - whole.x0),
    )
