"""What a project knows of each of its images."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal


class ImageState(Enum):
    """Where an image stands on its way to an approved mask."""

    NEW = "new"
    PREDICTED = "predicted"
    IN_PROGRESS = "in_progress"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One image of a project.

    ``path`` is absolute and may point at nothing (then ``problem`` says so). ``width`` and ``height`` are upright
    pixels, EXIF applied, 0 until the file was first read. ``fingerprint`` is a hash of the file's content, empty
    until it was read. ``held_out`` is None until the image is approved, or trained on, for the first time, then fixed
    for ever.
    ``group`` is the name of the patient or video that it is of, as it was when the image was added, "" for none, and
    ``perceptual`` a hash of what it shows, None until it was read: see ``groups``.
    ``truth`` is a mask file to compare with, never trained on. ``prediction_round`` is the round whose weights
    made the stored prediction, None without one.

    ``reader`` is who worked on it, "" where nobody said; ``rejected`` the reason why it is not to be used, None where
    it is; ``adjudicator`` who decided between two readings. ``reading_of`` is the image that this is another reader's
    reading of, None for an image itself. ``second`` says whether two readers are to read it, and have. ``seconds`` is
    the time that was spent on it.
    """

    id: int
    path: Path
    name: str
    position: int
    state: ImageState = ImageState.NEW
    width: int = 0
    height: int = 0
    fingerprint: str = ""
    held_out: bool | None = None
    truth: Path | None = None
    prediction_round: int | None = None
    touched: bool = False
    problem: str | None = None
    group: str = ""
    perceptual: int | None = None
    reader: str = ""
    rejected: str | None = None
    adjudicator: str = ""
    reading_of: int | None = None
    second: Literal["", "wanted", "done"] = ""
    seconds: float = 0.0

    @property
    def origin(self) -> int:
        """The id of the image itself."""
        return self.id if self.reading_of is None else self.reading_of
