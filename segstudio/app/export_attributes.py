"""What is known of images as a whole goes out with their masks: ``attributes.csv``, a row an image."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from segstudio.app.export_before import Before
from segstudio.app.export_claim import check_still_free, claim, is_still_ours, left_over, withdraw, write_own
from segstudio.app.exporting import ExportPlan, Outgoing
from segstudio.app.identifiers import coded, identifies
from segstudio.domain.segments import ClassSpec
from segstudio.formats.attributes import key_of
from segstudio.formats.mask_formats import Entry
from segstudio.formats.writing import plain_cell, text_bytes
from segstudio.store.project_db import Project

ATTRIBUTES = "attributes.csv"

Known = Mapping[int, Mapping[str, str]]
"""Attributes by the id of a row."""

_IMAGE = "image"


def begin_export(project: Project, plan: ExportPlan) -> Known:
    """Claim the files of an export, and look up what is known of its images; on the store thread.

    Who they are of is left out, or told by a number where several are of one, unless the plan wants ``identifiers``.
    Raises ``UserError``, and changes nothing, where ``claim`` does.
    """
    found = project.attributes.all()
    known: Known = {one.record.id: found[one.record.origin] for one in plan.outgoing if found.get(one.record.origin)}
    known = known if plan.identifiers else _without_names(known)
    paths = [*plan.files, *([plan.folder / ATTRIBUTES] if known else [])]
    claim(project, plan.folder, paths, plan.identifiers and bool(known))
    return known


def finish_export(
    project: Project,
    plan: ExportPlan,
    entries: Sequence[Entry],
    classes: tuple[ClassSpec, ...],
    written: Sequence[Outgoing],
    known: Known,
    before: Before | None = None,
) -> int:
    """Write what is about all images: what the format says of ``entries``, what is known of those ``written``.

    ``before`` keeps what was in their place. There is no table where nothing is known, and one of an earlier export,
    which may say who images are of, goes. Returns how many other files of earlier exports stay. Raises ``UserError``
    where it can't be written, or something else came to its place.
    """
    rows = [(one, known[one.record.id]) for one in written if one.record.id in known]
    names = [*plan.format.shared, *([ATTRIBUTES] if rows else [])]
    check_still_free(project, plan.folder, names)
    if before is not None:
        goes = not rows and is_still_ours(project, plan.folder, ATTRIBUTES)
        before.keep([*names, *([ATTRIBUTES] if goes else [])])
    contents = dict(plan.format.about_all(entries, classes))
    if rows:
        contents[ATTRIBUTES] = _table([(_name(plan, one), values) for one, values in rows])
    write_own(project, plan.folder, contents)
    if not rows:
        withdraw(project, plan.folder, ATTRIBUTES)
    own = (plan.format.file_of(one.stem) for one in written)
    return left_over(project, plan.folder, {*names, *filter(None, own)})


def _without_names(known: Known) -> Known:
    """The same without who images are of: by a number, and not at all where each image has a value of its own."""
    values_of: dict[str, list[str]] = {}
    for values in known.values():
        for name in filter(identifies, values):
            values_of.setdefault(name, []).append(values[name])
    codes = {name: coded(values) for name, values in values_of.items()}
    own = {name for name, values in values_of.items() if len(set(values)) == len(values)}
    kept = {
        image: {name: codes.get(name, {}).get(value, value) for name, value in values.items() if name not in own}
        for image, values in known.items()
    }
    return {image: values for image, values in kept.items() if values}


def _table(rows: Sequence[tuple[str, Mapping[str, str]]]) -> bytes:
    """CSV in UTF-8; ``read_attributes`` reads it. A spreadsheet takes no cell for a formula."""
    names = list(dict.fromkeys(name for _, values in rows for name in values))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_IMAGE, *(plain_cell(f"{name} (2)" if name.casefold() == _IMAGE else name) for name in names)])
    for image, values in rows:
        writer.writerow([plain_cell(cell) for cell in (image, *(values.get(name, "") for name in names))])
    return text_bytes(text.getvalue())


def _name(plan: ExportPlan, one: Outgoing) -> str:
    """The image as its mask is called, else as the file about all images calls it."""
    file = plan.format.file_of(one.stem)
    if file is None:
        return one.file_name
    # The stem of “scan.jpg.png” would be taken for a file with an ending, as that of “scan.png.png”: one image twice.
    return one.stem if key_of(Path(one.stem)) == key_of(Path(file)) else Path(file).name
