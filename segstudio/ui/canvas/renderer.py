"""Draws one document: the image, the mask's fill and its outline, at any zoom, only where asked.

Two ways, told apart by the scale. Zoomed out, the image comes from a mip level (halved as often as the scale allows)
and the overlay is composed in that level's pixels. From 100 % on, the overlay is composed in device pixels, so that
fill and outline follow the edges of image pixels sharply. Both are kept in ``Layer``s, and a stroke composes only the
rectangle that it touched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from segstudio.domain.geometry import Rect
from segstudio.imaging.cv import cv2
from segstudio.ui.canvas.colors import OUTLINE_WIDTH, OverlayColors, outline_widths
from segstudio.ui.canvas.layer import Layer, Pixels
from segstudio.ui.canvas.overlay import Overlay, OverlaySpec, Picture
from segstudio.ui.canvas.view import CRISP_FROM, View

_REPAINT_MARGIN = 4
"""Logical pixels round a change that its outline, and smoothing, may reach."""


@dataclass(frozen=True)
class Surface:
    """What is painted on: its size in device pixels, and device pixels a logical one."""

    width: int
    height: int
    ratio: float = 1.0


class Renderer:
    """Paints a ``Picture`` through a ``View``; everything in device pixels."""

    def __init__(self, picture: Picture, colors: OverlayColors) -> None:
        self._picture = picture
        self._colors = colors
        self.height, self.width = int(picture.pixels.shape[0]), int(picture.pixels.shape[1])
        self._bases: dict[int, Layer] = {}
        self._overlay: Overlay | None = None
        self._fading: Overlay | None = None

    @property
    def colors(self) -> OverlayColors:
        """The overlay's colours."""
        return self._colors

    def set_colors(self, colors: OverlayColors) -> None:
        """Other colours: the overlay is composed anew where it is looked at."""
        self._colors = colors
        self._overlay = self._fading = None

    def mask_changed(self, image_rect: Rect) -> None:
        """The shown mask changed in a rectangle of image pixels."""
        if self._overlay is not None:
            self._overlay.mask_changed(image_rect)

    def begin_fade(self) -> None:
        """Keep the overlay as it was before the mask changed, to fade it into the next."""
        self._fading, self._overlay = self._overlay, None

    def end_fade(self) -> None:
        """Let the old overlay go."""
        self._fading = None

    def repaint_rect(self, image_rect: Rect, view: View, ratio: float) -> Rect:
        """The device pixels to repaint after the mask changed in ``image_rect``."""
        # A pixel of a mip level is up to two device pixels wide, and neighbours are smoothed into one another.
        return view.screen_rect(image_rect).expand(round(_REPAINT_MARGIN * ratio))

    def paint(
        self, painter: QPainter, view: View, exposed: Rect, surface: Surface, mask: bool = True, fade: float = 1.0
    ) -> None:
        """Paint what lies in ``exposed``; ``fade`` runs from 0, the overlay before ``begin_fade``, to 1."""
        if view.image_rect(exposed).clip(self.height, self.width).is_empty:
            return
        step = step_for(view.scale)
        level_view = View(view.scale * step, view.x, view.y)
        smooth = view.scale < CRISP_FROM and view.scale != 1.0
        _draw(painter, self._base(step), level_view, exposed, smooth)
        if not mask:
            return
        overlay = self._overlay_for(view, step, surface)
        over = level_view if overlay.spec.view is None else View()
        smooth = overlay.spec.view is None
        if self._fading is not None and fade < 1.0 and self._fading.spec == overlay.spec:
            painter.setOpacity(1.0 - fade)
            _draw(painter, self._fading.layer, over, exposed, smooth, fill=False)
            painter.setOpacity(fade)
        _draw(painter, overlay.layer, over, exposed, smooth)
        painter.setOpacity(1.0)

    def _base(self, step: int) -> Layer:
        if step not in self._bases:
            width, height = -(-self.width // step), -(-self.height // step)
            self._bases[step] = Layer(width, height, lambda rect: self._base_pixels(rect, step), opaque=True)
        return self._bases[step]

    def _base_pixels(self, rect: Rect, step: int) -> Pixels:
        below = Rect(rect.x0 * step, rect.y0 * step, rect.x1 * step, rect.y1 * step).clip(self.height, self.width)
        pixels = self._picture.pixels[below.slices]
        if step > 1:
            pixels = cv2.resize(pixels, (rect.width, rect.height), interpolation=cv2.INTER_AREA)
        bgra: NDArray[np.uint8] = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGRA)
        return bgra.view(np.uint32)[..., 0]

    def _overlay_for(self, view: View, step: int, surface: Surface) -> Overlay:
        if view.scale >= 1.0:
            light, dark = outline_widths(OUTLINE_WIDTH * surface.ratio)
            spec = OverlaySpec(surface.width, surface.height, light, dark, view=view)
        else:
            light, dark = outline_widths(OUTLINE_WIDTH * surface.ratio / (view.scale * step))
            spec = OverlaySpec(-(-self.width // step), -(-self.height // step), light, dark, step)
        if self._overlay is None or self._overlay.spec != spec:
            self._overlay = Overlay(self._picture, self._colors, spec)
        return self._overlay


def step_for(scale: float) -> int:
    """How many image pixels, a power of two, a pixel of the mip level spans that is nearest above ``scale``."""
    step = 1
    while scale * step * 2 <= 1.0:
        step *= 2
    return step


def _draw(painter: QPainter, layer: Layer, place: View, exposed: Rect, smooth: bool, fill: bool = True) -> None:
    # Two pixels more on every side: smoothing reads neighbours, and seams must not show.
    source = place.image_rect(exposed).expand(2).intersect(layer.bounds)
    if source.is_empty:
        return
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    if fill:
        layer.ensure(source)
    for part in [source] if fill else layer.seen(source):
        x, y = place.to_screen(part.x0, part.y0)
        target = QRectF(x, y, part.width * place.scale, part.height * place.scale)
        painter.drawImage(target, layer.image, QRectF(part.x0, part.y0, part.width, part.height))
