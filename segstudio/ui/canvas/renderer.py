"""Draws one document: the image, where the model is unsure, and the overlay, at any zoom, only where asked.

All is composed in device pixels and kept in ``Layer``s as large as the screen. A stroke composes the rectangle that it
touched, panning what came into sight, zooming what is in sight; so the size of the image does not matter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter

from segstudio.domain.geometry import Rect
from segstudio.domain.patch import NOTHING, Patch
from segstudio.ui.canvas.base import Base, Levels
from segstudio.ui.canvas.colors import OverlayColors
from segstudio.ui.canvas.grid import Grid, grid_of, size_at
from segstudio.ui.canvas.layer import Layer
from segstudio.ui.canvas.look import PLAIN, Look
from segstudio.ui.canvas.overlay import Doubt, Overlay, Picture
from segstudio.ui.canvas.sheets import Compose, Sheets
from segstudio.ui.canvas.view import View

_REPAINT_MARGIN = 4
"""Logical pixels round a change that its outline may reach."""

_SMALL = 1 << 20
"""Device pixels that are composed quickly enough anywhere."""

ROUGH = 2
"""Device pixels a side of what is one pixel in a rough picture."""


class Surface(NamedTuple):
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
        self._sharp, self._rough = Sheets(), Sheets()
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
            for sheets in (self._sharp, self._rough):
                sheets.clear_base()
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
            self._clear_overlay()

    def mask_changed(self, image_rect: Rect) -> None:
        """The shown mask changed in a rectangle of image pixels."""
        self._sharp.mark(image_rect)
        self._rough.mark(image_rect)

    def doubt_changed(self) -> None:
        """The model is unsure elsewhere."""
        self._doubt = Doubt(self._picture)
        for sheets in (self._sharp, self._rough):
            sheets.clear_doubt()

    def begin_fade(self) -> None:
        """Keep the overlay as it was before the mask changed, to fade it into the next."""
        self._fading = self._sharp.renew_overlay()
        self.doubt_changed()

    def end_fade(self) -> None:
        """Let the old overlay go."""
        self._fading = None

    def place(self, view: View, rough: bool = False) -> Rect:
        """The device pixels that the image takes in a view that is snapped, also beyond the screen."""
        if not rough:
            return _place(view, self.width, self.height)
        far, x, y = _far(view)
        place = _place(far, self.width, self.height)
        return Rect(x + ROUGH * place.x0, y + ROUGH * place.y0, x + ROUGH * place.x1, y + ROUGH * place.y1)

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
        sheets = self._sharp
        self._ask(sheets, view, surface, mask)
        sheets.make()
        self._draw(sheets, painter, view, exposed, mask, fade)

    def paint_rough(self, painter: QPainter, view: View, exposed: Rect, surface: Surface, mask: bool = True) -> None:
        """As ``paint``, with pixels of ``ROUGH`` x ``ROUGH`` device pixels: a quarter of the work."""
        far, x, y = _far(view)
        sheets = self._rough
        self._ask(sheets, far, _far_surface(surface), mask)
        sheets.make()
        # Put together small and enlarged once, which takes half the time of enlarging each layer.
        part = Rect(
            (exposed.x0 - x) // ROUGH,
            (exposed.y0 - y) // ROUGH,
            -((x - exposed.x1) // ROUGH),
            -((y - exposed.y1) // ROUGH),
        ).intersect(_place(far, self.width, self.height))
        if part.is_empty:
            return
        small = QImage(part.width, part.height, QImage.Format.Format_RGB32)
        on_small = QPainter(small)
        on_small.translate(-part.x0, -part.y0)
        self._draw(sheets, on_small, far, part, mask, 1.0)
        on_small.end()
        painter.drawImage(
            QRect(x + ROUGH * part.x0, y + ROUGH * part.y0, ROUGH * part.width, ROUGH * part.height), small
        )

    def prepare(self, view: View, surface: Surface, mask: bool, until: float) -> bool:
        """Compose what ``paint`` will need, as far as there is time: ``until`` is a ``time.monotonic``.

        True when all is there.
        """
        self._ask(self._sharp, view.snapped(), surface, mask)
        return self._sharp.make(until)

    def forget_rough(self) -> None:
        """No rough picture is wanted for now."""
        self._rough.forget()

    def effort(self, view: View, surface: Surface, mask: bool = True) -> float:
        """Milliseconds that ``paint`` would compose for, by how long it took last; 0.0 for a small picture."""
        grid, sight = self._sight(view.snapped(), surface)
        missing = self._sharp.missing(sight) if grid == self._sharp.grid else sight.width * sight.height
        return 0.0 if missing < _SMALL else missing * len(self._wanted(self._sharp, mask)) * self._sharp.pace

    def _sight(self, view: View, surface: Surface) -> tuple[Grid, Rect]:
        grid = grid_of(view.scale, self.width, self.height, surface.ratio)
        return grid, grid.sight(view, Rect(0, 0, surface.width, surface.height))

    def _wanted(self, sheets: Sheets, mask: bool) -> list[tuple[Layer, Compose]]:
        wanted: list[tuple[Layer, Compose]] = [(sheets.base, self._base.compose)]
        if mask and self._look.doubt:
            wanted.append((sheets.doubt, self._doubt.compose))
        if mask and self._look.source != "none":
            wanted.append((sheets.overlay, self._overlay.compose))
        return wanted

    def _ask(self, sheets: Sheets, view: View, surface: Surface, mask: bool) -> None:
        grid, sight = self._sight(view, surface)
        if sheets.fit(grid, surface.width, surface.height) and sheets is self._sharp:
            self._fading = None
        if not sight.is_empty:
            sheets.ask(sight, self._wanted(sheets, mask))

    def _draw(self, sheets: Sheets, painter: QPainter, view: View, exposed: Rect, mask: bool, fade: float) -> None:
        assert sheets.grid is not None
        part = sheets.grid.sight(view, exposed)
        if part.is_empty:
            return
        x, y = int(view.x), int(view.y)
        layers = [layer for layer, _ in self._wanted(sheets, mask)]
        fading = self._fading if fade < 1.0 and layers[-1] is sheets.overlay else None
        whole = sheets.whole(layers) if len(layers) > 1 and fading is None else None
        for layer in layers if whole is None else [whole]:
            if layer is sheets.overlay and fading is not None:
                painter.setOpacity(1.0 - fade)
                fading.draw(painter, part, x, y)
                painter.setOpacity(fade)
            layer.draw(painter, part, x, y)
        painter.setOpacity(1.0)

    def _clear_overlay(self) -> None:
        for sheets in (self._sharp, self._rough):
            sheets.clear_overlay()

    def _renew_overlay(self) -> None:
        before = self._overlay
        self._overlay = Overlay(self._picture, self._colors, self._look)
        self._overlay.preview, self._overlay.cells = before.preview, before.cells
        self._clear_overlay()
        self._fading = None


def _place(view: View, width: int, height: int) -> Rect:
    """Where an image of ``width`` x ``height`` px lies in a view that is snapped."""
    across, down = size_at(view.scale, width, height)
    x, y = int(view.x), int(view.y)
    return Rect(x, y, x + across, y + down)


def _far(view: View) -> tuple[View, int, int]:
    """A view of a rough picture, and by how many device pixels it is moved to lie where the sharp one does."""
    view = view.snapped()
    x, y = int(view.x), int(view.y)
    # Moved left or up only, so that the screen's first pixels lie in the first of the rough ones.
    far = View(view.scale / ROUGH, -(-x // ROUGH), -(-y // ROUGH))
    return far, x - ROUGH * int(far.x), y - ROUGH * int(far.y)


def _far_surface(surface: Surface) -> Surface:
    # One more, since the rough picture may be moved by less than its pixel.
    return Surface(surface.width // ROUGH + 2, surface.height // ROUGH + 2, surface.ratio / ROUGH)
