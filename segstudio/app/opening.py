"""Bringing one image to the canvas: its file and its masks are read side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from segstudio.app.loader import Loaded
from segstudio.domain.history import History
from segstudio.domain.plane import Plane, Tile, TileKey
from segstudio.domain.segments import BACKGROUND
from segstudio.imaging.mask_png import decode_mask
from segstudio.store.project_db import Project


@dataclass(frozen=True, eq=False)
class StoredMasks:
    """What the project holds for an image."""

    correction: dict[TileKey, Tile]
    history: History
    prediction: Plane | None
    prediction_round: int | None


def read_masks(project: Project, image_id: int) -> StoredMasks:
    """Read them; on the store thread."""
    stored = project.masks.prediction(image_id)
    return StoredMasks(
        project.masks.load_correction(image_id),
        project.masks.load_history(image_id),
        None if stored is None else Plane.from_array(decode_mask(stored[1]), BACKGROUND),
        None if stored is None else stored[0],
    )


class Opening:
    """Waits for both halves, then calls ``both``; an opening that was overtaken is simply never looked at."""

    def __init__(self, image_id: int, path: Path, both: Callable[[], None]) -> None:
        self.image_id = image_id
        self.path = path
        self._both = both
        self._image: Loaded | None = None
        self._masks: StoredMasks | None = None

    @property
    def result(self) -> tuple[Loaded, StoredMasks]:
        """Both halves. Raises ``RuntimeError`` before they are there."""
        if self._image is None or self._masks is None:
            raise RuntimeError("the image is still being read")
        return self._image, self._masks

    def got_image(self, image: Loaded) -> None:
        """The file was read, or could not be."""
        self._image = image
        self._call_if_complete()

    def got_masks(self, masks: StoredMasks) -> None:
        """The project's half was read."""
        self._masks = masks
        self._call_if_complete()

    def _call_if_complete(self) -> None:
        if self._image is not None and self._masks is not None:
            self._both()
