"""An evaluation without the names that may be a patient's: of files, folders and people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from segstudio.app.evaluation import Evaluation, Plan
from segstudio.app.identifiers import coded, identifies, numbered

_REASON = "Its masks could not be compared."


def without_names(found: Evaluation) -> Evaluation:
    """The same figures of images that go by their number: in the project, else among all that were to be compared.

    Folders and models that are named by the user go by their place, and groups that tell who an image is of by a
    number. Pictures can be drawn as before.
    """
    numbers = {case: case.number or place for place, case in enumerate(found.plan.cases, start=1)}
    attributes = dict.fromkeys(name for case in found.plan.cases for name in case.groups if identifies(name))
    codes = {name: coded([case.groups.get(name, "") for case in found.plan.cases]) for name in attributes}

    def groups(values: Mapping[str, str]) -> dict[str, str]:
        return {name: codes[name][value] if name in codes else value for name, value in values.items()}

    renamed = {
        case: replace(case, name=numbered(number), files={}, groups=groups(case.groups))
        for case, number in numbers.items()
    }
    compared = set(found.cases)
    return Evaluation(
        replace(_plan(found.plan), cases=tuple(renamed.values())),
        tuple(renamed[case] for case in found.cases),
        tuple(
            replace(scored, name=renamed[case].name, groups=groups(scored.groups))
            for case, scored in zip(found.cases, found.scored, strict=True)
        ),
        tuple((case.name, _REASON) for original, case in renamed.items() if original not in compared),
    )


def _plan(plan: Plan) -> Plan:
    predictions, truths = ([Path(f"Mask {n}") for n in range(1, len(paths) + 1)] for paths in plan.unpaired)
    unpaired = tuple(predictions), tuple(truths)
    if all(case.image_id is not None for case in plan.cases):
        return replace(plan, unpaired=unpaired)  # a project's sides are called by what they are
    sides = ("first", "second") if len(plan.sides) > 1 else ("judged masks",)
    return replace(plan, sides=sides, truth="true masks", unpaired=unpaired)
