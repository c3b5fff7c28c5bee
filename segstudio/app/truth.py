"""How the mask on the canvas compares with a truth that the project was given to compare with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.app.changes import Changes
from segstudio.app.document import Document, frozen
from segstudio.app.loader import Loader
from segstudio.domain.errors import UserError
from segstudio.domain.metrics import mean_dice
from segstudio.domain.segments import BACKGROUND, ClassSpec, void_ids
from segstudio.formats.compare import NOT_JUDGED
from segstudio.formats.png import read_mask
from segstudio.imaging.reader import read_orientation

log = logging.getLogger(__name__)

Truth = NDArray[np.uint16]


class TruthCheck:
    """Dice of the shown mask against the truth, computed off the main thread; None where one of both is missing."""

    def __init__(self, loader: Loader, announce: Callable[[Changes], None]) -> None:
        self._loader = loader
        self._announce = announce
        self._document: Document | None = None
        self._file: Path | None = None
        self._truth: Truth | None = None
        self._seen: Truth | None = None
        self._void: tuple[int, ...] = ()
        self._comparing = False
        self._again = False
        self.dice: float | None = None

    @property
    def mask(self) -> Truth | None:
        """The truth itself, segment ids of the document's size, 0 where nobody judged.

        None where there is none, or it is being read.
        """
        return self._seen

    def follow(
        self, document: Document | None, image: Path, truth: Path | None, classes: tuple[ClassSpec, ...]
    ) -> None:
        """Compare with another document from now on."""
        self._document, self._file, self._truth, self._seen, self.dice = document, truth, None, None, None
        self._void = (*void_ids(classes), NOT_JUDGED)
        if document is None or truth is None:
            return
        size = (document.width, document.height)

        def keep(found: tuple[Truth, Truth] | None) -> None:
            if self._file == truth and self._document is document:
                self._truth, self._seen = (None, None) if found is None else found
                self.refresh()

        self._loader.run(lambda: _read(truth, image, size, classes), keep)

    def refresh(self) -> None:
        """Compare again, after the mask changed; changes that come while one is compared are compared together."""
        document, truth = self._document, self._truth
        if document is None or truth is None:
            return
        if document.mask_origin == "none":
            # That nobody has said anything yet, neither model nor person, is no mask that missed everything.
            self._again, self.dice = False, None
            self._announce(Changes(history=True))
            return
        if self._comparing:
            self._again = True
            return
        self._comparing, self._again, now, void = True, False, frozen(document), self._void

        def keep(value: float | None) -> None:
            self._comparing = False
            if self._again:
                self.refresh()
            if self._document is document:
                self.dice = None if document.mask_origin == "none" else value
                self._announce(Changes(history=True))

        self._loader.run(lambda: _compared(now, truth, void), keep)


def _read(file: Path, image: Path, size: tuple[int, int], classes: tuple[ClassSpec, ...]) -> tuple[Truth, Truth] | None:
    """The truth to compare with, and the one to be seen; None where it can't be read."""
    try:
        found = read_mask(file, size, read_orientation(image), classes, NOT_JUDGED)
        return found, np.where(found == NOT_JUDGED, np.uint16(BACKGROUND), found)
    except UserError as error:
        log.warning("the mask to compare with cannot be used: %s", error)
        return None
    except Exception:
        log.exception("the mask to compare with cannot be read: %s", file)
        return None


def _compared(document: Document, truth: Truth, void: tuple[int, ...]) -> float | None:
    try:
        return _mean_dice(document, truth, void)
    except Exception:
        log.exception("the mask cannot be compared")
        return None


def _mean_dice(document: Document, truth: Truth, void: tuple[int, ...]) -> float:
    return mean_dice(document.shown(document.bounds), truth, void)
