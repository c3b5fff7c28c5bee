"""Which image is on the canvas, or on its way there: read from file and database, then shown as one."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import replace
from pathlib import Path

from segstudio.app.carrying import Carrying
from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.document import Document
from segstudio.app.editor import Editor
from segstudio.app.loader import LoadedImage, Loader
from segstudio.app.opening import Opening, StoredMasks, damage_words, make_document, misfit, read_masks, with_file
from segstudio.app.review import Review
from segstudio.app.saver import Saver
from segstudio.app.store_thread import StoreThread
from segstudio.app.truth import TruthCheck
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.errors import UserError
from segstudio.domain.geometry import EMPTY
from segstudio.domain.segments import ClassSpec


class Viewing:
    """The image before stays until the next is there. Main thread only."""

    on_file: Callable[[], None]
    """A file was seen to be another than its prediction is of."""
    on_shown: Callable[[], None]
    """Another image is on the canvas."""
    review: Review
    """What may be seen of it."""

    def __init__(
        self,
        last: int | None,
        *,
        store: StoreThread,
        saver: Saver,
        loader: Loader,
        catalog: Catalog,
        editor: Editor,
        truth: TruthCheck,
        carrying: Carrying,
        classes: Callable[[], tuple[ClassSpec, ...]],
        announce: Callable[[Changes], None],
    ) -> None:
        self.document: Document | None = None
        self.failure = ""
        self._last = last
        self._opening: Opening | None = None
        self._store, self._saver, self._loader, self._catalog = store, saver, loader, catalog
        self._editor, self._truth, self._carrying = editor, truth, carrying
        self._classes, self._announce = classes, announce

    @property
    def loading_id(self) -> int | None:
        """The image on its way to the canvas."""
        return None if self._opening is None else self._opening.image_id

    @property
    def current_id(self) -> int | None:
        """The image on the canvas, or on its way there, or that could not be shown."""
        return self.loading_id if self._opening is not None else self._last

    @property
    def first_id(self) -> int | None:
        """What a project that was just opened shows: what was open last, else the first that is not approved."""
        last = self._last if self._last in self._catalog else self._catalog.next_unapproved(None)
        return self._catalog.step(None, 0) if last is None else last

    def open(self, image_id: int) -> None:
        """Bring an image to the canvas; not while work is unsaved. ``KeyError`` for an unknown id."""
        self._editor.leave_image()
        if self._saver.status.state == "failed":
            self._announce(Changes(message=self._saver.unsaved))
            return
        record = self._catalog.record(image_id)
        self._carrying.forget()
        self._opening = opening = Opening(image_id, record.path, lambda: self._show(opening))
        self._announce(Changes(document=True))
        self._loader.load(record.path, opening.got_image)
        self._editor.owing.after(image_id, lambda: self._read_masks(opening))

    def finish(self) -> None:
        """End what is in hand, and wait for what is still computed for images that were left: all is in their masks."""
        self._editor.finish()
        self._editor.owing.settle()

    def leave(self, image_ids: Container[int]) -> None:
        """If one of these images is on the canvas, or on its way there, show another one, or none if there is none."""
        shown = self.document is not None and self.document.image_id in image_ids
        if not shown and self.current_id not in image_ids:
            return
        self.finish()
        self._opening, self._last, self.document, self.failure = None, None, None, ""
        self._editor.set_document(None)
        self._truth.follow(None, Path(), None, ())
        self._carrying.follow(None)
        self._announce(Changes(document=True, history=True))
        self.on_shown()
        first = self.first_id
        if first is not None:
            self.open(first)

    def replace(self, record: ImageRecord) -> None:
        """Another record of an image than before."""
        self._catalog.replace(record)
        self._announce(Changes(images=frozenset({record.id}), pixels=EMPTY))

    def _read_masks(self, opening: Opening) -> None:
        self._store.run(
            # Nobody waits for the masks of an image that was stepped over.
            lambda project: read_masks(project, opening.image_id) if self._opening is opening else None,
            opening.got_masks,
            opening.got_no_masks,
        )

    def _show(self, opening: Opening) -> None:
        if self._opening is not opening:
            return
        # What is in hand belongs to the image that it was begun on; the same image is shown with the mask that it has.
        again = self.document is not None and self.document.image_id == opening.image_id
        (self._editor.finish if again else self._editor.leave_image)()
        self._opening = None
        self._last = last = opening.image_id
        self._store.run(lambda project: project.settings.set_setting("last_image", last))
        before, self.document = self.document, None
        image, masks = opening.result
        if isinstance(image, UserError):
            self.failure = str(image)
            self._note_problem(opening.image_id, self.failure)
        elif isinstance(masks, UserError):
            self.failure = str(masks)
        else:
            self._note_file(opening.image_id, image)
            record = self._catalog.record(opening.image_id)
            if masks.from_version:
                record = replace(record, prediction_round=masks.prediction_round, touched=True)
                self._catalog.replace(record)
            self.failure = misfit(record, image.size)
            if not self.failure:
                self.document = make_document(record, image, masks, before)
                self.review.on_made(self.document)
                if record.fingerprint not in ("", image.fingerprint):
                    self.document.history.forget_mark()  # what was approved was another file's mask
        self._editor.set_document(self.document)
        record = self._catalog.record(opening.image_id)
        self._truth.follow(self.document, record.path, self.review.truth_of(record), self._classes())
        self._carrying.follow(self.document)
        self._announce(Changes(document=True, history=True, images=frozenset({opening.image_id})))
        if self.document is not None and record.prediction_round != self.document.known_round:
            if not opening.again:
                self.open(opening.image_id)  # a newer prediction was stored between reading the masks and now
                if self._opening is not None:
                    self._opening.again = True
                return
            self.replace(replace(record, prediction_round=self.document.known_round))
        if self.document is not None and isinstance(masks, StoredMasks):
            self._say_damage(record, masks)
        self.on_shown()

    def _note_file(self, image_id: int, image: LoadedImage) -> None:
        record = self._catalog.record(image_id)
        noted = with_file(record, image)
        if record.problem is not None:
            self._saver.save(lambda project: project.images.set_problem(image_id, None), image_id)
        size = (noted.width, noted.height, noted.fingerprint, noted.perceptual)
        if size != (record.width, record.height, record.fingerprint, record.perceptual):
            self._saver.save(lambda project: project.images.set_size(image_id, *size), image_id)
        if noted != record:
            self.replace(noted)
        # Of another file a mask may have come, and not been taken.
        if record.fingerprint not in ("", noted.fingerprint) or noted.prediction_round != record.prediction_round:
            self.on_file()
        if noted.fingerprint not in ("", image.fingerprint) and not misfit(noted, image.size):
            sentence = (
                f"{record.name} is not the file that its mask was made on: it was changed or replaced since. The mask "
                "is kept; check that it still fits."
            )
            self._announce(Changes(message=Message(sentence, "trouble", key="replaced")))

    def _note_problem(self, image_id: int, sentence: str) -> None:
        self._saver.save(lambda project: project.images.set_problem(image_id, sentence), image_id)
        self.replace(replace(self._catalog.record(image_id), problem=sentence))

    def _say_damage(self, record: ImageRecord, masks: StoredMasks) -> None:
        sentence = damage_words(record.name, masks)
        if sentence:
            self._announce(Changes(message=Message(sentence, "trouble", key="lost")))
        if masks.lost and not masks.from_version:
            self.on_file()
