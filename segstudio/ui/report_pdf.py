"""A report on paper: one page an image, and a table in front where there are several. May be used on any thread."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPageSize, QPainter, QPdfWriter, QPen, QPolygonF

from segstudio.app.audit_words import local_time
from segstudio.app.measure_words import FRAME, SOURCES, color_words, range_words, scale_words, value_words
from segstudio.app.measures import BY_KEY, NO_DIAGNOSIS, PART_TITLES, QUANTITIES, Measured, Part
from segstudio.app.report import REJECTED, Reported, ReportHead
from segstudio.domain.errors import UserError
from segstudio.domain.lesion_colors import NAMES
from segstudio.ui.canvas.measure_lines import MeasureDrawing
from segstudio.ui.docks.measures import SWATCHES

WIDTH, HEIGHT = 595.0, 842.0
"""A4 in points, in which everything is laid out."""

_DOTS = 200
"""Dots an inch: what a picture of ``report.PICTURE_SIDE`` px is worth at the width that it gets."""

_MARGIN = 40.0
_INK, _GREY, _LINE = QColor(20, 22, 26), QColor(96, 102, 110), QColor(208, 212, 216)
_OUTLINE = QColor(86, 180, 233)
_SUMMARY = ("area", "max_diameter", "compactness", "asymmetric_axes")
_COLUMNS = ((0.0, 0.28), (0.29, 0.14), (0.43, 0.11), (0.55, 0.155), (0.715, 0.125), (0.85, 0.15))
"""Where the columns of the table at the end begin and how wide they are, in parts of the page between its margins."""

_ROW, _LIST_ROW = 13.0, 16.0
_CUT = "*"
"""What stands before a line of that table whose segment is cut by the image's edge."""
_PICTURE_HEIGHT = 300.0
_LIST_PAGE = int((HEIGHT - 190) / _LIST_ROW)
"""Rows of the table at the end on one page."""


class PdfWriter:
    """Writes pages as images come, so that a report on hundreds of them holds one in memory.

    ``family`` is the font; what it lacks, Thai for instance, comes from whatever font of the system has it.
    """

    def __init__(self, path: Path, head: ReportHead, family: str) -> None:
        self.path, self._head, self._family = path, head, family
        self._beside = path.parent / f".segstudio-{secrets.token_hex(8)}.part"
        self._images: list[Reported] = []
        self._page = 0
        # Of several segments nobody knows how many an image shows before it is measured.
        self._pages = _page_count(head.count) if head.segments is not None and head.segments <= 1 else None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._cannot(str(error.strerror)) from error
        self._writer = QPdfWriter(str(self._beside))
        self._writer.setResolution(_DOTS)
        self._writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        self._writer.setPageMargins(QMarginsF(0, 0, 0, 0))
        # Neither names the project: the title is seen without opening the file.
        self._writer.setTitle("Measures")
        self._writer.setCreator(f"segstudio {head.program}")
        self._painter = QPainter(self._writer)
        if not self._painter.isActive():
            raise self._cannot("it can't be written")
        self._painter.scale(_DOTS / 72, _DOTS / 72)

    def add(self, image: Reported) -> None:
        """One page, or one more for each further segment."""
        for index in range(max(1, len(image.rows))):
            self._begin_page()
            self._paint_image(image, index)
        self._images.append(_without_picture(image))

    def finish(self) -> None:
        """The table of all, and the file in its place."""
        if len(self._images) > 1:
            self._paint_list()
        try:
            if not self._painter.end() or not _is_whole(self._beside):
                self.abandon()
                raise self._cannot("it could not be written to the end, perhaps for want of room")
            os.replace(self._beside, self.path)
        except OSError as error:
            self.abandon()
            raise self._cannot(str(error.strerror)) from error

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._painter.isActive():
            self._painter.end()
        self._beside.unlink(missing_ok=True)

    # ---- a page -----------------------------------------------------------------------------------------------

    def _begin_page(self) -> None:
        if self._page:
            self._writer.newPage()
        self._page += 1
        head = self._head
        foot = f"segstudio {head.program} · {local_time(head.made, 'UTC')} · {self._place}"
        audit = f"Audit trail at entry {head.audit.count}: {head.audit.digest}"
        self._rule(HEIGHT - 62)
        self._write(QRectF(_MARGIN, HEIGHT - 58, WIDTH - 2 * _MARGIN, 10), NO_DIAGNOSIS, 7.5, _GREY)
        self._write(QRectF(_MARGIN, HEIGHT - 47, WIDTH - 2 * _MARGIN, 10), audit, 6.5, _GREY)
        self._write(QRectF(_MARGIN, HEIGHT - 36, WIDTH - 2 * _MARGIN, 10), foot, 7.5, _GREY)

    @property
    def _place(self) -> str:
        """Which page this is, and as far as that is known of how many: on paper one may be lost."""
        if self._pages is not None:
            return f"page {self._page} of {self._pages}"
        number, count = len(self._images) + 1, self._head.count
        return f"page {self._page} · " + (f"image {number} of {count}" if number <= count else f"all {count} images")

    def _paint_image(self, image: Reported, index: int) -> None:
        several = len(image.rows) > 1
        row = image.rows[index] if image.rows else None
        title = image.title + (f" – {row.segment.name}" if several and row is not None else "")
        self._write(QRectF(_MARGIN, 34, WIDTH - 2 * _MARGIN, 24), title, 16, _INK, bold=True)
        top = 62.0
        for line in self._about(image):
            self._write(QRectF(_MARGIN, top, WIDTH - 2 * _MARGIN, 11), line, 8.5, _GREY)
            top += 12
        top += 6
        if image.problem:
            self._write(QRectF(_MARGIN, top, WIDTH - 2 * _MARGIN, 60), image.problem, 10, _INK, wrap=True)
            return
        top = self._paint_picture(image, row, top) + 14
        if row is None:
            self._write(QRectF(_MARGIN, top, WIDTH - 2 * _MARGIN, 14), "Nothing is in this image's mask.", 10, _INK)
        else:
            self._paint_measures(image, row, top)

    def _about(self, image: Reported) -> list[str]:
        named = [
            self._head.project,
            image.group and f"group {image.group}",
            f"image {image.number}" if image.name else "",
        ]
        state = _state(image)
        if image.reader:
            state += f" by {image.reader}, {local_time(image.read_at, 'UTC')}"
        model = f"model: {image.model}" if image.model else "no model took part"
        return [
            *filter(None, [" · ".join(filter(None, named))]),
            f"{image.width} × {image.height} px · {scale_words(image.calibration)}",
            f"{state} · {model}",
        ]

    def _paint_picture(self, image: Reported, row: Measured | None, top: float) -> float:
        """The picture with its outline, and once more with what was measured; returns where they end."""
        assert image.picture is not None
        pixels = np.ascontiguousarray(image.picture)
        height, width = pixels.shape[:2]
        room = (WIDTH - 2 * _MARGIN - 12) / 2
        scale = min(room / width, _PICTURE_HEIGHT / height)
        shown = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        for column, measured in enumerate((False, True)):
            place = QRectF(_MARGIN + column * (room + 12), top, width * scale, height * scale)
            self._painter.save()
            self._painter.setClipRect(place)
            self._painter.drawImage(place, shown)
            self._paint_over(image, row, place, scale * image.shrink, measured)
            self._painter.restore()
        return float(top + height * scale)

    def _paint_over(self, image: Reported, row: Measured | None, place: QRectF, scale: float, measured: bool) -> None:
        def to_page(x: float, y: float) -> QPointF:
            return QPointF(place.left() + x * scale, place.top() + y * scale)

        painter = self._painter
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for other, borders in zip(image.rows, image.borders, strict=True):
            if measured and other is not row:
                continue
            for pen in (QPen(QColor(0, 0, 0, 150), 1.5), QPen(_OUTLINE if other is row else _LINE, 0.8)):
                painter.setPen(pen)
                for border in borders:
                    painter.drawPolygon(QPolygonF([to_page(float(x), float(y)) for x, y in border]))
        if measured and row is not None:
            drawing = MeasureDrawing.of(row, to_page, image.calibration.mm_per_px)
            drawing.paint(painter, place, self._font(6.0), 0.6)

    # ---- tables -----------------------------------------------------------------------------------------------

    def _paint_measures(self, image: Reported, row: Measured, top: float) -> None:
        """Two columns: size and shape; asymmetry, border and colours."""
        room = (WIDTH - 2 * _MARGIN - 24) / 2
        parts: tuple[tuple[Part, ...], ...] = (("size", "shape", "border"), ("asymmetry", "color"))
        ends = []
        for column, names in enumerate(parts):
            left, at = _MARGIN + column * (room + 24), top
            for part in names:
                rows = [q for q in QUANTITIES if q.part == part and q.key in row.values]
                if not rows:
                    continue
                self._write(QRectF(left, at, room, _ROW), PART_TITLES[part], 9, _INK, bold=True)
                at += _ROW + 1
                if part == "color":
                    at = self._paint_colors(row, left, at, room)
                for quantity in rows:
                    value = value_words(row, quantity, image.calibration.mm_per_px)
                    span = range_words(row, quantity, image.calibration.mm_per_px)
                    self._write(QRectF(left, at, room * 0.5, _ROW), quantity.title, 8.5, _GREY)
                    self._write(QRectF(left + room * 0.42, at, room * 0.28, _ROW), value, 8.5, _INK, right=True)
                    self._write(QRectF(left + room * 0.71, at, room * 0.29, _ROW), span, 7.5, _GREY, right=True)
                    at += _ROW
                at += 7
            ends.append(at)
        notes = [FRAME + "."] if row.shape.frame else []
        if any(range_words(row, quantity, image.calibration.mm_per_px) for quantity in QUANTITIES):
            notes.append(
                "At the right of a value: what it is if the model's doubt is counted out of, or into, the mask."
            )
        if row.lesion is not None:
            notes.append(color_words())
        if image.calibration.mm_per_px is not None:
            notes.append(f"Lengths: {SOURCES[image.calibration.source]}.")
        for line in notes:
            self._write(QRectF(_MARGIN, max(ends), WIDTH - 2 * _MARGIN, 11), line, 7.5, _GREY)
            ends.append(max(ends) + 10)

    def _paint_colors(self, row: Measured, left: float, top: float, room: float) -> float:
        if row.lesion is not None:
            at = left
            for name, share in zip(NAMES, row.lesion.color_shares, strict=True):
                self._painter.fillRect(QRectF(at, top + 1, share * room, 8), QColor(*SWATCHES[name]))
                at += share * room
            self._painter.setPen(QPen(_LINE, 0.5))
            self._painter.setBrush(Qt.BrushStyle.NoBrush)
            self._painter.drawRect(QRectF(left, top + 1, room, 8))
            there = ", ".join(row.lesion.colors) or "none of the six"
            self._write(QRectF(left, top + 11, room, _ROW), f"Seen: {there}", 8.5, _INK)
        return top + 25

    def _paint_list(self) -> None:
        """All images, a line each, on pages of their own at the end."""
        room = WIDTH - 2 * _MARGIN
        lines = [(image, row) for image in self._images for row in image.rows or (None,)]
        for start in range(0, len(lines), _LIST_PAGE):
            self._begin_page()
            self._write(QRectF(_MARGIN, 34, room, 24), "All images", 16, _INK, bold=True)
            for number, title in enumerate(("Image", "Mask", *(BY_KEY[key].title for key in _SUMMARY))):
                self._cell(number, 68.0, title, _GREY)
            self._rule(84)
            shown = lines[start : start + _LIST_PAGE]
            if any(row is not None and row.shape.frame for _, row in shown):
                at = 88 + len(shown) * _LIST_ROW + 6
                self._write(QRectF(_MARGIN, at, room, 11), f"{_CUT} {FRAME}.", 7.5, _GREY)
            for line, (image, row) in enumerate(shown):
                at = 88 + line * _LIST_ROW
                self._cell(0, at, _list_title(image, row), _INK)
                self._cell(1, at, _state(image), _INK if image.state == "approved" else _GREY)
                for number, key in enumerate(_SUMMARY, start=2):
                    if row is not None:
                        value = value_words(row, BY_KEY[key], image.calibration.mm_per_px)
                        self._cell(number, at, value, _INK)
                if row is not None and row.shape.frame:
                    self._write(QRectF(_MARGIN - 9, at, 8, _LIST_ROW), _CUT, 8.5, _INK)

    def _cell(self, column: int, top: float, words: str, color: QColor) -> None:
        room = WIDTH - 2 * _MARGIN
        left, width = (room * part for part in _COLUMNS[column])
        self._write(QRectF(_MARGIN + left, top, width, _LIST_ROW), words, 8.5, color, right=column > 1)

    # ---- words ------------------------------------------------------------------------------------------------

    def _font(self, size: float, bold: bool = False) -> QFont:
        font = QFont(self._family)
        font.setPointSizeF(size * 72 / _DOTS)
        if bold:
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def _write(
        self, box: QRectF, words: str, size: float, color: QColor, *, bold: bool = False, right: bool = False,
        wrap: bool = False,
    ) -> None:  # fmt: skip
        painter = self._painter
        painter.setFont(self._font(size, bold))
        painter.setPen(color)
        across = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        if wrap:
            painter.drawText(box, int(across | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap), words)
            return
        # Asked only where it may matter: words on these pages are short, but for names.
        long = len(words) * size > box.width()
        cut = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, int(box.width())) if long else words
        painter.drawText(box, int(across | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip), cut)

    def _rule(self, y: float) -> None:
        self._painter.setPen(QPen(_LINE, 0.6))
        self._painter.drawLine(QPointF(_MARGIN, y), QPointF(WIDTH - _MARGIN, y))

    def _cannot(self, why: str) -> UserError:
        return UserError(f"“{self.path.name}” can't be written to {self.path.parent} ({why}). Choose another folder.")


def _page_count(images: int) -> int:
    """How many pages a report has: one for each image, and the table of all where there are several."""
    return images + (-(-images // _LIST_PAGE) if images > 1 else 0)


def _is_whole(path: Path) -> bool:
    """Whether a PDF file has all that was written to it: its end says at which byte its table of contents stands.

    Qt tells of no write that failed, and a full disk leaves a file that no program opens.
    """
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 64))
        end = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", file.read())
        if end is None:
            return False
        file.seek(int(end[1]))
        return file.read(4) == b"xref"


def _without_picture(image: Reported) -> Reported:
    return Reported(
        image.number, image.name, image.group, image.state, image.width, image.height, image.calibration,
        image.reader, image.read_at, image.model, image.rows, problem=image.problem,
    )  # fmt: skip


def _state(image: Reported) -> str:
    """How far the mask has come: what nobody approved is a model's, or work that is not done."""
    return image.state if image.state in ("approved", REJECTED) else "not approved"


def _list_title(image: Reported, row: Measured | None) -> str:
    if row is None:
        return f"{image.title}: {'not measured' if image.problem else 'nothing in its mask'}"
    return image.title if len(image.rows) == 1 else f"{image.title}, {row.segment.name}"
