"""``segstudio evaluate``: what is compared, and the files that it leaves."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from segstudio.app.batch import Say
from segstudio.app.evaluation import Evaluation, Plan, Progress, evaluate
from segstudio.app.evaluation_groups import Grouping, ProjectGroups
from segstudio.app.evaluation_models import model_plan
from segstudio.app.evaluation_names import without_names
from segstudio.app.evaluation_now import not_learned_from, now_plan
from segstudio.app.evaluation_plans import Against, folder_plan, project_plan
from segstudio.app.evaluation_report import report, table, write_csv, write_pictures
from segstudio.app.model_choice import kept_finish
from segstudio.app.model_exchange import NO_MODEL
from segstudio.app.predict_command import foretell, weights_of
from segstudio.app.reports import write_json
from segstudio.domain.errors import UserError
from segstudio.domain.segments import as_called
from segstudio.formats.writing import check_reports
from segstudio.store.project_db import Project


@dataclass(frozen=True)
class EvaluateOptions:
    """What was asked for on the command line; see ``segstudio evaluate --help``."""

    pred: Path | None = None
    truth: Path | None = None
    other: Path | None = None
    project: Path | None = None
    against: Against = "approved"
    models: tuple[str, ...] = ()
    images: Path | None = None
    classes: tuple[str, ...] = ()
    void: int | None = None
    attributes: Path | None = None
    by: tuple[str, ...] = ()
    json_file: Path | None = None
    csv_file: Path | None = None
    pictures: Path | None = None
    worst: int = 10
    identifiers: bool = False


def run_evaluation(options: EvaluateOptions, say: Say) -> str:
    """Evaluate and write what was asked for; returns the table. Raises ``UserError``.

    Where a file can't be written, the others are, and ``say`` is told the table first: it may have taken an hour.
    """
    check_reports((options.json_file, ".json"), (options.csv_file, ".csv"))
    if options.project is not None:
        return _of_project(options, options.project, say)
    grouping = None if options.attributes is None else Grouping.of(options.attributes, options.by)
    plan = _plan(options, grouping, say)
    try:
        return _judged(plan, options, say)
    finally:
        plan.close()


def _plan(options: EvaluateOptions, grouping: Grouping | None, say: Say) -> Plan:
    if options.models:
        if options.images is None or len(options.models) > 2:
            raise UserError("Give one --model or two, and --images with the folder to try them on.")
        models = [weights_of(name) for name in options.models]
        return model_plan(
            models, options.images, options.truth, foretell,
            grouping=grouping, by=options.by, progress=_telling(say, "Predicting"),
        )  # fmt: skip
    if options.pred is None or options.truth is None:
        raise UserError("Say what to compare: --pred and --truth, or --project, or --model with --images.")
    return folder_plan(
        options.pred,
        options.truth,
        options.other,
        images=options.images,
        void=options.void,
        classes=options.classes,
        grouping=grouping,
        by=options.by,
    )


def _of_project(options: EvaluateOptions, folder: Path, say: Say) -> str:
    # The database is to be used on one thread, and images are read on several.
    with ThreadPoolExecutor(1, thread_name_prefix="store") as store:
        project = store.submit(Project.open, folder).result()
        try:
            images, classes, segments, attributes = store.submit(
                lambda: (
                    project.images.list_images(),
                    as_called(project.classes(), project.segment_table()),
                    project.segment_table(),
                    project.attributes.all(),
                )
            ).result()
            numbers = {image.id: number for number, image in enumerate(images, start=1)}
            records = [image for image in images if image.rejected is None]
            known = ProjectGroups.of(records, attributes)
            groups = known.of_images(records, *known.chosen(options.by, options.attributes))

            def ask(call: Callable[[Project], Any]) -> Any:
                return store.submit(call, project).result()

            if options.against == "now":
                in_use = ask(lambda project: project.rounds.weights_in_use())
                if in_use is None:
                    raise UserError(NO_MODEL)
                plan = now_plan(
                    ask, not_learned_from(records, in_use[0]), classes, segments, in_use[1],
                    partial(foretell, finish=ask(kept_finish)), groups=groups,
                    numbers=numbers, progress=_telling(say, "Predicting"),
                )  # fmt: skip
            else:
                plan = project_plan(ask, records, classes, segments, options.against, groups, numbers)
            try:
                return _judged(plan, options, say)
            finally:
                plan.close()
        finally:
            store.submit(project.close).result()


def _judged(plan: Plan, options: EvaluateOptions, say: Say) -> str:
    found = evaluate(plan, _telling(say, "Comparing"))
    troubles = _write(found if options.identifiers else without_names(found), options)
    if troubles:
        say(table(found))
        raise UserError("\n".join(troubles))
    return table(found)


def _write(found: Evaluation, options: EvaluateOptions) -> list[str]:
    """Write what was asked for; returns a sentence for each that can't be written."""
    troubles = []
    for path, write in (
        (options.json_file, lambda path: write_json(path, report(found))),
        (options.csv_file, lambda path: write_csv(path, found)),
        (options.pictures, lambda path: write_pictures(path, found, options.worst)),
    ):
        try:
            if path is not None:
                write(path)
        except UserError as error:
            troubles.append(str(error))
    return troubles


def _telling(say: Say, what: str, steps: int = 10) -> Progress:
    """Says how far it is, some ten times; of little work nothing."""
    told = [0]

    def tell(done: int, total: int) -> None:
        part = done * steps // total
        if total >= 5 * steps and part > told[0]:
            told[0] = part
            say(f"{what}: {done} of {total}")

    return tell
