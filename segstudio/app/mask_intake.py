"""What becomes of a mask that the model made: stored, shown if it may be, offered where a person has painted."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.document import Document
from segstudio.app.opening import readable_confidence
from segstudio.app.predictor import MaskFiles, Predictor
from segstudio.app.store_thread import StoreThread
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.groups import are_one_picture
from segstudio.domain.history import Edit
from segstudio.domain.metrics import corrected_dice
from segstudio.domain.plane import Plane
from segstudio.domain.queue import Insight
from segstudio.domain.round_scores import ApprovalScore
from segstudio.domain.segments import BACKGROUND, void_ids
from segstudio.imaging.mask_png import decode_mask, encode_confidence, encode_mask
from segstudio.store.masks import StoredPrediction
from segstudio.store.project_db import Project

RENEW_KEY = "Shift+U"

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Seen:
    """The prediction on the canvas: its plane, its round and how sure the model is; all None without one."""

    plane: Plane | None
    round_number: int | None
    confidence: NDArray[np.uint8] | None

    @classmethod
    def on(cls, document: Document) -> Seen:
        """What is shown below the correction of ``document``."""
        return cls(document.prediction, document.prediction_round, document.confidence)


@dataclass(frozen=True, eq=False)
class _Taken:
    """A mask that was stored, and the one whose place it took."""

    plane: Plane
    confidence: NDArray[np.uint8] | None
    png: bytes
    before: StoredPrediction | None
    fingerprint: str
    perceptual: int | None


@dataclass(frozen=True, eq=False)
class _Renewal:
    """A mask that a person asked for in place of the one ``before``, and the last step of undo at that moment."""

    taken: _Taken
    before: Seen
    step: Edit | None

    def is_last_on(self, document: Document) -> bool:
        """Whether nothing came after it."""
        return document.prediction is self.taken.plane and not document.approved and document.history.last is self.step


class MaskIntake:
    """Approved images keep what was approved; images with hand work keep what was painted over, unless asked."""

    predictor: Predictor
    on_insight: Callable[[int, Insight], None]

    def __init__(
        self,
        store: StoreThread,
        catalog: Catalog,
        document: Callable[[], Document | None],
        replace_record: Callable[[ImageRecord], None],
        on_shown: Callable[[], None],
        announce: Callable[[Changes], None],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._document = document
        self._replace_record = replace_record
        self._on_shown = on_shown
        self._announce = announce
        self._pins: Counter[int] = Counter()
        self._renewal: _Renewal | None = None
        self._wished: tuple[int, Edit | None] | None = None
        self._unseen: dict[int, _Taken] = {}
        self._being_stored: set[int] = set()
        self.on_insight = lambda _image, _insight: None

    def use_weights(self, round_number: int, weights: Path) -> None:
        """Renew masks with these weights; offer it for an image that is being worked on."""
        self.predictor.use(round_number, weights)
        renew = self.offer()
        if renew is not None:
            sentence = f"The model has learned more. {RENEW_KEY} renews its part of this mask; your strokes stay."
            offer = Message(sentence, action="Renew", on_action=renew, key="better", holds=lambda: self.is_behind)
            self._announce(Changes(message=offer))

    @property
    def is_behind(self) -> bool:
        """Whether the model's part of a mask that a person is working on is of other weights than those in use."""
        document = self._document()
        if document is None or not self.predictor.ready or self.offer() is None:
            return False
        return self._catalog.record(document.image_id).prediction_round != self.predictor.round

    @property
    def hint(self) -> str:
        """What renews it, or that this is under way, in a few words for the status bar; "" where nothing would."""
        document = self._document()
        if document is not None and self.offer() is not None and self._is_coming(document.image_id):
            return "Renewing the model's part…"
        return f"{RENEW_KEY} renews the model's part" if self.is_behind else ""

    def _is_coming(self, image_id: int) -> bool:
        """Whether a mask that was asked for is still to come, or about to be shown."""
        return image_id in self._being_stored or self.predictor.is_requested(image_id)

    def offer(self) -> Callable[[], None] | None:
        """What renews the model's part of the mask on the canvas; None unless a person is working on it."""
        document = self._document()
        if document is None or document.approved or document.veiled:
            return None
        record = self._catalog.record(document.image_id)
        if not record.touched or record.reading_of is not None:
            return None

        def renew() -> None:
            self._wished = document.image_id, document.history.last
            self.predictor.request(document.image_id)
            self._announce(Changes(history=True))

        return renew

    @property
    def renewed_last(self) -> bool:
        """Whether the last step on the image on the canvas was that a person had the model's part renewed.

        It is from the moment on that they ask for it.
        """
        document, renewal = self._document(), self._renewal
        if document is None:
            return False
        return self._is_wished_last(document) or (renewal is not None and renewal.is_last_on(document))

    def _is_wished_last(self, document: Document) -> bool:
        wished = self._wished == (document.image_id, document.history.last)
        return wished and self.predictor.is_requested(document.image_id)

    def put_back(self) -> None:
        """Take that step back: the mask before lies below the strokes again, or stays. Without such a step, nothing."""
        document, renewal = self._document(), self._renewal
        if document is not None and self._is_wished_last(document):
            self.predictor.withdraw(document.image_id)
            self._announce(Changes(history=True))
            return
        if document is None or renewal is None or not renewal.is_last_on(document):
            return
        self._renewal = None
        image_id, before = document.image_id, renewal.before
        self._store.run(lambda project: _put_back(project, image_id, renewal.taken))
        self._replace_record(replace(self._catalog.record(image_id), prediction_round=before.round_number))
        self._lay_below(document, before)

    def pin(self, image_id: int) -> None:
        """The image is being approved with what is shown now: masks on their way to the canvas come too late."""
        self._pins[image_id] += 1

    def as_seen(self, image_id: int, write: Callable[[Project], object]) -> Callable[[Project], object]:
        """A write of hand work, over the mask that the hand saw: one that rests already and is not shown goes."""

        def written(project: Project) -> None:
            with project.transaction():
                unseen = self._unseen.get(image_id)
                if unseen is not None:
                    _put_back(project, image_id, unseen)
                write(project)

        return written

    def take(self, image_id: int, round_number: int, files: MaskFiles, asked: bool) -> None:
        """Store the mask in ``files``, and show it if its image is on the canvas."""
        if image_id not in self._catalog:
            files.remove()
            return
        insight = files.insight
        if insight is not None:
            self._store.run(lambda project: project.insights.put(image_id, insight))
            self.on_insight(image_id, insight)
        if self._catalog.record(image_id).state is ImageState.APPROVED or not (asked or self._is_free(image_id)):
            files.remove()
            return
        pins = self._pins[image_id]
        if asked:
            self._being_stored.add(image_id)

        def store(project: Project) -> _Taken | None:
            if not asked and project.images.image(image_id).touched:
                files.remove()
                return None
            try:
                taken = _stored(project, image_id, round_number, files)
            except BaseException:
                self._being_stored.discard(image_id)
                raise
            if taken is not None and not asked:
                self._unseen[image_id] = taken
            return taken

        def show(taken: _Taken | None) -> None:
            self._being_stored.discard(image_id)
            self._announce(Changes(history=asked))
            if self._unseen.get(image_id) is taken:
                self._unseen.pop(image_id, None)
            if taken is None:
                return
            if self._pins[image_id] == pins and (asked or self._is_free(image_id)):
                self._show(image_id, round_number, taken, asked)
            else:
                # A hand began, or approved, while it was being stored: what it works on is what it sees, now and later.
                self._store.run(lambda project: _put_back(project, image_id, taken))

        self._store.run(store, show)

    def _is_free(self, image_id: int) -> bool:
        """Whether nobody has worked on an image, or is about to."""
        document = self._document()
        in_hand = document is not None and document.image_id == image_id and document.editing
        return not self._catalog.record(image_id).touched and not in_hand

    def _show(self, image_id: int, round_number: int, taken: _Taken, asked: bool) -> None:
        record = self._catalog.record(image_id)
        if record.state is ImageState.APPROVED:
            return
        mask = taken.plane
        state = ImageState.PREDICTED if record.state is ImageState.NEW else record.state
        if not record.touched:
            # A person's work stays on the file that it was done on.
            known = record.perceptual if taken.perceptual is None else taken.perceptual
            record = replace(record, fingerprint=taken.fingerprint or record.fingerprint, perceptual=known)
        self._replace_record(
            replace(record, state=state, prediction_round=round_number, width=mask.width, height=mask.height)
        )
        document = self._document()
        if document is not None and document.image_id == image_id:
            before = Seen.on(document)
            self._lay_below(document, Seen(mask, round_number, taken.confidence))
            if asked and record.touched and before.plane is not None:
                self._renewal = _Renewal(taken, before, document.history.last)
                self._announce(Changes(history=True))

    def _lay_below(self, document: Document, seen: Seen) -> None:
        """Show ``seen``, which is a mask, below the strokes."""
        assert seen.plane is not None
        assert seen.round_number is not None
        document.set_prediction(seen.plane, seen.round_number, seen.confidence)
        # Nobody has approved what undo would lead back to over this prediction.
        document.history.forget_mark()
        self._announce(Changes(pixels=document.bounds, better_mask=True, history=True))
        self._on_shown()


@dataclass(frozen=True, slots=True)
class FileSeen:
    """The file that was read: its size in px, the hash of its content, and that of what it shows."""

    width: int
    height: int
    fingerprint: str
    perceptual: int | None


def approve_as_seen(project: Project, image_id: int, held_out: bool, seen: Seen, file: FileSeen | None = None) -> None:
    """Approve an image with the prediction that was on the canvas; on the store thread.

    Another one may have been stored in the moment between, and nobody has seen that. ``file`` is given where it is
    another than the mask was made on.
    """
    with project.transaction():
        if file is not None:
            project.images.set_size(image_id, file.width, file.height, file.fingerprint, file.perceptual)
        record = project.images.image(image_id)
        if not _is_stored(project, record, seen):
            if seen.plane is None or seen.round_number is None:
                project.masks.drop_prediction(image_id)
            else:
                confidence = None if seen.confidence is None else encode_confidence(seen.confidence)
                project.masks.put_prediction(
                    image_id, seen.round_number, encode_mask(seen.plane.to_array()), confidence
                )
        project.images.approve(image_id, held_out)
        if seen.plane is None or seen.round_number is None or record.reading_of is not None:
            return
        # How right a model is shows where it did not know the image: not in what it was taught, and predicted since.
        if not project.learned.knows(seen.round_number, image_id):
            correction = Plane(seen.plane.height, seen.plane.width)
            correction.put_tiles(project.masks.load_correction(image_id))
            not_judged = void_ids(project.classes())
            void = [segment.id for segment in project.segment_table() if segment.class_id in not_judged]
            right = corrected_dice(seen.plane, correction, void)
            project.approval_scores.note(ApprovalScore(image_id, seen.round_number, right, time.time()))


def _is_stored(project: Project, record: ImageRecord, seen: Seen) -> bool:
    """Whether the prediction that was on the canvas is the stored one; of one round there may be several."""
    if record.prediction_round != seen.round_number:
        return False
    stored = None if seen.plane is None else project.masks.prediction(record.id)
    if seen.plane is None or stored is None:
        return seen.plane is None
    return np.array_equal(stored.mask(), seen.plane.to_array())


def _stored(project: Project, image_id: int, round_number: int, files: MaskFiles) -> _Taken | None:
    """The mask, once it rests in the project; None where it does not fit or may not take the place of another.

    It does not fit an image whose file shows another picture than the one that it was made on.
    """
    png, confidence_png = files.mask.read_bytes(), _content(files.confidence)
    files.remove()
    mask, confidence = decode_mask(png), readable_confidence(confidence_png)
    record = project.images.image(image_id)
    height, width = mask.shape
    made_on = files.fingerprint or record.fingerprint
    if record.width and (width, height) != (record.width, record.height):
        return None
    if record.fingerprint not in ("", made_on) and not are_one_picture(record.perceptual, files.perceptual):
        return None
    if record.width == 0 or (record.fingerprint == "" and not record.touched):
        project.images.set_size(image_id, width, height, made_on, files.perceptual)
    before = project.masks.prediction(image_id)
    if not project.masks.put_prediction(image_id, round_number, png, None if confidence is None else confidence_png):
        return None
    return _Taken(Plane.from_array(mask, BACKGROUND), confidence, png, before, made_on, files.perceptual)


def _put_back(project: Project, image_id: int, taken: _Taken) -> None:
    """Unless the image was approved since, or another mask came after it."""
    stored, before = project.masks.prediction(image_id), taken.before
    if stored is None or stored.png != taken.png or project.images.image(image_id).state is ImageState.APPROVED:
        return
    if before is None:
        project.masks.drop_prediction(image_id)
    else:
        project.masks.put_prediction(image_id, before.round_number, before.png, before.confidence)


def _content(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes()
    except OSError:
        log.exception("a mask came without its confidence")
        return None
