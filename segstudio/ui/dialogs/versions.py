"""The approved versions of the mask on the canvas: small pictures, two beside each other, one brought back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.changes import Changes
from segstudio.app.document import Document
from segstudio.app.mask_versions import KEY, SMALL, KeptVersion, Mask, small_picture
from segstudio.app.round_keeping import size_words
from segstudio.app.session import Session
from segstudio.app.studio import Studio
from segstudio.domain.plane import Plane
from segstudio.domain.segments import BACKGROUND
from segstudio.ui.canvas.held_view import HeldView
from segstudio.ui.canvas.renderer import Renderer
from segstudio.ui.option_rows import CalmCombo
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, as_typed, label, open_at, picture_icon, restyle

LIST_WIDTH = 312
NOTHING = "This image has no approved version yet. Each mask that you approve is kept here."
_ON_CANVAS, _ALONE = -1, -2


class VersionView(HeldView):
    """One mask over the image."""

    def __init__(self, theme: Theme, session: Session, name: str) -> None:
        super().__init__(theme)
        self.session = session
        self.setAccessibleName(name)
        self.setMinimumSize(200, 160)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_mask(self, document: Document, mask: Mask | None) -> None:
        """Show a mask, or none, over the image of ``document``."""
        plane = Plane(document.height, document.width, BACKGROUND)
        if mask is not None and mask.shape == (document.height, document.width):
            plane = Plane.from_array(mask, BACKGROUND)
        self._show(Document(document.image_id, document.pixels, plane, deep=document.deep, mips=document.mips))

    def show_nothing(self) -> None:
        """Show no image."""
        self._show(None)

    def _make_renderer(self, document: Document) -> Renderer:
        return Renderer(document, self._colors(), self.look)

    def _show_legend(self) -> None:
        self.legend.show_lines(())


class VersionsDialog(QDialog):
    """A list of versions, newest first; beside it the chosen one, and another or the mask on the canvas."""

    def __init__(self, studio: Studio, session: Session, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_at(self, 1080, 600)
        self._session = session
        self._gone = self._following = False
        self._image_id: int | None = None
        self._masks: dict[int, Mask] = {}
        self.versions: list[KeptVersion] = []
        self.list = self._make_list()
        self.nothing = label(NOTHING, tone="muted")
        self.title = label()
        self.other = CalmCombo()
        self.views = (
            VersionView(theme, session, "Chosen version"),
            VersionView(theme, session, "What it is compared with"),
        )
        self.said = ElidedLabel()
        self.close_button, self.restore = QPushButton("Close"), QPushButton("Restore")
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self.close)
        self._build()
        self._connect()
        self._unsubscribe = studio.subscribe(self._on_changes)
        self._follow_image()

    # ---- layout -----------------------------------------------------------------------------------------------

    def _make_list(self) -> QListWidget:
        made = QListWidget()
        made.setObjectName("versions")
        made.setAccessibleName("Approved versions, newest first")
        made.setIconSize(QSize(SMALL, SMALL * 3 // 4))
        made.setFixedWidth(LIST_WIDTH)
        made.setSpacing(2)
        made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return made

    def _build(self) -> None:
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.nothing.setFixedWidth(LIST_WIDTH)
        self.other.setAccessibleName("What it is compared with")
        self.restore.setToolTip("Bring this mask back to the canvas. It can be undone")
        self.restore.setAutoDefault(False)
        restyle(self.restore, "primary", True)
        pair = QHBoxLayout()
        pair.setSpacing(8)
        for head, view in zip((self.title, self.other), self.views, strict=True):
            column = QVBoxLayout()
            column.setSpacing(4)
            head.setFixedHeight(28)
            # Both views are as high while there is nothing to choose.
            policy = head.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            head.setSizePolicy(policy)
            column.addWidget(head)
            column.addWidget(view, 1)
            pair.addLayout(column, 1)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.list)
        row.addWidget(self.nothing)
        row.addLayout(pair, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.said, 1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.restore)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(8)
        layout.addLayout(row, 1)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(lambda _row: self._on_chosen())
        self.other.activated.connect(lambda _index: self._show_other())
        self.restore.clicked.connect(self._on_restore)
        one, other = self.views
        for here, there in ((one, other), (other, one)):
            here.view_changed.connect(lambda here=here, there=there: self._lead(here, there))
            here.pointer_moved.connect(there.set_cross)

    # ---- what is shown ----------------------------------------------------------------------------------------

    @property
    def chosen(self) -> KeptVersion | None:
        """The version chosen in the list."""
        row = self.list.currentRow()
        return self.versions[row] if 0 <= row < len(self.versions) else None

    def _on_changes(self, changes: Changes) -> None:
        if changes.project:
            self.close()
            return
        if changes.message is not None and changes.message.key == KEY:
            self.said.set_full(changes.message.sentence)
            restyle(self.said, "tone", "bad" if changes.message.kind == "trouble" else "")
        document = self._session.document
        if (changes.document and (None if document is None else document.image_id) != self._image_id) or (
            changes.history and document is not None and document.approved
        ):
            self._follow_image()
        elif changes.history and self.other.currentData() == _ON_CANVAS:
            self._show_other()
        if changes.images or changes.table:
            self._fill_pictures()

    def _follow_image(self) -> None:
        document = self._session.document
        image_id = None if document is None else document.image_id
        if image_id != self._image_id:
            self._image_id, self._masks = image_id, {}
            self._fill([])
        if image_id is None:
            return
        self.setWindowTitle(f"Approved versions of {self._session.record(image_id).name}")
        self._session.versions.read(image_id, lambda kept: self._got(image_id, kept))

    def _got(self, image_id: int, kept: list[KeptVersion]) -> None:
        newest_first = kept[::-1]
        if self._gone or image_id != self._image_id:
            return
        if [version.number for version in newest_first] != [version.number for version in self.versions]:
            first = not self.versions
            self._fill(newest_first)
            if first:
                self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fill(self, versions: list[KeptVersion]) -> None:
        self.list.blockSignals(True)
        self.versions = versions
        self.list.clear()
        for version in versions:
            self.list.addItem(QListWidgetItem(_words(version)))
            item = self.list.item(self.list.count() - 1)
            size = size_words(version.nbytes)
            said = f"{_words(version)}\nMask {version.digest[:12]}…, {size}\nModel {version.model[:12] or 'none'}"
            item.setToolTip(as_typed(said))
        self.list.setCurrentRow(0 if versions else -1)
        self.list.blockSignals(False)
        # What goes goes first: side by side they would make the window wider, which it would stay.
        gone, shown = (self.nothing, self.list) if versions else (self.list, self.nothing)
        gone.hide()
        shown.show()
        for widget in (self.other, self.restore):
            widget.setVisible(bool(versions))
        self._fill_pictures()
        self._on_chosen()

    def _fill_pictures(self) -> None:
        for row, version in enumerate(self.versions):
            thumbnail = self._session.thumbnail(version.image_id)
            picture = np.ascontiguousarray(small_picture(thumbnail, version.small, self._session.table))
            height, width = picture.shape[:2]
            image = QImage(picture.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            pixmap = QPixmap.fromImage(image.copy())
            self.list.item(row).setIcon(picture_icon(pixmap))

    def _on_chosen(self) -> None:
        version = self.chosen
        self.restore.setEnabled(version is not None)
        self.restore.setText("Restore" if version is None else f"Restore version {version.place}")
        self.title.setText("" if version is None else f"Version {version.place}")
        self._fill_other(version)
        if version is None:
            self.views[0].show_nothing()
        else:
            self._with_mask(version.number, lambda: self._show_mask(0, version.number))
        self._show_other()

    def _fill_other(self, chosen: KeptVersion | None) -> None:
        before = self.other.currentData()
        self.other.clear()
        if chosen is None:
            return
        self.other.addItem("Mask on the canvas", _ON_CANVAS)
        for version in self.versions:
            if version is not chosen:
                self.other.addItem(f"Version {version.place}", version.number)
        self.other.addItem("Image alone", _ALONE)
        self.other.setCurrentIndex(max(0, self.other.findData(before)))

    def _show_other(self) -> None:
        number = self.other.currentData()
        document = self._session.document
        self.said.set_full("")
        if document is None or document.image_id != self._image_id or number is None:
            self.views[1].show_nothing()
        elif number in (_ON_CANVAS, _ALONE):
            self.views[1].show_mask(document, document.shown(document.bounds) if number == _ON_CANVAS else None)
            self._say_difference()
        else:
            self._with_mask(number, lambda: self._show_mask(1, number))

    def _show_mask(self, side: int, number: int) -> None:
        document, version = self._session.document, self.chosen
        wanted = (None if version is None else version.number, self.other.currentData())[side]
        if document is not None and document.image_id == self._image_id and number == wanted:
            self.views[side].show_mask(document, self._masks[number])
            self._say_difference()

    def _with_mask(self, number: int, then: Callable[[], None]) -> None:
        def keep(mask: Mask) -> None:
            if not self._gone:
                self._masks[number] = mask
                then()

        if number in self._masks:
            then()
        else:
            self._session.versions.mask(number, keep)

    def _say_difference(self) -> None:
        version, number, document = self.chosen, self.other.currentData(), self._session.document
        if version is None or document is None or version.number not in self._masks or number == _ALONE:
            return
        one = self._masks[version.number]
        other = document.shown(document.bounds) if number == _ON_CANVAS else self._masks.get(number)
        if other is None or one.shape != other.shape:
            return
        name = "the mask on the canvas" if number == _ON_CANVAS else self.other.currentText().lower()
        now = version.number, number

        def say(found: tuple[int, float]) -> None:
            shown = self.chosen
            if self._gone or shown is None or (shown.number, self.other.currentData()) != now:
                return
            pixels, dice = found
            words = f"{pixels:,} px differ, Dice {dice:.3f}" if pixels else "no pixel differs"
            self.said.set_full(f"Version {version.place} and {name}: {words}")
            restyle(self.said, "tone", "")

        self._session.versions.compare(one, other, say)

    def _lead(self, here: VersionView, there: VersionView) -> None:
        if not self._following and here.document is not None and there.document is not None:
            self._following = True
            there.show_middle(*here.middle, here.view.scale)
            self._following = False

    # ---- what is done -----------------------------------------------------------------------------------------

    def _on_restore(self) -> None:
        if self.chosen is not None:
            self._session.versions.restore(self.chosen)

    # ---- Qt ---------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return presses the button that has the keyboard."""
        button = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(button, QPushButton):
            button.click()
        else:
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """Closed: listen no more."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        self._gone = True
        super().done(result)


def _words(version: KeptVersion) -> str:
    model = "no model" if version.round_number is None else f"round {version.round_number}"
    return f"Version {version.place} · {model}\n{version.when}\n{version.who}"
