"""Draws one document: the image, where the model is unsure, and the overlay, at any zoom, only where asked.

All is composed in device pixels and kept in ``Layer``s as large as the screen. A stroke composes the rectangle that it
touched, panning what came into sight, zooming what is in sight; so the size of the image does not matter.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QPainter

from segstudio.domain.geometry import Rect
from segstudio.domain.patch import NOTHING, Patch
from segstudio.ui.canvas.base import Base, Levels
from segstudio.ui.canvas.colors import OverlayColors
from segstudio.ui.canvas.grid import Grid
from segstudio.ui.canvas.layer import Job, Layer
from segstudio.ui.canvas.look import PLAIN, Look
from segstudio.ui.canvas.overlay import Doubt, Overlay, Picture
from segstudio.ui.canvas.view import View

_REPAINT_MARGIN = 4
"""Logical pixels round a change that its outline may reach."""

_MUCH = 300_000
"""Pixels from which on it pays to use another core."""

_beside = ThreadPoolExecutor(1, thread_name_prefix="canvas")


@dataclass(frozen=True)
class Surface:
    """What is painted on: its size in device pixels, and device pixels a logical one."""

    width: int
    height: int
    ratio: float = 1.0


class Renderer:
    """Paints a ``Picture`` through a ``View``; everything in device pixels.

    ``levels`` are those of another renderer of the same image.
    """

    def __init__(
        self, picture: Picture, colors: OverlayColors, look: Look = PLAIN, levels: Levels | None = None
    ) -> None:
        self._picture = picture
        self._colors = colors
        self._look = look
        self.height, self.width = int(picture.pixels.shape[0]), int(picture.pixels.shape[1])
        self.levels = levels or Levels(picture)
        self._base = Base(self.levels, look.tone)
        self._overlay = Overlay(picture, colors, look)
        self._doubt = Doubt(picture)
        self._grid: Grid | None = None
        self._surface = Surface(0, 0)
        self._base_layer = self._doubt_layer = self._overlay_layer = Layer(1, 1, opaque=True)
        self._fading: Layer | None = None

    # ---- what is shown ----------------------------------------------------------------------------------------

    @property
    def colors(self) -> OverlayColors:
        """The overlay's colours."""
        return self._colors

    @property
    def look(self) -> Look:
        """How the document is shown."""
        return self._look

    def set_colors(self, colors: OverlayColors) -> None:
        """Other colours: the overlay is composed anew where it is looked at."""
        self._colors = colors
        self._renew_overlay()

    def set_look(self, look: Look) -> None:
        """Show the document in another way; what that does not touch is not composed anew."""
        before, self._look = self._look, look
        if look.tone != before.tone:
            self._base = Base(self.levels, look.tone)
            self._base_layer.clear()
        if (look.style, look.hatched, look.source) != (before.style, before.hatched, before.source):
            self._renew_overlay()

    def set_preview(self, patch: Patch | None) -> Rect:
        """Show what a tool would change, or nothing more; returns the image pixels to repaint."""
        before, after = self._overlay.preview, patch or NOTHING
        self._overlay.preview = after
        self.mask_changed(before.rect)
        self.mask_changed(after.rect)
        return before.rect.union(after.rect)

    def set_cells(self, cells: NDArray[np.integer] | None) -> None:
        """Show where unlike ones of ``cells``, (height, width), meet; None for no lines."""
        if cells is not self._overlay.cells:
            self._overlay.cells = cells
            self._overlay_layer.clear()

    def mask_changed(self, image_rect: Rect) -> None:
        """The shown mask changed in a rectangle of image pixels."""
        if self._grid is not None and not image_rect.is_empty:
            self._overlay_layer.mark(self._grid.touched(image_rect))

    def doubt_changed(self) -> None:
        """The model is unsure elsewhere."""
        self._doubt = Doubt(self._picture)
        self._doubt_layer.clear()

    def begin_fade(self) -> None:
        """Keep the overlay as it was before the mask changed, to fade it into the next."""
        self._fading = self._overlay_layer
        self._overlay_layer = self._layer(opaque=False)
        self.doubt_changed()

    def end_fade(self) -> None:
        """Let the old overlay go."""
        self._fading = None

    def place(self, view: View) -> Rect:
        """The device pixels that the image takes in a view that is snapped, also beyond the screen."""
        whole = Grid.of(view.scale, self.width, self.height, 1.0).bounds
        x, y = int(view.x), int(view.y)
        return Rect(x, y, x + whole.width, y + whole.height)

    def repaint_rect(self, image_rect: Rect, view: View, ratio: float) -> Rect:
        """The device pixels to repaint after the mask changed in ``image_rect``."""
        return view.screen_rect(image_rect).expand(round(_REPAINT_MARGIN * ratio))

    # ---- painting ---------------------------------------------------------------------------------------------

    def paint(
        self, painter: QPainter, view: View, exposed: Rect, surface: Surface, mask: bool = True, fade: float = 1.0
    ) -> None:
        """Paint what lies in ``exposed``; ``fade`` runs from 0, the overlay before ``begin_fade``, to 1.

        The image's corner is put on a whole device pixel, see ``View.snapped``.
        """
        view = view.snapped()
        grid = Grid.of(view.scale, self.width, self.height, surface.ratio)
        sight = grid.sight(view, Rect(0, 0, surface.width, surface.height))
        part = grid.sight(view, exposed)
        if part.is_empty:
            return
        self._prepare(grid, surface)
        x, y = int(view.x), int(view.y)
        jobs = self._base_layer.show(sight, lambda rect, out: self._base.compose(rect, grid, out))
        if mask and self._look.doubt:
            jobs += self._doubt_layer.show(sight, lambda rect, out: self._doubt.compose(rect, grid, out))
        if mask and self._look.source != "none":
            jobs += self._overlay_layer.show(sight, lambda rect, out: self._overlay.compose(rect, grid, out))
        _run(jobs)
        self._base_layer.draw(painter, part, x, y)
        if not mask:
            return
        if self._look.doubt:
            self._doubt_layer.draw(painter, part, x, y)
        if self._look.source == "none":
            return
        if self._fading is not None and fade < 1.0:
            painter.setOpacity(1.0 - fade)
            self._fading.draw(painter, part, x, y)
            painter.setOpacity(fade)
        self._overlay_layer.draw(painter, part, x, y)
        painter.setOpacity(1.0)

    def _prepare(self, grid: Grid, surface: Surface) -> None:
        """Layers for a zoom and a screen: cleared for another zoom, made anew for another screen."""
        if surface != self._surface:
            self._surface = surface
            self._base_layer = self._layer(opaque=True)
            self._doubt_layer, self._overlay_layer = self._layer(opaque=False), self._layer(opaque=False)
            self._fading = None
        elif grid != self._grid:
            for layer in (self._base_layer, self._doubt_layer, self._overlay_layer):
                layer.clear()
            self._fading = None
        self._grid = grid

    def _layer(self, opaque: bool) -> Layer:
        return Layer(max(1, self._surface.width), max(1, self._surface.height), opaque)

    def _renew_overlay(self) -> None:
        before = self._overlay
        self._overlay = Overlay(self._picture, self._colors, self._look)
        self._overlay.preview, self._overlay.cells = before.preview, before.cells
        self._overlay_layer.clear()
        self._fading = None


def _run(jobs: list[Job]) -> None:
    """Run all jobs; where there is much to do, on another core too."""
    waiting = deque(jobs)

    def work() -> None:
        while True:
            try:
                job = waiting.popleft()
            except IndexError:
                return
            job.run()

    helper = _beside.submit(work) if sum(job.pixels for job in jobs) > _MUCH else None
    work()
    if helper is not None:
        helper.result()
