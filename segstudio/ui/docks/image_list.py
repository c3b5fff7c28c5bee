"""The list of images at the left: filter, progress, rows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListView, QMenu, QToolButton, QVBoxLayout, QWidget

from segstudio.app.changes import Changes
from segstudio.app.session import Session
from segstudio.domain.review import Standing
from segstudio.ui.docks.image_model import ID, ImageDelegate, ImageFilter, ImageModel
from segstudio.ui.icons import icon
from segstudio.ui.import_bar import ImportBar
from segstudio.ui.keys import native
from segstudio.ui.queue_words import ORDER_WORDS
from segstudio.ui.theme import ICON, Theme
from segstudio.ui.widgets import FittingLabel, ProgressLine, label, restyle


class ImageList(QWidget):
    """Follows the session's current image; a row chosen by hand opens it."""

    search_left = Signal()
    """Return or Escape in the filter: the keyboard goes back to the image."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(184)
        self._theme = theme
        self._session: Session | None = None
        self._following = False
        self.model = ImageModel()
        self.filtered = ImageFilter(self.model)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Filter by name or state")
        self.search.setAccessibleName("Filter images by name or state")
        self.search.setToolTip(native("Filter by name or state (Ctrl+F)"))
        self.search.setClearButtonEnabled(True)
        self._glass = QAction("Filter", self)
        self.search.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._on_filter)
        self.search.returnPressed.connect(self._on_return)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.search, context=Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._on_escape)
        self.progress_text = FittingLabel(tone="muted")
        restyle(self.progress_text, "role", "small")
        self.order, self.states = self._make_button(), self._make_button()
        self.progress = ProgressLine(theme, "Approved images", "good")
        self.nothing = label("No image matches.", tone="muted")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.hide()
        self.view = self._make_view()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        top = QVBoxLayout()
        top.setContentsMargins(12, 0, 12, 0)
        top.setSpacing(4)
        top.addWidget(self.search)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.progress_text, 1)
        line.addWidget(self.states)
        line.addWidget(self.order)
        top.addLayout(line)
        top.addWidget(self.progress)
        layout.addLayout(top)
        layout.addWidget(self.nothing)
        layout.addWidget(self.view, 1)
        self.importing = ImportBar(theme)
        layout.addWidget(self.importing)
        theme.changed.connect(self._refresh_icons)
        self._refresh_icons()

    def set_session(self, session: Session | None) -> None:
        """Show another project."""
        self._session = session
        self.search.clear()
        self.filtered.set_standing(None)
        self._following = True
        self.model.set_session(session)
        self._following = False
        self._follow_current()
        self._show_progress()
        self._show_order()
        self.importing.set_session(session)

    def set_order_menu(self, menu: QMenu) -> None:
        """The choices of where Approve goes, which the window has in its menu bar, too."""
        self.order.setMenu(menu)

    def set_states_menu(self, menu: QMenu) -> None:
        """The choices of which images are shown, which the window has in its menu bar, too."""
        self.states.setMenu(menu)

    def show_standing(self, wanted: Standing | None) -> None:
        """Show images that have come just so far; None shows all."""
        self._narrow(lambda: self.filtered.set_standing(wanted))
        self._show_order()

    def apply(self, changes: Changes) -> None:
        """Redraw the rows that changed and follow the current image."""
        if self._session is None:
            return
        if changes.image_list and not changes.project:
            self._following = True
            self.model.set_session(self._session)
            self._following = False
        if changes.thumbnails:
            # The filter looks at these rows anew, and may find that one has left what is shown.
            self._following = True
            self.model.refresh(changes.thumbnails)
            self._following = False
        if changes.images:
            self._narrow(lambda: self.model.refresh(changes.images))
        if changes.image_list or changes.document:
            self._follow_current()
        if changes.image_list:
            self._show_progress()
        if changes.order:
            self._show_order()
        self.importing.apply(changes)

    def _make_button(self) -> QToolButton:
        button = QToolButton()
        button.setIconSize(QSize(ICON, ICON))
        button.setFixedSize(24, 24)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _show_order(self) -> None:
        order = "list" if self._session is None else self._session.queue.order
        tip = f"After approving: {ORDER_WORDS[order].lower()}"
        self.order.setToolTip(tip)
        self.order.setAccessibleName(tip)
        tokens = self._theme.tokens
        self.order.setIcon(icon("sort-ascending", tokens, tokens.muted if order == "list" else tokens.accent))
        wanted = self.filtered.standing
        tip = "Shown: all images" if wanted is None else f"Shown: {wanted.value}"
        self.states.setToolTip(tip)
        self.states.setAccessibleName(tip)
        self.states.setIcon(icon("funnel", tokens, tokens.muted if wanted is None else tokens.accent))

    def _make_view(self) -> QListView:
        view = QListView()
        view.setModel(self.filtered)
        view.setItemDelegate(ImageDelegate(self._theme, self.model))
        view.itemDelegate().setParent(view)
        view.setUniformItemSizes(True)
        view.setMouseTracking(True)
        view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        view.setAccessibleName("Images")
        view.setFrameShape(QListView.Shape.NoFrame)
        view.verticalScrollBar().setSingleStep(26)
        view.setMinimumSize(QSize(120, 120))
        view.selectionModel().currentChanged.connect(self._on_current)
        return view

    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        session = self._session
        if self._following:
            return
        image_id = current.data(ID) if current.isValid() else None
        if session is not None and image_id is not None and image_id != session.current_id:
            session.open_image(image_id)

    def _follow_current(self) -> None:
        session = self._session
        selection = self.view.selectionModel()
        if session is None or session.current_id is None:
            return
        row = self.model.row_of(session.current_id)
        index = QModelIndex() if row is None else self.filtered.mapFromSource(self.model.index(row))
        self._following = True
        selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._following = False
        if index.isValid():
            self.view.scrollTo(index)

    def _on_filter(self, text: str) -> None:
        self._narrow(lambda: self.filtered.set_needle(text))

    def _narrow(self, narrow: Callable[[], None]) -> None:
        # Rows that vanish under the selection must not open another image.
        self._following = True
        narrow()
        self._following = False
        self.nothing.setVisible(self.filtered.rowCount() == 0 and self.model.rowCount() > 0)
        self._follow_current()
        self._show_progress()

    def _on_return(self) -> None:
        # What was looked for is opened, unless it is open already.
        if self.search.text().strip() and self.filtered.rowCount() and not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.filtered.index(0, 0))
        self.search_left.emit()

    def _on_escape(self) -> None:
        self.search.clear()
        self.search_left.emit()

    def _show_progress(self) -> None:
        session = self._session
        total = 0 if session is None else len(session.records)
        done = 0 if session is None else session.approved_count
        self.progress_text.set_wordings(progress_wordings(self.filtered.rowCount(), total, done))
        self.progress_text.set_about("" if session is None else session.review.pace)
        self.progress.set_fraction(done / total if total else 0.0)

    def _refresh_icons(self) -> None:
        self._glass.setIcon(icon("magnifying-glass", self._theme.tokens, self._theme.tokens.muted))
        self._show_order()
        self.view.viewport().update()


def progress_wordings(shown: int, total: int, approved: int) -> list[str]:
    """How many images of the project are approved, and how many of them the list shows if it leaves some out."""
    all_of_them = f"{approved} of {total} approved"
    if shown == total:
        return [all_of_them]
    return [f"{shown} shown · {all_of_them} in all", f"{shown} shown · {all_of_them}", f"{shown} of {total} shown"]
