"""Asking MediaPipe where a person is, on the image on the canvas. Main thread only; it looks off it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.editor import Editor
from segstudio.app.model_files import models_folder
from segstudio.app.settings import Settings
from segstudio.app.starters import is_person
from segstudio.app.tools.second_opinion import Opinion, SecondOpinion
from segstudio.domain.errors import UserError
from segstudio.imaging.person import FILE, find_person, read_person_model

KEY = "opinion"
_CHOSEN = "person_model"
_ABSENT = (
    f"A second opinion needs MediaPipe's person segmentation, {FILE}, which does not come with this program. "
    "Get it from MediaPipe's package and choose it."
)


class SecondOpinions:
    """Shows a proposal, once it is asked for; puts nothing into a mask.

    The file is the one that this user chose, else one that was placed beside the starter models.
    """

    def __init__(
        self, editor: Editor, catalog: Catalog, settings: Settings, announce: Callable[[Changes], None]
    ) -> None:
        self._editor = editor
        self._catalog = catalog
        self._settings = settings
        self._announce = announce

    @property
    def file(self) -> Path:
        """The file that will be read; it may not be there."""
        chosen = self._settings.get(_CHOSEN)
        return Path(chosen) if isinstance(chosen, str) else models_folder() / FILE

    def choose(self, file: Path) -> None:
        """Read this one from now on, whatever the project."""
        self._settings.set(_CHOSEN, str(file))

    @property
    def segment_id(self) -> int | None:
        """The segment that marks people: the one in hand if it does, else the first; None where none does."""
        rows = [row for row in self._editor.table if is_person(row.name)]
        in_hand = [row for row in rows if row.id == self._editor.active_segment]
        return next((row.id for row in (*in_hand, *rows)), None)

    @property
    def shown(self) -> bool:
        """True while the proposal is shown, or on its way."""
        return isinstance(self._editor.tool, SecondOpinion)

    def ask(self, on_choose: Callable[[], None]) -> None:
        """Show the proposal; take it if it is shown already. ``on_choose`` asks for the file, if that is wanted."""
        document, segment_id = self._editor.document, self.segment_id
        if self.shown:
            self._editor.commit()
            return
        if document is None or segment_id is None or self._editor.in_gesture:
            return
        if document.approved:
            self._say("This mask is approved. Take the approval back first to get a second opinion.")
            return
        if self._catalog.veils(self._catalog.record(document.image_id)):
            self._say("Draw your own mask of this image first: no other is shown while the model's mask is hidden.")
            return
        file, pixels = self.file, document.pixels

        def look() -> Opinion:
            if not os.path.isfile(file):
                return UserError(_ABSENT)
            try:
                found = find_person(read_person_model(file), pixels)
            except UserError as error:
                return error
            return found if found.any() else _Nobody("MediaPipe finds no person in this image.")

        def failed(error: UserError) -> None:
            if isinstance(error, _Nobody):
                self._say(str(error))
            else:
                message = Message(str(error), "trouble", "Choose the file…", on_choose, KEY, lacking)
                self._announce(Changes(message=message))

        def lacking() -> bool:
            return self.file == file and not self.shown

        self._editor.propose(SecondOpinion(look, segment_id, failed))

    def _say(self, sentence: str) -> None:
        self._announce(Changes(message=Message(sentence, key=KEY)))


class _Nobody(UserError):
    """It looked and found nobody: another file would not help."""
