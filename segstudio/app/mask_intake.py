"""What becomes of a mask that the model made: stored, shown if it may be, offered where a person has painted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.document import Document
from segstudio.app.predictor import Predictor
from segstudio.app.store_thread import StoreThread
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.plane import Plane
from segstudio.domain.segments import BACKGROUND
from segstudio.imaging.mask_png import decode_mask, encode_mask
from segstudio.store.project_db import Project


class MaskIntake:
    """Approved images keep what was approved; images with hand work keep what was painted over, unless asked."""

    predictor: Predictor

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

    def use_weights(self, round_number: int, weights: Path) -> None:
        """Renew masks with these weights; offer it for an image that is being worked on."""
        self.predictor.use(round_number, weights)
        document = self._document()
        if document is None or document.approved or not self._catalog.record(document.image_id).touched:
            return
        image_id = document.image_id
        message = Message(
            "The model has learned more. It can renew its part of this mask; your strokes stay.",
            action="Renew",
            on_action=lambda: self.predictor.request(image_id),
            key="better",
        )
        self._announce(Changes(message=message))

    def pin(self, image_id: int) -> None:
        """The image is being approved with what is shown now: masks on their way to the canvas come too late."""
        self._pins[image_id] += 1

    def take(self, image_id: int, round_number: int, file: Path, asked: bool) -> None:
        """Store the mask in ``file``, and show it if its image is on the canvas."""
        document = self._document()
        in_hand = document is not None and document.image_id == image_id and document.editing
        if not asked and (self._catalog.record(image_id).touched or in_hand):
            with suppress(OSError):
                file.unlink()
            return
        pins = self._pins[image_id]
        self._store.run(
            lambda project: _stored(project, image_id, round_number, file),
            lambda mask: self._show(image_id, round_number, mask) if self._pins[image_id] == pins else None,
        )

    def _show(self, image_id: int, round_number: int, mask: Plane | None) -> None:
        record = self._catalog.record(image_id)
        if mask is None or record.state is ImageState.APPROVED:
            return
        state = ImageState.PREDICTED if record.state is ImageState.NEW else record.state
        self._replace_record(
            replace(record, state=state, prediction_round=round_number, width=mask.width, height=mask.height)
        )
        document = self._document()
        if document is not None and document.image_id == image_id:
            document.set_prediction(mask, round_number)
            self._announce(Changes(pixels=document.bounds, better_mask=True, history=True))
            self._on_shown()


def approve_as_seen(
    project: Project, image_id: int, held_out: bool, prediction: Plane | None, round_number: int | None
) -> None:
    """Approve an image with the prediction that was on the canvas; on the store thread.

    Another one may have been stored in the moment between, and nobody has seen that.
    """
    if project.images.image(image_id).prediction_round != round_number:
        if prediction is None or round_number is None:
            project.masks.drop_prediction(image_id)
        else:
            project.masks.put_prediction(image_id, round_number, encode_mask(prediction.to_array()))
    project.images.approve(image_id, held_out)


def _stored(project: Project, image_id: int, round_number: int, file: Path) -> Plane | None:
    """The mask, once it rests in the project; None where it does not fit or may not take the place of another."""
    png = file.read_bytes()
    with suppress(OSError):
        file.unlink()
    mask = decode_mask(png)
    record = project.images.image(image_id)
    height, width = mask.shape
    if record.width == 0:
        project.images.set_size(image_id, width, height, record.fingerprint)
    elif (width, height) != (record.width, record.height):
        return None
    return Plane.from_array(mask, BACKGROUND) if project.masks.put_prediction(image_id, round_number, png) else None
