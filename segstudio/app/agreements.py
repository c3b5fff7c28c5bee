"""How well readers agree, computed pair by pair while the window stays live. Main thread only."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from segstudio.app.audit_log import AuditLog
from segstudio.app.background import Background
from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.store_thread import StoreThread
from segstudio.domain.agreement import Agreement, PairScores, agreement, pair_scores
from segstudio.domain.counting import counted
from segstudio.domain.round_scores import Interval, mean_interval
from segstudio.domain.segments import ClassSpec, void_ids
from segstudio.imaging.mask_png import decode_mask
from segstudio.store.project_db import Project
from segstudio.store.readings import Pair

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelInfluence:
    """Dice of readers' masks against the model's: where it was hidden until they had drawn, and where it was shown.

    Means with 95 % intervals, None below two images.
    """

    hidden: Interval | None
    shown: Interval | None


class Agreements:
    """``look`` reads and compares; what is there is kept, and ``progress`` says how far it is."""

    def __init__(
        self,
        store: StoreThread,
        audit: AuditLog,
        catalog: Catalog,
        background: Background,
        classes: Callable[[], tuple[ClassSpec, ...]],
        announce: Callable[[Changes], None],
    ) -> None:
        self.result: Agreement | None = None
        self.influence = ModelInfluence(None, None)
        self.pairs: dict[int, Pair] = {}
        self.progress = ""
        self._known: dict[tuple[Pair, tuple[int, ...]], PairScores] = {}
        self._store, self._audit, self._catalog, self._background = store, audit, catalog, background
        self._classes, self._announce = classes, announce

    def look(self) -> None:
        """Compare all pairs that may be seen. From now on these readings stay what they are."""
        if not self.progress:
            self._tell("Reading…")
            self._store.run(_read, self._begin, lambda _error: self._tell(""))

    def _begin(self, read: tuple[dict[int, Pair], ModelInfluence]) -> None:
        pairs, self.influence = read
        rows = {record.origin: record for record in self._catalog.records}
        self.pairs = {id_: pair for id_, pair in pairs.items() if id_ in rows and rows[id_].second == "done"}
        seen = list(self.pairs)
        if seen:
            self._audit.save(lambda project: project.readings.seal(seen), "agreement looked at", count=len(seen))
        self._next(list(self.pairs.items()), {})

    def _next(self, waiting: list[tuple[int, Pair]], done: dict[int, PairScores]) -> None:
        void = void_ids(self._classes())
        while waiting and (waiting[0][1], void) in self._known:
            image_id, pair = waiting.pop(0)
            done[image_id] = self._known[pair, void]
        if not waiting:
            scores = list(done.values())
            self._background.ask(
                lambda: agreement(scores),
                lambda result: self._finish(result, len(scores)),
                lambda _error: self._tell(""),
            )
            return
        image_id, pair = waiting.pop(0)
        self._tell(f"Comparing {len(done) + 1} of {len(self.pairs)}")

        def keep(scores: PairScores) -> None:
            self._known[pair, void] = done[image_id] = scores
            self._next(waiting, done)

        def skip(error: Exception) -> None:
            log.error("the readings of image %d can't be compared", image_id, exc_info=error)
            self._next(waiting, done)

        def compare(masks: tuple[bytes, bytes]) -> None:
            first, second = masks
            self._background.ask(
                lambda: pair_scores(image_id, decode_mask(first), decode_mask(second), void), keep, skip
            )

        self._store.run(
            lambda project: (
                project.readings.whole_mask(pair.first.row_id, "first"),
                project.readings.whole_mask(pair.second.row_id, "second"),
            ),
            compare,
            skip,
        )

    def _finish(self, result: Agreement, count: int) -> None:
        self.result = result
        self._tell("")
        lacking = len(self.pairs) - count
        if lacking:
            said = f"{counted(lacking, 'image')} of {len(self.pairs)} left out: a reading is damaged."
            self._announce(Changes(message=Message(said, "trouble", key="agreement")))

    def _tell(self, progress: str) -> None:
        self.progress = progress
        self._announce(Changes(review=True))


def _read(project: Project) -> tuple[dict[int, Pair], ModelInfluence]:
    unaided = project.readings.unaided()
    hidden = [reading.model_dice for reading in unaided if reading.model_dice is not None]
    drawn_first = {reading.row_id for reading in unaided}
    shown = [s.dice for s in project.approval_scores.list_scores() if s.image_id not in drawn_first]
    return project.readings.pairs(), ModelInfluence(mean_interval(hidden), mean_interval(shown))
