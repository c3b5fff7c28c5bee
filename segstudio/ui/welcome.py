"""What is shown without a project: open images, try a demo, go on with a recent project."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.ui.icons import app_icon, icon
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import ElidedLabel, as_typed, label, restyle

_WIDTH = 640
_SHOWN_RECENT = 5

DEMOS = (
    ("lesion", "drop-half", "Lesion demo", "24 skin images drawn here, each with a mask at once."),
    ("body", "person-simple", "Body demo", "24 people drawn here, each with a mask at once."),
)


class Card(QToolButton):
    """A large button: icon, title, a line about it."""

    def __init__(self, theme: Theme, name: str, title: str, about: str) -> None:
        super().__init__()
        self.setObjectName("card")
        self._theme, self._name = theme, name
        self.setAccessibleName(title)
        self.setAccessibleDescription(about)
        self.setMinimumHeight(88)
        # As wide as the others, however long its words are.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._glyph = QLabel()
        self._glyph.setFixedWidth(32)
        words = label(about, tone="muted")
        words.setWordWrap(True)
        layout = QGridLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setHorizontalSpacing(12)
        layout.setVerticalSpacing(4)
        layout.setColumnStretch(1, 1)
        layout.addWidget(self._glyph, 0, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(label(title, size="strong"), 0, 1)
        layout.addWidget(words, 1, 1, Qt.AlignmentFlag.AlignTop)
        for child in self.findChildren(QLabel):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.changed.connect(self._refresh)
        self._refresh()

    def sizeHint(self) -> QSize:
        """As large as its layout asks for."""
        inner = self.layout()
        return super().sizeHint() if inner is None else inner.sizeHint()

    def _refresh(self) -> None:
        self._glyph.setPixmap(icon(self._name, self._theme.tokens, self._theme.tokens.accent).pixmap(28, 28))


class Welcome(QWidget):
    """The start page."""

    images_wanted = Signal()
    folder_wanted = Signal()
    any_project_wanted = Signal()
    demo_wanted = Signal(str)
    project_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("welcome")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._theme = theme
        self.drop = self._make_drop()
        self.demos: dict[str, Card] = {}
        cards = QHBoxLayout()
        cards.setSpacing(16)
        for kind, name, title, about in DEMOS:
            card = self.demos[kind] = Card(theme, name, title, about)
            card.clicked.connect(lambda _=False, kind=kind: self.demo_wanted.emit(kind))
            cards.addWidget(card, 1)
        self.busy = label(tone="muted")
        self.busy.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.recent_title = label("Recent projects", size="strong")
        # In line with the text of the rows below, which have a margin to light up in.
        self.recent_title.setIndent(9)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        column = QWidget()
        column.setFixedWidth(_WIDTH)
        inner = QVBoxLayout(column)
        inner.setContentsMargins(0, 24, 0, 24)
        inner.setSpacing(0)
        inner.addStretch(2)
        inner.addLayout(self._make_head())
        inner.addSpacing(24)
        inner.addWidget(self.drop)
        inner.addSpacing(16)
        inner.addLayout(cards)
        inner.addSpacing(16)
        inner.addWidget(self.busy)
        inner.addSpacing(8)
        inner.addWidget(self.recent_title)
        inner.addSpacing(4)
        inner.addLayout(self._recent)
        inner.addStretch(3)
        page = QWidget()
        middle = QHBoxLayout(page)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.addWidget(column, 0, Qt.AlignmentFlag.AlignHCenter)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(_scrolling(page))

    def show_recent(self, projects: list[Path]) -> None:
        """List the projects to go on with."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.recent_title.setVisible(bool(projects))
        for folder in projects[:_SHOWN_RECENT]:
            self._recent.addWidget(self._recent_button(folder))

    def show_busy(self, text: str) -> None:
        """What is being prepared; meanwhile nothing else can be started here."""
        self.busy.setText(text)
        for widget in (*self.demos.values(), *self.drop.findChildren(QPushButton)):
            widget.setEnabled(not text)

    def set_drop_over(self, over: bool) -> None:
        """Light up while files are held above the window."""
        restyle(self.drop, "over", over)

    def _make_head(self) -> QHBoxLayout:
        mark = QLabel()
        mark.setPixmap(app_icon().pixmap(48, 48))
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(label("segstudio", size="large"))
        words.addWidget(label("Correct masks while a model learns from you.", tone="muted"))
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(mark)
        head.addLayout(words, 1)
        return head

    def _make_drop(self) -> QFrame:
        drop = QFrame()
        drop.setObjectName("drop")
        drop.setMinimumHeight(128)
        images, folder, project = (QPushButton(f"Open {what}…") for what in ("images", "folder", "project"))
        folder.setProperty("primary", True)
        folder.clicked.connect(self.folder_wanted)
        images.clicked.connect(self.images_wanted)
        project.clicked.connect(self.any_project_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button in (folder, images, project):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(drop)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(12)
        about = label("Drop images, a folder of images or a project here")
        about.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)
        layout.addWidget(about)
        layout.addLayout(buttons)
        layout.addStretch(1)
        return drop

    def _recent_button(self, folder: Path) -> QPushButton:
        button = QPushButton()
        button.setObjectName("recent")
        button.setAccessibleName(f"Open {folder.stem}")
        button.setToolTip(as_typed(str(folder)))
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setFixedHeight(32)
        layout = QHBoxLayout(button)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.setSpacing(12)
        name = label(folder.stem)
        place = ElidedLabel(str(folder.parent), tone="muted")
        place.setToolTip("")
        layout.addWidget(name)
        layout.addWidget(place, 1)
        for child in (name, place):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        button.clicked.connect(lambda: self.project_wanted.emit(folder))
        return button


def _scrolling(page: QWidget) -> QScrollArea:
    """A page that scrolls where the window is too low for it, rather than being squeezed."""
    page.setObjectName("welcome")
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
