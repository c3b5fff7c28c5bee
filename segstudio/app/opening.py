"""Bringing one image to the canvas: its file and its masks are read side by side."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.app.document import Document
from segstudio.app.loader import Loaded, LoadedImage
from segstudio.app.store_thread import in_words
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.errors import UserError
from segstudio.domain.groups import are_one_picture, perceptual_hash
from segstudio.domain.history import History
from segstudio.domain.plane import Plane, Tile, TileKey
from segstudio.domain.segments import BACKGROUND
from segstudio.imaging.mask_png import decode_confidence
from segstudio.imaging.reader import MAX_PIXELS, fingerprint, read_image
from segstudio.store.database import damaged
from segstudio.store.masks import StoredPrediction
from segstudio.store.project_db import Project

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class StoredMasks:
    """What the project holds for an image."""

    correction: dict[TileKey, Tile]
    history: History
    prediction: Plane | None
    prediction_round: int | None
    confidence: NDArray[np.uint8] | None
    lost: bool = False
    """Whether the model's mask is damaged, so that it was left out."""
    lost_paint: bool = False
    """Whether what was painted was damaged: it was taken from its edits, if not ``from_version``."""
    from_version: bool = False
    """Whether a part of an approved mask is damaged, so that all of it was taken from its version, as a correction."""


def read_masks(project: Project, image_id: int) -> StoredMasks:
    """Read them; on the store thread.

    A model's mask that is damaged must not keep what a person painted from them, and what was painted is had again
    from its edits. Where neither makes up what was approved, the approved version is put in its place. Raises
    ``UserError`` where that is damaged, too.
    """
    stored = project.masks.prediction(image_id)
    prediction, lost = _decoded(image_id, stored)
    correction: dict[TileKey, Tile] | None
    try:
        correction, lost_paint = project.masks.load_correction(image_id), False
    except UserError:
        log.exception("what was painted on image %d can't be read", image_id)
        correction, lost_paint = _mended(project, image_id), True
    if lost or lost_paint:
        approved = project.versions.approved(image_id)
        if approved is not None and (lost or _has_changed(project, image_id, approved[1])):
            project.salvage.keep_approved(image_id, approved[1], approved[0])
            return replace(read_masks(project, image_id), lost=lost, lost_paint=lost_paint, from_version=True)
        if correction is None or (lost and project.images.image(image_id).state is ImageState.APPROVED):
            raise damaged(project.folder)
    return StoredMasks(
        correction or {},
        project.masks.load_history(image_id),
        prediction,
        None if stored is None or prediction is None else stored.round_number,
        None if stored is None or prediction is None else readable_confidence(stored.confidence, stored.most),
        lost,
        lost_paint,
    )


def _decoded(image_id: int, stored: StoredPrediction | None) -> tuple[Plane | None, bool]:
    """The model's mask, and whether it is damaged."""
    try:
        return (None if stored is None else Plane.from_array(stored.mask(), BACKGROUND)), False
    except ValueError:
        log.exception("the prediction of image %d can't be read", image_id)
        return None, True


def _mended(project: Project, image_id: int) -> dict[TileKey, Tile] | None:
    """What was painted, from its edits where it is damaged; None where they can't tell."""
    return project.masks.load_correction(image_id) if project.salvage.mend_correction(image_id) else None


def _has_changed(project: Project, image_id: int, approved: NDArray[np.uint16]) -> bool:
    try:
        return not np.array_equal(project.masks.shown(image_id), approved)
    except UserError:
        return True


def damage_words(name: str, masks: StoredMasks) -> str:
    """The sentence on what of an image's mask is damaged, and what is there in its place; "" for nothing."""
    if masks.from_version:
        what = "What was painted" if masks.lost_paint else "The model's mask below what was painted"
        return (
            f"{what} on {name} is damaged, so the approved mask was taken from its version: it is all here and still "
            "approved."
        )
    if masks.lost_paint:
        below = " and the model's mask below it was left out" if masks.lost else ""
        return f"What was painted on {name} was damaged, so it was put together from its steps{below}: it is all here."
    if masks.lost:
        return (
            f"The model's mask of {name} is damaged, so it was left out. What you painted is all here; where nobody "
            "painted the model makes its mask anew, else it offers one after the next round."
        )
    return ""


def readable_confidence(png: bytes | None, most: int = MAX_PIXELS) -> NDArray[np.uint8] | None:
    """How sure the model is, (h, w) uint8; None without, also where it is damaged or has more pixels than ``most``.

    The mask is of use without it.
    """
    if png is None:
        return None
    try:
        return decode_confidence(png, most)
    except ValueError:
        log.exception("the confidence of a prediction could not be read")
        return None


def with_file(record: ImageRecord, image: LoadedImage) -> ImageRecord:
    """The record once its file was read.

    What the model said of another file goes. What a person did stays, and with it which file it was done on.
    """
    record = replace(record, problem=None)
    if record.width and (record.touched or record.state is ImageState.APPROVED):
        if record.perceptual is None and record.fingerprint == image.fingerprint:
            record = replace(record, perceptual=image.perceptual)
        return record
    width, height = image.size
    replaced = record.fingerprint not in ("", image.fingerprint)
    if replaced or (record.width and (record.width, record.height) != (width, height)):
        state = ImageState.NEW if record.state is ImageState.PREDICTED else record.state
        record = replace(record, prediction_round=None, state=state)
    return replace(record, width=width, height=height, fingerprint=image.fingerprint, perceptual=image.perceptual)


def misfit(record: ImageRecord, size: tuple[int, int]) -> str:
    """The sentence for a file that is now of another ``size`` (width, height) than its mask, else ""."""
    width, height = size
    if (record.width, record.height) == size:
        return ""
    return (
        f"{record.name} is now {width} x {height} pixels, but its mask was made at {record.width} x "
        f"{record.height}. The mask is kept untouched; put the original file back to see it."
    )


def other_picture(record: ImageRecord) -> str:
    """The sentence for a file of the same size that shows another picture now than its mask was made on, else "".

    Reads the file. A copy with other metadata, or saved again, shows the same. Raises ``UserError`` where it can't be
    read.
    """
    if record.fingerprint in ("", fingerprint(record.path)):
        return ""
    if are_one_picture(record.perceptual, perceptual_hash(read_image(record.path).pixels)):
        return ""
    return (
        f"{record.name} shows another picture than the one that its mask was made on, so the mask was left out. Put "
        "the original file back; or open the image, correct its mask and approve it again."
    )


def make_document(record: ImageRecord, image: LoadedImage, masks: StoredMasks, before: Document | None) -> Document:
    """The image with its masks, to show in place of ``before``."""
    width, height = image.size
    plane = Plane(height, width)
    plane.put_tiles(masks.correction)
    document = Document(record.id, image.pixels, plane, history=masks.history, deep=image.deep, mips=image.mips)
    document.window, document.fingerprint, document.perceptual = image.window, image.fingerprint, image.perceptual
    if before is not None and before.image_id == record.id and before.bounds == document.bounds:
        # The same image once more: it may have been painted on since its masks were read.
        document.correction, document.history = before.correction, before.history
    document.approved = record.state is ImageState.APPROVED
    if masks.history.mark is None or (document.history.at_mark and not document.approved):
        # Something came between: another prediction, or the approval was taken back while the image was read.
        document.history.forget_mark()
    prediction = masks.prediction
    if prediction is not None and masks.prediction_round is not None and record.prediction_round is not None:
        if prediction.bounds == document.bounds:
            document.set_prediction(prediction, masks.prediction_round, masks.confidence)
        else:
            log.error("the stored prediction of %s is of another size and is not shown", record.name)
    return document


class Opening:
    """Waits for both halves, then calls ``both``; an opening that was overtaken is simply never looked at."""

    def __init__(self, image_id: int, path: Path, both: Callable[[], None]) -> None:
        self.image_id = image_id
        self.path = path
        self._both = both
        self._image: Loaded | None = None
        self._masks: StoredMasks | UserError | None = None
        self.again = False

    @property
    def result(self) -> tuple[Loaded, StoredMasks | UserError]:
        """Both halves. Raises ``RuntimeError`` before they are there."""
        if self._image is None or self._masks is None:
            raise RuntimeError("the image is still being read")
        return self._image, self._masks

    def got_image(self, image: Loaded) -> None:
        """The file was read, or could not be."""
        self._image = image
        self._call_if_complete()

    def got_masks(self, masks: StoredMasks | None) -> None:
        """The project's half was read; None if it was not, because the opening was overtaken."""
        self._masks = masks
        self._call_if_complete()

    def got_no_masks(self, error: Exception) -> None:
        """The project's half could not be read."""
        self._masks = UserError(in_words(error))
        self._call_if_complete()

    def _call_if_complete(self) -> None:
        if self._image is not None and self._masks is not None:
            self._both()
