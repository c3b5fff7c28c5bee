"""Carrying the mask of an earlier frame of a video over to the one on the canvas. Main thread only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.app.background import Background
from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.document import Document
from segstudio.app.editor import Editor
from segstudio.app.loader import Loaded, Loader
from segstudio.app.ports import Scheduler
from segstudio.app.round_writer import stored_mask
from segstudio.app.sequences import Sequences
from segstudio.app.settings import Settings
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.app.tools.carry import CarryProposal, carried
from segstudio.app.tools.foreign import Ending
from segstudio.domain.alike import NEIGHBOURS, likeness
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.flow import carry
from segstudio.domain.plane import UNSET
from segstudio.domain.segments import BACKGROUND
from segstudio.store.project_db import Project

BY_ITSELF = "carry_by_itself"
"""The setting that lets a proposal appear unasked."""


@dataclass(eq=False)
class _Job:
    """One mask on its way from ``source`` to ``document``; ``asked`` for by the user, or begun unasked."""

    document: Document
    source: ImageRecord
    asked: bool
    image: Loaded | None = None
    mask: NDArray[np.uint16] | None = None


class Carrying:
    """Finds the frame to carry over from, computes in the background and shows a proposal; puts nothing into a mask.

    Asked for, it starts from the nearest earlier frame of the sequence that is approved or worked on. It is offered
    only where the two pictures look like frames of one video: photographs are numbered too. Unasked it shows a proposal
    only on an image that has no mask at all, and only from the frame right before it.
    """

    def __init__(
        self,
        editor: Editor,
        catalog: Catalog,
        store: StoreThread,
        loader: Loader,
        scheduler: Scheduler,
        settings: Settings,
        announce: Callable[[Changes], None],
    ) -> None:
        self._editor = editor
        self._catalog = catalog
        self._store = store
        self._loader = loader
        self._settings = settings
        self._announce = announce
        self._sequences = Sequences(catalog)
        self._background = Background(scheduler)
        self._source: ImageRecord | None = None
        self._look: object = None
        self._job: _Job | None = None
        self._ending: Ending | None = None
        self._refused: set[int] = set()
        self.sways: Callable[[ImageRecord, ImageRecord], str] = lambda _source, _record: ""
        """Why the mask of a first image may not be carried over to a second, as a sentence; "" if it may."""

    @property
    def busy(self) -> bool:
        """True while a mask is being carried over, or it is not known yet whether to offer it."""
        return self._job is not None or self._look is not None

    @property
    def shown(self) -> bool:
        """True while the proposal is shown."""
        return isinstance(self._editor.tool, CarryProposal)

    @property
    def by_itself(self) -> bool:
        """Whether proposals appear unasked."""
        return self._settings.get(BY_ITSELF, True) is not False

    def same_video(self, one: int, other: int) -> bool:
        """Whether two images are frames of one video, by their names."""
        if one not in self._catalog or other not in self._catalog:
            return False
        first, second = (self._sequences.frame(self._catalog.record(image_id)) for image_id in (one, other))
        return first is not None and second is not None and first.sequence == second.sequence

    def set_by_itself(self, on: bool) -> None:
        """Let proposals appear unasked, or not; kept for this user, whatever the project."""
        self._settings.set(BY_ITSELF, on)
        self._announce(Changes(tool=True))

    @property
    def offer(self) -> str:
        """What can be carried over, in a few words for the status bar; "" where nothing is offered."""
        document = self._editor.document
        if self._job is not None:
            return f"Carrying over the mask of {_name(self._job.source)}…"
        if document is None or self._source is None or self._editor.busy or document.approved:
            return ""
        untouched = document.correction.is_blank
        return f"J carries over the mask of {_name(self._source)}" if untouched or self._ending == "left" else ""

    def follow(self, document: Document | None) -> None:
        """Another image is on the canvas."""
        self.forget()
        self._source, self._ending = None, None
        if document is None or document.approved:
            return
        record = self._catalog.record(document.image_id)
        source = self._sequences.worked_on_before(record)
        if source is not None and not self.sways(source, record):
            self._compare(source, record, lambda: self._offer(document, source))

    def carry(self) -> None:
        """Show the proposal; take it if it is shown already."""
        document = self._editor.document
        if self.shown:
            self._editor.commit()
        elif document is not None and self._job is None:
            trouble = self._trouble(document)
            if trouble:
                self._say(trouble)
            elif self._source is not None:
                self._begin(document, self._source, asked=True)

    def forget(self) -> None:
        """Nobody waits for a mask that is on its way."""
        self._job = self._look = None
        self._background.forget()

    def close(self) -> None:
        """Forget it; returns when the thread is gone."""
        self._job = self._look = None
        self._background.close()

    def _trouble(self, document: Document) -> str:
        """Why nothing can be carried over to this image, as a sentence; "" if it can."""
        if document.approved:
            return "This mask is approved. Take the approval back first to carry another mask over."
        record = self._catalog.record(document.image_id)
        self._source = self._sequences.worked_on_before(record)
        if self._sequences.frame(record) is None:
            return (
                "There is no mask to carry over: by its name this image is no frame of a video. Frames are called "
                "like walk_00001 and walk_00002."
            )
        if self._source is None:
            return "There is no mask to carry over: no earlier frame near this one is approved or worked on."
        return self.sways(self._source, record)

    # ---- whether to offer it ----------------------------------------------------------------------------------

    def _compare(self, source: ImageRecord, record: ImageRecord, alike: Callable[[], None]) -> None:
        """Call ``alike`` if the two look like frames of one video; small pictures of them are read for that."""
        self._look = look = object()
        small: list[NDArray[np.uint8] | None] = []

        def got(picture: NDArray[np.uint8] | None) -> None:
            small.append(picture)
            if self._look is not look or len(small) < 2:
                return
            self._look = None
            before, after = small
            if before is not None and after is not None and likeness(before, after) >= NEIGHBOURS:
                alike()

        self._loader.thumbnail(source.path, got)
        self._loader.thumbnail(record.path, got)

    def _offer(self, document: Document, source: ImageRecord) -> None:
        record = self._catalog.record(document.image_id)
        self._source = source
        self._announce(Changes(tool=True))
        if self._job is not None or not self.by_itself or record.id in self._refused:
            return
        frame, right_before = self._sequences.frame(record), self._sequences.before(record)
        if frame is None or not frame.certain:
            return
        if record.state is ImageState.NEW and right_before is not None and right_before.id == source.id:
            self._begin(document, source, asked=False)

    # ---- on its way -------------------------------------------------------------------------------------------

    def _begin(self, document: Document, source: ImageRecord, asked: bool) -> None:
        self._job = job = _Job(document, source, asked)
        self._announce(Changes(tool=True))

        def got_image(image: Loaded) -> None:
            job.image = image
            self._compute(job)

        def got_mask(mask: NDArray[np.uint16] | None) -> None:
            job.mask = mask
            self._compute(job)

        self._loader.read(source.path, got_image)
        painted_only = self._catalog.veils(source)

        def read(project: Project) -> NDArray[np.uint16] | None:
            if self._job is not job:
                return None  # nobody waits for the mask if the image was stepped over
            mask = stored_mask(project, project.images.image(source.id), vouched_only=painted_only)
            return np.where(mask == UNSET, np.uint16(BACKGROUND), mask)

        self._store.run(
            read,
            got_mask,
            lambda error: self._fail(job, in_words(error)),
        )

    def _compute(self, job: _Job) -> None:
        if self._job is not job or job.image is None or job.mask is None:
            return
        image, mask, pixels = job.image, job.mask, job.document.pixels
        trouble = str(image) if isinstance(image, UserError) else _misfit(job.source, image.fingerprint, mask, pixels)
        if isinstance(image, UserError) or trouble:
            self._fail(job, trouble)
            return
        before = image.pixels
        self._background.ask(
            lambda: carry(before, mask, pixels),
            lambda ids: self._propose(job, ids),
            lambda _: self._fail(job, f"The mask of {_name(job.source)} could not be carried over to this image."),
        )

    def _propose(self, job: _Job, ids: NDArray[np.uint16]) -> None:
        self._end(job)
        editor, document = self._editor, job.document
        if editor.document is not document or document.approved:
            return
        in_hand = editor.busy or editor.in_gesture or editor.proposing
        if in_hand or not (job.asked or document.correction.is_blank):
            return  # a hand was quicker, and is not to be interrupted
        if carried(document, ids).is_empty:
            if job.asked:
                self._say(f"The mask of {_name(job.source)} has nothing to add to this image.")
            return
        self._ending = None
        editor.propose(CarryProposal(ids, _name(job.source), lambda how: self._note(document.image_id, how)))

    def _note(self, image_id: int, how: Ending) -> None:
        self._ending = how
        if how == "dropped":
            self._refused.add(image_id)

    def _fail(self, job: _Job, sentence: str) -> None:
        if self._job is job:
            self._end(job)
            if job.asked:
                self._say(sentence)

    def _end(self, job: _Job) -> None:
        if self._job is job:
            self._job = None
            self._announce(Changes(tool=True))

    def _say(self, sentence: str) -> None:
        self._announce(Changes(message=Message(sentence, key="carry")))


def _name(record: ImageRecord) -> str:
    return record.path.stem


def _misfit(source: ImageRecord, fingerprint: str, mask: NDArray[np.uint16], pixels: NDArray[np.uint8]) -> str:
    """Why the mask of ``source`` does not go over to an image of ``pixels``, as a sentence; "" if it does."""
    if source.fingerprint not in ("", fingerprint):
        return f"{source.name} is not the file that its mask was made on, so the mask was not carried over."
    if mask.shape == pixels.shape[:2]:
        return ""
    return (
        f"{source.name} is {mask.shape[1]} x {mask.shape[0]} px and this image {pixels.shape[1]} x {pixels.shape[0]}: "
        "a mask is carried over only between frames of one size."
    )
