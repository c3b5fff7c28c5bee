"""The one style sheet, filled with the colours of a look."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

SCROLL_BAR = 10
"""Width of a scroll bar in logical pixels."""

# What is typed or chosen in has an ``edge`` that stands out; a button is known by its words and keeps a fainter line.
# 8 px grid between things, 4 px inside controls. No frame round a frame: panels are told apart by their tone.
_SHEET = Template(
    """
* { outline: none; }
QMainWindow, QDialog { background: $panel; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px 8px; }
QLabel { background: transparent; }
QLabel[tone="muted"] { color: $muted; }
QLabel[tone="bad"] { color: $bad; }
QLabel[tone="good"] { color: $good; }
QLabel[role="small"] { font-size: 11px; }
QLabel[role="large"] { font-size: 16px; font-weight: 600; }
QLabel[role="strong"] { font-weight: 600; }

QMenuBar { background: $panel; color: $text; padding: 2px 4px; border: none; }
QMenuBar::item { background: transparent; padding: 5px 10px; border-radius: 4px; }
QMenuBar::item:selected { background: $hover; }
QMenuBar::item:pressed { background: $pressed; }
QMenu { background: $raised; color: $text; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 8px; border-radius: 4px; min-width: 160px; }
QMenu::item:selected { background: $accent_soft; }
QMenu::item:disabled { color: $faint; }
QMenu::icon { padding-left: 8px; }
QMenu::icon:checked { background: $accent_soft; border: 1px solid $accent; border-radius: 4px; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }

QSplitter::handle { background: $window; }
QSplitter::handle:horizontal { width: 1px; }

#side, #header, #status, #tools, #menuCorner { background: $panel; }
#status { border-top: 1px solid $window; }
#header { border-bottom: 1px solid $window; }
#sectionTitle { text-align: left; border: 1px solid transparent; background: transparent; padding: 5px 3px;
    font-weight: 600; color: $text; }
#sectionTitle:hover { background: $hover; }
#sectionTitle:focus { border-color: $accent; }
#unit { font-size: 10px; padding: 0; border: none; border-radius: 0; background: $panel; color: $muted; }
#unit:hover { background: $hover; }
#rule { background: $line; }

QToolButton { background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 3px;
    color: $text; }
QToolButton:hover { background: $hover; }
QToolButton:pressed { background: $pressed; }
QToolButton:checked { background: $accent_soft; }
QToolButton:focus { border-color: $accent; }
QToolButton::menu-indicator { image: none; }

QPushButton { background: $raised; color: $text; border: 1px solid $line; border-radius: 4px; padding: 5px 12px;
    min-height: 16px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QMessageBox #qt_msgbox_informativelabel { min-width: 320px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $pressed; }
QPushButton:disabled { color: $faint; background: $panel; }
QPushButton:focus { border-color: $accent; }
QPushButton[primary="true"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[primary="true"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[primary="true"]:focus { border-color: $text; }
QPushButton[primary="true"]:disabled { background: $raised; color: $faint; border-color: $line; }
QPushButton[flat="true"] { background: transparent; border-color: transparent; color: $accent; padding: 4px 8px; }
QPushButton[flat="true"]:hover { background: $hover; }
QPushButton[flat="true"]:disabled { color: $faint; }
QPushButton[flat="true"]:focus { border-color: $accent; }

QToolButton[segment="true"] { background: $field; border-color: $line; padding: 2px 4px; }
QToolButton[segment="true"]:hover { background: $hover; }
QToolButton[segment="true"]:checked { background: $accent_soft; border-color: $accent; }

QComboBox { background: $field; color: $text; border: 1px solid $edge; border-radius: 4px; padding: 4px 6px; }
QComboBox:hover { background: $hover; }
QComboBox:disabled { color: $faint; border-color: $line; }
QComboBox:focus { border-color: $accent; }
QComboBox::drop-down { width: 20px; border: none; }
QComboBox QAbstractItemView { background: $raised; color: $text; border: 1px solid $line; padding: 4px;
    selection-background-color: $accent_soft; selection-color: $text; }
QLineEdit, QSpinBox, QDoubleSpinBox, QPlainTextEdit { background: $field; color: $text; border: 1px solid $edge;
    border-radius: 4px; padding: 4px 6px; selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QPlainTextEdit:disabled { color: $faint;
    border-color: $line; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QPlainTextEdit:focus { border-color: $accent; }
QSpinBox, QDoubleSpinBox { padding: 3px 8px 3px 4px; }
QSpinBox QLineEdit, QDoubleSpinBox QLineEdit { border: none; padding: 0; background: transparent; }
QSpinBox::up-button, QSpinBox::down-button { width: 0; border: none; }
QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; border: none; }
QLineEdit[inline="true"] { padding: 1px 4px; }

QRadioButton, QCheckBox { spacing: 8px; padding: 2px; border: 1px solid transparent; border-radius: 4px; }
QRadioButton:focus, QCheckBox:focus { border-color: $accent; }

QCheckBox::indicator, QRadioButton::indicator { width: 16px; height: 16px; image: none; border: none; }
QListView { background: $panel; border: 1px solid transparent; }
QListView:focus { border-color: transparent; }
QListWidget#versions { border: 1px solid $line; border-radius: 4px; selection-background-color: $accent_soft;
    selection-color: $text; }
QListWidget#versions:focus { border-color: $accent; }
QTableView { background: $panel; alternate-background-color: $panel; border: 1px solid $line; border-radius: 4px;
    selection-background-color: $accent_soft; selection-color: $text; }
QTableView:focus { border-color: $accent; }
QTableView::item { padding: 0 6px; border: none; }
QTableView QLineEdit { padding: 0 4px; border-radius: 0; }
QHeaderView { background: $panel; border: none; }
QHeaderView::section { background: $panel; color: $muted; border: none; border-bottom: 1px solid $line;
    padding: 5px 9px; text-align: left; }
QHeaderView::up-arrow, QHeaderView::down-arrow { width: 0; }

QSlider::groove:horizontal { height: 4px; background: $line; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $muted; border-radius: 2px; }
QSlider::handle:horizontal { width: 12px; height: 12px; margin: -5px 0; border-radius: 7px; background: $text;
    border: 1px solid $panel; }
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus { background: $accent; }
QSlider:disabled { color: $faint; }
QSlider::handle:horizontal:disabled, QSlider::sub-page:horizontal:disabled { background: $faint; }

QProgressBar { background: $line; border: none; border-radius: 2px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QScrollBar:vertical { width: ${scroll_bar}px; background: transparent; margin: 0; }
QScrollBar:horizontal { height: ${scroll_bar}px; background: transparent; margin: 0; }
QScrollBar::handle { background: $pressed; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QScrollArea { border: none; background: transparent; }

#banner { background: $raised; border: 1px solid $line; border-radius: 6px; }
#failure { background: transparent; }
#welcome { background: $window; }
#card { background: $panel; border: 1px solid $line; border-radius: 8px; text-align: left; padding: 16px; }
#card:hover { background: $raised; }
#card:focus { border-color: $accent; }
#drop { border: 1px dashed $faint; border-radius: 8px; }
#drop[over="true"] { border-color: $accent; background: $accent_soft; }
#recent { text-align: left; background: transparent; border: 1px solid transparent; border-radius: 4px;
    padding: 6px 8px; }
#recent:hover { background: $hover; }
#recent:focus { border-color: $accent; }
#segmentRow { border-radius: 4px; }
#segmentRow[active="true"] { background: $accent_soft; }
#keycap { background: $window; color: $text; border: 1px solid $line; border-radius: 3px; padding: 1px 6px;
    font-size: 11px; }
"""
)


def style_sheet(colors: Mapping[str, object]) -> str:
    """The style sheet in the given colours, which are named as in ``theme.Tokens``."""
    named = {name: value for name, value in colors.items() if isinstance(value, str)}
    return _SHEET.substitute(named, scroll_bar=SCROLL_BAR)
