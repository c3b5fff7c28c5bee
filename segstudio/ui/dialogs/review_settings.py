"""How a project is reviewed, each setting in a sentence or two."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from segstudio.app.review import Review
from segstudio.domain.review import ReviewSettings
from segstudio.ui.choices import CheckBox
from segstudio.ui.keys import native
from segstudio.ui.option_rows import CalmSpin
from segstudio.ui.scroll_part import ScrollBody
from segstudio.ui.style import SCROLL_BAR
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import label, make_room

WIDTH = 560
_INDENT = 24


class _Share(CalmSpin):
    """A share of the images."""

    def __init__(self, share: float, name: str) -> None:
        super().__init__()
        self.setDecimals(0)
        self.setRange(0, 100)
        self.setSingleStep(5)
        self.setSuffix(" %")
        self.setSpecialValueText("none")
        self.setValue(round(100 * share))
        self.setAccessibleName(name)
        self.setFixedWidth(96)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


class ReviewSettingsDialog(QDialog):
    """Nothing changes until OK; ``chosen`` tells what was chosen."""

    chosen = Signal(object)

    def __init__(self, review: Review, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Review settings")
        self.setFixedWidth(WIDTH)
        settings = self._before = review.settings
        self.asks = CheckBox(theme, "Ask who is reading when the project is opened")
        self.asks.setChecked(settings.asks_reader)
        self.second = _Share(settings.second_share, "Share of images that two readers read")
        self.sees_model = CheckBox(theme, "Give the second reader the model's mask")
        self.sees_model.setChecked(settings.second_sees_model)
        self.draw_first = _Share(settings.draw_first_share, "Share of images on which readers draw first")
        self.notice = _about("", indent=0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24 - SCROLL_BAR, 20)
        layout.setSpacing(0)
        layout.addWidget(ScrollBody(self._body()), 1)
        layout.addSpacing(12)
        layout.addLayout(self._foot())
        for share in (self.second, self.draw_first):
            share.valueChanged.connect(self._refresh)
        self.sees_model.toggled.connect(self._refresh)
        self._refresh()
        self.asks.setFocus()

    def _body(self) -> QWidget:
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label("Readers", size="strong"))
        layout.addWidget(self.asks)
        layout.addWidget(_about("Else the name that was used last on this computer is taken. It is always shown."))
        layout.addSpacing(12)
        layout.addWidget(label("Second reader", size="strong"))
        layout.addLayout(_row("Images that two readers read", self.second))
        layout.addWidget(
            _about("The second sees neither the first's mask nor that there is one, until both are approved.", 0)
        )
        layout.addSpacing(4)
        layout.addWidget(self.sees_model)
        layout.addWidget(_about("The one that the first was given. Without it the second starts from nothing."))
        layout.addSpacing(12)
        layout.addWidget(label("Draw first, then compare", size="strong"))
        layout.addLayout(_row("Images on which the model's mask waits", self.draw_first))
        layout.addWidget(
            _about(
                native("There a reader draws a mask before Shift+D shows the model's. ")
                + "Agreement then tells how much readers lean on the model.", 0,
            )
        )  # fmt: skip
        layout.addStretch(1)
        return body

    def _foot(self) -> QVBoxLayout:
        # Whether a round ends is in sight wherever the settings were scrolled to.
        foot = QVBoxLayout()
        foot.setContentsMargins(0, 0, SCROLL_BAR, 0)
        foot.setSpacing(8)
        foot.addWidget(self.notice)
        foot.addLayout(self._buttons())
        return foot

    @property
    def settings(self) -> ReviewSettings:
        """What the dialog says."""
        return ReviewSettings(
            asks_reader=self.asks.isChecked(),
            second_share=self._share(self.second, self._before.second_share),
            second_sees_model=self.sees_model.isChecked(),
            draw_first_share=self._share(self.draw_first, self._before.draw_first_share),
        )

    def showEvent(self, event: QShowEvent) -> None:
        """No sentence is cut."""
        super().showEvent(event)
        make_room(self)

    def accept(self) -> None:
        """Tell what was chosen."""
        settings = self.settings
        super().accept()
        self.chosen.emit(settings)

    @staticmethod
    def _share(field: CalmSpin, before: float) -> float:
        # A share finer than whole per cents stays what it is unless it was changed.
        return before if field.value() == round(100 * before) else field.value() / 100

    def _buttons(self) -> QHBoxLayout:
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        self.ok = QPushButton("OK")
        self.ok.setProperty("primary", True)
        self.ok.setDefault(True)
        self.ok.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.ok)
        return row

    def _refresh(self) -> None:
        self.sees_model.setEnabled(self.second.value() > 0)
        settings, before = self.settings, self._before
        reopens = (settings.second_share, settings.second_sees_model) != (before.second_share, before.second_sees_model)
        words = "A hash of each image's number chooses which images, so the choice is always the same."
        if reopens:
            words += " OK opens the project anew; a round under way ends."
        self.notice.setText(words)
        make_room(self)


def _about(text: str, indent: int = _INDENT) -> QLabel:
    made = label(text, tone="muted")
    made.setWordWrap(True)
    made.setContentsMargins(indent, 0, 0, 0)
    return made


def _row(text: str, field: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(12)
    row.addWidget(label(text), 1)
    row.addWidget(field)
    return row
