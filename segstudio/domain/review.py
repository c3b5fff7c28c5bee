"""Who reads which image, how often, and how far that has come: rules that know no storage and no window."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum
from typing import Any, Literal

from segstudio.domain.annotation import ImageRecord, ImageState

LONGEST_NAME = 60
"""Letters of a reader's name that are kept."""

Purpose = Literal["second reader", "draw first"]


class Standing(Enum):
    """How far an image has come, as its reader is told. The value is the words for it."""

    NEW = "new"
    PREDICTED = "predicted"
    IN_PROGRESS = "in progress"
    APPROVED = "approved"
    NEEDS_SECOND = "needs second reader"
    ADJUDICATED = "adjudicated"
    REJECTED = "rejected"


@dataclass(frozen=True)
class ReviewSettings:
    """How a project is reviewed.

    ``asks_reader``: who is reading is asked whenever the project is opened. ``second_share``: the share of images, 0 to
    1, that two readers read, neither knowing of the other; ``second_sees_model``: whether the second is given the
    model's mask. ``draw_first_share``: the share of images on which the model's mask is hidden until the reader has
    drawn one.
    """

    asks_reader: bool = False
    second_share: float = 0.0
    second_sees_model: bool = True
    draw_first_share: float = 0.0

    @classmethod
    def from_kept(cls, kept: object) -> ReviewSettings:
        """What ``kept`` made of one; whatever can't be understood is as at first."""
        if not isinstance(kept, Mapping):
            return cls()
        made: dict[str, Any] = {}
        for field in fields(cls):
            value = kept.get(field.name)
            if isinstance(field.default, bool):
                if isinstance(value, bool):
                    made[field.name] = value
            elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
                made[field.name] = float(value)
        return cls(**made)

    def kept(self) -> dict[str, Any]:
        """Values for JSON."""
        return asdict(self)


def is_chosen(image_id: int, share: float, purpose: Purpose) -> bool:
    """Whether an image is among the ``share`` (0 to 1) of all that are chosen for a ``purpose``.

    A hash of the image's number decides (BLAKE2, RFC 7693), so that the choice is the same on every computer and at
    every time, whatever its file is called; a larger share only adds images. Two purposes choose independently.
    """
    if share <= 0:  # of thousands of images it is asked at once
        return False
    digest = hashlib.blake2b(f"{purpose}:{image_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) < share * 2**64


def standing(record: ImageRecord) -> Standing:
    """How far an image has come, for the reader whose record it is."""
    if record.rejected is not None:
        return Standing.REJECTED
    if record.state is ImageState.APPROVED:
        if record.adjudicator:
            return Standing.ADJUDICATED
        return Standing.NEEDS_SECOND if record.second == "wanted" else Standing.APPROVED
    return _STANDINGS[record.state]


def is_claimed(record: ImageRecord) -> bool:
    """Whether a person has begun on the image, so that another who reads it must not see it as it is.

    So it is also where everything was undone since: what was done can be made again.
    """
    return bool(record.reader) or record.touched or record.state is ImageState.APPROVED or record.rejected is not None


def is_unowned(record: ImageRecord, settings: ReviewSettings) -> bool:
    """Whether two are to read an image on which somebody began whose name was not kept."""
    chosen = is_chosen(record.id, settings.second_share, "second reader")
    return chosen and is_claimed(record) and not record.reader and not record.adjudicator


def reads_apart(record: ImageRecord, reader: str, settings: ReviewSettings, second: str | None) -> bool:
    """Whether ``reader`` works on a row of their own beside an image's own ``record``.

    So it is for an image that two are to read and on which another has begun, until it is adjudicated. ``second`` is
    who has read it as the second, None for nobody yet; a third reader has nothing to be blind for. Nor has the second
    where the image is no longer approved though two have read it: somebody has begun to decide, and a decision half
    made is not behind a row that says approved.
    """
    if not is_chosen(record.id, settings.second_share, "second reader") or record.adjudicator:
        return False
    if not is_claimed(record) or record.reader == reader:
        return False
    return second is None or (second == reader and record.state is ImageState.APPROVED)


def clean_name(text: str) -> str:
    """A reader's name as it is kept: no spaces round it, single ones in it, and not too long."""
    return " ".join(text.split())[:LONGEST_NAME].strip()


_STANDINGS = {
    ImageState.NEW: Standing.NEW,
    ImageState.PREDICTED: Standing.PREDICTED,
    ImageState.IN_PROGRESS: Standing.IN_PROGRESS,
}
