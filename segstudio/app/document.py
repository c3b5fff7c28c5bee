"""One open image: its pixels, its two planes and its history. No threads, no files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from segstudio.domain import confidence
from segstudio.domain.geometry import EMPTY, Rect
from segstudio.domain.history import Edit, History
from segstudio.domain.patch import Patch
from segstudio.domain.plane import TILE, UNSET, Plane, Tile, TileKey
from segstudio.domain.segments import BACKGROUND
from segstudio.imaging.mips import Mips

MaskOrigin = Literal["none", "model", "mine", "approved"]


@dataclass
class Document:
    """What is on the canvas.

    ``pixels`` is (height, width, 3) uint8 RGB, upright. The mask shown is the correction where it is set, else the
    prediction, else background. ``confidence`` is how sure the model is of its prediction: (h, w) uint8, 255 for
    certain, coarser than the image and stretched over it; None where it was not asked. While ``veiled`` there is no
    prediction for anybody who looks: it waits behind. ``apart`` is what is read a second time: the model may have
    learned from the first reading, so it is not asked. ``deep`` holds the file's own values, (height, width) or
    (height, width, 3) uint16, where it has 16 bits, ``window`` those of them that the file says are black and white,
    and ``mips`` the pixels at a half, a quarter and so on, if they were made beforehand. ``fingerprint`` and
    ``perceptual`` are the hashes of the file that was read. Changes go through
    ``begin_edit`` ... ``commit_edit``; writing outside of one is an error, so that no change can miss the history and
    the saver.
    """

    image_id: int
    pixels: NDArray[np.uint8]
    correction: Plane
    prediction: Plane | None = None
    prediction_round: int | None = None
    history: History = field(default_factory=History)
    approved: bool = False
    confidence: NDArray[np.uint8] | None = None
    deep: NDArray[np.uint16] | None = None
    mips: Mips | None = None
    window: tuple[float, float] | None = None
    veiled: bool = False
    apart: bool = False
    fingerprint: str = ""
    perceptual: int | None = None
    _behind: tuple[Plane, int, NDArray[np.uint8] | None] | None = None
    _before: dict[TileKey, Tile] | None = None
    _name: str = ""

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])

    @property
    def bounds(self) -> Rect:
        """The whole image."""
        return Rect(0, 0, self.width, self.height)

    @property
    def editing(self) -> bool:
        """True between ``begin_edit`` and its end."""
        return self._before is not None

    @property
    def mask_origin(self) -> MaskOrigin:
        """Whose mask is shown."""
        if self.approved:
            return "approved"
        if not self.correction.is_blank:
            return "mine"
        return "none" if self.prediction is None else "model"

    def shown(self, rect: Rect) -> NDArray[np.uint16]:
        """Segment ids shown in ``rect`` (inside the image): correction over prediction over background."""
        mask = self.correction.read(rect)
        unset = mask == UNSET
        if unset.any():
            below = BACKGROUND if self.prediction is None else self.prediction.read(rect)
            np.copyto(mask, np.asarray(below, np.uint16), where=unset)
        return mask

    @property
    def is_empty(self) -> bool:
        """True if all of the image shows background; looks no further than the first pixel that does not."""
        strips = (Rect(0, y, self.width, min(y + TILE, self.height)) for y in range(0, self.height, TILE))
        return not any(self.shown(strip).any() for strip in strips)

    def begin_edit(self, name: str) -> None:
        """Start one named step. Raises ``RuntimeError`` inside another."""
        if self._before is not None:
            raise RuntimeError(f"edit {self._name!r} has not ended")
        self._before = self.correction.snapshot()
        self._name = name

    def apply(self, patch: Patch, locked: tuple[int, ...] = (), only_over: int | None = None) -> Rect:
        """Change the mask by ``patch``, sparing pixels that show a locked segment.

        With ``only_over`` only pixels that show that segment change. Returns the rectangle to repaint. Raises
        ``RuntimeError`` outside an edit.
        """
        if self._before is None:
            raise RuntimeError("writing to a mask outside an edit")
        if patch.rect.is_empty:
            return EMPTY
        where = self.allowed(patch, locked, only_over)
        self.correction.write(patch.rect, patch.ids, where)
        return patch.rect

    def allowed(self, patch: Patch, locked: tuple[int, ...] = (), only_over: int | None = None) -> NDArray[np.bool_]:
        """The pixels of ``patch`` that may change."""
        if not locked and only_over is None:
            return patch.where
        shown = self.shown(patch.rect)
        where = patch.where & ~np.isin(shown, locked) if locked else patch.where
        return where if only_over is None else where & (shown == only_over)

    def commit_edit(self) -> Edit | None:
        """End the step and record it; None if it changed nothing."""
        if self._before is None:
            raise RuntimeError("no edit to commit")
        changes = self.correction.changes_since(self._before)
        self._before = None
        if not changes:
            return None
        edit = Edit(self._name, changes)
        self.history.push(edit)
        return edit

    def abandon_edit(self) -> Rect:
        """End the step as if it had never begun; returns the rectangle to repaint."""
        if self._before is None:
            return EMPTY
        changes = self.correction.changes_since(self._before)
        self._before = None
        return self.correction.put_tiles({key: before for key, (before, _) in changes.items()})

    def undo(self) -> Rect | None:
        """Take the last edit back; the rectangle to repaint, None if there is none."""
        edit = self.history.undo()
        return None if edit is None else self.correction.put_tiles(edit.before)

    def redo(self) -> Rect | None:
        """Make the last undone edit again; the rectangle to repaint, None if there is none."""
        edit = self.history.redo()
        return None if edit is None else self.correction.put_tiles(edit.after)

    def set_prediction(self, plane: Plane, round_number: int, confidence: NDArray[np.uint8] | None = None) -> None:
        """Show another prediction below the correction. Raises ``ValueError`` if its size differs."""
        if (plane.height, plane.width) != (self.height, self.width):
            raise ValueError(f"prediction of {plane.width} x {plane.height} px for {self.width} x {self.height} px")
        if self.veiled:
            self._behind = plane, round_number, confidence
            return
        self.prediction = plane
        self.prediction_round = round_number
        self.confidence = confidence

    @property
    def known_round(self) -> int | None:
        """The round of the prediction, shown or behind the veil; None without one."""
        return self.prediction_round if self._behind is None else self._behind[1]

    def veil(self) -> None:
        """Show no prediction until ``unveil``, also none that comes meanwhile."""
        self.veiled = True
        if self.prediction is not None and self.prediction_round is not None:
            self._behind = self.prediction, self.prediction_round, self.confidence
        self.prediction = self.prediction_round = self.confidence = None

    def unveil(self) -> None:
        """Show the prediction, if there is one, below the correction."""
        behind, self._behind, self.veiled = self._behind, None, False
        if behind is not None:
            self.set_prediction(*behind)

    def probability_at(self, x: int, y: int) -> float | None:
        """Probability (0 to 1) of the class that the model chose at a pixel of the image.

        None where it was not asked, outside the image, and where a person painted: what is shown there is not its word.
        """
        if self.confidence is None or not (0 <= x < self.width and 0 <= y < self.height):
            return None
        if self.correction.read(Rect(x, y, x + 1, y + 1))[0, 0] != UNSET:
            return None
        return confidence.probability_at(self.confidence, self.width, self.height, x, y)

    def doubt(self, rect: Rect, step: int = 1) -> NDArray[np.uint8]:
        """How unsure the model is of its prediction at every ``step``-th pixel of ``rect``, which lies inside.

        (rows, columns) uint8: 0 is sure, 255 as likely wrong as right; all 0 where it was not asked. What was painted
        makes no difference.
        """
        if self.confidence is None:
            return np.zeros((len(range(rect.y0, rect.y1, step)), len(range(rect.x0, rect.x1, step))), np.uint8)
        return confidence.doubt(self.confidence, self.width, self.height, rect, step)


def frozen(document: Document) -> Document:
    """The document as it is now, without its history, for another thread to read; costs no pixel."""
    correction, prediction = _frozen(document.correction), _frozen(document.prediction)
    return Document(document.image_id, document.pixels, correction, prediction, confidence=document.confidence)


@overload
def _frozen(plane: Plane) -> Plane: ...


@overload
def _frozen(plane: None) -> None: ...


def _frozen(plane: Plane | None) -> Plane | None:
    if plane is None:
        return None
    copy = Plane(plane.height, plane.width, plane.fill)
    copy.put_tiles(plane.snapshot())
    return copy
