"""What the actions about readers and their readings do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segstudio.app.adjudication import Which
from segstudio.app.reader_question import ReaderQuestion
from segstudio.domain.review import ReviewSettings, Standing

if TYPE_CHECKING:
    from segstudio.app.session import Session
    from segstudio.ui.commands import Commands


class ReviewCommands:
    """Nothing here blocks: a dialog is opened and answers by a signal. Dialogs are imported when they are wanted."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        commands.studio.ask_reader = self.ask_reader

    @property
    def _session(self) -> Session | None:
        return self._commands.studio.session

    # ---- who reads --------------------------------------------------------------------------------------------

    def ask_reader(self, question: ReaderQuestion, answer: Callable[[str | None], None]) -> None:
        """Ask who reads, before anything of a project is shown."""
        from segstudio.ui.dialogs.reader import ReaderDialog

        dialog = ReaderDialog(question, self._commands.window)
        dialog.answered.connect(answer)
        dialog.open()

    def change_reader(self) -> None:
        """Another person reads from now on: the project is opened anew for them."""
        session = self._session
        if session is None:
            return
        review, folder = session.review, session.folder
        question = ReaderQuestion(session.name, True, tuple(review.readers), review.reader)

        def answer(name: str | None) -> None:
            if name and name != review.reader and self._session is session:
                self._commands.studio.open_project(folder, reader=name)

        self.ask_reader(question, answer)

    def show_settings(self) -> None:
        """How the project is reviewed."""
        from segstudio.ui.dialogs.review_settings import ReviewSettingsDialog

        session = self._session
        if session is not None:
            dialog = ReviewSettingsDialog(session.review, self._commands.theme, self._commands.window)
            dialog.chosen.connect(lambda settings: self._set(session, settings))
            dialog.open()

    def _set(self, session: Session, settings: ReviewSettings) -> None:
        if self._session is session and session.review.set_settings(settings):
            self._commands.studio.open_project(session.folder, reader=session.review.reader)

    # ---- single images ----------------------------------------------------------------------------------------

    def reject(self) -> None:
        """Ask why the image is not to be used, or use it again."""
        from segstudio.ui.dialogs.reject import RejectDialog

        session = self._session
        if session is None or session.document is None:
            return
        record = session.record(session.document.image_id)
        if record.rejected is not None:
            session.review.use_again(record.id)
            return
        dialog = RejectDialog(record.name, self._commands.window)
        dialog.chosen.connect(session.review.reject)
        dialog.open()

    def reveal(self) -> None:
        """Show the model's mask where it waited for the reader's own."""
        if self._session is not None:
            self._session.review.reveal()

    def show_standing(self, wanted: Standing | None) -> None:
        """Show images in the list that have come just so far; None shows all."""
        self._commands.window.images.show_standing(wanted)

    def show_next_standing(self) -> None:
        """The next of what there are images of, and all of them after the last."""
        if self._session is None:
            return
        counts = self._session.review.counts
        there = [None, *(state for state in Standing if counts[state])]
        now = self.standing
        self.show_standing(there[(there.index(now) + 1) % len(there)] if now in there else None)

    @property
    def standing(self) -> Standing | None:
        """What the list is narrowed to."""
        return self._commands.window.images.filtered.standing

    def count(self, wanted: Standing | None) -> int:
        """How many images there are of it."""
        if self._session is None:
            return 0
        return len(self._session.records) if wanted is None else self._session.review.counts[wanted]

    # ---- two readings -----------------------------------------------------------------------------------------

    def show_agreement(self) -> None:
        """How well readers agree."""
        from segstudio.ui.dialogs.agreement import AgreementDialog

        session = self._session
        if session is None:
            return
        shown = self._commands.window.findChild(AgreementDialog)
        if shown is None:
            AgreementDialog(self._commands.studio, session, self._commands.theme, self._commands.window).show()
        else:
            shown.raise_()
            shown.activateWindow()

    def adjudicate(self) -> None:
        """Show both readings of the image on the canvas, or no longer."""
        session = self._session
        if session is None or session.current_id is None:
            return
        if session.adjudication.active:
            session.adjudication.end()
        else:
            session.adjudication.begin(session.record(session.current_id).origin)

    def take(self, which: Which) -> None:
        """Put one of two readings into the mask, or what is made of both."""
        if self._session is not None:
            self._session.adjudication.take(which)
