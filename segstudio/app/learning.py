"""The parts of a session that learn and predict, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from segstudio.app.approval import Approvals
from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.contents import Contents
from segstudio.app.document import Document
from segstudio.app.judging import Judging
from segstudio.app.loader import Loader
from segstudio.app.mask_intake import MaskIntake
from segstudio.app.mending import Mender
from segstudio.app.model_choice import ModelChoice
from segstudio.app.model_exchange import ModelExchange
from segstudio.app.ports import Scheduler
from segstudio.app.predictor import Predictor
from segstudio.app.queue import Queue
from segstudio.app.round_book import RoundBook
from segstudio.app.round_keeping import RoundKeeper
from segstudio.app.round_runner import RoundRunner
from segstudio.app.saver import Saver
from segstudio.app.settings import Settings
from segstudio.app.starting import Starting
from segstudio.app.store_thread import StoreThread
from segstudio.app.watchdog import Watchdog
from segstudio.app.worker_link import WorkerLink
from segstudio.domain.annotation import ImageRecord
from segstudio.domain.segments import SegmentTable
from segstudio.protocol.round_folder import TrainingSettings


class Learning:
    """Made by a session, whose parts these are; they know it by the calls that are given here."""

    def __init__(
        self,
        contents: Contents,
        *,
        scheduler: Scheduler,
        store: StoreThread,
        link: WorkerLink,
        saver: Saver,
        loader: Loader,
        catalog: Catalog,
        judging: Judging,
        mender: Mender,
        settings: Settings,
        training: TrainingSettings,
        announce: Callable[[Changes], None],
        document: Callable[[], Document | None],
        current: Callable[[], int | None],
        table: Callable[[], SegmentTable],
        replace_record: Callable[[ImageRecord], None],
        on_better_mask: Callable[[], None],
    ) -> None:
        self._announce = announce
        self._weights = contents.weights
        self.intake = intake = MaskIntake(store, catalog, document, replace_record, on_better_mask, announce)
        self.book = book = RoundBook(contents.rounds, contents.in_use, store, saver.save, announce)
        self.approvals = Approvals(catalog, saver, intake, replace_record, announce, book.note_approval)
        self.predictor = intake.predictor = Predictor(
            link, catalog, current, intake.take, self._on_predicting, self.say_of_masks, self._say_no_mask
        )
        self.model = ModelChoice(
            contents.model,
            # What has no up is seen through an instrument that brings its own light.
            training=replace(training, upright=contents.upright, even_exposure=not contents.upright),
            classes=lambda: judging.classes, user=settings, link=link, intake=intake, save=saver.save,
            announce=announce,
        )  # fmt: skip
        self.rounds = RoundRunner(
            scheduler=scheduler, store=store, link=link, catalog=catalog, classes=lambda: judging.classes, table=table,
            book=book, settings=self.model.for_round, announce=announce, on_weights=intake.use_weights,
        )  # fmt: skip
        self.starting = Starting(
            contents.starter, runner=self.rounds, model=self.model, book=book, intake=intake, store=store,
            announce=announce,
        )  # fmt: skip
        self.rounds.predicting = lambda: self.predictor.remaining
        self.keeping = RoundKeeper(book, self.rounds, intake, store, saver, announce, self._network)
        self.exchange = self._make_exchange(store, scheduler, catalog, judging)
        self.rounds.held_up = lambda: self.exchange.importing or self.keeping.changing
        self.watchdog = Watchdog(
            scheduler, link, lambda: self.rounds.at_worker or self.predictor.at_worker or mender.busy
        )

        def prefetch(image_id: int) -> None:
            loader.prefetch(catalog.record(image_id).path)

        self.queue = Queue(
            contents.order, training.seed, catalog, scheduler, store, saver.save, announce, current, prefetch
        )
        self._order_predictions(saver)

    def _make_exchange(
        self, store: StoreThread, scheduler: Scheduler, catalog: Catalog, judging: Judging
    ) -> ModelExchange:
        return ModelExchange(
            book=self.book, keeping=self.keeping, store=store, scheduler=scheduler, catalog=catalog,
            classes=lambda: judging.classes, called=lambda: judging.called, network=self._network,
            learning=lambda: self.rounds.busy, on_imported=self.rounds.start_if_due, announce=self._announce,
        )  # fmt: skip

    def _order_predictions(self, saver: Saver) -> None:
        """The images that the queue leads to are predicted first, and what is found on the way orders the queue.

        Masks that could not be stored while the disk was full are asked for again once it is not.
        """
        self.intake.on_insight = self.queue.note
        self.predictor.around, self.predictor.unplaced = self.queue.around, self.queue.unplaced
        self.queue.on_order = saver.on_recovered = self.predictor.refresh

    def _network(self) -> str:
        return self.model.settings.network

    def start(self, automatic: bool) -> None:
        """Go on with the weights in use; if ``automatic``, renew old masks and start rounds when they are due."""
        self.rounds.automatic = automatic
        self.queue.start()
        if automatic:
            self.model.resume()
        self.keeping.start(self._weights, automatic)
        self.rounds.start_if_due()

    def say_of_masks(self, sentence: str) -> None:
        """Tell what the worker noticed while it made a mask or answered a click."""
        self._announce(Changes(message=Message(sentence, key="masks")))

    def _say_no_mask(self, sentence: str) -> None:
        message = Message(sentence, "trouble", "Try again", self.predictor.try_again, key="masks")
        self._announce(Changes(message=message))

    def _on_predicting(self) -> None:
        self.model.follow()
        self._announce(Changes(training=True))
