"""Where Approve goes: to the next image of the list, or to the one that the model would learn most from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterator, Sequence

from segstudio.app.background import Background
from segstudio.app.catalog import Catalog, is_open
from segstudio.app.changes import Changes
from segstudio.app.contents import ORDER
from segstudio.app.ports import Cancellable, Scheduler
from segstudio.app.sequences import Sequences
from segstudio.app.store_thread import StoreThread
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.queue import ORDERS, Candidate, Insight, Order, Pick, luck, next_images
from segstudio.store.project_db import Project

PLANNED = 8
"""Images that are chosen ahead: some of them may be approved before the next plan is there."""

REPLAN_AFTER = 2.0
"""Seconds from news of an image to another plan, so that a thousand predictions do not make a thousand plans."""

MOST_PLACED = 500
"""Approved images whose embedding is renewed after a round; of more, a random part says enough."""

log = logging.getLogger(__name__)


class Queue:
    """Plans on a thread of its own; whoever asks is told the plan that there is, at once. Main thread only.

    ``current`` is the image on the canvas, which nobody needs to be sent to; ``prefetch`` is told the image that
    comes next, and ``on_order`` is called when the user chose another order.
    """

    def __init__(
        self,
        order: Order,
        seed: int,
        catalog: Catalog,
        scheduler: Scheduler,
        store: StoreThread,
        save: Callable[[Callable[[Project], object]], None],
        announce: Callable[[Changes], None],
        current: Callable[[], int | None],
        prefetch: Callable[[int], None],
    ) -> None:
        self.on_order: Callable[[], None] = lambda: None
        self._order = order
        self._seed = seed
        self._catalog = catalog
        self._scheduler = scheduler
        self._store = store
        self._save = save
        self._announce = announce
        self._current = current
        self._prefetch = prefetch
        self._background = Background(scheduler)
        self._sequences = Sequences(catalog)
        self._insights: dict[int, Insight] = {}
        self._loaded = False
        self._plan: list[Pick] = []
        self._marked: int | None = None
        self._later: Cancellable | None = None
        self._by_luck: list[int] = []

    # ---- seen from outside ------------------------------------------------------------------------------------

    @property
    def order(self) -> Order:
        """How the images follow each other; "list" is the list's own order."""
        return self._order

    @property
    def busy(self) -> bool:
        """True while a plan is being made, or soon will be."""
        return self._background.busy or self._later is not None or (self._learns and not self._loaded)

    def set_order(self, order: Order) -> None:
        """Choose it for this project. ``ValueError`` for one that there is not."""
        if order not in ORDERS:
            raise ValueError(f"there is no order {order!r}")
        if order != self._order:
            self._order = order
            self._plan = []
            self._save(lambda project: project.settings.set_setting(ORDER, order))
            self._announce(Changes(order=True))
            self.start()
            self.refresh()
            self.on_order()

    def start(self) -> None:
        """Read what is known of the images, if the order asks for it."""
        if self._learns and not self._loaded:
            self._store.run(lambda project: project.insights.load(), self._got, self._got_none)

    def note(self, image_id: int, insight: Insight) -> None:
        """What the model now makes of an image."""
        self._insights[image_id] = insight
        if self._learns and self._later is None:
            self._later = self._scheduler.call_later(REPLAN_AFTER, self.refresh)

    def refresh(self, leave: bool = False) -> None:
        """Plan anew: another image is on the canvas, or more is known.

        What comes next is to be unlike the image on the canvas, unless the user will ``leave`` that as it is.
        """
        self._forget_later()
        if self._order == "list":
            self._planned([])
            return
        # Copies: the thread must not see them change.
        records, insights = list(self._catalog.records), dict(self._insights)
        at_hand = None if leave else self._current()
        order, seed = self._order, self._seed

        def plan() -> list[Pick]:
            kept_aside = {record.group for record in records if record.held_out and record.group}
            candidates = [self._candidate(record, insights, at_hand, kept_aside) for record in records]
            return next_images(candidates, order, PLANNED, seed)

        self._background.ask(plan, self._planned, lambda error: None)

    def next_id(self) -> int | None:
        """Where Approve goes from the current image; None if every image is approved."""
        pick = self.pick
        return self._catalog.next_unapproved(self._current()) if pick is None else pick.image_id

    @property
    def plan(self) -> Sequence[Pick]:
        """The next images, as they were chosen last."""
        return self._plan

    @property
    def pick(self) -> Pick | None:
        """The image that comes next, and why; None where the list says it, or there is no plan yet."""
        current = self._current()
        return next((pick for pick in self._plan if pick.image_id != current and self._is_open(pick.image_id)), None)

    def around(self, current: int | None) -> Iterator[int]:
        """All ids in the order in which masks of them are wanted; some may come twice."""
        if self._order == "list":
            yield from self._catalog.around(current)
            return
        if current is not None:
            yield current
        yield from (pick.image_id for pick in self._plan)
        # By chance, so that the images known first are like those not known yet.
        records = self._catalog.records
        if len(self._by_luck) != len(records):
            ids = [record.id for record in records]
            self._by_luck = [ids[place] for place in luck(ids, self._seed).argsort()]
        yield from self._by_luck

    def unplaced(self, round_number: int) -> set[int]:
        """Approved images of which it must be known what they look like to the model of this round."""
        if self._order != "diverse":
            return set()
        taught = [record for record in self._catalog.records if _is_taught(record)]
        lucky = luck([record.id for record in taught], self._seed).argsort()[:MOST_PLACED]
        ids = {taught[place].id for place in lucky}
        return {id_ for id_ in ids if id_ not in self._insights or self._insights[id_].round_number != round_number}

    def close(self) -> None:
        """End; returns when the thread is gone."""
        self._forget_later()
        self._background.close()

    # ---- within -----------------------------------------------------------------------------------------------

    @property
    def _learns(self) -> bool:
        return self._order in ("uncertain", "diverse")

    def _candidate(
        self, record: ImageRecord, insights: dict[int, Insight], current: int | None, kept_aside: Container[str]
    ) -> Candidate:
        at_hand = record.id == current  # and about to be approved
        approved = record.state is ImageState.APPROVED
        # Twins of other names are left out: to look for them in all pairs at each step would take too long.
        held_out = record.group in kept_aside if record.held_out is None else record.held_out
        return Candidate(
            record.id,
            open=is_open(record) and not at_hand,
            visited=approved or at_hand,
            taught=_is_taught(record) or (at_hand and not held_out),
            insight=insights.get(record.id) if approved or record.prediction_round is not None else None,
            frame=self._sequences.frame(record),
            held_out=held_out,
            scores=held_out and ((approved and record.rejected is None) or at_hand),
        )

    def _is_open(self, image_id: int) -> bool:
        return image_id in self._catalog and is_open(self._catalog.record(image_id))

    def _got(self, insights: dict[int, Insight]) -> None:
        self._insights = insights | self._insights
        self._loaded = True
        self.refresh()
        self.on_order()

    def _got_none(self, error: Exception) -> None:
        log.error("what the model makes of the images could not be read", exc_info=error)
        self._got({})

    def _planned(self, plan: Sequence[Pick]) -> None:
        self._plan = list(plan)
        following = self.next_id()
        if following is not None:
            self._prefetch(following)
        pick = self.pick
        before, self._marked = self._marked, None if pick is None else pick.image_id
        changed = {image_id for image_id in (before, self._marked) if image_id is not None}
        if changed:
            self._announce(Changes(images=frozenset(changed)))

    def _forget_later(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None


def _is_taught(record: ImageRecord) -> bool:
    """The model learns from approved images that are not held out, and from no second reading."""
    return (
        record.state is ImageState.APPROVED
        and record.rejected is None
        and not record.held_out
        and record.reading_of is None
    )
