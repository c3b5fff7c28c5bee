"""The worst images with their outlines, and one of them large."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QKeyEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QDialog, QListView, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from segstudio.app.evaluation import Evaluation
from segstudio.app.evaluator import Evaluator
from segstudio.domain.evaluation import Measure
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import as_typed, picture_icon

COUNT = 24
THUMB = QSize(168, 126)
LARGE = 1100
_PLACE = Qt.ItemDataRole.UserRole


class WorstList(QListWidget):
    """A row of pictures, the worst on the left; ``opened`` is told of one that was double-clicked."""

    opened = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown = 0
        self.setAccessibleName("Worst images, the worst first")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setIconSize(THUMB)
        self.setSpacing(4)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFixedHeight(THUMB.height() + 68)
        self.itemActivated.connect(lambda item: self.opened.emit(item.data(_PLACE)))

    def show_worst(self, evaluator: Evaluator, found: Evaluation, measure: Measure, side: int | None) -> None:
        """The worst by ``measure``, or with no ``side`` those where the second side lost most; pictures follow."""
        self.clear()
        self._shown += 1
        blank = QPixmap(THUMB)
        blank.fill(self._theme.color("field"))
        for place in found.worst(COUNT, measure, side):
            scored = found.scored[place]
            figures = "  /  ".join(measure.words(measure.of(each.total)) for each in scored.sides)
            item = QListWidgetItem(QIcon(blank), f"{figures}\n{_short(scored.name)}")
            item.setData(_PLACE, place)
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
            item.setToolTip(as_typed(f"{scored.name}: {measure.title} {figures}\nDouble-click to open it"))
            item.setSizeHint(QSize(THUMB.width() + 12, THUMB.height() + 46))
            self.addItem(item)
            evaluator.picture(
                place,
                round(THUMB.width() * self.devicePixelRatioF()),
                partial(self._show, self._shown, self.count() - 1),
            )

    def _show(self, shown: int, row: int, pixels: NDArray[np.uint8] | None) -> None:
        if pixels is not None and shown == self._shown:
            self.item(row).setIcon(picture_icon(_fitted(to_pixmap(pixels), self._theme, self.devicePixelRatioF())))

    def place(self, row: int) -> int:
        """The place of the image in a row."""
        return int(self.item(row).data(_PLACE))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return opens what is chosen, as a double-click does."""
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self.opened.emit(item.data(_PLACE))
        else:
            super().keyPressEvent(event)


class LargePicture(QDialog):
    """One image with its outlines, as large as the window lets it be."""

    def __init__(self, title: str, pixels: NDArray[np.uint8], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        picture = _Picture(to_pixmap(pixels))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(picture)
        height, width = pixels.shape[:2]
        scale = min(1100 / width, 640 / height)
        self.resize(round(width * scale), round(height * scale))


class _Picture(QWidget):
    def __init__(self, pixmap: QPixmap) -> None:
        super().__init__()
        self._pixmap = pixmap
        self.setMinimumSize(240, 180)
        self.setAccessibleName("The image with its outlines")

    def paintEvent(self, event: QPaintEvent) -> None:
        """The whole picture, in the middle."""
        fitted = self._pixmap.scaled(
            self.size(), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        painter = QPainter(self)
        painter.drawPixmap((self.width() - fitted.width()) // 2, (self.height() - fitted.height()) // 2, fitted)
        painter.end()


def to_pixmap(pixels: NDArray[np.uint8]) -> QPixmap:
    """(h, w, 3) uint8 RGB for the screen."""
    rgb = np.ascontiguousarray(pixels)
    height, width = rgb.shape[:2]
    return QPixmap.fromImage(QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888))


def _fitted(pixmap: QPixmap, theme: Theme, ratio: float) -> QPixmap:
    """All of a picture, in the middle of the room that each has: what is wrong may lie at its rim."""
    size = (QSizeF(THUMB) * ratio).toSize()
    room = QPixmap(size)
    room.fill(theme.color("field"))
    small = pixmap.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    painter = QPainter(room)
    painter.drawPixmap((size.width() - small.width()) // 2, (size.height() - small.height()) // 2, small)
    painter.end()
    room.setDevicePixelRatio(ratio)
    return room


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-most // 2 + 1 :]}"
