"""A report as a table (CSV) and as JSON, with every number in full."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from segstudio.app.measures import NO_DIAGNOSIS, QUANTITIES, Measured, Quantity
from segstudio.app.report import Reported, ReportHead
from segstudio.formats.writing import plain_cell, text_bytes, write_whole

_IDENTIFIERS = ("file", "group")
_ABOUT = (
    *("image", "segment", "width_px", "height_px", "mm_per_px", "scale", "state", "reader", "read_at", "model"),
    *("cut_by_edge", "problem"),
)
_DIGITS = 10
"""Of a number in the table: an area of a large image in px is told to the pixel."""

_OF_REPORT = ("made", "program", "audit_entries", "audit_hash")


def _columns(quantity: Quantity) -> list[tuple[str, float]]:
    """The columns of a quantity: name and power of mm that its value in px is multiplied by; none without a scale."""
    power = {"length": 1.0, "area": 2.0}.get(quantity.kind)
    if power is None:
        return [(quantity.key, 0.0)]
    unit = "" if power == 1 else "2"
    return [(f"{quantity.key}_px{unit}", 0.0), (f"{quantity.key}_mm{unit}", power)]


class CsvWriter:
    """A row a segment; one without measures for an image that has none. UTF-8 with a mark, which Excel asks for."""

    def __init__(self, path: Path, head: ReportHead) -> None:
        self.path, self._head = path, head
        self._names = [
            *(_IDENTIFIERS if head.identifiers else ()),
            *_ABOUT,
            *(name + side for q in QUANTITIES for name, _ in _columns(q) for side in ("", "_low", "_high")),
            *_OF_REPORT,
        ]
        self._text = io.StringIO()
        self._table = csv.DictWriter(self._text, self._names, restval="", lineterminator="\r\n")
        self._table.writeheader()

    def add(self, image: Reported) -> None:
        """Its rows."""
        for row in image.rows or (None,):
            values = {**self._about(image, row), **({} if row is None else self._measures(image, row))}
            self._table.writerow({name: values[name] for name in self._names if values.get(name) is not None})

    def finish(self) -> None:
        """Write the file."""
        write_whole(self.path, b"\xef\xbb\xbf" + text_bytes(self._text.getvalue()))

    def abandon(self) -> None:
        """Nothing was written yet."""

    def _about(self, image: Reported, row: Measured | None) -> dict[str, object]:
        head = self._head
        return {
            "file": plain_cell(image.name),
            "group": plain_cell(image.group),
            "image": image.number,
            "segment": "" if row is None else plain_cell(row.segment.name),
            "width_px": image.width,
            "height_px": image.height,
            "mm_per_px": image.calibration.mm_per_px,
            "scale": image.calibration.source,
            "state": image.state,
            "reader": plain_cell(image.reader),
            "read_at": image.read_at,
            "model": image.model,
            "cut_by_edge": None if row is None else int(row.shape.frame),
            "problem": plain_cell(image.problem),
            "made": head.made,
            "program": f"segstudio {head.program}",
            "audit_entries": head.audit.count,
            "audit_hash": head.audit.digest,
        }

    @staticmethod
    def _measures(image: Reported, row: Measured) -> dict[str, object]:
        size = image.calibration.mm_per_px
        found: dict[str, object] = {}
        for quantity in QUANTITIES:
            for name, power in _columns(quantity):
                if power and size is None:
                    continue
                by = 1.0 if size is None else size**power
                for side, values in (("", row.values), ("_low", row.low), ("_high", row.high)):
                    if quantity.key in values:
                        found[name + side] = f"{values[quantity.key] * by:.{_DIGITS}g}"
        return found


class JsonWriter:
    """One object: what the report is, and its images with their segments. Lengths in px, and in mm where known."""

    def __init__(self, path: Path, head: ReportHead) -> None:
        self.path = path
        self._report: dict[str, Any] = {
            "report": "segstudio measures",
            "note": NO_DIAGNOSIS,
            "made": head.made,
            "program": f"segstudio {head.program}",
            "audit": {"entries": head.audit.count, "hash": head.audit.digest},
            "quantities": {q.key: {"title": q.title, "kind": q.kind, "about": q.about} for q in QUANTITIES},
            "images": [],
        }
        if head.identifiers:
            self._report["project"] = head.project

    def add(self, image: Reported) -> None:
        """One object."""
        size = image.calibration.mm_per_px
        made: dict[str, Any] = {
            "image": image.number, "width_px": image.width, "height_px": image.height, "state": image.state,
            "mm_per_px": size, "scale": image.calibration.source, "reader": image.reader, "read_at": image.read_at,
            "model": image.model, "segments": [_segment(row, size) for row in image.rows],
        }  # fmt: skip
        for key, value in (("file", image.name), ("group", image.group), ("problem", image.problem)):
            if value:
                made[key] = value
        self._report["images"].append(made)

    def finish(self) -> None:
        """Write the file."""
        write_whole(self.path, text_bytes(json.dumps(self._report, indent=1, ensure_ascii=False) + "\n"))

    def abandon(self) -> None:
        """Nothing was written yet."""


def _segment(row: Measured, size: float | None) -> dict[str, Any]:
    measures = {}
    for quantity in QUANTITIES:
        if quantity.key not in row.values:
            continue
        for name, power in _columns(quantity):
            if power and size is None:
                continue
            by = 1.0 if size is None else size**power
            entry = {"value": row.values[quantity.key] * by}
            if quantity.key in row.low:
                entry |= {"low": row.low[quantity.key] * by, "high": row.high[quantity.key] * by}
            measures[name] = entry
    lines = {
        name: {"start": span.start, "end": span.end}
        for name, span in (("max_diameter", row.shape.max_diameter), ("min_diameter", row.shape.min_diameter))
    }
    return {
        "name": row.segment.name, "class": row.segment.class_id, "cut_by_edge": row.shape.frame,
        "axis_angle_rad": row.shape.axes.angle, "lines_px": lines, "measures": measures,
    } | ({} if row.lesion is None else {"colors": list(row.lesion.colors)})  # fmt: skip
