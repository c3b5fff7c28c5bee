"""Two rounds on the same images, those first that lost most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.app.studio import Studio
from segstudio.domain.round_scores import SAME_DICE, Comparison, ImageChange
from segstudio.ui.making_way import make_way
from segstudio.ui.sorted_header import SortedHeader
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import as_typed, label, open_at, picture_icon

_THUMB = QSize(56, 40)
_ID = Qt.ItemDataRole.UserRole


def change_words(comparison: Comparison) -> str:
    """The comparison in a sentence or two."""
    count = len(comparison.images)
    same = count - comparison.better - comparison.worse
    images = "1 image" if count == 1 else f"{count} images"
    words = f"Better on {comparison.better}, worse on {comparison.worse}, the same on {same} of {images}"
    change = comparison.change
    if change is None:
        return f"{words}."
    sure = "which may be chance" if change.low <= 0 <= change.high else "more than chance would do"
    return (
        f"{words}. Mean {comparison_mean(comparison)}: {signed(change.mean)}, likely between {signed(change.low)} and "
        f"{signed(change.high)}, {sure}."
    )


def signed(value: float) -> str:
    """A change in three places, with its sign."""
    return f"{value:+z.3f}".replace("-", "−")


def comparison_mean(comparison: Comparison) -> str:
    """Both means, "0.912 to 0.934"."""
    before, after = comparison.before, comparison.after
    return "" if before is None or after is None else f"{before.mean:.3f} to {after.mean:.3f}"


class Figure(QTableWidgetItem):
    """A number that sorts as one."""

    def __init__(self, value: float, text: str) -> None:
        super().__init__(text)
        self.value = value
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return self.value < other.value if isinstance(other, Figure) else super().__lt__(other)


class CompareRounds(QDialog):
    """A row an image: its picture and name, both Dice, the change. A double click opens the image."""

    def __init__(self, studio: Studio, session: Session, theme: Theme, one: int, other: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Round {one} and round {other}")
        open_at(self, 640, 520)
        self._session, self._theme = session, theme
        self.comparison = session.book.compare(one, other)
        self.summary = label(change_words(self.comparison))
        self.summary.setWordWrap(True)
        about = label("Dice of the images kept aside, which neither round was taught with.", tone="muted", size="small")
        self.table = QTableWidget(0, 4)
        self.table.setHorizontalHeader(SortedHeader(self.table, theme))
        self.table.setHorizontalHeaderLabels(["Image", f"Round {one}", f"Round {other}", "Change"])
        self._set_up_table()
        for column in (1, 2, 3):
            header = self.table.horizontalHeaderItem(column)
            assert header is not None
            header.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for image in self.comparison.images:
            self._add(image)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(3, Qt.SortOrder.AscendingOrder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 24)
        layout.setSpacing(8)
        layout.addWidget(self.summary)
        layout.addWidget(about)
        layout.addSpacing(8)
        layout.addWidget(self.table, 1)
        self._unsubscribe = studio.subscribe(self._on_changes)
        self._fill_pictures()

    def done(self, result: int) -> None:
        """Closed: listen no more."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        super().done(result)

    def _on_changes(self, changes: Changes) -> None:
        if changes.project:
            self.reject()
        elif changes.images:
            self._fill_pictures()

    def _set_up_table(self) -> None:
        table = self.table
        table.setAccessibleName("Images, those first that lost most")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setIconSize(_THUMB)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_THUMB.height() + 8)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.itemActivated.connect(self._on_activated)

    def _add(self, image: ImageChange) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        known = image.image_id in self._session.catalog
        record = self._session.record(image.image_id) if known else None
        name = QTableWidgetItem("an image that is gone" if record is None else Path(record.name).stem)
        name.setData(_ID, image.image_id)
        name.setToolTip("" if record is None else as_typed(f"{record.path}\nDouble-click to open it"))
        change = Figure(image.change, signed(image.change) if abs(image.change) >= SAME_DICE else "same")
        if abs(image.change) >= SAME_DICE:
            change.setForeground(self._theme.color("good" if image.change > 0 else "bad"))
        items = (name, Figure(image.before, f"{image.before:.3f}"), Figure(image.after, f"{image.after:.3f}"), change)
        for column, item in enumerate(items):
            self.table.setItem(row, column, item)

    def _fill_pictures(self) -> None:
        for row in range(self.table.rowCount()):
            item = self._name(row)
            image_id = item.data(_ID)
            if not item.icon().isNull() or image_id not in self._session.catalog:
                continue
            picture = self._session.thumbnail(image_id)
            if picture is None:
                continue
            rgb = np.ascontiguousarray(picture)
            height, width = rgb.shape[:2]
            pixmap = QPixmap.fromImage(QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888))
            item.setIcon(picture_icon(_cut(pixmap)))

    def _name(self, row: int) -> QTableWidgetItem:
        item = self.table.item(row, 0)
        assert item is not None
        return item

    def _on_activated(self, item: QTableWidgetItem) -> None:
        image_id = self._name(item.row()).data(_ID)
        if image_id in self._session.catalog:
            self._session.open_image(image_id)
            make_way(self)


def _cut(pixmap: QPixmap) -> QPixmap:
    """The middle of a picture, in the shape that all of them have."""
    filled = pixmap.scaled(
        _THUMB, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    return filled.copy(
        (filled.width() - _THUMB.width()) // 2,
        (filled.height() - _THUMB.height()) // 2,
        _THUMB.width(),
        _THUMB.height(),
    )
