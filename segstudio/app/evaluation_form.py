"""What a person chooses to have compared, and what is still missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from segstudio.app.elsewhere import elsewhere_words
from segstudio.app.evaluation import Cancelled, Plan, Progress
from segstudio.app.evaluation_groups import NO_GROUPING, Grouping, ProjectGroups
from segstudio.app.evaluation_models import model_plan
from segstudio.app.evaluation_now import NOTHING_NEW, not_learned_from, now_plan
from segstudio.app.evaluation_plans import (
    NO_PREDICTION,
    ONLY_KNOWN,
    Ask,
    folder_plan,
    predicted_before,
    project_plan,
    was_known,
)
from segstudio.app.evaluator import MakePlan
from segstudio.app.model_choice import kept_finish
from segstudio.app.model_exchange import NO_MODEL
from segstudio.app.model_files import own_models
from segstudio.app.predict_command import foretell, weights_of
from segstudio.app.session import Session
from segstudio.domain.annotation import ImageRecord, ImageState
from segstudio.domain.rounds import STARTER_ROUND, RoundStatus

Kind = Literal["approved", "now", "truth", "folders", "models"]
OF_PROJECT: tuple[Kind, ...] = ("approved", "now", "truth")
"""Those that are about the open project."""

KIND_WORDS: tuple[tuple[Kind, str, str], ...] = (
    (
        "approved",
        "The model and approved masks",
        "What the model said of each image of this project before you approved it, held to what you approved.",
    ),
    (
        "now",
        "The model now and approved masks",
        "What the model in use says of approved images that it has not learned from, held to what was approved.",
    ),
    (
        "truth",
        "This project and true masks",
        "The masks as they are now, held to the masks that were given only to compare with.",
    ),
    ("folders", "Folders of masks", "Masks in a folder, or two side by side, held to true masks of the same names."),
    ("models", "Models on images", "A model, or two side by side, on a folder of images with true masks."),
)


@dataclass(frozen=True)
class Draft:
    """What was chosen. Models are names or paths, "" for none; ``groups`` names attributes that the summary goes by."""

    kind: Kind = "folders"
    masks: Path | None = None
    other: Path | None = None
    truth: Path | None = None
    images: Path | None = None
    model: str = ""
    other_model: str = ""
    table: Path | None = None
    groups: tuple[str, ...] = ()


class EvaluationForm:
    """The draft, and what becomes of it. Main thread only."""

    def __init__(self, session: Session | None, ask: Ask[Any] | None) -> None:
        self._session = session
        self._ask = ask
        self.known = ProjectGroups({}, ())
        self._closed = False
        self.draft = Draft("folders" if session is None else "approved")
        self.change(kind=next((kind for kind in OF_PROJECT if self.count(kind)), self.draft.kind))

    def change(self, **fields: object) -> None:
        """Choose something else."""
        self.draft = replace(self.draft, **fields)  # type: ignore[arg-type]

    def look_up_groups(self, done: Callable[[], None]) -> None:
        """Ask the project what it knows of its images; those of ``known`` that most ask for are chosen then."""
        session = self._session
        if session is None:
            return

        def found(known: ProjectGroups) -> None:
            if self._closed:
                return
            self.known = known
            self.change(groups=known.usual)
            done()

        session.attributes.look_up(partial(ProjectGroups.of, session.review.comparable), found)

    def close(self) -> None:
        """Nobody looks any more; answers that are on their way are dropped."""
        self._closed = True

    def choose_group(self, name: str, wanted: bool) -> None:
        """Let the summary go by ``name``, or not."""
        chosen = {*self.draft.groups, name} if wanted else {*self.draft.groups} - {name}
        self.change(groups=tuple(each for each in self.known.names if each in chosen))

    def kinds(self) -> list[tuple[Kind, str]]:
        """What can be compared: what is about a project only where one is open."""
        without = () if self._session is not None else OF_PROJECT
        return [(kind, words) for kind, words, _ in KIND_WORDS if kind not in without]

    def about(self) -> str:
        """The choice in a sentence."""
        words = next(about for kind, _, about in KIND_WORDS if kind == self.draft.kind)
        if self._session is None:
            return words
        elsewhere = elsewhere_words(self._session.book.records, starter=self._session.rounds.base is not None)
        if self.draft.kind == "now" and self._session.book.in_use == STARTER_ROUND:
            return f"{words} {elsewhere}".strip()
        if self.draft.kind == "now":
            flatters = "How its masks are finished was learned from these images, so it may look a little too good."
            return f"{words} {flatters} {elsewhere}".strip()
        if self.draft.kind == "approved":
            known = sum(map(predicted_before, self._session.review.comparable)) - self.count("approved")
            left_out = f" Left out, because that model had learned from them: {_images(known)}." if known else ""
            return f"{words}{left_out} {elsewhere}".strip()
        if self.draft.kind != "truth":
            return words
        given = [record for record in self._session.records if record.truth is not None]
        hidden = sum(map(self._session.catalog.veils, given))
        words = f"{words} Left out until a mask was drawn on them: {_images(hidden)}." if hidden else words
        undecided = sum(
            record.rejected is None
            and not self._session.catalog.veils(record)
            and self._session.review.truth_of(record) is None
            for record in given
        )
        left_out = f"Left out until their two readings are decided on: {_images(undecided)}."
        return f"{words} {left_out}" if undecided else words

    def count(self, kind: Kind) -> int:
        """How many images of the project there are to compare."""
        if self._session is None:
            return 0
        records = self._session.review.comparable
        if kind == "approved":
            learned = self._session.book.learned
            return sum(predicted_before(record) and not was_known(record, learned) for record in records)
        if kind == "now":
            return len(_not_learned_from(self._session))
        return sum(r.truth is not None and r.state is not ImageState.NEW for r in records)

    def models(self) -> list[tuple[str, str]]:
        """Paths of models at hand and what to call them: this project's rounds, the newest first, and the starters."""
        found = [(str(path), name.capitalize()) for name, path in own_models().items()]
        if self._session is None:
            return found
        rounds = [
            (str(self._session.folder / record.weights), f"Round {record.number}")
            for record in reversed(self._session.book.records)
            if record.status is RoundStatus.FINISHED and record.weights is not None
        ]
        return rounds + found

    def lack(self) -> str:
        """What is still to be chosen, as a sentence; "" where nothing is."""
        draft = self.draft
        if draft.kind == "approved":
            records = [] if self._session is None else self._session.review.comparable
            nothing = ONLY_KNOWN if any(map(predicted_before, records)) else NO_PREDICTION
            return "" if self.count("approved") else nothing
        if draft.kind == "now" and self._session is not None:
            nothing = NO_MODEL if self._session.predictor.weights is None else NOTHING_NEW
            return "" if self.count("now") else nothing
        if draft.kind == "truth":
            return "" if self.count("truth") else "No image of this project has a true mask to compare with."
        if draft.kind == "folders":
            wanted: tuple[tuple[object, str], ...] = (
                (draft.masks, "the folder of masks"),
                (draft.truth, "the folder of true masks"),
            )
        else:
            wanted = ((draft.model or None, "a model"), (draft.images, "the folder of images"))
        missing = [words for value, words in wanted if value is None]
        return f"Choose {' and '.join(missing)}." if missing else ""

    def plan_maker(self) -> MakePlan:
        """What makes the plan, on any thread."""
        draft, session, ask = self.draft, self._session, self._ask

        def make(progress: Progress, cancelled: Cancelled) -> Plan:
            grouping = None if draft.table is None else Grouping.of(draft.table)
            if draft.kind == "folders":
                assert draft.masks is not None
                assert draft.truth is not None
                return folder_plan(draft.masks, draft.truth, draft.other, images=draft.images, grouping=grouping)
            assert draft.images is not None
            models = [weights_of(name) for name in (draft.model, draft.other_model) if name]
            asked = partial(foretell, painting=True)
            return model_plan(
                models, draft.images, draft.truth, asked, grouping=grouping, progress=progress, cancelled=cancelled
            )

        if draft.kind not in OF_PROJECT:
            return make
        assert session is not None
        assert ask is not None
        return _of_project(draft, session, ask)


def _of_project(draft: Draft, session: Session, ask: Ask[Any]) -> Callable[[Progress, Cancelled], Plan]:
    records, classes, table = session.review.comparable, session.classes, session.table
    numbers = {record.id: number for number, record in enumerate(session.records, start=1)}
    weights, apart = session.predictor.weights, _not_learned_from(session)

    def make(progress: Progress, cancelled: Cancelled) -> Plan:
        known = ProjectGroups.of(records, ask(lambda project: project.attributes.all()))
        of_table = NO_GROUPING if draft.table is None else Grouping.of(draft.table)
        groups = known.of_images(records, draft.groups, of_table)
        if draft.kind != "now":
            against: Literal["approved", "truth"] = "approved" if draft.kind == "approved" else "truth"
            return project_plan(ask, records, classes, table, against, groups, numbers)
        assert weights is not None
        finished = partial(foretell, finish=ask(kept_finish), painting=True)
        return now_plan(
            ask, apart, classes, table, weights, finished,
            groups=groups, numbers=numbers, progress=progress, cancelled=cancelled,
        )  # fmt: skip

    return make


def _not_learned_from(session: Session) -> list[ImageRecord]:
    in_use = session.book.in_use
    if in_use is None or session.predictor.weights is None:
        return []
    return not_learned_from(session.review.comparable, in_use)


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def model_name(models: Sequence[tuple[str, str]], path: str) -> str:
    """What to call a model in a list."""
    return dict(models).get(path) or Path(path).name
