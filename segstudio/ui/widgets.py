"""Small parts that several places use."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QIcon, QPainter, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QSlider, QToolButton, QVBoxLayout, QWidget

from segstudio.ui.icons import icon
from segstudio.ui.style import SCROLL_BAR
from segstudio.ui.theme import ICON, Theme

FRAME_ROOM = QSize(16, 48)
"""What a window's frame takes of the screen, about."""


def label(text: str = "", tone: str = "", size: str = "") -> QLabel:
    """A label in one of the style sheet's tones and sizes; what looks like markup in a name is part of the name."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if tone:
        made.setProperty("tone", tone)
    if size:
        made.setProperty("role", size)
    return made


def as_typed(words: str) -> str:
    """``words`` for a tooltip, which takes what looks like markup for markup: a name is shown as it was typed."""
    return f'<p style="white-space:pre-wrap">{escape(words)}</p>' if "<" in words or "&lt;" in words else words


def without_key(words: str) -> str:
    """``words`` for a menu or a button, which would take an ampersand in a name for the key that follows it."""
    return words.replace("&", "&&")


def typed_path(text: str) -> Path:
    """The file or folder that somebody typed, whole. A ``~`` of nobody is part of a name and no reason to fail."""
    return Path(os.path.abspath(os.path.expanduser(text.strip())))


def picture_icon(pixmap: QPixmap) -> QIcon:
    """A picture for a list, the same where it is chosen: the tint that Qt gives it would change what is looked at."""
    made = QIcon(pixmap)
    made.addPixmap(pixmap, QIcon.Mode.Selected)
    return made


def open_at(window: QWidget, width: int, height: int) -> None:
    """Give a window this size, or what the screen has room for."""
    window.resize(QSize(width, height).boundedTo(window.screen().availableSize() - FRAME_ROOM))


def make_room(window: QWidget) -> None:
    """Grow a window for words that wrap, as far as the screen goes: by itself it cuts them and what is below.

    Qt opens none higher than two thirds of the screen, and asks for no height that hangs on the width.
    """
    layout = window.layout()
    if layout is not None and window.isVisible():
        layout.activate()
        room = window.screen().availableSize().height() - FRAME_ROOM.height()
        wraps = layout.hasHeightForWidth()
        needed = layout.totalHeightForWidth(window.width()) if wraps else layout.totalSizeHint().height()
        window.resize(window.width(), max(window.height(), min(needed, room)))


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet asks for."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def keep_clicks(widget: QWidget) -> None:
    """Mouse and pen that ``widget`` and what it holds have no use for are not handed on to what it lies over.

    Beside a button a click would paint beneath it, where nobody sees it; a pen would on the button, too.
    """
    widget.setAttribute(Qt.WidgetAttribute.WA_NoMousePropagation)


class KeptInPlace(QObject):
    """Calls ``place`` when ``widget`` appears, and whenever what it lies over gets another size while it is shown.

    While it is hidden nothing is heard of: every move of a brush would come by. Clicks on ``widget`` end there.
    """

    def __init__(self, widget: QWidget, over: QWidget, place: Callable[[], None]) -> None:
        super().__init__(widget)
        self._over, self._place = over, place
        keep_clicks(widget)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hear of both."""
        kind = event.type()
        if watched is self._over:
            if kind == QEvent.Type.Resize:
                self._place()
        elif kind == QEvent.Type.Show:
            self._place()
            self._over.installEventFilter(self)
        elif kind == QEvent.Type.Hide:
            self._over.removeEventFilter(self)
        return False


class IconButton(QToolButton):
    """A button with an icon that follows the theme. ``checked_icon`` is shown while it is checked."""

    def __init__(self, theme: Theme, name: str, tip: str, checked_icon: str = "", side: int = 28) -> None:
        super().__init__()
        self._theme, self._name, self._checked_icon = theme, name, checked_icon
        self.setIconSize(QSize(ICON, ICON))
        self.setFixedSize(side, side)
        self.setToolTip(tip)
        self.setAccessibleName(tip.split(" (")[0])
        self.setCheckable(bool(checked_icon))
        self._refresh()
        theme.changed.connect(self._refresh)
        self.toggled.connect(self._refresh)

    def _refresh(self) -> None:
        tokens = self._theme.tokens
        if self._checked_icon:
            # Off is the usual state of a switch in a row: it steps back, on stands out.
            name, color = (self._checked_icon, tokens.accent) if self.isChecked() else (self._name, tokens.muted)
            self.setIcon(icon(name, tokens, color))
        else:
            self.setIcon(icon(self._name, tokens))


class CalmSlider(QSlider):
    """A slider that the wheel does not move: scrolling past it must not change a value."""

    def __init__(self, low: int, high: int, name: str, tip: str = "") -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(low, high)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setMinimumHeight(20)
        # Only Tab leads here: after a drag the keys of the tools work on.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Left to whatever scrolls."""
        event.ignore()


_ROOM_FOR_WORDS = 60
"""Width, in logical pixels, from which on a word that is cut can still be guessed."""


class ElidedLabel(QLabel):
    """One line that is cut by an ellipsis where there is no room; its tooltip has the whole then, before ``about``."""

    def __init__(self, text: str = "", tone: str = "", middle: bool = False, about: str = "") -> None:
        super().__init__()
        self._full = ""
        self._about = about
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(24)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if tone:
            self.setProperty("tone", tone)
        self.set_full(text)

    def set_full(self, text: str) -> None:
        """Show ``text``, as much of it as fits."""
        self._full = text
        self.setAccessibleName(text)
        self._elide()

    def set_about(self, about: str) -> None:
        """Explain the text in the tooltip."""
        self._about = about
        self._elide()

    def full(self) -> str:
        """The whole text."""
        return self._full

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, another ellipsis."""
        super().resizeEvent(event)
        self._elide()

    def sizeHint(self) -> QSize:
        """Room for the whole text."""
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._full) + 2 + self._beside, metrics.height())

    @property
    def _beside(self) -> int:
        """What is taken of the width beside the text: an ellipsis that reached into it would be cut."""
        return max(0, self.indent()) + self.width() - self.contentsRect().width()

    def _elide(self) -> None:
        metrics = QFontMetrics(self.font())
        self._show(metrics.elidedText(self._full, self._mode, max(0, self.width() - self._beside)))

    def _show(self, shown: str) -> None:
        cut = shown != self._full
        self.setText(shown)
        said = f"{self._full}: {self._about}" if cut and self._about else self._full if cut else self._about
        self.setToolTip(as_typed(said))
        self.updateGeometry()


class FittingLabel(ElidedLabel):
    """One line in as many words as there is room for; nothing is better than a few letters of it."""

    _wordings: Sequence[str] = ("",)

    def __init__(self, tone: str = "", middle: bool = False, about: str = "") -> None:
        super().__init__(tone=tone, middle=middle, about=about)
        self.setMinimumWidth(0)

    def set_wordings(self, wordings: Sequence[str]) -> None:
        """Show the first of ``wordings`` that fits; they say the same in ever fewer words."""
        self._wordings = wordings
        self.set_full(wordings[0])

    def _elide(self) -> None:
        metrics = QFontMetrics(self.font())
        fitting = (words for words in self._wordings if metrics.horizontalAdvance(words) <= self.width())
        shown = next(fitting, "")
        if not shown and self.width() >= _ROOM_FOR_WORDS:
            shown = metrics.elidedText(self._wordings[-1], self._mode, self.width())
        self._show(shown)


class ProgressLine(QWidget):
    """A bar 4 px high."""

    def __init__(self, theme: Theme, name: str, color: str = "accent") -> None:
        super().__init__()
        self._theme, self._color, self._name = theme, color, name
        self._fraction = 0.0
        self.setFixedHeight(4)
        self.setAccessibleName(name)
        theme.changed.connect(self.update)

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return self._fraction

    def set_fraction(self, fraction: float) -> None:
        """Show another share."""
        fraction = min(1.0, max(0.0, fraction))
        if fraction != self._fraction:
            self._fraction = fraction
            self.setAccessibleDescription(f"{fraction:.0%}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A round-ended bar in a round-ended groove."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        groove = QRectF(0, 0, self.width(), self.height())
        painter.setBrush(self._theme.color("line"))
        painter.drawRoundedRect(groove, 2, 2)
        if self._fraction > 0:
            painter.setBrush(self._theme.color(self._color))
            painter.drawRoundedRect(QRectF(0, 0, max(4.0, self.width() * self._fraction), self.height()), 2, 2)
        painter.end()


class Rule(QWidget):
    """A hair line between sections."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("rule")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(1)


class Section(QWidget):
    """A titled part of the side panel that folds."""

    def __init__(self, theme: Theme, title: str, on_fold: Callable[[bool], None] | None = None) -> None:
        super().__init__()
        self._theme = theme
        self._on_fold = on_fold
        self.title = QToolButton()
        self.title.setObjectName("sectionTitle")
        self.title.setText(title)
        self.title.setCheckable(True)
        self.title.setChecked(True)
        self.title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.title.setIconSize(QSize(12, 12))
        # A long title is cut, and asks for no room: the panel must not become wider for a name in it.
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.title.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.title.setAccessibleName(f"{title}, fold or unfold")
        self.body = QWidget()
        self.content = QVBoxLayout(self.body)
        # On the right the panel adds the width of its scroll bar.
        self.content.setContentsMargins(12, 0, 12 - SCROLL_BAR, 12)
        self.content.setSpacing(8)
        self.folded_body: QWidget | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self.title)
        self._layout.addWidget(self.body)
        self.title.toggled.connect(self._on_toggled)
        theme.changed.connect(self._refresh)
        self._refresh()

    def set_folded_body(self, widget: QWidget) -> None:
        """What stands below the title while the section is folded."""
        self.folded_body = widget
        self._layout.insertWidget(1, widget)
        widget.setVisible(self.folded)

    @property
    def folded(self) -> bool:
        """True while only the title is shown."""
        return not self.title.isChecked()

    def fold(self, folded: bool) -> None:
        """Fold or unfold."""
        self.title.setChecked(not folded)

    def _on_toggled(self, unfolded: bool) -> None:
        self.body.setVisible(unfolded)
        if self.folded_body is not None:
            self.folded_body.setVisible(not unfolded)
        self._refresh()
        if self._on_fold is not None:
            self._on_fold(not unfolded)

    def _refresh(self) -> None:
        name = "caret-right" if self.folded else "caret-down"
        self.title.setIcon(icon(f"{name}-bold", self._theme.tokens, self._theme.tokens.muted))
