"""The project's images as rows for a list, and the picture of one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from segstudio.app.session import Session
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.queue import Pick
from segstudio.domain.review import Standing, standing
from segstudio.domain.rounds import STARTER_ROUND
from segstudio.ui.icons import paint_problem, paint_state
from segstudio.ui.queue_words import long_reason, short_reason
from segstudio.ui.theme import TEXT_SMALL, Theme, ui_font
from segstudio.ui.widgets import as_typed

ID = Qt.ItemDataRole.UserRole
RECORD = Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex

ROW_HEIGHT = 52
THUMB_WIDTH, THUMB_HEIGHT = 56, 40
_KEPT_PIXMAPS = 600
_FEWER = (
    ("needs second reader, ", "2nd reader, "),
    ("approved, read twice, ", "read twice, "),
    ("adjudicated by ", "decided: "),
    ("rejected: ", ""),
)
"""How words of a state begin, and how they may where there is no room."""


def describe(record: ImageRecord, names_round: bool = True) -> str:
    """The state of an image in words; without ``names_round``, not which model's mask it has."""
    if record.problem is not None:
        return "can't be shown"
    state = standing(record)
    if state is Standing.REJECTED:
        return f"rejected: {record.rejected}"
    if state is Standing.PREDICTED and names_round and record.prediction_round == STARTER_ROUND:
        return "predicted, starter"
    if state is Standing.PREDICTED and names_round and record.prediction_round:
        return f"predicted, round {record.prediction_round}"
    if state is Standing.ADJUDICATED:
        return f"adjudicated by {record.adjudicator}"
    words = [state.value]
    if state is Standing.APPROVED and record.second == "done":
        words.append("read twice")
    if record.state is ImageState.APPROVED and record.held_out:
        words.append("held out")
    return ", ".join(words)


def state_wordings(record: ImageRecord, names_round: bool = True) -> list[str]:
    """The state of an image in ever fewer words, for a row that may be too narrow for all of them.

    What the glyph says goes first. The first are those of ``describe``.
    """
    whole = describe(record, names_round)
    shorter = whole
    for words, fewer in _FEWER:
        shorter = shorter.replace(words, fewer) if shorter.startswith(words) else shorter
    return list(dict.fromkeys((whole, shorter)))


def time_words(record: ImageRecord) -> str:
    """How long somebody worked on an image; "" for less than a second."""
    minutes, seconds = divmod(round(record.seconds), 60)
    return f"{minutes}:{seconds:02} minutes of work" if minutes or seconds else ""


def fitting(metrics: QFontMetrics, wordings: Sequence[str], width: int) -> str:
    """The first of ``wordings`` that is no wider than ``width`` px, else as much of the last as fits."""
    for words in wordings:
        if metrics.horizontalAdvance(words) <= width:
            return words
    return metrics.elidedText(wordings[-1], Qt.TextElideMode.ElideRight, width)


class ImageModel(QAbstractListModel):
    """Reads the session's records in place; 10,000 rows cost nothing until they are painted."""

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._records: Sequence[ImageRecord] = ()
        self._rows: dict[int, int] = {}
        self._count = 0
        self._pixmaps: dict[int, QPixmap] = {}

    def set_session(self, session: Session | None) -> None:
        """Show another project's images, or the same one's after rows came or went."""
        self.beginResetModel()
        self._session = session
        # The very list: records in it are renewed in place, and rows that go leave it as it is until this is called.
        self._records = records = [] if session is None else session.records
        self._rows = {record.id: row for row, record in enumerate(records)}
        self._count = len(records)
        self._pixmaps.clear()
        self.endResetModel()

    def refresh(self, image_ids: frozenset[int]) -> None:
        """Rows whose record or thumbnail changed."""
        for image_id in image_ids:
            row = self._rows.get(image_id)
            if row is not None:
                self._pixmaps.pop(image_id, None)
                index = self.index(row)
                self.dataChanged.emit(index, index)

    def row_of(self, image_id: int) -> int | None:
        """The row of an image."""
        return self._rows.get(image_id)

    def record_in(self, row: int) -> ImageRecord:
        """The image of a row."""
        return self._records[row]

    def rowCount(self, parent: Index | None = None) -> int:
        """Number of images."""
        return 0 if parent is not None and parent.isValid() else self._count

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, state in words, id and record."""
        if self._session is None or not index.isValid():
            return None
        record = self._records[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.title(record)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            pick = self.pick(record.id)
            said = f"{self.title(record)}, {self.describe(record)}"
            return said if pick is None else f"{said}, {short_reason(pick)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            pick = self.pick(record.id)
            lines = str(record.path), self.describe(record), time_words(record)
            said = record.problem or "\n".join(filter(None, lines))
            return as_typed(said if pick is None else f"{said}\n{long_reason(pick)}")
        if role == ID:
            return record.id
        if role == RECORD:
            return record
        return None

    def title(self, record: ImageRecord, short: bool = False) -> str:
        """What a row is called; see ``Catalog.title``."""
        return record.name if self._session is None else self._session.catalog.title(record, short)

    @property
    def names_round(self) -> bool:
        """Whether readers are told which model's mask an image has; see ``Review.names_round``."""
        return self._session is None or self._session.review.names_round

    def describe(self, record: ImageRecord) -> str:
        """The state of an image in words, as far as its reader may know it."""
        return describe(record, self.names_round)

    def pick(self, image_id: int) -> Pick | None:
        """Why the image comes next, if the queue has chosen it to."""
        pick = None if self._session is None else self._session.queue.pick
        return pick if pick is not None and pick.image_id == image_id else None

    def thumbnail(self, image_id: int) -> QPixmap | None:
        """The thumbnail, or None while it is being read."""
        if image_id not in self._pixmaps and self._session is not None:
            picture = self._session.thumbnail(image_id)
            if picture is None:
                return None
            if len(self._pixmaps) >= _KEPT_PIXMAPS:
                del self._pixmaps[next(iter(self._pixmaps))]
            rgb = np.ascontiguousarray(picture)
            height, width = rgb.shape[:2]
            image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            self._pixmaps[image_id] = QPixmap.fromImage(image)
        return self._pixmaps.get(image_id)


class ImageFilter(QSortFilterProxyModel):
    """Rows whose name, or state in words, holds the text asked for, and that have come so far as is asked for."""

    def __init__(self, model: ImageModel) -> None:
        super().__init__()
        self._model = model
        self._needle = ""
        self.standing: Standing | None = None
        self.setSourceModel(model)

    def set_needle(self, text: str) -> None:
        """Filter by ``text``; empty shows all."""
        self._needle = text.strip().casefold()
        self.invalidate()

    def set_standing(self, wanted: Standing | None) -> None:
        """Show images that have come just so far; None shows all."""
        if wanted is not self.standing:
            self.standing = wanted
            self.invalidate()

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        """True for a row to show."""
        if not self._needle and self.standing is None:
            return True
        # Asked by way of Qt, a key typed over 20,000 images would hold the window up for a third of a second.
        record = self._model.record_in(row)
        if self.standing not in (None, standing(record)):
            return False
        return self._needle in self._model.title(record).casefold() or self._needle in self._model.describe(record)


class ImageDelegate(QStyledItemDelegate):
    """Paints a row: thumbnail, name over state in words, glyph."""

    def __init__(self, theme: Theme, model: ImageModel) -> None:
        super().__init__()
        self._theme = theme
        self._model = model
        self._name_font = ui_font()
        self._state_font = ui_font(TEXT_SMALL)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Every row is equally high."""
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one row."""
        record: ImageRecord = index.data(RECORD)
        tokens = self._theme.tokens
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, self._theme.color("accent_soft" if selected else "hover"))
        if selected:
            painter.fillRect(QRect(rect.left(), rect.top(), 2, rect.height()), self._theme.color("accent"))
        thumb = QRectF(rect.left() + 12, rect.top() + (ROW_HEIGHT - THUMB_HEIGHT) / 2, THUMB_WIDTH, THUMB_HEIGHT)
        self._paint_thumbnail(painter, thumb, record.id)
        glyph = QRectF(rect.right() - 12 - 14, rect.center().y() - 6.5, 14, 14)
        left = round(thumb.right()) + 10
        text = QRect(left, rect.top() + 8, round(glyph.left()) - 8 - left, 18)
        painter.setFont(self._name_font)
        painter.setPen(self._theme.color("text"))
        metrics = painter.fontMetrics()
        # The end of a name tells images of a series apart: the middle goes, and the file's ending, which the
        # header and the tooltip show.
        name = metrics.elidedText(self._model.title(record, short=True), Qt.TextElideMode.ElideMiddle, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.setFont(self._state_font)
        pick = self._model.pick(record.id)
        tone = "bad" if record.problem else "accent" if pick is not None else "muted"
        painter.setPen(self._theme.color(tone))
        text.translate(0, 18)
        told = state_wordings(record, self._model.names_round) if pick is None else [short_reason(pick)]
        words = fitting(painter.fontMetrics(), told, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        if record.problem:
            paint_problem(painter, glyph, tokens)
        else:
            paint_state(painter, glyph, standing(record), tokens)
        painter.restore()

    def _paint_thumbnail(self, painter: QPainter, box: QRectF, image_id: int) -> None:
        painter.save()
        frame = QPainterPath()
        frame.addRoundedRect(box, 3, 3)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillPath(frame, self._theme.color("window"))
        pixmap = self._model.thumbnail(image_id)
        if pixmap is not None and not pixmap.isNull():
            # Cut to the box from the middle: a column of equal boxes is calmer than one of all shapes.
            scale = max(box.width() / pixmap.width(), box.height() / pixmap.height())
            source = QRectF(0, 0, box.width() / scale, box.height() / scale)
            source.moveCenter(QRectF(pixmap.rect()).center())
            painter.setClipPath(frame)
            painter.drawPixmap(box, pixmap, source)
        painter.restore()
