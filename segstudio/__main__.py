"""The command line. Every command is a thin call; what it needs is imported when it runs, so that `--help` is quick
and no command but the window's loads Qt."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from segstudio import __version__
from segstudio.app.choices import (
    Against,
    DemoName,
    ExportFormat,
    MasksUse,
    NetworkName,
    QueueOrder,
    StarterName,
    StartFrom,
)
from segstudio.domain.errors import UserError
from segstudio.domain.listing import names_in

cli = typer.Typer(
    name="segstudio",
    help="Correct image segmentations while a model learns from you. Without a command: opens the window.",
    add_completion=False,
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ProjectArg = Annotated[Path, typer.Argument(help="The project's folder, NAME.segstudio.", metavar="PROJECT")]
OutOption = Annotated[Path, typer.Option("--out", help="Folder for the masks; made if it is not there.")]

audit_cli = typer.Typer(help="The audit trail of a project: who did what, when.", rich_markup_mode=None)
cli.add_typer(audit_cli, name="audit")


starter_cli = typer.Typer(help="Starter models: what a project's model starts from.", no_args_is_help=True)
cli.add_typer(starter_cli, name="starter")


model_cli = typer.Typer(help="A project's model as a file: safetensors, or ONNX.", no_args_is_help=True)
cli.add_typer(model_cli, name="model")


@model_cli.command("export")
def export_model(
    project: ProjectArg,
    out: Annotated[Path, typer.Option("--out", help="File for the model: NAME.safetensors or NAME.onnx.")],
    round_number: Annotated[
        int | None, typer.Option("--round", min=0, help="Which round's model; without it, the one in use.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    identifiers: Annotated[
        bool,
        typer.Option("--identifiers", help="Card with the project's name and the round's note: patients' perhaps."),
    ] = False,
) -> None:
    """Write the model of PROJECT to a file, with a model card beside it. ONNX is checked against the model itself."""
    from segstudio.app.model_command import export_model

    typer.echo(export_model(project, out, round_number, force, identifiers))


@model_cli.command("import")
def import_model(
    project: ProjectArg, file: Annotated[Path, typer.Argument(help="A .safetensors file that segstudio wrote.")]
) -> None:
    """Take a model's file into PROJECT as a round, and use it; it must know the same classes."""
    from segstudio.app.model_command import import_model

    typer.echo(import_model(project, file))


@starter_cli.command("build")
def build_starter(
    kind: Annotated[StarterName, typer.Argument()],
    data: Annotated[list[Path], typer.Option("--data", help="Folder of images with masks; may be given again.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the model and the report; a build there goes on.")],
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Steps of each training.")] = None,
    folds: Annotated[int, typer.Option("--folds", min=2, help="Into so many parts what judges it is divided.")] = 3,
    only: Annotated[str, typer.Option("--only", help="Parts to make, such as 0,all: folds by number, or all.")] = "",
    card: Annotated[bool, typer.Option("--card", help="Learn on the graphics card; not the same to the bit.")] = False,
) -> None:
    """Train a starter model and judge it on what it has not seen. Killed and started again, it goes on."""
    from segstudio.app.starter_sources import prepare, report_table
    from segstudio.worker.starter import build

    prepare(kind.value, data, out, seed, steps, folds)
    typer.echo(report_table(build(out, lambda line: typer.echo(line, err=True), names_in(only) or None, card)))


@cli.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        typer.echo(f"segstudio {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        _open_window(None)


@cli.command("open")
def open_command(project: Annotated[Path | None, typer.Argument(metavar="PROJECT")] = None) -> None:
    """Open the window, with PROJECT if it is given."""
    _open_window(project)


@cli.command()
def new(
    project: ProjectArg,
    images: Annotated[
        Path,
        typer.Option("--images", help="Folder of images, DICOM files or videos, or one file; data sets are known."),
    ],
    masks: Annotated[
        Path | None, typer.Option("--masks", help="Folder of masks, paired with the images by name.")
    ] = None,
    classes: Annotated[
        str, typer.Option("--classes", help="Names of the classes, separated by commas; one with a comma in quotes.")
    ] = "",
    masks_as: Annotated[MasksUse, typer.Option("--masks-as", help="What the masks are taken for.")] = MasksUse.approved,
    void: Annotated[
        str,
        typer.Option("--void", help="Names of classes that nobody judges: neither learned nor predicted nor scored."),
    ] = "",
    network: Annotated[
        NetworkName | None, typer.Option("--network", help="What learns; the default is best for most projects.")
    ] = None,
    upright: Annotated[
        bool, typer.Option("--upright", help="What is up stays up, as with people and scenes: not learned upside down.")
    ] = False,
    starter: Annotated[
        StartFrom, typer.Option("--starter", help="The model to start from; automatic takes the one that fits.")
    ] = StartFrom.automatic,
    every: Annotated[
        int | None, typer.Option("--every", min=1, help="Of videos every so many frames; else about two a second.")
    ] = None,
) -> None:
    """Make PROJECT from a folder of images, with or without masks."""
    from segstudio.app.batch import new_project

    named, left_out = names_in(classes), names_in(void)
    chosen: Any = None if network is None else network.value
    typer.echo(
        new_project(project, images, masks, named, masks_as.value, upright, left_out, chosen, starter.value, every)
    )


@cli.command()
def train(project: ProjectArg) -> None:
    """Run one round on what is approved and painted in PROJECT."""
    from segstudio.app.batch import train_project

    typer.echo(train_project(project, typer.echo))


@cli.command()
def predict(
    out: OutOption,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PROJECT] [IMAGES]...", help="No PROJECT where --model is given.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="lesion, body, or a .safetensors file: predicts with no project.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="With --model: write over files that were not ours.")] = False,
) -> None:
    """Write the masks of a project's model, or of --model, of IMAGES to a folder."""
    if model is not None:
        from segstudio.app.predict_command import predict_with

        report = predict_with(model, paths or [], out, force, lambda line: typer.echo(line, err=True))
        typer.echo(report.text)
        if report.troubles:
            raise typer.Exit(1)
        return
    from segstudio.app.batch import predict_images

    if not paths:
        raise UserError("Name a project, or a model with --model and the images to look at.")
    typer.echo(predict_images(paths[0], paths[1:], out))


@cli.command()
def export(
    project: ProjectArg,
    out: OutOption,
    format: Annotated[
        ExportFormat, typer.Option("--format", help="How: mask pictures, class maps with names, or COCO.")
    ] = ExportFormat.png,
    only_approved: Annotated[bool, typer.Option("--only-approved", help="Leave out masks nobody approved.")] = False,
    identifiers: Annotated[
        bool, typer.Option("--identifiers", help="Table of attributes with patients, cases and the like.")
    ] = False,
) -> None:
    """Write the masks of PROJECT, correction over prediction, to a folder."""
    from segstudio.app.batch import export_project

    typer.echo(export_project(project, out, only_approved, format.value, identifiers))


@cli.command()
def measure(
    project: ProjectArg,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a table to this file, a row a segment.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything to this file.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write a report to this file, a page an image.")] = None,
    identifiers: Annotated[
        bool, typer.Option("--identifiers", help="With file names, groups and the project's name: patients' perhaps.")
    ] = False,
) -> None:
    """Measure the segments of all images of PROJECT: size, shape, and of lesions asymmetry, border and colours."""
    from segstudio.ui.measure_command import measure_project

    if csv is None and json_file is None and pdf is None:
        raise UserError("Say what to write: --csv FILE, --json FILE, --pdf FILE, or several of them.")
    typer.echo(measure_project(project, csv, json_file, pdf, identifiers, lambda line: typer.echo(line, err=True)))


@cli.command()
def evaluate(
    pred: Annotated[Path | None, typer.Option("--pred", help="Folder of masks to judge.")] = None,
    truth: Annotated[Path | None, typer.Option("--truth", help="Folder of true masks, paired by name.")] = None,
    other: Annotated[Path | None, typer.Option("--other", help="Second folder of masks, side by side.")] = None,
    project: Annotated[Path | None, typer.Option("--project", help="Judge this project's masks.")] = None,
    against: Annotated[Against, typer.Option("--against", help="What a project is held to.")] = Against.approved,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="Judge a model on --images; twice: two side by side.")
    ] = None,
    images: Annotated[Path | None, typer.Option("--images", help="Folder of images, also for the pictures.")] = None,
    classes: Annotated[str, typer.Option("--classes", help="Names of the values 1, 2, ... in masks.")] = "",
    void: Annotated[
        int | None,
        typer.Option("--void", min=0, max=65535, help="Value of true masks where nobody judges; nothing there counts."),
    ] = None,
    attributes: Annotated[
        Path | None, typer.Option("--attributes", help="CSV, a row an image: the summary goes by its columns, too.")
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="Which columns, or attributes of the project, with commas between.")
    ] = "",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything to this file.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a row an image to this file.")] = None,
    pictures: Annotated[Path | None, typer.Option("--pictures", help="Folder for pictures of the worst.")] = None,
    worst: Annotated[int, typer.Option("--worst", min=1, help="How many pictures.")] = 10,
    identifiers: Annotated[
        bool, typer.Option("--identifiers", help="Files with names of images, folders and groups: patients' perhaps.")
    ] = False,
) -> None:
    """Compare masks with true ones: by image, class and group, with intervals; two models side by side."""
    from segstudio.app.evaluate_command import EvaluateOptions, run_evaluation

    options = EvaluateOptions(
        pred, truth, other, project, against.value, tuple(model or ()), images, names_in(classes), void,
        attributes, names_in(by), json_file, csv_file, pictures, worst, identifiers,
    )  # fmt: skip
    typer.echo(run_evaluation(options, lambda line: typer.echo(line, err=True)))


@cli.command()
def simulate(
    images: Annotated[Path, typer.Option("--images")],
    masks: Annotated[Path, typer.Option("--masks")],
    holdout_images: Annotated[Path, typer.Option("--holdout-images")],
    holdout_masks: Annotated[Path, typer.Option("--holdout-masks")],
    count: Annotated[int, typer.Option("--count", min=1, help="Images to annotate.")] = 20,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    tolerance: Annotated[float, typer.Option("--tolerance", min=0.0005, help="Share of the image's diagonal.")] = 0.01,
    order: Annotated[
        QueueOrder, typer.Option("--order", help="Which image comes next: by chance, or as the model learns most.")
    ] = QueueOrder.random,
    starter: Annotated[StartFrom, typer.Option("--starter", help="The model to start from.")] = StartFrom.none,
    no_model: Annotated[bool, typer.Option("--no-model", help="The control: nobody learns, all by hand.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write settings and figures to this file.")] = None,
) -> None:
    """Let a simulated annotator do COUNT images with the real tools and the real worker, and measure."""
    from segstudio.app.reports import simulation_table, write_json
    from segstudio.app.simulate import SimulationSettings, simulate_annotator
    from segstudio.formats.writing import check_reports

    check_reports((json_file, ".json"))
    settings = SimulationSettings(
        images=images,
        masks=masks,
        holdout_images=holdout_images,
        holdout_masks=holdout_masks,
        count=count,
        seed=seed,
        tolerance=tolerance,
        model=not no_model,
        order=order.value,
        starter=starter.value,
    )
    report = simulate_annotator(settings, lambda line: typer.echo(line, err=True))
    # What took minutes is not lost to a file that can't be written.
    typer.echo(simulation_table(report))
    if json_file is not None:
        write_json(json_file, report)


@cli.command()
def demo(
    kind: Annotated[DemoName, typer.Argument()] = DemoName.lesion,
    no_window: Annotated[bool, typer.Option("--no-window", help="Make the project and end.")] = False,
) -> None:
    """Open a demo project, its images drawn on this computer: masks by a starter model, four of them approved."""
    if not no_window:
        _open_window(None, kind.value)
        return
    from segstudio.app.batch import make_demo

    typer.echo(make_demo(kind.value))


@cli.command()
def doctor() -> None:
    """Say what this installation has and what it lacks."""
    from segstudio.app.doctor import examine

    report = examine()
    typer.echo(report.text)
    if not report.healthy:
        raise typer.Exit(1)


@audit_cli.command("verify")
def audit_verify(
    project: ProjectArg,
    anchor: Annotated[
        list[str] | None, typer.Option("--anchor", help="A head that a report or an export named: NUMBER:DIGEST.")
    ] = None,
) -> None:
    """Find entries that were altered, removed or reordered, and approved masks that are no longer as approved."""
    from segstudio.app.audit_check import verify_command

    text, well = verify_command(project, anchor or [])
    typer.echo(text)
    if not well:
        raise typer.Exit(1)


@audit_cli.command("export")
def audit_export(project: ProjectArg, csv_file: Annotated[Path, typer.Option("--csv", help="File to write.")]) -> None:
    """Write the audit trail of PROJECT as a table."""
    from segstudio.app.audit_check import export_command

    typer.echo(export_command(project, csv_file))


@cli.command()
def worker(
    round_folder: Annotated[Path | None, typer.Option("--round", help="Rerun this round's folder.")] = None,
) -> None:
    """The process that learns; the window starts it by itself."""
    if round_folder is None:
        from segstudio.worker.main import serve

        serve()
        return
    from segstudio.worker.command import run_round

    run_round(round_folder)


def _open_window(project: Path | None, demo_kind: str | None = None) -> None:
    from segstudio.ui.application import run

    raise typer.Exit(run(project, demo_kind))


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line. Exit codes: 0 done, 1 trouble, 2 wrong use; trouble is one sentence on stderr."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, io.TextIOWrapper):
        # On Windows a file or a pipe lacks most letters: what was done must not end in a traceback for a name.
        sys.stdout.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if len(arguments) == 1 and arguments[0].rstrip("/\\").endswith(".segstudio"):
        arguments = ["open", *arguments]
    try:
        return cli(arguments)
    except UserError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
