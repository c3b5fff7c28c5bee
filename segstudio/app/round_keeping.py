"""What a user does with rounds that have ended: go back to one, write a note, delete. Main thread only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from segstudio.app.changes import Changes, Message
from segstudio.app.mask_intake import MaskIntake
from segstudio.app.round_book import RoundBook
from segstudio.app.round_runner import RoundRunner
from segstudio.app.saver import Saver
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.domain.errors import UserError
from segstudio.domain.rounds import STARTER_ROUND, RoundStatus
from segstudio.store.project_db import Project

KEY = "rounds"
"""Key of the messages about what was done here."""


def size_words(nbytes: int) -> str:
    """A size as people read it."""
    if nbytes < 99_950:
        return f"{math.ceil(nbytes / 1e3)} kB"
    return f"{nbytes / 1e6:.1f} MB" if nbytes < 99_950_000 else f"{nbytes / 1e6:.0f} MB"


class RoundKeeper:
    """No call here ever changes a mask that a person approved or worked on."""

    def __init__(
        self,
        book: RoundBook,
        runner: RoundRunner,
        intake: MaskIntake,
        store: StoreThread,
        saver: Saver,
        announce: Callable[[Changes], None],
        network: Callable[[], str],
    ) -> None:
        self._book = book
        self._runner = runner
        self._intake = intake
        self._store = store
        self._saver = saver
        self._announce = announce
        self._network = network
        self.changing = False
        """True while another round is coming into use."""

    def start(self, weights: tuple[int, Path] | None, automatic: bool) -> None:
        """Go on with the weights that the project uses; if ``automatic``, renew the masks that are older."""
        if weights is not None:
            number, path = weights
            self._runner.use_weights(path)
            if automatic:
                self._intake.predictor.use(number, path)
        self._say_if_lost(None if weights is None else weights[0])
        self._book.read()

    def next_words(self, number: int) -> str:
        """What the next round does if a round is in use: no other network goes on from what one has learned."""
        files = self._book.files(number)
        if files is None or files.network in ("", self._network()):
            return "the next round goes on from it"
        return "the next round begins anew, since the settings name another network"

    def use(self, number: int) -> None:
        """Predict with a round's weights from now on, and let later rounds start from them."""
        if self._runner.busy:
            self._say("A round is being learned. Wait for its end, or stop it, then go back to another one.", "trouble")
            return

        def failed(error: Exception) -> None:
            self.changing = False
            self._say(in_words(error), "trouble")
            self._book.look()
            self._runner.start_if_due()

        self.changing = True
        self._store.run(lambda project: project.rounds.choose(number), lambda path: self._used(number, path), failed)

    def set_note(self, number: int, note: str) -> None:
        """Keep a note about a round."""
        self._book.replace(replace(self._book.record(number), note=note))
        self._saver.save(lambda project: project.rounds.set_note(number, note))
        self._announce(Changes(training=True))

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete the weights of rounds, and the masks that they were taught with; their scores stay."""
        self._store.run(lambda project: _delete(project, numbers), self._deleted)

    # ---- within -----------------------------------------------------------------------------------------------

    def _used(self, number: int, weights: Path) -> None:
        self.changing = False
        self._book.choose(number)
        self._runner.use_weights(weights)
        self._intake.predictor.use(number, weights)
        sentence = (
            f"Round {number} is in use. It renews the masks that nobody worked on; approved masks and your strokes "
            f"stay; {self.next_words(number)}."
        )
        renew = self._intake.offer()
        message = Message(sentence, action="Renew this mask" if renew else "", on_action=renew, key=KEY)
        self._announce(Changes(training=True, message=message))
        self._runner.start_if_due()

    def _deleted(self, result: tuple[list[int], int, str]) -> None:
        numbers, freed, trouble = result
        for number in numbers:
            self._book.replace(replace(self._book.record(number), weights=None, chosen=False))
        self._book.look()
        if trouble:
            self._say(trouble, "trouble")
        else:
            what = f"Round {numbers[0]} was" if len(numbers) == 1 else f"{len(numbers)} rounds were"
            self._say(f"{what} deleted, {size_words(freed)} are free again. No mask was changed.")

    def _say_if_lost(self, in_use: int | None) -> None:
        """A round that should be in use and can't be is worth a sentence: predictions are of another one."""
        with_weights = [
            record
            for record in self._book.records
            if record.status is RoundStatus.FINISHED and record.weights is not None
        ]
        if not with_weights:
            return
        wanted = max(with_weights, key=lambda record: (record.chosen, record.number)).number
        if wanted == in_use:
            return
        instead = "Learning starts anew" if in_use is None else f"Round {in_use} is in use in its place"
        if in_use == STARTER_ROUND:
            instead = "The starter model is in use in its place"
        self._say(
            f"The file with what the model learned in round {wanted} is gone or damaged. {instead}; your masks are "
            "safe.",
            "trouble",
        )

    def _say(self, sentence: str, kind: str = "info") -> None:
        self._announce(Changes(message=Message(sentence, "trouble" if kind == "trouble" else "info", key=KEY)))


def _delete(project: Project, numbers: Sequence[int]) -> tuple[list[int], int, str]:
    """What was deleted, the bytes that this freed, and why it went no further."""
    done: list[int] = []
    freed = 0
    for number in numbers:
        try:
            freed += project.rounds.delete_files(number)
        except UserError as error:
            return done, freed, str(error)
        done.append(number)
    return done, freed, ""
