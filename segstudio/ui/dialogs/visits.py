"""Two images of one lesion side by side, and what changed between them."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from segstudio.app.changes import Changes
from segstudio.app.measure_words import FRAME, scale_words
from segstudio.app.measures import NO_DIAGNOSIS, QUANTITIES
from segstudio.app.session import Session
from segstudio.app.studio import Studio
from segstudio.app.visits import Visit, both_scales, caution, change, doubt_about_pair, likeliest_other
from segstudio.ui.canvas.held_view import HeldView
from segstudio.ui.canvas.measure_lines import MeasureDrawing
from segstudio.ui.option_rows import CalmCombo, TickRow
from segstudio.ui.scroll_part import ScrollBody
from segstudio.ui.theme import TEXT_SMALL, Theme, ui_font
from segstudio.ui.widgets import ElidedLabel, label, open_at, restyle

_LEFT_OUT = ("centroid_x", "centroid_y", "parts")
_ROOM = 1.5
"""What a view shows, in parts of the lesion's longest diameter."""


class VisitView(HeldView):
    """One of the two images, with its mask and what was measured of it."""

    def __init__(self, theme: Theme, session: Session, name: str) -> None:
        super().__init__(theme)
        # What is shown is its own and not what is on the canvas: it follows nothing by itself.
        self.session = session
        self.visit: Visit | None = None
        self.lines = True
        self.mm_per_px: float | None = None
        self.compared: int | None = None
        """The segment whose measures are drawn; of several all of them would hide the image."""
        self.setAccessibleName(name)
        self.setMinimumSize(200, 140)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.failure_note.hide()

    def show_visit(self, visit: Visit | None, mm_per_px: float | None = None) -> None:
        """Another image, or none; ``mm_per_px`` is what lengths on it are told by."""
        self.visit, self.mm_per_px = visit, mm_per_px
        self._show(None if visit is None else visit.document)

    def set_lines(self, on: bool) -> None:
        """With or without what was measured."""
        self.lines = on
        self.update()

    def anchor(self, segment_id: int) -> tuple[float, float]:
        """The point that both images have in common: the segment's middle, else the image's."""
        row = None if self.visit is None else self.visit.row(segment_id)
        if row is not None:
            return row.shape.centroid
        width, height = self.picture_size or (0, 0)
        return width / 2, height / 2

    def paint_over(self, painter: QPainter, part: QRect) -> None:
        """What was measured."""
        if self.lines and self.visit is not None:
            row = None if self.compared is None else self.visit.row(self.compared)
            if row is not None:
                drawing = MeasureDrawing.of(row, self.to_widget, self.mm_per_px)
                drawing.paint(painter, QRectF(self.rect()), ui_font(TEXT_SMALL))


class VisitsDialog(QDialog):
    """The earlier image on the left, the later on the right; they move together, at one scale if it is known."""

    def __init__(self, studio: Studio, session: Session, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Two visits")
        open_at(self, 1100, 680)
        self._session = session
        self._following = False
        self._chosen = False
        self.choices = (CalmCombo(), CalmCombo())
        self.views = (VisitView(theme, session, "Earlier image"), VisitView(theme, session, "Later image"))
        self.scales = (label(tone="muted", size="small"), label(tone="muted", size="small"))
        self.swap = QPushButton("Swap")
        self.swap.setToolTip("What is earlier becomes later")
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.reject)
        self.lines = TickRow(theme, "Draw measures", "Axes, longest and shortest diameter, sectors")
        self.lines.show_value(True)
        self.caution = label(tone="bad")
        self.caution.setWordWrap(True)
        self.table = QGridLayout()
        self._build()
        self._fill_choices()
        for choice in self.choices:
            choice.activated.connect(lambda _: self._on_chosen())
        for view, other in (self.views, self.views[::-1]):
            view.view_changed.connect(lambda view=view, other=other: self._lead(view, other))
        self.swap.clicked.connect(self._on_swap)
        self.lines.ticked.connect(self._on_lines)
        self._unsubscribe = studio.subscribe(self._on_changes)
        self._look()

    def _build(self) -> None:
        halves = QHBoxLayout()
        halves.setSpacing(8)
        for name, choice, view, scale in zip(("Earlier", "Later"), self.choices, self.views, self.scales, strict=True):
            half, line = QVBoxLayout(), QHBoxLayout()
            choice.setAccessibleName(f"{name} image")
            # A file's long name must not make the window wider than the screen.
            choice.setSizeAdjustPolicy(CalmCombo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.setMinimumContentsLength(14)
            line.addWidget(label(name))
            line.addWidget(choice, 1)
            half.addLayout(line)
            half.addWidget(view, 1)
            half.addWidget(scale)
            halves.addLayout(half, 1)
        below = QWidget()
        foot, left = QHBoxLayout(below), QVBoxLayout()
        foot.setContentsMargins(0, 0, 0, 0)
        self.table.setHorizontalSpacing(24)
        self.table.setVerticalSpacing(2)
        about = label(NO_DIAGNOSIS, tone="muted", size="small")
        about.setWordWrap(True)
        left.addWidget(self.caution)
        left.addWidget(about)
        left.addStretch(1)
        left.addWidget(self.lines)
        # In one line, and not below it: a low screen has no room for one more.
        buttons = QHBoxLayout()
        buttons.addWidget(self.swap)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        left.addLayout(buttons)
        foot.setSpacing(24)
        foot.addLayout(self.table)
        foot.addLayout(left, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(halves, 1)
        layout.addWidget(ScrollBody(below))

    def _fill_choices(self) -> None:
        session = self._session
        records = list(session.records)
        for choice in self.choices:
            for record in records:
                choice.addItem(record.name, record.id)
        current = next((row for row, record in enumerate(records) if record.id == session.current_id), 0)
        other = likeliest_other(records, current) if records else current
        self.choices[0].setCurrentIndex(min(current, other))
        self.choices[1].setCurrentIndex(max(current, other))

    # ---- what is shown ----------------------------------------------------------------------------------------

    @property
    def segment_id(self) -> int:
        """The segment that is compared: that in hand if both show it, else the first that both do."""
        earlier, later = (view.visit for view in self.views)
        active = self._session.editor.active_segment
        if earlier is None or later is None:
            return active
        both = [row.segment.id for row in earlier.rows if later.row(row.segment.id) is not None]
        return active if active in both or not both else both[0]

    def _say(self, sentence: str, tone: str = "bad") -> None:
        self.caution.setText(sentence)
        restyle(self.caution, "tone", tone)

    def _look(self) -> None:
        self._say("Measuring…", "muted")
        earlier, later = (choice.currentData() for choice in self.choices)
        if earlier is not None and later is not None:
            self._session.visits.look(earlier, later, self._show)

    def _show(self, found: tuple[Visit, Visit] | str) -> None:
        if isinstance(found, str):
            self._say(found)
            for view in self.views:
                view.show_visit(None)
            self._clear()
            return
        self._following = True
        for view, scale, visit, size in zip(self.views, self.scales, found, both_scales(*found), strict=True):
            view.show_visit(visit, size)
            view.zoom_fit()
            scale.setText(scale_words(visit.calibration))
        self._following = False
        for view in self.views:
            view.compared = self.segment_id
        self._fill_table(*found)
        cut = any(row.shape.frame for visit in found for row in visit.rows if row.segment.id == self.segment_id)
        self._say(" ".join(filter(None, (self._doubt(), caution(*found), f"{FRAME}." if cut else ""))))
        self._frame()

    def _doubt(self) -> str:
        """What speaks against the two being of one patient."""
        catalog = self._session.catalog
        shown = [choice.currentData() for choice in self.choices]
        if not all(image_id in catalog for image_id in shown):
            return ""
        return doubt_about_pair(*(catalog.record(image_id) for image_id in shown), chosen=self._chosen)

    def _frame(self) -> None:
        """Bring the lesion to the middle of both, as large as the larger of the two allows."""
        first, second = self.views
        rows = [view.visit.row(self.segment_id) for view in self.views if view.visit is not None]
        reaches = [
            row.shape.max_diameter.length * by
            for row, by in zip(rows, (1.0, 1 / self._times(first, second)), strict=False)
            if row is not None
        ]
        if reaches:
            room = min(first.width(), first.height()) * first.devicePixelRatioF()
            first.show_middle(*first.anchor(self.segment_id), room / (_ROOM * max(reaches)))
        self._lead(*self.views)

    def _times(self, view: VisitView, other: VisitView) -> float:
        """How many pixels of ``other`` are as long as one of ``view``."""
        sizes = view.mm_per_px, other.mm_per_px
        return 1.0 if sizes[0] is None or sizes[1] is None else sizes[0] / sizes[1]

    def _clear(self) -> None:
        while self.table.count():
            item = self.table.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.deleteLater()

    def _fill_table(self, earlier: Visit, later: Visit) -> None:
        self._clear()
        rows = [q for q in QUANTITIES if q.part in ("size", "shape") and q.key not in _LEFT_OUT]
        changes = [found for q in rows if (found := change(q, earlier, later, self.segment_id)) is not None]
        if not changes:
            self.table.addWidget(label("There is nothing in one of the masks yet.", tone="muted"), 0, 0)
            return
        row = earlier.row(self.segment_id) or later.row(self.segment_id)
        name = ElidedLabel("" if row is None else row.segment.name)
        restyle(name, "role", "strong")
        self.table.addWidget(name, 0, 0)
        for column, title in enumerate(("Earlier", "Later", "Change", "", ""), start=1):
            self.table.addWidget(label(title, tone="muted", size="small"), 0, column, Qt.AlignmentFlag.AlignRight)
        for line, found in enumerate(changes, start=1):
            self.table.addWidget(label(found.title, tone="muted"), line, 0)
            for column, words in enumerate((found.earlier, found.later, found.difference, found.share), start=1):
                self.table.addWidget(label(words), line, column, Qt.AlignmentFlag.AlignRight)
            doubt = label("within the model's doubt" if found.doubtful else "", tone="muted", size="small")
            self.table.addWidget(doubt, line, 5)

    def _lead(self, view: VisitView, other: VisitView) -> None:
        """What one shows around the lesion the other shows too, as large in millimetres where both have a scale."""
        if self._following or view.visit is None or other.visit is None:
            return
        times = self._times(view, other)
        (x, y), (ax, ay), (bx, by) = view.middle, view.anchor(self.segment_id), other.anchor(self.segment_id)
        self._following = True
        other.show_middle(bx + (x - ax) * times, by + (y - ay) * times, view.view.scale / times)
        self._following = False

    # ---- what is done -----------------------------------------------------------------------------------------

    def _on_chosen(self) -> None:
        self._chosen = True
        self._look()

    def _on_swap(self) -> None:
        earlier, later = self.choices
        before = earlier.currentIndex()
        earlier.setCurrentIndex(later.currentIndex())
        later.setCurrentIndex(before)
        self._look()

    def _on_lines(self, on: bool) -> None:
        for view in self.views:
            view.set_lines(on)

    def _on_changes(self, changes: Changes) -> None:
        if changes.project:
            self.reject()
        elif changes.scale:
            self._look()

    def done(self, result: int) -> None:
        """Listen no more."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        self._session.visits.forget()
        super().done(result)
