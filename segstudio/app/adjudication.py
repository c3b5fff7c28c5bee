"""Deciding between two readings of one image. Main thread only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.app.audit_log import AuditLog
from segstudio.app.background import Background
from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.document import Document
from segstudio.app.editor import Editor
from segstudio.app.saver import Saver
from segstudio.app.store_thread import StoreThread
from segstudio.domain.agreement import PairScores, pair_scores
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.errors import UserError
from segstudio.domain.outlines import outlines
from segstudio.domain.patch import Patch
from segstudio.domain.segments import ClassSpec, void_ids
from segstudio.imaging.consensus import between, staple
from segstudio.imaging.mask_png import decode_mask
from segstudio.store.project_db import Project
from segstudio.store.readings import Pair

Which = Literal["first", "second", "between", "consensus"]
Polygon = NDArray[np.float64]

TITLES: dict[Which, str] = {
    "first": "Take the first reading",
    "second": "Take the second reading",
    "between": "Take the line between both",
    "consensus": "Take the consensus (STAPLE)",
}


@dataclass(frozen=True, eq=False)
class Dispute:
    """Two readings of the image on the canvas: (H, W) uint16 segment ids, and their outlines in image pixels."""

    image_id: int
    pair: Pair
    first: NDArray[np.uint16]
    second: NDArray[np.uint16]
    first_lines: tuple[Polygon, ...]
    second_lines: tuple[Polygon, ...]
    scores: PairScores


class Adjudication:
    """Shows both readings over the image; whatever is taken is one step of undo, and Approve makes it the decision."""

    def __init__(
        self,
        *,
        reader: str,
        store: StoreThread,
        saver: Saver,
        catalog: Catalog,
        editor: Editor,
        background: Background,
        audit: AuditLog,
        classes: Callable[[], tuple[ClassSpec, ...]],
        announce: Callable[[Changes], None],
        open_image: Callable[[int], None],
    ) -> None:
        self.dispute: Dispute | None = None
        self.busy = False
        self._wanted: int | None = None
        self._reader = reader
        self._store, self._saver, self._catalog, self._editor = store, saver, catalog, editor
        self._background, self._audit, self._classes = background, audit, classes
        self._announce, self._open_image = announce, open_image

    @property
    def active(self) -> bool:
        """True while two readings are shown, or will be."""
        return self._wanted is not None

    def begin(self, image_id: int) -> None:
        """Look at both readings of an image (its own id); from now on they stay what they are."""
        if self._catalog.record(image_id).second != "done":
            words = "This image does not have two finished readings yet. It can be decided on when both are approved."
            self._announce(Changes(message=Message(words, key="adjudicate")))
            return
        self._audit.save(lambda project: project.readings.seal([image_id]), "compare readings", image_id)
        if self._catalog.is_hidden(image_id):
            self._catalog.uncover(image_id)
            self._announce(Changes(image_list=True))
        self._wanted, self.dispute = image_id, None
        self._open_image(image_id)

    def end(self) -> None:
        """Look at the image alone again."""
        if self._wanted is not None:
            self._wanted, self.dispute = None, None
            self._announce(Changes(review=True))

    def follow(self, document: Document | None) -> None:
        """Another image is on the canvas."""
        wanted = self._wanted
        if wanted is None:
            return
        if document is None or document.image_id != wanted:
            self.end()
            return
        shape, void = (document.height, document.width), void_ids(self._classes())

        def read(project: Project) -> Dispute | None:
            return _read(project, wanted, shape, void)

        def show(dispute: Dispute | None) -> None:
            if self._wanted == wanted:
                self.dispute = dispute
                self._announce(Changes(review=True))

        self._store.run(read, show)

    def take(self, which: Which) -> None:
        """Put a reading, or what is made of both, into the mask, as one step of undo."""
        dispute, document = self.dispute, self._editor.document
        if dispute is None or document is None or document.image_id != dispute.image_id or self.busy:
            return
        if which in ("first", "second"):
            self._put(document, dispute.first if which == "first" else dispute.second, which)
            return
        make = between if which == "between" else staple
        self.busy = True
        self._announce(Changes(review=True))

        def done(mask: NDArray[np.uint16]) -> None:
            self.busy = False
            if self._editor.document is document:
                self._put(document, mask, which)
            self._announce(Changes(review=True))

        def failed(_: Exception) -> None:
            self.busy = False
            words = "That could not be computed. Take one of the readings, or draw the mask by hand."
            self._announce(Changes(review=True, message=Message(words, "trouble", key="adjudicate")))

        self._background.ask(lambda: make([dispute.first, dispute.second]), done, failed)

    def decides(self, record: ImageRecord) -> bool:
        """Whether approving the image now is a decision between two readings."""
        return self.dispute is not None and record.id == self.dispute.image_id

    def _put(self, document: Document, mask: NDArray[np.uint16], which: Which) -> None:
        where = document.correction.read(document.bounds) != mask
        self._editor.apply(TITLES[which], Patch(document.bounds, where, mask), over_any=True, over_locked=True)
        self._audit.note("take reading", document.image_id, which=which)


def _read(project: Project, image_id: int, shape: tuple[int, int], void: tuple[int, ...]) -> Dispute | None:
    pair = project.readings.pairs().get(image_id)
    if pair is None:
        return None
    first = decode_mask(project.readings.whole_mask(pair.first.row_id, "first"))
    second = decode_mask(project.readings.whole_mask(pair.second.row_id, "second"))
    if first.shape != shape or second.shape != shape:
        raise UserError("A reading of this image is of another size than the image. Nothing was changed.")
    scores = pair_scores(image_id, first, second, void)
    return Dispute(image_id, pair, first, second, outlines(first), outlines(second), scores)
