"""Who reads, what they may see, and how far each image has come. Main thread only."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from segstudio.app.audit_log import AuditLog
from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.contents import Contents
from segstudio.app.document import Document, frozen
from segstudio.app.editor import Editor
from segstudio.app.reading_clock import ReadingClock
from segstudio.app.reading_rows import (
    REVIEW,
    SHOWN_BEFORE,
    claim_unowned,
    keep_first,
    lacking_first,
    shown_before,
    with_second,
)
from segstudio.app.round_writer import stored_mask
from segstudio.app.saver import Saver
from segstudio.app.store_thread import StoreThread
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.geometry import Rect
from segstudio.domain.metrics import mean_dice
from segstudio.domain.patch import Patch
from segstudio.domain.plane import TILE, UNSET
from segstudio.domain.review import ReviewSettings, Standing, is_chosen
from segstudio.domain.segments import BACKGROUND, ClassSpec, SegmentTable, void_ids
from segstudio.imaging.mask_png import encode_mask
from segstudio.store.project_db import Project
from segstudio.store.readings import Kind, Reading


class Review:
    """What a session asks before it shows and tells after it changed an image; the window asks it for the rest."""

    def __init__(
        self,
        contents: Contents,
        *,
        store: StoreThread,
        saver: Saver,
        catalog: Catalog,
        editor: Editor,
        document: Callable[[], Document | None],
        table: Callable[[], SegmentTable],
        classes: Callable[[], tuple[ClassSpec, ...]],
        audit: AuditLog,
        announce: Callable[[Changes], None],
    ) -> None:
        self.reader = contents.reader
        self.readers = sorted({*contents.readers, contents.reader} - {""}, key=str.casefold)
        self.settings = contents.review
        self.clock = ReadingClock()
        self.decides: Callable[[ImageRecord], bool] = lambda _record: False
        self.go_on: Callable[[], None] = lambda: None
        self._unveiled = set(contents.unveiled)
        self._store, self._saver, self._catalog, self._editor = store, saver, catalog, editor
        self._document, self._table, self._audit, self._announce = document, table, audit, announce
        self._classes = classes
        catalog.veils = self.veils

    # ---- what the window shows --------------------------------------------------------------------------------

    @property
    def counts(self) -> Counter[Standing]:
        """How many images have come how far, as their reader is told."""
        return self._catalog.counts

    @property
    def pace(self) -> str:
        """How long an approved image took, in the middle; "" before there is one."""
        taken = [record.seconds for record in self._catalog.approved if record.seconds >= 1]
        return f"An image takes about {median(taken):.0f} seconds" if taken else ""

    @property
    def twice(self) -> bool:
        """Whether some images have two readers."""
        return self.settings.second_share > 0

    @property
    def names_round(self) -> bool:
        """Whether it is told which model's mask an image has.

        A second reader is given the one that the first was given: an older round would tell what the first has read.
        """
        return not self.twice

    @property
    def can_reveal(self) -> bool:
        """Whether the model's mask of the image on the canvas is hidden."""
        document = self._document()
        return document is not None and document.veiled

    # ---- what may be seen -------------------------------------------------------------------------------------

    def truth_of(self, record: ImageRecord) -> Path | None:
        """The mask to compare with; none where two read the image and nobody has decided: it would sway one of them."""
        return None if record.second and not record.adjudicator else record.truth

    def veils(self, record: ImageRecord) -> bool:
        """Whether the model's mask of a row is hidden from its reader until they have drawn one."""
        if record.state is ImageState.APPROVED or record.id in self._unveiled:
            return False
        return is_chosen(record.origin, self.settings.draw_first_share, "draw first")

    def sways(self, source: ImageRecord, record: ImageRecord) -> str:
        """Why the mask of a ``source`` may not be carried over to a row, as a sentence; "" if it may."""
        if self.veils(record):
            return "Draw your own mask of this image first: nothing is carried over while the model's mask is hidden."
        if record.second == "wanted" and source.reader != self.reader:
            return f"{source.name} is not your reading, so nothing is carried over from it: two read this image."
        return ""

    @property
    def comparable(self) -> list[ImageRecord]:
        """The reader's rows, for comparing many: with a mask to compare with only where both masks may be seen."""
        return [
            replace(record, truth=None if self.veils(record) else self.truth_of(record))
            for record in self._catalog.records
            if record.rejected is None
        ]

    @property
    def hides_model(self) -> bool:
        """Whether the model may not be asked about the image on the canvas.

        It waits for the reader's own mask, or has learned from another's.
        """
        document = self._document()
        if document is None:
            return False
        record = self._catalog.record(document.image_id)
        return document.veiled or record.reading_of is not None

    def on_made(self, document: Document) -> None:
        """A document is about to be shown: hide what its reader may not see yet."""
        record = self._catalog.record(document.image_id)
        if self._is_another_s(record):
            image_id = record.id
            self._saver.save(lambda project: project.readings.seal([image_id]), image_id)
        document.apart = record.reading_of is not None
        if self.veils(record):
            document.veil()

    def reveal(self) -> None:
        """Show the model's mask beside the one that was drawn; what was drawn stays as it is."""
        document = self._document()
        if document is None or not document.veiled:
            return
        self._editor.finish()
        if document.correction.is_blank:
            self._say("Draw your own mask first. Then the model's mask can be shown.", "reveal")
        elif document.known_round is None:
            self._say("The model has no mask of this image yet.", "reveal")
        else:
            self._unveil(document)
            words = "Your mask stays as you drew it. Hold V to see the model's, or D to see where they differ."
            self._say(words, "reveal")

    # ---- what readers do --------------------------------------------------------------------------------------

    def reject(self, reason: str) -> None:
        """The image on the canvas is not to be used, for a ``reason``; go on to the next."""
        document = self._document()
        reason = reason.strip()
        if document is None or not reason:
            return
        self._editor.finish()
        row_id = document.image_id
        # An approval stays below, so that it is there again if the rejection is taken back.
        self._audit.save(lambda project: project.readings.reject(row_id, reason), "reject", row_id, reason=reason)
        self._claim(self._catalog.record(row_id))
        self._replace(replace(self._catalog.record(row_id), rejected=reason))
        self.note_reopened()
        name = self._catalog.record(row_id).name
        message = Message(
            f"{name} was rejected. Nothing is learned from it.", action="Take it back",
            on_action=lambda: self.use_again(row_id), key="reject",
            holds=lambda: row_id in self._catalog and self._catalog.record(row_id).rejected is not None,
        )  # fmt: skip
        self._announce(Changes(history=True, message=message))
        self.go_on()

    def use_again(self, row_id: int) -> None:
        """Take a rejection back."""
        record = self._catalog.record(row_id)
        if record.rejected is not None:
            self._audit.save(lambda project: project.readings.reject(row_id, None), "use again", row_id)
            self._replace(replace(record, rejected=None))
            self.note_reopened()
            self._announce(Changes(history=True))

    def set_settings(self, settings: ReviewSettings) -> bool:
        """Review the project in another way; whether it must be opened anew, since other rows may be seen."""
        before, self.settings = self.settings, settings
        if settings == before:
            return False
        seen = (r for r in self._catalog.all_rows if r.touched or r.state is ImageState.APPROVED)
        begun = [row.id for row in seen if row.id not in self._unveiled]
        if settings.draw_first_share > before.draw_first_share:
            fresh = [i for i in begun if not self._was_chosen(i, before)]
            self._unveiled.update(fresh)
            self._saver.save(lambda project: _add_shown_before(project, fresh))
        self._audit.save(
            lambda project: project.settings.set_setting(REVIEW, settings.kept()),
            "review settings",
            before=before.kept(),
            after=settings.kept(),
        )
        return (settings.second_share, settings.second_sees_model) != (before.second_share, before.second_sees_model)

    # ---- told by the session ----------------------------------------------------------------------------------

    def note_shown(self) -> None:
        """Another image is on the canvas: the time of the one before is kept."""
        self.note_left()
        document = self._document()
        self.clock.start(None if document is None else document.image_id)

    def note_left(self) -> None:
        """Keep the time that was spent so far."""
        row_id, seconds = self.clock.take()
        if row_id is not None and seconds >= 1:
            record = self._catalog.record(row_id)
            self._saver.save(lambda project: project.readings.add_seconds(row_id, seconds), row_id)
            self._replace(replace(record, seconds=record.seconds + seconds))

    def note_edit(self, document: Document) -> None:
        """The mask on the canvas was changed."""
        self.clock.beat()
        record = self._catalog.record(document.image_id)
        if record.touched:
            self._claim(record)
        if record.second == "done":
            self.note_reopened()

    def note_added(self) -> None:
        """Images are there, perhaps approved by nobody in particular: they are the reader's, and first readings."""
        if self.twice:
            settings, reader = self.settings, self.reader

            def claim(project: Project) -> list[ImageRecord]:
                claim_unowned(project, reader, settings)
                return lacking_first(project, settings)

            self._store.run(claim, self._keep_firsts)

    def note_reopened(self) -> None:
        """An approval may be gone, and a second reading with it."""
        if self.twice:
            self._store.run(lambda project: set(project.readings.pairs()), self._follow_pairs)

    def before_approval(self, document: Document) -> None:
        """A mask that was drawn unaided is approved as it is."""
        if document.veiled and document.known_round is not None:
            self._unveil(document)
        elif document.veiled:
            document.unveil()

    def follow_approval(self, document: Document) -> None:
        """The approval of the mask on the canvas is gone, or there again: so is the veil before the model's."""
        veils = self.veils(self._catalog.record(document.image_id))
        if veils != document.veiled:
            if veils:
                document.veil()
            else:
                document.unveil()
            self._announce(Changes(pixels=document.bounds, better_mask=True, history=True, tool=True))

    def after_approval(self, document: Document) -> None:
        """The mask on the canvas is approved: keep whose it is, and the whole of it where two read the image."""
        self.note_left()
        record = self._catalog.record(document.image_id)
        if record.rejected is not None:
            self._audit.save(lambda project: project.readings.reject(record.id, None), "use again", record.id)
            record = replace(record, rejected=None)
            self._replace(record)
        if self.decides(record) or self._is_another_s(record) or self._is_decided_anew(record):
            reader = self.reader
            self._audit.save(
                lambda project: project.readings.set_adjudicator(record.id, reader), "adjudicate", record.id
            )
            self._replace(replace(record, adjudicator=reader))
            self._keep(record, "adjudicated")
            return
        self._claim(record)
        if record.second:
            self._keep(record, "first" if record.reading_of is None else "second")

    # ---- within -----------------------------------------------------------------------------------------------

    def _is_another_s(self, record: ImageRecord) -> bool:
        """Whether two others have read the image: who looks at it looks at the first one's reading."""
        return record.second == "done" and record.reading_of is None and record.reader != self.reader

    def _is_decided_anew(self, record: ImageRecord) -> bool:
        """Whether the mask that is approved takes the place of somebody else's decision, who has not seen it."""
        return record.adjudicator not in ("", self.reader)

    def _was_chosen(self, row_id: int, settings: ReviewSettings) -> bool:
        origin = self._catalog.record(row_id).origin
        return is_chosen(origin, settings.draw_first_share, "draw first")

    def _claim(self, record: ImageRecord) -> None:
        """Whoever begins on an image reads it; where two have read it, it stays the first one's."""
        anothers = record.second != "" and record.reader != ""
        if record.reading_of is not None or record.second == "done" or anothers or record.reader == self.reader:
            return
        row_id, reader = record.id, self.reader
        self._saver.save(lambda project: project.readings.set_reader(row_id, reader), row_id)
        self._replace(replace(record, reader=reader))

    def _keep_firsts(self, waiting: list[ImageRecord]) -> None:
        """One a call, so that strokes are saved in between."""
        if not waiting:
            self.note_reopened()
            return
        first, rest = waiting[0], waiting[1:]
        known = self._catalog.record(first.id)
        if not known.reader:
            self._replace(replace(known, reader=first.reader))
        self._store.run(lambda project: keep_first(project, first.id), lambda _none: self._keep_firsts(rest))

    def _keep(self, record: ImageRecord, kind: Kind) -> None:
        table, reader = self._table(), self.reader
        reading = Reading(record.id, record.origin, kind, reader, time.time(), record.seconds)

        def write(project: Project) -> None:
            mask = stored_mask(project, project.images.image(record.id), vouched_only=False)
            project.readings.put(reading, encode_mask(mask), table)

        self._saver.save(write, record.id)
        self.note_reopened()

    def _follow_pairs(self, done: set[int]) -> None:
        for record in self._catalog.all_rows:
            now = with_second(record, self.settings, done)
            if now != record:
                self._replace(now)
        self._announce(Changes(history=True))

    def _unveil(self, document: Document) -> None:
        """What was not painted is background from now on, so that the model's mask does not flow into the drawing."""
        self._editor.apply("Show the model's mask", *_unset(document), over_any=True, over_locked=True)
        seen = frozen(document)
        record = self._catalog.record(document.image_id)
        document.unveil()
        prediction, table, void = document.prediction, self._table(), void_ids(self._classes())
        self._unveiled.add(record.id)
        seconds = record.seconds + self.clock.counted
        reading = Reading(record.id, record.origin, "unaided", self.reader, time.time(), seconds)
        number = document.prediction_round

        def write(project: Project) -> None:
            mask = seen.correction.to_array()
            # A model that has learned from the drawing is like it, whatever its reader leans on.
            known = number is None or project.learned.knows(number, record.origin)
            score = None if known or prediction is None else mean_dice(prediction.to_array(), mask, void)
            project.readings.put(replace(reading, model_dice=score), encode_mask(mask), table)

        self._audit.save(write, "show model", record.id, round=number)
        self._announce(Changes(pixels=document.bounds, better_mask=True, history=True, tool=True))

    def _replace(self, record: ImageRecord) -> None:
        self._catalog.replace(record)
        if not self._catalog.is_hidden(record.id):
            self._announce(Changes(images=frozenset({record.id})))

    def _say(self, sentence: str, key: str) -> None:
        self._announce(Changes(message=Message(sentence, key=key)))


def _unset(document: Document) -> Iterator[Patch]:
    """Background for what nobody has painted."""
    for y in range(0, document.height, TILE):
        strip = Rect(0, y, document.width, min(y + TILE, document.height))
        unset = document.correction.read(strip) == UNSET
        if unset.any():
            yield Patch(strip, unset, BACKGROUND)


def _add_shown_before(project: Project, row_ids: list[int]) -> None:
    project.settings.set_setting(SHOWN_BEFORE, sorted({*shown_before(project), *row_ids}))
