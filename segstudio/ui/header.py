"""The line above the image: which one it is, in what state, whose mask is shown; and the approval."""

from __future__ import annotations

from pathlib import PurePath

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from segstudio.app.document import Document
from segstudio.app.session import Session
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.review import Standing, standing
from segstudio.domain.rounds import STARTER_ROUND
from segstudio.ui.icons import paint_problem, paint_state
from segstudio.ui.keys import native
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import FittingLabel, as_typed, label, restyle

_APPROVE, _REOPEN = "Approve", "Take back"


class StateGlyph(QWidget):
    """The state of an image by shape and colour."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._record: ImageRecord | None = None
        self.setFixedSize(14, 14)
        theme.changed.connect(self.update)

    def show_record(self, record: ImageRecord | None) -> None:
        """The image whose state to show."""
        self._record = record
        self.setAccessibleName("" if record is None else standing(record).value)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The same glyph as in the list."""
        if self._record is None:
            return
        painter = QPainter(self)
        if self._record.problem:
            paint_problem(painter, QRectF(self.rect()), self._theme.tokens)
        else:
            paint_state(painter, QRectF(self.rect()), standing(self._record), self._theme.tokens)
        painter.end()


class _WideButton(QPushButton):
    """As wide as the longest of ``texts`` needs it, whichever it shows: it must not move under the pointer."""

    def __init__(self, *texts: str) -> None:
        super().__init__(texts[0])
        self._texts = texts

    def changeEvent(self, event: QEvent) -> None:
        """Another style, other letters."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            shown = self.text()
            widths = []
            for text in self._texts:
                self.setText(text)
                widths.append(self.sizeHint().width())
            self.setText(shown)
            self.setFixedWidth(max(120, *widths))


_ROOM_FOR_SIZE = 560
"""Width of the line, in logical pixels, from which on there is room for the image's size."""

_ROOM_FOR_STATE = 400
"""The same for the state in words; its glyph says it, too."""

_ROOM_FOR_STEPS = 320
"""The same for the buttons that step to the images beside this one; the list does that, too, and N and PgUp."""

_NARROWEST = 240
"""What the glyph, Approve and a part of the name take."""


class Header(QWidget):
    """Name, size, state and origin at the left; previous, next and Approve at the right."""

    def __init__(self, theme: Theme, actions: dict[str, QAction]) -> None:
        super().__init__()
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(44)
        self.setMinimumWidth(_NARROWEST)
        self._actions = actions
        # A long name gives way: it may neither widen the column nor push Approve under a pointer that aims elsewhere.
        self.name = FittingLabel(middle=True)
        restyle(self.name, "role", "strong")
        self.name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.name.setMinimumWidth(64)
        self.size_text = label(tone="muted")
        self.glyph = StateGlyph(theme)
        self.state = FittingLabel(tone="muted")
        self.approve = _WideButton(_APPROVE, _REOPEN)
        self.approve.setProperty("primary", True)
        self.approve.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.approve.clicked.connect(self._on_approve)
        self._approved = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(self.name)
        layout.addWidget(self.size_text)
        layout.addWidget(self.glyph)
        layout.addWidget(self.state, 1)
        self.steps = (QToolButton(), QToolButton())
        for name, button in zip(("previous", "next"), self.steps, strict=True):
            button.setDefaultAction(actions[name])
            button.setFixedSize(28, 28)
            button.setAccessibleName(actions[name].text())
            layout.addWidget(button)
        layout.addWidget(self.approve)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is narrow the image's size goes first: the name and Approve are what is looked for."""
        super().resizeEvent(event)
        self.size_text.setVisible(self.width() >= _ROOM_FOR_SIZE)
        self.state.setVisible(self.width() >= _ROOM_FOR_STATE)
        for button in self.steps:
            button.setVisible(self.width() >= _ROOM_FOR_STEPS)

    def show_session(self, session: Session | None) -> None:
        """Follow the image on the canvas, or on its way there."""
        image_id = None if session is None else session.current_id
        if session is None or image_id is None:
            self.name.set_wordings([""])
            self.size_text.setText("")
            self.state.set_wordings([""])
            self.glyph.show_record(None)
            self._enable_approve(False)
            return
        record = session.record(image_id)
        self.name.set_wordings([session.catalog.title(record), record.name, PurePath(record.name).stem])
        self.size_text.setText(f"{record.width} × {record.height}" if record.width else "")
        self.glyph.show_record(record)
        self.state.set_wordings(state_wordings(session, record))
        self.glyph.setToolTip(as_typed(self.state.full()))
        # Two readings are compared: what is approved now is the decision.
        decides = session.adjudication.decides(record)
        self._approved = record.state is ImageState.APPROVED and record.rejected is None and not decides
        self.approve.setText(_REOPEN if self._approved else _APPROVE)
        self.approve.setToolTip(native("Take approval back (Shift+A)") if self._approved else "Approve and go on (A)")
        self._enable_approve(session.document is not None and session.loading_id is None)
        restyle(self.approve, "primary", not self._approved)

    def _enable_approve(self, enabled: bool) -> None:
        if not enabled:
            # Else the keyboard goes on to the next field, and the keys with it.
            self.approve.clearFocus()
        self.approve.setEnabled(enabled)

    def _on_approve(self) -> None:
        self._actions["reopen" if self._approved else "approve"].trigger()


def state_words(session: Session, record: ImageRecord) -> str:
    """State and whose mask is shown, as one sentence fragment."""
    return state_wordings(session, record)[0]


def state_wordings(session: Session, record: ImageRecord) -> list[str]:
    """The same from all of it to the least that can be said, for where there is less room."""
    if record.problem:
        return ["Can't be shown"]
    standing_words = _standing_words(record)
    parts = [(standing_words, standing_words)]
    document = session.document
    if document is not None and document.image_id == record.id:
        if document.veiled:
            parts.append(
                (native("draw first, then Shift+D shows the model's mask"), native("draw first, then Shift+D"))
            )
        elif document.mask_origin == "model":
            parts.append(_model_words(document, session.review.names_round))
        elif document.mask_origin == "mine":
            # Drawn unaided, or taken from a reading: no pixel is the model's then, though it said something below.
            no_model = document.prediction_round is None or document.correction.is_full
            parts.append(("your mask", "your mask") if no_model else ("the model's, edited by you", "edited by you"))
        elif document.mask_origin == "none":
            parts.append(("no mask yet", "no mask"))
        if session.truth.dice is not None:
            dice = f"Dice {session.truth.dice:.2f}"
            parts.append((f"{dice} against the mask kept to compare", dice))
    if record.held_out and record.state is ImageState.APPROVED:
        parts.append(("held out to score the model", "held out"))
    long, short = ([one[side] for one in parts] for side in (0, 1))
    return [" · ".join(words) for words in (long, *(short[:count] for count in range(len(short), 0, -1)))]


def _model_words(document: Document, names_round: bool) -> tuple[str, str]:
    """Which model's mask it is, and in fewer words; without ``names_round``, that it is a model's."""
    if not names_round and document.is_empty:
        return "the model found nothing", "found nothing"
    if not names_round:
        return "the model's mask", "model's mask"
    if document.prediction_round == STARTER_ROUND:
        nothing = ("the starter model found nothing", "starter found nothing")
        return nothing if document.is_empty else ("the starter model's mask", "starter")
    number = f"round {document.prediction_round}"
    if document.is_empty:
        return f"the model found nothing, {number}", f"found nothing, {number}"
    return f"the model's mask, {number}", number


def _standing_words(record: ImageRecord) -> str:
    """How far the image has come, and by whom where that matters."""
    state = standing(record)
    if state is Standing.REJECTED:
        return f"Rejected: {record.rejected}"
    if state is Standing.ADJUDICATED:
        return f"Adjudicated by {record.adjudicator}"
    if state is Standing.APPROVED and record.second == "done":
        return "Approved, read twice"
    return str(state.value).capitalize()
