"""The two looks of the window, and what follows the system's choice between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from segstudio.ui.style import style_sheet

Appearance = Literal["system", "light", "dark"]

ICON = 18
"""Side of every icon, in logical pixels."""

TEXT_SMALL, TEXT = 11, 13
"""The three sizes of text, in logical pixels."""


@dataclass(frozen=True)
class Tokens:
    """Every colour of one look, by its purpose."""

    dark: bool
    canvas: str
    window: str
    panel: str
    raised: str
    field: str
    hover: str
    pressed: str
    line: str
    edge: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_soft: str
    good: str
    warn: str
    bad: str
    predicted: str


# The image is the brightest thing on the screen: in the dark look no text is white.
DARK = Tokens(
    dark=True,
    canvas="#0e0f11",
    window="#15171a",
    panel="#1b1e22",
    raised="#262a30",
    field="#131518",
    hover="#282c32",
    pressed="#31363d",
    line="#2a2e34",
    edge="#646b75",
    text="#d6d9dd",
    muted="#9aa1aa",
    faint="#6a717b",
    accent="#6ea6f2",
    accent_hover="#86b6f6",
    on_accent="#0c1522",
    accent_soft="#233246",
    good="#55bf8d",
    warn="#e0a64e",
    bad="#ee8277",
    predicted="#8fa8d8",
)
LIGHT = Tokens(
    dark=False,
    canvas="#cfd2d6",
    window="#e6e8ea",
    panel="#f4f5f6",
    raised="#ffffff",
    field="#ffffff",
    hover="#e4e7ea",
    pressed="#d8dce0",
    line="#d3d7db",
    edge="#868d96",
    text="#1e2227",
    muted="#596069",
    faint="#858c95",
    accent="#2a66c0",
    accent_hover="#1f57ab",
    on_accent="#ffffff",
    accent_soft="#d7e4f7",
    good="#1b7a50",
    warn="#955f00",
    bad="#b23a30",
    predicted="#4a68a8",
)

# What desktops name as their font when they have no opinion; a calmer face is taken if it is installed.
_NO_OPINION = {"DejaVu Sans", "Bitstream Vera Sans", "Sans", "Sans Serif", ""}
_CALMER = ("Inter", "Noto Sans", "Cantarell", "Ubuntu", "Open Sans")


class Theme(QObject):
    """The look in use; ``changed`` follows the system or the user."""

    changed = Signal()

    def __init__(self, app: QApplication, appearance: Appearance = "system") -> None:
        super().__init__(app)
        self._app = app
        self.appearance: Appearance = appearance
        self.tokens = self._wanted()
        app.setStyle("Fusion")
        app.setFont(ui_font())
        self._apply()
        app.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    def set_appearance(self, appearance: Appearance) -> None:
        """Light, dark, or as the system is."""
        self.appearance = appearance
        self._on_system_changed()

    @contextmanager
    def building(self) -> Iterator[None]:
        """Style a window once it is built: Qt styles a part anew with each part that it is put into."""
        self._app.setStyleSheet("")
        try:
            yield
        finally:
            self._apply()

    def color(self, token: str) -> QColor:
        """One colour of the look in use, by its name in ``Tokens``."""
        return QColor(getattr(self.tokens, token))

    def _wanted(self) -> Tokens:
        if self.appearance == "system":
            return LIGHT if self._app.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK
        return LIGHT if self.appearance == "light" else DARK

    def _on_system_changed(self) -> None:
        wanted = self._wanted()
        if wanted is not self.tokens:
            self.tokens = wanted
            self._apply()
            self.changed.emit()

    def _apply(self) -> None:
        self._app.setPalette(_palette(self.tokens))
        self._app.setStyleSheet(style_sheet(self.tokens.__dict__))


def ui_font(size: int = TEXT, bold: bool = False) -> QFont:
    """The window's font with figures of one width, so that moving numbers stay put."""
    family = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    if family in _NO_OPINION:
        installed = set(QFontDatabase.families())
        family = next((name for name in _CALMER if name in installed), family)
    font = QFont(family)
    font.setPixelSize(size)
    font.setFeature(QFont.Tag("tnum"), 1)
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def _palette(tokens: Tokens) -> QPalette:
    roles = QPalette.ColorRole
    colors = {
        roles.Window: tokens.panel,
        roles.WindowText: tokens.text,
        roles.Base: tokens.panel,
        roles.AlternateBase: tokens.window,
        roles.Text: tokens.text,
        roles.Button: tokens.raised,
        roles.ButtonText: tokens.text,
        roles.BrightText: tokens.bad,
        roles.Highlight: tokens.accent,
        roles.HighlightedText: tokens.on_accent,
        roles.ToolTipBase: tokens.raised,
        roles.ToolTipText: tokens.text,
        roles.PlaceholderText: tokens.muted,
        roles.Link: tokens.accent,
        roles.Light: tokens.raised,
        roles.Midlight: tokens.hover,
        roles.Mid: tokens.line,
        roles.Dark: tokens.line,
        roles.Shadow: tokens.canvas,
        roles.Accent: tokens.accent,
    }
    palette = QPalette()
    for role, color in colors.items():
        palette.setColor(role, QColor(color))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.faint))
    return palette
