"""The main window: lays its parts out and hands the presenter's changes to them."""

from __future__ import annotations

import base64
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from segstudio.app.changes import Changes, Message
from segstudio.app.session import Session
from segstudio.app.settings import Settings
from segstudio.app.studio import Studio
from segstudio.ui.action_table import ORDER_MENU, TOOL_COLUMN
from segstudio.ui.actions import Actions
from segstudio.ui.adjudication_bar import AdjudicationBar
from segstudio.ui.banner import Banner
from segstudio.ui.canvas.canvas import Canvas
from segstudio.ui.canvas.readout import Readout
from segstudio.ui.canvas.seeing import Seeing
from segstudio.ui.canvas.stage import Stage
from segstudio.ui.columns import Columns
from segstudio.ui.commands import Commands
from segstudio.ui.docks.image_list import ImageList
from segstudio.ui.docks.measures import MeasuresDock
from segstudio.ui.docks.segments import SegmentsDock
from segstudio.ui.docks.tone import ToneDock
from segstudio.ui.docks.tool import ToolDock
from segstudio.ui.docks.training import TrainingDock
from segstudio.ui.header import Header
from segstudio.ui.menu_corner import MenuCorner
from segstudio.ui.proposal_bar import ProposalBar
from segstudio.ui.review_actions import STATES_MENU
from segstudio.ui.side_panel import SidePanel
from segstudio.ui.status_bar import StatusBar
from segstudio.ui.still_down import StillDown
from segstudio.ui.theme import Theme
from segstudio.ui.tool_column import ToolColumn
from segstudio.ui.welcome import Welcome
from segstudio.ui.widgets import FRAME_ROOM, without_key

FIRST_SIZE = QSize(1440, 900)
SIDE_WIDTH = 288
LIST_WIDTH = 248
READOUT_MS = 40

_OF_AN_IMAGE = ("better", "carry", "opinion", "reset", "undecided")
"""Keys of messages that are about the image on the canvas."""


class MainWindow(QMainWindow):
    """Made once; shows the welcome page or the open project."""

    def __init__(self, studio: Studio, settings: Settings, theme: Theme) -> None:
        super().__init__()
        self.still_down = StillDown(QGuiApplication.platformName())
        self._studio = studio
        self._settings = settings
        self._unsaved = False
        self._pointed: tuple[float, float] | None = None
        self._readout_timer = QTimer(self)
        self._readout_timer.setSingleShot(True)
        self._readout_timer.setInterval(READOUT_MS)
        self._readout_timer.timeout.connect(self._show_readout)
        self._message_image: int | None = None
        self._leaving = False
        self.setWindowTitle("segstudio")
        # What a screen of 1280 x 720 has beside a frame where text is half as large again.
        self.setMinimumSize(832, 424)
        self.setAcceptDrops(True)
        self.seeing = Seeing(settings)
        self.canvas = Canvas(theme, self.seeing)
        self.stage = Stage(theme, self.seeing, self.canvas)
        self.images = ImageList(theme)
        self.segments = SegmentsDock(theme)
        self.tool = ToolDock(theme)
        self.tone = ToneDock(theme, self.canvas)
        self.measures: MeasuresDock = MeasuresDock(theme, self.seeing, settings)
        self.training: TrainingDock = TrainingDock(theme)
        self.commands = Commands(self, studio, settings, theme)
        self.actions_table = Actions(self, self.commands, theme)
        self.header = Header(theme, self.actions_table.by_id)
        self.status = StatusBar(theme)
        self.welcome = Welcome(theme)
        self.learning = MenuCorner(theme)
        self._recent_menu = self._make_menus()
        self.splitter = self._make_splitter()
        self.pages = self._make_pages()
        self.canvas_banner = Banner(theme, self.canvas)
        self.proposal_bar = ProposalBar(self.canvas)
        self.adjudication_bar = AdjudicationBar(self.canvas, self.actions_table.by_id)
        self.welcome_banner = Banner(theme, self.welcome)
        self._sections = {"segments": self.segments, "tool": self.tool, "tone": self.tone, "training": self.training}
        self._parts = (
            self.stage, self.images, self.segments, self.tool, self.tone, self.measures, self.training,
            self.proposal_bar, self.adjudication_bar,
        )  # fmt: skip
        self._connect()
        self._restore()
        self._unsubscribe = studio.subscribe(self._on_changes)
        self._follow_project()

    # ---- layout -----------------------------------------------------------------------------------------------

    def _make_menus(self) -> QMenu:
        bar = self.menuBar()
        bar.setNativeMenuBar(True)
        menus = self.actions_table.fill(bar)
        recent = QMenu("Open recent", self)
        menus["File"].insertMenu(menus["File/Demo"].menuAction(), recent)
        recent.aboutToShow.connect(self._fill_recent)
        bar.setCornerWidget(self.learning)
        self.images.set_order_menu(menus[ORDER_MENU])
        self.images.set_states_menu(menus[STATES_MENU])
        return recent

    def _make_splitter(self) -> Columns:
        middle = QWidget()
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.stage, 1)
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(ToolColumn([self.actions_table.by_id[name] for name in group] for group in TOOL_COLUMN))
        row.addLayout(column, 1)
        side = SidePanel((self.segments, self.tool, self.tone, self.measures, self.training))
        return Columns((self.images, middle, side), (LIST_WIDTH, SIDE_WIDTH))

    def _make_pages(self) -> QStackedWidget:
        pages = QStackedWidget()
        pages.addWidget(self.welcome)
        pages.addWidget(self.splitter)
        frame = QWidget()
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(pages, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(frame)
        return pages

    def _connect(self) -> None:
        self.canvas.pointer_moved.connect(self._on_pointer)
        self.stage.compare.pointer_moved.connect(self._on_pointer)
        self.stage.scale_wanted.connect(self.commands.set_scale)
        self.measures.visits.clicked.connect(lambda: self.commands.measures.show_visits())
        self.measures.report.clicked.connect(lambda: self.commands.measures.show_report())
        self.measures.set_scale.clicked.connect(lambda: self.commands.set_scale())
        self.seeing.changed.connect(self.actions_table.refresh)
        self.canvas.view_changed.connect(self._on_view)
        self.canvas.relocate_wanted.connect(self.commands.relocate)
        self.canvas.mask_shown_changed.connect(self.actions_table.refresh)
        self.welcome.images_wanted.connect(self.commands.open_images)
        self.welcome.folder_wanted.connect(self.commands.open_folder)
        self.welcome.any_project_wanted.connect(self.commands.open_project)
        self.welcome.demo_wanted.connect(self._studio.open_demo)
        self.welcome.project_wanted.connect(self._studio.open_project)
        self.learning.wanted.connect(self.toggle_training)
        self.learning.reader_wanted.connect(self.commands.review.change_reader)
        self.training.rounds_wanted.connect(self.commands.show_rounds)
        self.images.search_left.connect(self.canvas.setFocus)

    # ---- what the presenter says ------------------------------------------------------------------------------

    def _on_changes(self, changes: Changes) -> None:
        if changes.seen_only and not changes.preview:
            # A move of a brush, which waits for nobody.
            self.stage.apply(changes)
            self._follow_pixels()
            return
        if changes.thumbnails_only:
            self.images.apply(changes)
            return
        if changes.project:
            self._follow_project()
        if changes.recent:
            self.welcome.show_recent(self._studio.recent)
        for part in self._parts:
            part.apply(changes)
        session = self._studio.session
        if changes.document or changes.history or changes.images or changes.project or changes.review:
            self.header.show_session(session)
        told = changes.saving or changes.training or changes.better_mask or changes.message is not None
        # What one key would do hangs on the image and on what was done to it, too.
        if told or changes.tool or changes.document or changes.history or changes.project:
            self.status.show_session(session, self._studio.busy)
            self.welcome.show_busy(self._studio.busy)
        if changes.saving and session is not None:
            self._follow_saving(session)
        if changes.training or changes.project:
            self.learning.show_status(None if session is None else session.rounds.status)
        if changes.scale or changes.project:
            self.status.show_scale(session is not None and session.scale.mm_per_px is not None)
        if changes.document or changes.scale or not changes.pixels.is_empty:
            self._follow_pixels()
        if changes.document:
            self._on_view()
            self._drop_offer(session)
        if not changes.seen_only:
            self.actions_table.refresh()
        if changes.message is not None:
            self.show_message(changes.message)
        elif changes.tool and session is not None:
            self._drop_news("copy" if session.editor.proposing else "undecided")
        shown = self.canvas_banner.message
        if shown is not None and not shown.holds():
            self.canvas_banner.clear()

    def _follow_project(self) -> None:
        session = self._studio.session
        self.canvas_banner.clear()
        self.welcome_banner.clear()
        for part in self._parts:
            part.set_session(session)
        self.setWindowTitle("segstudio" if session is None else f"{session.name} – segstudio")
        self._keep_columns()
        self.pages.setCurrentWidget(self.welcome if session is None else self.splitter)
        self.welcome.show_recent(self._studio.recent)
        self.header.show_session(session)
        self.status.show_session(session, self._studio.busy)
        self.learning.show_reader("" if session is None else session.review.reader)
        self.learning.show_status(None if session is None else session.rounds.status)
        self._on_view()
        self.actions_table.refresh()
        (self.welcome if session is None else self.canvas).setFocus()

    def show_message(self, message: Message) -> None:
        """Say something quietly above what is shown."""
        session = self._studio.session
        if session is not None and message.sentence == session.save_status.sentence:
            message = session.unsaved  # something else failed for the same reason
        banner = self.welcome_banner if session is None else self.canvas_banner
        self._message_image = None if session is None else session.current_id
        banner.show_message(message)

    def _drop_news(self, key: str) -> None:
        """What was said has been heard: it must not lie over the image that is looked at now."""
        shown = self.canvas_banner.message
        if shown is not None and shown.key == key:
            self.canvas_banner.clear()

    def _drop_offer(self, session: Session | None) -> None:
        """What was said or offered about one mask goes with its image."""
        shown = self.canvas_banner.message
        if session is None or shown is None or shown.key not in _OF_AN_IMAGE:
            return
        if session.current_id != self._message_image:
            self.canvas_banner.clear()

    def _follow_saving(self, session: Session) -> None:
        """Work that can't be written is worth a banner, once, until it is written."""
        failed = session.save_status.state == "failed"
        if failed and not self._unsaved:
            self.show_message(session.unsaved)
        elif session.save_status.state == "saved":
            self._drop_news("saving")
        self._unsaved = failed
        self._leaving = self._leaving and session.save_status.state != "saved"

    def _follow_pixels(self) -> None:
        # Nobody reads faster than this, and text that is laid out at every move would double what a move costs.
        if not self._readout_timer.isActive():
            self._readout_timer.start()

    def _on_pointer(self, point: tuple[float, float] | None) -> None:
        self._pointed = point
        self._follow_pixels()

    def _show_readout(self) -> None:
        self.status.show_readout(Readout.of(self._studio.session, self._pointed))

    def _on_view(self) -> None:
        self.status.show_zoom(self.canvas.zoom_percent if self.canvas.renderer is not None else None)

    # ---- asked by actions -------------------------------------------------------------------------------------

    def focus_filter(self) -> None:
        """Type into the filter."""
        self.images.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.images.search.selectAll()

    def toggle_full_screen(self) -> None:
        """The whole screen, or back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def toggle_training(self) -> None:
        """Unfold the training details, or fold them."""
        self.training.fold(not self.training.folded)

    def _fill_recent(self) -> None:
        self._recent_menu.clear()
        projects = self._studio.recent
        for folder in projects:
            action = self._recent_menu.addAction(without_key(folder.stem))
            action.triggered.connect(lambda _=False, folder=folder: self._studio.open_project(folder))
        if not projects:
            self._recent_menu.addAction("No recent projects").setEnabled(False)

    # ---- Qt ---------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders are welcome anywhere."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            self.welcome.set_drop_over(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Carried on."""
        self.welcome.set_drop_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Open or add what was dropped."""
        self.welcome.set_drop_over(False)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.commands.take(paths)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return presses the button that has the keyboard, as Space does; a number that was typed is done with."""
        focused = self.focusWidget()
        returns = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if returns and isinstance(focused, QAbstractButton):
            focused.click()
        elif (returns or event.key() == Qt.Key.Key_Escape) and isinstance(focused, QAbstractSpinBox):
            self.canvas.setFocus()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """A dialog ends a stroke; a shortcut is no shortcut while its key is still down from the last time."""
        if event.type() == QEvent.Type.WindowBlocked:
            self.canvas.let_go()
        if self.still_down.repeats(event):
            event.accept()
            return True
        if event.type() == QEvent.Type.ShortcutOverride:
            # What changed is told of in the next turn, and a key may be heard before that: undo after the first point.
            self.actions_table.refresh()
        return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Never asks: everything is written, the stroke in hand too; stays only if that failed."""
        self._remember()
        # What is still computed is waited for, and so is the worker: nobody has to look on.
        self.hide()
        session = self._studio.session
        if not self._studio.close() and session is not None and not self._leaving:
            # Nobody is trapped by a full disk: closing once more leaves without what can't be written.
            self._leaving = True
            sentence = f"{session.save_status.sentence} Close the window once more to leave without it."
            self.show_message(Message(sentence, "trouble", "Try again", session.retry_saving, key="saving"))
            self.show()
            event.ignore()
            return
        self._unsubscribe()
        self._unsubscribe = lambda: None
        event.accept()

    def _remember(self) -> None:
        geometry = self.saveGeometry().toBase64().data()
        self._settings.set("window.geometry", bytes(geometry).decode("ascii"))
        self._keep_columns()
        self._settings.set("window.folded", [name for name, section in self._sections.items() if section.folded])

    def _keep_columns(self) -> None:
        if self.splitter.isVisible():  # a page that nobody sees has sizes by chance
            self._settings.set("window.columns", list(self.splitter.kept()))

    def _restore(self) -> None:
        geometry = self._settings.get("window.geometry")
        if not (
            isinstance(geometry, str) and self.restoreGeometry(QByteArray(base64.b64decode(geometry, validate=False)))
        ):
            # No larger than the screen, with room for the frame: else the right column is out of reach at first.
            room = self.screen().availableSize() - FRAME_ROOM
            self.resize(FIRST_SIZE.boundedTo(room))
        columns = self._settings.get("window.columns")
        if isinstance(columns, list) and len(sizes := [size for size in columns if isinstance(size, int)]) == 3:
            self.splitter.setSizes(sizes)
        folded = self._settings.get("window.folded", ["tone"])
        for name, section in self._sections.items():
            section.fold(isinstance(folded, list) and name in folded)
