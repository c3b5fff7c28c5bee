"""Masks and models, judged: what is compared on the left, what came out on the right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QStackedWidget, QWidget

from segstudio.app.changes import Changes
from segstudio.app.evaluation_form import Draft, EvaluationForm
from segstudio.app.evaluator import Evaluator
from segstudio.app.settings import Settings
from segstudio.app.studio import Studio
from segstudio.ui.evaluate.form import EvaluateForm
from segstudio.ui.evaluate.results import EvaluateResults
from segstudio.ui.evaluate.worst import LARGE, LargePicture
from segstudio.ui.making_way import make_way
from segstudio.ui.theme import Theme
from segstudio.ui.widgets import label, open_at, restyle

_EMPTY = "Choose what to compare, then Evaluate."


class EvaluatePage(QDialog):
    """A window of its own, beside which work goes on."""

    def __init__(self, studio: Studio, settings: Settings, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Evaluate")
        self._studio, self._settings = studio, settings
        self._session = studio.session
        self.evaluator, ask = studio.evaluator(self._on_evaluator)
        self.form = EvaluateForm(EvaluationForm(self._session, ask), theme, self._last_folder)
        self.results = EvaluateResults(self.evaluator, theme, self._last_folder)
        self.said = label(_EMPTY, tone="muted")
        self.said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.said.setWordWrap(True)
        self.right = QStackedWidget()
        self.right.addWidget(self.said)
        self.right.addWidget(self.results)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(24)
        layout.addWidget(self.form)
        layout.addWidget(self.right, 1)
        self._asked: Draft | None = None
        self.form.wanted.connect(self._on_wanted)
        self.form.changed.connect(self._on_changed)
        self.form.stop_wanted.connect(self.evaluator.stop)
        self.results.opened.connect(self._on_opened)
        self._let_go = _letting_go(studio.subscribe(self._on_changes), self.form.form, self.evaluator)
        # The window may go without closing it first.
        self.destroyed.connect(self._let_go)
        room = parent.size()
        open_at(self, min(1560, max(920, room.width() - 64)), min(920, max(560, room.height() - 64)))

    # ---- what is shown ----------------------------------------------------------------------------------------

    def _on_evaluator(self) -> None:
        going, result, trouble = self.evaluator.going, self.evaluator.result, self.evaluator.trouble
        self.form.refresh(going)
        if result is not None:
            self.results.show_evaluation(result)
            self._on_changed()
            self.right.setCurrentWidget(self.results)
            return
        self.right.setCurrentWidget(self.said)
        restyle(self.said, "tone", "bad" if trouble else "muted")
        self.said.setText(trouble or ("Comparing…" if going is not None else _EMPTY))

    def _on_wanted(self) -> None:
        self._asked = self.form.form.draft
        self.evaluator.start(self.form.form.plan_maker())

    def _on_changed(self) -> None:
        """What came out stays in sight, and is not taken for the answer to what is asked now."""
        self.results.show_older(self.form.form.draft != self._asked)

    def _on_changes(self, changes: Changes) -> None:
        if changes.project:
            self.reject()
        elif (changes.images or changes.training) and not self.evaluator.busy and self.isVisible():
            self.form.refresh(None)

    def _on_opened(self, place: int) -> None:
        """The image on the canvas where it is one of the project, else a large picture of it."""
        result = self.evaluator.result
        if result is None:
            return
        case = result.cases[place]
        session = self._studio.session
        if session is not None and case.image_id is not None and case.image_id in session.catalog:
            session.open_image(case.image_id)
            make_way(self)
            return
        self.evaluator.picture(
            place, LARGE, lambda pixels: LargePicture(case.name, pixels, self).show() if pixels is not None else None
        )

    def showEvent(self, event: QShowEvent) -> None:
        """Shown again: what there is to choose may have changed meanwhile."""
        super().showEvent(event)
        if not self.evaluator.busy:
            self.form.refresh(None)

    def _last_folder(self) -> str:
        folder = self._settings.get("last_folder")
        return folder if isinstance(folder, str) else str(Path.home())

    def done(self, result: int) -> None:
        """Closed: what is under way is given up."""
        self._let_go()
        super().done(result)


def _letting_go(unsubscribe: Callable[[], None], form: EvaluationForm, evaluator: Evaluator) -> Callable[[], None]:
    """What ends all that tells the page something; it may be called twice, and when there is no page any more."""
    waiting = [unsubscribe]

    def let_go() -> None:
        while waiting:
            waiting.pop()()
        form.close()
        evaluator.close()

    return let_go
