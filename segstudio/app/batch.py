"""What the command line does to a project, with the same parts as the window and without a screen."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.app.changes import Changes, Message
from segstudio.app.demo import DemoKind, demo_folder, demo_project
from segstudio.app.export_attributes import begin_export, finish_export
from segstudio.app.export_claim import check_still_free, claim, write_own
from segstudio.app.exporting import (
    bytes_beside,
    export_one,
    export_paths,
    left_over_words,
    masks_words,
    not_approved_words,
    plan_export,
)
from segstudio.app.headless import HeadlessScheduler
from segstudio.app.importing import import_now
from segstudio.app.model_choice import kept_finish
from segstudio.app.new_project import NewProject, create, look_at
from segstudio.app.predictor import AS_LEARNED, Finish
from segstudio.app.round_writer import from_version_words
from segstudio.app.session import Session
from segstudio.app.settings import Settings
from segstudio.app.starters import StarterChoice
from segstudio.app.studio import Studio
from segstudio.app.worker_link import WorkerLink
from segstudio.app.worker_process import WORKER, WORKER_ALONE, WorkerProcess
from segstudio.domain.counting import counted, those
from segstudio.domain.errors import UserError
from segstudio.domain.rounds import RoundStatus
from segstudio.domain.segments import as_called
from segstudio.formats.export_formats import PLAIN, format_called
from segstudio.imaging.mask_png import decode_mask
from segstudio.protocol.messages import Failed, FromWorker, Predict, Predicted
from segstudio.protocol.round_folder import Network, TrainingSettings
from segstudio.store.images import same_file
from segstudio.store.project_db import SUFFIX, Project

Say = Callable[[str], None]

_NAMED = 12


class HeadlessStudio:
    """A studio on a main loop of its own.

    Unless ``automatic``, rounds start and masks are renewed only when asked for.
    """

    def __init__(self, training: TrainingSettings | None = None, automatic: bool = True) -> None:
        self.scheduler = HeadlessScheduler()
        self._folder = tempfile.TemporaryDirectory(prefix="segstudio-")
        # Settings of its own: a command leaves no trace in what the window remembers.
        settings = Settings(Path(self._folder.name) / "settings.json")
        self.studio = Studio(self.scheduler, settings, training=training, automatic=automatic)
        self.messages: list[Message] = []
        self.studio.subscribe(self._hear)

    def enter(self) -> Session:
        """Wait until the project is open. Raises ``UserError`` if it can't be opened."""
        self.wait(lambda: not self.studio.busy)
        if self.studio.session is None:
            self.wait(lambda: bool(self.messages))
            raise UserError(self.messages[-1].sentence)
        return self.studio.session

    def wait(self, condition: Callable[[], bool], timeout: float | None = None) -> None:
        """Run the main loop until ``condition`` holds. Raises ``TimeoutError`` after ``timeout`` seconds."""
        self.scheduler.run_until(condition, timeout)

    def close(self) -> None:
        """Write everything and end. Raises ``UserError`` if something could not be written."""
        saved = self.studio.close()
        self._folder.cleanup()
        if not saved:
            raise UserError("Not everything could be written. Free some space on the disk and run the command again.")

    def _hear(self, changes: Changes) -> None:
        if changes.message is not None:
            self.messages.append(changes.message)


def new_project(
    folder: Path,
    images: Path,
    masks: Path | None,
    classes: Sequence[str],
    masks_as: Literal["approved", "compare"],
    upright: bool = False,
    void: Sequence[str] = (),
    network: Network | None = None,
    starter: StarterChoice = "none",
    every: int | None = None,
) -> str:
    """Make a project; returns what to tell the user. Raises ``UserError``.

    Classes in ``void`` are not judged; without any, nor is what the masks mark so, unless ``classes`` name theirs anew.
    Of videos every ``every``-th frame is taken.
    """
    if folder.name in ("", ".."):
        raise UserError(f"{folder} is no name for a project. Name a folder that is not there yet: NAME{SUFFIX}.")
    if not folder.name.endswith(SUFFIX):
        folder = folder.with_name(f"{folder.name}{SUFFIX}")
    preview = look_at([images], masks, every)
    if masks is not None and not preview.found.with_mask:
        raise UserError(
            f"No mask in “{masks.name or masks}” is called like an image in “{images.name or images}”, so no project "
            "was made. Check that both are the right ones, or leave out “--masks” to begin without masks."
        )
    if not void and not (classes and preview.found.names_classes):
        void = preview.suggested_void
    said = _make(
        NewProject(
            folder.absolute(),
            preview.found.images,
            tuple(dict.fromkeys([*(classes or preview.suggested_classes), *void])),
            masks_as if preview.found.with_mask else "none",
            upright,
            tuple(void),
            network,
            starter,
            layout=preview.found.layout,
            source=images.absolute(),
            found_classes=preview.found.classes,
        )
    )
    skipped = [one.why for one in preview.found.skipped]
    rest = len(skipped) - _NAMED
    more = [f"{those(rest, 'more file', ('was', 'were'))} skipped."] if rest > 0 else []
    return "\n".join([said, *preview.found.notes, *skipped[:_NAMED], *more])


def make_demo(kind: DemoKind) -> str:
    """Make a demo project without opening a window."""
    made = demo_project(demo_folder(), kind, lambda _done, _total: None)
    return f"{made} is there already." if isinstance(made, Path) else _make(made)


def train_project(project: Path, say: Say, training: TrainingSettings | None = None) -> str:
    """Run one round and renew the masks; returns what to tell the user. Raises ``UserError`` if the round fails."""
    headless = HeadlessStudio(training, automatic=False)
    try:
        headless.studio.open_project(project, reader="")
        session = headless.enter()
        before, told = len(session.rounds.records), [0.0]

        def hear(changes: Changes) -> None:
            status = session.rounds.status
            if changes.training and status.fraction >= told[0] + 0.1:
                told[0] = status.fraction
                say(status.line)

        headless.studio.subscribe(hear)
        session.rounds.start()
        headless.wait(lambda: not session.rounds.busy)
        if len(session.rounds.records) == before:
            headless.wait(lambda: bool(headless.messages))
            raise UserError(headless.messages[-1].sentence)
        record = session.rounds.records[-1]
        if record.status is not RoundStatus.FINISHED:
            raise UserError(record.sentence)
        headless.wait(lambda: session.predictor.remaining == 0)
        return f"Round {record.number} done in {record.seconds:.0f} s, {session.rounds.status.score}."
    finally:
        headless.close()


def predict_images(project: Path, images: Sequence[Path], out: Path) -> str:
    """Write the model's masks of files, or of all images of the project. Raises ``UserError``."""
    with Project.open(project) as opened:
        latest, classes = opened.rounds.weights_in_use(), as_called(opened.classes(), opened.segment_table())
        if latest is None:
            raise UserError("This project has no model yet. Approve a few images and run a round, then try again.")
        known = [record.path for record in opened.images.list_images() if record.problem is None]
        files = [path.absolute() for path in images] or known
        paths = export_paths(out, files)
        own = {same_file(path) for path in files}
        for path in paths:
            if same_file(path) in own:
                raise UserError(f"{path} is the image itself or another one. Choose another folder for the masks.")
        claim(opened, out, paths)
        masks = predict_files(HeadlessScheduler(), latest[1], files, kept_finish(opened))
        for target, (image, mask) in zip(paths, masks, strict=True):
            check_still_free(opened, out, [target.name])
            write_own(opened, out, {target.name: bytes_beside(target, mask, image, classes)})
    return f"{masks_words(len(files))} written to {out}."


def predict_files(
    scheduler: HeadlessScheduler, weights: Path, images: Sequence[Path], finish: Finish = AS_LEARNED
) -> Iterator[tuple[Path, NDArray[np.uint16]]]:
    """Like ``predict_each``. Raises ``UserError`` for the first image that there is no mask of."""
    for path, mask in predict_each(scheduler, weights, images, finish):
        if isinstance(mask, UserError):
            raise mask
        yield path, mask


def predict_each(
    scheduler: HeadlessScheduler,
    weights: Path,
    images: Sequence[Path],
    finish: Finish = AS_LEARNED,
    cancelled: Callable[[], bool] = lambda: False,
    painting: bool = False,
) -> Generator[tuple[Path, NDArray[np.uint16] | UserError], None, None]:
    """Each file with its mask, by a worker of its own; see ``PredictingWorker``."""
    with contextlib.closing(PredictingWorker(scheduler, painting)) as worker:
        yield from worker.masks(weights, images, finish, cancelled)


class PredictingWorker:
    """A worker of its own that predicts files, for one model after the other; a core stays free for ``painting``."""

    def __init__(self, scheduler: HeadlessScheduler, painting: bool = False) -> None:
        command = WORKER if painting else WORKER_ALONE
        self._scheduler = scheduler
        self._link = WorkerLink(lambda hear, gone: WorkerProcess(scheduler, hear, gone, command))
        self._answers: dict[int, FromWorker] = {}
        self._lost: list[str] = []
        self._link.on_message.append(self._hear)
        self._link.on_lost.append(self._lost.append)

    def close(self) -> None:
        """End it."""
        self._link.stop()

    def masks(
        self,
        weights: Path,
        images: Sequence[Path],
        finish: Finish = AS_LEARNED,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Generator[tuple[Path, NDArray[np.uint16] | UserError], None, None]:
        """Each file with its mask of class ids, (height, width) uint16 upright, in order.

        What the worker can't make a mask of comes with the reason. ``finish`` is what a person chose of how masks are
        finished. It ends early, also while the worker starts, once ``cancelled`` says so. Raises ``UserError`` if the
        worker ends.
        """
        with tempfile.TemporaryDirectory(prefix="segstudio-") as folder:
            for path in images:
                job = self._link.new_job()
                output = Path(folder) / f"{job}.png"
                how = (list(finish.thresholds), list(finish.one_region), finish.colours)
                self._link.send(Predict(job, 0, str(path), str(weights), str(output), None, *how))
                self._scheduler.run_until(lambda job=job: job in self._answers or bool(self._lost) or cancelled())  # type: ignore[misc]
                answer = self._answers.pop(job, None)
                if answer is None and cancelled():
                    return
                if isinstance(answer, Failed):
                    yield path, UserError(answer.sentence)
                elif isinstance(answer, Predicted):
                    yield path, decode_mask(output.read_bytes())
                    output.unlink()
                else:
                    raise UserError(f"The model's process ended while it read {path.name}: {self._lost[-1]}")

    def _hear(self, message: FromWorker) -> None:
        if isinstance(message, Predicted | Failed):
            self._answers[message.job] = message


def export_project(
    project: Path, out: Path, only_approved: bool, format_: str = PLAIN.key, identifiers: bool = False
) -> str:
    """Write masks, correction over prediction; who images are of only with ``identifiers``. Raises ``UserError``."""
    with Project.open(project) as opened:
        records, wanted = opened.images.list_images(), format_called(format_)
        plan = plan_export(out.absolute(), records, only_approved, wanted, identifiers=identifiers)
        if plan.refused:
            raise UserError(plan.refused[0])
        if not plan.outgoing:
            raise UserError("There is no mask to export yet. Approve an image, or let the model predict, first.")
        table = opened.segment_table()
        classes = as_called(opened.classes(), table)
        known = begin_export(opened, plan)
        entries, written, troubles, left = [], [], [], 0
        for one in plan.outgoing:
            try:
                entry, now = export_one(opened, plan, one, table, classes)
            except UserError as error:
                troubles.append(str(error))
            else:
                entries.append(entry)
                written.append(now)
        if entries:
            left = finish_export(opened, plan, entries, classes, written, known)
    said = f"{masks_words(len(entries))} written to {out}{not_approved_words(written)}"
    after = from_version_words(sum(one.from_version for one in written)) + left_over_words(left)
    if troubles:
        raise UserError(f"{said}; {len(troubles)} could not be: {troubles[0]}{after}")
    return f"{said}.{after}"


def _make(plan: NewProject) -> str:
    arriving = plan.as_import
    with create(plan) as project, contextlib.ExitStack() as on_failure:
        # Half a project would be in the way of trying again, after Ctrl+C or once there is room.
        on_failure.callback(project.unmake)
        images, approved, odd = import_now(project, arriving)
        on_failure.pop_all()
    of_them = "of them approved" if images != 1 else "approved"
    return "\n".join([f"{plan.folder} made: {counted(images, 'image')}, {approved:,} {of_them}.", *odd])
