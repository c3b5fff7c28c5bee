"""Models that come into a project from elsewhere, and leave it. Main thread only; slow work is done off it."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from segstudio.app.asking_worker import ask_worker
from segstudio.app.catalog import Catalog
from segstudio.app.changes import Changes, Message
from segstudio.app.model_card import MARK, CardFacts, model_card
from segstudio.app.model_files import look_at_model
from segstudio.app.ports import Scheduler
from segstudio.app.round_book import RoundBook
from segstudio.app.round_keeping import RoundKeeper
from segstudio.app.starters import SETTING
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.domain.errors import UserError
from segstudio.domain.rounds import STARTER_ROUND, RoundRecord
from segstudio.domain.segments import ClassSpec, as_called
from segstudio.formats.writing import write_whole
from segstudio.protocol.messages import Check, Checked, Export, Exported
from segstudio.protocol.weights import WeightsInfo, with_classes
from segstudio.store.inside import leads_inside
from segstudio.store.project_db import Project

KEY = "model"
ONNX, OWN = ".onnx", ".safetensors"
ANOTHER_NETWORK = (
    "It is of another network than the one in Model settings, so the next round starts afresh unless you choose its "
    "network there."
)
MAY_KNOW = "If it was trained on images that are in this project, its scores here are too good."
IMPORTED_FROM = "Imported from"
"""How the note of a round begins whose model was learned elsewhere."""

NO_MODEL = "This project has no model yet. Approve a few images and run a round first."
T = TypeVar("T")

log = logging.getLogger(__name__)


class ModelExchange:
    """One model at a time."""

    def __init__(
        self,
        *,
        book: RoundBook,
        keeping: RoundKeeper,
        store: StoreThread,
        scheduler: Scheduler,
        catalog: Catalog,
        classes: Callable[[], tuple[ClassSpec, ...]],
        called: Callable[[], tuple[ClassSpec, ...]],
        network: Callable[[], str],
        learning: Callable[[], bool],
        on_imported: Callable[[], None],
        announce: Callable[[Changes], None],
    ) -> None:
        self._network = network
        self._learning = learning
        self._on_imported = on_imported
        self._book = book
        self._keeping = keeping
        self._store = store
        self._scheduler = scheduler
        self._catalog = catalog
        self._classes, self._called = classes, called
        self._announce = announce
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="exchange")
        self._closing = threading.Event()
        self.doing = ""
        self.importing = False
        """True from ``import_model`` until the model is in use, or was refused: no round may begin meanwhile."""

    @property
    def busy(self) -> bool:
        """True while a model is on its way."""
        return bool(self.doing)

    @property
    def has_model(self) -> bool:
        """Whether there is a model to export."""
        return self._book.in_use is not None

    def import_model(self, path: Path) -> None:
        """Take in a file of weights as a round that can be chosen and left again, and use it.

        Anything but a whole model of this program with this project's classes is refused by a sentence.
        """
        if self._learning():
            self._say("A round is being learned. Wait for its end, or stop it, then import the model.", "trouble")
            return
        classes, called, note = self._classes(), self._called(), f"{IMPORTED_FROM} {path.name}"

        def check() -> WeightsInfo:
            return check_model(path, classes, called, self._closing.is_set)

        def checked(info: WeightsInfo) -> None:
            self._store.run(
                lambda project: project.rounds.take_in(path, note, time.time()),
                lambda record: self._taken(record, info),
                self._failed,
            )

        self.importing = self.importing or not self.busy
        self._begin("Looking at the model", check, checked)

    def export_model(self, path: Path, number: int | None = None) -> None:
        """Write a round's model, by default the one in use, to ``path`` with its card beside it.

        As ONNX, checked against the model itself, if ``path`` ends so, else as safetensors.
        """
        wanted = self._book.in_use if number is None else number
        if wanted is None:
            self._say(NO_MODEL, "trouble")
            return
        path = path if path.suffix.lower() in (ONNX, OWN) else path.with_name(path.name + OWN)
        images = [r.path for r in self._catalog.records if r.problem is None and os.path.isfile(r.path)]

        def export(found: tuple[Path, CardFacts]) -> None:
            def write() -> str:
                return write_model(*found, path, images[0] if images else None, self._closing.is_set)

            self._begin("Exporting the model", write, lambda sentence: self._done(sentence))

        def refused(error: Exception) -> None:
            self._say(in_words(error), "trouble")

        self._store.run(lambda project: facts_of(project, wanted), export, refused)

    def close(self) -> None:
        """Give up what is under way; returns at once."""
        self._closing.set()
        self._thread.shutdown(wait=False, cancel_futures=True)

    # ---- within -----------------------------------------------------------------------------------------------

    def _begin(self, doing: str, work: Callable[[], T], done: Callable[[T], None]) -> None:
        if self.busy:
            self._say("Another model is on its way. Wait until that is done, then try again.", "trouble")
            return
        self.doing = doing
        self._say(f"{doing}…")

        def run() -> None:
            try:
                result = work()
            except Exception as error:
                if not isinstance(error, UserError):
                    log.exception("a model could not be taken in or written")
                words = error
                self._post(lambda: self._failed(words))
            else:
                self._post(lambda: done(result))

        self._thread.submit(run)

    def _post(self, call: Callable[[], None]) -> None:
        self._scheduler.post(lambda: None if self._closing.is_set() else call())

    def _taken(self, record: RoundRecord, info: WeightsInfo) -> None:
        self._book.add(record)
        self._book.look()
        self._keeping.use(record.number)

        def used(_none: None) -> None:
            self._settle()
            then = ANOTHER_NETWORK if info.network != self._network() else ""
            said = f"Round {record.number} is the imported model, and in use. {MAY_KNOW} {then}"
            self._say(said.strip())

        # The store answers in order, so it is in use by then.
        self._store.run(lambda _project: None, used)

    def _done(self, sentence: str) -> None:
        self.doing = ""
        self._say(sentence)

    def _failed(self, error: Exception) -> None:
        self._settle()
        self._say(in_words(error), "trouble")

    def _settle(self) -> None:
        self.doing = ""
        if self.importing:
            self.importing = False
            self._on_imported()

    def _say(self, sentence: str, kind: str = "info") -> None:
        self._announce(
            Changes(training=True, message=Message(sentence, "trouble" if kind == "trouble" else "info", key=KEY))
        )


def check_model(
    path: Path,
    classes: tuple[ClassSpec, ...],
    called: tuple[ClassSpec, ...],
    cancelled: Callable[[], bool] = lambda: False,
) -> WeightsInfo:
    """What a model's file says of itself. Raises ``UserError`` for anything but a whole model of these classes."""
    info = look_at_model(path)
    check_classes(path, info, classes, called)
    ask_worker(lambda job: Check(job, str(path)), Checked, cancelled)
    return info


def check_classes(path: Path, info: WeightsInfo, classes: tuple[ClassSpec, ...], called: tuple[ClassSpec, ...]) -> None:
    """Raise ``UserError`` unless the model knows the project's classes, in their order.

    They may be ``called`` otherwise by now: a model from elsewhere goes by these names, one that this project exported
    by those that it was made with. Where a class has the name that another had, only the names of now are sure.
    """
    theirs, before, now = (
        [name.strip().casefold() for name in names]
        for names in (info.classes, (spec.name for spec in classes), (spec.name for spec in called))
    )
    own = theirs == before and all(old == new or old not in now for old, new in zip(before, now, strict=True))
    if theirs != now and not own:
        known = ", ".join(f"“{name}”" for name in info.classes[:8])
        mine = ", ".join(f"“{spec.name}”" for spec in called[:8])
        raise UserError(
            f"The model {path.name} knows other classes ({known}) than this project ({mine}). It was not taken in: "
            "choose a model of the same classes in the same order."
        )


def facts_of(project: Project, number: int, identifiers: bool = False) -> tuple[Path, CardFacts]:
    """The weights of a round and what its card tells; on the store thread. Classes go by the names that they have now.

    The project's name and the round's note are left out but for ``identifiers``. Raises ``UserError`` for a round that
    there is not, or whose weights are gone.
    """
    starter = project.settings.get_setting(SETTING)
    base = f"the starter model “{starter}”" if isinstance(starter, str) and starter != "none" else ""
    record = next((record for record in project.rounds.list_rounds() if record.number == number), None)
    weights = _weights_of(project, number)
    if weights is None:
        raise UserError(_no_weights(project, number, known=record is not None))
    info = _as_called_now(project, look_at_model(weights))
    facts = CardFacts("", number, info, project.rounds.digest(number), 0.0, base=base)
    facts = replace(facts, project=project.name if identifiers else "")
    if record is None:
        return weights, facts
    return weights, replace(
        facts,
        ended=record.started + record.seconds,
        approved=0 if record.taken_in else record.approved,
        held_out=record.held_out_count,
        note=record.note if identifiers else "",
        scores=project.rounds.scores(number),
    )


def _as_called_now(project: Project, info: WeightsInfo) -> WeightsInfo:
    """What a model says of itself, its classes called as in the project: weights keep the names that it was made with,
    but whoever gets the file knows those that everybody sees."""
    called = tuple(spec.name for spec in as_called(project.classes(), project.segment_table()))
    same = [name.strip().casefold() for name in called] == [name.strip().casefold() for name in info.classes]
    return info if same or len(called) != len(info.classes) else replace(info, classes=called)


def _weights_of(project: Project, number: int) -> Path | None:
    """The file of what a round learned, or of the starter; None where there is none inside the project."""
    if number == STARTER_ROUND:
        return project.rounds.starter()
    kept = next((record.weights for record in project.rounds.list_rounds() if record.number == number), None)
    path = None if kept is None else project.folder / kept
    return path if path is not None and os.path.isfile(path) and leads_inside(path, project.folder) else None


def _no_weights(project: Project, number: int, known: bool) -> str:
    """Why a round can't be exported, and which can."""
    numbers = [STARTER_ROUND, *(record.number for record in project.rounds.list_rounds())]
    there = [
        "0 (the starter model)" if one == STARTER_ROUND else str(one)
        for one in numbers
        if _weights_of(project, one) is not None
    ]
    if known:
        why = f"Nothing that round {number} learned is kept, so it can't be exported."
    elif number == STARTER_ROUND:
        why = "This project has no starter model, which would be round 0."
    else:
        why = f"This project has no round {number}."
    return f"{why} Rounds whose model is there: {', '.join(there)}." if there else f"{why} {NO_MODEL}"


def write_model(
    weights: Path, facts: CardFacts, path: Path, image: Path | None, cancelled: Callable[[], bool] = lambda: False
) -> str:
    """Write a model and its card; returns what to tell the user. Raises ``UserError``."""
    if os.path.exists(path) and path.samefile(weights):
        raise UserError(f"{path} is the project's own file. Choose another place for the export.")
    card = _card_of(path)
    if os.path.exists(card) and not _is_card(card):
        raise UserError(f"{card} is there already and is no model card. Choose another name for the model.")
    with contextlib.ExitStack() as until_written:
        if look_at_model(weights).classes != facts.info.classes:
            folder = Path(until_written.enter_context(tempfile.TemporaryDirectory(prefix="segstudio-")))
            weights, facts = _renamed(weights, facts, folder)
        facts, checked = _written(weights, facts, path, image, cancelled)
    write_whole(card, model_card(replace(facts, name=path.stem)).encode("utf-8"))
    return f"The model was written to {path}, its card beside it{checked}."


def _card_of(path: Path) -> Path:
    """Where a model's card goes: ``NAME.md``, unless that tells of one in the other format, maybe another round."""
    other = path.with_suffix(OWN if path.suffix.lower() == ONNX else ONNX)
    return path.with_name(f"{path.name}.md") if os.path.exists(other) else path.with_suffix(".md")


def _renamed(weights: Path, facts: CardFacts, folder: Path) -> tuple[Path, CardFacts]:
    """A copy of a model in which classes are called as in ``facts``, and its own digest."""
    content = with_classes(weights.read_bytes(), facts.info.classes)
    copy = folder / weights.name
    write_whole(copy, content)
    return copy, replace(facts, digest=hashlib.sha256(content).hexdigest())


def _written(
    weights: Path, facts: CardFacts, path: Path, image: Path | None, cancelled: Callable[[], bool]
) -> tuple[CardFacts, str]:
    """Write a model; what its card tells, and words on how it was checked."""
    if path.suffix.lower() == ONNX:
        ask = Export(0, str(weights), str(path.absolute()), None if image is None else str(image))
        answer = ask_worker(lambda job: replace(ask, job=job), Exported, cancelled)
        facts = replace(facts, onnx=True, difference=answer.difference)
        return facts, f", checked: its probabilities differ by {answer.difference:.1g} at most"
    _copy(weights, path)
    return facts, ""


def _copy(weights: Path, path: Path) -> None:
    beside = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(weights, beside)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise UserError(f"{path} could not be written: {error.strerror}. Choose another place for it.") from error


def _is_card(path: Path) -> bool:
    try:
        return path.read_text(encoding="utf-8").startswith(MARK)
    except (OSError, UnicodeDecodeError):
        return False
