"""One open project: what the window shows of it and everything that a user can do to it. Main thread only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.app.answers import Answers
from segstudio.app.attributes import Attributes
from segstudio.app.audit_log import AuditLog
from segstudio.app.background import Background
from segstudio.app.carrying import Carrying
from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.clipboard import Clipboard
from segstudio.app.contents import Contents
from segstudio.app.document import Document
from segstudio.app.editor import Editor
from segstudio.app.exporter import Exporter
from segstudio.app.files import Files
from segstudio.app.importer import Importer
from segstudio.app.judging import Judging
from segstudio.app.learning import Learning
from segstudio.app.loader import Loader
from segstudio.app.mask_versions import MaskVersions
from segstudio.app.measurement import Measurement
from segstudio.app.mending import Mender
from segstudio.app.ports import Scheduler
from segstudio.app.resetting import Reset
from segstudio.app.reviewing import Reviewing
from segstudio.app.saver import Saver, SaveStatus
from segstudio.app.scale import Scale
from segstudio.app.second_opinion import SecondOpinions
from segstudio.app.settings import Settings
from segstudio.app.store_thread import StoreThread
from segstudio.app.thumbnails import Thumbnails
from segstudio.app.tools import ToolSettings
from segstudio.app.truth import TruthCheck
from segstudio.app.viewing import Viewing
from segstudio.app.worker_link import WorkerLink
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.segments import ClassSpec
from segstudio.protocol.round_folder import TrainingSettings
from segstudio.store.project_db import Project

log = logging.getLogger(__name__)


class Session:
    """Every method returns at once; results come as ``Changes``."""

    def __init__(
        self,
        contents: Contents,
        *,
        scheduler: Scheduler,
        store: StoreThread,
        link: WorkerLink,
        settings: Settings,
        announce: Callable[[Changes], None],
        training: TrainingSettings,
    ) -> None:
        self.folder, self.name = contents.folder, contents.name
        self.on_closing: Callable[[], None] = lambda: None
        """What is still being typed is taken then, so that it is written with the rest."""
        self.table = contents.table
        self.catalog = Catalog(contents.records, contents.hidden)
        self.catalog.departed = contents.departed
        self._announce = announce
        self._settings = settings
        self._store = store
        self._link = link
        self._loader = Loader(scheduler)
        self._thumbnails = Thumbnails(self._loader, self.catalog, announce)
        self.files = Files(store, self.catalog, self._thumbnails, announce, self._on_added, self.open_image)
        self.truth = TruthCheck(self._loader, announce)
        self._saver = Saver(store, scheduler, lambda: announce(Changes(saving=True)))
        self.audit = AuditLog(store, self._saver, scheduler)
        self.judging = Judging(contents.classes, lambda: self.table, self._saver.save, announce)
        self.scale = Scale(contents.mm_per_px, contents.scales, store, self._saver.save, announce)
        self._background = Background(scheduler)
        self._tools_before = kept = ToolSettings.from_kept(settings.get("tools"))
        self._mender = Mender(link, lambda: None if self.review.hides_model else self.predictor.weights)
        self.editor = Editor(announce, self._save_edit, Answers(self._background, self._mender), kept)
        self.editor.table = contents.table
        self.clipboard, self.reset = Clipboard(self.editor, announce), Reset(self.editor, announce)
        self.carrying = Carrying(self.editor, self.catalog, store, self._loader, scheduler, settings, announce)
        self.opinions = SecondOpinions(self.editor, self.catalog, settings, announce)
        self.viewing = Viewing(
            contents.last_image,
            store=store,
            saver=self._saver,
            loader=self._loader,
            catalog=self.catalog,
            editor=self.editor,
            truth=self.truth,
            carrying=self.carrying,
            classes=lambda: self.classes,
            announce=announce,
        )
        self.exporter = Exporter(
            store, self.catalog, lambda: self.table, lambda: self.classes, announce, lambda: self.save_status,
            self.editor.owing.settle,
        )  # fmt: skip
        self._measurement = measurement = Measurement(
            contents, scheduler=scheduler, store=store, saver=self._saver, catalog=self.catalog, scale=self.scale,
            document=lambda: self.document, table=lambda: self.table, classes=lambda: self.classes, announce=announce,
        )  # fmt: skip
        self.measuring, self.reporting, self.visits = measurement.measuring, measurement.reporting, measurement.visits
        self._start_learning(contents, scheduler, training)
        self._start_review(contents, scheduler)

    def _start_importing(self, scheduler: Scheduler) -> None:
        self.importer = Importer(
            scheduler=scheduler,
            store=self._store,
            saver=self._saver,
            catalog=self.catalog,
            announce=self._announce,
            on_added=self._on_added,
            finish=self.viewing.finish,
            leave=self._on_leaving,
            may_go=lambda: self.rounds.status.phase not in ("starting", "preparing"),
        )
        self.attributes = Attributes(self._store, self._announce)

    def _start_learning(self, contents: Contents, scheduler: Scheduler, training: TrainingSettings) -> None:
        self._learning = learning = Learning(
            contents,
            scheduler=scheduler,
            store=self._store,
            link=self._link,
            saver=self._saver,
            loader=self._loader,
            catalog=self.catalog,
            judging=self.judging,
            mender=self._mender,
            settings=self._settings,
            training=training,
            announce=self._announce,
            document=lambda: self.document,
            current=lambda: self.current_id,
            table=lambda: self.table,
            replace_record=self.viewing.replace,
            on_better_mask=self._on_better_mask,
        )
        self.predictor, self.rounds, self.model = learning.predictor, learning.rounds, learning.model
        self.book, self.keeping, self.queue = learning.book, learning.keeping, learning.queue
        self.exchange, self.starting, self.intake = learning.exchange, learning.starting, learning.intake
        self._approvals, self._mender.on_notice = learning.approvals, learning.say_of_masks
        self.viewing.on_file, self.viewing.on_shown = learning.predictor.refresh, self._on_shown

    def _start_review(self, contents: Contents, scheduler: Scheduler) -> None:
        self.versions = MaskVersions(self._store, self.editor, self._save_edit, self._announce)
        self.reviewing = Reviewing(
            contents,
            scheduler=scheduler,
            store=self._store,
            saver=self._saver,
            catalog=self.catalog,
            editor=self.editor,
            audit=self.audit,
            document=lambda: self.document,
            table=lambda: self.table,
            classes=lambda: self.classes,
            announce=self._announce,
            open_image=self.open_image,
        )
        self.review, self.adjudication = self.reviewing.review, self.reviewing.adjudication
        self.agreements, self.viewing.review = self.reviewing.agreements, self.review
        self.carrying.sways = self.review.sways
        self.review.go_on = self.open_next_unapproved
        self.book.hides, self._approvals.expects = self.catalog.is_hidden, self.adjudication.decides
        self._approvals.on_turn = self.review.follow_approval
        if self.review.reader:
            self.audit.set_reader(self.review.reader)
        self._start_importing(scheduler)

    def start(self, automatic: bool = True) -> None:
        """Show the image that was open last; if ``automatic``, renew old masks and start rounds when they are due."""
        first = self.viewing.first_id
        if first is not None:
            self.open_image(first)
        self._learning.start(automatic)
        self.review.note_added()
        self.importer.start()
        self.exporter.start()
        self.audit.keep_missing()

    # ---- the images -------------------------------------------------------------------------------------------

    @property
    def records(self) -> Sequence[ImageRecord]:
        """All images, in order."""
        return self.catalog.records

    @property
    def classes(self) -> tuple[ClassSpec, ...]:
        """What a pixel can be, in order and as it is called now."""
        return self.judging.called

    def record(self, image_id: int) -> ImageRecord:
        """One image; ``KeyError`` for an unknown id."""
        return self.catalog.record(image_id)

    @property
    def approved_count(self) -> int:
        """How many images are approved."""
        return len(self.catalog.approved)

    @property
    def document(self) -> Document | None:
        """The image on the canvas with its planes and history."""
        return self.viewing.document

    @property
    def failure(self) -> str:
        """Why the current image can't be shown, "" where it can."""
        return self.viewing.failure

    @property
    def loading_id(self) -> int | None:
        """The image on its way to the canvas."""
        return self.viewing.loading_id

    @property
    def current_id(self) -> int | None:
        """The image on the canvas, or on its way there, or that could not be shown."""
        return self.viewing.current_id

    @property
    def save_status(self) -> SaveStatus:
        """Whether the work is on disk."""
        return self._saver.status

    @property
    def unsaved(self) -> Message:
        """What to say while it is not, and can't be written."""
        return self._saver.unsaved

    def open_image(self, image_id: int) -> None:
        """Bring an image to the canvas; the one before stays until it is there."""
        self.viewing.open(image_id)

    def step(self, by: int) -> None:
        """Go ``by`` images on."""
        target = self.catalog.step(self.current_id, by)
        if target is not None and target != self.current_id:
            self.open_image(target)

    def open_next_unapproved(self) -> None:
        """Go to the image that comes next in the queue, which is the list's next unapproved one unless it says else."""
        target = self.queue.next_id()
        if target is None:
            self._announce(Changes(message=Message(self.catalog.done_words(), key="done")))
        else:
            self.open_image(target)

    def thumbnail(self, image_id: int) -> NDArray[np.uint8] | None:
        """A small (h, w, 3) uint8 picture, or None while it is being read or if it cannot be."""
        return self._thumbnails.get(image_id)

    def _on_added(self) -> None:
        self.review.note_added()
        self.predictor.refresh()
        self.queue.refresh()
        self._store.run(lambda project: project.scales.load(), self.scale.know)
        first = self.viewing.first_id
        if self.current_id is None and first is not None:
            self.open_image(first)
        self.rounds.start_if_due()

    def _on_leaving(self, image_ids: frozenset[int]) -> None:
        self.viewing.leave(image_ids)
        self.predictor.refresh()
        self.queue.refresh()

    # ---- approval ---------------------------------------------------------------------------------------------

    def approve(self) -> None:
        """Approve the mask on the canvas and go on to the next image of the queue.

        Not while a proposal waits over it: it looks like the mask and is not in it.
        """
        document = self.document
        if document is None or self.loading_id is not None or self.editor.holds_up():
            return
        self.editor.finish()
        record = self.record(document.image_id)
        decided = self.adjudication.decides(record)
        if record.state is not ImageState.APPROVED or record.rejected is not None or decided:
            self.review.before_approval(document)
            self._approvals.give(document)
            self.review.after_approval(document)
            if document.is_empty:
                self._say_empty(record)
        if not (decided and self.reviewing.go_on()):
            self.open_next_unapproved()
        self.rounds.start_if_due()

    def reopen(self, image_id: int | None = None) -> None:
        """Take the approval of an image back, by default of the one on the canvas."""
        image_id = self.current_id if image_id is None else image_id
        if image_id is not None:
            self._approvals.take_back(image_id, self.document)
            self.review.note_reopened()

    # ---- segments ---------------------------------------------------------------------------------------------

    def change_segment(self, segment_id: int, **fields: object) -> None:
        """Change name, color, locked, hidden or opacity of a segment. ``KeyError`` for an unknown id."""
        if "name" in fields and not self.judging.may_call(segment_id, str(fields["name"])):
            return
        self.table = table = self.table.changed(segment_id, **fields)
        self.editor.table = table
        self.editor.refresh()
        self._saver.save(lambda project: project.save_segment_table(table))
        self._announce(Changes(table=True))

    @property
    def overlay_opacity(self) -> float:
        """Opacity of the mask over the image, 0 to 1."""
        value = self._settings.get("overlay_opacity", 0.35)
        return float(value) if isinstance(value, int | float) else 0.35

    def set_overlay_opacity(self, value: float) -> None:
        """Set it; kept for this user, whatever the project."""
        self._settings.set("overlay_opacity", min(max(value, 0.0), 1.0))
        self._announce(Changes(table=True))

    # ---- the end ----------------------------------------------------------------------------------------------

    def retry_saving(self) -> None:
        """Try again to write what could not be written."""
        self._saver.retry()

    def close(self) -> bool:
        """Finish the stroke in hand and write everything; False, and still open, if that failed."""
        self.on_closing()
        self.viewing.finish()
        current = self.current_id
        self.review.note_left()
        self._saver.save(lambda project: project.settings.set_setting("last_image", current))
        if not self._saver.drain():
            self._announce(Changes(saving=True))
            return False
        self.importer.close()
        self._learning.watchdog.stop()
        self.exchange.close()
        self.predictor.pause()
        self._loader.close()
        self._background.close()
        self.audit.close()
        self.carrying.close()
        self._measurement.close()
        self.reviewing.close()
        self.queue.close()
        self._settings.merge("tools", self.editor.settings.changed_since(self._tools_before))
        return True

    # ---- within -----------------------------------------------------------------------------------------------

    def _save_edit(self, document: Document, write: Callable[[Project], object]) -> None:
        self._saver.save(self.intake.as_seen(document.image_id, write), document.image_id)
        if self._approvals.follow_edit(document):
            self.rounds.start_if_due()
        self.review.note_edit(document)
        self.truth.refresh()

    def _on_shown(self) -> None:
        record = None if self.document is None else self.record(self.document.image_id)
        image_id = None if record is None else record.origin
        self.scale.follow(image_id)
        self.audit.note_shown(self.document)
        self.attributes.follow(image_id)
        self.queue.refresh()
        self.predictor.look_again()
        self.reviewing.follow(self.document)

    def _on_better_mask(self) -> None:
        self.audit.note_shown(self.document)
        self.truth.refresh()
        self.editor.refresh()

    def _say_empty(self, record: ImageRecord) -> None:
        message = Message(
            f"{record.name} was approved with an empty mask.",
            action="Take it back",
            on_action=lambda: self._take_back(record.id),
            key="empty",
            holds=lambda: record.id in self.catalog and self.record(record.id).state is ImageState.APPROVED,
        )
        self._announce(Changes(message=message))

    def _take_back(self, image_id: int) -> None:
        self.reopen(image_id)
        self.open_image(image_id)
