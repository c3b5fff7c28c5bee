"""The rounds of a project, as the main thread knows them: how they ended, how they scored, which one is in use."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from segstudio.app.changes import Changes
from segstudio.app.store_thread import StoreThread
from segstudio.domain.round_scores import (
    ApprovalScore,
    Comparison,
    Interval,
    best_rounds,
    compare,
    mean_interval,
    spare_rounds,
)
from segstudio.domain.rounds import RoundFiles, RoundRecord, RoundStatus
from segstudio.store.project_db import Project
from segstudio.store.rounds import CUT_SHORT


class RoundBook:
    """Rows in the order of their numbers. What lies on the disk is read off the main thread and announced."""

    def __init__(
        self,
        records: list[RoundRecord],
        in_use: int | None,
        store: StoreThread,
        save: Callable[[Callable[[Project], object]], None],
        announce: Callable[[Changes], None],
    ) -> None:
        self.records = records
        self.in_use = in_use
        self._store = store
        self._save = save
        self._announce = announce
        self.hides: Callable[[int], bool] = lambda _image: False
        self._scores: dict[int, dict[int, float]] = {}
        self._best: Mapping[int, list[int]] | None = None
        self._files: dict[int, RoundFiles] = {}
        self._approvals: dict[int, ApprovalScore] = {}
        self.learned: dict[int, frozenset[int]] = {}
        """See ``Learned.by_round``; empty until it was read."""

    # ---- seen from outside ------------------------------------------------------------------------------------

    @property
    def used(self) -> RoundRecord | None:
        """The round whose weights predict; None without any."""
        return next((record for record in self.records if record.number == self.in_use), None)

    @staticmethod
    def was_cut_short(record: RoundRecord) -> bool:
        """Whether the program ended before a round did, so that nothing was wrong with it."""
        return record.sentence == CUT_SHORT

    def record(self, number: int) -> RoundRecord:
        """One round; ``KeyError`` for an unknown number."""
        return self.records[self._place(number)]

    def scores(self, number: int) -> Mapping[int, float]:
        """Held-out Dice by image id; empty where there is none, or it is being read."""
        return self._scores.get(number, {})

    def interval(self, number: int) -> Interval | None:
        """The mean of a round's scores with its confidence interval; None below two images."""
        return mean_interval(self.scores(number).values())

    def files(self, number: int) -> RoundFiles | None:
        """What a round has on the disk, as of the last ``look``; None before it."""
        return self._files.get(number)

    @property
    def approval_scores(self) -> list[ApprovalScore]:
        """How right the model was on each image that was approved, in the order of approval.

        Where another's mask may not be seen, it may not be told how like the model's it is.
        """
        seen = (score for score in self._approvals.values() if not self.hides(score.image_id))
        return sorted(seen, key=lambda score: (score.approved_at, score.image_id))

    def compare(self, one: int, other: int) -> Comparison:
        """Two rounds, image by image."""
        return compare(self._seen(one), self._seen(other))

    def comparable(self, number: int) -> list[int]:
        """Rounds scored alike on an image that may be seen and that ``number`` was scored on, too; newest first."""
        seen = self._seen(number).keys()
        others = (record.number for record in reversed(self.records) if record.number != number)
        return [other for other in others if seen & self._seen(other).keys() and self.are_alike(number, other)]

    def are_alike(self, one: int, other: int) -> bool:
        """Whether two rounds were scored by the same classes: figures of others say nothing of each other."""
        return self._void(one) == self._void(other)

    def _void(self, number: int) -> tuple[int, ...]:
        files = self._files.get(number)
        return () if files is None else files.void

    def _scored_alike(self, numbers: Iterable[int]) -> Iterable[dict[int, Mapping[int, float]]]:
        """The scores of rounds by their numbers, those apart that were scored by other classes."""
        groups: dict[tuple[int, ...], dict[int, Mapping[int, float]]] = {}
        for number in numbers:
            groups.setdefault(self._void(number), {})[number] = self.scores(number)
        return groups.values()

    def _seen(self, number: int) -> dict[int, float]:
        return {image_id: dice for image_id, dice in self.scores(number).items() if not self.hides(image_id)}

    def can_use(self, number: int) -> bool:
        """Whether the user can go back to a round."""
        files = self._files.get(number)
        record = self.record(number)
        whole = record.weights is not None and (files is None or files.weights == "usable")
        return whole and record.status is RoundStatus.FINISHED and number != self.in_use

    def can_delete(self, number: int) -> bool:
        """Whether there is something of a round to delete, and nobody needs it."""
        files = self._files.get(number)
        running = self.record(number).status is RoundStatus.RUNNING
        return files is not None and files.nbytes > 0 and not running and number != self.in_use

    @property
    def best(self) -> Mapping[int, list[int]]:
        """Rounds that none with weights surpasses on the same images, each with those that it was compared with."""
        if self._best is None:  # asked for at every row that is painted
            groups = self._scored_alike(self._with_weights())
            self._best = {number: others for group in groups for number, others in best_rounds(group).items()}
        return self._best

    def spare(self) -> list[int]:
        """Rounds whose files nobody will miss: all but the best, the newest that ended well, and the one in use.

        A round whose score can't be held to that of one that is kept may be the best.
        """
        finished = [record.number for record in self.records if record.status is RoundStatus.FINISHED]
        needed = {number for number in (*finished[-1:], self.in_use) if number is not None}
        scored = [number for number in self._with_weights() if self.record(number).held_out_dice is not None]
        surpassed = [number for group in self._scored_alike(scored) for number in spare_rounds(group, needed)]
        kept = needed | (set(scored) - set(surpassed))
        return [
            record.number for record in self.records if record.number not in kept and self.can_delete(record.number)
        ]

    def _with_weights(self) -> list[int]:
        return [r.number for r in self.records if r.status is RoundStatus.FINISHED and r.weights is not None]

    # ---- what changes -----------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read what rounds and approvals scored."""

        def read(
            project: Project,
        ) -> tuple[dict[int, dict[int, float]], list[ApprovalScore], dict[int, frozenset[int]]]:
            scored = [record.number for record in project.rounds.list_rounds() if record.held_out_dice is not None]
            scores = {number: project.rounds.scores(number) for number in scored}
            return scores, project.approval_scores.list_scores(), project.learned.by_round()

        def keep(
            result: tuple[dict[int, dict[int, float]], list[ApprovalScore], dict[int, frozenset[int]]],
        ) -> None:
            self._scores, approvals, self.learned = result
            self._best = None
            self._approvals = {score.image_id: score for score in approvals}
            self._announce(Changes(training=True))

        self._store.run(read, keep)

    def look(self) -> None:
        """Read what is on the disk of each round."""

        def keep(files: dict[int, RoundFiles]) -> None:
            self._files, self._best = files, None
            self._announce(Changes(training=True))

        self._store.run(lambda project: project.rounds.files(), keep)

    def note_approval(self, image_id: int) -> None:
        """An approval was handed to the saver: read how right the model was, once it is written."""

        def keep(score: ApprovalScore | None) -> None:
            if score is not None:
                self._approvals[image_id] = score
                self._announce(Changes(training=True))

        self._store.run(lambda project: project.approval_scores.score(image_id), keep)

    def add(self, record: RoundRecord) -> None:
        """A round began; the project knows it already."""
        self.records.append(record)

    def replace(self, record: RoundRecord) -> None:
        """Put ``record`` in the place of the row with its number."""
        self.records[self._place(record.number)] = record
        self._best = None

    def _place(self, number: int) -> int:
        # A table asks for a round some thousand times whenever it is measured.
        place = bisect_left(self.records, number, key=lambda record: record.number)
        if place == len(self.records) or self.records[place].number != number:
            raise KeyError(number)
        return place

    def choose(self, number: int) -> None:
        """The user went back to a round; the project knows it already."""
        self.in_use = number
        self.records[:] = [replace(record, chosen=record.number == number) for record in self.records]

    def end(self, ended: RoundRecord, scored: Callable[[], None] = lambda: None) -> None:
        """A round ended: keep how, and call ``scored`` once its scores were read. One that ended well is in use."""
        self.replace(ended)
        finished = ended.status is RoundStatus.FINISHED
        if finished:
            self.in_use = ended.number
            self.records[:] = [replace(record, chosen=False) for record in self.records]

        def read(project: Project) -> tuple[dict[int, float], dict[int, RoundFiles], dict[int, frozenset[int]]]:
            scores = project.rounds.scores(ended.number) if finished else {}
            return scores, project.rounds.files(), project.learned.by_round()

        def keep(result: tuple[dict[int, float], dict[int, RoundFiles], dict[int, frozenset[int]]]) -> None:
            self._scores[ended.number], self._files, self.learned = result
            self._best = None
            self._announce(Changes(training=True))
            scored()

        # As work is saved: what a full disk refuses is tried again.
        self._save(lambda project: _record_end(project, ended))
        self._store.run(read, keep)


def _record_end(project: Project, ended: RoundRecord) -> None:
    project.rounds.end_round(
        ended.number,
        ended.status,
        seconds=ended.seconds,
        loss=ended.loss,
        held_out_dice=ended.held_out_dice,
        held_out_count=ended.held_out_count,
        weights=ended.weights,
        sentence=ended.sentence,
    )
