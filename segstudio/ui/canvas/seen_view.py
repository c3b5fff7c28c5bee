"""The document as its user likes to see it: look, grid, loupe, navigator."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QElapsedTimer, QPoint, QPointF, QRect, QRectF, Signal
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QWidget

from segstudio.app.document import Document
from segstudio.domain.geometry import Rect
from segstudio.domain.patch import Patch
from segstudio.domain.segments import BACKGROUND, Segment
from segstudio.ui.canvas.cursor import Mark
from segstudio.ui.canvas.lines import paint_lines
from segstudio.ui.canvas.look import Source
from segstudio.ui.canvas.loupe import Loupe
from segstudio.ui.canvas.measure_lines import drawing
from segstudio.ui.canvas.navigator import Navigator
from segstudio.ui.canvas.reading_lines import ReadingLines
from segstudio.ui.canvas.renderer import Renderer
from segstudio.ui.canvas.seeing import Seeing
from segstudio.ui.canvas.view_widget import ImageView
from segstudio.ui.keys import native
from segstudio.ui.theme import TEXT_SMALL, Theme, ui_font

_CORNER = 16
_NAMED = 3
"""Hidden segments that are named on the canvas."""


class SeenView(ImageView):
    """The image view that heeds a ``Seeing``, and shows something else while it is told to."""

    mask_shown_changed = Signal(bool)

    def __init__(self, theme: Theme, seeing: Seeing, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.seeing = seeing
        self.mask_shown = True
        self._sources: list[Source] = []
        self._mask_came = QElapsedTimer()
        self._image_came = QElapsedTimer()
        self._patch: Patch | None = None
        self._cells: NDArray[np.integer] | None = None
        self._loupe: Loupe | None = None
        self._readings = ReadingLines()
        self._glass = QRect()
        self.navigator = Navigator(theme, self, lambda x, y: self.show_middle(x, y, self.view.scale))
        self.view_changed.connect(self._follow_view)
        seeing.changed.connect(self._follow_seeing)

    # ---- what is shown ----------------------------------------------------------------------------------------

    @property
    def renderers(self) -> list[Renderer]:
        """That of the image, and those of loupe and navigator."""
        more = (None if self._loupe is None else self._loupe.renderer, self.navigator.renderer)
        return super().renderers + [renderer for renderer in more if renderer is not None]

    @property
    def shows_else(self) -> bool:
        """True while a key shows something else than the mask."""
        return bool(self._sources)

    @property
    def mask_age_ms(self) -> float:
        """How long ago the model's part of the mask became another before the eye; infinite if it did not."""
        return self._mask_came.elapsed() if self._mask_came.isValid() else math.inf

    @property
    def seen_ms(self) -> float:
        """How long ago the session's document was first painted here; below 0 while it was not."""
        shown = self.session is not None and self.document is self.session.document
        return self._image_came.elapsed() if shown and self._image_came.isValid() else -1.0

    def set_mask_shown(self, shown: bool) -> None:
        """Show the image with or without its mask."""
        if shown != self.mask_shown:
            self.mask_shown = shown
            self._follow_look()
            self.mask_shown_changed.emit(shown)

    def show_held(self, source: Source) -> None:
        """Show something else until ``drop_held``; of several the last one."""
        self._sources.append(source)
        self._follow_look()

    def drop_held(self, source: Source) -> None:
        """Show again what was shown before."""
        self._sources.remove(source)
        self._follow_look()

    def set_patch(self, patch: Patch | None) -> None:
        """Show what a tool would change."""
        if patch is not self._patch:
            self._patch = patch
            changed = [renderer.set_preview(patch) for renderer in self.renderers]
            if changed:
                self._update_image(changed[0])

    def set_cells(self, cells: NDArray[np.integer] | None) -> None:
        """Show the lines between parts of the image, at the size at which it is worked on."""
        if cells is not self._cells:
            self._cells = cells
            for renderer in super().renderers:
                renderer.set_cells(cells)
            self.update()

    def _follow_look(self) -> None:
        source: Source = self._sources[-1] if self._sources else "mask" if self.mask_shown else "none"
        bare = source == "none"
        self.set_look(self.seeing.look(self.document, "mask" if bare else source), bare)
        self.navigator.set_mask_shown(not bare)
        self.navigator.update_late()

    def _follow_seeing(self) -> None:
        self._make_helpers()
        self._follow_look()
        self.update()

    def _follow_view(self) -> None:
        self._place_navigator()
        self.follow_glass()

    def _show(self, document: Document | None) -> None:
        self.look = self.seeing.look(document, self.look.source)
        self._patch = self._cells = None
        self._loupe = None
        self._mask_came.invalidate()
        self._image_came.invalidate()
        self.navigator.set_renderer(None)
        super()._show(document)
        self._make_helpers()

    def _mask_changed(self, rect: Rect, better: bool) -> None:
        super()._mask_changed(rect, better)
        if better:
            self._mask_came.start()

    def _show_legend(self) -> None:
        """Besides what is shown instead of the mask, what is hidden of it."""
        super()._show_legend()
        if self.document is None or self.session is None or self._sources:
            return
        hidden = [segment.name for segment in self.session.table if segment.hidden]
        words = native("The mask is hidden: Shift+V shows it") if not self.mask_shown else ""
        more = f" and {len(hidden) - _NAMED} more" if len(hidden) > _NAMED else ""
        words = words or (f"Hidden: {', '.join(hidden[:_NAMED])}{more}" if hidden else "")
        if words:
            self.legend.show_lines((*self.legend.lines, (None, words)))
            self._place_notes()

    def _update_image(self, rect: Rect) -> None:
        super()._update_image(rect)
        if not self._glass.isNull():
            self.update(self._glass)
        self.navigator.update_late()

    # ---- loupe, navigator, grid -------------------------------------------------------------------------------

    @property
    def mark(self) -> Mark | None:
        """What is drawn at the pointer."""
        return None

    def paint_over(self, painter: QPainter, part: QRect) -> None:
        """The grid, what was measured, and the outlines of two readings; the image below them was painted."""
        if not self._image_came.isValid():
            self._image_came.start()
        size, session = self.picture_size, self.session
        if size is not None and session is not None:
            unit = self.seeing.unit(session.scale.mm_per_px) if self.seeing.sight.grid else None
            paint_lines(painter, self.snapped, self.devicePixelRatioF(), part, size, unit)
            if self.seeing.sight.measures and not self.bare:
                measured = drawing(session.measuring, session.editor.active_segment, self.to_widget)
                if measured is not None:
                    measured.paint(painter, QRectF(self.rect()), ui_font(TEXT_SMALL))
            if session.adjudication.dispute is not None and self.document is session.document:
                self._readings.paint(painter, session.adjudication.dispute, self.to_widget)

    @property
    def segment_pointed_at(self) -> Segment | None:
        """The segment that can be seen under the pointer; None over background, and where it or the mask is hidden."""
        session = self.session
        if session is None or not self.ready or self.pointer is None or self.shows_else or not self.mask_shown:
            return None
        assert session.document is not None
        x, y = (math.floor(place) for place in self.to_image(self.pointer))
        here = Rect(x, y, x + 1, y + 1).intersect(session.document.bounds)
        segment_id = BACKGROUND if here.is_empty else int(session.document.shown(here)[0, 0])
        return next((row for row in session.table if row.id == segment_id and not row.hidden), None)

    def paint_loupe(self, painter: QPainter) -> None:
        """The loupe, over everything else."""
        if self._loupe is not None and self.pointer is not None and not self._glass.isNull():
            middle = Loupe.place(self.pointer, self.rect())
            point, ground = self.to_image(self.pointer), self._theme.color("canvas")
            self._loupe.paint(painter, middle, point, self.view.scale, ground, not self.bare, self.mark)

    def follow_pointer(self, position: QPointF | None) -> None:
        """The loupe goes along."""
        super().follow_pointer(position)
        self.follow_glass()

    def follow_glass(self) -> None:
        """Repaint where the loupe was and where it is."""
        glass = QRect()
        if self._loupe is not None and self.pointer is not None and self.rect().contains(self.pointer.toPoint()):
            glass = Loupe.bounds(Loupe.place(self.pointer, self.rect()))
        for part in (self._glass, glass):
            if not part.isNull():
                self.update(part)
        self._glass = glass

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The navigator keeps its corner."""
        super().resizeEvent(event)
        self._place_navigator()

    def _make_helpers(self) -> None:
        sight, navigator = self.seeing.sight, self.navigator
        if self.renderer is None or not sight.loupe:
            self._loupe = None
        elif self._loupe is None:
            self._loupe = Loupe(self._twin(self.renderer))
        if self.renderer is None or not sight.navigator:
            navigator.set_renderer(None)
        elif navigator.renderer is None:
            navigator.set_renderer(self._twin(self.renderer))
        self._place_navigator()
        self.follow_glass()

    def _twin(self, renderer: Renderer) -> Renderer:
        assert self.document is not None
        twin = Renderer(self.document, renderer.colors, renderer.look, renderer.levels)
        twin.set_preview(self._patch)
        return twin

    def _place_navigator(self) -> None:
        size, navigator = self.picture_size, self.navigator
        if size is None or navigator.renderer is None:
            navigator.hide()
            return
        x0, y0 = self.to_image(QPointF(0, 0))
        x1, y1 = self.to_image(QPointF(self.width(), self.height()))
        navigator.show_frame(x0, y0, x1, y1)
        navigator.move(QPoint(self.width() - navigator.width() - _CORNER, self.height() - navigator.height() - _CORNER))
        navigator.setVisible(x0 > 0 or y0 > 0 or x1 < size[0] or y1 < size[1])
