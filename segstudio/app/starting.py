"""What the model of an open project starts from, and another choice of it. Main thread only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from segstudio.app.changes import Changes, Message
from segstudio.app.mask_intake import MaskIntake
from segstudio.app.model_choice import UNFINISHED, ModelChoice
from segstudio.app.round_book import RoundBook
from segstudio.app.round_runner import RoundRunner
from segstudio.app.starters import KeptStarter, give
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.domain.rounds import STARTER_ROUND
from segstudio.protocol.weights import NotWeightsError, inspect
from segstudio.store.project_db import Project


class Starting:
    """Masks change at once as long as no round has ended well; after that a choice counts for rounds to come."""

    def __init__(
        self,
        kept: KeptStarter,
        *,
        runner: RoundRunner,
        model: ModelChoice,
        book: RoundBook,
        intake: MaskIntake,
        store: StoreThread,
        announce: Callable[[Changes], None],
    ) -> None:
        self.name = kept.name
        self._runner = runner
        self._model = model
        self._book = book
        self._intake = intake
        self._store = store
        self._announce = announce
        self._take(kept.weights)

    def choose(self, name: str) -> None:
        """Start from the starter ``name``, "none" for none; a sentence says so where that fails."""
        if name == self.name:
            return
        if self._runner.busy:
            self._say("A round is being learned. Wait for its end, or stop it, then choose another starter model.")
            return
        before, self.name = self.name, name

        def failed(error: Exception) -> None:
            self.name = before
            self._say(in_words(error))

        renews = self._renews
        self._store.run(lambda project: _given(project, name, renews), self._start_from, failed)

    @property
    def _renews(self) -> bool:
        """Whether masks are the starter's: another one has the same number, so the number tells of none by which."""
        return self._book.used is None

    def _start_from(self, weights: Path | None) -> None:
        self._take(weights)
        if self._renews:
            self._book.in_use = None if weights is None else STARTER_ROUND
            self._runner.use_weights(weights)
            if weights is None:
                self._intake.predictor.stop()
            else:
                self._model.expect_renewal()
                self._intake.predictor.use(STARTER_ROUND, weights, renew=True)
        self._announce(Changes(training=True))

    def _take(self, weights: Path | None) -> None:
        self._runner.base, self._model.starter_side = weights, None
        if weights is not None:
            with contextlib.suppress(NotWeightsError, OSError):
                known = inspect(weights)
                self._model.starter_side, self._model.starter_network = known.learned_at, known.network

    def _say(self, sentence: str) -> None:
        self._announce(Changes(message=Message(sentence, "trouble", key="starter")))


def _given(project: Project, name: str, renews: bool) -> Path | None:
    """``give``, and before the file changes that masks wait, for the window may be killed at any moment."""
    if renews and name != "none":
        project.settings.set_setting(UNFINISHED, True)
    return give(project, name)
