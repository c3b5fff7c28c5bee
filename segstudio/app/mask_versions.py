"""The approved versions of the mask on the canvas: listed, shown beside each other, brought back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.app.audit_words import text, when
from segstudio.app.changes import Changes, Message
from segstudio.app.document import Document
from segstudio.app.editor import Editor, Save
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.domain.metrics import mean_dice
from segstudio.domain.patch import Patch
from segstudio.domain.segments import BACKGROUND, SegmentTable
from segstudio.store.project_db import Project
from segstudio.store.versions import FOUND_APPROVED, Version

KEY = "versions"
"""Key of the messages about what was done here."""

SMALL = 96
"""Longer side of a version's small picture, in pixels."""

BEFORE_THE_TRAIL = "approved before that was kept"
"""Who approved a version that was only found: whoever had the project open then need not have seen it."""

Mask = NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class KeptVersion:
    """An approved mask. ``place`` counts an image's versions from 1, ``number`` is the project's own.

    ``small`` is its mask at every so many pixels, (h, w) uint16 segment ids. ``round_number`` is that of the model's
    mask below, None without one, and ``model`` the digest of its weights.
    """

    number: int
    place: int
    image_id: int
    who: str
    when: str
    digest: str
    round_number: int | None
    model: str
    nbytes: int
    small: Mask


class MaskVersions:
    """Main thread only; masks are read on the store thread, one a call."""

    def __init__(self, store: StoreThread, editor: Editor, save: Save, announce: Callable[[Changes], None]) -> None:
        self._store = store
        self._editor = editor
        self._save = save
        self._announce = announce

    def read(self, image_id: int, done: Callable[[list[KeptVersion]], None]) -> None:
        """Give ``done`` the versions of an image, oldest first."""
        kept: list[KeptVersion] = []

        def go_on(waiting: list[Version]) -> None:
            if not waiting:
                done(kept)
                return
            version, place = waiting[0], len(kept) + 1

            def keep(made: KeptVersion) -> None:
                kept.append(made)
                go_on(waiting[1:])

            self._store.run(lambda project: _kept(project, version, place), keep, self._say_failed)

        self._store.run(lambda project: project.versions.list_versions(image_id), go_on, self._say_failed)

    def mask(self, number: int, done: Callable[[Mask], None]) -> None:
        """Give ``done`` a version's mask, (height, width) uint16 segment ids."""
        self._store.run(lambda project: project.versions.mask(number), done, self._say_failed)

    def compare(self, one: Mask, other: Mask, done: Callable[[tuple[int, float]], None]) -> None:
        """Give ``done`` how far two masks of one size agree; see ``difference``."""
        self._store.run(lambda _project: difference(one, other), done, self._say_failed)

    def restore(self, version: KeptVersion) -> None:
        """Bring a version back to the canvas, as one step that undo takes back; approved, it is a new version."""
        self.mask(version.number, lambda mask: self._put_back(version, mask))

    def _put_back(self, version: KeptVersion, mask: Mask) -> None:
        editor = self._editor
        editor.finish()
        document = editor.document
        if document is None or document.image_id != version.image_id:
            return
        name = f"Version {version.place}"
        if mask.shape != (document.height, document.width):
            self._say(f"{name} has another size than the image has now, so it was not restored.", "trouble")
            return
        unknown = [int(id_) for id_ in np.unique(mask) if id_ != BACKGROUND and id_ not in editor.table]
        if unknown:
            self._say(f"{name} has a segment that the project has no longer, so it was not restored.", "trouble")
            return
        document.begin_edit(f"Restore version {version.place}")
        # Of an approved version all of it was vouched for, locked segments too.
        rect = document.apply(Patch(document.bounds, mask != document.shown(document.bounds), mask))
        edit = document.commit_edit()
        if edit is None:
            self._say(f"The mask on the canvas is that of version {version.place} already.")
            return
        number = version.number
        about = {"version": number, "mask": version.digest}
        self._save(
            document,
            lambda project: project.masks.save_edit(document.image_id, edit, "mask restored", **about),
        )
        self._announce(Changes(pixels=rect, history=True))
        editor.refresh()
        self._say_back(document, version)

    def _say_back(self, document: Document, version: KeptVersion) -> None:
        edit = document.history.done[-1]

        def holds() -> bool:
            return self._editor.document is document and document.history.done[-1:] == [edit]

        def undo() -> None:
            if holds():
                self._editor.undo()

        sentence = f"Version {version.place} is back on the canvas. Approve it to keep it as a new version."
        self._announce(Changes(message=Message(sentence, action="Undo", on_action=undo, key=KEY, holds=holds)))

    def _say(self, sentence: str, kind: str = "info") -> None:
        self._announce(Changes(message=Message(sentence, "trouble" if kind == "trouble" else "info", key=KEY)))

    def _say_failed(self, error: Exception) -> None:
        self._say(in_words(error), "trouble")


def difference(one: Mask, other: Mask) -> tuple[int, float]:
    """How many pixels of two masks of one size differ, and the mean Dice of the segments that either holds."""
    return int(np.count_nonzero(one != other)), mean_dice(one, other)


def small_picture(thumbnail: NDArray[np.uint8] | None, small: Mask, table: SegmentTable) -> NDArray[np.uint8]:
    """A version's mask over its image, (h, w, 3) uint8 as large as ``small``; over grey while there is no thumbnail."""
    height, width = small.shape
    picture = np.full((height, width, 3), 96, np.uint8)
    if thumbnail is not None:
        rows = np.arange(height) * thumbnail.shape[0] // height
        columns = np.arange(width) * thumbnail.shape[1] // width
        picture = thumbnail[rows[:, None], columns]
    for segment in table:
        where = small == segment.id
        picture[where] = (picture[where] * 0.45 + np.array(segment.color) * 0.55).astype(np.uint8)
    return picture


def _kept(project: Project, version: Version, place: int) -> KeptVersion:
    entry = project.audit.entry(version.entry)
    told = {} if entry is None else entry.told
    mask = project.versions.mask(version.number)
    step = max(1, -(-max(mask.shape) // SMALL))
    number = told.get("round")
    return KeptVersion(
        version.number,
        place,
        version.image_id,
        "" if entry is None else BEFORE_THE_TRAIL if entry.kind == FOUND_APPROVED else text(entry.who),
        "" if entry is None else when(entry),
        text(told.get("mask", "")),
        number if isinstance(number, int) else None,
        text(told.get("weights", "")),
        version.nbytes,
        mask[::step, ::step].copy(),
    )
