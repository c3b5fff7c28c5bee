"""A second view of the image on the canvas, with another reading of it."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from segstudio.app.changes import Changes
from segstudio.app.document import Document
from segstudio.app.session import Session
from segstudio.domain.geometry import Rect
from segstudio.domain.plane import Plane
from segstudio.domain.segments import BACKGROUND
from segstudio.ui.canvas.held_view import HeldView
from segstudio.ui.canvas.legend import Line, legend_of
from segstudio.ui.canvas.look import Look, Source
from segstudio.ui.canvas.renderer import Renderer
from segstudio.ui.canvas.seeing import Reading, Seeing
from segstudio.ui.canvas.seen_view import SeenView
from segstudio.ui.option_rows import CalmCombo
from segstudio.ui.theme import Theme

READINGS: tuple[tuple[Reading, str], ...] = (
    ("image", "Image alone"),
    ("model", "The model's mask"),
    ("difference", "What was corrected"),
    ("truth", "Mask to compare with"),
)

_SOURCES: dict[Reading, Source] = {"image": "none", "model": "prediction", "difference": "difference", "truth": "mask"}
_CORNER = 12


class CompareView(HeldView):
    """Goes wherever the canvas goes, and takes it along; only what a stroke touched is repainted here too."""

    def __init__(self, theme: Theme, seeing: Seeing, canvas: SeenView, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._seeing = seeing
        self._canvas = canvas
        self._following = False
        self._shown_truth: object = None
        self.setAccessibleName("Another reading of the image")
        self.setMinimumSize(104, 160)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.reading = CalmCombo(self)
        self.reading.setAccessibleName("What the second view shows")
        self.reading.setToolTip("What is shown here")
        self.reading.addItems([words for _, words in READINGS])
        self.reading.activated.connect(lambda index: seeing.set(reading=READINGS[index][0]))
        self.reading.move(_CORNER, _CORNER)
        self.view_changed.connect(self._lead)
        canvas.view_changed.connect(self.follow)
        self.pointer_moved.connect(canvas.set_cross)
        canvas.pointer_moved.connect(self._on_canvas_pointer)
        seeing.changed.connect(self._follow_seeing)

    def set_session(self, session: Session | None) -> None:
        """Show another project, or none; none while it is not looked at."""
        super().set_session(session)
        self._follow_seeing()

    def apply(self, changes: Changes) -> None:
        """Repaint what ``changes`` says."""
        super().apply(changes)
        session = self.session
        if (
            session is not None
            and self._seeing.sight.reading == "truth"
            and session.truth.mask is not self._shown_truth
        ):
            self._renew()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size is nobody's wish to move the canvas; what chooses the reading stays within a narrow view."""
        self._following = True
        super().resizeEvent(event)
        self._following = False
        self.follow()
        self.reading.setMaximumWidth(self.width() - 2 * _CORNER)
        self.reading.adjustSize()

    def follow(self) -> None:
        """Show what the canvas shows."""
        if self.isVisible() and not self._following and self._canvas.picture_size is not None:
            self._following = True
            self.show_middle(*self._canvas.middle, self._canvas.view.scale)
            self._following = False

    # ---- what is shown ----------------------------------------------------------------------------------------

    def _look_now(self) -> tuple[Look, bool]:
        source = _SOURCES[self._seeing.sight.reading]
        bare = source == "none"
        return self._seeing.look(self._canvas.document, "mask" if bare else source), bare

    def _follow_seeing(self) -> None:
        readings = [reading for reading, _ in READINGS]
        self.reading.setCurrentIndex(readings.index(self._seeing.sight.reading))
        self.reading.resize(self.reading.sizeHint())
        look, bare = self._look_now()
        renewed = self._wants_truth != self._shows_truth
        self.set_look(look, bare)
        if renewed:
            self._renew()
        self.follow()

    @property
    def _wants_truth(self) -> bool:
        return self._seeing.sight.reading == "truth"

    @property
    def _shows_truth(self) -> bool:
        return isinstance(self.renderer, _TruthRenderer)

    def _renew(self) -> None:
        if self.document is not None:
            self.renderer = self._make_renderer(self.document)
            self._show_legend()
            self.update()

    def _show(self, document: Document | None) -> None:
        self.look, self.bare = self._look_now()
        super()._show(document)
        self.follow()

    def _make_renderer(self, document: Document) -> Renderer:
        shared = self._canvas.renderer if self._canvas.document is document else None
        levels = None if shared is None else shared.levels
        if not self._wants_truth or self.session is None:
            return Renderer(document, self._colors(), self.look, levels)
        truth = self._shown_truth = self.session.truth.mask
        plane = (
            Plane(document.height, document.width, BACKGROUND) if truth is None else Plane.from_array(truth, BACKGROUND)
        )
        picture = Document(document.image_id, document.pixels, plane, deep=document.deep, window=document.window)
        return _TruthRenderer(picture, self._colors(), self.look, levels)

    def _mask_changed(self, rect: Rect, better: bool) -> None:
        # Nothing but a difference shows what is painted.
        if better or self._seeing.sight.reading == "difference":
            super()._mask_changed(rect, better)

    def _show_legend(self) -> None:
        document, reading = self.document, self._seeing.sight.reading
        if document is None or reading == "image":
            lines: tuple[Line, ...] = ()
        elif reading == "truth" and self.session is not None and self.session.truth.mask is None:
            lines = ((None, "This image has no mask to compare with"),)
        else:
            said = document.prediction is not None
            lines = legend_of(self.look.source, document) if reading == "difference" or not said else ()
        self.legend.show_lines(lines)
        self._place_notes()

    def _follow_document(self) -> None:
        super()._follow_document()
        # The canvas says what is wrong, once.
        self.failure_note.hide()

    def _on_loading_slow(self) -> None:
        # And what is on its way.
        self._cover()

    # ---- the two views go together ----------------------------------------------------------------------------

    def zoom_fit(self) -> None:
        """The canvas decides what fits."""
        if self.isVisible() and self._canvas.document is self.document:
            self.follow()
        else:
            super().zoom_fit()

    def _lead(self) -> None:
        if self.isVisible() and not self._following and self._canvas.document is self.document:
            self._following = True
            self._canvas.show_middle(*self.middle, self.view.scale)
            self._following = False

    def _on_canvas_pointer(self, point: object) -> None:
        if self.isVisible():
            self.set_cross(cast("tuple[float, float] | None", point))


class _TruthRenderer(Renderer):
    """Draws the mask to compare with, which no stroke changes."""
