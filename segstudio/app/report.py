"""What a report says of each image: how it is read from the project and measured. For any thread but the window's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio import __version__
from segstudio.app.document import Document
from segstudio.app.identifiers import numbered
from segstudio.app.measures import Measured, Picture, measure_picture
from segstudio.app.opening import misfit, other_picture, readable_confidence
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.audit import Entry, Head
from segstudio.domain.calibration import UNCALIBRATED, Calibration
from segstudio.domain.errors import UserError
from segstudio.domain.measure import outlines
from segstudio.domain.plane import UNSET, Plane
from segstudio.domain.segments import BACKGROUND, Segment
from segstudio.imaging.cv import cv2
from segstudio.imaging.reader import ImageData, read_image
from segstudio.store.database import damaged
from segstudio.store.masks import StoredPrediction
from segstudio.store.project_db import Project
from segstudio.store.versions import APPROVED

log = logging.getLogger(__name__)

_UNREADABLE = "The image's file can't be read, or is not the one that its mask was made on."

HIDDEN = "Its mask is to be drawn before the model's is seen, so nothing is measured yet."
"""Said of an image whose reader may not see the model's mask."""

REJECTED = "rejected"
"""The state of an image that is not to be used, whatever was approved of it before."""

PICTURE_SIDE = 640
"""Longer side, in px, of the pictures in a report."""


@dataclass(frozen=True)
class ReportHead:
    """What stands over a report. ``project`` is "" where identifiers are left out: it may be a patient's name.

    ``segments`` is how many are measured of each image at most, None where that is not known.
    """

    made: str
    program: str
    project: str
    audit: Head
    count: int
    identifiers: bool
    segments: int | None = None


@dataclass(frozen=True, eq=False)
class Stored:
    """What the project holds of an image to be measured. While ``veiled`` its reader may not see the model's mask."""

    record: ImageRecord
    number: int
    correction: NDArray[np.uint16]
    prediction: NDArray[np.uint16] | None
    confidence: NDArray[np.uint8] | None
    calibration: Calibration
    reader: str
    read_at: str
    model: str
    veiled: bool = False


@dataclass(frozen=True, eq=False)
class Reported:
    """One image of a report.

    ``number`` is its place in the project, which finds it again without its name. ``name`` and ``group`` are "" where
    identifiers are left out. ``state`` is that of its mask, or ``REJECTED``. ``reader`` approved it at ``read_at``;
    both are "" unless it is approved, and where nobody knows who did. ``picture`` is (h, w, 3) uint8, ``shrink`` its
    size over the image's; ``borders`` are of each row, in image pixels. ``problem`` says why nothing was measured.
    """

    number: int
    name: str
    group: str
    state: str
    width: int
    height: int
    calibration: Calibration
    reader: str
    read_at: str
    model: str
    rows: tuple[Measured, ...] = ()
    borders: tuple[tuple[NDArray[np.float32], ...], ...] = ()
    picture: NDArray[np.uint8] | None = None
    shrink: float = 1.0
    problem: str = ""

    @property
    def title(self) -> str:
        """What the image is called in the report."""
        return self.name or numbered(self.number)


class ReportWriter(Protocol):
    """Writes a report, image by image, all calls on one thread. Raises ``UserError`` where it can't be written."""

    path: Path
    """The file that it becomes."""

    def add(self, image: Reported) -> None:
        """One more image."""

    def finish(self) -> None:
        """That was the last one: put the whole in its place."""

    def abandon(self) -> None:
        """Leave nothing behind."""


MakeWriters = Callable[[ReportHead], Sequence[ReportWriter]]
"""Makes what writes a report, once its head is known."""


def begin_report(project: Project, count: int, identifiers: bool, segments: int | None = None) -> ReportHead:
    """Note in the trail that a report was made, and give its head, which that note is part of; on the store thread.

    ``count`` images; ``segments`` as for ``ReportHead``.
    """
    project.audit.note("report", images=count, identifiers=identifiers)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    name = project.name if identifiers else ""
    return ReportHead(made, __version__, name, project.audit.head() or Head(), count, identifiers, segments)


def read_stored(
    project: Project,
    image_id: int,
    number: int,
    approvals: Mapping[int, Entry],
    scales: Mapping[int, Calibration],
    scale: float | None,
    veiled: bool = False,
) -> Stored:
    """What there is of one image; on the store thread. Raises ``KeyError`` for an unknown id.

    ``veiled`` says that the model's mask is hidden from the reader: then it is not measured.
    """
    record = project.images.image(image_id)
    correction, stored, said = _masks(project, record)
    model = ""
    if stored is not None and np.any(correction == UNSET):
        model = _model(stored.round_number, project.rounds.digest(stored.round_number))
    approved = record.state is ImageState.APPROVED and record.rejected is None
    approval = approvals.get(image_id) if approved else None
    usual = UNCALIBRATED if scale is None else Calibration(scale, "project")
    return Stored(
        record,
        number,
        correction,
        said,
        None if stored is None else readable_confidence(stored.confidence, stored.most),
        scales.get(record.origin, usual),
        "" if approval is None else approval.who,
        "" if approval is None else approval.when,
        model,
        veiled,
    )


def _masks(
    project: Project, record: ImageRecord
) -> tuple[NDArray[np.uint16], StoredPrediction | None, NDArray[np.uint16] | None]:
    """The correction, and the prediction with its mask; where one is damaged the approved version alone.

    What was painted on an image that nobody approved is put together from its edits, if they tell it.
    """
    stored = project.masks.prediction(record.id)
    plane = Plane(record.height, record.width)
    try:
        said = None if stored is None else stored.mask()
        plane.put_tiles(project.masks.load_correction(record.id))
    except (ValueError, UserError) as error:
        approved = project.versions.approved(record.id)
        if approved is not None:
            return approved[1], None, None
        if project.salvage.mend_correction(record.id):
            return _masks(project, record)
        raise damaged(project.folder) from error
    return plane.to_array(), stored, said


class ApprovalsByTrail:
    """The last approval of each image, by the trail; on the store thread.

    One that was only found, from before there was a trail, is by nobody knows whom.
    """

    def __init__(self) -> None:
        self._found: dict[int, Entry] = {}
        self._read = 0

    def now(self, project: Project) -> Mapping[int, Entry]:
        """By image id, as they are now: images are approved while others are reported on."""
        head = project.audit.head()
        if head is None or head.count != self._read:
            for entry in project.audit.entries(after=self._read):
                self._read = entry.number
                if entry.kind == APPROVED and entry.image_id is not None:
                    self._found[entry.image_id] = entry
        return self._found


def report_image(stored: Stored, segments: Sequence[Segment], lesions: bool, identifiers: bool) -> Reported:
    """Read one image's file and measure its mask; what goes wrong with it is told in ``problem``."""
    record = stored.record
    name, group = (record.name, record.group) if identifiers else ("", "")
    state = record.state.value if record.rejected is None else REJECTED
    made = Reported(
        stored.number, name, group, state, record.width, record.height, stored.calibration, stored.reader,
        stored.read_at, stored.model,
    )  # fmt: skip
    try:
        document, rows = measure_stored(stored, segments, lesions)
    except UserError as error:
        words = str(error) if identifiers else HIDDEN if stored.veiled else _UNREADABLE
        return replace(made, problem=words)
    shown = document.shown(document.bounds)
    borders = tuple(tuple(outlines(shown == row.segment.id)) for row in rows)
    small, shrink = _shrunk(document.pixels)
    return replace(made, rows=rows, borders=borders, picture=small, shrink=shrink)


def measure_stored(stored: Stored, segments: Sequence[Segment], lesions: bool) -> tuple[Document, tuple[Measured, ...]]:
    """An image as it is shown, and what is measured of its segments.

    Raises ``UserError`` where its file can't be read, is not the picture that its mask was made on, or may not be seen
    yet.
    """
    if stored.veiled:
        raise UserError(f"{stored.record.name}: {HIDDEN}")
    image = _read(stored.record)
    # Nobody looked at an image of unknown size yet, so there is nothing on it.
    correction = stored.correction if stored.record.width else np.full(image.pixels.shape[:2], UNSET, np.uint16)
    picture = Picture(image.pixels, correction, stored.prediction, stored.confidence)
    document = Document(stored.record.id, image.pixels, Plane.from_array(correction))
    if stored.prediction is not None:
        document.set_prediction(Plane.from_array(stored.prediction, BACKGROUND), 0, stored.confidence)
    return document, measure_picture(picture, segments, lesions)


def _read(record: ImageRecord) -> ImageData:
    """The image; ``UserError`` where it can't be measured."""
    try:
        image = read_image(record.path)
    except UserError:
        raise
    except Exception as error:
        log.exception("reading %s failed", record.path)
        raise UserError(f"{record.name} could not be read ({error}).") from error
    wrong = misfit(record, image.size) if record.width else ""
    if not wrong and record.state is not ImageState.NEW:
        wrong = other_picture(record)
    if wrong:
        raise UserError(wrong)
    return image


def _shrunk(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    height, width = pixels.shape[:2]
    shrink = min(1.0, PICTURE_SIDE / max(height, width))
    if shrink == 1:
        return pixels, 1.0
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), shrink


def _model(round_number: int, digest: str) -> str:
    return f"round {round_number}" + (f" ({digest[:12]})" if digest else "")
