"""The open document on the screen: what is painted, at which zoom, while images come and masks get better."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QElapsedTimer, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from segstudio.app.changes import Changes
from segstudio.domain.geometry import EMPTY, Rect
from segstudio.ui.canvas.colors import OverlayColors
from segstudio.ui.canvas.cursor import paint_cross
from segstudio.ui.canvas.failure import FailureNote
from segstudio.ui.canvas.legend import Legend, doubt_legend, legend_of
from segstudio.ui.canvas.look import PLAIN, Look
from segstudio.ui.canvas.renderer import Renderer, Surface
from segstudio.ui.canvas.view import View
from segstudio.ui.canvas.zoom_widget import FRAME_MS, ZoomWidget
from segstudio.ui.theme import Theme

if TYPE_CHECKING:
    from segstudio.app.document import Document
    from segstudio.app.session import Session

FADE_MS = 150

HURRY_MS = 4.0
"""Composing for longer than that is put off while the zoom changes: what else is painted has to fit in a frame, too."""

RESTS_MS = 50
"""How long after its last step the zoom counts as at rest."""

SLICE_MS = 6.0
"""For how long the sharp picture is composed in one turn of the event loop, once the zoom rests."""

LOADING_SHOWN_AFTER_MS = 180
_SCRIM = 0.8
"""How much of the image before is covered from then on."""
_NOTE_GAP = 8
_NOTE_MARGIN = 16
_CROSS = 9
_MANY_PARTS = 8

ORIGIN_WORDS = {"none": "no mask yet", "model": "the model's mask", "mine": "your mask", "approved": "approved mask"}


class ImageView(ZoomWidget):
    """One image with its mask, or another reading of it."""

    relocate_wanted = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.session: Session | None = None
        self.document: Document | None = None
        self.renderer: Renderer | None = None
        self.look = PLAIN
        self.bare = False
        self._cross: tuple[float, float] | None = None
        self._fade_clock = QElapsedTimer()
        self._fade_timer = QTimer(self)
        self._fade_timer.setInterval(FRAME_MS)
        self._fade_timer.timeout.connect(self._on_fade)
        self._loading_timer = QTimer(self)
        self._loading_timer.setSingleShot(True)
        self._loading_timer.setInterval(LOADING_SHOWN_AFTER_MS)
        self._loading_timer.timeout.connect(self._on_loading_slow)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setMinimumSize(320, 240)
        self.setAccessibleName("Image and mask")
        self.rough = False
        """Whether a rough picture is shown, for as long as the zoom changes and the sharp one would come too late."""
        self._sharpen_timer = QTimer(self)
        self._sharpen_timer.setSingleShot(True)
        self._sharpen_timer.timeout.connect(self._sharpen)
        self._covered = False
        """Whether the image before is covered, since another has been on its way for a while."""
        self.came_close = False
        """Whether the image came as near as the frame before it was seen, and was not seen whole since."""
        self._nearer: View | None = None
        """How near it was seen, while it is shown whole for a glance."""
        self.loading_note = QLabel(self)
        self.loading_note.setTextFormat(Qt.TextFormat.PlainText)
        self.loading_note.setObjectName("banner")
        self.loading_note.setMargin(8)
        self.loading_note.hide()
        self.failure_note = FailureNote(self)
        self.failure_note.relocate.clicked.connect(self._on_relocate)
        self.legend = Legend(theme, self)
        theme.changed.connect(self.update)

    # ---- what is shown ----------------------------------------------------------------------------------------

    def set_session(self, session: Session | None) -> None:
        """Show another project, or none."""
        self.session = session
        if session is None:
            self._show(None)
        self._follow_document()

    def apply(self, changes: Changes) -> None:
        """Repaint what ``changes`` says."""
        if self.session is None:
            return
        if changes.document:
            self._follow_document()
        if changes.table:
            for renderer in self.renderers:
                renderer.set_colors(self._colors())
            self._show_legend()
            self.update()
        if not changes.pixels.is_empty and self.renderer is not None and self.document is self.session.document:
            self._mask_changed(changes.pixels, changes.better_mask)
        if changes.history or changes.document:
            self._describe()

    @property
    def renderers(self) -> list[Renderer]:
        """What draws the document, here and in whatever belongs to this view."""
        return [] if self.renderer is None else [self.renderer]

    @property
    def picture_size(self) -> tuple[int, int] | None:
        """(width, height) of the image in its pixels."""
        return None if self.renderer is None else (self.renderer.width, self.renderer.height)

    def set_look(self, look: Look, bare: bool = False) -> None:
        """Show the document in another way; ``bare`` leaves everything but the image away."""
        if (look, bare) != (self.look, self.bare):
            self.look, self.bare = look, bare
            for renderer in self.renderers:
                renderer.set_look(look)
            self.update()
        self._show_legend()

    def set_cross(self, point: tuple[float, float] | None) -> None:
        """Mark an image point: where the pointer is in another view of the image."""
        before, self._cross = self._cross, point
        for place in (before, point):
            if place is not None:
                middle = self.to_widget(*place).toPoint()
                reach = QPoint(_CROSS + 3, _CROSS + 3)
                self.update(QRect(middle - reach, middle + reach))

    @property
    def ready(self) -> bool:
        """True when strokes are accepted: what is on the canvas is the open document."""
        session = self.session
        return (
            session is not None
            and self.document is not None
            and session.document is self.document
            and session.loading_id is None
        )

    def _colors(self) -> OverlayColors:
        assert self.session is not None
        return OverlayColors.of(self.session.table, self.session.overlay_opacity)

    def _follow_document(self) -> None:
        session = self.session
        loading = session is not None and session.loading_id is not None
        if not loading:
            self._loading_timer.stop()
            self._uncover()
            if session is not None and session.document is not self.document:
                self._show(session.document)
        elif not self._loading_timer.isActive() and not self._covered:
            # An image that is there at once must not flash a notice.
            self._loading_timer.start()
        failed = session is not None and not loading and bool(session.failure)
        self.failure_note.show_sentence(session.failure if failed and session is not None else "", self._can_relocate())
        self._place_notes()
        self.update_cursor()

    def _cover(self) -> None:
        self._covered = True
        self.update()

    def _uncover(self) -> None:
        self.loading_note.hide()
        if self._covered:
            self._covered = False
            self.update()

    def _can_relocate(self) -> bool:
        session = self.session
        if session is None or session.current_id is None:
            return False
        return not os.path.exists(session.record(session.current_id).path)

    def _show(self, document: Document | None) -> None:
        before, self.document = self.document, document
        self._fade_timer.stop()
        self.rough = False
        self.renderer = None if document is None else self._make_renderer(document)
        if document is not None:
            self._bring(before, document)
        self._show_legend()
        self.update()

    def _bring(self, before: Document | None, document: Document) -> None:
        """Another image starts whole, so that one glance takes it in; the same one read again keeps the zoom.

        So does another frame of the same video: what was looked at from near by is still there, or close to it.
        """
        again = before is not None and before.image_id == document.image_id
        whole = None if again else self._nearer
        near = whole if self.fits else self.view
        if near is None or before is None or not (again or self._goes_on(before, document)):
            self.zoom_fit()
        elif not again:
            self._zoom(near)
            self.came_close, self._nearer = True, None

    def _goes_on(self, before: Document, document: Document) -> bool:
        session, alike = self.session, before.bounds == document.bounds
        return alike and session is not None and session.carrying.same_video(before.image_id, document.image_id)

    def zoom_fit(self) -> None:
        """The whole image, as large as there is room for."""
        self.came_close, self._nearer = False, None
        super().zoom_fit()

    def show_whole(self) -> None:
        """The whole image for a glance: the next frame of a video comes as near as this one was seen before."""
        nearer = self.view
        self.zoom_fit()
        self._nearer = nearer

    @property
    def in_sight(self) -> Rect:
        """The image pixels that can be seen."""
        seen = self.snapped.image_rect(Rect(0, 0, *self._device_size()))
        return EMPTY if self.document is None else seen.intersect(self.document.bounds)

    def _make_renderer(self, document: Document) -> Renderer:
        return Renderer(document, self._colors(), self.look)

    def _show_legend(self) -> None:
        document = self.document
        if document is None or self.bare:
            self.legend.show_lines(())
        else:
            doubt = doubt_legend(document) if self.look.doubt else ()
            self.legend.show_lines(tuple(dict.fromkeys((*legend_of(self.look.source, document), *doubt))))
        self._place_notes()

    def _mask_changed(self, rect: Rect, better: bool) -> None:
        assert self.renderer is not None
        if better:
            self._show_legend()
            for renderer in self.renderers:
                renderer.mask_changed(Rect(0, 0, renderer.width, renderer.height))
                renderer.doubt_changed()
        if better and self.isVisible():
            self.renderer.begin_fade()
            self._fade_clock.start()
            self._fade_timer.start()
            self.update()
            return
        for renderer in self.renderers:
            renderer.mask_changed(rect)
        self._update_image(rect)

    def _update_image(self, rect: Rect) -> None:
        """Repaint a rectangle of image pixels, and what its outline reaches."""
        if self.renderer is not None and not rect.is_empty:
            self.update(self._logical(self.renderer.repaint_rect(rect, self.snapped, self._ratio)))

    def hurry(self) -> None:
        """Show at once what can be composed at once, and the rest of it once the zoom rests."""
        # Hatches of a rough picture would be twice as wide as those of a sharp one.
        hatched = self.look.hatched or self.look.source == "difference"
        if self.renderer is not None and not hatched:
            late = self.renderer.effort(self.snapped, self._surface, not self.bare) > HURRY_MS
            self.rough = self.rough or late
        if self.rough:
            self._sharpen_timer.start(RESTS_MS)

    def _sharpen(self) -> None:
        """Compose the sharp picture, a little in each turn of the event loop, and show it when it is there."""
        if not self.rough or self.renderer is None:
            return
        until = time.monotonic() + SLICE_MS / 1000
        if self.renderer.prepare(self.snapped, self._surface, not self.bare, until):
            self.rough = False
            self.renderer.forget_rough()
            self.update()
        else:
            self._sharpen_timer.start(0)

    def _describe(self) -> None:
        if self.session is None or self.document is None:
            self.setAccessibleDescription("No image")
            return
        name = self.session.record(self.document.image_id).name
        self.setAccessibleDescription(f"{name}, {ORIGIN_WORDS[self.document.mask_origin]}")

    def _on_fade(self) -> None:
        if self._fade_clock.elapsed() >= FADE_MS:
            self._fade_timer.stop()
            if self.renderer is not None:
                self.renderer.end_fade()
        self.update()

    def _on_loading_slow(self) -> None:
        session = self.session
        if session is not None and session.loading_id is not None:
            self.loading_note.setText(f"Opening {session.record(session.loading_id).name}…")
            self.loading_note.adjustSize()
            self._place_notes()
            self.loading_note.show()
            self._cover()

    def _on_relocate(self) -> None:
        if self.session is not None and self.session.current_id is not None:
            self.relocate_wanted.emit(self.session.current_id)

    # ---- Qt ---------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what was exposed, part by part: two small parts far from each other are no large one."""
        painter = QPainter(self)
        fade = min(1.0, self._fade_clock.elapsed() / FADE_MS) if self._fade_timer.isActive() else 1.0
        parts = list(cast(Iterable[QRect], event.region()))
        if len(parts) == 1 or len(parts) > _MANY_PARTS:
            self._paint_part(painter, event.rect(), fade)
        else:
            for part in parts:
                painter.setClipRect(part)
                self._paint_part(painter, part, fade)
            painter.setClipping(False)
        self.paint_over(painter, event.rect())
        if self._covered:
            # It is not the image that the window names.
            scrim = QColor(self._theme.color("canvas"))
            scrim.setAlphaF(_SCRIM)
            painter.fillRect(event.rect(), scrim)
        if self._cross is not None:
            paint_cross(painter, self.to_widget(*self._cross), _CROSS)
        painter.end()

    def _paint_part(self, painter: QPainter, part: QRect, fade: float) -> None:
        if self.renderer is None:
            painter.fillRect(part, self._theme.color("canvas"))
            return
        ratio = self._ratio
        exposed = Rect(
            math.floor(part.left() * ratio),
            math.floor(part.top() * ratio),
            math.ceil((part.right() + 1) * ratio),
            math.ceil((part.bottom() + 1) * ratio),
        )
        if ratio != 1.0:
            painter.scale(1 / ratio, 1 / ratio)
        for beside in exposed.without(self.renderer.place(self.snapped, self.rough)):
            painter.fillRect(QRect(beside.x0, beside.y0, beside.width, beside.height), self._theme.color("canvas"))
        if self.rough:
            self.renderer.paint_rough(painter, self.snapped, exposed, self._surface, not self.bare)
        else:
            self.renderer.paint(painter, self.snapped, exposed, self._surface, not self.bare, fade)
        if ratio != 1.0:
            painter.resetTransform()

    @property
    def _surface(self) -> Surface:
        return Surface(*self._device_size(), self._ratio)

    def paint_over(self, painter: QPainter, part: QRect) -> None:
        """Paint what lies over image and mask within ``part``, in logical pixels."""

    def update_cursor(self) -> None:
        """The arrow; with tools there is more to say."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Notes and legend keep their places."""
        super().resizeEvent(event)
        self._place_notes()

    def _place_notes(self) -> None:
        note, legend = self.loading_note, self.legend
        legend.fit(self.width() - 2 * _NOTE_MARGIN)
        legend.move(QPoint(_NOTE_MARGIN, self.height() - legend.height() - _NOTE_MARGIN))
        note.move(QPoint((self.width() - note.width()) // 2, self.height() - note.height() - _NOTE_MARGIN))
        if not legend.isHidden() and note.geometry().intersects(legend.geometry()):
            note.move(note.x(), legend.y() - note.height() - _NOTE_GAP)
        self.failure_note.setGeometry(self.rect())
