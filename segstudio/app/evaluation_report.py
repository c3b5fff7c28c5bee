"""An evaluation as plain types for JSON, as rows for CSV, and as a table for a terminal."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

from PIL import Image

from segstudio.app.evaluation import Evaluation
from segstudio.domain.errors import UserError
from segstudio.domain.evaluation import MEASURES, Difference, Line, Measure, Scored, Side
from segstudio.formats.writing import plain_cell, text_bytes, write_whole

Report = dict[str, Any]
_WORST = 10


def report(evaluation: Evaluation) -> Report:
    """All of it, ready for JSON.

    ``images`` hold ``name``, files, ``groups``, each measure, ``classes``, and with two sides ``other`` of the same;
    ``mean``, ``median``, ``worst_tenth`` and ``interval`` (95 %, of the mean) are by measure; ``classes`` and
    ``groups`` the same for a part of the images; ``worst`` names images, the worst first.
    """
    plan = evaluation.plan
    first, *rest = evaluation.lines()
    return {
        "sides": list(plan.sides),
        "truth": plan.truth,
        **_line(first),
        **_parts(rest),
        "images": [
            {"name": scored.name, **case.files, "groups": dict(scored.groups), **_sides(evaluation, scored)}
            for case, scored in zip(evaluation.cases, evaluation.scored, strict=True)
        ],
        "worst": [evaluation.scored[place].name for place in evaluation.worst(_WORST)],
        "failed": [{"name": name, "reason": reason} for name, reason in evaluation.failed],
        "unpaired_predictions": [str(path) for path in plan.unpaired[0]],
        "unpaired_truth": [str(path) for path in plan.unpaired[1]],
        **(_other(evaluation) if len(plan.sides) > 1 else {}),
    }


def _other(evaluation: Evaluation) -> Report:
    first, *rest = evaluation.lines(1)
    return {
        "other": {**_line(first), **_parts(rest)},
        "difference": {
            found.measure.name: {
                "mean": None if found.change is None else found.change.mean,
                "low": None if found.change is None else found.change.low,
                "high": None if found.change is None else found.change.high,
                "better": found.better,
                "worse": found.worse,
            }
            for found in evaluation.differences()
        },
    }


def _line(line: Line) -> Report:
    found = line.measures
    return {
        "count": line.count,
        "mean": {name: value.mean for name, value in found.items()},
        "median": {name: value.median for name, value in found.items()},
        "worst_tenth": {name: value.worst_tenth for name, value in found.items()},
        "interval": {
            name: None if value.interval is None else [value.interval.low, value.interval.high]
            for name, value in found.items()
        },
    }


def _parts(rest: list[Line]) -> Report:
    groups: dict[str, Report] = {}
    for line in rest:
        if line.kind == "group":
            groups.setdefault(line.attribute, {})[line.name] = _line(line)
    return {"classes": {line.name: _line(line) for line in rest if line.kind == "class"}, "groups": groups}


def _sides(evaluation: Evaluation, scored: Scored) -> Report:
    first, *others = [_side(evaluation, side) for side in scored.sides]
    return {**first, **({"other": others[0]} if others else {})}


def _side(evaluation: Evaluation, side: Side) -> Report:
    names = evaluation.plan.classes
    return {
        **{measure.name: measure.of(side.total) for measure in MEASURES},
        "classes": {
            names.get(number, f"Class {number}"): {measure.name: measure.of(scores) for measure in MEASURES}
            for number, scores in side.classes.items()
        },
    }


def csv_text(evaluation: Evaluation) -> str:
    """A row an image: its name, its groups, each measure; with two sides each measure of both."""
    plan = evaluation.plan
    attributes = list(dict.fromkeys(name for scored in evaluation.scored for name in scored.groups))
    two = len(plan.sides) > 1
    heads = [f"{measure.name} ({side})" if two else measure.name for side in plan.sides for measure in MEASURES]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", *map(plain_cell, attributes), *heads])
    for scored in evaluation.scored:
        figures = [f"{measure.of(side.total):.6g}" for side in scored.sides for measure in MEASURES]
        groups = [scored.groups.get(name, "") for name in attributes]
        writer.writerow([plain_cell(cell) for cell in (scored.name, *groups)] + figures)
    return text.getvalue()


def write_csv(path: Path, evaluation: Evaluation) -> None:
    """Write ``csv_text``. Raises ``UserError`` if it cannot be written."""
    write_whole(path, text_bytes(csv_text(evaluation)))


def write_pictures(folder: Path, evaluation: Evaluation, count: int, size: int = 640) -> list[Path]:
    """Write the worst images with their outlines, ``01_NAME.png`` the worst. Raises ``UserError`` if one can't be."""
    written = []
    for rank, place in enumerate(evaluation.worst(count), start=1):
        content = io.BytesIO()
        Image.fromarray(evaluation.picture(place, size)).save(content, "PNG")
        path = folder / f"{rank:02d}_{evaluation.scored[place].name}.png"
        if path.parent != folder:
            raise UserError(f"“{evaluation.scored[place].name}” is no name for a file.")
        write_whole(path, content.getvalue())
        written.append(path)
    return written


def table(evaluation: Evaluation) -> str:
    """What a person reads first, for a terminal."""
    plan = evaluation.plan
    count = len(evaluation.scored)
    out = [f"{count} pair{'' if count == 1 else 's'}"]
    for number, side in enumerate(plan.sides):
        if len(plan.sides) > 1:
            out.append(f"\n{side}")
        out += _summary(evaluation.lines(number))
    out += _compared(plan.sides, evaluation.differences())
    worst = [f"{evaluation.scored[k].name} {_dice(evaluation.scored[k]):.3f}" for k in evaluation.worst(5)]
    whose = f" of {plan.sides[0]}" if len(plan.sides) > 1 else ""
    out.append(f"\nlowest Dice{whose}: " + ", ".join(worst))
    unpaired = [*plan.unpaired[0], *plan.unpaired[1]]
    if unpaired:
        out.append(f"{alone_words(len(unpaired))}, such as {unpaired[0]}")
    out += [plan.note] if plan.note else []
    out += [f"{name}: {reason}" for name, reason in evaluation.failed]
    return "\n".join(out)


def alone_words(count: int) -> str:
    """How many masks have no counterpart, without a full stop."""
    return "1 mask has no partner" if count == 1 else f"{count} masks have no partner"


def _dice(scored: Scored) -> float:
    return scored.sides[0].total.dice


def _summary(found: list[Line]) -> list[str]:
    first, *rest = found
    out = [f"{'':12s}{'mean':>9s}  {'95 % interval':>15s}{'median':>9s}{'worst tenth':>13s}"]
    for measure in MEASURES:
        value = first.measures[measure.name]
        between = (
            "–"
            if value.interval is None
            else f"{_words(measure, value.interval.low)} – {_words(measure, value.interval.high)}"
        )
        out.append(
            f"{measure.title:12s}{_words(measure, value.mean):>9s}  {between:>15s}"
            f"{_words(measure, value.median):>9s}{_words(measure, value.worst_tenth):>13s}"
        )
    if rest:
        titles = "".join(f"{measure.title:>12s}" for measure in MEASURES)
        out.append(f"\n{'mean of':30s}{'images':>7s}{titles}")
    for line in rest:
        name = f"{line.attribute}: {line.name}" if line.kind == "group" else line.name
        figures = "".join(f"{_words(measure, line.measures[measure.name].mean):>12s}" for measure in MEASURES)
        out.append(f"{name[:29]:30s}{line.count:>7d}{figures}")
    return out


def _compared(sides: tuple[str, ...], found: list[Difference]) -> list[str]:
    if not found:
        return []
    out = [f"\n{sides[1]} less {sides[0]}, image by image"]
    for one in found:
        if one.change is None:
            continue
        low, mean, high = (
            f"{value:+z.{one.measure.places}f}" for value in (one.change.low, one.change.mean, one.change.high)
        )
        sure = "more than chance would do" if one.certain else "may be chance"
        out.append(
            f"{one.measure.title:12s}{mean:>9s}  ({low} to {high}; {sure}; better {one.better}, worse {one.worse})"
        )
    return out


def _words(measure: Measure, value: float) -> str:
    return measure.words(value) if math.isfinite(value) else "–"
