"""The program: no project, or one open session. Main thread only."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from segstudio.app.changes import Broadcaster, Changes, Message
from segstudio.app.contents import Contents, read_contents
from segstudio.app.demo import DemoKind, demo_folder, demo_project
from segstudio.app.evaluation_plans import Ask
from segstudio.app.evaluator import Evaluator
from segstudio.app.import_check import Checked, look_closely
from segstudio.app.import_runner import ImportResult, ImportRunner
from segstudio.app.importing import ImportPlan, said_of
from segstudio.app.new_project import NewProject, Preview, create, look_at
from segstudio.app.ports import Scheduler, WorkerFactory
from segstudio.app.reader_question import READER, AskReader, ReaderQuestion, reader_question, usual_reader
from segstudio.app.recent import RecentProjects
from segstudio.app.session import Session
from segstudio.app.settings import Settings
from segstudio.app.store_thread import StoreThread, in_words
from segstudio.app.worker_link import WorkerLink
from segstudio.app.worker_process import WorkerProcess
from segstudio.domain.errors import UserError
from segstudio.protocol.round_folder import TrainingSettings
from segstudio.store.project_db import Project

T = TypeVar("T")

log = logging.getLogger(__name__)


def training_settings(settings: Settings) -> TrainingSettings:
    """How to train, as this user set it under ``training``; what makes no sense is logged and left at its default."""
    chosen = settings.get("training", {})
    if not isinstance(chosen, dict):
        return TrainingSettings()
    known = {f.name: f.default for f in fields(TrainingSettings)}
    kept: dict[str, Any] = {}
    for name, value in chosen.items():
        if name in known and _makes_sense(value, known[name]):
            kept[name] = value
        else:
            log.warning("the setting training.%s = %r is not understood", name, value)
    return TrainingSettings(**kept)


def _makes_sense(value: object, default: object) -> bool:
    if isinstance(default, bool | str) or value is None:
        return type(value) is type(default)
    # The others are numbers above zero, but for a seed; where the default is None, whole ones.
    if isinstance(value, bool) or not isinstance(value, int if not isinstance(default, float) else (int, float)):
        return False
    return math.isfinite(value) and (value > 0 or value == default)


class Studio:
    """Opens, makes and closes projects. Every method returns at once but ``close_project`` and ``close``."""

    def __init__(
        self,
        scheduler: Scheduler,
        settings: Settings,
        worker: WorkerFactory | None = None,
        training: TrainingSettings | None = None,
        automatic: bool = True,
    ) -> None:
        self._scheduler = scheduler
        self._settings = settings
        self._broadcaster = Broadcaster(scheduler)
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="studio")
        self._factory = worker or (lambda hear, gone: WorkerProcess(scheduler, hear, gone))
        self._training = training or training_settings(settings)
        self._automatic = automatic
        self._store: StoreThread | None = None
        self._coming: StoreThread | None = None
        self._link: WorkerLink | None = None
        self._runner: ImportRunner | None = None
        self._recent = RecentProjects(settings, scheduler, self._tell_recent)
        self._openings = 0
        self._reader: str | None = None
        self.ask_reader: AskReader = lambda question, answer: answer(question.proposed)
        self._drawing = False
        self._closed = False
        self.session: Session | None = None
        self.busy = ""
        self._recent.refresh()

    # ---- seen from outside ------------------------------------------------------------------------------------

    def subscribe(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Tell ``listener`` of every change; returns what ends that."""
        return self._broadcaster.subscribe(listener)

    @property
    def recent(self) -> list[Path]:
        """Projects opened lately, the last one first, without those that were found to be gone; asks no disk."""
        return self._recent.paths

    def look_at(
        self,
        paths: Sequence[Path],
        done: Callable[[Preview | UserError], None],
        masks: Path | None = None,
        every: int | None = None,
    ) -> None:
        """Give ``done`` what there is to make a project of; ``masks`` is a folder of masks, if they lie apart.

        Of videos every ``every``-th frame is taken; None leaves that to their length.
        """
        self._in_background(lambda: look_at(paths, masks, every), done)

    def look_closely(
        self,
        paths: Sequence[Path],
        done: Callable[[tuple[Preview, Checked] | UserError], None],
        masks: Path | None = None,
    ) -> None:
        """``look_at``, and a look at the files as well, which takes three seconds at most."""
        known = [] if self.session is None else [record.path for record in self.session.records]
        self._in_background(lambda: look_closely(paths, masks, known), done)

    def open_project(self, folder: Path, reader: str | None = None) -> None:
        """Open a project in place of the one that is open, which stays if the other can't be opened.

        ``reader`` is who reads, "" for nobody in particular; None asks, where the project wants to know.
        """
        again = self.session is not None and self.session.folder == folder
        self._start(lambda: Project.open(folder), None, reader, close_first=again)

    def new_project(self, plan: NewProject) -> None:
        """Make a project and open it in place of the one that is open."""
        try:
            arriving = plan.as_import
        except UserError as error:
            self._trouble(error)
            return
        # No new folder is to be left behind where the one at work can't be closed.
        self._start(lambda: create(plan), arriving, close_first=True)

    def open_demo(self, kind: DemoKind) -> None:
        """Draw the demo images if they are not there yet, and open the project made of them.

        A project that is opened meanwhile stays: nobody is taken away from it when the drawing is done.
        """
        if self._drawing:
            return
        openings = self._openings

        def show(text: str) -> None:
            if self._openings == openings:
                self._set_busy(text)

        def tell(done: int, total: int) -> None:
            if self._closed:
                raise UserError("The program was closed while the demo was drawn.")
            self._scheduler.post(lambda: show(f"Drawing demo images… {done} of {total}"))

        def drawn(result: NewProject | Path | UserError) -> None:
            self._drawing = False
            show("")
            if self._openings != openings:
                return
            if isinstance(result, UserError):
                self._trouble(result)
            elif isinstance(result, Path):
                self.open_project(result)
            else:
                self.new_project(result)

        self._drawing = True
        self._set_busy("Drawing demo images…")
        self._in_background(lambda: demo_project(demo_folder(), kind, tell), drawn)

    def close_project(self) -> bool:
        """Write everything and let the project go; False, and still open, if something could not be written."""
        if self.session is not None and not self.session.close():
            return False
        self._drop_coming()
        if self._runner is not None:
            self._runner.close()
            self._runner = None
        if self._link is not None:
            self._link.stop()
        if self._store is not None:
            self._store.close()
            self._set_busy("")
        if self.session is not None:
            self._announce(Changes(project=True))
        self.session, self._link, self._store = None, None, None
        self._recent.refresh()
        return True

    def close(self) -> bool:
        """End; False, and nothing ended, if something could not be written."""
        if not self.close_project():
            return False
        self._closed = True
        # Nobody waits for a folder on a slow drive to be looked through: its result is not told any more.
        self._slow.shutdown(wait=False, cancel_futures=True)
        return True

    def evaluator(self, tell: Callable[[], None]) -> tuple[Evaluator, Ask[Any] | None]:
        """What evaluates masks, and what asks the open project for some; ``tell`` hears of every change."""
        return Evaluator(self._scheduler, tell), None if self._store is None else self._store.ask

    # ---- within -----------------------------------------------------------------------------------------------

    def _start(
        self,
        open_project: Callable[[], Project],
        images: ImportPlan | None,
        reader: str | None = None,
        close_first: bool = False,
    ) -> None:
        """What is at work stays until the other is open, unless it is to ``close_first``."""
        if (close_first or self.session is None) and not self.close_project():
            return
        self._openings += 1
        self._drop_coming()
        store = StoreThread(self._scheduler, self._trouble)
        self._coming = store
        self._set_busy("Opening…")

        def opened(future: Future[Project]) -> None:
            self._scheduler.post(lambda: self._opened(store, future, images, reader))

        store.open(open_project).add_done_callback(opened)

    def _opened(
        self, store: StoreThread, future: Future[Project], images: ImportPlan | None, reader: str | None
    ) -> None:
        if self._coming is not store:
            return
        error = future.exception()
        if error is not None:
            self._drop_coming()
            self._trouble(error)
            self._recent.refresh()
            return
        self._coming = None
        if not self.close_project():
            store.close()
            self._set_busy("")
            return
        self._store, self._reader = store, reader
        self._set_busy("Opening…")
        if images is not None:
            self._fill(store, images)
        else:
            self._read(store)

    def _drop_coming(self) -> None:
        """Let go of a project that was to be opened."""
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.close()
            self._set_busy("")

    def _read(self, store: StoreThread) -> None:
        """Nothing of a project is read, and so nothing shown, before it is known who reads."""
        given, usual = self._reader, usual_reader(self._settings)

        def ask(question: ReaderQuestion) -> None:
            if self._store is store and (given is not None or not question.asked):
                self._read_for(store, usual if given is None else given)
            elif self._store is store:
                self.ask_reader(question, lambda reader: self._read_for(store, reader))

        store.run(lambda project: reader_question(project, usual), ask, self._give_up)

    def _read_for(self, store: StoreThread, reader: str | None) -> None:
        if self._store is not store:
            return
        if reader is None:
            self.close_project()
            return
        if reader and reader != usual_reader(self._settings):
            self._settings.set(READER, reader)
        store.run(
            lambda project: read_contents(project, reader or None),
            lambda contents: self._enter(store, contents),
            self._give_up,
        )

    def _give_up(self, error: Exception) -> None:
        """Let a project go that could be opened but not read."""
        self.close_project()
        self._trouble(error)

    def _fill(self, store: StoreThread, plan: ImportPlan) -> None:
        """Take the images of a new project in, off this thread so that the window stays live."""
        self._runner = runner = ImportRunner(self._scheduler, store, lambda: self._tell_progress(runner))

        def filled(result: ImportResult | Exception) -> None:
            runner.close()
            self._runner = None
            if isinstance(result, ImportResult):
                # What a project was made of is no step in it that could be undone.
                store.run(lambda project: project.imports.settle(result.import_id))
            self._read(store)
            sentence = in_words(result) if isinstance(result, Exception) else said_of(result.troubles)
            if sentence:
                self._announce(Changes(message=Message(sentence, "trouble", key="masks")))

        runner.start(plan, filled, filled)

    def _tell_progress(self, runner: ImportRunner) -> None:
        progress = runner.progress
        if progress is not None:
            self._set_busy(f"Reading images and masks… {progress.total - progress.done:,} to go")

    def _enter(self, store: StoreThread, contents: Contents) -> None:
        store.run(lambda project: project.enter_window())
        self._link = WorkerLink(self._factory)
        self.session = Session(
            contents,
            scheduler=self._scheduler,
            store=store,
            link=self._link,
            settings=self._settings,
            announce=self._announce,
            training=self._training,
        )
        self._recent.add(contents.folder)
        self._set_busy("")
        self._announce(Changes(project=True, image_list=True, table=True))
        self.session.start(self._automatic)
        self._tell_what_lacks(contents, self.session)

    def _tell_what_lacks(self, contents: Contents, session: Session) -> None:
        """An import that was not finished left nothing behind: who began it should know, and how to go on.

        So should whoever opens a project of which settings are damaged.
        """
        again = "File > Import data set… brings them in."
        if contents.damaged:
            self._announce(Changes(message=Message(contents.damaged, "trouble", key="settings")))
        if contents.left_import:
            said = f"The program ended while images were read into this project, so none of these are here. {again}"
            self._announce(Changes(message=Message(said, "trouble", key="empty")))
        elif not contents.records and not contents.hidden:
            said = f"This project has no images yet. {again}"
            self._announce(Changes(message=Message(said, key="empty", holds=lambda: not session.records)))

    def _in_background(self, call: Callable[[], T], done: Callable[[T | UserError], None]) -> None:
        def tell(result: T | UserError) -> None:
            if not self._closed:
                done(result)

        def guarded() -> T | UserError:
            try:
                return call()
            except UserError as error:
                return error
            except Exception as error:
                log.exception("a background call failed")
                return UserError(f"Something went wrong ({error}). It was written to the log; please try again.")

        future = self._slow.submit(guarded)
        future.add_done_callback(
            lambda finished: None if finished.cancelled() else self._scheduler.post(lambda: tell(finished.result()))
        )

    def _announce(self, changes: Changes) -> None:
        self._broadcaster.announce(changes)

    def _tell_recent(self) -> None:
        if not self._closed:
            self._announce(Changes(recent=True))

    def _set_busy(self, text: str) -> None:
        self.busy = text
        self._announce(Changes(saving=True))

    def _trouble(self, error: BaseException) -> None:
        if not isinstance(error, UserError):
            log.error("unexpected trouble", exc_info=error)
        self._announce(Changes(message=Message(in_words(error), "trouble", key="trouble")))
